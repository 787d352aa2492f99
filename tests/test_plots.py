"""Every figure shows something and says it in words too."""

from __future__ import annotations

import base64
import hashlib
import inspect
import io
import re
from html.parser import HTMLParser

import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from PIL import Image

from tlhelpers.course import contents as course
from tlhelpers.evaluation.repeated import compare, learning_curve, repeat
from tlhelpers.figures import basic as plots
from tlhelpers.figures import palette
from tlhelpers.models import heads
from tlhelpers.models.features import raw_pixels


@pytest.fixture(scope="module")
def runs(twemoji, emoji_features):
    strategies = {
        "frozen features": heads.nearest_neighbours(emoji_features, twemoji.labels),
        "raw pixels": heads.nearest_neighbours(raw_pixels(twemoji, 8), twemoji.labels),
    }
    return repeat(strategies, twemoji, labels=[1, 5], seeds=3, progress=False)


@pytest.fixture(scope="module")
def comparison(runs):
    return compare(runs, "frozen features", "raw pixels", labels=5)


@pytest.fixture(scope="module")
def few(twemoji):
    return twemoji.subset(np.arange(0, 285, 19))


@pytest.fixture(scope="module")
def pictures(twemoji, openmoji, few, runs, comparison):
    """One of each public function of the module."""
    predicted = few.labels.copy()
    predicted[[0, 3]] = [2, 0]
    probes = runs[runs["labels"] == 5]
    return {
        "contact_sheet": plots.contact_sheet(twemoji, per_class=4),
        "paired_sheet": plots.paired_sheet(twemoji, openmoji, [0, 60, 200]),
        "picture_row": plots.picture_row(
            few.pixels[:3], ["as it was drawn", "turned to the left", "mirrored"]
        ),
        "prediction_grid": plots.prediction_grid(few, predicted),
        "neighbour_sheet": plots.neighbour_sheet(
            twemoji, [3, 90], {"pixels": np.array([[1, 2], [7, 8]])}
        ),
        "setup_diagram": plots.setup_diagram(
            "emoji\ndrawings",
            [("layers", "frozen"), ("noise", "random"), ("head", "trained")],
            "10 classes",
            "ImageNet",
        ),
        "learning_curves": plots.learning_curves(runs, {"chance": 0.1}, "A title"),
        "intervals": plots.intervals([comparison, comparison]),
        "by_layer": plots.by_layer(
            {"pretrained": probes, "twin": probes}, ["raw pixels", "frozen features"]
        ),
        "drift": plots.drift([0, 1, 2], {"train mode": [1.0, 0.9, 0.512]}, "accuracy"),
        "course_map": plots.course_map(course.COURSE),
    }


def public_functions() -> list[str]:
    return [
        name
        for name, one in inspect.getmembers(plots, inspect.isfunction)
        if one.__module__ == plots.__name__ and not name.startswith("_")
    ]


def decoded(picture) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture.png())).convert("RGB"))


def test_each_public_function_is_tested(pictures):
    assert sorted(pictures) == sorted(public_functions())


