"""Classifiers on real features against what they are defined as."""

from __future__ import annotations

import sys
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_info, threadpool_limits

from tlhelpers.evaluation.repeated import repeat
from tlhelpers.evaluation.trials import Trial
from tlhelpers.models import heads


@pytest.fixture(scope="module")
def split(twemoji):
    """Five of each class to train on, the rest to test on."""
    order = np.random.default_rng(0).permutation(len(twemoji))
    labels = twemoji.labels[order]
    train = np.concatenate([order[labels == label][:5] for label in range(10)])
    return train, np.setdiff1d(order, train)


def on(data, train, test) -> Trial:
    return Trial(data, train, test, 0)


def by_hand(features, labels, train, test, C=10.0):
    centre = features[train].astype(np.float64).mean(axis=0)

    def unit(rows):
        rows = rows.astype(np.float64) - centre
        return rows / np.sqrt((rows**2).sum(axis=1, keepdims=True))

    model = LogisticRegression(C=C, max_iter=5000, tol=1e-8)
    with threadpool_limits(1):
        model.fit(unit(features[train]), labels[train])
        return model.decision_function(unit(features[test]))


@pytest.mark.parametrize("C", [0.1, 10.0])
def test_the_linear_head_is_what_it_says(emoji_features, twemoji, split, C):
    train, test = split
    found = heads.linear_head(emoji_features, twemoji.labels, C)(on(twemoji, train, test))
    scores = by_hand(emoji_features, twemoji.labels, train, test, C)
    near = np.sort(scores, axis=1)
    clear = near[:, -1] - near[:, -2] > 1e-3
    assert clear.mean() > 0.9
    np.testing.assert_array_equal(found[clear], scores.argmax(axis=1)[clear])


@pytest.mark.parametrize("weight", ["balanced", {0: 5.0, 1: 0.5}], ids=str)
def test_class_weights_are_those_of_items_that_come_so_often(emoji_features, twemoji, weight):
    """Balanced ones are checked against rows that are weighed by hand."""
    rare = np.flatnonzero(twemoji.labels == 1)[:3]
    train = np.concatenate([np.flatnonzero(twemoji.labels == 0)[:20], rare])
    x, labels = emoji_features[train], twemoji.labels[train]
    ratios = {0: 23 / 40, 1: 23 / 6} if weight == "balanced" else weight
    by_row = np.array([ratios[one] for one in labels])
    wanted = heads.new_linear_head().fit(x, labels, logisticregression__sample_weight=by_row)
    found = heads.new_linear_head(class_weight=weight).fit(x, labels)
    others = np.flatnonzero(twemoji.labels < 2)
    scores = found.predict_proba(emoji_features[others])
    np.testing.assert_allclose(scores, wanted.predict_proba(emoji_features[others]), atol=1e-3)
    plain = heads.new_linear_head().fit(x, labels).predict_proba(emoji_features[others])
    assert np.abs(scores - plain).max() > 0.01, "then this shows nothing"
    as_strategy = heads.linear_head(emoji_features, twemoji.labels, class_weight=weight)
    predicted = as_strategy(on(twemoji, train, others))
    np.testing.assert_array_equal(predicted, scores.argmax(axis=1))


def test_the_strength_of_the_penalty_counts(emoji_features, twemoji, split):
    train, _ = split
    sizes = []
    with threadpool_limits(1):
        for C in (0.01, 10):
            model = heads.new_linear_head(C).fit(emoji_features[train], twemoji.labels[train])
            sizes.append(np.abs(model[-1].coef_).mean())
    assert sizes[0] * 5 < sizes[1]


def test_it_has_learned_something(emoji_features, twemoji, split):
    train, test = split
    truth = twemoji.labels[test]
    for make in (heads.linear_head, heads.nearest_neighbours):
        found = make(emoji_features, twemoji.labels)(on(twemoji, train, test))
        assert (found == truth).mean() > 0.4  # guessing gives 0.1
        shuffled = np.random.default_rng(1).permutation(twemoji.labels)
        guessed = make(emoji_features, shuffled)(on(twemoji, train, test))
        assert (guessed == shuffled[test]).mean() < 0.3


