"""Figures of pictures, domains, features and words: what is drawn is what was given."""

from __future__ import annotations

import hashlib
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import torch
from made_figures import (
    CAPTIONS,
    CLASS_NAMES,
    DOMAINS,
    GROUPS,
    ROWS,
    TOKENS,
    VALUES,
    WORDS,
    attention,
    drawn,
    legend_of,
    texts,
    two_domains,
)
from matplotlib.colors import to_hex

from tlhelpers import figures
from tlhelpers.adaptation.mixing import neighbours_shared


def grid_of(picture) -> np.ndarray:
    return np.reshape(picture.figure.axes, (2, -1))


def first_two_components(rows):
    """Places in two dimensions, by numpy alone, and their shares of the variance."""
    middle = rows - rows.mean(axis=0)
    u, s, _ = np.linalg.svd(middle, full_matrices=False)
    return u[:, :2] * s[:2], s**2 / (s**2).sum()


def assert_same_up_to_sign(points, wanted):
    signs = np.sign((points * wanted).sum(axis=0))
    signs[signs == 0] = 1
    np.testing.assert_allclose(points, wanted * signs, atol=1e-8)


# ---------------------------------------------------------------- pictures


def test_wrong_predictions_are_marked_by_more_than_a_colour():
    marks = [text[0] for text in texts(drawn()["prediction_grid"]) if text[0] in "✓✗"]
    assert [i for i, mark in enumerate(marks) if mark == "✗"] == [0, 3] and len(marks) == 15
    alt = drawn()["prediction_grid"].alt
    assert "13 of 15 right" in alt and alt.count("(wrong)") == 2


def test_the_contact_sheet_shows_its_own_class_and_follows_the_seed(twemoji):
    sheets = [figures.contact_sheet(twemoji, per_class=3, seed=seed) for seed in (0, 0, 1)]
    first, again, other = (
        [np.asarray(axes.get_images()[0].get_array()) for axes in sheet.figure.axes]
        for sheet in sheets
    )
    known = dict(zip(twemoji.fingerprints, twemoji.labels, strict=True))
    labels = [known[hashlib.sha256(np.ascontiguousarray(a)).hexdigest()] for a in first]
    assert labels == np.repeat(np.arange(10), 3).tolist()
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    for name, count in twemoji.counts().items():
        assert f"{name} {count}" in sheets[0].alt


def test_sheets_name_what_they_show(twemoji):
    for i in (0, 60, 200):
        assert twemoji.groups[i] in drawn()["paired_sheet"].alt
    near = ", ".join(twemoji.groups[[1, 2]])
    assert f"{twemoji.groups[3]} by pixels: {near}" in drawn()["neighbour_sheet"].alt


# ---------------------------------------------------------------- trained on, tested on


def contrast(one: str, other) -> float:
    def luminance(colour):
        parts = [int(to_hex(colour)[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        parts = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
        return float(np.dot(parts, (0.2126, 0.7152, 0.0722)))

    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def test_each_cell_holds_its_number_and_the_same_domain_is_framed():
    axes, other, bar = drawn()["matrices"].figure.axes
    assert [one.get_title() for one in (axes, other)] == ["TF-IDF", "encoder"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("tested on", "trained on")
    assert bar.get_ylabel() == "accuracy"
    for ticks in (axes.get_xticklabels(), axes.get_yticklabels()):
        assert [text.get_text() for text in ticks] == DOMAINS
    for text in axes.texts:
        column, row = map(int, text.get_position())
        assert text.get_text() == f"{VALUES.iloc[row, column]:.2f}"
    part = VALUES.loc[["tweets", "news"], ["news", "movies"]]
    for frames, wanted in ((axes.patches, [(i, i) for i in range(3)]), (frames_of(part), [(0, 1)])):
        centres = [(p.get_x() + 0.44, p.get_y() + 0.44) for p in frames]
        np.testing.assert_allclose(centres, wanted, atol=1e-9)


def frames_of(values):
    return figures.matrices({"": values}).figure.axes[0].patches


def test_every_number_can_be_read_on_every_colour():
    values = pd.DataFrame(np.linspace(0, 1, 25).reshape(5, 5))
    axes = figures.matrices({"": values}, low=0).figure.axes[0]
    [image] = axes.images
    for text in axes.texts:
        below = image.cmap(image.norm(float(values.iloc[text.get_position()[::-1]])))
        assert contrast(text.get_color(), below) > 4.5


def test_several_matrices_have_one_colour_scale():
    for tables, low in (({"a": VALUES}, 0.5), ({"a": VALUES, "b": VALUES - 0.3}, 0.25)):
        panels = figures.matrices(tables).figure.axes[:-1]
        assert [one.images[0].get_clim() for one in panels] == [pytest.approx((low, 1))] * len(
            tables
        )


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"b": VALUES * 100}, "of 'b' must lie in 0..1, got 90.0 for trained on 'news', tested on"),
        ({"a": VALUES, "b": VALUES.replace(0.6, np.nan)}, "got nan for trained on 'movies'"),
        ({"b": VALUES.iloc[:0]}, "a row and a column at least"),
        ({"b": VALUES.to_numpy()}, "must be a DataFrame"),
        ({}, "there is no table to draw"),
    ],
)
def test_what_makes_no_matrix_is_refused(tables, message):
    with pytest.raises(ValueError, match=message):
        figures.matrices(tables)


