"""Splits, repeated runs and statistics, against closed forms, scipy, statsmodels, scikit-learn."""

import os
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, f1_score
from sklearn.neighbors import KNeighborsClassifier
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from tlhelpers import evaluate
from tlhelpers.evaluate import (
    Comparison,
    Split,
    chance,
    compare,
    compare_all,
    draw_labels,
    duplicates_across,
    holm,
    learning_curve,
    majority,
    mcnemar,
    repeat,
    smallest_gap,
    split_by_group,
    wilson,
)
from tlhelpers.images import load_digits_pair

# Other work on the machine must not fail a test: no deadline.
calm = settings(deadline=None, max_examples=60)


def as_data(labels, groups=None, class_names=None):
    groups = [f"g{i}" for i in range(len(labels))] if groups is None else groups
    data = SimpleNamespace(labels=labels, groups=groups)
    if class_names:
        data.class_names = class_names
    return data


@pytest.fixture(scope="module")
def digits():
    """180 real digits, 8 × 8 px."""
    return load_digits_pair("digits", size=8).subset(np.arange(180))


@pytest.fixture(scope="module")
def methods(digits):
    pixels = digits.pixels[..., 0].reshape(len(digits), -1) / 255.0

    def fitted(model):
        def method(train, test, seed):
            return model.fit(pixels[train], digits.labels[train]).predict(pixels[test])
        return method

    def guess(train, test, seed):
        return np.random.default_rng(seed).choice(digits.labels[train], len(test))

    return {"logistic regression": fitted(LogisticRegression(max_iter=200)),
            "nearest neighbour": fitted(KNeighborsClassifier(1)), "guessing": guess}


@pytest.fixture(scope="module")
def runs(methods, digits):
    return repeat(methods, digits, labels=(1, 5, None), seeds=10, progress=False)


# ---------------------------------------------------------------- splits


@st.composite
def grouped(draw):
    """Labels and groups in which every class has at least two groups of its own."""
    sizes = draw(st.lists(st.lists(st.integers(1, 6), min_size=2, max_size=8),
                          min_size=2, max_size=5))
    labels, groups = [], []
    for label, of_class in enumerate(sizes):
        for number, size in enumerate(of_class):
            labels += [label] * size
            groups += [f"{label}-{number}"] * size
    return np.array(labels), np.array(groups)


@calm
@given(grouped(), st.floats(0.05, 0.95), st.integers(0, 99))
def test_split_is_disjoint_by_group_and_fills_each_class_to_its_share(parts, share, seed):
    labels, groups = parts
    split = split_by_group(as_data(labels, groups), share, seed)
    assert sorted([*split.train, *split.test]) == list(range(len(labels)))
    assert split.train.dtype == split.test.dtype == np.int64
    assert not set(groups[split.train]) & set(groups[split.test])
    for label in np.unique(labels):
        in_test = groups[split.test][labels[split.test] == label]
        in_train = groups[split.train][labels[split.train] == label]
        assert len(in_test) and len(in_train)
        wanted = share * (labels == label).sum()
        assert len(in_test) >= wanted - 1e-6 or len(set(in_train)) == 1
        smallest_last = max(np.unique(in_test, return_counts=True)[1])
        assert len(in_test) - smallest_last < wanted or len(set(in_test)) == 1


@calm
@given(grouped(), st.integers(0, 99), st.randoms(use_true_random=False))
def test_split_depends_on_groups_not_on_the_order_of_items(parts, seed, random):
    labels, groups = parts
    order = np.array(random.sample(range(len(labels)), len(labels)))
    plain = split_by_group(as_data(labels, groups), 0.3, seed)
    mixed = split_by_group(as_data(labels[order], groups[order]), 0.3, seed)
    assert set(groups[plain.test]) == set(groups[order][mixed.test])


def test_split_moves_a_mixed_group_with_its_most_common_class():
    labels = np.array([0, 0, 1, 1, 1, 0, 0, 1, 1])
    groups = np.array(["a", "a", "a", "b", "b", "c", "c", "d", "d"])
    for seed in range(20):
        split = split_by_group(as_data(labels, groups), 0.4, seed)
        test_groups = set(groups[split.test])
        assert len(test_groups & {"a", "c"}) == 1 and len(test_groups & {"b", "d"}) == 1


