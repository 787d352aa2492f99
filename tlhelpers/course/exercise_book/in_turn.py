"""Looks at an answer one after another: hard situations wait until the plain ones are right."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from tlhelpers.course.exercise_kinds import alike

Look = Callable[[Callable], dict[str, list]]


def in_turn(reference: Callable, *looks: Look) -> Look:
    """An `observe` that goes on to the next look only while all results are right so far.

    So a known mistake that stops in a hard situation is still known by what it gives before."""

    right = cache(lambda look: look(reference))

    def observe(function: Callable) -> dict[str, list]:
        seen: dict[str, list] = {}
        for look in looks:
            found = look(function)
            seen |= found
            if not alike(found, right(look)):
                break
        return seen

    return observe


def counted_as(instead: Any, errors: type | tuple[type, ...], look: Look) -> Look:
    """A look in which a call that stops with one of these errors counts as if it gave `instead`."""

    def observe(function: Callable) -> dict[str, list]:
        def call(*arguments: Any) -> Any:
            try:
                return function(*arguments)
            except errors:
                return instead

        return look(call)

    return observe


def of_result(read: Callable[[Any], Any], look: Look) -> Look:
    """A look at what `read` makes of each result; numpy is quiet about nan and division by 0."""

    def observe(function: Callable) -> dict[str, list]:
        with np.errstate(all="ignore"):
            return look(lambda *arguments: read(function(*arguments)))

    return observe


def parts_of(result: Any) -> Any:
    """The rows of one array as a list, where several arrays are asked for."""
    several = isinstance(result, np.ndarray) and result.ndim > 1
    return list(result) if several else result
