"""Drawings in the wild at the size that the network was trained with: frozen, and tuned.

Both stand beside the same strategies at 96 pixels. Tuning at this size is dear: it has few seeds.
"""

from __future__ import annotations

from functools import cache, partial

from tlhelpers.data.wild import label_wild_emoji, load_wild_emoji
from tlhelpers.experiments.image_strategies import (
    change_views,
    fine_tune_backbone,
    frozen_rows,
    warm_pictures,
)
from tlhelpers.experiments.on_demand import SetsOnDemand
from tlhelpers.experiments.strategies import train_head_on, tune_settings
from tlhelpers.experiments.sweep import Sweep
from tlhelpers.experiments.vision import PENALTIES
from tlhelpers.experiments.vision_wild import RATE, one_view_and

SIZE = 224


@cache
def large_wild_sets() -> SetsOnDemand:
    """One view of each drawing to learn from, four to be tested on."""
    return one_view_and(("twemoji",), partial(load_wild_emoji, size=SIZE))


@cache
def labelled_large_sets() -> SetsOnDemand:
    """The same labels without the pictures."""
    return one_view_and(("twemoji",), label_wild_emoji)


def _frozen() -> dict:
    return {"frozen, 224 px": train_head_on(partial(frozen_rows, size=SIZE), PENALTIES)}


def _tuned() -> dict:
    tuned = partial(
        fine_tune_backbone, lr=RATE, head_first=False, size=SIZE, epochs=12,
        augment=partial(change_views, SIZE),
    )  # fmt: skip
    return {"recipe, 224 px": tune_settings(tuned, [{}])}


AT_224 = {"warm": partial(warm_pictures, SIZE), "labelled": labelled_large_sets, "adapts": False}
SWEEPS = (
    Sweep("vision-size-frozen", __name__, large_wild_sets, _frozen, (None,), **AT_224),
    Sweep("vision-size-tuned", __name__, large_wild_sets, _tuned, (None,), seeds=3, **AT_224),
)
