"""Running sweeps: in parallel, resumed after a kill; and slices of them, here and now."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd
from joblib import cpu_count

from tlhelpers.checks import progress_bar
from tlhelpers.errors import CourseError, repo_root
from tlhelpers.evaluation.processes import in_processes
from tlhelpers.evaluation.trials import plan_trials, run_trial
from tlhelpers.experiments.on_cluster import cluster_calls
from tlhelpers.experiments.registry import find_sweep, labelled_sets, let_go, sets_of, warm_up
from tlhelpers.experiments.stored import (
    DIGITS,
    KEYS,
    code_of,
    decode_labels,
    encode_labels,
    load_sweep,
    note_provenance,
    refuse_closed_folder,
    require_all_runs,
    state_of,
    store,
)
from tlhelpers.experiments.strategies import FEWEST_TO_TUNE
from tlhelpers.experiments.sweep import Sweep
from tlhelpers.setup import locks
from tlhelpers.setup.machine import processor_name

STARTING = 15.0  # seconds of runs from which on other processes have paid for their start
# What a run that was kept holds.
KINDS = {
    "seed": int,
    "labels": int | None,
    "strategy": str,
    "cpu_seconds": int | float,
    "predicted": dict,
    "notes": dict,
}

# ---------------------------------------------------------------- one task


def run_task(
    name: str, seed: int, labels: int | None, strategy: str, tested_on: str | None = None
) -> dict:
    """Run one strategy of a sweep once.

    Returns a dict of `seed`, `labels`, `strategy`, `cpu_seconds` (of the process, all threads),
    `predicted` (dict of set name to one character per test item) and `notes`. With the name of one
    set as `tested_on`, others are left out where the sweep allows it, and so are notes on models.
    """
    sweep = find_sweep(name)
    [trial] = plan_trials(_sets_for(sweep, tested_on), [labels], [seed], sweep.test)
    warm_up(name)
    outcome, _, cpu_seconds = run_trial(strategy, sweep.strategies()[strategy], trial)
    look = sweep.look if tested_on is None else None
    return {
        "seed": seed,
        "labels": labels,
        "strategy": strategy,
        "cpu_seconds": round(cpu_seconds, 3),
        "predicted": {place: encode_labels(own) for place, own in outcome.predicted.items()},
        "notes": outcome.notes | (look(outcome) if look else {}),
    }


def _sets_for(sweep: Sweep, tested_on: str | None) -> Mapping[str, object]:
    """The set that is learned from and the one that is tested on; all where that may matter."""
    sets = sets_of(sweep.name)
    if tested_on is None or sweep.adapts:
        return sets
    return {name: sets[name] for name in (next(iter(sets)), tested_on)}


def _run_with_one_thread(*task) -> dict:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return run_task(*task)
    finally:  # a single task runs in this very process
        torch.set_num_threads(before)


def _run_on_worker(*task) -> dict:
    """The same on a cluster, with the processor on which it was made."""
    return _run_with_one_thread(*task) | {"processor": processor_name()}


def run_tasks(
    name: str,
    tasks: Iterable[tuple],
    n_jobs: int | None = None,
    progress: bool = True,
    cluster: str | None = None,
):
    """Run many tasks, the arguments of `run_task` after the name, in processes of one thread each.

    Yields what `run_task` returns, as it comes; `n_jobs` is one per core when left out. With the
    address of a dask scheduler as `cluster`, its workers are the processes.
    """
    calls = [(name, *task) for task in tasks]
    if cluster is not None and calls:
        results = cluster_calls(_run_on_worker, calls, cluster, find_sweep(name).module)
    else:
        n_jobs = n_jobs or cpu_count(only_physical_cores=True)
        results = in_processes(_run_with_one_thread, calls, n_jobs, ordered=False)
    yield from progress_bar(results, name, "run", progress, total=len(calls))


# ---------------------------------------------------------------- the whole, resumable


def run_sweep(name: str, n_jobs: int | None = None, cluster: str | None = None) -> Path:
    """Run what is missing of a sweep, and store its table; gives the table's path.

    Every finished run is kept at once in ``build/sweeps``: after a kill the same command goes on.
    What was kept is used only while the sweep, its data, the libraries and the code are the same.
    Of two that are started at once the second waits, and then has nothing left to run. With the
    address of a dask scheduler as `cluster`, the runs are made there; each counts once, also one
    that two workers have made. A CourseError says that the table or a run cannot be written, or
    what is wrong with the cluster.
    """
    sweep = find_sweep(name)
    refuse_closed_folder(sweep)
    tasks = sweep.tasks()
    kept = repo_root() / "build" / "sweeps" / f"{name}-{state_of(sweep)[:16]}.jsonl"
    with locks.held(kept.with_suffix(".lock"), waiting=lambda: _tell_of_waiting(name)):
        done = _read_kept(kept, tasks)
        missing = [task for task in tasks if task not in done]
        # All seeds of a strategy before the next one, which may go on from what the first has kept.
        order = list(sweep.strategies())
        missing.sort(key=lambda task: order.index(task[2]))
        if done and missing:
            print(f"{name}: {len(done)} of {len(tasks)} runs are there, going on", flush=True)
        for result in run_tasks(name, missing, n_jobs, cluster=cluster):
            if _key(result) not in done:
                _keep(kept, result)
                done[_key(result)] = result
        store(sweep, [done[task] for task in tasks])
    return sweep.path


def _tell_of_waiting(name: str) -> None:
    print(f"{name} is being run by another process: waiting for it", flush=True)


def _key(result: dict) -> tuple:
    return tuple(result[key] for key in KEYS)


def _keep(path: Path, result: dict) -> None:
    """Add a run to those that are kept; it is opened each time, so that no other error is meant."""
    try:
        with path.open("ab") as file:
            file.write(f"{json.dumps(result)}\n".encode())
    except OSError as error:
        raise CourseError(
            f"a run could not be kept in {path} ({error.strerror or error}): those before it are. "
            "Make room there, or let the file be yours to write to, and run the same command again"
        ) from None


def _read_kept(path: Path, tasks: list[tuple]) -> dict[tuple, dict]:
    """The runs that were kept, by task; where a kill has cut the last line off, it is taken away.

    Lines that are damaged are told, and made anew.
    """
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    if lines and not lines[-1].endswith(b"\n"):
        os.truncate(path, sum(map(len, lines[:-1])))  # which a full disk allows too
        lines.pop()
    results = [_parsed(line) for line in lines]
    kept = {_key(result): result for result in results if result is not None}
    if damaged := results.count(None):
        print(f"damaged lines of {path}: {damaged}; their runs are made anew", flush=True)
    return {task: kept[task] for task in tasks if task in kept}


def _parsed(line: bytes) -> dict | None:
    """A run as `run_task` gave it; None where the line does not hold one."""
    try:
        result = json.loads(line)
        whole = all(isinstance(result[key], kind) for key, kind in KINDS.items())
        whole = whole and all(set(coded) <= set(DIGITS) for coded in result["predicted"].values())
        return result if whole else None
    except (ValueError, KeyError, TypeError, RecursionError):  # the last of brackets without end
        return None


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
        Processes of one thread each. When left out, one per core where the stored runs took so
        long that starting them pays, else none but this one.
    tested_on : str, optional
        As in `load_sweep`.

    Returns
    -------
    pandas.DataFrame
        One row per strategy and seed: `strategy`, `seed`, `stored` and `here` (accuracies),
        `same` (share of test items with the same prediction), `stored_seconds`, `seconds`. The
        stored run predicted on all test sets; where nothing is learned from the others, this one
        does on `tested_on` alone.

    Raises
    ------
    ValueError
        If the sweep has no such run; the message names it.
    """
    tested_on = tested_on or next(iter(labelled_sets(name)))
    stored = _stored_slice(name, labels, tested_on)
    tasks = [(seed, labels, strategy, tested_on) for strategy in strategies for seed in seeds]
    unknown = [task for task in tasks if (task[2], task[0]) not in stored.index]
    if unknown or not tasks:
        seed, k, strategy, _ = unknown[0] if unknown else (None, None, "nothing", None)
        raise ValueError(f"{name} holds no run of {strategy!r} with seed {seed} and labels {k}")
    if n_jobs is None and stored.loc[[(t[2], t[0]) for t in tasks], "seconds"].sum() < STARTING:
        n_jobs = 1
    rows = [_side_by_side(stored, run, tested_on) for run in run_tasks(name, tasks, n_jobs)]
    let_go()
    return pd.DataFrame(rows).sort_values(["strategy", "seed"], ignore_index=True)


