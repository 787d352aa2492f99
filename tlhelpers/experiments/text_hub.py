"""Comparisons with models of a hub, which come only when these sweeps are asked for by name.

Nothing of them is stored with the course: they need a network once, and ``HF_HUB_OFFLINE=0``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import numpy as np
from gensim.models import KeyedVectors

from tlhelpers.data.texts import TextSet
from tlhelpers.evaluation.trials import Strategy
from tlhelpers.experiments.strategies import Network, train_head_on, tune_settings
from tlhelpers.experiments.sweep import Sweep
from tlhelpers.experiments.text import LABELS, PENALTIES, load_tweets
from tlhelpers.experiments.text_domains import TUNING
from tlhelpers.experiments.text_further import tune_head_first
from tlhelpers.models.encoder_loading import load_encoder
from tlhelpers.models.encoders import Encoder
from tlhelpers.models.text_features import encode
from tlhelpers.models.vector_files import load_vectors
from tlhelpers.models.words import document_vectors

ENCODER, VECTORS = "bert-base-uncased", "word2vec-google-news-300"


@cache
def _encoder() -> Encoder:
    return load_encoder(ENCODER)


@cache
def _vectors() -> KeyedVectors:
    return load_vectors(VECTORS)


def _tune(texts: TextSet, items: np.ndarray, seed: int) -> tuple[Network, dict]:
    return tune_head_first(_encoder(), texts.subset(items), seed, **TUNING)


def _encoder_rows(seed: int) -> Callable[[TextSet], np.ndarray]:
    return partial(encode, _encoder(), cache=False, progress=False)


def _vector_rows(seed: int) -> Callable[[TextSet], np.ndarray]:
    return lambda texts: document_vectors(_vectors(), texts.texts, quiet=True)


def _with_encoder() -> dict[str, Strategy]:
    return {
        "frozen": train_head_on(_encoder_rows, PENALTIES),
        "fine-tuned": tune_settings(_tune, [{}]),
    }


def _with_vectors() -> dict[str, Strategy]:
    return {"Word2Vec mean": train_head_on(_vector_rows, PENALTIES)}


# Splits, seeds and labels are those of `text-strategies`, to stand beside its rows.
BERT = Sweep("hub-bert-base", __name__, load_tweets, _with_encoder, LABELS, warm=_encoder)
WORD2VEC = Sweep("hub-word2vec", __name__, load_tweets, _with_vectors, LABELS, warm=_vectors)
SWEEPS = (BERT, WORD2VEC)
