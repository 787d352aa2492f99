"""Tables that a benchmark stored: seconds of several ways, measured in one run."""

from __future__ import annotations

import io
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from tlhelpers.errors import CourseError, repo_root
from tlhelpers.experiments.provenance import split_provenance, with_provenance
from tlhelpers.setup.files import write_atomically
from tlhelpers.setup.machine import processor_name


def load_timings(name: str) -> pd.DataFrame:
    """Read the table that a benchmark stored with ``--record``.

    Parameters
    ----------
    name : str
        That of the program in ``benchmarks``, e.g. ``"time_to_accuracy"``.

    Returns
    -------
    pandas.DataFrame
        Columns as the benchmark has them; ``attrs`` holds `command`, `date` and `processor`.

    Raises
    ------
    CourseError
        If there is no such table.
    """
    path = _path(name)
    if not path.exists():
        raise CourseError(
            f"there is no {path.name}: run .venv/bin/python benchmarks/{name}.py --record"
        )
    provenance, body = split_provenance(path.read_text(encoding="utf-8"))
    table = pd.read_csv(io.StringIO(body))
    table.attrs = provenance
    return table


def store_timings(name: str, rows: Iterable[Mapping], command: str) -> Path:
    """Store what a benchmark measured, and what machine it was; gives the table's path."""
    provenance = {
        "command": command,
        "date": time.strftime("%Y-%m-%d"),
        "processor": processor_name(),
    }
    body = pd.DataFrame(rows).to_csv(index=False, lineterminator="\n")
    write_atomically(_path(name), with_provenance(provenance, body))
    return _path(name)


def _path(name: str) -> Path:
    return repo_root() / "data" / "results" / f"{name}.csv"
