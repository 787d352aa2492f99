"""Words that had a capital: what is asked for, what is not, and nothing that tells."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlhelpers.data.cased_words import NOT_ASKED, CasedWords, label_capitals, load_cased_words
from tlhelpers.data.splits import split_by_group
from tlhelpers.data.texts import load_sentiment

NO = NOT_ASKED


@pytest.fixture(scope="module")
def words():
    return load_cased_words(40)


@pytest.mark.parametrize(
    ("text", "spoken", "cases"),
    [
        ("Not Mr. Bush.", ["not", "mr", "bush"], [NO, 1, NO]),  # after a full stop
        ("The new White House", ["the", "new", "white", "house"], [NO, 0, 1, 1]),
        ("In 1988 it cost 9 1/4 percent", ["in", "1988", "it", "cost", "9", "1", "4", "percent"],
         [NO, NO, 0, 0, NO, NO, NO, 0]),
        ("He said: ''No more'' to Rome", ["he", "said", "no", "more", "to", "rome"],
         [NO, 0, NO, 0, NO, 1]),  # a quotation mark may close, too
        ("New York City's yule-log - Look, Élan", ["new", "york", "city's", "yule", "log", "look",
                                                  "élan"], [NO, 1, 1, 0, 0, NO, 1]),
        ("the U.S. Trade, 2,500 iPods", ["the", "u.s", "trade", "2,500", "ipods"],
         [NO, 1, NO, NO, 0]),
        ("", [], []), ("…", [], []), ("Word", ["word"], [NO]),
    ],
    ids=str,
)  # fmt: skip
def test_each_word_is_labelled_by_its_first_letter(text, spoken, cases):
    found, given_cases = label_capitals(text)
    assert found == spoken and given_cases.tolist() == cases
    assert given_cases.dtype == np.int64


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_no_text_stops_it_and_nothing_in_it_tells_the_case(text):
    found, cases = label_capitals(text)
    assert len(found) == len(cases) and set(cases.tolist()) <= {0, 1, NO}
    assert all(word == word.lower() and word for word in found)
    assert not len(cases) or cases[0] == NO


def test_as_many_of_each_are_asked_for_and_the_sentences_stay_whole(words):
    every = load_cased_words(40, balanced=False)
    assert np.bincount(words.labels).tolist() == [every.labels.sum()] * 2
    assert words.sentences == every.sentences and words.fingerprint == every.fingerprint
    assert set(words.place) < set(every.place)
    assert set(every.place[every.labels == 1]) < set(words.place)
    other = load_cased_words(40, seed=1)
    assert len(other) == len(words) and set(other.place) != set(words.place)
    assert (load_cased_words(40).place == words.place).all()


def test_the_items_say_where_they_stand(words):
    starts = np.cumsum([0, *map(len, words.sentences)])
    for item in range(0, len(words), 97):
        sentence = words.sentences[words.sentence[item]]
        place = words.place[item] - starts[words.sentence[item]]
        assert sentence[place] == words.words[item]
        assert words.cases[words.sentence[item]][place] == words.labels[item]
        assert words.articles[words.sentence[item]] == words.groups[item]
    assert len(set(words.articles)) == 40
    assert str(len(words)) in repr(words).replace(",", "")


def test_articles_are_split_and_both_classes_stand_on_both_sides(words):
    split = split_by_group(words, 0.3, 0)
    assert not set(words.groups[split.train]) & set(words.groups[split.test])
    for side in (split.train, split.test):
        assert 0.4 < words.labels[side].mean() < 0.6


def test_cases_of_some_items_ask_for_these_alone(words):
    items = np.array([5, 3, 200])
    cases = words.cases_of(items)
    assert list(cases) == sorted(set(words.sentence[items].tolist()))
    asked = np.concatenate([own[own != NO] for own in cases.values()])
    assert sorted(asked.tolist()) == sorted(words.labels[items].tolist())
    assert all(len(own) == len(words.sentences[number]) for number, own in cases.items())
    narrowed = words.ask_for(items)
    assert sorted(narrowed.words.tolist()) == sorted(words.words[items].tolist())
    assert narrowed.place.tolist() == sorted(words.place[items].tolist())


def test_sentences_are_those_of_the_editorials(words):
    news = load_sentiment("news", threshold=0, balanced=False)
    texts = {" ".join(label_capitals(text)[0]) for text in news.texts}
    assert {" ".join(sentence) for sentence in words.sentences} <= texts
    assert min(map(len, words.sentences)) >= 5


def test_items_of_a_set_made_by_hand():
    made = CasedWords([["a", "b"], ["c"]], [np.array([NO, 1]), np.array([0])], np.array(["x", "y"]))
    assert made.words.tolist() == ["b", "c"] and made.labels.tolist() == [1, 0]
    assert made.groups.tolist() == ["x", "y"] and made.place.tolist() == [1, 2]


@pytest.mark.parametrize("articles", [0, -1, 2.5, "all", None])
def test_a_bad_number_of_articles_is_one_error(articles):
    with pytest.raises((ValueError, TypeError), match="articles"):
        load_cased_words(articles)
