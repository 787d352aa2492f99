"""The long comparisons of the language lessons: what is run, on what, with which seeds."""

from __future__ import annotations

from functools import partial

from tlhelpers.data.texts import TextSet, load_sentiment
from tlhelpers.experiments.image_strategies import linear_head_on, tuned
from tlhelpers.experiments.sweeps import Sweep
from tlhelpers.experiments.text_domains import (
    PER_CLASS,
    beside,
    equal_domains,
    kept_encoder_rows,
    self_tuned,
    source_tuned,
    tuned_after,
)
from tlhelpers.experiments.text_strategies import (
    encoder_rows,
    glove_rows,
    load_texts_once,
    low_rank_encoder,
    mean_of_words,
    tfidf_head,
    tuned_encoder,
)

PENALTIES = [{"C": c} for c in (10.0, 1.0, 100.0)]
LABELS = (8, 32, 128, None)


def tweets() -> dict[str, TextSet]:
    """The one domain that is trained and tested on."""
    return {"tweets": load_sentiment("tweets")}


def _strategies() -> dict:
    return {
        "TF-IDF": tfidf_head(PENALTIES),
        "GloVe mean": linear_head_on(glove_rows, PENALTIES),
        "frozen": linear_head_on(encoder_rows, PENALTIES),
        "frozen random": linear_head_on(partial(encoder_rows, twin=True), PENALTIES),
        "fine-tuned": tuned(tuned_encoder, [{}]),
        "LoRA": tuned(low_rank_encoder, [{}]),
    }


def _embeddings() -> dict:
    starts = {
        "GloVe, frozen": {"start": "glove", "frozen": True},
        "GloVe, tuned": {"start": "glove"},
        "random, frozen": {"start": "random", "frozen": True},
        "random, tuned": {"start": "random"},
        "shuffled GloVe, tuned": {"start": "shuffled"},
    }
    return {name: tuned(partial(mean_of_words, **how), [{}]) for name, how in starts.items()}


def _rates() -> dict:
    """Plain ways with a constant rate, and what is said to repair them."""
    plain = {"head_first": False, "schedule": "constant", "warmup": 0.0}
    ways = {
        "rate 1e-4": {"lr": 1e-4} | plain,
        "rate 3e-4": {"lr": 3e-4} | plain,
        "rate 1e-3": {"lr": 1e-3} | plain,
        "1e-3, warm-up": {"lr": 1e-3, "head_first": False},
        "1e-3, warm-up, head first": {"lr": 1e-3},
        "1e-4, warm-up, 3× as long": {"lr": 1e-4, "head_first": False, "times": 3},
    }
    return {name: tuned(partial(tuned_encoder, **how), [{}]) for name, how in ways.items()}


# ---------------------------------------------------------------- across domains


def from_domain(domain: str) -> dict[str, TextSet]:
    """All four domains, equally large; the first one is trained on."""
    domains = equal_domains()
    return {domain: domains[domain]} | domains


def _plain() -> dict:
    return {
        "TF-IDF": tfidf_head(PENALTIES),
        "GloVe mean": linear_head_on(glove_rows, PENALTIES),
        "frozen": linear_head_on(kept_encoder_rows, PENALTIES),
    }


def _from_news() -> dict:
    ways = {
        "fine-tuned": source_tuned("news"),
        "fine-tuned, self-trained on tweets": self_tuned("news", "tweets"),
    }
    return _plain() | {name: tuned(train, [{}]) for name, train in ways.items()}


def _few_labels() -> dict:
    plain = {name: _plain()[name] for name in ("TF-IDF", "frozen")}
    with_source = {
        f"{name}, with {domain}": beside(domain, strategy)
        for domain in ("news", "movies", "products")
        for name, strategy in plain.items()
    }
    return plain | with_source


def _after_news() -> dict:
    return {"fine-tuned after news": tuned(tuned_after("news"), [{}])}


STRATEGIES = Sweep("text-strategies", tweets, _strategies, LABELS, warm=load_texts_once)
EMBEDDINGS = Sweep("text-embeddings", tweets, _embeddings, LABELS, warm=load_texts_once)
RATES = Sweep("text-rates", tweets, _rates, (32,), warm=load_texts_once)
NEWS, MOVIES, PRODUCTS, TWEETS = (
    Sweep(
        f"text-domains-{domain}",
        partial(from_domain, domain),
        _from_news if domain == "news" else _plain,
        (PER_CLASS,),
        warm=load_texts_once,
    )
    for domain in ("news", "movies", "products", "tweets")
)
FEW_LABELS = Sweep("text-few-labels", tweets, _few_labels, LABELS, warm=load_texts_once)
AFTER_NEWS = Sweep("text-after-news", tweets, _after_news, LABELS[:3], warm=load_texts_once)
ALL = (EMBEDDINGS, RATES, STRATEGIES, NEWS, MOVIES, PRODUCTS, TWEETS, FEW_LABELS, AFTER_NEWS)
SWEEPS = {sweep.name: sweep for sweep in ALL}
