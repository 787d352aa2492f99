"""From runs to an answer: which strategy to take, how sure that is, what more labels would tell."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from tlhelpers.evaluation.comparisons import compare, learning_curve
from tlhelpers.evaluation.runs import Runs
from tlhelpers.own_data.chosen_runs import own_name
from tlhelpers.own_data.comparison import Answer
from tlhelpers.own_data.sentences import answer_sentence, where
from tlhelpers.own_data.strategies import MAJORITY, PIXELS, SCRATCH, TIERS, WORDS

OUT_OF_REACH = 50  # times the data: nobody will label that many
SIZELESS = {MAJORITY, PIXELS, WORDS, SCRATCH}


@dataclass(frozen=True)
class Place:
    """Where a strategy was run: the labels per class and the size of its inputs."""

    name: str
    labels: int
    size: int


class Table:
    """Runs, asked for means and differences at places; `names` are without sizes."""

    def __init__(self, runs: Runs, full: int, unit: str = "px"):
        self.full, self.unit = full, unit
        self.rows = runs.assign(bare=runs["strategy"].map(own_name))

    def names(self) -> list[str]:
        """The strategies that were run, the cheapest first."""
        there = set(self.rows["bare"])
        return [name for tier in TIERS for name in tier if name in there]

    def places(self, name: str) -> list[Place]:
        """Where one was run; the network's own size and the most labels first."""
        rows = self.rows[self.rows["bare"] == name]
        found = rows[["labels", "size"]].drop_duplicates().itertuples(index=False)
        places = [Place(name, int(labels), int(size)) for labels, size in found]
        return sorted(places, key=lambda one: (one.size == self.full, one.labels), reverse=True)

    def at(self, place: Place) -> pd.DataFrame:
        """The runs at a place."""
        rows = self.rows
        chosen = (rows["bare"] == place.name) & (rows["labels"] == place.labels)
        return rows[chosen & (rows["size"] == place.size)]

    def suffix(self, size: int) -> str:
        """What a strategy's name in the runs ends with, at a size."""
        return "" if size == self.full else f", {size} {self.unit}"

    def plain_mean(self, place: Place) -> float:
        """The mean accuracy at a place."""
        return float(self.at(place)["accuracy"].mean())

    def mean(self, place: Place, metric: str = "accuracy") -> tuple[float, float, float]:
        """Mean and the ends of its interval, which are NaN where there is one seed alone."""
        rows = self.at(place)
        if rows["seed"].nunique() < 2:
            return float(rows[metric].mean()), math.nan, math.nan
        point = learning_curve(Runs(rows.assign(strategy=place.name)), metric).iloc[0]
        return float(point["mean"]), float(point["low"]), float(point["high"])

    def difference(self, first: Place, second: Place):
        """The first minus the second on the seeds that both have; None with fewer than two."""
        pair = [self.at(place).assign(labels=0) for place in (first, second)]
        seeds = set(pair[0]["seed"]) & set(pair[1]["seed"])
        if len(seeds) < 2:
            return None
        both = [
            rows[rows["seed"].isin(seeds)].assign(strategy=name)
            for rows, name in zip(pair, "ab", strict=True)
        ]
        return compare(Runs(pd.concat(both, ignore_index=True)), "a", "b")

    def shared(self, first: str, second: str) -> tuple[Place, Place] | None:
        """Where both were run: the network's own size before others, then the most labels."""
        for place in self.places(first):
            for other in self.places(second):
                if place.labels == other.labels and _same_size(place, other):
                    return place, other
        return None


def _same_size(first: Place, second: Place) -> bool:
    """Whether two places show the same inputs; what has no pretrained network has its own size."""
    return first.size == second.size or bool({first.name, second.name} & SIZELESS)


def answer_from(runs: Runs, *, full: int, unit: str, per_class: float, labels) -> Answer:
    """Which strategy to take.

    Parameters
    ----------
    runs : Runs
        With a column `size`.
    full : int
        The network's own size of inputs.
    unit : {"px", "tokens"}
        Of sizes.
    per_class : float
        Items per class that were compared on, training and test together.
    labels : int array, shape (m,)
        Of these items.
    """
    table = Table(runs, full, unit)
    chosen = table.places(choose(table))[0]
    differences = [
        entry
        for name in table.names()
        if name != chosen.name and (entry := _difference(table, chosen.name, name, per_class))
    ]
    accuracy = table.mean(chosen)
    sentence = answer_sentence(table, chosen, differences, labels)
    return Answer(chosen.name + table.suffix(chosen.size), accuracy, sentence, differences)


def choose(table: Table) -> str:
    """The cheapest strategy that no dearer one is resolved to beat."""
    best, there = "", table.names()
    for tier in TIERS:
        ran = [name for name in tier if name in there]
        if not ran:
            continue
        name = max(ran, key=lambda one: table.plain_mean(table.places(one)[0]))
        if not best or _beats(table, name, best):
            best = name
    return best


def _beats(table: Table, name: str, best: str) -> bool:
    """Whether one is better, and reaches what the other reaches with all that it was given.

    One that ran with fewer labels or smaller inputs may be better there, and nobody knows what it
    comes to with more.
    """
    pair = table.shared(name, best)
    if pair is None:
        return False
    compared = table.difference(*pair)
    if compared is not None and compared.low <= 0:
        return False
    own, most = table.plain_mean(pair[0]), table.plain_mean(table.places(best)[0])
    return own >= most if compared is not None else own > most


def _difference(table: Table, chosen: str, name: str, per_class: float) -> dict | None:
    """The chosen strategy minus another, where both were run with the most labels."""
    pair = table.shared(chosen, name)
    compared = pair and table.difference(*pair)
    if not compared:
        return None
    place = max(pair, key=lambda one: one.name not in SIZELESS)
    return {
        "strategy": name + table.suffix(place.size if name not in SIZELESS else table.full),
        "bare": name,
        "mean": compared.difference,
        "low": compared.low,
        "high": compared.high,
        "resolved": compared.resolved,
        "labels": place.labels,
        "size": place.size,
        "seeds": compared.seeds,
        "where": where(table, place.labels, place.size),
        "labels_needed": None if compared.resolved else labels_needed(compared, per_class),
    }


def labels_needed(compared, per_class: float) -> int | None:
    """How many more items per class would resolve a difference; None where it is out of reach.

    It is assumed that the difference stays as it is, and that half the width of its interval
    shrinks with the square root of the number of test items.
    """
    half = (compared.high - compared.low) / 2
    size = abs(compared.difference)
    if half > size * math.sqrt(OUT_OF_REACH) or size == 0:
        return None
    more = per_class * ((half / size) ** 2 - 1)
    return _rounded(max(more, 0.1 * per_class))


def _rounded(value: float) -> int:
    """To one digit that is not 0, upwards: nobody knows it better."""
    unit = 10 ** max(0, math.floor(math.log10(max(value, 1))))
    return int(math.ceil(value / unit - 1e-9) * unit)
