"""Texts as words: cut into them, looked up among the words of some vectors, averaged."""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from gensim.models import KeyedVectors


def _marks(codes: Iterable[int]) -> str:
    return "".join(chr(code) for code in codes if unicodedata.category(chr(code)).startswith("M"))


# Accents, vowel signs and the like. They belong to the letter before, but \w does not hold them.
# A class with places beyond 16 bits is slow, so only such places are looked up in it.
MARK = (
    f"(?:[{_marks(range(0x300, 0x10000))}]|(?=[\U00010000-\U000e01ef])"
    f"[{_marks((*range(0x10000, 0x20000), *range(0xE0100, 0xE01F0)))}])"
)
JOINER = "[\u200c\u200d]"  # tells how two letters are drawn: in words of Persian and of India
BEYOND_LETTERS = re.compile(f"{MARK}|{JOINER}")


def _cutter(letters: str) -> re.Pattern:
    return re.compile(
        rf"{letters}(?=n't\b)|n't\b|'(?:s|re|ve|ll|d|m)\b"  # do n't, it 's: as for GloVe
        rf"|\d+(?:[.,:]\d+)*|{letters}"
        rf"|(?<!\w)(?<!{MARK})[:;=][-o*']?[()\[\]dp/\\|3]"  # emoticons
        r"|\.\.\.|[^\w\s]"
    )


LETTERS = r"[^\W\d_]+"
PLAIN = _cutter(LETTERS)  # for texts without marks the quicker one
# One mark at a time, and no joiner is given back: a run of marks has one reading, else the time to
# read it would double with each mark.
MARKED = _cutter(rf"{LETTERS}(?:{MARK}{JOINER}?+[^\W\d_]*|{JOINER}+{LETTERS})*")
CASELESS = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"'})


def composed(text: str) -> str:
    """A text in the form NFC: é is one sign, also where it was written as e and an accent."""
    return unicodedata.normalize("NFC", text)


def all_composed(words: Sequence[str]) -> list[str]:
    """Different words in the form NFC; what another word is already in that form stays as it is."""
    forms, taken = [composed(word) for word in words], set(words)
    for place, (word, form) in enumerate(zip(words, forms, strict=True)):
        if form != word and form in taken:
            forms[place] = word
        taken.add(form)
    return forms


def form_in(vectors: KeyedVectors, word: str) -> str | None:
    """A word as the vectors have it: as it is written, composed or taken apart; else None."""
    if word in vectors:
        return word
    forms = (unicodedata.normalize(form, word) for form in ("NFC", "NFD"))
    return next((form for form in forms if form in vectors), None)


def tokens(text: str, lower: bool = True) -> list[str]:
    """A text as words, numbers, emoticons and single signs, cut as the texts of GloVe were.

    An underscore parts words, as a space does. Accents and vowel signs stay with their letter, and
    letters come in the form NFC, in which é is one sign. Scripts without spaces, e.g. Thai, are cut
    at signs and spaces only.

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
    text = composed(text.translate(CASELESS))
    low = text.lower()
    # A few letters have a longer small form, e.g. the Turkish İ: then places are not the same.
    if lower or len(low) != len(text):
        return _cut(composed(low))
    as_written, end = [], 0
    for word in _cut(low):
        start = low.index(word, end)
        end = start + len(word)
        as_written.append(text[start:end])
    return as_written


def _cut(text: str) -> list[str]:
    plain = text.isascii() or not BEYOND_LETTERS.search(text)
    return (PLAIN if plain else MARKED).findall(text)


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

    Raises
    ------
    ValueError
        If a text is no str.
    """
    cut = [tokenize(text) for text in list_of_texts(texts)]
    known = [sum(form_in(vectors, word) is not None for word in words) for words in cut]
    unknown = Counter(word for words in cut for word in words if form_in(vectors, word) is None)
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
    texts = list_of_texts(texts)
    if weights is not None:
        weights = {**{composed(word): share for word, share in weights.items()}, **weights}
    means = np.zeros((len(texts), vectors.vector_size), dtype=np.float32)
    empty = []
    for place, text in enumerate(texts):
        known = [form for word in tokenize(text) if (form := form_in(vectors, word)) is not None]
        shares = _shares(known, weights)
        if not any(shares):
            empty.append(place)
            continue
        means[place] = np.average(vectors[known], axis=0, weights=shares)
    if empty and not quiet:
        warnings.warn(
            f"{len(empty)} of {len(texts)} texts hold no known word, the first is text {empty[0]}: "
            "they get zeros",
            stacklevel=2,
        )
    return means


def _shares(words: list[str], weights) -> list[float]:
    if weights is None:
        return [1.0] * len(words)
    shares = [weights.get(word, weights.get(composed(word), 1.0)) for word in words]
    for word, share in zip(words, shares, strict=True):
        if not 0 <= share < float("inf"):
            raise ValueError(f"the weight of {word!r} must be 0 or more, got {share!r}")
    return shares


def list_of_texts(texts: Sequence[str]) -> list[str]:
    """Take `texts` as a list of str; they may be empty, and there may be none."""
    if isinstance(texts, str):
        raise ValueError("give a list of texts, not one text")
    texts = list(texts)  # what can be gone through only once is not used up by the check
    for place, text in enumerate(texts):
        if not isinstance(text, str):
            raise ValueError(f"text {place} is {text!r}: leave missing texts out")
    return texts
