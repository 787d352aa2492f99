"""Questions to word vectors: analogies, as they are asked and as they should be, and bias."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from gensim.models import KeyedVectors
from gensim.test.utils import datapath

from tlhelpers.models.words import form_in

EXACT = 20_000  # so many splits are counted one by one, more are drawn
AT_ONCE = 100  # questions: their cosines to 400,000 words take 160 MB


def _unit(vectors: KeyedVectors, words: Sequence[str]) -> np.ndarray:
    """Vectors of length one, float64 (n, size)."""
    rows = np.asarray(vectors[_forms(vectors, words)], dtype=np.float64)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not lengths.all():
        word = str(words[int(np.argmin(lengths))])
        raise ValueError(f"the vector of {word!r} holds zeros only: it points nowhere")
    return rows / lengths


def _forms(vectors: KeyedVectors, words: Sequence[str]) -> list[str]:
    """The words as the vectors have them; the first that they do not know is told."""
    forms = [form_in(vectors, word) for word in words]
    for word, form in zip(words, forms, strict=True):
        if form is None:
            raise ValueError(f"the vectors do not know {str(word)!r}")
    return forms


def analogy(
    vectors: KeyedVectors, a: str, b: str, c: str, exclude: bool = True, top: int = 5
) -> list[tuple[str, float]]:
    """What is to `c` as `b` is to `a`? The words nearest to b − a + c [1]_.

    Parameters
    ----------
    vectors : gensim.models.KeyedVectors
    a, b, c : str
    exclude : bool
        Leave the three words out of the answers, as the tools do without telling [2]_.
    top : int
        How many answers.

    Returns
    -------
    list of (str, float)
        Words and their cosines, the nearest first.

    Raises
    ------
    ValueError
        If a word has no vector, or one of zeros.

    References
    ----------
    .. [1] Mikolov, Yih and Zweig, Linguistic regularities in continuous space word
       representations, NAACL 2013.
    .. [2] Nissim, van Noord and van der Goot, Fair is better than sensational: man is to doctor
       as woman is to doctor, Computational Linguistics 2020, arXiv:1905.09866.
    """
    first, second, third = _unit(vectors, (a, b, c))
    asked = second - first + third
    near = vectors.similar_by_vector(asked.astype(np.float32), topn=top + 3)
    left_out = set(_forms(vectors, (a, b, c))) if exclude else set()
    return [(word, float(cosine)) for word, cosine in near if word not in left_out][:top]


def analogy_questions(vectors: KeyedVectors, most: int | None = None) -> dict[str, np.ndarray]:
    """Mikolov's analogy questions that the vectors know all words of; they come with gensim.

    Parameters
    ----------
    vectors : gensim.models.KeyedVectors
        The questions are put in small letters, as the words of GloVe 6B are.
    most : int, optional
        Of each kind at most so many, evenly spread.

    Returns
    -------
    dict of str to str array, shape (n, 4)
        By kind: a, b, c and the answer.
    """
    found: dict[str, list] = {}
    with Path(datapath("questions-words.txt")).open(encoding="utf-8") as file:
        for line in file:
            words = line.lower().split()
            if words[0] == ":":
                kind = found.setdefault(words[1], [])
            elif all(word in vectors for word in words):
                kind.append(words)
    rows = {kind: np.array(asked) for kind, asked in found.items() if asked}
    if most is None:
        return rows
    return {
        kind: asked[np.unique(np.linspace(0, len(asked) - 1, most).astype(int))]
        for kind, asked in rows.items()
    }


def answer_questions(
    vectors: KeyedVectors, questions: np.ndarray, exclude: bool = True
) -> np.ndarray:
    """The nearest word for each analogy question.

    Parameters
    ----------
    vectors : gensim.models.KeyedVectors
    questions : str array, shape (n, 4)
        a, b, c and the answer, which is not looked at.
    exclude : bool
        As in `analogy`.

    Returns
    -------
    str array, shape (n,)

    Raises
    ------
    ValueError
        If a word of a question has no vector, or one of zeros.
    """
    a, b, c = (_unit(vectors, questions[:, i]) for i in range(3))
    lengths = np.linalg.norm(vectors.vectors, axis=1, keepdims=True)
    everything = vectors.vectors / np.where(lengths == 0, np.inf, lengths)
    wanted = (b - a + c).astype(np.float32)
    places = vectors.key_to_index
    asked = [[places[word] for word in _forms(vectors, row[:3])] for row in questions.tolist()]
    asked = np.array(asked, dtype=int)
    best = np.empty(len(questions), dtype=int)
    for start in range(0, len(questions), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        near = wanted[part] @ everything.T
        if exclude:
            np.put_along_axis(near, asked[part], -np.inf, axis=1)
        best[part] = near.argmax(1)
    return np.array(vectors.index_to_key)[best]


# ---------------------------------------------------------------- bias


@dataclass(frozen=True)
class Association:
    """What `association_test` found.

    Attributes
    ----------
    effect : float
        Between −2 and 2; above 0, the first targets lie nearer to the first attributes.
    p : float
        One-sided: how many equal splits of the targets have an effect at least as large.
    splits : int
        How many were looked at.
    """

    effect: float
    p: float
    splits: int

    def __str__(self) -> str:
        return f"effect size {self.effect:+.2f}, p = {self.p:.3g} of {self.splits:,} splits"


def association_test(
    vectors: KeyedVectors,
    targets: Sequence[Sequence[str]],
    attributes: Sequence[Sequence[str]],
    seed: int = 0,
) -> Association:
    """Whether two groups of words differ in their nearness to two other groups (WEAT [1]_).

    A word's association is its mean cosine to the first attributes minus that to the second. The
    effect size is the difference of the two groups' mean associations, divided by the standard
    deviation (n − 1) over all of their words.

    Parameters
    ----------
    vectors : gensim.models.KeyedVectors
    targets, attributes : pair of sequences of str
        Both targets have equally many words, at least two.
    seed : int
        Draws splits where there are too many to count all.

    Returns
    -------
    Association

    Raises
    ------
    ValueError
        If the groups do not have the right sizes, a word has no vector, or all targets are equally
        near to the attributes.

    References
    ----------
    .. [1] Caliskan, Bryson and Narayanan, Semantics derived automatically from language corpora
       contain human-like biases, Science 2017, arXiv:1608.07187.
    """
    (x, y), (a, b) = targets, attributes
    if len(x) != len(y) or len(x) < 2 or not len(a) or not len(b):
        sizes = [len(x), len(y), len(a), len(b)]
        raise ValueError(f"two equal groups of two targets or more, and attributes, got {sizes}")
    near = _unit(vectors, [*x, *y])
    drawn_to = (near @ _unit(vectors, a).T).mean(1) - (near @ _unit(vectors, b).T).mean(1)
    spread = drawn_to.std(ddof=1)
    if spread < 1e-12:
        raise ValueError("all targets are equally near to both attributes: there is no effect size")
    halves = _halves(len(x), seed)
    sums = drawn_to[halves].sum(axis=1)
    effect = (drawn_to[: len(x)].mean() - drawn_to[len(x) :].mean()) / spread
    p = (sums >= drawn_to[: len(x)].sum() - 1e-12).mean()
    return Association(float(effect), float(p), len(halves))


def _halves(n: int, seed: int) -> np.ndarray:
    """Places of n of 2n words, all ways or many drawn ones; int (splits, n), the first 0..n−1."""
    if math.comb(2 * n, n) <= EXACT:
        return np.array(list(combinations(range(2 * n), n)))
    rng = np.random.default_rng(seed)
    drawn = [rng.permutation(2 * n)[:n] for _ in range(EXACT - 1)]
    return np.array([np.arange(n), *drawn])
