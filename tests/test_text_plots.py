"""Figures about words and texts: what is drawn is what was given, and it is told in words."""

from __future__ import annotations

import inspect
import io
import re
import warnings
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from tlhelpers.figures import words as text_plots
from tlhelpers.figures.words import attention_map, every_seed, flat_map
from tlhelpers.models.vector_files import load_vectors

CITIES = ["rome", "paris", "berlin", "london", "madrid", "vienna"]
DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday"]
FOOD = ["apple", "banana", "bread", "cheese"]
WORDS = CITIES + DAYS + FOOD
TOPICS = ["city"] * 6 + ["day"] * 5 + ["food"] * 4
TOKENS = ["[CLS]", "the", "bank", "##s", "[SEP]"]
METHODS = ["high rate", "low rate"]
ACCURACIES = {"high rate": [0.5, 0.91, 0.5, 0.72], "low rate": [0.8, 0.81, 0.84, 0.79]}


@pytest.fixture(scope="module")
def rows():
    return load_vectors()[WORDS]


@pytest.fixture(scope="module")
def runs():
    return pd.DataFrame(
        [
            {"strategy": name, "seed": seed, "accuracy": value}
            for name, values in ACCURACIES.items()
            for seed, value in enumerate(values)
        ]
    ).sample(frac=1, random_state=0)


def weights(heads: int = 2, n: int = 5) -> torch.Tensor:
    drawn = torch.rand((heads, n, n), generator=torch.Generator().manual_seed(3))
    return drawn / drawn.sum(-1, keepdim=True)


@pytest.fixture(scope="module")
def pictures(rows, runs):
    """One of each public function of the module."""
    return {
        "flat_map": flat_map(rows, WORDS, TOPICS, "Words"),
        "every_seed": every_seed(runs, METHODS, {"chance": 0.5}),
        "attention_map": attention_map(TOKENS, weights(), "layer 3"),
    }


def public_functions() -> list[str]:
    return [
        name
        for name, one in inspect.getmembers(text_plots, inspect.isfunction)
        if one.__module__ == text_plots.__name__ and not name.startswith("_")
    ]


def test_each_public_function_is_tested(pictures):
    assert sorted(pictures) == sorted(public_functions())


@pytest.mark.parametrize("name", public_functions())
@pytest.mark.filterwarnings("error")
def test_each_figure_shows_something_and_is_told_in_one_line(pictures, name):
    pixels = np.asarray(Image.open(io.BytesIO(pictures[name].png())).convert("RGB"))
    height, width, _ = pixels.shape
    assert 100 < height < 1500 and 200 < width < 2000 and pixels.std() > 10
    alt = pictures[name].alt
    assert len(alt) > 40 and alt.endswith(".")
    assert not re.search(r"\n|\bnan\b|\\|-0\.00", alt)


# ---------------------------------------------------------------- maps


def drawn_places(picture) -> np.ndarray:
    """The points of all groups, in the order of their lines."""
    lines = picture.figure.axes[0].lines
    return np.concatenate([np.column_stack(line.get_data()) for line in lines])


def captions_of(picture):
    return list(picture.figure.axes[0].texts)


def boxes_of(picture) -> dict:
    """The text boxes as they are rendered, in pixels."""
    picture.figure.draw_without_rendering()
    return {text.get_text(): text.get_window_extent() for text in captions_of(picture)}


def overlapping(boxes: dict) -> list:
    return [(a, b) for a, b in combinations(boxes, 2) if boxes[a].overlaps(boxes[b])]


def test_places_are_the_first_two_components_of_rows_of_length_one(rows):
    unit = rows.astype(float) / np.linalg.norm(rows.astype(float), axis=1, keepdims=True)
    middle = unit - unit.mean(axis=0)
    u, s, _ = np.linalg.svd(middle, full_matrices=False)
    found, wanted = drawn_places(flat_map(rows, WORDS)), u[:, :2] * s[:2]
    signs = np.sign((found * wanted).sum(axis=0))
    np.testing.assert_allclose(found, wanted * signs, atol=1e-8)
    shares = s**2 / (s**2).sum()
    axes = flat_map(rows * 7, WORDS).figure.axes[0]
    assert axes.get_xlabel() == f"first component ({shares[0]:.0%} of the variance)"
    assert axes.get_ylabel() == f"second ({shares[1]:.0%})"


def test_lengths_do_not_count_and_groups_change_no_place(rows):
    longer = rows * np.arange(1, len(rows) + 1)[:, None]
    grouped = drawn_places(flat_map(longer, WORDS, TOPICS))
    np.testing.assert_allclose(grouped, drawn_places(flat_map(rows, WORDS)), atol=1e-6)


