"""Which topic is a post about? Word vectors of all posts, reused where few posts have labels.

No post of the comparison is among those that the vectors are trained on: a split need not be
respected twice, and one training serves all seeds.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from functools import cache, partial

import numpy as np
from gensim.models import KeyedVectors

from tlhelpers.data.duplicates import near_duplicates
from tlhelpers.data.texts import Newsgroups, TextSet
from tlhelpers.experiments.staleness import code_digest, import_closure, libraries_of
from tlhelpers.experiments.strategies import train_head_on
from tlhelpers.experiments.sweep import Sweep
from tlhelpers.experiments.text import PENALTIES
from tlhelpers.experiments.text_strategies import (
    shared_encoder,
    shared_vectors,
    train_tfidf_head,
)
from tlhelpers.models.feature_cache import keys_of, read_or_make
from tlhelpers.models.text_features import encode
from tlhelpers.models.vector_files import keyed_vectors
from tlhelpers.models.word2vec import train_fasttext, train_word2vec
from tlhelpers.models.words import document_vectors, tokens

# Ten of the twenty: pairs that are near each other, so that a few words do not decide all.
TOPICS = (
    "comp.graphics", "comp.windows.x", "rec.autos", "rec.motorcycles", "rec.sport.baseball",
    "rec.sport.hockey", "sci.med", "sci.space", "talk.politics.guns", "talk.politics.mideast",
)  # fmt: skip
PER_TOPIC = 200
FEWEST_WORDS = 20
LABELS = (2, 8, 32, None)
TRAINING = {"size": 100, "epochs": 5, "seed": 0}


# ---------------------------------------------------------------- posts with and without labels


def load_topics() -> dict[str, TextSet]:
    """The one set: 200 posts of each of ten newsgroups, of 20 words or more."""
    return {"newsgroups": _topic_posts()}


@cache
def _all_posts() -> list[tuple[str, str]]:
    """Group and text of all posts; those that differ in spaces and case only are made equal."""
    return [(group, " ".join(text.lower().split())) for group, text in Newsgroups().posts]


@cache
def _topic_posts() -> TextSet:
    """Of each topic the first posts; near copies are one group."""
    stands_in = Counter(text for _, text in _all_posts())
    usable = [  # what was posted to two groups has no one topic
        (group, text)
        for group, text in _all_posts()
        if stands_in[text] == 1 and len(text.split()) >= FEWEST_WORDS
    ]
    chosen = [[text for group, text in usable if group == topic][:PER_TOPIC] for topic in TOPICS]
    texts = [text for of_one in chosen for text in of_one]
    labels = np.repeat(np.arange(len(TOPICS)), list(map(len, chosen)))
    groups = np.array([f"post-{group}" for group in near_duplicates(texts)])
    return TextSet(texts, labels, list(TOPICS), groups, np.full(len(texts), np.nan), "newsgroups")


def unlabelled_posts() -> list[list[str]]:
    """All other posts of all twenty newsgroups, as words; their groups are not looked at."""
    known = set(_topic_posts().texts)
    return [text.split() for _, text in _all_posts() if text not in known]


# ---------------------------------------------------------------- vectors and rows


def _word2vec() -> KeyedVectors:
    return train_word2vec(unlabelled_posts(), **TRAINING)


def _fasttext() -> KeyedVectors:
    return train_fasttext(unlabelled_posts(), **TRAINING)


def _random_vectors() -> KeyedVectors:
    """The control: each word of the posts in a random direction. What it gains is counting."""
    words = sorted({word for text in _topic_posts().texts for word in tokens(text)})
    rng = np.random.default_rng(TRAINING["seed"])
    return keyed_vectors(words, rng.normal(size=(len(words), TRAINING["size"])))


def _means(vectors: Callable[[], KeyedVectors]) -> np.ndarray:
    return document_vectors(vectors(), _topic_posts().texts, quiet=True)


ROWS: dict[str, Callable[[], np.ndarray]] = {
    "random vectors": partial(_means, _random_vectors),
    "GloVe mean": partial(_means, lambda: shared_vectors()),
    "Word2Vec mean": partial(_means, _word2vec),
    "fastText mean": partial(_means, _fasttext),
    "frozen": lambda: encode(shared_encoder(), _topic_posts(), progress=False),  # keeps its own
}
TRAINED = ("Word2Vec mean", "fastText mean")


@cache
def _kept_rows(kind: str) -> dict[str, np.ndarray]:
    """The row of each post, once per process; what vectors are trained for is kept on disk."""
    posts = _topic_posts()
    keys = keys_of([kind], posts.fingerprint, _unlabelled_key(), *_code())
    rows = read_or_make(keys, lambda _: {kind: ROWS[kind]()}, cache=kind in TRAINED)[kind]
    return dict(zip(posts.texts, rows, strict=True))


@cache
def _unlabelled_key() -> str:
    posts = "\n".join(" ".join(words) for words in unlabelled_posts())
    return hashlib.sha256(posts.encode()).hexdigest()


@cache
def _code() -> tuple[str, dict[str, str]]:
    modules = import_closure(__name__)
    return code_digest(modules), libraries_of(modules)


def rows_of_posts(seed: int, kind: str) -> Callable[[TextSet], np.ndarray]:
    """A function from posts of the set to their rows, float32 (n, d); `kind` is one of `ROWS`."""
    known = _kept_rows(kind)
    return lambda texts: np.stack([known[text] for text in texts.texts])


# ---------------------------------------------------------------- the comparison


def _strategies() -> dict:
    heads = {kind: train_head_on(partial(rows_of_posts, kind=kind), PENALTIES) for kind in ROWS}
    return {"TF-IDF": train_tfidf_head(PENALTIES), **heads}


# Nothing is made ahead: vectors are trained for minutes, and a slice without them need not wait. So
# the first run with some rows is charged for them too.
REUSED = Sweep("text-topics", __name__, load_topics, _strategies, LABELS)
SWEEPS = (REUSED,)
