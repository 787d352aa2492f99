"""Training in several processes of this machine, started from a notebook or a script."""

from __future__ import annotations

import os
import pickle
import queue
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import cloudpickle
import torch
from torch import nn

from tlhelpers.checks import whole
from tlhelpers.errors import CourseError, repo_root
from tlhelpers.training.fitting import History, fit
from tlhelpers.training.optimizers import make_optimizer
from tlhelpers.training.team import LOST

CALL, RESULT, ERROR = "call", "result", "error"
LOOK = 0.05  # seconds between two looks at the processes
MERCY = 3.0  # seconds that the others have to end by themselves after one has ended


def fit_in_processes(
    model: nn.Module, data, labels=None, *, processes: int = 2, **options
) -> History:
    """As `fit`, in several processes at once; the model is changed in place.

    Each process gets a copy of model and data, takes its share of every step, and the gradients are
    averaged [1]_: a step of 16 in two processes is one of 8 in each. Without BatchNorm layers that
    learn, dropout and augmentation the result is that of `fit` but for rounding; with them it
    differs as two seeds do, or less. On a machine with accelerators each process takes one; else
    they share out the cores, and win little: one process uses all cores as well.

    New processes are started, not forked, so that it works in notebooks and on every system; a
    function or class of a notebook travels along. It takes seconds until they have loaded torch.

    Parameters
    ----------
    model, data, labels
        As in `fit`. All must fit into memory once more per process: pictures that stay on disk do.
    processes : int
    **options
        As in `fit`, but for `optimizer`, which would belong to another copy of the model. With
        `checkpoint`, a run that was cut off goes on when the same is called again.

    Returns
    -------
    History

    Raises
    ------
    CourseError
        If a process is ended from outside, or as `fit` does.
    ValueError
        As `fit` does.

    References
    ----------
    .. [1] Li et al., PyTorch Distributed: experiences on accelerating data parallel training, VLDB
       2020, arXiv:2006.15704.
    """
    if options.get("optimizer") is not None:
        raise ValueError(
            "an optimizer of your own would belong to another copy of the model: give lr and "
            "weight_decay, or build it in a function for call_in_processes"
        )
    make_optimizer(model, None, options.get("lr", 1e-3), options.get("weight_decay", 0.01))
    history, state = call_in_processes(_fit, model, data, labels, options, processes=processes)
    model.load_state_dict(state)
    model.eval()
    return history


def _fit(model: nn.Module, data, labels, options: dict) -> tuple[History, dict]:
    history = fit(model, data, labels, **options)
    return history, {name: value.cpu() for name, value in model.state_dict().items()}


def call_in_processes(function: Callable, *arguments, processes: int = 2):
    """Call a function in several new processes that find each other; gives the first one's result.

    What the first one prints appears here. Inside, `fit` shares its work among them. A process that
    fails or is ended from outside ends all of them within seconds.

    Parameters
    ----------
    function : callable
        May stand in a notebook.
    *arguments
    processes : int

    Returns
    -------
    object
        What the function returned in the first process.

    Raises
    ------
    CourseError
        If a process is ended from outside; any error of the function is raised as it was.
    """
    whole("processes", processes)
    with tempfile.TemporaryDirectory(prefix="tlhelpers-") as name:
        folder = Path(name)
        (folder / CALL).write_bytes(cloudpickle.dumps((function, arguments)))
        team = _Started(folder, processes)
        try:
            team.wait()
        finally:
            team.end()
        team.refuse_failures()
        return pickle.loads((folder / RESULT).read_bytes())


