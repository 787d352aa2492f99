"""Exercise 02.3: a nested draw of labels."""

from itertools import pairwise

import numpy as np

from tlhelpers.course.exercise_kinds import Function
from tlhelpers.course.watched_answer import Fault

SAYS = {
    "several arrays": "That is one array per class: return a single array of indices "
    "(np.concatenate joins them).",
    "a table": "That is a table, with a row for each class perhaps: return one flat array of "
    "indices (.ravel() or np.concatenate make one).",
    "a mask": "That is a mask of True and False: return the indices, whole numbers.",
    "no list": "Return one array of indices.",
    "no whole numbers": "An index is a whole number, and yours are not (numpy makes floats where "
    "an array began empty or as zeros): use .astype(int) or begin with dtype=int.",
    "no such item": "Some indices belong to no item: they run from 0 to len(labels) - 1.",
    "labels": "These are labels. Return the indices of the drawn items, their places in `labels`.",
    "counts": "Not every class has `per_class` items: draw for each class by itself. (Drawn from "
    "all at once, large classes get more.)",
    "classes": "Not every class is drawn from: labels are names of classes, and not every whole "
    "number need be one. np.unique(labels) lists those that occur.",
    "repeats": "Some items come twice, so there are fewer labels than you count: draw without "
    "replacement.",
    "not again": "The same seed gave other items at the second call: hand the seed to "
    "np.random.default_rng.",
    "not nested": "The draw of 2 does not hold the draw of 1: points of a learning curve then "
    "differ in their drawings too. Shuffle once, then cut.",
    "always the same": "Every seed gives the same items: then ten seeds are one draw, ten times.",
    "never drawn": "Some items are never drawn, whatever the seed: shuffle all items of each "
    "class, each class for itself.",
}


def _draw(labels, per_class, seed):
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(np.flatnonzero(labels == c)) for c in np.unique(labels)]
    return np.concatenate([order[:per_class] for order in orders])


def _draw_not_nested(labels, per_class, seed):
    rng = np.random.default_rng([seed, per_class])
    classes = np.unique(labels)
    return np.concatenate(
        [rng.choice(np.flatnonzero(labels == c), per_class, replace=False) for c in classes]
    )


def _draw_from_all(labels, per_class, seed):
    order = np.random.default_rng(seed).permutation(len(labels))
    return order[: per_class * len(np.unique(labels))]


def _draw_with_repeats(labels, per_class, seed):
    rng = np.random.default_rng(seed)
    chosen = [rng.choice(np.flatnonzero(labels == c), 8) for c in np.unique(labels)]
    return np.concatenate([order[:per_class] for order in chosen])


def _draw_the_first(labels, per_class, seed):
    return np.concatenate([np.flatnonzero(labels == c)[:per_class] for c in np.unique(labels)])


def _draw_the_same_places(labels, per_class, seed):
    smallest = np.unique(labels, return_counts=True)[1].min()
    order = np.random.default_rng(seed).permutation(smallest)[:per_class]
    return np.concatenate([np.flatnonzero(labels == c)[order] for c in np.unique(labels)])


def _draw_as_list(labels, per_class, seed):
    rng = np.random.default_rng(seed)
    return [rng.permutation(np.flatnonzero(labels == c))[:per_class] for c in np.unique(labels)]


def _draw_as_mask(labels, per_class, seed):
    return np.isin(np.arange(len(labels)), _draw(labels, per_class, seed))


def _asked():
    """Labels in several situations, and the numbers per class that they allow."""
    rng = np.random.default_rng(1)
    # With few items of each class, so that in time every one of them is drawn.
    yield np.repeat(np.arange(4), [9, 12, 10, 30]), (1, 2, 8, 9)
    yield rng.permutation(np.repeat([2, 3, 7, 11, 40], [6, 14, 5, 9, 20])), (1, 2, 3, 5)
    yield rng.permutation(np.repeat([5, 1], [3, 17])), (1, 2, 3)


