"""Folders of the course on this machine, and whether the network may be used."""

from __future__ import annotations

import os
import re
from pathlib import Path

from tlhelpers.errors import repo_root

PARTIAL = "partial-"  # how the name of an unfinished download's folder begins


def venv_dir(root: Path | None = None) -> Path:
    """The environment, which need not exist: ``.venv``, or what ``TLHELPERS_VENV`` names."""
    return _chosen("TLHELPERS_VENV") or (root or repo_root()) / ".venv"


def work_dir() -> Path:
    """The folder where the learner writes: ``work``, or what ``TLHELPERS_WORK`` names."""
    return _chosen("TLHELPERS_WORK") or repo_root() / "work"


def cache_dir() -> Path:
    """The archives' folder: ``data/cache``, or what ``TLHELPERS_CACHE`` names; made if missing."""
    folder = _chosen("TLHELPERS_CACHE") or repo_root() / "data" / "cache"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def derived_dir(name: str) -> Path:
    """A folder in the cache for what is made from the archives, ``"features"`` say; it exists.

    A ValueError says that `name` is no plain name.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name) or name.startswith(PARTIAL):
        raise ValueError(f"a folder of derived files needs a plain name, not {name!r}")
    folder = cache_dir() / name
    folder.mkdir(exist_ok=True)
    return folder


def offline() -> bool:
    """True if ``TLHELPERS_OFFLINE`` forbids the network: set, and neither empty nor ``0``."""
    return os.environ.get("TLHELPERS_OFFLINE", "0") not in ("", "0")


def _chosen(variable: str) -> Path | None:
    folder = os.environ.get(variable)
    return Path(folder).expanduser().resolve() if folder else None