class _Started:
    """Processes that were started to call one function together."""

    def __init__(self, folder: Path, count: int):
        self.folder, port = folder, _free_port()
        threads = max(1, (os.cpu_count() or 1) // count)
        self.processes: list[subprocess.Popen] = []
        for rank in range(count):
            told = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": count, "MASTER_PORT": port}
            told |= {"MASTER_ADDR": "127.0.0.1", "OMP_NUM_THREADS": threads}
            self.processes.append(_start(folder, rank, {k: str(v) for k, v in told.items()}))
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.ended_first: int | None = None

    def _read(self) -> None:
        for line in self.processes[0].stdout:
            self._lines.put(line)

    def _print(self) -> None:
        """Print here what the first process has printed: the cell of a notebook shows it."""
        while not self._lines.empty():
            print(self._lines.get(), end="", flush=True)

    def wait(self) -> None:
        """Until all have come to their end, or one has failed and the others had time to notice."""
        deadline = None
        while any(process.poll() is None for process in self.processes):
            self._print()
            failed = [rank for rank, process in enumerate(self.processes) if process.poll()]
            if failed and deadline is None:
                self.ended_first, deadline = failed[0], time.monotonic() + MERCY
            if deadline is not None and time.monotonic() > deadline:
                return
            time.sleep(LOOK)

    def end(self) -> None:
        """Nobody is left behind, whatever happened here."""
        for process in self.processes:
            if process.poll() is None:
                process.kill()
        for process in self.processes:
            process.wait()
        self._reader.join(timeout=5)
        self._print()
        self.processes[0].stdout.close()

    def refuse_failures(self) -> None:
        """Raise the error of the process that failed by itself, or tell which one was ended."""
        codes = [process.returncode for process in self.processes]
        errors = [self._error(rank) for rank in range(len(codes))]
        own = [error for error in errors if error is not None and LOST not in str(error)]
        if own:
            raise own[0]
        silent = [rank for rank, code in enumerate(codes) if code and errors[rank] is None]
        if silent:
            first = self.ended_first if self.ended_first in silent else silent[0]
            raise CourseError(
                f"process {first} of {len(codes)} that trained together was ended "
                f"({_name_of(codes[first])}), which the system does when memory runs out, and the "
                "others ended with it: take fewer processes or smaller steps; with checkpoint=… "
                "the same call goes on"
            )
        if any(codes):
            raise next(error for error in errors if error is not None)

    def _error(self, rank: int) -> Exception | None:
        path = self.folder / f"{ERROR}-{rank}"
        return pickle.loads(path.read_bytes()) if path.exists() else None


def _start(folder: Path, rank: int, told: dict[str, str]) -> subprocess.Popen:
    places = [place or str(Path.cwd()) for place in sys.path]
    path = os.pathsep.join([str(repo_root()), *places])
    return subprocess.Popen(
        [sys.executable, "-m", "tlhelpers.training.in_several_processes", str(folder), str(rank)],
        env={**os.environ, "PYTHONPATH": path, "PYTHONUTF8": "1", **told},
        stdin=subprocess.DEVNULL,
        # The others would say the same again; their warnings come with the first one's.
        stdout=subprocess.PIPE if rank == 0 else subprocess.DEVNULL,
        stderr=None if rank == 0 else subprocess.DEVNULL,
        encoding="utf-8",
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _name_of(code: int) -> str:
    if code < 0:
        return signal.Signals(-code).name
    return f"exit status {code}"


# ---------------------------------------------------------------- inside of a process


def _main(folder: Path, rank: int) -> int:
    """Make the call; what it returns, or its error, goes into the folder."""
    _end_with_parent(os.getppid())
    try:
        function, arguments = pickle.loads((folder / CALL).read_bytes())
        result = function(*arguments)
        if rank == 0:
            _write(folder / RESULT, result)
    except BaseException as error:
        _write(folder / f"{ERROR}-{rank}", _portable(error))
        return 1
    return 0


def _write(path: Path, value) -> None:
    data = cloudpickle.dumps(value)
    half = path.with_suffix(".half")
    half.write_bytes(data)
    half.replace(path)


def _portable(error: BaseException) -> BaseException:
    """The error itself where it can travel, else one that says the same."""
    try:
        pickle.loads(cloudpickle.dumps(error))
        return error
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")


def _end_with_parent(parent: int) -> None:
    """A process whose starter is gone would wait for its team for ever."""

    def watch():
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    if os.name != "nt":
        threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    sys.exit(_main(Path(sys.argv[1]), int(sys.argv[2])))
