"""Exercise 13.2: precision, recall and F1, without the words that are not asked for."""

from functools import partial

import numpy as np

from tlhelpers.course.answer_differences import array_of
from tlhelpers.course.exercise_book.in_turn import counted_as, in_turn, of_result
from tlhelpers.course.exercise_kinds import Function, on_drawn

NONE = (np.nan, np.nan, np.nan)


def _answers(rng, found=0, missed=0, false=0, small=0, not_asked=(0, 0)):
    """So many words of each kind in a drawn order; of those not asked for, some called capital."""
    kinds = [(1, 1), (1, 0), (0, 1), (0, 0), (-100, 1), (-100, 0)]
    words = np.repeat(kinds, [found, missed, false, small, *not_asked], axis=0)
    labels, predicted = rng.permutation(words).T
    return labels.copy(), predicted.copy()


def _draw_plain(rng):
    some = rng.integers(3, 9, 4)
    labels, predicted = _answers(rng, 4 + some[0], 2, 7 + some[1], 30, (6, 15))
    return {
        "where every word is asked for": _answers(rng, *(some + np.array([4, 0, 9, 20]))),
        "where some words are not asked for": _answers(rng, some[0], some[1], 2, 40, (5, 9)),
        "where most words are not asked for": _answers(rng, 5, 1 + some[2], 4, some[3], (50, 80)),
        "where capitals are rare": _answers(rng, 3, 1, some[0], 200 + some[1], (3, 20)),
        "where too few are called capital": _answers(rng, 4, 8 + some[3], 1, 12, (3, 4)),
        "where the arrays are int32": (labels.astype("i4"), predicted.astype("i4")),
    }


def _draw_hard(rng):
    one, two, many = (int(rng.integers(low, low + 5)) for low in (2, 4, 20))
    return {
        "where every answer is right": _answers(rng, one, 0, 0, many, (0, two)),
        "where every word is a capital, and all are called so": _answers(rng, many),
        "where nothing was called capital": _answers(rng, 0, one, 0, many, (0, two)),
        "where only words that are not asked for were called capital": _answers(
            rng, 0, one, 0, many, (two, one)
        ),
        "where nothing is a capital": _answers(rng, 0, 0, two, many, (one, two)),
        "where all capitals were missed, and others called so": _answers(
            rng, 0, two, one, many, (one, 0)
        ),
        "where nothing is a capital and nothing was called so": _answers(rng, small=many),
    }


def _all_or_none(result):
    """With one nan all count as nan, since a division that stops gives none of the three."""
    found = array_of(result)
    if found is not None and found.dtype.kind == "f" and np.isnan(found).any():
        return NONE
    return result


def _harmonic(precision, recall):
    return 2 * precision * recall / (precision + recall)


def _shares(right, called, capital, mean=_harmonic, empty=(0.0, 0.0, 0.0), if_right=False):
    """Precision, recall and their mean from three numbers of words, `empty` without a divisor."""
    precision = right / called if called else empty[0]
    recall = right / capital if capital else empty[1]
    some = right if if_right else precision + recall
    return precision, recall, mean(precision, recall) if some else empty[2]


def _measured(labels, predicted, one=1, **options):
    asked = labels != -100
    called, capital = (predicted == one) & asked, labels == one
    return _shares((called & capital).sum(), called.sum(), capital.sum(), **options)


def _with_those_not_asked_for(labels, predicted, called_ones=True, others=True):
    """Words that are not asked for count as mistakes: those called capital, and the others."""
    right = ((labels == 1) & (predicted == 1)).sum()
    called = ((predicted == 1) & (called_ones | (labels != -100))).sum()
    missed = ((predicted == 0) & ((labels == 1) | (others & (labels == -100)))).sum()
    return _shares(right, called, right + missed)


def _not_zero_is_capital(labels, predicted):
    return _measured((labels != 0).astype(int), predicted)


def _mean_of_classes(labels, predicted, weighted=False):
    of_classes = [_measured(labels, predicted, one) for one in (0, 1)]
    sizes = [(labels == one).sum() for one in (0, 1)] if weighted else None
    return tuple(np.average(of_classes, axis=0, weights=sizes))


def _accuracy(labels, predicted):
    asked = labels != -100
    return (predicted == labels)[asked].mean()


def _with_accuracy(labels, predicted):
    recall, accuracy = _measured(labels, predicted)[1], _accuracy(labels, predicted)
    return accuracy, recall, _harmonic(accuracy, recall) if accuracy + recall else 0.0


def _of_all_words(labels, predicted):
    n = (labels != -100).sum()
    return _shares(((labels == 1) & (predicted == 1)).sum(), n, n)


def _with_recall_of_small(labels, predicted):
    precision, recall = _measured(labels, predicted)[0], _measured(labels, predicted, 0)[1]
    return precision, recall, _harmonic(precision, recall) if precision + recall else 0.0


def _overlap(labels, predicted):
    """Right ones over all that are capital or were called so."""
    asked = labels != -100
    either = ((labels == 1) | (predicted == 1))[asked].sum()
    right = ((labels == 1) & (predicted == 1)).sum()
    return (*_measured(labels, predicted)[:2], right / either if either else 0.0)


