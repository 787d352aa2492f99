"""Exercise 10.3: labels that are likely to be wrong, by confident learning."""

from functools import partial

import numpy as np

from tlhelpers.course.answer_differences import array_of
from tlhelpers.course.exercise_kinds import Function, on_drawn
from tlhelpers.course.watched_answer import Fault


def _situation(rng, sizes, wrong=0.1, sharp=2.5, lean=None):
    """Labels of unequal classes, some changed, and probabilities that follow the true ones."""
    k = len(sizes)
    truth = rng.permutation(np.repeat(np.arange(k), sizes))
    scores = rng.normal(size=(len(truth), k))
    scores[np.arange(len(truth)), truth] += sharp
    if lean is not None:
        scores[:, lean] += 1.5  # a class that the head likes too much
    raw = np.exp(scores)
    change = rng.random(len(truth)) < wrong
    labels = np.where(change, (truth + rng.integers(1, k, len(truth))) % k, truth)
    labels[:k] = np.arange(k)  # each class has an item
    return labels, raw / raw.sum(axis=1, keepdims=True)


def _rows(rng, *kinds):
    """Items of several kinds, each with a label, a number and probabilities, a little unlike."""
    labels = np.concatenate([np.full(count, label) for label, count, _ in kinds])
    rows = np.concatenate([np.tile(row, (count, 1)) for _, count, row in kinds])
    rows = rows + rng.uniform(0, 0.01, rows.shape)
    order = rng.permutation(len(labels))
    return labels[order], (rows / rows.sum(axis=1, keepdims=True))[order]


def _high_and_low(rng):
    """Two classes are reached: the likelier one just so, the other one by far."""
    both = (0.62, 0.34, 0.04)
    return _rows(
        rng,
        (0, 8, (0.58, 0.22, 0.20)), (0, 2, both),
        (1, 8, (0.45, 0.25, 0.30)), (1, 2, both), (1, 1, (0.30, 0.45, 0.25)),
        (2, 9, (0.20, 0.20, 0.60)),
    )  # fmt: skip


def _one_alone(rng):
    """A class of one item, which is its own threshold, and reaches that of another class."""
    return _rows(
        rng,
        (0, 9, (0.60, 0.20, 0.20)),
        (1, 9, (0.50, 0.25, 0.25)), (1, 1, (0.30, 0.45, 0.25)),
        (2, 1, (0.10, 0.35, 0.55)),
    )  # fmt: skip


def _draw_labels(rng):
    return {
        "where there are two classes": _situation(rng, [30, 24]),
        "where there are four classes": _situation(rng, [20, 25, 15, 30]),
        "where the head prefers one class": _situation(rng, [25, 25, 25], lean=1),
        "where the head is seldom confident": _situation(rng, [30, 30, 30], sharp=1.0),
        "where one class is small": _situation(rng, [50, 4, 30]),
        "where no label was changed": _situation(rng, [20, 20], wrong=0.0, sharp=4.0),
        "where one threshold is high and another low": _high_and_low(rng),
        "where a class has one item": _one_alone(rng),
    }


def _as_one_row(result, n):
    """Indices, filled up with -1 to the number of items: else a wrong one would differ in shape."""
    if isinstance(result, (set, frozenset, dict)):
        raise Fault(f"Return an array or a list of indices: a {type(result).__name__} is neither.")
    array = array_of(result)
    if array is None or array.dtype.kind not in "iuf" or (array.ndim == 1 and len(array) > n):
        return result
    if array.ndim == 0:
        raise Fault("That is one number: how many there are, perhaps. Return which: their indices.")
    if array.ndim > 1:
        raise Fault(
            f"Your function returned numbers of shape {array.shape}. Return the indices in one "
            "dimension, as np.flatnonzero gives them (np.where gives a tuple: take its [0])."
        )
    return np.concatenate([array, np.full(n - len(array), -1)])


def _observe(function):
    """What a function flags, in each situation."""
    return on_drawn(_draw_labels)(
        lambda labels, probabilities: _as_one_row(function(labels, probabilities), len(labels))
    )


def _thresholds(labels, probabilities, mean=np.mean):
    classes = range(probabilities.shape[1])
    return np.array([mean(probabilities[labels == j, j]) for j in classes])


