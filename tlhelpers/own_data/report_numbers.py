"""The figures of a report: every strategy, the learning curve, what more labels would bring."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tlhelpers.evaluation.bootstrap import (
    RESAMPLES,
    classes_of,
    hits_and_sizes,
    interval,
    item_groups,
    resample,
    scores,
)
from tlhelpers.evaluation.runs import Runs
from tlhelpers.own_data.comparison import Comparison

MAJORITY = "majority"
# So many weights are drawn for one interval: of many items fewer resamples, so that a report on
# 100,000 texts takes no longer than its comparison. Up to 2,000 groups they are those of `compare`.
DRAWS, FEWEST = 20_000_000, 1_000
SIZE = re.compile(r", \d+ (px|tokens)$")


@dataclass(frozen=True)
class StrategyRow:
    """A strategy at the most labels that it was run with.

    `low` and `high` are NaN where one split alone was run; `difference` is the entry of the answer,
    None for the chosen one and where there is none; `learned` says whether it is resolved that the
    strategy beats the majority, None where that is not known.
    """

    name: str
    labels: int
    mean: float
    low: float
    high: float
    seeds: int
    seconds: float
    chosen: bool
    difference: dict | None
    learned: bool | None


def is_majority(name: str) -> bool:
    """Whether a strategy always names the largest class."""
    return name.lower().startswith(MAJORITY)


def bare(name: str) -> str:
    """A strategy's name without the size that its inputs were made smaller to."""
    return SIZE.sub("", name)


def chosen_in(comparison: Comparison) -> str:
    """The name by which the runs hold the chosen strategy: with its size, if at no other."""
    names, chosen = comparison.runs.strategies, comparison.answer.strategy
    return next((name for name in sorted(names, key=len) if bare(name) == bare(chosen)), chosen)


def _difference_of(comparison: Comparison, name: str) -> dict | None:
    """The answer's entry of a strategy; one at a smaller size has it if no other size was run."""
    entries = {one["strategy"]: one for one in comparison.answer.differences}
    if name in entries or bare(name) in comparison.runs.strategies:
        return entries.get(name)
    return entries.get(bare(name))


def curve_points(runs: Runs) -> pd.DataFrame:
    """Mean and interval of every strategy and label count; one seed alone has no interval."""
    rows = [_point(Runs(own)) for _, own in runs.groupby(["strategy", "labels"], sort=False)]
    columns = ["strategy", "labels", "mean", "low", "high", "seeds"]
    return pd.DataFrame(rows, columns=columns).sort_values("labels", kind="stable")


def _point(own: Runs) -> dict:
    first = own.iloc[0]
    ends = own["accuracy"].mean(), np.nan, np.nan
    if own["seed"].nunique() > 1:
        found = interval_of(own)
        ends = found.mean, found.low, found.high
    return {
        "strategy": first["strategy"],
        "labels": first["labels"],
        **dict(zip(("mean", "low", "high"), ends, strict=True)),
        "seeds": own["seed"].nunique(),
    }


@dataclass(frozen=True)
class Interval:
    """A mean accuracy, or a mean difference of two, with its 95 % interval."""

    mean: float
    low: float
    high: float

    @property
    def resolved(self) -> bool:
        """True when the interval leaves out 0."""
        return self.low > 0 or self.high < 0


def interval_of(first: Runs, second: Runs | None = None) -> Interval:
    """The accuracy of some runs, or how much higher it is than that of the second ones.

    By the bootstrap of `learning_curve` and `compare`, over seeds and items. The runs are one per
    seed, and the second ones have the same seeds and test items.
    """
    parts = [part.sort_values("seed") for part in (first, second) if part is not None]
    groups = item_groups(pd.concat(parts))
    counts = [
        hits_and_sizes(part, "accuracy", groups, classes_of(part, "accuracy")) for part in parts
    ]

    def by_seed(weights: np.ndarray) -> np.ndarray:
        accuracy, *rival = (scores(weights, one)[:, :, 0] for one in counts)
        return accuracy - rival[0] if rival else accuracy

    resamples = max(FEWEST, min(RESAMPLES, DRAWS // len(groups)))
    mean = float(by_seed(np.ones((1, len(groups)))).mean())
    return Interval(mean, *interval(resample(by_seed, len(parts[0]), len(groups), resamples)))


def strategy_rows(comparison: Comparison, points: pd.DataFrame) -> list[StrategyRow]:
    """All strategies that were run: the chosen one first, then by accuracy."""
    rows = [
        _strategy_row(comparison, points[points["strategy"] == name].iloc[-1])
        for name in comparison.runs.strategies
    ]
    return sorted(rows, key=lambda row: (not row.chosen, -row.mean))


def _strategy_row(comparison: Comparison, point: pd.Series) -> StrategyRow:
    name, chosen = point["strategy"], point["strategy"] == chosen_in(comparison)
    ends = (point["mean"], point["low"], point["high"])
    mean, low, high = comparison.answer.accuracy if chosen else ends
    runs = comparison.runs
    own = runs[(runs["strategy"] == name) & (runs["labels"] == point["labels"])]
    seconds = float(own["seconds"].median()) if "seconds" in own else np.nan
    return StrategyRow(
        name, int(point["labels"]), mean, low, high, int(point["seeds"]), seconds, chosen,
        _difference_of(comparison, name), _has_learned(runs, name, int(point["labels"])),
    )  # fmt: skip


def _has_learned(runs: Runs, name: str, labels: int) -> bool | None:
    """Whether it is resolved that a strategy beats the majority on the same test items."""
    known = [other for other in runs.strategies if is_majority(other)]
    if not known or is_majority(name):
        return None
    own = runs[runs["strategy"] == known[0]]
    # The largest class is the same for any number of labels, where this one was not run.
    count = labels if labels in set(own["labels"]) else int(own["labels"].max())
    compared = compare_points(runs, (name, labels), (known[0], count))
    return None if compared is None else compared.low > 0


def compare_points(runs: Runs, first: tuple[str, int], second: tuple[str, int]) -> Interval | None:
    """Two strategies, or one at two label counts, at the seeds that both have; None if too few."""
    parts = [
        runs[(runs["strategy"] == name) & (runs["labels"] == labels)]
        for name, labels in (first, second)
    ]
    seeds = set(parts[0]["seed"]) & set(parts[1]["seed"])
    both = [
        part[part["seed"].isin(seeds)].assign(strategy=name, labels=0)
        for part, name in zip(parts, ("first", "second"), strict=True)
    ]
    try:
        return interval_of(*Runs(pd.concat(both)).pair("first", "second"))
    except ValueError:  # one seed alone, or other test items: they cannot be compared
        return None


@dataclass(frozen=True)
class Gain:
    """What the last step to more labels brought a strategy; `compared` is its interval."""

    strategy: str
    fewer: int
    more: int
    compared: Interval


def last_gain(runs: Runs, strategy: str) -> Gain | None:
    """What the chosen strategy gained from its last step to more labels; None with one count."""
    counts = sorted(set(runs.loc[runs["strategy"] == strategy, "labels"]))
    if len(counts) < 2:
        return None
    fewer, more = map(int, counts[-2:])
    compared = compare_points(runs, (strategy, more), (strategy, fewer))
    return None if compared is None else Gain(strategy, fewer, more, compared)
