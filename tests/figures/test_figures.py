"""What holds for every figure: it shows something, says it in words, and takes any label."""

from __future__ import annotations

import base64
import io
import re
import warnings
from dataclasses import replace
from html.parser import HTMLParser
from itertools import combinations

import made_figures
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_figures import VALUES, WORDS, drawn, texts, two_domains
from made_runs import runs_of
from matplotlib.figure import Figure
from PIL import Image

from tlhelpers import figures
from tlhelpers.evaluation.budgets import winners
from tlhelpers.evaluation.comparisons import compare
from tlhelpers.evaluation.mistakes import accuracy_per_class, count_confusions
from tlhelpers.figures import palette
from tlhelpers.figures.comparing import seed_pairs
from tlhelpers.figures.curves import by_depth, by_strength
from tlhelpers.figures.domains import mean_digits
from tlhelpers.figures.gain_panels import gains
from tlhelpers.figures.mistakes import class_accuracies, confusion_matrix, mistake_sheet
from tlhelpers.figures.picture import Picture
from tlhelpers.figures.recipes import mix_curve, rate_test
from tlhelpers.figures.two_domains import adaptation_diagram

WIDGETS = {"depth_explorer", "label_slider", "strength_walk", "word_explorer"}
# What widgets show, what a lesson has yet to take, and a second form of some.
MORE = {
    *("by_depth", "by_strength", "seed_pairs", "confusion_matrix"),
    *("class_accuracies", "mistake_sheet", "history, kept", "rate_test, none"),
}
DRAWING = sorted({*figures.__all__, *MORE} - WIDGETS - {"labels_per_class"})


def pixels_of(picture) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture.png())).convert("RGB"))


def test_each_function_that_draws_is_tested():
    assert sorted(drawn()) == DRAWING
    assert plt.get_fignums() == [], "none is left to pyplot"


