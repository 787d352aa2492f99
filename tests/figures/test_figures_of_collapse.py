"""The figure of a collapse: its points are what the runs say, and what is missing is told."""

import made_figures
import numpy as np
import pytest

from tlhelpers import figures

RUNS = made_figures.TARGET.assign(entropy=np.linspace(1, 2, len(made_figures.TARGET)))
PATHS = {"low": {0: "none", 40: "weak"}, "high": {0: "none", 10: "strong", 40: "oracle"}}


def shares_by_hand(name) -> list[float]:
    rows = RUNS[RUNS["strategy"] == name]
    return [max(list(p).count(label) for label in p) / len(p) for p in rows["predicted"]]


def test_lines_are_the_means_of_each_panel_and_points_the_seeds():
    every = figures.collapse(RUNS, PATHS).figure.axes
    by_hand = (
        lambda name: RUNS[RUNS["strategy"] == name]["entropy"].tolist(),
        shares_by_hand,
        lambda name: RUNS[RUNS["strategy"] == name]["accuracy"].tolist(),
    )
    assert len(every) == 3
    for axes, measure in zip(every, by_hand, strict=True):
        lines = {line.get_label(): line for line in axes.lines if line.get_label() in PATHS}
        points = [line for line in axes.lines if line.get_label() not in PATHS]
        for (name, path), seeds in zip(PATHS.items(), points, strict=True):
            assert lines[name].get_xdata().tolist() == list(path)
            means = [np.mean(measure(strategy)) for strategy in path.values()]
            np.testing.assert_allclose(lines[name].get_ydata(), means)
            expected = [value for strategy in path.values() for value in sorted(measure(strategy))]
            drawn = seeds.get_ydata().reshape(len(path), -1)
            np.testing.assert_allclose(np.sort(drawn, axis=1).ravel(), expected)
        assert axes.get_xticks().tolist() == [0, 10, 40]


def test_the_steps_may_come_in_any_order():
    turned = {name: dict(reversed(path.items())) for name, path in PATHS.items()}
    assert figures.collapse(RUNS, turned).alt == figures.collapse(RUNS, PATHS).alt


def test_what_is_missing_is_told():
    with pytest.raises(ValueError, match="paths are empty"):
        figures.collapse(RUNS, {})
    with pytest.raises(ValueError, match="paths are empty"):
        figures.collapse(RUNS, {"low": {}})
    with pytest.raises(ValueError, match="no column entropy: make them with follow_tent"):
        figures.collapse(made_figures.TARGET, PATHS)
    with pytest.raises(ValueError, match="the runs hold no strategy 'weka'"):
        figures.collapse(RUNS, {"low": {0: "none", 40: "weka"}})