def _flagged(labels, probabilities, thresholds=_thresholds, own=False, strict=False):
    """Items whose likeliest class, among those that reach their threshold, is another one."""
    bounds = thresholds(labels, probabilities)
    reached = probabilities > bounds if strict else probabilities >= bounds
    among = np.where(reached, probabilities, -1)
    best = among.argmax(axis=1)
    found = reached.any(axis=1) & (best != labels)
    if own:  # also asks that the given class misses its threshold
        found &= ~reached[np.arange(len(labels)), labels]
    return np.flatnonzero(found)


def _any_other(labels, probabilities):
    """Items for which any other class reaches its threshold, the given one too or not."""
    reached = probabilities >= _thresholds(labels, probabilities)
    reached[np.arange(len(labels)), labels] = False
    return np.flatnonzero(reached.any(axis=1))


def _parts(labels, probabilities):
    """Which thresholds are reached, and the likeliest class among those that are."""
    reached = probabilities >= _thresholds(labels, probabilities)
    return reached, np.where(reached, probabilities, -1).argmax(axis=1)


def _also_unreached(labels, probabilities):
    return np.flatnonzero(_parts(labels, probabilities)[1] != labels)


def _likeliest_of_all(labels, probabilities):
    reached = _parts(labels, probabilities)[0].any(axis=1)
    return np.flatnonzero(reached & (probabilities.argmax(axis=1) != labels))


def _furthest_above(labels, probabilities):
    """Of the classes that are reached, the one that lies furthest above its threshold."""
    thresholds = _thresholds(labels, probabilities)
    reached = probabilities >= thresholds
    best = np.where(reached, probabilities - thresholds, -1).argmax(axis=1)
    return np.flatnonzero(reached.any(axis=1) & (best != labels))


def _first_reached(labels, probabilities):
    reached = _parts(labels, probabilities)[0]
    return np.flatnonzero(reached.any(axis=1) & (reached.argmax(axis=1) != labels))


def _unless_likeliest(labels, probabilities):
    flagged = _flagged(labels, probabilities)
    return flagged[probabilities[flagged].argmax(axis=1) != labels[flagged]]


def _misses_its_own(labels, probabilities):
    given = probabilities[np.arange(len(labels)), labels]
    return np.flatnonzero(given < _thresholds(labels, probabilities)[labels])


def _by_confidence(labels, probabilities):
    flagged = _flagged(labels, probabilities)
    return flagged[np.argsort(probabilities[flagged, labels[flagged]])]


def _of_both(labels, probabilities):
    """Means over the items that are labelled j and answered with j."""
    answers = probabilities.argmax(axis=1)
    chosen = [(labels == j) & (answers == j) for j in range(probabilities.shape[1])]
    return np.array([probabilities[some, j].mean() for j, some in enumerate(chosen)])


def _over_all_items(labels, probabilities):
    """Sums over the items labelled j, divided by the number of all items."""
    return _thresholds(labels, probabilities, np.sum) / len(labels)


def _of_likeliest(labels, probabilities):
    largest = probabilities.max(axis=1)
    return np.array([largest[labels == j].mean() for j in range(probabilities.shape[1])])


def _of_all(labels, probabilities):
    return probabilities.mean(axis=0)


def _of_given(labels, probabilities):
    """One threshold for all: the mean probability of the given labels."""
    given = probabilities[np.arange(len(labels)), labels].mean()
    return np.full(probabilities.shape[1], given)


def _of_answered(labels, probabilities):
    answers = probabilities.argmax(axis=1)
    classes = range(probabilities.shape[1])
    return np.array([probabilities[answers == j, j].mean() for j in classes])


def _as_mask(labels, probabilities):
    return np.isin(np.arange(len(labels)), _flagged(labels, probabilities))


