"""Which strategy for so many labels: all of them on drawings in the wild, with equal trials.

Not registered until its table is there.
"""

from __future__ import annotations

from functools import partial

from tlhelpers.experiments.image_strategies import (
    adapt_low_rank,
    fine_tune_backbone,
    frozen_rows,
    pixel_rows,
    train_small,
)
from tlhelpers.experiments.strategies import train_head_on, tune_settings
from tlhelpers.experiments.sweep import Sweep
from tlhelpers.experiments.vision_wild import RATE, at_96, wild_sets

PENALTIES = [{"C": c} for c in (10.0, 1.0, 100.0)]
# All at once first: with all labels it was ahead of head first (vision-tuning).
TUNED = [{"lr": RATE, "head_first": first} for first in (False, True)] + [
    {"lr": 1e-4, "head_first": False}
]


def _choosing() -> dict:
    return {
        "raw pixels": train_head_on(pixel_rows, PENALTIES),
        "scratch": tune_settings(train_small, [{"lr": r} for r in (3e-3, 1e-3, 1e-2)]),
        "frozen": train_head_on(frozen_rows, PENALTIES),
        "frozen random": train_head_on(partial(frozen_rows, twin=True), PENALTIES),
        "fine-tuned": tune_settings(fine_tune_backbone, TUNED),
        "LoRA": tune_settings(adapt_low_rank, [{"lr": r} for r in (3e-3, 1e-3, 1e-2)]),
    }


SWEEPS = (Sweep("vision-choosing", __name__, wild_sets, _choosing, (1, 5, None), warm=at_96),)