@pytest.mark.parametrize("make", [heads.linear_head, heads.nearest_neighbours])
def test_no_test_row_has_a_part_in_the_model(emoji_features, twemoji, split, make):
    train, test = split
    wanted = make(emoji_features, twemoji.labels)(on(twemoji, train, test))
    changed, labels = emoji_features.copy(), twemoji.labels.copy()
    changed[test[50:]] = changed[test[50:]] * 1e3 + 1e4
    labels[test] = 0
    found = make(changed, labels)(on(twemoji, train, test))
    np.testing.assert_array_equal(found[:50], wanted[:50])
    assert (found[50:] != wanted[50:]).any(), "the change has no effect, so this shows nothing"
    np.testing.assert_array_equal(make(changed, labels)(on(twemoji, train, test[:50])), wanted[:50])


@pytest.mark.parametrize("make", [heads.linear_head, heads.nearest_neighbours])
def test_the_same_call_gives_the_same_and_leaves_its_input(emoji_features, twemoji, split, make):
    train, test = split
    features, labels = emoji_features.copy(), twemoji.labels.copy()
    strategy = make(features, labels)
    first = strategy(on(twemoji, train, test))
    np.testing.assert_array_equal(first, strategy(on(twemoji, train, test)))
    np.testing.assert_array_equal(first[::-1], strategy(on(twemoji, train, test[::-1])))
    np.testing.assert_array_equal(features, emoji_features)
    np.testing.assert_array_equal(labels, twemoji.labels)


@pytest.mark.parametrize("k", [1, 3, 7])
def test_neighbours_are_those_of_brute_force(emoji_features, twemoji, split, k):
    train, test = split
    unit = emoji_features.astype(np.float64)
    unit /= np.sqrt((unit**2).sum(axis=1, keepdims=True))
    cosine = unit[test] @ unit[train].T
    nearest = np.argsort(-cosine, axis=1)[:, :k]
    votes = np.stack([np.bincount(v, minlength=10) for v in twemoji.labels[train][nearest]])
    found = heads.nearest_neighbours(emoji_features, twemoji.labels, k)(on(twemoji, train, test))
    np.testing.assert_array_equal(found, votes.argmax(axis=1))


def test_length_does_not_count_for_neighbours(emoji_features, twemoji, split):
    train, test = split
    lengths = np.random.default_rng(0).uniform(0.1, 10, (len(twemoji), 1))
    wanted = heads.nearest_neighbours(emoji_features, twemoji.labels)(on(twemoji, train, test))
    found = heads.nearest_neighbours(emoji_features * lengths, twemoji.labels)(
        on(twemoji, train, test)
    )
    np.testing.assert_array_equal(found, wanted)


def test_with_fewer_rows_than_k_all_of_them_vote(emoji_features, twemoji, split):
    _, test = split
    train = np.concatenate([np.flatnonzero(twemoji.labels == c)[:n] for c, n in ((4, 3), (2, 1))])
    found = heads.nearest_neighbours(emoji_features, twemoji.labels, k=50)(on(twemoji, train, test))
    assert set(found) == {4}


