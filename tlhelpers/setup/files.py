"""Files that nobody ever reads half of, their hashes, and small records in JSON."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_NO_HARD_LINKS = {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EINVAL}


def write_atomically(path: Path, data: bytes) -> None:
    """Write `data` to `path`: whole or not at all, also when stopped midway or done twice at once.

    An OSError says that it could not be written; what lay at `path` before is still there.
    """
    _write_beside(path, data, lambda partial: partial.replace(path))


def create_atomically(path: Path, data: bytes) -> None:
    """The same for a file that must not exist yet: a FileExistsError leaves what is there."""
    _write_beside(path, data, lambda partial: _rename_to_new(partial, path))


def _write_beside(path: Path, data: bytes, move: Callable[[Path], object]) -> None:
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with partial.open("xb") as file:
            file.write(data)
        move(partial)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _rename_to_new(partial: Path, path: Path) -> None:
    if os.name == "nt":
        partial.rename(path)  # there it refuses a name that is taken
        return
    try:
        path.hardlink_to(partial)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        partial.rename(path)
    else:
        partial.unlink()


def is_link(path: Path) -> bool:
    """Whether a path is itself a link, also a dangling one, or what Windows calls a junction."""
    if path.is_symlink():
        return True
    there = os.path.join(os.path.realpath(path.parent), path.name)  # noqa: PTH118 (as realpath)
    return os.path.normcase(os.path.realpath(path)) != os.path.normcase(there)


def remove(path: Path) -> None:
    """Remove a file, a link (what it leads to stays) or a folder with all that is in it."""
    if path.is_dir() and not is_link(path):
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def refusal(folder: Path) -> str:
    """Why nothing can be written to a folder; empty if something can, or it can be made."""
    while not os.path.lexists(folder) and folder != folder.parent:
        folder = folder.parent
    try:
        descriptor, name = tempfile.mkstemp(prefix=".tlhelpers-", dir=folder)
    except OSError as error:
        return error.strerror or str(error)
    try:
        os.write(descriptor, bytes(4096))
    except OSError as error:
        return error.strerror or str(error)
    finally:
        os.close(descriptor)
        with suppress(OSError):
            Path(name).unlink()
    return ""


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's content, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_json(path: Path, record: dict) -> None:
    """Write a dict as JSON, whole or not at all."""
    write_atomically(path, json.dumps(record, indent=1).encode())


def read_json(path: Path) -> dict:
    """Read such a file; a missing or damaged one counts as an empty record."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):  # the last of brackets without end
        return {}
    return record if isinstance(record, dict) else {}
