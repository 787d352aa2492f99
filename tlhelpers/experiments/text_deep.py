"""From news to tweets without labels of tweets: networks that are trained on both domains."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from tlhelpers.adaptation.deep import coral_loss, fit_aligned, fit_dann, mmd_loss
from tlhelpers.data.texts import TextSet, load_equal_domains
from tlhelpers.evaluation.trials import Strategy, without_labels
from tlhelpers.experiments.strategies import BATCH, HEAD, Network, tune_settings
from tlhelpers.experiments.sweep import Sweep
from tlhelpers.experiments.text_domains import PER_CLASS, training_side
from tlhelpers.experiments.text_strategies import epochs_for_texts, shared_encoder, warm_texts
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.text_features import encode
from tlhelpers.training.fitting import fit_head
from tlhelpers.training.freezing import count_weights

TUNING = {"lr": 1e-4, "schedule": "linear", "batch_size": BATCH, "quiet": True}


def news_and_tweets() -> dict[str, TextSet]:
    """Two of the four domains, equally large; news is trained on."""
    domains = load_equal_domains()
    return {name: domains[name] for name in ("news", "tweets")}


def align(target: str, fit_both: Callable) -> Callable:
    """To train: the encoder, head first, then with `fit_both` beside texts of a target domain.

    Of the target's `training_side` it gets the texts alone.
    """

    def train(texts: TextSet, items: np.ndarray, seed: int) -> tuple[Network, dict]:
        part, beside = texts.subset(items), without_labels(training_side(target, seed))
        model = Classifier(shared_encoder(), len(part.class_names), part.class_names, seed)
        rows = encode(model.backbone, part, cache=False, progress=False)
        fit_head(model, rows, part.labels, **HEAD, seed=seed, quiet=True)
        epochs = epochs_for_texts(len(part))
        fit_both(model, part, beside, epochs=epochs, seed=seed, **TUNING)
        return Network(model), {"trained_weights": count_weights(model)[0], "epochs": epochs}

    return train


def _strategies(ways: dict[str, Callable]) -> dict[str, Strategy]:
    return {name: tune_settings(align("tweets", way), [{}]) for name, way in ways.items()}


def _networks() -> dict[str, Strategy]:
    source_only = partial(fit_aligned, distance=coral_loss, weight=0.0)
    mmd = partial(fit_aligned, distance=mmd_loss, weight=1.0)
    return _strategies({"source only": source_only, "MMD": mmd})


def _adversary() -> dict[str, Strategy]:
    return _strategies({"DANN": partial(fit_dann, strength=1.0)})


# Splits and seeds are those of `text-domains-news`.
DEEP = Sweep("text-deep", __name__, news_and_tweets, _networks, (PER_CLASS,), 5, warm=warm_texts)
DANN = Sweep("text-dann", __name__, news_and_tweets, _adversary, (PER_CLASS,), 5, warm=warm_texts)
SWEEPS = (DEEP,)
UNSTORED = (DANN,)
