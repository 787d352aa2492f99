"""Figures about domains: what is drawn is what was given, and it is told in words and numbers."""

from __future__ import annotations

import inspect
import io
import re
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from PIL import Image
from scipy.stats import spearmanr

from tlhelpers.evaluation.repeated import judged, learning_curve
from tlhelpers.figures import domains as domain_plots
from tlhelpers.figures.domains import (
    before_after,
    by_strength,
    domain_matrix,
    matrices,
    neighbours_shared,
    one_label_count,
    scorer_scatter,
    seed_pairs,
    word_shift,
)

DOMAINS = ["news", "movies", "tweets"]
VALUES = pd.DataFrame([[0.9, 0.7, 0.55], [0.62, 0.86, 0.6], [0.71, 0.74, 0.81]], DOMAINS, DOMAINS)
WORDS = pd.DataFrame(
    {
        "feature": ["the", "said", "lol", "$5 or $6_", "same"],
        "source_mean": [2.0, 0.8, 0.0, 0.10, 0.3],
        "target_mean": [1.5, 0.1, 0.4, 0.12, 0.3],
    }
)
STRENGTHS = {1.0: "strong", 0.0: "none", 0.1: "weak"}
TARGET_RATES = {"source only": 0.6, "none": 0.6, "weak": 0.8, "strong": 0.3, "oracle": 0.9}
SOURCE_RATES = {"source only": 0.9, "none": 0.9, "weak": 0.9, "strong": 0.6, "oracle": 0.7}
CLASS_NAMES = ["a_cat", "dog", "bird"]


def runs_of(rates: dict, seeds: int = 4, items: int = 60, labels: int = 20) -> pd.DataFrame:
    """Runs whose strategies are right with given rates, as a sweep gives them."""
    truth = np.arange(items) % 3
    rows = []
    for seed in range(seeds):
        for place, (name, rate) in enumerate(rates.items()):
            right = np.random.default_rng((seed, place)).random(items) < rate
            found = judged(truth, np.where(right, truth, (truth + 1) % 3), np.arange(items))
            rows.append({"seed": seed, "labels": labels, "strategy": name} | found)
    return pd.DataFrame(rows).sample(frac=1, random_state=0)


TARGET, SOURCE = runs_of(TARGET_RATES), runs_of(SOURCE_RATES)


def scored() -> pd.DataFrame:
    """Runs with a perfect score, a useless one, and one to be minimised."""
    noise = np.random.default_rng(3).random(len(TARGET))
    return TARGET.assign(perfect=TARGET["accuracy"] * 2, noise=noise, loss=-TARGET["accuracy"])


def items(n: int = 60, gap: float = 0.0, columns: int = 6):
    """Features of two domains, which lie `gap` apart, and their classes."""
    rng = np.random.default_rng(0)
    classes = np.arange(2 * n) % 3
    rows = 4 * np.eye(3, columns)[classes] + rng.normal(size=(2 * n, columns))
    domains = np.repeat(["photographs", "drawings"], n)
    return rows + gap * (domains == "drawings")[:, None], domains, classes


@pytest.fixture(scope="module")
def pictures():
    """One of each public function that draws."""
    far, domains, classes = items(gap=8.0)
    views = {"as they are": far, "aligned": items()[0]}
    return {
        "domain_matrix": domain_matrix(VALUES, "Linear head"),
        "matrices": matrices({"TF-IDF": VALUES, "encoder": VALUES.T}, "Sentiment"),
        "word_shift": word_shift(WORDS, "news", "tweets", "Words", count=4),
        "before_after": before_after(views, domains, classes, CLASS_NAMES, title="Views"),
        "by_strength": by_strength(TARGET, SOURCE, STRENGTHS, "source only", "oracle", "DANN"),
        "seed_pairs": seed_pairs({"here": SOURCE, "there": TARGET}, "source only", "strong"),
        "scorer_scatter": scorer_scatter(
            scored(), ["perfect", "noise", "loss"], ["none", "weak", "strong"], lower=["loss"]
        ),
    }


def test_each_public_function_that_draws_is_tested(pictures):
    public = [
        name
        for name, one in inspect.getmembers(domain_plots, inspect.isfunction)
        if one.__module__ == domain_plots.__name__ and not name.startswith("_")
    ]
    assert sorted([*pictures, "neighbours_shared", "one_label_count"]) == sorted(public)


