"""Seconds, slowest cell and peak memory of each lesson that starts with an empty cache.

Run it with ``.venv/bin/python benchmarks/lessons.py``; ``benchmarks/README.md`` explains it.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rounds import archives, output_of, positive, print_machine, run

from tlhelpers.course.contents import COURSE
from tlhelpers.course.runner import find_lessons
from tlhelpers.errors import CourseError, repo_root

# Where a control group of Linux' older and newer version is made, and its limit's file.
GROUPS = (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max"))


@contextmanager
def empty_cache() -> Iterator[Path]:
    """Make a cache with the archives that set-up fetched, and nothing that was made of them."""
    with tempfile.TemporaryDirectory() as folder:
        for archive in archives():
            (Path(folder) / archive.name).symlink_to(archive)
        yield Path(folder)


@contextmanager
def seat(gigabytes: float | None) -> Iterator[Path | None]:
    """Make a control group that may use so much memory, as a hub gives to each of its users."""
    if gigabytes is None:
        yield None
        return
    older, newer = GROUPS
    parent, limit = older if Path(*older).exists() else newer
    group = Path(parent) / f"lessons-{os.getpid()}"
    with ExitStack() as at_the_end:
        try:
            group.mkdir()
            at_the_end.callback(remove, group)
            (group / limit).write_text(str(int(gigabytes * 2**30)))
        except OSError as error:
            raise CourseError(
                f"no control group can be made here ({error}): leave --seat out, or ask the "
                "machine's administrator to run this"
            ) from None
        yield group


def remove(group: Path) -> None:
    """Remove a control group; a process in it that lost its parent is on its way out."""
    for _ in range(100):
        with suppress(OSError):
            return group.rmdir()
        time.sleep(0.1)
    return group.rmdir()


def gigabytes(text: str) -> float:
    """Read a size for argparse: less than a tenth holds no Python, no machine has a million."""
    try:
        size = float(text)
    except ValueError:
        size = math.nan
    if not 0.1 <= size <= 1e6:
        raise argparse.ArgumentTypeError(f"it must be a number from 0.1 to a million, not {text}")
    return size


def run_lesson(number: str, options: list[str], group: Path | None) -> tuple[dict | None, str]:
    """Run one lesson; gives what ``run`` noted of it, None if that is nothing, and all it said."""
    command = [sys.executable, "-m", "tlhelpers", "run", number, *options]

    def sit_down() -> None:  # the process moves itself, and what it starts follows it
        if group:
            (group / "cgroup.procs").write_text("0")

    noted = repo_root() / "build" / "run" / "run.json"
    noted.unlink(missing_ok=True)
    with empty_cache() as cache:
        environment = os.environ | {"TLHELPERS_CACHE": str(cache)}
        told = output_of(
            command, cwd=repo_root(), env=environment, stderr=subprocess.STDOUT, preexec_fn=sit_down
        )
    return (json.loads(noted.read_text())[0] if noted.exists() else None), told


def row_of(number: str, noted: dict | None) -> str:
    """One line of the table."""
    if noted is None:
        return f"| {number} | stopped | | | | |"
    claims = [claim["held"] for claim in noted["claims"]]
    error = " (stopped)" if noted["error"] else ""
    return (
        f"| {number}{error} | {noted['seconds']:.0f} | {noted['slowest_seconds']:.1f} | "
        f"{noted['peak_mb']:,.0f} | {noted['own_mb']:,.0f} | {sum(claims)}/{len(claims)} |"
    )


def main() -> int:
    """Run the lessons that are named, one after the other; 1 if one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lessons", nargs="*", help="e.g. 02 06; all when left out")
    parser.add_argument("--jobs", type=positive, help="the most processes that a lesson starts")
    parser.add_argument("--seat", type=gigabytes, metavar="GB", help="run in so much memory")
    parser.add_argument("--record", action="store_true", help="keep the times in data/results")
    options = parser.parse_args()
    asked = options.lessons or [each.number for each in COURSE if each.ready]
    numbers = [path.stem[:2] for path in find_lessons(asked)]
    passed_on = ["--jobs", str(options.jobs)] if options.jobs else []
    passed_on += ["--record"] if options.record else []
    print_machine()
    print("\n| lesson | seconds | slowest cell, s | peak, MB | its own, MB | claims held |")
    print("|---|--:|--:|--:|--:|--:|")
    failed, logs = False, repo_root() / "build" / "lessons"
    logs.mkdir(parents=True, exist_ok=True)
    with seat(options.seat) as group:
        for number in numbers:
            noted, told = run_lesson(number, passed_on, group)
            (logs / f"{number}.txt").write_text(told)
            print(row_of(number, noted), flush=True)
            good = noted and not noted["error"] and all(c["held"] for c in noted["claims"])
            failed = failed or not good
    print(f"what each of them said, cell by cell: {logs}")
    return int(failed)


if __name__ == "__main__":
    run(main)
