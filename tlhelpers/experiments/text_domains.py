"""Strategies for texts across domains, with and without target labels.

Of a domain that is adapted to, a strategy without target labels gets texts only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np

from tlhelpers.adaptation.shallow import select_confident
from tlhelpers.data.splits import draw_labels, split_by_group
from tlhelpers.data.texts import DOMAINS, TextSet, join_texts, load_equal_domains
from tlhelpers.evaluation.trials import Outcome, Strategy, Trial, relabel, without_labels
from tlhelpers.experiments.staleness import code_digest, import_closure, libraries_of
from tlhelpers.experiments.strategies import Network, train_on
from tlhelpers.experiments.text_strategies import (
    epochs_for_texts,
    fine_tune_encoder,
    shared_encoder,
)
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.text_features import encode
from tlhelpers.setup.paths import derived_dir
from tlhelpers.training.predicting import predict_proba

TEST = 0.3
PER_CLASS = 400
SHARE = 0.6
TUNING = {"lr": 1e-4, "precision": "auto", "schedule": "linear"}


def training_side(domain: str, seed: int) -> TextSet:
    """The training side of one of `load_equal_domains`, as a sweep splits it."""
    texts = load_equal_domains()[domain]
    return texts.subset(split_by_group(texts, TEST, seed).train)


def source_part(domain: str, seed: int, per_class: int = PER_CLASS) -> TextSet:
    """The texts of the training side that a sweep over this source learns from."""
    texts = training_side(domain, seed)
    return texts.subset(draw_labels(texts.labels, per_class, seed, texts.class_names))


# ---------------------------------------------------------------- frozen features


@cache
def _kept_rows(domain: str) -> dict[str, np.ndarray]:
    texts = load_equal_domains()[domain]
    rows = encode(shared_encoder(), texts, progress=False)
    return dict(zip(texts.texts, rows, strict=True))


def shared_encoder_rows(seed: int) -> Callable[[TextSet], np.ndarray]:
    """Frozen features of the encoder, computed once for each of `load_equal_domains`."""
    known = {text: row for domain in DOMAINS for text, row in _kept_rows(domain).items()}
    return lambda texts: np.stack([known[text] for text in texts.texts])


# ---------------------------------------------------------------- with labels of both domains


def learn_beside(domain: str, strategy: Strategy) -> Strategy:
    """A strategy that learns from another domain's `source_part` too, put before its own items."""

    def learn_both(trial: Trial) -> Outcome:
        part = source_part(domain, trial.seed)
        both = join_texts(part, trial.source)
        train = np.concatenate([np.arange(len(part)), len(part) + trial.train])
        return strategy(replace(trial, source=both, train=train, test=len(part) + trial.test))

    return learn_both


def load_tuned(domain: str, seed: int) -> Classifier:
    """The encoder, tuned on the `source_part` of a domain: trained once, then read from the cache.

    It is the caller's own, to be trained further.
    """
    path = derived_dir("tuned") / f"{domain}-{seed}-{_key(domain, seed)[:16]}.safetensors"
    if not path.exists():
        part = source_part(domain, seed)
        network, _ = fine_tune_encoder(part, np.arange(len(part)), seed)
        network.model.save(path)
    return Classifier.load(path, backbone=shared_encoder())


def _key(domain: str, seed: int) -> str:
    """A hash of all that the tuned weights come from."""
    given = (source_part(domain, seed).fingerprint, shared_encoder().fingerprint(), seed)
    return hashlib.sha256(repr((given, *_code())).encode()).hexdigest()


@cache
def _code() -> tuple[str, dict[str, str]]:
    modules = import_closure(fine_tune_encoder.__module__)
    return code_digest(modules), libraries_of(modules)


def take_tuned(domain: str) -> Callable:
    """To train: `load_tuned` the domain; the items must be those of its `source_part`."""

    def train(texts: TextSet, items: np.ndarray, seed: int) -> tuple[Network, dict]:
        if texts.subset(items).fingerprint != source_part(domain, seed).fingerprint:
            raise ValueError(f"these are not the {PER_CLASS} texts per class of {domain}")
        return Network(load_tuned(domain, seed)), {}

    return train


def tune_further(domain: str) -> Callable:
    """To train: first on the `source_part` of a domain, then on the items given."""

    def train(texts: TextSet, items: np.ndarray, seed: int) -> tuple[Network, dict]:
        part = texts.subset(items)
        return train_on(
            load_tuned(domain, seed), part, seed, epochs_for_texts(len(items)), **TUNING
        )

    return train


# ---------------------------------------------------------------- without target labels


def self_train_encoder(domain: str, target: str, share: float = SHARE, epochs: int = 2) -> Callable:
    """To train: on the `source_part` of a domain, then on its surest guesses elsewhere.

    Of the target's `training_side` it uses the texts alone; `epochs` are of the second training.
    """

    def train(texts: TextSet, items: np.ndarray, seed: int) -> tuple[Network, dict]:
        model, others = load_tuned(domain, seed), without_labels(training_side(target, seed))
        probability = predict_proba(model, others)
        guessed = probability.argmax(axis=1)
        chosen = select_confident(probability.max(axis=1), guessed, share)
        part = relabel(others, guessed).subset(chosen)
        return train_on(model, part, seed, epochs, **TUNING)

    return train