def test_split_of_real_digits_is_stratified_and_changes_with_the_seed(digits):
    split = split_by_group(digits, 0.3, 0)
    counts, whole = (np.bincount(labels, minlength=10)
                     for labels in (digits.labels[split.test], digits.labels))
    np.testing.assert_array_equal(counts, np.ceil(0.3 * whole - 1e-9))
    again, other = split_by_group(digits, 0.3, 0), split_by_group(digits, 0.3, 1)
    np.testing.assert_array_equal(split.test, again.test)
    assert not np.array_equal(split.test, other.test)


def test_split_does_not_round_a_share_up_by_a_hair():
    assert 0.07 * 100 > 7
    assert len(split_by_group(as_data([0] * 100 + [1] * 100), 0.07).test) == 14


@pytest.mark.parametrize(("data", "message"), [
    (as_data([1, 1, 1], class_names=["cat", "dog"]), "all items are of one class \\('dog'\\)"),
    (as_data([0, 0, 1], class_names=["cat", "dog"]), "class 'dog' has 1 item"),
    (as_data([0, 0, 1, 1], ["a", "b", "c", "c"]), "class 1 has 2 item.s. in 1 group"),
    (as_data([0, 0, 1], ["a", "b"]), "3 labels and 2 groups"),
    (as_data([0.0, np.nan, 1.0]), "labels hold 1 NaN"),
    (as_data([0, 0.5, 1]), "labels must be whole numbers"),
    (as_data(["cat", "dog"]), "labels must be whole numbers"),
    (as_data([[0, 1], [0, 1]]), "one dimension"),
    (as_data([]), "labels are empty"),
    (as_data([0, 0, 1, 1], ["a", None, "c", float("nan")]), "2 item.s. have no group"),
])
def test_split_refuses_bad_data_with_one_clear_error(data, message):
    with pytest.raises(ValueError, match=message):
        split_by_group(data)


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5, float("nan")])
def test_split_refuses_a_share_outside_0_and_1(share):
    with pytest.raises(ValueError, match="between 0 and 1"):
        split_by_group(as_data([0, 0, 1, 1]), share)


def test_split_sides_must_not_overlap_and_must_not_be_empty():
    with pytest.raises(ValueError, match=r"1 items stand in train and test, e.g. 2"):
        Split([1, 2], [2, 3])
    with pytest.raises(ValueError, match="test indices are empty"):
        Split([1, 2], [])


@calm
@given(st.lists(st.integers(5, 12), min_size=2, max_size=6), st.integers(0, 99),
       st.integers(1, 5), st.integers(1, 5))
def test_draws_are_balanced_and_nested(sizes, seed, few, many):
    few, many = sorted((few, many))
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    small, large = (draw_labels(labels, k, seed) for k in (few, many))
    assert set(small) <= set(large) and len(set(large)) == len(large)
    np.testing.assert_array_equal(np.bincount(labels[large]), [many] * len(sizes))
    np.testing.assert_array_equal(draw_labels(labels, None, seed), np.arange(len(labels)))


def test_draws_differ_by_seed_and_reach_every_item():
    labels = np.repeat([0, 1], 10)
    drawn = {tuple(draw_labels(labels, 2, seed)) for seed in range(60)}
    assert len(drawn) > 50
    assert set(np.concatenate([*map(np.array, drawn)])) == set(range(20))


def test_draw_names_the_class_that_is_too_small():
    with pytest.raises(ValueError, match=r"class 'dog' has 2 item.s. to draw from, not 3"):
        draw_labels([0, 0, 0, 1, 1], 3, 0, ["cat", "dog"])


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "all"])
def test_draw_refuses_a_count_that_is_none(count):
    with pytest.raises(ValueError, match="from 1 on"):
        draw_labels([0, 1], count, 0)


def test_duplicates_across_finds_real_copies_and_only_those(digits):
    split = split_by_group(digits, 0.3, 0)
    clean = len(duplicates_across(digits, split))
    train, test = split.train[3], split.test[5]
    order = np.arange(len(digits))
    order[test] = train
    found = duplicates_across(digits.subset(order), split)
    assert clean == 0 and found == [(train, test)]


def test_duplicates_across_refuses_the_split_of_other_data(digits):
    with pytest.raises(ValueError, match="the split names item 179, the data have 20"):
        duplicates_across(digits.subset(np.arange(20)), split_by_group(digits))