@pytest.mark.parametrize("name", DRAWING)
@pytest.mark.filterwarnings("error")
def test_each_figure_shows_something_and_says_it_in_one_line(name):
    """A glyph that the font lacks, or parts that find no room, are warnings and fail."""
    picture = drawn()[name]
    pixels = pixels_of(picture)
    height, width, _ = pixels.shape
    assert 100 < height < 1500 and 200 < width < 2000 and pixels.std() > 10
    blocks = pixels[: height // 4 * 4, : width // 4 * 4].reshape(4, height // 4, 4, width // 4, 3)
    assert (blocks.std(axis=(1, 3)).max(axis=-1) > 2).mean() > 0.5, "most of it is empty"
    assert len(picture.alt) > 40 and picture.alt.endswith(".")
    assert not re.search(r"\n|\bnan\b|\\|-0\.00", picture.alt)
    assert repr(picture) == f"Figure: {picture.alt}"


NUMBERS = {
    "learning_curves": ["frozen 1: 0.", "5: 0.", "chance 0.10"],
    "intervals": ["frozen − raw pixels: +0.", "3 seeds", "(one)", "(another)"],
    "trap_panel": [
        "pretends: +0.",
        "items, the number is too high; costs: −0.",
        "items, accuracy is lost; open: ",
        "no difference is resolved.",
    ],
    "by_layer": ["here: none 0.9", "weak 0.", "there: none 0."],
    "by_depth": ["tested on here: none 0.9", "Marked: weak."],
    "prices": [
        "1 labels, raw pixels: 0.",
        "for 1 CPU seconds",
        "5 labels, frozen: 0.",
        "for 8 CPU",
    ],
    "choice_map": ["0.5 passes: nothing", "1 passes: only raw pixels", "10 passes: frozen"],
    "history": ["training loss from 2.00 to 0.50", "validation accuracy from 0.10 to 0.40"],
    "history, kept": [
        "validation loss from 2.10 to 1.60, lowest 1.50 in epoch 2",
        "kept are the weights of epoch 2: validation loss 1.50, accuracy 0.40",
    ],
    "gains": [
        "Differences in accuracy to source only, What they gain. there: none: ",
        "back: oracle: +0.",
        "after Holm's correction over 3: worse",
        "correction over 3: not resolved",
    ],
    "adaptation_diagram": [
        "source pictures with labels and target pictures without",
        "CORAL makes",
    ],
    "reliability_diagram": [
        "A head. at home: expected calibration error 0.",
        "accuracy 0.00 (1 items)",
    ],
    "promise_curves": [
        "A head. Promised: 0.90. at home: all answered 0.78 right, from 0.700 on 0.50"
    ],
    "promises_kept": ["sets, promised 0.90: home 0.900 [0.870, 0.930]; abroad 0.800 [0.750"],
    "coverage_by_labels": [
        "promised 0.90. abroad, bound from home 0.800: 20 labels 0.900, nine tenths of draws 0.81",
        "100 labels 0.890",
    ],
    "mean_digits": ["digits: from 0% to 100% of the height"],
    "rate_test": ["a network: ", "from 2.", "40 steps. Suggested rate 1.5e-03: a third of 4.6e-03"],
    "rate_test, none": ["No rate suggested: from 1.0e-05 on the loss never fell"],
    "mix_curve": ["mean of 2 tables", "share 0: new 0.30, old 1.00", "share 1: new 0.90, old 0.20"],
    "confusion_matrix": ["13 of 15 right (0.87). Largest confusions: ", " 1 of "],
    "class_accuracies": ["mean over classes 0.", "[0."],
    "mistake_sheet": ["The 2 surest mistakes", "(0.99) for "],
    "drift": ["train mode: from 1.000 to 0.512"],
    "forgetting_bars": ["head 1.00", "all 0.30"],
    "setup_diagram": ["emoji drawings (data), then layers (frozen), then noise (random, frozen)"],
    "strategies_sheet": ["frozen: layers frozen, noise random, frozen, head trained"],
    "course_map": [
        "more labels of the same kind: 01 One",
        "02 Two (to come)",
        "every box: 03",
        "source: 04",
    ],
    "matrices": ["TF-IDF. trained on news: news 0.90 (the same)", "movies 0.62, tweets 0.71"],
    "word_shift": ["lol 0.000 and 0.400", "$5 or $6_ 0.100 and 0.120"],
}


@pytest.mark.parametrize("name", NUMBERS)
def test_the_alt_text_holds_the_numbers(name):
    for words in NUMBERS[name]:
        assert words in drawn()[name].alt


@pytest.mark.parametrize("name", DRAWING)
def test_each_number_that_is_written_into_a_figure_is_in_its_alt_text(name):
    """Beside an axis the numbers are its scale; these are what was measured."""
    picture = drawn()[name]
    legends = [*picture.figure.legends, *(axes.get_legend() for axes in picture.figure.axes)]
    written = [text for legend in filter(None, legends) for text in legend.get_texts()]
    written += [text for axes in picture.figure.axes for text in axes.texts]
    numbers = re.findall(r"\d+\.\d+", " ".join(text.get_text() for text in written))
    assert [number for number in numbers if number not in picture.alt] == []


def level_texts(figure):
    """The texts that are seen and lie level or upright, with their boxes."""
    figure.draw_without_rendering()
    found = [figure._suptitle] if figure._suptitle else []
    for axes in [one for one in figure.axes if one.axison]:
        found += [axes.title, axes.xaxis.label, axes.yaxis.label, *axes.texts]
        ticks = zip((axes.xaxis, axes.yaxis), (axes.get_xlim(), axes.get_ylim()), strict=True)
        for axis, ends in ticks:
            shown = [tick for tick in axis.get_major_ticks() if tick.label1.get_visible()]
            low, high = sorted(ends)
            found += [tick.label1 for tick in shown if low <= tick.get_loc() <= high]
    legends = [*figure.legends, *(one.get_legend() for one in figure.axes)]
    for legend in filter(None, legends):
        found += [legend.get_title(), *legend.get_texts()]
    seen = [text for text in found if text.get_text().strip() and text.get_visible()]
    return [(t.get_text(), t.get_window_extent()) for t in seen if t.get_rotation() in (0, 90)]


@pytest.mark.parametrize("name", DRAWING)
def test_no_text_lies_on_another(name):
    boxes = level_texts(drawn()[name].figure)
    assert [(a[0], b[0]) for a, b in combinations(boxes, 2) if a[1].overlaps(b[1])] == []


# ---------------------------------------------------------------- labels from data

ODD = "$$ \\frac $5_ ^"
OTHER = "$x_{ costs $"


def odd_figures():
    """Every figure, with labels that matplotlib would take for formulas."""
    runs = runs_of({ODD: 0.8, OTHER: 0.3}, seeds=2, items=8, labels=(5,))
    order, both = [ODD, OTHER], {ODD: runs, OTHER: runs}
    few = made_figures.few_emoji()
    few = replace(few, class_names=(ODD, *few.class_names[1:]))
    rows, domains, classes = two_domains()
    names = {"photographs": ODD, "drawings": OTHER}
    yield figures.learning_curves(runs, {ODD: 0.5}, ODD)
    yield figures.intervals([compare(runs, ODD, OTHER)] * 2, ODD, [ODD, OTHER])
    yield figures.trap_panel({ODD: compare(runs, ODD, OTHER)}, OTHER)
    yield figures.by_layer(both, order, lines={ODD: 0.5})
    yield by_depth(both, order)
    yield by_strength(runs, runs, {0.0: ODD, 1.0: OTHER}, ODD, OTHER)
    yield seed_pairs(both, ODD, OTHER)
    yield figures.every_seed(runs, order, {ODD: 0.5})
    yield figures.prices(runs, [5])
    yield figures.choice_map(winners(runs, [2.0]))
    yield figures.scorer_scatter(runs.assign(**{ODD: 1.0}), [ODD], order)
    yield figures.drift([0, 1], {ODD: [0, 1]}, OTHER)
    yield figures.forgetting_bars(pd.Series([0.5, 1.0], index=order))
    yield figures.contact_sheet(few, per_class=2)
    yield figures.prediction_grid(few, few.labels)
    yield figures.neighbour_sheet(few, [0], {ODD: np.array([[1, 2]])})
    yield figures.picture_row(few.pixels[:2], order)
    yield figures.strategies_sheet({ODD: [(OTHER, "random")]})
    yield gains({ODD: {ODD: compare(runs, ODD, OTHER)}}, OTHER)
    yield adaptation_diagram(ODD, OTHER, OTHER, OTHER, OTHER)
    yield mean_digits({ODD: made_figures.load_digits_pair("digits", size=8)})
    yield figures.setup_diagram(ODD, [(OTHER, "frozen")], ODD, OTHER)
    yield figures.matrices({ODD: VALUES.rename(index={"news": ODD}, columns={"news": OTHER})})
    yield figures.word_shift(WORDS.assign(feature=ODD), ODD, OTHER)
    yield figures.before_after({ODD: rows}, [names[one] for one in domains], classes, [ODD] * 3)
    confusions = count_confusions([0, 1, 1], [0, 0, 1], order)
    yield confusion_matrix(confusions, ODD)
    yield class_accuracies(accuracy_per_class([0, 1, 1], [0, 0, 1], order), ODD)
    yield mistake_sheet(
        few, pd.DataFrame({"item": [0], "true": ["a"], "predicted": [ODD], "confidence": [1.0]})
    )
    yield rate_test(made_figures.rates(), ODD)
    yield mix_curve(made_figures.mixes(), OTHER, ODD)
    yield figures.history(made_figures.EPOCHS, ODD)
    yield figures.flat_map(np.eye(3), [ODD, OTHER, "a"], [ODD, OTHER, "a"], ODD)
    yield figures.attention_map([ODD, OTHER, "a"], made_figures.attention(1, 3), ODD)


def test_labels_are_drawn_as_they_stand():
    """Between two dollars matplotlib would read a formula, and fail at many."""
    for picture in odd_figures():
        picture.figure.draw_without_rendering()
        assert any(ODD.replace("_", "\n") in text or ODD in text for text in texts(picture))


def test_formulas_of_the_course_are_still_formulas():
    math = drawn()["course_map"].figure.axes[0].get_xticklabels()
    assert all(text.get_parse_math() for text in math)


@pytest.mark.parametrize("installed", [False, True])
def test_letters_that_no_font_holds_are_told_in_one_sentence(installed, monkeypatch):
    """With a font that has them, it is used; here every name stands for the one font there is."""
    from tlhelpers.figures import picture as module

    monkeypatch.setattr(module, "_more_fonts", lambda: ["DejaVu Serif"] if installed else [])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        shown = figures.flat_map(np.eye(3), ["\U0010fffd", "\U0010fffe", "a"])
        shown.png()
    assert len(caught) == 1 and "drawn as boxes" in str(caught[0].message)
    families = {text.get_fontfamily()[-1] for text in shown.figure.axes[0].texts}
    assert ("DejaVu Serif" in families) == installed


# ---------------------------------------------------------------- looks


def test_each_look_has_its_own_colour_marker_and_dashes():
    for part in ("color", "marker", "linestyle"):
        assert len({str(look[part]) for look in palette.LOOKS}) == len(palette.LOOKS) == 9


def test_a_strategy_looks_the_same_in_every_figure():
    numbers = {name: palette.LOOKS.index(look) for name, look in looked(["frozen", "LoRA"])}
    alone = {name: palette.LOOKS.index(look) for name, look in looked(["LoRA", "other", "frozen"])}
    assert numbers.items() <= alone.items() and len(set(alone.values())) == 3
    for same in (["frozen random", "random twin"], ["scratch", "from scratch, longer"]):
        assert len({str(palette.looks([name])) for name in same}) == 1


def looked(names):
    return zip(names, palette.looks(names), strict=True)


def test_two_variants_look_different_and_the_plain_one_keeps_its_look():
    several, plain = palette.looks(["frozen, with news", "frozen"])
    assert plain == palette.looks(["frozen"])[0] != several
    names = ["GloVe, frozen", "GloVe, tuned", "random, frozen", "random, tuned", "shuffled GloVe"]
    assert len({look["color"] for look in palette.looks(names)}) == 5


def test_more_curves_than_looks_still_draw():
    runs = runs_of({"a": 0.5}, seeds=2, items=8)
    assert pixels_of(figures.by_layer({f"network {i}": runs for i in range(12)}, ["a"])).std() > 5


# ---------------------------------------------------------------- pictures


class _Images(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


@given(st.text(max_size=40))
def test_html_is_escaped(alt):
    picture = Picture(Figure(figsize=(0.3, 0.3)), alt)
    picture.png = lambda: b"png"
    parser = _Images()
    parser.feed(picture._repr_html_())
    ((tag, attributes),) = parser.found
    assert tag == "img" and set(attributes) == {"src", "alt"}
    # What HTML itself may not hold (control characters) is not for escaping to keep.
    assert attributes["alt"] == alt or not re.fullmatch(r"[ -~]*", alt)


def test_a_picture_is_html_with_its_own_data_and_saved_as_png(tmp_path):
    picture = drawn()["drift"]
    data = re.search(r'src="data:image/png;base64,([^"]+)"', picture._repr_html_())[1]
    assert base64.b64decode(data) == picture.png()
    with Image.open(picture.save(tmp_path / "ü.png", dpi=50)) as saved:
        assert saved.format == "PNG" and saved.width < pixels_of(picture).shape[1]


def test_label_counts_are_written_out():
    assert figures.labels_per_class(1) == "1 label per class"
    assert figures.labels_per_class(5) == "5 labels per class"


def test_the_map_shows_which_lessons_are_to_come():
    [axes] = drawn()["course_map"].figure.axes
    colours = {text.get_text(): text.get_color() for text in axes.texts}
    assert colours["01  One"] != colours["02  Two"]


def test_a_box_of_the_map_without_a_lesson_says_why():
    words = " ".join(text.get_text() for text in drawn()["course_map"].figure.axes[0].texts)
    assert "no lesson of its own" in words and "ordinary learning" not in words
    assert "ordinary learning" in figures.course_map([]).alt


@pytest.mark.parametrize("states", [["frozen"], ["frozen", "tuned"], ["trained", "frozen"]])
@pytest.mark.parametrize("source", ["ImageNet", "EfficientNet-Lite0, trained on many photographs"])
def test_what_is_reused_stands_above_the_reused_parts_alone(states, source):
    parts = [(f"block {i}", state) for i, state in enumerate(states)]
    picture = figures.setup_diagram("data", [*parts, ("head", "trained")], "answer", source)
    picture.figure.draw_without_rendering()
    [axes] = picture.figure.axes
    [bracket] = axes.lines
    reused = [i for i, state in enumerate(states, 1) if state in ("frozen", "tuned")]
    assert list(bracket.get_xdata()[[0, -1]]) == [2 * reused[0] + 0.15, 2 * reused[-1] + 1.65]
    [words] = [text for text in axes.texts if text.get_text().startswith("reused:")]
    box = words.get_window_extent().transformed(axes.transData.inverted())
    assert box.x0 >= 2 * reused[0] and box.x1 <= 2 * reused[-1] + 1.8
    assert box.y0 > 1.34 and box.y1 <= axes.get_ylim()[1]