DRAWING = [
    "domain_matrix", "matrices", "word_shift", "before_after", "by_strength", "seed_pairs",
    "scorer_scatter",
]  # fmt: skip


@pytest.mark.parametrize("name", DRAWING)
@pytest.mark.filterwarnings("error")
def test_each_figure_shows_something_and_is_told_in_one_line(pictures, name):
    pixels = np.asarray(Image.open(io.BytesIO(pictures[name].png())).convert("RGB"))
    height, width, _ = pixels.shape
    assert 100 < height < 1500 and 200 < width < 2000 and pixels.std() > 10
    alt = pictures[name].alt
    assert len(alt) > 40 and alt.endswith(".")
    assert not re.search(r"\n|\bnan\b|\\|-0\.00", alt)


def all_texts(figure):
    """Every text that is seen: titles, labels, ticks, legends, and what stands in the axes."""
    figure.draw_without_rendering()
    found = [figure._suptitle] if figure._suptitle else []
    for axes in [one for one in figure.axes if one.axison]:
        found += [axes.title, axes.xaxis.label, axes.yaxis.label, *axes.texts]
        ticks = zip((axes.xaxis, axes.yaxis), (axes.get_xlim(), axes.get_ylim()), strict=True)
        for axis, ends in ticks:
            low, high = sorted(ends)
            found += [
                tick.label1
                for tick in axis.get_major_ticks()
                if tick.label1.get_visible() and low <= tick.get_loc() <= high
            ]
    legends = [*figure.legends, *(one.get_legend() for one in figure.axes)]
    for legend in filter(None, legends):
        found += [legend.get_title(), *legend.get_texts()]
    return [text for text in found if text.get_text().strip() and text.get_visible()]


@pytest.mark.parametrize("name", DRAWING)
def test_no_text_lies_on_another(pictures, name):
    texts = all_texts(pictures[name].figure)
    assert len(texts) > 5
    level = [text for text in texts if text.get_rotation() in (0, 90)]
    boxes = [(text.get_text(), text.get_window_extent()) for text in level]
    assert [(a[0], b[0]) for a, b in combinations(boxes, 2) if a[1].overlaps(b[1])] == []


# ---------------------------------------------------------------- trained on, tested on


