"""Pairs of sentences: do the two stand in one article? Labels that come free."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tlhelpers.checks import whole
from tlhelpers.data.texts import TextSet, load_sentiment

BETWEEN = " [SEP] "  # a BERT tokenizer reads it as the mark between two texts
SHORTEST = 8  # words: "Not Mr. Bush." could stand anywhere
BLOCK = 10  # articles
PER_BLOCK = 40  # pairs
NAMES = ["two articles", "one article"]


@dataclass(frozen=True, eq=False)
class SentencePairs:
    """Pairs of sentences, about half of them out of one article.

    Attributes
    ----------
    first, second : str array, shape (n,)
    labels : int64 array, shape (n,)
        1 if both stand in one article.
    groups : str array, shape (n,)
        The block of articles that a pair was drawn in; no article stands in two.
    """

    first: np.ndarray
    second: np.ndarray
    labels: np.ndarray
    groups: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return (
            f"{len(self):,} pairs in {len(set(self.groups))} blocks of articles, "
            f"{self.labels.sum():,} of them out of one article"
        )

    def joined(self) -> TextSet:
        """Each pair as one text, with ``[SEP]`` between the two."""
        texts = np.array(
            [a + BETWEEN + b for a, b in zip(self.first, self.second, strict=True)], dtype=object
        )
        unrated = np.full(len(self), np.nan)
        return TextSet(texts, self.labels, list(NAMES), self.groups, unrated, "pairs of sentences")


def load_article_pairs(blocks: int = 49, seed: int = 0) -> SentencePairs:
    """Pairs of sentences out of editorials of the New York Times.

    Articles are taken ten by ten, and pairs are drawn within each block: so both sides of a pair
    can lie on the same side of a split.

    Parameters
    ----------
    blocks : int
        Of ten articles each, 49 at most.
    seed : int
        Draws the pairs, forty in each block. Sentences of fewer than eight words are left out.

    Returns
    -------
    SentencePairs

    Raises
    ------
    ValueError
        If `blocks` is not between 1 and 49, or the seed is negative.
    """
    news = load_sentiment("news", threshold=0, balanced=False)
    articles = list(dict.fromkeys(news.groups))
    most = len(articles) // BLOCK
    if whole("blocks", blocks) > most:
        raise ValueError(f"blocks must lie between 1 and {most}, got {blocks}")
    rng = np.random.default_rng(whole("seed", seed, 0))
    long = np.array([len(text.split()) >= SHORTEST for text in news.texts])
    sentences = {name: np.flatnonzero((news.groups == name) & long) for name in articles}
    drawn: dict[tuple[int, int], bool] = {}
    for block in range(blocks):
        inside = [sentences[name] for name in articles[BLOCK * block : BLOCK * (block + 1)]]
        drawn |= _draw_in_block([own for own in inside if len(own) > 1], rng)
    first, second = news.texts[np.array([*drawn])].T
    labels = np.array([*drawn.values()], dtype=np.int64)
    return SentencePairs(first, second, labels, np.repeat(np.arange(blocks), PER_BLOCK).astype(str))


def _draw_in_block(articles: list[np.ndarray], rng: np.random.Generator) -> dict:
    """Pairs of places of sentences, none twice, and whether both are out of one article."""
    pairs: dict[tuple[int, int], bool] = {}
    while len(pairs) < PER_BLOCK:
        # Each kind by chance: a split wants blocks in which the one or the other is more common.
        alike = bool(rng.random() < 0.5)
        a, b = (articles[place] for place in rng.choice(len(articles), 2, replace=False))
        pair = rng.choice(a, 2, replace=False) if alike else (rng.choice(a), rng.choice(b))
        first, second = sorted(map(int, pair))
        pairs.setdefault((first, second), alike)
    return pairs
