"""Pairs of sentences: labelled as they are, none twice, and no article on two sides."""

import numpy as np
import pytest

from tlhelpers.data.sentence_pairs import BETWEEN, load_article_pairs
from tlhelpers.data.splits import split_by_group
from tlhelpers.data.texts import load_sentiment


@pytest.fixture(scope="module")
def pairs():
    return load_article_pairs(12)


@pytest.fixture(scope="module")
def articles():
    """The articles in which each sentence stands."""
    news = load_sentiment("news", threshold=0, balanced=False)
    found = {}
    for text, group in zip(news.texts, news.groups, strict=True):
        found.setdefault(text, set()).add(group)
    return found


def test_each_label_is_true(pairs, articles):
    for first, second, label in zip(pairs.first, pairs.second, pairs.labels, strict=True):
        assert bool(articles[first] & articles[second]) == bool(label)
        assert first != second and min(len(first.split()), len(second.split())) >= 8


def test_no_pair_comes_twice_and_about_half_are_of_one_article(pairs):
    assert len({frozenset(both) for both in zip(pairs.first, pairs.second, strict=True)}) == 480
    assert 0.42 < pairs.labels.mean() < 0.58
    assert np.unique(pairs.groups, return_counts=True)[1].tolist() == [40] * 12


def test_no_article_stands_in_two_blocks_or_on_two_sides(pairs, articles):
    blocks = {}
    for first, second, block in zip(pairs.first, pairs.second, pairs.groups, strict=True):
        for article in articles[first] | articles[second]:
            blocks.setdefault(article, set()).add(block)
    assert {len(own) for own in blocks.values()} == {1}
    assert max(np.bincount([int(*own) for own in blocks.values()])) <= 10
    split = split_by_group(pairs, 0.3, 0)
    assert not set(pairs.groups[split.train]) & set(pairs.groups[split.test])


def test_the_seed_draws_and_the_same_seed_draws_the_same(pairs):
    again, other = load_article_pairs(12), load_article_pairs(12, seed=1)
    assert (again.first == pairs.first).all() and (again.labels == pairs.labels).all()
    assert (other.first != pairs.first).any()
    part = load_article_pairs(3)
    assert (part.first == pairs.first[:120]).all()


def test_joined_pairs_can_be_taken_apart(pairs):
    joined = pairs.joined()
    assert joined.labels.tolist() == pairs.labels.tolist() and len(joined) == len(pairs)
    for text, first, second in zip(joined.texts, pairs.first, pairs.second, strict=True):
        assert text.split(BETWEEN) == [first, second]


@pytest.mark.parametrize("blocks", [0, 50, -3, 1.5, "two"])
def test_a_bad_number_of_blocks_is_one_error(blocks):
    with pytest.raises((ValueError, TypeError), match="blocks"):
        load_article_pairs(blocks)
    with pytest.raises(ValueError, match="seed"):
        load_article_pairs(2, seed=-1)
