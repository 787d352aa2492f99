"""Across domains: strategies between their bounds, what is said of a gain, and there and back."""

from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from tlhelpers.adaptation.across import (
    adaptation_table,
    circular_validation,
    predict_all,
    with_bounds,
)
from tlhelpers.adaptation.skada_methods import AdaptedClassifier, stack_domains
from tlhelpers.data.splits import draw_labels, mean_per_class, split_by_group
from tlhelpers.evaluation.comparisons import compare, compare_all
from tlhelpers.evaluation.repeated import repeat
from tlhelpers.evaluation.trials import Target, Trial, judge

NAMES = ["no", "yes"]


def domain(n: int, name: str, group_of=lambda i: i // 2):
    """Two classes in turn; a group holds items of one class."""
    labels = np.arange(n) % 2
    groups = np.array([f"{name}-{i % 2}-{int(group_of(i // 2))}" for i in range(n)])
    return SimpleNamespace(labels=labels, groups=groups, class_names=list(NAMES))


def gaussian(data, shift: float, seed: int) -> np.ndarray:
    """Two overlapping clouds."""
    rng = np.random.default_rng(seed)
    return rng.normal(shift, 1, (len(data.labels), 3)) + 1.2 * data.labels[:, None]


SETS = {"source": domain(64, "a"), "target": domain(44, "b")}
ROWS = {"source": gaussian(SETS["source"], 0, 0), "target": gaussian(SETS["target"], 0.9, 1)}


def across(strategies, per_class=None, sets=SETS, **options):
    """Runs on the target, and on the source."""
    bounded = with_bounds(strategies, LogisticRegression, sets["target"])
    options = {"seeds": 3, "features": ROWS, "progress": False} | options
    runs = repeat(bounded, sets, [per_class], **options)
    return runs.on("target"), runs.on("source")


def centred(trial):
    """Each domain around its own mean."""
    source, labels, target, tests = trial.rows()
    means = {"source": source.mean(axis=0), "target": target.mean(axis=0)}
    head = LogisticRegression().fit(source - means["source"], labels)
    return predict_all(head, {name: rows - means[name] for name, rows in tests.items()})


def no_for_all(trial):
    return {name: np.zeros(len(items), dtype=int) for name, items in trial.items().items()}


def careless(trial):
    """It changes in place whatever it can."""
    for array in (*trial.rows()[:3], *trial.rows().tests.values(), trial.train, trial.test):
        array[:] = 0
    for target in trial.targets.values():
        target.train[:] = target.test[:] = target.data.labels[:] = 0
    return no_for_all(trial)


def sides(seed: int, per_class=None, test: float = 0.3):
    """Source items to learn from, target items to see, target and source items to predict."""
    own, other = (split_by_group(data, test, seed) for data in SETS.values())
    drawn = draw_labels(SETS["source"].labels[own.train], per_class, seed)
    return own.train[drawn], other.train, other.test, own.test


def assert_same_runs(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(
        *(table.drop(columns="seconds").reset_index(drop=True) for table in (one, other))
    )


# ---------------------------------------------------------------- between source only and oracle


@pytest.mark.parametrize("per_class", [None, 4])
def test_source_only_and_oracle_are_heads_by_hand(per_class):
    tables = across({"centred": centred}, per_class)
    for table in tables:
        assert table["strategy"].tolist() == ["source only", "centred", "oracle"] * 3
    for seed in range(3):
        learned, seen, on_target, on_source = sides(seed, per_class)
        parts = {"source only": ("source", learned), "oracle": ("target", seen)}
        for name, (place, items) in parts.items():
            head = LogisticRegression().fit(ROWS[place][items], SETS[place].labels[items])
            tests = ROWS["target"][on_target], ROWS["source"][on_source]
            for table, rows in zip(tables, tests, strict=True):
                [row] = table[(table["strategy"] == name) & (table["seed"] == seed)].itertuples()
                np.testing.assert_array_equal(row.predicted, head.predict(rows))
    of_name = [tables[0][tables[0]["strategy"] == name]["accuracy"] for name in parts]
    assert not of_name[0].reset_index(drop=True).equals(of_name[1].reset_index(drop=True))


def test_each_strategy_is_run_as_if_it_were_alone_whatever_the_others_spoil():
    arrays = [*ROWS.values(), *(data.labels for data in SETS.values())]
    before = [array.copy() for array in arrays]
    alone = across({"centred": centred})
    beside = across({"careless": careless, "centred": centred, "no": no_for_all})
    for one, other in zip(alone, beside, strict=True):
        assert_same_runs(one, other[other["strategy"].isin(one.strategies)])
    assert all(np.array_equal(a, b) for a, b in zip(arrays, before, strict=True))


def test_the_runs_can_be_compared():
    runs, source_runs = across({"centred": centred})
    found = compare(runs, "centred", "source only")
    means = runs.groupby("strategy")["accuracy"].mean()
    assert found.seeds == 3 and found.difference == pytest.approx(
        means["centred"] - means["source only"], abs=0.02
    )
    assert set(compare_all(source_runs, "oracle")["a"]) == {"source only", "centred"}


@pytest.mark.parametrize("per_class", [None, 3])
def test_labels_are_counted_per_class_as_in_other_runs(per_class):
    """With groups of several sizes, the training sides of two seeds differ in size."""
    source = domain(64, "a", np.sqrt)
    runs, source_runs = across({}, per_class, SETS | {"source": source}, seeds=4)
    splits = [split_by_group(source, 0.3, seed) for seed in range(4)]
    assert len({len(split.train) for split in splits}) > 1
    wanted = per_class or mean_per_class(splits, 2)
    assert set(runs["labels"]) == set(source_runs["labels"]) == {wanted}
    assert adaptation_table(runs, source_runs).index.tolist() == ["source only", "oracle"]


@pytest.mark.parametrize("name", ["source only", "oracle"])
def test_a_name_that_is_taken_is_refused(name):
    with pytest.raises(ValueError, match=f"'{name}' is always there"):
        across({name: centred})


def test_the_oracle_gets_the_set_that_is_tested_on_or_none():
    other = domain(44, "c")  # as many items, but others
    bounded = with_bounds({}, LogisticRegression, other)
    with pytest.raises(ValueError, match="another target than repeat") as caught:
        repeat(bounded, SETS, [None], seeds=2, features=ROWS, progress=False)
    assert caught.value.__notes__ == ["(in strategy 'oracle', seed 0, all labels per class)"]


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
            rows.append(row | judge(truth, predicted, items))
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
    both = pd.concat([source_runs.assign(tested_on=name) for name in ("here", "there")])
    with pytest.raises(ValueError, match=r"tested on \['here', 'there'\]"):
        adaptation_table(five(), both)


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
    with pytest.raises(ValueError, match=r"several label counts \[5, 50\]: give those of one"):
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


# ---------------------------------------------------------------- there and back


def two_classes(n, gap=0.0, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    x = rng.normal(0, (0.5, 1.5), (n, 2))
    x[:, 0] += 4 * labels - 2 + gap
    return x, labels


def trial_between(rows, labels, there, last=4) -> Trial:
    """A trial that learns from all but the last source rows."""
    items, others = np.arange(len(rows)), np.arange(len(there))
    source = SimpleNamespace(labels=labels, groups=items)
    target = Target(
        SimpleNamespace(labels=np.zeros(len(there), int), groups=others), others, others[:4]
    )
    features = {"here": rows, "there": there}
    train, test = items[: len(items) - last], items[-4:]
    return Trial(source, train, test, 0, {"there": target}, "here", None, features)


def two_domains(n=80, m=60, gap=0.0, labels=None) -> Trial:
    rows, true = two_classes(n, seed=1)
    return trial_between(rows, true if labels is None else labels, two_classes(m, gap, seed=2)[0])


def by_name(name):
    def strategy(trial):
        source, labels, target, tests = trial.rows()
        model = AdaptedClassifier(name).fit(*stack_domains(source, labels, target))
        return {name: model.predict(rows) for name, rows in tests.items()}

    return strategy


def test_a_strategy_that_follows_the_shift_comes_back():
    for name in ("source only", "coral"):
        assert circular_validation(by_name(name), two_domains(gap=0.5)) > 0.9
    # Of a target that lies on one side, the source alone makes one class: the trip ends there.
    lost = circular_validation(by_name("source only"), two_domains(gap=24))
    assert lost == pytest.approx(0.5, abs=0.05)
    assert circular_validation(by_name("coral"), two_domains(gap=4)) > 0.9


def test_it_learns_from_guesses_and_judges_rows_that_neither_has_seen():
    trips = []

    def strategy(trial):
        source, labels, target, tests = trial.rows()
        trips.append((source, labels, target, tests))
        head = LogisticRegression().fit(source, labels)
        return {name: head.predict(rows) for name, rows in tests.items()}

    trial = two_domains(44, 30)
    score = circular_validation(strategy, trial, seed=3)
    (learned, labels, seen, tests), (back, guessed, hidden, judged) = trips
    assert len(learned) == 28 and np.array_equal(seen, trial.features["there"])
    assert np.array_equal(tests["there"], seen) and np.array_equal(back, seen)
    assert np.array_equal(guessed, LogisticRegression().fit(learned, labels).predict(seen))
    assert np.array_equal(hidden, learned)
    rows = [tuple(row) for row in trial.features["here"][:40]]
    asked = [tuple(row) for row in judged["here"]]
    assert set(asked) == set(rows) - set(map(tuple, learned)) and len(asked) == 12
    truth = trial.source.labels[[rows.index(row) for row in asked]]
    predicted = LogisticRegression().fit(seen, guessed).predict(judged["here"])
    assert score == np.mean(predicted == truth) and truth.sum() == 6  # the same share of each class
    assert circular_validation(strategy, trial, seed=3) == score


def three_clouds(n, gap, seed):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    x = rng.normal(0, 1, (n, 4))
    x[:, 0] += 1.3 * labels
    x[:, 1] -= 0.8 * (labels == 1)
    return x + gap, labels


@pytest.mark.parametrize(
    ("name", "gap", "right"),
    [
        ("source only", 0.5, [17, 18, 18, 20]),
        ("source only", 1.5, [9, 9, 13, 9]),
        ("coral", 1.5, [18, 20, 19, 21]),
        ("coral", 24, [15, 14, 13, 15]),
        ("optimal transport", 24, [14] * 4),
    ],
)
def test_the_numbers_are_those_of_the_function_that_took_rows(name, gap, right):
    """Of 27 rows that are judged, with seeds 0 to 3, as when it was given the rows themselves."""
    trial = trial_between(*three_clouds(90, 0, 1), three_clouds(61, gap, 2)[0], last=0)
    scores = [circular_validation(by_name(name), trial, seed) for seed in range(4)]
    assert scores == pytest.approx([count / 27 for count in right], abs=1 / 27 + 1e-9)
    assert np.mean(scores) == pytest.approx(np.mean(right) / 27, abs=0.02)


def test_circular_validation_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="seed must be a whole number"):
        circular_validation(by_name("coral"), two_domains(), seed=-1)
    lonely = two_domains(labels=np.arange(80) == 0)
    with pytest.raises(ValueError, match="least populated class"):
        circular_validation(by_name("coral"), lonely)
    with pytest.raises(ValueError, match=r"takes one target, but this trial has \[\]"):
        circular_validation(by_name("coral"), replace(two_domains(), targets={}))
