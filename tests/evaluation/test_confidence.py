"""Calibration, thresholds and conformal sets: closed forms, properties, input that is refused."""

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from scipy.stats import betabinom, norm
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression

from tlhelpers.evaluation.confidence import (
    apply_temperature,
    calibration_error,
    calibration_floor,
    calibration_summary,
    check_probabilities,
    conformal_bound,
    conformal_sets,
    draw_coverage,
    fit_temperature,
    keep_promise,
    reliability_table,
    set_coverage,
    threshold_curve,
    threshold_for,
)

FEW = settings(max_examples=25, deadline=None)
SEEDS = st.integers(0, 2**32 - 1)


def calibrated(n, classes=2, seed=0, temperature=1.0):
    """Labels drawn by probabilities, and these probabilities at a temperature."""
    rng = np.random.default_rng(seed)
    scores = 2 * rng.normal(size=(n, classes))
    true = softmax(scores, axis=1)
    labels = (rng.random(n)[:, None] > true.cumsum(axis=1)[:, :-1]).sum(axis=1)
    return labels, softmax(scores / temperature, axis=1)


def two_classes(confidence, right):
    """Items that are answered 1 with a confidence, and the labels that make them right or not."""
    confidence = np.asarray(confidence, dtype=float)
    return np.asarray(right, dtype=int), np.column_stack([1 - confidence, confidence])


# ---------------------------------------------------------------- calibration


def test_the_table_of_a_few_items_is_that_of_a_hand():
    labels, probabilities = two_classes([0.55, 0.6, 0.6, 0.95, 1.0], [1, 0, 1, 1, 0])
    table = reliability_table(labels, probabilities, bins=5)
    np.testing.assert_allclose(table["low"], [0.5, 0.9])
    np.testing.assert_allclose(table["high"], [0.6, 1.0])
    assert table["items"].tolist() == [3, 2]
    np.testing.assert_allclose(table["confidence"], [1.75 / 3, 0.975])
    np.testing.assert_allclose(table["accuracy"], [2 / 3, 0.5])
    np.testing.assert_allclose(table["gap"], table["confidence"] - table["accuracy"])
    wanted = (3 * abs(1.75 / 3 - 2 / 3) + 2 * 0.475) / 5
    assert calibration_error(labels, probabilities, bins=5) == pytest.approx(wanted)


def test_one_confidence_is_one_interval_however_it_is_cut():
    labels, probabilities = two_classes([0.8] * 10, [1] * 7 + [0] * 3)
    for equal in ("width", "mass"):
        [row] = reliability_table(labels, probabilities, 10, equal).itertuples()
        assert (row.items, row.confidence, row.accuracy) == (10, pytest.approx(0.8), 0.7)
        assert calibration_error(labels, probabilities, 10, equal) == pytest.approx(0.1)


def test_intervals_of_one_mass_hold_as_many_items():
    labels, probabilities = calibrated(1000, 3)
    table = reliability_table(labels, probabilities, 8, "mass")
    assert table["items"].tolist() == [125] * 8
    assert (table["low"][1:].to_numpy() == table["high"][:-1].to_numpy()).all()
    assert table["low"][0] == pytest.approx(1 / 3) and table["high"].iloc[-1] == 1


@FEW
@given(
    SEEDS,
    st.integers(2, 5),
    st.integers(1, 80),
    st.integers(1, 15),
    st.sampled_from(["width", "mass"]),
)
def test_the_table_is_of_all_items_and_its_error_between_the_mean_gap_and_1(
    seed, classes, n, bins, equal
):
    labels, probabilities = calibrated(n, classes, seed, temperature=0.6)
    # Rounded, so that many are equal and lie on the ends of intervals.
    probabilities = probabilities.round(1) / probabilities.round(1).sum(axis=1, keepdims=True)
    table = reliability_table(labels, probabilities, bins, equal)
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    assert table["items"].sum() == n and len(table) <= bins
    assert np.average(table["accuracy"], weights=table["items"]) == pytest.approx(right.mean())
    assert np.average(table["confidence"], weights=table["items"]) == pytest.approx(
        confidence.mean()
    )
    assert (table["confidence"] >= table["low"] - 1e-9).all()
    assert (table["confidence"] <= table["high"] + 1e-9).all()
    error = calibration_error(labels, probabilities, bins, equal)
    assert abs(confidence.mean() - right.mean()) - 1e-9 <= error <= 1


