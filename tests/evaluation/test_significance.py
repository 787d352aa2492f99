"""Tests and intervals with a closed form, against their definitions, scipy and simulation."""

import gc
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tlhelpers.evaluation import significance
from tlhelpers.evaluation.significance import holm, smallest_gap, wilson

# Other work on the machine must not fail a test: no deadline.
calm = settings(deadline=None, max_examples=60)
P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=6)


@calm
@given(P_VALUES)
def test_holm_is_the_closure_of_bonferroni(p):
    """A hypothesis falls if Bonferroni rejects each set of hypotheses that it is in."""
    sets = [s for size in range(1, len(p) + 1) for s in combinations(range(len(p)), size)]
    smallest = {s: min(1.0, len(s) * min(p[i] for i in s)) for s in sets}
    wanted = [max(smallest[s] for s in sets if i in s) for i in range(len(p))]
    np.testing.assert_allclose(holm(p), wanted, rtol=1e-12)


@calm
@given(P_VALUES, st.randoms(use_true_random=False))
def test_holm_follows_the_order_and_never_lowers(p, random):
    p, order = np.array(p), np.array(random.sample(range(len(p)), len(p)))
    np.testing.assert_array_equal(holm(p[order]), holm(p)[order])
    assert (holm(p) >= p).all() and (holm(p) <= 1).all()


def test_holm_of_nothing_is_nothing_and_no_object_stays_frozen():
    assert holm([]).shape == (0,)
    assert gc.get_freeze_count() == 0


@pytest.mark.parametrize("p", [[0.5, 1.2], [-0.1], [float("nan")], 0.5, [[0.5]]])
def test_holm_refuses_what_is_no_p_value(p):
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm(p)


@calm
@given(st.integers(1, 3_000), st.data())
def test_the_ends_of_wilson_are_the_accuracies_that_a_score_test_just_keeps(n, data):
    correct = data.draw(st.integers(0, n))
    ends, share = wilson(correct, n), correct / n
    assert 0 <= ends[0] <= share <= ends[1] <= 1
    assert wilson(n - correct, n) == pytest.approx((1 - ends[1], 1 - ends[0]), abs=1e-12)
    for end in set(ends) - {0.0, 1.0}:
        z = (share - end) / np.sqrt(end * (1 - end) / n)
        assert 2 * stats.norm.sf(abs(z)) == pytest.approx(0.05)


@pytest.mark.parametrize("n", [1, 2, 10, 1_000])
def test_none_right_starts_at_0_and_all_right_ends_at_1(n):
    (low, some), (most, high) = wilson(0, n), wilson(np.int64(n), n)
    assert (low, high) == (0, 1) and some > 0 and most < 1
    assert all(type(end) is float for end in (low, some, most, high))


@pytest.mark.parametrize(
    ("correct", "n"), [(5, 4), (-1, 4), (0, 0), (2.5, 4), (2, 4.5), (float("nan"), 4)]
)
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
