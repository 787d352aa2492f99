"""Equal or nearly equal texts of a large table, in less than the square of their number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tlhelpers.checks import full_texts
from tlhelpers.data.duplicates import (
    NEAR,
    WORD,
    _join,
    _places_of_first,
    _word_weights,
    near_duplicates,
)
from tlhelpers.data.groups import composed

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# Up to so many texts each is compared with each.
ALL_PAIRS = 5000
# How many rows are looked up, and how many pairs are compared, at once.
ROWS = 512
PAIRS = 2**15
# More than what sums of squares are wrong by.
MARGIN = 1e-6


def near_texts(texts: Sequence[str], all_pairs: int = ALL_PAIRS) -> tuple[np.ndarray, str]:
    """Number the groups, int64 (n,), as `near_duplicates` does, and say how they were found."""
    if len(texts) <= all_pairs:
        return near_duplicates(texts), "each text was compared with each"
    how = "each text was compared with those that share one of its rarest words, which finds all"
    return _by_rare_words([composed(text) for text in full_texts(texts)]), how


def _by_rare_words(texts: list[str]) -> np.ndarray:
    words = [" ".join(WORD.findall(text.lower())) for text in texts]
    joined = _places_of_first([word or text for word, text in zip(words, texts, strict=True)])
    different = np.unique(joined)
    if any(words):
        rows = _word_weights(words)[different]
        least = NEAR - 1e-9
        for left, right in _pairs_with_rare_word(rows, least):
            a, b = different[left], different[right]
            apart = joined[a] != joined[b]
            left, right = left[apart], right[apart]
            near = np.asarray(rows[left].multiply(rows[right]).sum(axis=1)).ravel() >= least
            if near.any():
                joined = _join(joined, different[left[near]], different[right[near]])
    return np.unique(joined, return_inverse=True)[1].astype(np.int64)


def _pairs_with_rare_word(
    rows: csr_matrix, least: float
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """All pairs of rows that may have a cosine of `least`: those that share a heavy rare word.

    By the inequality of Cauchy and Schwarz, the rest of a row whose length is below `least` is not
    enough for such a cosine: the rarest word that two near rows share is among the others of both.
    """
    heads = _rarest_words(rows, least)
    by_word = heads.T.tocsr()
    for start in range(0, heads.shape[0], ROWS):
        shared = (heads[start : start + ROWS] @ by_word).tocoo()
        left, right = shared.row.astype(np.int64) + start, shared.col.astype(np.int64)
        above = left < right
        left, right = left[above], right[above]
        for place in range(0, len(left), PAIRS):
            yield left[place : place + PAIRS], right[place : place + PAIRS]


def _rarest_words(rows: csr_matrix, least: float) -> csr_matrix:
    """Of each row the rarest words, until the rest of it is shorter than `least`: ones, sparse."""
    from scipy.sparse import csr_matrix

    counts = np.bincount(rows.indices, minlength=rows.shape[1])
    lengths = np.diff(rows.indptr)
    full = lengths > 0  # a text of emoji alone has no word, and begins where the next one does
    row_of = np.repeat(np.arange(rows.shape[0]), lengths)
    order = np.lexsort((rows.indices, counts[rows.indices], row_of))
    squares = rows.data[order] ** 2
    before = np.cumsum(squares) - squares
    before -= np.repeat(before[rows.indptr[:-1][full]], lengths[full])
    kept = order[before <= 1 - least**2 + MARGIN]
    ones = np.ones(len(kept), dtype=np.int32)
    return csr_matrix((ones, (row_of[kept], rows.indices[kept])), shape=rows.shape)
