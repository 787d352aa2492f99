"""The answer: whom to take, how sure that is, and the sentence that says so."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tlhelpers.evaluation.runs import Runs
from tlhelpers.evaluation.trials import judge
from tlhelpers.own_data.strategies import (
    LINEAR,
    LORA,
    MAJORITY,
    NEIGHBOURS,
    SCRATCH,
    TUNING,
    WORDS,
)
from tlhelpers.own_data.verdict import answer_from, labels_needed

ITEMS = 100
FULL = 224


def rows(name, accuracy, labels=35, seeds=10, size=FULL, items=ITEMS, share=0.5):
    """Runs of a strategy that is right on a share of the items: the first ones, nearly."""
    found = []
    suffix = "" if size == FULL else f", {size} px"
    for seed in range(seeds):
        rng = np.random.default_rng((seed, 5))
        test = np.sort(rng.permutation(items)[: int(0.3 * items)])
        truth = (test >= items * share).astype(int)
        # The items in one mixed order for all: a better strategy is right where a worse one is.
        hard = np.random.default_rng(9).permutation(items)[test]
        predicted = np.where(hard < accuracy * items, truth, 1 - truth)
        found.append({"seed": seed, "labels": labels, "all_labels": labels == 35,
                      "strategy": name + suffix, "seconds": 1.0, "size": size,
                      **judge(truth, predicted, test.astype(str))})  # fmt: skip
    return found


def answer(*parts, share=0.5, items=ITEMS, per_class=50):
    labels = (np.arange(items) >= items * share).astype(int)
    runs = Runs([row for part in parts for row in part])
    return answer_from(runs, full=FULL, unit="px", per_class=per_class, labels=labels)


def by_name(found):
    return {one["strategy"]: one for one in found.differences}


def test_the_best_is_taken_and_the_sentence_says_against_whom():
    found = answer(rows(MAJORITY, 0.5), rows(WORDS, 0.6), rows(NEIGHBOURS, 0.75), rows(LINEAR, 0.9))
    assert found.strategy == LINEAR
    mean, low, high = found.accuracy
    assert low <= mean <= high and mean == pytest.approx(0.9, abs=0.04)
    assert found.sentence.startswith("Take frozen features with a linear head: .9")
    assert "counted words with a linear head" in found.sentence
    assert {one["resolved"] for one in found.differences} == {True}
    assert by_name(found)[MAJORITY]["mean"] == pytest.approx(0.4, abs=0.06)


@pytest.mark.parametrize(("dear", "taken"), [(0.81, LINEAR), (0.98, TUNING)])
def test_the_cheaper_one_is_taken_unless_the_dearer_is_resolved_to_be_better(dear, taken):
    found = answer(rows(MAJORITY, 0.5), rows(LINEAR, 0.8), rows(TUNING, dear, seeds=4))
    assert found.strategy == taken
    if taken == LINEAR:
        one = by_name(found)[TUNING]
        assert not one["resolved"] and one["low"] < 0 <= one["high"] and one["seeds"] == 4
        assert "No difference to head-first fine-tuning is resolved" in found.sentence
        assert "at 35 labels per class" in found.sentence


def test_differences_are_taken_between_rows_of_the_same_labels_and_size():
    parts = [
        rows(MAJORITY, 0.5), rows(LINEAR, 0.9), rows(LINEAR, 0.7, labels=9),
        rows(LINEAR, 0.6, labels=9, size=96), rows(TUNING, 0.62, labels=9, size=96, seeds=3),
        rows(SCRATCH, 0.55, labels=9, seeds=3),
    ]  # fmt: skip
    found = answer(*parts)
    tuning, scratch = by_name(found)[f"{TUNING}, 96 px"], by_name(found)[SCRATCH]
    assert found.strategy == LINEAR
    assert (tuning["labels"], tuning["size"]) == (9, 96)
    assert tuning["mean"] == pytest.approx(-0.02, abs=0.03), "against the row at 96 px"
    assert scratch["mean"] == pytest.approx(0.15, abs=0.06), "against the row at 9 labels"
    assert "9 labels per class and 96 px" in found.sentence


def test_what_is_better_with_less_is_not_taken_but_told():
    found = answer(
        rows(MAJORITY, 0.5), rows(LINEAR, 0.95), rows(LINEAR, 0.6, labels=9),
        rows(TUNING, 0.85, labels=9, seeds=5),
    )  # fmt: skip
    assert found.strategy == LINEAR
    assert by_name(found)[TUNING]["resolved"] and by_name(found)[TUNING]["high"] < 0
    assert "head-first fine-tuning is better by +.2" in found.sentence
    assert "more minutes would tell" in found.sentence


def test_that_nothing_beats_the_majority_is_said_plainly():
    found = answer(rows(MAJORITY, 0.5), rows(WORDS, 0.5), rows(LINEAR, 0.52))
    assert found.strategy == MAJORITY
    told = "Nothing is resolved to beat always naming the most frequent class (.5"
    assert found.sentence.startswith(told)


def test_one_strategy_alone_and_one_split_alone():
    found = answer(rows(MAJORITY, 0.5))
    assert found.strategy == MAJORITY and found.differences == []
    found = answer(rows(MAJORITY, 0.5, seeds=1), rows(LINEAR, 0.8, seeds=1))
    assert found.strategy == LINEAR and math.isnan(found.accuracy[1])
    assert "one split alone" in found.sentence and "nan" not in found.sentence


def test_few_test_items_and_lopsided_classes_are_told():
    found = answer(rows(MAJORITY, 0.5, items=60), rows(LINEAR, 0.9, items=60), items=60)
    assert "With 18 test items in each split the intervals are wide." in found.sentence
    share = {"share": 0.8}
    found = answer(rows(MAJORITY, 0.8, **share), rows(LINEAR, 0.98, **share), **share)
    assert ".80 of the items are of one class: the accuracy averaged over the classes is" in (
        found.sentence
    )
    assert "of one class" not in answer(rows(MAJORITY, 0.5), rows(LINEAR, 0.9)).sentence


class Compared:
    def __init__(self, difference, low, high):
        self.difference, self.low, self.high = difference, low, high


@pytest.mark.parametrize(
    ("difference", "half", "per_class", "more"),
    [
        (0.02, 0.04, 50, 200),  # four times the items: 150 more, rounded up
        (0.03, 0.04, 50, 40),
        (0.04, 0.041, 50, 5),
        (0.001, 0.04, 50, None),
        (0.0, 0.04, 50, None),
        (-0.02, 0.04, 50, 200),
    ],
)
def test_more_labels_shrink_the_interval_with_their_square_root(difference, half, per_class, more):
    compared = Compared(difference, difference - half, difference + half)
    assert labels_needed(compared, per_class) == more


@given(
    difference=some.floats(-0.5, 0.5),
    half=some.floats(0.001, 0.5),
    per_class=some.floats(2, 50_000),
)
@settings(max_examples=50, deadline=None)
def test_labels_needed_are_a_round_number_within_reach_or_none(difference, half, per_class):
    found = labels_needed(Compared(difference, difference - half, difference + half), per_class)
    if found is not None:
        assert 1 <= found <= 2 * 50 * per_class + 1
        assert len(str(found).rstrip("0")) <= 1


@pytest.mark.parametrize("trained", [LORA, TUNING])
def test_a_strategy_that_was_run_smaller_is_named_as_its_runs_are(trained):
    found = answer(rows(MAJORITY, 0.5), rows(LINEAR, 0.6),
                   rows(LINEAR, 0.6, size=96), rows(trained, 0.95, size=96, seeds=5))  # fmt: skip
    assert found.strategy == f"{trained}, 96 px"
    assert " at 35 labels per class and 96 px." in found.sentence
