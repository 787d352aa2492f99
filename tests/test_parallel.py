"""Calls in several processes: the same results, and nobody left behind."""

import signal
import subprocess
import sys
import time

import pytest

from tlhelpers.evaluation.processes import in_processes, is_running

SLEEPERS = """
import os, sys, time
from tlhelpers.evaluation.processes import in_processes

def sleep(place):
    with open(f"{sys.argv[1]}/{place}", "w") as file:
        file.write(str(os.getpid()))
    time.sleep(600)

if __name__ == "__main__":
    list(in_processes(sleep, [(0,), (1,)], 2))
"""


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_results_come_in_the_order_of_the_calls(n_jobs):
    assert list(in_processes(pow, [(2, 3), (5, 1), (3, 2)], n_jobs)) == [8, 5, 9]


def test_in_any_order_none_is_lost():
    assert sorted(in_processes(pow, [(2, n) for n in range(6)], 2, ordered=False)) == [
        1, 2, 4, 8, 16, 32,
    ]  # fmt: skip


def test_no_call_gives_nothing():
    assert list(in_processes(pow, [], 2)) == []


def test_workers_end_with_the_process_that_asked(tmp_path):
    (tmp_path / "notes").mkdir()
    script = tmp_path / "sleepers.py"
    script.write_text(SLEEPERS)
    asking = subprocess.Popen([sys.executable, script, tmp_path / "notes"])
    try:
        pids = _wait_for(lambda: _pids(tmp_path / "notes"), 120)
    finally:
        asking.send_signal(signal.SIGKILL)
        asking.wait()
    assert _wait_for(lambda: not any(map(is_running, pids)), 60)


def _pids(folder):
    texts = [path.read_text() for path in folder.iterdir()]
    return [int(text) for text in texts if text] if len(texts) == 2 and all(texts) else None


def _wait_for(condition, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.2)
    return condition()
