"""Execute a lesson's notebook in a kernel of its own: times, memory, claims, no process left."""

from __future__ import annotations

import asyncio
import atexit
import os
import platform
import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import nbformat
import psutil
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from traitlets import default
from traitlets.config import Config

from tlhelpers.course.claims import read_claims
from tlhelpers.course.inputs import inputs_digest
from tlhelpers.course.on_screen import as_on_screen
from tlhelpers.setup.files import write_atomically
from tlhelpers.setup.machine import processor_name

CELL_SECONDS = 600
STAMP = "tlhelpers"  # the part of an executed notebook's metadata that says what made it
# ipykernel may flush what it has just closed when it ends; that is nothing to tell anybody.
QUIET_END = "__import__('logging').getLogger('tornado.general').setLevel('CRITICAL')"
LOOK_SECONDS = 0.1  # between two looks at the kernel's processes
CLEARING_SECONDS = 15  # after which a stopped run no longer waits for nbclient
# Where the system tells how much of a process's memory is shared (Linux), that counts once.
MEMORY_COUNTED = (
    "shared once" if hasattr(psutil.Process().memory_info(), "shared") else "summed"
)  # fmt: skip
ANSI_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class LessonRun:
    """What one run of a lesson gave."""

    lesson: str
    seconds: float = 0.0
    slowest_cell: str = ""
    slowest_seconds: float = 0.0
    peak_mb: float = 0.0
    own_mb: float = 0.0  # the most without pages of libraries, which the system may drop
    cache: str = "empty"  # when it began; "filled" where an earlier lesson had left features
    cell_seconds: list[float] = field(default_factory=list)
    claims: list[dict] = field(default_factory=list)
    error: str = ""  # why the lesson did not come to its end
    not_kept: str = ""  # why the executed notebook could not be written

    @property
    def held(self) -> str:
        """Claims held out of claims made, e.g. ``"7/7"``."""
        return f"{sum(c['held'] for c in self.claims)}/{len(self.claims)}"

    @property
    def ok(self) -> bool:
        """Whether the lesson ran to its end and every claim held."""
        return not self.error and all(c["held"] for c in self.claims)


def run_lesson(path: Path, out: Path, echo=print, jobs: int | None = None) -> LessonRun:
    """Execute a notebook and write it with outputs into the folder `out`, made if need be.

    A failing cell, or a kernel that cannot start, ends the lesson: its message is in the result.
    `echo` takes a line per cell; `jobs` is the most processes that the lesson may start."""
    notebook, started = nbformat.read(path, as_version=4), {}
    out.mkdir(parents=True, exist_ok=True)
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        kernel_manager_class=_OwnKernel,
        extra_arguments=["--log-level=ERROR", f"--IPKernelApp.exec_lines={QUIET_END}"],
        store_widget_state=False,
        resources={"metadata": {"path": str(out)}},
    )
    run, stamp = LessonRun(path.stem), _stamp(notebook)
    total = sum(cell.cell_type == "code" for cell in notebook.cells)

    def begin(cell, cell_index):
        started[cell_index] = time.perf_counter()

    def end(cell, cell_index, execute_reply):
        seconds = time.perf_counter() - started[cell_index]
        run.cell_seconds.append(round(seconds, 3))
        title = next((line for line in cell.source.splitlines() if line.strip()), "")[:60]
        if seconds > run.slowest_seconds:
            run.slowest_seconds, run.slowest_cell = round(seconds, 2), title
        echo(f"{path.stem[:2]}  cell {len(run.cell_seconds):3d}/{total}  {seconds:6.2f} s  {title}")

    client.on_cell_start, client.on_cell_executed = begin, end
    run.seconds, run.peak_mb, run.own_mb, error = _execute(client, _kernel_environment(jobs))
    run.error = _in_words(error, bool(started))
    run.claims = read_claims(notebook)
    for cell in notebook.cells:
        if "outputs" in cell:
            cell.outputs = as_on_screen(cell.outputs)
    if run.ok:
        notebook.metadata[STAMP] = stamp | {"seconds": run.seconds}
    run.not_kept = _write_outputs(notebook, out, path.stem)
    return run


class _OwnKernel(AsyncKernelManager):
    """The kernel of this very Python, whatever a `python3` in a foreign Jupyter folder may be."""

    @default("kernel_spec_manager")
    def _without_folders(self):
        return KernelSpecManager(kernel_dirs=[], parent=self)


def _kernel_environment(jobs: int | None) -> dict[str, str]:
    most = {} if jobs is None else {"TLHELPERS_JOBS": str(jobs)}
    return os.environ | {"TLHELPERS_PROGRESS": "off"} | most


# ---------------------------------------------------------------- the kernel and its processes


def _execute(client: NotebookClient, environment: dict) -> tuple:
    """Run all cells; gives seconds, peak memory in MB (all, its own), and the error if any.

    No process of the kernel outlives this, whatever ends it."""
    processes = _KernelProcesses(client)
    execution = _InThread(lambda: _to_the_end(client, environment))
    processes.start()
    try:
        execution.start()
        while execution.is_alive():
            execution.join(LOOK_SECONDS)
    finally:
        # Still alive only if a signal came. nbclient notices that its kernel has gone.
        last = time.monotonic() + CLEARING_SECONDS
        while execution.is_alive() and time.monotonic() < last:
            processes.end()
            execution.join(LOOK_SECONDS)
        processes.done.set()
        processes.join()
        processes.end()
        atexit.unregister(client._cleanup_kernel)  # nbclient forgets it if no kernel came up
    if isinstance(execution.error, BrokenPipeError):  # nobody reads what is printed
        raise execution.error
    peaks = (round(most / 2**20) for most in (processes.peak, processes.peak_own))
    return round(execution.seconds, 1), *peaks, execution.error