# ---------------------------------------------------------------- words of two domains


def test_the_most_different_words_are_shown_those_of_the_target_above():
    axes = drawn()["word_shift"].figure.axes[0]
    here, there = axes.lines
    shown = [text.get_text() for text in axes.get_yticklabels()]
    assert shown == ["lol", "$5 or $6_", "the", "said"], "the fifth differs least"
    rows = WORDS.set_index("feature").loc[shown]
    assert list(here.get_xdata()) == list(rows["source_mean"])
    assert list(there.get_xdata()) == list(rows["target_mean"])
    low, high = axes.get_ylim()
    assert low > high and legend_of(axes) == ["news", "tweets"]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (WORDS.drop(columns=["feature", "target_mean"]), "lacks feature, target_mean"),
        (WORDS.iloc[:0], "there is no word to draw"),
        (WORDS.assign(source_mean=np.nan), "a mean of the table is no number"),
    ],
)
def test_what_are_no_words_is_refused(table, message):
    with pytest.raises(ValueError, match=message):
        figures.word_shift(table, "news", "tweets")


# ---------------------------------------------------------------- features before and after


def test_points_are_the_same_above_and_below_and_the_first_two_components():
    grid = grid_of(drawn()["before_after"])
    rows, _, classes = two_domains(gap=8.0)
    wanted, shares = first_two_components((rows - rows.mean(0)) / rows.std(0))
    points = np.concatenate([np.column_stack(line.get_data()) for line in grid[0, 0].lines])
    assert_same_up_to_sign(points, wanted)
    for label, line in enumerate(grid[1, 0].lines):
        np.testing.assert_array_equal(np.column_stack(line.get_data()), points[classes == label])
    assert f"({100 * shares[0]:.0f} % of variance)" in grid[1, 0].get_xlabel()
    assert f"({100 * shares[1]:.0f} %)" in grid[1, 0].get_ylabel()


def test_both_numbers_stand_in_the_titles_and_in_the_alt_text():
    picture = drawn()["before_after"]
    for column, (name, gap) in enumerate((("as they are", 8.0), ("aligned", 0.0))):
        other, same = (100 * value for value in neighbours_shared(*two_domains(gap=gap)))
        above, below = (axes.get_title() for axes in grid_of(picture)[:, column])
        assert above.startswith(name) and above.endswith(f"other domain: {other:.0f} %")
        assert below.endswith(f"has their class: {same:.0f} %")
        assert f"{above}; {below}".replace("\n", ": ", 1).replace("\n", " ") in picture.alt


def test_domains_and_classes_have_their_own_colours_and_markers():
    rows, domains, _ = two_domains()
    names = [f"class_{i}" for i in range(10)]
    picture = figures.before_after({"one": rows}, domains, np.arange(120) % 10, names)
    for axes, count in zip(picture.figure.axes, (2, 10), strict=True):
        assert len({line.get_color() for line in axes.lines}) == count
        assert len({line.get_marker() for line in axes.lines}) == count
    above, below = map(legend_of, picture.figure.axes)
    assert above == ["photographs (source)", "drawings (target)"]
    assert below == [f"class {i}" for i in range(10)]


def test_tsne_is_named_and_drawn_the_same_each_time():
    rows, domains, classes = two_domains(n=20)
    first, again = (
        figures.before_after({"one": rows}, domains, classes, CLASS_NAMES, tsne=True)
        for _ in range(2)
    )
    assert "(t-SNE, perplexity 30)" in first.alt
    above, other = first.figure.axes[0], again.figure.axes[0]
    assert "t-SNE" in above.get_xlabel() and "PCA" not in above.get_ylabel()
    for line, same in zip(above.lines, other.lines, strict=True):
        np.testing.assert_array_equal(line.get_data(), same.get_data())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"views": {}}, "there is no view to draw"),
        ({"views": {"one": np.full((30, 2), np.nan)}}, "NaN or infinite"),
        ({"class_names": ["cat", "dog"]}, r"lie in 0..1 \(there are 2 class names\), got 0..2"),
        ({"class_names": list("abcdefghijk")}, "11 classes: colours stay apart for at most ten"),
        ({"tsne": True}, "t-SNE needs more than 30 items, got 30"),
    ],
)
def test_what_makes_no_views_is_refused(change, message):
    rows, domains, classes = two_domains(n=15)
    given = {"views": {"one": rows}, "domains": domains, "classes": classes}
    with pytest.raises(ValueError, match=message):
        figures.before_after(**(given | {"class_names": CLASS_NAMES} | change))


# ---------------------------------------------------------------- maps


def points_of(picture) -> np.ndarray:
    """The points of all groups, in the order of their lines."""
    lines = picture.figure.axes[0].lines
    return np.concatenate([np.column_stack(line.get_data()) for line in lines])