def test_they_are_strategies_for_repeat(emoji_features, twemoji):
    strategies = {
        "linear": heads.linear_head(emoji_features, twemoji.labels),
        "neighbours": heads.nearest_neighbours(emoji_features, twemoji.labels),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        runs = repeat(strategies, twemoji, labels=[2, 10], seeds=2, progress=False)
    assert len(runs) == 8
    few, many = (runs.accuracy[runs["labels"] == n].mean() for n in (2, 10))
    assert 0.2 < few < many


@pytest.mark.parametrize("make", [heads.linear_head, heads.nearest_neighbours])
@pytest.mark.parametrize(
    ("features", "labels", "message"),
    [
        (np.ones((4, 3)), np.zeros(3, int), "4 rows of features, but 3 labels"),
        (np.ones(4), np.zeros(4, int), r"shape \(n, d\), got \(4,\)"),
        (np.ones((4, 3, 3)), np.zeros(4, int), r"shape \(n, d\), got \(4, 3, 3\)"),
        (np.ones((4, 3)), np.zeros((4, 1), int), r"labels must have the shape \(n,\)"),
        (np.ones((4, 3)), np.array([0, 1, np.nan, 1]), "labels hold 1 NaN"),
        (np.array([[1, 2], [np.nan, 1], [np.inf, 0]]), [0, 1, 0], "2 rows .* the first is 1"),
    ],
)
def test_what_does_not_fit_is_refused(make, features, labels, message):
    with pytest.raises(ValueError, match=message):
        make(features, labels)


@pytest.mark.parametrize("k", [0, -1, 1.5])
def test_no_neighbour_is_refused(k):
    with pytest.raises(ValueError, match=f"k must be a whole number from 1 on, got {k}"):
        heads.nearest_neighbours(np.ones((2, 2)), [0, 1], k)


def test_a_head_may_meet_other_features_in_use_than_in_training(emoji_features, twemoji, split):
    train, test = split
    labels, turned = twemoji.labels, emoji_features[:, ::-1]
    mixed = heads.linear_head(emoji_features, labels, used_on=turned)(on(twemoji, train, test))
    model = heads.new_linear_head().fit(emoji_features[train], labels[train])
    np.testing.assert_array_equal(mixed, model.predict(turned[test]))
    assert (mixed != heads.linear_head(emoji_features, labels)(on(twemoji, train, test))).any()
    with pytest.raises(ValueError, match="284 rows of features, but 285 labels"):
        heads.linear_head(emoji_features, labels, used_on=turned[1:])


def test_a_head_is_fitted_on_one_thread_and_the_rest_keeps_its_threads():
    """Two threads on a small problem wait for each other, manifold on a busy machine."""
    seen = []

    class Spy(LogisticRegression):
        def fit(self, X, y, sample_weight=None):
            seen.append({pool["num_threads"] for pool in threadpool_info()})
            return super().fit(X, y, sample_weight)

    rows, labels = np.random.default_rng(0).random((20, 5)), np.arange(20) % 2
    with threadpool_limits(2):
        head = heads.Head([("spy", Spy())]).fit(rows, labels, spy__sample_weight=np.ones(20))
        assert seen == [{1}]
        assert {pool["num_threads"] for pool in threadpool_info()} == {2}
    again = clone(head).fit(rows, labels)
    np.testing.assert_array_equal(again.predict(rows), head.predict(rows))
    assert seen == [{1}, {1}]


def test_libraries_with_threads_are_looked_for_again_where_a_module_has_come(monkeypatch):
    """One that was loaded after the first fit would keep its threads."""
    looks = []
    true = heads.ThreadpoolController
    monkeypatch.setattr(heads, "ThreadpoolController", lambda: looks.append(1) or true())
    heads._libraries.cache_clear()
    rows, labels = np.random.default_rng(0).random((20, 5)), np.arange(20) % 2
    for _ in range(2):
        heads.new_linear_head().fit(rows, labels)
    before = len(looks)
    heads.new_linear_head().fit(rows, labels)
    assert len(looks) == before
    monkeypatch.setitem(sys.modules, "a_module_that_has_come", sys)
    heads.new_linear_head().fit(rows, labels)
    assert len(looks) == before + 1


@pytest.mark.parametrize("make", [heads.new_linear_head, heads.new_tfidf_head])
def test_every_new_head_is_such_a_head(make):
    assert type(make()) is heads.Head


# Few rows with many features --------------------------------------------------------------


@st.composite
def few_rows(draw):
    """Rows, labels and weights of items: at least two classes, and some rows that are the same."""
    n, d, classes = draw(st.integers(4, 20)), draw(st.integers(40, 90)), draw(st.integers(2, 4))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    rows = rng.normal(size=(n, d)).astype(draw(st.sampled_from([np.float32, np.float64])))
    rows[-draw(st.integers(1, 3)) :] = rows[0]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)  # as a head has them
    return rows, np.arange(n) % classes, rng.uniform(0.2, 2, n)


@settings(deadline=None, max_examples=40)
@given(few_rows(), st.sampled_from([0.01, 1.0, 10.0]), st.sampled_from([None, "balanced"]))
def test_few_rows_get_the_weights_that_scikit_learn_gives_them(given_rows, C, class_weight):
    rows, labels, weights = given_rows
    options = {"C": C, "class_weight": class_weight, "max_iter": 2000, "tol": 1e-7}
    found = heads.SpanLogisticRegression(**options).fit(rows, labels, weights)
    wanted = LogisticRegression(**options).fit(rows.astype(np.float64), labels, weights)
    assert found.coef_.shape == wanted.coef_.shape and found.n_features_in_ == rows.shape[1]
    near = 1e-4 if rows.dtype == np.float64 else 5e-3
    np.testing.assert_allclose(found.coef_, wanted.coef_, atol=near)
    tests = np.random.default_rng(0).normal(size=(50, rows.shape[1]))
    np.testing.assert_allclose(
        found.predict_proba(tests), wanted.predict_proba(tests), atol=2 * near
    )


