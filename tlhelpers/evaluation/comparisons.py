"""What differences between strategies amount to: paired bootstrap over seeds and items, Holm."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from html import escape

import numpy as np
import pandas as pd

from tlhelpers.evaluation.bootstrap import (
    classes_of,
    hits_and_sizes,
    interval,
    item_groups,
    resample,
    scores,
    two_sided_p,
)
from tlhelpers.evaluation.runs import SEEDS_TO_CLAIM, Runs, as_runs
from tlhelpers.evaluation.significance import ALPHA, holm


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
    pair = as_runs(runs).pair(a, b, labels, metric)
    groups = item_groups(pd.concat(pair))
    return _compared(a, b, _difference_by_seed(pair, metric, groups), pair[0], groups)


def _difference_by_seed(pair: tuple[Runs, Runs], metric: str, groups: np.ndarray) -> Callable:
    """A function of item weights (n, groups): the first minus the second of each seed, (n, seeds).

    Over several label counts it is their mean.
    """
    classes = classes_of(pd.concat(pair), metric)
    first, second = (hits_and_sizes(rows, metric, groups, classes) for rows in pair)
    return lambda weights: (scores(weights, first) - scores(weights, second)).mean(axis=2)


def _compared(a: str, b: str, by_seed: Callable, rows: Runs, groups: np.ndarray) -> Comparison:
    """What the bootstrap says of a difference by seed; `rows` are of one strategy."""
    seeds = rows["seed"].nunique()
    observed = float(by_seed(np.ones((1, len(groups)))).mean())
    draws = resample(by_seed, seeds, len(groups))
    return Comparison(a, b, observed, *interval(draws), two_sided_p(draws), seeds, len(groups))


# ---------------------------------------------------------------- differences of differences


@dataclass(frozen=True, eq=False)
class Difference:
    """A difference between two strategies, to be compared with another one.

    Parameters
    ----------
    runs : pandas.DataFrame
        As `repeat` returns it, tested on one set.
    a, b : str
        Two strategies of `runs`; the difference is a − b.
    labels : int or iterable of int, optional
        Label counts to use; all when left out.
    name : str, optional
        What it is called, e.g. ``"gain on tweets"``; the strategies when left out.
    """

    runs: pd.DataFrame
    a: str
    b: str
    labels: int | Iterable[int] | None = None
    name: str = ""

    def __str__(self) -> str:
        return self.name or f"({self.a} − {self.b})"


def compare_differences(
    first: Difference, second: Difference, metric: str = "accuracy"
) -> Comparison:
    """Is one difference larger than another? By a bootstrap over seeds and items, as in `compare`.

    The statistic is (a − b of the first) − (a − b of the second). A resample draws seeds and item
    groups of all four strategies at once: a seed has the same weight in both differences, and so
    has an item group that both were tested on. The two may be tested on other sets, e.g. on tweets
    and on news. That one of two differences is resolved and the other is not does not tell that
    they differ; this does.

    Parameters
    ----------
    first, second : Difference
    metric : {"accuracy", "balanced_accuracy", "macro_f1"}

    Returns
    -------
    Comparison
        `a` and `b` are the names of the two differences.

    Raises
    ------
    ValueError
        As for `compare`, and if the two differences have other seeds, or one name.
    """
    if str(first) == str(second):
        raise ValueError(f"both differences are called {str(first)!r}: give each a name")
    pairs = [as_runs(one.runs).pair(one.a, one.b, one.labels, metric) for one in (first, second)]
    seeds = [sorted(set(rows["seed"])) for rows, _ in pairs]
    if seeds[0] != seeds[1]:
        raise ValueError(f"{first} and {second} have other seeds: {seeds[0]} against {seeds[1]}")
    groups = item_groups(pd.concat([rows for pair in pairs for rows in pair]))
    one, other = (_difference_by_seed(pair, metric, groups) for pair in pairs)
    return _compared(
        str(first),
        str(second),
        lambda weights: one(weights) - other(weights),
        pairs[0][0],
        groups,
    )


# ---------------------------------------------------------------- a mean of any other number


def interval_of_mean(
    values: Sequence[np.ndarray], items: Sequence[np.ndarray]
) -> tuple[float, float, float]:
    """The mean of a number that each test item has, with its interval over seeds and items.

    E.g. of confidence minus hit: how much too sure a model is. The mean is taken within each seed,
    then over seeds; seeds and item groups are drawn as in `compare`. Ten means of seeds, drawn anew
    by themselves, would take the test items as given, and the interval would be too narrow.

    Parameters
    ----------
    values : sequence of float array, shape (m,)
        For each seed the numbers of its test items.
    items : sequence of str array, shape (m,)
        For each seed the groups of these items, as the column `items` of runs holds them.

    Returns
    -------
    mean, low, high : float
        Low and high are the ends of the 95 % interval.

    Raises
    ------
    ValueError
        If there are fewer than two seeds, a seed has no item or another number of items than of
        values, or a value is not finite.
    """
    values = [np.asarray(own, dtype=np.float64) for own in values]
    items = [np.asarray(own).astype(str) for own in items]
    _check_values(values, items)
    groups = np.unique(np.concatenate(items))
    sums, sizes = np.zeros((2, len(groups), len(values)))
    for seed, (own, names) in enumerate(zip(values, items, strict=True)):
        np.add.at(sums[:, seed], np.searchsorted(groups, names), own)
        np.add.at(sizes[:, seed], np.searchsorted(groups, names), 1)

    def by_seed(weights: np.ndarray) -> np.ndarray:
        total, size = weights @ sums, weights @ sizes
        return np.divide(total, size, out=np.full_like(total, np.nan), where=size > 0)

    mean = float(by_seed(np.ones((1, len(groups)))).mean())
    return mean, *interval(resample(by_seed, len(values), len(groups)))


def _check_values(values: list[np.ndarray], items: list[np.ndarray]) -> None:
    if len(values) != len(items) or len(values) < 2:
        raise ValueError(
            f"values and items must be of the same two seeds or more, got {len(values)} and "
            f"{len(items)}"
        )
    for seed, (own, names) in enumerate(zip(values, items, strict=True)):
        if own.ndim != 1 or own.shape != names.shape or not len(own):
            raise ValueError(
                f"each value needs its item: of seed number {seed} there are values of shape "
                f"{own.shape} and items of shape {names.shape}"
            )
        if not np.isfinite(own).all():
            raise ValueError(
                f"value {np.flatnonzero(~np.isfinite(own))[0]} of seed number {seed} is not finite"
            )


# ---------------------------------------------------------------- several strategies


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
    runs, several = as_runs(runs), list(several)
    name = f"average of {', '.join(several)}"
    parts = []
    for place, strategy in enumerate(several):
        # compare averages over label counts: each strategy gets one of its own.
        own = runs.of(strategy, labels, metric).assign(labels=place, strategy=name)
        parts += [own, runs.of(rival, labels, metric).assign(labels=place)]
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
    runs = as_runs(runs)
    runs.require(reference)
    others = [name for name in runs.strategies if name != reference]
    if not others:
        raise ValueError(
            f"the runs hold no strategy but {reference!r}: there is nothing to compare"
        )
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
    runs = as_runs(runs)
    pairs = runs[["strategy", "labels"]].drop_duplicates().itertuples(index=False)
    return pd.DataFrame([_curve_point(runs, *pair, metric) for pair in pairs])


def _curve_point(runs: Runs, strategy: str, labels: int, metric: str) -> dict:
    rows = runs.of(strategy, labels, metric)
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
