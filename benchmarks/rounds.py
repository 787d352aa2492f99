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

import numpy as np
import torch

from tlhelpers.models.precision import has_bfloat16
from tlhelpers.setup.cache import archives_of
from tlhelpers.setup.machine import processor_name
from tlhelpers.setup.pins import packages


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
    """So many other processes that compute without end."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(cores)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def archives() -> list[Path]:
    """Those that set-up fetched into the cache."""
    return [path for package in packages() for path in archives_of(package)]


def positive(text: str) -> int:
    """Read a whole number from 1 on for argparse."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"it must be a whole number of at least 1, not {text}")
    return int(text)


def print_machine() -> None:
    """Processor, threads, and whether bfloat16 is computed or emulated."""
    print(f"processor: {processor_name()} ({platform.machine()})")
    print(f"threads: {torch.get_num_threads()}, torch {torch.__version__}")
    print(f"bfloat16 native: {'yes' if has_bfloat16() else 'no'}")
