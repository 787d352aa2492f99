"""The long comparison of ways to tune on drawings in the wild.

What is learned from shows each drawing once; what is tested on shows each unseen drawing four
times, in the style that was learned from and in the other one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

from tlhelpers.data.images import ImageSet
from tlhelpers.data.wild import label_wild_emoji, load_wild_emoji
from tlhelpers.experiments.image_strategies import (
    HEAD_ONLY,
    adapt_low_rank,
    count_old_answers,
    fine_tune_backbone,
    warm_pictures,
)
from tlhelpers.experiments.on_demand import SetsOnDemand
from tlhelpers.experiments.strategies import tune_settings
from tlhelpers.experiments.sweep import Sweep

SIZE = 96
RATE = 3e-4
DEPTHS = {
    "head only": HEAD_ONLY,
    "last convolution": 8,
    "from blocks.5": 6,
    "from blocks.3": 4,
    "everything": 0,
}


@cache
def wild_sets() -> SetsOnDemand:
    """One view of each drawing to learn from, four in both styles to be tested on."""
    return one_view_and(("twemoji", "openmoji"), partial(load_wild_emoji, size=SIZE))


@cache
def labelled_wild_sets() -> SetsOnDemand:
    """The same labels without the pictures."""
    return one_view_and(("twemoji", "openmoji"), label_wild_emoji)


def one_view_and(styles: tuple[str, ...], load: Callable[..., ImageSet]) -> SetsOnDemand:
    """Sets by `load`: one view of each drawing to learn from, then all views in some styles."""
    one = {"one view": partial(load, "twemoji", views=1)}
    return SetsOnDemand(one | {style: partial(load, style) for style in styles})


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


# How all sweeps on these sets start, and how their tables are read; none adapts to what it is
# tested on.
ON_WILD = {
    "warm": partial(warm_pictures, SIZE), "labelled": labelled_wild_sets, "adapts": False,
}  # fmt: skip
SWEEPS = (
    Sweep(
        "vision-tuning", __name__, wild_sets, _tuning, (None,), look=count_old_answers, **ON_WILD
    ),
)
