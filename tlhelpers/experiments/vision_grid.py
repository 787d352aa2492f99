"""The far domain once more: frozen features that keep a coarse place, as lesson 02 reads them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import numpy as np

from tlhelpers.data.images import ImageSet, load_digits_pair
from tlhelpers.experiments.strategies import TWINS, train_head_on
from tlhelpers.experiments.sweep import Sweep
from tlhelpers.models.backbones import Backbone, load_backbone
from tlhelpers.models.features import extract_features

SIZE, LAYER, CELLS = 64, "blocks.4", 4
PENALTIES = [{"C": c} for c in (10.0, 1.0, 100.0)]


@cache
def digit_set() -> dict[str, ImageSet]:
    """Digits of 8×8 pixels, scaled up: those of ``vision-far``."""
    return {"digits": load_digits_pair("digits", size=SIZE)}


@cache
def _network(pretrained: bool, seed: int) -> Backbone:
    return load_backbone(pretrained=pretrained, seed=seed, size=SIZE)


def grid_rows(seed: int, grid: int = CELLS, twin: bool = False) -> Callable[[ImageSet], np.ndarray]:
    """Frozen features of a layer in the middle, averaged over the cells of a grid."""
    network = _network(not twin, seed % TWINS if twin else 0)
    return partial(
        extract_features, network, layer=LAYER, grid=grid, cache=False, progress=False
    )  # fmt: skip


def _strategies() -> dict:
    rows = {
        "frozen, 4×4 grid": grid_rows,
        "frozen, same layer averaged": partial(grid_rows, grid=1),
        "frozen random, 4×4 grid": partial(grid_rows, twin=True),
    }
    return {name: train_head_on(make, PENALTIES) for name, make in rows.items()}


SWEEPS = (Sweep("vision-far-grid", __name__, digit_set, _strategies, (5, 50)),)
