"""A label for each word: which words of a text without capital letters had one."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from tlhelpers.data.cased_words import CasedWords, load_cased_words
from tlhelpers.evaluation.trials import Strategy, Trial
from tlhelpers.experiments.strategies import TWINS
from tlhelpers.experiments.sweep import Sweep
from tlhelpers.experiments.text_strategies import epochs_for_texts, shared_encoder
from tlhelpers.models.encoders import Encoder
from tlhelpers.models.heads import new_linear_head
from tlhelpers.models.word_features import encode_words
from tlhelpers.training.word_labels import WordClassifier, fit_words

LABELS = (32, None)
MIDDLE = 3  # the layer; lesson 06 found words best told in layers 2 to 4, before this was run
RATE = 1e-4
PENALTY = 10.0


@cache
def _words() -> CasedWords:
    return load_cased_words()


def load_words() -> dict[str, CasedWords]:
    """The one set: words of editorials, to be written with a capital or not."""
    return {"news": _words()}


def commonest_case(trial: Trial) -> np.ndarray:
    """A strategy: each word as it was written most often; unknown words in small letters."""
    words, labels = trial.source.words, trial.source.labels
    share = pd.Series(labels[trial.train]).groupby(words[trial.train]).mean()
    return (share.reindex(words[trial.test]).fillna(0) > 0.5).to_numpy().astype(np.int64)


def rows_of_words(encoder: Encoder, words: CasedWords, items: np.ndarray, layer: int) -> np.ndarray:
    """Features of some words, computed anew: whoever asks for them pays for their sentences."""
    numbers = np.unique(words.sentence[items])
    chosen = [words.sentences[number] for number in numbers]
    rows = encode_words(encoder, chosen, [layer])[layer]
    return rows[_places_among(words, numbers, items)]


def predict_words(model: WordClassifier, words: CasedWords, items: np.ndarray) -> np.ndarray:
    """What a `WordClassifier` says of some items, int64 (m,)."""
    numbers = np.unique(words.sentence[items])
    said = np.concatenate(model.predict([words.sentences[number] for number in numbers]))
    return said[_places_among(words, numbers, items)]


def _places_among(words: CasedWords, numbers: np.ndarray, items: np.ndarray) -> np.ndarray:
    """Where items stand among the words of some sentences alone."""
    chosen = np.isin(np.arange(len(words.sentences)), numbers)
    inside = np.repeat(chosen, [*map(len, words.sentences)])
    return (np.cumsum(inside) - 1)[words.place[items]]


def head_on_words(layer: int, twin: bool = False) -> Strategy:
    """A strategy: a linear head on each word's vector in one layer of the encoder, or of a twin.

    Five random twins take turns over the seeds.
    """

    def strategy(trial: Trial) -> np.ndarray:
        words = trial.source
        encoder = shared_encoder(not twin, trial.seed % TWINS if twin else 0)
        with threadpool_limits(1):
            rows = rows_of_words(encoder, words, trial.train, layer)
            head = new_linear_head(PENALTY).fit(rows, words.labels[trial.train])
            return head.predict(rows_of_words(encoder, words, trial.test, layer))

    return strategy


def tune_on_words(trial: Trial) -> np.ndarray:
    """A strategy: encoder and linear layer tuned together on the labelled words."""
    cases = trial.source.cases_of(trial.train)
    sentences = [trial.source.sentences[number] for number in cases]
    options = {"lr": RATE, "seed": trial.seed, "precision": "auto", "progress": False}
    epochs = epochs_for_texts(len(sentences))
    model = fit_words(shared_encoder(), sentences, [*cases.values()], epochs=epochs, **options)
    return predict_words(model, trial.source, trial.test)


def _strategies() -> dict[str, Strategy]:
    return {
        "commonest case": commonest_case,
        "layer 0, frozen": head_on_words(0),
        "layer 3, frozen": head_on_words(MIDDLE),
        "layer 6, frozen": head_on_words(6),
        "layer 3, frozen random": head_on_words(MIDDLE, twin=True),
        "fine-tuned": tune_on_words,
    }


WORDS = Sweep("text-words", __name__, load_words, _strategies, LABELS, warm=shared_encoder)
SWEEPS = (WORDS,)
