"""Ways to vary an exercise: another text, another right answer, judged by the course's check."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tlhelpers.errors import CourseError

Edits = tuple[tuple[str, str], ...]  # what stands in the course, and what stands there instead
UNREADABLE = "a result that has not the form which is asked for"


@dataclass(frozen=True)
class Way:
    """One variant of an exercise that asks for a function."""

    what: str  # what is other in it, for the teacher's table
    text: Edits
    code: Edits  # of the solution
    # Makes of an answer to the variant one to the exercise of the course, which is then judged.
    undo: Callable[[Callable], Callable] | None = None
    instead: Callable | None = None  # a right answer, where nothing can be undone


@dataclass(frozen=True)
class Numbers:
    """One variant of an exercise that asks for a number."""

    what: str
    text: Edits
    code: Edits
    value: float


def edited(source: str, edits: Edits, where: str) -> str:
    """A text with each edit made, wherever the lines break; a CourseError if one has no place."""
    for old, new in edits:
        pattern = r"\s+".join(map(re.escape, old.split()))
        source, count = re.subn(pattern, lambda match, new=new: new, source)
        if not count:
            raise CourseError(
                f"{where} no longer holds “{old}”, which its variant replaces: "
                "write the variant anew in tlhelpers/course/grading"
            )
    return source


def of_result(undo: Callable) -> Callable[[Callable], Callable]:
    """A way back that changes what comes out: ``undo(result, *arguments)``."""

    def decorate(answer: Callable) -> Callable:
        @functools.wraps(answer)
        def as_in_the_course(*arguments: Any) -> Any:
            result = answer(*arguments)
            if result is None or result is Ellipsis:
                return result
            try:
                with np.errstate(all="ignore"):
                    return undo(result, *arguments)
            except Exception:  # whatever has another form cannot be brought back
                return UNREADABLE

        return as_in_the_course

    return decorate


def of_arguments(change: Callable) -> Callable[[Callable], Callable]:
    """A way back that changes what goes in: ``change(*arguments)`` gives the variant's."""

    def decorate(answer: Callable) -> Callable:
        @functools.wraps(answer)
        def as_in_the_course(*arguments: Any) -> Any:
            return answer(*change(*arguments))

        return as_in_the_course

    return decorate


def of_both(change: Callable, undo: Callable) -> Callable[[Callable], Callable]:
    """A way back that changes what goes in and what comes out."""
    return lambda answer: of_result(lambda result, *given: undo(result))(
        of_arguments(change)(answer)
    )


def only(kind: type, result: Any) -> Any:
    """A result of this kind, a ValueError for any other."""
    if not isinstance(result, kind):
        raise ValueError(f"not {kind.__name__}")
    return result
