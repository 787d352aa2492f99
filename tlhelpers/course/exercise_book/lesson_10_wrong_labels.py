"""Exercise 10.3: labels that are likely to be wrong, by confident learning."""

from functools import partial

import numpy as np

from tlhelpers.course.exercise_kinds import Function, on_drawn


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


def _draw_labels(rng):
    return {
        "where there are two classes": _situation(rng, [30, 24]),
        "where there are four classes": _situation(rng, [20, 25, 15, 30]),
        "where the head prefers one class": _situation(rng, [25, 25, 25], lean=1),
        "where the head is seldom confident": _situation(rng, [30, 30, 30], sharp=1.0),
        "where one class is small": _situation(rng, [50, 4, 30]),
        "where no label was changed": _situation(rng, [20, 20], wrong=0.0, sharp=4.0),
    }


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
    """Which bars are reached, and the likeliest class among those that are."""
    reached = probabilities >= _thresholds(labels, probabilities)
    return reached, np.where(reached, probabilities, -1).argmax(axis=1)


def _also_unreached(labels, probabilities):
    return np.flatnonzero(_parts(labels, probabilities)[1] != labels)


def _likeliest_of_all(labels, probabilities):
    reached = _parts(labels, probabilities)[0].any(axis=1)
    return np.flatnonzero(reached & (probabilities.argmax(axis=1) != labels))


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
    praise="Each class has its own bar: how confident the head is, on average, where that class "
    "was given. A class that the head likes too much has a high bar, one it hardly dares to name "
    "a low one. Northcutt and others call this confident learning.",
    hints=(
        "Two steps. First one number for each class: how probable does the head find class j, on "
        "average, among the items that were labelled j? Then go through the items.",
        "bars = np.array([probabilities[labels == j, j].mean() for j in range(k)]); reached = "
        "probabilities >= bars. Among the classes that an item reaches, which has the largest "
        "probability?",
        "best = np.where(reached, probabilities, -1).argmax(axis=1); an item is flagged where "
        "reached.any(axis=1) & (best != labels). Return np.flatnonzero of that.",
    ),
    reference=_flagged,
    observe=on_drawn(_draw_labels),
    mistakes=[
        (
            lambda labels, p: np.flatnonzero(p.argmax(axis=1) != labels),
            "These are all the items that the head answers otherwise. Ask more: the other class "
            "must reach its own bar.",
        ),
        (
            partial(_flagged, thresholds=lambda labels, p: np.full(p.shape[1], 0.5)),
            "You took one half as the bar of every class. Each class has its own: the mean "
            "probability of j among the items that were labelled j.",
        ),
        (
            partial(_flagged, thresholds=_of_all),
            "Your bars are means over all items. Take, for class j, the items labelled j only.",
        ),
        (
            partial(_flagged, thresholds=_of_given),
            "You took one bar for all classes. Each class has its own.",
        ),
        (
            partial(_flagged, thresholds=_of_answered),
            "Your bars are means over the items that the head answers with j. Take those that were "
            "labelled j.",
        ),
        (
            partial(_flagged, thresholds=partial(_thresholds, mean=np.median)),
            "Your bars are medians. The mean is asked for.",
        ),
        (
            partial(_flagged, own=True),
            "You ask also that the given class misses its own bar. An item counts where the "
            "likeliest class among those that reach their bar is another one.",
        ),
        (
            _any_other,
            "You flag an item when any other class reaches its bar. Among the classes that reach "
            "theirs, the given one may be the likeliest: then the item is none.",
        ),
        (
            lambda labels, p: np.flatnonzero(
                (p.argmax(axis=1) != labels)
                & (p.max(axis=1) >= _thresholds(labels, p)[p.argmax(axis=1)])
            ),
            "You look at the likeliest class of all. Where it misses its bar, another one may "
            "reach its own: take the likeliest among those that do.",
        ),
        (
            _also_unreached,
            "You flag items that reach no bar at all, where argmax gives class 0. Ask for "
            "reached.any(axis=1) too.",
        ),
        (
            _likeliest_of_all,
            "You compare the likeliest class of all with the label, whether it reaches its bar or "
            "not. Take the likeliest among those that reach theirs.",
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
            lambda labels, p: len(_flagged(labels, p)),
            "That is how many there are. Return which: their indices.",
        ),
        (
            lambda labels, p: np.setdiff1d(np.arange(len(labels)), _flagged(labels, p)),
            "These are the items that are not flagged.",
        ),
    ],
)
