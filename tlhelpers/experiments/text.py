"""The long comparisons of the language lessons: what is run, on what, with which seeds."""

from __future__ import annotations

from functools import partial

from tlhelpers.data.texts import TextSet, load_sentiment
from tlhelpers.experiments.strategies import train_head_on, tune_settings
from tlhelpers.experiments.sweep import Sweep
from tlhelpers.experiments.text_strategies import (
    adapt_encoder_low_rank,
    encoder_rows,
    fine_tune_encoder,
    glove_rows,
    train_mean_of_words,
    train_tfidf_head,
    warm_texts,
)

PENALTIES = [{"C": c} for c in (10.0, 1.0, 100.0)]
LABELS = (8, 32, 128, None)


def load_tweets() -> dict[str, TextSet]:
    """The one domain that is trained and tested on."""
    return {"tweets": load_sentiment("tweets")}


def _strategies() -> dict:
    return {
        "TF-IDF": train_tfidf_head(PENALTIES),
        "GloVe mean": train_head_on(glove_rows, PENALTIES),
        "frozen": train_head_on(encoder_rows, PENALTIES),
        "frozen random": train_head_on(partial(encoder_rows, twin=True), PENALTIES),
        "fine-tuned": tune_settings(fine_tune_encoder, [{}]),
        "LoRA": tune_settings(adapt_encoder_low_rank, [{}]),
    }


def _embeddings() -> dict:
    starts = {
        "GloVe, frozen": {"start": "glove", "frozen": True},
        "GloVe, tuned": {"start": "glove"},
        "random, frozen": {"start": "random", "frozen": True},
        "random, tuned": {"start": "random"},
        "shuffled GloVe, tuned": {"start": "shuffled"},
    }
    return {
        name: tune_settings(partial(train_mean_of_words, **how), [{}])
        for name, how in starts.items()
    }


def _rates() -> dict:
    """Plain fine-tuning with a constant rate, and what is said to repair it."""
    plain = {"head_first": False, "schedule": "constant", "warmup": 0.0}
    settings = {
        "rate 1e-4": {"lr": 1e-4} | plain,
        "rate 3e-4": {"lr": 3e-4} | plain,
        "rate 1e-3": {"lr": 1e-3} | plain,
        "1e-3, warm-up": {"lr": 1e-3, "head_first": False},
        "1e-3, warm-up, head first": {"lr": 1e-3},
        "1e-4, warm-up, 3× as long": {"lr": 1e-4, "head_first": False, "times": 3},
    }
    return {
        name: tune_settings(partial(fine_tune_encoder, **how), [{}])
        for name, how in settings.items()
    }


STRATEGIES = Sweep("text-strategies", __name__, load_tweets, _strategies, LABELS, warm=warm_texts)
EMBEDDINGS = Sweep("text-embeddings", __name__, load_tweets, _embeddings, LABELS, warm=warm_texts)
RATES = Sweep("text-rates", __name__, load_tweets, _rates, (32,), warm=warm_texts)
SWEEPS = (EMBEDDINGS, RATES, STRATEGIES)
