"""How an answer's results differ from the right ones, in words for the learner."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import torch

PLACES = range(7)  # decimal places to which a learner may have rounded


def array_of(value: Any) -> np.ndarray | None:
    """Numbers or texts as an array, None for what is no array."""
    if torch.is_tensor(value):
        value = value.detach().to_dense().cpu()
        return (value.float() if value.dtype == torch.bfloat16 else value).numpy()
    try:
        array = np.asarray(float(value) if isinstance(value, (Fraction, Decimal)) else value)
    except (ValueError, TypeError, RuntimeError):  # lists of unequal length are no array
        return None
    return None if array.dtype.kind == "O" else array


def difference(seen: Any, expected: Any, alike: Callable[[Any, Any], bool]) -> str:
    """What can be said of wrong results without knowing the exercise, "" if nothing can."""
    pairs = list(_pairs(seen, expected))
    for where, got, wanted in pairs:
        if said := _other_form(got, wanted, where):
            return said
    wrong = [pair for pair in pairs if not alike(*pair[1:])]
    numbers = [(array_of(a), array_of(b)) for pair in wrong for a, b in _arrays(*pair[1:])]
    if wrong and all(n is not None and n.dtype.kind in "iuf" for pair in numbers for n in pair):
        if any(all(_close(a, np.round(b, places)) for a, b in numbers) for places in PLACES):
            return "You rounded the result. Return it as it comes out."
        if all(alike(a, 100 * b) for a, b in numbers):
            return "That is in percent. Return a share between 0 and 1."
    places = {where for where, _, _ in pairs} - {where for where, _, _ in wrong}
    if wrong and wrong[0][0] and places:
        return f"It is right for some inputs, but not {wrong[0][0]}."
    return ""


def _pairs(seen: Any, expected: Any) -> Iterator[tuple[str, Any, Any]]:
    """Each result with the right one, and in which situation it was asked for."""
    if isinstance(expected, dict) and isinstance(seen, dict):
        for where, results in expected.items():
            for got, wanted in zip(seen.get(where, []), results, strict=False):
                yield where, got, wanted
    else:
        for got, wanted in zip(seen, expected, strict=False):
            yield "", got, wanted


def _arrays(got: Any, wanted: Any) -> list[tuple[Any, Any]]:
    """Pairs of arrays, where a result may be several of them."""
    several = isinstance(wanted, (list, tuple)) and any(np.ndim(array_of(w)) for w in wanted)
    return list(zip(got, wanted, strict=True)) if several else [(got, wanted)]


def _close(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=0, atol=1e-9, equal_nan=True))


def _other_form(got: Any, wanted: Any, where: str) -> str:
    """A sentence if a result is another kind of thing than what was asked for."""
    if wanted is None and got is not None:
        return f"Your function returned {_form(got)} {where}, where None is asked for."
    if wanted is None or isinstance(wanted, dict):
        return ""
    if got is None:
        place = f" {where}" if where else ""
        return f"Your function returned None{place}: does every way through it end in a `return`?"
    if isinstance(wanted, (list, tuple)) and any(np.ndim(array_of(w)) for w in wanted):
        if not isinstance(got, (list, tuple)) or len(got) != len(wanted):
            return f"Your function returned {_form(got)}, not {len(wanted)} arrays."
        return _other_form_inside(got, wanted, where)
    form = _form(got)
    return "" if form == _form(wanted) else f"Your function returned {form}, not {_form(wanted)}."


def _other_form_inside(got: list | tuple, wanted: list | tuple, where: str) -> str:
    """The same for the first of several arrays that is another kind of thing, with its place."""
    for place, pair in enumerate(zip(got, wanted, strict=True), start=1):
        if said := _other_form(*pair, where):
            said = said[0].lower() + said[1:]
            return f"In place {place} of {len(wanted)}, {said}"
    return ""


def _form(value: Any) -> str:
    if isinstance(value, str):
        return "a text"
    if isinstance(value, (bool, np.bool_)):
        return "True or False"
    array = array_of(value)
    if array is None or isinstance(value, (dict, set)):
        return f"something else ({type(value).__name__})"
    what = {"b": "True and False", "U": "texts", "S": "texts"}.get(array.dtype.kind, "numbers")
    return f"{what} of shape {array.shape}" if array.ndim else "one number"