def overlapping(picture) -> list:
    picture.figure.draw_without_rendering()
    boxes = {one.get_text(): one.get_window_extent() for one in picture.figure.axes[0].texts}
    return [(a, b) for a, b in combinations(boxes, 2) if boxes[a].overlaps(boxes[b])]


def test_places_are_the_first_two_components_of_rows_of_length_one():
    wanted, shares = first_two_components(ROWS / np.linalg.norm(ROWS, axis=1, keepdims=True))
    longer = figures.flat_map(ROWS * np.arange(1, 13)[:, None], CAPTIONS)
    for picture in (drawn()["flat_map"], longer):
        assert_same_up_to_sign(points_of(picture), wanted)
        [axes] = picture.figure.axes
        assert f"({shares[0]:.0%} of the variance)" in axes.get_xlabel()
        assert f"({shares[1]:.0%})" in axes.get_ylabel()


def test_groups_look_different_and_captions_belong_to_their_points():
    [axes] = drawn()["flat_map"].figure.axes
    assert legend_of(axes) == ["city", "day", "food"] == [line.get_label() for line in axes.lines]
    assert [len(line.get_xdata()) for line in axes.lines] == [6, 3, 3]
    assert len({(line.get_color(), line.get_marker()) for line in axes.lines}) == 3
    places = points_of(drawn()["flat_map"])
    for text, word, group, place in zip(axes.texts, CAPTIONS, GROUPS, places, strict=True):
        assert text.get_text() == word and np.allclose(text.xy, place)
        x, y = place
        assert f"{word} ({group}) at {x:z.2f}, {y:z.2f}" in drawn()["flat_map"].alt
    plain = figures.flat_map(ROWS, CAPTIONS)
    assert "(" not in plain.alt and plain.figure.axes[0].get_legend() is None


@pytest.mark.parametrize("title", ["", "Three lines\nof a title\nmove all"])
def test_long_captions_do_not_overlap_either(title):
    """They take room from the axes, and so move the points that they stand beside."""
    rows = np.random.default_rng(0).normal(size=(10, 30))
    captions = [f"WWW {i} mmm a caption of some words …" for i in range(10)]
    assert overlapping(figures.flat_map(rows, captions, title=title)) == []


@pytest.mark.parametrize("seed", [7, 20])
def test_captions_are_placed_where_the_points_are_in_the_end(seed):
    """Placed once, before they had taken their room, they overlapped here."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(12, 5))
    captions = [f"caption {i} " + "word " * int(rng.integers(1, 12)) for i in range(12)]
    assert overlapping(figures.flat_map(rows, captions)) == []


def test_points_on_each_other_have_captions_apart():
    rows = [[1, 0.001], [1, 0], [1, -0.001], [1, 0.002], [0, 1], [-1, -1]]
    captions = ["one", "another", "third", "the fourth", "far", "away"]
    assert overlapping(figures.flat_map(rows, captions)) == []


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
    picture = figures.flat_map(np.array(rows), list("abc")[: len(rows)])
    assert_same_up_to_sign(points_of(picture), np.array(wanted))
    assert "nan" not in picture.alt + picture.figure.axes[0].get_xlabel()
    assert "-0.00" not in picture.alt


@pytest.mark.parametrize(
    ("rows", "captions", "groups", "message"),
    [
        (np.eye(3), ["a", "b"], None, "3 rows, but 2 captions"),
        (np.eye(3), list("abc"), ["x"], "3 rows, but 1 groups"),
        (np.ones((4, 1)), list("abcd"), None, r"at least, got \(4, 1\)"),
        (np.ones(4), list("abcd"), None, r"at least, got \(4,\)"),
    ],
)
def test_what_makes_no_map_is_refused(rows, captions, groups, message):
    with pytest.raises(ValueError, match=message):
        figures.flat_map(rows, captions, groups)


# ---------------------------------------------------------------- attention


def test_each_head_is_a_panel_with_its_weights_and_the_tokens():
    *panels, bar = drawn()["attention_map"].figure.axes
    assert len(panels) == 2 and bar.get_ylabel() == "weight"
    for i, (axes, head) in enumerate(zip(panels, attention(), strict=True)):
        assert axes.get_title() == f"head {i + 1}" and axes.get_xlabel() == "is looked at"
        assert [tick.get_text() for tick in axes.get_xticklabels()] == TOKENS
        np.testing.assert_array_equal(axes.images[0].get_array(), head.numpy())
        assert axes.images[0].get_clim() == (0, 1)
    assert [tick.get_text() for tick in panels[0].get_yticklabels()] == TOKENS
    assert panels[0].get_ylabel() == "looks"


def test_the_alt_text_names_what_is_looked_at_most():
    head = torch.full((3, 3), 0.1)
    head[0, 2] = head[1, 0] = head[2, 1] = 0.8
    alt = figures.attention_map(["a", "b", "c"], torch.stack([head, head.T])).alt
    assert "head 1: a at c, b at a, c at b" in alt and "head 2: a at b, b at c, c at a" in alt


def test_tokens_of_another_text_are_refused():
    message = r"4 tokens need weights of shape \(heads, 4, 4\), got \(2, 5, 5\)"
    with pytest.raises(ValueError, match=message):
        figures.attention_map(TOKENS[:4], attention())
