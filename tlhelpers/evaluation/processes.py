"""Many calls at once, in processes that share out the cores."""

from __future__ import annotations

import gc
import os
import re
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from types import CodeType, FunctionType, TracebackType

import cloudpickle
import psutil
from joblib import Parallel, cpu_count, delayed, effective_n_jobs, parallel_config
from joblib.externals.loky.process_executor import TerminatedWorkerError

from tlhelpers.errors import CourseError
from tlhelpers.evaluation.free_memory import free_memory

LOOK_SECONDS = 2
BYTES_EACH = 2 * 2**30  # a process with torch that tunes a small network
NO_FILE = "<dynamic-code>"  # what cloudpickle calls the file of all code that it sends


def in_processes(
    function: Callable, calls: Iterable[tuple], n_jobs: int, ordered: bool = True
) -> Iterator:
    """Call a function once for each tuple of arguments; yields what it returns, one by one.

    `n_jobs` is joblib's: each process gets its share of the cores as threads, and ends with this
    one; with 1, all is done in this one. There are no more than `most_processes` says. Results
    come as they finish unless `ordered`. An error has the traceback that it had there: a notebook
    shows the line of its own cell. A process that is ended from outside is a CourseError, and the
    next call starts others.
    """
    calls = list(calls)
    workers = max(1, min(effective_n_jobs(n_jobs), len(calls), most_processes()))
    if workers == 1:
        for call in calls:
            yield function(*call)
        return
    with (
        warnings.catch_warnings(),
        parallel_config("loky", inner_max_num_threads=max(1, cpu_count() // workers)),
    ):
        # loky replaces a worker that has grown, which training makes it do, and nothing is lost.
        warnings.filterwarnings("ignore", "A worker stopped while some jobs", UserWarning)
        # Who does not want the rest, as after an error or Ctrl-C, knows that.
        warnings.filterwarnings("ignore", r"\d+ tasks (have been|which were still)", UserWarning)
        how = "generator" if ordered else "generator_unordered"
        try:
            yield from Parallel(n_jobs=workers, return_as=how)(
                delayed(_call)(os.getpid(), function, call) for call in calls
            )
        except _RaisedInWorker as raised:
            raise raised.as_it_was() from None
        except TerminatedWorkerError as error:
            raise CourseError(_how_it_ended(str(error))) from None


def _how_it_ended(told: str) -> str:
    codes = re.search(r"exit codes? of the workers? (?:are|is) \{(.*?)\}", told)
    return (
        f"a process that computed for this one was ended{f' ({codes[1]})' if codes else ''}, which "
        "the system does when memory runs out: close other programs, or set TLHELPERS_JOBS=1 to "
        "do all in one process, and run the same again"
    )


def most_processes() -> int:
    """How many processes that train networks the free memory carries; 1 at least.

    The environment variable ``TLHELPERS_JOBS`` sets it; a CourseError says what it may be.
    """
    chosen = os.environ.get("TLHELPERS_JOBS")
    if not chosen:
        return max(1, free_memory() // BYTES_EACH)
    if not chosen.isdecimal() or len(chosen) > 9 or int(chosen) < 1:
        raise CourseError(f"TLHELPERS_JOBS must be a whole number from 1 on, not {chosen!r}")
    return int(chosen)


def _call(parent: int, function: Callable, call: tuple):
    if parent != os.getpid():
        _end_with(parent)
    try:
        return function(*call)
    except Exception as error:
        raise _RaisedInWorker.pack(error) from None


@cache
def _end_with(parent: int) -> None:
    """Watch the process that asked; loky's workers would wait for it for ever."""

    def watch():
        while is_running(parent):
            time.sleep(LOOK_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


# ---------------------------------------------------------------- errors


class _RaisedInWorker(Exception):
    """An error on its way to the process that asked: the error, its notes, and where it arose."""

    @classmethod
    def pack(cls, error: Exception) -> _RaisedInWorker:
        """The places are those below `_call`: code, file and line of each frame."""
        notes = getattr(error, "__notes__", [])
        frames = traceback.walk_tb(error.__traceback__.tb_next)
        places = [(frame.f_code, frame.f_code.co_filename, line or 1) for frame, line in frames]
        try:
            cloudpickle.loads(cloudpickle.dumps(error))
        except Exception:  # an error that cannot travel is replaced by its words
            error = RuntimeError(f"{type(error).__name__}: {error}")
        return cls(error, notes, places)

    def as_it_was(self) -> Exception:
        """The error with its notes, and with a traceback of the places where it arose."""
        error, notes, places = self.args
        error.__notes__ = list(notes)
        entry = None
        for code, file, line in reversed(places):
            file = (_file_of(code) if file == NO_FILE else None) or file
            entry = _entry(code, file, line, entry)
        return error.with_traceback(entry)


def _file_of(code: CodeType) -> str | None:
    """The file of code that came back from a worker: that of the same code in this process."""
    functions = (thing for thing in gc.get_objects() if type(thing) is FunctionType)
    codes = (part for function in functions for part in _with_inner(function.__code__))
    return next((one.co_filename for one in codes if one == code), None)


def _with_inner(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _with_inner(constant)


def _entry(code: CodeType, file: str, line: int, inner: TracebackType | None) -> TracebackType:
    """An entry of a traceback, made as Jinja makes them: by code that raises at this very place."""
    first = code.co_firstlineno
    twin = compile("\n" * (line - first) + "raise _error", file, "exec")
    twin = twin.replace(co_name=code.co_name, co_qualname=code.co_qualname, co_firstlineno=first)
    try:
        exec(twin, {"_error": ZeroDivisionError})
    except ZeroDivisionError as error:
        raised = error.__traceback__.tb_next
    return TracebackType(inner, raised.tb_frame, raised.tb_lasti, line)


# ---------------------------------------------------------------- other processes


def is_running(pid: int) -> bool:
    """Whether a process lives; one that has ended and waits to be asked about it does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
