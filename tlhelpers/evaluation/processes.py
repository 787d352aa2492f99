"""Many calls at once, in processes that share out the cores."""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import cache

import psutil
from joblib import Parallel, cpu_count, delayed, effective_n_jobs, parallel_config

LOOK_SECONDS = 2


def in_processes(
    function: Callable, calls: Iterable[tuple], n_jobs: int, ordered: bool = True
) -> Iterator:
    """Call a function once for each tuple of arguments; results come one by one.

    Parameters
    ----------
    function : callable
    calls : iterable of tuple
    n_jobs : int
        Processes (joblib, loky); negative ones count from all cores down, as joblib has it. Each
        gets its share of the cores as threads, and ends with this process, were it killed. With 1
        all is done in this process.
    ordered : bool
        In the order of the calls; else as they finish.

    Yields
    ------
    object
        What the function returned.
    """
    calls = list(calls)
    workers = max(1, min(effective_n_jobs(n_jobs), len(calls)))
    if workers == 1:
        yield from (function(*call) for call in calls)
        return
    with (
        warnings.catch_warnings(),
        parallel_config("loky", inner_max_num_threads=max(1, cpu_count() // workers)),
    ):
        # loky replaces a worker that has grown, which training makes it do, and nothing is lost.
        warnings.filterwarnings("ignore", "A worker stopped while some jobs", UserWarning)
        how = "generator" if ordered else "generator_unordered"
        yield from Parallel(n_jobs=workers, return_as=how)(
            delayed(_call)(os.getpid(), function, call) for call in calls
        )


def _call(parent: int, function: Callable, call: tuple):
    if parent != os.getpid():
        _end_with(parent)
    return function(*call)


@cache
def _end_with(parent: int) -> None:
    """Watch the process that asked; loky's workers would wait for it for ever."""

    def watch():
        while is_running(parent):
            time.sleep(LOOK_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def is_running(pid: int) -> bool:
    """Whether a process lives; one that has ended and waits to be asked about it does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
