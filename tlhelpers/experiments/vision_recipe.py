"""What makes fine-tuning better on drawings in the wild: length, augmentation, a short head start.

All rows tune everything at the rate of ``vision-tuning``, whose row "all at once" (six epochs, not
augmented) stands beside them.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from tlhelpers.data.images import ImageSet
from tlhelpers.experiments.image_strategies import (
    change_views,
    epochs_for,
    fine_tune_backbone,
)
from tlhelpers.experiments.strategies import HEAD, train_on, tune_settings
from tlhelpers.experiments.sweep import Sweep
from tlhelpers.experiments.vision_wild import RATE, SIZE, at_96, count_old_answers, wild_sets
from tlhelpers.models.backbones import load_backbone
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.features import extract_features
from tlhelpers.training.fitting import fit_head
from tlhelpers.training.freezing import hold_statistics

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


def _recipe() -> dict:
    tuned = partial(fine_tune_backbone, lr=RATE, head_first=False)
    rows = {
        "12 epochs": partial(tuned, epochs=12),
        "12 epochs, augmented": partial(tuned, epochs=12, augment=change_views),
        "short head first": tune_after_short_head,
    }
    return {name: tune_settings(train, [{}]) for name, train in rows.items()}


SWEEPS = (
    Sweep(
        "vision-recipe", __name__, wild_sets, _recipe, (None,), look=count_old_answers, warm=at_96
    ),
)