@pytest.mark.parametrize("name", public_functions())
@pytest.mark.filterwarnings("error")
def test_each_figure_shows_something(pictures, name):
    """A glyph that the font lacks, or parts that find no room, are warnings and fail."""
    pixels = decoded(pictures[name])
    height, width, _ = pixels.shape
    assert 100 < height < 1500
    assert 200 < width < 2000
    assert pixels.std() > 10
    blocks = pixels[: height // 4 * 4, : width // 4 * 4].reshape(4, height // 4, 4, width // 4, 3)
    busy = blocks.std(axis=(1, 3)).max(axis=-1) > 2
    assert busy.mean() > 0.5, "most of it is empty"


@pytest.mark.parametrize("name", public_functions())
def test_each_figure_is_told_in_one_line(pictures, name):
    alt = pictures[name].alt
    assert len(alt) > 40
    assert "\n" not in alt
    assert "nan" not in alt
    assert "\\" not in alt
    assert alt.endswith(".")
    assert repr(pictures[name]) == f"Figure: {alt}"


def test_the_texts_hold_the_numbers(pictures, runs, comparison, twemoji, few):
    def alt(name):
        return pictures[name].alt

    curve = learning_curve(runs)
    for row in curve.to_dict("records"):
        told = f"{row['labels']}: {row['mean']:.2f}"
        assert told in alt("learning_curves")
    assert alt("intervals").count(str(comparison)) == 2
    assert f"{comparison.difference:+.2f}" in alt("intervals")
    last = curve[(curve["labels"] == 5) & (curve.strategy == "frozen features")]["mean"].item()
    assert f"frozen features {last:.2f}" in alt("by_layer")
    assert "train mode: from 1.000 to 0.512" in alt("drift")
    for name, count in twemoji.counts().items():
        assert f"{name} {count}" in alt("contact_sheet")
    assert f"{len(few) - 2} of {len(few)} right" in alt("prediction_grid")
    assert alt("prediction_grid").count("(wrong)") == 2
    for i in (0, 60, 200):
        assert twemoji.groups[i] in alt("paired_sheet")
    assert f"{twemoji.groups[3]} by pixels: {', '.join(twemoji.groups[[1, 2]])}" in alt(
        "neighbour_sheet"
    )
    assert "layers (frozen), then noise (random, frozen), then head (trained)" in alt(
        "setup_diagram"
    )
    for lesson in course.COURSE:
        assert lesson.title in alt("course_map")


def texts(picture) -> list[str]:
    found = picture.figure.findobj(matplotlib.text.Text)
    return [text.get_text() for text in found if text.get_text()]


def test_axes_are_named_and_reference_lines_labelled(pictures):
    told = texts(pictures["learning_curves"])
    assert "labels per class (log scale)" in told
    assert "accuracy on test items" in told
    assert "mean and 95 % band, 3 seeds" in told
    assert "chance 0.10" in told
    assert "A title" in told
    assert {"1", "5"} <= set(told)
    (axes,) = pictures["drift"].figure.axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("forward passes", "accuracy")


def test_the_curves_are_drawn_where_the_numbers_are(pictures, runs):
    (axes,) = pictures["learning_curves"].figure.axes
    lines = {line.get_label(): line for line in axes.get_lines()}
    for strategy, part in learning_curve(runs).groupby("strategy"):
        np.testing.assert_array_equal(lines[strategy].get_xdata(), part["labels"])
        np.testing.assert_allclose(lines[strategy].get_ydata(), part["mean"])
    drawn = sum(len(line.get_xdata()) for label, line in lines.items() if label.startswith("_"))
    points = [line for line in axes.get_lines() if line.get_linestyle() == "None"]
    assert sum(len(line.get_xdata()) for line in points) == len(runs)
    assert drawn >= 2


def test_each_curve_has_its_own_colour_marker_and_dash():
    styles = [palette.style(i) for i in range(7)]
    for part in ("color", "marker", "linestyle"):
        assert len({str(style[part]) for style in styles}) == 7
    assert palette.style(7) == palette.style(0)


def test_more_curves_than_colours_still_draw(runs):
    probes = runs[runs["labels"] == 5]
    many = {f"network {i}": probes for i in range(9)}
    assert decoded(plots.by_layer(many, ["raw pixels"])).std() > 5


def test_the_zero_line_and_the_intervals_are_where_they_belong(comparison):
    (axes,) = plots.intervals([comparison]).figure.axes
    ends, middle, zero = (line.get_xdata() for line in axes.get_lines())
    np.testing.assert_allclose(ends, [comparison.low, comparison.high])
    np.testing.assert_allclose(middle, comparison.difference)
    np.testing.assert_allclose(zero, 0)


def test_wrong_predictions_are_marked_by_more_than_a_colour(pictures, few):
    told = [text for text in texts(pictures["prediction_grid"]) if text[0] in "✓✗"]
    assert len(told) == len(few)
    assert [i for i, text in enumerate(told) if text[0] == "✗"] == [0, 3]


def test_the_contact_sheet_shows_its_own_class_and_follows_the_seed(twemoji):
    sheets = [plots.contact_sheet(twemoji, per_class=3, seed=seed) for seed in (0, 0, 1)]
    first, again, other = map(decoded, sheets)
    np.testing.assert_array_equal(first, again)
    assert first.shape != other.shape or (first != other).any()
    shown = [axes.get_images()[0].get_array() for axes in sheets[0].figure.axes]
    known = dict(zip(twemoji.fingerprints, twemoji.labels, strict=True))
    found = [known[hashlib.sha256(np.ascontiguousarray(a)).hexdigest()] for a in shown]
    assert found == np.repeat(np.arange(10), 3).tolist()


class _Images(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


@given(st.text(max_size=40))
def test_html_is_escaped(alt):
    picture = plots.Picture(Figure(figsize=(0.3, 0.3)), alt)
    picture.png = lambda: b"png"
    parser = _Images()
    parser.feed(picture._repr_html_())
    ((tag, attributes),) = parser.found
    assert tag == "img"
    assert set(attributes) == {"src", "alt"}
    # What HTML itself may not hold (control characters) is not for escaping to keep.
    plain = re.fullmatch(r"[ -~]*", alt)
    assert attributes["alt"] == alt or not plain


def test_a_picture_is_html_with_its_own_data_and_saved_as_png(pictures, tmp_path):
    picture = pictures["drift"]
    data = re.search(r'src="data:image/png;base64,([^"]+)"', picture._repr_html_())[1]
    assert base64.b64decode(data) == picture.png()
    path = picture.save(tmp_path / "ü.png", dpi=50)
    with Image.open(path) as saved:
        assert saved.format == "PNG"
        assert saved.width < decoded(picture).shape[1]


def test_no_figure_is_left_to_pyplot(pictures):
    import matplotlib.pyplot as plt

    assert plt.get_fignums() == []
    assert all(isinstance(picture.figure, Figure) for picture in pictures.values())
