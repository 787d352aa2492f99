"""Work that is killed in forks of this process: at any moment, at a step on its files, in writing.

What takes long to import is thus imported once: a test starts one Python, `results_of`, and in it
`try_all` injects one kind of fault after the other.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from contextlib import contextmanager, suppress
from pathlib import Path
from unittest import mock

import pytest
import tiny
from tiny_faults import with_mounts

PATHS = [str(tiny.ROOT / folder) for folder in ("tests", "tests/faults", "tests/experiments")]
MARK = "fault: "
# What Python tells its audit hooks before it does so to a file.
STEPS = {"open", "os.rename", "os.remove", "os.link", "os.mkdir", "os.truncate"}
MOMENTS = {"1970": 0.0, "2096": 4_000_000_000.0}


def command(module: str, faults: str = "FAULTS") -> str:
    """Python code that injects all faults of a test module into the folder in ``$FOLDER``."""
    return (
        f"import sys; sys.path[:0] = {PATHS!r}\n"
        f"import {module}, tiny_kills\n"
        f"tiny_kills.try_all({module}.{faults})"
    )


def results_of(module: str, folder: Path, **variables: str) -> dict[str, tuple[int, str]]:
    """For each kind of fault how many were injected, and the traceback where one did harm."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", command(module)],
        cwd=tiny.ROOT,
        env=tiny.environ(**variables, **QUIET, FOLDER=str(folder)),
        capture_output=True,
        encoding="utf-8",
        timeout=200,
    )
    return read_results(done)


def results_in_mounts(module: str, folder: Path, **variables: str) -> dict:
    """The same, also for the faults in ``REAL_DISKS``, which mount; those alone are left out where
    nobody may."""
    script = f"""cd '{tiny.ROOT}'; "$PYTHON" -W ignore -c "$CODE" """
    more = {"CODE": command(module, "EVERYTHING"), "FOLDER": str(folder), **QUIET, **variables}
    try:
        return read_results(with_mounts(script, **more))
    except pytest.skip.Exception:
        return results_of(module, folder, **variables)


QUIET = {"OMP_NUM_THREADS": "1", "TLHELPERS_DEVICE": "cpu", "TLHELPERS_PROGRESS": "off"}


def read_results(done: subprocess.CompletedProcess) -> dict[str, tuple[int, str]]:
    lines = [line for line in done.stdout.splitlines() if line.startswith(MARK)]
    assert done.returncode == 0 and lines, done
    return {
        name: (count, told) for name, count, told in (json.loads(x[len(MARK) :]) for x in lines)
    }


def try_all(faults: Iterable[Callable[[Path], int]]) -> None:
    """Call each with a folder of its own; it gives the number of faults that were survived."""
    for fault in faults:
        folder = Path(os.environ["FOLDER"]) / fault.__name__
        folder.mkdir(parents=True)
        count, told = 0, ""
        try:
            count = fault(folder)
        except BaseException:
            told = traceback.format_exc()
        print(f"\n{MARK}{json.dumps([fault.__name__, count, told])}", flush=True)


# Forks -----------------------------------------------------------------------------------


def start(work: Callable[[], object], prepare: Callable[[], object] = lambda: None) -> int:
    """Fork; the child prepares, works, and ends with 0, or with 3 after a traceback."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    status = 3
    try:
        prepare()
        work()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(status)


def ended(child: int) -> bool:
    """Whether it came to its end; false if it was killed, and an error fails."""
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, -signal.SIGKILL, -signal.SIGXFSZ), f"it ended with {code}"
    return code == 0


def after(seconds: float, work: Callable[[], object]) -> bool:
    """Kill it -9 after a while; true if it came to its end before."""
    child = start(work)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    return ended(child)


def at_step(number: int, folder: Path, work: Callable[[], object]) -> bool:
    """Kill it -9 just before it does something to a file below a folder for the n-th time."""

    def prepare():
        left = number

        def look(event, arguments):
            nonlocal left
            if event in STEPS and any(str(folder) in str(one) for one in arguments):
                left -= 1
                if not left:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(look)

    return ended(start(work, prepare))


def in_writing(size: int, work: Callable[[], object]) -> bool:
    """Kill it amid a write, when a file has this many bytes."""
    import resource

    def prepare():
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return ended(start(work, prepare))


# Limits of this process ------------------------------------------------------------------


@contextmanager
def limited(kind: str, most: int):
    """A limit of the system's on this process, ``"FSIZE"`` (of a file) or ``"AS"`` (of memory)."""
    import resource

    which = getattr(resource, f"RLIMIT_{kind}")
    before = resource.getrlimit(which)
    resource.setrlimit(which, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(which, before)


@contextmanager
def at_time(moment: float, folder: Path):
    """The clock shows another time, and so do all files below a folder."""
    for path in [folder, *folder.rglob("*")]:
        with suppress(FileNotFoundError):
            os.utime(path, (moment, moment), follow_symlinks=False)
    clock = mock.patch.multiple(
        time, time=lambda: moment, time_ns=lambda: int(moment) * 10**9,
        localtime=lambda *_: time.gmtime(moment), strftime=lambda form, *_: _strftime(form, moment),
    )  # fmt: skip
    with clock:
        yield


def _strftime(form: str, moment: float, real=time.strftime, parts=time.gmtime) -> str:
    return real(form, parts(moment))
