"""Exercise 14.3: the conformal bound, a quantile with its n + 1."""

from functools import partial

import numpy as np

from tlhelpers.course.exercise_kinds import Function, on_drawn


def _scores(rng, n):
    return rng.permutation(rng.beta(1.5, 4, n))


def _draw_scores(rng):
    # (n + 1)(1 − alpha) is a whole number only where floats have it exactly.
    tens = 10 * int(rng.integers(2, 7))
    tied = rng.permutation(np.repeat([0.1, 0.3, 0.6, 0.9], [9, 8, 5, 4]))
    return {
        "where one of ten may be missed": (_scores(rng, tens + int(rng.integers(1, 8))), 0.1),
        "where one of five may be missed": (_scores(rng, tens + 1), 0.2),
        "where (n + 1)(1 − alpha) is a whole number": (_scores(rng, 4 * tens - 1), 0.25),
        "where every second may be missed": (_scores(rng, 2 * int(rng.integers(5, 9))), 0.5),
        "where nearly all may be missed": (_scores(rng, tens + 3), 0.875),
        "where scores are equal": (tied, 0.1),
        "where the largest score is the bound": (_scores(rng, int(rng.integers(15, 30))), 0.0625),
        "where there are too few scores": (_scores(rng, int(rng.integers(3, 8))), 0.1),
        "where there is one score": (_scores(rng, 1), 0.25),
        "where the scores are float32": (_scores(rng, tens + 4).astype("f4"), 0.1),
    }


def _rank(n, alpha):
    return int(np.ceil((n + 1) * (1 - alpha)))


def _bound(scores, alpha, rank=_rank, beyond=np.inf, sort=np.sort):
    """The score of a rank, counted from 1, or `beyond` where there is none so high."""
    place = rank(len(scores), alpha)
    if place <= len(scores):
        return float(sort(scores)[max(place, 1) - 1])
    return float(scores.max()) if beyond == "largest" else beyond


def _quantile(scores, alpha, method, rank=_rank):
    """numpy's quantile at rank / n; infinity beyond."""
    level = rank(len(scores), alpha) / len(scores)
    return np.inf if level > 1 else float(np.quantile(scores, level, method=method))


BOUND = Function(
    "14.3",
    praise="The new score has n + 1 places among n held-out ones, each as likely. Where even the "
    "largest of them is not enough, only a set with all classes keeps the promise.",
    hints=(
        "Sort the scores and count. Which place has the bound, counted from 1?",
        "rank = int(np.ceil((len(scores) + 1) * (1 - alpha))). The r-th smallest has the index "
        "r − 1 in the sorted array.",
        "With 19 scores and alpha 0.1 it is the 18th smallest, with 5 scores the 6th: return "
        'float("inf") where there is none.',
    ),
    reference=_bound,
    observe=on_drawn(_draw_scores),
    mistakes=[
        (
            lambda s, a: float(np.quantile(s, 1 - a)),
            "That is the plain quantile of the held-out scores, the bound that kept too little "
            "above. The rank is counted among n + 1 places, and no mean of two scores is taken.",
        ),
        (
            partial(_bound, rank=lambda n, a: int(np.ceil(n * (1 - a)))),
            "You counted n places. The new score makes them n + 1.",
        ),
        (
            partial(_bound, rank=lambda n, a: int((n + 1) * (1 - a))),
            "You rounded down. Then a little less than promised is kept: round up.",
        ),
        (
            partial(_bound, rank=lambda n, a: round((n + 1) * (1 - a))),
            "You rounded to the nearest whole number. Round up: np.ceil.",
        ),
        (
            partial(_bound, rank=lambda n, a: _rank(n, a) + 1),
            "You took the next larger score. Ranks count from 1, indices from 0: the r-th smallest "
            "is np.sort(scores)[r - 1].",
        ),
        (
            partial(_bound, rank=lambda n, a: int((n + 1) * (1 - a)) + 1),
            "Where (n + 1) · (1 − alpha) is a whole number your rank is one too large: by rounding "
            "down and adding 1, or by np.quantile at r / n, which rounds. Take r = np.ceil(…) and "
            "look it up in the sorted scores.",
        ),
        (
            partial(_bound, rank=lambda n, a: _rank(n, a) - 1),
            "You took the next smaller score. The r-th smallest is np.sort(scores)[r - 1].",
        ),
        (
            partial(_bound, rank=lambda n, a: int(np.ceil((n + 1) * a))),
            "You took alpha for what is covered. It is how often one may miss: 1 − alpha.",
        ),
        (
            partial(_bound, sort=lambda s: np.sort(s)[::-1]),
            "You sorted from the largest on. The r-th smallest is asked for.",
        ),
        (
            partial(_bound, sort=lambda s: s),
            "You did not sort the scores. They come in any order.",
        ),
        (
            partial(_bound, beyond="largest"),
            "Right where there are enough scores. Where r is larger than n, the largest score is "
            "not enough: return infinity.",
        ),
        (
            partial(_bound, beyond=np.nan),
            "Right where there are enough scores. Where r is larger than n, return infinity, with "
            "which one can compare: nan is neither above nor below anything.",
        ),
        (
            partial(_bound, beyond=1.0),
            "Right where there are enough scores. Where r is larger than n, return infinity: not "
            "every kind of score ends at 1.",
        ),
        (
            partial(_bound, beyond=None),
            "Right where there are enough scores. Where r is larger than n your function returns "
            'None. Return float("inf").',
        ),
        (
            partial(_quantile, method="linear"),
            "The level is right, but np.quantile takes a mean of two scores. The r-th smallest "
            "itself is asked for: sort the scores and look it up.",
        ),
        (
            partial(_quantile, method="higher"),
            'The level is right, but np.quantile counts from 0 to n − 1, so that method="higher" '
            "takes the next larger score. Sort the scores and look it up.",
        ),
        (
            lambda s, a: _rank(len(s), a),
            "That is the rank. Return the score that has it.",
        ),
    ],
)
