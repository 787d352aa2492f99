"""The numbers of a report are those of the course's comparisons, and its words are exact."""

from dataclasses import replace

import numpy as np
import pytest
from made_comparison import LINEAR, MAJORITY, NEAR, made_comparison

from tlhelpers.evaluation.comparisons import compare, learning_curve
from tlhelpers.own_data import report_words
from tlhelpers.own_data.report_numbers import (
    compare_points,
    curve_points,
    interval_of,
    last_gain,
    strategy_rows,
)
from tlhelpers.own_data.report_parts import cost_part


@pytest.fixture(scope="module")
def comparison():
    return made_comparison()


def test_curve_points_are_those_of_the_learning_curve(comparison):
    own = curve_points(comparison.runs).set_index(["strategy", "labels"])
    theirs = learning_curve(comparison.runs).set_index(["strategy", "labels"])
    for column in ("mean", "low", "high", "seeds"):
        assert own[column].to_dict() == pytest.approx(theirs[column].to_dict())


def test_differences_are_those_of_compare_and_of_one_strategy_between_two_counts(comparison):
    found = compare_points(comparison.runs, (LINEAR, 10), (NEAR, 10))
    theirs = compare(comparison.runs, LINEAR, NEAR, labels=10)
    assert (found.mean, found.low, found.high) == pytest.approx(
        (theirs.difference, theirs.low, theirs.high)
    )
    gain = last_gain(comparison.runs, LINEAR)
    assert (gain.fewer, gain.more) == (2, 10)
    means = comparison.runs[comparison.runs["strategy"] == LINEAR].groupby("labels")["accuracy"]
    assert gain.compared.mean == pytest.approx(means.mean()[10] - means.mean()[2])


def test_of_many_items_fewer_weights_are_drawn_and_the_interval_stays_near(comparison, monkeypatch):
    own = comparison.runs[
        (comparison.runs["strategy"] == LINEAR) & (comparison.runs["labels"] == 10)
    ]
    exact = interval_of(own)
    monkeypatch.setattr("tlhelpers.own_data.report_numbers.DRAWS", 1)
    fewer = interval_of(own)
    assert (fewer.low, fewer.high) == pytest.approx((exact.low, exact.high), abs=0.02)
    assert fewer.mean == exact.mean


def test_what_cannot_be_paired_is_not_compared(comparison):
    runs = comparison.runs.copy()
    first = runs["strategy"].eq(LINEAR) & runs["labels"].eq(10)
    assert compare_points(runs[runs["seed"] == 0], (LINEAR, 10), (NEAR, 10)) is None
    for place in runs.index[first]:
        runs.at[place, "items"] = runs.at[place, "items"][::-1]
    assert compare_points(runs, (LINEAR, 10), (NEAR, 10)) is None
    assert last_gain(runs[runs["labels"] == 10], LINEAR) is None


def test_rows_say_who_was_chosen_and_who_learned_more_than_the_majority(comparison):
    rows = {row.name: row for row in strategy_rows(comparison, curve_points(comparison.runs))}
    assert rows[LINEAR].chosen and rows[LINEAR].learned is True
    assert rows[MAJORITY].learned is None and rows[MAJORITY].difference["resolved"]
    assert next(iter(rows)) == LINEAR


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.864, ".86"), (1.0, "1.00"), (0.0, ".00"), (-0.031, "−.03"), (-0.001, ".00"),
     (float("nan"), "–"), (np.float64(0.5), ".50")],
)  # fmt: skip
def test_a_share_is_written_without_its_zero(value, written):
    assert report_words.number(value) == written


def test_an_end_that_is_not_zero_is_never_written_as_zero():
    assert report_words.difference_words(0.02, 0.0004, 0.04) == "+.0200 [+.0004, +.0400]"
    assert report_words.difference_words(-0.02, -0.05, 0.01) == "−.02 [−.05, +.01]"
    assert report_words.interval_words(0.5, np.nan, np.nan) == ".50"


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0.0001, "under 1 ms"), (0.021, "21 ms"), (0.4, "0.4 seconds"), (42, "42 seconds"),
     (89, "89 seconds"), (120, "2.0 minutes"), (7200, "2.0 hours"), (float("nan"), "–")],
)  # fmt: skip
def test_a_span_has_the_unit_that_reads_best(seconds, written):
    assert report_words.span(seconds) == written


def test_a_text_is_cut_between_words_and_never_within_a_sign():
    assert report_words.shortened("one two  three", 20) == "one two three"
    assert report_words.shortened("one two three four", 12) == "one two…"
    family = "👨\u200d👩\u200d👧"
    assert report_words.shortened(family * 3, 5 * 2 + 3).count("👧") in (1, 2)
    assert not report_words.shortened(family * 3, 8).endswith(("\u200d…", "👩…"))


def test_the_first_sentence_stands_alone_and_decimals_end_none():
    told = "Take LoRA: .72 [.65, .80]. No difference to A is resolved (.08); 60 more would tell."
    lead, rest = report_words.lead_and_rest(told)
    assert lead == "Take LoRA: .72 [.65, .80]."
    assert f"{lead} {rest}" == told
    assert report_words.lead_and_rest("Take LoRA") == ("Take LoRA", "")


def test_an_option_is_marked_and_everything_else_is_escaped():
    written = report_words.with_options("<b> does not fit; --minutes 10 would do")
    assert written == "&lt;b&gt; does not fit; <code>--minutes 10</code> would do."


def test_costs_are_told_in_units_and_many_items_once(comparison):
    told = {"pass": 0.02, "head": 0.3, "step of LoRA, 96 px": 1.7, "minutes": 2.0, "note": "x"}
    rows = dict(cost_part(replace(comparison, costs=told)))
    assert rows["1,000 pictures"] == "20 seconds" and rows["The whole comparison"] == "2.0 minutes"
    assert rows["One training step of LoRA, 96 px"] == "1.7 seconds" and rows["note"] == "x"
    told |= {"minutes for 1,000 items": 2.0}
    rows = dict(cost_part(replace(comparison, costs=told)))
    assert rows["1,000 pictures"] == "2.0 minutes" and "100,000 pictures" not in rows
