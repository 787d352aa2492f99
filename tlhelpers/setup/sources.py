"""Data and weights: pinned pip packages, read in place as plain archives.

Code of these packages is never imported; only their data members are read.
"""

from __future__ import annotations

import difflib
import os
from fnmatch import fnmatchcase
from pathlib import Path

from tlhelpers.errors import CourseError
from tlhelpers.setup import archives
from tlhelpers.setup.cache import FETCH, archives_of, read_stamp
from tlhelpers.setup.paths import cache_dir
from tlhelpers.setup.pins import find_package


def archive(name: str) -> Path:
    """A package's archive in the cache; the name may be spelled as the package index allows.

    A CourseError says that the name is unknown or the archive is missing.
    """
    package = find_package(name)
    paths = archives_of(package)
    if not paths:
        raise CourseError(f"the archive of {package.name} is not in {cache_dir()}: run `{FETCH}`")
    if len(paths) > 1:
        stamp = read_stamp()
        paths.sort(key=lambda path: stamp.get(path.name, {}).get("sha256") != package.sha256)
    return paths[0]


def members(name: str, pattern: str = "*") -> list[str]:
    """The sorted paths of an archive's files that fit a shell pattern; ``*`` matches slashes too.

    A CourseError says that the archive is missing or damaged.
    """
    return [member for member in _open(archive(name)).names if fnmatchcase(member, pattern)]


def read_member(name: str, pattern: str) -> bytes:
    """Read one file of an archive: its path, or a shell pattern that fits exactly one.

    A CourseError says that not exactly one fits, or that the archive is missing or damaged.
    """
    path = archive(name)
    content = _open(path)
    member = pattern if pattern in content.index else _only(name, pattern, content.names)
    try:
        return content.read(member)
    except archives.DAMAGE as error:
        raise _damaged(path, error) from error


def _open(path: Path) -> archives.Content:
    status = path.stat()
    try:
        # The process number is part of the key: a forked worker that shared the parent's open
        # file would also share its position in it.
        return archives.open_archive(path, status.st_mtime_ns, status.st_size, os.getpid())
    except archives.DAMAGE as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> CourseError:
    return CourseError(
        f"{path} is damaged ({error}): run `{FETCH}`, which sets it aside and gets it again"
    )


def _only(name: str, pattern: str, names: tuple[str, ...]) -> str:
    fitting = [member for member in names if fnmatchcase(member, pattern)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise CourseError(
            f"{len(fitting)} files of {name} fit {pattern!r} ({fitting[0]}, {fitting[1]}, ...): "
            "give one path"
        )
    near = difflib.get_close_matches(pattern, names, n=1, cutoff=0.5)
    hint = f"the nearest is {near[0]}" if near else "`sources.members` lists what there is"
    raise CourseError(f"no file of {name} fits {pattern!r}; {hint}")
