"""The bootstrap over seeds and items, against its closed form, scipy and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import f1_score

from tlhelpers.data.images import load_digits_pair
from tlhelpers.evaluation import bootstrap
from tlhelpers.evaluation.bootstrap import (
    classes_of,
    hits_and_sizes,
    interval,
    item_groups,
    resample,
    scores,
    two_sided_p,
)
from tlhelpers.evaluation.repeated import repeat
from tlhelpers.evaluation.runs import METRICS

# Other work on the machine must not fail a test: no deadline.
calm = settings(deadline=None, max_examples=60)


def linear(values):
    """The complete balanced design: a seed's statistic is the mean of its row of `values`."""
    return lambda weights: weights @ values.T / weights.sum(axis=1, keepdims=True)


def crossed(rng, seeds, items, seed_sd=0.05, item_sd=0.3, noise_sd=0.3):
    return (
        rng.normal(0, seed_sd, (seeds, 1))
        + rng.normal(0, item_sd, (1, items))
        + rng.normal(0, noise_sd, (seeds, items))
    )


@pytest.fixture(autouse=True)
def draw_anew():
    """No test finds draws that another one kept, whose settings may have been changed."""
    bootstrap._kept.cache_clear()
    yield
    bootstrap._kept.cache_clear()


def test_bootstrap_error_agrees_with_the_closed_form():
    # In the complete design the variance of the bootstrap is exact: with row effects a, column
    # effects b and rest e of the data, Σa²/S² + Σb²/G² + Σe²/(SG)² (multinomial weights).
    x = crossed(np.random.default_rng(1), 12, 40, seed_sd=0.1)
    rows, columns = x.mean(1, keepdims=True) - x.mean(), x.mean(0, keepdims=True) - x.mean()
    rest = x - x.mean() - rows - columns
    exact = np.sqrt(
        (rows**2).sum() / 12**2 + (columns**2).sum() / 40**2 + (rest**2).sum() / (12 * 40) ** 2
    )
    draws = resample(linear(x), *x.shape)
    assert len(draws) == 10_000
    assert draws.std() == pytest.approx(exact, rel=0.025)  # Monte Carlo error 0.7 %
    assert draws.mean() == pytest.approx(x.mean(), abs=4 * exact / 100)


@pytest.mark.parametrize("shape", [(30, 1), (1, 30)])
def test_bootstrap_of_one_factor_agrees_with_scipy(shape):
    x = np.random.default_rng(2).normal(0.3, 1, shape)
    low, high = interval(resample(linear(x), *shape))
    ours = stats.bootstrap(
        (x.ravel(),), np.mean, method="percentile", n_resamples=20_000, rng=np.random.default_rng(3)
    ).confidence_interval
    assert (low, high) == pytest.approx((ours.low, ours.high), abs=0.03)


def test_interval_covers_the_truth_about_as_often_as_it_says():
    rng, hits = np.random.default_rng(4), []
    for _ in range(200):
        x = crossed(rng, 20, 100, seed_sd=0.1)
        low, high = interval(resample(linear(x), 20, 100, 1_000))
        hits.append(low <= 0 <= high)
    assert 0.90 <= np.mean(hits) <= 0.99


def test_blocks_do_not_change_the_draws(monkeypatch):
    x = crossed(np.random.default_rng(6), 5, 30)
    whole = resample(linear(x), 5, 30, 2_000)
    monkeypatch.setattr(bootstrap, "BLOCK_FLOATS", 30 * 300)
    bootstrap._kept.cache_clear()  # not those of the whole
    blocks = resample(linear(x), 5, 30, 2_000)
    assert len(blocks) == 2_000
    assert blocks.std() == pytest.approx(whole.std(), rel=0.1)


