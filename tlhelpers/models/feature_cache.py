"""Features kept on disk, each under a key of all that they depend on."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Hashable, Mapping
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from tlhelpers.setup.files import write_atomically
from tlhelpers.setup.paths import derived_dir


def kept_at(key: str) -> Path:
    """The file of one array of features."""
    return derived_dir("features") / f"{key}.safetensors"


def checksum(values: np.ndarray) -> str:
    """SHA-256 of the values."""
    return hashlib.sha256(np.ascontiguousarray(values)).hexdigest()


def read_kept(key: str) -> np.ndarray | None:
    """What is kept under a key; None where there is nothing, or it is damaged (with a warning)."""
    path = kept_at(key)
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="np") as file:
            values, told = file.get_tensor("features"), file.metadata()["sha256"]
    except (SafetensorError, OSError, KeyError, TypeError, ValueError):
        told, values = "", np.empty(0)
    if checksum(values) != told:
        warnings.warn(
            f"the cached features {path.name} are damaged: computing them anew", stacklevel=5
        )
        return None
    return values


def are_kept(keys: Mapping[Hashable, str]) -> bool:
    """Whether there is a file for each of the keys."""
    return all(kept_at(key).exists() for key in keys.values())


def read_or_make(
    keys: Mapping[Hashable, str], make: Callable[[list], dict], cache: bool
) -> dict[Hashable, np.ndarray]:
    """What is kept under each key, and the rest made in one go and kept.

    Parameters
    ----------
    keys : mapping of name to str
        A name is e.g. that of a layer.
    make : callable
        Takes the names that are missing, and gives an array for each.
    cache : bool
        False makes all of them, and keeps none.

    Returns
    -------
    dict of name to array
    """
    found = {name: read_kept(key) for name, key in keys.items()} if cache else {}
    missing = [name for name in keys if found.get(name) is None]
    if missing:
        found |= make(missing)
        if cache:
            for name in missing:
                keep(keys[name], found[name])
    return found


def keep(key: str, values: np.ndarray) -> None:
    """Keep an array under a key; a full disk is a warning, no error."""
    data = save({"features": values}, metadata={"sha256": checksum(values)})
    try:
        write_atomically(kept_at(key), data)
    except OSError as error:
        warnings.warn(f"the features could not be kept ({error})", stacklevel=5)
