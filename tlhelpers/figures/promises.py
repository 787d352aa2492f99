"""What a confidence promises and what is kept: reliability, thresholds, conformal sets."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.stats import betabinom

from tlhelpers.evaluation.confidence import conformal_rank, error_of_table
from tlhelpers.evaluation.significance import wilson
from tlhelpers.figures.palette import COLOURS, GREY, looks
from tlhelpers.figures.picture import Picture

TABLE = ("low", "high", "items", "confidence", "accuracy", "gap")
CURVE = ("threshold", "items", "answered", "accuracy")
DRAWS = ("held_out", "tested", "coverage")
FEWEST = 10  # items that an accuracy is drawn of
LONG_DASHES = (0, (10, 3))  # in a grey print, a solid line would look like the first curve

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
    _check_tables(tables, TABLE, "reliability_table()")
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
    _check_tables(curves, CURVE, "threshold_curve()")
    figure = Figure(figsize=(7.4, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2, sharex=True)
    for look, (name, curve) in zip(looks(curves), curves.items(), strict=True):
        line = {"color": look["color"], "linestyle": look["linestyle"], "linewidth": 2}
        enough = curve[curve["items"] >= FEWEST]
        left.step(enough["threshold"], enough["accuracy"], where="pre", label=name, **line)
        right.step(curve["threshold"], curve["answered"], where="pre", **line)
    if promise is not None:
        line = {"color": GREY, "linestyle": LONG_DASHES, "linewidth": 1.2}
        left.axhline(promise, label=f"promised: {promise:.2f}", **line)
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


# ---------------------------------------------------------------- promises, kept or not


def promises_kept(
    kept: Mapping[str, Mapping[str, tuple[float, float, float]]],
    promised: Mapping[str, float],
    title: str = "",
) -> Picture:
    """What was kept of each promise, by domain, beside a line where it was promised.

    Parameters
    ----------
    kept : mapping of str to mapping of str to (float, float, float)
        By promise, one panel each, and by domain: mean, low and high of `interval_of_mean`.
    promised : mapping of str to float
        By promise.
    title : str

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If there is nothing to draw, or a promise has no value.
    """
    missing = [name for name in kept if name not in promised]
    if missing or not kept or not all(kept.values()):
        what = f"of {missing[0]!r} it is not said what was promised" if missing else "nothing kept"
        raise ValueError(f"there is nothing to draw: {what}")
    domains = list(dict.fromkeys(name for by_domain in kept.values() for name in by_domain))
    figure = Figure(figsize=(max(3.1 * len(kept), 4.2) + 0.9, 0.42 * len(domains) + 1.4))
    figure.set_layout_engine("constrained")
    panels = figure.subplots(1, len(kept), sharex=True, sharey=True, squeeze=False)[0]
    for axes, (promise, by_domain) in zip(panels, kept.items(), strict=True):
        axes.axvline(promised[promise], color=GREY, linestyle="--", linewidth=1.4)
        for name, (mean, low, high) in by_domain.items():
            place, left_out = domains.index(name), not low <= promised[promise] <= high
            colour = COLOURS[1] if left_out else COLOURS[0]
            axes.hlines(place, low, high, color=colour, linewidth=2)
            axes.plot(mean, place, "s" if left_out else "o", color=colour)
        axes.set_title(promise, fontsize=10.5)
        axes.grid(axis="x", color="#DDDDDD", linewidth=0.6)
        axes.margins(x=0.12)
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_yticks(range(len(domains)), domains)
    panels[0].set_ylim(len(domains) - 0.5, -0.5)
    figure.supxlabel("dashed: promised. Orange squares: the interval leaves it out", fontsize=9)
    figure.suptitle(title)
    words = " ".join(_kept_in_words(name, kept[name], promised[name]) for name in kept)
    return Picture(figure, f"What was kept of each promise{title and f', {title}'}. {words}")


def _kept_in_words(promise: str, by_domain: Mapping, promised: float) -> str:
    rows = "; ".join(
        f"{name} {mean:.3f} [{low:.3f}, {high:.3f}]"
        for name, (mean, low, high) in by_domain.items()
    )
    return f"{promise}, promised {promised:.2f}: {rows}."


# ---------------------------------------------------------------- what labels buy


def coverage_by_labels(
    draws: Mapping[str, pd.DataFrame],
    alpha: float,
    without: Mapping[str, float] | None = None,
    title: str = "",
) -> Picture:
    """How often conformal sets hold the true class, by how many items were labelled for them.

    Parameters
    ----------
    draws : mapping of str to pandas.DataFrame
        One panel per domain; one row per draw, with `held_out` (labelled items that gave the
        bound), `tested` (other items) and `coverage` on these.
    alpha : float
        How often sets may miss the true class.
    without : mapping of str to float, optional
        By domain the coverage with a bound from elsewhere: a line.
    title : str

    Returns
    -------
    Picture
        Per number of labels the mean of the draws as a dot, and the middle nine tenths of them as
        a line. The grey bars are what chance alone makes of a kept promise: for scores without
        ties, the number of covered items is beta-binomial.

    Raises
    ------
    ValueError
        If there is no table, one is empty, or a column is missing.
    """
    _check_tables(draws, DRAWS)
    figure = Figure(figsize=(2.9 * len(draws) + 0.8, 3.7), layout="constrained")
    panels = figure.subplots(1, len(draws), sharey=True, squeeze=False)[0]
    for axes, (name, table) in zip(panels, draws.items(), strict=True):
        _draw_coverage(axes, table, alpha)
        if without and name in without:
            axes.axhline(
                without[name], color=COLOURS[1], linestyle=":", linewidth=2, label="bound from home"
            )
        axes.set_title(name, fontsize=11)
        axes.set_xlabel("labelled items of the domain")
    panels[0].set_ylabel("sets with the true class")
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=4, fontsize=9)
    figure.suptitle(title)
    words = " ".join(
        _coverage_in_words(name, table, without or {}) for name, table in draws.items()
    )
    what = f"Coverage of conformal sets by labelled items{title and f', {title}'}"
    return Picture(figure, f"{what}, promised {1 - alpha:.2f}. {words}")


def _draw_coverage(axes, table: pd.DataFrame, alpha: float) -> None:
    by_count = table.groupby("held_out")
    tested, found = by_count["tested"].first(), by_count["coverage"]
    chance = [_by_chance(int(n), int(m), alpha) for n, m in tested.items()]
    places, (low, high) = np.arange(len(tested)), np.transpose(chance)
    axes.axhline(1 - alpha, color=GREY, linestyle="--", linewidth=1.4, label="promised")
    axes.bar(places, high - low, 0.5, low, color="#DDDDDD", label="nine tenths, by chance")
    axes.vlines(places, found.quantile(0.05), found.quantile(0.95), color=COLOURS[0], linewidth=2)
    axes.plot(places, found.mean(), "o", color=COLOURS[0], label="mean and nine tenths of draws")
    axes.set_xticks(places, [str(count) for count in tested.index])
    axes.spines[["top", "right"]].set_visible(False)


def _by_chance(held_out: int, tested: int, alpha: float) -> np.ndarray:
    """The middle nine tenths of the coverage of a kept promise."""
    rank = conformal_rank(held_out, alpha)
    return betabinom.ppf([0.05, 0.95], tested, rank, held_out + 1 - rank) / tested


def _coverage_in_words(name: str, table: pd.DataFrame, without: Mapping[str, float]) -> str:
    by_count = table.groupby("held_out")["coverage"]
    rows = "; ".join(
        f"{count} labels {own.mean():.3f}, nine tenths of draws {own.quantile(0.05):.2f} to "
        f"{own.quantile(0.95):.2f}"
        for count, own in by_count
    )
    home = f", bound from home {without[name]:.3f}" if name in without else ""
    return f"{name}{home}: {rows}."


def _check_tables(tables: Mapping, columns: tuple[str, ...], maker: str = "") -> None:
    if not tables:
        raise ValueError("there is no table to draw")
    for name, table in tables.items():
        missing = [column for column in columns if column not in getattr(table, "columns", ())]
        if missing:
            raise ValueError(
                f"the table {name!r} lacks {', '.join(missing)}"
                f"{maker and f': give what {maker} returns'}"
            )
        if not len(table):
            raise ValueError(f"the table {name!r} is empty")
