"""Pixels of pictures that stay on disk: only what is asked for is decoded."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence

import numpy as np
import PIL

from tlhelpers.data.picture_decoding import decode_pictures

# Pictures at once in memory while many are read.
BATCH = 64
# Decoded pictures that are kept for the next time they are asked for, in bytes.
KEPT_BYTES = 2**28
BLOCK_BYTES = 2**26


class KeptSquares:
    """Decoded pictures of one size by the hash of their files; what was last asked for stays.

    They lie in large blocks. Each by itself would lie where a batch was a moment ago: the next
    batch then finds no place as large, and the process grows by several times what is kept.
    """

    def __init__(self):
        self._squares: OrderedDict[bytes, np.ndarray] = OrderedDict()
        self._free: list[np.ndarray] = []
        self._places = 0
        self._lock = threading.Lock()

    def find(self, digest: bytes) -> np.ndarray | None:
        """A copy of the picture, if it was kept."""
        with self._lock:
            if digest not in self._squares:
                return None
            self._squares.move_to_end(digest)
            return self._squares[digest].copy()

    def keep(self, digest: bytes, square: np.ndarray, push: bool = True) -> None:
        """Keep a picture; unless `push`, only where there is room."""
        with self._lock:
            if digest in self._squares:
                return
            if not self._free:
                self._add_block(square)
            if not self._free and push and self._squares:
                self._free.append(self._squares.popitem(last=False)[1])
            if self._free:
                place = self._free.pop()
                place[...] = square
                self._squares[digest] = place

    def _add_block(self, square: np.ndarray) -> None:
        """Room for more pictures, as far as they may take; untouched, it takes no memory yet."""
        more = min(max(1, BLOCK_BYTES // square.nbytes), KEPT_BYTES // square.nbytes - self._places)
        if more > 0:
            self._places += more
            self._free = list(np.empty((more, *square.shape), np.uint8))[::-1]


class FilePixels:
    """Pixels of pictures on disk, for NumPy's ways of asking: uint8 (n, size, size, 3).

    What is asked for is decoded then, and some of it kept: 256 MB at most, however many pictures
    there are. A CourseError names a file that has changed since it was surveyed.

    Parameters
    ----------
    files : list of str
    digests : list of bytes
        SHA-256 of what each file held.
    size : int
        Height and width in pixels.
    brightest : dict of str to float
        Of the pictures with more than 8 bits per gray value, the brightest value by the way they
        are stored: it tells how many bits are in use.
    kept : KeptSquares, optional
        Shared by those that hold some of the same pictures.
    """

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(
        self,
        files: Sequence[str],
        digests: Sequence[bytes],
        size: int,
        brightest: dict[str, float],
        kept: KeptSquares | None = None,
    ):
        self.files, self.digests, self.brightest = list(files), list(digests), dict(brightest)
        self.shape = (len(self.files), size, size, 3)
        self._kept = KeptSquares() if kept is None else kept

    def __getstate__(self) -> dict:
        return {name: value for name, value in vars(self).items() if name != "_kept"}

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state, _kept=KeptSquares())

    def __len__(self) -> int:
        return len(self.files)

    def __repr__(self) -> str:
        return f"pixels of {len(self)} files, uint8 {self.shape}"

    def __iter__(self) -> Iterator[np.ndarray]:
        for start in range(0, len(self), BATCH):
            yield from self[start : start + BATCH]

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        if copy is False:
            raise ValueError("pixels of files are decoded: they cannot be had without a copy")
        return self[:].astype(self.dtype if dtype is None else dtype, copy=False)

    def __getitem__(self, key) -> np.ndarray:
        """As of an array; of pictures that a key names, all pixels are decoded."""
        first, *rest = key if isinstance(key, tuple) else (key,)
        if isinstance(first, list) and not first:
            first = np.empty(0, np.int64)
        if first is None or first is Ellipsis or isinstance(first, tuple) or np.ndim(first) > 1:
            return np.asarray(self)[key]
        places = np.arange(len(self))[first]
        pixels = self._decoded(np.atleast_1d(places))
        return pixels[(slice(None) if np.ndim(places) else 0, *rest)]

    def _decoded(self, places: np.ndarray) -> np.ndarray:
        pixels = np.empty((len(places), *self.shape[1:]), np.uint8)
        for start in range(0, len(places), BATCH):
            part = places[start : start + BATCH].tolist()
            found = {place: self._kept.find(self.digests[place]) for place in part}
            missing = [place for place, square in found.items() if square is None]
            found.update(zip(missing, self._read(missing), strict=True))
            for row, place in enumerate(part, start):
                pixels[row] = found[place]
        return pixels

    def _read(self, places: list[int]) -> list[np.ndarray]:
        digests = [self.digests[place] for place in places]
        files = [self.files[place] for place in places]
        squares = decode_pictures(files, digests, self.shape[1], self.brightest)
        for digest, square in zip(digests, squares, strict=True):
            self._kept.keep(digest, square)
        return squares

    def take(self, index) -> FilePixels:
        """The same of some of the pictures; nothing is decoded."""
        places = np.arange(len(self))[index].tolist()
        files = [self.files[place] for place in places]
        digests = [self.digests[place] for place in places]
        return FilePixels(files, digests, self.shape[1], self.brightest, self._kept)

    def card(self) -> dict:
        """All that the pixels depend on, without decoding them."""
        return {
            "files": hashlib.sha256(b"".join(self.digests)).hexdigest(),
            "shape": self.shape,
            "brightest": sorted(self.brightest.items()),
            "decoded by": f"Pillow {PIL.__version__}",
        }
