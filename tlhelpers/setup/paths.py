"""Folders of the course on this machine, and whether the network may be used."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
import warnings
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from tlhelpers.errors import CourseError, repo_root
from tlhelpers.setup.files import refusal

PARTIAL = "partial-"  # how the name of an unfinished download's folder begins


def venv_dir(root: Path | None = None) -> Path:
    """The environment, which need not exist: ``.venv``, or what ``TLHELPERS_VENV`` names."""
    return _chosen("TLHELPERS_VENV") or (root or repo_root()) / ".venv"


def work_dir() -> Path:
    """The folder where the learner writes: ``work``, or what ``TLHELPERS_WORK`` names."""
    return _chosen("TLHELPERS_WORK") or repo_root() / "work"


def cache_path() -> Path:
    """Where `cache_dir` lies, which need not exist."""
    return _chosen("TLHELPERS_CACHE") or repo_root() / "data" / "cache"


def cache_dir() -> Path:
    """The archives' folder: ``data/cache``, or what ``TLHELPERS_CACHE`` names; made if missing.

    A CourseError says why it cannot be made.
    """
    return make_folder(cache_path(), "TLHELPERS_CACHE")


def make_folder(folder: Path, variable: str) -> Path:
    """Make a folder that `variable` may name; a CourseError says why that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror
        if folder.is_symlink():
            reason = f"it is a link to {folder.readlink()}, which is not there"
        elif os.path.lexists(folder):
            reason = "a file has that name"
        raise CourseError(
            f"the folder {folder} cannot be made ({reason}): mend that, or set {variable} to a "
            "folder that you may write to, and run the same again"
        ) from None
    return folder


def derived_dir(name: str) -> Path:
    """A folder in the cache for what is made from the archives, ``"features"`` say; it exists.

    Where nothing can be written to the cache, it is one in a temporary folder, which shows what
    the cache's own holds; a warning says so once. A ValueError says that `name` is no plain name.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name) or name.startswith(PARTIAL):
        raise ValueError(f"a folder of derived files needs a plain name, not {name!r}")
    cache = cache_dir()
    folder = cache / name
    reason = refusal(folder)
    if reason:
        return _mirror(folder, _stand_in(cache, reason))
    folder.mkdir(exist_ok=True)
    return folder


def offline() -> bool:
    """True if ``TLHELPERS_OFFLINE`` forbids the network: set, and neither empty nor ``0``."""
    return os.environ.get("TLHELPERS_OFFLINE", "0") not in ("", "0")


def _chosen(variable: str) -> Path | None:
    folder = os.environ.get(variable)
    try:
        return Path(folder).expanduser().resolve() if folder else None
    except RuntimeError as error:  # a home that is not known, or links in a circle
        raise CourseError(f"{variable} is {folder!r}, which is no folder here: {error}") from None


@lru_cache(maxsize=4)
def _stand_in(cache: Path, reason: str) -> Path:
    """The user's own temporary folder for one cache; the same in every process."""
    key = hashlib.sha256(str(cache).encode()).hexdigest()[:12]
    user = os.getuid() if hasattr(os, "getuid") else "own"
    folder = Path(tempfile.gettempdir()) / f"tlhelpers-cache-{user}-{key}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    if not _is_private(folder):
        folder = Path(tempfile.mkdtemp(prefix="tlhelpers-cache-"))
    warnings.warn(
        f"nothing can be written to {cache} ({reason}), so what the lessons compute is kept in "
        f"{folder}, as long as that lasts; TLHELPERS_CACHE may name a folder of your own",
        stacklevel=4,
    )
    return folder


def _is_private(folder: Path) -> bool:
    # A temporary folder is open to all: another user may have made one of this name, or a link.
    status = folder.lstat()
    if not hasattr(os, "getuid"):
        return stat.S_ISDIR(status.st_mode)
    ours = status.st_uid == os.getuid() and not status.st_mode & 0o077
    return stat.S_ISDIR(status.st_mode) and ours


def _mirror(folder: Path, parent: Path) -> Path:
    """A folder in `parent` with a link to each file of `folder`: what is there need not be made."""
    mirror = parent / folder.name
    mirror.mkdir(exist_ok=True)
    for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
        twin = mirror / path.relative_to(folder)
        if path.is_dir():
            twin.mkdir(exist_ok=True)
        else:
            with suppress(OSError):  # it is there, or this system has no links for everybody
                twin.symlink_to(path)
    return mirror