def test_chance_and_majority(digits):
    assert chance(digits.labels) == 0.1
    assert majority([0, 1, 1], [1, 1, 0, 2]) == 0.5


# ---------------------------------------------------------------- repeat


def without_seconds(runs):
    return runs.drop(columns="seconds")


def test_repeat_gives_one_tidy_row_per_seed_count_and_method(runs, methods, digits):
    assert len(runs) == 10 * 3 * 3
    assert not runs.duplicated(["seed", "labels", "method"]).any()
    assert sorted(runs["labels"].unique()) == [1, 5, 12]  # 18 per class, 6 of them to test
    assert (runs["seconds"] > 0).all()
    for row in runs.itertuples():
        assert row.accuracy == row.correct.mean() and row.correct.dtype == bool
        np.testing.assert_array_equal(row.items, digits.groups[np.isin(digits.groups, row.items)])
    means = runs.groupby("method")["accuracy"].mean()
    assert means["logistic regression"] > 0.6 > 0.2 > means["guessing"]


def test_repeat_pairs_methods_and_nests_draws(digits):
    seen = {}

    def spy(name):
        def method(train, test, seed):
            seen[name, seed, len(train)] = train.copy(), test.copy()
            result = digits.labels[test].copy()
            train[:] = test[:] = -1  # a method may spoil what it was given
            return result
        return method

    repeat({"a": spy("a"), "b": spy("b")}, digits, labels=(2, 5), seeds=[3, 7], progress=False)
    assert len(seen) == 8
    for seed in (3, 7):
        for size in (20, 50):
            for one, other in zip(seen["a", seed, size], seen["b", seed, size], strict=True):
                np.testing.assert_array_equal(one, other)
        assert set(seen["a", seed, 20][0]) < set(seen["a", seed, 50][0])
        assert not set(seen["a", seed, 50][0]) & set(seen["a", seed, 50][1])
    assert not np.array_equal(seen["a", 3, 20][1], seen["a", 7, 20][1])


def test_repeat_is_the_same_again_and_with_two_processes(methods, digits):
    first, again, parallel = (
        repeat(methods, digits, labels=(1, 5), seeds=3, n_jobs=jobs, progress=False)
        for jobs in (1, 1, 2))
    pd.testing.assert_frame_equal(without_seconds(first), without_seconds(again))
    pd.testing.assert_frame_equal(without_seconds(first), without_seconds(parallel))


