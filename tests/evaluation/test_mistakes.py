"""Error analysis against scikit-learn and statsmodels, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics
from statsmodels.stats.proportion import proportion_confint

from tlhelpers.evaluation.mistakes import (
    accuracy_per_class,
    confident_mistakes,
    count_confusions,
    largest_confusions,
)

NAMES = ["cat", "dog", "bird", "fish"]
TRUTH = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2, 2])
PREDICTED = np.array([0, 0, 1, 1, 1, 2, 2, 1, 0, 2])
ITEMS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=50)


def test_the_table_reads_true_down_and_predicted_across():
    table = count_confusions(TRUTH, PREDICTED, NAMES)
    assert table.loc["dog", "bird"] == 2 and table.loc["bird", "dog"] == 1
    assert table.loc["cat"].tolist() == [2, 1, 0, 0] and table.loc["fish"].sum() == 0
    assert (table.index.name, table.columns.name) == ("true", "predicted")


def test_the_largest_confusions_come_first_and_in_the_order_of_the_classes():
    found = largest_confusions(count_confusions(TRUTH, PREDICTED, NAMES))
    rows = [tuple(row) for row in found.itertuples(index=False)]
    assert rows == [
        ("dog", "bird", 2, 0.5),
        ("cat", "dog", 1, pytest.approx(1 / 3)),
        ("bird", "cat", 1, pytest.approx(1 / 3)),
        ("bird", "dog", 1, pytest.approx(1 / 3)),
    ]
    assert len(largest_confusions(count_confusions(TRUTH, PREDICTED, NAMES), 2)) == 2
    nothing = largest_confusions(count_confusions(TRUTH, TRUTH, NAMES))
    assert list(nothing) == ["true", "predicted", "items", "share"] and not len(nothing)


@settings(deadline=None, max_examples=25)
@given(ITEMS)
def test_all_numbers_are_those_of_scikit_learn_and_statsmodels(items):
    truth, predicted = np.array(items).T
    table = accuracy_per_class(truth, predicted, NAMES)
    options = {"labels": range(4), "average": None, "zero_division": np.nan}
    np.testing.assert_allclose(table["accuracy"], metrics.recall_score(truth, predicted, **options))
    np.testing.assert_allclose(
        table["precision"], metrics.precision_score(truth, predicted, **options)
    )
    assert table["items"].sum() == table["named"].sum() == len(truth)
    balanced = np.mean([(predicted == truth)[truth == one].mean() for one in np.unique(truth)])
    assert table["accuracy"].mean() == pytest.approx(balanced)
    for row in table[table["items"] > 0].itertuples():
        ends = proportion_confint(row.correct, row.items, method="wilson")
        assert (row.low, row.high) == pytest.approx(ends, abs=1e-9)
    assert table.loc[table["items"] == 0, ["accuracy", "low", "high"]].isna().all(axis=None)
    confusions = count_confusions(truth, predicted, NAMES)
    wrong = largest_confusions(confusions, 99)
    assert wrong["items"].sum() == (truth != predicted).sum()
    assert wrong["items"].is_monotonic_decreasing and (wrong["true"] != wrong["predicted"]).all()


def probabilities(n: int, seed: int = 0) -> np.ndarray:
    drawn = np.random.default_rng(seed).exponential(size=(n, 4))
    return drawn / drawn.sum(axis=1, keepdims=True)


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 40), st.integers(0, 99))
def test_confident_mistakes_are_the_wrong_ones_from_the_surest_on(n, seed):
    given_ones, truth = probabilities(n, seed), np.random.default_rng(seed).integers(0, 4, n)
    found = confident_mistakes(truth, given_ones, NAMES, count=99)
    predicted = given_ones.argmax(axis=1)
    assert sorted(found["item"]) == np.flatnonzero(predicted != truth).tolist()
    assert found["confidence"].is_monotonic_decreasing
    for row in found.itertuples():
        assert row.true == NAMES[truth[row.item]]
        assert row.predicted == NAMES[predicted[row.item]]
        assert row.confidence == given_ones[row.item].max() >= row.of_true
        assert row.of_true == given_ones[row.item, truth[row.item]]
    few = confident_mistakes(truth, given_ones, NAMES, count=3)
    pd.testing.assert_frame_equal(few, found.iloc[:3])


def test_no_mistake_is_an_empty_table():
    found = confident_mistakes(np.arange(4), np.eye(4), NAMES)
    assert list(found) == ["item", "true", "predicted", "confidence", "of_true"] and not len(found)


ODD = probabilities(3)


@pytest.mark.parametrize(
    ("use", "arguments", "message"),
    [
        (count_confusions, ([0, 1], [0], NAMES), "2 true labels, but 1 predicted ones"),
        (count_confusions, ([0, 4], [0, 1], NAMES), "true label of item 1 is 4, but there are 4"),
        (accuracy_per_class, ([0, 1], [-1, 1], NAMES), "predicted label of item 0 is -1"),
        (accuracy_per_class, ([], [], NAMES), "true labels are empty"),
        (accuracy_per_class, ([0.5], [1], NAMES), "true labels must be whole numbers"),
        (count_confusions, ([0], [0], ["a", "a"]), "a list of different names"),
        (count_confusions, ([0], [0], "ab"), "a list of different names"),
        (confident_mistakes, ([0], ODD[:1, :3], NAMES), r"shape \(n, 4\), .* got \(1, 3\)"),
        (confident_mistakes, ([0, 1, 2], ODD * 3, NAMES), "item 0 .* take the softmax"),
        (confident_mistakes, ([0, 1, 2], ODD * np.nan, NAMES), "item 0 .*nan"),
        (confident_mistakes, ([0], ODD[:2], NAMES), "1 true labels, but 2 predicted"),
        (confident_mistakes, ([0], ODD[:1], NAMES, 0), "count must be a whole number from 1 on"),
    ],
    ids=range(12),
)  # fmt: skip
def test_what_does_not_fit_is_refused(use, arguments, message):
    with pytest.raises(ValueError, match=message):
        use(*arguments)
