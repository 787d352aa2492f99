"""Adaptation without labels over its steps: what can be seen without labels, and what cannot."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from tlhelpers.adaptation.tent import largest_share
from tlhelpers.evaluation.runs import as_runs
from tlhelpers.figures.palette import looks
from tlhelpers.figures.picture import Picture

PANELS = {
    "entropy": "mean entropy of the answers\n(no label needed)",
    "share": "share of the most frequent\npredicted class (no label needed)",
    "accuracy": "accuracy on test items\n(needs labels)",
}


def collapse(
    runs: pd.DataFrame, paths: Mapping[str, Mapping[int, str]], title: str = ""
) -> Picture:
    """Entropy and share of the most frequent predicted class beside the accuracy, over the steps.

    Parameters
    ----------
    runs : pandas.DataFrame
        From `repeat` with strategies of `follow_tent`, all tested on one set.
    paths : mapping of str to mapping of int to str
        For each line, under its name, the strategy after each number of steps.
    title : str

    Returns
    -------
    Picture
        The mean over the seeds as a line, each seed as a point.

    Raises
    ------
    ValueError
        If there is no path, or the runs lack one of its strategies or the entropy.
    """
    if not paths or not all(paths.values()):
        raise ValueError("paths are empty: give the strategies by number of steps, for each line")
    if "entropy" not in runs:
        raise ValueError("the runs have no column entropy: make them with follow_tent()")
    runs = as_runs(runs)
    figure = Figure(figsize=(9.6, 3.6), layout="constrained")
    every = figure.subplots(1, len(PANELS), sharex=True)
    said = []
    for look, (name, by_steps) in zip(looks(paths), paths.items(), strict=True):
        table = _measure(runs, by_steps)
        means = table.groupby("steps")[list(PANELS)].mean()
        for axes, column in zip(every, PANELS, strict=True):
            axes.plot(means.index, means[column], label=name, markersize=5, **look)
            axes.plot(
                table["steps"], table[column], look["marker"], color=look["color"], alpha=0.3,
                markersize=3,
            )  # fmt: skip
        said.append(f"{name}: {_in_words(means)}")
    ticks = sorted({steps for by_steps in paths.values() for steps in by_steps})
    for axes, label in zip(every, PANELS.values(), strict=True):
        axes.set_xticks(ticks)
        axes.set(xlabel="gradient steps (0: AdaBN)", ylabel=label, ylim=(0, None))
        axes.spines[["top", "right"]].set_visible(False)
    for axes in every[1:]:
        axes.set_ylim(0, 1.03)
    figure.suptitle(title)
    figure.legend(
        handles=[line for line in every[0].lines if line.get_label() in paths],
        loc="outside lower center", ncols=4, fontsize=9,
    )  # fmt: skip
    what = "Entropy, share of the most frequent predicted class and accuracy by steps, mean of"
    seeds = f"{what} {runs['seed'].nunique()} seeds{title and f', {title}'}"
    return Picture(figure, f"{seeds}. {'. '.join(said)}.")


def _measure(runs, by_steps: Mapping[int, str]) -> pd.DataFrame:
    """One row per number of steps and seed: what `PANELS` names."""
    rows = runs.at_one_count(by_steps.values())
    return pd.DataFrame(
        {
            "steps": steps,
            "entropy": run.entropy,
            "share": largest_share(run.predicted),
            "accuracy": run.accuracy,
        }
        for steps, name in sorted(by_steps.items())
        for run in rows[rows["strategy"] == name].itertuples()
    )


def _in_words(means: pd.DataFrame) -> str:
    return "; ".join(
        f"{steps} steps: entropy {row.entropy:.2f}, share {row.share:.2f}, "
        f"accuracy {row.accuracy:.2f}"
        for steps, row in zip(means.index, means.itertuples(), strict=True)
    )
