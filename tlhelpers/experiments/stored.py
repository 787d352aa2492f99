"""Stored tables of sweeps: written with their provenance, read as runs, refused if out of place.

A table lies in ``data/results`` as CSV; its first lines, marked ``#``, say how it was made.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import platform
import time
from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from tlhelpers.errors import CourseError, nearest
from tlhelpers.evaluation.runs import Runs
from tlhelpers.evaluation.trials import judge_all, label_counts, plan_trials, truth_of
from tlhelpers.experiments.provenance import split_provenance, with_provenance
from tlhelpers.experiments.registry import SWEEPS, find_sweep, labelled_sets, sets_of
from tlhelpers.experiments.staleness import code_digest, import_closure, libraries_of
from tlhelpers.experiments.sweep import Sweep
from tlhelpers.setup.files import refusal, write_atomically
from tlhelpers.setup.machine import processor_name

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
KEYS = ["seed", "labels", "strategy"]


def encode_labels(labels: np.ndarray) -> str:
    """Predicted labels as one character per item."""
    return "".join(DIGITS[label] for label in labels)


def decode_labels(text: str) -> np.ndarray:
    """The labels (int64, shape (n,)) out of one character per item."""
    return np.array([DIGITS.index(character) for character in text])


# ---------------------------------------------------------------- what made it


def code_of(sweep: Sweep) -> str:
    """A hash of the code that makes a sweep's table, 16 digits."""
    return code_digest(import_closure(sweep.module))[:16]


def items_of(sets: Mapping[str, object]) -> str:
    """A hash of labels, groups and class names of all sets; sets of the same items count once."""
    hashes = list(dict.fromkeys(map(_items_hash, sets.values())))
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()


def _items_hash(data) -> str:
    text = json.dumps([data.labels.tolist(), data.groups.tolist(), data.class_names])
    return hashlib.sha256(text.encode()).hexdigest()


def state_of(sweep: Sweep) -> str:
    """A hash of all that decides what a run gives: data, code, libraries, settings."""
    digest = hashlib.sha256(repr((sweep.name, sweep.labels, sweep.test)).encode())
    for data in sets_of(sweep.name).values():
        digest.update((data.fingerprint + _items_hash(data)).encode())
    libraries = libraries_of(import_closure(sweep.module))
    digest.update(repr((code_of(sweep), libraries)).encode())
    return digest.hexdigest()


# ---------------------------------------------------------------- writing


def store(sweep: Sweep, results: Iterable[dict]) -> None:
    """Write the table of a sweep, as `running.run_task` gives its rows, below its provenance."""
    results = list(results)
    # On a cluster, each run tells its own.
    processors = dict.fromkeys(one.get("processor") or processor_name() for one in results)
    rows = [
        {key: one[key] for key in KEYS}
        | {"tested_on": name, "cpu_seconds": one["cpu_seconds"], **one["notes"]}
        | {"predicted": coded}
        for one in results
        for name, coded in one["predicted"].items()
    ]
    table = pd.DataFrame(rows)
    table["labels"] = table["labels"].map(lambda k: "all" if pd.isna(k) else str(int(k)))
    columns = [c for c in table if c != "predicted"]
    provenance = {
        "command": f"python3 -m tlhelpers sweep {sweep.name}",
        "date": time.strftime("%Y-%m-%d"),
        "seeds": str(sweep.seeds),
        "items": items_of(sets_of(sweep.name)),
        "code": code_of(sweep),
        "processor": f"{', '.join(sorted(processors))}, one thread per run",
        "python": platform.python_version(),
        **libraries_of(import_closure(sweep.module)),
    }
    body = table[[*columns, "predicted"]].to_csv(index=False, lineterminator="\n")
    _write(sweep, provenance, body)


def refuse_closed_folder(sweep: Sweep) -> None:
    """Raise a CourseError, before hours of work, where the table could not be written."""
    if reason := refusal(sweep.path.parent):
        raise _not_written(sweep, reason)


def _not_written(sweep: Sweep, reason: str) -> CourseError:
    return CourseError(
        f"the table {sweep.path} cannot be written ({reason}): make room there, or let the folder "
        "be yours to write to, and run the same command again; runs that were kept are not lost"
    )


def _write(sweep: Sweep, provenance: Mapping[str, str], body: str) -> None:
    try:
        write_atomically(sweep.path, with_provenance(provenance, body))
    except OSError as error:
        raise _not_written(sweep, error.strerror or str(error)) from None


def note_provenance(sweep: Sweep, **lines: str) -> None:
    """Add lines to the provenance of a stored table, or change them."""
    provenance, body = _parts(sweep)
    _write(sweep, provenance | lines, body)


# ---------------------------------------------------------------- reading


