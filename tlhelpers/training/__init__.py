"""Training: fit, freeze, fine-tune, LoRA."""

from tlhelpers.training.fitting import fine_tune, fit, fit_head
from tlhelpers.training.forgetting import agreement
from tlhelpers.training.freezing import (
    count_weights,
    freeze,
    freeze_to,
    frozen_hash,
    hold_statistics,
    unfreeze,
)
from tlhelpers.training.lora import add_lora
from tlhelpers.training.optimizers import param_groups
from tlhelpers.training.predicting import predict

__all__ = [
    "add_lora",
    "agreement",
    "count_weights",
    "fine_tune",
    "fit",
    "fit_head",
    "freeze",
    "freeze_to",
    "frozen_hash",
    "hold_statistics",
    "param_groups",
    "predict",
    "unfreeze",
]
