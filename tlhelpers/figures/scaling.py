"""More than one laptop carries: a batch in shares, memory by part, speed-up, and what it costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from tlhelpers.evaluation.budgets import price_list
from tlhelpers.evaluation.costs import Cost
from tlhelpers.evaluation.runs import RUN_COLUMNS, as_runs
from tlhelpers.figures.diagrams import draw_arrow, draw_box
from tlhelpers.figures.palette import COLOURS, GREY, STATES, looks, new_axes
from tlhelpers.figures.picture import Picture

PARTS = {  # colour and hatching of each part of the memory
    "weights": (COLOURS[5], ""),
    "gradients": (COLOURS[4], "///"),
    "optimizer": (COLOURS[3], "..."),
    "activations": ("#8FD0B5", "\\\\\\"),
}
HOUR = 3600.0


def shares_diagram(items: int, processes: int = 2) -> Picture:
    """One step of training in several processes: shares, gradients, their mean, the same step.

    Parameters
    ----------
    items : int
        In the batch of all processes together.
    processes : int
        2 to 4.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If there are fewer than two processes or more than four.
    """
    if not 2 <= processes <= 4:
        raise ValueError(f"the diagram shows 2 to 4 processes, not {processes}")
    figure = Figure(figsize=(10.6, 1.1 + 1.35 * processes), layout="constrained")
    axes = figure.subplots()
    axes.set(xlim=(0, 10.2), ylim=(-0.5, 1.7 * processes - 0.3))
    axes.axis("off")
    middle, sizes = 0.85 * (processes - 1), _sizes(items, processes)
    grey, copy_of = STATES["data"], ("#8FD0B5", "the same weights in each", "")
    _box(axes, 0.15, middle, f"a batch of\n{items} items", STATES["data"])
    for row, size in enumerate(sizes):
        y = 1.7 * (processes - 1 - row)
        share = f"share {row + 1}:\n{size} items"
        _box(axes, 2.25, y, share, ("#EEEEEE", f"process {row + 1}", ""))
        _box(axes, 4.35, y, "a copy of\nthe network", copy_of)
        _box(axes, 6.35, y, "its gradient", (COLOURS[4], "", ""))
        draw_arrow(axes, (1.76, middle + 0.45), (2.12, y + 0.45))
        draw_arrow(axes, (3.86, y + 0.45), (4.24, y + 0.45))
        draw_arrow(axes, (5.96, y + 0.45), (6.24, y + 0.45))
        draw_arrow(axes, (7.96, y + 0.45), (8.34, middle + 0.45))
    _box(
        axes, 8.5, middle, "mean of the\ngradients", (grey[0], "then each makes\nthe same step", "")
    )
    shares = " and ".join([", ".join(map(str, sizes[:-1])), str(sizes[-1])])
    return Picture(
        figure,
        f"Set-up: a batch of {items} items is cut into {processes} shares of {shares} items, one "
        "for each process. Each process holds a copy of the network with the same weights and "
        "computes the gradient of its share; the mean of the gradients goes back to all, and each "
        "makes the same step.",
    )


def _box(axes, x: float, y: float, text: str, look: tuple) -> None:
    draw_box(axes, (x, y), 0.9, text, look, word_size=8.5, below=0.14)


def _sizes(items: int, processes: int) -> list[int]:
    return [len(part) for part in np.array_split(np.arange(items), processes)]


def memory_bars(table: pd.DataFrame, title: str = "") -> Picture:
    """What a step of training keeps in memory, one stacked bar for each way to train.

    Parameters
    ----------
    table : pandas.DataFrame
        Bytes; one row for each way, and as columns the parts that `training_memory` counts.
    title : str

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a part is missing, or there is no row.
    """
    missing = [part for part in PARTS if part not in table]
    if missing or not len(table):
        what = f"lacks {', '.join(missing)}" if missing else "is empty"
        raise ValueError(f"the table of memory {what}: give rows of training_memory()")
    figure, axes = new_axes(8.4, 0.5 * len(table) + 1.4)
    megabytes, left = table[list(PARTS)] / 1e6, np.zeros(len(table))
    for part, (colour, hatch) in PARTS.items():
        axes.barh(
            range(len(table)), megabytes[part], left=left, color=colour, hatch=hatch,
            edgecolor="#333333", linewidth=0.6, height=0.66, label=part,
        )  # fmt: skip
        left = left + megabytes[part].to_numpy()
    for y, total in enumerate(left):
        axes.text(total + 0.01 * left.max(), y, f"{total:.0f}", va="center", fontsize=9)
    axes.set_yticks(range(len(table)), list(table.index))
    axes.set(ylim=(len(table) - 0.4, -0.6), xlim=(0, 1.09 * left.max()), title=title)
    axes.set_xlabel("memory of one training step, MB")
    figure.legend(loc="outside lower center", ncols=4, fontsize=9)
    rows = "; ".join(
        f"{way}: {', '.join(f'{part} {row[part]:.0f}' for part in PARTS)}, together {row.sum():.0f}"
        for way, row in megabytes.iterrows()
    )
    return Picture(figure, f"Memory of one training step in MB{title and f', {title}'}. {rows}.")


def speed_up(
    seconds: Mapping[int, float], law: Callable[[int], float], most: int = 64, title: str = ""
) -> Picture:
    """How many times as fast with more workers: measured, by Amdahl's law, and at best.

    Parameters
    ----------
    seconds : mapping of int to float
        Wall time by number of workers; that of one worker must be among them.
    law : callable
        Number of workers to how many times as fast.
    most : int
        Up to which number of workers the law is drawn.
    title : str

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If the time of one worker is missing.
    """
    if 1 not in seconds:
        raise ValueError("speed-up is measured against one worker: give its seconds, too")
    figure, axes = new_axes(7.0, 3.9)
    workers = 2 ** np.arange(0, int(np.log2(most)) + 1)
    measured = {n: seconds[1] / taken for n, taken in sorted(seconds.items())}
    axes.plot(workers, workers, ":", color=GREY, label="as many times as workers")
    axes.plot(workers, [law(int(n)) for n in workers], color=COLOURS[0], label="Amdahl's law")
    axes.plot(
        list(measured), list(measured.values()), "s", color=COLOURS[1], markersize=8,
        label="measured here",
    )  # fmt: skip
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}")
    axes.set(xlabel="workers (log scale)", ylabel="times as fast (log scale)", title=title)
    axes.set(xlim=(0.9, most * 1.1), ylim=(0.7, most * 1.1))
    figure.legend(loc="outside right center", fontsize=9)
    by_law = ", ".join(f"{n}: {law(int(n)):.1f}" for n in workers[1:])
    points = ", ".join(f"{n}: {times:.2f}" for n, times in measured.items())
    what = f"Times as fast by number of workers{title and f', {title}'}"
    return Picture(figure, f"{what}. Measured {points}. By Amdahl's law {by_law}.")


def cost_lines(
    measured: Mapping[str, Sequence[tuple[float, float]]],
    costs: Mapping[str, Cost],
    marks: Sequence[int] = (1_000, 1_000_000),
    title: str = "",
) -> Picture:
    """Hours by number of items: measured points, and the line that was fitted to them.

    Parameters
    ----------
    measured : mapping of str to sequence of (float, float)
        For each way, numbers of items and seconds.
    costs : mapping of str to Cost
        For each way, what `fit_cost` found in seconds.
    marks : sequence of int
        Numbers of items at which the estimate is written out.
    title : str

    Returns
    -------
    Picture
        At `marks` a bar is the 95 % interval; there is none where two sizes were measured.
    """
    figure, axes = new_axes(7.6, 4.2)
    smallest = min(items for points in measured.values() for items, _ in points)
    grid, told, lowest = np.geomspace(smallest, max(marks), 60), [], np.inf
    for number, (look, name) in enumerate(zip(looks(measured), measured, strict=True)):
        points, cost = measured[name], costs[name]
        middle = np.array([cost.at(n).value for n in grid]) / HOUR
        axes.plot(grid, middle, color=look["color"], linestyle=look["linestyle"], label=name)
        items, seconds = np.array(points, dtype=float).T
        axes.plot(items, seconds / HOUR, look["marker"], color=look["color"], markersize=6)
        for mark in marks:  # side by side, or the bars would hide each other
            _draw_interval(axes, mark * 1.15**number, cost.at(mark), look)
        lowest = min(lowest, seconds.min() / HOUR, middle.min())
        said = ", ".join(f"{n:.0f} items {taken:.2g} s" for n, taken in points)
        told.append(f"{name}: measured {said}; {_estimates(cost, marks)}")
    axes.set(xscale="log", yscale="log", title=title)
    axes.set_ylim(bottom=lowest / 2)  # an interval may reach down to 0, which has no logarithm
    axes.set(xlabel="items (log scale)", ylabel="hours (log scale), 95 % bars")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_major_formatter("{x:g}")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_formatter(NullFormatter())
    figure.legend(loc="outside lower center", ncols=min(3, len(measured)), fontsize=9)
    what = f"Hours by number of items, points measured, lines fitted{title and f', {title}'}"
    return Picture(figure, f"{what}. {'. '.join(told)}.")


def _draw_interval(axes, x: float, at, look: dict) -> None:
    """The estimate at one number of items with both ends of its interval, if it has one."""
    ends = np.nan_to_num([at.value - at.low, at.high - at.value]) / HOUR
    axes.errorbar(
        x, at.value / HOUR, yerr=ends[:, None], color=look["color"], marker=look["marker"],
        markerfacecolor="white", capsize=3, markersize=6,
    )  # fmt: skip


def _estimates(cost: Cost, marks: Sequence[int]) -> str:
    """E.g. ``"by the line 1,000 items 0.01 hours (0.008 to 0.012)"``."""
    shown = []
    for mark in marks:
        one = cost.at(mark)
        ends = "" if np.isnan(one.low) else f" ({one.low / HOUR:.2g} to {one.high / HOUR:.2g})"
        shown.append(f"{mark:,} items {one.value / HOUR:.2g} hours{ends}")
    return f"by the line {', '.join(shown)}"


def labels_or_computing(runs: pd.DataFrame, title: str = "") -> Picture:
    """Accuracy by CPU seconds, one line for each strategy, a point for each number of labels.

    Parameters
    ----------
    runs : pandas.DataFrame
        As for `prices`: from `load_sweep`, with a column `seconds`.
    title : str

    Returns
    -------
    Picture
        Up along a line there are more labels, from one line to the next another strategy.
    """
    runs = as_runs(runs, needed=(*RUN_COLUMNS, "seconds"))
    offers = price_list(runs).sort_values("labels")
    figure, axes = new_axes(7.6, 4.3)
    told = []
    for look, name in zip(looks(runs.strategies), runs.strategies, strict=True):
        own = offers[offers["strategy"] == name]
        axes.plot(own["seconds"], own["accuracy"], label=name, markersize=7, **look)
        for row in own.itertuples():
            axes.annotate(
                str(row.labels), (row.seconds, row.accuracy), xytext=(6, -9), fontsize=8,
                textcoords="offset points", color="#333333",
            )  # fmt: skip
        points = ", ".join(
            f"{row.labels} labels {row.accuracy:.2f} for {row.seconds:.2g} s"
            for row in own.itertuples()
        )
        told.append(f"{name}: {points}")
    axes.set(xscale="log", xlabel="CPU seconds (log scale)", ylabel="accuracy on test items")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_title(title)
    figure.legend(loc="outside right center", fontsize=9, title="numbers: labels\nper class")
    what = f"Accuracy by CPU seconds and labels per class{title and f', {title}'}"
    return Picture(figure, f"{what}. {'; '.join(told)}.")
