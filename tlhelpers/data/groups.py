"""Names of groups: what belongs together must not fall apart, nor strangers meet."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Set

import numpy as np
import pandas as pd

from tlhelpers.checks import is_int

# What NumPy and pandas write for a missing value when they turn a list into texts.
MISSING_AS_TEXT = ("nan", "NaN", "None", "<NA>", "NaT")


def composed(name: str) -> str:
    """Write an accent and its letter as one character (NFC): macOS and some tools write two."""
    return unicodedata.normalize("NFC", name)


def group_names(values, n: int | None = None) -> np.ndarray:
    """Take `values` as one group name per item.

    Parameters
    ----------
    values : array-like of str or int, shape (n,)
        Whole numbers become texts.
    n : int, optional
        How many items there are.

    Returns
    -------
    str array, shape (n,)
        In composed letters (NFC), so that a name written in two ways is one group.

    Raises
    ------
    ValueError
        If they are no list, are not `n`, or one is missing, blank or neither a text nor a whole
        number; the message names the first such item, counted from 0.
    """
    values = _listed(values)
    missing = missing_groups(values)
    if missing:
        first = missing[0]
        raise ValueError(
            f"{len(missing)} item(s) have no group, the first is item {first} ({values[first]!r}): "
            "give an item of its own a unique name"
        )
    for place, value in enumerate(values):
        if not isinstance(value, str) and not is_int(value):
            raise ValueError(f"the group of item {place} is {value!r}: {_advice(value)}")
    if n is not None and len(values) != n:
        raise ValueError(f"there are {n} items and {len(values)} groups: give every item one group")
    return np.array([composed(str(value)) for value in values], dtype=str)


def missing_groups(values) -> list[int]:
    """Find the places of the values that name no group: None, NaN, NA, blank, "nan" as text."""
    return [place for place, value in enumerate(values) if _is_missing(value)]


def _is_missing(value) -> bool:
    if isinstance(value, str):
        return not value.strip() or value in MISSING_AS_TEXT
    return value is None or value is np.ma.masked or (np.ndim(value) == 0 and bool(pd.isna(value)))


def _listed(values) -> list:
    if isinstance(values, (str, bytes)) or (isinstance(values, np.ndarray) and values.ndim != 1):
        raise ValueError(f"groups must have one dimension, got {_shape(values)}")
    # A set or a dict has no order that could follow the items.
    if isinstance(values, (dict, Set)) or not isinstance(values, Iterable):
        raise ValueError(f"groups must be a list with one name per item, got {_shape(values)}")
    values = list(values)
    if any(isinstance(value, (list, tuple, np.ndarray)) and np.ndim(value) for value in values):
        raise ValueError("groups must have one dimension, got a list in the list")
    return values


def _shape(values) -> str:
    return f"shape {values.shape}" if isinstance(values, np.ndarray) else repr(values)[:80]


def _advice(value) -> str:
    if isinstance(value, (float, np.floating)):
        return (
            "a decimal number is no name; pandas makes decimals of whole numbers where some are "
            "missing, so look for those and give whole numbers or texts"
        )
    return "give texts or whole numbers"
