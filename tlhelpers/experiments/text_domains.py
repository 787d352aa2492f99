"""Ways to a classifier of texts across domains, with and without target labels; as in `strategies`.

Of a domain that is adapted to, a strategy without target labels gets texts only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np

from tlhelpers.adaptation.shallow import surest
from tlhelpers.data.splits import draw_labels, split_by_group
from tlhelpers.data.texts import DOMAINS, TextSet, load_sentiment
from tlhelpers.experiments.image_strategies import Network, Outcome, train_on
from tlhelpers.experiments.text_strategies import kept_encoder, text_epochs, tuned_encoder
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.text_features import encode
from tlhelpers.setup.paths import derived_dir
from tlhelpers.training.fitting import predict_proba

TEST = 0.3
PER_CLASS = 400
SHARE = 0.6
CODE = (
    "batches", "classifier", "encoders", "finetune", "freezing", "heads", "loop", "schedules",
    "splits", "strategies", "text_domains", "text_features", "text_strategies", "texts",
)  # fmt: skip
TUNING = {"lr": 1e-4, "precision": "auto", "schedule": "linear"}


@cache
def equal_domains() -> dict[str, TextSet]:
    """All four domains, with as many texts of each class as the smallest has."""
    domains = {name: load_sentiment(name) for name in DOMAINS}
    most = min(min(texts.counts().values()) for texts in domains.values())
    return {
        name: texts.subset(draw_labels(texts.labels, most, 0, texts.class_names))
        for name, texts in domains.items()
    }


def training_side(domain: str, seed: int) -> TextSet:
    """The training side of one of `equal_domains`, as a sweep splits it."""
    texts = equal_domains()[domain]
    return texts.subset(split_by_group(texts, TEST, seed).train)


def source_part(domain: str, seed: int, per_class: int = PER_CLASS) -> TextSet:
    """The texts of the training side that a sweep over this source learns from."""
    texts = training_side(domain, seed)
    return texts.subset(draw_labels(texts.labels, per_class, seed, texts.class_names))


def joined(*parts: TextSet) -> TextSet:
    """Texts of several sets with the same classes as one set."""
    names = [part.class_names for part in parts]
    if any(other != names[0] for other in names):
        raise ValueError(f"the sets have different classes: {names}")
    arrays = zip(*((p.texts, p.labels, p.groups, p.scores) for p in parts), strict=True)
    texts, labels, groups, scores = map(np.concatenate, arrays)
    domain = " and ".join(part.domain for part in parts)
    return TextSet(texts, labels, names[0], groups, scores, domain)


# ---------------------------------------------------------------- frozen features


@cache
def _kept_rows(domain: str) -> dict[str, np.ndarray]:
    texts = equal_domains()[domain]
    rows = encode(kept_encoder(), texts, progress=False)
    return dict(zip(texts.texts, rows, strict=True))


def kept_encoder_rows(seed: int) -> Callable[[TextSet], np.ndarray]:
    """Frozen features of the encoder, computed once for each of `equal_domains`."""
    known = {text: row for domain in DOMAINS for text, row in _kept_rows(domain).items()}
    return lambda texts: np.stack([known[text] for text in texts.texts])


# ---------------------------------------------------------------- with labels of both domains


def beside(domain: str, strategy: Callable) -> Callable:
    """A strategy that learns from another domain's texts too.

    Parameters
    ----------
    domain : str
        Its `source_part` is put before the items that the strategy is given.
    strategy : callable
        As `strategies.tuned` returns it.

    Returns
    -------
    callable
        As `strategies.tuned` returns it.
    """

    def both(texts: TextSet, items: np.ndarray, tests: Sequence[TextSet], seed: int) -> Outcome:
        whole = joined(source_part(domain, seed), texts.subset(items))
        return strategy(whole, np.arange(len(whole)), tests, seed)

    return both


def tuned_on(domain: str, seed: int) -> Classifier:
    """The encoder, tuned on the `source_part` of a domain; trained once, then read from the cache.

    Parameters
    ----------
    domain : str
    seed : int

    Returns
    -------
    Classifier
        One of your own, to be trained further.
    """
    path = derived_dir("tuned") / f"{domain}-{seed}-{_key(domain, seed)[:16]}.safetensors"
    if not path.exists():
        part = source_part(domain, seed)
        network, _ = tuned_encoder(part, np.arange(len(part)), seed)
        network.model.save(path)
    return Classifier.load(path, backbone=kept_encoder())


def _key(domain: str, seed: int) -> str:
    """A hash of all that the tuned weights come from."""
    given = (source_part(domain, seed).fingerprint, kept_encoder().fingerprint(), seed)
    versions = [version(name) for name in ("torch", "transformers")]
    digest = hashlib.sha256(repr((given, versions)).encode())
    for name in CODE:
        digest.update((Path(__file__).parent / f"{name}.py").read_bytes())
    return digest.hexdigest()


def source_tuned(domain: str) -> Callable:
    """To train: `tuned_on` the domain; the items must be those of its `source_part`."""

    def train(texts: TextSet, items: np.ndarray, seed: int) -> tuple[Network, dict]:
        if texts.subset(items).fingerprint != source_part(domain, seed).fingerprint:
            raise ValueError(f"these are not the {PER_CLASS} texts per class of {domain}")
        return Network(tuned_on(domain, seed)), {}

    return train


def tuned_after(domain: str) -> Callable:
    """To train: first on the `source_part` of a domain, then on the items given."""

    def train(texts: TextSet, items: np.ndarray, seed: int) -> tuple[Network, dict]:
        part = texts.subset(items)
        return train_on(tuned_on(domain, seed), part, seed, text_epochs(len(items)), **TUNING)

    return train


# ---------------------------------------------------------------- without target labels


def self_tuned(domain: str, target: str, share: float = SHARE, epochs: int = 2) -> Callable:
    """To train: on the `source_part` of a domain, then on its own surest guesses in the target.

    Parameters
    ----------
    domain, target : str
        Of the target's `training_side`, texts alone are used.
    share : float
        As in `adapt.surest`.
    epochs : int
        Of the second training.
    """

    def train(texts: TextSet, items: np.ndarray, seed: int) -> tuple[Network, dict]:
        model, others = tuned_on(domain, seed), _without_labels(training_side(target, seed))
        probability = predict_proba(model, others)
        guessed = probability.argmax(axis=1)
        chosen = surest(probability.max(axis=1), guessed, share)
        part = replace(others, labels=guessed).subset(chosen)
        return train_on(model, part, seed, epochs, **TUNING)

    return train


def _without_labels(texts: TextSet) -> TextSet:
    """The same texts, their labels all 0 and their scores gone."""
    nothing = np.full(len(texts), np.nan)
    return replace(texts, labels=np.zeros(len(texts), dtype=np.int64), scores=nothing)
