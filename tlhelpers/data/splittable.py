"""Which items of somebody's own can be split by group at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def splittable(labels: Sequence[str], groups: Sequence[str]) -> np.ndarray:
    """Which items are of a class that is most common in two groups or more, bool (n,)."""
    left = np.ones(len(labels), dtype=bool)
    labels = np.unique(labels, return_inverse=True)[1]
    groups = np.unique(groups, return_inverse=True)[1]
    while left.any():
        classes = classes_of_groups(groups[left], labels[left])
        own = np.bincount(classes[np.unique(groups[left])], minlength=labels.max() + 1)
        stays = left & (own[labels] >= 2)
        if (stays == left).all():
            break
        left = stays  # without a class, groups may be another class's
    return left


def classes_of_groups(groups: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The class that is most common in each group, the lowest of several; as `split_by_group`."""
    pairs, counts = np.unique(np.stack([groups, labels], axis=1), axis=0, return_counts=True)
    # The last one that is written stays: the most common, and of those the lowest class.
    order = np.lexsort((-pairs[:, 1], counts))
    classes = np.zeros(groups.max(initial=-1) + 1, np.int64)
    classes[pairs[order, 0]] = pairs[order, 1]
    return classes