def test_two_processes_share_out_the_cores(digits, tmp_path):
    def method(train, test, seed):
        (tmp_path / str(seed)).write_text(f"{os.getpid()} {os.environ['OMP_NUM_THREADS']}")
        return digits.labels[test]

    repeat({"spy": method}, digits, labels=[1], seeds=2, n_jobs=2, progress=False)
    notes = [path.read_text().split() for path in tmp_path.iterdir()]
    assert len(notes) == 2 and all(int(pid) != os.getpid() for pid, _ in notes)
    assert all(int(threads) == max(1, evaluate.cpu_count() // 2) for _, threads in notes)


def test_progress_is_one_bar(digits, capsys):
    repeat({"truth": lambda train, test, seed: digits.labels[test]}, digits, labels=[1], seeds=2)
    shown = capsys.readouterr().err
    assert "seeds" in shown and "0/2" in shown and "\n" not in shown


@pytest.mark.parametrize(("output", "message"), [
    (lambda n: np.zeros((n, 10)), r"method 'bad' returned shape \(\d+, 10\).*argmax"),
    (lambda n: np.zeros(n - 1, int), r"method 'bad' returned shape"),
    (lambda n: None, r"method 'bad' returned shape \(\)"),
    (lambda n: np.full(n, np.nan), r"predictions of method 'bad' hold \d+ NaN"),
    (lambda n: np.full(n, 0.5), r"predictions of method 'bad' must be whole numbers"),
    (lambda n: np.full(n, "seven"), r"predictions of method 'bad' must be whole numbers"),
    (lambda n: np.full(n, 11), r"method 'bad' predicted the label 11"),
])
def test_repeat_names_the_method_with_a_bad_answer(digits, output, message):
    with pytest.raises(ValueError, match=message):
        repeat({"bad": lambda train, test, seed: output(len(test))}, digits, labels=[1], seeds=2,
               progress=False)


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_inside_a_method_says_where(digits, jobs):
    def broken(train, test, seed):
        raise KeyError("layer9")

    with pytest.raises(KeyError, match="layer9") as caught:
        repeat({"broken": broken}, digits, labels=[1], seeds=2, n_jobs=jobs, progress=False)
    note, = caught.value.__notes__  # of two processes either may fail first
    assert re.fullmatch(r"\(in method 'broken', seed [01], 1 labels per class\)", note)


@pytest.mark.parametrize(("change", "message"), [
    ({"methods": {}}, "at least one"),
    ({"methods": {"none": None}}, "method 'none' is no function"),
    ({"labels": []}, "labels is empty"),
    ({"labels": [1, 1]}, "a number twice"),
    ({"labels": [12, None]}, "None stands for 12"),
    ({"labels": [1, 40]}, "class '0' has 14 item.s. to draw from, not 40"),
    ({"seeds": 0}, "seeds must be"),
    ({"seeds": [1, 1]}, "seeds must be"),
    ({"seeds": [-1]}, "seeds must be"),
])
def test_repeat_refuses_bad_plans_before_any_method_runs(digits, change, message):
    def never(train, test, seed):
        pytest.fail("a method ran")

    arguments = {"methods": {"never": never}, "data": digits, "labels": [1], "seeds": 2} | change
    with pytest.raises(ValueError, match=message):
        repeat(**arguments, progress=False)


# ---------------------------------------------------------------- bootstrap


def linear(values):
    """The complete balanced design: a seed's statistic is the mean of its row of `values`."""
    return lambda weights: weights @ values.T / weights.sum(axis=1, keepdims=True)


def crossed(rng, seeds, items, seed_sd=0.05, item_sd=0.3, noise_sd=0.3):
    return (rng.normal(0, seed_sd, (seeds, 1)) + rng.normal(0, item_sd, (1, items))
            + rng.normal(0, noise_sd, (seeds, items)))


def test_bootstrap_error_agrees_with_the_closed_form():
    # In the complete design the variance of the bootstrap is exact: with row effects a, column
    # effects b and rest e of the data, Σa²/S² + Σb²/G² + Σe²/(SG)² (multinomial weights).
    x = crossed(np.random.default_rng(1), 12, 40, seed_sd=0.1)
    rows, columns = x.mean(1, keepdims=True) - x.mean(), x.mean(0, keepdims=True) - x.mean()
    rest = x - x.mean() - rows - columns
    exact = np.sqrt((rows**2).sum() / 12**2 + (columns**2).sum() / 40**2
                    + (rest**2).sum() / (12 * 40) ** 2)
    draws = evaluate._bootstrap(linear(x), *x.shape)
    assert len(draws) == 10_000
    assert draws.std() == pytest.approx(exact, rel=0.025)  # Monte Carlo error 0.7 %
    assert draws.mean() == pytest.approx(x.mean(), abs=4 * exact / 100)


@pytest.mark.parametrize("shape", [(30, 1), (1, 30)])
def test_bootstrap_of_one_factor_agrees_with_scipy(shape):
    x = np.random.default_rng(2).normal(0.3, 1, shape)
    low, high = evaluate._interval(evaluate._bootstrap(linear(x), *shape))
    ours = stats.bootstrap((x.ravel(),), np.mean, method="percentile", n_resamples=20_000,
                           rng=np.random.default_rng(3)).confidence_interval
    assert (low, high) == pytest.approx((ours.low, ours.high), abs=0.03)


def test_interval_covers_the_truth_about_as_often_as_it_says():
    rng, hits = np.random.default_rng(4), []
    for _ in range(200):
        x = crossed(rng, 20, 100, seed_sd=0.1)
        low, high = evaluate._interval(evaluate._bootstrap(linear(x), 20, 100, 1_000))
        hits.append(low <= 0 <= high)
    assert 0.90 <= np.mean(hits) <= 0.99


def simulated_runs(rng, gap=0.1, seeds=12, pool=150, tested=45):
    """Right and wrong answers of two methods whose true accuracies differ by `gap`."""
    item, rows = rng.uniform(-0.25, 0.25, (2, pool)), []
    for seed in range(seeds):
        items = rng.choice(pool, tested, replace=False)
        shift = rng.uniform(-0.1, 0.1)
        for method, base, effect in (("a", 0.5 + gap, shift), ("b", 0.5, -shift)):
            easy = item[0] + (item[1] if method == "a" else 0) * 0.2
            correct = rng.random(tested) < base + effect + easy[items]
            rows.append({"seed": seed, "labels": 5, "method": method, "correct": correct,
                         "items": np.array([f"i{i}" for i in items])})
    return pd.DataFrame(rows)


def test_compare_covers_a_known_gap_when_each_seed_tests_other_items(monkeypatch):
    monkeypatch.setattr(evaluate._bootstrap, "__defaults__", (1_000,))
    rng = np.random.default_rng(5)
    found = [compare(simulated_runs(rng), "a", "b") for _ in range(200)]
    covered = np.mean([c.low <= 0.1 <= c.high for c in found])
    assert 0.90 <= covered <= 0.995
    assert np.mean([c.difference for c in found]) == pytest.approx(0.1, abs=0.01)


def test_blocks_do_not_change_the_draws(monkeypatch):
    x = crossed(np.random.default_rng(6), 5, 30)
    whole = evaluate._bootstrap(linear(x), 5, 30, 2_000)
    monkeypatch.setattr(evaluate, "BLOCK_FLOATS", 30 * 300)
    blocks = evaluate._bootstrap(linear(x), 5, 30, 2_000)
    assert len(blocks) == 2_000
    assert blocks.std() == pytest.approx(whole.std(), rel=0.1)


@calm
@given(st.integers(1, 30), st.integers(0, 99))
def test_weights_are_multinomial_counts(n, seed):
    weights = evaluate._multinomial(np.random.default_rng(seed), 4_000, n)
    np.testing.assert_array_equal(weights.sum(axis=1), n)
    np.testing.assert_allclose(weights.mean(axis=0), 1, atol=0.12)
    np.testing.assert_allclose(weights.var(axis=0), 1 - 1 / n, atol=0.2)


def test_a_seed_without_weighted_items_is_left_out():
    # Three seeds, each tested on one item of its own: a resample of items often misses some.
    rows = [{"seed": s, "labels": 1, "method": m, "items": np.array([f"i{s}"]),
             "correct": np.array([m == "a"])} for s in range(3) for m in "ab"]
    result = compare(pd.DataFrame(rows), "a", "b")
    assert (result.difference, result.low, result.high) == (1, 1, 1)


# ---------------------------------------------------------------- compare


@pytest.mark.parametrize("metric", evaluate.METRICS)
@pytest.mark.parametrize("labels", [None, 5, [1, 5]])
def test_difference_is_that_of_scikit_learns_metrics(runs, metric, labels):
    result = compare(runs, "logistic regression", "guessing", labels, metric)
    part = runs if labels is None else runs[runs["labels"].isin(np.atleast_1d(labels))]
    means = part.groupby("method")[metric].mean()
    assert result.difference == pytest.approx(means["logistic regression"] - means["guessing"])
    assert result.low < result.difference < result.high and result.resolved
    assert (result.seeds, result.p) == (10, pytest.approx(2 / 10_001))
    assert result.items == len(set(np.concatenate(list(runs["items"]))))


def test_metric_columns_are_scikit_learns(runs):
    row = runs.iloc[-1]
    assert row["balanced_accuracy"] == balanced_accuracy_score(row["truth"], row["predicted"])
    assert row["macro_f1"] == f1_score(row["truth"], row["predicted"], average="macro")


@pytest.mark.parametrize("metric", evaluate.METRICS)
def test_weighted_scores_are_those_of_scikit_learn_with_sample_weights(runs, metric):
    rows = runs[(runs["method"] == "guessing") & (runs["labels"] == 5)]
    groups = evaluate._item_groups(rows)
    counts = evaluate._counts(rows, metric, groups, evaluate._classes_of(rows, metric))
    weights = evaluate._multinomial(np.random.default_rng(0), 1, len(groups))
    found = evaluate._scores(weights, counts)[0, :, 0]
    for score, row in zip(found, rows.itertuples(), strict=True):
        weight = weights[0, np.searchsorted(groups, row.items)]
        kept = weight > 0  # what has no weight does not count as a class either
        truth, predicted, weight = row.truth[kept], row.predicted[kept], weight[kept]
        wanted = {
            "accuracy": lambda t, p, w: np.average(t == p, weights=w),
            "balanced_accuracy": lambda t, p, w: np.mean(
                [np.average(p[t == c] == c, weights=w[t == c]) for c in np.unique(t)]),
            "macro_f1": lambda t, p, w: f1_score(t, p, average="macro", sample_weight=w),
        }[metric](truth, predicted, weight)
        assert score == pytest.approx(wanted)


def test_swapping_the_methods_flips_the_sign_exactly(runs):
    ab = compare(runs, "logistic regression", "nearest neighbour")
    ba = compare(runs, "nearest neighbour", "logistic regression")
    assert (ab.difference, ab.low, ab.high, ab.p) == (-ba.difference, -ba.high, -ba.low, ba.p)


def test_the_order_of_rows_does_not_matter_and_the_result_is_fixed(runs):
    once = compare(runs, "logistic regression", "guessing")
    assert once == compare(runs.sample(frac=1, random_state=0), "logistic regression", "guessing")


def test_identical_methods_differ_by_0_and_are_not_resolved(runs):
    twin = runs[runs["method"] == "guessing"].assign(method="twin")
    result = compare(pd.concat([runs, twin]), "guessing", "twin")
    assert (result.difference, result.low, result.high, result.p) == (0, 0, 0, 1)
    assert result.verdict == "not resolved"


def test_a_constant_gap_moves_the_interval_by_as_much():
    x = crossed(np.random.default_rng(7), 10, 50)
    plain, moved = (evaluate._interval(evaluate._bootstrap(linear(x + gap), 10, 50))
                    for gap in (0, 0.25))
    assert moved == pytest.approx(np.add(plain, 0.25))


@calm
@given(st.lists(st.integers(-40, 1_000), min_size=100, max_size=300))
def test_p_is_at_most_5_percent_exactly_when_the_interval_leaves_out_0(draws):
    draws = np.array(draws, dtype=float)
    low, high = evaluate._interval(draws)
    assert (low > 0 or high < 0) == (evaluate._two_sided_p(draws) <= 0.05)


def test_items_of_one_group_are_drawn_together():
    # Every item copied five times inside its group tells nothing new: the interval must stay.
    rows = simulated_runs(np.random.default_rng(8))
    copied = rows.assign(**{c: [np.repeat(v, 5) for v in rows[c]] for c in ("items", "correct")})
    assert compare(rows, "a", "b") == compare(copied, "a", "b")


@pytest.mark.parametrize(("change", "message"), [
    (lambda r: r[(r["method"] != "guessing") | (r["seed"] > 0)], "not paired: seeds"),
    (lambda r: r[(r["method"] != "guessing") | (r["labels"] > 1)], "not paired: label counts"),
    (lambda r: r.assign(items=[i[::-1] if m == "guessing" else i
                               for i, m in zip(r["items"], r["method"], strict=True)]),
     "not paired: they were tested on other items at seed 0"),
    (lambda r: r[r["seed"] == 0], "at least two seeds"),
    (lambda r: pd.concat([r, r]), "one run per seed and label count"),
    (lambda r: r.drop(columns=["items", "correct"]), "runs lack correct, items"),
    (lambda r: r[:0], "runs are empty"),
    (lambda r: r[["seed"]], "runs lack"),
    (lambda r: None, "runs lack"),
])
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
        "frozen features − from-scratch: +0.31 [+0.24, +0.38], 10 seeds, 412 items: resolved")
    few = Comparison("a", "<b>", -0.02, -0.05, 0.012, 0.3, 5, 40)
    assert str(few) == (
        "a − <b>: −0.02 [−0.05, +0.01], 5 seeds (illustration), 40 items: not resolved")
    assert "&lt;b&gt;" in few._repr_html_() and "not resolved" in few._repr_html_()
    assert "[+0.003, +0.041]" in str(Comparison("a", "b", 0.02, 0.003, 0.041, 0.04, 10, 40))


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
    rows = [{"seed": seed, "labels": 1, "method": name, "items": items,
             "correct": rng.random(60) < 0.5 + gain}
            for name, gain in gains.items() for seed in range(12)]
    weak = compare_all(pd.DataFrame(rows), "reference").set_index("a").loc["weak"]
    assert weak["low"] > 0 and weak["p"] <= 0.05 < weak["p_holm"]
    assert weak["verdict"] == "not resolved"


def test_compare_all_needs_a_second_method(runs):
    with pytest.raises(ValueError, match="no method but 'guessing'"):
        compare_all(runs[runs["method"] == "guessing"], "guessing")


@pytest.mark.parametrize("metric", evaluate.METRICS)
def test_learning_curve_is_the_mean_of_the_runs_within_its_interval(runs, metric):
    curve = learning_curve(runs, metric)
    assert list(curve.columns) == ["method", "labels", "mean", "low", "high", "seeds"]
    assert len(curve) == 9 and (curve["seeds"] == 10).all()
    means = runs.groupby(["method", "labels"])[metric].mean()
    for row in curve.itertuples():
        assert row.mean == pytest.approx(means[row.method, row.labels])
        assert row.low < row.mean < row.high
    with pytest.raises(ValueError, match="at least two seeds"):
        learning_curve(runs[runs["seed"] == 0])


# ---------------------------------------------------------------- tests with a closed form


@settings(calm, max_examples=20)  # statsmodels collects garbage at every call
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_agrees_with_statsmodels(p):
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1], rtol=1e-12)


