"""What several strategies gain or lose, in panels: one row per strategy, one panel per setting."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tlhelpers.evaluation.comparisons import Comparison
from tlhelpers.evaluation.together import Corrected
from tlhelpers.figures.palette import COLOURS, GREY
from tlhelpers.figures.picture import Picture

BETTER = {"color": COLOURS[0], "marker": "o"}
WORSE = {"color": COLOURS[1], "marker": "s"}
OPEN = {"color": GREY, "marker": "D", "markerfacecolor": "white"}
KEYS = {"better": BETTER, "worse": WORSE, "not resolved": OPEN}


def gains(
    panels: Mapping[str, Mapping[str, Comparison]], title: str = "", beside: str = ""
) -> Picture:
    """Differences with their 95 % intervals, and the verdict of each as colour and mark.

    Parameters
    ----------
    panels : mapping of str to mapping of str to Comparison
        For each panel, under its name, the comparison of each row, under its name. Comparisons from
        `judge_together` have their verdict after the correction.
    title : str
    beside : str
        What all are compared with, for the axis; the second strategy of the comparisons when left
        out.

    Returns
    -------
    Picture
        Panels share their scale. Rows are those of all panels, in the order in which they come.

    Raises
    ------
    ValueError
        If there is no comparison.
    """
    rows = list(dict.fromkeys(row for panel in panels.values() for row in panel))
    if not rows:
        raise ValueError("there is no comparison to draw")
    every = [one for panel in panels.values() for one in panel.values()]
    others = dict.fromkeys(one.b for one in every)
    beside = beside or (f" to {next(iter(others))}" if len(others) == 1 else "")
    letters = max(map(len, rows))
    size = (3.1 * len(panels) + 0.075 * letters + 0.4, 0.33 * len(rows) + 1.7)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(1, len(panels), squeeze=False, sharex=True, sharey=True)[0]
    for axes, (name, panel) in zip(grid, panels.items(), strict=True):
        _draw_panel(axes, panel, rows)
        axes.set_title(name, fontsize=11)
        label = textwrap.fill(f"difference in accuracy{beside}", 36)
        axes.set_xlabel(label, fontsize=9)
    grid[0].set_yticks(range(len(rows)), rows)
    grid[0].set_ylim(len(rows) - 0.4, -0.6)
    # For all panels, since they share it: steps of 0.025 would run into each other.
    grid[0].xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10]))
    _write_legend(figure, every)
    figure.suptitle(title)
    words = " ".join(f"{name}: {_said(panel)}." for name, panel in panels.items())
    return Picture(figure, f"Differences in accuracy{beside}{title and f', {title}'}. {words}")


def _said(panel: Mapping[str, Comparison]) -> str:
    return "; ".join(f"{row}: {one.measured}: {_look(one)}" for row, one in panel.items())


def _draw_panel(axes, panel: Mapping[str, Comparison], rows: list[str]) -> None:
    axes.axvline(0, color="#333333", linewidth=1)
    for y, row in enumerate(rows):
        if row in panel:
            one = panel[row]
            look = KEYS[_look(one)]
            axes.plot([one.low, one.high], [y, y], color=look["color"], linewidth=3)
            axes.plot(one.difference, y, markersize=8, linestyle="none", **look)
    axes.grid(axis="x", color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _look(one: Comparison) -> str:
    if not one.resolved:
        return "not resolved"
    return "better" if one.difference > 0 else "worse"


def _write_legend(figure: Figure, every: list[Comparison]) -> None:
    present, axes = {_look(one) for one in every}, figure.axes[0]
    handles = [
        axes.plot([], [], linewidth=3, markersize=8, label=word, **look)[0]
        for word, look in KEYS.items()
        if word in present
    ]
    corrected = all(isinstance(one, Corrected) for one in every)
    title = "95 % intervals" + (", verdicts after Holm's correction" if corrected else "")
    place = {"loc": "outside lower center", "ncols": 3, "title": title}
    figure.legend(handles=handles, fontsize=9, title_fontsize=9, **place)
