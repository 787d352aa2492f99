"""What a confidence promises and what is kept: reliability, and thresholds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from tlhelpers.evaluation.confidence import error_of_table
from tlhelpers.evaluation.significance import wilson
from tlhelpers.figures.palette import COLOURS, GREY, looks
from tlhelpers.figures.picture import Picture

TABLE = ("low", "high", "items", "confidence", "accuracy", "gap")
CURVE = ("threshold", "items", "answered", "accuracy")
FEWEST = 10  # items that an accuracy is drawn of

# ---------------------------------------------------------------- reliability


def reliability_diagram(tables: Mapping[str, pd.DataFrame], title: str = "") -> Picture:
    """Accuracy over confidence, one panel per domain; on the dashed line they are the same.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        From `reliability_table`, one panel per table, under its name.
    title : str

    Returns
    -------
    Picture
        Per interval a dot at its mean confidence, with Wilson's 95 % interval of the accuracy; the
        distance to the dashed line is orange. Below, which share of the items each interval holds.
        An interval of few items may reach below the panel.

    Raises
    ------
    ValueError
        If there is no table, one is empty, or a column is missing.
    """
    _check_tables(tables, TABLE, "reliability_table")
    low = min(float(table["low"].min()) for table in tables.values())
    lowest = min(low, *(float(table["accuracy"].min()) for table in tables.values()))
    figure = Figure(figsize=(3.5 * len(tables) + 0.4, 4.4), layout="constrained")
    panels = figure.subplots(
        2, len(tables), squeeze=False, sharex=True, sharey="row", height_ratios=[3, 1.2]
    )
    for (name, table), above, below in zip(tables.items(), *panels, strict=True):
        _draw_reliability(above, table, low)
        above.set_title(f"{name}\ncalibration error {error_of_table(table):.3f}", fontsize=11)
        width = table["high"] - table["low"]
        share = table["items"] / table["items"].sum()
        below.bar(table["low"], share, width, align="edge", color=GREY, edgecolor="white")
        below.set(xlabel="confidence")
        below.spines[["top", "right"]].set_visible(False)
    panels[0, 0].set(ylabel="accuracy", ylim=(lowest - 0.04, 1.02), xlim=(low - 0.015, 1.015))
    panels[1, 0].set_ylabel("share of items")
    handles, names = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=3, fontsize=9)
    figure.suptitle(title)
    words = " ".join(f"{name}: {_reliability_in_words(table)}." for name, table in tables.items())
    return Picture(figure, f"Accuracy by confidence{title and f', {title}'}. {words}")


def _draw_reliability(axes, table: pd.DataFrame, low: float) -> None:
    x, y = table["confidence"], table["accuracy"]
    axes.plot([low, 1], [low, 1], "--", color=GREY, label="confidence = accuracy")
    axes.vlines(x, x, y, color=COLOURS[1], linewidth=5, alpha=0.45, label="gap")
    counts = [(round(a * n), int(n)) for a, n in zip(y, table["items"], strict=True)]
    ends = np.array([wilson(*count) for count in counts]).T
    axes.vlines(x, *ends, color=COLOURS[0], linewidth=1.2)
    axes.plot(x, y, "o", color=COLOURS[0], label="accuracy, 95 % interval")
    axes.grid(color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _reliability_in_words(table: pd.DataFrame) -> str:
    rows = "; ".join(
        f"confidence {row.confidence:.2f} accuracy {row.accuracy:.2f} ({row.items} items)"
        for row in table.itertuples()
    )
    gap = np.average(table["gap"], weights=table["items"])
    how = "no more confident than right" if gap == 0 else "more confident than right by"
    how = "less confident than right by" if gap < 0 else how
    mean = f", on average {how}{f' {abs(gap):.3f}' if gap else ''}"
    return f"expected calibration error {error_of_table(table):.3f}{mean}; {rows}"


# ---------------------------------------------------------------- thresholds


def promise_curves(
    curves: Mapping[str, pd.DataFrame],
    promise: float | None = None,
    threshold: float | None = None,
    title: str = "",
) -> Picture:
    """Over the threshold of confidence: how many of the answers are right, and how many there are.

    Parameters
    ----------
    curves : mapping of str to pandas.DataFrame
        From `threshold_curve`, one line per domain.
    promise : float, optional
        The accuracy that was promised; a line.
    threshold : float, optional
        The one that was chosen; a line, and its values stand in the text.
    title : str

    Returns
    -------
    Picture
        Where fewer than ten items are answered the accuracy is not drawn: it is noise.

    Raises
    ------
    ValueError
        If there is no curve, one is empty, or a column is missing.
    """
    _check_tables(curves, CURVE, "threshold_curve")
    figure = Figure(figsize=(7.4, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2, sharex=True)
    for look, (name, curve) in zip(looks(curves), curves.items(), strict=True):
        line = {"color": look["color"], "linestyle": look["linestyle"], "linewidth": 2}
        enough = curve[curve["items"] >= FEWEST]
        left.step(enough["threshold"], enough["accuracy"], where="pre", label=name, **line)
        right.step(curve["threshold"], curve["answered"], where="pre", **line)
    if promise is not None:
        left.axhline(promise, color=GREY, linewidth=1.2, label=f"promised: {promise:.2f}")
    if threshold is not None:
        for axes, label in ((left, f"threshold: {threshold:.3f}"), (right, None)):
            axes.axvline(threshold, color=GREY, linestyle=":", linewidth=1.6, label=label)
    left.set(ylabel="right, of the answered", xlabel="threshold of confidence")
    right.set(ylabel="answered, of all", xlabel="threshold of confidence", ylim=(0, 1.03))
    for axes in (left, right):
        axes.grid(color="#DDDDDD", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=4, fontsize=9)
    figure.suptitle(title)
    words = " ".join(
        f"{name}: {_curve_in_words(curve, threshold)}." for name, curve in curves.items()
    )
    kept = "" if promise is None else f" Promised: {promise:.2f}."
    what = f"Accuracy and share of answers over the threshold{title and f', {title}'}"
    return Picture(figure, f"{what}.{kept} {words}")


def _curve_in_words(curve: pd.DataFrame, threshold: float | None) -> str:
    whole = f"all answered {curve['accuracy'].iloc[0]:.2f} right"
    if threshold is None:
        return whole
    above = curve[curve["threshold"] >= threshold]
    if not len(above):
        return f"{whole}, from {threshold:.3f} on none answered"
    row = above.iloc[0]
    return f"{whole}, from {threshold:.3f} on {row['answered']:.2f} answered, of these " + (
        f"{row['accuracy']:.2f} right"
    )


def _check_tables(tables: Mapping, columns: tuple[str, ...], maker: str) -> None:
    if not tables:
        raise ValueError("there is no table to draw")
    for name, table in tables.items():
        missing = [column for column in columns if column not in getattr(table, "columns", ())]
        if missing:
            raise ValueError(
                f"the table {name!r} lacks {', '.join(missing)}: give what {maker}() returns"
            )
        if not len(table):
            raise ValueError(f"the table {name!r} is empty")
