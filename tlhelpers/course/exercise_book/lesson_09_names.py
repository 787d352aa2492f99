"""Exercise 09.8: labels of one order of class names as labels of another order."""

from collections.abc import Callable

import numpy as np

from tlhelpers.course.exercise_book.in_turn import in_turn
from tlhelpers.course.exercise_kinds import Function, on_drawn

WORDS = ["hand", "bird", "vehicle", "tool", "plant", "face", "sign", "Bird"]


def _orders(rng, names, n=40, shape=None) -> tuple:
    """Labels, and the names in two orders; the second is no inverse of itself."""
    then = rng.permutation(names).tolist()
    turn = 1 + int(rng.integers(len(names) - 2)) if len(names) > 2 else 1
    now = [*then[turn:], *then[:turn]]
    now[0], now[-1] = now[-1], now[0]
    return rng.integers(0, len(names), n if shape is None else shape), then, now


def _draw(rng) -> dict[str, tuple]:
    numbers = [str(number) for number in range(1, 13)]
    few = rng.integers(0, 2, 9), *_orders(rng, WORDS)[1:]
    return {
        "where the names are words": _orders(rng, WORDS[:7]),
        "where the names are numbers": (rng.integers(0, 12, 50), numbers, sorted(numbers)),
        "where two names differ in case": _orders(rng, WORDS),
        "where the order is the same": (rng.integers(0, 5, 20), WORDS[:5], WORDS[:5]),
        "where only two classes occur": few,
        "where the labels have two axes": _orders(rng, WORDS[:6], shape=(5, 4)),
        "where there is no item": _orders(rng, WORDS[:6], n=0),
        "where there are two classes": (rng.integers(0, 2, 11), ["no", "yes"], ["yes", "no"]),
    }


def _draw_odd(rng) -> dict[str, tuple]:
    labels = rng.integers(0, 3, 12)
    three = WORDS[:3]
    return {
        "where a name is missing": (labels, three, three[::-1][:2]),
        "where a name has come in": (labels, three, [*three[::-1], "new"]),
        "where a name is another one": (labels, three, [three[2], "other", three[0]]),
        "where a name stands twice in both": (labels, ["a", "b", "a"], ["b", "a", "a"]),
        "where a name stands twice in the second list": (labels, three, [*three, three[0]]),
        "where a name that no item has is missing": (labels * 0, three, three[:1]),
    }


def _look_at_odd(function: Callable) -> dict[str, list]:
    """Whether lists that do not fit each other are refused, and how."""

    def call(*arguments):
        try:
            result = function(*arguments)
        except ValueError:
            return "refused"
        except Exception as error:
            return type(error).__name__
        return None if result is None or result is Ellipsis else "taken"

    return on_drawn(_draw_odd)(call)


def _renamed(labels, then, now):
    return np.array([now.index(name) for name in then], dtype=int)[labels]


def _refuse(then, now):
    if sorted(then) != sorted(now) or len(set(now)) < len(now):
        raise ValueError("these are not the same names")


def _same_names(labels, then, now):
    _refuse(then, now)
    return _renamed(labels, then, now)


def _only_known(labels, then, now):
    if set(then) != set(now):
        raise ValueError("these are not the same names")
    return _renamed(labels, then, now)


def _only_all_known(labels, then, now):
    if not set(then) <= set(now):
        raise ValueError("a name is missing")
    return _renamed(labels, then, now)


def _only_lengths(labels, then, now):
    if len(then) != len(now):
        raise ValueError("there are more names than before")
    return np.array([now.index(name) if name in now else 0 for name in then])[labels]


def _by_dictionary(labels, then, now):
    place = {name: i for i, name in enumerate(now)}
    return np.array([place[name] for name in then], dtype=int)[labels]


def _one_after_another(labels, then, now):
    _refuse(then, now)
    found = labels.copy()
    for old, name in enumerate(then):
        found[found == old] = now.index(name)
    return found


def _used_names_only(labels, then, now):
    place = {name: i for i, name in enumerate(now)}
    try:
        found = [place[then[label]] for label in labels.ravel()]
    except KeyError:
        raise ValueError("a name is missing") from None
    return np.array(found, dtype=int).reshape(labels.shape)


def _by_alphabet(labels, then, now):
    _refuse(then, now)
    return np.argsort(np.argsort(then))[labels]


def _lower_case(labels, then, now):
    _refuse(then, now)
    lower = [name.lower() for name in now]
    return np.array([lower.index(name.lower()) for name in then], dtype=int)[labels]


NAMES = Function(
    "09.8",
    praise="Every item keeps its name, and lists that do not fit are refused before anybody is "
    "misled. A label is a place in a list; only with the list does it mean something.",
    hints=(
        "First a table: for each name of `names_then`, its place in `names_now`.",
        "np.array([names_now.index(name) for name in names_then]) is the table; table[labels] "
        "looks up all labels at once, whatever their shape.",
        "Refuse before you look up: sorted(names_then) != sorted(names_now) tells other names, "
        "len(set(names_now)) < len(names_now) a name that stands twice.",
    ),
    reference=_same_names,
    observe=in_turn(_same_names, on_drawn(_draw), _look_at_odd),
    mistakes=[
        (
            lambda labels, then, now: labels.copy(),
            "The labels are as they were: the place is kept, and the name changes with it. Keep "
            "the name.",
        ),
        (
            lambda labels, then, now: _renamed(labels, now, then),
            "That is the way back: you look up names of `names_now` in `names_then`. For each name "
            "of `names_then`, find its place in `names_now`.",
        ),
        (
            lambda labels, then, now: np.array(then)[labels],
            "These are the names. Return their places in `names_now`.",
        ),
        (
            lambda labels, then, now: np.array(now)[labels],
            "These are names, and the wrong ones: labels are places in `names_then`. Return places "
            "in `names_now`.",
        ),
        (
            lambda labels, then, now: _renamed(labels, then, now).ravel(),
            "Right where the labels have one axis. Return the shape that `labels` has.",
        ),
        (
            _one_after_another,
            "You changed one class after another in the same array, so some labels were changed "
            "twice. Look up all at once: table[labels].",
        ),
        (
            _by_alphabet,
            "You sorted by alphabet. The order is that of `names_now`, whatever it is.",
        ),
        (
            _lower_case,
            "Two names that differ in case are two classes here: compare them as they are.",
        ),
        (
            _only_known,
            "Right where no name stands twice. With a name twice it cannot be said which class is "
            "meant: raise a ValueError.",
        ),
        (
            _only_all_known,
            "You refuse a list that lacks a name. One into which a name has come, or in which one "
            "stands twice, must be refused as well.",
        ),
        (
            _only_lengths,
            "Lists of one length can hold other names: compare the names.",
        ),
        (
            _used_names_only,
            "You look only at the names that items have. A list that lacks a name is another list: "
            "compare them before you look up.",
        ),
        (
            _by_dictionary,
            "Right where both lists hold the same names. Else raise a ValueError that says so, "
            "before anything is looked up.",
        ),
    ],
)
