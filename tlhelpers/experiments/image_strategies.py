"""Ways to a classifier of pictures, from nothing reused to everything tuned.

Each takes pictures, training items, test sets and a seed, and gives an `Outcome`. A grid of
settings is tried inside the training items: whoever measures the call has paid for every trial.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, partial

import numpy as np
from threadpoolctl import threadpool_limits
from torch import nn

from tlhelpers.data.images import ImageSet
from tlhelpers.data.texts import TextSet
from tlhelpers.models.backbones import Backbone, Transform, load_backbone
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.features import extract_features, raw_pixels
from tlhelpers.models.heads import new_linear_head
from tlhelpers.models.small import SmallCNN
from tlhelpers.training.fitting import fit, fit_head, predict
from tlhelpers.training.freezing import count_weights, freeze_to, hold_statistics
from tlhelpers.training.lora import add_lora

BATCH = 16
TWINS = 5
FEWEST_TO_TUNE = 3  # labels per class: with fewer, no item can be spared to choose a setting
HEAD = {"epochs": 60, "lr": 3e-3, "schedule": "cosine"}
Predictor = Callable[[ImageSet], np.ndarray]


@dataclass
class Outcome:
    """What a strategy gave.

    Attributes
    ----------
    predicted : list of int64 array
        One per test set, its predicted labels.
    notes : dict of str to str or int
        E.g. the chosen setting, the number of trials, of trained weights.
    model : nn.Module or None
        The trained network, where there is one.
    """

    predicted: list[np.ndarray]
    notes: dict = field(default_factory=dict)
    model: nn.Module | None = None


def epochs_for(items: int, batch_size: int = BATCH) -> int:
    """How many epochs a pretrained network is tuned for: few items are seen more often.

    About 40 steps and three more for every ten items: 430 views of 10 items, 1,600 of 200.
    """
    return max(2, round((40 + 0.3 * items) / np.ceil(items / batch_size)))


def backbone_at(size: int, pretrained: bool = True, seed: int = 0) -> Backbone:
    """EfficientNet-Lite0 that takes pictures of `size` pixels, its normalisation kept.

    Parameters
    ----------
    size : int
        Smaller pictures than the 224 pixels it was trained with cost less and tell less.
    pretrained, seed
        As in `load_backbone`.

    Returns
    -------
    Backbone
    """
    backbone = load_backbone(pretrained=pretrained, seed=seed)
    given = backbone.transform
    backbone.transform = Transform(size, given.mean, given.std)
    return backbone


def load_once(size: int) -> None:
    """Load what all runs of a process share, so that the first one does not pay for the others."""
    import accelerate  # noqa: F401
    import peft  # noqa: F401

    _kept_backbone(size)
    for seed in range(TWINS):
        _kept_backbone(size, False, seed)


_kept = cache(backbone_at)


def _kept_backbone(size: int, pretrained: bool = True, seed: int = 0) -> Backbone:
    # Written out in full: to the cache, a default and the same value given are two calls.
    return _kept(size, pretrained, seed)


# ---------------------------------------------------------------- tuning, and its price


def tuned(train: Callable[..., tuple[Predictor, dict]], grid: Sequence[dict]):
    """A strategy that tries each setting inside the training items and keeps the best.

    Of each class 30 % of the training items are set aside, every setting is trained on the others
    and judged on them; the best is trained anew on all. Of equals the first is taken; so the first
    stands for the default, which is all there is with fewer than three labels per class.

    Parameters
    ----------
    train : callable
        ``train(images, items, seed, **setting)`` gives a `Predictor` and notes.
    grid : sequence of dict
        Settings; the default first.

    Returns
    -------
    callable
        ``strategy(images, items, tests, seed)`` gives an `Outcome`; `tests` is a list of ImageSet.
    """

    def strategy(images: ImageSet, items: np.ndarray, tests: Sequence[ImageSet], seed: int):
        def accuracy(learn, judge, **setting) -> float:
            predictor, _ = train(images, items[learn], seed, **setting)
            judged = images.subset(items[judge])
            return (predictor(judged) == judged.labels).mean()

        chosen, notes = choose_setting(grid, images.labels[items], seed, accuracy)
        predictor, more = train(images, items, seed, **chosen)
        model = getattr(predictor, "model", None)
        return Outcome([predictor(test) for test in tests], notes | more, model)

    return strategy


def choose_setting(grid, labels: np.ndarray, seed: int, accuracy: Callable) -> tuple[dict, dict]:
    """The setting that is best inside the training items, and what to note of it."""
    tunes = len(grid) > 1 and np.bincount(labels)[np.unique(labels)].min() >= FEWEST_TO_TUNE
    best = 0
    if tunes:
        learn, judge = _inner_split(labels, seed)
        best = int(np.argmax([accuracy(learn, judge, **setting) for setting in grid]))
    told = ", ".join(f"{key} {value}" for key, value in grid[best].items())
    return grid[best], {"chosen": told, "trials": len(grid) if tunes else 0}


def _inner_split(labels: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng((seed, 3))
    judge = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        own = rng.permutation(np.flatnonzero(labels == label))
        judge[own[: max(1, round(0.3 * len(own)))]] = True
    return np.flatnonzero(~judge), np.flatnonzero(judge)


class Network:
    """Predicts with a trained network, and keeps it at hand."""

    def __init__(self, model: nn.Module):
        self.model = model

    def __call__(self, images: ImageSet) -> np.ndarray:
        return predict(self.model, images)


# ---------------------------------------------------------------- what is trained


def linear_head_on(rows: Callable[[int], Callable], grid: Sequence[dict]):
    """A strategy: a linear head on rows of numbers, which are computed, and paid for, once.

    Parameters
    ----------
    rows : callable
        ``rows(seed)`` gives a function from ImageSet to float array (n, d).
    grid : sequence of dict
        As in `tuned`, with the penalty ``C``.

    Returns
    -------
    callable
        As `tuned` returns it.
    """

    def strategy(images: ImageSet, items: np.ndarray, tests: Sequence[ImageSet], seed: int):
        labels, rows_of = images.labels[items], rows(seed)
        x = rows_of(images.subset(items))

        def accuracy(learn, judge, C: float) -> float:
            head = new_linear_head(C).fit(x[learn], labels[learn])
            return (head.predict(x[judge]) == labels[judge]).mean()

        with threadpool_limits(1):
            chosen, notes = choose_setting(grid, labels, seed, accuracy)
            head = new_linear_head(**chosen).fit(x, labels)
            notes["trained_weights"] = head[-1].coef_.size + head[-1].intercept_.size
            return Outcome([head.predict(rows_of(test)) for test in tests], notes)

    return strategy


def pixel_rows(seed: int) -> Callable[[ImageSet], np.ndarray]:
    """Raw pixels: no network at all."""
    return raw_pixels


def frozen_rows(seed: int, size: int = 96, twin: bool = False) -> Callable[[ImageSet], np.ndarray]:
    """Frozen features, of ImageNet weights or of a random twin.

    Five twins take turns over the seeds. Features are computed anew, so that they are paid for.
    """
    backbone = _kept_backbone(size, not twin, seed % TWINS if twin else 0)
    return partial(extract_features, backbone, cache=False, progress=False)


def small_from_scratch(
    images: ImageSet,
    items: np.ndarray,
    seed: int,
    lr: float = 3e-3,
    epochs: int = 60,
    size: int = 32,
    augment: bool = False,
):
    """A small network with random weights, all of it trained."""
    model = _classifier(SmallCNN(size, seed=seed), images, seed)
    change = small_changes() if augment else None
    return train_on(model, images.subset(items), seed, lr=lr, epochs=epochs, augment=change)


def small_changes() -> Callable:
    """An augmentation for drawings: mirrored, turned, moved and scaled a little, on white."""
    from torchvision.transforms import v2

    moved = v2.RandomAffine(10, translate=(0.08, 0.08), scale=(0.85, 1.1), fill=255)
    return v2.Compose([v2.RandomHorizontalFlip(), moved])


def large_from_scratch(
    images: ImageSet, items: np.ndarray, seed: int, lr: float = 1e-3, epochs=10, size: int = 96
):
    """The backbone with random weights, all of it trained."""
    model = _classifier(backbone_at(size, pretrained=False, seed=seed), images, seed)
    return train_on(model, images.subset(items), seed, lr=lr, epochs=epochs)


def fine_tuned(
    images: ImageSet,
    items: np.ndarray,
    seed: int,
    lr: float | slice = 3e-4,
    frozen_groups: int = 0,
    head_first: bool = True,
    hold_bn: bool = True,
    size: int = 96,
    epochs: int | None = None,
    augment: bool = False,
):
    """A pretrained network, tuned from the end down to a depth, its head first or all at once.

    With ``frozen_groups=9`` the head alone is trained.
    """
    if frozen_groups == HEAD_ONLY and not head_first:
        raise ValueError("with all but the head frozen, head_first=False would train nothing")
    model = _classifier(_kept_backbone(size), images, seed)
    if head_first:
        _head_first(model, images.subset(items), seed)
    freeze_to(model, frozen_groups)
    if hold_bn:
        hold_statistics(model)
    if frozen_groups == HEAD_ONLY:
        return Network(model.eval()), {"trained_weights": count_weights(model)[0]}
    change = small_changes() if augment else None
    epochs = epochs or epochs_for(len(items))
    return train_on(model, images.subset(items), seed, lr=lr, epochs=epochs, augment=change)


def gradually(
    images: ImageSet,
    items: np.ndarray,
    seed: int,
    lr: float = 3e-4,
    stages: Sequence[int] = (8, 6, 4, 0),
    size: int = 96,
):
    """A pretrained network that is unfrozen from the end to the front, after its head [1]_.

    Each stage freezes so many layer groups and trains the others; together they have as many
    epochs as `fine_tuned`.

    References
    ----------
    .. [1] Howard and Ruder, Universal language model fine-tuning for text classification, ACL
       2018, arXiv:1801.06146.
    """
    model = _classifier(_kept_backbone(size), images, seed)
    _head_first(model, images.subset(items), seed)
    epochs = max(1, round(epochs_for(len(items)) / len(stages)))
    for n in stages:
        freeze_to(model, n)
        hold_statistics(model)
        predictor, notes = train_on(model, images.subset(items), seed, lr=lr, epochs=epochs)
    return predictor, notes | {"epochs": epochs * len(stages)}


def low_rank(
    images: ImageSet, items: np.ndarray, seed: int, lr: float = 3e-3, rank: int = 8, size: int = 96
):
    """LoRA: frozen weights, small trained matrices beside the 1×1 convolutions; head first."""
    model = _classifier(_kept_backbone(size), images, seed)
    _head_first(model, images.subset(items), seed)
    adapted = add_lora(model, rank=rank, seed=seed)
    return train_on(adapted, images.subset(items), seed, lr=lr, epochs=epochs_for(len(items)))


HEAD_ONLY = 9  # of the ten layer groups of a classifier on EfficientNet-Lite0


def _classifier(body: nn.Module, images: ImageSet, seed: int) -> Classifier:
    return Classifier(body, len(images.class_names), images.class_names, seed)


def _head_first(model: Classifier, part: ImageSet, seed: int) -> None:
    features = extract_features(model.backbone, part, cache=False, progress=False)
    fit_head(model, features, part.labels, **HEAD, seed=seed, quiet=True)


def train_on(
    model: nn.Module, part: ImageSet | TextSet, seed: int, epochs: int, **options
) -> tuple[Network, dict]:
    """Train what is not frozen, with a warm-up and a cosine unless told otherwise.

    Parameters
    ----------
    model : nn.Module
    part : ImageSet or TextSet
        The training items.
    seed, epochs, **options
        As in `finetune.fit`.

    Returns
    -------
    Network
    dict
        Notes: `trained_weights` and `epochs`.
    """
    usual = {"schedule": "cosine", "warmup": 0.1, "batch_size": BATCH, "quiet": True}
    fit(model, part, seed=seed, epochs=epochs, **(usual | options))
    return Network(model), {"trained_weights": count_weights(model)[0], "epochs": epochs}
