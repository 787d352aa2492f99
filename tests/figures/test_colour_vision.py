"""Two things that a figure tells apart by colour stay apart for every colour vision and in grey."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from colour_vision import VISIONS, distance, lab, seen
from made_figures import drawn
from matplotlib.colors import to_hex, to_rgb, to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text

from tlhelpers.figures import palette

# In a legend, colours that lie this far apart are told from each other without effort. The two
# nearest of the palette's nine are wine and indigo without red cones.
APART = 9.0
NEAREST = {"usual": 20, "protanopia": 11, "deuteranopia": 12, "tritanopia": 10}


@pytest.mark.parametrize(
    ("first", "second", "far"),
    [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, -0.001, 2.49), (50, 0.0009, -2.49), 4.8045),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((6.7747, -0.2908, -2.4247), (5.8714, -0.0985, -2.2286), 0.6377),
    ],
)
def test_distances_are_those_that_were_published(first, second, far):
    """Of the pairs with which Sharma, Wu and Dalal test an implementation."""
    assert distance(first, second) == pytest.approx(far, abs=5e-5)


@pytest.mark.parametrize("vision", VISIONS)
def test_whoever_looks_white_and_greys_stay_what_they_are(vision):
    greys = np.linspace(0, 1, 6)[:, None] * np.ones(3)
    np.testing.assert_allclose(seen(greys, vision), greys, atol=2e-4)
    assert lab(seen(np.ones(3), vision)) == pytest.approx([100, 0, 0], abs=0.02)


def test_red_and_green_are_near_without_green_cones_and_far_otherwise():
    """A pair that everybody knows, so that a matrix that stands at a wrong place is noticed."""
    red_and_green = "#C05030", "#6A8030"
    assert apart(*red_and_green, "usual") > 3 * apart(*red_and_green, "deuteranopia")
    yellow_and_blue = "#D5B030", "#3050D5"
    assert min(apart(*yellow_and_blue, vision) for vision in ("protanopia", "deuteranopia")) > 40


def apart(first: str, second: str, vision: str) -> float:
    """The distance between two colours as a vision sees them."""
    return distance(*(lab(seen(np.array(to_rgb(one)), vision)) for one in (first, second)))


@pytest.mark.parametrize("vision", NEAREST)
def test_any_two_colours_of_the_palette_are_told_apart(vision):
    pairs = combinations([look["color"] for look in palette.LOOKS], 2)
    assert min(apart(*pair, vision) for pair in pairs) > NEAREST[vision]


# ---------------------------------------------------------------- in the figures


def series(figure) -> list[dict[str, set]]:
    """For each legend and each pair of axes, the marks that stand in each colour."""
    legends = [*figure.legends, *(axes.get_legend() for axes in figure.axes)]
    groups = [_entries(legend) for legend in filter(None, legends)]
    return [_marks_by_colour(group) for group in (*groups, *(a.lines for a in figure.axes))]


def _entries(legend) -> list:
    """The marks that a legend shows; one of an error bar is a line with two others around it."""
    found = legend.findobj(lambda one: isinstance(one, (Line2D, Patch)))
    return [one for one in found if one is not legend.get_frame()]


def _marks_by_colour(group) -> dict[str, set]:
    found: dict[str, set] = {}
    for one in group:
        colour, marks = _look(one)
        found.setdefault(colour, set()).add(marks)
    return found


def _look(one) -> tuple[str, tuple]:
    """The colour of a line or an area, and whatever else tells it from others."""
    if isinstance(one, Line2D):
        inside = _shown(one.get_markerfacecolor())
        hollow = inside != _shown(one.get_color())
        dashes = str(one._unscaled_dash_pattern) if one.get_linestyle() != "None" else "none"
        return _shown(one.get_color()), (str(one.get_marker()), hollow, dashes)
    return _shown(one.get_facecolor()), ("area", one.get_hatch())


def _shown(colour) -> str:
    """The colour as it looks on white."""
    if isinstance(colour, str) and colour == "none":
        return "#ffffff"
    *rgb, alpha = to_rgba(colour)
    return to_hex(alpha * np.array(rgb) + 1 - alpha)


def taken_for_each_other(figure) -> set[tuple]:
    """Pairs of colours that are too near for somebody, where no mark is one colour's own."""
    found = set()
    for group in series(figure):
        for (first, marks), (second, others) in combinations(group.items(), 2):
            near = [vision for vision in VISIONS if apart(first, second, vision) < APART]
            if near and (marks <= others or others <= marks):
                found.add((first, second, str(marks & others), *near))
    return found


@pytest.mark.parametrize("name", sorted(drawn()))
def test_no_two_series_of_a_figure_are_taken_for_each_other(name):
    assert taken_for_each_other(drawn()[name].figure) == set()


def test_signs_and_not_colours_alone_tell_right_from_wrong():
    captions = drawn()["prediction_grid"].figure.findobj(Text)
    signs = {(to_hex(one.get_color()), one.get_text()[:1]) for one in captions}
    assert len(signs - {("#000000", "")}) == len({sign for _, sign in signs if sign}) == 2
