"""One trial: what a strategy gets, what it never gets, and what is refused of what it gives."""

from collections import namedtuple
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

from tlhelpers.data.images import ImageSet
from tlhelpers.data.splits import draw_labels, split_by_group
from tlhelpers.data.texts import TextSet
from tlhelpers.evaluation.runs import COLUMNS, Runs
from tlhelpers.evaluation.trials import (
    Outcome,
    judge,
    judge_all,
    label_counts,
    plan_trials,
    relabel,
    run_trial,
    seed_list,
    truth_of,
    without_labels,
)

NAMES = [f"class {i}" for i in range(9)]
LABELS = np.array([7, 8] * 20)  # numbers that nothing else in these sets holds
SECRET = [7, 8, -3.25, 3.25]


def groups(name):
    return np.array([f"{name}{letter}" for letter in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN"])


def plain(name):
    return SimpleNamespace(labels=LABELS.copy(), groups=groups(name), class_names=NAMES)


def texts(name):
    scores = np.where(LABELS == 7, -3.25, 3.25)
    return TextSet([f"{name} text"] * 40, LABELS, NAMES, groups(name), scores, name)


def images(name):
    return ImageSet(np.full((40, 4, 4, 3), 200, np.uint8), LABELS, NAMES, groups(name), name)


class Own:
    """A set of somebody's own, whose methods look at its attributes."""

    def __init__(self, name):
        self.labels, self.groups, self.scores = LABELS.copy(), groups(name), LABELS / 2

    def rated(self):
        return self.labels, self.scores


def frame(name):
    return pd.DataFrame({"labels": LABELS, "groups": groups(name)})


KINDS = [plain, texts, images, Own, frame]


def planned(kind=plain, labels=(2,), seeds=(0,), **options):
    return plan_trials({"a": kind("a"), "b": kind("b")}, labels, seeds, **options)


# ---------------------------------------------------------------- labels of a target


def reachable(thing, seen):
    """All arrays and numbers behind attributes, items, properties and bound methods."""
    if id(thing) in seen or isinstance(thing, (str, bytes, type)):
        return
    seen[id(thing)] = thing  # kept alive, so that no other object gets its id
    if isinstance(thing, (np.ndarray, int, float, np.number)):
        yield np.asarray(thing)
    elif isinstance(thing, dict):
        for value in thing.values():
            yield from reachable(value, seen)
    elif isinstance(thing, (list, tuple, set)):
        for value in thing:
            yield from reachable(value, seen)
    elif isinstance(thing, (pd.DataFrame, pd.Series)):
        yield from (thing[column].to_numpy() for column in getattr(thing, "columns", ()))
    else:
        names = [name for name in dir(thing) if not name.startswith("__")]
        parts = [getattr(thing, name) for name in (*names, "__self__") if hasattr(thing, name)]
        for part in parts:
            yield from reachable(part, seen)


def secrets(*things, besides=()):
    """Secret numbers that can be reached, but for arrays that are known to be positions."""
    arrays = [array for thing in things for array in reachable(thing, {})]
    arrays = [a for a in arrays if not any(a is one or a.base is one for one in besides)]
    return [a for a in arrays if a.dtype.kind in "iuf" and np.isin(a, SECRET).any()]


@pytest.mark.parametrize("kind", KINDS)
def test_no_label_of_a_target_is_in_reach(kind):
    [trial] = planned(kind)
    [(name, target)] = trial.targets.items()
    positions = target.train, target.test
    assert secrets(kind("b")), "the search must be able to find them"
    assert not secrets(trial.targets, besides=positions)
    assert len(target.data.labels) == 40 and not np.any(target.data.labels)
    if hasattr(target.data, "subset"):
        assert not secrets(trial.tests()[name], target.data.subset(target.train))
        assert target.data.counts() == {n: 40 * (n == NAMES[0]) for n in NAMES}
    if hasattr(target.data, "rated"):
        assert not secrets(target.data.rated())


@pytest.mark.parametrize("kind", KINDS)
def test_hiding_leaves_the_set_itself_as_it_was(kind):
    data = kind("a")
    hidden = without_labels(data)
    np.testing.assert_array_equal(data.labels, LABELS)
    np.testing.assert_array_equal(hidden.groups, data.groups)
    assert type(hidden) is type(data)
    np.testing.assert_array_equal(relabel(data, LABELS[::-1]).labels, LABELS[::-1])


class Stubborn:
    """Its labels cannot be set, so they would stay in reach."""

    groups = groups("s")

    @property
    def labels(self):
        return LABELS


@pytest.mark.parametrize(
    "data", [Stubborn(), namedtuple("Pair", "labels groups")(LABELS, groups("p"))]
)
def test_labels_that_cannot_be_hidden_are_refused(data):
    with pytest.raises(ValueError, match=r"the labels of a (Stubborn|Pair) cannot be changed"):
        plan_trials({"a": plain("a"), "b": data}, [1], [0])


# ---------------------------------------------------------------- what is planned


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**31), st.integers(1, 6), st.sampled_from([0.3, 0.5]))
def test_each_set_is_split_by_itself_and_the_source_is_drawn_from(seed, per_class, test):
    few, all_items = planned(labels=[per_class, None], seeds=[seed], test=test)
    own, other = (split_by_group(plain(name), test, seed) for name in "ab")
    drawn = own.train[draw_labels(LABELS[own.train], per_class, seed)]
    np.testing.assert_array_equal(few.train, drawn)
    np.testing.assert_array_equal(all_items.train, own.train)
    for trial in (few, all_items):
        assert (trial.seed, trial.name) == (seed, "a")
        np.testing.assert_array_equal(trial.test, own.test)
        np.testing.assert_array_equal(trial.targets["b"].train, other.train)
        np.testing.assert_array_equal(trial.items()["b"], other.test)
    assert label_counts([few, all_items]) == {per_class: per_class, None: len(own.train) // 2}


def test_sets_of_the_same_items_are_split_alike():
    same = plain("a")
    [trial] = plan_trials({"a": same, "twin": plain("a")}, [None], [5])
    np.testing.assert_array_equal(trial.train, trial.targets["twin"].train)
    np.testing.assert_array_equal(trial.test, trial.targets["twin"].test)


ROWS = {name: np.arange(120.0).reshape(40, 3) + i for i, name in enumerate("ab")}


def test_rows_are_features_of_both_and_labels_of_the_source():
    [trial] = planned(labels=[3], features=ROWS)
    rows = trial.rows()
    target = trial.targets["b"]
    np.testing.assert_array_equal(rows.source, ROWS["a"][trial.train])
    np.testing.assert_array_equal(rows.labels, LABELS[trial.train])
    np.testing.assert_array_equal(rows.target, ROWS["b"][target.train])
    assert list(rows.tests) == ["a", "b"]
    np.testing.assert_array_equal(rows.tests["a"], ROWS["a"][trial.test])
    np.testing.assert_array_equal(rows.tests["b"], ROWS["b"][target.test])


def test_labels_may_be_a_list():
    sets = {name: replace_labels(plain(name), LABELS.tolist()) for name in "ab"}
    [trial] = plan_trials(sets, [3], [0], features=ROWS)
    np.testing.assert_array_equal(trial.rows().labels, LABELS[trial.train])


def replace_labels(data, labels):
    data.labels = labels
    return data


def renamed(names):
    return SimpleNamespace(labels=LABELS, groups=groups("b"), class_names=names)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"b": renamed(NAMES[::-1])}, "the sets have other classes: {'a': .*'class 0'"),
        ({"b": renamed([*NAMES[:-1], "perhaps"])}, "the sets have other classes"),
    ],
)
def test_sets_with_other_classes_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        plan_trials({"a": plain("a")} | change, [1], [0])


