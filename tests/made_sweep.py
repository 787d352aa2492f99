"""A sweep of light runs for tests on a cluster: its workers load this file, see `dask_setup`."""

from __future__ import annotations

import os
import time
import zlib
from pathlib import Path

import numpy as np

from tlhelpers.data.texts import TextSet
from tlhelpers.evaluation.trials import Outcome
from tlhelpers.experiments import registry
from tlhelpers.experiments.sweep import Sweep

NAME = "made-on-cluster"
PAUSE = 0.15  # seconds per run


def one_set():
    texts = [f"text {number}" for number in range(40)]
    groups = [f"group {number}" for number in range(40)]
    return {"here": TextSet(texts, np.arange(40) % 2, ["no", "yes"], groups, np.zeros(40))}


def guess_and_note(trial) -> Outcome:
    """A guess from the names of the items; the run is noted with its process."""
    time.sleep(PAUSE)
    with Path(os.environ["RAN"]).open("a") as file:
        file.write(f"{os.getpid()} {trial.seed} {trial.per_class}\n")
    predicted = {
        name: np.array([zlib.crc32(f"{trial.seed} {group}".encode()) % 2 for group in test.groups])
        for name, test in trial.tests().items()
    }
    return Outcome(predicted, {"learned": len(trial.train)})


SWEEP = Sweep(
    NAME, "tlhelpers.experiments.sweep", one_set, lambda: dict.fromkeys("ab", guess_and_note),
    (2, 5), 6,
)  # fmt: skip
TASKS = 24


def dask_setup(worker) -> None:
    """What dask calls in a worker that was started with ``--preload`` and this file."""
    registry.SWEEPS[NAME] = SWEEP


def main() -> None:
    """A client of its own: argv holds the folder to work in and the address of the scheduler."""
    import sys

    from tlhelpers.experiments import running, sweep

    registry.SWEEPS[NAME] = SWEEP
    sweep.repo_root = running.repo_root = lambda: Path(sys.argv[1])
    running.run_sweep(NAME, cluster=sys.argv[2])


if __name__ == "__main__":
    main()
