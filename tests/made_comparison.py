"""Comparisons on small made sets, as `compare_own` gives them, for the report and the like."""

from __future__ import annotations

import numpy as np

from tlhelpers.data.images import ImageSet
from tlhelpers.data.reading import Reading
from tlhelpers.data.texts import TextSet
from tlhelpers.evaluation.comparisons import compare, learning_curve
from tlhelpers.evaluation.runs import Runs
from tlhelpers.evaluation.trials import judge
from tlhelpers.own_data.comparison import Answer, Comparison

LINEAR, NEAR, MAJORITY = (
    "frozen features, linear head",
    "frozen features, nearest neighbours",
    "majority",
)
RATES = {MAJORITY: 0.3, LINEAR: 0.9, NEAR: 0.88, "raw pixels, linear head": 0.5}


def made_comparison(
    kind="pictures", items=60, class_names=("cat", "dog", "bird"), rates=RATES, seeds=3,
    labels=(2, 10), tested=30, side=24, texts=None, names=None,
) -> Comparison:  # fmt: skip
    """A comparison whose strategies are right at given rates; every tenth item is mistaken."""
    rng = np.random.default_rng(0)
    k = len(class_names)
    truth = np.arange(items) % k
    groups = np.array([f"group {item}" for item in range(items)])
    if kind == "pictures":
        pixels = rng.integers(0, 256, (items, side, side, 3), dtype=np.uint8)
        data = ImageSet(pixels, truth, list(class_names), groups, "made")
    else:
        texts = texts or [f"text number {item}" for item in range(items)]
        data = TextSet(texts, truth, list(class_names), groups, np.full(items, np.nan), "made")
    runs = _runs(truth, k, groups, rates, seeds, labels, min(tested, items))
    names = names or [
        f"folder/{item}.jpg" if kind == "pictures" else f"row {item + 2}" for item in range(items)
    ]
    return Comparison(
        kind, data, Reading("my data", list(names)), "a_network", runs, _answer(runs),
        _probabilities(truth, k), {"LoRA": "LoRA did not fit: it would have taken 9 minutes."},
        {"pass": 0.02, "minutes": 1.5}, {"minutes": 5, "seed": 0}, {"python": "3.12.1"},
    )  # fmt: skip


def _runs(truth, k, groups, rates, seeds, labels, tested) -> Runs:
    rows = []
    for seed in range(seeds):
        test = np.random.default_rng(seed).permutation(len(truth))[:tested]
        for count in labels:
            for place, (name, rate) in enumerate(rates.items()):
                draw = np.random.default_rng((seed, count, place)).random(tested)
                right = draw < rate * (1 if count == max(labels) else 0.7)
                predicted = np.where(right, truth[test], (truth[test] + 1) % k)
                row = {"seed": seed, "labels": count, "all_labels": count == max(labels)}
                row |= {"strategy": name, "seconds": 0.5}
                rows.append(row | judge(truth[test], predicted, groups[test]))
    return Runs(rows)


def _answer(runs: Runs) -> Answer:
    whole = runs[runs["labels"] == runs["labels"].max()]
    if whole["seed"].nunique() < 2:
        mean = float(whole.loc[whole["strategy"] == LINEAR, "accuracy"].mean())
        return Answer(LINEAR, (mean, np.nan, np.nan), "Take frozen features.", [])
    point = learning_curve(whole[whole["strategy"] == LINEAR]).iloc[0]
    differences = []
    for name in whole.strategies:
        if name != LINEAR:
            found = compare(whole, LINEAR, name)
            one = {"strategy": name, "mean": found.difference, "low": found.low}
            one |= {"high": found.high, "resolved": found.resolved, "labels": runs.whole}
            differences.append(one | {"labels_needed": None if found.resolved else 60})
    accuracy = (point["mean"], point["low"], point["high"])
    return Answer(LINEAR, accuracy, "Take frozen features: .90 [.85, .95].", differences)


def _probabilities(truth: np.ndarray, k: int) -> np.ndarray:
    """Right and sure, but for every tenth item, which is taken for the next class."""
    said = np.where(np.arange(len(truth)) % 10 == 9, (truth + 1) % k, truth)
    found = np.full((len(truth), k), 0.1 / (k - 1))
    found[np.arange(len(truth)), said] = 0.9
    return found
