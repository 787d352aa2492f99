"""Exercises of lesson 02."""

import numpy as np

from tlhelpers.course.exercise_book.lesson_02_draw import DRAW
from tlhelpers.course.exercise_book.lesson_02_freeze import FREEZE
from tlhelpers.course.exercise_book.lesson_02_transfer import TRANSFER
from tlhelpers.course.exercise_kinds import Choice, Function, on_drawn


def _features(rng, n, d, spread=20.0):
    """Rows of very different length, some with few large values, so that measures disagree."""
    rows = rng.normal(size=(n, d)) + 0.3
    rows[::2] *= rng.random((len(rows[::2]), d)) ** 4
    return rows * rng.permutation(np.geomspace(1 / spread, spread, n))[:, None]


def _draw_neighbours(rng):
    labels = rng.permutation(np.repeat(rng.choice(50, 8, replace=False), 3))
    train, few = _features(rng, len(labels), 6), _features(rng, 5, 2)
    opposite = -np.abs(_features(rng, 9, 6))
    return {
        "where there are many test rows": (train, labels, _features(rng, 40, 6)),
        "where there is one test row": (train, labels, _features(rng, 1, 6)),
        "where there are two features": (few, labels[:5], _features(rng, 30, 2)),
        "where every cosine is below 0": (np.abs(train), labels, opposite),
        "where the features are float32": (
            train[:, :4].astype(np.float32),
            labels,
            _features(rng, 20, 4).astype(np.float32),
        ),
    }


