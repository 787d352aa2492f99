"""Names that look alike."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlhelpers.data.names import distinct_names, look_alikes, visible

some_names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=10).filter(visible)
around = st.text(st.sampled_from(" \t\n\u00a0\u200b\ufeff\u00ad"), max_size=3)


@settings(max_examples=50, deadline=None)
@given(some_names, around, around, st.sampled_from(["NFC", "NFD"]))
def test_spaces_signs_of_no_width_and_spelling_do_not_make_another_name(name, left, right, form):
    other = left + unicodedata.normalize(form, name) + right
    assert visible(other) == visible(name)
    assert look_alikes([name, other, "…"]) == ([sorted([name, other])] if name != other else [])
    assert unicodedata.is_normalized("NFC", visible(name))


@pytest.mark.parametrize(
    "pair",
    [("Masse", "Maße"), ("1", "10"), ("1.0", "1.5"), ("a b", "ab"), ("😀", "😡"), ("é", "e")],
)
def test_other_words_are_other_names(pair):
    assert look_alikes(pair) == [] and distinct_names(pair) == list(pair)


@pytest.mark.parametrize("pair", [("1", "1.0"), ("-2.00", "-2"), ("a b", "a  b"), ("x", "x\u200b")])
@pytest.mark.parametrize("case", [True, False])
def test_near_names_are_refused_with_both(pair, case):
    with pytest.raises(ValueError, match="differ in") as raised:
        distinct_names(["other", *pair], case)
    assert all(repr(name) in str(raised.value) for name in pair)


def test_letters_may_differ_in_case_where_that_is_asked_for():
    assert distinct_names(["A", "a"], case=False) == ["A", "a"]
    with pytest.raises(ValueError, match="'A' and 'a' differ in case"):
        distinct_names(["A", "a"])


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("ab", "must be a list of texts, got one text"),
        (["a", ""], "the name of class 1 is ''"),
        ([" ", "a"], "the name of class 0 is ' '"),
        (["a", 1], "the name of class 1 is 1"),
        (["a", "b", "a"], "got 'a' more than once"),
        (["U\u0308bung", "Übung"], "got 'Übung' more than once"),
    ],
)
def test_what_cannot_name_classes_is_refused(names, message):
    with pytest.raises(ValueError, match=message):
        distinct_names(names)