def contrast(one: str, other) -> float:
    def luminance(colour):
        parts = [int(to_hex(colour)[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        parts = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
        return float(np.dot(parts, (0.2126, 0.7152, 0.0722)))

    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def test_each_cell_holds_its_number_and_the_same_domain_is_framed(pictures):
    axes, bar = pictures["domain_matrix"].figure.axes
    [image] = axes.images
    np.testing.assert_array_equal(image.get_array(), VALUES.to_numpy())
    assert image.get_clim() == (0.5, 1) and bar.get_ylabel() == "accuracy"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("tested on", "trained on")
    assert [text.get_text() for text in axes.get_xticklabels()] == DOMAINS
    assert [text.get_text() for text in axes.get_yticklabels()] == DOMAINS
    for text in axes.texts:
        column, row = map(int, text.get_position())
        assert text.get_text() == f"{VALUES.iloc[row, column]:.2f}"
    centres = [np.add(p.get_xy(), (p.get_width() / 2, p.get_height() / 2)) for p in axes.patches]
    np.testing.assert_allclose(centres, [[i, i] for i in range(3)], atol=1e-9)


def test_every_number_can_be_read_on_every_colour():
    values = pd.DataFrame(np.linspace(0, 1, 25).reshape(5, 5))
    axes = domain_matrix(values, low=0).figure.axes[0]
    [image] = axes.images
    for text in axes.texts:
        below = image.cmap(image.norm(float(values.iloc[text.get_position()[::-1]])))
        assert contrast(text.get_color(), below) > 4.5


def test_the_alt_text_of_a_matrix_holds_every_number(pictures):
    assert pictures["domain_matrix"].alt == (
        "Accuracy by the domain trained on and the one tested on, Linear head. "
        "trained on news: news 0.90 (the same), movies 0.70, tweets 0.55; "
        "trained on movies: news 0.62, movies 0.86 (the same), tweets 0.60; "
        "trained on tweets: news 0.71, movies 0.74, tweets 0.81 (the same)."
    )


def test_frames_follow_names_not_places():
    part = VALUES.loc[["tweets", "news"], ["news", "movies"]]
    [frame] = domain_matrix(part).figure.axes[0].patches
    assert (frame.get_x(), frame.get_y()) == pytest.approx((-0.44, 0.56))


def test_several_matrices_have_one_colour_scale(pictures):
    *panels, bar = pictures["matrices"].figure.axes
    assert [axes.get_title() for axes in panels] == ["TF-IDF", "encoder"]
    assert {axes.images[0].get_clim() for axes in panels} == {(0.5, 1)}
    low = matrices({"a": VALUES, "b": VALUES - 0.3}).figure.axes
    assert [axes.images[0].get_clim() for axes in low[:2]] == [pytest.approx((0.25, 1))] * 2
    assert bar.get_ylabel() == "accuracy"
    alt = pictures["matrices"].alt
    assert "TF-IDF. trained on news: news 0.90" in alt and "encoder. trained on news" in alt
    assert "encoder. trained on news: news 0.90 (the same), movies 0.62, tweets 0.71" in alt


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (VALUES * 100, "must lie in 0..1, got 90.0 for trained on 'news', tested on 'news'"),
        (VALUES.replace(0.6, np.nan), "got nan for trained on 'movies', tested on 'tweets'"),
        (VALUES.iloc[:0], "a row and a column at least"),
        (VALUES.to_numpy(), "must be a DataFrame"),
    ],
)
def test_what_makes_no_matrix_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        domain_matrix(values)
    with pytest.raises(ValueError, match="of 'second'"):
        matrices({"first": VALUES, "second": values})


def test_no_table_is_refused():
    with pytest.raises(ValueError, match="there is no table to draw"):
        matrices({})


# ---------------------------------------------------------------- words


def test_the_most_different_words_are_shown_those_of_the_target_above(pictures):
    axes = pictures["word_shift"].figure.axes[0]
    here, there = axes.lines
    shown = [text.get_text() for text in axes.get_yticklabels()]
    assert shown == ["lol", "$5 or $6_", "the", "said"], "the fifth differs least"
    rows = WORDS.set_index("feature").loc[shown]
    assert list(here.get_xdata()) == list(rows["source_mean"])
    assert list(there.get_xdata()) == list(rows["target_mean"])
    assert here.get_marker() != there.get_marker() and here.get_color() != there.get_color()
    ends = [segment[:, 0].tolist() for segment in axes.collections[0].get_segments()]
    assert ends == rows[["source_mean", "target_mean"]].to_numpy().tolist()
    low, high = axes.get_ylim()
    assert low > high, "the first one above"
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    assert legend == ["news", "tweets"] and axes.get_xlabel() == "mean per text"


def test_the_alt_text_of_words_holds_both_means(pictures):
    assert pictures["word_shift"].alt == (
        "Words by their mean per text in news and in tweets. lol 0.000 and 0.400; "
        "$5 or $6_ 0.100 and 0.120; the 2.000 and 1.500; said 0.800 and 0.100."
    )


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
        word_shift(table, "news", "tweets")


# ---------------------------------------------------------------- features before and after


def neighbours_by_hand(rows, domains, classes):
    rows = (rows - rows.mean(0)) / rows.std(0)
    apart = np.linalg.norm(rows[:, None] - rows[None], axis=2)
    target = domains == "drawings"
    across = apart[np.ix_(target, ~target)].argmin(1)
    np.fill_diagonal(apart, np.inf)
    other = np.mean(target[apart.argmin(1)] != target)
    return other, np.mean(classes[~target][across] == classes[target])


@pytest.mark.parametrize("gap", [0.0, 0.7, 8.0])
def test_neighbours_are_those_found_by_hand(gap):
    rows, domains, classes = items(gap=gap, columns=4)
    found = neighbours_shared(rows, domains, classes)
    assert found == pytest.approx(neighbours_by_hand(rows, domains, classes))


def test_neighbours_of_domains_far_apart_and_of_copies():
    rows, domains, classes = items(gap=100.0)
    assert neighbours_shared(rows, domains, classes)[0] == 0
    twice = np.concatenate([rows[:60], rows[:60] + 1e-9])
    assert neighbours_shared(twice, domains, np.tile(classes[:60], 2)) == (1, 1)
    assert neighbours_shared(twice * [1, 1, 1, 1, 1, 1e6], domains, classes)[0] == 1
    constant = np.column_stack([twice, np.ones(120)])
    assert neighbours_shared(constant, domains, classes)[0] == 1


def test_points_are_the_same_above_and_below_and_the_first_two_components(pictures):
    grid = np.reshape(pictures["before_after"].figure.axes, (2, 2))
    rows, _, classes = items(gap=8.0)
    rows = (rows - rows.mean(0)) / rows.std(0)
    u, s, _ = np.linalg.svd(rows, full_matrices=False)
    wanted = u[:, :2] * s[:2]
    source, target = (np.column_stack(line.get_data()) for line in grid[0, 0].lines)
    found = np.concatenate([source, target])
    signs = np.sign((found * wanted).sum(axis=0))
    np.testing.assert_allclose(found, wanted * signs, atol=1e-8)
    for label, line in enumerate(grid[1, 0].lines):
        np.testing.assert_array_equal(np.column_stack(line.get_data()), found[classes == label])
    shares = 100 * s**2 / (s**2).sum()
    assert grid[1, 0].get_xlabel() == f"PCA, first component ({shares[0]:.0f} % of variance)"
    assert grid[1, 0].get_ylabel() == f"PCA, second ({shares[1]:.0f} %)"


def test_both_numbers_stand_in_the_titles_and_in_the_alt_text(pictures):
    picture = pictures["before_after"]
    grid = np.reshape(picture.figure.axes, (2, 2))
    assert picture.alt.startswith(
        "Items of photographs (source) and drawings (target) in two dimensions (first two "
        "principal components). as they are: neighbour of the other domain: 0 %; target "
    )
    for column, (name, gap) in enumerate((("as they are", 8.0), ("aligned", 0.0))):
        other, same = (100 * value for value in neighbours_shared(*items(gap=gap)))
        above = f"neighbour of the other domain: {other:.0f} %"
        below = f"target items whose nearest source item has their class: {same:.0f} %"
        assert grid[0, column].get_title() == f"{name}\n{above}"
        assert grid[1, column].get_title().replace("\n", " ") == below
        assert f"{name}: {above}; {below}" in picture.alt


def test_domains_and_classes_have_their_own_colours_and_markers():
    rows, domains, _ = items()
    names = [f"class_{i}" for i in range(10)]
    above, below = before_after({"one": rows}, domains, np.arange(120) % 10, names).figure.axes
    for axes, count in ((above, 2), (below, 10)):
        assert len({line.get_color() for line in axes.lines}) == count
        assert len({line.get_marker() for line in axes.lines}) == count
    legends = [[t.get_text() for t in axes.get_legend().get_texts()] for axes in (above, below)]
    assert legends[0] == ["photographs (source)", "drawings (target)"]
    assert legends[1] == [f"class {i}" for i in range(10)]


def test_tsne_is_named_and_drawn_the_same_each_time():
    rows, domains, classes = items(n=20)
    first, again = (
        before_after({"one": rows}, domains, classes, CLASS_NAMES, tsne=True) for _ in range(2)
    )
    assert "(t-SNE, perplexity 30)" in first.alt
    above, _ = first.figure.axes
    assert above.get_xlabel() == "t-SNE, first axis" and "PCA" not in above.get_ylabel()
    other = again.figure.axes[0]
    for line, same in zip(above.lines, other.lines, strict=True):
        np.testing.assert_array_equal(line.get_data(), same.get_data())


def changed(**what):
    rows, domains, classes = items(n=15)
    given = {"views": {"one": rows}, "domains": domains, "classes": classes}
    return given | {"class_names": CLASS_NAMES} | what


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ({"views": {}}, "there is no view to draw"),
        ({"views": {"one": np.ones((30, 1))}}, r"two columns at least, got \(30, 1\)"),
        ({"views": {"one": np.full((30, 2), np.nan)}}, "NaN or infinite"),
        ({"domains": ["a", "b"]}, "30 rows, but 2 domains and 30 classes"),
        ({"domains": ["a", "b", "c"] * 10}, "items of two domains, got a, b, c"),
        ({"domains": ["a"] * 30}, "items of two domains, got a"),
        ({"class_names": ["cat", "dog"]}, r"lie in 0..1 \(there are 2 class names\), got 0..2"),
        ({"class_names": list("abcdefghijk")}, "11 classes: colours stay apart for at most ten"),
        ({"classes": [0.5] * 30}, "classes"),
        ({"tsne": True}, "t-SNE needs more than 30 items, got 30"),
    ],
)
def test_what_makes_no_views_is_refused(what, message):
    with pytest.raises(ValueError, match=message):
        before_after(**changed(**what))


