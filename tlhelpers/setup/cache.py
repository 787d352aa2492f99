"""Which archives lie in the cache, and what their hashes were when they were last taken."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from tlhelpers.setup.files import write_atomically
from tlhelpers.setup.paths import cache_dir
from tlhelpers.setup.pins import Package, normalised

_STAMP = ".verified.json"
_SUFFIXES = (".whl", ".tar.gz", ".zip")


def candidates(package: Package) -> list[Path]:
    identity = (normalised(package.name), package.version)
    return sorted(path for path in cache_dir().iterdir() if identity_of(path.name) == identity)


def identity_of(filename: str) -> tuple[str, str] | None:
    suffix = next((suffix for suffix in _SUFFIXES if filename.endswith(suffix)), None)
    if suffix is None:
        return None
    stem = filename[: -len(suffix)]
    parts = stem.split("-")[:2] if suffix == ".whl" else stem.rsplit("-", 1)
    return (normalised(parts[0]), parts[1]) if len(parts) == 2 else None


def read_stamp() -> dict:
    try:
        stamp = json.loads((cache_dir() / _STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def write_stamp(stamp: dict) -> None:
    # The stamp only saves time, so a cache that may not be written to still serves.
    with suppress(OSError):
        write_atomically(cache_dir() / _STAMP, json.dumps(stamp, indent=1).encode())
