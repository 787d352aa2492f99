"""Skip-gram with negative sampling written out in numpy: two matrices, one step, a toy text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from tlhelpers.checks import number, whole
from tlhelpers.models.words import composed


def neighbour_pairs(sentences: Iterable[Sequence[str]], window: int = 2) -> list[tuple[str, str]]:
    """Each word with each of its neighbours, as skip-gram learns from them.

    Parameters
    ----------
    sentences : iterable of list of str
    window : int
        Neighbours on each side. gensim draws 1 to `window` for each word; here it is always all.

    Returns
    -------
    list of (str, str)
        A word and one of its neighbours, sentence by sentence, from left to right.

    Raises
    ------
    ValueError
        If a sentence is not cut into words, or `window` is below 1.
    """
    whole("window", window)
    pairs = []
    for words in sentences:
        if isinstance(words, str):
            raise ValueError("a sentence is a list of words: cut texts with tokens() first")
        for place, word in enumerate(words):
            around = range(max(0, place - window), min(len(words), place + window + 1))
            pairs += [(word, words[other]) for other in around if other != place]
    return pairs


def skip_gram_step(
    words: np.ndarray,
    contexts: np.ndarray,
    word: int,
    neighbour: int,
    noise: Sequence[int],
    rate: float = 0.025,
) -> float:
    """One step of skip-gram with negative sampling [1]_, in place.

    The loss is −log σ(v · u) of the true neighbour and −log σ(−v · u) of each noise word, where v
    is the word's row of the first matrix, and u the other's row of the second.

    Parameters
    ----------
    words : float array, shape (n, size)
        What is kept as word vectors in the end.
    contexts : float array, shape (n, size)
        The second matrix: each word once more, as a neighbour.
    word, neighbour : int
        Rows of the pair.
    noise : sequence of int
        Rows of words drawn by chance; one may come several times.
    rate : float
        Learning rate.

    Returns
    -------
    float
        The loss before the step.

    References
    ----------
    .. [1] Mikolov et al., Distributed representations of words and phrases and their
       compositionality, NeurIPS 2013, arXiv:1310.4546.
    """
    others = np.array([neighbour, *noise], dtype=np.int64)
    wanted = np.array([1.0] + [0.0] * len(noise))  # is it a true neighbour?
    v, u = words[word], contexts[others]
    scores = u @ v
    error = expit(scores) - wanted  # the loss's slope, for each score
    step_of_word, steps_of_others = error @ u, np.outer(error, v)
    words[word] -= rate * step_of_word
    np.subtract.at(contexts, others, rate * steps_of_others)  # a row may stand there twice
    return float(np.logaddexp(0, np.where(wanted == 1, -scores, scores)).sum())


@dataclass(frozen=True, eq=False)
class SkipGram:
    """What `train_skip_gram` gave.

    Attributes
    ----------
    vocabulary : list of str
        The words, in the order of the rows; the most frequent first.
    words, contexts : float64 array, shape (n, size)
        Each word as itself, and as a neighbour.
    losses : float64 array, shape (epochs,)
        Mean loss of the pairs of each epoch.
    """

    vocabulary: list[str]
    words: np.ndarray
    contexts: np.ndarray
    losses: np.ndarray


def train_skip_gram(
    sentences: Iterable[Sequence[str]],
    size: int = 10,
    *,
    window: int = 2,
    negative: int = 5,
    epochs: int = 20,
    rate: float = 0.05,
    seed: int = 0,
) -> SkipGram:
    """Learn word vectors from a toy text, step by step; `train_word2vec` is for real ones.

    Parameters
    ----------
    sentences : iterable of list of str
        At least two different words in all. Words are taken in the form NFC.
    size : int
        Numbers per word.
    window, negative, epochs : int
        Neighbours on each side; noise words per pair; passes, each in an order of its own.
    rate : float
        Learning rate, the same throughout.
    seed : int
        Of the first vectors, the orders and the noise words.

    Returns
    -------
    SkipGram

    Raises
    ------
    ValueError
        If a number is out of range, or there is no pair of different words.
    """
    for name, value in {"size": size, "negative": negative, "epochs": epochs}.items():
        whole(name, value)
    number("rate", rate)
    whole("seed", seed, 0)
    sentences = [
        words if isinstance(words, str) else [*map(composed, words)] for words in sentences
    ]
    pairs = neighbour_pairs(sentences, window)
    counts = Counter(word for words in sentences for word in words)
    if len(counts) < 2 or not pairs:
        raise ValueError("there are no two different words side by side: give longer sentences")
    vocabulary = sorted(counts, key=lambda word: (-counts[word], word))
    rows = {word: row for row, word in enumerate(vocabulary)}
    pairs = np.array([(rows[word], rows[neighbour]) for word, neighbour in pairs])
    rng = np.random.default_rng(seed)
    words = rng.uniform(-0.5, 0.5, (len(rows), size)) / size
    contexts = np.zeros_like(words)
    share = noise_share([counts[word] for word in vocabulary])
    losses = [
        _one_epoch(words, contexts, rng.permutation(pairs), share, negative, rate, rng)
        for _ in range(epochs)
    ]
    return SkipGram(vocabulary, words, contexts, np.array(losses))


def noise_share(counts: Sequence[int]) -> np.ndarray:
    """How often each word is drawn as noise: its count to the power 3/4, as a share of all."""
    weights = np.asarray(counts, dtype=np.float64) ** 0.75
    return weights / weights.sum()


def _one_epoch(words, contexts, pairs, share, negative: int, rate: float, rng) -> float:
    """Go through all pairs once; the mean loss."""
    drawn = rng.choice(len(share), size=(len(pairs), negative), p=share)
    losses = [
        # The true neighbour is no noise, also when chance draws it.
        skip_gram_step(words, contexts, word, neighbour, noise[noise != neighbour], rate)
        for (word, neighbour), noise in zip(pairs, drawn, strict=True)
    ]
    return float(np.mean(losses))