@pytest.mark.parametrize("n_items", [1, 30, 300])
def test_draws_that_were_kept_are_those_that_are_drawn_anew(n_items, monkeypatch):
    x = crossed(np.random.default_rng(8), 5, n_items)
    kept = [resample(linear(x), 5, n_items, 2_000) for _ in range(2)]
    monkeypatch.setattr(bootstrap, "KEPT_COUNTS", 0)
    for draws in kept:
        np.testing.assert_array_equal(draws, resample(linear(x), 5, n_items, 2_000))


def test_draws_that_take_much_memory_are_not_kept(monkeypatch):
    x = crossed(np.random.default_rng(8), 5, 20)
    monkeypatch.setattr(bootstrap, "KEPT_COUNTS", 200 * 25 - 1)
    resample(linear(x), 5, 20, 200)
    assert bootstrap._kept.cache_info().currsize == 0
    monkeypatch.setattr(bootstrap, "KEPT_COUNTS", 200 * 25)
    resample(linear(x), 5, 20, 200)
    assert bootstrap._kept.cache_info().currsize == 1


@pytest.mark.parametrize("n", [255, 256, 3_000])
def test_weights_of_many_items_add_up(n):
    weights = bootstrap._multinomial(np.random.default_rng(0), 200, n)
    np.testing.assert_array_equal(weights.sum(axis=1), n)


@calm
@given(st.integers(1, 30), st.integers(0, 99))
def test_weights_are_multinomial_counts(n, seed):
    weights = bootstrap._multinomial(np.random.default_rng(seed), 4_000, n)
    np.testing.assert_array_equal(weights.sum(axis=1), n)
    np.testing.assert_allclose(weights.mean(axis=0), 1, atol=0.12)
    np.testing.assert_allclose(weights.var(axis=0), 1 - 1 / n, atol=0.2)


def test_a_constant_gap_moves_the_interval_by_as_much():
    x = crossed(np.random.default_rng(7), 10, 50)
    plain, moved = (interval(resample(linear(x + gap), 10, 50)) for gap in (0, 0.25))
    assert moved == pytest.approx(np.add(plain, 0.25))


@calm
@given(st.lists(st.integers(-40, 1_000), min_size=100, max_size=300))
def test_p_is_at_most_5_percent_exactly_when_the_interval_leaves_out_0(draws):
    draws = np.array(draws, dtype=float)
    low, high = interval(draws)
    assert (low > 0 or high < 0) == (two_sided_p(draws) <= 0.05)


@pytest.fixture(scope="module")
def guesses():
    """Runs of guessing the class of real digits: every class gets wrong and right answers."""
    digits = load_digits_pair("digits", size=8).subset(np.arange(180))

    def guess(trial):
        rng = np.random.default_rng(trial.seed)
        return rng.choice(digits.labels[trial.train], len(trial.test))

    return repeat({"guessing": guess}, digits, labels=[5], seeds=10, progress=False)


@pytest.mark.parametrize("metric", METRICS)
def test_weighted_scores_are_those_of_scikit_learn_with_sample_weights(guesses, metric):
    groups = item_groups(guesses)
    counts = hits_and_sizes(guesses, metric, groups, classes_of(guesses, metric))
    weights = bootstrap._multinomial(np.random.default_rng(0), 1, len(groups))
    found = scores(weights, counts)[0, :, 0]
    for score, row in zip(found, guesses.itertuples(), strict=True):
        weight = weights[0, np.searchsorted(groups, row.items)]
        kept = weight > 0  # what has no weight does not count as a class either
        truth, predicted, weight = row.truth[kept], row.predicted[kept], weight[kept]
        wanted = {
            "accuracy": lambda t, p, w: np.average(t == p, weights=w),
            "balanced_accuracy": lambda t, p, w: np.mean(
                [np.average(p[t == c] == c, weights=w[t == c]) for c in np.unique(t)]
            ),
            "macro_f1": lambda t, p, w: f1_score(t, p, average="macro", sample_weight=w),
        }[metric](truth, predicted, weight)
        assert score == pytest.approx(wanted)
