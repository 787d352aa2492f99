"""Exercise 10.2: how many labels per class would resolve a difference."""

from functools import partial

import numpy as np

from tlhelpers.course.exercise_kinds import Function, on_drawn


def _interval(rng, mean, half, per_class):
    """An interval about a mean, and labels per class; bounds lie unevenly, as a bootstrap's do."""
    lean = float(rng.uniform(-0.1, 0.1)) * half
    return float(mean), float(mean - half + lean), float(mean + half + lean), per_class


def _draw_intervals(rng):
    small, large = float(rng.uniform(0.01, 0.03)), float(rng.uniform(0.05, 0.09))
    return {
        "where the difference is above 0": _interval(rng, small, large, int(rng.integers(20, 90))),
        "where the difference is below 0": _interval(rng, -small, large, int(rng.integers(20, 90))),
        "where it is resolved, above 0": _interval(rng, large, small, int(rng.integers(20, 90))),
        "where it is resolved, below 0": _interval(rng, -large, small, int(rng.integers(20, 90))),
        "where there are few labels": _interval(rng, small, large, int(rng.integers(2, 6))),
        "where the difference is 0": (0.0, -large, large, int(rng.integers(20, 90))),
        "where it is nearly resolved": _interval(rng, large, 1.2 * large, int(rng.integers(9, 90))),
        # Powers of 2 and a square, so that no way to compute it leaves a rest.
        "where the result is a whole number": (-0.25, -0.75, 0.25, int(rng.integers(3, 9)) ** 2),
    }


def _more(mean, low, high, per_class, half=None, power=2, total=False, up=np.ceil):
    """Labels per class that are missing; infinity where the difference is 0."""
    if low > 0 or high < 0:
        return 0
    if mean == 0:
        return np.inf
    half = (high - low) / 2 if half is None else half(mean, low, high)
    needed = per_class * (half / abs(mean)) ** power
    return int(up(needed if total else needed - per_class))


def _only_above(mean, low, high, per_class):
    """Takes only an interval above 0 for resolved."""
    return 0 if low > 0 else _never_resolved(mean, low, high, per_class)


def _never_resolved(mean, low, high, per_class):
    if mean == 0:
        return np.inf
    return int(np.ceil(per_class * ((high - low) / 2 / abs(mean)) ** 2 - per_class))


def _with_sign(mean, low, high, per_class):
    """The sign of the mean comes through where it is not squared."""
    if low > 0 or high < 0:
        return 0
    return np.inf if mean <= 0 else _more(mean, low, high, per_class)


def _one_too_many(mean, low, high, per_class):
    """Rounds down and adds 1."""
    more = _more(mean, low, high, per_class, up=np.floor)
    return more + 1 if 0 < more < np.inf else more


def _turned_round(mean, low, high, per_class):
    """Takes an interval with 0 in it for resolved."""
    return 0 if low < 0 < high else _never_resolved(mean, low, high, per_class)


def _unrounded(mean, low, high, per_class):
    if low > 0 or high < 0:
        return 0
    half = (high - low) / 2
    return np.inf if mean == 0 else per_class * (half / abs(mean)) ** 2 - per_class


def _rounded_early(mean, low, high, per_class, after_square=True):
    """Rounds the factor and not the number of labels."""
    if low > 0 or high < 0:
        return 0
    if mean == 0:
        return np.inf
    factor = (high - low) / 2 / abs(mean)
    rounded = np.ceil(factor**2) if after_square else np.ceil(factor) ** 2
    return int(per_class * rounded - per_class)


def _zero_for_none(mean, low, high, per_class, answer=0):
    return answer if mean == 0 else _more(mean, low, high, per_class)


NEEDED = Function(
    "10.2",
    praise="Half the width has to shrink to the size of the difference, and it shrinks with the "
    "square root of the labels: for a difference half as large you need four times as many. So "
    "small differences cost many labels: ask first whether one so small would change what you do.",
    hints=(
        "When is 0 outside the interval? Half the width must become as small as the difference. "
        "How does half the width change when there are four times as many labels?",
        "half = (high - low) / 2. With n labels it is half · √(per_class / n). Set this equal to "
        "abs(mean), solve for n, and take away the labels that there are.",
        "n = per_class * (half / abs(mean)) ** 2; return int(np.ceil(n - per_class)). Before that: "
        "0 if low > 0 or high < 0, and float('inf') if mean is 0.",
    ),
    reference=_more,
    observe=on_drawn(_draw_intervals),
    mistakes=[
        (
            partial(_more, total=True),
            "That is how many labels per class there must be in all. Take away those that there "
            "are.",
        ),
        (
            partial(_more, power=1),
            "You let the interval shrink with the number of labels. It shrinks with the square "
            "root: for half the width, four times as many.",
        ),
        (
            partial(_more, power=0.5),
            "You took the root once more. n / per_class is the square of half / abs(mean).",
        ),
        (
            partial(_more, half=lambda mean, low, high: high - low),
            "You took the whole width. Half of it must become as small as the difference.",
        ),
        (
            partial(_more, half=lambda mean, low, high: high),
            "You took the upper end for half the width. Take (high − low) / 2.",
        ),
        (
            partial(_more, half=lambda mean, low, high: max(abs(low), abs(high))),
            "You took the end that is further from 0. Take half the width, (high − low) / 2.",
        ),
        (
            partial(_more, half=lambda mean, low, high: mean - low),
            "You took the distance from the mean to the lower end. The ends may lie unevenly: half "
            "the width is (high − low) / 2.",
        ),
        (
            partial(_more, half=lambda mean, low, high: high - mean),
            "You took the distance from the mean to the upper end. The ends may lie unevenly: half "
            "the width is (high − low) / 2.",
        ),
        (
            _turned_round,
            "The other way round: where low < 0 < high, 0 lies in the interval, and labels are "
            "missing.",
        ),
        (
            _unrounded,
            "Right but for rounding: nobody can label a part of an item. Round up: np.ceil.",
        ),
        (
            _rounded_early,
            "You round too early, the factor by which the labels grow. Round the number of labels, "
            "at the end.",
        ),
        (
            partial(_rounded_early, after_square=False),
            "You round too early, half / abs(mean). Round the number of labels, at the end.",
        ),
        (
            _one_too_many,
            "You round down and add 1. Where the result is a whole number, that is one too many: "
            "np.ceil.",
        ),
        (
            partial(_more, up=np.floor),
            "You rounded down. Then a little is missing: round up.",
        ),
        (
            partial(_more, up=np.round),
            "You rounded to the nearest whole number. Round up: np.ceil.",
        ),
        (
            _never_resolved,
            "Right where 0 lies in the interval. Where it does not, no label is missing: return 0.",
        ),
        (
            _only_above,
            "Right where the difference is above 0. An interval that lies below 0 is resolved too.",
        ),
        (
            _with_sign,
            "Right where the difference is above 0. Below 0, its size counts: abs(mean).",
        ),
        (
            _zero_for_none,
            "Right but for a difference of 0. No number of labels puts 0 outside an interval "
            "around 0: return infinity.",
        ),
        (
            partial(_zero_for_none, answer=None),
            "Right but for a difference of 0, where your function returns None. Return "
            "float('inf').",
        ),
        (
            partial(_zero_for_none, answer=np.nan),
            "Right but for a difference of 0. Return infinity, with which one can compare.",
        ),
    ],
)
