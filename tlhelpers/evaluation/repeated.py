"""Fair comparison: repeated runs on the same splits, and what the differences amount to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from html import escape

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

from tlhelpers.checks import is_int, progress_bar, whole_numbers
from tlhelpers.data.splits import (
    Split,
    draw_labels,
    labels_and_groups,
    mean_per_class,
    split_by_group,
)
from tlhelpers.errors import nearest
from tlhelpers.evaluation.bootstrap import (
    classes_of,
    hits_and_sizes,
    interval,
    item_groups,
    resample,
    scores,
    two_sided_p,
)
from tlhelpers.evaluation.processes import in_processes
from tlhelpers.evaluation.significance import ALPHA, holm

METRICS = ("accuracy", "balanced_accuracy", "macro_f1")
SEEDS_TO_CLAIM = 10


# ---------------------------------------------------------------- repeated runs


@dataclass(frozen=True)
class _Plan:
    """All that is drawn for one seed: the split, and training indices per label count."""

    seed: int
    split: Split
    draws: dict[int, np.ndarray]


def repeat(
    strategies: Mapping[str, Callable],
    data,
    labels: Iterable[int | None] = (1, 2, 5, 10),
    seeds: int | Iterable[int] = 10,
    test: float = 0.3,
    n_jobs: int = 1,
    progress: bool = True,
) -> pd.DataFrame:
    """Run every strategy on the same splits and the same draws of labels, once per seed.

    Each seed has its own split and its own nested draws from the training side. All splits and
    draws are made before the first strategy runs, so that bad input is told at once.

    Parameters
    ----------
    strategies : dict of str to callable
        ``strategy(train_idx, test_idx, seed)`` gives the predicted labels of `test_idx`
        (int, shape (len(test_idx),)). It must draw its random numbers from `seed`.
    data : object
        With `labels` and `groups`, as for `split_by_group`.
    labels : iterable of int or None
        Labels per class; None takes the whole training side.
    seeds : int or iterable of int
        How many seeds (0, 1, …), or the seeds themselves.
    test : float
        Share of the test side.
    n_jobs : int
        Processes that work on seeds at the same time (joblib, loky). The processor's cores are
        shared out among them. The results do not depend on it, the seconds do.
    progress : bool
        Show a bar, one step per seed.

    Returns
    -------
    pandas.DataFrame
        One row per seed, label count and strategy: `seed`, `labels` (labels per class; for None
        the mean number of training items per class over all seeds, rounded), `strategy`,
        `accuracy`, `balanced_accuracy`, `macro_f1`, `seconds` (wall time of the call), and with
        one array per cell, aligned with the test items: `items` (their groups), `correct`
        (bool), `truth` and `predicted` (int64 labels). ``attrs["all"]`` holds the value in
        `labels` that stands for None.

    Raises
    ------
    ValueError
        If the data cannot be split or drawn from, or a strategy returns something else than one
        known label per test item; the message names the class or the strategy.
    """
    _check_methods(strategies)
    all_labels, groups = labels_and_groups(data)
    labels = list(labels)
    plans = _plans(data, all_labels, labels, _seed_list(seeds), test)
    calls = [(dict(strategies), plan, all_labels, groups) for plan in plans]
    results = in_processes(_run_seed, calls, n_jobs)
    bar = progress_bar(results, "seeds", "seed", progress, total=len(plans))
    table = pd.DataFrame([row for rows in bar for row in rows])
    if None in labels:
        table.attrs["all"] = int(table["labels"].max())
    return table


def _check_methods(strategies) -> None:
    if not isinstance(strategies, Mapping) or not strategies:
        raise ValueError("strategies must be a dict of name to function with at least one entry")
    for name, strategy in strategies.items():
        if not callable(strategy):
            raise ValueError(
                f"strategy {name!r} is no function: give one that takes (train_idx, test_idx, seed)"
            )


def _seed_list(seeds) -> list[int]:
    seeds = list(range(seeds)) if is_int(seeds) else list(seeds)
    if not seeds or len(set(seeds)) < len(seeds) or not all(is_int(s) and s >= 0 for s in seeds):
        raise ValueError(f"seeds must be a count from 1 on or different whole numbers, got {seeds}")
    return seeds


def _plans(data, all_labels: np.ndarray, wanted: list, seeds: list[int], test: float):
    if not wanted:
        raise ValueError("labels is empty: give at least one number of labels per class")
    splits = {seed: split_by_group(data, test, seed) for seed in seeds}
    whole = mean_per_class(splits.values(), len(np.unique(all_labels)))
    columns = [whole if k is None else k for k in wanted]
    if len(set(columns)) < len(columns):
        raise ValueError(
            f"labels {wanted} hold a number twice (None stands for {whole} here): leave one out"
        )
    names = getattr(data, "class_names", None)
    return [
        _Plan(
            seed,
            split,
            {
                column: split.train[draw_labels(all_labels[split.train], k, seed, names)]
                for column, k in zip(columns, wanted, strict=True)
            },
        )
        for seed, split in splits.items()
    ]


def _run_seed(strategies: dict, plan: _Plan, labels: np.ndarray, groups: np.ndarray) -> list[dict]:
    return [
        _run_method(name, strategy, per_class, train, plan, labels, groups)
        for per_class, train in plan.draws.items()
        for name, strategy in strategies.items()
    ]


def _run_method(name, strategy, per_class, train, plan, labels, groups) -> dict:
    test = plan.split.test
    started = time.perf_counter()
    try:
        # Copies: a strategy that shuffles its indices in place must not change the next one's.
        predicted = np.asarray(strategy(train.copy(), test.copy(), plan.seed))
    except Exception as error:
        error.add_note(f"(in strategy {name!r}, seed {plan.seed}, {per_class} labels per class)")
        raise
    seconds = time.perf_counter() - started
    predicted = _checked_prediction(name, predicted, len(test), np.unique(labels))
    run = {"seed": plan.seed, "labels": per_class, "strategy": name, "seconds": seconds}
    return run | judged(labels[test], predicted, groups[test])


def judged(truth: np.ndarray, predicted: np.ndarray, items: np.ndarray) -> dict:
    """What a row of runs holds of one set of predictions.

    Parameters
    ----------
    truth, predicted : int64 array, shape (n,)
    items : str array, shape (n,)
        The group of each test item.

    Returns
    -------
    dict
        The metrics, and `items`, `correct` (bool), `truth` and `predicted`.
    """
    return {
        "accuracy": accuracy_score(truth, predicted),
        "balanced_accuracy": balanced_accuracy_score(truth, predicted),
        "macro_f1": f1_score(truth, predicted, average="macro", zero_division=0),
        "items": items,
        "correct": predicted == truth,
        "truth": truth,
        "predicted": predicted,
    }


def _checked_prediction(name: str, predicted: np.ndarray, n: int, classes) -> np.ndarray:
    if predicted.shape != (n,):
        raise ValueError(
            f"strategy {name!r} returned shape {predicted.shape} for {n} test items: return one "
            f"label per item, shape ({n},); of class scores take argmax(1)"
        )
    predicted = whole_numbers(predicted, f"predictions of strategy {name!r}")
    unknown = np.setdiff1d(predicted, classes)
    if unknown.size:
        raise ValueError(
            f"strategy {name!r} predicted the label {unknown[0]}, which is no class of "
            f"the data (they have {classes.tolist()})"
        )
    return predicted


# ---------------------------------------------------------------- comparisons


@dataclass(frozen=True)
class Comparison:
    """What `compare` found: the mean difference of two strategies and how sure it is.

    Parameters
    ----------
    a, b : str
        The strategies; the difference is a − b.
    difference, low, high : float
        Mean difference of the metric and its 95 % interval.
    p : float
        Two-sided bootstrap p value; at most 0.05 exactly when the interval leaves out 0.
    seeds, items : int
        Number of seeds, and of different item groups in all their tests.
    """

    a: str
    b: str
    difference: float
    low: float
    high: float
    p: float
    seeds: int
    items: int

    @property
    def resolved(self) -> bool:
        """True when the interval leaves out 0."""
        return self.low > 0 or self.high < 0

    @property
    def verdict(self) -> str:
        """``"resolved"`` or ``"not resolved"``."""
        return "resolved" if self.resolved else "not resolved"

    @property
    def measured(self) -> str:
        """What was measured: difference, interval, seeds, items."""
        end, digits = min(abs(self.low), abs(self.high)), 2
        # An end that is not 0 must not be printed as 0: it carries the verdict.
        while end and not float(f"{end:.{digits}f}"):
            digits += 1
        value, low, high = (_signed(x, digits) for x in (self.difference, self.low, self.high))
        note = "" if self.seeds >= SEEDS_TO_CLAIM else " (illustration)"
        return f"{value} [{low}, {high}], {self.seeds} seeds{note}, {self.items} items"

    def __str__(self) -> str:
        return f"{self.a} − {self.b}: {self.measured}: {self.verdict}"

    def _repr_html_(self) -> str:
        return (
            f"<span><b>{escape(self.a)}</b> − <b>{escape(self.b)}</b>: "
            f"{self.measured}: <b>{self.verdict}</b></span>"
        )


def _signed(value: float, digits: int = 2) -> str:
    return f"{value:+.{digits}f}".replace("-", "−")


def compare(
    runs: pd.DataFrame, a: str, b: str, labels=None, metric: str = "accuracy"
) -> Comparison:
    """Compare two strategies by a paired bootstrap over seeds and items.

    Seeds and item groups are both drawn with replacement, independently of each other
    (multinomial weights on each). An item group has the same weight in the tests of all seeds.
    The statistic is the weighted mean over seeds of the weighted difference within a seed. Both
    strategies get the same weights. The interval holds the middle 95 % of 10,000 resamples from a
    fixed random state. With c the number of resamples on the rarer side of 0 (0 included),
    p = 2 (1 + c) / (10,000 + 1), at most 1.

    The interval is on the safe side: noise that belongs to neither a seed nor an item is
    counted up to three times (Owen 2007, *The pigeonhole bootstrap*).

    Parameters
    ----------
    runs : pandas.DataFrame
        As `repeat` returns it.
    a, b : str
        Two strategies of `runs`.
    labels : int or iterable of int, optional
        Label counts to use; all when left out. Over several the mean difference is taken.
    metric : {"accuracy", "balanced_accuracy", "macro_f1"}

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        If a name is unknown, the runs are not paired (other seeds, label counts or items), or
        there are fewer than two seeds.
    """
    rows_a, rows_b = (_rows_of(runs, name, labels, metric) for name in (a, b))
    _check_paired(rows_a, rows_b, a, b)
    both = pd.concat([rows_a, rows_b])
    groups, classes = item_groups(both), classes_of(both, metric)
    counts_a, counts_b = (
        hits_and_sizes(rows, metric, groups, classes) for rows in (rows_a, rows_b)
    )

    def difference(weights):
        return (scores(weights, counts_a) - scores(weights, counts_b)).mean(axis=2)

    seeds = both["seed"].nunique()
    observed = float(difference(np.ones((1, len(groups)))).mean())
    draws = resample(difference, seeds, len(groups))
    return Comparison(a, b, observed, *interval(draws), two_sided_p(draws), seeds, len(groups))


def compare_average(
    runs: pd.DataFrame, several: Iterable[str], rival: str, labels: int, metric: str = "accuracy"
) -> Comparison:
    """Compare the average of several strategies with one, as `compare` does.

    So that no single one of the several has to be chosen by its result.

    Parameters
    ----------
    runs : pandas.DataFrame
        As `repeat` returns it.
    several : iterable of str
        Strategies of `runs`; the mean of their differences to the rival is taken.
    rival : str
    labels : int
        Label count to use.
    metric : {"accuracy", "balanced_accuracy", "macro_f1"}

    Returns
    -------
    Comparison
        `a` is ``"average of "`` and the strategies.

    Raises
    ------
    ValueError
        As for `compare`.
    """
    several = list(several)
    name = f"average of {', '.join(several)}"
    parts = []
    for place, strategy in enumerate(several):
        # compare averages over label counts: each strategy gets one of its own.
        own = _rows_of(runs, strategy, labels, metric).assign(labels=place, strategy=name)
        parts += [own, _rows_of(runs, rival, labels, metric).assign(labels=place)]
    return compare(pd.concat(parts, ignore_index=True), name, rival, metric=metric)


def compare_all(
    runs: pd.DataFrame, reference: str, labels=None, metric: str = "accuracy"
) -> pd.DataFrame:
    """Compare every other strategy with one reference; Holm's correction for the many tests.

    Parameters
    ----------
    runs, labels, metric
        As for `compare`.
    reference : str
        The strategy that is subtracted.

    Returns
    -------
    pandas.DataFrame
        One row per strategy: `a`, `b`, `difference`, `low`, `high` (not corrected), `p`,
        `seeds`, `items`, `p_holm`, and `verdict`: resolved when `p_holm` is at most 0.05.
    """
    _check_runs(runs)
    _check_method(runs, reference)
    others = [name for name in runs["strategy"].unique() if name != reference]
    if not others:
        raise ValueError(f"the runs hold no strategy but {reference!r}: there is nothing to compare")
    table = pd.DataFrame(
        [asdict(compare(runs, name, reference, labels, metric)) for name in others]
    )
    table["p_holm"] = holm(table["p"])
    table["verdict"] = np.where(table["p_holm"] <= ALPHA, "resolved", "not resolved")
    return table


def learning_curve(runs: pd.DataFrame, metric: str = "accuracy") -> pd.DataFrame:
    """Mean and 95 % interval of every strategy at every label count.

    Parameters
    ----------
    runs : pandas.DataFrame
        As `repeat` returns it, with at least two seeds.
    metric : {"accuracy", "balanced_accuracy", "macro_f1"}

    Returns
    -------
    pandas.DataFrame
        `strategy`, `labels`, `mean`, `low`, `high`, `seeds`. The interval is that of one strategy
        (bootstrap over seeds and items as in `compare`): two that overlap do not tell whether
        the strategies differ, `compare` does.
    """
    _check_runs(runs)
    pairs = runs[["strategy", "labels"]].drop_duplicates().itertuples(index=False)
    return pd.DataFrame([_curve_point(runs, *pair, metric) for pair in pairs])


def _curve_point(runs, strategy: str, labels: int, metric: str) -> dict:
    rows = _rows_of(runs, strategy, labels, metric)
    groups = item_groups(rows)
    counts = hits_and_sizes(rows, metric, groups, classes_of(rows, metric))
    draws = resample(lambda weights: scores(weights, counts)[:, :, 0], len(rows), len(groups))
    low, high = interval(draws)
    return {
        "strategy": strategy,
        "labels": labels,
        "mean": float(rows[metric].mean()),
        "low": low,
        "high": high,
        "seeds": len(rows),
    }


def _check_runs(runs) -> None:
    needed = {"seed", "labels", "strategy", "items", "correct"}
    missing = sorted(needed - set(getattr(runs, "columns", ())))
    if missing:
        raise ValueError(f"runs lack {', '.join(missing)}: give the table that repeat() returns")
    if not len(runs):
        raise ValueError("runs are empty: there is nothing to compare")


def _check_method(runs, name: str) -> None:
    known = list(runs["strategy"].unique())
    if name not in known:
        raise ValueError(f"the runs hold no strategy {name!r}: {nearest(str(name), known)}")


def _rows_of(runs, strategy: str, labels, metric: str) -> pd.DataFrame:
    """The runs of one strategy, sorted; a whole grid of seeds and label counts."""
    _check_runs(runs)
    _check_method(runs, strategy)
    if metric not in METRICS:
        raise ValueError(f"unknown metric {metric!r}: {nearest(str(metric), METRICS)}")
    rows = runs[runs["strategy"] == strategy].sort_values(["seed", "labels"])
    if labels is not None:
        wanted = [labels] if is_int(labels) else list(labels)
        unknown = sorted(set(wanted) - set(rows["labels"]))
        if unknown or not wanted:
            raise ValueError(
                f"strategy {strategy!r} was not run with labels {unknown}; it was with "
                f"{sorted(set(rows['labels']))}"
            )
        rows = rows[rows["labels"].isin(wanted)]
    grid = rows["seed"].nunique() * rows["labels"].nunique()
    if rows.duplicated(["seed", "labels"]).any() or len(rows) != grid:
        raise ValueError(
            f"strategy {strategy!r} must have one run per seed and label count: "
            f"{len(rows)} runs found, {grid} expected"
        )
    if rows["seed"].nunique() < 2:
        raise ValueError(
            "an interval over seeds needs at least two seeds: run more "
            f"({SEEDS_TO_CLAIM} to claim something)"
        )
    return rows


def _check_paired(rows_a, rows_b, a: str, b: str) -> None:
    for column, what in (("seed", "seeds"), ("labels", "label counts")):
        of_a, of_b = sorted(set(rows_a[column])), sorted(set(rows_b[column]))
        if of_a != of_b:
            raise ValueError(
                f"{a!r} and {b!r} are not paired: {what} {of_a} against {of_b}; "
                "run both in one call of repeat()"
            )
    for row_a, row_b in zip(rows_a.itertuples(), rows_b.itertuples(), strict=True):
        if not np.array_equal(row_a.items, row_b.items):
            raise ValueError(
                f"{a!r} and {b!r} are not paired: they were tested on other items at "
                f"seed {row_a.seed}; run both in one call of repeat()"
            )
