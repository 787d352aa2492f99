"""Texts that are equal or nearly so: what a split must not tear apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tlhelpers.checks import full_texts
from tlhelpers.data.groups import composed, group_names

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

NEAR = 0.9
WORD = re.compile(r"\w+")
# How many estimates and how many exact cosines are in memory at once.
ESTIMATES = 2**22
PAIRS = 2**14
# Far more than what estimates in float32 are wrong by.
MARGIN = 1e-4


def near_duplicates(
    texts: Sequence[str], groups: Sequence[str] | None = None, similarity: float = NEAR
) -> np.ndarray:
    """Number the groups, int64 (n,), of texts that are equal or nearly so, or in one of `groups`.

    Nearly: by the cosine of their TF-IDF vectors. Chains of such pairs make one group.
    """
    if not 0 < similarity <= 1:
        raise ValueError(f"similarity must lie between 0 and 1, got {similarity!r}")
    texts = [composed(text) for text in full_texts(texts)]
    words = [" ".join(WORD.findall(text.lower())) for text in texts]
    # The same words have a cosine of 1. What has no words, e.g. emoji, is near its equals only.
    kinds = _places_of_first([word or text for word, text in zip(words, texts, strict=True)])
    joined = kinds
    if groups is not None:
        same_group = _places_of_first(group_names(groups, len(texts)))
        joined = _join(joined, np.arange(len(texts)), same_group)
    different = np.unique(kinds)
    if any(words):
        rows = _word_weights(words)[different]
        # Vectors that are equal may have a cosine that rounds to a little less than 1.
        joined = _join_near(joined, different, rows, similarity - 1e-9)
    return np.unique(joined, return_inverse=True)[1].astype(np.int64)


def _places_of_first(names) -> np.ndarray:
    """The place at which each name stands for the first time, int64 (n,)."""
    first: dict[str, int] = {}
    return np.array([first.setdefault(name, place) for place, name in enumerate(names)])


def _join(joined: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Join the sets of these pairs of items; a set's name is its first item."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    n = len(joined)
    left, right = np.r_[np.arange(n), left], np.r_[joined, right]
    pairs = coo_matrix((np.ones(len(left), dtype=bool), (left, right)), shape=(n, n))
    parts = connected_components(pairs, directed=False)[1]
    return np.unique(parts, return_index=True)[1][parts]


def _word_weights(words: list[str]) -> csr_matrix:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(analyzer=str.split).fit_transform(words)


def _join_near(joined: np.ndarray, items: np.ndarray, rows: csr_matrix, least: float) -> np.ndarray:
    """Join the items whose rows have a cosine of `least`, unless a chain has joined them before."""
    for left, right in _promising_pairs(rows, least):
        for start in range(0, len(left), PAIRS):
            a, b = left[start : start + PAIRS], right[start : start + PAIRS]
            apart = joined[items[a]] != joined[items[b]]
            a, b = a[apart], b[apart]
            near = np.asarray(rows[a].multiply(rows[b]).sum(axis=1)).ravel() >= least
            if near.any():
                joined = _join(joined, items[a[near]], items[b[near]])
    return joined


def _promising_pairs(rows: csr_matrix, least: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give, block by block, all pairs of rows that may have a cosine of `least`, and some more."""
    short = _shortened(rows)
    n = len(short)
    height = max(1, ESTIMATES // n)
    for start in range(0, n, height):
        estimates = short[start : start + height] @ short[start:].T
        left, right = np.nonzero(estimates >= least - MARGIN)
        above = left < right
        yield left[above] + start, right[above] + start


def _shortened(rows: csr_matrix) -> np.ndarray:
    """Short rows, float32 (n, columns), whose products are never below those of `rows`.

    Several words share a column, which holds the length of their part of the row: by the
    inequality of Cauchy and Schwarz a product of two such lengths is never below that of the parts.
    """
    from scipy.sparse import csr_matrix

    n, n_words = rows.shape
    # With four columns for each word of a text, few words of one text meet in a column.
    columns = min(n_words, max(256, 4 * rows.nnz // n))
    commonest_first = np.argsort(-np.bincount(rows.indices, minlength=n_words), kind="stable")
    column_of = np.empty(n_words, dtype=rows.indices.dtype)
    column_of[commonest_first] = np.arange(n_words) % columns
    squares = rows.data.astype(np.float32) ** 2
    # `toarray` adds up what meets in a column.
    parts = csr_matrix((squares, column_of[rows.indices], rows.indptr), shape=(n, columns))
    return np.sqrt(parts.toarray())
