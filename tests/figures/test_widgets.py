"""The explorers: each step tells what its runs hold, each word its neighbours."""

import re

import numpy as np
import pytest
from made_runs import runs_of
from matplotlib.figure import Figure

from tlhelpers.data.splits import draw_labels, split_by_group
from tlhelpers.evaluation.comparisons import compare, learning_curve
from tlhelpers.figures import widgets
from tlhelpers.figures.curves import by_strength
from tlhelpers.figures.picture import Picture
from tlhelpers.figures.widgets import depth_explorer, label_slider, strength_walk, word_explorer
from tlhelpers.models.heads import new_linear_head
from tlhelpers.models.vector_files import keyed_vectors
from tlhelpers.widget_keys import keep_keys

NOTES = {"trained_weights": 1234, "agreement": 0.25}
SECONDS = {"head": 1.0, "all": 10.0}
HERE = runs_of({"head": 0.4, "all": 0.8}, SECONDS, seeds=4, items=40).assign(**NOTES)
THERE = runs_of({"head": 0.3, "all": 0.3}, SECONDS, seeds=4, items=40)


def test_a_labels_step_trains_a_head_anew_and_counts_its_hits(twemoji):
    pixels = twemoji.pixels[:, ::16, ::16].reshape(len(twemoji), -1) / 255
    split = split_by_group(twemoji, test=0.3, seed=0)
    shown = label_slider(pixels, twemoji, split, shown=4)
    before = shown.sentence.value
    shown.slider.value = 1
    drawn = split.train[draw_labels(twemoji.labels[split.train], 1, 0)]
    head = new_linear_head().fit(pixels[drawn], twemoji.labels[drawn])
    right = (head.predict(pixels[split.test]) == twemoji.labels[split.test]).sum()
    assert f"<b>1 label per class</b>, 10 in all: {right} of {len(split.test)}" in (
        shown.sentence.value
    )
    assert before.startswith("<b>5 labels per class</b>, 50 in all") and shown.slider.min == 1
    assert "Predictions, " in shown.picture.value


def test_a_move_changes_sentence_and_figure_and_the_still_one_stays_a_fallback():
    shown = depth_explorer({"here": HERE, "there": THERE}, ["head", "all"])
    point = learning_curve(HERE).set_index("strategy").loc["head"]
    words = f"here {point['mean']:.2f} [{point['low']:.2f}, {point['high']:.2f}]; there 0."
    assert shown.slider.value == "head" and words in shown.sentence.value
    assert "1,234 trained weights, 1.0 CPU seconds" in shown.sentence.value
    assert "Old answers left: 25%" in shown.sentence.value
    assert "Marked: head." in shown._repr_mimebundle_()["text/html"]
    shown.slider.value = "all"
    assert shown.sentence.value.startswith("<b>all</b>") and "10.0 CPU" in shown.sentence.value
    assert "Marked: all." in shown.picture.value


def test_the_steps_of_stored_runs_are_drawn_before_a_move_and_once(monkeypatch):
    drawn = []
    monkeypatch.setattr(
        widgets, "by_depth", lambda *given: drawn.append(given[2]) or Picture(Figure(), "A figure.")
    )
    shown = depth_explorer({"here": HERE, "there": THERE}, ["head", "all"])
    assert drawn == ["head", "all"]
    shown.slider.value = "all"
    shown.slider.value = "head"
    assert drawn == ["head", "all"] and shown.sentence.value.startswith("<b>head</b>")


def test_a_slider_says_what_it_is_and_what_changes_is_read_out():
    shown = depth_explorer({"here": HERE, "there": THERE}, ["head", "all"])
    assert "tl-said" in shown.sentence._dom_classes and "tl-explorer" in shown._dom_classes
    assert any(keep_keys("tl-explorer") == getattr(one, "value", "") for one in shown.children)


def test_depths_need_what_their_sentence_says():
    with pytest.raises(ValueError, match="the runs lack agreement, trained_weights"):
        depth_explorer({"there": THERE}, ["head", "all"])


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


STRENGTHS = {1.0: "strong", 0.0: "source only", 0.1: "weak"}
RATES = {"source only": 0.5, "weak": 0.9, "strong": 0.1, "half": 0.5, "oracle": 0.95}
ON_TARGET = runs_of(RATES, items=60)
ON_SOURCE = runs_of(RATES | {"source only": 0.9, "strong": 0.7}, items=60)


@pytest.fixture(scope="module")
def walk():
    return strength_walk(ON_TARGET, ON_SOURCE, STRENGTHS, "source only", "oracle")


def test_a_walk_begins_with_the_least_strength_and_names_what_is_moved(walk):
    assert [value for _, value in walk.slider.options] == [0.0, 0.1, 1.0]
    assert walk.slider.description == "strength"
    walk.slider.value = 0.0
    assert walk.sentence.value.startswith(
        "<b>strength 0</b>, on the target the same as source only; oracle reaches 0.9"
    )


@pytest.mark.parametrize(
    ("strength", "verdict"), [(0.1, "better"), (1.0, "negative transfer")], ids=str
)
def test_a_step_tells_the_difference_to_the_control(walk, strength, verdict):
    walk.slider.value = strength
    difference = compare(ON_TARGET, STRENGTHS[strength], "source only")
    assert difference.resolved
    for words in (f"<b>strength {strength:g}</b>", difference.measured, f"<b>{verdict}</b>"):
        assert words in walk.sentence.value


def test_a_step_shows_every_seed_on_both_domains(walk):
    walk.slider.value = 1.0
    shown = re.search('alt="([^"]*)"', walk.picture.value)[1]
    of_source, of_target = shown.split("on the target: ")
    for words, runs in ((of_source, ON_SOURCE), (of_target, ON_TARGET)):
        table = runs.pivot(index="seed", columns="strategy", values="accuracy")
        for seed, a, b in table[["source only", "strong"]].itertuples():
            assert f"seed {seed} {a:.2f} → {b:.2f}" in words


def test_without_a_widget_all_strengths_are_shown(walk):
    still = by_strength(ON_TARGET, ON_SOURCE, STRENGTHS, "source only", "oracle")
    page = walk._repr_mimebundle_()["text/html"]
    assert still.alt in page and walk.sentence.value in page
    assert "Every seed" not in page


def test_a_strength_that_changes_nothing_is_not_resolved():
    shown = strength_walk(ON_TARGET, ON_SOURCE, {2: "half"}, "source only")
    assert shown.sentence.value.endswith("60 items: <b>not resolved</b>")


def test_a_walk_needs_its_control_on_the_source_too():
    without = ON_SOURCE[ON_SOURCE["strategy"] != "source only"]
    with pytest.raises(ValueError, match="the runs hold no strategy 'source only'"):
        strength_walk(ON_TARGET, without, {2: "half"}, "source only")
