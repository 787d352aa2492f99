"""What the benchmarks share: ways that take turns on one machine, and what machine it is."""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import numpy as np
import torch

from tlhelpers.models.precision import has_bfloat16
from tlhelpers.setup.cache import archives_of
from tlhelpers.setup.machine import processor_name
from tlhelpers.setup.pins import packages
from tlhelpers.setup.stopping import run_stoppable


def measure(
    ways: dict[str, Callable[[], np.ndarray]], count: int, rounds: int
) -> tuple[dict[str, list[float]], dict[str, np.ndarray]]:
    """Time every way once per round, in turn.

    Parameters
    ----------
    ways : dict of str to callable
    count : int
        Items that each works on.
    rounds : int

    Returns
    -------
    rates : dict of str to list of float
        Items per second, one number per round.
    results : dict of str to float32 array, shape (n, d)
        What the last round gave.
    """
    rates: dict[str, list[float]] = {name: [] for name in ways}
    results: dict[str, np.ndarray] = {}
    for _ in range(rounds):
        for name, way in ways.items():
            start = time.perf_counter()
            results[name] = way()
            rates[name].append(count / (time.perf_counter() - start))
    return rates, results


@contextmanager
def busy(cores: int) -> Iterator[None]:
    """So many other processes that compute without end, and say nothing where they are stopped."""
    endless, others = [sys.executable, "-c", "while True: pass"], []
    try:
        for _ in range(cores):
            others.append(subprocess.Popen(endless, stderr=subprocess.DEVNULL))
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def archives() -> list[Path]:
    """Those that set-up fetched into the cache."""
    return [path for package in packages() for path in archives_of(package)]


def output_of(command: list[str], **options) -> str:
    """What a command says; where somebody stops this process, it may clear up after itself."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options) as process:
        try:
            return process.communicate()[0]
        except KeyboardInterrupt:
            process.terminate()  # where Ctrl-C has reached it, too, it heeds no second signal
            process.communicate()
            raise


def positive(text: str) -> int:
    """Read a whole number from 1 on for argparse."""
    return _whole(text, 1)


def from_nought(text: str) -> int:
    """Read a whole number from 0 on for argparse."""
    return _whole(text, 0)


def _whole(text: str, least: int) -> int:
    if not text.isdecimal() or len(text) > 9 or int(text) < least:
        raise argparse.ArgumentTypeError(
            f"it must be a whole number of at least {least}, not {text}"
        )
    return int(text)


def run(main: Callable[[], int | None]) -> NoReturn:
    """Run a benchmark and end with its status; an error of the course, or Ctrl-C, is one line."""
    sys.exit(run_stoppable(main, "stopped"))


def print_machine() -> None:
    """Processor, threads, and whether bfloat16 is computed or emulated."""
    print(f"processor: {processor_name()} ({platform.machine()})")
    print(f"threads: {torch.get_num_threads()}, torch {torch.__version__}")
    print(f"bfloat16 native: {'yes' if has_bfloat16() else 'no'}")