# ---------------------------------------------------------------- what an adaptation brings


def test_means_and_bands_are_those_of_the_learning_curve(pictures):
    axes = pictures["by_strength"].figure.axes[0]
    order = ["none", "weak", "strong"]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["0", "0.1", "1"]
    lines = {line.get_label(): line for line in axes.lines}
    for band, (name, runs) in zip(
        axes.collections, (("on the target", TARGET), ("on the source", SOURCE)), strict=True
    ):
        curve = learning_curve(runs).set_index("strategy").loc[order]
        assert list(lines[name].get_ydata()) == list(curve["mean"])
        box = band.get_paths()[0].vertices[:, 1]
        assert {*curve.low, *curve.high} <= set(box)
        for strength, point in zip((0, 0.1, 1), curve.itertuples(), strict=True):
            told = f"{name} {point.mean:.2f} [{point.low:.2f}, {point.high:.2f}]"
            assert re.search(
                rf"strength {strength:g}: [^;]*{re.escape(told)}", pictures["by_strength"].alt
            )
    assert lines["on the target"].get_marker() != lines["on the source"].get_marker()


def test_every_seed_is_a_dot_of_its_own(pictures):
    axes = pictures["by_strength"].figure.axes[0]
    dots = [line for line in axes.lines if line.get_linestyle() == "None"]
    drawn = [list(line.get_ydata()) for line in dots]
    wanted = [
        runs[runs["strategy"] == strategy].sort_values("seed")["accuracy"].tolist()
        for runs in (TARGET, SOURCE)
        for strategy in ("none", "weak", "strong")
    ]
    assert drawn == wanted
    for line, place in zip(dots, [0, 1, 2] * 2, strict=True):
        assert len(set(line.get_xdata())) == 4 and np.abs(line.get_xdata() - place).max() < 0.3