def _rows(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def _rows_by_sum(x):
    return x / np.abs(x).sum(axis=1, keepdims=True)


def _nearest_by_cosine(train_features, train_labels, test_features):
    cosine = _rows(test_features) @ _rows(train_features).T
    return train_labels[cosine.argmax(axis=1)]


def _nearest_above_zero(train_features, train_labels, test_features):
    cosine = (_rows(test_features) @ _rows(train_features).T).clip(min=0)
    return train_labels[cosine.argmax(axis=1)]


def _nearest_centred(train_features, train_labels, test_features):
    centre = train_features.mean(axis=0)
    return _nearest_by_cosine(train_features - centre, train_labels, test_features - centre)


def _nearest_by_distance(train_features, train_labels, test_features):
    gaps = np.linalg.norm(test_features[:, None] - train_features[None], axis=2)
    return train_labels[gaps.argmin(axis=1)]


def _draw_features(rng):
    return {
        "where training has more rows": (_features(rng, 30, 5), _features(rng, 7, 5) + 2),
        "where the test side has more rows": (_features(rng, 6, 5), _features(rng, 40, 5) + 2),
        "where both sides have as many rows": (_features(rng, 9, 4), _features(rng, 9, 4) - 1),
        "where there is one test row": (_features(rng, 8, 3), _features(rng, 1, 3)),
    }


def _centred(train, test):
    centre = train.mean(axis=0)
    return _rows(train - centre), _rows(test - centre)


def _centred_on_everything(train, test):
    centre = np.concatenate([train, test]).mean(axis=0)
    return _rows(train - centre), _rows(test - centre)


def _by_sum(train, test):
    centre = train.mean(axis=0)
    return _rows_by_sum(train - centre), _rows_by_sum(test - centre)


def _each_row_by_itself(train, test):
    return tuple(_rows(rows - rows.mean(axis=1, keepdims=True)) for rows in (train, test))


EXERCISES = [
    Function(
        "02.1",
        praise="Length one first, then the largest product: that is the nearest neighbour by "
        "cosine.",
        hints=(
            "Bring every row to length one; then the cosine of two rows is their product.",
            "x / np.linalg.norm(x, axis=1, keepdims=True) brings the rows to length one.",
            "(test @ train.T).argmax(axis=1) gives, for each test row, the index of the most "
            "similar training row; train_labels[index] is its label.",
        ),
        reference=_nearest_by_cosine,
        observe=on_drawn(_draw_neighbours),
        mistakes=[
            (
                _nearest_by_distance,
                "That is the nearest by distance: long rows look far away from everything. "
                "The cosine leaves lengths out.",
            ),
            (
                lambda x, y, q: y[(q @ x.T).argmax(axis=1)],
                "You took the plain product: the longest training row wins too often. Bring the "
                "rows to length one first.",
            ),
            (
                lambda x, y, q: (_rows(q) @ _rows(x).T).argmax(axis=1),
                "These are the indices of the neighbours. What is asked for is their labels.",
            ),
            (
                lambda x, y, q: y[(_rows(q) @ _rows(x).T).argmin(axis=1)],
                "You took the least similar row: a cosine is large where rows are alike.",
            ),
            (
                _nearest_centred,
                "You centred the rows first, as `nearest` in this lesson does. Here the plain "
                "cosine is asked for: leave the mean in.",
            ),
            (
                lambda x, y, q: y[(_rows_by_sum(q) @ _rows_by_sum(x).T).argmax(axis=1)],
                "You divided each row by the sum of its absolute values. Its length is the root of "
                "the sum of squares, as np.linalg.norm gives it.",
            ),
            (
                lambda x, y, q: y[np.abs(_rows(q) @ _rows(x).T).argmax(axis=1)],
                "You took the cosine without its sign. A row that points the other way, with a "
                "cosine near -1, is the least similar one.",
            ),
            (
                _nearest_above_zero,
                "Where every cosine is below 0 you gave the first row: your search begins at 0. A "
                "cosine can be as low as -1, so begin below that.",
            ),
            (
                lambda x, y, q: y[(q @ (x / np.linalg.norm(x, axis=0)).T).argmax(axis=1)],
                "You brought the columns to length one. Bring the rows to length one: axis=1.",
            ),
        ],
    ),
    Choice(
        "02.2",
        praise="The random twin has the same shape, the same input and the same 1,280 numbers. "
        "Only the training on ImageNet is missing, so the gap is what the training brought.",
        hints=(
            "A control is equal in everything but one thing. Which thing is in question?",
            "The question is what the *training on ImageNet* adds.",
            "Read again the cell that makes the random twin.",
        ),
        right="a",
        why_not={
            "b": "Chance shows that something was learnt at all, not from where it came.",
            "c": "Against raw pixels two things differ at once: the network's shape and what it "
            "learnt. The gap could come from either.",
            "d": "k-NN on the same features asks which head to put on top, not where the features "
            "come from.",
        },
    ),
    DRAW,
    Choice(
        "02.4",
        praise="The best of nine on the test items is the best partly by luck. Choose on the "
        "training side, and let the test side judge the choice once.",
        hints=(
            "Nine layers were looked at. What happens to the largest of nine noisy numbers?",
            "Think of nine equally good layers: what would the best one's measured accuracy be?",
            "Read again the cell in which the layer is chosen inside the training side.",
        ),
        right="b",
        why_not={
            "a": "The number is real for these test items, but it was picked for being large: on "
            "new items it will be smaller on average.",
            "c": "More seeds narrow the interval of each layer; they do not undo that the best was "
            "picked by looking.",
            "d": "The layers can be compared well; what cannot be done is to choose and to judge "
            "on the same items.",
        },
    ),
    Function(
        "02.5",
        praise="Everything that is estimated, even a mean, is estimated on the training rows "
        "alone and then used on both sides.",
        hints=(
            "Two steps in this order: subtract one mean per feature; bring each row to length one.",
            "One centre, from the training rows; subtract it on both sides, then lengths to one.",
            "Compare with help(new_linear_head).",
        ),
        reference=_centred,
        observe=on_drawn(_draw_features),
        mistakes=[
            (
                _centred_on_everything,
                "The mean was taken over training and test rows together: the test set leaked "
                "into the model.",
            ),
            (
                lambda train, test: (_rows(train - train.mean(0)), _rows(test - test.mean(0))),
                "Each side has its own mean: the same drawing would get other features on the "
                "other side. The test rows must be treated as the training rows were.",
            ),
            (
                lambda train, test: (train - train.mean(0), test - train.mean(0)),
                "Centred, but the rows are not yet of length one.",
            ),
            (
                lambda train, test: (_rows(train), _rows(test)),
                "Of length one, but not centred: subtract the mean of the training rows first.",
            ),
            (
                lambda train, test: _centred(_rows(train), _rows(test)),
                "You brought the rows to length one before you centred them: the other way round.",
            ),
            (
                lambda train, test: (_rows(train - train.mean()), _rows(test - train.mean())),
                "train.mean() is one number for everything: take one mean per feature, axis=0.",
            ),
            (
                lambda train, test: tuple(
                    (rows - train.mean(0)) / train.std(0) for rows in (train, test)
                ),
                "That divides each feature by its spread. Here each row is divided by its length.",
            ),
            (
                _by_sum,
                "You divided each row by the sum of its absolute values. Its length is the root of "
                "the sum of squares, as np.linalg.norm gives it.",
            ),
            (
                _each_row_by_itself,
                "You subtracted from every row its own mean. Take one mean per feature, over the "
                "training rows: axis=0.",
            ),
            (
                lambda train, test: _centred(train, test)[::-1],
                "The two sides are swapped: return training first, then test.",
            ),
        ],
    ),
    FREEZE,
    TRANSFER,
]