def _must(holds, fault):
    if not holds:
        raise Fault(SAYS[fault])


def _look_at_draws(draw):
    """Raises what is wrong with draws of several sizes and seeds, "right" if nothing is."""
    for labels, sizes in _asked():
        for seed in (7, 2**31 - 1):
            draws = [draw(labels.copy(), k, seed) for k in sizes]
            if any(drawn is None or drawn is Ellipsis for drawn in draws):
                return [None]
            draws = [_indices(drawn, labels, k) for drawn, k in zip(draws, sizes, strict=True)]
            for drawn, k in zip(draws, sizes, strict=True):
                _look_at_counts(drawn, labels, k)
            again = _indices(draw(labels.copy(), sizes[-1], seed), labels, sizes[-1])
            _must(set(again) == set(draws[-1]), "not again")
            for small, large in pairwise(draws):
                _must(set(small) <= set(large), "not nested")
        _look_at_seeds(draw, labels)
    return ["right"]


def _indices(drawn, labels, per_class):
    """What was drawn as a list of whole numbers, or a Fault that says what it is instead."""
    _must(np.iterable(drawn) and not isinstance(drawn, (str, bytes, dict)), "no list")
    if isinstance(drawn, (list, tuple, set)):
        _must(not any(np.ndim(part) for part in drawn), "several arrays")
        drawn = list(drawn)
    drawn = np.asarray(drawn)
    _must(drawn.ndim == 1, "a table")
    _must(drawn.dtype != bool, "a mask")
    _must(drawn.dtype.kind in "iu", "no whole numbers" if drawn.dtype.kind == "f" else "no list")
    classes = np.unique(labels)
    _must(per_class == 1 or list(np.sort(drawn)) != list(classes.repeat(per_class)), "labels")
    _must(bool(np.all((drawn >= 0) & (drawn < len(labels)))), "no such item")
    return drawn.tolist()


def _look_at_counts(drawn, labels, per_class):
    classes, counts = np.unique(labels[drawn], return_counts=True)
    if len(classes) < len(np.unique(labels)):
        full = (counts == per_class).all()
        raise Fault(SAYS["classes" if full else "counts"])
    _must((counts == per_class).all(), "counts")
    _must(len(set(drawn)) == len(drawn), "repeats")


def _look_at_seeds(draw, labels):
    many = [_indices(draw(labels.copy(), 2, seed), labels, 2) for seed in range(200)]
    _must(len({tuple(sorted(drawn)) for drawn in many}) > 20, "always the same")
    _must(len({item for drawn in many for item in drawn}) == len(labels), "never drawn")


DRAW = Function(
    "02.3",
    praise="One shuffled order per class and seed, cut at k: each larger draw holds the "
    "smaller one, so a curve over k does not jump because of other drawings.",
    hints=(
        "Shuffle the items of each class once, then take the first k.",
        "rng = np.random.default_rng(seed) once; rng.permutation(np.flatnonzero(labels == c)) "
        "for each class c.",
        "Read the help of draw_labels: help(draw_labels).",
    ),
    reference=_draw,
    observe=_look_at_draws,
    mistakes=[
        (_draw_not_nested, SAYS["not nested"]),
        (_draw_from_all, SAYS["counts"]),
        (_draw_with_repeats, SAYS["repeats"]),
        (_draw_the_first, SAYS["always the same"]),
        (_draw_the_same_places, SAYS["never drawn"]),
        (_draw_as_list, SAYS["several arrays"]),
        (_draw_as_mask, SAYS["a mask"]),
        (lambda *given: _draw(*given).astype(float), SAYS["no whole numbers"]),
        (lambda *given: np.stack(_draw_as_list(*given)), SAYS["a table"]),
        (lambda labels, k, seed: labels[_draw(labels, k, seed)], SAYS["labels"]),
        (lambda labels, k, seed: _draw(labels, k, None), SAYS["not again"]),
    ],
)
