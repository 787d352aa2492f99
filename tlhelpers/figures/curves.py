"""Lines: accuracy against labels, layers, depth or strength, and values over epochs and passes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tlhelpers.checks import is_number, known
from tlhelpers.evaluation.comparisons import learning_curve
from tlhelpers.evaluation.runs import Runs, as_runs
from tlhelpers.figures.palette import GREY, looks, new_axes
from tlhelpers.figures.picture import Picture
from tlhelpers.training.fitting import History

LINE_STYLES = (":", "-.", "--")  # of values to compare with


def learning_curves(
    runs: pd.DataFrame, lines: Mapping[str, float] | None = None, title: str = ""
) -> Picture:
    """Accuracy against labels per class: every draw as a point, the mean, a 95 % band.

    Parameters
    ----------
    runs : pandas.DataFrame
        From `repeat` or `load_sweep`, with at least two seeds.
    lines : mapping of str to float, optional
        Horizontal lines to compare with, e.g. chance and majority; the legend names them.
    title : str

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a column or a run is missing, or there are fewer than two seeds.
    """
    runs = as_runs(runs)
    curve, names = learning_curve(runs), runs.strategies
    figure, axes = new_axes()
    descriptions = []
    for place, (name, look) in enumerate(zip(names, looks(names), strict=True)):
        shift = 1.03 ** (place - len(names) / 2)  # lest points of two strategies hide each other
        draws = runs[runs["strategy"] == name]
        means = curve[curve["strategy"] == name].sort_values("labels")
        _draw_points(axes, draws["labels"] * shift, draws["accuracy"], look, alpha=0.25, zorder=1)
        _draw_band(axes, means["labels"], means, look, name)
        values = ", ".join(f"{row.labels}: {row.mean:.2f}" for row in means.itertuples(index=False))
        descriptions.append(f"{name} {values}")
    for (name, value), style in zip((lines or {}).items(), cycle(LINE_STYLES)):
        axes.axhline(value, label=f"{name} {value:.2f}", color=GREY, linewidth=1, linestyle=style)
    ticks = sorted(runs["labels"].unique())
    axes.set_xscale("log")
    axes.set_xticks(ticks, [f"all (mean {t})" if t == runs.whole else str(t) for t in ticks])
    axes.minorticks_off()
    axes.set(xlabel="labels per class (log scale)", ylabel="accuracy on test items", title=title)
    low, high = axes.get_ylim()  # fitted to what is drawn
    axes.set_ylim(low, min(high, 1.01))
    axes.legend(
        loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=9,
        title=f"mean and 95 % band,\n{runs.seed.nunique()} seeds",
    )  # fmt: skip
    also = "".join(f" {name} {value:.2f}." for name, value in (lines or {}).items())
    return Picture(figure, f"Mean accuracy by labels per class. {'; '.join(descriptions)}.{also}")


def _draw_points(axes, x, y, look: Mapping, **options) -> None:
    options = {"color": look["color"], "linestyle": "none", "markersize": 3} | options
    axes.plot(x, y, marker=look["marker"], **options)


def _draw_band(axes, x, curve: pd.DataFrame, look: Mapping, name: str) -> None:
    axes.plot(x, curve["mean"], label=name, zorder=3, **look)
    axes.fill_between(x, curve["low"], curve["high"], color=look["color"], alpha=0.15, linewidth=0)


def _draw_lines(axes, lines: Mapping[str, float] | None) -> None:
    """Values to compare with, each with its name at the right end."""
    for name, value in (lines or {}).items():
        axes.axhline(value, color=GREY, linewidth=1, linestyle=":")
        axes.annotate(
            f"{name} {value:.2f}", (1, value), xycoords=("axes fraction", "data"), ha="right",
            va="bottom", fontsize=8, color="#555555", zorder=5,
            bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 0.5},
        )  # fmt: skip


# ---------------------------------------------------------------- by layer and by depth


def by_layer(
    runs: Mapping[str, pd.DataFrame],
    layers: Sequence[str],
    title: str = "",
    lines: Mapping[str, float] | None = None,
) -> Picture:
    """Accuracy of a probe on each layer, from the input to the features.

    Parameters
    ----------
    runs : mapping of str to pandas.DataFrame
        One table from `repeat` per network, of one label count; its strategies are `layers`.
    layers : sequence of str
        In the order of the network.
    title : str
    lines : mapping of str to float, optional
        Horizontal lines to compare with, e.g. chance.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a layer is missing in a table, or its runs are of several label counts.
    """
    figure, axes = new_axes()
    descriptions = _draw_side_by_side(axes, runs, layers)
    _draw_lines(axes, lines)
    axes.set_xticks(range(len(layers)), layers, rotation=30)
    axes.set_xlabel("layer, from the input to the features")
    axes.set(ylabel="accuracy on test items", title=title)
    descriptions += [f"{name} {value:.2f}" for name, value in (lines or {}).items()]
    words = "; ".join(descriptions)
    return Picture(figure, f"Accuracy of a linear head on each layer. {words}.")


def by_depth(
    tables: Mapping[str, pd.DataFrame],
    order: Sequence[str],
    chosen: str | None = None,
    curves: Mapping[str, pd.DataFrame] | None = None,
) -> Picture:
    """Accuracy against how much of the network trains, in one line per test set.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        Runs per test set, from `load_sweep`, of one label count.
    order : sequence of str
        Strategies, from the least to the most that trains.
    chosen : str, optional
        The one to mark.
    curves : mapping of str to pandas.DataFrame, optional
        Of each table its `learning_curve` by strategy, where it is known already.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a strategy is missing in a table, or its runs are of several label counts.
    """
    figure, axes = new_axes(7.5, 3.8)
    drawn = _draw_side_by_side(axes, tables, order, curves)
    descriptions = [f"tested on {words}" for words in drawn]
    if chosen is not None:
        known("strategy", chosen, order)
        axes.axvline(list(order).index(chosen), color="#333333", linewidth=1.5, linestyle="--")
    axes.set_xticks(range(len(order)), order, rotation=20)
    axes.set(xlabel="what trains", ylabel="accuracy on test items")
    mark = f" Marked: {chosen}." if chosen else ""
    return Picture(figure, f"Accuracy by what trains. {'; '.join(descriptions)}.{mark}")


def _draw_side_by_side(
    axes,
    tables: Mapping[str, pd.DataFrame],
    order: Sequence[str],
    curves: Mapping[str, pd.DataFrame] | None = None,
) -> list[str]:
    """Mean and band of some strategies in one line per table; what was drawn, in words."""
    descriptions = []
    for look, (name, table) in zip(looks(tables), tables.items(), strict=True):
        if curves is None:
            curve = _curve_in_order(as_runs(table).at_one_count(order), order)
        else:
            curve = curves[name].loc[list(order)]
        _draw_band(axes, range(len(order)), curve, look, name)
        values = ", ".join(f"{strategy} {value:.2f}" for strategy, value in curve["mean"].items())
        descriptions.append(f"{name}: {values}")
    axes.legend(fontsize=9, title="mean and 95 % band")
    return descriptions


def _curve_in_order(runs: Runs, order: Sequence[str]) -> pd.DataFrame:
    return learning_curve(runs).set_index("strategy").loc[list(order)]


# ---------------------------------------------------------------- by strength


def by_strength(
    runs: pd.DataFrame,
    source_runs: pd.DataFrame,
    strengths: Mapping[float, str],
    control: str,
    oracle: str | None = None,
    title: str = "",
) -> Picture:
    """Accuracy on both domains by the strength of an adaptation: every seed, mean, 95 % band.

    Takes what `strength_walk` takes, and a title.
    """
    order = strengths_in_order(strengths)
    strategies = [strengths[strength] for strength in order]
    controls = [control] if oracle is None else [control, oracle]
    target = as_runs(runs).at_one_count([*strategies, *controls])
    source = as_runs(source_runs).at_one_count(strategies)
    of_source, of_target, *of_controls = looks(["source", "target", *controls])
    figure, axes = new_axes(max(6.5, 0.8 * len(order) + 3.2), 4.2)
    drawn = (
        _draw_strengths(axes, target, strategies, of_target, "on the target", side=-1),
        _draw_strengths(axes, source, strategies, of_source, "on the source", side=1),
    )
    descriptions = [
        f"strength {strength:g}: {', '.join(pair)}"
        for strength, *pair in zip(order, *drawn, strict=True)
    ]
    for name, look in zip(controls, of_controls, strict=True):
        mean = target.loc[target["strategy"] == name, "accuracy"].mean()
        label = f"{name}, on the target: {mean:.2f}"
        axes.axhline(mean, **(look | {"marker": ""}), linewidth=1.5, label=label, zorder=1)
        descriptions.append(label)
    axes.set_xticks(range(len(order)), [f"{strength:g}" for strength in order])
    axes.set(xlabel="strength (at equal distances)", ylabel="accuracy on test items", title=title)
    axes.legend(
        fontsize=9, title="mean, 95 % band,\na dot per seed", loc="center left",
        bbox_to_anchor=(1, 0.5),
    )  # fmt: skip
    what = f"Accuracy by strength of the adaptation, mean and 95 % band{title and f', {title}'}"
    return Picture(figure, f"{what}. {'; '.join(descriptions)}.")


def strengths_in_order(strengths: Mapping[float, str]) -> list[float]:
    """The strengths of a mapping to strategies, from the least on."""
    if not strengths:
        raise ValueError("strengths are empty: give the strategy of each strength")
    if not all(is_number(one) for one in strengths):
        raise ValueError(f"strengths must map numbers to strategies, got {list(strengths)}")
    return sorted(strengths)


def _draw_strengths(
    axes, runs: Runs, strategies: Sequence[str], look: Mapping, label: str, side: int
) -> list[str]:
    """Mean and band, with the seeds beside them; returns each mean and band in words."""
    curve = _curve_in_order(runs[runs["strategy"].isin(strategies)], strategies)
    _draw_band(axes, range(len(strategies)), curve, look, label)
    for place, strategy in enumerate(strategies):
        accuracies = runs.of(strategy, fewest=1)["accuracy"].to_numpy()
        apart = side * np.linspace(0.06, 0.2, len(accuracies))
        _draw_points(axes, place + apart, accuracies, look, alpha=0.5, markeredgewidth=0, zorder=2)
    return [
        f"{label} {point.mean:.2f} [{point.low:.2f}, {point.high:.2f}]"
        for point in curve.itertuples()
    ]


# ---------------------------------------------------------------- over time


def history(trained: pd.DataFrame | History, title: str = "") -> Picture:
    """Loss and accuracy over epochs, on the items that are learned from and on held-out ones.

    Parameters
    ----------
    trained : History or pandas.DataFrame
        What `fit` gives; or its `table` alone, which does not tell whose weights were kept.
    title : str

    Returns
    -------
    Picture
        A dotted line stands where the head alone stops and the backbone joins in, a dashed one at
        the epoch whose weights the model has now (where there was validation). A point of training
        is a mean over its epoch, with augmentation; one of validation is measured after it.

    Raises
    ------
    ValueError
        If the table has no epochs, or lacks a column that `fit` writes.
    """
    table = trained if isinstance(trained, pd.DataFrame) else trained.table
    _check_history(table)
    kept = trained.best_epoch if table is not trained and "valid_loss" in table else None
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    descriptions = []
    for axes, what in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        axes.spines[["top", "right"]].set_visible(False)
        columns = {"training": what, "validation": f"valid_{what}"}
        for look, (name, column) in zip(looks(columns), columns.items(), strict=True):
            if column in table:
                axes.plot(table["epoch"], table[column], label=name, markersize=4, **look)
                descriptions.append(f"{name} {what} {_course_in_words(table, column)}")
        _mark_epochs(axes, table, kept)
        axes.set(xlabel="epoch", ylabel=what)
        axes.set_ylim(0, 1.02 if what == "accuracy" else None)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    figure.legend(*axes.get_legend_handles_labels(), loc="outside right center", fontsize=9)
    figure.suptitle(title)
    words = "; ".join([*descriptions, *_kept_in_words(table, kept)])
    return Picture(figure, f"{title or 'History'}, {len(table)} epochs: {words}.")


def _check_history(table: pd.DataFrame) -> None:
    missing = [name for name in ("epoch", "loss", "accuracy") if name not in table]
    if missing or not len(table):
        what = f"lacks {', '.join(missing)}" if missing else "has no epochs"
        raise ValueError(f"the history {what}: give what fit() returns")


def _course_in_words(table: pd.DataFrame, column: str) -> str:
    """From the first epoch to the last; of validation also the best one."""
    first, last = table[column].iloc[[0, -1]]
    words = f"from {first:.2f} to {last:.2f}"
    if not column.startswith("valid_"):
        return words
    best, place = ("lowest", "idxmin") if column == "valid_loss" else ("highest", "idxmax")
    row = table.loc[getattr(table[column], place)()]
    return f"{words}, {best} {row[column]:.2f} in epoch {row['epoch']:.0f}"


def _kept_in_words(table: pd.DataFrame, kept: int | None) -> list[str]:
    if kept is None:
        return []
    row = table[table["epoch"] == kept].iloc[0]
    numbers = f"validation loss {row['valid_loss']:.2f}, accuracy {row['valid_accuracy']:.2f}"
    return [f"kept are the weights of epoch {kept}: {numbers}"]


def _mark_epochs(axes, table: pd.DataFrame, kept: int | None) -> None:
    if "part" in table and table["part"].nunique() > 1:
        last = table.loc[table["part"] == "head", "epoch"].max()
        axes.axvline(last + 0.5, color=GREY, linewidth=1, linestyle=":", label="all joins in")
    if kept is not None:
        axes.axvline(
            kept, color="#333333", linewidth=1, linestyle="--", label=f"kept: epoch {kept}"
        )


def drift(
    steps: Sequence[int], values: Mapping[str, Sequence[float]], ylabel: str, title: str = ""
) -> Picture:
    """A value that should not change, followed over forward passes.

    Parameters
    ----------
    steps : sequence of int
        Numbers of forward passes.
    values : mapping of str to sequence of float
        One line each, as long as `steps`.
    ylabel : str
        What the values are.
    title : str

    Returns
    -------
    Picture
    """
    figure, axes = new_axes(7, 3.6)
    for look, (name, line) in zip(looks(values), values.items(), strict=True):
        axes.plot(steps, line, label=name, **look)
    axes.set(xlabel="forward passes", ylabel=ylabel, title=title, xticks=steps)
    axes.legend(fontsize=9)
    words = "; ".join(
        f"{name}: from {line[0]:.3f} to {line[-1]:.3f}" for name, line in values.items()
    )
    return Picture(figure, f"{ylabel} against forward passes. {words}.")
