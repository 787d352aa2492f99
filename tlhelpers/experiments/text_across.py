"""The long comparisons of the lesson on domain shift: texts, from one domain to another."""

from __future__ import annotations

from functools import partial

from tlhelpers.data.texts import TextSet, load_equal_domains
from tlhelpers.experiments.strategies import train_head_on, tune_settings
from tlhelpers.experiments.sweep import Sweep
from tlhelpers.experiments.text import LABELS, PENALTIES, load_tweets
from tlhelpers.experiments.text_domains import (
    PER_CLASS,
    learn_beside,
    self_train_encoder,
    shared_encoder_rows,
    take_tuned,
    tune_further,
)
from tlhelpers.experiments.text_strategies import glove_rows, train_tfidf_head, warm_texts


def from_domain(domain: str) -> dict[str, TextSet]:
    """All four domains, equally large; the first one is trained on."""
    domains = load_equal_domains()
    return {domain: domains[domain]} | domains


def _plain() -> dict:
    return {
        "TF-IDF": train_tfidf_head(PENALTIES),
        "GloVe mean": train_head_on(glove_rows, PENALTIES),
        "frozen": train_head_on(shared_encoder_rows, PENALTIES),
    }


def _from_news() -> dict:
    trainers = {
        "fine-tuned": take_tuned("news"),
        "fine-tuned, self-trained on tweets": self_train_encoder("news", "tweets"),
    }
    return _plain() | {name: tune_settings(train, [{}]) for name, train in trainers.items()}


def _few_labels() -> dict:
    plain = {name: _plain()[name] for name in ("TF-IDF", "frozen")}
    with_source = {
        f"{name}, with {domain}": learn_beside(domain, strategy)
        for domain in ("news", "movies", "products")
        for name, strategy in plain.items()
    }
    return plain | with_source


def _after_news() -> dict:
    return {"fine-tuned after news": tune_settings(tune_further("news"), [{}])}


BETWEEN = tuple(
    Sweep(
        f"text-domains-{domain}",
        __name__,
        partial(from_domain, domain),
        _from_news if domain == "news" else _plain,
        (PER_CLASS,),
        warm=warm_texts,
    )
    for domain in ("news", "movies", "products", "tweets")
)
FEW_LABELS = Sweep("text-few-labels", __name__, load_tweets, _few_labels, LABELS, warm=warm_texts)
AFTER_NEWS = Sweep(
    "text-after-news", __name__, load_tweets, _after_news, LABELS[:3], warm=warm_texts
)
SWEEPS = (*BETWEEN, FEW_LABELS, AFTER_NEWS)
