"""Killed at any step on its files, a comparison goes on, and comes to what it would have."""

import json
import os
import time
from unittest import mock

import numpy as np
import pandas as pd
import pytest
import tiny_kills
from made_jobs import Clock, compare_made, made_texts, made_work

from tlhelpers.data.reading import Reading
from tlhelpers.errors import CourseError
from tlhelpers.own_data import running
from tlhelpers.own_data.comparing import compare_own
from tlhelpers.own_data.state import State

TEXTS = made_texts(60)


@pytest.fixture(scope="module", autouse=True)
def few_seeds():
    with mock.patch.object(running, "MANY_SEEDS", 4):
        yield


WORK = {"per_item": 0.01, "step": 0.1}


def compared(out, minutes=4, told=None, texts=TEXTS, clock=None):
    return compare_made(texts, out, minutes, clock or Clock(), told, **WORK)


def rows_of(comparison):
    rows = comparison.runs
    keys = ["strategy", "labels", "size", "seed"]
    return {tuple(row[keys]): row["predicted"].tolist() for _, row in rows.iterrows()}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return compared(tmp_path_factory.mktemp("whole"))


# Each step opens, renames or makes a file: the pass first, then one record per run.
@pytest.mark.parametrize("steps", [3, 8, 20, 40, 70])
def test_killed_at_any_step_it_goes_on(tmp_path, undisturbed, steps):
    ended = tiny_kills.at_step(steps, tmp_path, lambda: compared(tmp_path))
    assert not ended, "it was not killed"
    told = []
    found = compared(tmp_path, told=told)
    assert rows_of(found) == rows_of(undisturbed)
    assert np.array_equal(found.probabilities, undisturbed.probabilities)
    assert found.answer.sentence == undisturbed.answer.sentence
    if steps >= 40:
        assert any("Going on where an earlier session was" in line for line in told)
        assert any("runs of an earlier session" in line for line in told)


def test_a_line_that_was_cut_off_is_passed_over_and_run_again(tmp_path, undisturbed):
    compared(tmp_path)
    (file,) = tmp_path.glob("state/*/runs.jsonl")
    content = file.read_bytes().rstrip(b"\n")
    last = content.rfind(b"\n")
    file.write_bytes(content[: last - 40] + b'\x00\xff{"kind": "run", "name')
    assert rows_of(compared(tmp_path)) == rows_of(undisturbed)
    for line in file.read_bytes().splitlines()[-3:]:
        assert not line or json.loads(line)


def test_an_array_that_was_cut_off_is_made_again(tmp_path, undisturbed):
    compared(tmp_path)
    for file in tmp_path.glob("state/*/*.npy"):
        file.write_bytes(file.read_bytes()[:-9])
    found = compared(tmp_path, minutes=6)
    assert np.array_equal(found.probabilities, undisturbed.probabilities)


def test_minutes_count_all_sessions(tmp_path):
    clock = Clock()
    first = compared(tmp_path, clock=clock)
    again, told = clock(), []
    second = compared(tmp_path, told=told, clock=clock)
    assert clock() - again < 1
    assert rows_of(second) == rows_of(first)
    assert any("which count all sessions together" in line for line in told)
    assert second.costs["minutes"] >= first.costs["minutes"]
    for name in ("pass", "minutes for 1,000 items", "minutes for 100,000 items"):
        assert second.costs[name] == pytest.approx(first.costs[name]) and first.costs[name] > 0


def test_costs_are_those_of_the_session_that_paid(tmp_path, undisturbed):
    assert not tiny_kills.at_step(40, tmp_path, lambda: compared(tmp_path))
    found = compared(tmp_path)
    assert found.costs["pass"] == pytest.approx(undisturbed.costs["pass"])
    assert found.costs["pass"] == pytest.approx(WORK["per_item"])


def test_with_more_minutes_it_goes_on_and_runs_more(tmp_path):
    clock = Clock()
    short = compared(tmp_path, minutes=0.3, clock=clock)
    spent = clock()
    long = compared(tmp_path, minutes=8, clock=clock)
    assert short.not_run and not long.not_run
    assert rows_of(short).items() <= rows_of(long).items()
    assert clock() - spent < 7.5 * 60


@pytest.mark.parametrize("change", ["label", "text", "group", "seed"])
def test_other_data_or_another_seed_start_anew_beside(tmp_path, change):
    compared(tmp_path, minutes=1)
    (before,) = tmp_path.glob("state/*")
    texts, content = made_texts(60), (before / "runs.jsonl").read_bytes()
    labels, groups, words = texts.labels.copy(), texts.groups.copy(), texts.texts.copy()
    if change == "label":
        labels[5] = 1 - labels[5]
    elif change == "text":
        words[5] = "another text"
    elif change == "group":
        groups[5] = "a group of its own"
    other = type(texts)(words, labels, texts.class_names, groups, texts.scores, "made")
    told = []
    kept = State(tmp_path, before.name)
    if change == "seed":
        clock = Clock()
        with made_work(clock, **WORK):
            options = {"minutes": 1, "out": tmp_path, "seed": 7, "clock": clock}
            compare_own(texts, Reading("made"), tell=told.append, **options)
    else:
        compared(tmp_path, minutes=1, told=told, texts=other)
    assert len(list(tmp_path.glob("state/*"))) == 2
    assert (before / "runs.jsonl").read_bytes() == content and kept.records
    assert not any("Going on" in line for line in told)


def test_a_second_session_at_the_same_time_is_refused(tmp_path):
    compared(tmp_path, minutes=1)
    (folder,) = tmp_path.glob("state/*")

    def hold():
        with State(tmp_path, folder.name).alone():
            (tmp_path / "held").touch()
            time.sleep(60)

    child = tiny_kills.start(hold)
    try:
        while not (tmp_path / "held").exists():
            time.sleep(0.01)
        with pytest.raises(CourseError, match="at work in another process"):
            compared(tmp_path, minutes=1)
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
    assert isinstance(compared(tmp_path, minutes=1).runs, pd.DataFrame)  # its lock died with it
