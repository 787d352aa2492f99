"""Figures of confidence: what they draw and say is what they were given."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_figures import texts

from tlhelpers.evaluation.confidence import (
    calibration_error,
    reliability_table,
    threshold_curve,
    threshold_for,
)
from tlhelpers.evaluation.significance import wilson
from tlhelpers.figures.promises import (
    coverage_by_labels,
    promise_curves,
    promises_kept,
    reliability_diagram,
)


def answers(n, seed, temperature=1.0):
    """Labels of two classes, and confidences that fit them at a temperature of 1."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(0, 2, n)
    labels = (rng.random(n) < 1 / (1 + np.exp(-scores))).astype(int)
    of_one = 1 / (1 + np.exp(-scores / temperature))
    return labels, np.column_stack([1 - of_one, of_one])


HOME, AWAY = answers(300, 1), answers(120, 2, temperature=0.5)
TABLES = {"at home": reliability_table(*HOME), "abroad, $5 or $6_": reliability_table(*AWAY)}
CURVES = {"at home": threshold_curve(*HOME), "abroad": threshold_curve(*AWAY)}


def lines_of(axes) -> dict:
    return {line.get_label(): line for line in axes.lines}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("title", ["", "A title"])
def test_each_figure_shows_something_and_says_it_in_one_line(title):
    pictures = reliability_diagram(TABLES, title), promise_curves(CURVES, 0.9, 0.7, title)
    for picture in pictures:
        assert len(picture.png()) > 5000
        assert "\n" not in picture.alt and "nan" not in picture.alt
        assert title in picture.alt and (not title or title in texts(picture))
        assert "at home" in picture.alt and "abroad" in picture.alt


def test_a_dot_stands_at_confidence_and_accuracy_with_its_interval():
    figure = reliability_diagram(TABLES).figure
    above, below = figure.axes[:2], figure.axes[2:]
    for axes, bars, (name, table) in zip(above, below, TABLES.items(), strict=True):
        dots = lines_of(axes)["accuracy, 95 % interval"]
        np.testing.assert_allclose(dots.get_xydata(), table[["confidence", "accuracy"]])
        assert axes.get_title().startswith(f"{name}\n")
        gaps, ends = (part.get_segments() for part in axes.collections)
        for row, gap, end in zip(table.itertuples(), gaps, ends, strict=True):
            assert sorted(gap[:, 1]) == sorted([row.confidence, row.accuracy])
            correct = round(row.accuracy * row.items)
            assert tuple(end[:, 1]) == pytest.approx(wilson(correct, row.items))
        heights = [bar.get_height() for bar in bars.patches]
        np.testing.assert_allclose(heights, table["items"] / table["items"].sum())
    low, high = above[0].get_ylim()
    assert low < min(table["accuracy"].min() for table in TABLES.values()) and high > 1


def test_the_calibration_error_stands_in_the_title_and_in_the_text():
    picture = reliability_diagram(TABLES)
    for labels, probabilities in (HOME, AWAY):
        error = f"calibration error {calibration_error(labels, probabilities):.3f}"
        assert any(error in text for text in texts(picture)) and f"expected {error}" in picture.alt
    assert "abroad, $5 or $6_: expected" in picture.alt
    assert "more confident than right by" in picture.alt.split("abroad")[1]


def test_a_model_that_is_less_confident_than_right_is_told_so():
    sure = reliability_table([1, 1, 1, 1], [[0.25, 0.75]] * 4)
    text = reliability_diagram({"all": sure}).alt
    assert "on average less confident than right by 0.250" in text
    even = reliability_table([1, 1, 1, 0], [[0.25, 0.75]] * 4)
    text = reliability_diagram({"all": even}).alt
    assert "error 0.000, on average no more confident than right; confidence 0.75" in text


def test_curves_are_drawn_where_the_numbers_are_and_end_where_few_are_answered():
    chosen = threshold_for(*HOME, promise=0.85)
    picture = promise_curves(CURVES, 0.85, chosen.threshold)
    left, right = picture.figure.axes
    for number, (name, curve) in enumerate(CURVES.items()):
        kept = curve[curve["items"] >= 10]
        drawn = lines_of(left)[name].get_xydata()
        np.testing.assert_allclose(drawn, kept[["threshold", "accuracy"]])
        line = right.lines[number].get_xydata()
        np.testing.assert_allclose(line, curve[["threshold", "answered"]])
    assert set(lines_of(left)["promised: 0.85"].get_ydata()) == {0.85}
    [mark] = [line for name, line in lines_of(left).items() if name.startswith("threshold")]
    assert set(mark.get_xdata()) == {chosen.threshold}
    said = f"{chosen.answered:.2f} answered, of these {chosen.kept:.2f} right"
    assert said in picture.alt and "Promised: 0.85." in picture.alt


