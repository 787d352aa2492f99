"""The figures of a report as SVG in a data address: a wide one, and a narrow one for a phone."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from tlhelpers.figures.palette import GREY, labels_per_class, looks
from tlhelpers.figures.picture import Picture, glyph_warnings_caught
from tlhelpers.own_data.report_numbers import StrategyRow, is_majority
from tlhelpers.own_data.report_words import interval_words

WIDE, NARROW = 7.4, 4.0  # inches; a phone shows the narrow one at about its own size
# Letters stay letters: the browser has fonts for what matplotlib's own does not hold.
AS_SVG = {"svg.fonttype": "none", "svg.hashsalt": "report"}


@dataclass(frozen=True)
class ReportFigure:
    """One figure in two widths, and its text alternative."""

    wide: str
    narrow: str
    alt: str


def draw_strategies(rows: Sequence[StrategyRow], order: Sequence[str]) -> ReportFigure:
    """A dot and an interval for each strategy; `order` is that of the runs, which sets colours."""
    colours = strategy_looks(order)
    alt = "; ".join(
        f"{row.name} {interval_words(row.mean, row.low, row.high)} "
        f"with {labels_per_class(row.labels)}"
        for row in rows
    )
    return _in_two_widths(
        lambda width: _strategies(rows, colours, width), f"Accuracy of every strategy. {alt}."
    )


def strategy_looks(order: Sequence[str]) -> dict[str, dict]:
    """Each strategy's look, the same in both figures; the majority is grey, as a line to beat."""
    learning = [name for name in order if not is_majority(name)]
    found = dict(zip(learning, looks(learning), strict=True))
    grey = {"color": GREY, "marker": "|", "linestyle": ":"}
    return {name: found.get(name, grey) for name in order}


def _strategies(rows: Sequence[StrategyRow], colours: dict, width: float) -> Figure:
    figure = Figure(figsize=(width, 0.5 * len(rows) + 0.9), layout="constrained")
    axes = figure.subplots()
    for y, row in enumerate(rows):
        look = colours[row.name]
        if np.isfinite(row.low):
            axes.plot([row.low, row.high], [y, y], color=look["color"], linewidth=3, alpha=0.6)
        axes.plot(row.mean, y, look["marker"], color=look["color"], markersize=8)
    most = max(row.labels for row in rows)
    names = [
        row.name if row.labels == most else f"{row.name} ({labels_per_class(row.labels)})"
        for row in rows
    ]
    axes.set_yticks(range(len(rows)), [_broken(name, width) for name in names])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel(f"accuracy{' on test items' if width == WIDE else ''}, 95 % interval")
    _plain(axes)
    return figure


def draw_curve(points: pd.DataFrame, order: Sequence[str], whole: int | None) -> ReportFigure:
    """Mean accuracy and band by labels per class; `whole` is the count that stands for all."""
    colours = strategy_looks(order)
    alt = "; ".join(
        f"{name} "
        + ", ".join(
            f"{row.labels}: {interval_words(row.mean, row.low, row.high)}"
            for row in points[points["strategy"] == name].itertuples()
        )
        for name in order
    )
    return _in_two_widths(
        lambda width: _curve(points, colours, whole, width),
        f"Mean accuracy by labels per class. {alt}.",
    )


def _curve(points: pd.DataFrame, colours: dict, whole: int | None, width: float) -> Figure:
    lines = len(colours) if width < WIDE else -(-len(colours) // 2)
    figure = Figure(figsize=(width, 3.4 + 0.22 * lines), layout="constrained")
    axes = figure.subplots()
    for name, look in colours.items():
        own = points[points["strategy"] == name]
        axes.plot(own["labels"], own["mean"], label=_broken(name, width), markersize=6, **look)
        low, high = own["low"].fillna(own["mean"]), own["high"].fillna(own["mean"])
        axes.fill_between(own["labels"], low, high, color=look["color"], alpha=0.15, linewidth=0)
    ticks = sorted(set(points["labels"]))
    axes.set_xscale("log")
    axes.set_xticks(ticks, [f"all\n({tick})" if tick == whole else str(tick) for tick in ticks])
    axes.minorticks_off()
    axes.set(xlabel="labels per class", ylabel="accuracy on test items")
    _plain(axes)
    columns = 1 if width < WIDE else 2
    figure.legend(loc="outside lower left", ncols=columns, frameon=False, fontsize=9)
    return figure


def _plain(axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="both", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)


def _broken(name: str, width: float, most: int = 18) -> str:
    """A long name in two lines or more on a narrow figure, shortened where it is endless."""
    import textwrap

    name = name if len(name) <= 80 else f"{name[:79]}…"
    return "\n".join(textwrap.wrap(name, most if width < WIDE else 30)) or name


def _in_two_widths(draw: Callable[[float], Figure], alt: str) -> ReportFigure:
    return ReportFigure(_svg(draw(WIDE), alt), _svg(draw(NARROW), alt), alt)


def _svg(figure: Figure, alt: str) -> str:
    """A figure as the address of an SVG that is in the address itself."""
    Picture(figure, alt)  # its texts are drawn as they stand, whatever signs they hold
    buffer = io.BytesIO()
    with matplotlib.rc_context(AS_SVG), glyph_warnings_caught():
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return f"data:image/svg+xml;base64,{base64.b64encode(buffer.getvalue()).decode()}"
