"""Exercise 14.4: shares of classes from the answers, by the confusion matrix."""

from functools import partial

import numpy as np

from tlhelpers.course.exercise_kinds import Function, on_drawn


def _labels(rng, sizes):
    return rng.permutation(np.repeat(np.arange(len(sizes)), sizes))


def _answer(rng, labels, k, hit=0.8):
    """The true class, or, not so often, another; errors lean to the class above."""
    wrong = np.where(rng.random(len(labels)) < 0.7, labels + 1, labels - 1) % k
    return np.where(rng.random(len(labels)) < hit, labels, wrong)


def _situation(rng, home, away, hit=0.8):
    """Answers that hold at least one of each class's own at home, so that the matrix is regular."""
    k, labels = len(home), _labels(rng, home)
    while True:
        answered = _answer(rng, labels, k, hit)
        confusion = _confusion(labels, answered, k)
        if np.linalg.svd(confusion, compute_uv=False)[-1] > 0.15:
            return labels, answered, _answer(rng, _labels(rng, away), k, hit), k


def _below_zero(rng):
    """Class 2 is answered more rarely than its false answers alone would make it."""
    labels, answered, _, k = _situation(rng, [30, 30, 30], [5, 5, 5], 0.7)
    return labels, answered, rng.permutation(np.repeat([0, 1], [25, 9])), k


def _draw_answers(rng):
    return {
        "where there are two classes": _situation(rng, [30, 24], [9, 31]),
        "where classes are of unequal size at home": _situation(rng, [60, 20, 35], [20, 22, 25]),
        "where there are four classes": _situation(rng, [40, 30, 50, 25], [10, 40, 5, 33]),
        "where there are more new items": _situation(rng, [12, 15], [80, 31]),
        "where the head is nearly always right": _situation(rng, [20, 20, 20], [3, 9, 20], 0.95),
        "where a class is never answered, and a share is below 0": _below_zero(rng),
    }


def _confusion(labels, answered, k):
    counts = np.zeros((k, k))
    np.add.at(counts, (answered, labels), 1)
    return counts / counts.sum(axis=0)


def _said(answers, k):
    return np.bincount(answers, minlength=k) / len(answers)


def _shares(labels, answered, new, k):
    return np.linalg.solve(_confusion(labels, answered, k), _said(new, k))


def _by(change, labels, answered, new, k):
    """The shares with another matrix: what `change` makes of counts, row answered, column true."""
    counts = np.zeros((k, k))
    np.add.at(counts, (answered, labels), 1)
    return np.linalg.solve(change(counts), _said(new, k))


def _clipped(labels, answered, new, k, sum_one=False):
    found = _shares(labels, answered, new, k).clip(0)
    return found / found.sum() if sum_one else found


SHARES = Function(
    "14.4",
    praise="Nothing was assumed of the head's confidences, only that it confuses the classes of "
    "new items as it does at home. If the items of a class look other there, the estimate is "
    "wrong, and nothing in it says so.",
    hints=(
        "Begin with the matrix. Of the items of true class j, which share was answered with i?",
        "answered[labels == j] are the answers to class j; (answered[labels == j] == i).mean() is "
        "C[i, j]. np.bincount(new_answers, minlength=k) / len(new_answers) is a.",
        "np.linalg.solve(C, a) gives π with C π = a. Check that each column of C adds up to 1: "
        "C.sum(axis=0).",
    ),
    reference=_shares,
    observe=on_drawn(_draw_answers),
    mistakes=[
        (
            lambda labels, answered, new, k: _said(new, k),
            "These are the shares of the answers. The mistakes are still in them: solve C π = a.",
        ),
        (
            partial(_by, lambda counts: (counts / counts.sum(axis=0)).T),
            "Rows and columns of C are swapped: row i is the answer, column j the true class.",
        ),
        (
            partial(_by, lambda counts: counts / counts.sum(axis=1, keepdims=True).clip(1)),
            "You divided each row by its sum: the share of true classes behind an answer. Divide "
            "each column: the share of answers to a true class.",
        ),
        (
            partial(_by, lambda counts: (counts / counts.sum(axis=1, keepdims=True).clip(1)).T),
            "You divided by how often a class was answered, and swapped rows and columns. Divide "
            "by how often it is true: each column adds up to 1.",
        ),
        (
            partial(_by, lambda counts: counts / counts.sum()),
            "You divided by the number of all held-out items. What you solved for are weights, new "
            "share over share at home. For the shares, each column of C adds up to 1.",
        ),
        (
            partial(_by, lambda counts: counts),
            "C holds counts. Divide each column by its sum.",
        ),
        (
            lambda labels, answered, new, k: _confusion(labels, answered, k) @ _said(new, k),
            "You multiplied by C, which puts the mistakes in once more. Solve C π = a.",
        ),
        (
            lambda labels, answered, new, k: _confusion(labels, answered, k).T @ _said(new, k),
            "You multiplied by C. Solve C π = a: np.linalg.solve(C, a).",
        ),
        (
            lambda labels, answered, new, k: _shares(labels, answered, answered, k),
            "These are the shares at home. Those of the new items are asked for: count a among "
            "new_answers.",
        ),
        (
            lambda labels, answered, new, k: _shares(labels, answered, new, k) * len(new),
            "These are numbers of items. Divide a by the number of new answers.",
        ),
        (
            _clipped,
            "Right where no share is below 0. Leave what is below 0 as it is.",
        ),
        (
            partial(_clipped, sum_one=True),
            "Right where no share is below 0. You cut off what is below 0 and made the rest add up "
            "to 1, as the course's own function does. Here leave it as it is.",
        ),
        (
            lambda labels, answered, new, k: np.abs(_shares(labels, answered, new, k)),
            "Right where no share is below 0. You dropped the sign: leave it.",
        ),
        (
            lambda labels, answered, new, k: _shares(labels, answered, new, k)[:, None],
            "The values are right, but they stand in a column. Return the shape (k,).",
        ),
    ],
)
