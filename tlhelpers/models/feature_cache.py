"""Features kept on disk, each under a key of all that they depend on."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Hashable, Iterable, Mapping
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from tlhelpers.setup.files import write_atomically
from tlhelpers.setup.memory import give_back_memory
from tlhelpers.setup.paths import derived_dir

KEPT_AS = {"final": "head"}  # an earlier name of the layer: what was kept then stays valid


def kept_at(key: str) -> Path:
    """The file of one array of features."""
    return derived_dir("features") / f"{key}.safetensors"


def keys_of(layers: Iterable[Hashable], *parts) -> dict[Hashable, str]:
    """For each layer the SHA-256 of its name and of all else that its features depend on."""
    common = "\n".join(map(str, parts))
    return {
        layer: hashlib.sha256(f"{common}\n{KEPT_AS.get(layer, layer)}".encode()).hexdigest()
        for layer in layers
    }


def form(values: np.ndarray) -> str:
    """Type and shape, of which the bytes do not tell."""
    return f"{values.dtype.str} {values.shape}"


def checksum(values: np.ndarray) -> str:
    """SHA-256 of the values."""
    return hashlib.sha256(np.ascontiguousarray(values)).hexdigest()


def read_kept(key: str) -> np.ndarray | None:
    """What is kept under a key; None where there is nothing, or it is damaged (with a warning)."""
    path = kept_at(key)
    if not _is_there(path):
        return None
    try:
        with safe_open(path, framework="np") as file:
            values, told = file.get_tensor("features"), file.metadata()
            whole = told.get("form", form(values)) == form(values)  # files of before have none
            whole = whole and checksum(values) == told["sha256"]
    except (SafetensorError, OSError, AttributeError, KeyError, TypeError, ValueError):
        whole = False
    if not whole:
        warnings.warn(
            f"the cached features {path.name} are damaged: computing them anew", stacklevel=5
        )
        return None
    return values


def are_kept(keys: Mapping[Hashable, str]) -> bool:
    """Whether there is a file for each of the keys."""
    return all(_is_there(kept_at(key)) for key in keys.values())


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a folder that may not be looked into
        return False


def read_or_make(
    keys: Mapping[Hashable, str], make: Callable[[list], dict], cache: bool
) -> dict[Hashable, np.ndarray]:
    """What is kept under the key of each layer; `make` is asked once for all that are missing.

    Without `cache` all are made, and none is kept.
    """
    features = {layer: read_kept(key) for layer, key in keys.items()} if cache else {}
    missing = [layer for layer in keys if features.get(layer) is None]
    if missing:
        features |= make(missing)
        give_back_memory()
        if cache:
            for layer in missing:
                keep(keys[layer], features[layer])
    return features


def keep(key: str, values: np.ndarray) -> None:
    """Keep an array under a key; a full disk is a warning, no error."""
    data = save({"features": values}, metadata={"sha256": checksum(values), "form": form(values)})
    try:
        write_atomically(kept_at(key), data)
    except OSError as error:
        warnings.warn(f"the features could not be kept ({error})", stacklevel=5)