@pytest.mark.parametrize("n", [639, 640, 641, 1000])
def test_many_rows_are_fitted_as_they_are(n):
    rng = np.random.default_rng(0)
    rows, labels = rng.normal(size=(n, 1280)), np.arange(n) % 2
    found = heads.SpanLogisticRegression(C=0.01).fit(rows, labels)
    wanted = LogisticRegression(C=0.01).fit(rows, labels)
    np.testing.assert_allclose(found.coef_, wanted.coef_, atol=1e-4)


def test_counted_words_are_fitted_as_they_are():
    rows = csr_array(np.random.default_rng(0).poisson(0.1, size=(10, 90)).astype(float))
    found, wanted = (
        model().fit(rows, np.arange(10) % 2)
        for model in (heads.SpanLogisticRegression, LogisticRegression)
    )
    np.testing.assert_array_equal(found.coef_, wanted.coef_)


@pytest.mark.parametrize(
    "options",
    [
        {"l1_ratio": 1.0, "solver": "liblinear", "random_state": 0},
        {"l1_ratio": 0.5, "solver": "saga", "random_state": 0, "max_iter": 9000},
        {"warm_start": True},
    ],
)
def test_options_that_leave_the_span_give_what_scikit_learn_gives(options):
    rng = np.random.default_rng(0)
    rows, labels = rng.normal(size=(10, 50)), np.arange(10) % 2
    found, wanted = (
        model(**options) for model in (heads.SpanLogisticRegression, LogisticRegression)
    )
    for n in (10, 8):
        np.testing.assert_array_equal(
            found.fit(rows[:n], labels[:n]).coef_, wanted.fit(rows[:n], labels[:n]).coef_
        )


@pytest.mark.parametrize(
    "as_given",
    [
        lambda rows: rows.astype(np.float16),
        lambda rows: rows.astype(np.longdouble),
        lambda rows: np.ma.masked_array(rows, rows > 2),
        lambda rows: pd.DataFrame(rows, columns=[f"f{i}" for i in range(rows.shape[1])]),
        torch.tensor,
    ],
    ids=["float16", "longdouble", "masked", "frame", "tensor"],
)
def test_rows_of_any_kind_give_what_scikit_learn_gives(as_given):
    rows = as_given(np.random.default_rng(0).normal(size=(10, 50)))
    found, wanted = (
        model().fit(rows, np.arange(10) % 2)
        for model in (heads.SpanLogisticRegression, LogisticRegression)
    )
    np.testing.assert_array_equal(found.predict_proba(rows), wanted.predict_proba(rows))
    assert set(vars(found)) == set(vars(wanted))


def test_a_head_takes_few_rows_in_half_precision():
    rows = np.random.default_rng(0).normal(size=(10, 50)).astype(np.float16)
    assert len(heads.new_linear_head().fit(rows, np.arange(10) % 2).predict(rows)) == 10


@pytest.mark.parametrize(
    "rows", [np.zeros(50), np.zeros((0, 50)), np.full((4, 50), np.nan), np.full((4, 50), np.inf)]
)
def test_rows_that_are_none_are_refused_in_the_words_of_scikit_learn(rows):
    told = []
    for model in (heads.SpanLogisticRegression, LogisticRegression):
        with pytest.raises(ValueError, match=r"Input X|Expected 2D|Found array") as error:
            model().fit(rows, np.arange(len(rows)) % 2)
        told.append(str(error.value).replace("Span", ""))
    assert told[0] == told[1]


def test_a_head_takes_weights_of_items_by_the_name_of_its_last_step(emoji_features, twemoji, split):
    train, _ = split
    weights = np.where(twemoji.labels[train] == 0, 5.0, 1.0)
    weighted = heads.new_linear_head().fit(
        emoji_features[train], twemoji.labels[train], logisticregression__sample_weight=weights
    )
    told = heads.new_linear_head(class_weight={0: 5.0}).fit(
        emoji_features[train], twemoji.labels[train]
    )
    np.testing.assert_allclose(weighted[-1].coef_, told[-1].coef_, atol=1e-5)
    assert isinstance(clone(weighted)[-1], heads.SpanLogisticRegression)
