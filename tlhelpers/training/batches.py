"""What a model is trained on: batches made out of indices, with labels that were checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from tlhelpers.checks import is_int, whole_numbers
from tlhelpers.data.images import ImageSet
from tlhelpers.data.texts import TextSet
from tlhelpers.models.backbones import Transform
from tlhelpers.models.classifier import refuse_other_classes

Batches = Callable[[np.ndarray], object]
SETS = (ImageSet, TextSet)
KEPT_BYTES = 2**26


@dataclass(frozen=True, eq=False)
class Labelled:
    """What makes batches of the items, the label of each, and what the batches are made out of.

    `plain` makes them without augmentation; `data` is the set, or the function itself. `weights`
    say how much each item counts in the loss (None: all the same); `balanced` asks for draws that
    show each class equally often.
    """

    batches: Batches
    labels: np.ndarray
    plain: Batches
    data: object
    transform: object = None
    augment: object = None
    weights: np.ndarray | None = None
    balanced: bool = False


@dataclass(frozen=True)
class Unlabelled:
    """All that is known of a target: what makes batches of its items, and how many there are."""

    batches: Batches
    count: int


class ImageBatches:
    """Batches of pictures, float (k, 3, size, size), made out of indices.

    An augmentation takes each picture, uint8 (3, height, width), by itself, before the transform.
    Without one, what the transform gives is kept where that is little: for a small network, making
    pictures smaller anew in each epoch takes longer than learning from them.
    """

    def __init__(self, images: ImageSet, transform, augment=None):
        self.images, self.transform, self.augment = images, transform, augment
        self._kept: dict[str, torch.Tensor] = {}

    def __call__(self, indices: np.ndarray, device: str | torch.device = "cpu") -> torch.Tensor:
        """A transform that can compute on the device gets the bytes there, a quarter as much."""
        if self._keeps():
            x = self._all(device)[torch.as_tensor(indices, device=device)]
        else:
            x = self._transformed(self._pixels(indices), device)
        # Convolutions on a processor are a third quicker in this order of memory.
        return x.contiguous(memory_format=torch.channels_last)

    def _keeps(self) -> bool:
        # Only pixels are looked at: labels of a target stay unread.
        if self.augment is not None or type(self.transform) is not Transform:
            return False
        return len(self.images.pixels) * 3 * self.transform.size**2 * 4 <= KEPT_BYTES

    def _all(self, device) -> torch.Tensor:
        if str(device) not in self._kept:
            parts = cut_into_batches(np.arange(len(self.images.pixels)), 64)
            made = [self._transformed(self.images.pixels[part], device) for part in parts]
            self._kept[str(device)] = torch.cat(made)
        return self._kept[str(device)]

    def _pixels(self, indices: np.ndarray) -> np.ndarray:
        pixels = self.images.pixels[indices]
        if self.augment is None:
            return pixels
        changed = [self.augment(torch.tensor(one).permute(2, 0, 1)) for one in pixels]
        return torch.stack(changed).permute(0, 2, 3, 1).numpy()

    def _transformed(self, pixels: np.ndarray, device) -> torch.Tensor:
        able = isinstance(self.transform, Transform)
        return self.transform(pixels, device) if able else self.transform(pixels)


def batch_on(device: torch.device, batches: Batches, indices: np.ndarray):
    """One batch, made on the device where that can be; `apply_to` sends what comes elsewhere."""
    able = type(batches) is ImageBatches or hasattr(batches, "expect")
    return batches(indices, device) if able else batches(indices)


def text_batches(texts: TextSet, transform) -> Batches:
    """As `ImageBatches`; the texts are cut into tokens once, and filled up by batch."""
    rows = transform.numbers(texts.texts)
    return lambda indices: transform.padded([rows[i] for i in indices])


def cut_into_batches(order: np.ndarray, batch_size: int) -> list[np.ndarray]:
    """Cut `order`, int (n,), into parts of nearly equal size, none above `batch_size`."""
    return np.array_split(order, -(-len(order) // batch_size))


def cut_into_steps(order: np.ndarray, batch_size: int) -> list[np.ndarray]:
    """As `cut_into_batches`, but of two items or more each, which BatchNorm needs to learn.

    An odd number of items in steps of two leaves three to one step; steps of one stay as asked for.
    """
    odd = batch_size == 2 and len(order) % 2 == 1 and len(order) > 1
    return np.array_split(order, len(order) // 2) if odd else cut_into_batches(order, batch_size)


def batches_of(model: nn.Module, data, augment=None) -> Batches:
    """What makes batches out of `data` for this model; data that do not fit it are refused."""
    transform = getattr(model, "transform", None)
    if isinstance(data, SETS) and transform is None:
        raise ValueError("the model has no transform: give ImageBatches(images, transform)")
    if isinstance(data, ImageSet):
        if hasattr(transform, "numbers"):
            raise ValueError(f"the model's transform {transform} takes no pictures, only texts")
        return ImageBatches(data, transform, augment)
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


def attach_labels(model: nn.Module, data, labels=None, augment=None) -> Labelled:
    """Data with their labels, as `fit` takes both; what does not fit is refused."""
    if isinstance(data, Labelled):
        return data
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
    plain = batches if augment is None else batches_of(model, data)
    transform = getattr(model, "transform", None) if isinstance(data, SETS) else None
    return Labelled(batches, labels, plain, data, transform, augment)


def hide_labels(model: nn.Module, data) -> Unlabelled:
    """A view of two items or more that holds no label; the labels of a set are not even read."""
    if isinstance(data, Unlabelled):
        view = data
    elif isinstance(data, SETS):
        items = data.pixels if isinstance(data, ImageSet) else data.texts
        view = Unlabelled(batches_of(model, data), len(items))
    else:
        kinds = "an ImageSet, a TextSet or Unlabelled(batches, count)"
        raise ValueError(f"target must be {kinds}, got {type(data).__name__}")
    if not is_int(view.count) or view.count < 2:
        raise ValueError(f"target has {view.count!r} item(s): at least two are needed")
    return view
