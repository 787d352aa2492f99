"""Exercise 07.4: pseudo-labels, chosen within each predicted class."""

from functools import partial

import numpy as np

from tlhelpers.course.answer_differences import array_of
from tlhelpers.course.exercise_book.in_turn import of_result, parts_of
from tlhelpers.course.exercise_kinds import Function, on_drawn
from tlhelpers.course.watched_answer import Fault


def _probabilities(rng, m, lean, sharp=1.5):
    """One row per item; `lean` makes some classes likelier than others."""
    scores = np.exp(sharp * (rng.normal(size=(m, len(lean))) + np.array(lean)))
    return scores / scores.sum(axis=1, keepdims=True)


def _two_classes(first):
    return np.stack([first, 1 - np.array(first)], axis=1)


def _of_counts(rng, counts):
    """Rows of which `counts` are predicted for each class, in a drawn order."""
    labels = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    rest = rng.dirichlet(np.ones(len(counts)), len(labels)) * 0.45
    rows = rest + np.eye(len(counts))[labels] * 0.55
    return rows


def _draw_guesses(rng):
    rows = _probabilities(rng, int(rng.integers(22, 30)), [0.9, 0, -0.4])
    never = _probabilities(rng, 17, [0.3, -9, 0, 0.2])
    tied = _two_classes(rng.choice([0.1, 0.2, 0.3, 0.7, 0.8, 0.9], 26))
    flat = _probabilities(rng, 25, [0.1, 0, 0], sharp=0.3)
    return {
        "where classes are of unequal size": (rows, rng.uniform(0.35, 0.45)),
        "where there are two classes": (_probabilities(rng, 15, [0.5, 0]), 0.55),
        "where a class is never predicted": (never, 0.6),
        "where a class is predicted once": (_of_counts(rng, [1, 9, 6]), 0.7),
        "where items are equally confident": (tied, 0.45),
        "where the model is nowhere confident": (flat, 0.5),
        "where all items are taken": (_probabilities(rng, 9, [0, 0.2]), 1.0),
        "where a class sends no item": (_of_counts(rng, [14, 2, 11]), 0.2),
        "where share · count ends in a half": (_of_counts(rng, [5, 7, 9]), 0.5),
        "where there are many classes": (_probabilities(rng, 40, [0] * 6), 0.3),
        "where the probabilities are float32": (rows[:14].astype("f4"), 0.5),
    }


def _number(share, own, probabilities):
    return round(share * len(own))


def _most_confident(confidence, number):
    return np.argsort(-confidence, kind="stable")[:number]


def _of_each_class(probabilities, share, pick=_most_confident, number=_number):
    """The chosen items of each predicted class, class after class, as `pick` orders them."""
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    owns = [np.flatnonzero(predicted == label) for label in np.unique(predicted)]
    return [own[pick(confidence[own], int(number(share, own, probabilities)))] for own in owns]


def _pseudo(probabilities, share, **options):
    items = np.sort(np.concatenate(_of_each_class(probabilities, share, **options)))
    return items, probabilities.argmax(axis=1)[items]


def _class_after_class(probabilities, share, order=np.array):
    items = np.concatenate([order(part) for part in _of_each_class(probabilities, share)])
    return items, probabilities.argmax(axis=1)[items]


def _labels_left_behind(probabilities, share):
    _, labels = _class_after_class(probabilities, share)
    return _pseudo(probabilities, share)[0], labels


def _most_confident_of_all(probabilities, share):
    items = np.sort(_most_confident(probabilities.max(axis=1), round(share * len(probabilities))))
    return items, probabilities.argmax(axis=1)[items]


def _above_share(probabilities, share):
    items = np.flatnonzero(probabilities.max(axis=1) >= share)
    return items, probabilities.argmax(axis=1)[items]


