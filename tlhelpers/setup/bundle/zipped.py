"""One zip in place of a bundle's folder."""

from __future__ import annotations

import os
import zipfile
from contextlib import suppress
from pathlib import Path

from tlhelpers.setup.bundle.manifest import NAME, Manifest

_PACKED = (".whl", ".gz", ".zip", ".png", ".npz")  # nothing is won by packing these again


def zip_of(out: Path) -> Path:
    """Where the zip of a bundle's folder lies."""
    return out.with_name(f"{out.name}.zip")


def pack(out: Path, listing: Manifest) -> Path:
    """Put a bundle into a zip beside its folder, and remove that; return the zip's path.

    The zip has its name only when it is whole.
    """
    target = zip_of(out)
    partial = target.with_name(f".{target.name}.partial")
    try:
        with zipfile.ZipFile(
            partial, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False
        ) as archive:
            for name in (NAME, *listing.files):
                kind = zipfile.ZIP_STORED if name.endswith(_PACKED) else zipfile.ZIP_DEFLATED
                archive.write(out / name, f"{out.name}/{name}", kind)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    partial.replace(target)
    _remove(out, listing)
    return target


def _remove(out: Path, listing: Manifest) -> None:
    """Remove what is in the zip; where a course was tried in its bundle, its work stays."""
    for name in (NAME, ".lock", *listing.files):
        (out / name).unlink(missing_ok=True)
    for folder, _, _ in os.walk(out, topdown=False):
        with suppress(OSError):  # not empty
            Path(folder).rmdir()
