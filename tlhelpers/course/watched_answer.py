"""A learner's function under watch: the errors that it raises, the arguments that it changes."""

from __future__ import annotations

import copy
import dis
import functools
import inspect
import io
import itertools
import random
import traceback
from collections.abc import Callable, Iterator, KeysView, ValuesView
from contextlib import contextmanager, nullcontext, redirect_stdout
from types import NoneType
from typing import Any

import numpy as np
import pandas as pd
import torch

MOST_ITEMS = 100_000  # an iterator that gives more has no end
ONE_BY_ONE = (Iterator, range, KeysView, ValuesView)
COMPARED = (np.ndarray, torch.Tensor, pd.Series, pd.DataFrame, list, tuple, dict, set, str, bytes)


class Fault(Exception):
    """What is wrong with an answer, in words for the learner."""


class Watched:
    """Calls a learner's function, and remembers the error it raised and the arguments it changed.

    Generators, `map` and the like are listed, so that their errors count as the function's. A check
    calls hundreds of times: what the first calls print is shown, the rest is not."""

    def __init__(self, function: Callable, loud_calls: int = 3):
        functools.update_wrapper(self, function, updated=())
        self.function = function
        self.loud_calls = loud_calls
        self.error: BaseException | None = None
        self.changed: list[str] = []

    def __call__(self, *arguments: Any) -> Any:
        before = [_copy(argument) for argument in arguments]
        self.loud_calls -= 1
        quiet = redirect_stdout(io.StringIO()) if self.loud_calls < 0 else nullcontext()
        try:
            with quiet:
                result = listed(self.function(*arguments))
        except (Exception, SystemExit) as error:
            self.error = error
            raise
        names = _names(self.function, len(arguments))
        for name, old, new in zip(names, before, arguments, strict=True):
            if not _same(old, new) and name not in self.changed:
                self.changed.append(name)
        return result

    def how_it_stopped(self) -> str:
        """The error that the function raised, and the line of the learner's where it did."""
        error = self.error
        said = f": {error}".rstrip(": .") if str(error) else ""
        code = getattr(inspect.unwrap(self.function), "__code__", None)
        own = getattr(code, "co_filename", None)
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.line for frame in frames if frame.filename == own and frame.line]
        return f"Your function stopped with {type(error).__name__}{said}." + (
            f" It happened at: {lines[-1]}" if lines else ""
        )

    def what_it_changed(self) -> str:
        """A sentence about the arguments that are no longer what they were."""
        names = " and ".join(f"`{name}`" for name in self.changed)
        changed = (
            "is no longer what it was" if len(self.changed) == 1 else "are no longer what they were"
        )
        return (
            f"Your function changes what it is given: {names} {changed} after the call. "
            "Whoever calls it may still need it, so work on a copy or make a new one."
        )


@contextmanager
def random_numbers_kept() -> Iterator[None]:
    """Whatever is drawn or seeded inside, the notebook's random numbers go on as if nothing was.

    Gradients that are switched off inside are on again afterwards, too.
    """
    plain, of_numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        gradients = torch.set_grad_enabled(torch.is_grad_enabled())
        with torch.random.fork_rng(devices=[]), gradients:
            yield
    finally:
        random.setstate(plain)
        np.random.set_state(of_numpy)  # noqa: NPY002


# What `pass`, `...`, a docstring and `return None` become, in all versions of Python.
NOTHING = {"RESUME", "COPY_FREE_VARS", "NOP", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE", "CACHE"}


def is_empty(function: Callable) -> bool:
    """Whether nothing is written in a function yet: `pass`, `...`, a docstring or `return None`.

    One whose code is out of sight, as in a grader's other process, may be empty, and counts so.
    """
    code = getattr(inspect.unwrap(function), "__code__", None)
    return code is None or all(one.opname in NOTHING for one in dis.get_instructions(code))


def listed(result: Any) -> Any:
    """A result with every generator, map or range in it as a list."""
    if isinstance(result, ONE_BY_ONE):
        items = list(itertools.islice(result, MOST_ITEMS))
        if len(items) == MOST_ITEMS:
            raise ValueError("what is returned has no end")
        return [listed(item) for item in items]
    if type(result) in (list, tuple):
        return type(result)(listed(item) for item in result)
    return result


def _names(function: Callable, n: int) -> list[str]:
    """What the learner calls the arguments."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # some functions written in C do not tell
        parameters = []
    names = [p.name for p in parameters if p.kind is not p.VAR_POSITIONAL][:n]
    return [*names, *(f"argument {place + 1}" for place in range(len(names), n))]


def _copy(value: Any) -> Any:
    """A copy to compare with afterwards, None where a comparison would mean nothing."""
    try:
        return copy.deepcopy(value) if isinstance(value, COMPARED) else None
    except Exception:  # a tensor in a graph, say, cannot be copied
        return None


def _same(old: Any, new: Any) -> bool:
    """Whether an argument is as it was; things that cannot be compared count as unchanged."""
    if old is None or not isinstance(old, COMPARED):
        return True
    if type(old) is not type(new):
        return False
    if isinstance(old, (list, tuple)):
        return len(old) == len(new) and all(map(_same_item, old, new))
    if isinstance(old, dict):
        return list(old) == list(new) and all(_same_item(old[key], new[key]) for key in old)
    if isinstance(old, torch.Tensor):
        return old.shape == new.shape and bool(torch.equal(old, new))
    if isinstance(old, np.ndarray):
        return old.shape == new.shape and old.dtype == new.dtype and _equal(old, new)
    return bool(old.equals(new)) if hasattr(old, "equals") else bool(old == new)


def _same_item(old: Any, new: Any) -> bool:
    if isinstance(old, COMPARED):
        return _same(old, new)
    plain = (int, float, complex, str, bytes, NoneType, np.generic)
    if not isinstance(old, plain):
        return True
    return isinstance(new, plain) and bool(old == new or (old != old and new != new))


def _equal(old: np.ndarray, new: np.ndarray) -> bool:
    if old.dtype.kind in "fc":
        return bool(np.array_equal(old, new, equal_nan=True))
    return bool(np.array_equal(old, new))
