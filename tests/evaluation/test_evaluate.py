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

from tlhelpers.data.images import load_digits_pair
from tlhelpers.data.splits import draw_labels, split_by_group
from tlhelpers.evaluation.bootstrap import resample
from tlhelpers.evaluation.comparisons import (
    Comparison,
    compare,
    compare_all,
    compare_average,
    learning_curve,
)
from tlhelpers.evaluation.repeated import repeat, take_turns
from tlhelpers.evaluation.runs import METRICS, Runs, as_runs
from tlhelpers.evaluation.significance import holm
from tlhelpers.evaluation.trials import Outcome, relabel


@pytest.fixture(scope="module")
def digits():
    """180 real digits, 8 × 8 px."""
    return load_digits_pair("digits", size=8).subset(np.arange(180))


@pytest.fixture(scope="module")
def strategies(digits):
    pixels = digits.pixels[..., 0].reshape(len(digits), -1) / 255.0

    def fitted(model):
        def strategy(trial):
            model.fit(pixels[trial.train], digits.labels[trial.train])
            return model.predict(pixels[trial.test])

        return strategy

    def guess(trial):
        rng = np.random.default_rng(trial.seed)
        return rng.choice(digits.labels[trial.train], len(trial.test))

    return {
        "logistic regression": fitted(LogisticRegression(max_iter=200)),
        "nearest neighbour": fitted(KNeighborsClassifier(1)),
        "guessing": guess,
    }


@pytest.fixture(scope="module")
def runs(strategies, digits):
    return repeat(strategies, digits, labels=(1, 5, None), seeds=10, progress=False)


def truth(trial):
    return trial.source.labels[trial.test]


# ---------------------------------------------------------------- repeat


def test_repeat_gives_one_tidy_row_per_seed_count_and_strategy(runs, strategies, digits):
    assert len(runs) == 10 * 3 * 3 and isinstance(runs, Runs)
    assert not runs.duplicated(["seed", "labels", "strategy"]).any()
    assert runs.strategies == list(strategies) and "tested_on" not in runs
    assert sorted(runs["labels"].unique()) == [1, 5, 12]  # 18 per class, 6 of them to test
    assert runs.whole == 12 and (runs["all_labels"] == (runs["labels"] == 12)).all()
    assert (runs["seconds"] > 0).all()
    for row in runs.itertuples():
        assert row.accuracy == row.correct.mean() and row.correct.dtype == bool
        np.testing.assert_array_equal(row.items, digits.groups[np.isin(digits.groups, row.items)])
    means = runs.groupby("strategy")["accuracy"].mean()
    assert means["logistic regression"] > 0.6 > 0.2 > means["guessing"]


def test_repeat_pairs_strategies_and_nests_draws(digits):
    seen = {}

    def spy(name):
        def strategy(trial):
            seen[name, trial.seed, trial.per_class] = trial.train.copy(), trial.test.copy()
            predicted = truth(trial)
            trial.train[:] = trial.test[:] = -1  # a strategy may spoil what it was given
            return predicted

        return strategy

    runs = repeat({"a": spy("a"), "b": spy("b")}, digits, (2, 5), seeds=[3, 7], progress=False)
    assert len(seen) == 8 and (runs["accuracy"] == 1).all()
    for seed in (3, 7):
        split = split_by_group(digits, 0.3, seed)
        for per_class in (2, 5):
            drawn = split.train[draw_labels(digits.labels[split.train], per_class, seed)]
            for name in "ab":
                np.testing.assert_array_equal(seen[name, seed, per_class][0], drawn)
                np.testing.assert_array_equal(seen[name, seed, per_class][1], split.test)
        assert set(seen["a", seed, 2][0]) < set(seen["a", seed, 5][0])


