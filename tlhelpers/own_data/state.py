"""What a comparison has finished, on disk: killed at any moment, it goes on from there."""

from __future__ import annotations

import hashlib
import io
import json
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from tlhelpers.errors import CourseError
from tlhelpers.setup.files import write_atomically
from tlhelpers.setup.locks import held

FORMAT = 1


def key_of(*parts) -> str:
    """The name of a comparison: of its data, its settings and the code that runs it."""
    return hashlib.sha256("\n".join(map(str, (FORMAT, *parts))).encode()).hexdigest()[:16]


class State:
    """Records, one JSON line each, and arrays in a folder of one comparison's own.

    A record is written in one piece, and the file closed. A line that was cut off by a kill is
    passed over, and so is an array that cannot be read: what it held is computed again.
    """

    def __init__(self, folder: Path, key: str):
        self.folder = Path(folder) / "state" / key
        self.folder.mkdir(parents=True, exist_ok=True)
        self._file = self.folder / "runs.jsonl"
        self.records = list(_records(self._file))

    @contextmanager
    def alone(self):
        """Keep a second session off; the system lets go of it when this one dies."""
        with held(self.folder / ".lock", _refuse):
            yield

    def add(self, **record) -> None:
        """Append a record."""
        self.records.append(record)
        line = json.dumps(record).encode()
        with self._file.open("ab") as file:
            # What a kill may have left of a line before must not swallow this one.
            file.write(b"\n" + line + b"\n")

    def last(self, kind: str) -> dict:
        """The latest record of a kind; an empty one where there is none."""
        return next((one for one in reversed(self.records) if one["kind"] == kind), {})

    def of(self, kind: str) -> list[dict]:
        """All records of a kind, in their order."""
        return [one for one in self.records if one["kind"] == kind]

    def array(self, name: str) -> np.ndarray | None:
        """An array that was kept, or None."""
        try:
            return np.load(self.folder / f"{name}.npy", allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None

    def keep(self, name: str, values: np.ndarray) -> None:
        """Keep an array, whole or not at all."""
        buffer = io.BytesIO()
        np.save(buffer, values, allow_pickle=False)
        write_atomically(self.folder / f"{name}.npy", buffer.getvalue())


def _refuse():
    raise CourseError(
        "the same comparison is at work in another process: wait for it, or name another --out"
    )


def _records(file: Path):
    if not file.exists():
        return
    for line in file.read_bytes().splitlines():
        try:
            record = json.loads(line)
        except ValueError:  # cut off, or not text
            continue
        if isinstance(record, dict) and isinstance(record.get("kind"), str):
            yield record
