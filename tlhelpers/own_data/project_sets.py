"""Three sets for a project of one's own, of tasks that no lesson has solved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np

from tlhelpers.checks import known
from tlhelpers.data.images import STYLES, ImageSet, pool_sets, render_emoji
from tlhelpers.data.splits import draw_labels
from tlhelpers.data.texts import Newsgroups, TextSet, load_sentiment

FACE_SIZE = 96
# Unicode's subgroups say which faces smile, love or jest, and which are troubled, unwell or angry.
# Looked at in both styles; a face was left out where a person could doubt its mood in one of them
# (the mask, under which OpenMoji's face smiles; the imp; the yawn; open mouths).
FACES = {
    "pleased": (
        "grinning", "sweat_smile", "rolling_on_the_floor_laughing", "joy", "slightly_smiling_face",
        "melting_face", "wink", "innocent", "smiling_face_with_3_hearts", "heart_eyes",
        "star-struck", "kissing_heart", "relaxed", "yum", "stuck_out_tongue", "zany_face",
        "money_mouth_face", "hugging_face", "face_with_cowboy_hat", "partying_face", "sunglasses",
        "nerd_face",
    ),
    "displeased": (
        "face_with_thermometer", "face_with_head_bandage", "nauseated_face", "face_vomiting",
        "sneezing_face", "hot_face", "cold_face", "woozy_face", "dizzy_face",
        "face_with_spiral_eyes", "pleading_face", "fearful", "sob", "scream", "weary", "triumph",
        "rage", "face_with_symbols_on_mouth",
    ),
}  # fmt: skip
PLAIN, STRONG = 0.3, 1.0  # mean ratings up to here hold no opinion; from here on they hold one
TOPICS = ("comp", "rec", "sci", "talk")
POSTS, WORDS, FEWEST_WORDS = 40, 40, 20


def project_set(name: str) -> ImageSet | TextSet:
    """One of three sets for a project of one's own.

    Parameters
    ----------
    name : {"faces", "opinions", "newsgroups"}
        ``"faces"``: drawn faces, pleased or displeased; each in two styles, and a group is the
        emoji. ``"opinions"``: sentences of product reviews, with an opinion or without; a group
        holds the sentences of one review. ``"newsgroups"``: the first words of posts, of four
        topics; a group is the newsgroup, so that a split tests newsgroups that were not learned.

    Returns
    -------
    ImageSet or TextSet

    Raises
    ------
    ValueError
        If there is no set of that name.
    """
    known("project set", name, SETS)
    return SETS[name]()


def _faces() -> ImageSet:
    names = [face for faces in FACES.values() for face in faces]
    labels = np.repeat(np.arange(len(FACES)), [len(faces) for faces in FACES.values()])
    parts = []
    for style in STYLES:
        pixels = np.stack([render_emoji(name, style, FACE_SIZE) for name in names])
        parts.append(ImageSet(pixels, labels, list(FACES), np.array(names), style))
    return pool_sets(parts)


def _opinions() -> TextSet:
    """As many sentences with a clear opinion as there are sentences with hardly any."""
    rated = load_sentiment("products", threshold=0, balanced=False)
    strength = np.abs(rated.scores)
    clear = np.flatnonzero((strength <= PLAIN) | (strength >= STRONG))
    labels = (strength[clear] >= STRONG).astype(np.int64)
    drawn = draw_labels(labels, int(np.bincount(labels).min()), 0)
    items = clear[drawn]
    names = ["no opinion", "opinion"]
    parts = (rated.groups[items], rated.scores[items], "product sentences")
    return TextSet(rated.texts[items], labels[drawn], names, *parts)


def _newsgroups() -> TextSet:
    """The beginnings of some posts of each newsgroup; what stands in two of them is left out."""
    cut = [
        (group, " ".join(text.split()[:WORDS]))
        for group, text in Newsgroups().posts
        if group.partition(".")[0] in TOPICS and len(text.split()) >= FEWEST_WORDS
    ]
    stands_in = Counter(text for _, text in cut)
    taken: Counter[str] = Counter()
    rows = []
    for group, text in cut:
        if stands_in[text] == 1 and taken[group] < POSTS:
            taken[group] += 1
            rows.append((group, text))
    groups, texts = zip(*rows, strict=True)
    labels = [TOPICS.index(group.partition(".")[0]) for group in groups]
    return TextSet(texts, labels, list(TOPICS), groups, np.full(len(rows), np.nan), "newsgroups")


SETS: dict[str, Callable[[], ImageSet | TextSet]] = {
    "faces": _faces,
    "opinions": _opinions,
    "newsgroups": _newsgroups,
}
