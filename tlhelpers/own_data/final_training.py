"""The strategy that a comparison has chosen, trained anew on all items."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from torch import nn

from tlhelpers.data.images import ImageSet
from tlhelpers.data.texts import TextSet
from tlhelpers.models.backbones import load_backbone
from tlhelpers.models.encoder_loading import load_encoder
from tlhelpers.models.features import extract_features, raw_pixels
from tlhelpers.models.heads import new_linear_head, new_tfidf_head
from tlhelpers.models.text_features import encode
from tlhelpers.own_data.comparison import Comparison
from tlhelpers.own_data.forms import (
    CountedWords,
    NeighbourHead,
    RawPixels,
    linear_classifier,
    neighbour_classifier,
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


def majority(data: Items) -> Trained:
    """The shares of the classes: the most frequent one is what it says of each item."""
    counts = np.bincount(data.labels, minlength=len(data.class_names))
    return Trained(counts / counts.sum())


def linear_head_on_features(data: Items, source: str, size=None, C: float = 10.0) -> Trained:
    """A frozen backbone or encoder with a linear head, as one network."""
    backbone = load_source(data, source, size)
    head = new_linear_head(C).fit(features_of(backbone, data), data.labels)
    return Trained(linear_classifier(backbone, head, data.class_names), source)


def neighbours_of_features(data: Items, source: str, size=None, k: int = 1) -> Trained:
    """A frozen backbone or encoder, and the features of all items to compare with."""
    backbone = load_source(data, source, size)
    rows = features_of(backbone, data)
    model = neighbour_classifier(backbone, rows, data.labels, data.class_names, k)
    return Trained(model, source)


def linear_head_on_pixels(images: ImageSet, C: float = 10.0, edge: int = 32) -> Trained:
    """A linear head on the pictures themselves."""
    head = new_linear_head(C).fit(raw_pixels(images, edge), images.labels)
    pixels = RawPixels(images.pixels.shape[1], edge)
    return Trained(linear_classifier(pixels, head, images.class_names))


def linear_head_on_words(texts: TextSet, C: float = 10.0) -> Trained:
    """Words and pairs of words, counted, and a linear classifier."""
    head = new_tfidf_head(C).fit(list(texts.texts), texts.labels)
    return Trained(CountedWords.of(head, len(texts.class_names)))


def merged(model: nn.Module) -> nn.Module:
    """A network without adapters: what LoRA has learned is added to the weights beside it."""
    return model.merge_and_unload() if hasattr(model, "merge_and_unload") else model


def load_source(data: Items, source: str, size: int | None = None) -> nn.Module:
    """The backbone or encoder of a name, folder or hub name, as the comparison loaded it."""
    if isinstance(data, ImageSet):
        return load_backbone(source, size=size)
    return load_encoder(source)


def features_of(backbone: nn.Module, data: Items) -> np.ndarray:
    """Its frozen features, from the cache where the comparison has put them."""
    extract = extract_features if isinstance(data, ImageSet) else encode
    return extract(backbone, data, progress=False)


def train_chosen(comparison: Comparison) -> Trained:
    """Train the strategy of the answer on all items, as the comparison trained it on some."""
    raise NotImplementedError
