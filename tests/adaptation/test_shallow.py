"""Adaptation on rows: covariances that become equal, weights in closed form, skada by name."""

import inspect
import warnings

import numpy as np
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression

from tlhelpers.adaptation import shallow, skada_methods
from tlhelpers.adaptation.shallow import (
    align_covariance,
    importance_weights,
    self_train,
)
from tlhelpers.adaptation.skada_methods import (
    SHALLOW,
    AdaptedClassifier,
    new_adapter,
    skada_routing,
    stack_domains,
    transfer_components,
)
from tlhelpers.data.images import load_digits_pair
from tlhelpers.models.heads import new_linear_head

SEEDS = st.integers(0, 2**32 - 1)
FEW = settings(max_examples=20, deadline=None)


def rows(n, d=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(0, 1, (n, d)) @ rng.normal(0, 1, (d, d)) + rng.normal(0, 3, d)


def two_classes(n, mean=0.0, turn=0.0, seed=0):
    """Two classes left and right of the mean, the whole turned by an angle."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    x = rng.normal(0, (0.5, 1.5), (n, 2))
    x[:, 0] += 4 * labels - 2
    c, s = np.cos(turn), np.sin(turn)
    return x @ np.array([[c, s], [-s, c]]) + mean, labels


def accuracy(predicted, labels):
    return np.mean(predicted == labels)


# ---------------------------------------------------------------- CORAL


def test_without_regularisation_mean_and_covariance_are_those_of_the_target():
    source, target = rows(40, seed=1), rows(25, seed=2)
    moved = align_covariance(source, target, 0)
    np.testing.assert_allclose(np.cov(moved.T), np.cov(target.T), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(moved.mean(axis=0), target.mean(axis=0))


def test_in_one_dimension_it_is_a_change_of_unit_and_origin():
    source, target = rows(20, 1, seed=1), rows(30, 1, seed=2)
    ratio = target.std(ddof=1) / source.std(ddof=1)
    wanted = (source - source.mean()) * ratio + target.mean()
    np.testing.assert_allclose(align_covariance(source, target, 0), wanted)


def test_on_standardised_rows_1_is_the_papers_identity_matrix():
    source, target = (
        (x - x.mean(axis=0)) / x.std(axis=0, ddof=1) for x in (rows(30, seed=1), rows(50, seed=2))
    )
    wanted = source.copy()
    for part, power in ((source, -0.5), (target, 0.5)):
        values, vectors = np.linalg.eigh(np.cov(part.T) + np.eye(3))
        wanted = wanted @ (vectors * values**power) @ vectors.T
    np.testing.assert_allclose(align_covariance(source, target, 1.0), wanted, atol=1e-12)


@FEW
@given(SEEDS, st.floats(0, 10), st.floats(0.1, 10), st.floats(-10, 10))
def test_coral_follows_unit_and_origin_and_order(seed, regularisation, scale, offset):
    source, target = rows(12, seed=seed), rows(9, seed=seed + 1)
    moved = align_covariance(source, target, regularisation)
    scaled = align_covariance(scale * source + offset, scale * target + offset, regularisation)
    np.testing.assert_allclose(scaled, scale * moved + offset, rtol=1e-5, atol=1e-5)
    order = np.random.default_rng(seed).permutation(12)
    again = align_covariance(source[order], target[::-1], regularisation)
    np.testing.assert_allclose(again, moved[order], rtol=1e-5, atol=1e-5)


def test_equal_domains_stay_and_much_regularisation_moves_the_mean_alone():
    source, target = rows(20, seed=1), rows(30, seed=2)
    np.testing.assert_allclose(align_covariance(source, source, 0.3), source)
    shifted = source - source.mean(axis=0) + target.mean(axis=0)
    np.testing.assert_allclose(align_covariance(source, target, 1e9), shifted, rtol=1e-6, atol=1e-6)


def test_more_features_than_rows_need_regularisation():
    source, target = rows(5, 8, seed=1), rows(30, 8, seed=2)
    with pytest.raises(ValueError, match=r"source rows has no inverse .*regularisation above 0"):
        align_covariance(source, target, 0)
    assert np.isfinite(align_covariance(source, target, 0.1)).all()
    assert np.isfinite(align_covariance(target, source, 0)).all()
    for bad in (-1, np.nan, np.inf):
        with pytest.raises(ValueError, match="regularisation must be a number from 0 on"):
            align_covariance(source, target, bad)


# ---------------------------------------------------------------- importance weights


def test_weights_of_two_gaussians_are_their_ratio():
    # N(1, 1) over N(0, 1) is exp(x − 1/2). skada's DiscriminatorReweightAdapter is no oracle: in
    # 0.6.0 its weights fall where the target is common.
    source = np.random.default_rng(1).normal(0, 1, (4000, 1))
    target = np.random.default_rng(2).normal(1, 1, (3000, 1))
    found = importance_weights(source, target, largest=1e6)
    wanted = np.exp(source[:, 0] - 0.5)
    np.testing.assert_allclose(np.log(found), np.log(wanted / wanted.mean()), atol=0.3)
    assert np.average(source[:, 0], weights=found) == pytest.approx(1, abs=0.15)


@FEW
@given(SEEDS, st.floats(1, 50))
def test_weights_are_positive_limited_and_1_on_average_in_any_order(seed, largest):
    source, target = rows(15, seed=seed), rows(10, seed=seed + 1)
    found = importance_weights(source, target, largest)
    assert found.shape == (15,) and (found > 0).all() and found.mean() == pytest.approx(1)
    assert found.max() / found.min() <= largest**2 * (1 + 1e-9)
    order = np.random.default_rng(seed).permutation(15)
    again = importance_weights(source[order], target[::-1], largest)
    np.testing.assert_allclose(again, found[order], rtol=1e-2)


def test_equal_domains_have_equal_weights_whatever_their_sizes():
    source = rows(20)
    found = importance_weights(source, np.tile(source, (7, 1)))
    np.testing.assert_allclose(found, 1, atol=0.02)
    with pytest.raises(ValueError, match="largest must be a number from 1 on"):
        importance_weights(source, source, largest=0.5)


# ---------------------------------------------------------------- self-training


def test_self_training_follows_a_target_that_is_turned():
    source, labels = two_classes(200, seed=1)
    target, hidden = two_classes(200, turn=1.1, seed=2)
    found = self_train(LogisticRegression, source, labels, target, share=0.5, rounds=15)
    alone = accuracy(LogisticRegression().fit(source, labels).predict(target), hidden)
    assert accuracy(found.predicted, hidden) > alone
    assert np.array_equal(found.head.predict(target), found.predicted)
    assert found.table["round"].tolist() == list(range(16)) and found.table["used"][0] == 0
    assert found.table["used"][1:].between(98, 102).all() and found.table["changed"][0] == 0


def test_a_share_of_each_class_is_taken_or_all_above_a_threshold():
    class Head:
        classes_ = np.array([3, 8])
        learned = []

        def fit(self, x, y):
            self.learned.append(sorted(zip(x[:, 0].tolist(), y.tolist(), strict=True)))
            return self

        def predict_proba(self, x):
            return np.c_[1 - x[:, 0], x[:, 0]]

    source, target = np.array([[0.0], [1.0]]), np.array([[0.1], [0.2], [0.4], [0.45], [0.9], [0.6]])
    found = self_train(Head, source, [3, 8], target, share=0.5)
    taken = [(0.0, 3), (0.1, 3), (0.2, 3), (0.9, 8), (1.0, 8)]
    assert Head.learned == [[(0.0, 3), (1.0, 8)], taken]
    assert found.predicted.tolist() == [3, 3, 3, 3, 8, 8] and found.predicted.dtype == np.int64
    Head.learned.clear()
    found = self_train(Head, source, [3, 8], target, threshold=0.85)
    assert Head.learned[1] == [(0.0, 3), (0.1, 3), (0.9, 8), (1.0, 8)]
    assert found.table["mean_probability"][0] == pytest.approx((0.9 + 0.8 + 0.6 + 0.55 + 1.5) / 6)


def test_a_threshold_that_none_reaches_leaves_the_source_alone():
    source, labels = two_classes(40)
    found = self_train(new_linear_head, source, labels, source, threshold=1.0, rounds=2)
    assert found.table["used"].tolist() == [0, 0, 0] and (found.table["changed"] == 0).all()


# ---------------------------------------------------------------- skada by name


def test_a_stack_domains_hides_the_target():
    X, y, domain = stack_domains(np.eye(2), [0, 5], np.ones((3, 2)))
    assert X.tolist() == [[1, 0], [0, 1], [1, 1], [1, 1], [1, 1]]
    assert y.tolist() == [0, 5, -1, -1, -1] and domain.tolist() == [1, 1, -2, -2, -2]


@pytest.mark.parametrize("name", SHALLOW)
def test_each_method_learns_and_leaves_what_it_was_given(name):
    source, labels = two_classes(60, seed=1)
    target, hidden = two_classes(40, mean=0.5, turn=0.2, seed=2)
    given = stack_domains(source, labels, target)
    copies = [part.copy() for part in given]
    before = sklearn.get_config()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = AdaptedClassifier(name).fit(*given)
        predicted = model.predict(target)
        again = AdaptedClassifier(name).fit(*given).predict(target)
    assert accuracy(predicted, hidden) > 0.85 and predicted.dtype == np.int64
    assert np.array_equal(predicted, again)
    assert np.array_equal(model.predict(target[:3]), predicted[:3])
    assert all(np.array_equal(a, b) for a, b in zip(given, copies, strict=True))
    assert sklearn.get_config() == before  # skada's import switches metadata routing on


@pytest.mark.parametrize("name", SHALLOW)
def test_the_order_of_the_rows_does_not_matter(name):
    source, labels = two_classes(30, seed=1)
    target, _ = two_classes(30, mean=0.5, seed=2)
    X, y, domain = stack_domains(source, labels, target)
    mixed = np.r_[np.arange(30, 60), np.arange(30)]
    a = AdaptedClassifier(name).fit(X, y, domain).predict(target)
    b = AdaptedClassifier(name).fit(X[mixed], y[mixed], domain[mixed]).predict(target)
    assert np.array_equal(a, b)


def test_methods_that_move_rows_undo_a_shift_that_defeats_the_source_alone():
    source, labels = two_classes(100, seed=1)
    target, hidden = two_classes(100, mean=(4, 0), seed=2)
    given = stack_domains(source, labels, target)
    assert accuracy(AdaptedClassifier("source only").fit(*given).predict(target), hidden) < 0.6
    for name in ("coral", "subspace alignment", "optimal transport", "linear optimal transport"):
        assert accuracy(AdaptedClassifier(name).fit(*given).predict(target), hidden) > 0.9, name


def test_reweighting_uses_our_weights():
    source, labels = two_classes(60, seed=1)
    target, _ = two_classes(40, mean=0.5, seed=2)
    model = AdaptedClassifier("reweighting by domain classifier", largest=5.0, C=0.1)
    pipeline = model.fit(*stack_domains(source, labels, target)).pipeline
    both = np.concatenate([source, target])
    scaled = (both - both.mean(axis=0)) / both.std(axis=0)
    weights = importance_weights(scaled[:60], scaled[60:], 5.0, 0.1)
    wanted = LogisticRegression(max_iter=2000).fit(scaled[:60], labels, weights)
    got = pipeline[-1].get_estimator()
    np.testing.assert_allclose(got.coef_, wanted.coef_, rtol=1e-4)
    plain = LogisticRegression(max_iter=2000).fit(scaled[:60], labels)
    assert not np.allclose(got.coef_, plain.coef_, rtol=1e-3)


def test_transfer_components_beat_any_other_directions():
    source, target = rows(15, seed=1), rows(10, seed=2)
    x = np.concatenate([source, target])
    kernel = np.exp(-0.1 * ((x[:, None] - x[None]) ** 2).sum(axis=2))
    mu, n = 10.0, 15

    def worth(w):
        gap = np.r_[np.full(n, 1 / n), np.full(10, -1 / 10)] @ kernel @ w
        cost = w.T @ w + mu * np.outer(gap, gap)
        centred = kernel @ w - (kernel @ w).mean(axis=0)
        return np.trace(np.linalg.solve(cost, centred.T @ centred))

    best = worth(transfer_components(kernel, n, 3, mu))
    rng = np.random.default_rng(0)
    assert all(worth(rng.normal(size=(25, 3))) < best for _ in range(50))


@pytest.mark.parametrize("name", SHALLOW)
def test_fewer_source_rows_than_features_are_enough(name):
    source, target = rows(6, 10, seed=1), rows(20, 10, seed=2)
    given = stack_domains(source, np.arange(6) % 2, target)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(AdaptedClassifier(name).fit(*given).predict(target)) == 20


@pytest.mark.parametrize("name", SHALLOW)
def test_features_that_depend_on_each_other_are_no_obstacle(name):
    """Linear optimal transport took the root of what rounding had made negative."""
    mixing = np.random.default_rng(0).normal(size=(3, 60))
    source, target = rows(20, seed=1) @ mixing, rows(30, seed=2) @ mixing
    given = stack_domains(source, np.arange(20) % 2, target)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(AdaptedClassifier(name).fit(*given).predict(target)) == 30


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_linear_optimal_transport_does_not_depend_on_the_unit_of_the_rows(scale):
    """Standardised rows have one unit, but `new_adapter` is also given rows as they are."""
    source, target = rows(40, 5, seed=1), 1.5 * rows(30, 5, seed=2) + 1
    X, y, domain = stack_domains(source, np.arange(40) % 2, target)
    moved = []
    for unit in (1.0, scale):
        with skada_routing():
            adapter = new_adapter("linear optimal transport", unit * X, domain, {})
            moved.append(adapter.fit_transform(unit * X, y, sample_domain=domain) / unit)
    np.testing.assert_allclose(*moved, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(moved[0][:40].mean(axis=0), target.mean(axis=0), atol=1e-9)


def test_a_head_of_ones_own_is_used_and_not_changed():
    source, labels = two_classes(20)
    head = LogisticRegression(C=1e-6)
    model = AdaptedClassifier("coral", head).fit(*stack_domains(source, labels, source))
    assert (
        not hasattr(head, "coef_") and np.abs(model.pipeline[-1].get_estimator().coef_).max() < 1e-3
    )
    constant = AdaptedClassifier("source only", DummyClassifier(strategy="constant", constant=1))
    assert constant.fit(*stack_domains(source, labels, source)).predict(source).tolist() == [1] * 20


def test_real_digits_gain_from_alignment():
    parts = {}
    for name, n in (("mnist", 600), ("digits", 400)):
        images = load_digits_pair(name, 8)
        items = np.random.default_rng(0).permutation(len(images))[:n]
        parts[name] = images.pixels[items, :, :, 0].reshape(n, -1) / 255, images.labels[items]
    (source, labels), (target, hidden) = parts["mnist"], parts["digits"]
    head = new_linear_head().fit(source, labels)
    moved = new_linear_head().fit(align_covariance(source, target, 0.1), labels)
    assert accuracy(moved.predict(target), hidden) > accuracy(head.predict(target), hidden)


# ---------------------------------------------------------------- what is refused

GOOD, LABELS = rows(6), np.arange(6) % 2
BAD = GOOD.copy()
BAD[2, 0] = np.inf


@pytest.mark.parametrize("strategy", [align_covariance, importance_weights])
@pytest.mark.parametrize(
    ("source", "target", "told"),
    [
        (GOOD[:1], GOOD, r"source has 1 row\(s\)"),
        (GOOD, GOOD[:0], r"target has 0 row\(s\)"),
        (GOOD, rows(6, 4), "source rows have 3 features, target rows 4"),
        (BAD, GOOD, r"1 source row\(s\) hold NaN or infinity, the first is 2"),
    ],
)
def test_rows_that_do_not_fit_are_refused(strategy, source, target, told):
    with pytest.raises(ValueError, match=told):
        strategy(source, target)


@pytest.mark.parametrize(
    "strategy",
    [stack_domains, lambda *given: self_train(new_linear_head, *given)],
    ids=["set", "self"],
)
@pytest.mark.parametrize(
    ("source", "labels", "target", "told"),
    [
        (GOOD, LABELS[:5], GOOD, "6 source rows, but 5 source labels"),
        (GOOD, np.zeros(6), GOOD, "all source labels are 0"),
        (GOOD, LABELS - 1, GOOD, "source labels must be 0 or more, got -1"),
        (GOOD, LABELS + 0.5, GOOD, "source labels must be whole numbers"),
        (GOOD, LABELS, GOOD[:0], r"target has 0 row\(s\)"),
        (GOOD, LABELS, BAD, r"1 target row\(s\) hold NaN"),
        (GOOD, LABELS, rows(6, 2), "3 features, target rows 2"),
    ],
)
def test_labels_that_do_not_fit_are_refused(strategy, source, labels, target, told):
    with pytest.raises(ValueError, match=told):
        strategy(source, labels, target)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"share": 0.5, "threshold": 0.9}, "a share or a threshold, not both"),
        ({"share": 0}, "share must lie above 0"),
        ({"threshold": 1.1}, "threshold must lie above 0 and be at most 1, got 1.1"),
        ({"rounds": 0}, "rounds must be a whole number from 1 on"),
    ],
)
def test_self_training_refuses_numbers_out_of_range(options, told):
    with pytest.raises(ValueError, match=told):
        self_train(new_linear_head, GOOD, LABELS, GOOD, **options)


def test_target_labels_are_out_of_reach():
    X, y, domain = stack_domains(GOOD, LABELS, GOOD)
    y[-1] = 1
    with pytest.raises(ValueError, match="1 target rows have a label: hide it"):
        AdaptedClassifier("coral").fit(X, y, domain)
    for module in (shallow, skada_methods):
        for name, function in inspect.getmembers(module, inspect.isfunction):
            assert "target_labels" not in inspect.signature(function).parameters, name


def test_a_shallow_method_says_what_is_wrong():
    with pytest.raises(ValueError, match="unknown strategy 'korall': did you mean coral"):
        AdaptedClassifier("korall")
    with pytest.raises(ValueError, match="coral has learned nothing yet: call fit first"):
        AdaptedClassifier("coral").predict(GOOD)
    X, y, domain = stack_domains(GOOD, LABELS, GOOD)
    with pytest.raises(ValueError, match=r"target has 0 row\(s\)"):
        AdaptedClassifier("coral").fit(X, y * 0 + 1, np.abs(domain))
    with pytest.raises(ValueError, match="12 rows, 11 labels and 12 domains do not fit"):
        AdaptedClassifier("coral").fit(X, y[:-1], domain)
