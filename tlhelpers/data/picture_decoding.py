"""One picture of somebody's own, decoded safely: bounded memory, and a reason for each fault."""

from __future__ import annotations

import hashlib
import os
import threading
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from PIL import Image, JpegImagePlugin, UnidentifiedImageError

from tlhelpers.data.pictures import FORMATS, is_deep, peak, resized
from tlhelpers.errors import CourseError

# Of a picture as it is in memory, in up to 4 bytes each; of a JPEG that can be decoded smaller, as
# it is in the file: to go through this many takes seconds.
MOST_PIXELS = 2**26
MOST_PIXELS_OF_JPEG = 2**30
# Their decoders hold a picture more than once.
DECODED_TWICE = ("WEBP", "AVIF", "JPEG2000", "GIF")
# Larger ones are decoded one at a time, so that threads need little memory together.
LARGE = 2**22
THREADS = min(4, os.cpu_count() or 1)
# Cameras that write HEIC name one of these kinds behind "ftyp".
HEIC_KINDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
HEIC = "in HEIC, a format of telephones that is not read here"
UNKNOWN = "not recognised as pictures"
DAMAGED = "that cannot be read"
CLOSED = "that cannot be opened"
TOO_LARGE = "too large to be decoded safely"
ADVICE = {
    HEIC: "Export pictures in HEIC as JPEG: the photograph program of the telephone or computer "
    "does so, and iPhones take JPEG when Settings, Camera, Formats says Most Compatible.",
    TOO_LARGE: f"Save pictures of more than {MOST_PIXELS // 2 // 10**6} million pixels smaller, or "
    "as JPEG that is not progressive, which is decoded smaller.",
    UNKNOWN: f"{', '.join(FORMATS)} are read: save pictures of other kinds as JPEG or PNG.",
    DAMAGED: "Replace damaged pictures, or save them anew in the program that shows them.",
}
_one_large_at_a_time = threading.Lock()
_one_batch_at_a_time = threading.RLock()


class Unreadable(Exception):
    """Why a file is left out: a reason of many, and the detail of this one."""

    def __init__(self, reason: str, detail: object = ""):
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


@dataclass
class Found:
    """What is found out about a file: a reason to leave it out, or what it holds.

    `gray` and `peak` are how gray values of more than 8 bits are stored and the brightest of them;
    `thumbnail` is what `thumb` made of the square.
    """

    reason: str = ""
    detail: str = ""
    doubt: str = ""
    digest: bytes = b""
    gray: str = ""
    peak: float = 0.0
    square: np.ndarray | None = None
    thumbnail: np.ndarray | None = None


def survey_pictures(
    files: Sequence[str], size: int, thumb: Callable[[np.ndarray], np.ndarray]
) -> list[Found]:
    """Decode each file as it will be decoded later, and tell what it holds or why it is unfit."""
    with _warnings_noted() as noted:
        return _in_threads(lambda file: _surveyed(file, size, thumb, noted), files)


def decode_pictures(
    files: Sequence[str], digests: Sequence[bytes], size: int, brightest: dict[str, float]
) -> list[np.ndarray]:
    """The squares, uint8 (size, size, 3); a CourseError names a file that is not what it was."""
    with _warnings_noted():
        pairs = zip(files, digests, strict=True)
        return _in_threads(lambda pair: _decoded(*pair, size, brightest), pairs)


def _surveyed(file: str, size: int, thumb: Callable, noted: dict) -> Found:
    told = noted[threading.get_ident()]
    told.clear()
    found = Found()
    try:
        with open(file, "rb") as stream:  # noqa: PTH123 - paths of many files are kept as texts
            found.square = _square(stream, size, None, found)
            found.digest = _digest(stream)
        found.thumbnail = thumb(found.square)
    except Exception as error:
        found.reason, found.detail = _reason(error)
    found.doubt = "; ".join(dict.fromkeys(told))
    return found


def _decoded(file: str, digest: bytes, size: int, brightest: dict[str, float]) -> np.ndarray:
    try:
        with open(file, "rb") as stream:  # noqa: PTH123
            if _digest(stream) != digest:
                raise CourseError(
                    f"{file} has changed since its folder was read: read the folder anew"
                )
            stream.seek(0)
            return _square(stream, size, brightest)
    except CourseError:
        raise
    except Exception as error:
        reason, detail = _reason(error)
        raise CourseError(
            f"{file} could be read before and now is one of those {reason} ({detail}): put it "
            "back, or read its folder anew"
        ) from error


