"""The long comparisons of the vision lessons: what is run, on what, with which seeds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial

from tlhelpers.data.images import ImageSet, load_digits_pair, load_emoji
from tlhelpers.experiments.image_strategies import (
    adapt_low_rank,
    fine_tune_backbone,
    frozen_rows,
    pixel_rows,
    small_changes,
    train_large,
    train_small,
    warm_pictures,
)
from tlhelpers.experiments.strategies import train_head_on, tune_settings
from tlhelpers.experiments.sweep import Sweep

SIZE, FAR_SIZE = 96, 64
PENALTIES = [{"C": c} for c in (10.0, 1.0, 100.0)]
RATES = [{"lr": r} for r in (3e-4, 1e-4, 1e-3)]
LOW_RANK = [{"lr": r} for r in (3e-3, 1e-3, 3e-4)]


@cache
def twemoji_set() -> dict[str, ImageSet]:
    """The one drawing style that is trained and tested on."""
    return {"twemoji": load_emoji("twemoji", size=SIZE)}


@cache
def digit_set() -> dict[str, ImageSet]:
    """Digits of 8×8 pixels, scaled up."""
    return {"digits": load_digits_pair("digits", size=FAR_SIZE)}


def all_strategies(
    size: int = SIZE, tuned: Sequence[dict] = RATES, low_rank: Sequence[dict] = LOW_RANK
) -> dict:
    """Six strategies with as many trials each, from no network to everything tuned."""
    return {
        "raw pixels": train_head_on(pixel_rows, PENALTIES),
        "scratch": tune_settings(train_small, [{"lr": r} for r in (3e-3, 1e-3, 1e-2)]),
        "frozen": train_head_on(partial(frozen_rows, size=size), PENALTIES),
        "frozen random": train_head_on(
            partial(frozen_rows, size=size, twin=True), PENALTIES
        ),
        "fine-tuned": tune_settings(partial(fine_tune_backbone, size=size), tuned),
        "LoRA": tune_settings(partial(adapt_low_rank, size=size), low_rank),
    }  # fmt: skip


def _schedules() -> dict:
    small = {
        f"small, {n} epochs": tune_settings(partial(train_small, epochs=n), [{}])
        for n in (10, 30, 100, 300)
    }
    changed = partial(train_small, epochs=100, augment=small_changes)
    large = {
        f"large, {n} epochs": tune_settings(partial(train_large, epochs=n), [{}]) for n in (8, 24)
    }
    return small | {"small, augmented, 100 epochs": tune_settings(changed, [{}])} | large


def _far_strategies() -> dict:
    return {name: run for name, run in all_strategies(FAR_SIZE).items() if name != "LoRA"}


def _far_grid() -> dict:
    """Frozen features that keep a coarse place, as lesson 02 reads them, and their controls."""
    middle = partial(frozen_rows, size=FAR_SIZE, layer="blocks.4")
    rows = {
        "frozen, 4×4 grid": partial(middle, grid=4),
        "frozen, same layer averaged": partial(middle, grid=1),
        "frozen random, 4×4 grid": partial(middle, grid=4, twin=True),
    }
    return {name: train_head_on(make, PENALTIES) for name, make in rows.items()}


at_96, at_64 = (partial(warm_pictures, size) for size in (SIZE, FAR_SIZE))
FAR = Sweep("vision-far", __name__, digit_set, _far_strategies, (5, 50), warm=at_64)
FAR_GRID = Sweep("vision-far-grid", __name__, digit_set, _far_grid, (5, 50), warm=at_64)
SCHEDULES = Sweep("vision-schedules", __name__, twemoji_set, _schedules, (None,), warm=at_96)
SWEEPS = (FAR, FAR_GRID, SCHEDULES)
