"""Differences with their intervals, and every seed as a point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from tlhelpers.evaluation.comparisons import Comparison
from tlhelpers.evaluation.runs import as_runs
from tlhelpers.figures.palette import COLOURS, GREY, MARKERS, new_axes
from tlhelpers.figures.picture import Picture

PAIR_LOOKS = {
    "a seed": {"color": COLOURS[0], "marker": "o", "markersize": 4, "linewidth": 1},
    "one that gets worse": {
        "color": COLOURS[1], "marker": "s", "markersize": 4, "linewidth": 1, "linestyle": "--",
    },
    "mean": {"color": "#000000", "marker": "D", "markersize": 7, "linewidth": 2.5},
}  # fmt: skip


def intervals(
    comparisons: Sequence[Comparison], title: str = "", notes: Sequence[str] | None = None
) -> Picture:
    """Differences in accuracy with their 95 % intervals; a line at zero.

    Parameters
    ----------
    comparisons : sequence of Comparison
        From `compare`.
    title : str
    notes : sequence of str, optional
        One for each comparison, added to its name, e.g. its number of labels.

    Returns
    -------
    Picture
        Intervals that leave out 0 are blue; the others are grey, with a hollow mark.
    """
    notes = [f"\n{note}" for note in notes] if notes else [""] * len(comparisons)
    figure, axes = new_axes(7.5, (0.75 if any(notes) else 0.6) * len(comparisons) + 0.9)
    for y, one in enumerate(comparisons):
        colour = COLOURS[0] if one.resolved else GREY
        mark = "o" if one.resolved else "D"
        filling = colour if one.resolved else "white"
        axes.plot([one.low, one.high], [y, y], color=colour, linewidth=3)
        axes.plot(one.difference, y, mark, color=colour, markerfacecolor=filling, markersize=8)
    axes.axvline(0, color="#333333", linewidth=1)
    names = [f"{c.a}\n− {c.b}{note}" for c, note in zip(comparisons, notes, strict=True)]
    axes.set_yticks(range(len(comparisons)), names, fontsize=9)
    axes.set_ylim(len(comparisons) - 0.4, -0.6)
    axes.set(xlabel="difference in accuracy (95 % interval; hollow: not resolved)", title=title)
    words = "; ".join(
        f"{c}{note and f' ({note.strip()})'}" for c, note in zip(comparisons, notes, strict=True)
    )
    return Picture(figure, f"Differences in accuracy. {words}.")


def every_seed(
    runs: pd.DataFrame, order: Sequence[str], lines: Mapping[str, float] | None = None
) -> Picture:
    """Accuracy of each run as a point, one row per strategy, the median as a line.

    Parameters
    ----------
    runs : pandas.DataFrame
        With `strategy`, `seed` and `accuracy`.
    order : sequence of str
        Strategies from above to below.
    lines : mapping of str to float, optional
        Vertical lines to compare with, e.g. chance.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a column is missing, or the runs hold none of a strategy.
    """
    runs = as_runs(runs, needed=("strategy", "seed", "accuracy"))
    runs.require(*order)
    figure, axes = new_axes(7.5, 0.5 * len(order) + 1.2)
    descriptions = []
    for y, name in enumerate(order):
        accuracies = runs[runs["strategy"] == name].sort_values("seed")["accuracy"].to_numpy()
        median = np.median(accuracies)
        # A height for each seed: equal accuracies would fall on each other.
        heights = 2 * np.arange(1, len(accuracies) + 1) / (len(accuracies) + 1) - 1
        axes.plot(accuracies, y + 0.25 * heights, MARKERS[0], color=COLOURS[0], alpha=0.7)
        axes.plot([median] * 2, [y - 0.35, y + 0.35], color=COLOURS[1], linewidth=2)
        values = ", ".join(f"{value:.2f}" for value in accuracies)
        descriptions.append(f"{name}: {values} (median {median:.2f})")
    for name, value in (lines or {}).items():
        axes.axvline(value, color=GREY, linewidth=1, linestyle=":")
        axes.annotate(name, (value, 1), xycoords=("data", "axes fraction"), fontsize=8, ha="center")
    axes.set_yticks(range(len(order)), order)
    axes.set_ylim(len(order) - 0.4, -0.6)
    axes.set(xlabel="accuracy on test items (a point per seed; line: median)")
    also = "".join(f" {name} {value:.2f}." for name, value in (lines or {}).items())
    return Picture(figure, f"Accuracy of every seed. {'; '.join(descriptions)}.{also}")


def seed_pairs(
    tables: Mapping[str, pd.DataFrame],
    before: str,
    after: str,
    caption: str | None = None,
    limits: tuple[float, float] | None = None,
) -> Picture:
    """Every seed's accuracy with two strategies, joined by a line; one panel per test set.

    `caption` is written in place of `after`; `limits` are those of the accuracy axis.
    """
    caption = after if caption is None else caption
    figure = Figure(figsize=(3.3 * len(tables) + 1.6, 3.8), layout="constrained")
    panels = figure.subplots(1, len(tables), squeeze=False, sharey=True)[0]
    descriptions = []
    for axes, (name, table) in zip(panels, tables.items(), strict=True):
        mean, values = _draw_pairs(axes, table, before, after)
        axes.set_title(f"{name}\n{mean}", fontsize=10)
        axes.set_xticks([0, 1], [before, caption])
        axes.set_xlim(-0.35, 1.35)
        axes.spines[["top", "right"]].set_visible(False)
        descriptions.append(f"{name}: {mean}; {values}")
    panels[0].set_ylabel("accuracy on test items")
    if limits is not None:
        panels[0].set_ylim(*limits)
    for label, look in PAIR_LOOKS.items():
        panels[-1].plot([], [], label=label, **look)
    panels[-1].legend(fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5))
    words = ". ".join(descriptions)
    return Picture(figure, f"Every seed with {before} and with {caption}. {words}.")


def _draw_pairs(axes, table: pd.DataFrame, before: str, after: str) -> tuple[str, str]:
    """A line per seed and one for the mean; returns the mean and the seeds in words."""
    runs = as_runs(table).at_one_count([before, after])
    first, second = runs.pair(before, after, fewest=1)
    pairs = list(zip(first["seed"], first["accuracy"], second["accuracy"], strict=True))
    for _, a, b in pairs:
        look = PAIR_LOOKS["one that gets worse" if b < a else "a seed"]
        axes.plot([0, 1], [a, b], alpha=0.7, **look)
    means = first["accuracy"].mean(), second["accuracy"].mean()
    axes.plot([0, 1], means, **PAIR_LOOKS["mean"])
    values = ", ".join(f"seed {seed} {a:.2f} → {b:.2f}" for seed, a, b in pairs)
    return f"mean {means[0]:.2f} → {means[1]:.2f}", values


def forgetting_bars(values: pd.Series, title: str = "") -> Picture:
    """How many old answers stay the same, one bar per way of training, every seed as a point.

    Parameters
    ----------
    values : pandas.Series
        Share from 0 to 1, one per run; the index holds the name of the way of training.
    title : str

    Returns
    -------
    Picture
    """
    names = list(dict.fromkeys(values.index))
    figure, axes = new_axes(7.5, 0.42 * len(names) + 1.2)
    descriptions = []
    for y, name in enumerate(names):
        shares = np.asarray(values[values.index == name], dtype=float)
        axes.barh(y, shares.mean(), color=COLOURS[5], alpha=0.6)
        axes.plot(shares, [y] * len(shares), "o", color=COLOURS[0], markersize=3, alpha=0.6)
        descriptions.append(f"{name} {shares.mean():.2f}")
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set(xlim=(0, 1.02), xlabel="share of photographs with the old answer", title=title)
    words = "; ".join(descriptions)
    return Picture(figure, f"Share of photographs that keep their ImageNet answer. {words}.")
