"""Tests and intervals with a closed form, against scipy, statsmodels and simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from tlhelpers.evaluation import significance
from tlhelpers.evaluation.significance import holm, mcnemar, smallest_gap, wilson

# Other work on the machine must not fail a test: no deadline.
calm = settings(deadline=None, max_examples=60)


@settings(calm, max_examples=20)  # statsmodels collects garbage at every call
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_agrees_with_statsmodels(p):
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1], rtol=1e-12)


@calm
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_holm_follows_the_order_and_never_lowers(p, random):
    p, order = np.array(p), np.array(random.sample(range(len(p)), len(p)))
    np.testing.assert_array_equal(holm(p[order]), holm(p)[order])
    assert (holm(p) >= p).all() and (holm(p) <= 1).all()


@pytest.mark.parametrize("p", [[0.5, 1.2], [-0.1], [float("nan")], 0.5])
def test_holm_refuses_what_is_no_p_value(p):
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm(p)


@calm
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=80))
def test_mcnemar_agrees_with_statsmodels(answers):
    a, b = np.array(answers).T
    table = [[np.sum(a & b), np.sum(a & ~b)], [np.sum(~a & b), np.sum(~a & ~b)]]
    assert mcnemar(a, b) == pytest.approx(min(1, statsmodels_mcnemar(table, exact=True).pvalue))


def test_mcnemar_without_disagreement_and_with_bad_input():
    assert mcnemar([True, False], [True, False]) == 1
    for a, b, message in (
        ([True], [True, False], "same items"),
        ([], [], "same items"),
        ([1, 2], [0, 1], "True and False"),
        ([1, np.nan], [0, 1], "True and False"),
    ):
        with pytest.raises(ValueError, match=message):
            mcnemar(a, b)


@calm
@given(st.integers(1, 3_000), st.data())
def test_wilson_agrees_with_statsmodels(n, data):
    correct = data.draw(st.integers(0, n))
    wanted = proportion_confint(correct, n, method="wilson")
    assert wilson(correct, n) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize(("correct", "n"), [(5, 4), (-1, 4), (0, 0)])
def test_wilson_refuses_impossible_counts(correct, n):
    with pytest.raises(ValueError, match="between 0 and n"):
        wilson(correct, n)


@pytest.mark.parametrize(
    ("n_items", "disagreement", "gap"), [(30, 0.4, 0.2), (60, 0.2, 0.1), (40, 0.3, 0)]
)
def test_mcnemar_power_agrees_with_adding_up_every_outcome(n_items, disagreement, gap):
    wins, losses = (disagreement + gap) / 2, (disagreement - gap) / 2
    outcomes = stats.multinomial(n_items, [wins, losses, 1 - disagreement])
    total = sum(
        outcomes.pmf([i, j, n_items - i - j])
        for i in range(n_items + 1)
        for j in range(n_items + 1 - i)
        if i + j and stats.binomtest(i, i + j).pvalue <= 0.05
    )
    assert significance._mcnemar_power(n_items, disagreement, gap, 0.05) == pytest.approx(total)


@pytest.mark.parametrize(("n_items", "points"), [(150, 7.34), (500, 4.07), (2_000, 2.02)])
def test_smallest_gap_is_found_in_four_of_five_simulated_tests(n_items, points):
    gap = smallest_gap(n_items)
    assert 100 * gap == pytest.approx(points, abs=0.01)
    wins, losses = (0.1 + gap) / 2, (0.1 - gap) / 2
    drawn = np.random.default_rng(0).multinomial(n_items, [wins, losses, 0.9], size=40_000)
    fewer, differ = drawn[:, :2].min(axis=1), drawn[:, :2].sum(axis=1)
    p = np.minimum(1, 2 * stats.binom.cdf(fewer, differ, 0.5))
    assert np.mean(p <= 0.05) == pytest.approx(0.8, abs=0.01)


def test_smallest_gap_is_nan_where_nothing_could_be_found():
    assert np.isnan(smallest_gap(20))
    assert smallest_gap(20, disagreement=0.6) > smallest_gap(100, disagreement=0.6)


@pytest.mark.parametrize(
    "arguments",
    [
        {"n_items": 0},
        {"n_items": 1.5},
        {"n_items": 9, "disagreement": 0},
        {"n_items": 9, "power": 1},
        {"n_items": 9, "alpha": 2},
        {"n_items": 9, "power": 0.05},
    ],
)
def test_smallest_gap_refuses_bad_arguments(arguments):
    with pytest.raises(ValueError, match="must"):
        smallest_gap(**arguments)