def test_each_group_has_its_own_colour_and_marker(pictures):
    axes = pictures["flat_map"].figure.axes[0]
    assert [line.get_label() for line in axes.lines] == ["city", "day", "food"]
    assert [len(line.get_xdata()) for line in axes.lines] == [6, 5, 4]
    assert len({line.get_color() for line in axes.lines}) == 3
    assert len({line.get_marker() for line in axes.lines}) == 3
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["city", "day", "food"]
    assert axes.get_title() == "Words"


def test_the_alt_text_holds_every_place_and_group(pictures, rows):
    alt = pictures["flat_map"].alt
    assert alt.startswith("Map of vectors in two dimensions. rome (city) at ")
    told = re.findall(r"(\w+) \((\w+)\) at (-?\d\.\d\d), (-?\d\.\d\d)[;.]", alt)
    assert [(word, group) for word, group, *_ in told] == list(zip(WORDS, TOPICS, strict=True))
    found = np.array([[float(x), float(y)] for *_, x, y in told])
    np.testing.assert_allclose(found, drawn_places(pictures["flat_map"]), atol=0.0051)
    plain = flat_map(rows, WORDS)
    assert "(" not in plain.alt and plain.figure.axes[0].get_legend() is None
    assert f"paris at {found[1, 0]:.2f}" in plain.alt


def test_each_caption_belongs_to_its_point(pictures):
    places = drawn_places(pictures["flat_map"])
    for text, word, place in zip(captions_of(pictures["flat_map"]), WORDS, places, strict=True):
        assert text.get_text() == word and np.allclose(text.xy, place)


def test_captions_do_not_overlap_where_there_is_room(pictures):
    boxes = boxes_of(pictures["flat_map"])
    assert len(boxes) == len(WORDS) and overlapping(boxes) == []


@pytest.mark.parametrize("title", ["", "Three lines\nof a title\nmove all"])
def test_long_captions_do_not_overlap_either(title):
    """They take room from the axes, and so move the points that they stand beside."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(10, 30))
    captions = [f"WWW {i} mmm a caption of some words …" for i in range(10)]
    assert overlapping(boxes_of(flat_map(rows, captions, title=title))) == []


@pytest.mark.parametrize("seed", [7, 20])
def test_captions_are_placed_where_the_points_are_in_the_end(seed):
    """Placed once, before they had taken their room, they overlapped here."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(12, 5))
    captions = [f"caption {i} " + "word " * int(rng.integers(1, 12)) for i in range(12)]
    assert overlapping(boxes_of(flat_map(rows, captions))) == []


def test_points_on_each_other_have_captions_apart():
    rows = [[1, 0.001], [1, 0], [1, -0.001], [1, 0.002], [0, 1], [-1, -1]]
    captions = ["one", "another", "third", "the fourth", "far", "away"]
    assert overlapping(boxes_of(flat_map(rows, captions))) == []


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        ([[3, 0], [0, 5]], [[0.5**0.5, 0], [-(0.5**0.5), 0]]),  # two
        ([[2, 0, 0], [0, 0, 0], [-4, 0, 0]], [[1, 0], [0, 0], [-1, 0]]),  # one of zeros
        ([[1, 1], [2, 2], [3, 3]], [[0, 0]] * 3),  # all in one place
        ([[0, 0]] * 3, [[0, 0]] * 3),
    ],
)
def test_few_rows_zeros_and_equal_ones(rows, wanted):
    picture = flat_map(np.array(rows), list("abc")[: len(rows)])
    found, wanted = drawn_places(picture), np.array(wanted)
    sign = 1 if (found * wanted).sum() >= 0 else -1
    np.testing.assert_allclose(found, sign * wanted, atol=1e-9)
    assert len(picture.png()) > 1000
    axes = picture.figure.axes[0]
    assert "nan" not in picture.alt + axes.get_xlabel() + axes.get_ylabel()
    assert "-0.00" not in picture.alt