def test_without_a_promise_or_beyond_all_confidences_the_text_says_so():
    plain = promise_curves(CURVES)
    assert "Promised" not in plain.alt and "answered, of these" not in plain.alt
    assert "from 1.100 on none answered" in promise_curves(CURVES, threshold=1.1).alt


KEPT = {
    "answers": {"home": (0.9, 0.85, 0.95), "movies": (0.7, 0.6, 0.8)},
    "sets": {"movies": (0.97, 0.95, 0.99)},
}


def test_an_interval_that_leaves_the_promise_out_is_told_by_colour_and_marker():
    picture = promises_kept(KEPT, {"answers": 0.9, "sets": 0.9}, "Abroad")
    answered, sets = picture.figure.axes
    for axes, by_domain in ((answered, KEPT["answers"]), (sets, KEPT["sets"])):
        line, *dots = axes.lines
        assert set(line.get_xdata()) == {0.9}
        ends = [part.get_segments()[0][:, 0].tolist() for part in axes.collections]
        assert ends == [[low, high] for _, low, high in by_domain.values()]
        assert [dot.get_xdata()[0] for dot in dots] == [mean for mean, *_ in by_domain.values()]
        outside = [not low <= 0.9 <= high for _, low, high in by_domain.values()]
        assert [dot.get_marker() == "s" for dot in dots] == outside
    names = [label.get_text() for label in answered.get_yticklabels()]
    assert names == ["home", "movies"] and sets.lines[1].get_ydata()[0] == 1
    assert "Abroad. answers, promised 0.90: home 0.900 [0.850, 0.950]; movies 0.7" in picture.alt


def test_a_promise_without_a_value_is_refused():
    with pytest.raises(ValueError, match="of 'sets' it is not said what was promised"):
        promises_kept(KEPT, {"answers": 0.9})
    for nothing in ({}, {"sets": {}}):
        with pytest.raises(ValueError, match="nothing kept"):
            promises_kept(nothing, {"sets": 0.9})


def draws_of(counts, tested=50, times=400):
    """Coverage of a bound from uniform scores: what chance makes of a kept promise."""
    rng, rows = np.random.default_rng(0), []
    for n in counts:
        for draw in rng.random((times, n + tested)):
            bound = np.sort(draw[:n])[-(-(n + 1) * 9 // 10) - 1]
            rows.append((n, tested, (draw[n:] <= bound).mean()))
    return pd.DataFrame(rows, columns=["held_out", "tested", "coverage"])


def test_draws_of_a_kept_promise_fill_the_bar_that_chance_gives_them():
    table = draws_of([20, 100])
    [axes] = coverage_by_labels({"abroad": table}, 0.1, {"abroad": 0.82}).figure.axes
    ends = [part[:, 1] for part in axes.collections[0].get_segments()]
    for bar, end, (_, own) in zip(axes.patches, ends, table.groupby("held_out"), strict=True):
        chance = bar.get_y(), bar.get_y() + bar.get_height()
        assert end == pytest.approx(own["coverage"].quantile([0.05, 0.95]))
        assert chance == pytest.approx(end, abs=0.021), "one item of fifty is 0.02"
    assert set(lines_of(axes)["promised"].get_ydata()) == {0.9}
    assert set(lines_of(axes)["bound from home"].get_ydata()) == {0.82}


def test_without_a_bound_from_home_none_is_drawn_or_told():
    picture = coverage_by_labels({"abroad": draws_of([20], times=9)}, 0.1, title="Labels")
    assert "bound from home" not in picture.alt + " ".join(lines_of(picture.figure.axes[0]))
    assert picture.alt.startswith("Coverage of conformal sets by labelled items, Labels, promised")
    with pytest.raises(ValueError, match=r"'abroad' lacks held_out, tested, coverage$"):
        coverage_by_labels({"abroad": CURVES["abroad"].drop(columns="items")}, 0.1)


def test_what_is_no_table_is_refused():
    with pytest.raises(ValueError, match="there is no table to draw"):
        reliability_diagram({})
    with pytest.raises(ValueError, match=r"'at home' lacks low, .*: give what reliability_table"):
        reliability_diagram(CURVES)
    with pytest.raises(ValueError, match=r"lacks threshold, .*: give what threshold_curve"):
        promise_curves(TABLES)
    with pytest.raises(ValueError, match="the table 'none' is empty"):
        promise_curves({"none": CURVES["at home"][:0]})
