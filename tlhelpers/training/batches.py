"""What a model is trained on: batches made out of indices, with labels that were checked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from tlhelpers.checks import whole_numbers
from tlhelpers.data.images import ImageSet
from tlhelpers.data.texts import TextSet
from tlhelpers.models.classifier import refuse_other_classes

Batches = Callable[[np.ndarray], object]
SETS = (ImageSet, TextSet)


@dataclass(frozen=True)
class Labelled:
    """A way to make batches, the label of each item, and a hash that tells data apart.

    Attributes
    ----------
    batches : callable
        int array (k,) of indices to what the model takes.
    labels : int64 array, shape (n,)
    fingerprint : str
    """

    batches: Batches
    labels: np.ndarray
    fingerprint: str


def image_batches(images: ImageSet, transform, augment=None) -> Batches:
    """Make what `fit` asks for out of pictures: indices in, a batch for the model out.

    Parameters
    ----------
    images : ImageSet
    transform : callable
        The checkpoint's own: uint8 (k, height, width, 3) to float (k, 3, size, size).
    augment : callable, optional
        uint8 tensor (3, height, width) to a uint8 tensor of one shape for all, as those of
        ``torchvision.transforms.v2``; called for each picture by itself, before the transform.

    Returns
    -------
    callable
        int array (k,) to float tensor (k, 3, size, size).
    """

    def batch(indices: np.ndarray) -> torch.Tensor:
        pixels = images.pixels[indices]
        if augment is not None:
            changed = [augment(torch.tensor(picture).permute(2, 0, 1)) for picture in pixels]
            pixels = torch.stack(changed).permute(0, 2, 3, 1).numpy()
        # Convolutions on a processor are a third quicker in this order of memory.
        return transform(pixels).contiguous(memory_format=torch.channels_last)

    return batch


def text_batches(texts: TextSet, transform) -> Batches:
    """Make what `fit` asks for out of texts; they are cut into tokens once, and filled up by batch.

    Parameters
    ----------
    texts : TextSet
    transform : Tokens or WordIds
        The model's own.

    Returns
    -------
    callable
        int array (k,) to what the model takes.
    """
    rows = transform.numbers(texts.texts)
    return lambda indices: transform.padded([rows[i] for i in indices])


def steps(order: np.ndarray, batch_size: int) -> list[np.ndarray]:
    """Cut `order`, int (n,), into parts of nearly equal size, none above `batch_size`."""
    return np.array_split(order, -(-len(order) // batch_size))


def batches_of(model: nn.Module, data, augment=None) -> Batches:
    """What makes batches out of `data` for this model.

    Parameters
    ----------
    model : nn.Module
    data : ImageSet, TextSet or callable
        As for `finetune.fit`.
    augment : callable, optional
        As in `image_batches`.

    Returns
    -------
    callable

    Raises
    ------
    ValueError
        If `data` is neither, or an augmentation or a transform has no place.
    """
    transform = getattr(model, "transform", None)
    if isinstance(data, SETS) and transform is None:
        raise ValueError("the model has no transform: give image_batches(images, transform)")
    if isinstance(data, ImageSet):
        if hasattr(transform, "numbers"):
            raise ValueError(f"the model's transform {transform} takes no pictures, only texts")
        return image_batches(data, transform, augment)
    if augment is not None:
        raise ValueError("augment is for an ImageSet: let your own function augment its batches")
    if isinstance(data, TextSet):
        if not hasattr(transform, "numbers"):
            raise ValueError(f"the model's transform {transform} takes no texts")
        return text_batches(data, transform)
    if not callable(data):
        raise ValueError(
            f"data must be an ImageSet, a TextSet or a function, got {type(data).__name__}"
        )
    return data


def labelled(model: nn.Module, data, labels=None, augment=None) -> Labelled:
    """Data and labels that fit together and fit the model.

    Parameters
    ----------
    model : nn.Module
    data : ImageSet, TextSet or callable
        As for `finetune.fit`.
    labels : int array, shape (n,), optional
        Those of the set when left out.
    augment : callable, optional
        As in `image_batches`.

    Returns
    -------
    Labelled

    Raises
    ------
    ValueError
        If they are missing, empty, of another length, negative or all the same, or the model
        knows other class names.
    """
    batches = batches_of(model, data, augment)
    if labels is None and not isinstance(data, SETS):
        raise ValueError("labels are missing: a function that makes batches has none of its own")
    labels = whole_numbers(data.labels if labels is None else labels, "labels")
    if hasattr(data, "__len__") and len(labels) != len(data):
        raise ValueError(f"{len(data)} items of data, but {len(labels)} labels")
    if isinstance(data, SETS) and getattr(model, "class_names", None) is not None:
        refuse_other_classes(model.class_names, data.class_names, "the model")
    if labels.min() < 0:
        raise ValueError(f"labels must be 0 or more, got {labels.min()}")
    if len(np.unique(labels)) < 2:
        raise ValueError(f"all labels are {labels[0]}: there is nothing to tell apart")
    content = data.fingerprint if isinstance(data, SETS) else ""
    return Labelled(batches, labels, hashlib.sha256(labels.tobytes()).hexdigest() + content)
