"""What a learner loads: pictures, texts, splits."""

from tlhelpers.data.images import load_digits_pair, load_emoji
from tlhelpers.data.photographs import photograph_crops
from tlhelpers.data.splits import (
    chance,
    draw_labels,
    duplicates_across,
    majority,
    split_by_group,
)
from tlhelpers.data.texts import Newsgroups, load_equal_domains, load_senses, load_sentiment

__all__ = [
    "Newsgroups",
    "chance",
    "draw_labels",
    "duplicates_across",
    "load_digits_pair",
    "load_emoji",
    "load_equal_domains",
    "load_senses",
    "load_sentiment",
    "majority",
    "photograph_crops",
    "split_by_group",
]
