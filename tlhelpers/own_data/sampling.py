"""Which items are compared, how they are split by group, and how many labels are given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tlhelpers.data.splits import Split, split_by_group
from tlhelpers.errors import CourseError

TEST = 0.3
SHARES = (0.125, 0.25, 0.5, 1.0)
ALWAYS = 2  # groups of each class that any sample holds: one to train on, one to test on
SAMPLE, DRAW = 101, 102  # random streams, apart from those of `random_stream`


def check_splittable(data) -> None:
    """Refuse data that cannot be split by group, with one clear error."""
    try:
        split_by_group(data, TEST, 0)
    except ValueError as error:
        raise CourseError(f"these data cannot be compared on: {error}") from error


def stratified_order(labels: np.ndarray, groups: np.ndarray, seed: int) -> np.ndarray:
    """All items, group by group, so that each beginning holds the classes in their proportions.

    A group counts to the class that is most common in it. Two groups of each class come first.
    """
    names, group_of = np.unique(groups, return_inverse=True)
    table = np.zeros((len(names), labels.max() + 1), dtype=np.int64)
    np.add.at(table, (group_of, labels), 1)
    rng, keys = np.random.default_rng((seed, SAMPLE)), np.zeros(len(names))
    for own in np.unique(table.argmax(1)):
        members = rng.permutation(np.flatnonzero(table.argmax(1) == own))
        keys[members] = (np.arange(len(members)) + rng.random(len(members))) / len(members)
        keys[members[:ALWAYS]] -= 2
    place_of = np.empty(len(names), dtype=np.int64)
    place_of[np.argsort(keys, kind="stable")] = np.arange(len(names))
    return np.argsort(place_of[group_of], kind="stable")


def whole_groups(order: np.ndarray, groups: np.ndarray, most: int, labels: np.ndarray) -> int:
    """How many items of an order are at most `most` and end with a group; two groups per class."""
    if most >= len(order):
        return len(order)
    own = groups[order]
    ends = np.flatnonzero(np.append(own[1:] != own[:-1], True)) + 1
    fits = ends[ends <= max(most, ends[0])][-1]
    first = ends[min(ALWAYS * len(np.unique(labels)), len(ends)) - 1]
    return int(max(fits, first))


@dataclass(frozen=True, eq=False)
class Sides:
    """One seed's split, and a nested draw of the training side for each share.

    Attributes
    ----------
    seed : int
    test : int64 array, shape (m,)
    draws : dict of float to int64 array
        Share of the labels to training items.
    """

    seed: int
    test: np.ndarray
    draws: dict[float, np.ndarray]


def plan_sides(data, seeds, shares=SHARES) -> list[Sides]:
    """The splits of all seeds, each with its draws; the same for every strategy."""
    sides = []
    for seed in seeds:
        split = split_by_group(data, TEST, seed)
        order = _drawing_order(np.asarray(data.labels), split, seed)
        draws = {share: _drawn(order, share) for share in shares}
        sides.append(Sides(seed, split.test, draws))
    return sides


def _drawing_order(labels: np.ndarray, split: Split, seed: int) -> list[np.ndarray]:
    """The training items of each class, shuffled."""
    rng = np.random.default_rng((seed, DRAW))
    own = labels[split.train]
    return [rng.permutation(split.train[own == label]) for label in np.unique(own)]


def _drawn(order: list[np.ndarray], share: float) -> np.ndarray:
    """Of each class its share, at least one: smaller shares lie inside larger ones."""
    parts = [items[: max(1, round(share * len(items)))] for items in order]
    return np.sort(np.concatenate(parts))


def counts_of(sides: list[Sides], n_classes: int) -> dict[float, int]:
    """Labels per class, on average, that each share stands for; those alike are left out.

    Of shares that come to the same number the largest stays.
    """
    counts: dict[float, int] = {}
    for share in sorted(sides[0].draws, reverse=True):
        sizes = [len(one.draws[share]) for one in sides]
        count = max(1, round(float(np.mean(sizes)) / n_classes))
        if count not in counts.values():
            counts[share] = count
    return dict(sorted(counts.items()))
