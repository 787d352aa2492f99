"""Exercise 12.7: the interval of a paired bootstrap over seeds and groups."""

from __future__ import annotations

from dataclasses import asdict, is_dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from tlhelpers.course.exercise_book.inspected import Inspected
from tlhelpers.course.exercise_book.made_project import made_plan, made_result, made_runs
from tlhelpers.course.watched_answer import Fault
from tlhelpers.evaluation.comparisons import compare
from tlhelpers.evaluation.runs import as_runs

NEAR = 0.0011  # what rounding to three places leaves
ABOUT = 0.1  # of half the width: what a bootstrap of one's own leaves, with a few thousand draws


class Found(NamedTuple):
    """A difference with the ends of its interval."""

    difference: float
    low: float
    high: float


NO_RESULT = (
    'Give what compare() returns, or a dict with "difference", "low" and "high"; this is {kind}.'
)
TURNED = (
    "That is {b!r} minus {a!r}. Your plan compares {a!r} with {b!r}, so subtract the second from "
    "the first."
)
BY_SEEDS = (
    "That interval takes the seeds alone and the test items as given: other items would have come "
    "out otherwise. Draw both: compare(my_runs, a, b)."
)
BY_ITEMS = (
    "That interval counts each item by itself. Items of one group are alike, so the groups are "
    "drawn: compare(my_runs, a, b) does it by the column `items`."
)
APART = (
    "That takes the two strategies as if they had been tested on different items. Both met the "
    "same: subtract within each item first, as compare() does."
)
ONE_SEED = "That is a comparison of seed {seed} alone. Report all seeds."
DIFFERENCE = (
    "The difference {given:+.3f} is not that of the runs: {a!r} − {b!r} is {right:+.3f} there."
)
WRONG_ENDS = (
    "The difference is right; the interval is not that of a paired bootstrap over seeds and groups."
)
POINTS = "Those are points. Write shares: the difference is {right:+.3f}."
OTHER_PAIR = "Your plan compares {a!r} with {b!r}, and this compares {c!r} with {d!r}."


def found_in(result) -> Found:
    """Difference and interval, from a Comparison or a dict."""
    values = asdict(result) if is_dataclass(result) else result
    if not isinstance(values, dict) or not set(Found._fields) <= set(values):
        raise Fault(NO_RESULT.format(kind=type(result).__name__))
    return Found(*(float(values[name]) for name in Found._fields))


def _distance(given: Found, other: Found) -> float:
    return float(np.abs(np.subtract(given, other)).max())


def _inspect(plan, runs, result) -> None:
    (a, b), runs, given = plan["compared"], as_runs(runs), found_in(result)
    named = getattr(result, "a", a), getattr(result, "b", b)
    if set(named) != {a, b}:
        raise Fault(OTHER_PAIR.format(a=a, b=b, c=named[0], d=named[1]))
    right = found_in(compare(runs, a, b))
    if _distance(given, right) <= NEAR:
        return
    if _distance(given, Found(-right.difference, -right.high, -right.low)) <= NEAR:
        raise Fault(TURNED.format(a=a, b=b))
    _refuse_other_difference(runs, a, b, given, right)
    ways = [(BY_SEEDS, one) for one in _by_seeds(runs, a, b)]
    ways += [("", right), (BY_ITEMS, _by_items(runs, a, b)), (APART, _apart(runs, a, b))]
    hint, nearest = min(ways, key=lambda way: _distance(given, way[1]))
    if _distance(given, nearest) > max(NEAR, ABOUT * (nearest.high - nearest.low) / 2):
        raise Fault(WRONG_ENDS)
    if hint:
        raise Fault(hint)


def _refuse_other_difference(runs, a: str, b: str, given: Found, right: Found) -> None:
    gaps = _gaps(runs, a, b)
    if abs(given.difference - right.difference) <= NEAR:
        return
    if abs(given.difference / 100 - right.difference) <= NEAR:
        raise Fault(POINTS.format(right=right.difference))
    for seed, gap in gaps.items():
        if abs(given.difference - gap) < 1e-6:
            raise Fault(ONE_SEED.format(seed=seed))
    raise Fault(DIFFERENCE.format(given=given.difference, a=a, b=b, right=right.difference))


