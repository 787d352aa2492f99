"""The runs that an answer rests on: of the chosen strategy, at the size and labels told of."""

from __future__ import annotations

import re

import pandas as pd

from tlhelpers.own_data.comparison import Comparison

SUFFIX = re.compile(r", (\d+) (px|tokens)$")  # of a strategy at another size than the network's


def own_name(strategy: str) -> str:
    """A strategy's name without the size that it ran at."""
    return SUFFIX.sub("", strategy)


def runs_of_answer(comparison: Comparison) -> pd.DataFrame:
    """The runs of the chosen strategy at the network's own size if there are any, most labels."""
    runs, wanted = comparison.runs, own_name(comparison.answer.strategy)
    own = runs[runs["strategy"].map(own_name) == wanted]
    full = comparison.settings.get("size")
    if "size" in own and (own["size"] == full).any():
        own = own[own["size"] == full]
    return own[own["labels"] == own["labels"].max()]


def chosen_size(comparison: Comparison) -> int | None:
    """Pixels or tokens that the chosen strategy ran with; None where it is not known."""
    named = SUFFIX.search(comparison.answer.strategy)
    if named:
        return int(named[1])
    own = runs_of_answer(comparison)
    if "size" not in own or not len(own):
        return comparison.settings.get("size")
    return int(own["size"].iloc[0])
