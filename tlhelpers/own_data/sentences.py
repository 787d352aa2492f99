"""The answer of a comparison in plain sentences."""

from __future__ import annotations

import numpy as np

from tlhelpers.own_data.report_words import difference_words, interval_words, number
from tlhelpers.own_data.strategies import (
    LINEAR,
    LORA,
    MAJORITY,
    NEIGHBOURS,
    PIXELS,
    SCRATCH,
    TRAINED,
    TUNING,
    WORDS,
)

FEW_TESTS = 30
LOPSIDED = 0.6  # share of the largest class from which on accuracy alone misleads
PHRASES = {
    MAJORITY: "always naming the most frequent class",
    PIXELS: "raw pixels with a linear head",
    WORDS: "counted words with a linear head",
    NEIGHBOURS: "frozen features with nearest neighbours",
    LINEAR: "frozen features with a linear head",
    SCRATCH: "a small network trained from scratch",
    LORA: "LoRA",
    TUNING: "head-first fine-tuning",
}


def answer_sentence(table, chosen, differences: list[dict], labels: np.ndarray) -> str:
    """All that the answer says: what to take, against what, and what is to be kept in mind."""
    parts = [
        _opening(table, chosen, differences),
        *_against(chosen, differences),
        *_cautions(table, chosen, labels),
    ]
    return " ".join(part for part in parts if part)


def _opening(table, chosen, differences: list[dict]) -> str:
    told = interval_words(*table.mean(chosen))
    if chosen.name == MAJORITY:
        return f"Nothing is resolved to beat {PHRASES[MAJORITY]} ({told})."
    return f"Take {PHRASES[chosen.name]}: {told}{_fewer(table, chosen)}."


def _fewer(table, chosen) -> str:
    """That the chosen one itself was run with less than there is."""
    return "" if chosen.size == table.full else f" at {where(table, chosen.labels, chosen.size)}"


def where(table, labels: int, size: int) -> str:
    """Labels per class, and the size where it is not the network's own."""
    unit = " px" if table.unit == "px" else " tokens"
    told = f"{labels:,} label{'s' * (labels != 1)} per class"
    return told if size == table.full else f"{told} and {size}{unit}"


def _against(chosen, differences: list[dict]) -> list[str]:
    better = [one for one in differences if one["resolved"] and one["low"] > 0]
    worse = [one for one in differences if one["resolved"] and one["high"] < 0]
    open_ones = [one for one in differences if not one["resolved"]]
    sentences = []
    if better:
        named = _listed([PHRASES[one["bare"]] for one in better])
        sentences.append(f"That it is better than {named} is resolved.")
    sentences += [_behind(one) for one in worse]
    # The dear ones are what a reader asks about; of the cheap ones the nearest is enough.
    dear = [one for one in open_ones if one["bare"] in TRAINED]
    near = sorted((one for one in open_ones if one not in dear), key=lambda one: one["mean"])
    return sentences + [_unresolved(one) for one in [*near[:1], *reversed(dear)]]


def _unresolved(one: dict) -> str:
    gap = difference_words(one["mean"], one["low"], one["high"])
    told = f"No difference to {PHRASES[one['bare']]} is resolved ({gap} at {one['where']})"
    if not one["labels_needed"]:
        return f"{told}; no number of labels within reach would tell."
    many = one["labels_needed"]
    return f"{told}; about {many:,} more label{'s' * (many != 1)} per class would tell."


def _behind(one: dict) -> str:
    gap = difference_words(-one["mean"], -one["high"], -one["low"])
    name = PHRASES[one["bare"]]
    return (
        f"At {one['where']} {name} is better by {gap}, which is resolved, but the minutes did not "
        "suffice to run it with all that there is: more minutes would tell."
    )


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _cautions(table, chosen, labels: np.ndarray) -> list[str]:
    counts = np.bincount(labels)
    share = counts.max() / counts.sum()
    rows = table.at(chosen)
    tests = int(np.mean([len(items) for items in rows["items"]]))
    cautions = []
    if share > LOPSIDED:
        balanced = interval_words(*table.mean(chosen, "balanced_accuracy"))
        cautions.append(
            f"{number(share)} of the items are of one class: the accuracy averaged over the "
            f"classes is {balanced}."
        )
    if rows["seed"].nunique() < 2:
        cautions.append("There was time for one split alone, so that there is no interval.")
    elif tests < FEW_TESTS:
        cautions.append(f"With {tests} test items in each split the intervals are wide.")
    return cautions
