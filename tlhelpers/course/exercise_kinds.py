"""The kinds of exercise: one letter, a number, a function that behaves like a reference."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch


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


@dataclass(frozen=True)
class Choice(Exercise):
    """One letter out of several."""

    right: str = ""
    why_not: dict[str, str] = field(default_factory=dict)  # each wrong letter with its own hint

    def examine(self, answer: Any) -> Verdict:
        letters = sorted([self.right, *self.why_not])
        letter = answer.strip().lower() if isinstance(answer, str) else answer
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
        return [self.right, f" {self.right.upper()} "]

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
            number = float(answer)
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


@dataclass(frozen=True)
class Function(Exercise):
    """A function that must behave like a reference one."""

    reference: Callable = lambda: None  # one right answer
    # Takes a function, calls it on fixed input and returns a list of what came out.
    observe: Callable[[Callable], list] = lambda function: [function()]
    # Known wrong ways to write it: an answer that behaves like one gets its hint.
    mistakes: Sequence[tuple[Callable, str]] = ()

    def examine(self, answer: Any) -> Verdict:
        if not callable(answer):
            return Verdict("wrong", f"Give the function itself, not {type(answer).__name__}.")
        try:
            seen = self.observe(answer)
        except Exception as error:  # whatever the learner's own code raises is told to the learner
            return Verdict("wrong", f"Your function stopped with {type(error).__name__}: {error}.")
        if all(value is None or value is Ellipsis for value in seen):
            return Verdict("open")
        if alike(seen, self.observe(self.reference)):
            return Verdict("right", self.praise)
        for mistake, hint in self.mistakes:
            if alike(seen, self.observe(mistake)):
                return Verdict("wrong", hint)
        return Verdict("wrong")

    def right_answers(self) -> list:
        """Answers that must pass."""
        return [self.reference]

    def wrong_answers(self) -> list[tuple[Any, str]]:
        """Plausible wrong answers, each with the hint that it must get."""
        return list(self.mistakes)


def on_inputs(*inputs: tuple) -> Callable[[Callable], list]:
    """An `observe` that calls the function on each tuple of arguments, on copies of them."""
    return lambda function: [function(*copy.deepcopy(arguments)) for arguments in inputs]


def alike(a: Any, b: Any) -> bool:
    """Whether two results agree: arrays and numbers to 1e-5, containers item by item."""
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(alike(a[k], b[k]) for k in a)
    if isinstance(a, (str, bool, type(None))) or isinstance(b, (str, bool, type(None))):
        return type(a) is type(b) and a == b
    try:
        a, b = (x.detach().numpy() if torch.is_tensor(x) else np.asarray(x) for x in (a, b))
    except ValueError:  # lists of unequal length are no array
        return False
    if a.shape != b.shape or "O" in (a.dtype.kind, b.dtype.kind):
        return False
    if a.dtype.kind in "US" or b.dtype.kind in "US":
        return bool(np.array_equal(a, b))
    return bool(np.allclose(a.astype(float), b.astype(float), atol=1e-5, equal_nan=True))
