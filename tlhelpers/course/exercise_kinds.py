"""The kinds of exercise: one letter, a number, a function that behaves like a reference."""

from __future__ import annotations

import copy
import math
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from tlhelpers.course.answer_differences import array_of, difference
from tlhelpers.course.watched_answer import Fault, Watched, is_empty, random_numbers_kept


class Verdict(NamedTuple):
    """What `examine` found: `state` is "right", "wrong" or "open"; `message` says why."""

    state: str
    message: str = ""


@dataclass(frozen=True)
class Exercise:
    """What all kinds of exercise share."""

    id: str  # lesson and number, e.g. "02.3"
    praise: str  # shown with a right answer: why it is right
    # A hint, a closer one, and where to look: given in turn for mistakes not known by name.
    hints: Sequence[str]

    def examine(self, answer: Any) -> Verdict:
        """Judge an answer; an empty message asks for the next of the hints."""
        raise NotImplementedError


AROUND_A_LETTER = string.whitespace + string.punctuation  # as in "(a)", "a." and "a) "


@dataclass(frozen=True)
class Choice(Exercise):
    """One letter out of several."""

    right: str = ""
    why_not: dict[str, str] = field(default_factory=dict)  # each wrong letter with its own hint

    def examine(self, answer: Any) -> Verdict:
        letters = sorted([self.right, *self.why_not])
        # An array of letters is none: compared with one, it would give many answers.
        letter = answer.strip(AROUND_A_LETTER).lower() if isinstance(answer, str) else None
        if letter == self.right:
            return Verdict("right", self.praise)
        if letter not in letters:
            return Verdict(
                "wrong",
                f"Answer with one of the letters {', '.join(letters)} in quotes, not {answer!r}.",
            )
        return Verdict("wrong", self.why_not[letter])

    def right_answers(self) -> list:
        """Answers that must pass."""
        return [self.right, f" {self.right.upper()} ", f"({self.right})", f"{self.right}."]

    def wrong_answers(self) -> list[tuple[Any, str]]:
        """Plausible wrong answers, each with the hint that it must get."""
        return list(self.why_not.items())


@dataclass(frozen=True)
class Number(Exercise):
    """A number within a tolerance."""

    value: float = 0.0
    tolerance: float = 1e-6
    mistakes: Sequence[tuple[float, str]] = ()  # what a known mistake gives, with its own hint

    def examine(self, answer: Any) -> Verdict:
        try:
            number = _one_number(answer)
        except (TypeError, ValueError):
            return Verdict("wrong", f"Answer with a number, not {type(answer).__name__}.")
        for value, hint in [(self.value, self.praise), *self.mistakes]:
            if abs(number - value) <= self.tolerance:
                return Verdict("right" if value == self.value else "wrong", hint)
        return Verdict("wrong")

    def right_answers(self) -> list:
        """Answers that must pass."""
        return [self.value, np.float32(self.value)]

    def wrong_answers(self) -> list[tuple[Any, str]]:
        """Plausible wrong answers, each with the hint that it must get."""
        return list(self.mistakes)


def _one_number(answer: Any) -> float:
    """A number, or the only one of an array, a Series or a table; too large a one is infinite."""
    if isinstance(answer, (np.ndarray, pd.Series, pd.DataFrame)):
        answer = np.asarray(answer).reshape(())
    try:
        return float(answer)
    except OverflowError:
        return math.inf


