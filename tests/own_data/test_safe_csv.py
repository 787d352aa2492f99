"""No field of somebody's data begins a formula in a spreadsheet."""

import csv

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlhelpers.own_data.safe_csv import inert, write_csv
from tlhelpers.setup.progress_report import FORMULA_STARTS


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+49 30", "'+49 30"),
        ("-file.jpg", "'-file.jpg"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("  =1", "'  =1"),
        ("＝1", "'＝1"),
        ("a=1", "a=1"),
        ("", ""),
        (-0.5, -0.5),
        (3, 3),
    ],
)
def test_a_text_that_would_begin_a_formula_gets_a_mark_and_numbers_none(value, written):
    assert inert(value) == written


FIELDS = st.text(alphabet=st.sampled_from("=+-@|%\t\r\n \"',;ab\u00a0\ufeff🐟＝"), max_size=8)


@settings(max_examples=25, deadline=None)
@given(st.lists(FIELDS, min_size=1, max_size=4))
def test_whatever_a_table_holds_comes_back_and_none_of_it_begins_a_formula(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp("table") / "table.csv"
    write_csv(path, pd.DataFrame({"=name": texts, "share": 0.25}, dtype=object))
    with path.open(encoding="utf-8-sig", newline="") as file:
        (heading, *rows) = list(csv.reader(file))
    assert heading == ["'=name", "share"]
    assert [row[0].removeprefix("'") for row in rows] == [text.removeprefix("'") for text in texts]
    assert not any(field.startswith(FORMULA_STARTS) for row in rows for field in row)


def test_a_file_name_that_is_no_text_and_a_comma_in_a_name_are_written_too(tmp_path):
    table = pd.DataFrame({"name": ["a\udcff.jpg", 'b, "c"']}, dtype=object)
    path = write_csv(tmp_path / "t.csv", table)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file))[1:] == [["a\\udcff.jpg"], ['b, "c"']]


def test_numbers_stay_numbers_and_what_is_missing_is_empty(tmp_path):
    table = pd.DataFrame({"item": [1, 2], "share": [-0.123456, float("nan")]})
    path = write_csv(tmp_path / "t.csv", table)
    assert path.read_text("utf-8-sig") == '"item","share"\n1,-0.1235\n2,""\n'