def test_control_and_oracle_are_lines_with_their_numbers(pictures):
    axes = pictures["by_strength"].figure.axes[0]
    means = TARGET.groupby("strategy")["accuracy"].mean()
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    for name in ("source only", "oracle"):
        label = f"{name}, on the target: {means[name]:.2f}"
        assert label in legend and label in pictures["by_strength"].alt
        [line] = [line for line in axes.lines if line.get_label() == label]
        assert list(line.get_ydata()) == pytest.approx([means[name]] * 2)
    without = by_strength(TARGET, SOURCE, STRENGTHS, "source only")
    assert "oracle" not in without.alt


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"strengths": {}}, "strengths are empty"),
        ({"strengths": {"weak": 0.1}}, "must map numbers to strategies, got"),
        ({"strengths": {0.1: "weka"}}, "the runs hold no strategy 'weka'"),
        ({"control": "nothing"}, "the runs hold no strategy 'nothing'"),
        ({"oracle": "nobody"}, "the runs hold no strategy 'nobody'"),
        ({"runs": pd.concat([TARGET, TARGET.assign(labels=5)])}, r"label counts \[5, 20\]"),
        ({"source_runs": SOURCE.drop(columns="labels")}, "runs lack labels"),
    ],
)
def test_what_makes_no_strengths_is_refused(change, message):
    given = {"runs": TARGET, "source_runs": SOURCE, "strengths": STRENGTHS}
    with pytest.raises(ValueError, match=message):
        by_strength(**(given | {"control": "source only"} | change))


def test_runs_of_one_label_count_are_only_those_of_the_methods():
    both = pd.concat([TARGET, SOURCE.assign(strategy="other", labels=5)])
    rows = one_label_count(both, ["weak", "none"])
    assert set(rows["strategy"]) == {"weak", "none"} and len(rows) == 8


def test_every_seed_is_a_line_from_one_method_to_the_other(pictures):
    for axes, runs in zip(pictures["seed_pairs"].figure.axes, (SOURCE, TARGET), strict=True):
        table = runs.pivot(index="seed", columns="strategy", values="accuracy")
        table = table[["source only", "strong"]]
        drawn = [list(line.get_ydata()) for line in axes.lines[:5]]
        assert drawn[:4] == table.to_numpy().tolist()
        assert drawn[4] == pytest.approx(table.mean().tolist())
        low, high = axes.get_ylim()
        assert low < table.to_numpy().min() and table.to_numpy().max() < high
        for line, (a, b) in zip(axes.lines[:4], table.to_numpy(), strict=True):
            assert (line.get_linestyle() == "--") == (b < a)
        a, b = table.mean()
        assert axes.get_title().endswith(f"\nmean {a:.2f} → {b:.2f}")
        for seed, (a, b) in table.iterrows():
            assert f"seed {seed} {a:.2f} → {b:.2f}" in pictures["seed_pairs"].alt


