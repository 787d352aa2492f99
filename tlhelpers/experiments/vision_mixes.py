"""Fine-tuning on drawings in the wild: mixed weights, and the longest training.

Not registered until its tables are there.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from tlhelpers.data.images import ImageSet
from tlhelpers.experiments.image_strategies import (
    HEAD_ONLY,
    change_views,
    count_old_answers,
    fine_tune_backbone,
)
from tlhelpers.experiments.strategies import Network, tune_settings
from tlhelpers.experiments.sweep import Sweep
from tlhelpers.experiments.vision_wild import RATE, at_96, wild_sets
from tlhelpers.training.interpolation import interpolate_weights


def tune_and_mix(images: ImageSet, items: np.ndarray, seed: int, share: float = 0.5):
    """Head first, then everything; then the weights between these two, so much of the new."""
    old, _ = fine_tune_backbone(images, items, seed, frozen_groups=HEAD_ONLY)
    new, notes = fine_tune_backbone(images, items, seed, lr=RATE)
    states = [network.model.state_dict() for network in (old, new)]
    new.model.load_state_dict(interpolate_weights(*states, share))
    return Network(new.model.eval()), notes


def _longest() -> dict:
    tuned = partial(fine_tune_backbone, lr=RATE, head_first=False)
    return {
        "24 epochs, augmented": tune_settings(partial(tuned, epochs=24, augment=change_views), [{}])
    }


def _mixes() -> dict:
    return {"half and half": tune_settings(tune_and_mix, [{}])}


SWEEPS = tuple(
    Sweep(name, __name__, wild_sets, rows, (None,), look=count_old_answers, warm=at_96)
    for name, rows in {"vision-mixes": _mixes, "vision-recipe-longest": _longest}.items()
)
