"""The one engine of all comparisons: the same splits and draws for every strategy, per seed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain

from tlhelpers.checks import progress_bar
from tlhelpers.evaluation.processes import in_processes
from tlhelpers.evaluation.runs import Runs
from tlhelpers.evaluation.trials import (
    Strategy,
    Trial,
    judge_all,
    label_counts,
    plan_trials,
    run_trial,
    seed_list,
    truth_of,
)
from tlhelpers.setup.memory import give_back_memory


def repeat(
    strategies: Mapping[str, Strategy],
    data,
    labels: Iterable[int | None] = (1, 2, 5, 10),
    seeds: int | Iterable[int] = 10,
    test: float = 0.3,
    features: Mapping[str, object] | None = None,
    n_jobs: int = 1,
    progress: bool = True,
) -> Runs:
    """Run every strategy on the same splits and the same draws of labels, once per seed.

    Each seed has its own split and its own nested draws from the training side. All splits and
    draws are made before the first strategy runs, so that bad input is told at once.

    Parameters
    ----------
    strategies : dict of str to callable
        ``strategy(trial)`` takes a `Trial` (its `train` and `test` items and its `seed`) and gives
        the predicted labels of the test items, int (m,); with several sets a dict of set name to
        labels; or an `Outcome`. It must draw its random numbers from ``trial.seed``.
    data : set, or dict of str to set
        With `labels` and `groups`, as for `split_by_group`. Of several sets the first is learned
        from and all are tested on; the labels of the others are hidden from every strategy.
    labels : iterable of int or None
        Labels per class; None takes the whole training side.
    seeds : int or iterable of int
        How many seeds (0, 1, …), or the seeds themselves.
    test : float
        Share of the test side.
    features : dict of str to float array, shape (items of the set, d), optional
        Of all items of each set, for strategies that ask for ``trial.rows()``.
    n_jobs : int
        Processes that work on seeds at the same time (joblib, loky). The processor's cores are
        shared out among them. The results do not depend on it, the seconds do.
    progress : bool
        Show a bar, one step per seed.

    Returns
    -------
    Runs
        One row per seed, label count, strategy and test set.

    Raises
    ------
    ValueError
        If the data cannot be split or drawn from, or a strategy returns something else than one
        known label per test item; the message names the class or the strategy.
    """
    _check_strategies(strategies)
    sets = data if isinstance(data, Mapping) else {getattr(data, "domain", "data"): data}
    labels, seeds = list(labels), seed_list(seeds)
    if not labels:
        raise ValueError("labels is empty: give at least one number of labels per class")
    trials = plan_trials(sets, labels, seeds, test, features)
    counts, truth = label_counts(trials), truth_of(sets)
    parts = [[trial for trial in trials if trial.seed == seed] for seed in seeds]
    by_seed = in_processes(_run_seed, [(dict(strategies), part) for part in parts], n_jobs)
    results = list(progress_bar(by_seed, "seeds", "seed", progress, total=len(seeds)))
    rows = [
        row
        for trial, result in zip(chain(*parts), chain(*results), strict=True)
        for row in _rows(truth, trial, counts, result)
    ]
    give_back_memory()
    return Runs(rows).drop(columns=["tested_on"] if len(sets) == 1 else [])


def _check_strategies(strategies) -> None:
    if not isinstance(strategies, Mapping) or not strategies:
        raise ValueError("strategies must be a dict of name to function with at least one entry")
    for name, strategy in strategies.items():
        if not callable(strategy):
            raise ValueError(f"strategy {name!r} is no function: give one that takes a trial")


def _run_seed(strategies: Mapping[str, Strategy], trials: list[Trial]) -> list[dict]:
    """Per trial, what each strategy predicted, and its seconds and notes."""
    results = []
    for trial in trials:
        result = {}
        for name, strategy in strategies.items():
            outcome, seconds, _ = run_trial(name, strategy, trial)
            result[name] = outcome.predicted, {"seconds": seconds, **outcome.notes}
        results.append(result)
    return results


def _rows(truth: dict, trial: Trial, counts: dict, result: dict[str, tuple[dict, dict]]):
    for name, (predicted, notes) in result.items():
        run = {"seed": trial.seed, "labels": counts[trial.per_class]}
        run |= {"all_labels": trial.per_class is None, "strategy": name}
        for tested_on, judged in judge_all(truth, trial.items(), predicted).items():
            yield run | {"tested_on": tested_on} | notes | judged


def take_turns(strategies: Iterable[Strategy]) -> Strategy:
    """A strategy that stands for several: each seed takes the next one in turn.

    So that the weights of a random network vary over the seeds, as the drawings do.

    Parameters
    ----------
    strategies : iterable of callable
        Seed ``s`` takes number ``s % len(strategies)``.

    Returns
    -------
    callable
        A strategy, for `repeat`.
    """
    strategies = list(strategies)
    if not strategies:
        raise ValueError("take_turns needs at least one strategy")
    return lambda trial: strategies[trial.seed % len(strategies)](trial)
