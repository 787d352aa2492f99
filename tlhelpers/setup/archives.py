"""Open a wheel or a source archive and read single files of it, again and again."""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

# What the standard library raises for a truncated or otherwise damaged archive.
DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError)


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
    names = sorted(info.filename for info in archive.infolist() if not info.is_dir())
    return Content(tuple(names), frozenset(names), archive.read)


def _from_tar(path: Path) -> Content:
    # Reading one file of a compressed tar means unpacking all before it, so unpack once.
    with tarfile.open(path, "r:gz") as archive:
        held = {
            info.name: archive.extractfile(info).read()
            for info in archive.getmembers()
            if info.isfile()
        }
    return Content(tuple(sorted(held)), frozenset(held), held.__getitem__)
