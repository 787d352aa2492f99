"""Figures about training: its history, its depth, its price, and what to choose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from tlhelpers.evaluation.budgets import price_list
from tlhelpers.evaluation.repeated import learning_curve
from tlhelpers.figures.basic import Picture
from tlhelpers.figures.palette import (
    COLOURS,
    MARKERS,
    STATES,
    bands,
    labels_per_class,
    new_axes,
    places,
    style,
)


def history(table: pd.DataFrame, title: str = "") -> Picture:
    """Loss and accuracy over epochs, on the items that are learned from and on held-out ones.

    Parameters
    ----------
    table : pandas.DataFrame
        From `finetune.History`.
    """
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    told = []
    for axes, what in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        axes.spines[["top", "right"]].set_visible(False)
        for i, (column, name) in enumerate([(what, "training"), (f"valid_{what}", "validation")]):
            if column in table:
                axes.plot(table["epoch"], table[column], label=name, markersize=4, **style(i))
                ends = table[column].iloc[[0, -1]]
                told.append(f"{name} {what} from {ends.iloc[0]:.2f} to {ends.iloc[1]:.2f}")
        _mark_parts(axes, table)
        axes.set(xlabel="epoch", ylabel=what)
        axes.legend(fontsize=9)
    figure.suptitle(title)
    return Picture(figure, f"{title or 'History'}, {len(table)} epochs: {'; '.join(told)}.")


def _mark_parts(axes, table: pd.DataFrame) -> None:
    """A line where the head alone stops and the body joins in."""
    if "part" in table and table["part"].nunique() > 1:
        last = table.loc[table["part"] == "head", "epoch"].max()
        axes.axvline(last + 0.5, color="#777777", linewidth=1, linestyle=":")


def by_depth(
    tables: dict[str, pd.DataFrame], order: Sequence[str], chosen: str | None = None
) -> Picture:
    """Accuracy against how much of the network trains, in one line per test set.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        Runs per test set, from `sweeps.load_sweep`.
    order : sequence of str
        Strategies, from the least to the most that trains.
    chosen : str, optional
        The one to mark.
    """
    figure, axes = new_axes(7.5, 3.8)
    told = [f"tested on {line}" for line in bands(axes, tables, order)]
    if chosen is not None:
        axes.axvline(list(order).index(chosen), color="#333333", linewidth=1.5, linestyle="--")
    axes.set_xticks(range(len(order)), order, rotation=20)
    axes.set(xlabel="what trains", ylabel="accuracy on test items")
    mark = f" Marked: {chosen}." if chosen else ""
    return Picture(figure, f"Accuracy by what trains. {'; '.join(told)}.{mark}")


def prices(runs: pd.DataFrame, labels: Sequence[int], title: str = "") -> Picture:
    """Mean accuracy against CPU seconds, one panel per label count.

    Parameters
    ----------
    runs : pandas.DataFrame
        From `sweeps.load_sweep`.
    labels : sequence of int
        Label counts to show.
    """
    offers, curve = price_list(runs), learning_curve(runs)
    figure = Figure(figsize=(4.0 * len(labels) + 1.8, 3.9), layout="constrained")
    panels = figure.subplots(1, len(labels), sharey=True, squeeze=False)[0]
    strategies, told = list(offers["strategy"].unique()), []
    for axes, k in zip(panels, labels, strict=True):
        axes.spines[["top", "right"]].set_visible(False)
        for i, strategy in zip(places(strategies), strategies, strict=True):
            offer = offers[(offers["labels"] == k) & (offers["strategy"] == strategy)].iloc[0]
            band = curve[(curve["labels"] == k) & (curve["strategy"] == strategy)].iloc[0]
            ends = [[band["mean"] - band.low], [band.high - band["mean"]]]
            axes.errorbar(
                offer.seconds, band["mean"], yerr=ends, marker=MARKERS[i % 7],
                color=COLOURS[i % 7], label=strategy, markersize=8, capsize=3, linestyle="none",
            )  # fmt: skip
            told.append(f"{k} labels, {strategy}: {band['mean']:.2f} for {offer.seconds:.2g} s")
        everything = " (all)" if k == runs.attrs.get("all") else ""
        axes.set(xscale="log", title=f"{labels_per_class(k)}{everything}")
        axes.set_xlabel("CPU seconds, every trial charged (log scale)")
    panels[0].set_ylabel("accuracy on test items")
    panels[-1].legend(fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5), title="95 % bars")
    figure.suptitle(title)
    return Picture(figure, f"Accuracy and its price. {'; '.join(told)}.")


def choice_map(table: pd.DataFrame, everything: int | None = None, title: str = "") -> Picture:
    """Which strategy wins for so many labels and seconds; hatched where it is not resolved.

    Pale where nothing else is affordable.

    Parameters
    ----------
    table : pandas.DataFrame
        From `budgets.winners`.
    everything : int, optional
        The label count that stands for all labels.
    """
    labels, budgets = sorted(table["labels"].unique()), sorted(table["budget"].unique())
    names = list(dict.fromkeys(table["best"].dropna()))
    colours = {name: COLOURS[i % 7] for i, name in zip(places(names), names, strict=True)}
    figure, axes = new_axes(1.75 * len(budgets) + 1.5, 0.85 * len(labels) + 1.3)
    told = []
    for row in table.itertuples():
        x, y = budgets.index(row.budget), labels.index(row.labels)
        colour = "#FFFFFF" if pd.isna(row.best) else colours[row.best]
        axes.add_patch(_cell(x, y, colour, row.resolved, bool(row.rivals)))
        axes.text(x, y, _choice(row), ha="center", va="center", fontsize=8.5)
        outcome = row.best if row.resolved else f"not resolved, {row.best} highest"
        outcome = f"only {row.best}" if row.best and not row.rivals else outcome
        outcome = "nothing" if pd.isna(row.best) else outcome
        told.append(f"{row.labels} labels, {row.budget:g} s: {outcome}")
    axes.set(xlim=(-0.5, len(budgets) - 0.5), ylim=(-0.5, len(labels) - 0.5), title=title)
    axes.set_xticks(range(len(budgets)), [f"{b:g}" for b in budgets])
    axes.set_yticks(
        range(len(labels)), [f"all ({k})" if k == everything else str(k) for k in labels]
    )
    axes.tick_params(length=0)
    axes.set(xlabel="budget in CPU seconds", ylabel="labels per class")
    return Picture(figure, f"What wins where. {'; '.join(told)}.")


def _cell(x: int, y: int, colour: str, resolved: bool, contested: bool):
    strength = "AA" if resolved else "33"
    hatch = "///" if contested and not resolved else None
    return Rectangle(
        (x - 0.48, y - 0.46), 0.96, 0.92, facecolor=colour + strength, edgecolor="#BBBBBB",
        hatch=hatch,
    )  # fmt: skip


def _choice(row) -> str:
    if pd.isna(row.best):
        return "nothing\naffordable"
    if row.resolved or not row.rivals:
        return f"{row.best}\n{row.accuracy:.2f}" + ("" if row.rivals else "\n(no rival)")
    return f"not resolved\n{row.best} {row.accuracy:.2f}\ncheapest: {row.advice}"


def forgetting_bars(values: pd.Series, title: str = "") -> Picture:
    """What is left of old answers, one bar per way of training, every seed as a point.

    Parameters
    ----------
    values : pandas.Series
        Share from 0 to 1, one per run; the index holds the name of the way of training.
    """
    names = list(dict.fromkeys(values.index))
    figure, axes = new_axes(7.5, 0.42 * len(names) + 1.2)
    means = [float(values[values.index == name].mean()) for name in names]
    axes.barh(range(len(names)), means, color=COLOURS[5], alpha=0.6)
    for y, name in enumerate(names):
        own = np.asarray(values[values.index == name], dtype=float)
        axes.plot(own, np.full(len(own), y), "o", color=COLOURS[0], markersize=3, alpha=0.6)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set(xlim=(0, 1.02), xlabel="share of photographs with the old answer", title=title)
    told = "; ".join(f"{name} {mean:.2f}" for name, mean in zip(names, means, strict=True))
    return Picture(figure, f"Share of photographs that keep their ImageNet answer. {told}.")


def strategies_sheet(rows: Mapping[str, Sequence[tuple[str, str]]]) -> Picture:
    """Several set-ups one above the other, in the colours of `plots.setup_diagram`.

    Parameters
    ----------
    rows : mapping of str to sequence of (str, str)
        For each strategy, text and state of its parts.
    """
    widest = max(len(parts) for parts in rows.values())
    figure = Figure(figsize=(2.6 * widest + 2.0, 0.72 * len(rows)), layout="constrained")
    axes = figure.subplots()
    axes.set(xlim=(-1.1, 2 * widest), ylim=(-len(rows) + 0.45, 0.55))
    axes.axis("off")
    told = []
    for y, (name, parts) in enumerate(rows.items()):
        axes.text(-0.1, -y, name, ha="right", va="center", fontsize=10, fontweight="bold")
        for x, (text, state) in enumerate(parts):
            colour, word, hatch = STATES[state]
            axes.barh(
                -y, 1.9, left=2 * x, height=0.72, color=colour, hatch=hatch, edgecolor="#333333"
            )
            back = {"facecolor": "white", "edgecolor": "none", "pad": 1} if hatch else None
            axes.text(
                2 * x + 0.95, -y, f"{text}: {word}", ha="center", va="center", fontsize=9, bbox=back
            )
        told.append(f"{name}: {', '.join(f'{text} {STATES[state][1]}' for text, state in parts)}")
    return Picture(figure, f"Strategies. {'; '.join(told)}.")
