"""Exercise 14.1: the expected calibration error."""

from functools import partial

import numpy as np

from tlhelpers.course.exercise_kinds import Function, on_drawn


def _answers(rng, edges, counts, right=0.7):
    """So many answers per interval, none at an end, in a drawn order."""
    parts = [
        rng.uniform(low + 0.05 * (high - low), high - 0.05 * (high - low), count)
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
    ]
    confidence = rng.permutation(np.concatenate(parts))
    return confidence, rng.random(len(confidence)) < right, np.array(edges)


def _at_ends(rng):
    """Confidences of which many are an end exactly."""
    edges = np.array([0.25, 0.5, 0.75, 1.0])
    confidence = rng.permutation(np.repeat([0.375, 0.5, 0.625, 0.75, 1.0], [2, 5, 3, 4, 3]))
    return confidence, rng.permutation(np.arange(17) < 9), edges


def _draw_answers(rng):
    five = np.linspace(0.5, 1, 6)
    many, right, edges = _answers(rng, five, [6, 3, 8, 14, 9])
    return {
        "where the intervals have one width": (many, right, edges),
        "where there are four classes": _answers(rng, np.linspace(0.25, 1, 5), [4, 7, 2, 11], 0.5),
        "where the intervals have unequal widths": _answers(rng, [0.5, 0.6, 0.9, 1.0], [5, 9, 3]),
        "where there is one interval": _answers(rng, [0.5, 1.0], [13]),
        "where nothing is right": _answers(rng, five[:4], [3, 4, 8], 0),
        "where there is one answer": _answers(rng, [0.5, 1.0], [1], 1),
        "where a confidence equals an end": _at_ends(rng),
        "where an interval is empty": _answers(rng, five, [5, 0, 7, 4, 0]),
        "where the confidences are float32": (many.astype("f4"), right, edges),
    }


def _intervals(confidence, edges, closed_right=True):
    side = "left" if closed_right else "right"
    return np.searchsorted(edges, confidence, side) - 1


def _of_intervals(confidence, right, edges, closed_right=True, middle=False, power=1, sign=np.abs):
    """For each interval that holds an answer: its error, and how many answers there are."""
    place = _intervals(confidence, edges, closed_right)
    errors, counts = [], []
    for i in range(len(edges) - 1):
        own = place == i
        if own.any():
            of_interval = (edges[i] + edges[i + 1]) / 2 if middle else confidence[own].mean()
            errors.append(sign(of_interval - right[own].mean()) ** power)
            counts.append(own.sum())
    return np.array(errors), np.array(counts)


def _error(confidence, right, edges, **options):
    errors, counts = _of_intervals(confidence, right, edges, **options)
    return float((errors * counts).sum() / len(confidence))


def _nan_where_empty(confidence, right, edges):
    empty = len(np.unique(_intervals(confidence, edges))) < len(edges) - 1
    return np.nan if empty else _error(confidence, right, edges)


ERROR = Function(
    "14.1",
    praise="Each answer counts once, whatever interval it falls into. So a wide gap that few "
    "answers have weighs little, and two models of one error may promise very different things.",
    hints=(
        "Go through the intervals one by one. Which answers belong to this one, and what is the "
        "mean of their confidences, and of right?",
        "own = (low < confidence) & (confidence <= high) marks them; "
        "abs(confidence[own].mean() - right[own].mean()) is the error of the interval.",
        "Multiply each interval's error by own.sum(), add these up, and divide by len(confidence). "
        "Where own.any() is False there is nothing to add.",
    ),
    reference=_error,
    observe=on_drawn(_draw_answers),
    mistakes=[
        (
            lambda c, r, e: float(_of_intervals(c, r, e)[0].mean()),
            "You took the plain mean over the intervals. Each counts by its number of answers.",
        ),
        (
            lambda c, r, e: float(_of_intervals(c, r, e)[0].sum() / (len(e) - 1)),
            "You divided by the number of intervals, the empty ones among them. Each interval "
            "counts by its number of answers.",
        ),
        (
            partial(_error, sign=lambda gap: gap),
            "You left out the absolute value: too much in one interval and too little in another "
            "must not cancel out.",
        ),
        (
            partial(_error, sign=lambda gap: -gap),
            "You left out the absolute value, and the sign is turned round.",
        ),
        (
            lambda c, r, e: float(abs(c.mean() - r.mean())),
            "That is the distance of both means over all answers. Take it within each interval "
            "first, so that too much here and too little there do not cancel out.",
        ),
        (
            lambda c, r, e: float(np.abs(c - r).mean()),
            "You took the distance for each answer by itself. A single answer is right or wrong; "
            "compare the means of an interval.",
        ),
        (
            partial(_error, middle=True),
            "You compared with the middle of each interval. Take the mean of the confidences that "
            "lie in it.",
        ),
        (
            partial(_error, closed_right=False),
            "An answer whose confidence equals an end belongs to the interval below: "
            "low < confidence <= high.",
        ),
        (
            lambda c, r, e: float(_of_intervals(c, r, e)[0].max()),
            "That is the largest error of an interval. The weighted mean is asked for.",
        ),
        (
            partial(_error, power=2),
            "You squared the errors. Take the absolute difference.",
        ),
        (
            lambda c, r, e: float(np.sqrt(_error(c, r, e, power=2))),
            "You took the root of the mean of squares. Take the mean of absolute differences.",
        ),
        (
            lambda c, r, e: _error(c, r, e) * len(c),
            "You added up error times answers, and did not divide by the number of all answers.",
        ),
        (
            lambda c, r, e: 100 * _error(c, r, e),
            "These are percent. Return a share, between 0 and 1.",
        ),
        (
            lambda c, r, e: float(((c - r) ** 2).mean()),
            "That is the Brier score, the mean of squares over single answers.",
        ),
        (
            _nan_where_empty,
            "Right where each interval holds an answer. The mean of no answers is nan, and it "
            "spoils the sum: skip empty intervals.",
        ),
    ],
)
