"""What differences between strategies amount to: paired bootstrap over seeds and items, Holm."""

from __future__ import annotations

from collections.abc import Iterable
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
    rows_a, rows_b = as_runs(runs).pair(a, b, labels, metric)
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
