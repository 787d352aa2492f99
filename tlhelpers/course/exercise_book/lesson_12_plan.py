"""Exercises 12.1 and 12.2: a plan that changes one thing, and how many items could tell."""

from __future__ import annotations

import math

import numpy as np

from tlhelpers.course.exercise_book.inspected import Inspected, share_of, with_keys
from tlhelpers.course.exercise_book.made_project import made_plan, made_set
from tlhelpers.course.watched_answer import Fault

KEYS = ("compared", "baseline", "control", "prediction", "smallest that matters", "strategies")
TWO_NAMES = (
    '"compared" holds the names of two strategies, first the one that is put to the test: '
    '("transfer", "rival").'
)
TABLE = (
    '"strategies" is a dict of dicts: for each name its settings, e.g. '
    '{"transfer": {"weights": "ImageNet", "labels": "25 per class"}, …}.'
)
SAME = "You compare {a!r} with itself. Name two different strategies."
UNKNOWN = 'There is no strategy {name!r} under "strategies" ({role}). There are {known}.'
SETTINGS = (
    "The strategies {a!r} and {b!r} do not list the same settings: {names} stands in one only."
)
NO_CHANGE = "{a!r} and {b!r} have the same settings, so nothing is compared. What differs?"
TWO_CHANGES = (
    "Between {a!r} and {b!r} {count} things change: {names}. Whatever comes out, you could not say "
    "which of them did it. Change one, or put a strategy in between."
)
BASELINE = (
    "Your baseline {name!r} is one of the two that you compare. It is a third: what is cheapest, "
    "and must be beaten before anything else is worth its cost."
)
CONTROL = (
    "The control {name!r} differs from {a!r} in {names}. A control is the transfer without what "
    "was learned elsewhere, and all else as it is: let it differ in one setting."
)
FIRST = (
    'The control {name!r} differs from {name!r} in nothing: it stands first under "compared". What '
    "you put to the test stands there, and the control is another strategy, e.g. the second."
)
TWO_ROLES = (
    "{name!r} is your baseline and your control. The control is the transfer without what was "
    "learned elsewhere; the baseline is another strategy, the cheapest that somebody would try."
)
NO_LABELS = (
    "No setting of {a!r} says how many labels are learned from. Add one to each strategy, e.g. "
    '"labels": "100 per class".'
)
LARGE_GAP = (
    '"smallest that matters" is {gap:g}, which is {points:.0f} points of accuracy. Write a share: '
    "0.03 for three points."
)
NO_GAP = (
    "The smallest difference that matters is {gap:g}: give one above 0. Which would change what "
    "you do?"
)


def _changes(plan: dict, a: str, b: str) -> list[str]:
    first, second = plan["strategies"][a], plan["strategies"][b]
    apart = sorted(set(first) ^ set(second))
    if apart:
        raise Fault(SETTINGS.format(a=a, b=b, names=_listed(apart)))
    return [name for name in first if _plain(first[name]) != _plain(second[name])]


def _plain(setting) -> str:
    """A setting as a text, in which case and spaces make no difference."""
    return " ".join(str(setting).casefold().split())


def _listed(names) -> str:
    return ", ".join(repr(name) for name in names)


def _inspect_plan(plan) -> None:
    plan = with_keys(plan, KEYS, "my_plan")
    _refuse_shares(plan)
    _refuse_forms(plan)
    _refuse_comparison(plan, *plan["compared"])
    _refuse_roles(plan, *plan["compared"])


def _refuse_shares(plan: dict) -> None:
    for name in ("prediction", "smallest that matters"):
        share_of(plan[name], f'"{name}"')
    gap = plan["smallest that matters"]
    if gap <= 0:
        raise Fault(NO_GAP.format(gap=gap))
    if gap >= 0.5:
        raise Fault(LARGE_GAP.format(gap=gap, points=100 * gap))


def _refuse_forms(plan: dict) -> None:
    compared, strategies = plan["compared"], plan["strategies"]
    if isinstance(compared, str) or len(compared) != 2:
        raise Fault(TWO_NAMES)
    if not isinstance(strategies, dict) or not strategies:
        raise Fault(TABLE)
    if not all(isinstance(one, dict) for one in strategies.values()):
        raise Fault(TABLE)
    named = [*(("compared", name) for name in compared), *((r, plan[r]) for r in KEYS[1:3])]
    for role, name in named:
        if name not in strategies:
            raise Fault(UNKNOWN.format(name=name, role=role, known=_listed(strategies)))


