"""Exercises that inspect what a learner made of data of any kind: a plan, a split, a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tlhelpers.course.exercise_kinds import Exercise, Verdict
from tlhelpers.course.watched_answer import Fault, random_numbers_kept


class StillOpen(Exception):
    """What was asked for is not written yet."""


@dataclass(frozen=True)
class Inspected(Exercise):
    """Something that was made of a learner's own data, with what it must agree with."""

    parts: Sequence[str] = ()  # the names under which the check's cell gives them
    # Takes the parts by name; raises a Fault that says what is wrong.
    inspect: Callable[..., None] = lambda: None
    # Answers about a small made set that must pass, and wrong ones, each with its hint.
    right: Callable[[], list] = list
    wrong: Callable[[], list[tuple[Any, str]]] = list

    def examine(self, answer: Any) -> Verdict:
        if not isinstance(answer, dict) or set(answer) != set(self.parts):
            asked = ", ".join(f'"{name}": …' for name in self.parts)
            return Verdict("wrong", f"Give the check a dict with {{{asked}}}.")
        if any(value is None or value is Ellipsis for value in answer.values()):
            return Verdict("open")
        try:
            with random_numbers_kept():
                self.inspect(**answer)
        except StillOpen:
            return Verdict("open")
        except Fault as fault:
            return Verdict("wrong", str(fault))
        except Exception as error:  # e.g. a text where a number is asked for
            return Verdict(
                "wrong",
                f"The check could not read this ({type(error).__name__}: {error}). Does it have "
                "the form that the exercise asks for?",
            )
        return Verdict("right", self.praise)

    def right_answers(self) -> list:
        """Answers that must pass."""
        return self.right()

    def wrong_answers(self) -> list[tuple[Any, str]]:
        """Plausible wrong answers, each with the hint that it must get."""
        return self.wrong()


def with_keys(value: Any, keys: Sequence[str], what: str) -> dict:
    """A dict that has all the keys; a Fault names those that are missing or empty."""
    asked = ", ".join(f'"{key}"' for key in keys)
    if not isinstance(value, dict):
        raise Fault(f"{what} is a dict with the keys {asked}, not {type(value).__name__}.")
    missing = [key for key in keys if value.get(key) is None or value.get(key) is Ellipsis]
    if missing:
        raise Fault(f'In {what} there is nothing yet under "{missing[0]}". It needs {asked}.')
    return value


def share_of(value: Any, name: str) -> float:
    """A number between −1 and 1; a Fault says that it looks like percent or points."""
    if isinstance(value, (str, bool)):
        raise Fault(f"{name} is a number, not {value!r}.")
    number = float(value)
    if not -1 <= number <= 1:
        raise Fault(f"{name} is {number:g}: write shares, 0.05 for five points, not percent.")
    return number
