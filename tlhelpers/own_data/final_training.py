"""The strategy that a comparison has chosen, trained anew on all items."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from torch import nn

from tlhelpers.data.images import ImageSet
from tlhelpers.data.texts import TextSet
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.features import extract_features, raw_pixels
from tlhelpers.models.heads import new_linear_head, new_tfidf_head
from tlhelpers.models.text_features import encode
from tlhelpers.own_data.chosen_runs import chosen_size, own_name, runs_of_answer
from tlhelpers.own_data.comparison import Comparison
from tlhelpers.own_data.forms import (
    CountedWords,
    NeighbourHead,
    RawPixels,
    linear_classifier,
    neighbour_classifier,
)
from tlhelpers.own_data.material import material_of
from tlhelpers.own_data.strategies import (
    EDGE,
    FROZEN,
    LINEAR,
    MAJORITY,
    NEIGHBOURS,
    PIXELS,
    SCRATCH,
    TRAINED,
    WORDS,
    C,
    Lesson,
    neighbours_for,
    steps_of,
    train,
)

Items = ImageSet | TextSet


@dataclass
class Trained:
    """A strategy that was trained on all items.

    `model` is a `Classifier`, a `CountedWords`, or the shares of the classes; `source` what its
    backbone or encoder was loaded by.
    """

    model: nn.Module | CountedWords | np.ndarray
    source: str = ""
    notes: dict = field(default_factory=dict)

    @property
    def form(self) -> str:
        """How it is saved, one of `FORMS`."""
        if isinstance(self.model, nn.Module):
            near = isinstance(self.model.linear_head, NeighbourHead)
            return "neighbours" if near else "network"
        return "words" if isinstance(self.model, CountedWords) else "majority"


def train_chosen(comparison: Comparison) -> Trained:
    """Train the strategy of the answer as the comparison trained it, on all items.

    Where there were too many to compare on, what needs pictures or a network is trained on those
    that were compared on.
    """
    name, data = own_name(comparison.answer.strategy), comparison.data
    if name in (MAJORITY, WORDS):
        return majority(data) if name == MAJORITY else linear_head_on_words(data)
    rows = comparison.features
    if comparison.used is not None and len(comparison.used) < len(data):
        data = data.subset(comparison.used)
    if name == PIXELS:
        return linear_head_on_pixels(data)
    if name not in (*FROZEN, *TRAINED):
        raise ValueError(f"it is not known how to train {name!r} on all items")
    material = material_of(data, comparison.model_name)
    size = chosen_size(comparison) or material.full
    if name == SCRATCH:
        rows = np.empty((len(data), 0), np.float32)
    elif rows is None or size != material.full:
        rows = features_of(material.network(size), data)
    seed = int(comparison.settings.get("seed", 0))
    lesson = Lesson(data, material.network(material.full if name == SCRATCH else size), rows, seed)
    return train_on_network(name, lesson, material.name)


def train_on_network(name: str, lesson: Lesson, source: str) -> Trained:
    """Train what stands on a backbone or encoder; `source` is what that was loaded by."""
    data, notes = lesson.part, {"trained_on": len(lesson.part)}
    if name == LINEAR:
        model = linear_head_on_features(data, lesson.network, lesson.features)
    elif name == NEIGHBOURS:
        model = neighbours_of_features(data, lesson.network, lesson.features)
    else:
        model = merged(train(name, lesson))
    return Trained(model, source, notes)


def expected_seconds(comparison: Comparison) -> float | None:
    """How long training step by step takes, by what a run took; None where it is not known."""
    name, own = own_name(comparison.answer.strategy), runs_of_answer(comparison)
    if name not in TRAINED or not len(own) or "seconds" not in own:
        return None
    data, used = comparison.data, comparison.used
    items = int(own["labels"].iloc[0]) * len(data.class_names)
    every = len(data) if used is None else len(used)
    steps = [steps_of(name, comparison.kind, count) for count in (every, items)]
    return float(own["seconds"].median()) * steps[0] / max(1, steps[1])


# ---------------------------------------------------------------- strategies, on all items


def majority(data: Items) -> Trained:
    """The shares of the classes: the most frequent one is what it says of each item."""
    counts = np.bincount(data.labels, minlength=len(data.class_names))
    return Trained(counts / counts.sum())


def linear_head_on_features(data: Items, network: nn.Module, rows: np.ndarray) -> Classifier:
    """A frozen backbone or encoder with a linear head on its features, as one network."""
    head = new_linear_head(C).fit(rows, data.labels)
    return linear_classifier(network, head, data.class_names)


def neighbours_of_features(
    data: Items, network: nn.Module, rows: np.ndarray, k: int | None = None
) -> Classifier:
    """A frozen backbone or encoder, and the features of all items to compare with."""
    k = k or neighbours_for(data.labels)
    return neighbour_classifier(network, rows, data.labels, data.class_names, k)


def linear_head_on_pixels(images: ImageSet) -> Trained:
    """A linear head on the pictures themselves."""
    head = new_linear_head(C).fit(raw_pixels(images, EDGE), images.labels)
    pixels = RawPixels(images.pixels.shape[1], EDGE)
    return Trained(linear_classifier(pixels, head, images.class_names))


def linear_head_on_words(texts: TextSet) -> Trained:
    """Words and pairs of words, counted, and a linear classifier."""
    head = new_tfidf_head(C).fit(list(texts.texts), texts.labels)
    return Trained(CountedWords.of(head, len(texts.class_names)))


def merged(model: nn.Module) -> nn.Module:
    """A network without adapters: what LoRA has learned is added to the weights beside it."""
    return model.merge_and_unload() if hasattr(model, "merge_and_unload") else model


def features_of(network: nn.Module, data: Items) -> np.ndarray:
    """Frozen features of all items, float32 (n, d)."""
    make_features = extract_features if isinstance(data, ImageSet) else encode
    return make_features(network, data, cache=False, progress=False)
