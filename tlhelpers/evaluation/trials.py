"""One trial: what a strategy may learn from, what it is to predict, and what came out."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, is_dataclass, replace
from typing import NamedTuple

import numpy as np

from tlhelpers.checks import is_int, whole, whole_numbers
from tlhelpers.data.splits import (
    Split,
    draw_labels,
    labels_and_groups,
    mean_per_class,
    split_by_group,
)
from tlhelpers.evaluation.runs import COLUMNS


@dataclass(frozen=True, eq=False)
class Target:
    """Another set that a strategy is tested on. Its labels are out of reach.

    Attributes
    ----------
    data : ImageSet or TextSet
        All of it; every label is 0.
    train : int64 array, shape (n,)
        Items that may be looked at, without labels.
    test : int64 array, shape (m,)
        Items to predict.
    """

    data: object
    train: np.ndarray
    test: np.ndarray


class Rows(NamedTuple):
    """What a strategy between two domains sees: features, and labels of the source alone.

    Attributes
    ----------
    source : float array, shape (n, d)
        Of the items to learn from.
    labels : int64 array, shape (n,)
    target : float array, shape (m, d)
        Of the target's items, without labels.
    tests : dict of str to float array, shape (k, d)
        Of the items to predict, the source's first.
    """

    source: np.ndarray
    labels: np.ndarray
    target: np.ndarray
    tests: dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Trial:
    """All that a strategy is given.

    Attributes
    ----------
    source : ImageSet, TextSet, or any object with `labels` and `groups`
        The set that is learned from.
    train : int64 array, shape (n,)
        Items of the source to learn from.
    test : int64 array, shape (m,)
        Items of the source to predict.
    seed : int
        Draws whatever is random in the strategy.
    targets : dict of str to Target
        The other sets that are tested on, by name; often there are none.
    name : str
        Of the source, among the sets.
    per_class : int or None
        Labels per class that were drawn; None for the whole training side.
    features : dict of str to float array, shape (items of the set, d)
        Of all items of each set, where `repeat` was given them.
    """

    source: object
    train: np.ndarray
    test: np.ndarray
    seed: int
    targets: Mapping[str, Target] = field(default_factory=dict)
    name: str = "source"
    per_class: int | None = None
    features: Mapping[str, np.ndarray] = field(default_factory=dict)

    def tests(self) -> dict[str, object]:
        """The items to predict, as one set per name: the source's first, then each target's."""
        found = {self.name: self.source.subset(self.test)}
        return found | {name: one.data.subset(one.test) for name, one in self.targets.items()}

    def items(self) -> dict[str, np.ndarray]:
        """Which items are to be predicted, by the name of their set."""
        return {self.name: self.test} | {name: one.test for name, one in self.targets.items()}

    def rows(self) -> Rows:
        """The features of this trial, for a strategy between two domains.

        Raises
        ------
        ValueError
            If `repeat` was given no features, or there is not exactly one target.
        """
        if not self.features or len(self.targets) != 1:
            raise ValueError(
                f"a trial has rows of two domains if repeat() is given two sets and features=…; "
                f"here are {1 + len(self.targets)} sets, and features of {list(self.features)}"
            )
        [(other, target)] = self.targets.items()
        # Taking items by index makes copies: a strategy may change its rows in place.
        tests = {name: self.features[name][items] for name, items in self.items().items()}
        source, labels = self.features[self.name], np.asarray(self.source.labels)
        return Rows(
            source[self.train], labels[self.train], self.features[other][target.train], tests
        )


@dataclass
class Outcome:
    """What a strategy gives, where it gives more than predicted labels.

    Attributes
    ----------
    predicted : dict of str to int64 array, or int64 array
        The labels of each test set by its name; an array alone is of the source.
    notes : dict of str to str or number
        E.g. the setting that was chosen, the number of weights that were trained.
    model : object or None
        The trained network, where there is one.
    """

    predicted: Mapping[str, np.ndarray] | np.ndarray
    notes: dict = field(default_factory=dict)
    model: object = None


Strategy = Callable[[Trial], Outcome | Mapping | np.ndarray]


# ---------------------------------------------------------------- planning


def plan_trials(
    sets: Mapping[str, object],
    labels: Iterable[int | None],
    seeds: Iterable[int],
    test: float = 0.3,
    features: Mapping[str, np.ndarray] | None = None,
) -> list[Trial]:
    """All splits and draws of a comparison, made before anything runs.

    Each seed splits every set by itself (sets of the same items in the same order alike), and draws
    nested label counts from the training side of the first set.

    Parameters
    ----------
    sets : mapping of str to set
        The first one is learned from, all are tested on.
    labels : iterable of int or None
        Labels per class; None takes the whole training side.
    seeds : iterable of int
    test : float
        Share of the test side.
    features : mapping of str to float array, shape (items of the set, d), optional

    Returns
    -------
    list of Trial
        By seed, then by label count.

    Raises
    ------
    ValueError
        If a set cannot be split or drawn from (the message names the class), the sets differ in
        their classes, or two label counts come to the same number.
    """
    if not sets:
        raise ValueError("there is no set: give at least one, to learn from")
    name, source = next(iter(sets.items()))
    _check_classes(sets)
    features = _checked_features(sets, features or {})
    hidden = {other: without_labels(data) for other, data in list(sets.items())[1:]}
    labels, trials = list(labels), []
    splits = {seed: split_by_group(source, test, seed) for seed in seeds}
    _counts(labels, splits.values(), source)
    for seed, split in splits.items():
        targets = {
            other: _target(hidden[other], split_by_group(sets[other], test, seed))
            for other in hidden
        }
        trials += [
            Trial(
                source, _drawn(source, split, k, seed), split.test, seed, targets, name, k, features
            )
            for k in labels
        ]
    return trials


def _target(data, split: Split) -> Target:
    return Target(data, split.train, split.test)


def _drawn(source, split: Split, per_class: int | None, seed: int) -> np.ndarray:
    labels = whole_numbers(source.labels, "labels")[split.train]
    names = getattr(source, "class_names", None)
    return split.train[draw_labels(labels, per_class, seed, names)]


def _check_classes(sets: Mapping[str, object]) -> None:
    """Refuse sets whose label 1, say, means one thing here and another there."""
    named = {name: list(data.class_names) for name, data in sets.items() if _has_names(data)}
    if any(names != next(iter(named.values())) for names in named.values()):
        raise ValueError(f"the sets have other classes: {named}")


def _has_names(data) -> bool:
    return getattr(data, "class_names", None) is not None


def _checked_features(sets: Mapping, features: Mapping) -> dict[str, np.ndarray]:
    for name, rows in features.items():
        if name not in sets:
            raise ValueError(f"there are features of {name!r}, but the sets are {list(sets)}")
        if np.ndim(rows) != 2 or len(rows) != len(sets[name].labels):
            raise ValueError(
                f"{name} has {len(sets[name].labels)} items, but features of shape {np.shape(rows)}"
            )
    widths = {name: np.shape(rows)[1] for name, rows in features.items()}
    if len(set(widths.values())) > 1:
        raise ValueError(f"the sets have different numbers of features: {widths}")
    return {name: _read_only(rows) for name, rows in features.items()}


def _read_only(rows) -> np.ndarray:
    """A view that no strategy can write to; with several processes joblib's are such anyway."""
    view = np.asarray(rows).view()
    view.flags.writeable = False
    return view


