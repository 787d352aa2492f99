"""What makes fine-tuning better on drawings in the wild: length, augmentation, a short head start.

All rows tune everything at the rate of ``vision-tuning``, whose row "all at once" (six epochs, not
augmented) stands beside them.
"""

from __future__ import annotations

from functools import partial

from tlhelpers.experiments.image_strategies import (
    change_views,
    count_old_answers,
    fine_tune_backbone,
)
from tlhelpers.experiments.strategies import tune_settings
from tlhelpers.experiments.sweep import Sweep
from tlhelpers.experiments.vision_wild import ON_WILD, RATE, wild_sets


def _recipe() -> dict:
    tuned = partial(fine_tune_backbone, lr=RATE)
    at_once = partial(tuned, head_first=False)
    rows = {
        "12 epochs": partial(at_once, epochs=12),
        "12 epochs, augmented": partial(at_once, epochs=12, augment=change_views),
        "short head first": partial(tuned, head_epochs=3),
    }
    return {name: tune_settings(train, [{}]) for name, train in rows.items()}


SWEEPS = (
    Sweep(
        "vision-recipe", __name__, wild_sets, _recipe, (None,), look=count_old_answers, **ON_WILD
    ),
)