def test_two_processes_give_the_same_and_share_out_the_cores(strategies, digits, tmp_path):
    def spy(trial):
        (tmp_path / str(trial.seed)).write_text(f"{os.getpid()} {os.environ['OMP_NUM_THREADS']}")
        return truth(trial)

    first, again, parallel = (
        repeat(strategies | {"spy": spy}, digits, (1, 5), seeds=3, n_jobs=jobs, progress=False)
        for jobs in (1, 1, 2)
    )
    for other in (again, parallel):
        pd.testing.assert_frame_equal(first.drop(columns="seconds"), other.drop(columns="seconds"))
    notes = [path.read_text().split() for path in tmp_path.iterdir()]
    assert len(notes) == 3 and all(int(pid) != os.getpid() for pid, _ in notes)
    assert all(int(threads) == max(1, cpu_count() // 2) for _, threads in notes)


def run_with_a_bar(monkeypatch, digits, step):
    """Two seeds; `step` seconds pass from one look of the bar at its clock to the next."""
    monkeypatch.setattr("tqdm.std.time", itertools.count(0, step).__next__)
    repeat({"truth": truth}, digits, labels=[1], seeds=2)


def test_a_quick_run_prints_nothing(monkeypatch, digits, capsys):
    run_with_a_bar(monkeypatch, digits, 0.01)
    assert capsys.readouterr() == ("", "")


def test_a_slow_run_shows_one_bar_on_stdout_and_clears_it(monkeypatch, digits, capsys):
    run_with_a_bar(monkeypatch, digits, 60)
    shown, pink = capsys.readouterr()
    assert not pink  # a notebook paints stderr like an error
    assert "seeds" in shown and "1/2" in shown and "\n" not in shown
    assert re.search(r"\r +\r$", shown)


def test_several_sets_are_told_apart_and_the_labels_of_all_but_the_first_are_hidden(digits):
    turned = relabel(digits, (digits.labels + 1) % 10)
    given = []

    def strategy(trial):
        given.extend(one.data.labels for one in trial.targets.values())
        predicted = {name: data.labels for name, data in trial.tests().items()}
        return Outcome(predicted, {"chosen": f"C = {trial.seed}", "weights": 30})

    sets = {"digits": digits, "twin": digits, "turned": turned}
    runs = repeat({"s": strategy}, sets, [2], seeds=3, progress=False)
    assert len(given) == 6 and not np.any(given)
    assert runs["tested_on"].tolist() == [*sets] * 3
    assert (runs["chosen"] == [f"C = {seed}" for seed in runs["seed"]]).all()
    assert (runs["weights"] == 30).all() and (runs.on("digits")["accuracy"] == 1).all()
    for name, data in list(sets.items())[1:]:
        for row in runs.on(name).itertuples():
            items = split_by_group(data, 0.3, row.seed).test
            np.testing.assert_array_equal(row.truth, data.labels[items])
            np.testing.assert_array_equal(row.items, data.groups[items])
            np.testing.assert_array_equal(row.correct, data.labels[items] == 0)
    with pytest.raises(ValueError, match=r"tested on \['digits', 'twin', 'turned'\]: take those"):
        compare(runs, "s", "s")


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
def test_repeat_names_the_strategy_with_a_bad_answer(digits, output, message):
    with pytest.raises(ValueError, match=message):
        repeat({"bad": lambda trial: output(len(trial.test))}, digits, labels=[1], seeds=2)


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_inside_a_strategy_says_where(digits, jobs):
    def broken(trial):
        raise KeyError("layer9")

    with pytest.raises(KeyError, match="layer9") as caught:
        repeat({"broken": broken}, digits, labels=[1], seeds=2, n_jobs=jobs, progress=False)
    (note,) = caught.value.__notes__  # of two processes either may fail first
    assert re.fullmatch(r"\(in strategy 'broken', seed [01], 1 labels per class\)", note)
    names = [entry.name for entry in caught.traceback]
    assert names.index("repeat") < names.index("run_trial") < names.index("broken")
    assert str(caught.traceback[-1].statement).strip() == 'raise KeyError("layer9")'


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
        ({"data": {}}, "there is no set"),
    ],
)
def test_repeat_refuses_bad_plans_before_any_strategy_runs(digits, change, message):
    def never(trial):
        pytest.fail("a strategy ran")

    arguments = {"strategies": {"never": never}, "data": digits, "labels": [1], "seeds": 2} | change
    with pytest.raises(ValueError, match=message):
        repeat(**arguments, progress=False)


def test_strategies_take_turns_by_seed(digits):
    def constant(label):
        return lambda trial: np.full(len(trial.test), label)

    turns = take_turns(constant(label) for label in range(3))
    runs = repeat({"turns": turns}, digits, [1], seeds=[0, 1, 2, 3, 7], progress=False)
    assert [set(row) for row in runs["predicted"]] == [{0}, {1}, {2}, {0}, {1}]
    with pytest.raises(ValueError, match="at least one"):
        take_turns([])


# ---------------------------------------------------------------- the table of runs


def test_a_table_of_runs_stays_one_and_answers_for_itself(runs):
    few = runs[runs["labels"] < 12]
    assert isinstance(few, Runs) and few.whole is None
    assert as_runs(pd.DataFrame(few)).strategies == few.strategies
    assert as_runs(few) is few
    assert few.drop(columns="all_labels").whole is None
    on_two = pd.concat([few.assign(tested_on=name) for name in ("here", "there")])
    pd.testing.assert_frame_equal(on_two.on("there"), few.reset_index(drop=True))
    with pytest.raises(ValueError, match="unknown test set 'hare': did you mean here"):
        on_two.on("hare")
    with pytest.raises(ValueError, match="tested on one set alone"):
        few.on("here")