def _refuse_comparison(plan: dict, a: str, b: str) -> None:
    if a == b:
        raise Fault(SAME.format(a=a))
    changed = _changes(plan, a, b)
    if not changed:
        raise Fault(NO_CHANGE.format(a=a, b=b))
    if len(changed) > 1:
        raise Fault(TWO_CHANGES.format(a=a, b=b, count=len(changed), names=_listed(changed)))


def _refuse_roles(plan: dict, a: str, b: str) -> None:
    if plan["baseline"] in (a, b):
        raise Fault(BASELINE.format(name=plan["baseline"]))
    if plan["control"] == a:
        raise Fault(FIRST.format(name=a))
    apart = _changes(plan, a, plan["control"])
    if len(apart) != 1:
        names = _listed(apart) or "nothing"
        raise Fault(CONTROL.format(name=plan["control"], a=a, names=names))
    if plan["control"] == plan["baseline"]:
        raise Fault(TWO_ROLES.format(name=plan["control"]))
    settings = plan["strategies"][a].items()
    if not any("label" in f"{name} {value}".lower() for name, value in settings):
        raise Fault(NO_LABELS.format(a=a))


def _changed_plan(strategies=None, **changes) -> dict:
    plan = made_plan() | {name.replace("_", " "): value for name, value in changes.items()}
    for name, settings in (strategies or {}).items():
        plan["strategies"][name] = plan["strategies"][name] | settings
    return {"plan": plan}


def _right_plans() -> list:
    third = _changed_plan()
    third["plan"]["strategies"]["in between"] = third["plan"]["strategies"]["noise"] | {"rows": "?"}
    third["plan"]["compared"] = ("good rows", "in between")
    return [_changed_plan(), _changed_plan(prediction=-0.02), third]


def _wrong_plans() -> list:
    more = {"classifier": "a tree"}
    return [
        (
            _changed_plan({"noise": more}),
            TWO_CHANGES.format(a="good rows", b="noise", count=2, names="'rows', 'classifier'"),
        ),
        (
            _changed_plan({"noise": {"rows": "with the class"}}),
            NO_CHANGE.format(a="good rows", b="noise"),
        ),
        (_changed_plan(compared=("noise", "noise")), SAME.format(a="noise")),
        (_changed_plan(baseline="noise"), BASELINE.format(name="noise")),
        (
            _changed_plan({"majority": more}, control="majority"),
            CONTROL.format(name="majority", a="good rows", names="'rows', 'classifier'"),
        ),
        (
            _changed_plan({"noise": {"epochs": 3}}),
            SETTINGS.format(a="good rows", b="noise", names="'epochs'"),
        ),
        (
            _changed_plan(control="twin"),
            UNKNOWN.format(
                name="twin", role="control", known="'majority', 'noise', 'good rows'"
            ),
        ),
        (
            _changed_plan(prediction=5),
            '"prediction" is 5: write shares, 0.05 for five points, not percent.',
        ),
        (_changed_plan(smallest_that_matters=0), NO_GAP.format(gap=0)),
        (
            _changed_plan(prediction=None),
            'In my_plan there is nothing yet under "prediction". It needs '
            + ", ".join(f'"{key}"' for key in KEYS) + ".",
        ),
    ]  # fmt: skip


def _wrong_roles_and_forms() -> list:
    names = ("majority", "noise", "good rows")
    return [
        (_changed_plan(smallest_that_matters=1), LARGE_GAP.format(gap=1, points=100)),
        (_changed_plan(compared=("noise", "good rows")), FIRST.format(name="noise")),
        (_changed_plan(compared="good rows, noise"), TWO_NAMES),
        ({"plan": made_plan() | {"strategies": [*names]}}, TABLE),
        (
            _changed_plan({"majority": {"rows": "all 0"}}, control="majority"),
            TWO_ROLES.format(name="majority"),
        ),
        (
            _changed_plan({name: {"learned from": "10 items"} for name in names}),
            NO_LABELS.format(a="good rows"),
        ),
    ]


