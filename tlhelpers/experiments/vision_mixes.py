"""Fine-tuning on drawings in the wild, and the weights between the old and the tuned network."""

from __future__ import annotations

import numpy as np

from tlhelpers.data.images import ImageSet
from tlhelpers.experiments.image_strategies import (
    HEAD_ONLY,
    count_old_answers,
    fine_tune_backbone,
)
from tlhelpers.experiments.strategies import Network, tune_settings
from tlhelpers.experiments.sweep import Sweep
from tlhelpers.experiments.vision_wild import ON_WILD, RATE, wild_sets
from tlhelpers.training.interpolation import interpolate_weights


def tune_and_mix(images: ImageSet, items: np.ndarray, seed: int, share: float = 0.5):
    """Head first, then everything; then the weights between these two, so much of the new."""
    old, _ = fine_tune_backbone(images, items, seed, frozen_groups=HEAD_ONLY)
    new, notes = fine_tune_backbone(images, items, seed, lr=RATE)
    states = [network.model.state_dict() for network in (old, new)]
    new.model.load_state_dict(interpolate_weights(*states, share))
    return Network(new.model.eval()), notes


def _mixes() -> dict:
    return {"half and half": tune_settings(tune_and_mix, [{}])}


SWEEPS = (
    Sweep("vision-mixes", __name__, wild_sets, _mixes, (None,), look=count_old_answers, **ON_WILD),
)