def _gaps(runs, a: str, b: str) -> pd.Series:
    """The difference of each seed."""
    of = runs.pivot_table(index="seed", columns="strategy", values="accuracy")
    return of[a] - of[b]


def _by_seeds(runs, a: str, b: str) -> list[Found]:
    """What the spread of the seeds alone gives: with t, with 1.96, and without the root of n."""
    gaps = _gaps(runs, a, b)
    mean, spread, n = gaps.mean(), gaps.std(), len(gaps)
    halves = [stats.t.ppf(0.975, n - 1) * spread / n**0.5, 1.96 * spread / n**0.5]
    halves += [1.96 * gaps.std(ddof=0) / n**0.5, spread, 1.96 * spread]
    return [Found(mean, mean - half, mean + half) for half in halves]


def _by_items(runs, a: str, b: str) -> Found:
    """Every answer of every seed as if it were an item by itself, but paired."""
    rows = as_runs(runs).pair(a, b)
    first, second = (np.concatenate(list(one["correct"])).astype(float) for one in rows)
    mean, half = (first - second).mean(), 1.96 * (first - second).std() / len(first) ** 0.5
    return Found(mean, mean - half, mean + half)


def _apart(runs, a: str, b: str) -> Found:
    """Two accuracies on all answers, as if each had been given to an item of its own."""
    first, second = (
        np.concatenate(list(one["correct"])).astype(float) for one in as_runs(runs).pair(a, b)
    )
    mean = first.mean() - second.mean()
    half = 1.96 * ((first.var() + second.var()) / len(first)) ** 0.5
    return Found(mean, mean - half, mean + half)


# ---------------------------------------------------------------- wrong ones, known by name


def _given(result) -> dict:
    return {"plan": made_plan(), "runs": made_runs(), "result": result}


def _wrong_results() -> list:
    runs, (a, b) = made_runs(), made_plan()["compared"]
    right = found_in(made_result())
    one = _gaps(runs, a, b)
    other = compare(runs, a, "majority")
    return [
        (_given(compare(runs, b, a)), TURNED.format(a=a, b=b)),
        (_given(_by_seeds(runs, a, b)[0]._asdict()), BY_SEEDS),
        (_given(_by_items(runs, a, b)._asdict()), BY_ITEMS),
        (_given(_apart(runs, a, b)._asdict()), APART),
        (
            _given({"difference": one[3], "low": one[3] - 0.1, "high": one[3] + 0.1}),
            ONE_SEED.format(seed=3),
        ),
        (
            _given({"difference": 0.5, "low": 0.4, "high": 0.6}),
            DIFFERENCE.format(given=0.5, a=a, b=b, right=right.difference),
        ),
        (_given(right._asdict() | {"low": right.difference - 0.01}), WRONG_ENDS),
        (
            _given({name: 100 * value for name, value in right._asdict().items()}),
            POINTS.format(right=right.difference),
        ),
        (_given(other), OTHER_PAIR.format(a=a, b=b, c=a, d="majority")),
        (_given((0.1, 0.2, 0.3)), NO_RESULT.format(kind="tuple")),
    ]


INTERVAL = Inspected(
    "12.7",
    praise="Seeds and groups are both drawn, and both strategies are judged on the same draws. "
    "This interval is about new groups, not about new items of the old ones.",
    hints=(
        "Which strategy is subtracted from which, and over what is the interval drawn?",
        "compare(my_runs, a, b) is a − b, with seeds and groups drawn 10,000 times.",
        'my_result = compare(my_runs, *my_plan["compared"]).',
    ),
    parts=("plan", "runs", "result"),
    inspect=_inspect,
    right=lambda: [_given(made_result()), _given(found_in(made_result())._asdict())],
    wrong=_wrong_results,
)
