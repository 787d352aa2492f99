"""Figures of recipes and of mistakes: what they draw is what they were given."""

import made_figures
import numpy as np
import pandas as pd
import pytest
from made_figures import EPOCHS, few_emoji, guessed
from matplotlib.colors import to_hex

from tlhelpers import figures
from tlhelpers.evaluation.mistakes import accuracy_per_class, count_confusions
from tlhelpers.figures.domains import ink_on
from tlhelpers.figures.mistakes import class_accuracies, confusion_matrix, mistake_sheet
from tlhelpers.figures.recipes import mix_curve, rate_test
from tlhelpers.training.fitting import History


def lines_of(axes) -> dict:
    return {line.get_label(): line for line in axes.lines}


def test_training_and_validation_stand_in_one_figure_and_the_epoch_kept_is_marked():
    figure = figures.history(History(EPOCHS, 2)).figure
    for axes, what in zip(figure.axes, ("loss", "accuracy"), strict=True):
        lines = lines_of(axes)
        assert lines["training"].get_ydata().tolist() == EPOCHS[what].tolist()
        assert lines["validation"].get_ydata().tolist() == EPOCHS[f"valid_{what}"].tolist()
        assert set(lines["kept: epoch 2"].get_xdata()) == {2}
        assert axes.get_ylim()[0] == 0
    [legend] = figure.legends
    shown = [text.get_text() for text in legend.get_texts()]
    assert shown == ["training", "validation", "all joins in", "kept: epoch 2"]


def test_without_validation_or_from_the_table_alone_no_epoch_is_marked():
    plain = EPOCHS[["epoch", "loss", "accuracy"]]
    for trained in (plain, History(plain, 3), EPOCHS):
        picture = figures.history(trained)
        assert "kept" not in picture.alt
        assert not any("kept" in name for axes in picture.figure.axes for name in lines_of(axes))
    assert "validation" not in figures.history(plain).alt


def test_what_is_no_history_is_refused():
    with pytest.raises(ValueError, match="the history lacks accuracy: give what fit"):
        figures.history(EPOCHS[["epoch", "loss"]])
    with pytest.raises(ValueError, match="the history has no epochs"):
        figures.history(EPOCHS[:0])


def test_the_rate_test_draws_each_step_and_marks_the_rate_it_suggests():
    found = made_figures.rates()
    [axes] = rate_test(found).figure.axes
    lines = lines_of(axes)
    assert axes.get_xscale() == "log"
    np.testing.assert_allclose(lines["loss of a step"].get_xydata(), found.table[["rate", "loss"]])
    np.testing.assert_allclose(lines["smoothed"].get_ydata(), found.table["smoothed"])
    [mark] = [line for name, line in lines.items() if name.startswith("suggested")]
    assert set(mark.get_xdata()) == {found.suggested}
    low, high = axes.get_xlim()
    assert low < found.table["rate"].min() and found.table["rate"].max() < high
    labels = [text.get_text() for text in axes.get_xticklabels()]
    assert labels == ["1e-05", "1e-04", "1e-03", "1e-02", "1e-01"]
    [flat] = rate_test(made_figures.rates(falls=False)).figure.axes
    assert not any(name.startswith("suggested") for name in lines_of(flat))


def test_a_mix_is_drawn_by_its_share_with_the_mean_over_tables():
    table = made_figures.mixes(2)
    table.loc[:4, "new"] += 0.1
    [axes] = mix_curve(table, old="share of old answers").figure.axes
    lines = lines_of(axes)
    means = table.groupby("share").mean()
    new, old = lines["new task: accuracy"], lines["old task: share of old answers"]
    np.testing.assert_allclose(new.get_xydata(), means.reset_index()[["share", "new"]])
    np.testing.assert_allclose(old.get_ydata(), means["old"])
    assert sum(len(line.get_xdata()) == 10 for line in axes.lines) == 2, "a point per table"
    [alone] = mix_curve(made_figures.mixes(1)).figure.axes
    assert len(alone.lines) == 2
    with pytest.raises(ValueError, match="lacks old: give what measure_mixes"):
        mix_curve(table[["share", "new"]])
    with pytest.raises(ValueError, match="the table of mixes is empty"):
        mix_curve(table[:0])