def relabel(data, labels: np.ndarray):
    """The same set with other labels (int64, shape (n,)), and without scores where it has some."""
    changed = {"labels": labels}
    if hasattr(data, "scores"):
        changed["scores"] = np.full(len(labels), np.nan)
    if is_dataclass(data):
        return replace(data, **changed)
    twin = copy.copy(data)
    for name, values in changed.items():
        try:
            setattr(twin, name, values)
        except AttributeError:
            raise ValueError(
                f"the {name} of a {type(data).__name__} cannot be changed, so they cannot be "
                "hidden either: give a set with labels as a plain attribute"
            ) from None
    return twin


def without_labels(data):
    """The same set with every label 0, and without scores where it has some."""
    return relabel(data, np.zeros(len(data.labels), dtype=np.int64))


def seed_list(seeds: int | Iterable[int]) -> list[int]:
    """A count (0, 1, …) or the seeds themselves, as a list; refused if empty or not different."""
    if is_int(seeds):
        return list(range(whole("seeds", seeds)))
    seeds = list(seeds) if isinstance(seeds, Iterable) else [seeds]
    if not seeds or len(set(seeds)) < len(seeds) or not all(is_int(s) and s >= 0 for s in seeds):
        raise ValueError(f"seeds must be a count from 1 on or different whole numbers, got {seeds}")
    return seeds


def label_counts(trials: Iterable[Trial]) -> dict[int | None, int]:
    """The number of labels per class that stands for each request; for None a mean, rounded."""
    trials = list(trials)
    wanted = list(dict.fromkeys(trial.per_class for trial in trials))
    all_items = [Split(t.train, t.test) for t in trials if t.per_class is None]
    return _counts(wanted, all_items, trials[0].source)


def _counts(wanted: list, splits: Iterable[Split], source) -> dict[int | None, int]:
    """As `label_counts` has it; refused if two requests come to the same number."""
    classes = len(np.unique(source.labels))
    counts = {k: mean_per_class(splits, classes) if k is None else k for k in wanted}
    if len(set(counts.values())) < len(wanted):
        raise ValueError(
            f"labels {wanted} hold a number twice (None stands for {counts.get(None)} here): "
            "leave one out"
        )
    return counts


# ---------------------------------------------------------------- running and judging