def _stored_slice(name: str, labels: int | None, tested_on: str) -> pd.DataFrame:
    """The stored runs of one label count, by strategy and seed."""
    runs = load_sweep(name, tested_on)
    whole = runs["all_labels"]
    chosen = whole if labels is None else ~whole & (runs["labels"] == labels)
    return runs[chosen].set_index(["strategy", "seed"])


def _side_by_side(stored: pd.DataFrame, run: dict, tested_on: str) -> dict:
    before = stored.loc[(run["strategy"], run["seed"])]
    predicted = decode_labels(run["predicted"][tested_on])
    return {
        "strategy": run["strategy"],
        "seed": run["seed"],
        "stored": before["accuracy"],
        "here": (predicted == before["truth"]).mean(),
        "same": (predicted == before["predicted"]).mean(),
        "stored_seconds": before["seconds"],
        "seconds": run["cpu_seconds"],
    }


# ---------------------------------------------------------------- is a stored table still good?

# On another processor sums are rounded otherwise; in most runs every prediction stays the same for
# all that. Measured on the most sensitive sweep (small networks from scratch, 89 drawings to test
# on): 94 % of the predictions stayed on average, 87 % of one strategy. One epoch more left 90 % on
# average, a learning rate that was 3 % lower 84 %.
SAME_ON_AVERAGE, SAME_AT_LEAST, ACCURACY_APART = 0.93, 0.85, 0.05


