"""Figures of lesson 11: what they draw is what they were given."""

import made_figures
import numpy as np
import pytest
from made_figures import CURVES, texts

from tlhelpers import figures
from tlhelpers.evaluation.budgets import price_list


def lines_of(axes) -> dict:
    return {line.get_label(): line for line in axes.lines}


def test_shares_of_a_batch_add_up_and_stand_in_the_diagram():
    picture = figures.shares_diagram(17, processes=3)
    shown = " ".join(text.replace("\n", " ") for text in texts(picture))
    assert all(f"share {k}: {n} items" in shown for k, n in ((1, 6), (2, 6), (3, 5)))
    assert "a batch of 17 items" in shown and "shares of 6, 6 and 5 items" in picture.alt
    for count in (1, 5):
        with pytest.raises(ValueError, match=f"2 to 4 processes, not {count}"):
            figures.shares_diagram(16, count)


def test_bars_of_memory_stand_end_to_end_and_their_sum_is_written():
    table = made_figures.memory()
    picture = figures.memory_bars(table)
    [axes] = picture.figure.axes
    wide = np.array([bar.get_width() for bar in axes.patches]).reshape(4, len(table)).T
    np.testing.assert_allclose(wide, table.to_numpy() / 1e6)
    left = np.array([bar.get_x() for bar in axes.patches]).reshape(4, len(table)).T
    np.testing.assert_allclose(left[:, 1:], wide.cumsum(axis=1)[:, :-1])
    assert [text.get_text() for text in axes.texts] == ["510", "205"]
    assert (
        "LoRA: weights 91, gradients 1, optimizer 1, activations 112, together 205" in picture.alt
    )
    with pytest.raises(ValueError, match="lacks optimizer: give rows of training_memory"):
        figures.memory_bars(table.drop(columns="optimizer"))
    with pytest.raises(ValueError, match="is empty"):
        figures.memory_bars(table[:0])


def test_speed_up_is_the_time_of_one_over_the_time_of_many():
    picture = figures.speed_up({1: 10.0, 2: 6.0, 4: 4.0}, lambda n: 1 / (0.2 + 0.8 / n), most=8)
    lines = lines_of(picture.figure.axes[0])
    np.testing.assert_allclose(lines["measured here"].get_xydata(), [[1, 1], [2, 10 / 6], [4, 2.5]])
    law = lines["Amdahl's law"].get_xydata()
    np.testing.assert_allclose(law, [[n, 1 / (0.2 + 0.8 / n)] for n in (1, 2, 4, 8)])
    assert (
        "Measured 1: 1.00, 2: 1.67, 4: 2.50. By Amdahl's law 2: 1.7, 4: 2.5, 8: 3.3" in picture.alt
    )
    with pytest.raises(ValueError, match="against one worker"):
        figures.speed_up({2: 6.0}, float)


def test_costs_are_drawn_in_hours_with_the_interval_of_the_line():
    measured, costs = made_figures.costs()
    picture = figures.cost_lines(measured, costs, marks=(1_000, 1_000_000))
    [axes] = picture.figure.axes
    line = lines_of(axes)["frozen"]
    for items, hours in line.get_xydata()[[0, -1]]:
        assert hours == pytest.approx(costs["frozen"].at(items).value / 3600)
    points = [one for one in axes.lines if one.get_linestyle() == "None"]
    np.testing.assert_allclose(points[0].get_xydata()[:, 0], [n for n, _ in measured["frozen"]])
    end = costs["frozen"].at(1_000_000)
    ends = f"{end.low / 3600:.2g} to {end.high / 3600:.2g}"
    shown = f"1,000,000 items {end.value / 3600:.2g} hours ({ends})"
    assert shown in picture.alt and "tuned: measured 100 items 12 s, 400 items 40 s" in picture.alt
    bar = axes.collections[1].get_segments()[0][:, 1]
    np.testing.assert_allclose(bar, [end.low / 3600, end.high / 3600])
    assert axes.get_ylim()[0] > 0


def test_a_line_has_a_point_for_each_number_of_labels():
    picture = figures.labels_or_computing(CURVES)
    [axes] = picture.figure.axes
    offers = price_list(CURVES).set_index(["strategy", "labels"])
    for name in ("frozen", "raw pixels"):
        wanted = offers.loc[name].sort_index()[["seconds", "accuracy"]]
        np.testing.assert_allclose(lines_of(axes)[name].get_xydata(), wanted)
    assert [text.get_text() for text in axes.texts] == ["1", "5"] * 2
    assert "frozen: 1 labels" in picture.alt
