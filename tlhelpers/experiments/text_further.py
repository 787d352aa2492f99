"""Texts again: more pretraining on texts without labels, LoRA by rank and rate, tables tuned."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable
from functools import cache, partial

import numpy as np
from safetensors.torch import load_file, save
from torch import nn

from tlhelpers.data.texts import TextSet
from tlhelpers.evaluation.trials import Strategy
from tlhelpers.experiments.staleness import code_digest, import_closure, libraries_of
from tlhelpers.experiments.strategies import HEAD, Network, train_head_on, train_on, tune_settings
from tlhelpers.experiments.sweep import Sweep
from tlhelpers.experiments.text import LABELS, PENALTIES, load_tweets
from tlhelpers.experiments.text_deep import news_and_tweets
from tlhelpers.experiments.text_domains import PER_CLASS, TUNING, training_side
from tlhelpers.experiments.text_strategies import (
    adapt_encoder_low_rank,
    epochs_for_texts,
    shared_encoder,
    warm_texts,
)
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.encoders import Encoder
from tlhelpers.models.text_features import encode
from tlhelpers.setup.files import write_atomically
from tlhelpers.setup.paths import derived_dir
from tlhelpers.training.fitting import fit_head
from tlhelpers.training.pretraining import pretrain
from tlhelpers.training.simcse import pretrain_simcse

QUIET = {"precision": "auto", "progress": False}
RANKS, LORA_RATES = (2, 8, 32), (3e-4, 1e-3)


# ---------------------------------------------------------------- more pretraining


def guess_words(texts: TextSet, seed: int, steps: int = 300, lr: float = 1e-4) -> Encoder:
    """The encoder after masked language modelling on texts."""
    return pretrain(shared_encoder(), texts.texts, steps=steps, lr=lr, seed=seed, **QUIET).encoder


def find_itself(texts: TextSet, seed: int, steps: int = 150, lr: float = 3e-5) -> Encoder:
    """The encoder after `pretrain_simcse` on texts."""
    return pretrain_simcse(shared_encoder(), texts.texts, steps=steps, lr=lr, seed=seed, **QUIET)


def read_further(further: Callable[[TextSet, int], Encoder], domain: str, seed: int) -> Encoder:
    """What `further` makes of a domain's `training_side`: trained once, then read from the cache.

    It reads texts alone, no label.
    """
    texts = training_side(domain, seed)
    given = (texts.texts, shared_encoder().fingerprint(), *_code())
    key = hashlib.sha256(repr(given).encode()).hexdigest()[:16]
    path = derived_dir("further") / f"{further.__name__}-{domain}-{seed}-{key}.safetensors"
    if not path.exists():
        weights = further(texts, seed).state_dict()
        write_atomically(path, save({name: one.clone() for name, one in weights.items()}))
    encoder = copy.deepcopy(shared_encoder())
    encoder.load_state_dict(load_file(path))
    return encoder


@cache
def _code() -> tuple[str, dict[str, str]]:
    modules = import_closure(__name__)
    return code_digest(modules), libraries_of(modules)


def tune_after(further: Callable[[int], Encoder]) -> Callable:
    """To train: what ``further(seed)`` gives, as `fine_tune_encoder` trains the plain encoder."""

    def train(texts: TextSet, items: np.ndarray, seed: int) -> tuple[Network, dict]:
        part = texts.subset(items)
        return tune_head_first(further(seed), part, seed, **TUNING)

    return train


def tune_head_first(encoder: Encoder, part: TextSet, seed: int, **options) -> tuple[Network, dict]:
    """A head on the encoder's features, then all weights, for `epochs_for_texts`."""
    model = Classifier(encoder, len(part.class_names), part.class_names, seed)
    rows = encode(model.backbone, part, cache=False, progress=False)
    fit_head(model, rows, part.labels, **HEAD, seed=seed, quiet=True)
    return train_on(model, part, seed, epochs_for_texts(len(part)), **options)


def head_after(further: Callable[[int], Encoder]) -> Strategy:
    """A strategy: a linear head on features of what ``further(seed)`` gives."""

    def rows(seed: int) -> Callable[[TextSet], np.ndarray]:
        return partial(encode, further(seed), cache=False, progress=False)

    return train_head_on(rows, PENALTIES)


def _pretrained() -> dict[str, Strategy]:
    tweets = {
        "masked words of tweets": partial(read_further, guess_words, "tweets"),
        "SimCSE of tweets": partial(read_further, find_itself, "tweets"),
    }
    every = tweets | {"masked words of news": partial(read_further, guess_words, "news")}
    frozen = {f"{name}, frozen": head_after(one) for name, one in tweets.items()}
    tuned = {
        f"{name}, fine-tuned": tune_settings(tune_after(one), [{}]) for name, one in every.items()
    }
    return frozen | tuned


# ---------------------------------------------------------------- LoRA, and a table of words


def _low_rank() -> dict[str, Strategy]:
    return {
        f"rank {rank}, rate {rate:g}": tune_settings(
            partial(adapt_encoder_low_rank, rank=rank, lr=rate), [{}]
        )
        for rank in RANKS
        for rate in LORA_RATES
    }


def without_layers(encoder: Encoder) -> Encoder:
    """A copy of a BERT encoder that ends before its first layer: a table of word vectors."""
    table = copy.deepcopy(encoder)
    table.model.encoder.layer = nn.ModuleList()
    return table


def tune_table(texts: TextSet, items: np.ndarray, seed: int, lr: float) -> tuple[Network, dict]:
    """Layer 0 of the encoder, tuned as the whole encoder is."""
    table = without_layers(shared_encoder())
    return tune_head_first(table, texts.subset(items), seed, **TUNING | {"lr": lr})


def _tables() -> dict[str, Strategy]:
    return {"layer 0, tuned": tune_settings(tune_table, [{"lr": r} for r in (1e-3, 1e-4, 1e-2)])}


# Splits, seeds and labels are those of `text-domains-news` and `text-strategies`.
PRETRAINED = Sweep(
    "text-pretrained", __name__, news_and_tweets, _pretrained, (PER_CLASS,), warm=warm_texts
)
LORA = Sweep("text-lora", __name__, load_tweets, _low_rank, (None,), 3, warm=warm_texts)
TABLES = Sweep("text-tables", __name__, load_tweets, _tables, LABELS, 5, warm=warm_texts)
SWEEPS = (PRETRAINED, LORA, TABLES)
