"""Repeated runs and comparisons, on real digits and on simulated runs with a known gap."""

import itertools
import os
import re

import numpy as np
import pandas as pd
import pytest
from joblib import cpu_count
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, f1_score
from sklearn.neighbors import KNeighborsClassifier
from statsmodels.stats.multitest import multipletests

from tlhelpers.data.images import load_digits_pair
from tlhelpers.evaluation.bootstrap import resample
from tlhelpers.evaluation.repeated import (
    METRICS,
    Comparison,
    compare,
    compare_all,
    compare_average,
    learning_curve,
    repeat,
)


@pytest.fixture(scope="module")
def digits():
    """180 real digits, 8 × 8 px."""
    return load_digits_pair("digits", size=8).subset(np.arange(180))


@pytest.fixture(scope="module")
def strategies(digits):
    pixels = digits.pixels[..., 0].reshape(len(digits), -1) / 255.0

    def fitted(model):
        def strategy(train, test, seed):
            return model.fit(pixels[train], digits.labels[train]).predict(pixels[test])

        return strategy

    def guess(train, test, seed):
        return np.random.default_rng(seed).choice(digits.labels[train], len(test))

    return {
        "logistic regression": fitted(LogisticRegression(max_iter=200)),
        "nearest neighbour": fitted(KNeighborsClassifier(1)),
        "guessing": guess,
    }


@pytest.fixture(scope="module")
def runs(strategies, digits):
    return repeat(strategies, digits, labels=(1, 5, None), seeds=10, progress=False)


# ---------------------------------------------------------------- repeat


def without_seconds(runs):
    return runs.drop(columns="seconds")


def test_repeat_gives_one_tidy_row_per_seed_count_and_method(runs, strategies, digits):
    assert len(runs) == 10 * 3 * 3
    assert not runs.duplicated(["seed", "labels", "strategy"]).any()
    assert sorted(runs["labels"].unique()) == [1, 5, 12]  # 18 per class, 6 of them to test
    assert (runs["seconds"] > 0).all()
    for row in runs.itertuples():
        assert row.accuracy == row.correct.mean() and row.correct.dtype == bool
        np.testing.assert_array_equal(row.items, digits.groups[np.isin(digits.groups, row.items)])
    means = runs.groupby("strategy")["accuracy"].mean()
    assert means["logistic regression"] > 0.6 > 0.2 > means["guessing"]


def test_repeat_pairs_methods_and_nests_draws(digits):
    seen = {}

    def spy(name):
        def strategy(train, test, seed):
            seen[name, seed, len(train)] = train.copy(), test.copy()
            result = digits.labels[test].copy()
            train[:] = test[:] = -1  # a strategy may spoil what it was given
            return result

        return strategy

    repeat({"a": spy("a"), "b": spy("b")}, digits, labels=(2, 5), seeds=[3, 7], progress=False)
    assert len(seen) == 8
    for seed in (3, 7):
        for size in (20, 50):
            for one, other in zip(seen["a", seed, size], seen["b", seed, size], strict=True):
                np.testing.assert_array_equal(one, other)
        assert set(seen["a", seed, 20][0]) < set(seen["a", seed, 50][0])
        assert not set(seen["a", seed, 50][0]) & set(seen["a", seed, 50][1])
    assert not np.array_equal(seen["a", 3, 20][1], seen["a", 7, 20][1])


