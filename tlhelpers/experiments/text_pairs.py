"""A label for two sentences: do they stand in one article?"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial

import numpy as np
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from tlhelpers.data.sentence_pairs import BETWEEN, load_article_pairs
from tlhelpers.data.streams import random_stream
from tlhelpers.data.texts import TextSet
from tlhelpers.evaluation.trials import Strategy, Trial
from tlhelpers.experiments.strategies import BATCH, train_head_on, tune_settings
from tlhelpers.experiments.sweep import Sweep
from tlhelpers.experiments.text_strategies import (
    encoder_rows,
    epochs_for_texts,
    fine_tune_encoder,
    shared_encoder,
    shared_vectors,
    warm_texts,
)
from tlhelpers.models.encoders import Encoder
from tlhelpers.models.precision import row_cosine
from tlhelpers.models.text_features import encode
from tlhelpers.models.words import document_vectors
from tlhelpers.training.by_steps import train_by_steps

LABELS = (32, None)
PENALTIES = [{"C": 10.0}]
RATE = 1e-4


@cache
def _pairs() -> TextSet:
    return load_article_pairs().joined()


def load_pairs() -> dict[str, TextSet]:
    """The one set: pairs of sentences as one text each, out of one article or out of two."""
    return {"pairs": _pairs()}


# ---------------------------------------------------------------- each sentence by itself

Vectors = Callable[[list[str]], np.ndarray]


def halves(texts: TextSet) -> tuple[list[str], list[str]]:
    """The first and the second sentence of each pair."""
    pairs = [text.split(BETWEEN) for text in texts.texts]
    return [first for first, _ in pairs], [second for _, second in pairs]


def count_words(texts: TextSet) -> Vectors:
    """Counted and weighted words, as those of `texts` say which are common."""
    first, second = halves(texts)
    counted = TfidfVectorizer(sublinear_tf=True).fit(first + second)
    return lambda sentences: counted.transform(sentences).toarray()


def mean_of_glove(texts: TextSet) -> Vectors:
    """The mean of the GloVe vectors of a sentence's words; nothing is learned from `texts`."""
    return lambda sentences: document_vectors(shared_vectors(), sentences, quiet=True)


def frozen(texts: TextSet) -> Vectors:
    """The frozen encoder's vector of a sentence; nothing is learned from `texts`."""
    return lambda sentences: encode(shared_encoder(), sentences, cache=False, progress=False)


def compare_vectors(make: Callable[[TextSet], Vectors]) -> Strategy:
    """A strategy: one article if the cosine of two vectors is above a bound, which is learned."""

    def strategy(trial: Trial) -> np.ndarray:
        part, test = trial.source.subset(trial.train), trial.source.subset(trial.test)
        vectors = make(part)

        def cosines(texts: TextSet) -> np.ndarray:
            return row_cosine(*map(vectors, halves(texts)))[:, None]

        with threadpool_limits(1):
            bound = LogisticRegression(C=1e4).fit(cosines(part), part.labels)
            return bound.predict(cosines(test))

    return strategy


def both_vectors(seed: int) -> Callable[[TextSet], np.ndarray]:
    """Two vectors as one row: how far they differ in each number, and their product."""

    def rows(texts: TextSet) -> np.ndarray:
        a, b = map(frozen(texts), halves(texts))
        return np.concatenate([abs(a - b), a * b], axis=1)

    return rows


def tune_vectors(texts: TextSet, seed: int) -> Encoder:
    """The encoder, tuned so that the cosine is 1 in a pair of one article and 0 in the others.

    Rate, steps and batches are those of `fine_tune_encoder`.
    """
    tuned, wanted = copy.deepcopy(shared_encoder()), torch.from_numpy(texts.labels)
    first, second = (tuned.transform.numbers(side) for side in halves(texts))

    def loss_of(items: np.ndarray, device: torch.device) -> torch.Tensor:
        sides = (tuned.transform.padded([side[i] for i in items]) for side in (first, second))
        a, b = (tuned(**{k: x.to(device) for k, x in side.items()}).float() for side in sides)
        cosine = torch.cosine_similarity(a, b)
        return torch.nn.functional.mse_loss(cosine, wanted[items].to(device, cosine.dtype))

    steps = epochs_for_texts(len(texts)) * -(-len(texts) // BATCH)
    options = {"steps": steps, "batch_size": BATCH, "seed": seed, "precision": "auto"}
    optimizer = torch.optim.AdamW(tuned.parameters(), RATE)
    train_by_steps(tuned, optimizer, loss_of, len(texts), progress=False, **options)
    return tuned


def compare_tuned_vectors(trial: Trial) -> np.ndarray:
    """A strategy: `tune_vectors` on seven tenths of the pairs, and the bound from the others.

    On pairs that it was tuned on, the cosine is nearer to the label than on any other.
    """
    order = random_stream(trial.seed, "held out").permutation(trial.train)
    for_bound, for_tuning = np.split(order, [round(0.3 * len(order))])
    tuned = tune_vectors(trial.source.subset(for_tuning), trial.seed)
    vectors = partial(encode, tuned, cache=False, progress=False)
    return compare_vectors(lambda texts: vectors)(replace(trial, train=for_bound))


# ---------------------------------------------------------------- the comparison


def _strategies() -> dict[str, Strategy]:
    return {
        "TF-IDF, cosine": compare_vectors(count_words),
        "GloVe, cosine": compare_vectors(mean_of_glove),
        "encoder, cosine": compare_vectors(frozen),
        "encoder, head on both": train_head_on(both_vectors, PENALTIES),
        "encoder, fine-tuned, cosine": compare_tuned_vectors,
        "read together, frozen": train_head_on(encoder_rows, PENALTIES),
        "read together, fine-tuned": tune_settings(fine_tune_encoder, [{}]),
    }


PAIRS = Sweep("text-pairs", __name__, load_pairs, _strategies, LABELS, seeds=5, warm=warm_texts)
SWEEPS = (PAIRS,)
