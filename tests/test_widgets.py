"""The explorer of depths: each step tells what its stored runs hold."""

from test_budgets import runs_of

from tlhelpers.evaluate import learning_curve
from tlhelpers.widgets import depth_explorer

NOTES = {"trained_weights": 1234, "agreement": 0.25}
HERE = runs_of({"head": 0.4, "all": 0.8}, {"head": 1.0, "all": 10.0}, labels=(20,)).assign(**NOTES)
THERE = runs_of({"head": 0.3, "all": 0.3}, {"head": 1.0, "all": 10.0}, labels=(20,))


def explorer():
    return depth_explorer({"here": HERE, "there": THERE}, ["head", "all"])


def test_it_begins_with_the_least_and_tells_both_test_sets():
    shown = explorer()
    point = learning_curve(HERE).set_index("method").loc["head"]
    assert shown.slider.value == "head"
    told = f"here {point['mean']:.2f} [{point['low']:.2f}, {point['high']:.2f}]; there 0."
    assert told in shown.sentence.value
    assert "1,234 trained weights, 1.0 CPU seconds" in shown.sentence.value
    assert "Old answers left: 25%" in shown.sentence.value


def test_a_move_changes_sentence_and_figure():
    shown = explorer()
    before = shown.picture.value
    shown.slider.value = "all"
    assert shown.sentence.value.startswith("<b>all</b>") and "10.0 CPU" in shown.sentence.value
    assert shown.picture.value != before and "Marked: all." in shown.picture.value


def test_without_a_widget_the_still_figure_is_shown():
    shown = explorer()
    assert "Marked: head." in shown._repr_mimebundle_()["text/html"]
