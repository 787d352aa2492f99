"""Word vectors as the first layer of a network."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
from gensim.models import KeyedVectors
from torch import nn

from tlhelpers.checks import is_int
from tlhelpers.models.words import composed, form_in, list_of_texts, tokens

PADDING, UNKNOWN = 0, 1
RANDOM_SPREAD = 0.4


class WordIds:
    """Texts as rows of word numbers, of one length: what an embedding layer takes.

    Number 0 fills up, number 1 stands for what is not among `words`, the first word is number 2.
    Words are kept in the form NFC, as `tokens` gives them.
    """

    def __init__(self, words: Sequence[str]):
        given = list(words)
        if isinstance(words, str) or not all(isinstance(word, str) for word in given):
            raise ValueError("give a list of words; WordIds.of(texts) finds those of texts")
        self.words = [composed(word) for word in given]
        self._number = {word: place for place, word in enumerate(self.words, start=2)}
        if len(self._number) < len(self.words):
            raise ValueError(f"{Counter(self.words).most_common(1)[0][0]!r} comes twice")

    @classmethod
    def of(cls, texts: Sequence[str], min_count: int = 1) -> WordIds:
        """The words that occur in the texts at least `min_count` times, the frequent ones first."""
        counts = Counter(word for text in list_of_texts(texts) for word in tokens(text))
        return cls([word for word, count in counts.most_common() if count >= min_count])

    def __len__(self) -> int:
        return len(self.words) + 2

    def __repr__(self) -> str:
        return f"WordIds({len(self.words)} words)"

    def card(self) -> dict:
        """What a saved model must find again."""
        return {"words": hashlib.sha256("\n".join(self.words).encode()).hexdigest()}

    def __call__(self, texts: Sequence[str]) -> torch.Tensor:
        """Texts (n,) to int64 (n, length of the longest, at least 1)."""
        return self.padded(self.numbers(texts))

    def numbers(self, texts: Sequence[str]) -> list[list[int]]:
        """The number of each word, text by text."""
        return [
            [self._number.get(w, UNKNOWN) for w in tokens(text)] for text in list_of_texts(texts)
        ]

    def padded(self, rows: Sequence[Sequence[int]]) -> torch.Tensor:
        """Rows of numbers, filled up to the longest."""
        longest = max([1, *map(len, rows)])
        filled = [[*row, *[PADDING] * (longest - len(row))] for row in rows]
        return torch.tensor(filled, dtype=torch.int64).reshape(len(rows), longest)


def embedding_layer(
    vectors: KeyedVectors | int, words: WordIds, frozen: bool = True, seed: int = 0
) -> nn.Embedding:
    """An embedding layer that starts from given vectors, or from random ones of a given size.

    What `vectors` does not know is drawn like what they know; row 0 (padding) holds zeros.
    """
    rng = np.random.default_rng(seed)
    if is_int(vectors) and vectors < 1:
        raise ValueError(f"a vector needs one number at least, got {vectors!r}")
    if is_int(vectors):
        rows = rng.normal(0, RANDOM_SPREAD, (len(words), vectors))
    else:
        forms = [form_in(vectors, word) for word in words.words]
        known = [place for place, form in enumerate(forms) if form is not None]
        if not known:
            raise ValueError("none of the words has a vector: is their case the vectors' own?")
        given = vectors[[forms[place] for place in known]]
        rows = rng.normal(given.mean(axis=0), given.std(axis=0), (len(words), vectors.vector_size))
        rows[2 + np.array(known)] = given
    rows[PADDING] = 0
    weight = torch.tensor(rows, dtype=torch.float32)
    return nn.Embedding.from_pretrained(weight, freeze=frozen, padding_idx=PADDING)


class MeanOfWords(nn.Module):
    """The backbone of a small text classifier: the mean of a text's word vectors.

    The embedding comes from `embedding_layer`, for the same words.
    """

    def __init__(self, embedding: nn.Embedding, words: WordIds):
        super().__init__()
        if embedding.num_embeddings != len(words):
            raise ValueError(
                f"the embedding has {embedding.num_embeddings} rows, but {words} need {len(words)}"
            )
        self.embedding, self.transform = embedding, words
        self.feature_size = embedding.embedding_dim

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """int64 (n, length) to float (n, feature_size); what fills up is left out of the mean."""
        there = (ids != PADDING).unsqueeze(2)
        return (self.embedding(ids) * there).sum(1) / there.sum(1).clamp(min=1)

    def layer_groups(self) -> list[list[nn.Module]]:
        """One group: the embedding."""
        return [[self.embedding]]