def _by_column(probabilities, share):
    """Whatever an item's predicted class is, the highest probabilities of each column."""
    counts = np.bincount(probabilities.argmax(axis=1), minlength=probabilities.shape[1])
    parts = [
        _most_confident(column, round(share * count))
        for column, count in zip(probabilities.T, counts, strict=True)
    ]
    items = np.concatenate(parts)
    order = np.argsort(items, kind="stable")
    return items[order], np.repeat(np.arange(len(parts)), [len(part) for part in parts])[order]


def _places_within_classes(probabilities, share):
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    found = []
    for label in np.unique(predicted):
        own = confidence[predicted == label]
        found += [(place, label) for place in _most_confident(own, round(share * len(own)))]
    items, labels = np.array(sorted(found)).T
    return items, labels


def _as_mask(probabilities, share):
    items, labels = _pseudo(probabilities, share)
    return np.isin(np.arange(len(probabilities)), items), labels


def _of_ints(result):
    """Both arrays; a Fault if one holds whole numbers as floats, which can pick no item."""
    parts = parts_of(result)
    if isinstance(parts, (list, tuple)) and len(parts) == 2:
        for name, part in zip(("items", "classes"), parts, strict=True):
            array = array_of(part)
            if array is not None and array.dtype.kind == "f" and _whole(array):
                raise Fault(
                    f"Your {name} are {array.dtype} numbers. Two int arrays are asked for: floats "
                    "pick no rows, as in probabilities[items]. np.array([]) is float, and so is "
                    "whatever is appended to it."
                )
    return parts


def _whole(array):
    return array.size > 0 and (array == np.rint(array)).all()


def _look_at_none_taken(function):
    """A Fault for [-n:], which takes a whole class where n is 0, in whatever order it is."""

    def call(probabilities, share):
        result = function(probabilities, share)
        two = isinstance(result, (list, tuple)) and len(result) == 2
        if two and _takes_whole_classes_for_none(array_of(result[0]), probabilities, share):
            raise Fault(
                "Where round(share * count) is 0, a class sends no item, and yours sends all of "
                "them: order[-n:] is everything where n is 0. Order by -confidence, and take [:n]."
            )
        return result

    return on_drawn(_draw_guesses)(call)


def _takes_whole_classes_for_none(items, probabilities, share):
    """Whether the numbers of items are right, but for classes that send all in place of none."""
    predicted = probabilities.argmax(axis=1)
    if items is None or not np.isin(items, np.arange(len(predicted))).all():
        return False
    own = np.bincount(predicted)
    right = np.array([round(share * count) for count in own])
    taken = np.bincount(predicted[items.astype(int).ravel()], minlength=len(own))
    none = (right == 0) & (own > 1)
    return none.any() and (taken == np.where(none, own, right)).all()


