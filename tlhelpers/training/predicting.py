"""What a trained model says of items: outputs, probabilities, classes."""

from __future__ import annotations

import numpy as np
import torch
from scipy.special import softmax
from torch import nn

from tlhelpers.checks import is_int, whole
from tlhelpers.data.images import ImageSet
from tlhelpers.data.texts import TextSet
from tlhelpers.models.devices import on_device
from tlhelpers.training.batches import SETS, Batches, batch_on, batches_of, cut_into_batches
from tlhelpers.training.loop import apply_to


def predict(
    model: nn.Module,
    data: ImageSet | TextSet | Batches,
    count: int | None = None,
    batch_size: int = 32,
) -> np.ndarray:
    """The most likely class of each item; the model is left in evaluation mode, where it was.

    Parameters
    ----------
    model : nn.Module
    data : ImageSet, TextSet or callable
        As in `fit`.
    count : int, optional
        How many items a callable has.
    batch_size : int

    Returns
    -------
    int64 array, shape (n,)
    """
    return predict_outputs(model, data, count, batch_size).argmax(axis=1)


def predict_proba(
    model: nn.Module,
    data: ImageSet | TextSet | Batches,
    count: int | None = None,
    batch_size: int = 32,
) -> np.ndarray:
    """The probability of each class, float64 (n, k): a softmax of the outputs; as `predict`."""
    return softmax(predict_outputs(model, data, count, batch_size).astype(np.float64), axis=1)


def predict_outputs(
    model: nn.Module,
    data: ImageSet | TextSet | Batches,
    count: int | None = None,
    batch_size: int = 32,
) -> np.ndarray:
    """What the model gives for each item, as it is, float32 (n, k); as `predict`."""
    if not isinstance(data, SETS) and not is_int(count):
        raise ValueError("say how many items there are to predict: count=…")
    items = np.arange(len(data) if count is None else whole("count", count))
    if not len(items):
        raise ValueError("there are no items to predict")
    if isinstance(data, TextSet):  # texts of like length go together: little is filled up
        items = np.argsort([len(text) for text in data.texts], kind="stable")
    batches = batches_of(model, data)
    parts = cut_into_batches(items, whole("batch_size", batch_size))
    model.eval()
    with on_device(model, changes=False) as device, torch.inference_mode():
        outputs = [
            apply_to(model, batch_on(device, batches, part), device).float().cpu() for part in parts
        ]
    outputs = torch.cat(outputs).numpy()
    in_order = np.empty(outputs.shape, dtype=np.float32)
    in_order[items] = outputs
    return in_order
