"""Across domains: what a strategy gets, and what is said of its gain."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from tlhelpers.adaptation.across import adaptation_table, repeat_across
from tlhelpers.data.splits import draw_labels, mean_per_class, split_by_group
from tlhelpers.evaluation.repeated import compare, compare_all, judged

NAMES = ["no", "yes"]
TOLD = ["accuracy", "balanced_accuracy", "macro_f1"]


def domain(n: int, name: str, group_of=lambda i: i // 2):
    """Two classes in turn; a group holds items of one class."""
    labels = np.arange(n) % 2
    groups = np.array([f"{name}-{i % 2}-{int(group_of(i // 2))}" for i in range(n)])
    return SimpleNamespace(labels=labels, groups=groups, class_names=list(NAMES))


def gaussian(data, shift: float, seed: int) -> np.ndarray:
    """Two overlapping clouds."""
    rng = np.random.default_rng(seed)
    return rng.normal(shift, 1, (len(data.labels), 3)) + 1.2 * data.labels[:, None]


SOURCE, TARGET = domain(64, "a"), domain(44, "b")
SOURCE_ROWS, TARGET_ROWS = gaussian(SOURCE, 0, 0), gaussian(TARGET, 0.9, 1)


def across(strategies, source=SOURCE, target=TARGET, rows=(SOURCE_ROWS, TARGET_ROWS), **options):
    options = {"oracle": LogisticRegression, "seeds": 3, **options}
    return repeat_across(strategies, source, target, *rows, **options)


def centred(rows, labels, target_rows, tests, seed):
    """Each domain around its own mean."""
    head = LogisticRegression().fit(rows - rows.mean(axis=0), labels)
    means = target_rows.mean(axis=0), rows.mean(axis=0)
    return [head.predict(one - mean) for one, mean in zip(tests, means, strict=True)]


class Watched:
    """Sees all that a strategy gets."""

    def __init__(self):
        self.given = []

    def __call__(self, *given, **named):
        assert not named
        self.given.append(given)
        return [np.zeros(len(one), dtype=int) for one in given[3]]


def sides(seed: int, per_class=None, test: float = 0.3):
    """Source items to learn from, target items to see, target and source items to predict."""
    own, other = (split_by_group(data, test, seed) for data in (SOURCE, TARGET))
    learned = own.train[draw_labels(SOURCE.labels[own.train], per_class, seed)]
    return learned, other.train, other.test, own.test


def same_runs(a: pd.DataFrame, b: pd.DataFrame) -> bool:
    return a[TOLD].equals(b[TOLD]) and all(
        np.array_equal(x, y) for x, y in zip(a["predicted"], b["predicted"], strict=True)
    )


def of(runs: pd.DataFrame, *strategies: str) -> pd.DataFrame:
    return runs[runs["strategy"].isin(strategies)].reset_index(drop=True)


# ---------------------------------------------------------------- what a strategy gets


@pytest.mark.parametrize(("per_class", "test"), [(None, 0.3), (5, 0.3), (7, 0.5)])
def test_a_method_gets_source_labels_and_rows_of_both_and_nothing_else(per_class, test):
    watched = Watched()
    across({"watched": watched}, per_class=per_class, test=test)
    assert len(watched.given) == 3
    for place, (rows, labels, target_rows, tests, seed) in enumerate(watched.given):
        assert seed == place
        learned, seen, on_target, on_source = sides(seed, per_class, test)
        np.testing.assert_array_equal(rows, SOURCE_ROWS[learned])
        np.testing.assert_array_equal(labels, SOURCE.labels[learned])
        np.testing.assert_array_equal(target_rows, TARGET_ROWS[seen])
        assert isinstance(tests, list) and len(tests) == 2
        np.testing.assert_array_equal(tests[0], TARGET_ROWS[on_target])
        np.testing.assert_array_equal(tests[1], SOURCE_ROWS[on_source])
        assert len(np.unique(labels, return_counts=True)[1]) == 2
        assert per_class is None or np.bincount(labels).tolist() == [per_class] * 2


def test_both_tables_tell_of_the_test_sides_in_their_order():
    runs, source_runs = across({"centred": centred})
    strategies = ["source only", "centred", "oracle"]
    for table, data, place in ((runs, TARGET, 2), (source_runs, SOURCE, 3)):
        assert list(zip(table["seed"], table["strategy"], strict=True)) == [
            (seed, strategy) for seed in range(3) for strategy in strategies
        ]
        for row in table.itertuples():
            items = sides(row.seed)[place]
            np.testing.assert_array_equal(row.items, data.groups[items])
            np.testing.assert_array_equal(row.truth, data.labels[items])
            np.testing.assert_array_equal(row.correct, row.predicted == data.labels[items])
            assert row.accuracy == pytest.approx(row.correct.mean())


@pytest.mark.parametrize("per_class", [None, 4])
def test_source_only_and_oracle_are_heads_by_hand(per_class):
    runs, source_runs = across({}, per_class=per_class)
    for seed in range(3):
        learned, seen, on_target, on_source = sides(seed, per_class)
        heads = {
            "source only": LogisticRegression().fit(SOURCE_ROWS[learned], SOURCE.labels[learned]),
            "oracle": LogisticRegression().fit(TARGET_ROWS[seen], TARGET.labels[seen]),
        }
        for name, head in heads.items():
            for table, rows in (
                (runs, TARGET_ROWS[on_target]),
                (source_runs, SOURCE_ROWS[on_source]),
            ):
                [found] = table[(table["strategy"] == name) & (table["seed"] == seed)]["predicted"]
                np.testing.assert_array_equal(found, head.predict(rows))
    assert not same_runs(of(runs, "oracle"), of(runs, "source only"))


def test_each_method_is_run_as_if_it_were_alone():
    both = across({"centred": centred, "watched": Watched()})
    for alone, name in (({"centred": centred}, "centred"), ({"watched": Watched()}, "watched")):
        for table, other in zip(both, across(alone), strict=True):
            assert same_runs(of(table, name), of(other, name))


def test_a_method_that_changes_its_arrays_in_place_spoils_nothing():
    def careless(rows, labels, target_rows, tests, seed):
        for array in (rows, labels, target_rows, *tests):
            array[:] = 0
        return [np.zeros(len(one), dtype=int) for one in tests]

    before = [a.copy() for a in (SOURCE_ROWS, TARGET_ROWS, SOURCE.labels, TARGET.labels)]
    clean = across({"centred": centred})
    spoiled = across({"careless": careless, "centred": centred})
    now = (SOURCE_ROWS, TARGET_ROWS, SOURCE.labels, TARGET.labels)
    assert all(np.array_equal(a, b) for a, b in zip(before, now, strict=True))
    for a, b in zip(clean, spoiled, strict=True):
        for name in ("source only", "centred", "oracle"):
            assert same_runs(of(a, name), of(b, name)), name


def test_the_runs_can_be_compared():
    runs, source_runs = across({"centred": centred})
    found = compare(runs, "centred", "source only")
    means = runs.groupby("strategy")["accuracy"].mean()
    assert found.seeds == 3 and found.difference == pytest.approx(
        means["centred"] - means["source only"], abs=0.02
    )
    assert set(compare_all(source_runs, "oracle")["a"]) == {"source only", "centred"}


def uneven(i):
    return np.sqrt(i)


@pytest.mark.parametrize("per_class", [None, 3])
def test_labels_are_counted_per_class_as_in_other_runs(per_class):
    """With groups of several sizes, the training sides of two seeds differ in size."""
    source = domain(64, "a", uneven)
    runs, source_runs = across({}, source, per_class=per_class, seeds=4)
    splits = [split_by_group(source, 0.3, seed) for seed in range(4)]
    assert len({len(split.train) for split in splits}) > 1
    wanted = per_class or mean_per_class(splits, 2)
    assert set(runs["labels"]) == set(source_runs["labels"]) == {wanted}
    assert adaptation_table(runs, source_runs).index.tolist() == ["source only", "oracle"]


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize("name", ["source only", "oracle"])
def test_a_name_that_is_taken_is_refused(name):
    with pytest.raises(ValueError, match=f"'{name}' is always there"):
        across({name: centred})


@pytest.mark.parametrize("names", [NAMES[::-1], [*NAMES, "perhaps"], ["a", "b"]])
def test_other_classes_are_refused(names):
    other = SimpleNamespace(labels=TARGET.labels, groups=TARGET.groups, class_names=names)
    with pytest.raises(ValueError, match="other classes"):
        across({}, target=other)


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ((SOURCE_ROWS[:-1], TARGET_ROWS), r"source has 64 items, but rows of shape \(63, 3\)"),
        ((SOURCE_ROWS, TARGET_ROWS[1:]), r"target has 44 items, but rows of shape \(43, 3\)"),
        ((TARGET_ROWS, SOURCE_ROWS), "source has 64 items"),
        ((SOURCE_ROWS[:, 0], TARGET_ROWS), r"rows of shape \(64,\)"),
        ((SOURCE_ROWS, TARGET_ROWS[:, :2]), "features"),
    ],
)
def test_rows_that_do_not_fit_are_refused(rows, what):
    with pytest.raises(ValueError, match=what):
        across({}, rows=rows)


@pytest.mark.parametrize("seeds", [1, 0, -2, 2.0, "3", None])
def test_too_few_seeds_are_refused_before_anything_is_run(seeds):
    watched = Watched()
    with pytest.raises(ValueError, match="seeds must be a whole number from 2 on"):
        across({"watched": watched}, seeds=seeds)
    assert watched.given == []


# ---------------------------------------------------------------- what is said of it

ITEMS = 100


def runs_of(**wrong) -> pd.DataFrame:
    """Three seeds alike; of each strategy the items that it gets wrong, out of 100."""
    truth, items = np.arange(ITEMS) % 2, np.array([f"item {i:03}" for i in range(ITEMS)])
    rows = []
    for seed in range(3):
        for name, places in wrong.items():
            predicted = truth.copy()
            predicted[list(places)] = 1 - truth[list(places)]
            row = {"seed": seed, "labels": 50, "strategy": name.replace("_", " ")}
            rows.append(row | judged(truth, predicted, items))
    return pd.DataFrame(rows)


BASE = range(40)  # wrong without adaptation
SLIGHT = (*range(24), *range(40, 45))  # 16 better, 5 worse: p about 0.02


@cache
def five() -> pd.DataFrame:
    return runs_of(
        oracle=range(10), better=range(20), source_only=BASE, worse=range(65), alike=(*BASE, 40)
    )


def test_the_verdicts():
    table = adaptation_table(five())
    assert table.index.tolist() == ["source only", "better", "worse", "alike", "oracle"]
    assert table["verdict"].to_dict() == {
        "source only": "no adaptation",
        "better": "better",
        "worse": "negative transfer",
        "alike": "not resolved",
        "oracle": "used target labels",
    }
    assert table["target"].tolist() == pytest.approx([0.6, 0.8, 0.35, 0.59, 0.9])
    assert table["difference"].tolist()[1:] == pytest.approx([0.2, -0.25, -0.01, 0.3])
    assert np.isnan(table.loc["source only", ["difference", "low", "high"]].astype(float)).all()


def test_the_share_of_the_gap_that_is_closed():
    closed = adaptation_table(five())["gap_closed"]
    assert np.isnan(closed["source only"])
    assert closed.tolist()[1:] == pytest.approx([2 / 3, -5 / 6, -1 / 30, 1])


@pytest.mark.parametrize("wrong", [range(40), range(50)], ids=["as good", "worse"])
def test_where_labels_gain_nothing_no_gap_can_be_closed(wrong):
    table = adaptation_table(runs_of(source_only=BASE, better=range(20), oracle=wrong))
    assert table["gap_closed"].isna().all()
    assert table["verdict"].tolist() == ["no adaptation", "better", "used target labels"]


def test_the_intervals_are_those_of_compare():
    runs, table = five(), adaptation_table(five())
    for name in ("better", "worse", "alike", "oracle"):
        found = compare(runs, name, "source only")
        assert table.loc[name, ["difference", "low", "high"]].tolist() == pytest.approx(
            [found.difference, found.low, found.high]
        )


def test_what_is_resolved_alone_may_not_be_among_many():
    """p is about 0.02 for each: enough for one or two, not for three."""
    for count, verdict in ((1, "better"), (2, "better"), (3, "not resolved")):
        others = {f"m{i}": SLIGHT for i in range(count)}
        runs = runs_of(source_only=BASE, **others, oracle=range(5))
        found = compare(runs, "m0", "source only")
        assert found.resolved and 0.05 / 3 < found.p < 0.05 / 2
        table = adaptation_table(runs)
        assert table.loc[list(others), "verdict"].tolist() == [verdict] * count
        assert (table.loc[list(others), "low"] > 0).all(), "the interval is not corrected"


def test_the_oracle_is_none_of_the_many():
    """With p = 1 for the oracle as a third, two that are resolved would not be."""
    runs = runs_of(source_only=BASE, m0=SLIGHT, m1=SLIGHT, oracle=BASE)
    assert compare_all(runs, "source only")["verdict"].tolist() == ["not resolved"] * 3
    assert adaptation_table(runs)["verdict"].tolist()[1:3] == ["better"] * 2


def test_an_oracle_that_fell_short_is_called_what_it_is():
    table = adaptation_table(runs_of(source_only=BASE, oracle=range(80)))
    assert table["verdict"].tolist() == ["no adaptation", "used target labels"]
    assert table.loc["oracle", "difference"] == pytest.approx(-0.4)


def test_the_source_stands_beside_the_target_if_it_is_given():
    source_runs = runs_of(oracle=range(30), better=range(7), source_only=range(5))
    table = adaptation_table(five(), source_runs)
    assert table.columns[:2].tolist() == ["target", "source"]
    assert table.loc[["source only", "better", "oracle"], "source"].tolist() == pytest.approx(
        [0.95, 0.93, 0.7]
    )
    assert table.loc[["worse", "alike"], "source"].isna().all()
    assert "source" not in adaptation_table(five())


def test_names_of_reference_and_oracle_may_be_others():
    table = adaptation_table(five(), reference="alike", oracle="better")
    assert table.index.tolist() == ["alike", "oracle", "source only", "worse", "better"]
    assert table.loc[["alike", "better", "worse"], "verdict"].tolist() == [
        "no adaptation", "used target labels", "negative transfer",
    ]  # fmt: skip
    assert table.loc["oracle", "gap_closed"] == pytest.approx(31 / 21)


@pytest.mark.parametrize("name", ["source only", "oracle"])
def test_a_gain_is_never_told_without_both(name):
    runs = five()
    with pytest.raises(ValueError, match=f"the runs hold no '{name}'"):
        adaptation_table(runs[runs["strategy"] != name])


def test_several_label_counts_are_refused():
    both = pd.concat([five(), five().assign(labels=5)])
    with pytest.raises(ValueError, match=r"give one label count, not \[.*5.*50.*\]"):
        adaptation_table(both)


def test_runs_that_do_not_pair_are_refused():
    runs = five()
    with pytest.raises(ValueError):
        adaptation_table(runs[(runs["strategy"] != "worse") | (runs["seed"] > 0)])


def test_a_table_out_of_repeated_runs():
    runs, source_runs = across({"centred": centred}, seeds=4)
    table = adaptation_table(runs, source_runs)
    means = [frame.groupby("strategy")["accuracy"].mean() for frame in (runs, source_runs)]
    for name in ("source only", "centred", "oracle"):
        assert table.loc[name, ["target", "source"]].tolist() == pytest.approx(
            [mean[name] for mean in means]
        )
