"""The explorers: each step tells what its runs hold, each word its neighbours."""

import numpy as np
from test_budgets import runs_of

from tlhelpers.evaluate import learning_curve
from tlhelpers.vector_files import keyed_vectors
from tlhelpers.widgets import depth_explorer, word_explorer

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


WORDS = ["bank", "money", "river", "tree"]
ROWS = np.array([[1.0, 0.1, 0], [0.9, 0.2, 0], [0.8, 0.9, 0], [0, 0, 1.0]], dtype=np.float32)


def words():
    return word_explorer(keyed_vectors(WORDS, ROWS), "bank", neighbours=2)


def test_a_word_is_shown_with_its_nearest():
    shown = words()
    assert shown.sentence.value == "<b>bank</b>, word number 1 of 4: money 0.99, river 0.74"
    assert "money (neighbours) at" in shown.picture.value


def test_another_word_may_be_typed_in_any_case_and_with_spaces_around():
    shown = words()
    shown.slider.value = " Tree "
    assert shown.sentence.value.startswith("<b>tree</b>, word number 4 of 4: ")
    assert "bank (the word)" not in shown.picture.value


def test_an_unknown_word_is_told_and_the_first_one_shown():
    shown = words()
    shown.slider.value = "<b>kayak"
    told = "<b>&lt;b&gt;kayak</b> has no vector: here are the neighbours of bank: money 0.99"
    assert shown.sentence.value.startswith(told)
