"""Sentences without capital letters, and which of their words had one: labels that come free."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tlhelpers.checks import whole
from tlhelpers.data.splits import draw_labels
from tlhelpers.data.texts import load_sentiment

NOT_ASKED = -100  # the number of a label that PyTorch's cross-entropy leaves out
WORD = re.compile(r"\d[\d.,]*\d|\d|[^\W\d_]+(?:['’.][^\W\d_]+)*")
SHORTEST = 5  # words
BEGINS = re.compile(r"[.!?:;(\"“]|''|``|- ")  # after one of these a capital may mean nothing


@dataclass(frozen=True, eq=False)
class CasedWords:
    """Sentences as words in small letters; its items are the words that are asked for.

    Attributes
    ----------
    sentences : list of list of str
    cases : list of int64 array
        For each word of a sentence 1 if it had a capital letter, 0 if not, and −100 if it is not
        asked for.
    articles : str array, shape (sentences,)
    class_names : list of str
    labels : int64 array, shape (n,)
        Of the words that are asked for, sentence after sentence.
    groups : str array, shape (n,)
        The article of each of them.
    words : str array, shape (n,)
    sentence, place : int64 array, shape (n,)
        The sentence of each, and its place among *all* words of all sentences, from 0.
    """

    sentences: list[list[str]]
    cases: list[np.ndarray]
    articles: np.ndarray
    class_names = ["small", "capital"]

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        counted = f"{len(self):,} words asked for, {self.labels.sum():,} with a capital"
        return f"{len(self.sentences):,} sentences of {len(set(self.articles))} articles: {counted}"

    @cached_property
    def place(self) -> np.ndarray:
        """Where each item stands among all words of all sentences, int64 (n,)."""
        return np.flatnonzero(np.concatenate(self.cases) != NOT_ASKED)

    @cached_property
    def labels(self) -> np.ndarray:
        """1 for a capital, 0 for none, int64 (n,)."""
        return np.concatenate(self.cases)[self.place]

    @cached_property
    def words(self) -> np.ndarray:
        """The items in small letters, str (n,)."""
        return np.concatenate(self.sentences)[self.place]

    @cached_property
    def sentence(self) -> np.ndarray:
        """The number of each item's sentence, int64 (n,)."""
        return np.repeat(np.arange(len(self.sentences)), [*map(len, self.cases)])[self.place]

    @cached_property
    def groups(self) -> np.ndarray:
        """The article of each item, str (n,)."""
        return self.articles[self.sentence]

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of all words in their order."""
        return hashlib.sha256(repr(self.sentences).encode()).hexdigest()

    def ask_for(self, items) -> CasedWords:
        """The same sentences, of whose words those at `items` alone are asked for."""
        every = [np.full(len(own), NOT_ASKED) for own in self.cases]
        for number, own in self.cases_of(items).items():
            every[number] = own
        return CasedWords(self.sentences, every, self.articles)

    def cases_of(self, items) -> dict[int, np.ndarray]:
        """The sentences in which some items stand, by number; the cases of all others are −100.

        Parameters
        ----------
        items : int array, shape (m,)

        Returns
        -------
        dict of int to int64 array, one number per word of the sentence
        """
        kept = np.full(sum(map(len, self.cases)), NOT_ASKED, dtype=np.int64)
        kept[self.place[items]] = self.labels[items]
        ends = np.cumsum([*map(len, self.cases)])
        by_sentence = np.split(kept, ends[:-1])
        return {int(number): by_sentence[number] for number in np.unique(self.sentence[items])}


def load_cased_words(articles: int = 120, balanced: bool = True, seed: int = 0) -> CasedWords:
    """Sentences of editorials of the New York Times, whose capitals are to be restored.

    Parameters
    ----------
    articles : int
        How many: the first of `load_sentiment("news")`, whatever the sentences' rating.
    balanced : bool
        Ask for as many words without a capital as there are with one; all others stay in their
        sentences and are not asked for.
    seed : int
        Draws them.

    Returns
    -------
    CasedWords
        Without punctuation. Sentences of fewer than five words are left out, and such as stand in
        capital letters throughout. Not asked for are numbers, and words that begin a sentence or
        follow a mark like a colon: there a capital says little of the word.

    Raises
    ------
    ValueError
        If `articles` is not a whole number above 0, or there is no word with a capital.
    """
    whole("articles", articles)
    news = load_sentiment("news", threshold=0, balanced=False)
    wanted = set(list(dict.fromkeys(news.groups))[:articles])
    rows = [
        (*label_capitals(text), group)
        for text, group in zip(news.texts, news.groups, strict=True)
        if group in wanted and not text.isupper()
    ]
    rows = [row for row in rows if len(row[0]) >= SHORTEST]
    sentences, cases, groups = zip(*rows, strict=True)
    words = CasedWords(list(sentences), list(cases), np.array(groups))
    if not balanced:
        return words
    drawn = draw_labels(words.labels, int(words.labels.sum()), seed, words.class_names)
    return words.ask_for(drawn)


def label_capitals(text: str) -> tuple[list[str], np.ndarray]:
    """The words of a text in small letters, and the case of each as in `CasedWords`.

    Parameters
    ----------
    text : str

    Returns
    -------
    words : list of str
    cases : int64 array, shape (n,)
    """
    words, cases, end = [], [], 0
    for match in WORD.finditer(text):
        word, between = match.group(), text[end : match.start()]
        asked = bool(words) and word[0].isalpha() and not BEGINS.search(between)
        words.append(word.lower())
        cases.append(int(word[0].isupper()) if asked else NOT_ASKED)
        end = match.end()
    return words, np.array(cases, dtype=np.int64)
