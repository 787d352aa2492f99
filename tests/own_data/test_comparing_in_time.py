"""A comparison keeps its minutes on a made clock, however slow the work is."""

from unittest import mock

import numpy as np
import pytest
from made_jobs import Clock, compare_made, made_texts, made_work, trained_of

from tlhelpers.data.reading import Reading
from tlhelpers.own_data import plan
from tlhelpers.own_data.comparing import compare_own
from tlhelpers.own_data.strategies import LINEAR, LORA, MAJORITY, NEIGHBOURS, TUNING, WORDS
from tlhelpers.own_data.timing import FOR_COMPARING

TEXTS, MANY = made_texts(), made_texts(600)


@pytest.mark.parametrize(
    ("step", "slower"), [(0.05, 1.0), (0.3, 3.0), (0.8, 1.0), (0.8, 3.0), (5.0, 1.0)]
)
def test_the_minutes_are_kept_and_what_was_not_run_is_said(tmp_path, step, slower):
    clock, told = Clock(), []
    started = clock()
    work = {"per_item": 0.01, "step": step, "slower": slower}
    found = compare_made(TEXTS, tmp_path, 5, clock, told, **work)
    spent = clock() - started
    # What is at work when the time is over is given up at its next step.
    assert spent <= FOR_COMPARING * 300 + step * slower + 1
    assert {MAJORITY, LINEAR, NEIGHBOURS, WORDS} <= set(found.runs["strategy"])
    ran = trained_of(found)
    assert ran | set(found.not_run) == {LORA, TUNING}
    assert not ran & set(found.not_run)
    for name, sentence in found.not_run.items():
        assert sentence.startswith(f"{name} does not fit into 5 minutes; --minutes "), sentence
        assert f"{sentence}." in told
    counts = found.runs.groupby(["strategy", "labels", "size"])["seed"].nunique()
    assert counts.min() >= 3
    assert found.costs["minutes"] == pytest.approx(spent / 60)


def timed_in_truth(out, minutes, clock, timed_steps):
    """A comparison of made texts that times the steps of whatever stands for training."""
    with (
        made_work(clock, per_item=0.01, step=0.5),
        mock.patch.object(plan, "_timed_steps", timed_steps),
    ):
        return compare_own(TEXTS, Reading("made"), minutes=minutes, out=out, tell=str, clock=clock)


def test_steps_that_take_long_are_not_timed_for_long(tmp_path, monkeypatch):
    """On a busy machine a step may take half a minute: it is timed once, and larger sizes never."""
    clock, sizes = Clock(), []

    def slow_training(name, lesson, epochs):
        for _ in range(3 * epochs):
            lesson.watch()
            clock.work(28)

    timed = plan._timed_steps

    def noted(job, name, size):
        sizes.append(name)
        return timed(job, name, size)

    monkeypatch.setattr(plan, "train", slow_training)
    found = timed_in_truth(tmp_path, 5, clock, noted)
    assert sizes == [LORA]
    assert set(found.not_run) == {LORA, TUNING}
    assert found.costs["minutes"] < 1


@pytest.mark.parametrize("late", [1, 2, 3])
def test_one_step_that_had_to_wait_does_not_tell_how_long_steps_are(tmp_path, monkeypatch, late):
    clock = Clock()

    def training_with_a_stop(name, lesson, epochs):
        for step in range(plan.TIMED_STEPS):
            lesson.watch()
            clock.work(60 if step == late else 0.5)

    monkeypatch.setattr(plan, "train", training_with_a_stop)
    found = timed_in_truth(tmp_path, 90, clock, plan._timed_steps)
    assert found.costs[f"step of {LORA}"] == found.costs[f"step of {TUNING}"] == 0.5
    assert not found.not_run


def test_the_minutes_that_are_said_to_do_do(tmp_path):
    work = {"per_item": 0.01, "step": 1.0}
    short = compare_made(TEXTS, tmp_path / "a", 2, Clock(), **work)
    minutes = max(int(line.split("--minutes ")[1].split()[0]) for line in short.not_run.values())
    # What one strategy needs is said; two together may need twice as much.
    long = compare_made(TEXTS, tmp_path / "b", 2 * minutes, Clock(), **work)
    assert trained_of(long) == {LORA, TUNING} and not long.not_run


def test_more_time_gives_more_labels_and_more_seeds(tmp_path):
    at = {}
    for minutes in (3, 8, 60):
        out = tmp_path / str(minutes)
        found = compare_made(MANY, out, minutes, Clock(), per_item=0.01, step=0.5)
        rows = found.runs[found.runs["strategy"].str.startswith(LORA)]
        at[minutes] = (rows["labels"].max(), rows["seed"].nunique()) if len(rows) else (0, 0)
    assert at[3] < at[8] < at[60] == (found.runs.whole, 10), at


def test_frozen_rows_stand_beside_what_was_trained_with_fewer_labels(tmp_path):
    found = compare_made(MANY, tmp_path, 6, Clock(), per_item=0.01, step=0.5)
    trained = found.runs[found.runs["strategy"].str.startswith((LORA, TUNING))]
    assert len(trained) and not trained["all_labels"].all()
    for _, row in trained.iterrows():
        rows = found.runs[(found.runs["labels"] == row["labels"])
                          & (found.runs["size"] == row["size"])
                          & (found.runs["seed"] == row["seed"])]  # fmt: skip
        beside = rows[rows["strategy"].str.startswith(LINEAR)]
        assert len(beside) == 1
        assert np.array_equal(beside["items"].iloc[0], row["items"])


@pytest.mark.parametrize("per_item", [0.01, 0.5, 3.0])
def test_a_sample_is_taken_where_all_items_do_not_fit(tmp_path, per_item):
    texts = made_texts(400, classes=3)
    clock, told = Clock(), []
    started = clock()
    found = compare_made(texts, tmp_path, 2, clock, told, per_item=per_item, step=9)
    assert clock() - started <= max(FOR_COMPARING * 120, 64 * per_item + 5)
    whole = per_item == 0.01
    assert (len(found.used) == 400) == whole
    assert any("a sample of" in line for line in told) != whole
    known = np.flatnonzero(np.isfinite(found.probabilities).all(1))
    # Who had no time for a single piece more has none for label errors either.
    assert known.tolist() == (found.used.tolist() if per_item < 3 else [])
    shares = np.bincount(texts.labels[found.used]) / len(found.used)
    assert np.allclose(shares, 1 / 3, atol=0.07)
    inside = set(texts.groups[found.used])
    assert not inside & set(np.delete(texts.groups, found.used)), "a group is torn apart"