def confirm_sweep(name: str, seed: int = 0, n_jobs: int | None = None) -> pd.DataFrame:
    """Run one seed of every strategy again; if it comes out as stored, note that in the table.

    Its provenance then names today's code; else nothing is written. Taken are the fewest labels
    with which settings are chosen. Gives a row per strategy and test set, as `rerun` has them.
    """
    sweep = find_sweep(name)
    refuse_closed_folder(sweep)
    code = code_of(sweep)  # before anybody edits a file while this runs
    labels = next((k for k in sweep.labels if k is None or k >= FEWEST_TO_TUNE), sweep.labels[0])
    require_all_runs(sweep)
    stored = {place: _stored_slice(name, labels, place) for place in labelled_sets(name)}
    tasks = [(seed, labels, strategy) for strategy in sweep.strategies()]
    rows = [
        {"tested_on": place} | _side_by_side(stored[place], run, place)
        for run in run_tasks(name, tasks, n_jobs)
        for place in stored
    ]
    table = pd.DataFrame(rows)
    if is_as_stored(table):
        note_provenance(sweep, code=code, confirmed=_confirmation(table, seed, labels))
    return table


def is_as_stored(table: pd.DataFrame) -> bool:
    """Whether runs came out as stored, but for what another processor may change."""
    same, apart = _share_by_strategy(table), (table["here"] - table["stored"]).abs()
    alike = same.mean() >= SAME_ON_AVERAGE and same.min() >= SAME_AT_LEAST
    return bool(alike and apart.max() <= ACCURACY_APART + 1e-9)


def _share_by_strategy(table: pd.DataFrame) -> pd.Series:
    """How many predictions are the same, on average over the test sets."""
    return table.groupby("strategy")["same"].mean()


def _confirmation(table: pd.DataFrame, seed: int, labels: int | None) -> str:
    same, count = _share_by_strategy(table), "all" if labels is None else labels
    share = "all" if (same == 1).all() else f"{same.mean():.2%} ({same.min():.2%} or more of each)"
    return (
        f"{time.strftime('%Y-%m-%d')}, seed {seed} with {count} labels per class of "
        f"{len(same)} strategies: {share} of the predictions as stored"
    )