def test_class_names_may_be_any_sequence_and_need_not_be_there():
    plan_trials({"a": plain("a"), "b": renamed(tuple(NAMES)), "c": Own("c")}, [1], [0])


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ({"a": ROWS["a"][:-1], "b": ROWS["b"]}, r"a has 40 items, but features of shape \(39, 3\)"),
        ({"a": ROWS["a"], "b": ROWS["b"][1:]}, r"b has 40 items, but features of shape \(39, 3\)"),
        ({"a": ROWS["a"][:, 0], "b": ROWS["b"]}, r"features of shape \(40,\)"),
        ({"a": ROWS["a"], "b": ROWS["b"][:, :2]}, "different numbers of features"),
        ({"a": ROWS["a"], "B": ROWS["b"]}, r"features of 'B', but the sets are \['a', 'b'\]"),
    ],
)
def test_features_that_do_not_fit_are_refused(features, message):
    with pytest.raises(ValueError, match=message):
        planned(features=features)


def test_rows_need_features_and_one_target():
    alone = plan_trials({"a": plain("a")}, [1], [0], features={"a": ROWS["a"]})
    for [trial] in (planned(), alone):
        with pytest.raises(ValueError, match="two sets and features"):
            trial.rows()


def test_no_set_at_all_is_refused():
    with pytest.raises(ValueError, match="there is no set"):
        plan_trials({}, [1], [0])


@pytest.mark.parametrize("seeds", [0, -2, 2.0, "3", None, [], [1, 1], [-1], [0.5], [True]])
def test_seeds_that_are_none_are_refused(seeds):
    with pytest.raises(ValueError, match="seeds must be a"):
        seed_list(seeds)


# ---------------------------------------------------------------- what comes out


def spoil(trial):
    for target in trial.targets.values():
        target.train[:] = target.test[:] = 0
    for array in (*trial.rows()[:3], *trial.rows().tests.values(), trial.train, trial.test):
        array[:] = 0
    return {name: np.full(12, 7) for name in "ab"}


