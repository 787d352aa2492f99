"""Which strategy for so many labels: all of them on drawings in the wild, with equal trials."""

from __future__ import annotations

from functools import partial

from tlhelpers.experiments.sweep import Sweep
from tlhelpers.experiments.vision import all_strategies
from tlhelpers.experiments.vision_wild import ON_WILD, RATE, wild_sets

# All at once first: with all labels it was ahead of head first (vision-tuning).
TUNED = [{"lr": RATE, "head_first": first} for first in (False, True)] + [
    {"lr": 1e-4, "head_first": False}
]
LOW_RANK = [{"lr": r} for r in (3e-3, 1e-3, 1e-2)]

_strategies = partial(all_strategies, tuned=TUNED, low_rank=LOW_RANK)
SWEEPS = (Sweep("vision-choosing", __name__, wild_sets, _strategies, (1, 5, None), **ON_WILD),)
