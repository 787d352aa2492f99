"""Differences of differences: against a closed form, by their coverage, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_runs import runs_of

from tlhelpers.evaluation.bootstrap import resample
from tlhelpers.evaluation.comparisons import (
    Difference,
    compare,
    compare_differences,
    interval_of_mean,
)

SEEDS, ITEMS = 10, 60


@pytest.fixture
def fewer(monkeypatch):
    """A tenth of the resamples: enough where no p value is read."""
    monkeypatch.setattr(resample, "__defaults__", (1_000,))


def runs_with(correct: dict[str, np.ndarray], items="i") -> pd.DataFrame:
    """Runs of strategies that are right where `correct` (bool, (seeds, items)) says so."""
    rows = []
    for name, table in correct.items():
        groups = np.array([f"{items}{place:03}" for place in range(table.shape[1])])
        rows += [
            {"seed": seed, "labels": 5, "strategy": name, "items": groups, "correct": right}
            for seed, right in enumerate(table)
        ]
    return pd.DataFrame(rows)


def crossed(rng, rate=0.6, seeds=SEEDS, items=ITEMS, seed_sd=0.05, item_sd=0.15) -> np.ndarray:
    """Right or wrong, at a rate that depends on seed and item; the mean over both is `rate`."""
    chance = rate + rng.normal(0, seed_sd, (seeds, 1)) + rng.normal(0, item_sd, (1, items))
    return rng.random((seeds, items)) < chance


def variance_of(x: np.ndarray) -> float:
    """The variance of the bootstrap of a complete design, up to the rest that is drawn twice."""
    rows, columns = x.mean(1, keepdims=True) - x.mean(), x.mean(0, keepdims=True) - x.mean()
    rest = x - x.mean() - rows - columns
    seeds, items = x.shape
    return (
        (rows**2).sum() / seeds**2
        + (columns**2).sum() / items**2
        + (rest**2).sum() / (seeds * items) ** 2
    )


def spread(found) -> float:
    return (found.high - found.low) / (2 * 1.96)


def test_on_the_same_items_the_interval_is_that_of_the_closed_form():
    rng = np.random.default_rng(0)
    tables = {name: crossed(rng, 0.5 + 0.1 * place) for place, name in enumerate("abcd")}
    runs = runs_with(tables)
    found = compare_differences(Difference(runs, "d", "a"), Difference(runs, "c", "b"))
    x = tables["d"].astype(float) - tables["a"] - tables["c"] + tables["b"]
    assert found.difference == pytest.approx(x.mean())
    assert spread(found) == pytest.approx(np.sqrt(variance_of(x)), rel=0.06)
    assert (found.seeds, found.items) == (SEEDS, ITEMS)


def test_on_other_items_the_variances_of_the_items_add_up_and_seeds_stay_paired():
    rng = np.random.default_rng(1)
    shift = rng.normal(0, 0.15, (SEEDS, 1))  # of a seed, in both differences: it falls out
    tables = {}
    for place in ("here", "there"):
        for name, rate in (("a", 0.6), ("b", 0.45)):
            moved = rate + (shift if name == "a" else -shift)
            tables[place, name] = rng.random((SEEDS, 150)) < moved
    here, there = (
        runs_with({name: tables[place, name] for name in "ab"}, place)
        for place in ("here", "there")
    )
    found = compare_differences(
        Difference(here, "a", "b", name="here"), Difference(there, "a", "b", name="there")
    )
    gaps = [tables[p, "a"].astype(float) - tables[p, "b"] for p in ("here", "there")]
    rows = gaps[0].mean(1) - gaps[1].mean(1)
    exact = ((rows - rows.mean()) ** 2).sum() / SEEDS**2
    for x in gaps:
        columns = x.mean(0) - x.mean()
        rest = x - x.mean(1, keepdims=True) - columns
        exact += (columns**2).sum() / 150**2 + (rest**2).sum() / (SEEDS * 150) ** 2
    assert found.difference == pytest.approx(rows.mean())
    assert spread(found) == pytest.approx(np.sqrt(exact), rel=0.06)
    assert found.items == 300
    alone = [compare(runs, "a", "b") for runs in (here, there)]
    # As if the two were measured apart, the seeds would count, and the interval be far too wide.
    assert np.hypot(*map(spread, alone)) > 1.5 * spread(found)
    assert f"{found.a} − {found.b}" == "here − there"


def test_it_covers_the_truth_about_as_often_as_it_says(fewer):
    rng, inside, errors = np.random.default_rng(2), [], []
    for _ in range(80):
        runs = [
            runs_with({"a": crossed(rng, 0.6 + gain), "b": crossed(rng, 0.5)}, place)
            for gain, place in ((0.1, "x"), (0.0, "y"))
        ]
        found = compare_differences(
            *(
                Difference(table, "a", "b", name=name)
                for table, name in zip(runs, "xy", strict=True)
            )
        )
        inside.append(found.low <= 0.1 <= found.high)
        errors.append(found.difference - 0.1)
    assert 0.90 <= np.mean(inside) <= 1.0
    assert np.mean(errors) == pytest.approx(0, abs=0.03)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6), st.booleans())
def test_two_differences_of_one_strategy_are_the_comparison_of_the_others(seed, swapped):
    """(a − c) − (b − c) is a − b, resample by resample; and the other way round its mirror."""
    rng = np.random.default_rng(seed)
    runs = runs_with(
        {name: crossed(rng, rate, 4, 12) for name, rate in zip("abc", (0.7, 0.5, 0.6), strict=True)}
    )
    a, b = "ba" if swapped else "ab"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resample, "__defaults__", (300,))
        found = compare_differences(Difference(runs, a, "c"), Difference(runs, b, "c"))
        wanted = compare(runs, a, b)
        mirror = compare_differences(Difference(runs, b, "c"), Difference(runs, a, "c"))
    for field in ("difference", "low", "high", "p"):
        assert getattr(found, field) == pytest.approx(getattr(wanted, field), abs=1e-9)
    assert (mirror.difference, mirror.low, mirror.high) == pytest.approx(
        (-found.difference, -found.high, -found.low)
    )


def test_a_gain_at_one_label_count_against_that_at_another(fewer):
    few, many = (runs_of(rates, labels=(k,)) for k, rates in GAINS.items())
    runs = pd.concat([few, many])
    found = compare_differences(
        Difference(runs, "new", "old", 5, "gain at 5"),
        Difference(runs, "new", "old", [50], "gain at 50"),
    )
    alone = [compare(runs, "new", "old", labels=k) for k in GAINS]
    assert found.difference == pytest.approx(alone[0].difference - alone[1].difference)
    assert found.resolved and str(found).startswith("gain at 5 − gain at 50: +0.")


GAINS = {5: {"new": 0.9, "old": 0.5}, 50: {"new": 0.9, "old": 0.85}}


def test_a_resolved_and_an_unresolved_difference_need_not_differ(fewer):
    rng = np.random.default_rng(3)
    runs = [
        runs_with({"a": crossed(rng, 0.6 + gain), "b": crossed(rng, 0.6)}, place)
        for gain, place in ((0.11, "x"), (0.02, "y"))
    ]
    assert [compare(table, "a", "b").resolved for table in runs] == [True, False]
    names = ("there", "here")
    both = (Difference(t, "a", "b", name=n) for t, n in zip(runs, names, strict=True))
    assert not compare_differences(*both).resolved


@pytest.mark.parametrize("metric", ["balanced_accuracy", "macro_f1"])
def test_other_metrics_are_compared_too(metric, fewer):
    runs = runs_of({"a": 0.9, "b": 0.5, "c": 0.7})
    found = compare_differences(Difference(runs, "a", "b"), Difference(runs, "c", "b"), metric)
    means = runs.groupby("strategy")[metric].mean()
    assert found.difference == pytest.approx(means["a"] - means["c"])


def test_what_does_not_fit_is_refused():
    runs = runs_of({"a": 0.9, "b": 0.5}, seeds=3)
    one = Difference(runs, "a", "b", name="one")
    with pytest.raises(
        ValueError, match=r"both differences are called '\(a − b\)': give each a na"
    ):
        compare_differences(Difference(runs, "a", "b"), Difference(runs, "a", "b", 20))
    fewer = Difference(runs[runs["seed"] < 2], "a", "b", name="two")
    with pytest.raises(
        ValueError, match=r"one and two have other seeds: \[0, 1, 2\] against \[0, 1"
    ):
        compare_differences(one, fewer)
    with pytest.raises(ValueError, match="the runs hold no strategy 'd'"):
        compare_differences(one, Difference(runs, "d", "b"))
    with pytest.raises(ValueError, match="were tested on"):
        both = pd.concat([runs.assign(tested_on=name) for name in ("x", "y")])
        compare_differences(one, Difference(both, "a", "b"))
    lame = runs[(runs["strategy"] != "b") | (runs["seed"] > 0)]
    with pytest.raises(ValueError, match="'a' and 'b' are not paired"):
        compare_differences(one, Difference(lame, "a", "b"))


# ---------------------------------------------------------------- a mean of any other number


def names_of(count, start=0):
    return np.array([f"i{place:03}" for place in range(start, start + count)])


def test_the_interval_of_a_mean_is_that_of_the_closed_form():
    rng = np.random.default_rng(4)
    x = rng.normal(0.2, 0.05, (12, 1)) + rng.normal(0, 0.3, (1, 80)) + rng.normal(0, 0.2, (12, 80))
    mean, low, high = interval_of_mean(x, [names_of(80)] * 12)
    assert mean == pytest.approx(x.mean())
    assert (high - low) / (2 * 1.96) == pytest.approx(np.sqrt(variance_of(x)), rel=0.06)
    drawn = rng.choice(x.mean(axis=1), (5_000, 12)).mean(axis=1)
    narrow = np.diff(np.quantile(drawn, [0.025, 0.975]))[0]
    assert high - low > 1.5 * narrow  # the items are not fixed


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6))
def test_of_a_difference_of_two_strategies_it_is_what_compare_says(seed):
    rng = np.random.default_rng(seed)
    rows = []
    for one in range(3):  # seeds that were tested on other items each
        items = rng.permutation(names_of(20))[:12]
        right = {name: rng.random(12) < rate for name, rate in (("a", 0.7), ("b", 0.5))}
        rows += [
            {"seed": one, "labels": 5, "strategy": name, "items": items, "correct": right[name]}
            for name in "ab"
        ]
    runs = pd.DataFrame(rows)
    a, b = (runs[runs["strategy"] == name] for name in "ab")
    gaps = [x.astype(float) - y for x, y in zip(a["correct"], b["correct"], strict=True)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resample, "__defaults__", (300,))
        found, wanted = interval_of_mean(gaps, list(a["items"])), compare(runs, "a", "b")
    assert found == pytest.approx((wanted.difference, wanted.low, wanted.high), abs=1e-9)


@pytest.mark.parametrize(
    ("values", "items", "message"),
    [
        ([[1.0]], [["a"]], "two seeds or more, got 1 and 1"),
        ([[1.0], [2.0]], [["a"]], "two seeds or more, got 2 and 1"),
        ([[1.0], [2.0]], [["a"], ["a", "b"]], "each value needs its item: of seed number 1"),
        ([[1.0], []], [["a"], []], "of seed number 1 there are values of shape .0,."),
        ([[1.0], [2.0, np.inf]], [["a"], ["a", "b"]], "value 1 of seed number 1 is not finite"),
    ],
    ids=["one seed", "items of one seed", "too many items", "no item", "infinite"],
)
def test_values_that_do_not_fit_their_items_are_refused(values, items, message):
    with pytest.raises(ValueError, match=message):
        interval_of_mean(values, items)
