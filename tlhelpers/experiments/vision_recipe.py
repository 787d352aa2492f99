"""What makes fine-tuning better on drawings in the wild: length, augmentation, a short head start.

All rows but the mixes tune everything, all at once, at the rate of ``vision-tuning``; its row "all
at once" (six epochs, not augmented) stands beside them. The mixes stand beside "everything".
"""

from __future__ import annotations

from functools import partial

import numpy as np

from tlhelpers.data.images import ImageSet
from tlhelpers.experiments.image_strategies import (
    HEAD_ONLY,
    change_views,
    epochs_for,
    fine_tune_backbone,
)
from tlhelpers.experiments.strategies import HEAD, Network, train_on, tune_settings
from tlhelpers.experiments.sweep import Sweep
from tlhelpers.experiments.vision_wild import RATE, SIZE, at_96, count_old_answers, wild_sets
from tlhelpers.models.backbones import load_backbone
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.features import extract_features
from tlhelpers.training.fitting import fit_head
from tlhelpers.training.freezing import hold_statistics
from tlhelpers.training.interpolation import interpolate_weights

SHORT = 3  # epochs of the head alone, in place of sixty


def tune_after_short_head(images: ImageSet, items: np.ndarray, seed: int):
    """Head first, but stopped long before it knows its items by heart; then everything."""
    learned = images.subset(items)
    names = images.class_names
    model = Classifier(load_backbone(size=SIZE), len(names), names, seed)
    features = extract_features(model.backbone, learned, cache=False, progress=False)
    fit_head(
        model, features, learned.labels, **(HEAD | {"epochs": SHORT}), seed=seed, quiet=True
    )  # fmt: skip
    hold_statistics(model)
    return train_on(model, learned, seed, lr=RATE, epochs=epochs_for(len(items)))


def tune_and_mix(images: ImageSet, items: np.ndarray, seed: int, share: float = 0.5):
    """Head first, then everything; then the weights between these two, so much of the new."""
    old, _ = fine_tune_backbone(images, items, seed, frozen_groups=HEAD_ONLY)
    new, notes = fine_tune_backbone(images, items, seed, lr=RATE)
    states = [network.model.state_dict() for network in (old, new)]
    new.model.load_state_dict(interpolate_weights(*states, share))
    return Network(new.model.eval()), notes


def _recipe() -> dict:
    tuned = partial(fine_tune_backbone, lr=RATE, head_first=False)
    rows = {
        "12 epochs": partial(tuned, epochs=12),
        "12 epochs, augmented": partial(tuned, epochs=12, augment=change_views),
        "short head first": tune_after_short_head,
    }
    return {name: tune_settings(train, [{}]) for name, train in rows.items()}


def _longest() -> dict:
    tuned = partial(fine_tune_backbone, lr=RATE, head_first=False)
    return {
        "24 epochs, augmented": tune_settings(partial(tuned, epochs=24, augment=change_views), [{}])
    }


def _mixes() -> dict:
    return {"half and half": tune_settings(tune_and_mix, [{}])}


SWEEPS = tuple(
    Sweep(name, __name__, wild_sets, rows, (None,), look=count_old_answers, warm=at_96)
    for name, rows in {
        "vision-recipe": _recipe,
        "vision-mixes": _mixes,
        "vision-recipe-longest": _longest,
    }.items()
)