F1 = Function(
    "13.2",
    praise="Three numbers of words are enough: called capital, being capital, and both. The many "
    "small words that were called small stand in none of them, and so they cannot flatter.",
    hints=(
        "Count three things among the words that are asked for: those called capital, those that "
        "are capital, and those that are both.",
        "asked = labels != -100 marks the words that count; labels[asked] and predicted[asked] are "
        "theirs. What is precision divided by, and what recall?",
        "precision = both / called and recall = both / capital, each 0 where its divisor is 0. F1 "
        "is 2 · precision · recall / (precision + recall), and 0 where `both` is 0.",
    ),
    reference=_measured,
    observe=of_result(
        _all_or_none,
        in_turn(
            _measured,
            on_drawn(_draw_plain),
            counted_as(NONE, ZeroDivisionError, on_drawn(_draw_hard)),
        ),
    ),
    mistakes=[
        (
            lambda labels, predicted: tuple(
                _measured(labels, predicted)[place] for place in (1, 0, 2)
            ),
            "Precision and recall are swapped. Precision divides by the words that were called "
            "capital, recall by those that are.",
        ),
        (
            lambda labels, predicted: tuple(
                _measured(labels, predicted)[place] for place in (2, 0, 1)
            ),
            "The three numbers are right, but F1 comes first. Return precision, recall, F1.",
        ),
        (
            partial(_measured, mean=lambda p, r: (p + r) / 2),
            "Your F1 is the plain mean of precision and recall. The harmonic one is asked for: it "
            "stays near the smaller of the two.",
        ),
        (
            partial(_measured, mean=lambda p, r: (p * r) ** 0.5),
            "Your F1 is the geometric mean. The harmonic one is asked for: "
            "2 · precision · recall / (precision + recall).",
        ),
        (
            partial(_measured, mean=lambda p, r: p * r / (p + r)),
            "Your F1 lacks the factor 2: where precision and recall are equal, F1 equals both.",
        ),
        (
            partial(_measured, mean=lambda p, r: p * r),
            "Your F1 is the product of precision and recall. Multiply it by 2 and divide by "
            "precision + recall.",
        ),
        (
            partial(_measured, mean=min),
            "Your F1 is the smaller of the two. It is near it, but both count.",
        ),
        (
            _overlap,
            "Your F1 is the overlap, right ones over all that are capital or were called so (the "
            "Jaccard index). Take 2 · precision · recall / (precision + recall).",
        ),
        (
            partial(_with_those_not_asked_for, others=False),
            "Where words are not asked for, your precision is too low: those among them that were "
            "called capital count as mistakes. Leave out all places where labels is −100.",
        ),
        (
            partial(_with_those_not_asked_for, called_ones=False),
            "Where words are not asked for, your recall is too low: they count as capitals that "
            "were missed. Leave out all places where labels is −100.",
        ),
        (
            _with_those_not_asked_for,
            "Words that are not asked for count as mistakes, since −100 is unlike 0 and 1. Leave "
            "out all places where labels is −100, in both arrays.",
        ),
        (
            _not_zero_is_capital,
            "Words that are not asked for count as capitals, since −100 is not 0. Ask "
            "labels == 1, and leave out all places where labels is −100.",
        ),
        (
            partial(_measured, one=0),
            "These are the three numbers of class 0, the small letters. The rare class 1 is asked "
            "for.",
        ),
        (
            _mean_of_classes,
            "You took the means over both classes (macro). Only class 1 is asked for.",
        ),
        (
            partial(_mean_of_classes, weighted=True),
            "You took means over both classes, weighted by how common they are, so that the common "
            "one decides. Only class 1 is asked for.",
        ),
        (
            lambda labels, predicted: (_accuracy(labels, predicted),) * 3,
            "All three are the accuracy, which the common class flatters (an average named micro "
            "gives it). Only class 1 is asked for.",
        ),
        (
            _with_accuracy,
            "In place of precision you have the accuracy. Precision looks only at the words that "
            "were called capital: which share of them is?",
        ),
        (
            _of_all_words,
            "You divided by the number of all words. Precision divides by those that were called "
            "capital, recall by those that are.",
        ),
        (
            _with_recall_of_small,
            "Your recall is that of the small letters (the specificity). Divide by the words that "
            "are capital.",
        ),
        (
            partial(_measured, empty=NONE),
            "Right where a capital was found. Where none was, you divide by 0, which stops or "
            "gives nan: return 0 there. Look at precision, recall and F1, one after another.",
        ),
        (
            partial(_measured, empty=(np.nan, 0.0, 0.0)),
            "Right where something was called capital. Where nothing was (among the words that are "
            "asked for), precision divides by 0: return 0 there.",
        ),
        (
            partial(_measured, empty=(0.0, np.nan, 0.0)),
            "Right where something is a capital. Where nothing is, recall divides by 0: return 0 "
            "there.",
        ),
        (
            partial(_measured, empty=(np.nan, np.nan, 0.0)),
            "Right where something is capital and something was called so. Where one of them is "
            "missing, precision or recall divides by 0: return 0 there.",
        ),
        (
            partial(_measured, empty=(1.0, 0.0, 0.0)),
            "Right where something was called capital. Where nothing was, your precision is 1. "
            "Nothing false was said then, but nothing right either: here it is agreed to be 0.",
        ),
        (
            partial(_measured, empty=(0.0, 1.0, 0.0)),
            "Right where something is a capital. Where nothing is, your recall is 1. Here it is "
            "agreed to be 0.",
        ),
        (
            partial(_measured, empty=(1.0, 1.0, 0.0)),
            "Right where something is capital and something was called so. Otherwise your "
            "precision or recall is 1, and F1 with both; here 0 is agreed on.",
        ),
        (
            partial(_measured, empty=(1.0, 1.0, 0.0), if_right=True),
            "Right where something is capital and something was called so. Otherwise you have a "
            "precision or recall of 1 and an F1 of 0; here all are agreed to be 0.",
        ),
    ],
)
