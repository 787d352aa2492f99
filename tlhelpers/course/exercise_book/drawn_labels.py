"""Labels of a training side and a test side, drawn for the exercises on lines without pixels."""

import numpy as np


def _side(rng, classes, most_common) -> np.ndarray:
    """Shuffled labels; `most_common` comes more often than each other class, but not at an end."""
    counts = rng.integers(1, 6, len(classes))
    counts[most_common] = counts.max() + rng.integers(2, 5)
    labels = rng.permutation(np.repeat(classes, counts))
    others = np.flatnonzero(labels != classes[most_common])
    for end, other in ((0, others[0]), (-1, others[-1])):
        labels[[end, other]] = labels[[other, end]]
    return labels


def draw_sides(rng) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Training and test labels in several situations; no two classes are the most common ones."""
    train, test = _side(rng, np.arange(5), 3), _side(rng, np.arange(5), 1)
    gaps = np.cumsum(rng.integers(2, 9, 6))
    other_train, other_test = _side(rng, gaps, 2), _side(rng, gaps, 4)
    return {
        "where the labels are 0, 1, 2 and so on": (train, test),
        "where not every whole number is a label": (other_train, other_test),
        "where the test side is longer": (train[train != 0], np.tile(test, 3)),
        "where the test side is shorter": (np.tile(train, 2), test[: len(test) // 2]),
        "where the labels stand in order": (np.sort(other_train), np.sort(other_test)),
        "where the test side lacks the most common class of training": (train, test[test < 3]),
        "where training lacks a class of the test side": (train[train != 1], test),
        "where training has one class only": (np.full(4, 2), test),
    }
