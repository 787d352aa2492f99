"""Calls in several processes: the same results and errors, and nobody left behind."""

import json
import linecache
import os
import signal
import subprocess
import sys
import time
import traceback
import warnings

import cloudpickle
import pytest

from tlhelpers.errors import CourseError
from tlhelpers.evaluation import processes
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
def test_results_come_in_the_order_of_the_calls_and_warnings_stay_as_they_were(n_jobs):
    before = list(warnings.filters)
    assert list(in_processes(pow, [(2, 3), (5, 1), (3, 2)], n_jobs)) == [8, 5, 9]
    assert warnings.filters == before


def test_in_any_order_none_is_lost():
    assert sorted(in_processes(pow, [(2, n) for n in range(6)], 2, ordered=False)) == [
        1, 2, 4, 8, 16, 32,
    ]  # fmt: skip


def test_no_call_gives_nothing():
    assert list(in_processes(pow, [], 2)) == []


# ---------------------------------------------------------------- one process is none but this


def test_one_job_or_one_call_asks_for_no_other_process(monkeypatch):
    monkeypatch.setattr(processes, "Parallel", lambda **_: pytest.fail("it asked joblib"))
    here = []
    assert list(in_processes(here.append, [(1,), (2,)], 1)) == [None, None]
    assert list(in_processes(here.append, [(3,)], 2)) == [None]
    assert here == [1, 2, 3], "a worker would have had a copy"


WITHOUT_SHARED_MEMORY = """
import _multiprocessing

class Refused:  # where /dev/shm cannot be written, no semaphore can be made
    SEM_VALUE_MAX = 1
    def __init__(self, *args, **named):
        raise PermissionError(13, "Permission denied")

_multiprocessing.SemLock = Refused
import os
from types import SimpleNamespace
import numpy as np
from tlhelpers.evaluation.repeated import repeat

data = SimpleNamespace(labels=np.arange(20) % 2, groups=np.arange(20).astype(str))
def pid(trial):
    pids.append(os.getpid())
    return data.labels[trial.test]

for n_jobs in (1, 2):
    pids = []
    assert (repeat({"pid": pid}, data, [1], seeds=2, n_jobs=n_jobs).accuracy == 1).all()
    assert pids == [os.getpid()] * 2
print("done")
"""


def test_comparisons_work_where_shared_memory_cannot_be_written():
    command = [sys.executable, "-W", "ignore", "-c", WITHOUT_SHARED_MEMORY]
    assert subprocess.check_output(command, text=True) == "done\n"


# ---------------------------------------------------------------- errors

CELL = """
def look_up(layers, name):
    return layers[name]

class Unsendable(Exception):
    def __init__(self, one, other):
        super().__init__(f"{one} and {other}")

def calls_by_name(name):
    found = (lambda n: look_up({}, n))(name)
    return found

def raises_unsendable(name):
    raise Unsendable(name, 2)

def raises_noted(name):
    error = json.JSONDecodeError("odd", name, 0)  # it travels as its three arguments alone
    error.add_note("look here")
    raise error
"""


@pytest.fixture
def cell(monkeypatch):
    """A notebook's namespace: its functions travel whole, and linecache alone knows its lines."""
    file, space = "/tmp/ipykernel_1/2345.py", {"__name__": "__main__", "json": json}
    exec(compile(CELL, file, "exec"), space)
    lines = CELL.splitlines(keepends=True)
    monkeypatch.setitem(linecache.cache, file, (len(CELL), None, lines, file))
    return space


def places(error):
    """Line, function and text of those frames of a traceback that lie in the cell."""
    frames = traceback.extract_tb(error.__traceback__)
    return [(f.lineno, f.name, f.line) for f in frames if f.filename.endswith("2345.py")]


def raised_by(function, n_jobs):
    with pytest.raises(Exception) as caught:
        list(in_processes(function, [("layer9",), ("layer9",)], n_jobs))
    return caught.value


def travelled(function):
    """The error of a function that was sent and comes back, without a process to wait for."""
    sent = cloudpickle.loads(cloudpickle.dumps(function))
    with pytest.raises(Exception) as caught:
        processes._call(os.getpid(), sent, ("layer9",))
    return cloudpickle.loads(cloudpickle.dumps(caught.value)).as_it_was()


def test_an_error_in_a_worker_shows_the_lines_of_the_cell_as_one_here_does(cell):
    here, there = (raised_by(cell["calls_by_name"], n_jobs) for n_jobs in (1, 2))
    assert repr(here) == repr(there) == "KeyError('layer9')"
    assert (
        places(here)
        == places(there)
        == [
            (10, "calls_by_name", "found = (lambda n: look_up({}, n))(name)"),
            (10, "<lambda>", "found = (lambda n: look_up({}, n))(name)"),
            (3, "look_up", "return layers[name]"),
        ]
    )
    printed = "".join(traceback.format_exception(there))
    assert "joblib" not in printed and "loky" not in printed
    assert printed.index("in raised_by") < printed.index("in calls_by_name")


def test_notes_travel_even_with_an_error_that_leaves_them_behind(cell):
    error = travelled(cell["raises_noted"])
    assert type(error) is json.JSONDecodeError and error.__notes__ == ["look here"]
    assert places(error) == [(19, "raises_noted", "raise error")]


def test_an_error_that_cannot_travel_is_told_in_words(cell):
    error = travelled(cell["raises_unsendable"])
    assert repr(error) == "RuntimeError('Unsendable: layer9 and 2')"
    assert places(error) == [(14, "raises_unsendable", "raise Unsendable(name, 2)")]


# ---------------------------------------------------------------- the end of the one that asked


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


# Memory ------------------------------------------------------------------------------------

GB = 2**30


@pytest.fixture
def set_memory(monkeypatch):
    """Let the machine have as much free memory as is said, in GB."""
    monkeypatch.delenv("TLHELPERS_JOBS", raising=False)
    return lambda free: monkeypatch.setattr(processes, "free_memory", lambda: int(free * GB))


@pytest.mark.parametrize(("free", "wanted"), [(100, 50), (7, 3), (4, 2), (3.9, 1), (0, 1)])
def test_the_free_memory_says_how_many_processes_it_carries(set_memory, free, wanted):
    set_memory(free)
    assert processes.most_processes() == wanted


def test_where_memory_is_short_all_is_done_in_this_process(set_memory):
    set_memory(1)
    assert list(in_processes(os.getpid, [(), (), ()], 2)) == [os.getpid()] * 3


@pytest.mark.parametrize("text", ["0", "-1", "2.5", "two", "9" * 5000], ids=lambda text: text[:4])
def test_a_number_of_processes_that_makes_no_sense_is_told(text, monkeypatch):
    monkeypatch.setenv("TLHELPERS_JOBS", text)
    with pytest.raises(CourseError, match="TLHELPERS_JOBS must be a whole number from 1 on"):
        processes.most_processes()


def test_the_learner_may_say_how_many_processes(set_memory, monkeypatch):
    set_memory(1)
    monkeypatch.setenv("TLHELPERS_JOBS", "3")
    assert processes.most_processes() == 3
