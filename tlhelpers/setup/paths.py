"""Folders of the course on this machine, and whether the network may be used."""

from __future__ import annotations

import os
import re
from pathlib import Path

from tlhelpers.errors import repo_root

PARTIAL = "partial-"


def cache_dir() -> Path:
    """Return the folder of the archives, made where missing.

    Returns
    -------
    Path
        ``data/cache``, or the folder that the variable ``TLHELPERS_CACHE`` names.
    """
    chosen = os.environ.get("TLHELPERS_CACHE")
    folder = Path(chosen).expanduser().resolve() if chosen else repo_root() / "data" / "cache"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def derived_dir(name: str) -> Path:
    """Return a folder in the cache for what is made from the archives.

    Parameters
    ----------
    name : str
        A plain folder name, ``"features"`` say.

    Returns
    -------
    Path
        The folder; it exists.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name) or name.startswith(PARTIAL):
        raise ValueError(f"a folder of derived files needs a plain name, not {name!r}")
    folder = cache_dir() / name
    folder.mkdir(exist_ok=True)
    return folder


def offline() -> bool:
    """Tell whether the learner forbade the network.

    Returns
    -------
    bool
        True if the variable ``TLHELPERS_OFFLINE`` is set and neither empty nor ``0``.
    """
    return os.environ.get("TLHELPERS_OFFLINE", "0") not in ("", "0")
