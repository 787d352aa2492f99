"""Prices and winners: what is affordable, what wins, and what the runs cannot tell."""

import numpy as np
import pandas as pd
import pytest

from tlhelpers.evaluation.budgets import price_list, winners
from tlhelpers.figures import training as training_plots


def runs_of(rates, seconds, seeds=10, items=120, labels=(5, 20)):
    """Runs whose strategies are right with given rates, on the same items in each seed."""
    rows = []
    for seed in range(seeds):
        for k in labels:
            for place, (name, rate) in enumerate(rates.items()):
                correct = np.random.default_rng((seed, k, place)).random(items) < rate
                truth = np.arange(items) % 4
                rows.append(
                    {
                        "seed": seed, "labels": k, "strategy": name, "seconds": seconds[name],
                        "accuracy": correct.mean(), "items": np.arange(items).astype(str),
                        "correct": correct, "truth": truth,
                        "predicted": np.where(correct, truth, (truth + 1) % 4),
                    }
                )  # fmt: skip
    return pd.DataFrame(rows)


SECONDS = {"cheap": 1.0, "good": 10.0, "as good": 40.0}
RUNS = runs_of({"cheap": 0.4, "good": 0.8, "as good": 0.8}, SECONDS)


def test_the_price_is_the_median_so_a_slow_first_run_does_not_count():
    runs = RUNS.copy()
    runs.loc[0, "seconds"] = 1000.0
    prices = price_list(runs).set_index(["labels", "strategy"])
    assert prices.seconds[5, "cheap"] == 1.0
    own = runs[(runs["labels"] == 5) & (runs.strategy == "cheap")]
    assert prices.accuracy[5, "cheap"] == pytest.approx(own.accuracy.mean())


def test_only_what_is_affordable_can_win():
    table = winners(RUNS, [0.5, 1.0, 10.0]).set_index(["labels", "budget"])
    assert pd.isna(table.best[5, 0.5]) and pd.isna(table.advice[5, 0.5])
    assert not table.resolved[5, 0.5]
    assert table.best[5, 1.0] == "cheap" and table.rivals[5, 1.0] == 0
    assert not table.resolved[5, 1.0], "it beats nobody"
    assert table.best[5, 10.0] == "good" and table.resolved[5, 10.0]
    assert table.tied[5, 10.0] == ()


def test_equals_are_not_resolved_and_the_cheapest_of_them_is_advised():
    row = winners(RUNS, [100.0]).iloc[0]
    assert not row.resolved and {row.best, *row.tied} == {"good", "as good"}
    assert row.advice == "good"


@pytest.mark.parametrize("budgets", [[], [0], [-1.0], [float("inf")], [float("nan")]])
def test_a_budget_that_is_none_is_refused(budgets):
    with pytest.raises(ValueError, match="seconds above 0"):
        winners(RUNS, budgets)


# ---------------------------------------------------------------- figures


def test_the_map_says_in_words_what_its_colours_say():
    picture = training_plots.choice_map(winners(RUNS, [0.5, 1.0, 10.0, 100.0]), everything=20)
    assert "5 labels, 0.5 s: nothing" in picture.alt
    assert "5 labels, 1 s: only cheap" in picture.alt
    assert "5 labels, 10 s: good" in picture.alt
    assert "5 labels, 100 s: not resolved" in picture.alt
    assert picture.png()[:4] == b"\x89PNG"


def test_prices_tell_accuracy_and_seconds():
    picture = training_plots.prices(RUNS, [5, 20])
    mean = RUNS[(RUNS.strategy == "cheap") & (RUNS["labels"] == 5)].accuracy.mean()
    assert f"5 labels, cheap: {mean:.2f} for 1 s" in picture.alt


def test_history_tells_both_sides_and_marks_where_the_body_joins():
    table = pd.DataFrame(
        {"epoch": [1, 2, 3], "loss": [2.0, 1.0, 0.5], "accuracy": [0.1, 0.5, 0.9],
         "valid_loss": [2.1, 1.5, 1.6], "valid_accuracy": [0.1, 0.4, 0.4],
         "part": ["head", "head", "body"]}
    )  # fmt: skip
    picture = training_plots.history(table, "a run")
    assert "training loss from 2.00 to 0.50" in picture.alt
    assert "validation accuracy from 0.10 to 0.40" in picture.alt
    marks = [
        line for axes in picture.figure.axes for line in axes.lines if len(line.get_xdata()) == 2
    ]
    assert [list(line.get_xdata()) for line in marks] == [[2.5, 2.5]] * 2


def test_depth_marks_the_chosen_one():
    picture = training_plots.by_depth(
        {"here": RUNS[RUNS["labels"] == 5]}, ["cheap", "good"], "good"
    )
    assert picture.alt.endswith("Marked: good.") and "tested on here: cheap 0." in picture.alt


def test_bars_of_forgetting_show_every_seed():
    kept = pd.Series([1.0, 1.0, 0.2, 0.4], index=["head", "head", "all", "all"])
    picture = training_plots.forgetting_bars(kept)
    assert "head 1.00; all 0.30" in picture.alt
    assert sorted(len(line.get_xdata()) for line in picture.figure.axes[0].lines) == [2, 2]


def test_strategies_are_told_with_their_states():
    picture = training_plots.strategies_sheet({"frozen": [("net", "frozen"), ("head", "trained")]})
    assert "frozen: net frozen, head trained" in picture.alt