PLAN = Inspected(
    "12.1",
    praise="One thing changes, a cheap rival and a control stand beside it, and what you expect "
    "is written down before you know.",
    hints=(
        "Lay the settings of the two strategies side by side. In how many do they differ?",
        "The control is your transfer with one thing taken away: what was learned elsewhere. The "
        "baseline is a third strategy, the cheapest that a sensible person would try.",
        "Section 1 has a plan of this form; look at which keys and which strategies stand in it, "
        "and which one stands first under compared.",
    ),
    parts=("plan",),
    inspect=_inspect_plan,
    right=_right_plans,
    wrong=lambda: [*_wrong_plans(), *_wrong_roles_and_forms()],
)


# ---------------------------------------------------------------- how many items

SIZE_KEYS = ("disagreement", "needed", "there are", "enough")
OTHER_COUNT = (
    "There are {n} groups in your data. {given:g} is {what}. Items of one group are not "
    "independent, so groups are what you count."
)
OTHER_NUMBER = "not the number of all of them"
NEEDED = (
    "With a disagreement of {d:g}, half the width of the interval is {gap:g} when there are "
    "{right} groups, not {given:g}: disagreement · (1.96 / difference)², rounded up."
)
NEEDED_ROOT = (
    "{given:g} comes out without the square. The width shrinks with the root of the number, so "
    "the number grows with the square."
)
ENOUGH = '{n} groups where {right} are needed: "enough" must be {word}.'
DISAGREEMENT = (
    "A disagreement of {d:g} leaves no room for a difference of {gap:g}: it is the share of items "
    "on which exactly one of the two is right, above the difference and at most 1."
)


def _inspect_size(data, plan, size) -> None:
    gap = share_of(with_keys(plan, KEYS, "my_plan")["smallest that matters"], "the difference")
    size = with_keys(size, SIZE_KEYS, "my_size")
    d = share_of(size["disagreement"], '"disagreement"')
    if not gap < d <= 1:
        raise Fault(DISAGREEMENT.format(d=d, gap=gap))
    groups, given = len(np.unique(data.groups)), float(size["there are"])
    if given != groups:
        what = "the number of items" if given == len(data.labels) else OTHER_NUMBER
        raise Fault(OTHER_COUNT.format(n=groups, given=given, what=what))
    exact = d * (1.96 / gap) ** 2
    needed = float(size["needed"])
    if abs(needed - d * 1.96 / gap) < 1 <= abs(needed - exact):
        raise Fault(NEEDED_ROOT.format(given=needed))
    if not math.floor(0.995 * exact) <= needed <= math.ceil(1.005 * exact):  # 1.96 or 1.959964
        raise Fault(NEEDED.format(d=d, gap=gap, right=math.ceil(exact), given=needed))
    if bool(size["enough"]) != (groups >= needed):
        raise Fault(ENOUGH.format(n=groups, right=int(needed), word=groups >= needed))


def _size(**changes) -> dict:
    size = {"disagreement": 0.2, "needed": 77, "there are": 60, "enough": False}
    size |= {name.replace("_", " "): value for name, value in changes.items()}
    return {"data": made_set(), "plan": made_plan(), "size": size}


def _wrong_sizes() -> list:
    many = OTHER_COUNT.format(n=60, given=180, what="the number of items")
    return [
        (_size(there_are=180, enough=True), many),
        (_size(there_are=54), OTHER_COUNT.format(n=60, given=54, what=OTHER_NUMBER)),
        (_size(needed=4, enough=True), NEEDED_ROOT.format(given=4)),
        (_size(needed=20, enough=True), NEEDED.format(d=0.2, gap=0.1, right=77, given=20)),
        (_size(enough=True), ENOUGH.format(n=60, right=77, word=False)),
        (_size(disagreement=0.05), DISAGREEMENT.format(d=0.05, gap=0.1)),
        (
            _size(disagreement=20),
            '"disagreement" is 20: write shares, 0.05 for five points, not percent.',
        ),
    ]


SIZE = Inspected(
    "12.2",
    praise="So you know before the first run what these data can tell and what they cannot.",
    hints=(
        "Which number counts: that of the items, or that of the groups? And where does the square "
        "stand in the formula?",
        "needed = disagreement * (1.96 / smallest difference) ** 2, rounded up; there are as many "
        "as len(set(data.groups)).",
        "Section 1 computes the same for the three sets that come along.",
    ),
    parts=("data", "plan", "size"),
    inspect=_inspect_size,
    right=lambda: [
        _size(),
        _size(needed=np.int64(77), enough=np.False_),
        _size(disagreement=0.11, needed=43, enough=True),
    ],
    wrong=_wrong_sizes,
)