def test_dollars_are_written_as_they_are():
    """Between two of them matplotlib would read a formula."""
    captions = ["costs $5 or $6_", "$\\frac$", "a"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture = flat_map(np.eye(3), captions)
        assert len(picture.png()) > 1000
        assert len(attention_map(captions, weights(1, 3)).png()) > 1000
    assert list(boxes_of(picture)) == captions


@pytest.mark.parametrize(
    ("rows", "captions", "groups", "message"),
    [
        (np.eye(3), ["a", "b"], None, "3 rows, but 2 captions"),
        (np.eye(3), list("abc"), ["x"], "3 rows, but 1 groups"),
        (np.ones((1, 4)), ["a"], None, r"two rows and two columns at least, got \(1, 4\)"),
        (np.ones((4, 1)), list("abcd"), None, r"at least, got \(4, 1\)"),
        (np.ones(4), list("abcd"), None, r"at least, got \(4,\)"),
    ],
)
def test_what_makes_no_map_is_refused(rows, captions, groups, message):
    with pytest.raises(ValueError, match=message):
        flat_map(rows, captions, groups)


# ---------------------------------------------------------------- seeds


def test_every_accuracy_is_a_point_and_none_lies_on_another(pictures):
    points, medians = (pictures["every_seed"].figure.axes[0].lines[:4][i::2] for i in (0, 1))
    for y, (name, line) in enumerate(zip(METHODS, points, strict=True)):
        assert line.get_xdata().tolist() == ACCURACIES[name], "in the order of the seeds"
        heights = np.asarray(line.get_ydata())
        assert np.abs(heights - y).max() < 0.35 and len(set(heights.round(6))) == len(heights)
    for y, (name, line) in enumerate(zip(METHODS, medians, strict=True)):
        assert list(line.get_xdata()) == [np.median(ACCURACIES[name])] * 2
        assert min(line.get_ydata()) < y < max(line.get_ydata())


def test_ten_equal_accuracies_are_ten_points():
    runs = pd.DataFrame({"strategy": "m", "seed": range(10), "accuracy": 0.5})
    line = every_seed(runs, ["m"]).figure.axes[0].lines[0]
    assert len(set(np.round(line.get_ydata(), 6))) == 10
    assert np.mean(line.get_ydata()) == pytest.approx(0)
    alone = every_seed(runs[:1], ["m"]).figure.axes[0].lines[0]
    assert list(alone.get_ydata()) == [0]


def test_the_first_method_stands_above_and_lines_have_their_names(runs):
    axes = every_seed(runs, METHODS[::-1], {"chance": 0.5, "TF-IDF": 0.75}).figure.axes[0]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == METHODS[::-1]
    low, high = axes.get_ylim()
    assert low > 1.35 and high < -0.35, "all rows lie inside, the first one above"
    assert [line.get_xdata()[0] for line in axes.lines[4:]] == [0.5, 0.75]
    assert [text.get_text() for text in axes.texts] == ["chance", "TF-IDF"]
    assert "accuracy" in axes.get_xlabel()


def test_the_alt_text_tells_every_seed_the_medians_and_the_lines(pictures, runs):
    assert pictures["every_seed"].alt == (
        "Accuracy of every seed. high rate: 0.50, 0.91, 0.50, 0.72 (median 0.61); "
        "low rate: 0.80, 0.81, 0.84, 0.79 (median 0.81). chance 0.50."
    )
    assert every_seed(runs, METHODS).alt.endswith("0.79 (median 0.81).")


def test_a_method_without_runs_is_named(runs):
    with pytest.raises(ValueError, match="the runs hold no strategy 'lo rate'"):
        every_seed(runs, ["high rate", "lo rate"])


# ---------------------------------------------------------------- attention


def test_each_head_is_a_panel_with_its_weights_and_the_tokens(pictures):
    *panels, bar = pictures["attention_map"].figure.axes
    assert len(panels) == 2 and bar.get_ylabel() == "weight"
    for i, (axes, head) in enumerate(zip(panels, weights(), strict=True)):
        assert axes.get_title() == f"head {i + 1}" and axes.get_xlabel() == "is looked at"
        assert [tick.get_text() for tick in axes.get_xticklabels()] == TOKENS
        assert list(axes.get_yticks()) == list(axes.get_xticks()) == list(range(5))
        [image] = axes.images
        np.testing.assert_array_equal(image.get_array(), head.numpy())
        assert image.get_clim() == (0, 1)
    assert [tick.get_text() for tick in panels[0].get_yticklabels()] == TOKENS
    assert panels[0].get_ylabel() == "looks"
    assert pictures["attention_map"].figure.get_suptitle() == "layer 3"


def test_the_alt_text_names_what_is_looked_at_most():
    head = torch.full((3, 3), 0.1)
    head[0, 2] = head[1, 0] = head[2, 1] = 0.8
    alt = attention_map(["a", "b", "c"], torch.stack([head, head.T])).alt
    assert alt == (
        "Where each token looks most. head 1: a at c, b at a, c at b; head 2: a at b, b at c, "
        "c at a."
    )


def test_one_head_has_one_panel():
    figure = attention_map(TOKENS, weights(1)).figure
    assert len(figure.axes) == 2 and figure.axes[0].get_ylabel() == "looks"


def test_tokens_of_another_text_are_refused():
    message = r"4 tokens need weights of shape \(heads, 4, 4\), got \(2, 5, 5\)"
    with pytest.raises(ValueError, match=message):
        attention_map(TOKENS[:4], weights())
