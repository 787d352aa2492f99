"""A small made project, by which the checks of lesson 12 are themselves checked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from tlhelpers.evaluation.comparisons import compare
from tlhelpers.evaluation.repeated import repeat
from tlhelpers.evaluation.runs import Runs

PEOPLE, EACH = 60, 3  # so many groups of so many items
COMPARED = ("good rows", "noise")


@dataclass(frozen=True, eq=False)
class MadeSet:
    """Items with three rows of numbers each: one that tells the class, and noise."""

    labels: np.ndarray
    groups: np.ndarray
    fingerprints: np.ndarray
    rows: np.ndarray
    class_names: tuple[str, ...] = ("left", "right")

    def __len__(self) -> int:
        return len(self.labels)

    def subset(self, index) -> MadeSet:
        """The items at `index`."""
        parts = (self.labels, self.groups, self.fingerprints, self.rows)
        return MadeSet(*(part[index] for part in parts))


@cache
def made_set() -> MadeSet:
    """Sixty people with three items each; two people hold an item of the same content."""
    rng = np.random.default_rng(12)
    labels = np.repeat(np.arange(PEOPLE) % 2, EACH)
    groups = np.repeat([f"person {number:02}" for number in range(PEOPLE)], EACH)
    rows = rng.normal(size=(len(labels), 3))
    rows[:, 0] += 1.6 * labels
    return MadeSet(labels, groups, np.array([f"{i:04x}" for i in range(len(labels))]), rows)


def with_a_copy() -> MadeSet:
    """The same, but the first item of person 00 is, letter by letter, one of person 02."""
    data = made_set()
    fingerprints = data.fingerprints.copy()
    fingerprints[0] = fingerprints[2 * EACH]
    return replace(data, fingerprints=fingerprints)


def made_parts() -> dict[str, np.ndarray]:
    """Whole people for choosing, and all others to report on."""
    people = np.arange(PEOPLE * EACH) // EACH
    return {
        "choosing": np.flatnonzero(people < PEOPLE // 4),
        "reporting": np.flatnonzero(people >= PEOPLE // 4),
    }


def nearest_mean(columns):
    """A function that makes a strategy of a set: which class's mean is nearest in some columns?"""

    def strategy_on(data):
        def strategy(trial):
            learn, ask = data.rows[trial.train][:, columns], data.rows[trial.test][:, columns]
            own = data.labels[trial.train]
            means = np.stack([learn[own == label].mean(axis=0) for label in (0, 1)])
            return ((ask[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)

        return strategy

    return strategy_on


def made_strategies(data) -> dict:
    """A baseline that learns nothing from the rows, a control, and what is put to the test."""
    return {
        "majority": lambda trial: np.full(
            len(trial.test), np.bincount(data.labels[trial.train]).argmax()
        ),
        "noise": nearest_mean([1, 2])(data),
        "good rows": nearest_mean([0])(data),
    }


@cache
def made_runs() -> Runs:
    """Ten seeds of the made strategies on the reported part."""
    data = made_set().subset(made_parts()["reporting"])
    return repeat(made_strategies(data), data, labels=[10], seeds=10, progress=False)


@cache
def made_result():
    """The comparison that the made plan asks for."""
    return compare(made_runs(), *COMPARED)


def made_plan() -> dict:
    """A plan that changes one thing."""
    same = {"learned from": "10 labels per class", "classifier": "nearest mean"}
    return {
        "compared": COMPARED,
        "baseline": "majority",
        "control": "noise",
        "prediction": 0.2,
        "smallest that matters": 0.1,
        "strategies": {
            "majority": {"rows": "none"} | same,
            "noise": {"rows": "without the class"} | same,
            "good rows": {"rows": "with the class"} | same,
        },
    }
