"""Open a wheel or a source archive and read single files of it, again and again.

Nothing is ever unpacked to the disk here. But what reads an archive may use its files' names as
names of its own, so an archive is refused as a whole if one of them leads out of a folder.
"""

from __future__ import annotations

import gzip
import io
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

# The largest archive of the course holds 92 MB; a bomb of a few kilobytes unfolds to any size.
MOST = 2**30  # bytes of all files of an archive together


class RefusedArchiveError(Exception):
    """What an archive holds that no archive of the course does."""


# What the standard library raises for a truncated or otherwise damaged archive, and the above.
DAMAGE = (
    RefusedArchiveError,
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    NotImplementedError,
)


@dataclass(frozen=True)
class Content:
    """An open archive: its files' sorted paths, the same for look-up, and path to bytes.

    `read` may be called by several threads at once.
    """

    names: tuple[str, ...]
    index: frozenset[str]
    read: Callable[[str], bytes]


@lru_cache(maxsize=32)
def open_archive(path: Path, mtime_ns: int, size: int, process: int) -> Content:
    """Open an archive, or return the one opened before; a damaged one raises one of `DAMAGE`.

    All but `path` is part of the key only: a replaced file and a forked process open afresh.
    """
    return _from_tar(path) if path.name.endswith(".tar.gz") else _from_zip(path)


def _from_zip(path: Path) -> Content:
    archive = zipfile.ZipFile(path)
    infos = archive.infolist()
    for info in infos:
        _refuse_zip_member(info)
    _refuse_names([info.filename for info in infos])
    _refuse_size(sum(info.file_size for info in infos))
    files = {info.filename: info for info in infos if not info.is_dir()}

    def read(name: str) -> bytes:
        # Without a number, zipfile would unfold all there is before it compares with the header.
        with archive.open(files[name]) as member:
            data = member.read(files[name].file_size)
        if len(data) != files[name].file_size:
            raise EOFError(f"{name} ends too early")
        return data

    return Content(tuple(sorted(files)), frozenset(files), read)


def _refuse_zip_member(info: zipfile.ZipInfo) -> None:
    if info.flag_bits & 0x1:
        raise RefusedArchiveError(f"{info.filename!r} in it is encrypted")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise RefusedArchiveError(f"{info.filename!r} in it is a link")
    # The other ways of compressing unfold without a limit.
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise RefusedArchiveError(f"{info.filename!r} in it is compressed in an unusual way")


def _from_tar(path: Path) -> Content:
    # Reading one file of a compressed tar means unpacking all before it, so unpack once.
    held, names, total = {}, [], 0
    with (
        gzip.open(path) as unfolded,
        _Limited(unfolded) as stream,
        tarfile.open(fileobj=stream, mode="r:", errorlevel=2) as archive,
    ):
        for info in archive:
            names.append(info.name)
            if info.isfile():
                total += info.size
                _refuse_size(total)
                held[info.name] = archive.extractfile(info).read()
            elif not info.isdir():
                raise RefusedArchiveError(f"{info.name!r} in it is a link or a device")
        # Only behind the end, where tarfile does not look, stands the checksum of it all.
        while stream.read(2**20):
            pass
    _refuse_names(names)
    return Content(tuple(sorted(held)), frozenset(held), held.__getitem__)


class _Limited(io.RawIOBase):
    """A stream that refuses to be read beyond `MOST`: tarfile believes what a header says."""

    def __init__(self, stream: gzip.GzipFile):
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """As a file reads; a RefusedArchiveError where that would be too much."""
        _refuse_size(self._stream.tell() + max(size, 0))
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As a file seeks; a RefusedArchiveError where that would be too far."""
        _refuse_size(offset)
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """How much has been unfolded."""
        return self._stream.tell()


def _refuse_size(size: int) -> None:
    if size > MOST:
        raise RefusedArchiveError(f"it unfolds to more than {MOST / 2**30:g} GiB")


def _refuse_names(names: list[str]) -> None:
    seen: set[str] = set()
    for name in names:
        out = ".." in name.split("/") or name.startswith("/") or re.match("[A-Za-z]:", name)
        if out or not name or "\\" in name or "\0" in name:
            raise RefusedArchiveError(f"the name {name!r} in it leads out of a folder")
        if name in seen:
            raise RefusedArchiveError(f"it holds {name!r} twice")
        seen.add(name)
