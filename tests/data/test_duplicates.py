"""What says nearly the same: the same groups as by comparing all pairs, in little memory."""

import tracemalloc
import unicodedata

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components
from sklearn.feature_extraction.text import TfidfVectorizer

from tlhelpers.data import duplicates
from tlhelpers.data.duplicates import near_duplicates
from tlhelpers.data.texts import Newsgroups


def by_all_pairs(texts, groups, similarity):
    """The definition: a table of all cosines, of who is equal, and of who shares a group."""
    near = np.array([[one == other for other in texts] for one in texts])
    if any(any(sign.isalnum() for sign in text) for text in texts):
        rows = TfidfVectorizer(token_pattern=r"\w+").fit_transform(texts)
        near |= (rows @ rows.T).toarray() >= similarity - 1e-9
    if groups is not None:
        near |= np.array(groups)[:, None] == np.array(groups)[None]
    return connected_components(near, directed=False)[1]


WORDS = ["red", "fox", "Fox!", "blue", "sea", "sky", "😀", "?", "straße", "a1"]
written = st.lists(st.sampled_from(WORDS), min_size=1, max_size=8).map(" ".join)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(written, st.sampled_from("xyz")), min_size=1, max_size=25),
    st.booleans(),
    st.sampled_from([0.05, 0.5, 0.7, 0.9, 1.0]),
    st.sampled_from([1, 40]),
)
def test_groups_are_those_that_comparing_all_pairs_gives(rows, grouped, similarity, at_once):
    texts, groups = zip(*rows, strict=True)
    groups = groups if grouped else None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duplicates, "ESTIMATES", at_once)
        patch.setattr(duplicates, "PAIRS", 3)
        found = near_duplicates(texts, groups, similarity)
    np.testing.assert_array_equal(found, by_all_pairs(texts, groups, similarity))
    assert found.dtype == np.int64


@pytest.mark.parametrize("similarity", [0.3, 0.9])
def test_long_texts_whose_words_share_columns_are_grouped_as_by_all_pairs(similarity):
    posts = [" ".join(words) for words in Newsgroups(400)]
    posts += [post.rsplit(" ", 3)[0] for post in posts[::7]]
    found = near_duplicates(posts, similarity=similarity)
    assert len(set(found)) < len(posts)
    np.testing.assert_array_equal(found, by_all_pairs(posts, None, similarity))


def test_a_product_of_short_rows_is_never_below_that_of_the_rows():
    rows = duplicates._word_weights([" ".join(words) for words in Newsgroups(200)])
    short = duplicates._shortened(rows)
    assert short.shape[1] < rows.shape[1] / 4
    assert ((rows @ rows.T).toarray() <= short @ short.T + 1e-5).all()


def peak_of(n, monkeypatch):
    monkeypatch.setattr(duplicates, "ESTIMATES", 2**14)
    texts = [f"the same few words and number {i}" for i in range(n)]
    tracemalloc.start()
    try:
        assert len(set(near_duplicates(texts))) == n
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_grows_with_the_texts_and_not_with_their_pairs(monkeypatch):
    """All texts share words: three times the texts have nine times as many cosines."""
    peak_of(10, monkeypatch)  # loads what is loaded once
    small, large = peak_of(600, monkeypatch), peak_of(1800, monkeypatch)
    assert large < 4 * small and large < 1800 * 1800 * 4


def test_a_large_family_is_compared_once_and_not_pair_by_pair(monkeypatch):
    compared = []
    rng = np.random.default_rng(0)
    family = [
        " ".join(rng.permutation([f"w{i}" for i in range(60) if i != left])) for left in range(60)
    ]
    monkeypatch.setattr(duplicates, "PAIRS", 50)
    join = duplicates._join
    monkeypatch.setattr(duplicates, "_join", lambda *a: compared.append(len(a[1])) or join(*a))
    assert set(near_duplicates(family * 20)) == {0}
    assert sum(compared) <= 4 * 50


def test_the_same_words_are_near_and_others_are_not():
    words = ["the cat sat here", "The cat sat here!", "a dog ran off", ":-)", ":-(", ":-)"]
    a, b, c, d, e, f = near_duplicates(words)
    assert a == b and d == f
    assert len({a, c, d, e}) == 4


@pytest.mark.parametrize("texts", [["😀", "😡", "😀"], ["?!", "…", "?!"]])
def test_texts_without_a_single_word_are_grouped_by_what_is_equal(texts):
    assert near_duplicates(texts).tolist() == [0, 1, 0]


def test_two_ways_to_write_an_accent_are_one_word():
    texts = ["Übung für später", "ein anderer Satz hier"]
    decomposed = unicodedata.normalize("NFD", texts[0])
    assert decomposed != texts[0]
    assert near_duplicates([*texts, decomposed + "!"]).tolist() == [0, 1, 0]


def test_known_groups_are_kept_and_joined_by_what_repeats():
    words = ["one thing", "other words", "one thing", "last of all"]
    first, second, third, last = near_duplicates(words, ["x", "x", "y", "z"])
    assert first == second == third != last


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(["red fox", "red fox!", "blue sky", "grey sea now"]), min_size=1))
@example(["red fox"])
def test_equal_texts_are_always_together_and_numbers_start_at_0(words):
    found = near_duplicates(words)
    assert set(found) == set(range(len(set(found))))
    for word in set(words):
        assert len({g for g, w in zip(found, words, strict=True) if w == word}) == 1


@pytest.mark.parametrize("similarity", [0, -0.1, 1.1, float("nan")])
def test_a_similarity_that_is_none_is_refused(similarity):
    with pytest.raises(ValueError, match="similarity must lie"):
        near_duplicates(["a b"], similarity=similarity)


@pytest.mark.parametrize(
    ("texts", "groups", "message"),
    [
        ([], None, "there are no texts"),
        (["a", None], None, "text 1 is None"),
        (["a", "b"], ["x"], "there are 2 items and 1 groups"),
        (["a", "b"], ["x", float("nan")], "the first is item 1"),
        (["a", "b"], [1.0, 2.0], "the group of item 0 is 1.0"),
    ],
)
def test_missing_texts_and_groups_are_refused(texts, groups, message):
    with pytest.raises(ValueError, match=message):
        near_duplicates(texts, groups)