WRONG_LABELS = Function(
    "10.3",
    praise="Each class has its own threshold: how confident the head is, on average, where that "
    "class was given. A class that the head names too often has a high threshold, one that it "
    "hardly ever names a low one. Northcutt and others call this confident learning.",
    hints=(
        "Two steps. First one number for each class: how probable does the head find class j, on "
        "average, among the items that were labelled j? Then go through the items.",
        "thresholds = np.array([probabilities[labels == j, j].mean() for j in range(k)]); "
        "reached = probabilities >= thresholds. Among the classes that an item reaches, which has "
        "the largest probability?",
        "best = np.where(reached, probabilities, -1).argmax(axis=1); an item is flagged where "
        "reached.any(axis=1) & (best != labels). Return np.flatnonzero of that.",
    ),
    reference=_flagged,
    observe=_observe,
    mistakes=[
        (
            lambda labels, p: np.flatnonzero(p.argmax(axis=1) != labels),
            "These are all the items that the head answers otherwise: no threshold, or one that "
            "is too low, keeps any of them out. The threshold of class j is the mean of column j "
            "over the items that are labelled j.",
        ),
        (
            partial(_flagged, thresholds=lambda labels, p: np.full(p.shape[1], 0.5)),
            "You took one half as the threshold of every class. Each class has its own: the mean "
            "probability of j among the items that were labelled j.",
        ),
        (
            partial(_flagged, thresholds=_of_all),
            "Your thresholds are means over all items. Take, for class j, only the items that are "
            "labelled j.",
        ),
        (
            partial(_flagged, thresholds=_of_given),
            "You took one threshold for all classes. Each class has its own.",
        ),
        (
            partial(_flagged, thresholds=_of_answered),
            "Your thresholds are means over the items that the head answers with j. Take those "
            "that were labelled j.",
        ),
        (
            partial(_flagged, thresholds=partial(_thresholds, mean=np.median)),
            "Your thresholds are medians. The mean is asked for.",
        ),
        (
            partial(_flagged, own=True),
            "You ask also that the given class misses its own threshold. An item counts where the "
            "likeliest class among those that reach their threshold is another one.",
        ),
        (
            _any_other,
            "You flag an item when any other class reaches its threshold. Among the "
            "classes that reach theirs, the given one may be the likeliest: then the item is not "
            "flagged.",
        ),
        (
            lambda labels, p: np.flatnonzero(
                (p.argmax(axis=1) != labels)
                & (p.max(axis=1) >= _thresholds(labels, p)[p.argmax(axis=1)])
            ),
            "You look at the likeliest class of all. Where it misses its threshold, "
            "another one may reach its own: take the likeliest among those that do.",
        ),
        (
            _also_unreached,
            "You flag items that reach no threshold at all, where argmax gives class 0. Ask for "
            "reached.any(axis=1) too.",
        ),
        (
            _likeliest_of_all,
            "You compare the likeliest class of all with the label, whether it reaches its "
            "threshold or not. Take the likeliest among those that reach theirs.",
        ),
        (
            lambda labels, p: _parts(labels, p)[1],
            "These are classes, one for each item. Return the indices of the flagged items.",
        ),
        (
            _as_mask,
            "The items are right. Return their indices, not True and False: np.flatnonzero.",
        ),
        (
            partial(_flagged, strict=True),
            "Right but where a probability is equal to the threshold, as in a class of one item: "
            "at least the threshold is asked for, >=.",
        ),
        (
            _furthest_above,
            "You take the class that lies furthest above its threshold. Among those that are "
            "reached, take the one with the largest probability.",
        ),
        (
            _first_reached,
            "You take the first class that is reached: argmax of True and False gives that one. "
            "Take the one with the largest probability.",
        ),
        (
            _unless_likeliest,
            "You leave out items whose label is the likeliest class of all. They count too where "
            "that class misses its threshold and another one reaches its own.",
        ),
        (
            _misses_its_own,
            "You look at the threshold of the given class. An item is flagged because another "
            "class reaches its own.",
        ),
        (
            partial(_flagged, thresholds=_of_both),
            "Your thresholds are means over the items that are labelled j and answered with j. "
            "Take all that are labelled j.",
        ),
        (
            partial(_flagged, thresholds=_over_all_items),
            "You divide by the number of all items. Divide by the number of those labelled j: that "
            "is their mean.",
        ),
        (
            partial(_flagged, thresholds=_of_likeliest),
            "Your thresholds are means of the largest probability of each item. Take column j.",
        ),
        (
            lambda labels, p: _flagged(labels, p)[::-1],
            "The items are right. Return them in ascending order.",
        ),
        (
            _by_confidence,
            "The items are right, sorted by their probabilities. Return them in ascending order.",
        ),
        (
            lambda labels, p: _flagged(labels, p) + 1,
            "You count the items from 1. Indices count from 0.",
        ),
        (
            lambda labels, p: labels[_flagged(labels, p)],
            "These are the labels of the flagged items. Return their indices.",
        ),
        (
            lambda labels, p: _parts(labels, p)[1][_flagged(labels, p)],
            "These are the classes that the flagged items reach. Return the items' indices.",
        ),
        (
            lambda labels, p: np.setdiff1d(np.arange(len(labels)), _flagged(labels, p)),
            "These are the items that are not flagged.",
        ),
    ],
)
