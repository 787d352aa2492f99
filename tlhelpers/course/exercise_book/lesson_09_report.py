"""Exercise 09.4: choose an epoch on held-out items, and report it on test items."""

import numpy as np

from tlhelpers.course.exercise_kinds import Function, on_drawn


def _accuracies(rng, seeds, epochs, items=200):
    """Held-out and test accuracies of some seeds that learn, then stay."""
    rise = 1 - np.exp(-np.arange(1, epochs + 1) / 4)
    return [rng.binomial(items, 0.3 + 0.5 * rise, (seeds, epochs)) / items for _ in "vt"]


def _with_ties(rng):
    valid, test = _accuracies(rng, 5, 8)
    best = valid.max(axis=1)
    for row, top in zip(valid, best, strict=True):
        row[rng.choice(8, 3, replace=False)] = top
    return valid, test


def _draw(rng) -> dict[str, tuple]:
    return {
        "where there are several seeds and epochs": _accuracies(rng, 6, 12),
        "where there are as many seeds as epochs": _accuracies(rng, 7, 7),
        "where the held-out side is small": _accuracies(rng, 5, 30, items=12),
        "where there is one seed": _accuracies(rng, 1, 15),
        "where there is one epoch": _accuracies(rng, 4, 1),
        "where several epochs are equally good": _with_ties(rng),
    }


def _at(test, epochs):
    return test[np.arange(len(test)), epochs]


def _last_of_equals(valid, test):
    return _at(test, valid.shape[1] - 1 - valid[:, ::-1].argmax(axis=1)).mean()


def _all_of_equals(valid, test):
    best = valid == valid.max(axis=1, keepdims=True)
    return float(np.mean([row[own].mean() for row, own in zip(test, best, strict=True)]))


def _best_of_equals(valid, test):
    best = valid == valid.max(axis=1, keepdims=True)
    return np.where(best, test, -1).max(axis=1).mean()


def _report(valid, test):
    return _at(test, valid.argmax(axis=1)).mean()


REPORT = Function(
    "09.4",
    praise="The test side has chosen nothing, so its number holds for new items as well, up to "
    "chance. And each seed chooses for itself, as whoever has one run must.",
    hints=(
        "Two steps: where is the held-out accuracy of a seed highest? What is the test accuracy "
        "there?",
        "valid.argmax(axis=1) gives an epoch for each seed, of equal ones the first.",
        "test[np.arange(len(test)), epochs] takes one column from each row; then the mean.",
    ),
    reference=_report,
    observe=on_drawn(_draw),
    mistakes=[
        (
            lambda valid, test: test.max(axis=1).mean(),
            "You took the highest test accuracy of each seed: the test side chose the epoch. Let "
            "`valid` choose.",
        ),
        (
            lambda valid, test: valid.max(axis=1).mean(),
            "You report the held-out accuracy at its own best epoch. It was picked for being "
            "high; report `test` there.",
        ),
        (
            lambda valid, test: _at(valid, test.argmax(axis=1)).mean(),
            "The two sides have swapped their parts: `valid` chooses, `test` judges.",
        ),
        (
            lambda valid, test: test[:, valid.mean(axis=0).argmax()].mean(),
            "You chose one epoch for all seeds, by the mean. Each seed chooses for itself: "
            "valid.argmax(axis=1).",
        ),
        (
            lambda valid, test: test.mean(axis=0).max(),
            "You took the epoch with the highest mean test accuracy: the test side chose.",
        ),
        (
            lambda valid, test: test[np.unravel_index(valid.argmax(), valid.shape)],
            "That is the one best seed. The mean over all seeds is asked for, lucky or not.",
        ),
        (
            lambda valid, test: test.max(),
            "That is the highest of all test accuracies. Let `valid` choose, in each seed.",
        ),
        (
            lambda valid, test: test[:, -1].mean(),
            "You took the last epoch. The epoch with the highest held-out accuracy is asked for.",
        ),
        (
            lambda valid, test: test.mean(),
            "That is the mean over all epochs. Choose one epoch in each seed.",
        ),
        (
            lambda valid, test: test[:, valid.argmax(axis=1)].mean(),
            "test[:, epochs] takes every chosen epoch of every seed. Take one from each row: "
            "test[np.arange(len(test)), epochs].",
        ),
        (
            lambda valid, test: float(np.median(_at(test, valid.argmax(axis=1)))),
            "You took the median over seeds. The mean is asked for.",
        ),
        (
            lambda valid, test: _at(test, valid.argmin(axis=1)).mean(),
            "You took the lowest held-out accuracy. It is no loss: higher is better.",
        ),
        (
            lambda valid, test: _at(test, valid.argmax(axis=1)),
            "These are the accuracies of the seeds. Return their mean, one number.",
        ),
        (
            _last_of_equals,
            "Right where one epoch is best. Of equally good ones take the first.",
        ),
        (
            _all_of_equals,
            "Right where one epoch is best. Of equally good ones take the first, not their mean.",
        ),
        (
            _best_of_equals,
            "Right where one epoch is best. Of equally good ones you took the one that is best on "
            "the test side: that lets it choose again. Take the first.",
        ),
    ],
)
