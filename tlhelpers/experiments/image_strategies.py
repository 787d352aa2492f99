"""Strategies for a classifier of pictures, from nothing reused to everything tuned."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import numpy as np
from torch import nn

from tlhelpers.data.images import ImageSet
from tlhelpers.evaluation.trials import Outcome
from tlhelpers.experiments.strategies import BATCH, HEAD, TWINS, Network, train_on
from tlhelpers.models.backbones import Backbone, load_backbone
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.features import extract_features, raw_pixels
from tlhelpers.models.small import SmallCNN
from tlhelpers.training.fitting import fit_head
from tlhelpers.training.forgetting import agreement
from tlhelpers.training.freezing import count_weights, freeze_to, hold_statistics
from tlhelpers.training.lora import add_lora


def epochs_for(items: int, batch_size: int = BATCH) -> int:
    """How many epochs a pretrained network is tuned for: few items are seen more often.

    About 40 steps and three more for every ten items: 430 views of 10 items, 1,600 of 200.
    """
    return max(2, round((40 + 0.3 * items) / np.ceil(items / batch_size)))


def warm_pictures(size: int) -> None:
    """Load what all runs of a process share, so that the first one does not pay for the others."""
    import accelerate  # noqa: F401
    import peft  # noqa: F401

    _shared_backbone(size)
    for seed in range(TWINS):
        _shared_backbone(size, False, seed)


def _shared_backbone(size: int, pretrained: bool = True, seed: int = 0) -> Backbone:
    """Loaded once per process."""
    # Written out in full: to the cache, a default and the same value given are two calls.
    return _loaded_backbone(size, pretrained, seed)


@cache
def _loaded_backbone(size: int, pretrained: bool, seed: int) -> Backbone:
    return load_backbone(pretrained=pretrained, seed=seed, size=size)


# ---------------------------------------------------------------- what is trained


def pixel_rows(seed: int) -> Callable[[ImageSet], np.ndarray]:
    """Raw pixels: no network at all."""
    return raw_pixels


def frozen_rows(
    seed: int, size: int = 96, twin: bool = False, **read_out
) -> Callable[[ImageSet], np.ndarray]:
    """Frozen features, of ImageNet weights or of a random twin.

    Five twins take turns over the seeds. Features are computed anew, so that they are paid for.
    `read_out` is passed on to `extract_features`, e.g. the layer and a grid.
    """
    backbone = _shared_backbone(size, not twin, seed % TWINS if twin else 0)
    return partial(extract_features, backbone, cache=False, progress=False, **read_out)


def train_small(
    images: ImageSet,
    items: np.ndarray,
    seed: int,
    lr: float = 3e-3,
    epochs: int = 60,
    size: int = 32,
    augment: Callable[[], Callable] | None = None,
):
    """A small network with random weights, all of it trained; `augment` makes an augmentation."""
    model = _classifier(SmallCNN(size, seed=seed), images, seed)
    change = augment() if augment else None
    return train_on(model, images.subset(items), seed, lr=lr, epochs=epochs, augment=change)


def small_changes() -> Callable:
    """An augmentation for drawings: mirrored, turned, moved and scaled a little, on white."""
    from torchvision.transforms import v2

    moved = v2.RandomAffine(10, translate=(0.08, 0.08), scale=(0.85, 1.1), fill=255)
    return v2.Compose([v2.RandomHorizontalFlip(), moved])


def change_views(size: int = 96) -> Callable:
    """An augmentation for pictures with a background: crops, mirrored, in another light."""
    from torchvision.transforms import v2

    crop = v2.RandomResizedCrop(size, scale=(0.5, 1.0), ratio=(0.8, 1.25), antialias=True)
    return v2.Compose([crop, v2.RandomHorizontalFlip(), v2.ColorJitter(0.3, 0.3, 0.2)])


def train_large(
    images: ImageSet, items: np.ndarray, seed: int, lr: float = 1e-3, epochs=10, size: int = 96
):
    """The backbone with random weights, all of it trained."""
    model = _classifier(load_backbone(pretrained=False, seed=seed, size=size), images, seed)
    return train_on(model, images.subset(items), seed, lr=lr, epochs=epochs)


def fine_tune_backbone(
    images: ImageSet,
    items: np.ndarray,
    seed: int,
    lr: float | slice = 3e-4,
    frozen_groups: int = 0,
    head_first: bool = True,
    hold_bn: bool = True,
    size: int = 96,
    epochs: int | None = None,
    augment: Callable[[], Callable] | None = None,
    head_epochs: int = HEAD["epochs"],
):
    """A pretrained network, tuned from the end down to a depth, its head first or all at once.

    With ``frozen_groups=9`` the head alone is trained. `augment` makes an augmentation.
    """
    if frozen_groups == HEAD_ONLY and not head_first:
        raise ValueError("with all but the head frozen, head_first=False would train nothing")
    model = _classifier(_shared_backbone(size), images, seed)
    if head_first:
        _head_first(model, images.subset(items), seed, head_epochs)
    freeze_to(model, frozen_groups)
    if hold_bn:
        hold_statistics(model)
    if frozen_groups == HEAD_ONLY:
        return Network(model.eval()), {"trained_weights": count_weights(model)[0]}
    change = augment() if augment else None
    epochs = epochs or epochs_for(len(items))
    return train_on(model, images.subset(items), seed, lr=lr, epochs=epochs, augment=change)


def adapt_low_rank(
    images: ImageSet, items: np.ndarray, seed: int, lr: float = 3e-3, rank: int = 8, size: int = 96
):
    """LoRA: frozen weights, small trained matrices beside the 1×1 convolutions; head first."""
    model = _classifier(_shared_backbone(size), images, seed)
    _head_first(model, images.subset(items), seed)
    adapted = add_lora(model, rank=rank, seed=seed)
    return train_on(adapted, images.subset(items), seed, lr=lr, epochs=epochs_for(len(items)))


HEAD_ONLY = 9  # of the ten layer groups of a classifier on EfficientNet-Lite0


def _classifier(backbone: nn.Module, images: ImageSet, seed: int) -> Classifier:
    return Classifier(backbone, len(images.class_names), images.class_names, seed)


def _head_first(model: Classifier, part: ImageSet, seed: int, epochs: int = HEAD["epochs"]) -> None:
    features = extract_features(model.backbone, part, cache=False, progress=False)
    options = HEAD | {"epochs": epochs}
    fit_head(model, features, part.labels, **options, seed=seed, quiet=True)


def count_old_answers(outcome: Outcome) -> dict:
    """What the network that came out has left of the pretrained one's answers on photographs."""
    return {"agreement": round(agreement(outcome.model), 4)}