def _reason(error: Exception) -> tuple[str, str]:
    """Why a file is left out, as a reason of many and the detail of this one."""
    if isinstance(error, Unreadable):
        return error.reason, str(error.detail)
    if isinstance(error, UnidentifiedImageError):  # which is an OSError too
        return UNKNOWN, ""
    if isinstance(error, Image.DecompressionBombError):
        return TOO_LARGE, str(error).split(",")[0]
    if isinstance(error, OSError) and error.errno is not None:
        return CLOSED, error.strerror or ""
    # A damaged picture brings Pillow to raise anything; and memory may not suffice for it.
    return DAMAGED, str(error) or type(error).__name__


def _digest(stream: BinaryIO) -> bytes:
    stream.seek(0)
    return hashlib.file_digest(stream, "sha256").digest()


# ---------------------------------------------------------------- one picture


def _square(
    stream: BinaryIO,
    size: int,
    brightest: dict[str, float] | None,
    found: Found | None = None,
) -> np.ndarray:
    """What `resized` gives of the picture, read in as few pixels as serve that."""
    with _opened(stream) as image:
        if isinstance(image, JpegImagePlugin.JpegImageFile):
            _plan_smaller(image, size)
        pixels = image.width * image.height
        if pixels > (MOST_PIXELS // 2 if image.format in DECODED_TWICE else MOST_PIXELS):
            raise Unreadable(TOO_LARGE, f"{image.width} × {image.height} px")
        with _one_large_at_a_time if pixels > LARGE else nullcontext():
            if found is not None and is_deep(image):
                found.gray, found.peak = image.mode[0], peak(image)
            white = None if brightest is None else brightest.get(image.mode[0])
            small = _reduced(image, size) if pixels > LARGE else image
            return np.ascontiguousarray(resized(small, size, white))


def _opened(stream: BinaryIO) -> Image.Image:
    head = stream.read(16)
    stream.seek(0)
    if head[4:8] == b"ftyp" and head[8:12] in HEIC_KINDS:
        raise Unreadable(HEIC)
    if head.startswith(b"\xff\xd8\xff"):
        # `Image.open` refuses a large JPEG, also where it is decoded to an eighth.
        try:
            return JpegImagePlugin.JpegImageFile(stream)
        except SyntaxError as error:
            raise UnidentifiedImageError from error
    return Image.open(stream, formats=FORMATS)


def _plan_smaller(image: JpegImagePlugin.JpegImageFile, size: int) -> None:
    """Let the JPEG be decoded to a half, quarter or eighth, but twice as large as is needed."""
    pixels = image.width * image.height
    # One that becomes sharp by and by is in memory as a whole.
    most = MOST_PIXELS if image.info.get("progressive") else MOST_PIXELS_OF_JPEG
    if pixels > most:
        raise Unreadable(TOO_LARGE, f"{image.width} × {image.height} px")
    image.draft(None, (2 * size, 2 * size))


def _reduced(image: Image.Image, size: int) -> Image.Image:
    """A large picture in fewer pixels, where that changes nothing that `resized` looks for."""
    factor = min(image.size) // (2 * size)
    has_16_bits = any(";16" in str(tile.args) for tile in getattr(image, "tile", ()))
    if factor < 2 or has_16_bits or is_deep(image):
        return image
    image.load()
    if image.mode == "P" or "transparency" in image.info:
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    if image.mode not in ("L", "LA", "RGB", "RGBA", "CMYK"):
        return image
    return Image.Image.reduce(image, factor)


# ---------------------------------------------------------------- several at once


def _in_threads(action: Callable, items) -> list:
    items = list(items)
    if min(THREADS, len(items)) < 2:
        return list(map(action, items))
    with ThreadPoolExecutor(min(THREADS, len(items))) as pool:
        return list(pool.map(action, items))


@contextmanager
def _warnings_noted() -> Iterator[dict[int, list[str]]]:
    """The texts of warnings by thread; what `warnings` itself offers serves one thread alone."""
    noted: dict[int, list[str]] = defaultdict(list)

    def note(message, category, *rest) -> None:
        if issubclass(category, (UserWarning, RuntimeWarning)):
            noted[threading.get_ident()].append(str(message))

    with _one_batch_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = note
        yield noted