@dataclass(frozen=True)
class Function(Exercise):
    """A function that must behave like a reference one."""

    reference: Callable = lambda: None  # one right answer
    # Takes a function, calls it on input and returns what came out: a list, or a dict from a
    # situation in words ("where two classes are empty") to a list. It may raise a Fault.
    observe: Callable[[Callable], list | dict] = lambda function: [function()]
    # Known wrong ways to write it: an answer that behaves like one gets its hint.
    mistakes: Sequence[tuple[Callable, str]] = ()

    def examine(self, answer: Any) -> Verdict:
        if not callable(answer):
            return Verdict("wrong", f"Give the function itself, not {type(answer).__name__}.")
        with random_numbers_kept():
            return self._watch(answer)

    def _watch(self, answer: Callable) -> Verdict:
        watched = Watched(answer)
        try:
            seen = self.observe(watched)
        except Fault as fault:
            return Verdict("wrong", watched.what_it_changed() if watched.changed else str(fault))
        except (Exception, SystemExit) as error:
            return Verdict("wrong", self._why_it_stopped(watched, error))
        if watched.changed:
            return Verdict("wrong", watched.what_it_changed())
        if all(value is None or value is Ellipsis for value in _results(seen)):
            return Verdict("open") if is_empty(answer) else Verdict("wrong", RETURNS_NOTHING)
        return self._judge(seen, answer)

    def _why_it_stopped(self, watched: Watched, error: BaseException) -> str:
        """The learner's own error, or the check's that met a result it could not read."""
        if error is watched.error:
            return watched.how_it_stopped()
        return (
            "The check could not read what your function returned "
            f"({type(error).__name__}: {error}). Does it have the form that the exercise asks for?"
        )

    def _judge(self, seen: list | dict, answer: Callable) -> Verdict:
        expected = _what_is_right(self.observe, self.reference)
        if alike(seen, expected):
            return Verdict("right", self.praise)
        for mistake, hint in self.mistakes:
            if alike(seen, _what_a_mistake_gives(self.observe, mistake)):
                return Verdict("wrong", hint)
        readable = alike(seen, seen)  # a set, say, is not even like itself
        if readable and not alike(seen, _what_it_gives(self.observe, answer)):
            return Verdict("wrong", OTHERWISE_AGAIN)
        return Verdict("wrong", difference(seen, expected, alike))

    def right_answers(self) -> list:
        """Answers that must pass."""
        return [self.reference]

    def wrong_answers(self) -> list[tuple[Any, str]]:
        """Plausible wrong answers, each with the hint that it must get."""
        return list(self.mistakes)


RETURNS_NOTHING = (
    "Your function returns None. What a function gives back is what stands after `return`; what it "
    "prints is only shown."
)
OTHERWISE_AGAIN = "On one and the same input your function gives another result at every call."


def _what_it_gives(observe: Callable, function: Callable) -> list | dict | None:
    """What comes out of a wrong function, None if it stops."""
    try:
        with np.errstate(all="ignore"):  # its warnings would look like the learner's
            return observe(Watched(function, loud_calls=0))
    except Exception:  # a mistake that stops is not the one that gave results
        return None


@cache
def _what_a_mistake_gives(observe: Callable, mistake: Callable) -> list | dict | None:
    """Kept, since every check asks for it again; a learner's function may change, and is not."""
    return _what_it_gives(observe, mistake)


@cache
def _what_is_right(observe: Callable, reference: Callable) -> list | dict:
    return observe(reference)


def _results(seen: list | dict) -> list:
    return [one for some in seen.values() for one in some] if isinstance(seen, dict) else seen


def on_inputs(*inputs: tuple) -> Callable[[Callable], list]:
    """An `observe` that calls the function on each tuple of arguments, on copies of them."""
    return lambda function: [function(*copy.deepcopy(arguments)) for arguments in inputs]


def on_drawn(
    draw: Callable[[np.random.Generator], dict[str, tuple]], seeds: Sequence[int] = (1, 2, 3)
) -> Callable[[Callable], dict]:
    """An `observe` that draws arguments anew at every call, for each of several situations.

    `draw` gives, from a random stream, the arguments by situation ("where a class is missing").
    The streams are the same in each check, so that a grade can be given twice."""

    def observe(function: Callable) -> dict[str, list]:
        seen: dict[str, list] = {}
        for seed in seeds:
            for situation, arguments in draw(np.random.default_rng(seed)).items():
                seen.setdefault(situation, []).append(function(*arguments))
        return seen

    return observe


def alike(a: Any, b: Any) -> bool:
    """Whether two results agree: arrays and numbers to 1e-5, containers item by item."""
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(alike(a[k], b[k]) for k in a)
    if isinstance(a, (str, bool, type(None))) or isinstance(b, (str, bool, type(None))):
        return _plain(type(a)) is _plain(type(b)) and a == b
    a, b = array_of(a), array_of(b)
    if a is None or b is None or a.shape != b.shape or "c" in (a.dtype.kind, b.dtype.kind):
        return False
    if a.dtype.kind in "US" or b.dtype.kind in "US":
        return bool(np.array_equal(a, b))
    return bool(np.allclose(a.astype(float), b.astype(float), atol=1e-5, equal_nan=True))


def _plain(kind: type) -> type:
    """A text out of a numpy array counts as a text."""
    return str if issubclass(kind, str) else kind