def test_what_a_table_is_asked_for_is_checked(runs):
    assert set(runs[runs["labels"] == 5].at_one_count(["guessing"])["strategy"]) == {"guessing"}
    with pytest.raises(ValueError, match=r"several label counts \[1, 5, 12\]: give those of one"):
        runs.at_one_count()
    with pytest.raises(ValueError, match="the runs hold no strategy 'gessing': did you mean gue"):
        runs.at_one_count(["gessing"])
    with pytest.raises(ValueError, match="hold no strategy 3: known: logistic regression, nea"):
        runs.require("guessing", 3)
    assert len(runs[runs["seed"] == 0].of("guessing", fewest=1)) == 3
    a, b = runs.pair("guessing", "nearest neighbour", labels=[1, 5])
    assert len(a) == 20 and a["seed"].is_monotonic_increasing
    assert (a[["seed", "labels"]].to_numpy() == b[["seed", "labels"]].to_numpy()).all()


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


@pytest.fixture
def fewer(monkeypatch):
    """A tenth of the resamples: enough where no p value is read."""
    monkeypatch.setattr(resample, "__defaults__", (1_000,))


def test_compare_covers_a_known_gap_when_each_seed_tests_other_items(fewer):
    rng = np.random.default_rng(5)
    found = [compare(simulated_runs(rng), "a", "b") for _ in range(80)]
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
def test_difference_is_that_of_scikit_learns_metrics(runs, metric, labels, fewer):
    result = compare(runs, "logistic regression", "guessing", labels, metric)
    part = runs if labels is None else runs[runs["labels"].isin(np.atleast_1d(labels))]
    means = part.groupby("strategy")[metric].mean()
    assert result.difference == pytest.approx(means["logistic regression"] - means["guessing"])
    assert result.low < result.difference < result.high and result.resolved
    assert (result.seeds, result.p) == (10, pytest.approx(2 / 1_001))
    assert result.items == len(set(np.concatenate(list(runs["items"]))))


def test_metric_columns_are_scikit_learns(runs):
    row = runs.iloc[-1]
    assert row["balanced_accuracy"] == balanced_accuracy_score(row["truth"], row["predicted"])
    assert row["macro_f1"] == f1_score(row["truth"], row["predicted"], average="macro")


def test_swapping_the_strategies_flips_the_sign_exactly(runs, fewer):
    ab = compare(runs, "logistic regression", "nearest neighbour")
    ba = compare(runs, "nearest neighbour", "logistic regression")
    assert (ab.difference, ab.low, ab.high, ab.p) == (-ba.difference, -ba.high, -ba.low, ba.p)


def test_the_order_of_rows_does_not_matter_and_the_result_is_fixed(runs, fewer):
    once = compare(runs, "logistic regression", "guessing")
    assert once == compare(runs.sample(frac=1, random_state=0), "logistic regression", "guessing")


def test_identical_strategies_differ_by_0_and_are_not_resolved(runs):
    twin = runs[runs["strategy"] == "guessing"].assign(strategy="twin")
    result = compare(pd.concat([runs, twin]), "guessing", "twin")
    assert (result.difference, result.low, result.high, result.p) == (0, 0, 0, 1)
    assert result.verdict == "not resolved"


def test_items_of_one_group_are_drawn_together(fewer):
    # Every item copied five times inside its group tells nothing new: the interval must stay.
    rows = simulated_runs(np.random.default_rng(8))
    copied = rows.assign(**{c: [np.repeat(v, 5) for v in rows[c]] for c in ("items", "correct")})
    assert compare(rows, "a", "b") == compare(copied, "a", "b")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r[(r["strategy"] != "guessing") | (r["seed"] > 0)], "not paired: seeds"),
        (
            lambda r: r[(r["strategy"] != "guessing") | (r["labels"] > 1)],
            "not paired: label counts",
        ),
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


def test_compare_all_corrects_by_holm(runs, fewer):
    table = compare_all(runs, "guessing", labels=5)
    assert list(table["a"]) == ["logistic regression", "nearest neighbour"]
    np.testing.assert_allclose(table["p_holm"], holm(table["p"]))
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


def test_compare_all_needs_a_second_strategy(runs):
    with pytest.raises(ValueError, match="no strategy but 'guessing'"):
        compare_all(runs[runs["strategy"] == "guessing"], "guessing")


@pytest.mark.parametrize("metric", METRICS)
def test_learning_curve_is_the_mean_of_the_runs_within_its_interval(runs, metric, fewer):
    curve = learning_curve(runs, metric)
    assert list(curve.columns) == ["strategy", "labels", "mean", "low", "high", "seeds"]
    assert len(curve) == 9 and (curve["seeds"] == 10).all()
    means = runs.groupby(["strategy", "labels"])[metric].mean()
    for row in curve.itertuples():
        assert row.mean == pytest.approx(means[row.strategy, row.labels])
        assert row.low < row.mean < row.high
    with pytest.raises(ValueError, match="at least two seeds"):
        learning_curve(runs[runs["seed"] == 0])


def test_the_average_of_several_strategies_is_compared_as_the_mean_of_their_differences(
    runs, fewer
):
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
