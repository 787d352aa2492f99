"""Memory and seconds of passes over many pictures that stay on disk.

Run it with ``.venv/bin/python benchmarks/from_disk.py``; ``benchmarks/README.md`` explains it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from made_pictures import pictures_of, write_pictures
from rounds import positive, print_machine, run
from tiny_nets import tiny_backbone

from tlhelpers.data.picture_files import open_unlabelled
from tlhelpers.models.features import extract_features
from tlhelpers.training.disk_batches import DiskBatches

SIZE = 96  # pixels of a side, as decoded
BOUND = 10**9  # bytes of growth
WAYS = ("survey", "batches, 0 workers", "batches, 2 workers", "frozen features")


class Watch:
    """The most memory that this process and its children hold while it is open."""

    def __init__(self):
        self.me, self.most, self.over = psutil.Process(), 0, threading.Event()
        self.before = self.held()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def held(self) -> int:
        """Bytes of this process, and of each child what is its own."""
        found = self.me.memory_info().rss
        for child in self.me.children():
            try:
                found += child.memory_full_info().uss
            except psutil.Error:
                continue
        return found

    def watch(self) -> None:
        """Look again and again."""
        while not self.over.wait(0.02):
            self.most = max(self.most, self.held())

    def close(self) -> int:
        """The growth in bytes."""
        self.over.set()
        self.thread.join()
        return max(0, self.most - self.before)


def flipped(picture: torch.Tensor) -> torch.Tensor:
    """An augmentation."""
    return picture.flip(-1) if torch.rand(1) > 0.5 else picture


def use(way: str, folder: Path, files: list[Path]) -> None:
    """One pass over the pictures."""
    if way == "survey":
        open_unlabelled(folder, SIZE)
        return
    pictures = pictures_of(files, SIZE)
    if way == "frozen features":
        extract_features(tiny_backbone(), pictures, cache=False, progress=False)
        return
    workers = int(way.split()[1])
    batches = DiskBatches(pictures, tiny_backbone().transform, flipped, workers=workers)
    assert sum(map(len, batches.one_pass(batch_size=64))) == len(files)


def measure_here(way: str, folder: Path) -> None:
    """Measure one way in this process, which has loaded its libraries by then."""
    files = sorted(folder.glob("*.jpg"))
    if way != "survey":
        use(way, folder, files[:200])
    watch, started = Watch(), time.perf_counter()
    use(way, folder, files)
    seconds = time.perf_counter() - started
    print(json.dumps({"growth": watch.close(), "seconds": seconds, "cpu": time.process_time()}))


def main() -> None:
    """Read the options, measure, print; the exit status is 1 if something is over its bound."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=positive, default=50_000, help="pictures")
    parser.add_argument("--way", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.way:
        measure_here(chosen.way, chosen.folder)
        return
    print_machine()
    whole = chosen.count * SIZE * SIZE * 3
    print(f"{chosen.count:,} JPEG files; decoded at {SIZE} px they are {whole / 1e6:,.0f} MB")
    over = []
    with tempfile.TemporaryDirectory() as folder:
        write_pictures(Path(folder), chosen.count)
        for way in WAYS:
            command = [sys.executable, __file__, "--way", way, "--folder", folder]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            took = json.loads(done.stdout.splitlines()[-1])
            growth, each = took["growth"] / 1e6, 1e3 * took["seconds"] / chosen.count
            print(f"{way:20} {growth:6,.0f} MB more, {took['seconds']:7,.1f} s, ", end="")
            print(f"{each:.2f} ms per picture", flush=True)
            over += [way] * (took["growth"] > BOUND)
    print(f"over {BOUND / 1e9:g} GB: {', '.join(over)}" if over else "None took 1 GB more.")
    sys.exit(bool(over))


if __name__ == "__main__":
    run(main)