def test_repeat_is_the_same_again_and_with_two_processes(strategies, digits):
    first, again, parallel = (
        repeat(strategies, digits, labels=(1, 5), seeds=3, n_jobs=jobs, progress=False)
        for jobs in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(without_seconds(first), without_seconds(again))
    pd.testing.assert_frame_equal(without_seconds(first), without_seconds(parallel))


def test_two_processes_share_out_the_cores(digits, tmp_path):
    def strategy(train, test, seed):
        (tmp_path / str(seed)).write_text(f"{os.getpid()} {os.environ['OMP_NUM_THREADS']}")
        return digits.labels[test]

    repeat({"spy": strategy}, digits, labels=[1], seeds=2, n_jobs=2, progress=False)
    notes = [path.read_text().split() for path in tmp_path.iterdir()]
    assert len(notes) == 2 and all(int(pid) != os.getpid() for pid, _ in notes)
    assert all(int(threads) == max(1, cpu_count() // 2) for _, threads in notes)


def run_with_a_bar(monkeypatch, digits, step):
    """Two seeds; `step` seconds pass from one look of the bar at its clock to the next."""
    monkeypatch.setattr("tqdm.std.time", itertools.count(0, step).__next__)
    repeat({"truth": lambda train, test, seed: digits.labels[test]}, digits, labels=[1], seeds=2)


def test_a_quick_run_prints_nothing(monkeypatch, digits, capsys):
    run_with_a_bar(monkeypatch, digits, 0.01)
    assert capsys.readouterr() == ("", "")


def test_a_slow_run_shows_one_bar_on_stdout_and_clears_it(monkeypatch, digits, capsys):
    run_with_a_bar(monkeypatch, digits, 60)
    shown, pink = capsys.readouterr()
    assert not pink  # a notebook paints stderr like an error
    assert "seeds" in shown and "1/2" in shown and "\n" not in shown
    assert re.search(r"\r +\r$", shown)


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (lambda n: np.zeros((n, 10)), r"strategy 'bad' returned shape \(\d+, 10\).*argmax"),
        (lambda n: np.zeros(n - 1, int), r"strategy 'bad' returned shape"),
        (lambda n: None, r"strategy 'bad' returned shape \(\)"),
        (lambda n: np.full(n, np.nan), r"predictions of strategy 'bad' hold \d+ NaN"),
        (lambda n: np.full(n, 0.5), r"predictions of strategy 'bad' must be whole numbers"),
        (lambda n: np.full(n, "seven"), r"predictions of strategy 'bad' must be whole numbers"),
        (lambda n: np.full(n, 11), r"strategy 'bad' predicted the label 11"),
    ],
)
def test_repeat_names_the_method_with_a_bad_answer(digits, output, message):
    with pytest.raises(ValueError, match=message):
        repeat(
            {"bad": lambda train, test, seed: output(len(test))},
            digits,
            labels=[1],
            seeds=2,
            progress=False,
        )


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_inside_a_method_says_where(digits, jobs):
    def broken(train, test, seed):
        raise KeyError("layer9")

    with pytest.raises(KeyError, match="layer9") as caught:
        repeat({"broken": broken}, digits, labels=[1], seeds=2, n_jobs=jobs, progress=False)
    (note,) = caught.value.__notes__  # of two processes either may fail first
    assert re.fullmatch(r"\(in strategy 'broken', seed [01], 1 labels per class\)", note)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"strategies": {}}, "at least one"),
        ({"strategies": {"none": None}}, "strategy 'none' is no function"),
        ({"labels": []}, "labels is empty"),
        ({"labels": [1, 1]}, "a number twice"),
        ({"labels": [12, None]}, "None stands for 12"),
        ({"labels": [1, 40]}, "class '0' has 14 item.s. to draw from, not 40"),
        ({"seeds": 0}, "seeds must be"),
        ({"seeds": [1, 1]}, "seeds must be"),
        ({"seeds": [-1]}, "seeds must be"),
    ],
)
def test_repeat_refuses_bad_plans_before_any_method_runs(digits, change, message):
    def never(train, test, seed):
        pytest.fail("a strategy ran")

    arguments = {"strategies": {"never": never}, "data": digits, "labels": [1], "seeds": 2} | change
    with pytest.raises(ValueError, match=message):
        repeat(**arguments, progress=False)


# ---------------------------------------------------------------- compare


def simulated_runs(rng, gap=0.1, seeds=12, pool=150, tested=45):
    """Right and wrong answers of two strategies whose true accuracies differ by `gap`."""
    item, rows = rng.uniform(-0.25, 0.25, (2, pool)), []
    for seed in range(seeds):
        items = rng.choice(pool, tested, replace=False)
        shift = rng.uniform(-0.1, 0.1)
        for strategy, base, effect in (("a", 0.5 + gap, shift), ("b", 0.5, -shift)):
            easy = item[0] + (item[1] if strategy == "a" else 0) * 0.2
            correct = rng.random(tested) < base + effect + easy[items]
            rows.append(
                {
                    "seed": seed,
                    "labels": 5,
                    "strategy": strategy,
                    "correct": correct,
                    "items": np.array([f"i{i}" for i in items]),
                }
            )
    return pd.DataFrame(rows)


def test_compare_covers_a_known_gap_when_each_seed_tests_other_items(monkeypatch):
    monkeypatch.setattr(resample, "__defaults__", (1_000,))
    rng = np.random.default_rng(5)
    found = [compare(simulated_runs(rng), "a", "b") for _ in range(200)]
    covered = np.mean([c.low <= 0.1 <= c.high for c in found])
    assert 0.90 <= covered <= 0.995
    assert np.mean([c.difference for c in found]) == pytest.approx(0.1, abs=0.01)


