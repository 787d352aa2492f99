"""Splits by group, draws of labels, and what guessing would reach on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from tlhelpers.checks import whole, whole_numbers
from tlhelpers.data.groups import group_names
from tlhelpers.data.streams import random_stream


@dataclass(frozen=True, eq=False)
class Split:
    """Which items are for training and which for testing.

    Parameters
    ----------
    train, test : int64 array, shape (m,)
        Indices into the data; no index stands on both sides.

    Raises
    ------
    ValueError
        If a side is empty or an index stands on both sides.
    """

    train: np.ndarray
    test: np.ndarray

    def __post_init__(self):
        for side in ("train", "test"):
            object.__setattr__(self, side, whole_numbers(getattr(self, side), f"{side} indices"))
        shared = np.intersect1d(self.train, self.test)
        if shared.size:
            raise ValueError(f"{shared.size} items stand in train and test, e.g. {shared[0]}")

    def __repr__(self) -> str:
        return f"Split: {len(self.train)} items to train, {len(self.test)} to test"


def split_by_group(data, test: float = 0.3, seed: int = 0) -> Split:
    """Split the items so that no group stands on both sides and every class on each.

    A group belongs to the class that is most common in it. Per class the groups are shuffled
    and moved to the test side until it holds the share `test` of the class's items. The order
    of the items does not matter, only their groups do.

    Parameters
    ----------
    data : object
        With `labels` (int, shape (n,)) and `groups` (str or int, shape (n,)); `class_names`, if
        it has them, are used in messages.
    test : float
        Share of the test side, between 0 and 1.
    seed : int
        Another seed, another split.

    Returns
    -------
    Split

    Raises
    ------
    ValueError
        If labels and groups do not fit together, an item has no group, there is only one class,
        or a class has fewer than two groups; the message names the item or the class.
    """
    labels, groups = labels_and_groups(data)
    if not 0 < test < 1:
        raise ValueError(f"test must lie between 0 and 1, got {test}")
    classes, class_of = np.unique(labels, return_inverse=True)
    names = _class_namer(getattr(data, "class_names", None))
    if len(classes) < 2:
        raise ValueError(f"all items are of one class ({names(classes[0])}): give at least two")
    unique_groups, group_of = np.unique(groups, return_inverse=True)
    table = np.zeros((len(unique_groups), len(classes)), dtype=np.int64)
    np.add.at(table, (group_of, class_of), 1)
    rng = random_stream(seed, "split")
    in_test = np.zeros(len(unique_groups), dtype=bool)
    for position, label in enumerate(classes):
        members = np.flatnonzero(table.argmax(axis=1) == position)
        _check_splittable(members, table[:, position].sum(), names(label))
        in_test[_test_groups(rng.permutation(members), table.sum(axis=1), test)] = True
    return Split(np.flatnonzero(~in_test[group_of]), np.flatnonzero(in_test[group_of]))


def _check_splittable(members: np.ndarray, n_items: int, name: str) -> None:
    if len(members) < 2:
        raise ValueError(
            f"class {name} has {n_items} item(s) in {len(members)} group(s) of its own: "
            "a split needs two groups, one to train on and one to test on"
        )


def _test_groups(shuffled: np.ndarray, sizes: np.ndarray, share: float) -> np.ndarray:
    filled = np.cumsum(sizes[shuffled])
    # The tolerance keeps 0.07 × 100 = 7.000000000000001 from asking for an eighth item.
    count = np.searchsorted(filled, share * filled[-1] - 1e-9) + 1
    return shuffled[: min(count, len(shuffled) - 1)]


def draw_labels(labels, per_class: int | None, seed: int, class_names=None) -> np.ndarray:
    """Draw the same number of items of every class; small draws lie inside large ones.

    Parameters
    ----------
    labels : int array, shape (n,)
    per_class : int or None
        Items per class; None takes all.
    seed : int
        With one seed the draw of 5 contains the draw of 2.
    class_names : list of str, optional
        Used in messages.

    Returns
    -------
    int64 array, shape (m,)
        Indices into `labels`, ascending.

    Raises
    ------
    ValueError
        If a class has too few items; the message names the class and its count.
    """
    labels = whole_numbers(labels, "labels")
    if per_class is None:
        return np.arange(len(labels))
    whole("labels per class", per_class)
    rng = random_stream(seed, "labels")
    drawn = []
    for label in np.unique(labels):
        items = np.flatnonzero(labels == label)
        if len(items) < per_class:
            name = _class_namer(class_names)(label)
            raise ValueError(
                f"class {name} has {len(items)} item(s) to draw from, not "
                f"{per_class}: ask for fewer labels per class"
            )
        drawn.append(rng.permutation(items)[:per_class])
    return np.sort(np.concatenate(drawn))


def mean_per_class(splits: Iterable[Split], n_classes: int) -> int:
    """Training items per class, the rounded mean over some splits: what "all labels" stands for."""
    return round(float(np.mean([len(split.train) for split in splits])) / n_classes)


def duplicates_across(data, split: Split) -> list[tuple[int, int]]:
    """Pairs of a training and a test item with the same content.

    Parameters
    ----------
    data : object
        With `fingerprints` (str, shape (n,)), one hash of the content per item.
    split : Split

    Returns
    -------
    list of (int, int)
        Training index, test index; empty when the split is clean.

    Raises
    ------
    ValueError
        If the split was made of other data.
    """
    fingerprints = np.asarray(data.fingerprints)
    largest = max(split.train.max(), split.test.max())
    if largest >= len(fingerprints):
        raise ValueError(
            f"the split names item {largest}, the data have {len(fingerprints)}: "
            "use the split of these data"
        )
    where: dict[str, list[int]] = {}
    for index in split.train.tolist():
        where.setdefault(fingerprints[index], []).append(index)
    return [
        (train, test) for test in split.test.tolist() for train in where.get(fingerprints[test], ())
    ]


def chance(labels) -> float:
    """Accuracy of guessing among the classes that occur.

    Parameters
    ----------
    labels : int array, shape (n,)

    Returns
    -------
    float
        Between 0 and 1.
    """
    return 1 / len(np.unique(whole_numbers(labels, "labels")))


def majority(labels_train, labels_test) -> float:
    """Accuracy of always saying the most common training class.

    Parameters
    ----------
    labels_train, labels_test : int array, shape (n,) and (m,)

    Returns
    -------
    float
        Between 0 and 1. Of equally common classes the lowest label is taken.
    """
    classes, counts = np.unique(whole_numbers(labels_train, "labels"), return_counts=True)
    return float(np.mean(whole_numbers(labels_test, "labels") == classes[counts.argmax()]))


def labels_and_groups(data) -> tuple[np.ndarray, np.ndarray]:
    """Labels, int64 (n,), and groups, str (n,), of `data`; refused where they do not fit."""
    labels = whole_numbers(data.labels, "labels")
    return labels, group_names(data.groups, len(labels))


def _class_namer(class_names) -> Callable[[int], str]:
    known = [] if class_names is None else list(class_names)
    return lambda label: repr(known[label]) if 0 <= label < len(known) else str(label)
