"""Files that nobody ever reads half of, their hashes, and small records in JSON."""

from __future__ import annotations

import hashlib
import json
import secrets
from pathlib import Path


def write_atomically(path: Path, data: bytes) -> None:
    """Write `data` to `path`: whole or not at all, also when stopped midway or done twice at once.

    An OSError says that it could not be written; what lay at `path` before is still there.
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with partial.open("xb") as file:
            file.write(data)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


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
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}