def test_a_seed_without_weighted_items_is_left_out():
    # Three seeds, each tested on one item of its own: a resample of items often misses some.
    rows = [
        {
            "seed": s,
            "labels": 1,
            "strategy": m,
            "items": np.array([f"i{s}"]),
            "correct": np.array([m == "a"]),
        }
        for s in range(3)
        for m in "ab"
    ]
    result = compare(pd.DataFrame(rows), "a", "b")
    assert (result.difference, result.low, result.high) == (1, 1, 1)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("labels", [None, 5, [1, 5]])
def test_difference_is_that_of_scikit_learns_metrics(runs, metric, labels):
    result = compare(runs, "logistic regression", "guessing", labels, metric)
    part = runs if labels is None else runs[runs["labels"].isin(np.atleast_1d(labels))]
    means = part.groupby("strategy")[metric].mean()
    assert result.difference == pytest.approx(means["logistic regression"] - means["guessing"])
    assert result.low < result.difference < result.high and result.resolved
    assert (result.seeds, result.p) == (10, pytest.approx(2 / 10_001))
    assert result.items == len(set(np.concatenate(list(runs["items"]))))


def test_metric_columns_are_scikit_learns(runs):
    row = runs.iloc[-1]
    assert row["balanced_accuracy"] == balanced_accuracy_score(row["truth"], row["predicted"])
    assert row["macro_f1"] == f1_score(row["truth"], row["predicted"], average="macro")


def test_swapping_the_methods_flips_the_sign_exactly(runs):
    ab = compare(runs, "logistic regression", "nearest neighbour")
    ba = compare(runs, "nearest neighbour", "logistic regression")
    assert (ab.difference, ab.low, ab.high, ab.p) == (-ba.difference, -ba.high, -ba.low, ba.p)


def test_the_order_of_rows_does_not_matter_and_the_result_is_fixed(runs):
    once = compare(runs, "logistic regression", "guessing")
    assert once == compare(runs.sample(frac=1, random_state=0), "logistic regression", "guessing")


def test_identical_methods_differ_by_0_and_are_not_resolved(runs):
    twin = runs[runs["strategy"] == "guessing"].assign(strategy="twin")
    result = compare(pd.concat([runs, twin]), "guessing", "twin")
    assert (result.difference, result.low, result.high, result.p) == (0, 0, 0, 1)
    assert result.verdict == "not resolved"


def test_items_of_one_group_are_drawn_together():
    # Every item copied five times inside its group tells nothing new: the interval must stay.
    rows = simulated_runs(np.random.default_rng(8))
    copied = rows.assign(**{c: [np.repeat(v, 5) for v in rows[c]] for c in ("items", "correct")})
    assert compare(rows, "a", "b") == compare(copied, "a", "b")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r[(r["strategy"] != "guessing") | (r["seed"] > 0)], "not paired: seeds"),
        (lambda r: r[(r["strategy"] != "guessing") | (r["labels"] > 1)], "not paired: label counts"),
        (
            lambda r: r.assign(
                items=[
                    i[::-1] if m == "guessing" else i
                    for i, m in zip(r["items"], r["strategy"], strict=True)
                ]
            ),
            "not paired: they were tested on other items at seed 0",
        ),
        (lambda r: r[r["seed"] == 0], "at least two seeds"),
        (lambda r: pd.concat([r, r]), "one run per seed and label count"),
        (lambda r: r.drop(columns=["items", "correct"]), "runs lack correct, items"),
        (lambda r: r[:0], "runs are empty"),
        (lambda r: r[["seed"]], "runs lack"),
        (lambda r: None, "runs lack"),
    ],
)
def test_compare_refuses_what_cannot_be_paired(runs, change, message):
    with pytest.raises(ValueError, match=message):
        compare(change(runs), "logistic regression", "guessing")


def test_compare_lists_near_names(runs):
    with pytest.raises(ValueError, match="did you mean nearest neighbour"):
        compare(runs, "guessing", "nearest neighbor")
    with pytest.raises(ValueError, match="did you mean macro_f1"):
        compare(runs, "guessing", "nearest neighbour", metric="macro_f2")
    with pytest.raises(ValueError, match=r"not run with labels \[7\].*\[1, 5, 12\]"):
        compare(runs, "guessing", "nearest neighbour", labels=7)
    with pytest.raises(ValueError, match="did you mean guessing"):
        compare_all(runs, "gessing")