def test_a_calibrated_model_has_the_error_that_noise_makes_and_a_hot_one_more():
    errors, floors = [], []
    for seed in range(20):
        labels, probabilities = calibrated(500, seed=seed)
        errors.append(calibration_error(labels, probabilities))
        mean, _ = calibration_floor(probabilities, draws=100)
        floors.append(mean)
    assert np.mean(errors) == pytest.approx(np.mean(floors), rel=0.15)
    assert np.mean(errors) > 0.02, "and that is not 0"
    labels, hot = calibrated(500, temperature=0.4)
    assert calibration_error(labels, hot) > calibration_floor(hot, draws=200)[1]


def test_the_floor_is_the_mean_absolute_error_of_a_share():
    # One interval of n items with confidence p: √(2 p (1 − p) / (π n)), by the normal law.
    _, probabilities = two_classes([0.8] * 400, [1] * 400)
    mean, high = calibration_floor(probabilities, draws=4000)
    spread = np.sqrt(0.8 * 0.2 / 400)
    assert mean == pytest.approx(spread * np.sqrt(2 / np.pi), rel=0.05)
    assert high == pytest.approx(spread * norm.ppf(0.975), rel=0.08)


def test_the_summary_is_what_its_parts_say():
    labels, probabilities = two_classes([0.9, 0.9, 0.6, 0.7], [1, 1, 0, 1])
    found = calibration_summary(labels, probabilities)
    assert found["items"] == 4 and found["accuracy"] == 0.75
    assert found["confidence"] == pytest.approx(0.775)
    assert found["brier"] == pytest.approx((0.01 + 0.01 + 0.36 + 0.09) / 4)
    assert found["log_loss"] == pytest.approx(-np.log([0.9, 0.9, 0.4, 0.7]).mean())
    assert found["ece"] == calibration_error(labels, probabilities)
    labels, probabilities = calibrated(300, temperature=0.5)
    found = calibration_summary(labels, probabilities)
    by_mass = calibration_error(labels, probabilities, equal="mass")
    assert found["ece_mass"] == by_mass != found["ece"]
    assert found["floor"] == calibration_floor(probabilities, draws=200)[0]
    # Three classes of which one does not occur: the Brier score is a sum over all.
    three = np.array([[0.2, 0.3, 0.5], [0.1, 0.8, 0.1]])
    assert calibration_summary([0, 1], three)["brier"] == pytest.approx(
        (0.64 + 0.09 + 0.25 + 0.01 + 0.04 + 0.01) / 2
    )


# ---------------------------------------------------------------- temperature


