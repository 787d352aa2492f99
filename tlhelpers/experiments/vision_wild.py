"""The long comparison of ways to tune on drawings in the wild.

What is learned from shows each drawing once; what is tested on shows each unseen drawing four
times, in the style that was learned from and in the other one.
"""

from __future__ import annotations

from functools import cache, partial

from tlhelpers.data.images import ImageSet
from tlhelpers.data.wild import load_wild_emoji
from tlhelpers.experiments.image_strategies import (
    HEAD_ONLY,
    adapt_low_rank,
    count_old_answers,
    fine_tune_backbone,
    warm_pictures,
)
from tlhelpers.experiments.strategies import tune_settings
from tlhelpers.experiments.sweep import Sweep

SIZE = 96
TINY = 8  # pixels: labels and groups are what a stored table is read with
RATE = 3e-4
DEPTHS = {
    "head only": HEAD_ONLY,
    "last convolution": 8,
    "from blocks.5": 6,
    "from blocks.3": 4,
    "everything": 0,
}


@cache
def wild_sets(size: int = SIZE) -> dict[str, ImageSet]:
    """One view of each drawing to learn from, four in both styles to be tested on."""
    styles = {style: load_wild_emoji(style, size=size) for style in ("twemoji", "openmoji")}
    return {"one view": load_wild_emoji("twemoji", size=size, views=1)} | styles


@cache
def labelled_wild_sets() -> dict[str, ImageSet]:
    """The same in pictures too small to look at."""
    return wild_sets.__wrapped__(TINY)


def _tuning() -> dict:
    tuned = partial(fine_tune_backbone, lr=RATE)
    trainers = {name: partial(tuned, frozen_groups=n) for name, n in DEPTHS.items()} | {
        "all at once": partial(tuned, head_first=False),
        "statistics moving": partial(tuned, hold_bn=False),
        "LoRA": partial(adapt_low_rank, lr=3e-3),
        "rate 0.0001": partial(tuned, lr=1e-4),
        "rate 0.001": partial(tuned, lr=1e-3),
    }
    return {name: tune_settings(train, [{}]) for name, train in trainers.items()}


# How all sweeps on these sets start, and how their tables are read.
ON_WILD = {"warm": partial(warm_pictures, SIZE), "labelled": labelled_wild_sets}
SWEEPS = (
    Sweep(
        "vision-tuning", __name__, wild_sets, _tuning, (None,), look=count_old_answers, **ON_WILD
    ),
)
