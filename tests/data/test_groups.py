"""Names of groups: what is one group, and what is none."""

import unicodedata
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tlhelpers.data.groups import MISSING_AS_TEXT, composed, group_names, missing_groups

calm = settings(deadline=None, max_examples=25)

MISSING = {
    "None": None,
    "NaN": float("nan"),
    "numpy's NaN": np.float32("nan"),
    "NA": pd.NA,
    "NaT": pd.NaT,
    "no date of numpy": np.datetime64("NaT"),
    "masked": np.ma.masked,
    "empty": "",
    "blank": " \t\n",
    "a space that does not break": "\u00a0",
    **{f"{text} as text": text for text in MISSING_AS_TEXT},
}
NO_NAMES = {
    "1.0": 1.0,
    "0.5": np.float32(0.5),
    "infinity": float("inf"),
    "True": True,
    "numpy's True": np.True_,
    "bytes": b"a",
    "a date": date(2024, 1, 2),
    "Decimal": Decimal(1),
    "1j": 1j,
}
names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8).filter(
    lambda name: name.strip() and name not in MISSING_AS_TEXT
)


@calm
@given(st.lists(names | st.integers(-(2**70), 2**70) | st.integers(0, 99).map(np.int16)))
def test_texts_and_whole_numbers_keep_their_names(values):
    groups = group_names(values, len(values))
    assert groups.dtype.kind == "U" and groups.shape == (len(values),)
    assert groups.tolist() == [unicodedata.normalize("NFC", str(value)) for value in values]
    np.testing.assert_array_equal(group_names(groups), groups)


@pytest.mark.parametrize("kind", [list, tuple, np.array, pd.Series, pd.Categorical, pd.array])
def test_any_list_of_names_is_taken(kind):
    assert group_names(kind(["b", "a", "b"])).tolist() == ["b", "a", "b"]
    assert group_names(kind([7, 10, 7])).tolist() == ["7", "10", "7"]


def test_the_index_of_a_series_is_no_matter():
    assert group_names(pd.Series(["a", "b"], index=[9, 0])).tolist() == ["a", "b"]


@calm
@given(st.lists(names, min_size=1, max_size=6), st.sampled_from(sorted(MISSING)), st.data())
def test_a_missing_name_is_refused_and_its_item_named(values, missing, data):
    places = data.draw(st.sets(st.integers(0, len(values) - 1), min_size=1))
    values = [MISSING[missing] if i in places else value for i, value in enumerate(values)]
    assert missing_groups(values) == sorted(places)
    with pytest.raises(ValueError, match="have no group") as error:
        group_names(values)
    assert f"{len(places)} item(s)" in str(error.value)
    assert f"the first is item {min(places)} " in str(error.value)


@pytest.mark.parametrize("missing", MISSING)
def test_every_way_to_write_nothing_is_known(missing):
    with pytest.raises(ValueError, match=r"1 item\(s\) have no group, the first is item 1"):
        group_names(["a", MISSING[missing], "b"])


@pytest.mark.parametrize("turn", [lambda v: np.array(v, dtype=str), lambda v: list(map(str, v))])
@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT], ids=str)
def test_a_missing_name_that_was_made_a_text_before_is_found(turn, missing):
    with pytest.raises(ValueError, match="the first is item 2"):
        group_names(turn(["a", "b", missing]))


def test_a_column_of_whole_numbers_with_a_gap_is_refused_at_the_gap():
    with pytest.raises(ValueError, match="have no group, the first is item 1 "):
        group_names(pd.Series([1, None, 3]))
    with pytest.raises(ValueError, match=r"the group of item 0 is 1\.0: .* whole numbers"):
        group_names(pd.Series([1, None, 3]).dropna())
    assert group_names(pd.Series([1, 2, 3], dtype="Int64")).tolist() == ["1", "2", "3"]
    with pytest.raises(ValueError, match="the first is item 1"):
        group_names(pd.Series([1, None, 3], dtype="Int64"))


@pytest.mark.parametrize("odd", NO_NAMES)
def test_what_is_neither_text_nor_whole_number_is_refused_and_its_item_named(odd):
    with pytest.raises(ValueError, match="the group of item 2 is "):
        group_names(["a", 1, NO_NAMES[odd]])


@calm
@given(names)
def test_an_accent_written_in_two_ways_is_one_group(name):
    apart = unicodedata.normalize("NFD", name)
    assume(apart.strip())
    one, two = group_names([composed(name), apart])
    assert one == two == composed(apart)


def test_umlauts_are_one_letter():
    assert group_names(["U\u0308bung", "\u00dcbung"]).tolist() == ["\u00dcbung"] * 2


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ("ab", "groups must have one dimension, got 'ab'"),
        (np.array("ab"), "one dimension"),
        (np.array([["a"], ["b"]]), r"one dimension, got shape \(2, 1\)"),
        ([["a"], ["b"]], "one dimension"),
        ([("a", 1), ("b", 2)], "one dimension"),
        ({"a", "b"}, "list with one name per item"),
        ({"a": 1}, "list with one name per item"),
        (None, "list with one name per item, got None"),
        (3, "list with one name per item"),
    ],
)
def test_what_is_no_list_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        group_names(values)


def test_another_number_of_groups_than_items_is_refused():
    with pytest.raises(ValueError, match="3 items and 2 groups"):
        group_names(["a", "b"], 3)
    assert group_names([], 0).dtype.kind == "U"
