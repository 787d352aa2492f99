"""Checks of arguments that several modules share."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterable

import numpy as np
from tqdm import tqdm

from tlhelpers.errors import nearest

HALF_SIGN = re.compile("[\ud800-\udfff]")


def whole_numbers(values, what: str) -> np.ndarray:
    """Take `values` as a list of whole numbers.

    Parameters
    ----------
    values : array-like, shape (n,)
        Floats pass when each is whole.
    what : str
        What they are, in the plural, for messages.

    Returns
    -------
    int64 array, shape (n,)

    Raises
    ------
    ValueError
        If they are empty, not whole, or not in one dimension.
    """
    if np.ma.is_masked(values):
        raise ValueError(f"{what} are masked: give every item one")
    values = np.asarray(values)
    if values.ndim != 1:
        raise ValueError(f"{what} must have one dimension, got shape {values.shape}")
    if not values.size:
        raise ValueError(f"{what} are empty: there is nothing to work on")
    if values.dtype.kind == "f" and np.isnan(values).any():
        raise ValueError(f"{what} hold {int(np.isnan(values).sum())} NaN: give every item a class")
    # Beyond 2^53 a float no longer tells whole numbers apart, and infinity would become one.
    if values.dtype.kind == "f" and (np.abs(values) > 2**53).any():
        raise ValueError(f"{what} must be whole numbers, got {values[np.abs(values) > 2**53][0]}")
    if values.dtype.kind == "f" and np.array_equal(values, np.round(values)):
        return values.astype(np.int64)
    if values.dtype.kind not in "iub":
        raise ValueError(f"{what} must be whole numbers, got {values.dtype}")
    return values.astype(np.int64)


def is_int(value) -> bool:
    """True for a whole number of Python or NumPy; True and False are none."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def whole(name: str, value, least: int = 1, most: int | None = None) -> int:
    """Take `value` as one whole number from `least` to `most`.

    Parameters
    ----------
    name : str
        What it is, for the message.
    value : object
        True and False are no numbers, and neither is 3.0.
    least, most : int
        Both allowed; without `most` there is no upper end.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If it is no whole number, or out of range.
    """
    if not is_int(value) or value < least or (most is not None and value > most):
        end = "on" if most is None else f"to {most}"
        raise ValueError(f"{name} must be a whole number from {least} {end}, got {value!r}")
    return int(value)


def is_number(value) -> bool:
    """True for a finite number of Python or NumPy; True and False are none."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number that no float can hold
        return False


def number(name: str, value, least: float = 0.0) -> None:
    """Refuse what is no finite number from `least` on; True and False are no numbers."""
    if not is_number(value) or value < least:
        raise ValueError(f"{name} must be a number from {least:g} on, got {value!r}")


def known(name: str, value, names: Iterable) -> None:
    """Refuse a value that is not among `names`; the message lists near ones.

    Parameters
    ----------
    name : str
        What it is, for the message, e.g. ``"precision"``.
    value : object
    names : iterable of str

    Raises
    ------
    ValueError
        If it is not among them.
    """
    names = list(names)
    if value not in names:
        raise ValueError(f"unknown {name} {value!r}: {nearest(str(value), names)}")


def listed(name: str, values) -> list:
    """Take `values` as a list: a text would be taken for its letters.

    Parameters
    ----------
    name : str
        What they are, in the plural, for the message.
    values : iterable

    Returns
    -------
    list

    Raises
    ------
    ValueError
        If they are one text, or nothing that can be gone through, or there are none.
    """
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise ValueError(f"give a list of {name}, not {values!r}")
    if not (values := list(values)):
        raise ValueError(f"there are no {name}: name one at least")
    return values


def full_texts(texts) -> list[str]:
    """Take `texts` as a list of texts that hold something.

    Parameters
    ----------
    texts : iterable of str

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        If they are no list of texts, there are none, or one is empty, missing or cut in the middle
        of a character; the message names the first.
    """
    if isinstance(texts, str) or not isinstance(texts, Iterable):
        given = "one text" if isinstance(texts, str) else repr(texts)
        raise ValueError(f"give a list of texts, not {given}")
    texts = list(texts)
    if not texts:
        raise ValueError("there are no texts")
    for place, text in enumerate(texts):
        if not isinstance(text, str) or not text.strip():
            raise ValueError(f"text {place} is {text!r}: leave empty and missing texts out")
        if HALF_SIGN.search(text):
            raise ValueError(f"text {place} holds half a character: read its file as UTF-8")
    return texts


def progress_bar(items, name: str, unit: str, shown: bool = True, total: int | None = None):
    """Go through `items` and show how far it is, from the fifth second on.

    Parameters
    ----------
    items : iterable
    name, unit : str
        What is counted, e.g. ``"features"`` and ``"batch"``.
    shown : bool
    total : int, optional
        How many there are, where `items` has no length.

    Returns
    -------
    iterable
        Over the same items. It writes to standard output: notebooks paint errors red.
    """
    return tqdm(
        items, desc=name, unit=unit, total=total, leave=False, mininterval=1, delay=5,
        file=sys.stdout, disable=not shown,
    )  # fmt: skip
