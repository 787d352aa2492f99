"""Exercise 12.3: items labelled by hand, and how often they agree with the labels of the data."""

from __future__ import annotations

import numpy as np

from tlhelpers.course.exercise_book.inspected import Inspected, with_keys
from tlhelpers.course.exercise_book.made_project import made_set
from tlhelpers.course.watched_answer import Fault
from tlhelpers.evaluation.significance import wilson

KEYS = ("mine", "agree", "interval")
COUNT = 'Under "mine" stand {given} labels, and {wanted} items were drawn: one for each, in order.'
UNKNOWN = "{name!r} is no class of the data. They are called {names}."
ONE_CLASS = (
    "You gave all items the label {name!r}, and among those drawn are several classes. Look at "
    "each by itself, before you know its label."
)
PERCENT = '"agree" is {given:g}: give the number of items, not a share.'
OTHER = "Your labels agree with those of the data for {right} items, not for {given:g}."
PLAIN = (
    "That is the interval of the normal curve, which goes wrong for few items and near 0 and 1. "
    "Take wilson(agree, items)."
)
INTERVAL = (
    "For {right} of {n} the interval goes from {low:.3f} to {high:.3f}: wilson(agree, items)."
)


def _inspect(data, items, look) -> None:
    look = with_keys(look, KEYS, "my_look")
    mine, names = list(look["mine"]), list(data.class_names)
    if len(mine) != len(items):
        raise Fault(COUNT.format(given=len(mine), wanted=len(items)))
    for name in mine:
        if name not in names:
            raise Fault(UNKNOWN.format(name=name, names=", ".join(map(repr, names))))
    truth = [names[label] for label in np.asarray(data.labels)[items]]
    if len(set(mine)) == 1 < len(set(truth)):
        raise Fault(ONE_CLASS.format(name=mine[0]))
    right = sum(map(str.__eq__, mine, truth))
    _judge(right, len(items), float(look["agree"]), look["interval"])


def _judge(right: int, n: int, given: float, interval) -> None:
    if given != right:
        is_share = abs(given - right / n) < 0.01 or abs(given - 100 * right / n) < 1
        raise Fault((PERCENT if is_share else OTHER).format(given=given, right=right))
    wanted = wilson(right, n)
    if np.allclose(interval, wanted, atol=0.006):
        return
    spread = 1.96 * np.sqrt(right / n * (1 - right / n) / n)
    if np.allclose(np.clip(interval, 0, 1), np.clip([right / n - spread, right / n + spread], 0, 1),
                   atol=0.006):  # fmt: skip
        raise Fault(PLAIN)
    raise Fault(INTERVAL.format(right=right, n=n, low=wanted[0], high=wanted[1]))


ITEMS = np.array([3, 10, 31, 40, 52, 77, 90, 101, 130, 171])


def _look(**changes) -> dict:
    data = made_set()
    mine = [data.class_names[label] for label in data.labels[ITEMS]]
    mine[2] = "left" if mine[2] == "right" else "right"
    look = {"mine": mine, "agree": 9, "interval": wilson(9, 10)} | changes
    return {"data": data, "items": ITEMS, "look": look}


def _wrong_looks() -> list:
    mine = _look()["look"]["mine"]
    low, high = wilson(9, 10)
    return [
        (_look(mine=mine[:6]), COUNT.format(given=6, wanted=10)),
        (_look(mine=["up", *mine[1:]]), UNKNOWN.format(name="up", names="'left', 'right'")),
        (_look(mine=["left"] * 10), ONE_CLASS.format(name="left")),
        (_look(agree=0.9), PERCENT.format(given=0.9)),
        (_look(agree=10), OTHER.format(right=9, given=10)),
        (_look(interval=(0.714, 1.086)), PLAIN),
        (_look(interval=(0.5, 0.9)), INTERVAL.format(right=9, n=10, low=low, high=high)),
    ]


LOOK = Inspected(
    "12.3",
    praise="Now you know what a label of these data means to you. Where you and the data disagree, "
    "the label is wrong, unclear, or follows a rule that your report must tell.",
    hints=(
        "Write down what you see for each item, and only then count how often the data agree.",
        'truth = [data.class_names[label] for label in data.labels[looked_at]]; "agree" counts '
        'where it equals "mine", and "interval" is wilson(agree, len(looked_at)).',
        "The labels stand in the order in which the items were shown, by the names of the classes.",
    ),
    parts=("data", "items", "look"),
    inspect=_inspect,
    right=lambda: [_look(), _look(interval=[0.596, 0.982]), _look(agree=np.int64(9))],
    wrong=_wrong_looks,
)