def run_trial(name: str, strategy: Strategy, trial: Trial) -> tuple[Outcome, float, float]:
    """Run a strategy once: its `Outcome`, with int64 labels for each test set, and its seconds.

    On the clock, and of the processor (all threads). What it gives is checked: one known label per
    test item, and no note that has the name of a column.
    """
    given = _copied(trial)
    started = time.perf_counter(), time.process_time()
    try:
        found = strategy(given)
    except Exception as error:
        count = "all" if trial.per_class is None else trial.per_class
        error.add_note(f"(in strategy {name!r}, seed {trial.seed}, {count} labels per class)")
        raise
    seconds = time.perf_counter() - started[0], time.process_time() - started[1]
    outcome = found if isinstance(found, Outcome) else Outcome(found)
    taken = [note for note in outcome.notes if note in COLUMNS]
    if taken:
        raise ValueError(f"strategy {name!r} notes {taken[0]!r}, a column that all runs have")
    predicted = outcome.predicted
    if not isinstance(predicted, Mapping):
        predicted = {trial.name: predicted}
    return replace(outcome, predicted=_checked(name, predicted, trial)), *seconds


def _copied(trial: Trial) -> Trial:
    """With items of its own: a strategy that shuffles in place must not change the next one's."""
    targets = {
        name: replace(one, train=one.train.copy(), test=one.test.copy())
        for name, one in trial.targets.items()
    }
    return replace(trial, train=trial.train.copy(), test=trial.test.copy(), targets=targets)


def _checked(name: str, predicted: Mapping, trial: Trial) -> dict[str, np.ndarray]:
    wanted = trial.items()
    if set(predicted) != set(wanted):
        raise ValueError(
            f"strategy {name!r} predicted {list(predicted)}, but the test sets are {list(wanted)}: "
            "return a dict with the labels of each"
        )
    classes = np.unique(trial.source.labels)
    return {
        place: _labels(name, np.asarray(predicted[place]), len(items), classes)
        for place, items in wanted.items()
    }


def _labels(name: str, predicted: np.ndarray, n: int, classes: np.ndarray) -> np.ndarray:
    if predicted.shape != (n,):
        raise ValueError(
            f"strategy {name!r} returned shape {predicted.shape} for {n} test items: return one "
            f"label per item, shape ({n},); of class scores take argmax(1)"
        )
    predicted = whole_numbers(predicted, f"predictions of strategy {name!r}")
    unknown = np.setdiff1d(predicted, classes)
    if unknown.size:
        raise ValueError(
            f"strategy {name!r} predicted the label {unknown[0]}, which is no class of "
            f"the data (they have {classes.tolist()})"
        )
    return predicted


def judge(truth: np.ndarray, predicted: np.ndarray, groups: np.ndarray) -> dict:
    """What a row of runs holds of predictions: the metrics, and `items`, `correct` and the like."""
    return {
        **_metrics(truth, predicted),
        "items": groups,
        "correct": predicted == truth,
        "truth": truth,
        "predicted": predicted,
    }


def _metrics(truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """scikit-learn's metrics out of one count: its own take 11 ms, and a table has 300 rows."""
    classes, numbers = np.unique([truth, predicted], return_inverse=True)
    numbers = numbers.reshape(2, -1)
    count = np.bincount(numbers[0] * len(classes) + numbers[1], minlength=len(classes) ** 2)
    count = count.reshape(len(classes), len(classes))
    right, true, called = count.diagonal(), count.sum(1), count.sum(0)
    return {
        "accuracy": right.sum() / count.sum(),
        "balanced_accuracy": (right[true > 0] / true[true > 0]).mean(),
        "macro_f1": (2 * right / (true + called)).mean(),
    }


class Answers:
    """Labels and groups of a set, checked: what predictions are judged by."""

    def __init__(self, data):
        self.labels, self.groups = labels_and_groups(data)
        self._sides: dict[bytes, tuple[np.ndarray, np.ndarray]] = {}

    def of(self, items: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Those of some items, read-only: all runs with the same test side have the same arrays.

        Groups are texts, and a table of some hundred runs would hold as many copies of them.
        """
        key = items.tobytes()
        if key not in self._sides:
            self._sides[key] = _read_only(self.labels[items]), _read_only(self.groups[items])
        return self._sides[key]


def truth_of(sets: Mapping[str, object]) -> dict[str, Answers]:
    """The answers of each set."""
    return {name: Answers(data) for name, data in sets.items()}


def judge_all(
    truth: Mapping[str, Answers],
    items: Mapping[str, np.ndarray],
    predicted: Mapping[str, np.ndarray],
) -> dict[str, dict]:
    """`judge` for each test set by its name; `truth` comes from `truth_of`."""
    judged = {}
    for name, own in items.items():
        labels, groups = truth[name].of(own)
        judged[name] = judge(labels, predicted[name], groups)
    return judged