def test_seeds_that_differ_are_refused():
    part = TARGET[(TARGET["strategy"] != "weak") | (TARGET["seed"] > 0)]
    with pytest.raises(ValueError, match=r"not paired: seeds \[0, 1, 2, 3\] against \[1, 2, 3\]"):
        seed_pairs({"here": part}, "none", "weak")


# ---------------------------------------------------------------- choosing


AMONG = ["none", "weak", "strong"]


def test_every_candidate_is_a_point_and_one_of_each_seed_is_marked(pictures):
    runs = scored()
    runs = runs[runs["strategy"].isin(AMONG)]
    axes = pictures["scorer_scatter"].figure.axes
    for panel, name, sign in zip(axes, ("perfect", "noise", "loss"), (1, 1, -1), strict=True):
        points, picked = panel.lines
        drawn = sorted(zip(*points.get_data(), strict=True))
        assert drawn == sorted(zip(runs[name], runs["accuracy"], strict=True))
        best = [own.loc[(sign * own[name]).idxmax()] for _, own in runs.groupby("seed")]
        assert list(picked.get_xdata()) == [row[name] for row in best]
        assert list(picked.get_ydata()) == [row["accuracy"] for row in best]
        mean = np.mean([row["accuracy"] for row in best])
        rank = [sign * spearmanr(o[name], o["accuracy"])[0] for _, o in runs.groupby("seed")]
        told = f"rank correlation {np.mean(rank):+.2f}".replace("-", "−")
        assert panel.get_title() == f"{name}\n{told}\npicked: {mean:.2f}"
        assert f"{name}: {told}, picked {mean:.2f} on average" in pictures["scorer_scatter"].alt
    best = runs.groupby("seed")["accuracy"].max().mean()
    words = f"best candidate of each seed: {best:.2f} on average"
    assert pictures["scorer_scatter"].figure.get_suptitle() == words
    assert words in pictures["scorer_scatter"].alt
    assert axes[0].get_title().split("\n")[1] == "rank correlation +1.00"
    assert axes[2].get_xlabel() == "score, lower is better"


def test_of_equal_scores_the_first_candidate_is_picked_and_ranks_may_not_exist():
    runs = TARGET.assign(flat=1.0, half=np.where(TARGET["seed"] == 0, TARGET["accuracy"], 0))
    axes = scorer_scatter(runs, ["flat", "half"], ["weak", "none"]).figure.axes
    wanted = TARGET[TARGET["strategy"] == "weak"].sort_values("seed")["accuracy"].tolist()
    assert list(axes[0].lines[1].get_ydata()) == wanted
    assert "rank correlation: not defined" in axes[0].get_title()
    assert "rank correlation +1.00 (1 of 4 seeds)" in axes[1].get_title()


def test_five_scorers_stand_in_two_rows_without_empty_axes():
    runs = TARGET.assign(**{f"score {i}": TARGET["accuracy"] * i for i in range(1, 6)})
    axes = scorer_scatter(runs, [f"score {i}" for i in range(1, 6)], AMONG).figure.axes
    assert [one.axison for one in axes] == [True] * 5 + [False] * 3
    assert [bool(one.get_ylabel()) for one in axes[:5]] == [True, False, False, False, True]


@pytest.mark.parametrize(
    ("runs", "scorers", "among", "message"),
    [
        (scored(), ["entropy"], AMONG, "the runs hold no scores 'entropy'"),
        (scored(), [], AMONG, "one scorer and two different candidates"),
        (scored(), ["noise"], ["weak", "weak"], "one scorer and two different candidates"),
        (scored(), ["noise"], ["weak", "wea"], "the runs hold no strategy 'wea'"),
        (scored().assign(noise=np.nan), ["noise"], AMONG, "the score 'noise' of .* is no number"),
        (pd.concat([scored()] * 2), ["noise"], AMONG, "one run per seed"),
        (scored()[lambda t: (t.strategy != "weak") | (t.seed > 0)], ["noise"], AMONG, "one run per"),
    ],
)
def test_what_makes_no_scores_is_refused(runs, scorers, among, message):
    with pytest.raises(ValueError, match=message):
        scorer_scatter(runs, scorers, among)
