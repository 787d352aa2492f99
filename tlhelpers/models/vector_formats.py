"""What a file of word vectors is, told by its content; it is unpacked, and never unpickled."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from tlhelpers.errors import CourseError
from tlhelpers.setup.archives import DAMAGE

UNREADABLE = (*DAMAGE, lzma.LZMAError)
PACKED = {b"\x1f\x8b\x08": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
FASTTEXT = (793712314).to_bytes(4, "little")

AS_TEXT = "save_word2vec_format('vectors.bin', binary=True) and give that file"
UNPACK = "unpack it first, and give the file of vectors that is in it"
OTHERS = {
    b"PK\x03\x04": ("a zip archive", UNPACK),
    b"7z\xbc\xaf\x27\x1c": ("a 7z archive", UNPACK),
    b"Rar!\x1a\x07": ("a rar archive", UNPACK),
    b"\x28\xb5\x2f\xfd": ("packed by zstd", UNPACK),
    b"\x93NUMPY": (
        "an array of NumPy, which holds numbers but no words",
        "give both to keyed_vectors(words, numpy.load(path, allow_pickle=False)); if gensim's "
        f"save() wrote it, load what it wrote in gensim, there call {AS_TEXT}",
    ),
    b"\x89HDF\r\n\x1a\n": ("a file of HDF5", "write its words and numbers as text"),
    b"PAR1": ("a table of Parquet", "read it with pandas, and give keyed_vectors words and rows"),
    b"version https://git-lfs": ("only a pointer of Git LFS", "get the file itself: git lfs pull"),
    b"<!doctype html": ("a web page", "download the file itself"),
    b"<html": ("a web page", "download the file itself"),
}
PICKLE = (
    "a pickle, as gensim's save() writes it",
    "it could run any program, so it is not opened. If it is your own, load it in gensim, there "
    f"call {AS_TEXT}",
)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The bytes of a file, unpacked if its content is gzip, bzip2 or xz, whatever its name says."""
    with path.open("rb") as file:
        start = file.read(8)
    unpacked = next((how for mark, how in PACKED.items() if start.startswith(mark)), None)
    with unpacked(path, "rb") if unpacked else path.open("rb") as file:
        yield file if isinstance(file, io.BufferedReader) else io.BufferedReader(file)


def is_packed(path: Path) -> bool:
    """Whether `opened` unpacks it."""
    with path.open("rb") as file:
        return file.read(8).startswith(tuple(PACKED))


def refuse_other_formats(path: Path, start: bytes) -> None:
    """A CourseError says what a file is that holds no vectors as this course reads them."""
    low = start.lstrip().lower()
    known = (
        told for mark, told in OTHERS.items() if start.startswith(mark) or low.startswith(mark)
    )
    what, how = next(known, (None, None))
    if start[:1] == b"\x80" and start[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        what, how = PICKLE
    elif start[257:262] == b"ustar":
        what, how = "a tar archive", UNPACK
    elif start[8:10] == b'{"' and int.from_bytes(start[:8], "little") < 1 << 32:
        what, how = "a file of safetensors", "read it with safetensors, and give keyed_vectors rows"
    if what:
        raise CourseError(f"{path} is {what}: {how}")


def refuse_binary(path: Path, start: bytes) -> None:
    """A CourseError if it is no text; of UTF-16 another message tells what to do."""
    if b"\0" in start and not start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise CourseError(
            f"{path} is a binary file, but neither word2vec nor today's fastText writes such ones: "
            "get its vectors as text"
        )
