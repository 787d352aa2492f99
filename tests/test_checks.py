"""Checks of arguments: what passes, what is refused, and by which name."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlhelpers.checks import full_texts, is_number, known, number, whole, whole_numbers


@given(st.integers(-(2**60), 2**60), st.integers(-5, 5))
def test_a_whole_number_passes_from_the_least_on(value, least):
    if value >= least:
        assert whole("n", np.int64(value), least) == value
    else:
        with pytest.raises(ValueError, match=f"n must be a whole number from {least} on"):
            whole("n", value, least)


@pytest.mark.parametrize("value", [True, 3.0, "3", None, np.bool_(True), [3]])
def test_what_is_no_whole_number_is_refused_by_name(value):
    with pytest.raises(ValueError, match="epochs must be a whole number from 1 on, got"):
        whole("epochs", value)


def test_the_upper_end_is_told():
    assert whole("k", 7, 1, 7) == 7
    with pytest.raises(ValueError, match="k must be a whole number from 1 to 7, got 8"):
        whole("k", 8, 1, 7)


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e300])
def test_no_float_becomes_another_whole_number(value):
    with pytest.raises(ValueError, match="labels must be whole numbers"):
        whole_numbers([1.0, value], "labels")


def test_masked_numbers_are_missing():
    assert whole_numbers(np.ma.array([1, 2]), "labels").tolist() == [1, 2]
    with pytest.raises(ValueError, match="labels are masked"):
        whole_numbers(np.ma.array([1, 2], mask=[False, True]), "labels")


@pytest.mark.parametrize("half", ["\ud800", "a\udfffb", "\udc00"])
def test_half_a_character_is_refused_wherever_it_stands(half):
    assert full_texts(["\ud7ff\ue000😀"]) == ["\ud7ff\ue000😀"]
    with pytest.raises(ValueError, match="text 1 holds half a character"):
        full_texts(["good", half])


@given(st.lists(st.integers(-(2**53), 2**53), min_size=1))
def test_floats_that_are_whole_pass_unchanged(values):
    assert whole_numbers(np.array(values, dtype=float), "labels").tolist() == values


@pytest.mark.parametrize(
    "value", [0, -1, 2**63 - 1, 2**64, 10**30, 0.5, np.int8(3), np.float32(1), np.longdouble(2)]
)
def test_numbers_of_every_size_are_numbers(value):
    assert is_number(value)


@pytest.mark.parametrize("value", [np.nan, np.inf, True, np.True_, "1", None, 1j, 10**400])
def test_what_is_no_number_is_refused(value):
    assert not is_number(value)
    with pytest.raises(ValueError, match="weight must be a number from 0 on"):
        number("weight", value, 0)


def test_an_unknown_name_gets_the_near_ones():
    known("pool", "mean", ("mean", "cls"))
    with pytest.raises(ValueError, match="unknown pool 'maen': did you mean mean"):
        known("pool", "maen", ("mean", "cls"))
