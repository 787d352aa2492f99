"""Shift measures: closed forms, direct sums, invariances, and input that cannot be measured."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp, norm
from sklearn.linear_model import LogisticRegression

from tlhelpers.adaptation.shift import (
    check_domains,
    feature_shift,
    label_shift,
    mmd,
    proxy_a_distance,
)
from tlhelpers.data.images import load_digits_pair

SEEDS = st.integers(0, 2**32 - 1)
FEW = settings(max_examples=20, deadline=None)


def normal(n, d=1, mean=0.0, scale=1.0, seed=0):
    return np.random.default_rng(seed).normal(mean, scale, (n, d))


def pair(seed, d=3):
    rng = np.random.default_rng(seed)
    return rng.normal(0, 1, (12, d)), rng.normal(0.5, 2, (9, d))


# ---------------------------------------------------------------- proxy A-distance


def test_the_distance_of_two_gaussians_is_that_of_the_best_linear_rule():
    # The best rule between N(0, 1) and N(2, 1) cuts at 1 and errs with probability Φ(−1).
    found = proxy_a_distance(normal(4000, seed=1), normal(4000, mean=2, seed=2))
    wanted = 2 * (1 - 2 * norm.cdf(-1))
    assert found.error == pytest.approx(norm.cdf(-1), abs=0.01)
    assert found.distance == pytest.approx(wanted, abs=3 * found.standard_error)
    p = norm.cdf(-1)
    assert found.standard_error == pytest.approx(4 * np.sqrt(p * (1 - p) / 8000), rel=0.05)


def test_equal_domains_are_at_0_and_separate_ones_at_2():
    near = [
        proxy_a_distance(normal(300, 4, seed=s), normal(300, 4, seed=s + 50)) for s in range(20)
    ]
    values = np.array([one.distance for one in near])
    errors = np.array([one.standard_error for one in near])
    assert abs(values.mean()) < 0.1 and (np.abs(values) < 3 * errors).all()
    assert values.std() == pytest.approx(errors.mean(), rel=0.5)
    far = proxy_a_distance(normal(50, 4), normal(80, 4, mean=30))
    assert far.distance == 2 and far.error == 0 and 0 < far.standard_error < 0.2


def test_a_rare_domain_counts_as_much_as_a_common_one():
    # Saying "source" of every row would be right in 95 % of the cases, and tell nothing.
    found = proxy_a_distance(normal(1900, seed=1), normal(100, seed=2))
    assert abs(found.distance) < 0.4
    # And where they differ, the cut lies in the middle, not on the side of the rare one.
    found = proxy_a_distance(normal(3900, seed=1), normal(600, mean=2, seed=2))
    assert found.distance == pytest.approx(2 * (1 - 2 * norm.cdf(-1)), abs=0.06)


def test_rows_are_judged_by_a_classifier_that_has_not_seen_them():
    # With more features than rows any domains can be told apart, were they judged as learned.
    source, target = normal(30, 100, seed=1), normal(30, 100, seed=2)
    assert abs(proxy_a_distance(source, target).distance) < 1
    both, domain = np.concatenate([source, target]), np.repeat([0, 1], 30)
    assert LogisticRegression(max_iter=2000).fit(both, domain).score(both, domain) == 1


def test_the_seed_decides_the_halves():
    source, target = normal(40, seed=1), normal(40, mean=1, seed=2)
    found = [proxy_a_distance(source, target, seed=seed) for seed in (3, 3, 4)]
    assert found[0] == found[1] != found[2]


@FEW
@given(SEEDS, st.floats(0.1, 100), st.floats(-100, 100))
def test_the_distance_does_not_depend_on_unit_and_origin(seed, scale, offset):
    source, target = pair(seed)
    a = proxy_a_distance(source, target)
    b = proxy_a_distance(scale * source + offset, scale * target + offset)
    assert a.error == pytest.approx(b.error)
    assert -2 <= a.distance <= 2 and a.distance == pytest.approx(2 * (1 - 2 * a.error))


# ---------------------------------------------------------------- maximum mean discrepancy


def direct_mmd(x, y, sigma):
    """The U statistic of Gretton et al. 2012, equation 3, one pair after the other."""

    def k(a, b):
        return np.exp(-np.sum((a - b) ** 2) / (2 * sigma**2))

    n, m = len(x), len(y)
    within_x = sum(k(x[i], x[j]) for i in range(n) for j in range(n) if i != j)
    within_y = sum(k(y[i], y[j]) for i in range(m) for j in range(m) if i != j)
    across = sum(k(a, b) for a in x for b in y)
    return within_x / (n * (n - 1)) + within_y / (m * (m - 1)) - 2 * across / (n * m)


# skada 0.6.0 is no oracle: its Gaussian kernel takes distances that are not squared.
@pytest.mark.parametrize("bandwidth", [0.5, 1, 3.0])
def test_mmd_is_the_sum_over_all_pairs(bandwidth):
    source, target = pair(0)
    found = mmd(source, target, bandwidth, permutations=0)
    assert found.mmd2 == pytest.approx(direct_mmd(source, target, bandwidth), abs=1e-12)
    assert found.bandwidth == bandwidth and np.isnan(found.p_value)


def test_the_median_bandwidth_is_that_of_all_pairs_of_rows():
    source, target = np.array([[0.0], [1.0]]), np.array([[3.0], [7.0]])
    found = mmd(source, target, permutations=0)  # distances 1, 2, 3, 4, 6, 7
    assert found.bandwidth == 3.5
    assert found.mmd2 == pytest.approx(direct_mmd(source, target, 3.5))


def test_mmd_of_two_gaussians_has_its_closed_form():
    # E k(x, y) = s / sqrt(s² + 2) exp(−(mean difference)² / (2 (s² + 2))) for unit variances.
    s, gap = 1.5, 1.0
    base = s / np.sqrt(s**2 + 2)
    wanted = 2 * base - 2 * base * np.exp(-(gap**2) / (2 * (s**2 + 2)))
    found = mmd(normal(1500, seed=1), normal(1500, mean=gap, seed=2), s, permutations=0)
    assert found.mmd2 == pytest.approx(wanted, rel=0.1)


def test_mmd_is_unbiased_and_its_p_value_even_for_equal_domains():
    found = [mmd(normal(15, seed=s), normal(25, seed=s + 500), 1.0, 99, s) for s in range(100)]
    values = np.array([one.mmd2 for one in found])
    p_values = np.array([one.p_value for one in found])
    assert abs(values.mean()) < 3 * values.std() / np.sqrt(100) and (values < 0).any()
    assert 0.02 <= np.mean(p_values <= 0.1) <= 0.18 and 0.4 < p_values.mean() < 0.6


def test_the_p_value_of_a_clear_difference_is_the_smallest_there_is():
    assert mmd(normal(30), normal(30, mean=3), permutations=99).p_value == 0.01


def test_mmd_sees_a_difference_that_no_linear_classifier_sees():
    source, target = normal(300, 2, seed=1), normal(300, 2, scale=2, seed=2)
    assert mmd(source, target).p_value < 0.01
    assert abs(proxy_a_distance(source, target).distance) < 0.4


@FEW
@given(SEEDS, st.floats(-100, 100), st.floats(0.1, 10))
def test_mmd_is_symmetric_and_blind_to_order_and_a_common_shift(seed, offset, scale):
    source, target = pair(seed)
    value = mmd(source, target, permutations=0).mmd2
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(source), rng.permutation(target)
    assert mmd(target, source, permutations=0).mmd2 == pytest.approx(value, abs=1e-9)
    assert mmd(*shuffled, permutations=0).mmd2 == pytest.approx(value, abs=1e-9)
    moved = mmd(scale * source + offset, scale * target + offset, permutations=0)
    assert moved.mmd2 == pytest.approx(value, abs=1e-7)  # the median bandwidth grows along


def test_the_seed_decides_the_divisions():
    source, target = normal(12, seed=1), normal(9, seed=2)
    values = [mmd(source, target, seed=seed).p_value for seed in (1, 1, 2, 3)]
    assert values[0] == values[1] and len(set(values)) > 1


# ---------------------------------------------------------------- by feature and by class


def test_the_feature_that_differs_most_comes_first():
    source = np.c_[normal(500, seed=1), normal(500, seed=2), normal(500, seed=3)]
    target = np.c_[normal(400, seed=4), normal(400, 1, -2, seed=5), normal(400, 1, 1, 3, seed=6)]
    table = feature_shift(source, target, ["same", "lower", "wider"])
    assert table["feature"].tolist() == ["lower", "wider", "same"]
    first = table.iloc[0]
    a, b = source[:, 1], target[:, 1]
    wanted = (b.mean() - a.mean()) / np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)
    assert first.standardised_difference == pytest.approx(wanted) and wanted < -1.5
    assert first.ks == pytest.approx(ks_2samp(a, b).statistic)
    assert first.source_mean == pytest.approx(a.mean())
    assert first.target_mean == pytest.approx(b.mean())


def test_constant_features_have_a_difference_too():
    source = np.c_[np.full(5, 3.0), np.full(5, 1.0), np.arange(5.0)]
    target = np.c_[np.full(4, 3.0), np.full(4, 2.0), np.arange(4.0)]
    table = feature_shift(source, target).set_index("feature")
    assert table.standardised_difference[0] == 0 and table.ks[0] == 0
    assert table.standardised_difference[1] == np.inf and table.ks[1] == 1


@FEW
@given(SEEDS, st.floats(0.1, 10), st.floats(-10, 10))
def test_feature_shift_is_free_of_unit_and_turns_its_sign_with_the_domains(seed, scale, offset):
    source, target = pair(seed)
    there = feature_shift(source, target).set_index("feature").sort_index()
    back = feature_shift(target, source).set_index("feature").sort_index()
    moved = feature_shift(scale * source + offset, scale * target + offset)
    moved = moved.set_index("feature").sort_index()
    column = "standardised_difference"
    np.testing.assert_allclose(there[column], -back[column])
    np.testing.assert_allclose(there[column], moved[column], rtol=1e-6)
    np.testing.assert_allclose(there["ks"], back["ks"])


def test_label_shift_counts_also_the_class_that_is_missing():
    table = label_shift([0, 0, 1, 1], [1, 1, 1, 1, 0], ["cat", "dog", "owl"])
    assert table["class"].tolist() == ["cat", "dog", "owl"]
    assert table["source"].tolist() == [2, 2, 0] and table["target"].tolist() == [1, 4, 0]
    np.testing.assert_allclose(table["difference"], [-0.3, 0.3, 0])
    assert table["source_share"].sum() == table["target_share"].sum() == 1


def test_the_two_sets_of_digits_are_far_apart_and_halves_of_one_are_not():
    mnist, digits = (load_digits_pair(name, 8).pixels[..., 0] for name in ("mnist", "digits"))
    rng = np.random.default_rng(0)
    mnist = rng.permutation(mnist.reshape(len(mnist), -1))[:600].astype(float)
    digits = rng.permutation(digits.reshape(len(digits), -1))[:300].astype(float)
    assert proxy_a_distance(mnist[:300], digits).distance > 1.8
    assert abs(proxy_a_distance(mnist[:300], mnist[300:]).distance) < 0.4
    assert mmd(mnist[:300], digits, permutations=99).p_value == 0.01
    assert mmd(mnist[:300], mnist[300:], permutations=99).p_value > 0.05


# ---------------------------------------------------------------- what cannot be measured

GOOD = normal(6, 2)
BAD = GOOD.copy()
BAD[3, 1] = np.nan


@pytest.mark.parametrize("measure", [proxy_a_distance, mmd, feature_shift])
@pytest.mark.parametrize(
    ("source", "target", "told"),
    [
        (GOOD, GOOD[:1], r"target has 1 row\(s\)"),
        (GOOD[:0], GOOD, r"source has 0 row\(s\)"),
        (GOOD, normal(6, 3), "source rows have 2 features, target rows 3"),
        (GOOD, BAD, r"1 target row\(s\) hold NaN or infinity, the first is 3"),
        (GOOD[:, 0], GOOD, r"source rows must have the shape \(n, d\), got \(6,\)"),
        (GOOD, GOOD[:, :0], r"target rows must have the shape \(n, d\), got \(6, 0\)"),
    ],
)
def test_rows_that_do_not_fit_are_refused(measure, source, target, told):
    with pytest.raises(ValueError, match=told):
        measure(source, target)


def test_three_rows_cannot_be_halved():
    with pytest.raises(ValueError, match=r"target has 3 row\(s\): at least 4"):
        proxy_a_distance(GOOD, GOOD[:3])


@pytest.mark.parametrize("bandwidth", [0, -1, np.nan, np.inf, "mean", None, True])
def test_a_bandwidth_that_is_none_is_refused(bandwidth):
    with pytest.raises(ValueError, match='bandwidth must be a positive number or "median"'):
        mmd(GOOD, GOOD + 1, bandwidth)


def test_rows_without_a_median_distance_are_refused():
    with pytest.raises(ValueError, match="median distance is 0: give a bandwidth"):
        mmd(np.ones((5, 2)), np.ones((5, 2)))
    assert mmd(np.ones((5, 2)), np.ones((5, 2)), 1.0).mmd2 == pytest.approx(0)


@pytest.mark.parametrize("seed", [-1, 0.5, None, True])
def test_a_seed_is_a_whole_number(seed):
    for measure in (proxy_a_distance, mmd):
        with pytest.raises(ValueError, match="seed must be a whole number"):
            measure(GOOD, GOOD, seed=seed)
    with pytest.raises(ValueError, match="permutations must be a whole number"):
        mmd(GOOD, GOOD, permutations=-1)


def test_names_and_labels_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="2 features, but 1 names"):
        feature_shift(GOOD, GOOD, ["a"])
    with pytest.raises(ValueError, match=r"target labels must lie in 0..1 .*got 0..2"):
        label_shift([0, 1], [0, 2], ["a", "b"])
    with pytest.raises(ValueError, match="source labels are empty"):
        label_shift([], [0], ["a", "b"])


def test_what_is_given_is_not_changed():
    source, target = pair(0)
    before = source.copy(), target.copy()
    proxy_a_distance(source, target), mmd(source, target), feature_shift(source, target)
    assert np.array_equal(source, before[0]) and np.array_equal(target, before[1])
    assert check_domains(source.astype(np.float32), target)[0].dtype == np.float64