@calm
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_holm_follows_the_order_and_never_lowers(p, random):
    p, order = np.array(p), np.array(random.sample(range(len(p)), len(p)))
    np.testing.assert_array_equal(holm(p[order]), holm(p)[order])
    assert (holm(p) >= p).all() and (holm(p) <= 1).all()


@pytest.mark.parametrize("p", [[0.5, 1.2], [-0.1], [float("nan")], 0.5])
def test_holm_refuses_what_is_no_p_value(p):
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm(p)


@calm
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=80))
def test_mcnemar_agrees_with_statsmodels(answers):
    a, b = np.array(answers).T
    table = [[np.sum(a & b), np.sum(a & ~b)], [np.sum(~a & b), np.sum(~a & ~b)]]
    assert mcnemar(a, b) == pytest.approx(min(1, statsmodels_mcnemar(table, exact=True).pvalue))


def test_mcnemar_without_disagreement_and_with_bad_input():
    assert mcnemar([True, False], [True, False]) == 1
    for a, b, message in (([True], [True, False], "same items"), ([], [], "same items"),
                          ([1, 2], [0, 1], "True and False"),
                          ([1, np.nan], [0, 1], "True and False")):
        with pytest.raises(ValueError, match=message):
            mcnemar(a, b)


@calm
@given(st.integers(1, 3_000), st.data())
def test_wilson_agrees_with_statsmodels(n, data):
    correct = data.draw(st.integers(0, n))
    wanted = proportion_confint(correct, n, method="wilson")
    assert wilson(correct, n) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize(("correct", "n"), [(5, 4), (-1, 4), (0, 0)])
