"""Which strategy to take for so many labels and seconds, and where the data do not say."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from tlhelpers.checks import is_number
from tlhelpers.evaluation.comparisons import Comparison, compare
from tlhelpers.evaluation.runs import as_runs
from tlhelpers.evaluation.together import judge_together


def price_list(runs: pd.DataFrame) -> pd.DataFrame:
    """Mean accuracy and median seconds of every strategy at every label count.

    Parameters
    ----------
    runs : pandas.DataFrame
        As `repeat` or `load_sweep` returns it.

    Returns
    -------
    pandas.DataFrame
        `labels`, `strategy`, `accuracy`, `seconds`. The median, since the first run of a process
        also pays for what is loaded once.
    """
    runs = as_runs(runs, ("labels", "strategy", "accuracy", "seconds"))
    grouped = runs.groupby(["labels", "strategy"], sort=False)
    means = grouped.agg(accuracy=("accuracy", "mean"), seconds=("seconds", "median"))
    return pd.DataFrame(means.reset_index())


def winners(runs: pd.DataFrame, budgets: Iterable[float]) -> pd.DataFrame:
    """The best affordable strategy for every label count and budget, if the runs can tell.

    Among the strategies whose median seconds fit the budget, the one with the highest mean accuracy
    is compared with each other one (`compare`, Holm's correction within a label count and budget).
    It wins if it beats them all; those it does not beat are named.

    Parameters
    ----------
    runs : pandas.DataFrame
        As for `price_list`, with at least two seeds.
    budgets : iterable of float
        Seconds, each more than 0.

    Returns
    -------
    pandas.DataFrame
        One row per label count and budget: `labels`, `budget`, `best` (missing if nothing is
        affordable), `tied` (tuple of strategies over which no gain of `best` is resolved), `advice`
        (of `best` and `tied` the one with the fewest seconds), `accuracy` (of `best`), `rivals`
        (how many others are affordable), `resolved` (there are some, and `best` beats them all).

    Notes
    -----
    The leader is picked on the items it is judged by, and the correction is made within one label
    count and budget, not over all: a sketch for choosing, not a set of claims.
    """
    budgets = list(budgets)
    if not budgets or not all(is_number(budget) and budget > 0 for budget in budgets):
        raise ValueError(f"budgets must be seconds above 0, got {budgets}")
    prices = price_list(runs)
    compared: dict[tuple, Comparison] = {}  # budgets ask for the same ones again
    rows = []
    for labels, offers in prices.groupby("labels"):
        for budget in budgets:
            affordable = offers[offers["seconds"] <= budget]
            rows.append({"labels": labels, "budget": budget} | _best(runs, affordable, compared))
    return pd.DataFrame(rows)


def _best(runs: pd.DataFrame, offers: pd.DataFrame, compared: dict) -> dict:
    if offers.empty:
        nothing = {"best": None, "tied": (), "advice": None, "accuracy": np.nan}
        return nothing | {"rivals": 0, "resolved": False}
    order = offers.sort_values("accuracy", ascending=False, kind="stable")
    best, labels = order.iloc[0], int(order.iloc[0]["labels"])
    others = list(order["strategy"][1:])
    for other in others:
        key = (labels, best["strategy"], other)
        if key not in compared:
            compared[key] = compare(runs, best["strategy"], other, labels=labels)
    own = {other: compared[labels, best["strategy"], other] for other in others}
    judged = judge_together(own) if own else {}
    tied = tuple(name for name, one in judged.items() if not one.resolved)
    level = order[order["strategy"].isin([best["strategy"], *tied])]
    return {
        "best": best["strategy"],
        "tied": tied,
        "advice": level.sort_values("seconds", kind="stable").iloc[0]["strategy"],
        "accuracy": best["accuracy"],
        "rivals": len(others),
        "resolved": bool(others) and not tied,
    }