def _to_the_end(client: NotebookClient, environment: dict) -> None:
    # The kernel's sockets need this loop on Windows; elsewhere it is the usual one.
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        runner.run(client.async_execute(env=environment))


class _InThread(threading.Thread):
    """Work beside the main thread, which is thus free for signals: nbclient would take them."""

    def __init__(self, work: Callable[[], None]):
        super().__init__(daemon=True)
        self.work, self.error, self.seconds = work, None, 0.0

    def run(self):
        start = time.perf_counter()
        try:
            self.work()
        except Exception as error:
            self.error = error
        self.seconds = time.perf_counter() - start


class _KernelProcesses(threading.Thread):
    """Watch the kernel and its children ten times a second: who they are, and their memory."""

    def __init__(self, client: NotebookClient):
        super().__init__(daemon=True)
        self.client, self.done = client, threading.Event()
        self.peak = self.peak_own = 0
        self.seen: set[psutil.Process] = set()

    def run(self):
        while not self.done.wait(LOOK_SECONDS):
            memory = look_at_memory(self.look())
            self.peak = max(self.peak, memory.resident)
            self.peak_own = max(self.peak_own, memory.own)

    def look(self) -> list[psutil.Process]:
        """The kernel and its children as they are now; empty before and after."""
        pid = getattr(getattr(self.client.km, "provisioner", None), "pid", None)
        try:
            kernel = psutil.Process(pid) if pid else None
            processes = [kernel, *kernel.children(recursive=True)] if kernel else []
        except psutil.Error:
            return []
        self.seen.update(processes)
        return processes

    def end(self) -> None:
        """End all that were ever seen, the kernel first, so that it starts no more of them."""
        for process in self.look()[:1]:
            _signal(process.kill)
        alive = [process for process in self.seen.copy() if _is_alive(process)]
        for process in alive:
            _signal(process.terminate)  # joblib's tracker ignores it, clears its files, and ends
        last = time.monotonic() + 2
        while (alive := list(filter(_is_alive, alive))) and time.monotonic() < last:
            time.sleep(0.05)
        for process in alive:
            _signal(process.kill)


class Memory(NamedTuple):
    """Bytes that processes hold together, as far as the system tells them apart."""

    resident: int  # what they share, such as libraries, counts once, as the largest
    own: int  # without pages that the system drops where memory is short: it can read them again


def look_at_memory(processes: list[psutil.Process]) -> Memory:
    """What processes hold now; one that has just ended holds nothing."""
    own, shared, without_file = 0, [0], [0]
    for process in processes:
        with suppress(psutil.Error):
            info = process.memory_info()
            shared.append(getattr(info, "shared", 0))
            own += info.rss - shared[-1]
            without_file.append(min(shared[-1], _shared_without_file(process.pid)))
    return Memory(own + max(shared), own + max(without_file))


def _shared_without_file(pid: int) -> int:
    """Bytes that a process shares, as workers do arrays, and no file holds to be read again."""
    try:
        row = re.search(rb"^RssShmem:\s*(\d+) kB", Path(f"/proc/{pid}/status").read_bytes(), re.M)
    except OSError:  # it has ended, or this system tells it otherwise
        return 0
    return 1024 * int(row[1]) if row else 0


def memory_of(processes: list[psutil.Process]) -> int:
    """Resident bytes of processes together."""
    return look_at_memory(processes).resident


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _signal(send: Callable[[], None]) -> None:
    with suppress(psutil.Error):
        send()


# ---------------------------------------------------------------- what is told and kept


def _stamp(notebook) -> dict:
    """What made the outputs, taken before a cell runs; empty where a helper cannot be read."""
    try:
        inputs = inputs_digest(notebook)
    except (OSError, SyntaxError):
        return {}
    return {
        "inputs": inputs,
        "date": time.strftime("%Y-%m-%d"),
        "processor": processor_name(),
        "python": platform.python_version(),
    }


def _in_words(error: Exception | None, cells_ran: bool) -> str:
    if error is None:
        return ""
    told = ANSI_COLOURS.sub("", str(error)).strip()
    if isinstance(error, (CellExecutionError, CellTimeoutError, DeadKernelError)):
        return told
    if not cells_ran:
        return (
            f"its kernel could not start ({type(error).__name__}: {told}): "
            "run `python3 -m tlhelpers doctor`"
        )
    return f"{type(error).__name__}: {told}"


def _write_outputs(notebook, out: Path, stem: str) -> str:
    """Write the executed notebook and its page; gives the reason if that cannot be."""
    from nbconvert import HTMLExporter

    # A page has no kernel behind its widgets: their still figures are shown instead.
    shown = ["text/html", "text/markdown", "image/png", "text/plain"]
    config = Config({"NbConvertBase": {"display_data_priority": shown}})
    exporter = HTMLExporter(config=config, require_js_url="", jquery_url="")
    html, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": stem}})
    try:
        write_atomically(out / f"{stem}.ipynb", (nbformat.writes(notebook) + "\n").encode())
        write_atomically(out / f"{stem}.html", html.encode())
    except OSError as error:
        return f"{out}: {error.strerror or error}"
    return ""
