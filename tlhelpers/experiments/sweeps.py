"""Long comparisons as a command: run in parallel, resumed after a kill, stored with provenance.

A sweep's table lies in ``data/results`` as CSV; its first lines, marked ``#``, say how it was made.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import io
import json
import platform
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import cpu_count

from tlhelpers.checks import progress_bar
from tlhelpers.data.images import ImageSet
from tlhelpers.data.splits import draw_labels, mean_per_class, split_by_group
from tlhelpers.data.texts import TextSet
from tlhelpers.errors import CourseError, nearest, repo_root
from tlhelpers.evaluation.processes import in_processes
from tlhelpers.evaluation.repeated import judged
from tlhelpers.setup.files import write_atomically
from tlhelpers.setup.machine import processor_name

LIBRARIES = ("torch", "timm", "transformers", "gensim", "scikit-learn", "peft", "numpy")
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
KEYS = ["seed", "labels", "strategy"]


@dataclass(frozen=True)
class Sweep:
    """What is to be compared.

    Attributes
    ----------
    name : str
        E.g. ``"vision-depth"``; up to a hyphen it names the group.
    sets : callable
        Gives a dict of name to ImageSet or TextSet with the same classes; each is split by itself
        (sets of the same items in the same order are split alike). The first one's training items
        are learned from, and the test items of each are tested on.
    strategies : callable
        Gives a dict of name to ``strategy(data, items, tests, seed) -> Outcome``.
    labels : tuple of int or None
        Labels per class; None takes the whole training side.
    seeds : int
    test : float
        Share of the test side.
    look : callable, optional
        Takes an `Outcome` and gives notes about its model; it is not charged.
    warm : callable, optional
        Loads, once per process, what all runs share; it is not charged either.
    """

    name: str
    sets: Callable[[], dict[str, ImageSet | TextSet]]
    strategies: Callable[[], Mapping[str, Callable]]
    labels: tuple[int | None, ...]
    seeds: int = 10
    test: float = 0.3
    look: Callable | None = None
    warm: Callable | None = None

    @property
    def path(self) -> Path:
        """Where its table is stored."""
        return repo_root() / "data" / "results" / f"{self.name}.csv"


def known_sweeps() -> dict[str, Sweep]:
    """All sweeps of the course, by name."""
    from tlhelpers.experiments import text as text_sweeps
    from tlhelpers.experiments import vision as vision_sweeps

    return vision_sweeps.SWEEPS | text_sweeps.SWEEPS


def find_sweep(name: str) -> Sweep:
    """The sweep of this name.

    Raises
    ------
    CourseError
        If there is none; the message lists near names.
    """
    known = known_sweeps()
    if name not in known:
        raise CourseError(f"there is no sweep {name!r}: {nearest(name, known)}")
    return known[name]


# ---------------------------------------------------------------- one task


@cache
def _sets(name: str) -> dict[str, ImageSet | TextSet]:
    return find_sweep(name).sets()


@cache
def _warm(name: str) -> None:
    sweep = find_sweep(name)
    if sweep.warm:
        sweep.warm()


def run_task(name: str, seed: int, labels: int | None, strategy: str) -> dict:
    """Run one strategy once.

    Parameters
    ----------
    name : str
        Of the sweep.
    seed : int
        Draws the split, the labels and whatever the strategy draws.
    labels : int or None
        Labels per class.
    strategy : str
        Which strategy.

    Returns
    -------
    dict
        `seed`, `labels`, `strategy`, `cpu_seconds` (of the process, all threads, training and
        prediction), `predicted` (dict of set name to one character per test item), and the
        strategy's notes.
    """
    sweep, sets = find_sweep(name), _sets(name)
    first = next(iter(sets.values()))
    split = split_by_group(first, sweep.test, seed)
    drawn = draw_labels(first.labels[split.train], labels, seed, first.class_names)
    tests = [one.subset(split_by_group(one, sweep.test, seed).test) for one in sets.values()]
    strategy = sweep.strategies()[strategy]
    _warm(name)
    started = time.process_time()
    outcome = strategy(first, split.train[drawn], tests, seed)
    seconds = time.process_time() - started
    notes = outcome.notes | (sweep.look(outcome) if sweep.look else {})
    coded = ["".join(DIGITS[label] for label in labels_) for labels_ in outcome.predicted]
    found = {"seed": seed, "labels": labels, "strategy": strategy, "cpu_seconds": round(seconds, 3)}
    return found | {"predicted": dict(zip(sets, coded, strict=True)), "notes": notes}


def _one_thread_task(*task) -> dict:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return run_task(*task)
    finally:  # a single task runs in this very process
        torch.set_num_threads(before)


def run_tasks(name: str, tasks: Iterable[tuple], n_jobs: int | None = None, progress: bool = True):
    """Run many tasks in processes of one thread each; yields results as they come.

    Parameters
    ----------
    name : str
        Of the sweep.
    tasks : iterable of (seed, labels, strategy)
    n_jobs : int, optional
        Processes; one per core when left out.
    progress : bool
        Show a bar.

    Yields
    ------
    dict
        As `run_task` returns it.
    """
    calls = [(name, *task) for task in tasks]
    n_jobs = n_jobs or cpu_count(only_physical_cores=True)
    results = in_processes(_one_thread_task, calls, n_jobs, ordered=False)
    yield from progress_bar(results, name, "run", progress, total=len(calls))


# ---------------------------------------------------------------- the whole, resumable


def run_sweep(name: str, n_jobs: int | None = None) -> Path:
    """Run what is missing of a sweep, and store its table.

    Every finished run is kept at once in ``build/sweeps``: after a kill the same command goes on.
    What was kept is used only while the sweep, its data, the libraries and the package's code are
    the same.

    Parameters
    ----------
    name : str
    n_jobs : int, optional
        As in `run_tasks`.

    Returns
    -------
    Path
        The table.
    """
    sweep = find_sweep(name)
    strategies = list(sweep.strategies())
    tasks = [
        (seed, labels, strategy)
        for seed in range(sweep.seeds)
        for labels in sweep.labels
        for strategy in strategies
    ]
    kept = repo_root() / "build" / "sweeps" / f"{name}-{_state(sweep)[:16]}.jsonl"
    kept.parent.mkdir(parents=True, exist_ok=True)
    done = {_key(found): found for found in _read_kept(kept)}
    missing = [task for task in tasks if task not in done]
    # All seeds of a strategy before the next one, which may go on from what the first has kept.
    missing.sort(key=lambda task: strategies.index(task[2]))
    if done and missing:
        print(f"{name}: {len(done)} of {len(tasks)} runs are there, going on", flush=True)
    with kept.open("a", encoding="utf-8") as file:
        for found in run_tasks(name, missing, n_jobs):
            done[_key(found)] = found
            file.write(json.dumps(found) + "\n")
            file.flush()
    _store(sweep, [done[task] for task in tasks])
    return sweep.path


def _key(found: dict) -> tuple:
    return tuple(found[key] for key in KEYS)


def _read_kept(path: Path) -> list[dict]:
    """The runs that were kept; a last line that was cut off by a kill is put out of the way."""
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        write_atomically(path, whole.encode())
    return [json.loads(line) for line in whole.splitlines()]


def _state(sweep: Sweep) -> str:
    """A hash of all that decides what a run gives."""
    digest = hashlib.sha256(repr((sweep.name, sweep.labels, sweep.test)).encode())
    for data in _sets(sweep.name).values():
        digest.update((data.fingerprint + _items_hash(data)).encode())
    for part in sorted((repo_root() / "tlhelpers").glob("*.py")):
        if part.stem in CODE:
            digest.update(part.read_bytes())
    digest.update(repr(_versions()).encode())
    return digest.hexdigest()


CODE = (
    "adapt", "adversarial", "backbones", "batches", "choosing", "classifier", "encoders",
    "features", "finetune", "folding", "forgetting", "freezing", "heads", "image_domains",
    "images", "lora", "loop", "photographs", "schedules", "small", "splits", "strategies",
    "sweeps", "text_domains", "text_features", "text_strategies", "text_sweeps", "texts",
    "vector_files", "vision_sweeps", "words",
)  # fmt: skip


def _versions() -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in LIBRARIES}


# ---------------------------------------------------------------- the stored table


def _store(sweep: Sweep, found: list[dict]) -> None:
    rows = [
        {key: one[key] for key in KEYS}
        | {"tested_on": style, "cpu_seconds": one["cpu_seconds"], **one["notes"]}
        | {"predicted": coded}
        for one in found
        for style, coded in one["predicted"].items()
    ]
    table = pd.DataFrame(rows)
    table["labels"] = table["labels"].map(lambda k: "all" if pd.isna(k) else str(int(k)))
    columns = [c for c in table if c != "predicted"]
    told = {
        "command": f"python3 -m tlhelpers sweep {sweep.name}",
        "date": time.strftime("%Y-%m-%d"),
        "seeds": sweep.seeds,
        "items": _all_items_hash(_sets(sweep.name)),
        "processor": f"{processor_name()}, one thread per run",
        "python": platform.python_version(),
        **_versions(),
    }
    head = "".join(f"# {key}: {value}\n" for key, value in told.items())
    text = table[[*columns, "predicted"]].to_csv(index=False, lineterminator="\n")
    write_atomically(sweep.path, (head + text).encode())


def _items_hash(data: ImageSet | TextSet) -> str:
    text = json.dumps([data.labels.tolist(), data.groups.tolist(), data.class_names])
    return hashlib.sha256(text.encode()).hexdigest()


def _all_items_hash(sets: Mapping[str, ImageSet | TextSet]) -> str:
    """Of the items of all sets; sets of the same items count once."""
    hashes = list(dict.fromkeys(map(_items_hash, sets.values())))
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()


def load_sweep(name: str, tested_on: str | None = None) -> pd.DataFrame:
    """A stored sweep as a table of runs, for `compare` and the figures.

    Parameters
    ----------
    name : str
    tested_on : str, optional
        Which test set; the one that was trained on when left out.

    Returns
    -------
    pandas.DataFrame
        As `evaluate.repeat` returns it, with the notes of the strategies as further columns and
        CPU seconds in `seconds`. ``attrs["provenance"]`` holds how it was made.

    Raises
    ------
    CourseError
        If it was not stored yet, or its items (labels, groups, class names) have changed since.
    """
    sweep = find_sweep(name)
    if not sweep.path.exists():
        raise CourseError(f"there is no {sweep.path.name}: run python3 -m tlhelpers sweep {name}")
    told, table = _parsed(sweep.path.read_text(encoding="utf-8"))
    sets = _sets(name)
    if told.get("items") != _all_items_hash(sets):
        raise CourseError(
            f"{sweep.path.name} belongs to other data: run python3 -m tlhelpers sweep {name}"
        )
    tested_on = tested_on or next(iter(sets))
    if tested_on not in sets:
        raise CourseError(f"{name} was not tested on {tested_on!r}: {nearest(tested_on, sets)}")
    rows = table[table["tested_on"] == tested_on].drop(columns="tested_on")
    return _as_runs(sweep, sets[tested_on], rows, told)


def _parsed(text: str) -> tuple[dict[str, str], pd.DataFrame]:
    lines = text.splitlines()
    head = [line[2:] for line in lines if line.startswith("# ")]
    told = dict(line.split(": ", 1) for line in head)
    body = "\n".join(line for line in lines if not line.startswith("# "))
    kinds = {"labels": str, "predicted": str, "chosen": str}
    return told, pd.read_csv(io.StringIO(body), dtype=kinds, keep_default_na=True)


def _as_runs(
    sweep: Sweep, data: ImageSet | TextSet, rows: pd.DataFrame, told: dict
) -> pd.DataFrame:
    seeds, first = sorted(set(rows["seed"])), next(iter(_sets(sweep.name).values()))
    learned, splits = ({s: split_by_group(d, sweep.test, s) for s in seeds} for d in (first, data))
    whole = mean_per_class(learned.values(), len(data.class_names))
    rows = rows.rename(columns={"cpu_seconds": "seconds"}).reset_index(drop=True)
    rows["labels"] = rows["labels"].map(lambda k: whole if k == "all" else int(k))
    tests = [splits[seed].test for seed in rows["seed"]]
    measured = [
        judged(data.labels[test], _decoded(coded), data.groups[test])
        for test, coded in zip(tests, rows["predicted"], strict=True)
    ]
    rows = rows.drop(columns="predicted").join(pd.DataFrame(measured))
    rows.attrs = {"provenance": told} | ({"all": whole} if None in sweep.labels else {})
    return rows


def _decoded(coded: str) -> np.ndarray:
    """Labels out of one character per item."""
    return np.array([DIGITS.index(character) for character in coded])


# ---------------------------------------------------------------- a slice, run again


def rerun(
    name: str,
    strategies: Iterable[str],
    labels: int | None,
    seeds: Iterable[int],
    n_jobs: int | None = None,
    tested_on: str | None = None,
) -> pd.DataFrame:
    """Run a slice of a stored sweep here and now, and put both results side by side.

    Parameters
    ----------
    name : str
    strategies : iterable of str
    labels : int or None
        Labels per class, as the sweep has them.
    seeds : iterable of int
    n_jobs : int, optional
        As in `run_tasks`.
    tested_on : str, optional
        As in `load_sweep`.

    Returns
    -------
    pandas.DataFrame
        One row per strategy and seed: `strategy`, `seed`, `stored` and `here` (accuracies),
        `same` (share of test items with the same prediction), `stored_seconds`, `seconds`.

    Raises
    ------
    ValueError
        If the sweep has no such run; the message names it.
    """
    stored, tested_on = load_sweep(name, tested_on), tested_on or next(iter(_sets(name)))
    whole = stored.attrs.get("all")
    stored = stored[stored["labels"] == (whole if labels is None else labels)]
    stored = stored.set_index(["strategy", "seed"])
    tasks = [(seed, labels, strategy) for strategy in strategies for seed in seeds]
    unknown = [task for task in tasks if (task[2], task[0]) not in stored.index]
    if unknown or not tasks:
        seed, k, strategy = unknown[0] if unknown else (None, None, "nothing")
        raise ValueError(f"{name} holds no run of {strategy!r} with seed {seed} and labels {k}")
    rows = []
    for found in run_tasks(name, tasks, n_jobs):
        before = stored.loc[(found["strategy"], found["seed"])]
        now = _decoded(found["predicted"][tested_on])
        rows.append(
            {
                "strategy": found["strategy"],
                "seed": found["seed"],
                "stored": before["accuracy"],
                "here": (now == before["truth"]).mean(),
                "same": (now == before["predicted"]).mean(),
                "stored_seconds": before["seconds"],
                "seconds": found["cpu_seconds"],
            }
        )
    return pd.DataFrame(rows).sort_values(["strategy", "seed"], ignore_index=True)


def main(argv=None) -> int:
    """Run the sweeps that were asked for."""
    parser = argparse.ArgumentParser(prog="python3 -m tlhelpers sweep")
    parser.add_argument("names", nargs="+")
    parser.add_argument("--jobs", type=int)
    options = parser.parse_args(argv)
    if options.jobs is not None and options.jobs < 1:
        raise CourseError(f"--jobs must be 1 or more, got {options.jobs}")
    known = known_sweeps()
    groups = [
        [] if asked in known else [name for name in known if name.startswith(f"{asked}-")]
        for asked in options.names
    ]
    wanted = [
        group or [find_sweep(asked).name]
        for asked, group in zip(options.names, groups, strict=True)
    ]
    for name in dict.fromkeys(name for names in wanted for name in names):
        print(f"{name} is stored in {run_sweep(name, options.jobs)}", flush=True)
    return 0


if __name__ == "__main__":
    # By its name: what is sent to other processes must be found there again.
    from tlhelpers.experiments import sweeps

    try:
        sys.exit(sweeps.main())
    except sweeps.CourseError as error:
        sys.exit(f"tlhelpers: {error}")
    except KeyboardInterrupt:
        sys.exit("\ntlhelpers: stopped; the same command goes on where it was")
