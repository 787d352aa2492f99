"""What many items will cost: lines through measured amounts, on work that is counted, not timed."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_nets import tiny_backbone

from tlhelpers.errors import CourseError
from tlhelpers.evaluation.costs import (
    cost_table,
    fit_cost,
    fit_share,
    lesson_costs,
    run_costs,
)
from tlhelpers.experiments.stored import load_sweep

NOISY = [200, 400, 800, 1600, 3200], [3.1, 4.9, 9.2, 17.5, 33.0]


@settings(deadline=None, max_examples=60)
@given(
    fixed=st.floats(0, 1e4),
    per_item=st.floats(1e-6, 1e2),
    items=st.lists(st.integers(1, 10**6), min_size=3, max_size=8, unique=True),
)
def test_amounts_on_a_line_give_it_back_and_any_size_in_between_and_beyond(fixed, per_item, items):
    amounts = [fixed + per_item * n for n in items]
    cost = fit_cost(items, amounts)
    for n in (*items, 10**7):
        at, true = cost.at(n), fixed + per_item * n
        assert at.value == pytest.approx(true, rel=1e-5, abs=1e-6)
        assert at.low <= at.value <= at.high and at.beyond == n / max(items)
        assert at.high - at.low == pytest.approx(0, abs=1e-4 * true + 1e-4)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(1, 10**5), st.floats(0, 1e5)), min_size=2, max_size=9).filter(
        lambda pairs: len({n for n, _ in pairs}) > 1
    )
)
def test_whatever_was_measured_nothing_is_below_zero_and_more_items_never_cost_less(pairs):
    cost = fit_cost(*zip(*pairs, strict=True))
    assert cost.fixed >= 0 and cost.per_item >= 0
    values = [cost.at(n) for n in (1, 10, 10**3, 10**6)]
    assert [at.value for at in values] == sorted(at.value for at in values)
    assert all(math.isnan(at.low) or 0 <= at.low <= at.value <= at.high for at in values)


def test_line_and_interval_are_those_of_statsmodels():
    cost = fit_cost(*NOISY)
    n, y = (np.array(one, dtype=float) for one in NOISY)
    model = sm.WLS(y, sm.add_constant(n), weights=1 / cost.levels**2).fit()
    np.testing.assert_allclose(cost.levels, cost.fixed + cost.per_item * n, rtol=1e-3)
    np.testing.assert_allclose([cost.fixed, cost.per_item], model.params, rtol=1e-8)
    for at in (100.0, 1000.0, 1e6):
        told = model.get_prediction([[1.0, at]], weights=1 / cost.at(at).value ** 2).summary_frame(
            alpha=0.05
        )
        low, high = told["obs_ci_lower"].item(), told["obs_ci_upper"].item()
        np.testing.assert_allclose(cost.at(at).high, high, rtol=1e-8)
        np.testing.assert_allclose(cost.at(at).low, max(0, low), rtol=1e-8)


@pytest.mark.parametrize("seed", range(3))
def test_a_new_run_lies_in_the_interval_as_often_as_it_says(seed):
    rng, inside = np.random.default_rng(seed), []
    sizes = np.array([100, 200, 400, 800, 1600])
    for _ in range(300):
        seconds = (5 + 0.02 * sizes) * (1 + 0.1 * rng.normal(size=5))
        new = (5 + 0.02 * 20_000) * (1 + 0.1 * rng.normal())
        at = fit_cost(sizes, seconds).at(20_000)
        inside.append(at.low <= new <= at.high)
    assert 0.90 < np.mean(inside) < 0.99


def operations(count: int) -> float:
    """Multiplications of a frozen pass over so many pictures, counted by hooks, and a fixed part.

    The fixed part is what planning costs: three pictures of the same size.
    """
    counted, backbone = [], tiny_backbone()

    def note(layer, given, out):
        counted.append(out.numel() * layer.weight[0].numel())

    for layer in backbone.modules():
        if isinstance(layer, torch.nn.Conv2d):
            layer.register_forward_hook(note)
    with torch.no_grad():
        for size in (3, *[1] * count):
            backbone(torch.zeros(size, 3, 16, 16))
    return float(sum(counted))


def test_the_formula_holds_for_work_that_is_counted_at_three_sizes_and_a_fourth_far_away():
    sizes = [5, 10, 20]
    cost = fit_cost(sizes, [operations(count) for count in sizes])
    assert cost.fixed == pytest.approx(3 * cost.per_item)
    assert cost.at(200).value == pytest.approx(operations(200))
    assert cost.at(200).beyond == 10


def test_two_sizes_give_a_line_and_no_interval_and_it_says_how_far_it_reaches():
    at = fit_cost([100, 300], [2.0, 4.0]).at(3000)
    assert (at.value, at.beyond) == (pytest.approx(31.0), 10.0) and math.isnan(at.low)
    assert str(at) == "31, 10 times as many as measured"
    assert str(fit_cost(*NOISY).at(800)) == "9.11 (8.3 to 9.92)"


def test_the_interval_grows_with_the_distance():
    widths = [at.high - at.low for at in map(fit_cost(*NOISY).at, (10**3, 10**4, 10**6))]
    assert widths == sorted(widths) and widths[2] > 50 * widths[1]


@settings(deadline=None, max_examples=40)
@given(st.floats(0, 1), st.lists(st.integers(2, 64), min_size=1, max_size=5))
def test_a_share_that_was_put_in_comes_out(parallel, workers):
    workers = [1, *workers]
    share = fit_share(workers, [40 * (1 - parallel + parallel / w) for w in workers])
    assert share.parallel == pytest.approx(parallel, abs=1e-9) and share.workers == max(workers)
    assert share.speedup(1) == 1
    assert share.speedup(10**6) == pytest.approx(1 / (1 - parallel + parallel / 10**6), rel=1e-4)


def test_a_share_stays_between_nothing_and_all():
    assert fit_share([1, 2], [10, 12]).parallel == 0
    assert fit_share([1, 2], [10, 3]).parallel == 1


def test_the_table_is_the_line_in_hours_money_and_megabytes():
    cost, memory = fit_cost(*NOISY), fit_cost([100, 1000, 10_000], [300.1, 301, 310])
    table = cost_table({"frozen": cost}, per_hour=3.6, memory={"frozen": memory})
    assert table["items"].tolist() == [1000, 1_000_000]
    for row in table.itertuples():
        at = cost.at(row.items)
        assert (row.seconds, row.low, row.high) == (at.value, at.low, at.high)
        assert row.money == pytest.approx(at.value / 1000)
        assert (row.money_low, row.money_high) == pytest.approx((at.low / 1000, at.high / 1000))
        assert row.memory_mb == pytest.approx(300 + row.items / 1000)
    assert table["beyond"].tolist() == [1000 / 3200, 1_000_000 / 3200]


def test_workers_that_share_half_save_seconds_and_cost_more():
    cost, share = fit_cost(*NOISY), fit_share([1, 2], [10, 7.5])
    one = cost_table({"w": cost}, [1000])
    four = cost_table({"w": cost}, [1000], share=share, workers=4)
    assert four["seconds"].item() == pytest.approx(one["seconds"].item() * (0.5 + 0.5 / 4))
    assert four["money"].item() == pytest.approx(one["money"].item() * 4 * (0.5 + 0.5 / 4))
    assert math.isnan(four["memory_mb"].item())


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: fit_cost([5, 5], [1, 2]), "one size cannot tell"),
        (lambda: fit_cost([1, 2], [1]), "2 sizes and 1 amounts"),
        (lambda: fit_cost([0, 2], [1, 2]), "items must be above 0"),
        (lambda: fit_cost([1, 2], [1, float("nan")]), "amounts must be a list of finite"),
        (lambda: fit_cost([1, 2], [1, -2]), "amounts must be a list of finite"),
        (lambda: fit_cost("ab", [1, 2]), "items must be a list"),
        (lambda: fit_share([2, 4], [1, 1]), "measure 1 worker"),
        (lambda: fit_share([1, 1], [1, 1]), "measure 1 worker"),
        (lambda: fit_share([1, 2], [1]), "got 2 and 1"),
        (lambda: cost_table({"w": fit_cost(*NOISY)}, workers=2), "fit_share says"),
        (lambda: cost_table({"w": fit_cost(*NOISY)}, per_hour=-1), "per_hour"),
        (lambda: cost_table({"w": fit_cost(*NOISY)}, [0]), "items must be"),
        (lambda: run_costs(pd.DataFrame({"strategy": ["a"]}), 2), "the runs lack labels, seconds"),
    ],
)
def test_what_cannot_be_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_what_the_course_has_stored_gives_costs_of_each_strategy():
    runs = load_sweep("text-strategies")
    costs = run_costs(runs, 2)
    assert list(costs) == list(dict.fromkeys(runs["strategy"]))
    assert all(cost.at(1000).value > 0 for cost in costs.values())
    assert max(costs, key=lambda name: costs[name].per_item) != "TF-IDF"


def test_the_times_of_lessons_are_read_and_their_absence_is_told(tmp_path):
    table = lesson_costs()
    assert len(table) >= 12 and (table["seconds"] > 0).all() and (table["peak_mb"] > 100).all()
    assert lesson_costs("02")["lesson"].tolist() == ["02_feature_extraction"]
    with pytest.raises(CourseError, match="run --record"):
        lesson_costs(path=tmp_path / "none.csv")