def test_wilson_refuses_impossible_counts(correct, n):
    with pytest.raises(ValueError, match="between 0 and n"):
        wilson(correct, n)


@pytest.mark.parametrize(("n_items", "disagreement", "gap"),
                         [(30, 0.4, 0.2), (60, 0.2, 0.1), (40, 0.3, 0)])
def test_mcnemar_power_agrees_with_adding_up_every_outcome(n_items, disagreement, gap):
    wins, losses = (disagreement + gap) / 2, (disagreement - gap) / 2
    outcomes = stats.multinomial(n_items, [wins, losses, 1 - disagreement])
    total = sum(outcomes.pmf([i, j, n_items - i - j])
                for i in range(n_items + 1) for j in range(n_items + 1 - i)
                if i + j and stats.binomtest(i, i + j).pvalue <= 0.05)
    assert evaluate._mcnemar_power(n_items, disagreement, gap, 0.05) == pytest.approx(total)


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


@pytest.mark.parametrize("arguments", [{"n_items": 0}, {"n_items": 1.5},
                                       {"n_items": 9, "disagreement": 0},
                                       {"n_items": 9, "power": 1}, {"n_items": 9, "alpha": 2},
                                       {"n_items": 9, "power": 0.05}])
def test_smallest_gap_refuses_bad_arguments(arguments):
    with pytest.raises(ValueError, match="must"):
        smallest_gap(**arguments)
