"""Many calls at once, in processes that share out the cores."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator

from joblib import Parallel, cpu_count, delayed, effective_n_jobs, parallel_config


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
        gets its share of the cores as threads. With 1 all is done in this process.
    ordered : bool
        In the order of the calls; else as they finish.

    Yields
    ------
    object
        What the function returned.
    """
    calls = list(calls)
    workers = max(1, min(effective_n_jobs(n_jobs), len(calls)))
    # loky replaces a worker that has grown, which training makes it do, and nothing is lost.
    warnings.filterwarnings("ignore", "A worker stopped while some jobs", UserWarning)
    with parallel_config("loky", inner_max_num_threads=max(1, cpu_count() // workers)):
        how = "generator" if ordered else "generator_unordered"
        yield from Parallel(n_jobs=workers, return_as=how)(
            delayed(function)(*call) for call in calls
        )