def test_cells_hold_counts_and_their_colour_is_the_share_of_the_row():
    counts = pd.DataFrame([[8, 2, 0], [0, 1, 0], [0, 0, 0]], list("abc"), list("abc"))
    picture = confusion_matrix(counts)
    axes, _ = picture.figure.axes
    written = {tuple(text.get_position()): text.get_text() for text in axes.texts}
    assert written == {(0, 0): "8", (1, 0): "2", (1, 1): "1"}
    shares = axes.images[0].get_array()
    np.testing.assert_allclose(shares, [[0.8, 0.2, 0], [0, 1, 0], [0, 0, 0]])
    for text in axes.texts:
        column, row = text.get_position()
        ground = axes.images[0].cmap(axes.images[0].norm(shares[row, column]))
        assert to_hex(text.get_color()) == to_hex(ink_on(ground))
    assert "9 of 11 right (0.82)" in picture.alt and "a taken for b 2 of 10 (0.20)." in picture.alt
    right = confusion_matrix(count_confusions([0, 1], [0, 1], ["a", "b"]))
    assert "Nothing was confused." in right.alt


def test_only_the_largest_confusions_are_named():
    counts = count_confusions(np.repeat(range(4), 4), np.tile(range(4), 4), list("abcd"))
    assert confusion_matrix(counts, named=3).alt.count(" taken for ") == 3


NO_COUNTS = [np.ones((2, 3), int), np.eye(2), np.zeros((2, 2), int), -np.eye(2).astype(int)]


@pytest.mark.parametrize("table", NO_COUNTS, ids=["oblong", "shares", "empty", "below 0"])
def test_what_is_no_table_of_confusions_is_refused(table):
    with pytest.raises(ValueError, match=r"count_confusions|numbers of items"):
        confusion_matrix(pd.DataFrame(table))


def test_a_class_has_its_interval_and_one_without_items_is_told():
    table = accuracy_per_class([0, 0, 1], [0, 1, 1], ["a", "b", "c"])
    picture = class_accuracies(table)
    [axes] = picture.figure.axes
    bars = [list(line.get_xdata()) for line in axes.lines if len(line.get_xdata()) == 2]
    assert bars[:2] == [[row.low, row.high] for row in table[:2].itertuples()]
    assert "mean over classes 0.75" in picture.alt and "c has no items" in picture.alt
    assert [text.get_text() for text in axes.get_yticklabels()] == ["a (2)", "b (1)", "c (0)"]
    with pytest.raises(ValueError, match="lacks low, high: give what accuracy_per_class"):
        class_accuracies(table[["class", "items", "accuracy"]])
    with pytest.raises(ValueError, match="holds no class with items"):
        class_accuracies(table[2:])


def mistakes(*items):
    return pd.DataFrame({"item": items, "true": "a", "predicted": "b", "confidence": 0.75})


def test_the_pictures_are_those_of_the_items_in_their_order():
    images = few_emoji()
    picture = mistake_sheet(images, mistakes(3, 0, 7), columns=2)
    shown = [axes.images[0].get_array() for axes in picture.figure.axes if axes.images]
    assert len(shown) == 3 and len(picture.figure.axes) == 4
    for pixels, item in zip(shown, (3, 0, 7), strict=True):
        np.testing.assert_array_equal(pixels, images.pixels[item])
    assert picture.figure.axes[0].get_title() == "b?\n0.75; is\na"
    assert f"{images.groups[7]}: b (0.75) for a" in picture.alt
    assert len(guessed(images)) == len(images)


def test_no_mistakes_and_items_of_another_set_are_refused():
    with pytest.raises(ValueError, match="there is no mistake to show"):
        mistake_sheet(few_emoji(), mistakes())
    with pytest.raises(ValueError, match="the mistakes name item 15, but there are 15 pictures"):
        mistake_sheet(few_emoji(), mistakes(0, 15))
