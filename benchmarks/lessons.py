"""Seconds, slowest cell and peak memory of each lesson that starts with an empty cache.

Run it with ``.venv/bin/python benchmarks/lessons.py``; ``benchmarks/README.md`` explains it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rounds import archives, positive, print_machine

from tlhelpers.course.contents import COURSE
from tlhelpers.errors import repo_root

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
    for parent, limit in GROUPS:
        group = Path(parent) / f"lessons-{os.getpid()}"
        if (Path(parent) / limit).exists() or parent == GROUPS[-1][0]:
            group.mkdir()
            (group / limit).write_text(str(int(gigabytes * 2**30)))
            try:
                yield group
            finally:
                group.rmdir()
            return


def run_lesson(number: str, options: list[str], group: Path | None) -> tuple[dict | None, str]:
    """Run one lesson; gives what ``run`` noted of it, None if that is nothing, and all it said."""
    command = [sys.executable, "-m", "tlhelpers", "run", number, *options]

    def sit_down() -> None:  # the process moves itself, and what it starts follows it
        if group:
            (group / "cgroup.procs").write_text("0")

    noted = repo_root() / "build" / "run" / "run.json"
    noted.unlink(missing_ok=True)
    with empty_cache() as cache:
        done = subprocess.run(
            command, cwd=repo_root(), env={**os.environ, "TLHELPERS_CACHE": str(cache)}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=sit_down,
        )  # fmt: skip
    return (json.loads(noted.read_text())[0] if noted.exists() else None), done.stdout


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
    parser = argparse.ArgumentParser()
    parser.add_argument("lessons", nargs="*", help="e.g. 02 06; all when left out")
    parser.add_argument("--jobs", type=positive, help="the most processes that a lesson starts")
    parser.add_argument("--seat", type=float, metavar="GB", help="run in so much memory")
    parser.add_argument("--record", action="store_true", help="keep the times in data/results")
    options = parser.parse_args()
    passed_on = ["--jobs", str(options.jobs)] if options.jobs else []
    passed_on += ["--record"] if options.record else []
    print_machine()
    print("\n| lesson | seconds | slowest cell, s | peak, MB | its own, MB | claims held |")
    print("|---|--:|--:|--:|--:|--:|")
    failed, logs = False, repo_root() / "build" / "lessons"
    logs.mkdir(parents=True, exist_ok=True)
    with seat(options.seat) as group:
        for number in options.lessons or [each.number for each in COURSE if each.ready]:
            noted, told = run_lesson(number, passed_on, group)
            (logs / f"{number}.txt").write_text(told)
            print(row_of(number, noted), flush=True)
            good = noted and not noted["error"] and all(c["held"] for c in noted["claims"])
            failed = failed or not good
    print(f"what each of them said, cell by cell: {logs}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
