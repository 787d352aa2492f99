"""Which archives lie in the cache, and what their hashes were when they were last taken."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from tlhelpers.setup.files import read_json, write_json
from tlhelpers.setup.paths import cache_dir
from tlhelpers.setup.pins import Package, normalise

FETCH = "python3 -m tlhelpers fetch"  # the command that fills the cache, for messages
_STAMP = ".verified.json"
_SUFFIXES = (".whl", ".tar.gz", ".zip")


def archives_of(package: Package, folder: Path | None = None) -> list[Path]:
    """The archives of a package's pinned version in a folder, the cache if none is named."""
    pinned = (normalise(package.name), package.version)
    fitting = (
        path for path in (folder or cache_dir()).iterdir() if _identity_of(path.name) == pinned
    )
    # A link whose target is gone, or a folder of that name, is no archive.
    return sorted(path for path in fitting if path.is_file())


def read_stamp() -> dict[str, dict]:
    """File name to ``size``, ``mtime_ns`` and ``sha256`` of each archive that was hashed."""
    return read_json(cache_dir() / _STAMP)


def write_stamp(stamp: dict[str, dict]) -> None:
    """Keep what `read_stamp` reads."""
    # The stamp only saves time, so a cache that may not be written to still serves.
    with suppress(OSError):
        write_json(cache_dir() / _STAMP, stamp)


def _identity_of(filename: str) -> tuple[str, str] | None:
    suffix = next((suffix for suffix in _SUFFIXES if filename.endswith(suffix)), None)
    if suffix is None:
        return None
    stem = filename[: -len(suffix)]
    parts = stem.split("-")[:2] if suffix == ".whl" else stem.rsplit("-", 1)
    return (normalise(parts[0]), parts[1]) if len(parts) == 2 else None
