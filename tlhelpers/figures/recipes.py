"""What a recipe rests on: the test of a learning rate, and mixes of old and new weights."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tlhelpers.figures.palette import COLOURS, GREY, looks, new_axes
from tlhelpers.figures.picture import Picture
from tlhelpers.training.rate_test import RateTest

TASKS = {"new": "new task", "old": "old task"}


def rate_test(test: RateTest, title: str = "") -> Picture:
    """The loss over a learning rate that grows, on a log axis; the suggested rate is marked.

    Parameters
    ----------
    test : RateTest
        From `find_rate`.
    title : str

    Returns
    -------
    Picture
        A point per step, the smoothed loss as a line. What lies far above the loss at the start is
        cut off.
    """
    table, low = test.table, test.lowest
    figure, axes = new_axes(7.0, 3.8)
    axes.plot(table["rate"], table["loss"], ".", color=GREY, alpha=0.6, label="loss of a step")
    axes.plot(table["rate"], table["smoothed"], color=COLOURS[0], linewidth=2, label="smoothed")
    axes.plot(
        low["rate"], low["smoothed"], "o", color=COLOURS[0], label=f"lowest: {low['rate']:.1e}"
    )
    if not np.isnan(test.suggested):
        axes.axvline(
            test.suggested,
            color=COLOURS[1],
            linestyle="--",
            label=f"suggested: {test.suggested:.1e}",
        )
    axes.set_xscale("log")
    ends = [
        table["rate"].min(),
        table["rate"].max(),
        np.nan_to_num(test.suggested, nan=low["rate"]),
    ]
    _tick_decades(axes, min(ends), max(ends))
    axes.set_ylim(0, 1.6 * max(table["smoothed"].iloc[0], low["smoothed"]))
    axes.set(xlabel="learning rate (log scale)", ylabel="training loss", title=title)
    figure.legend(loc="outside right center", fontsize=9)
    last = table.iloc[-1]
    words = (
        f"from {table['smoothed'].iloc[0]:.2f} at rate {table['rate'].iloc[0]:.1e}, to "
        f"{last['smoothed']:.2f} at {last['rate']:.1e}, {len(table)} steps"
    )
    what = f"Loss over a growing learning rate{title and f', {title}'}"
    return Picture(figure, f"{what}: {words}. {str(test)[0].upper()}{str(test)[1:]}.")


def _tick_decades(axes, low: float, high: float) -> None:
    """Whole powers of ten, written without formulas; the axis holds at least one of them."""
    first, last = int(np.floor(np.log10(low))), int(np.ceil(np.log10(high)))
    powers = range(first, last + 1)
    axes.set_xticks([10.0**n for n in powers], [f"{10.0**n:.0e}" for n in powers])
    axes.set_xlim(low / 1.3, high * 1.3)
    axes.minorticks_off()


def mix_curve(table: pd.DataFrame, title: str = "", old: str = "accuracy") -> Picture:
    """How good mixes of old and new weights are at both tasks, by the share of the new.

    Parameters
    ----------
    table : pandas.DataFrame
        From `measure_mixes`: `share`, `new`, `old`. Tables of several seeds, one after the other,
        are drawn as a point per seed and the mean.
    title : str
    old : str
        What is measured on the old task, e.g. ``"share of old answers"``.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a column is missing, or there is no row.
    """
    missing = [name for name in ("share", *TASKS) if name not in table]
    if missing or not len(table):
        what = f"lacks {', '.join(missing)}" if missing else "is empty"
        raise ValueError(f"the table of mixes {what}: give what measure_mixes() returns")
    figure, axes = new_axes(7.0, 3.8)
    means = table.groupby("share")[list(TASKS)].mean()
    labels = {"new": "new task: accuracy", "old": f"old task: {old}"}
    for look, (name, label) in zip(looks(labels), labels.items(), strict=True):
        axes.plot(means.index, means[name], label=label, markersize=5, **look)
        if len(table) > len(means):
            axes.plot(
                table["share"], table[name], look["marker"], color=look["color"], alpha=0.3,
                markersize=3,
            )  # fmt: skip
    axes.set(xlabel="share of the new weights (0: as before, 1: as trained)", title=title)
    axes.set(ylabel="on items that were not trained on", ylim=(0, 1.03), xlim=(-0.02, 1.02))
    figure.legend(loc="outside lower center", ncols=2, fontsize=9)
    rows = "; ".join(
        f"share {share:.2g}: new {row.new:.2f}, old {row.old:.2f}"
        for share, row in zip(means.index, means.itertuples(), strict=True)
    )
    seeds = len(table) // len(means)
    of = f", mean of {seeds} tables" if seeds > 1 else ""
    what = f"New and old task by the share of the new weights{of}{title and f', {title}'}"
    return Picture(figure, f"{what}. Old task: {old}. {rows}.")
