"""Calls on a dask cluster: joblib's dask backend, with one clear error for what goes wrong."""

from __future__ import annotations

import platform
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress

from joblib import Parallel, delayed, parallel_config

from tlhelpers.errors import CourseError
from tlhelpers.experiments.staleness import code_digest, import_closure, libraries_of

CONNECT = 10.0  # seconds until a scheduler counts as not there
NO_WORKERS = 60.0  # seconds without any worker until waiting ends
LOOK = 0.5
START = "python -m distributed.cli.dask_worker ADDRESS --nthreads 1"


def cluster_calls(
    function: Callable, calls: Iterable[tuple], address: str, module: str
) -> Iterator[object]:
    """Call a function on the workers of a dask cluster [1]_ once for each tuple of arguments.

    A call whose worker is lost runs again on another, and only one result comes.

    Parameters
    ----------
    function : callable
        May stand in a notebook.
    calls : iterable of tuple
        The arguments of each call.
    address : str
        Of the scheduler: ``"tcp://127.0.0.1:8786"`` say.
    module : str
        Names the code of the course that the calls need, with all that it imports: a worker whose
        code, libraries or Python differ is refused.

    Yields
    ------
    object
        What each call returns, in the order in which calls end.

    Raises
    ------
    CourseError
        If nobody answers at the address, a worker would give other results or makes several calls
        in one process, there is no worker for a minute, or the scheduler ends. An error of the
        function is raised as it was.

    References
    ----------
    .. [1] Rocklin, Dask: parallel computation with blocked algorithms and task scheduling, SciPy
       2015.
    """
    calls = list(calls)
    expected = what_decides(module)
    with _client(address) as client:
        try:
            _refuse_unfit_workers(client, address, module, expected)
        except OSError as error:  # dask's own of a connection that is closed
            raise CourseError(_ended(address)) from error
        with _watched(client, address) as trouble, parallel_config(_backend(client)):
            unordered = {"return_as": "generator_unordered", "pre_dispatch": "all"}
            results = Parallel(n_jobs=-1, batch_size=1, **unordered)(
                delayed(_checked)(function, call, module, expected) for call in calls
            )
            yield from _until_trouble(results, trouble, address)


def _backend(client):
    """joblib's dask backend; with a single worker joblib itself would make the calls here."""
    from joblib._dask import DaskDistributedBackend

    class Backend(DaskDistributedBackend):
        def effective_n_jobs(self, n_jobs: int) -> int:
            return max(2, super().effective_n_jobs(n_jobs))

    return Backend(client=client)


def what_decides(module: str) -> dict[str, str]:
    """What must be the same wherever a run is made: Python, libraries, and the code itself."""
    closure = import_closure(module)
    return {
        "Python": ".".join(platform.python_version_tuple()[:2]),
        **libraries_of(closure),
        "the course's code": code_digest(closure)[:16],
    }


def _checked(function: Callable, call: tuple, module: str, expected: Mapping[str, str]):
    """The call, made on a worker; one that joined later is checked here."""
    from distributed import get_worker

    worker = get_worker()
    _refuse_threads(worker.address, worker.state.nthreads)
    if reason := _difference(expected, what_decides(module)):
        raise CourseError(_refusal(f"the worker {worker.address}", reason))
    return function(*call)


def _difference(expected: Mapping[str, str], here: Mapping[str, str]) -> str:
    """What differs, as a text; empty where nothing does."""
    other = [name for name in expected if here.get(name) != expected[name]]
    return ", ".join(
        f"{name} is {here.get(name, 'missing')}, not {expected[name]}" for name in other
    )


def _refusal(who: str, reason: str) -> str:
    return (
        f"{who} of the cluster would give other results ({reason}): set up the same commit of the "
        f"course there, with its .venv, and start the worker from its folder with {START}"
    )


# ---------------------------------------------------------------- the cluster