PSEUDO = Function(
    "07.4",
    praise="Each class sends its most confident items, so an easy class does not crowd out "
    "the others. "
    "The labels are guesses all the same: a mistake the model is sure of goes in, too.",
    hints=(
        "Find for each item its predicted class and its confidence. Then go through the "
        "classes one by one.",
        "probabilities.argmax(axis=1) and probabilities.max(axis=1) are the two. "
        "np.flatnonzero(predicted == label) are the items of one class; order these by how "
        "sure they are, and take the first round(share * len(own)).",
        'Go through a table of five rows by hand. np.argsort(-confidence, kind="stable") '
        "keeps equal "
        "ones in order; sort the items at the very end, then look their labels up.",
    ),
    reference=_pseudo,
    observe=of_result(_of_ints, _look_at_none_taken),
    mistakes=[
        (
            _most_confident_of_all,
            "You took the most confident items of all classes together. A class about which "
            "the model "
            "is less confident then sends few or none. Choose within each predicted class.",
        ),
        (
            _above_share,
            "You used the share as a threshold of the probability. It says how many items of "
            "each class to take.",
        ),
        (
            partial(_pseudo, pick=lambda confidence, number: _most_confident(-confidence, number)),
            "You took the least confident items. np.argsort puts the smallest first.",
        ),
        (
            _class_after_class,
            "The right items, but class after class, the most confident first. Return them in "
            "ascending order, their labels with them.",
        ),
        (
            partial(_class_after_class, order=np.sort),
            "The right items, ascending within each class only. Sort all of them, and their "
            "labels with them.",
        ),
        (
            _labels_left_behind,
            "You sorted the items and left the labels in their old order: they belong to "
            "others now. Look them up again: predicted[items].",
        ),
        (
            partial(_pseudo, number=lambda share, own, p: share * len(own)),
            "You rounded down. round() goes to the nearest whole number.",
        ),
        (
            partial(_pseudo, number=lambda share, own, p: np.ceil(share * len(own))),
            "You rounded up. round() goes to the nearest whole number.",
        ),
        (
            partial(_pseudo, number=lambda share, own, p: round((1 - share) * len(own))),
            "You left out as many as should be taken: share is the part that is kept.",
        ),
        (
            partial(_pseudo, number=lambda share, own, p: round(share * p.size / p.shape[1])),
            "You took round(share * m) items of each class, m being the number of all items. "
            "Multiply by the number of items with that predicted class.",
        ),
        (
            partial(_pseudo, number=lambda share, own, p: round(share * len(p) / p.shape[1])),
            "You took as many items of each class. A class that is predicted often sends more: "
            "multiply by its own number of items.",
        ),
        (
            _by_column,
            "You searched each column among all items. An item counts for its predicted class "
            "alone, so search among the items with that class.",
        ),
        (
            _places_within_classes,
            "These are places within a class. own[places] gives the items' numbers in the "
            "whole array.",
        ),
        (
            partial(
                _pseudo,
                pick=lambda confidence, n: np.argsort(confidence, kind="stable")[
                    len(confidence) - n :
                ],
            ),
            "Among equally confident items at the edge you took the last ones. Take the first.",
        ),
        (
            partial(_pseudo, pick=lambda confidence, number: np.arange(number)),
            "You took the first items of each class. Order them by their confidence first.",
        ),
        (
            lambda p, share: (_pseudo(p, share)[0], p.max(axis=1)[_pseudo(p, share)[0]]),
            "The second array holds confidences. The predicted classes are asked for: argmax.",
        ),
        (
            lambda p, share: np.stack(_pseudo(p, share), axis=1),
            "You made a pair of each item and its class. Return two arrays: items, labels.",
        ),
        (
            lambda p, share: tuple(part[::-1] for part in _pseudo(p, share)),
            "The items stand in descending order. Return them in ascending order.",
        ),
        (
            partial(_pseudo, number=lambda share, own, p: int(share * len(own) + 0.5)),
            "You rounded a half up. round() takes a half to the even number, and the exercise says "
            "round(share * count).",
        ),
        (
            partial(_pseudo, number=lambda share, own, p: max(1, round(share * len(own)))),
            "You took at least one item of each class. Where round(share * count) is 0, a class "
            "sends none.",
        ),
        (
            partial(_pseudo, number=lambda share, own, p: round(share * len(own)) + 1),
            "You took one item too many of each class: the slice [:n] holds n items.",
        ),
        (
            lambda p, share: tuple(part + 1 for part in _pseudo(p, share)),
            "You counted from 1. Items and classes are counted from 0.",
        ),
        (
            _as_mask,
            "You gave True and False for every item. The items' numbers are asked for: "
            "np.flatnonzero makes them out of a mask.",
        ),
        (
            lambda p, share: (_pseudo(p, share)[0], p.argmax(axis=1)),
            "These are the labels of all items. Return those of the chosen ones alone.",
        ),
        (
            lambda p, share: _pseudo(p, share)[0],
            "The items are right, but their labels are missing: return items, labels.",
        ),
        (
            lambda p, share: _pseudo(p, share)[::-1],
            "Items and labels are swapped: the items come first.",
        ),
    ],
)
