"""Exercise 12.5: strategies that never see the labels of the items that they are tested on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tlhelpers.course.exercise_book.inspected import Inspected, StillOpen
from tlhelpers.course.exercise_book.made_project import (
    made_parts,
    made_set,
    made_strategies,
    nearest_mean,
)
from tlhelpers.course.watched_answer import Fault
from tlhelpers.evaluation.trials import Trial, plan_trials, relabel, run_trial

FEWEST, MOST_LABELS = 3, 20
NO_FUNCTION = (
    "my_strategies must be a function that takes a set and returns a dict of strategies by name: "
    "the check calls it with other labels."
)
FEW = "There are {n} strategies. A report needs at least a baseline, a control and the transfer."
NOT_ITS_SET = (
    "Whatever labels the set has that my_strategies is given, its strategies answer the same. They "
    "use another set than the one they are given: take labels and features from the argument."
)
VARIES = (
    "{name!r} answers otherwise when it runs again on the same trial. Draw whatever is random from "
    "trial.seed."
)
SAW = (
    "I changed the labels of the test items, and {name!r} gave other answers for {n} of {of}. It "
    "has seen them: in training, or where something was chosen."
)
# What the labels of the test items become: one change alone may leave a choice as it was.
CHANGES = ("next class", "one class")


def _inspect(data, parts, strategies) -> None:
    if not callable(strategies):
        raise Fault(NO_FUNCTION)
    own = data.subset(np.asarray(parts["reporting"]))
    made = strategies(own)
    if made is None or made is Ellipsis:
        raise StillOpen
    if not isinstance(made, dict) or not all(map(callable, made.values())):
        raise Fault(NO_FUNCTION)
    if len(made) < FEWEST:
        raise Fault(FEW.format(n=len(made)))
    trials = plan_trials({"project": own}, [_few_labels(own)], range(2))
    answers = [_answers(made, trial) for trial in trials]
    for trial, before in zip(trials, answers, strict=True):
        _refuse_varying(made, trial, before)
    _refuse_other_set(strategies, trials[0], answers[0])
    for trial, before in zip(trials, answers, strict=True):
        for change in CHANGES:
            _refuse_seen_labels(strategies, trial, before, change)


def _few_labels(data) -> int:
    """Labels per class: some, so that the many runs of this check are quick."""
    return max(1, min(MOST_LABELS, int(np.unique(data.labels, return_counts=True)[1].min()) // 3))


def _answers(made: dict[str, Callable], trial: Trial) -> dict[str, np.ndarray]:
    return {
        name: run_trial(name, strategy, trial)[0].predicted[trial.name]
        for name, strategy in made.items()
    }


def _refuse_varying(made: dict, trial: Trial, before: dict) -> None:
    for name, again in _answers(made, trial).items():
        if not np.array_equal(again, before[name]):
            raise Fault(VARIES.format(name=name))


def _with_other_labels(trial: Trial, items: np.ndarray, change: str) -> Trial:
    """The same trial, but some items carry other labels."""
    labels = np.array(trial.source.labels)
    classes = np.unique(labels)
    if change == "one class":
        labels[items] = classes[0]
    else:
        places = np.searchsorted(classes, labels[items])
        labels[items] = classes[(places + 1) % len(classes)]
    return replace(trial, source=relabel(trial.source, labels))


def _refuse_other_set(strategies: Callable, trial: Trial, before: dict) -> None:
    """Refuse strategies of which none learns from the labels of the set that was given."""
    other = _with_other_labels(trial, trial.train, "next class")
    after = _answers(strategies(other.source), other)
    if all(np.array_equal(after[name], before[name]) for name in before):
        raise Fault(NOT_ITS_SET)


def _refuse_seen_labels(strategies: Callable, trial: Trial, before: dict, change: str) -> None:
    other = _with_other_labels(trial, trial.test, change)
    for name, after in _answers(strategies(other.source), other).items():
        changed = int((after != before[name]).sum())
        if changed:
            raise Fault(SAW.format(name=name, n=changed, of=len(after)))


# ---------------------------------------------------------------- wrong ones, known by name


def _given(strategies) -> dict:
    return {"data": made_set(), "parts": made_parts(), "strategies": strategies}


def _with(name: str, make: Callable) -> Callable:
    """The made strategies, and one more that `make` makes of a set."""
    return lambda data: made_strategies(data) | {name: make(data)}


def _learns_from_all(data):
    """A strategy that learns from the test items, too."""
    learn = nearest_mean([0])(data)
    return lambda trial: learn(replace(trial, train=np.union1d(trial.train, trial.test)))


def _chooses_on_the_test(data):
    """A strategy that takes the columns with the best test accuracy."""

    def strategy(trial):
        said = [nearest_mean(columns)(data)(trial) for columns in ([0], [1], [2], [1, 2])]
        right = [(one == data.labels[trial.test]).mean() for one in said]
        return said[int(np.argmax(right))]

    return strategy


def _draws(data):
    rng = np.random.default_rng(0)
    return lambda trial: rng.integers(0, 2, len(trial.test))


def _other_set(data):
    own = made_set().subset(made_parts()["reporting"])
    return made_strategies(own)


def _wrong_strategies() -> list:
    own = made_set().subset(made_parts()["reporting"])
    trial = plan_trials({"project": own}, [_few_labels(own)], [0])[0]
    hints = {}
    for name, make in (("all items", _learns_from_all), ("the best", _chooses_on_the_test)):
        before = make(own)(trial)
        for change in CHANGES:
            other = _with_other_labels(trial, trial.test, change)
            changed = int((make(other.source)(other) != before).sum())
            if changed:
                hints[name] = SAW.format(name=name, n=changed, of=len(trial.test))
                break
    return [
        (_given(_with("all items", _learns_from_all)), hints["all items"]),
        (_given(_with("the best", _chooses_on_the_test)), hints["the best"]),
        (_given(_with("drawn", _draws)), VARIES.format(name="drawn")),
        (_given(_other_set), NOT_ITS_SET),
        (_given(made_strategies(made_set())), NO_FUNCTION),
        (_given(lambda data: dict(list(made_strategies(data).items())[:2])), FEW.format(n=2)),
    ]


STRATEGIES = Inspected(
    "12.5",
    praise="I changed the labels of the test items, and no strategy noticed. So none of them has "
    "seen these labels, neither in training nor in a choice.",
    hints=(
        "From which items does each strategy learn? And on which was each setting chosen?",
        "Within a strategy only trial.train may be used with labels, and every number that was "
        "chosen must come from your part for choosing.",
        "def my_strategies(data): … return {name: linear_head(rows, data.labels, C)}, where rows "
        "are the features of this data, and C is a number that was chosen before.",
    ),
    parts=("data", "parts", "strategies"),
    inspect=_inspect,
    right=lambda: [_given(made_strategies), _given(_with("again", nearest_mean([0, 1])))],
    wrong=_wrong_strategies,
)