@contextmanager
def _client(address: str) -> Iterator:
    """A connection to the scheduler, closed whatever happens."""
    from distributed import Client

    try:
        client = Client(address, timeout=CONNECT, set_as_default=False, name="tlhelpers")
    except (OSError, ValueError, TypeError) as error:  # nobody there, or no address
        raise CourseError(
            f"no dask scheduler answers at {address} ({_first_line(error)}): look whether it runs "
            "and whether this machine reaches it; an address reads tcp://127.0.0.1:8786"
        ) from error
    try:
        yield client
    finally:
        with suppress(Exception):  # the scheduler may be gone
            client.close(timeout=5)


def _refuse_unfit_workers(client, address: str, module: str, expected: Mapping[str, str]) -> None:
    """Look at the workers that are there; without any, wait a minute for one."""
    try:
        client.wait_for_workers(1, timeout=NO_WORKERS)
    except TimeoutError as error:
        raise CourseError(_no_workers(address)) from error
    for worker, told in _workers(client).items():
        _refuse_threads(worker, told["nthreads"])
    try:
        found = client.run(what_decides, module, on_error="return")
    except Exception as error:  # dask's own
        raise CourseError(f"the cluster at {address} failed ({_first_line(error)})") from error
    for worker, here in found.items():
        if isinstance(here, BaseException):
            reason = f"{type(here).__name__}: {_first_line(here)}"
            raise CourseError(_refusal(f"the worker {worker}", reason))
        if reason := _difference(expected, here):
            raise CourseError(_refusal(f"the worker {worker}", reason))


def _refuse_threads(worker: str, count: int) -> None:
    if count != 1:
        raise CourseError(
            f"the worker {worker} runs {count} calls at once in one process, where they would "
            "share random numbers: start it with --nthreads 1, and more workers instead "
            "(--nworkers)"
        )


def _workers(client) -> dict[str, dict]:
    return client.scheduler_info(n_workers=-1)["workers"]


def _ended(address: str) -> str:
    return (
        f"the scheduler at {address} has ended or cannot be reached: start it and workers anew and "
        "run the same command again; runs that were kept are not made again"
    )


def _no_workers(address: str) -> str:
    return (
        f"the cluster at {address} has had no worker for {NO_WORKERS:.0f} seconds: start some from "
        f"the course's folder, {START.replace('ADDRESS', address)}, and run the same command "
        "again; runs that were kept are not made again"
    )


@contextmanager
def _watched(client, address: str) -> Iterator[list[str]]:
    """A list that says, once there is trouble, which: dask itself would wait without end."""
    trouble: list[str] = []
    over = threading.Event()

    def watch() -> None:
        seen = time.monotonic()
        while not over.wait(LOOK):
            if client.status != "running":
                trouble.append(_ended(address))
                return
            with suppress(Exception):
                seen = time.monotonic() if _workers(client) else seen
            if time.monotonic() - seen > NO_WORKERS:
                trouble.append(_no_workers(address))
                return

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield trouble
    finally:
        over.set()
        thread.join(timeout=5)


def _until_trouble(results: Iterator, trouble: list[str], address: str) -> Iterator:
    """Results as they come; the watcher's words where they come no more."""
    came: queue.Queue = queue.Queue()
    end = object()

    def collect() -> None:
        try:
            for result in results:
                came.put((result, None))
            came.put((end, None))
        except BaseException as error:
            came.put((end, error))

    threading.Thread(target=collect, daemon=True).start()
    while True:
        try:
            result, error = came.get(timeout=LOOK)
        except queue.Empty:
            if trouble:
                raise CourseError(trouble[0]) from None
            continue
        if error is not None:
            raise _as_told(error, trouble, address)
        if result is end:
            return
        yield result


def _as_told(error: BaseException, trouble: list[str], address: str) -> BaseException:
    """One sentence for what dask says when a call has ended several workers, or all is over."""
    from distributed.client import FutureCancelledError
    from distributed.comm import CommClosedError
    from distributed.scheduler import KilledWorker

    if isinstance(error, KilledWorker):
        return CourseError(
            "a run has ended several workers, one after the other, which happens when one needs "
            "more memory than a worker may take: give workers more (--memory-limit) and run the "
            "same command again; runs that were kept are not made again"
        )
    if isinstance(error, (CommClosedError, FutureCancelledError, CancelledError)):
        return CourseError(trouble[0] if trouble else _ended(address))
    return error


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
