"""How quick this machine is: a fixed piece of work like that of the lessons, about two seconds."""

from __future__ import annotations

import hashlib
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from tlhelpers.errors import CourseError, repo_root
from tlhelpers.setup.files import read_json, write_json
from tlhelpers.setup.machine import processor_name
from tlhelpers.setup.paths import derived_dir

MOST_REPEATS, LEAST_REPEATS = 5, 3
PART_SECONDS = 0.4  # on a slow machine a part is not repeated beyond that
LIBRARIES = ("numpy", "torch")
# Settings that decide how quick those are.
SETTINGS = ("OMP_", "MKL_", "ONEDNN_", "DNNL_", "ATEN_", "MALLOC_", "OPENBLAS_")


def calibration(anew: bool = False) -> float:
    """Seconds that a fixed piece of work takes here: the fewer, the quicker the lessons.

    Measured once for a machine with its libraries and settings, and then kept in the cache; with
    `anew` it is measured and kept again. It knows nothing of a GPU."""
    machine = describe_machine()
    kept = None if anew else _read(machine)
    if kept is None:
        parts = measure()
        kept = sum(parts.values())
        _keep(machine, {"machine": machine, "seconds": kept, "parts": parts})
    return kept


def calibration_by_itself(anew: bool = False) -> float | None:
    """The same, measured in a process of its own: this one then need not load torch.

    None if that process fails."""
    kept = None if anew else _read(describe_machine())
    if kept is not None:
        return kept
    command = [sys.executable, "-m", __name__, *(["--anew"] if anew else [])]
    try:
        done = subprocess.run(
            command, capture_output=True, encoding="utf-8", cwd=repo_root(), timeout=300
        )
        return float(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None


def measure() -> dict[str, float]:
    """Median seconds of each part of the work; about alike on the machine it was made on.

    No random number is drawn: a lesson that calls this goes on as if it had not."""
    return {make.__name__.strip("_"): _median_seconds(make()) for make in PARTS}


def describe_machine() -> dict:
    """What a score holds for: the machine's name, processor, cores, libraries and settings."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "name": platform.node(),
        "processor": processor_name(),
        "cores": cores,
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
        "settings": {k: v for k, v in sorted(os.environ.items()) if k.startswith(SETTINGS)},
    }


def _median_seconds(work: Callable[[], object]) -> float:
    work()  # the first call finds memory and plans
    seconds: list[float] = []
    while len(seconds) < LEAST_REPEATS or (
        len(seconds) < MOST_REPEATS and sum(seconds) < PART_SECONDS
    ):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


# ---------------------------------------------------------------- the work


def _convolutions() -> Callable[[], object]:
    """A block of a mobile network, forward and backward: lessons on pictures do mostly this."""
    import torch
    from torch.nn import functional

    pictures = torch.ones(8, 32, 48, 48)
    wide, deep, narrow = (
        torch.full(shape, 0.01, requires_grad=True)
        for shape in ((96, 32, 1, 1), (96, 1, 3, 3), (32, 96, 1, 1))
    )

    def work():
        hidden = functional.relu6(functional.conv2d(pictures, wide))
        hidden = functional.relu6(functional.conv2d(hidden, deep, padding=1, groups=96))
        loss = functional.conv2d(hidden, narrow).sum()
        return torch.autograd.grad(loss, (wide, deep, narrow))

    return work


def _matrices() -> Callable[[], object]:
    """A transformer's feed-forward layers: lessons on texts do mostly this."""
    import torch
    from torch.nn import functional

    tokens = torch.ones(512, 384)
    up, down = torch.full((384, 1536), 0.01), torch.full((1536, 384), 0.01)

    def work():
        hidden = tokens
        with torch.no_grad():
            for _ in range(3):
                hidden = functional.layer_norm(functional.gelu(hidden @ up) @ down, (384,))
        return hidden

    return work


def _memory() -> Callable[[], object]:
    """Large arrays made, read and given back, as what passes between operators is.

    Above 32 MB, glibc gives memory back to the system each time, unless it is told otherwise."""
    import numpy as np

    array = np.ones(12_000_000, np.float32)

    def work():
        for _ in range(2):
            result = array * 2 + 1
        return result

    return work


def _interpreter() -> Callable[[], object]:
    """Plain Python: tokens, tables, and all that surrounds the arithmetic."""

    def work():
        counts: dict[int, int] = {}
        for number in range(300_000):
            counts[number % 97] = counts.get(number % 97, 0) + number
        return counts

    return work


PARTS = (_convolutions, _matrices, _memory, _interpreter)


# ---------------------------------------------------------------- the kept score


def _file_of(machine: dict) -> Path:
    # Several machines may share one cache folder, each with its own file.
    key = hashlib.sha256(repr(machine).encode()).hexdigest()[:16]
    return derived_dir("calibration") / f"{key}.json"


def _read(machine: dict) -> float | None:
    # A cache that may not be made or written to only means measuring again.
    with suppress(OSError, CourseError):
        kept = read_json(_file_of(machine))
        seconds = kept.get("seconds")
        if kept.get("machine") == machine and isinstance(seconds, float) and seconds > 0:
            return seconds
    return None


def _keep(machine: dict, record: dict) -> None:
    with suppress(OSError, CourseError):
        write_json(_file_of(machine), record)


if __name__ == "__main__":
    print(calibration(anew="--anew" in sys.argv))
