"""Ways to a classifier of pictures that shall serve another domain too; as in `strategies`.

Of the target a strategy gets pictures only, but for the one that is called "oracle".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.special import softmax

from tlhelpers.adaptation.choosing import Evidence, scores
from tlhelpers.adaptation.deep import (
    Unlabelled,
    adapt_batchnorm,
    coral_loss,
    fit_aligned,
    fit_dann,
    mmd_loss,
    unlabelled,
)
from tlhelpers.data.images import ImageSet
from tlhelpers.data.splits import split_by_group
from tlhelpers.experiments.image_strategies import Network, Outcome, train_on
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.small import SmallCNN
from tlhelpers.training.fitting import outputs

TEST = 0.3
STRENGTHS = (0.03, 0.1, 0.3, 1.0)


@dataclass(frozen=True)
class Training:
    """How the small network is trained in each of the ways that are compared."""

    epochs: int
    lr: float
    batch_size: int


def source_only(model: Classifier, source: ImageSet, target: Unlabelled, seed: int, how: Training):
    """Learn from the source and never see the target."""
    train_on(model, source, seed, **vars(how), warmup=0.0)
    return model


def new_statistics(model, source: ImageSet, target: Unlabelled, seed: int, how: Training):
    """AdaBN: `source_only`, then BatchNorm statistics of the target."""
    return adapt_batchnorm(source_only(model, source, target, seed, how), target)


def penalised(
    model, source: ImageSet, target: Unlabelled, seed: int, how: Training, distance, weight: float
):
    """A distance between the features of both domains is part of the loss."""
    fit_aligned(model, source, target, distance, weight=weight, seed=seed, **_options(how))
    return model


def adversarial(model, source, target: Unlabelled, seed: int, how: Training, strength: float):
    """DANN: from the features a second head shall not tell the domain."""
    fit_dann(model, source, target, strength=strength, seed=seed, **_options(how))
    return model


def _options(how: Training) -> dict:
    return vars(how) | {"schedule": "cosine", "quiet": True}


def ways() -> dict[str, Callable]:
    """Every way to train that is compared, by its name; the control first shows BatchNorm both."""
    found = {
        "source only": source_only,
        "AdaBN": new_statistics,
        "both in BatchNorm": partial(penalised, distance=coral_loss, weight=0.0),
    }
    found |= {
        f"DeepCORAL {weight:g}": partial(penalised, distance=coral_loss, weight=weight)
        for weight in (10.0, 100.0, 1000.0)
    }
    found |= {
        f"MMD {weight:g}": partial(penalised, distance=mmd_loss, weight=weight) for weight in (1.0,)
    }
    return found | {f"DANN {s:g}": partial(adversarial, strength=s) for s in STRENGTHS}


def adapting(load: Callable[[], Mapping[str, ImageSet]], target: str, way: Callable, how: Training):
    """A strategy that adapts a small network to a target whose labels it never gets.

    Parameters
    ----------
    load : callable
        Gives all sets by name; loaded once per process.
    target : str
        Its training side, as a sweep splits it, is what is adapted to.
    way : callable
        One of `ways`.
    how : Training

    Returns
    -------
    callable
        As `strategies.tuned` returns it. The notes hold the `choosing.scores` on the first test
        set, with its labels, and the target's training side, without.
    """

    def strategy(images: ImageSet, items: np.ndarray, tests: Sequence[ImageSet], seed: int):
        model, others = _new(images, seed), load()[target]
        part = others.subset(split_by_group(others, TEST, seed).train)
        hidden = unlabelled(model, part)
        model = way(model, images.subset(items), hidden, seed, how)
        found = scores(seen(model, tests[0], hidden))
        notes = {name: round(value, 5) for name, value in found.items()}
        network = Network(model)
        return Outcome([network(test) for test in tests], notes, model)

    return strategy


def oracle(load: Callable[[], Mapping[str, ImageSet]], target: str, how: Training):
    """A strategy that learns from the target's labels: what adaptation could reach at best."""

    def strategy(images: ImageSet, items: np.ndarray, tests: Sequence[ImageSet], seed: int):
        model, others = _new(images, seed), load()[target]
        part = others.subset(split_by_group(others, TEST, seed).train)
        network = Network(source_only(model, part, None, seed, how))
        return Outcome([network(test) for test in tests], {}, network.model)

    return strategy


def _new(images: ImageSet, seed: int) -> Classifier:
    body = SmallCNN(images.pixels.shape[1], seed=seed)
    return Classifier(body, len(images.class_names), images.class_names, seed)


def seen(model: Classifier, source: ImageSet, target: ImageSet | Unlabelled) -> Evidence:
    """What may be looked at to choose a model: of the target no label.

    Parameters
    ----------
    model : Classifier
    source : ImageSet
        Held out of the training.
    target : ImageSet or Unlabelled

    Returns
    -------
    Evidence
    """
    sides = [backbone_rows(model, data) for data in (source, target)]
    head = model.linear_head
    weight, bias = (p.detach().cpu().numpy().astype(np.float64) for p in (head.weight, head.bias))
    guesses = [softmax(rows @ weight.T + bias, axis=1) for rows in sides]
    return Evidence(sides[0], guesses[0], source.labels, sides[1], guesses[1])


def backbone_rows(model: Classifier, data: ImageSet | Unlabelled, batch_size: int = 64):
    """What the head sees of each item, the model in evaluation mode.

    Parameters
    ----------
    model : Classifier
    data : ImageSet, TextSet or Unlabelled
    batch_size : int

    Returns
    -------
    float64 array, shape (n, feature_size)
    """
    view = unlabelled(model, data)
    model.eval()  # all of it, as in `predict`, not the backbone alone
    rows = outputs(model.backbone, view.batches, view.count, batch_size)
    return rows.astype(np.float64)
