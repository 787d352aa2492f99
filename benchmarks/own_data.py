"""Seconds and memory of `compare` on folders and tables of growing size, step by step.

Run it with ``.venv/bin/python benchmarks/own_data.py``; ``benchmarks/README.md`` explains it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rounds import from_nought, positive, print_machine, run

SIZES = {"pictures": (100, 1_000, 10_000), "texts": (1_000, 10_000, 100_000)}
PART = {"pictures": 1_000, "texts": 10_000}  # items that are passed, unless --part says more
UNCOMPARED = ("read", "pass", "heads")
COMPARED = 1_000  # pictures
BOUND = 2 * 10**9  # bytes
MINUTES = 5
Table = dict[tuple[str, int, str], dict[str, float]]


def run_step(step: str, kind: str, folder: Path, count: int, part: int, options) -> dict:
    """What a step took in a fresh process."""
    script = Path(__file__).with_name("own_data_steps.py")
    command = [sys.executable, script, step, kind, folder, f"--count={count}", f"--part={part}"]
    run = subprocess.run([*command, *options], stdout=subprocess.PIPE, text=True, check=False)
    if run.returncode:
        sys.exit(f"{step} on {count:,} {kind} ended with {run.returncode}; its output stands above")
    return json.loads(run.stdout.splitlines()[-1])


def measure_all(kinds: list[str], sizes: list[int] | None, part: int | None, options) -> Table:
    """Every step at every size; each row is printed as soon as it is there."""
    table: Table = {}
    for kind in kinds:
        print_heading(kind)
        for count in sizes or SIZES[kind]:
            passed = min(count, PART[kind] if part is None else part or count)
            with tempfile.TemporaryDirectory() as folder:
                steps = (
                    [*UNCOMPARED, "compare"]
                    if (kind, count) == ("pictures", COMPARED)
                    else UNCOMPARED
                )
                run_step("make", kind, Path(folder), count, passed, options)
                for step in steps:
                    took = run_step(step, kind, Path(folder), count, passed, options)
                    took["scale"] = count / passed if step == "pass" else 1.0
                    table[kind, count, step] = took
                    print_row(table, kind, count, step)
    return table


def print_heading(kind: str) -> None:
    """Names of the columns."""
    print(
        f"\n| {kind} | step | wall s | CPU s | × the size before | peak MB | at its start "
        "| bytes more per item |\n|--:|---|--:|--:|--:|--:|--:|--:|"
    )


def print_row(table: Table, kind: str, count: int, step: str) -> None:
    """One step; compared with the same step at the size before."""
    took = table[kind, count, step]
    scale, about = took["scale"], "~" if took["scale"] > 1 else ""
    before = [n for one, n, of in table if (one, of) == (kind, step) and n < count]
    ratio = more = ""
    if before:
        smaller = table[kind, max(before), step]
        ratio = f"{scale * took['cpu'] / (smaller['scale'] * smaller['cpu']):.1f}"
        passed = count / scale - max(before) / smaller["scale"]
        more = f"{(took['peak'] - smaller['peak']) / passed:,.0f}" if passed else ""
    seconds = " | ".join(f"{about}{scale * took[name]:.1f}" for name in ("wall", "cpu"))
    memory = " | ".join(f"{took[name] / 1e6:,.0f}" for name in ("peak", "before"))
    print(f"| {count:,} | {step} | {seconds} | {ratio} | {memory} | {more} |", flush=True)


def faults(table: Table, cpu_clock: bool) -> list[str]:
    """What is over its bound."""
    found = [
        f"{step} on {count:,} {kind} held {took['peak'] / 1e6:,.0f} MB, over {BOUND / 1e6:,.0f}"
        for (kind, count, step), took in table.items()
        if took["peak"] > BOUND
    ]
    compared = table.get(("pictures", COMPARED, "compare"))
    if compared and compared["cpu" if cpu_clock else "wall"] > 60 * MINUTES:
        found.append(f"comparing {COMPARED:,} pictures took more than {MINUTES} minutes")
    return found


def main() -> None:
    """Read the options, measure, print; the exit status is 1 if something is over its bound."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kind", choices=SIZES, help="one kind alone")
    parser.add_argument("--sizes", type=positive, nargs="+", help="other numbers of items")
    parser.add_argument(
        "--part", type=from_nought, help="items that are passed at most; 0 passes all"
    )
    parser.add_argument("--cpu-clock", action="store_true", help="the five minutes are of CPU time")
    chosen = parser.parse_args()
    print_machine()
    kinds = [chosen.kind] if chosen.kind else list(SIZES)
    sizes = sorted(set(chosen.sizes)) if chosen.sizes else None
    options = ["--cpu-clock"] if chosen.cpu_clock else []
    over = faults(measure_all(kinds, sizes, chosen.part, options), chosen.cpu_clock)
    print("\n" + ("\n".join(over) if over else f"Nothing held more than {BOUND / 1e9:g} GB."))
    sys.exit(bool(over))


if __name__ == "__main__":
    run(main)
