"""Comparisons in several processes: one is killed, or memory or /dev/shm is not to be had."""

from __future__ import annotations

import os
import signal
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tiny
import tiny_kills
from tiny_faults import posix, with_mounts
from tiny_kills import at_time, limited

from tlhelpers.errors import CourseError
from tlhelpers.evaluation.processes import in_processes

LABELS = np.arange(40) % 2


def compare(strategy, n_jobs: int = 2, seeds: int = 6):
    from tlhelpers.evaluation.repeated import repeat

    data = SimpleNamespace(labels=LABELS, groups=np.arange(40).astype(str))
    return repeat({"one": strategy}, data, [2], seeds=seeds, n_jobs=n_jobs, progress=False)


def right(labels, trial):
    return labels[trial.test]


def is_whole(runs) -> bool:
    return runs["seed"].tolist() == list(range(6)) and (runs["accuracy"] == 1).all()


def workers() -> list[str]:
    import psutil

    names = [" ".join(one.cmdline()) for one in psutil.Process().children(recursive=True)]
    return [name for name in names if "tracker" not in name]


def sentence(work) -> str:
    try:
        work()
    except CourseError as error:
        assert "\n" not in str(error) and error.__cause__ is None, error
        return str(error)
    raise AssertionError("nothing was told")


# The faults --------------------------------------------------------------------------------


def computes() -> bool:
    """Whether calls in processes give what they should; what travels whole loads no library."""
    return list(in_processes(lambda number: number**2, CALLS, 2)) == [0, 1, 4, 9, 16]


CALLS = [(number,) for number in range(5)]


def a_worker_is_killed(folder: Path) -> int:
    """In plain calls, and in a comparison; the next call has whole results."""

    def dies(number):
        if number == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    def kills(trial):
        if trial.seed == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return trial.source.labels[trial.test]

    for work in (
        lambda: list(in_processes(dies, CALLS, 2)),
        lambda: compare(kills),
    ):
        told = sentence(work)
        assert "was ended (SIGKILL(-9))" in told and "TLHELPERS_JOBS=1" in told, told
        assert not workers(), "somebody was left behind"
        assert computes()
    return 2


def a_worker_is_killed_while_it_waits(folder: Path) -> int:
    """Between two calls, as a system out of memory may do it: the next one starts others."""
    [pid, *_] = in_processes(lambda number: os.getpid(), CALLS, 2)
    os.kill(pid, signal.SIGKILL)
    time.sleep(0.3)  # so long loky takes to notice
    assert computes()
    return 1


def memory_that_runs_out(folder: Path) -> int:
    """In this process and in those that it starts, which inherit the limit: numpy's own words."""
    import psutil
    from joblib.externals.loky import get_reusable_executor

    def greedy(trial):
        return np.zeros(16 * 2**30, np.int8)

    for work in (lambda: compare(greedy, 1), lambda: list(in_processes(greedy, CALLS, 2))):
        get_reusable_executor().shutdown()  # those of before know no limit
        with limited("AS", psutil.Process().memory_info().vms + 2**30):
            try:
                work()
            except MemoryError as error:
                assert "Unable to allocate 16.0 GiB" in str(error), error
            else:
                raise AssertionError("there was room for it")
        get_reusable_executor().shutdown()
        assert computes()
    return 2


def a_clock_that_jumps(folder: Path) -> int:
    for moment in tiny_kills.MOMENTS.values():
        with at_time(moment, folder):
            runs = compare(partial(right, LABELS), n_jobs=1)
        assert is_whole(runs) and runs["seconds"].between(0, 5).all()
    return 2


FAULTS = [
    a_worker_is_killed,
    a_worker_is_killed_while_it_waits,
    memory_that_runs_out,
    a_clock_that_jumps,
]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workers")
    return tiny_kills.results_of(Path(__file__).stem, folder, TLHELPERS_JOBS="2")


@posix
@pytest.mark.parametrize("fault", [fault.__name__ for fault in FAULTS])
def test_a_comparison_survives(results, fault):
    count, harm = results[fault]
    assert count and not harm, harm


# /dev/shm ----------------------------------------------------------------------------------


def compared(folder: Path) -> int:
    assert computes()
    return 1


COMPARED = [compared]


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="there is no /dev/shm here")
@pytest.mark.parametrize(
    "options", ["ro", "size=4k", "size=4k,nr_inodes=2"], ids=["read-only", "small", "no files"]
)
def test_shared_memory_that_cannot_be_had_stops_no_comparison(tmp_path, options):
    fill = "head -c 9000 /dev/zero > /dev/shm/full || true" if "size" in options else "true"
    done = with_mounts(
        f"""
        mount -t tmpfs -o {options} tmpfs /dev/shm; {fill} 2> /dev/null; cd '{tiny.ROOT}'
        "$PYTHON" -W ignore -c "$CODE"; ls /dev/shm
        """,
        CODE=tiny_kills.command(Path(__file__).stem, "COMPARED"),
        FOLDER=str(tmp_path), TLHELPERS_JOBS="2", **tiny_kills.QUIET,
    )  # fmt: skip
    assert tiny_kills.read_results(done)["compared"] == (1, ""), done
    assert done.stdout.split()[-1] in ("full", '""]'), "something was left in /dev/shm"
