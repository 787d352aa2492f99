"""What to choose: what a strategy costs, which one wins where, and scores without target labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator, NullFormatter
from scipy.stats import spearmanr

from tlhelpers.evaluation.budgets import price_list
from tlhelpers.evaluation.comparisons import learning_curve
from tlhelpers.evaluation.runs import RUN_COLUMNS, Runs, as_runs
from tlhelpers.figures.palette import COLOURS, labels_per_class, looks, new_axes
from tlhelpers.figures.picture import Picture


def prices(
    runs: pd.DataFrame, labels: Sequence[int], title: str = "", unit: str = "CPU seconds"
) -> Picture:
    """Mean accuracy against what it costs, one panel per label count.

    Parameters
    ----------
    runs : pandas.DataFrame
        From `load_sweep`.
    labels : sequence of int
        Label counts to show.
    title : str
    unit : str
        What the column `seconds` counts: something else if you have divided it.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a column is missing, or a strategy was not run with one of the label counts.
    """
    runs = as_runs(runs, needed=(*RUN_COLUMNS, "seconds"))
    for name in runs.strategies:
        runs.of(name, labels)  # refuses a label count that it was not run with
    curve = learning_curve(runs).set_index(["labels", "strategy"])
    offers = curve.join(price_list(runs).set_index(["labels", "strategy"]))
    figure = Figure(figsize=(4.0 * len(labels) + 1.8, 3.9), layout="constrained")
    panels = figure.subplots(1, len(labels), sharey=True, squeeze=False)[0]
    descriptions = []
    for axes, count in zip(panels, labels, strict=True):
        descriptions += _draw_offers(axes, offers.loc[count].loc[runs.strategies], count, unit)
        everything = " (all)" if count == runs.whole else ""
        axes.set_title(f"{labels_per_class(count)}{everything}")
    panels[0].set_ylabel("accuracy on test items")
    panels[-1].legend(fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5), title="95 % bars")
    figure.suptitle(title)
    return Picture(figure, f"Accuracy and its price. {'; '.join(descriptions)}.")


def _draw_offers(axes, offers: pd.DataFrame, count: int, unit: str) -> list[str]:
    """One point per strategy, where its accuracy and its price meet; returns them in words."""
    descriptions = []
    for look, offer in zip(looks(offers.index), offers.itertuples(), strict=True):
        ends = [[offer.mean - offer.low], [offer.high - offer.mean]]
        look = look | {"linestyle": "none", "markersize": 8, "capsize": 3}
        axes.errorbar(offer.seconds, offer.mean, yerr=ends, label=offer.Index, **look)
        descriptions.append(
            f"{count} labels, {offer.Index}: {offer.mean:.2f} for {offer.seconds:.2g} {unit}"
        )
    axes.spines[["top", "right"]].set_visible(False)
    axes.set(xscale="log", xlabel=f"{unit}, every trial charged (log scale)")
    near = offers["seconds"].max() < 30 * offers["seconds"].min()
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if near else (1,)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    return descriptions


def choice_map(
    table: pd.DataFrame,
    everything: int | None = None,
    title: str = "",
    unit: str = "CPU seconds",
) -> Picture:
    """Which strategy wins for so many labels and so much computing; hatched if not resolved.

    Pale where nothing else is affordable.

    Parameters
    ----------
    table : pandas.DataFrame
        From `winners`.
    everything : int, optional
        The label count that stands for all labels.
    title : str
    unit : str
        What the budgets count.

    Returns
    -------
    Picture
    """
    labels, budgets = sorted(table["labels"].unique()), sorted(table["budget"].unique())
    names = list(dict.fromkeys(table["best"].dropna()))
    colours = {name: look["color"] for name, look in zip(names, looks(names), strict=True)}
    figure, axes = new_axes(1.75 * len(budgets) + 1.5, 0.85 * len(labels) + 1.3)
    descriptions = []
    for row in table.itertuples():
        x, y = budgets.index(row.budget), labels.index(row.labels)
        axes.add_patch(_cell(x, y, colours.get(row.best, "#FFFFFF"), row))
        axes.text(x, y, _cell_text(row), ha="center", va="center", fontsize=8.5)
        descriptions.append(f"{row.labels} labels, {row.budget:g} {unit}: {_outcome(row)}")
    axes.set(xlim=(-0.5, len(budgets) - 0.5), ylim=(-0.5, len(labels) - 0.5), title=title)
    axes.set_xticks(range(len(budgets)), [f"{budget:g}" for budget in budgets])
    counts = [f"all ({count})" if count == everything else str(count) for count in labels]
    axes.set_yticks(range(len(labels)), counts)
    axes.tick_params(length=0)
    axes.set(xlabel=f"budget in {unit}", ylabel="labels per class")
    return Picture(figure, f"What wins where. {'; '.join(descriptions)}.")


def _cell(x: int, y: int, colour: str, row):
    strength = "AA" if row.resolved else "33"
    hatch = "///" if row.rivals and not row.resolved else None
    return Rectangle(
        (x - 0.48, y - 0.46), 0.96, 0.92, facecolor=colour + strength, edgecolor="#BBBBBB",
        hatch=hatch,
    )  # fmt: skip


def _cell_text(row) -> str:
    if pd.isna(row.best):
        return "nothing\naffordable"
    if row.resolved or not row.rivals:
        return f"{row.best}\n{row.accuracy:.2f}" + ("" if row.rivals else "\n(no rival)")
    return f"not resolved\n{row.best} {row.accuracy:.2f}\ncheapest: {row.advice}"


def _outcome(row) -> str:
    if pd.isna(row.best):
        return "nothing"
    if not row.rivals:
        return f"only {row.best} {row.accuracy:.2f}"
    best = f"{row.best} {row.accuracy:.2f}"
    return best if row.resolved else f"not resolved, highest {best}, cheapest {row.advice}"


# ---------------------------------------------------------------- without target labels


def scorer_scatter(
    runs: pd.DataFrame,
    scorers: Sequence[str],
    among: Sequence[str],
    title: str = "",
    lower: Sequence[str] = (),
) -> Picture:
    """Does a score that needs no target labels rank as the target accuracy does?

    Parameters
    ----------
    runs : pandas.DataFrame
        Runs tested on the target, of one label count, with a column of scores per scorer.
    scorers : sequence of str
        One panel each.
    among : sequence of str
        The candidates: strategies of `runs`. Of equal scores the first one is picked.
    title : str
    lower : sequence of str
        Scorers whose lowest value is the best; of the others the highest is picked.

    Returns
    -------
    Picture
        Over each panel the rank correlation within a seed (Spearman), the mean over seeds; of
        scorers in `lower`, with the sign turned.

    Raises
    ------
    ValueError
        If a strategy or scorer is missing, a score is no number, there are fewer than two
        candidates, or they are not paired: one run per seed each, on the same items.
    """
    rows = _candidates(runs, scorers, among)
    wide = min(len(scorers), 4)
    high = -(-len(scorers) // wide)
    figure = Figure(figsize=(2.7 * wide + 0.6, 3.1 * high + 0.5), layout="constrained")
    grid = figure.subplots(high, wide, squeeze=False, sharey=True).ravel()
    for axes in grid[len(scorers) :]:
        axes.set_axis_off()
    descriptions = [
        _draw_scores(axes, rows, scorer, among, -1 if scorer in lower else 1)
        for axes, scorer in zip(grid, scorers, strict=False)
    ]
    for axes in grid[: len(scorers) : wide]:
        axes.set_ylabel("accuracy on the target")
    figure.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    highest = rows["accuracy"].unstack("seed").max().mean()
    best = f"best candidate of each seed: {highest:.2f} on average"
    figure.suptitle("\n".join(filter(None, [title, best])), fontsize=11)
    what = f"Scores of {len(among)} candidates against their accuracy on the target, {best}"
    return Picture(figure, f"{what}. {'; '.join(descriptions)}.")


def _candidates(runs: pd.DataFrame, scorers: Sequence[str], among: Sequence[str]) -> Runs:
    """Scores and accuracies by strategy and seed."""
    if not len(scorers) or len(set(among)) < 2:
        raise ValueError("give one scorer and two different candidates at least")
    missing = [name for name in scorers if name not in runs]
    if missing:
        raise ValueError(f"the runs hold no scores {missing[0]!r}")
    runs = as_runs(runs).at_one_count(among)
    for name in among:
        runs.pair(among[0], name, fewest=1)
    rows = runs.set_index(["strategy", "seed"])[[*scorers, "accuracy"]].astype(float)
    for scorer in scorers:
        bad = rows.index[~np.isfinite(rows[scorer])]
        if len(bad):
            name, seed = bad[0]
            raise ValueError(f"the score {scorer!r} of {name!r}, seed {seed}, is no number")
    return rows


def _draw_scores(axes, rows: pd.DataFrame, scorer: str, among: Sequence[str], sign: int) -> str:
    """Every candidate as a point, and which one each seed picks; returns it in words."""
    picked = (sign * rows[scorer]).unstack("seed").loc[list(among)].idxmax()
    chosen = rows.loc[[(strategy, seed) for seed, strategy in picked.items()]]
    axes.plot(
        rows[scorer], rows["accuracy"], "o", color=COLOURS[5], markersize=4, alpha=0.6,
        markeredgewidth=0, label="candidate",
    )  # fmt: skip
    axes.plot(
        chosen[scorer], chosen["accuracy"], "s", color=COLOURS[1], markersize=7,
        markerfacecolor="none", markeredgewidth=1.5, label="picked (one per seed)",
    )  # fmt: skip
    agreement, mean = _rank_agreement(rows, scorer, sign), chosen["accuracy"].mean()
    axes.set_title(f"{scorer}\n{agreement}\npicked: {mean:.2f}", fontsize=9)
    axes.set_xlabel("score, lower is better" if sign < 0 else "score")
    axes.spines[["top", "right"]].set_visible(False)
    return f"{scorer}: {agreement}, picked {mean:.2f} on average"


def _rank_agreement(rows: pd.DataFrame, scorer: str, sign: int) -> str:
    """Spearman's rank correlation within each seed, the mean over those where it exists."""
    values = [
        sign * spearmanr(of_seed[scorer], of_seed["accuracy"]).statistic
        for _, of_seed in rows.groupby(level="seed")
        if of_seed[scorer].nunique() > 1 and of_seed["accuracy"].nunique() > 1
    ]
    seeds = rows.index.unique("seed").size
    if not values:
        return "rank correlation: not defined"
    part = "" if len(values) == seeds else f" ({len(values)} of {seeds} seeds)"
    return f"rank correlation {np.mean(values):+z.2f}{part}".replace("-", "−")
