"""Variants of the exercises of lesson 13."""

from __future__ import annotations

import numpy as np

from tlhelpers.course.grading.ways import Way, of_arguments, of_result, only


def _numbered_from_one(word_of_token, labels):
    return [word if word is None else word + 1 for word in word_of_token], labels


def _marks_as_numbers(word_of_token, labels):
    return [-1 if word is None else word for word in word_of_token], labels


TOKENS = (
    Way(
        "words counted from 1",
        (
            ("counted from 0, or `None` for a mark", "**counted from 1**, or `None` for a mark"),
            ("gives it as `word_ids()`.", "gives it as `word_ids()`, counted from 0."),
        ),
        (("int(labels[word])", "int(labels[word - 1])"),),
        of_arguments(_numbered_from_one),
    ),
    Way(
        "−1 for marks",
        (
            ("or `None` for a mark", "or **−1** for a mark"),
            ("gives it as `word_ids()`.", "gives it as `word_ids()`, with `None` for a mark."),
        ),
        (("if word is None or", "if word == -1 or"),),
        of_arguments(_marks_as_numbers),
    ),
)


def _out_of_per_cent(result, *given):
    precision, recall, f1 = result
    return precision / 100, recall / 100, f1 / 100


def _f1_last(result, *given):
    f1, precision, recall = result
    return precision, recall, f1


def _as_probabilities(labels, predicted):
    """Above 0.5 for what was called capital, below for the rest, never 0.5 itself."""
    beyond = np.linspace(0.01, 0.49, len(predicted))
    return labels, np.where(predicted == 1, 0.5 + beyond, beyond)


_THREE = "return float(precision), float(recall), float(f1)"
SHARES = (
    Way(
        "in per cent",
        (("of class 1 as three floats.", "of class 1 **in per cent**, as three floats."),),
        ((_THREE, "return float(100 * precision), float(100 * recall), float(100 * f1)"),),
        of_result(_out_of_per_cent),
    ),
    Way(
        "F1 first",
        (
            (
                "Return precision, recall and F1 of class 1",
                "Return **F1, precision and recall**, in this order, of class 1",
            ),
        ),
        ((_THREE, "return float(f1), float(precision), float(recall)"),),
        of_result(_f1_last),
    ),
    Way(
        "probabilities of a capital",
        (
            (
                "`labels` and `predicted` (int arrays of shape (n,)) hold 1 for a capital, 0 for a "
                "small letter, and",
                "`labels` (int array of shape (n,)) holds 1 for a capital, 0 for a small letter. "
                "`predicted` (float array of shape (n,)) holds the **probability** of a capital: "
                "a word was called capital where it is above 0.5. Beside 1 and 0,",
            ),
        ),
        (("(predicted == 1)", "(predicted > 0.5)"),),
        of_arguments(_as_probabilities),
    ),
)


def _by_side(result, first, second, learned):
    if sorted(only(dict, result)) != ["learn", "test"]:
        raise ValueError("other keys")
    return result["learn"], result["test"]


def _of_numbers(result, first, second, learned):
    sides = np.asarray(result)
    if sides.shape != first.shape or not np.isin(sides, (0, 1, 2)).all():
        raise ValueError("not 0, 1 or 2 for each pair")
    return np.flatnonzero(sides == 1), np.flatnonzero(sides == 2)


_PLACES = (
    "return np.flatnonzero(known_first & known_second), "
    "np.flatnonzero(~known_first & ~known_second)"
)
PAIRS = (
    Way(
        "both halves in one array",
        (
            (
                "`first` and `second` (int arrays of shape (n,)) hold the article of each half of "
                "a pair,",
                "`pairs` (int array of shape **(n, 2)**) holds, in each row, the articles of the "
                "first and the second half of a pair,",
            ),
        ),
        (
            ("def sort_pairs(first, second, learned):", "def sort_pairs(pairs, learned):"),
            (
                "known_first, known_second = np.isin(first, learned), np.isin(second, learned)",
                "known_first, known_second = np.isin(pairs, learned).T",
            ),
        ),
        of_arguments(lambda first, second, learned: (np.stack([first, second], axis=1), learned)),
    ),
    Way(
        "a dict of places",
        (
            (
                "Return two int arrays: the places",
                'Return a **dict** of two int arrays: at `"learn"` the places',
            ),
            ("and of those whose", 'and at `"test"` the places of those whose'),
        ),
        (
            (
                _PLACES,
                'return {"learn": np.flatnonzero(known_first & known_second),\n'
                '            "test": np.flatnonzero(~known_first & ~known_second)}',
            ),
        ),
        of_result(_by_side),
    ),
    Way(
        "a number for each pair",
        (
            (
                "Return two int arrays: the places of the pairs (counted from 0)",
                "Return **one int array of shape (n,)**, with 1 for the pairs",
            ),
            ("and of those whose", "2 for those whose"),
            (
                "for the test, each in ascending order.",
                "for the test, and 0 for the pairs that stand on both sides.",
            ),
        ),
        (
            (
                _PLACES,
                "return np.where(known_first & known_second, 1, "
                "np.where(known_first | known_second, 0, 2))",
            ),
        ),
        of_result(_of_numbers),
    ),
)

WAYS: dict[str, tuple[Way, ...]] = {
    "13.1": TOKENS,
    "13.2": SHARES,
    "13.3": PAIRS,
}
