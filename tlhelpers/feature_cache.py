"""Features kept on disk, each under a key of all that they depend on."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from tlhelpers.files import write_atomically
from tlhelpers.sources import derived_dir


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
            f"the cached features {path.name} are damaged: computing them anew", stacklevel=4
        )
        return None
    return values


def keep(key: str, values: np.ndarray) -> None:
    """Keep an array under a key; a full disk is a warning, no error."""
    data = save({"features": values}, metadata={"sha256": checksum(values)})
    try:
        write_atomically(kept_at(key), data)
    except OSError as error:
        warnings.warn(f"the features could not be kept ({error})", stacklevel=4)
