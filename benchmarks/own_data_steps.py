"""One step of `own_data.py`, alone in its process; the last line of its output is what it took."""

from __future__ import annotations

import argparse
import json
import os
import pickle
import sys
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from made_items import write_pictures, write_texts
from rounds import positive, run

from tlhelpers.data.picture_files import open_pictures
from tlhelpers.data.text_files import open_texts
from tlhelpers.models.backbones import load_backbone
from tlhelpers.models.encoder_loading import load_encoder
from tlhelpers.models.features import extract_features
from tlhelpers.models.text_features import encode
from tlhelpers.own_data import comparing
from tlhelpers.own_data.frozen_pass import MOST
from tlhelpers.own_data.sampling import plan_sides
from tlhelpers.own_data.strategies import say_linear, say_neighbours

SPLITS = 10
MINUTES = 5
READ, FEATURES = "read.pickle", "features.npy"
Work = Callable[[], object]


def peak_bytes() -> int:
    """The most memory that this process has held at once."""
    if sys.platform == "linux":
        # `getrusage` counts what the process held that started this one, too.
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        [line] = [line for line in lines if line.startswith("VmHWM:")]
        return 1024 * int(line.split()[1])
    if sys.platform == "win32":
        import psutil

        return psutil.Process().memory_info().peak_wset
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most


def cpu_seconds() -> float:
    """Of this process and of those that it started and that have ended."""
    return sum(os.times()[:4])


def measured(work: Work) -> dict[str, float]:
    """What a piece of work took, and what memory the process held before and at most."""
    before, cpu, wall = peak_bytes(), cpu_seconds(), time.perf_counter()
    work()
    return {
        "wall": time.perf_counter() - wall,
        "cpu": cpu_seconds() - cpu,
        "before": before,
        "peak": peak_bytes(),
    }


# ---------------------------------------------------------------- the steps


def prepare_make(chosen) -> Work:
    """Write the folder or the table."""
    write = write_pictures if chosen.kind == "pictures" else write_texts
    return lambda: write(chosen.folder / "made", chosen.count)


def prepare_read(chosen) -> Work:
    """Open what was made, and keep what was found for the other steps."""

    def read() -> None:
        made = chosen.folder / "made"
        if chosen.kind == "pictures":
            found = open_pictures(made / "pictures.csv", group="thing")
        else:
            found = open_texts(made / "texts.csv", group="author")
        (chosen.folder / READ).write_bytes(pickle.dumps(found))

    return read


def prepare_pass(chosen) -> Work:
    """Frozen features of all items, or of the first `part` of them."""
    data = _found(chosen)[0]
    data = data.subset(np.arange(min(chosen.part, len(data))))
    quiet = {"cache": False, "progress": False}

    def pass_all() -> None:
        if chosen.kind == "pictures":
            rows = extract_features(load_backbone("efficientnet_lite0"), data, **quiet)
        else:
            rows = encode(load_encoder("minilm-l6"), data, **quiet)
        np.save(chosen.folder / FEATURES, rows)

    return pass_all


def prepare_heads(chosen) -> Work:
    """A linear head and nearest neighbours on ten splits, of as many items as a comparison takes.

    Where only a part of the items was passed, the others get the rows of that part, changed a
    little: how long a head takes does not depend on it.
    """
    data = _found(chosen)[0]
    data = data.subset(np.arange(min(MOST, len(data))))
    rows, rng = np.load(chosen.folder / FEATURES), np.random.default_rng(0)
    if len(rows) < len(data):
        rows = rows[np.arange(len(data)) % len(rows)]
        rows += 0.1 * rows.std() * rng.standard_normal(rows.shape, dtype=np.float32)

    def fit_heads() -> None:
        for side in plan_sides(data, range(SPLITS)):
            train = side.draws[1.0]
            for say in (say_linear, say_neighbours):
                say(rows[train], data.labels[train], rows[side.test])

    return fit_heads


def prepare_compare(chosen) -> Work:
    """`compare_own` as a learner calls it, up to where training step by step would begin."""
    data, reading = _found(chosen)
    clock = time.process_time if chosen.cpu_clock else time.monotonic

    def compare() -> None:
        with mock.patch.object(comparing, "run_stepwise", lambda job: None):
            out = chosen.folder / "out"
            comparing.compare_own(data, reading, minutes=MINUTES, out=out, clock=clock)

    return compare


def _found(chosen):
    return pickle.loads((chosen.folder / READ).read_bytes())


STEPS = {
    "make": prepare_make,
    "read": prepare_read,
    "pass": prepare_pass,
    "heads": prepare_heads,
    "compare": prepare_compare,
}


def main() -> None:
    """Do the step that is named, print what it took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("step", choices=STEPS)
    parser.add_argument("kind", choices=("pictures", "texts"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=positive, required=True)
    parser.add_argument("--part", type=positive, required=True)
    parser.add_argument("--cpu-clock", action="store_true")
    chosen = parser.parse_args()
    print(json.dumps(measured(STEPS[chosen.step](chosen))))


if __name__ == "__main__":
    run(main)