def test_a_strategy_that_changes_what_it_was_given_spoils_nothing():
    [trial] = planned(features=ROWS)
    [twin] = planned(features=ROWS)
    run_trial("careless", spoil, trial)
    for name, items in trial.items().items():
        np.testing.assert_array_equal(items, twin.items()[name])
    for ours, theirs in zip(trial.rows()[:3], twin.rows()[:3], strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_features_themselves_cannot_be_written_to_but_those_of_the_caller_can():
    rows = {name: values.copy() for name, values in ROWS.items()}
    [trial] = planned(features=rows)
    with pytest.raises(ValueError, match="read-only"):
        trial.features["a"][0] = 0
    rows["a"][0] = 0


def perfect(trial):
    return {name: LABELS[items] for name, items in trial.items().items()}


def test_an_outcome_keeps_notes_and_model_and_holds_whole_numbers():
    [trial] = planned()
    floats = {name: labels.astype(float) for name, labels in perfect(trial).items()}
    outcome, seconds, cpu = run_trial("x", lambda _: Outcome(floats, {"C": 1.0}, "net"), trial)
    assert (outcome.notes, outcome.model) == ({"C": 1.0}, "net")
    assert all(labels.dtype == np.int64 for labels in outcome.predicted.values())
    assert seconds > 0 and cpu >= 0


def test_labels_alone_are_those_of_the_source():
    [trial] = plan_trials({"a": plain("a")}, [1], [0])
    outcome, *_ = run_trial("x", lambda trial: LABELS[trial.test].tolist(), trial)
    assert list(outcome.predicted) == ["a"]


@pytest.mark.parametrize("given", [{"a": 0}, {"a": 0, "c": 0}, {"a": 0, "b": 0, "c": 0}])
def test_each_test_set_must_be_predicted_and_no_other(given):
    [trial] = planned()
    with pytest.raises(ValueError, match=r"'x' predicted \[.*but the test sets are \['a', 'b'\]"):
        run_trial("x", lambda _: given, trial)


def test_labels_alone_are_too_little_for_two_sets():
    [trial] = planned()
    with pytest.raises(ValueError, match="return a dict with the labels of each"):
        run_trial("x", lambda trial: LABELS[trial.test], trial)


@pytest.mark.parametrize("column", COLUMNS)
def test_a_note_cannot_take_the_place_of_a_column(column):
    [trial] = planned()
    with pytest.raises(ValueError, match=f"strategy 'x' notes '{column}'"):
        run_trial("x", lambda trial: Outcome(perfect(trial), {column: 1}), trial)


@pytest.mark.parametrize(("per_class", "told"), [(2, "2"), (None, "all")])
def test_an_error_of_a_strategy_says_where(per_class, told):
    def broken(trial):
        raise KeyError("layer9")

    [trial] = planned(labels=[per_class], seeds=[4])
    with pytest.raises(KeyError, match="layer9") as caught:
        run_trial("broken", broken, trial)
    assert caught.value.__notes__ == [f"(in strategy 'broken', seed 4, {told} labels per class)"]


@pytest.mark.filterwarnings("ignore::UserWarning")  # of scikit-learn, on classes that are missing
@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30))
def test_the_metrics_are_what_they_are_defined_as(pairs):
    truth, predicted = np.array(pairs).T
    judged = judge(truth, predicted, np.arange(len(truth)).astype(str))
    hits = [predicted[truth == label] == label for label in np.unique(truth)]
    assert judged["balanced_accuracy"] == pytest.approx(np.mean([one.mean() for one in hits]))
    assert judged["accuracy"] == judged["correct"].mean() == np.mean(truth == predicted)
    f1 = [
        2 * np.sum((truth == k) & (predicted == k)) / (np.sum(truth == k) + np.sum(predicted == k))
        for k in np.union1d(truth, predicted)
    ]
    assert judged["macro_f1"] == pytest.approx(np.mean(f1))
    assert judged["accuracy"] == accuracy_score(truth, predicted)
    assert judged["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(truth, predicted))
    oracle = f1_score(truth, predicted, average="macro", zero_division=0)
    assert judged["macro_f1"] == pytest.approx(oracle)


def test_what_predictions_are_judged_by_is_kept_apart_from_the_sets():
    data = plain("a")
    truth = truth_of({"a": data})["a"].labels
    data.labels[:] = 0
    np.testing.assert_array_equal(truth, LABELS)


def test_the_count_of_all_labels_survives_rows_that_do_not_know_it():
    runs = Runs({"labels": [5, 28], "all_labels": [False, True]})
    joined = pd.concat([runs, pd.DataFrame({"labels": [0]})])
    assert runs.whole == joined.whole == 28
    assert runs[:1].whole is None and Runs({"labels": [5]}).whole is None


def test_runs_with_the_same_test_side_hold_the_same_answers_once():
    data = plain("a")
    truth, items = truth_of({"a": data}), np.array([3, 1, 2])
    one, two = (
        judge_all(truth, {"a": items.copy()}, {"a": np.zeros(3, np.int64)})["a"] for _ in range(2)
    )
    other = judge_all(truth, {"a": items[::-1]}, {"a": np.zeros(3, np.int64)})["a"]
    for key, values in (("truth", data.labels), ("items", data.groups)):
        assert one[key] is two[key] and not one[key].flags.writeable
        np.testing.assert_array_equal(one[key], values[items])
        np.testing.assert_array_equal(other[key], values[items[::-1]])
