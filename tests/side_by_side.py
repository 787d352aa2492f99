"""How the tests run side by side: in how many processes, in which order, and what stays together.

Two processes of one thread do twice the work of one process of two, so each has one thread."""

from __future__ import annotations

import os
from pathlib import Path

import joblib
from xdist.scheduler import LoadScopeScheduling

from tlhelpers.course import times
from tlhelpers.evaluation.free_memory import free_memory

LESSON_RUN = "test_lessons.py::test_the_lesson_runs_to_the_end"
LONG_FILES = ("test_grading.py", "test_lab_in_browser.py", "test_own_data_in_browser.py")
BYTES_EACH = 4 * 2**30  # a process of the tests and the kernel of a large lesson beside it
MOST = 8


def in_a_worker() -> bool:
    """Whether this is one of several processes, not the one that was started."""
    return "PYTEST_XDIST_WORKER" in os.environ


def use_one_thread() -> None:
    """For this process, before it imports torch, and for whatever it starts."""
    os.environ |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    if in_a_worker():  # else the processes of a lesson would share out all cores, not its own
        os.environ["LOKY_MAX_CPU_COUNT"] = "1"


def processes(named: list[str]) -> int:
    """How many run the tests that were named on the command line; 0 is this one alone."""
    if all(Path(name.partition("::")[0]).is_file() for name in named):
        return 0
    most = min(joblib.cpu_count(), free_memory() // BYTES_EACH, MOST)
    return most if most > 1 else 0


def in_order(nodeids: list[str]) -> list[int]:
    """The places of the tests, what takes longest first: nobody then waits long for the last."""
    seconds = times.recorded_times()

    def rank(place: int) -> tuple:
        nodeid = nodeids[place]
        if LESSON_RUN in nodeid:
            return 0, -seconds.get(nodeid.partition("[")[2].rstrip("]"), float("inf"))
        return (1 if nodeid.partition("::")[0].endswith(LONG_FILES) else 2), 0

    return sorted(range(len(nodeids)), key=rank)


class Scheduler(LoadScopeScheduling):
    """Keeps a file's tests in one process, where their fixtures are made once; lessons go alone."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid if LESSON_RUN in nodeid else nodeid.partition("::")[0]