def _parts(sweep: Sweep) -> tuple[dict[str, str], str]:
    """Provenance and the rest of the file."""
    if not sweep.path.exists():
        raise CourseError(
            f"there is no {sweep.path.name}: run python3 -m tlhelpers sweep {sweep.name}"
        )
    try:
        return split_provenance(sweep.path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(sweep, str(error)) from error


def _damaged(sweep: Sweep, reason: str) -> CourseError:
    return CourseError(
        f"the table {sweep.path.name} is damaged ({reason}): take it from the course again, by git "
        f"checkout say, or run python3 -m tlhelpers sweep {sweep.name}"
    )


def _table(sweep: Sweep, body: str, seeds: str | None) -> pd.DataFrame:
    """The rows of a table; a CourseError tells where some are cut off, doubled or missing."""
    kinds = {"labels": str, "predicted": str, "chosen": str}
    try:
        table = pd.read_csv(io.StringIO(body), dtype=kinds, keep_default_na=True)
        runs = table[["tested_on", *KEYS]]
        codes_are_whole = table["predicted"].str.fullmatch("[0-9a-z]+").eq(True).all()
        numbers_are_whole = table["cpu_seconds"].dtype.kind + table["seed"].dtype.kind in (
            "fi",
            "ii",
        )
    except (ValueError, LookupError) as error:
        raise _damaged(sweep, str(error).strip()) from error
    if not (codes_are_whole and numbers_are_whole):
        raise _damaged(sweep, "a row holds something else than a run")
    wanted, found = math.prod(runs.nunique()), len(runs.drop_duplicates())
    if not found == len(runs) == wanted or seeds not in (None, str(runs["seed"].nunique())):
        raise _damaged(sweep, "rows are missing, or stand there twice")
    return table


def provenance_of(name: str) -> dict[str, str]:
    """How a stored sweep was made.

    Parameters
    ----------
    name : str
        Of the sweep.

    Returns
    -------
    dict of str to str
        Command, date, seeds, a hash of the items and one of the code, processor, and the versions
        of Python and of the libraries.

    Raises
    ------
    CourseError
        If there is no such sweep, or it was not stored yet.
    """
    return _parts(find_sweep(name))[0]


def stale_sweeps() -> list[str]:
    """The stored sweeps whose code has changed since they were made, or confirmed by a slice."""
    stored = [sweep for sweep in SWEEPS.values() if sweep.path.exists()]
    return [one.name for one in stored if _parts(one)[0].get("code") != code_of(one)]


def load_sweep(name: str, tested_on: str | None = None) -> Runs:
    """A stored sweep as a table of runs, for `compare` and the figures.

    Parameters
    ----------
    name : str
    tested_on : str, optional
        Which test set; the one that was trained on when left out.

    Returns
    -------
    Runs
        As `repeat` returns it, with the notes of the strategies as further columns and CPU seconds
        in `seconds`.

    Raises
    ------
    CourseError
        If it was not stored yet, is damaged, or its items (labels, groups, class names) have
        changed since.
    """
    sweep = find_sweep(name)
    provenance, body = _parts(sweep)
    sets = labelled_sets(name)
    if provenance.get("items") != items_of(sets):
        raise CourseError(
            f"{sweep.path.name} belongs to other data: run python3 -m tlhelpers sweep {name}"
        )
    tested_on = tested_on or next(iter(sets))
    if tested_on not in sets:
        raise CourseError(f"{name} was not tested on {tested_on!r}: {nearest(tested_on, sets)}")
    table = _table(sweep, body, provenance.get("seeds"))
    rows = table[table["tested_on"] == tested_on].drop(columns="tested_on")
    return _as_runs(sweep, tested_on, rows.rename(columns={"cpu_seconds": "seconds"}))


def require_all_runs(sweep: Sweep) -> None:
    """Refuse a stored table that does not hold just the runs that the sweep has now."""
    runs = load_sweep(sweep.name)
    counts = [
        None if whole else k for whole, k in zip(runs["all_labels"], runs["labels"], strict=True)
    ]
    if Counter(zip(runs["seed"], counts, runs["strategy"], strict=True)) != Counter(sweep.tasks()):
        raise CourseError(
            f"{sweep.path.name} holds other runs than the sweep has now: "
            f"run python3 -m tlhelpers sweep {sweep.name}"
        )


def _as_runs(sweep: Sweep, tested_on: str, rows: pd.DataFrame) -> Runs:
    sets = labelled_sets(sweep.name)
    wanted = [None if k == "all" else int(k) for k in rows["labels"]]
    trials = plan_trials(sets, list(dict.fromkeys(wanted)), sorted(set(rows["seed"])), sweep.test)
    counts, truth = label_counts(trials), truth_of(sets)
    classes = len(sets[tested_on].class_names)
    items = {trial.seed: {tested_on: trial.items()[tested_on]} for trial in trials}
    judged = []
    for seed, coded in zip(rows["seed"], rows["predicted"], strict=True):
        predicted, own = decode_labels(coded), items[seed]
        if len(predicted) != len(own[tested_on]) or predicted.max() >= classes:
            raise _damaged(
                sweep, f"the predictions of seed {seed} fit no {len(own[tested_on])} items"
            )
        judged.append(judge_all(truth, own, {tested_on: predicted})[tested_on])
    runs = rows.drop(columns="predicted").assign(labels=[counts[k] for k in wanted])
    runs.insert(2, "all_labels", [k is None for k in wanted])
    return Runs(runs.reset_index(drop=True).join(pd.DataFrame(judged)))
