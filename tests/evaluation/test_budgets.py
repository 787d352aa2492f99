"""Prices and winners: what is affordable, what wins, and what the runs cannot tell."""

import pandas as pd
import pytest
from made_runs import runs_of

from tlhelpers.evaluation.budgets import price_list, winners

SECONDS = {"cheap": 1.0, "good": 10.0, "as good": 40.0}
RUNS = runs_of({"cheap": 0.4, "good": 0.8, "as good": 0.8}, SECONDS, labels=(5, 20))


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


@pytest.mark.parametrize("budgets", [[], [0], [-1.0], [float("inf")], [float("nan")], "3", [True]])
def test_a_budget_that_is_none_is_refused(budgets):
    with pytest.raises(ValueError, match="seconds above 0"):
        winners(RUNS, budgets)


def test_runs_without_a_price_and_runs_on_several_sets_are_refused():
    with pytest.raises(ValueError, match="the runs lack seconds"):
        price_list(RUNS.drop(columns="seconds"))
    both = pd.concat([RUNS.assign(tested_on=name) for name in ("here", "there")])
    with pytest.raises(ValueError, match=r"tested on \['here', 'there'\]"):
        winners(both, [1.0])