def test_a_comparison_reads_as_a_sentence():
    found = Comparison("frozen features", "from-scratch", 0.31, 0.24, 0.38, 0.0002, 10, 412)
    assert str(found) == (
        "frozen features − from-scratch: +0.31 [+0.24, +0.38], 10 seeds, 412 items: resolved"
    )
    few = Comparison("a", "<b>", -0.02, -0.05, 0.012, 0.3, 5, 40)
    assert str(few) == (
        "a − <b>: −0.02 [−0.05, +0.01], 5 seeds (illustration), 40 items: not resolved"
    )
    assert "&lt;b&gt;" in few._repr_html_() and "not resolved" in few._repr_html_()
    assert "[+0.003, +0.041]" in str(Comparison("a", "b", 0.02, 0.003, 0.041, 0.04, 10, 40))


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.005, 0.041, "[+0.01, +0.04]"),
        (0.00499, 0.041, "[+0.005, +0.041]"),
        (0.0004, 0.041, "[+0.0004, +0.0410]"),
        (-0.041, -0.0004, "[−0.0410, −0.0004]"),
        (-0.0004, 0.041, "[−0.0004, +0.0410]"),
        (0.0, 0.041, "[+0.00, +0.04]"),
    ],
)
def test_only_an_end_that_is_0_is_printed_as_0(low, high, text):
    assert text in str(Comparison("a", "b", (low + high) / 2, low, high, 0.04, 10, 40))


def test_compare_all_corrects_by_holm(runs):
    table = compare_all(runs, "guessing", labels=5)
    assert list(table["a"]) == ["logistic regression", "nearest neighbour"]
    np.testing.assert_allclose(table["p_holm"], multipletests(table["p"], method="holm")[1])
    assert (table["verdict"] == "resolved").all()
    single = compare(runs, "nearest neighbour", "guessing", labels=5)
    assert table["difference"][1] == single.difference and table["low"][1] == single.low


def test_holm_can_take_back_a_verdict():
    rng, items = np.random.default_rng(0), np.array([f"i{i}" for i in range(60)])
    gains = {"reference": 0, "weak": 0.08, "none": 0, "nil": 0, "zero": 0}
    rows = [
        {
            "seed": seed,
            "labels": 1,
            "strategy": name,
            "items": items,
            "correct": rng.random(60) < 0.5 + gain,
        }
        for name, gain in gains.items()
        for seed in range(12)
    ]
    weak = compare_all(pd.DataFrame(rows), "reference").set_index("a").loc["weak"]
    assert weak["low"] > 0 and weak["p"] <= 0.05 < weak["p_holm"]
    assert weak["verdict"] == "not resolved"


def test_compare_all_needs_a_second_method(runs):
    with pytest.raises(ValueError, match="no strategy but 'guessing'"):
        compare_all(runs[runs["strategy"] == "guessing"], "guessing")


@pytest.mark.parametrize("metric", METRICS)
def test_learning_curve_is_the_mean_of_the_runs_within_its_interval(runs, metric):
    curve = learning_curve(runs, metric)
    assert list(curve.columns) == ["strategy", "labels", "mean", "low", "high", "seeds"]
    assert len(curve) == 9 and (curve["seeds"] == 10).all()
    means = runs.groupby(["strategy", "labels"])[metric].mean()
    for row in curve.itertuples():
        assert row.mean == pytest.approx(means[row.strategy, row.labels])
        assert row.low < row.mean < row.high
    with pytest.raises(ValueError, match="at least two seeds"):
        learning_curve(runs[runs["seed"] == 0])


def test_the_average_of_several_methods_is_compared_as_the_mean_of_their_differences(runs):
    several = ["logistic regression", "nearest neighbour"]
    found = compare_average(runs, several, "guessing", 5)
    each = [compare(runs, name, "guessing", labels=5) for name in several]
    assert found.difference == pytest.approx(np.mean([one.difference for one in each]))
    assert (found.seeds, found.b) == (10, "guessing")
    assert found.a == "average of logistic regression, nearest neighbour"
    alone = compare_average(runs, several[:1], "guessing", 5)
    assert (alone.low, alone.high) == (each[0].low, each[0].high)
    with pytest.raises(ValueError, match="nearest neighbor"):
        compare_average(runs, ["nearest neighbor"], "guessing", 5)
