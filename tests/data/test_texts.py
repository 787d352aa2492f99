"""Text sets: rated sentences, groups that hold what says the same, newsgroups."""

import unicodedata

import numpy as np
import pytest

from tlhelpers.data import texts
from tlhelpers.data.splits import duplicates_across, split_by_group
from tlhelpers.data.texts import (
    DOMAINS,
    Newsgroups,
    TextSet,
    join_texts,
    load_senses,
    load_sentiment,
)

each_domain = pytest.mark.parametrize("domain", list(DOMAINS))


def text_set(words, labels=None, groups=None, class_names=("a", "b"), domain="made"):
    n = len(words)
    labels = np.arange(n) % 2 if labels is None else labels
    groups = [str(i) for i in range(n)] if groups is None else groups
    return TextSet(words, labels, class_names, groups, np.zeros(len(words)), domain)


# ---------------------------------------------------------------- rated sentences


@each_domain
def test_labels_follow_the_ratings_and_both_classes_are_equally_large(domain):
    found = load_sentiment(domain, threshold=0.5)
    assert (np.abs(found.scores) >= 0.5).all()
    np.testing.assert_array_equal(found.labels, found.scores > 0)
    assert len(set(found.counts().values())) == 1
    assert found.class_names == ["negative", "positive"] and found.domain == domain


@each_domain
def test_no_text_stands_on_both_sides_of_a_split(domain):
    found = load_sentiment(domain)
    assert duplicates_across(found, split_by_group(found, seed=1)) == []


def test_a_higher_threshold_leaves_out_what_is_lukewarm():
    every, sure = (load_sentiment("tweets", t, balanced=False) for t in (0.0, 2.0))
    assert len(sure) < len(every) / 2 and np.abs(sure.scores).min() >= 2
    assert (every.scores != 0).all()
    assert set(sure.texts) <= set(every.texts)


def test_the_seed_draws_from_the_larger_class_and_the_smaller_one_stays():
    sets = [load_sentiment("tweets", seed=seed) for seed in (0, 0, 1)]
    every = load_sentiment("tweets", balanced=False)
    small = int(np.argmin(np.bincount(every.labels)))
    assert sets[0].fingerprint == sets[1].fingerprint != sets[2].fingerprint
    for one in sets:
        assert set(one.texts[one.labels == small]) == set(every.texts[every.labels == small])


def test_sentences_of_one_article_or_review_are_one_group():
    found = load_sentiment("products", 0.0, balanced=False)
    assert len(set(found.groups)) < 310 < len(found)
    assert len(set(load_sentiment("news").groups)) < 500


def test_entities_are_written_out():
    joined = " ".join(load_sentiment("tweets", 0.0, balanced=False).texts)
    assert "&amp;" not in joined and " & " in joined


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("tweet",), "unknown domain 'tweet': did you mean tweets"),
        (("tweets", -1), "between 0 and 4"),
        (("tweets", float("nan")), "between 0 and 4"),
        (("news", 3.5), "no text of news is rated 3.5 or more on both sides"),
    ],
)
def test_a_wrong_choice_is_told(arguments, message):
    with pytest.raises(ValueError, match=message):
        load_sentiment(*arguments)


# ---------------------------------------------------------------- the set itself


