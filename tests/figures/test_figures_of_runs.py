"""Figures of runs: what is drawn is what the runs hold, and bad tables get one clear error."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from made_figures import (
    AMONG,
    CURVES,
    ORDER,
    SOURCE,
    STRENGTHS,
    TARGET,
    drawn,
    judged,
    legend_of,
    scored,
)
from made_figures import texts as texts_of
from matplotlib.colors import to_rgba
from scipy.stats import spearmanr

from tlhelpers import figures
from tlhelpers.evaluation.comparisons import compare, learning_curve
from tlhelpers.figures import palette
from tlhelpers.figures.comparing import seed_pairs
from tlhelpers.figures.curves import by_depth, by_strength
from tlhelpers.figures.gain_panels import gains


def of(runs, name) -> list[float]:
    """The accuracies of one strategy, by seed."""
    return runs[runs["strategy"] == name].sort_values("seed")["accuracy"].tolist()


def lines_of(axes) -> dict:
    return {line.get_label(): line for line in axes.lines}


# ---------------------------------------------------------------- curves


def test_the_curves_are_drawn_where_the_numbers_are():
    [axes] = drawn()["learning_curves"].figure.axes
    for name, part in learning_curve(CURVES).sort_values("labels").groupby("strategy"):
        assert list(lines_of(axes)[name].get_xdata()) == [1, 5] == list(part["labels"])
        assert list(lines_of(axes)[name].get_ydata()) == list(part["mean"])
    points = [line for line in axes.lines if line.get_linestyle() == "None"]
    assert sum(len(line.get_xdata()) for line in points) == len(CURVES)


def test_axes_are_named_and_reference_lines_labelled():
    written = set(texts_of(drawn()["learning_curves"]))
    assert {"labels per class (log scale)", "accuracy on test items", "1", "5"} <= written
    assert {"mean and 95 % band,\n3 seeds", "chance 0.10", "A title"} <= written
    [axes] = drawn()["drift"].figure.axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("forward passes", "cosine")


def test_the_count_that_stands_for_all_labels_is_marked():
    runs = CURVES.assign(all_labels=CURVES["labels"] == 5)
    assert "all (mean 5)" in texts_of(figures.learning_curves(runs))
    assert "5 labels per class (all)" in texts_of(figures.prices(runs, [1, 5]))
    assert not any("all" in text for text in texts_of(figures.learning_curves(CURVES)))


def test_layers_and_depths_are_drawn_in_the_order_given():
    for name in ("by_layer", "by_depth"):
        [axes] = drawn()[name].figure.axes
        assert [text.get_text() for text in axes.get_xticklabels()] == ORDER
        for table, runs in (("here", SOURCE), ("there", TARGET)):
            means = [np.mean(of(runs, strategy)) for strategy in ORDER]
            assert list(lines_of(axes)[table].get_ydata()) == pytest.approx(means)
    assert 1 in [line.get_xdata()[0] for line in axes.lines if line.get_linestyle() == "--"]
    with pytest.raises(ValueError, match="unknown strategy 'wek': did you mean weak"):
        by_depth({"here": SOURCE}, ORDER, "wek")


def test_history_marks_where_the_backbone_joins_in():
    marks = [
        list(line.get_xdata())
        for axes in drawn()["history"].figure.axes
        for line in axes.lines
        if len(line.get_xdata()) == 2
    ]
    assert marks == [[2.5, 2.5]] * 2


# ---------------------------------------------------------------- strengths


def test_means_and_bands_are_those_of_the_learning_curve():
    picture = drawn()["by_strength"]
    [axes] = picture.figure.axes
    assert [text.get_text() for text in axes.get_xticklabels()] == ["0", "0.1", "1"]
    for band, (name, runs) in zip(
        axes.collections, (("on the target", TARGET), ("on the source", SOURCE)), strict=True
    ):
        curve = learning_curve(runs).set_index("strategy").loc[AMONG]
        assert list(lines_of(axes)[name].get_ydata()) == list(curve["mean"])
        assert {*curve.low, *curve.high} <= set(band.get_paths()[0].vertices[:, 1])
        for strength, point in zip((0, 0.1, 1), curve.itertuples(), strict=True):
            words = f"{name} {point.mean:.2f} [{point.low:.2f}, {point.high:.2f}]"
            assert re.search(rf"strength {strength:g}: [^;]*{re.escape(words)}", picture.alt)


def test_every_seed_is_a_dot_beside_its_strength():
    dots = [
        line
        for line in drawn()["by_strength"].figure.axes[0].lines
        if line.get_linestyle() == "None"
    ]
    wanted = [of(runs, strategy) for runs in (TARGET, SOURCE) for strategy in AMONG]
    assert [list(line.get_ydata()) for line in dots] == wanted
    for line, place in zip(dots, [0, 1, 2] * 2, strict=True):
        assert len(set(line.get_xdata())) == 4 and np.abs(line.get_xdata() - place).max() < 0.3


def test_control_and_oracle_are_lines_with_their_numbers():
    picture = drawn()["by_strength"]
    [axes] = picture.figure.axes
    for name in ("source only", "oracle"):
        mean = np.mean(of(TARGET, name))
        label = f"{name}, on the target: {mean:.2f}"
        assert label in legend_of(axes) and label in picture.alt
        assert list(lines_of(axes)[label].get_ydata()) == pytest.approx([mean] * 2)
    assert "oracle" not in by_strength(TARGET, SOURCE, STRENGTHS, "source only").alt


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"strengths": {}}, "strengths are empty"),
        ({"strengths": {"weak": 0.1}}, "must map numbers to strategies, got"),
        ({"oracle": "nobody"}, "the runs hold no strategy 'nobody'"),
        ({"runs": pd.concat([TARGET, TARGET.assign(labels=5)])}, r"label counts \[5, 20\]"),
        ({"source_runs": SOURCE.drop(columns="labels")}, "the runs lack labels"),
    ],
)
def test_what_makes_no_strengths_is_refused(change, message):
    given = {"runs": TARGET, "source_runs": SOURCE, "strengths": STRENGTHS}
    with pytest.raises(ValueError, match=message):
        by_strength(**(given | {"control": "source only"} | change))


# ---------------------------------------------------------------- comparisons and seeds


def test_the_zero_line_and_the_intervals_are_where_they_belong():
    resolved = compare(CURVES, "frozen", "raw pixels", labels=5)
    [axes] = drawn()["intervals"].figure.axes
    ends, middle, *_, zero = (line.get_xdata() for line in axes.lines)
    assert list(ends) == [resolved.low, resolved.high] and list(zero) == [0, 0]
    assert list(middle) == [resolved.difference]
    same = compare(CURVES.assign(accuracy=0.5, correct=CURVES["correct"]), "frozen", "frozen")
    marks = [figures.intervals([one]).figure.axes[0].lines[1] for one in (resolved, same)]
    assert [mark.get_markerfacecolor() == "white" for mark in marks] == [False, True]


def test_every_accuracy_is_a_point_and_none_lies_on_another():
    runs = pd.DataFrame({"strategy": "m", "seed": range(10), "accuracy": 0.5})
    equal = figures.every_seed(runs, ["m"]).figure.axes[0].lines[0]
    assert len(set(np.round(equal.get_ydata(), 6))) == 10
    axes = drawn()["every_seed"].figure.axes[0]
    for y, name in enumerate(ORDER):
        points, median = axes.lines[2 * y : 2 * y + 2]
        assert list(points.get_xdata()) == of(TARGET, name), "in the order of the seeds"
        assert np.abs(np.asarray(points.get_ydata()) - y).max() < 0.35
        assert list(median.get_xdata()) == [np.median(of(TARGET, name))] * 2
        values = ", ".join(f"{value:.2f}" for value in of(TARGET, name))
        assert f"{name}: {values} (median" in drawn()["every_seed"].alt
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ORDER
    low, high = axes.get_ylim()
    assert low > high, "the first one above"
    assert [text.get_text() for text in axes.texts] == ["chance"]
    with pytest.raises(ValueError, match="the runs hold no strategy 'wek': did you mean weak"):
        figures.every_seed(TARGET, ["weak", "wek"])


def test_every_seed_is_a_line_from_one_strategy_to_the_other():
    picture = drawn()["seed_pairs"]
    for axes, runs in zip(picture.figure.axes, (SOURCE, TARGET), strict=True):
        pairs = list(zip(of(runs, "source only"), of(runs, "strong"), strict=True))
        assert [tuple(line.get_ydata()) for line in axes.lines[:4]] == pairs
        assert list(axes.lines[4].get_ydata()) == pytest.approx(np.mean(pairs, axis=0))
        for line, (a, b) in zip(axes.lines[:4], pairs, strict=True):
            assert (line.get_linestyle() == "--") == (b < a)
        for seed, (a, b) in enumerate(pairs):
            assert f"seed {seed} {a:.2f} → {b:.2f}" in picture.alt


def test_seeds_that_differ_are_refused():
    part = TARGET[(TARGET["strategy"] != "weak") | (TARGET["seed"] > 0)]
    with pytest.raises(ValueError, match=r"not paired: seeds \[0, 1, 2, 3\] against \[1, 2, 3\]"):
        seed_pairs({"here": part}, "none", "weak")


def test_bars_of_forgetting_show_every_seed():
    [axes] = drawn()["forgetting_bars"].figure.axes
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([1.0, 0.3])
    assert [list(line.get_xdata()) for line in axes.lines] == [[1.0, 1.0], [0.2, 0.4]]


# ---------------------------------------------------------------- choosing


def test_prices_refuse_a_label_count_that_was_not_run():
    with pytest.raises(ValueError, match=r"was not run with labels \[7\]; it was with \[1, 5\]"):
        figures.prices(CURVES, [5, 7])


def test_the_map_colours_a_winner_as_the_other_figures_do():
    [axes] = drawn()["choice_map"].figure.axes
    frozen = lines_of(drawn()["learning_curves"].figure.axes[0])["frozen"].get_color()
    colours = {patch.get_facecolor()[:3] for patch in axes.patches}
    assert to_rgba(frozen)[:3] in colours and (1, 1, 1) in colours
    assert "frozen\n0.8" in "".join(texts_of(drawn()["choice_map"]))


def test_every_candidate_is_a_point_and_one_of_each_seed_is_marked():
    runs, picture = scored(), drawn()["scorer_scatter"]
    runs = runs[runs["strategy"].isin(AMONG)]
    for panel, name, sign in zip(
        picture.figure.axes, ("perfect", "noise", "loss"), (1, 1, -1), strict=True
    ):
        points, picked = panel.lines
        pairs = sorted(zip(runs[name], runs["accuracy"], strict=True))
        assert sorted(zip(*points.get_data(), strict=True)) == pairs
        best = [rows.loc[(sign * rows[name]).idxmax()] for _, rows in runs.groupby("seed")]
        assert list(picked.get_ydata()) == [row["accuracy"] for row in best]
        rank = [sign * spearmanr(one[name], one["accuracy"])[0] for _, one in runs.groupby("seed")]
        words = f"rank correlation {np.mean(rank):+.2f}".replace("-", "−")
        mean = np.mean([row["accuracy"] for row in best])
        assert panel.get_title() == f"{name}\n{words}\npicked: {mean:.2f}"
        assert f"{name}: {words}, picked {mean:.2f}" in picture.alt
    best = runs.groupby("seed")["accuracy"].max().mean()
    assert f"best candidate of each seed: {best:.2f}" in picture.figure.get_suptitle()
    assert panel.get_xlabel() == "score, lower is better"


def test_of_equal_scores_the_first_candidate_is_picked_and_ranks_may_not_exist():
    runs = TARGET.assign(flat=1.0, half=np.where(TARGET["seed"] == 0, TARGET["accuracy"], 0))
    axes = figures.scorer_scatter(runs, ["flat", "half"], ["weak", "none"]).figure.axes
    assert list(axes[0].lines[1].get_ydata()) == of(TARGET, "weak")
    assert "rank correlation: not defined" in axes[0].get_title()
    assert "rank correlation +1.00 (1 of 4 seeds)" in axes[1].get_title()


def test_five_scorers_stand_in_two_rows_without_empty_axes():
    runs = TARGET.assign(**{f"score {i}": TARGET["accuracy"] * i for i in range(1, 6)})
    axes = figures.scorer_scatter(runs, [f"score {i}" for i in range(1, 6)], AMONG).figure.axes
    assert [one.axison for one in axes] == [True] * 5 + [False] * 3
    assert [bool(one.get_ylabel()) for one in axes[:5]] == [True, False, False, False, True]


@pytest.mark.parametrize(
    ("runs", "scorers", "among", "message"),
    [
        (scored(), ["entropy"], AMONG, "the runs hold no scores 'entropy'"),
        (scored(), ["noise"], ["weak", "weak"], "one scorer and two different candidates"),
        (scored(), ["noise"], ["weak", "wea"], "the runs hold no strategy 'wea'"),
        (scored().assign(noise=np.nan), ["noise"], AMONG, "the score 'noise' of .* is no number"),
        (pd.concat([scored()] * 2), ["noise"], AMONG, "one run per seed"),
        (scored()[lambda t: (t.strategy != "weak") | (t.seed > 0)], ["noise"], AMONG, "not paired"),
    ],
)
def test_what_makes_no_scores_is_refused(runs, scorers, among, message):
    with pytest.raises(ValueError, match=message):
        figures.scorer_scatter(runs, scorers, among)


# ---------------------------------------------------------------- gains in panels


def test_gains_stand_where_the_differences_are_in_the_look_of_their_verdict():
    panels = judged()
    assert {one.resolved for one in panels["there"].values()} == {True, False}
    axes = drawn()["gains"].figure.axes
    assert [one.get_title() for one in axes] == ["there", "back"]
    rows = [text.get_text() for text in axes[0].get_yticklabels()]
    assert rows == ["none", "oracle", "strong"]
    looks = {"none": (palette.GREY, "D"), "oracle": ("#0072B2", "o"), "strong": ("#D55E00", "s")}
    for one, panel in zip(axes, panels.values(), strict=True):
        marks = [line for line in one.lines if len(line.get_xdata()) == 1]
        bars = [
            line for line in one.lines if len(line.get_xdata()) == 2 and line.get_linewidth() > 2
        ]
        assert len(marks) == len(bars) == len(panel)
        for name, mark, bar in zip(panel, marks, bars, strict=True):
            assert list(mark.get_xdata()) == [panel[name].difference]
            assert list(bar.get_xdata()) == [panel[name].low, panel[name].high]
            assert mark.get_ydata()[0] == bar.get_ydata()[0] == rows.index(name)
            assert (mark.get_color(), mark.get_marker()) == looks[name]


def test_gains_say_whether_verdicts_are_corrected():
    one = compare(TARGET, "weak", "source only")
    for panel, corrected in (({"weak": one}, False), (judged()["there"], True)):
        picture = gains({"there": panel})
        assert any("after Holm's correction" in text for text in texts_of(picture)) == corrected
    with pytest.raises(ValueError, match="no comparison to draw"):
        gains({"there": {}})