class Scores(ClassifierMixin, BaseEstimator):
    """A model whose inputs are its scores."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def decision_function(self, X):
        return X

    def predict(self, X):
        return X.argmax(axis=1)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_is_the_one_that_was_set_and_scikit_learns(temperature):
    labels, probabilities = calibrated(3000, 3, temperature=1 / temperature)
    found = fit_temperature(labels, probabilities)
    assert found == pytest.approx(temperature, rel=0.1)
    logits = np.log(probabilities)
    theirs = CalibratedClassifierCV(
        FrozenEstimator(Scores().fit(logits, labels)), method="temperature"
    )
    theirs.fit(logits, labels)
    np.testing.assert_allclose(
        apply_temperature(probabilities, found), theirs.predict_proba(logits), atol=1e-5
    )


def test_of_one_confidence_the_temperature_makes_it_the_accuracy():
    labels, probabilities = two_classes([0.95] * 10, [1] * 8 + [0] * 2)
    found = fit_temperature(labels, probabilities)
    assert found == pytest.approx(np.log(0.95 / 0.05) / np.log(0.8 / 0.2), rel=1e-5)
    assert apply_temperature(probabilities, found)[:, 1] == pytest.approx(0.8, abs=1e-6)


@FEW
@given(SEEDS, st.floats(0.05, 20))
def test_a_temperature_keeps_the_answers_and_the_next_one_undoes_it(seed, temperature):
    labels, probabilities = calibrated(60, 3, seed)
    other = apply_temperature(probabilities, temperature)
    np.testing.assert_array_equal(other.argmax(axis=1), probabilities.argmax(axis=1))
    np.testing.assert_allclose(other.sum(axis=1), 1)
    if temperature >= 0.5:  # below, probabilities come too near to 0 and 1
        np.testing.assert_allclose(apply_temperature(other, 1 / temperature), probabilities)
        assert fit_temperature(labels, other) == pytest.approx(
            fit_temperature(labels, probabilities) / temperature, rel=1e-3
        )


def test_items_that_tell_no_temperature_are_refused():
    with pytest.raises(
        ValueError, match="2 held-out items tell no temperature, since all answers are right"
    ):
        fit_temperature(*two_classes([0.9, 0.8], [1, 1]))
    with pytest.raises(ValueError, match="no better than chance"):
        fit_temperature(*two_classes([0.9, 0.8], [0, 0]))
    for bad in (0, -1, math.nan, "1", True):
        with pytest.raises(ValueError, match="temperature must be a number above 0"):
            apply_temperature([[0.5, 0.5]], bad)


# ---------------------------------------------------------------- thresholds

TEN = two_classes(
    [0.51, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95], [0, 0, 1, 0, 1, 1, 1, 1, 1, 1]
)


def test_the_threshold_is_the_lowest_that_keeps_the_promise():
    found = threshold_for(*TEN, promise=0.8)
    assert (found.threshold, found.answered, found.items) == (0.6, 0.8, 10)
    assert found.kept == pytest.approx(7 / 8) and found.low < 7 / 8 < found.high
    assert threshold_for(*TEN, promise=1).threshold == 0.7
    assert threshold_for(*TEN, promise=0.7).threshold == 0.51, "10 of 10 answered, 7 right"
    assert "0.600 on: 8 of 10 items answered (80%), of these right: 0.88" in str(found)


def test_a_threshold_does_elsewhere_what_it_does_there():
    found = keep_promise([1, 0, 0], [[0.3, 0.7], [0.4, 0.6], [0.45, 0.55]], 0.6)
    assert (found.answered, found.kept) == (pytest.approx(2 / 3), 0.5)
    nobody = keep_promise([1], [[0.5, 0.5]], 0.9)
    assert nobody.answered == 0 and math.isnan(nobody.kept) and math.isnan(nobody.low)
    assert "0 of 1 items answered (0%), of these right: none" in str(nobody)


@FEW
@given(SEEDS, st.integers(1, 40), st.floats(0.05, 1))
def test_the_curve_counts_what_a_loop_counts_and_no_lower_threshold_keeps_the_promise(
    seed, n, promise
):
    labels, probabilities = calibrated(n, 3, seed)
    probabilities = probabilities.round(1) / probabilities.round(1).sum(axis=1, keepdims=True)
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    curve = threshold_curve(labels, probabilities)
    for row in curve.itertuples():
        above = confidence >= row.threshold
        assert (row.items, row.answered) == (above.sum(), above.mean())
        assert row.accuracy == right[above].mean()
    if not (curve["accuracy"] >= promise).any():
        with pytest.raises(ValueError, match=r"no threshold makes .* right, the best"):
            threshold_for(labels, probabilities, promise)
        return
    found = threshold_for(labels, probabilities, promise)
    assert found.kept >= promise
    lower = curve[curve["threshold"] < found.threshold]
    assert (lower["accuracy"] < promise).all()


def test_a_calibrated_model_keeps_its_promise_elsewhere_about_half_of_the_time():
    kept = []
    for seed in range(60):
        chosen = threshold_for(*calibrated(400, seed=seed), promise=0.9)
        kept.append(keep_promise(*calibrated(4000, seed=1000 + seed), chosen.threshold).kept)
    assert np.mean(kept) == pytest.approx(0.9, abs=0.02)
    assert 0.2 < np.mean(np.array(kept) >= 0.9) < 0.7


@pytest.mark.parametrize("promise", [0, 1.1, -1, math.nan, "0.9", True])
def test_what_is_no_promise_is_refused(promise):
    with pytest.raises(ValueError, match="promise must lie between 0 and 1"):
        threshold_for(*TEN, promise=promise)


def test_the_whole_promise_is_no_threshold():
    with pytest.raises(ValueError, match=r"take .threshold"):
        keep_promise(*TEN, threshold_for(*TEN))


# ---------------------------------------------------------------- conformal sets


def by_hand(labels, held_out, probabilities, alpha):
    """Split conformal in three lines; `alpha` a fraction, so that the rank is exact."""
    scores = np.sort(1 - held_out[np.arange(len(labels)), labels])
    rank = math.ceil((len(labels) + 1) * (1 - alpha))
    return 1 - probabilities <= scores[rank - 1]


@FEW
@given(
    SEEDS, st.integers(20, 60), st.integers(2, 4), st.sampled_from(["1/10", "1/5", "1/2", "1/20"])
)
def test_the_sets_are_those_of_a_hand(seed, n, classes, alpha):
    alpha = Fraction(alpha)
    labels, held_out = calibrated(n, classes, seed)
    _, new = calibrated(30, classes, seed + 1)
    found = conformal_sets(labels, held_out, new, float(alpha))
    assert found.shape == new.shape and found.dtype == bool
    np.testing.assert_array_equal(found, by_hand(labels, held_out, new, alpha))


def test_the_coverage_over_many_draws_lies_where_theory_has_it():
    """1 − α ≤ coverage ≤ 1 − α + 1/(n + 1), and for n = 30, α = 0.1 exactly 28/31."""
    n, draws, new = 30, 300, 200
    coverage = []
    for seed in range(draws):
        labels, probabilities = calibrated(n + new, 3, seed, temperature=0.5)
        sets = conformal_sets(labels[:n], probabilities[:n], probabilities[n:], 0.1)
        coverage.append(set_coverage(labels[n:], sets)["coverage"])
    error = np.std(coverage) / np.sqrt(draws)
    assert error < 0.005
    assert 0.9 - 3 * error <= np.mean(coverage) <= 0.9 + 1 / (n + 1) + 3 * error
    assert np.mean(coverage) == pytest.approx(28 / 31, abs=3 * error)
    # Of a single draw it is not promised: it is Beta(28, 3), whose deviation is 0.052.
    assert np.std(coverage) == pytest.approx(np.sqrt(28 * 3 / (31**2 * 32) + 0.09 / new), rel=0.15)


def test_under_shift_the_coverage_is_lost():
    """Two Gaussians at ±1; in the target both moved by 1.5, and the model knows nothing of it."""
    rng = np.random.default_rng(0)

    def draw(n, moved=0.0):
        labels = rng.integers(2, size=n)
        return labels, rng.normal(2 * labels - 1 + moved, 1)[:, None]

    model = LogisticRegression().fit(*draw(2000)[::-1])
    held_out, home, away = draw(1000), draw(4000), draw(4000, moved=1.5)
    found = [
        set_coverage(
            labels,
            conformal_sets(
                held_out[0], model.predict_proba(held_out[1]), model.predict_proba(rows), 0.1
            ),
        )["coverage"]
        for labels, rows in (home, away)
    ]
    assert found[0] == pytest.approx(0.9, abs=0.03)
    assert found[1] < 0.75


def test_sets_are_counted_by_coverage_and_size():
    found = set_coverage([0, 1, 1], np.array([[1, 1], [1, 0], [0, 0]], dtype=bool))
    wanted = {"items": 3, "coverage": 1 / 3, "size": 1, "single": 1 / 3, "empty": 1 / 3}
    assert found == pytest.approx(wanted)
    with pytest.raises(ValueError, match="sets must be true or false"):
        set_coverage([0], [[0.5, 0.5]])


@pytest.mark.filterwarnings("error")
def test_a_class_that_no_held_out_item_has_is_no_trouble():
    _, probabilities = calibrated(20, 3)
    assert conformal_sets([0, 1] * 10, probabilities, probabilities).shape == (20, 3)


def test_too_few_items_or_another_model_are_refused():
    labels, probabilities = calibrated(9)
    with pytest.raises(
        ValueError, match=r"9 held-out item.s. are too few for alpha 0.1: at least 10"
    ):
        conformal_sets(labels, probabilities, probabilities, 0.1)
    with pytest.raises(ValueError, match="have 2 classes, the others 3"):
        conformal_sets(labels, probabilities, calibrated(9, 3)[1], 0.5)
    for alpha in (0, 1, math.nan, "0.1"):
        with pytest.raises(ValueError, match="alpha must lie between 0 and 1"):
            conformal_sets(labels, probabilities, probabilities, alpha)


# ---------------------------------------------------------------- refused

BAD_ROWS = {
    "scores": [[0.5, 0.5], [2.0, -1.0]],
    "sums": [[0.5, 0.5], [0.5, 0.4]],
    "nan": [[0.5, 0.5], [math.nan, 0.5]],
    "infinity": [[0.5, 0.5], [math.inf, -math.inf]],
}


@pytest.mark.parametrize("rows", BAD_ROWS.values(), ids=list(BAD_ROWS))
def test_what_is_no_probabilities_is_refused_with_its_first_item(rows):
    with pytest.raises(ValueError, match=r"target probabilities of 1 item.s. .* item 1 with"):
        check_probabilities(rows, "target")


@pytest.mark.parametrize("shape", [(0, 2), (3,), (3, 1), (2, 2, 2)], ids=str)
def test_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match=r"must have the shape \(n, k\).*predict_proba"):
        check_probabilities(np.full(shape, 0.5))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0], "1 labels, but 2 rows"),
        ([0, 2], "0 to 1 .* item 1 has 2"),
        ([-1, 0], "item 0 has -1"),
        ([0.5, 1], "must be whole numbers"),
    ],
    ids=["too few", "unknown", "below 0", "halves"],
)
def test_labels_that_do_not_fit_are_refused(labels, message):
    for function in (reliability_table, threshold_curve, fit_temperature, calibration_summary):
        with pytest.raises(ValueError, match=message):
            function(labels, [[0.5, 0.5], [0.2, 0.8]])


def test_cuts_that_are_none_are_refused():
    with pytest.raises(ValueError, match="unknown way to cut 'widht': did you mean width"):
        reliability_table(*TEN, equal="widht")
    with pytest.raises(ValueError, match="bins must be a whole number from 1 on"):
        calibration_error(*TEN, bins=0)
    assert isinstance(reliability_table(*TEN, bins=1), pd.DataFrame)


# ---------------------------------------------------------------- the bound of the sets


@FEW
@given(st.integers(1, 60), st.integers(1, 19), SEEDS)
def test_the_bound_is_the_score_of_its_rank_among_one_place_more(n, twentieths, seed):
    """Counted in whole numbers: ⌈(n + 1)(20 − a) / 20⌉."""
    scores, alpha = np.random.default_rng(seed).random(n), twentieths / 20
    rank = -(-(n + 1) * (20 - twentieths) // 20)
    if rank > n:
        with pytest.raises(
            ValueError, match=rf"^{n} held-out item.*at least {-(-20 // twentieths) - 1}"
        ):
            conformal_bound(scores, alpha)
    else:
        assert conformal_bound(scores, alpha) == sorted(scores)[rank - 1]


@pytest.mark.parametrize(("n", "alpha", "rank"), [(9, 0.7, 3), (19, 0.1, 18), (9, 0.1, 9)])
def test_a_whole_rank_is_not_rounded_up_by_its_last_digit(n, alpha, rank):
    assert conformal_bound(np.arange(1, n + 1), alpha) == rank


def test_the_bound_makes_the_sets_of_mapie():
    labels, probabilities = calibrated(240, 4)
    held_out, new = probabilities[:90], probabilities[90:]
    bound = conformal_bound(1 - held_out[np.arange(90), labels[:90]], 0.15)
    np.testing.assert_array_equal(
        conformal_sets(labels[:90], held_out, new, 0.15), 1 - new <= bound
    )


def test_the_number_of_covered_items_is_beta_binomial():
    """20 held out and 50 new ones: rank 19 of 21 places; 4000 draws against mean and spread."""
    table = draw_coverage(np.arange(300), [20], draws=4000, tested=50)
    covered, exact = 50 * table["coverage"], betabinom(50, 19, 2)
    assert covered.mean() == pytest.approx(exact.mean(), abs=0.3)
    assert covered.std() == pytest.approx(exact.std(), rel=0.05)


def test_coverage_is_counted_for_each_number_of_held_out_scores():
    table = draw_coverage([1, 2, 3, 4], [1, 2], bound=np.max, draws=50, tested=2)
    assert table["held_out"].tolist() == [1] * 50 + [2] * 50 and set(table["tested"]) == {2}
    assert set(table["coverage"]) == {0, 0.5, 1}
    pd.testing.assert_frame_equal(table, draw_coverage([1, 2, 3, 4], [1, 2], np.max, 50, 2))
    assert (draw_coverage([7] * 9, [5], bound=np.min, draws=3, tested=4)["coverage"] == 1).all()
    with pytest.raises(ValueError, match="4 scores are too few for 3 and 2 others"):
        draw_coverage([1, 2, 3, 4], [1, 3], np.max, 5, 2)
    with pytest.raises(ValueError, match="tested"):
        draw_coverage([1, 2, 3, 4], [1], np.max, 5, 0)


@pytest.mark.parametrize(
    ("scores", "alpha", "words"),
    [
        ([0.1, np.nan] * 10, 0.1, "finite numbers"),
        ([[0.1, 0.2]] * 20, 0.1, r"shape \(n,\), got \(20, 2\)"),
        ([], 0.5, "at least 1 are needed"),
        ([0.2] * 20, 1.0, "alpha must lie between 0 and 1"),
        ([0.2] * 20, "0.1", "alpha must lie between 0 and 1"),
    ],
)
def test_a_bound_that_cannot_be_is_refused(scores, alpha, words):
    with pytest.raises(ValueError, match=words):
        conformal_bound(scores, alpha)