@pytest.mark.parametrize(
    ("words", "options", "message"),
    [
        ([], {}, "there are no texts"),
        (["good", "  "], {}, "text 1 is '  '"),
        (["good", None], {}, "text 1 is None"),
        (["good", 3], {}, "text 1 is 3"),
        (["good", "bad"], {"labels": [0, 2]}, r"labels must lie in 0..1, got 0..2"),
        (["good", "bad"], {"labels": np.ma.array([0, 1], mask=[0, 1])}, "labels are masked"),
        (["good", "bad"], {"groups": ["x"]}, "must have one length"),
        (["good", "bad"], {"groups": ["x", None]}, "the first is item 1"),
        (["good", "bad"], {"groups": ["x", " "]}, "the first is item 1"),
        (["good", "bad"], {"groups": np.array([1, np.nan])}, "the first is item 1"),
        (["good", "bad"], {"groups": ["nan", "x"]}, "the first is item 0"),
        (["good", "bad"], {"groups": [1, 2.0]}, "the group of item 1 is 2.0"),
        (["good", "bad"], {"class_names": ["pos", "pos"]}, "'pos' more than once"),
        (["good", "bad"], {"class_names": ["pos", "pos "]}, "'pos' and 'pos ' differ in case"),
        (["good", "bad"], {"class_names": ["Pos", "pos"]}, "'Pos' and 'pos' differ in case"),
        (["good", "bad"], {"class_names": ["e\u0301", "é"]}, "'é' more than once"),
        (["good", "bad"], {"class_names": ["pos", None]}, "the name of class 1 is None"),
    ],
)
def test_parts_that_do_not_fit_are_refused(words, options, message):
    with pytest.raises(ValueError, match=message):
        text_set(words, **options)


def test_a_subset_keeps_everything_in_order():
    found = text_set(["one", "two", "three", "שלום 👋"])
    part = found.subset([3, 0])
    assert part.texts.tolist() == ["שלום 👋", "one"] and part.groups.tolist() == ["3", "0"]
    assert part.labels.tolist() == [1, 0] and part.counts() == {"a": 1, "b": 1}
    assert found.subset(np.array([True, False, False, False])).texts.tolist() == ["one"]


def test_every_name_and_text_comes_in_composed_letters():
    word = "Übung für später"
    two = unicodedata.normalize("NFD", word)
    assert two != word
    given = {"class_names": [two, "other"], "groups": [two, word], "domain": two}
    found = text_set([two, "last"], **given)
    assert found.texts[0] == found.class_names[0] == found.domain == word
    assert found.groups.tolist() == [word, word]
    assert found.fingerprint == text_set([word, "last"]).fingerprint
    assert join_texts(found, text_set(["x"], [0], class_names=[word, "other"])).counts()[word] == 2


def test_whole_numbers_may_be_groups():
    assert text_set(["one", "two"], groups=np.array([10, 2])).groups.tolist() == ["10", "2"]


def test_fingerprints_look_past_case_and_spaces():
    first, second, third = text_set(["One  two", "one two ", "one, two"]).fingerprints
    assert first == second != third


# ---------------------------------------------------------------- newsgroups


def test_newsgroups_can_be_gone_through_more_than_once():
    posts = Newsgroups(50)
    first, again = list(posts), list(posts)
    assert first == again and len(posts) == len(first) == 50
    assert all(word.islower() and word.isalpha() for post in first for word in post)


def test_no_newsgroup_post_comes_twice_or_empty():
    posts = [tuple(post) for post in Newsgroups()]
    assert len(posts) > 11_000 and all(posts)
    assert len(set(texts._newsgroup_posts())) == len(posts)


# ---------------------------------------------------------------- words in two senses


def test_each_sense_has_four_sentences_that_hold_the_word_once():
    senses = load_senses()
    assert len(senses) == 80 and senses["text"].is_unique
    counts = senses.groupby(["word", "sense"]).size()
    assert len(counts) == 20 and set(counts) == {4}
    for row in senses.itertuples():
        words = row.text.lower().rstrip(".").replace(",", "").split()
        assert words.count(row.word) == 1, row.text


def test_a_part_of_the_newsgroups_holds_all_groups():
    assert len({group for group, _ in Newsgroups(300).posts}) == 20


def test_half_a_character_is_refused_with_its_place():
    with pytest.raises(ValueError, match="text 1 holds half a character"):
        text_set(["good", "bad \ud83d"])


def test_the_texts_of_a_set_cannot_be_changed_under_its_fingerprint():
    words = np.array(["one", "two"], dtype=object)
    some = TextSet(words, [0, 1], ["a", "b"], ["g", "h"], [np.nan, np.nan])
    before = some.fingerprint
    words[0] = "three"
    assert some.texts[0] == "one" and some.fingerprint == before
    with pytest.raises(ValueError, match="read-only"):
        some.texts[0] = "three"
    assert some.subset([1]).fingerprint != before
