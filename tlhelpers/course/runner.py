"""Run lessons without a browser: progress per cell, times, memory, and the table of claims."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tlhelpers.errors import CourseError, nearest, repo_root
from tlhelpers.setup.stopping import run_stoppable

# What executes notebooks takes seconds to load: inside functions, so that Ctrl-C is heeded then.
if TYPE_CHECKING:
    from tlhelpers.course.execution import LessonRun
    from tlhelpers.course.times import Recorded

STOPPED = "tlhelpers: stopped; nothing of yours was changed"
PEAK = "Peak memory: resident, of the kernel and its processes together,"
MEMORY_IN_WORDS = {
    "shared once": [
        f"{PEAK} shared parts once; of its own:",
        "without pages of libraries, which the system drops where memory is short.",
    ],
    "summed": [
        f"{PEAK} each with shared parts;",
        "of its own: the same, for this system does not tell which parts are shared.",
    ],
}


def find_lessons(names: list[str], learner: bool = False) -> list[Path]:
    """The notebooks, with or without solutions, for names such as "02" or "02_feature_extraction".

    All lessons when there is no name; a CourseError lists the names near an unknown one."""
    folder = repo_root() / "notebooks" / ("" if learner else "solutions")
    known = {path.stem: path for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))}
    chosen = []
    for name in names or known:
        stem = Path(name).name.removesuffix(".ipynb")
        fits = [path for key, path in known.items() if stem in (key, key[:2])]
        if not fits:
            raise CourseError(f"there is no lesson {name!r}: {nearest(stem, known)}")
        chosen += fits
    return chosen


def report(
    runs: list[LessonRun], records: dict[str, Recorded] | None = None, here: float | None = None
) -> str:
    """Two tables as text: the lessons, then every claim with its interval.

    `records` are the stored times, `here` this machine's calibration: they give the seconds
    that were recorded and that were expected."""
    from tlhelpers.course.execution import MEMORY_COUNTED

    records = records or {}
    lines = [
        f"{'':26} {'seconds':^29}",
        f"{'lesson':26} {'recorded':>9} {'expected':>9} {'measured':>9} {'slowest cell':>13} "
        f"{'peak memory':>12} {'of its own':>11} {'claims':>7}",
    ]
    for run in runs:
        record = records.get(run.lesson)
        known = (record.seconds, record.expected(here)) if record else (None, None)
        recorded, expected = (f"{'-' if value is None else f'{value:.1f}':>9}" for value in known)
        lines.append(
            f"{run.lesson:26} {recorded} {expected} {run.seconds:9.1f} "
            f"{run.slowest_seconds:11.1f} s {run.peak_mb:9.0f} MB "
            f"{run.own_mb:8.0f} MB {run.held:>7}{'' if run.ok else '  FAILED'}"
        )
    lines += MEMORY_IN_WORDS[MEMORY_COUNTED]
    lines += _how_expected([records[run.lesson] for run in runs if run.lesson in records], here)
    lines += ["", *(line for run in runs for line in map(_claim_line, run.claims))]
    lines += [f"\n{run.lesson} stopped:\n{run.error}" for run in runs if run.error]
    lines += [f"\n{run.lesson} could not be kept: {run.not_kept}" for run in runs if run.not_kept]
    return "\n".join(lines)


def _how_expected(records: list[Recorded], here: float | None) -> list[str]:
    if not records or here is None:
        return []
    unscaled = sum(record.calibration is None for record in records)
    lines = [f"Expected: what was recorded, times the ratio of calibrations; here {here:.2f} s."]
    if unscaled:
        lines.append(
            f"{unscaled} of {len(records)} were recorded on a machine that was not calibrated: "
            "expected there is what was recorded."
        )
    return lines


def _claim_line(claim: dict) -> str:
    state = "held" if claim["held"] else "NOT HELD"
    return f"{claim['name']:6} {state:8} {claim['sentence']}\n{'':15} {claim['measured']}"


def record(runs: list[LessonRun], path: Path, here: float | None = None) -> None:
    """Keep the lessons' times, and what they were measured on, in a CSV; other rows stay.

    A table that cannot be read is a CourseError."""
    import pandas as pd

    from tlhelpers.course.execution import MEMORY_COUNTED
    from tlhelpers.course.times import read_records
    from tlhelpers.setup.files import write_atomically
    from tlhelpers.setup.machine import processor_name

    read_records(path)  # a damaged table is told before anything is put into it
    known = pd.DataFrame(columns=["lesson"])
    if path.exists():  # as text, so that each row stays as it is
        known = pd.read_csv(path, dtype=str, keep_default_na=False)
    new = pd.DataFrame(
        [
            {
                "lesson": run.lesson,
                "seconds": run.seconds,
                "calibration_seconds": None if here is None else round(here, 4),
                "slowest_cell_seconds": run.slowest_seconds,
                "peak_mb": run.peak_mb,
                "own_mb": run.own_mb,
                "memory_counted": MEMORY_COUNTED,
                "cache": run.cache,
                "date": time.strftime("%Y-%m-%d"),
                "processor": processor_name(),
                "cores": os.cpu_count(),
                "command": f"python3 -m tlhelpers run {run.lesson[:2]} --record",
            }
            for run in runs
        ],
        dtype=object,
    )
    kept = known[~known.lesson.isin(new.lesson)]
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pd.concat([kept, new] if len(kept) else [new]).sort_values("lesson")
    write_atomically(path, table[new.columns].to_csv(index=False).encode())


def main(arguments: list[str] | None = None) -> int:
    """The command ``python3 -m tlhelpers run``: 0 if all lessons ran and all claims held."""
    parser = argparse.ArgumentParser(prog="tlhelpers run")
    parser.add_argument("lessons", nargs="*", metavar="LESSON", help="e.g. 02; all when left out")
    parser.add_argument(
        "--learner", action="store_true", help="run the notebooks without solutions"
    )
    parser.add_argument("--record", action="store_true", help="keep the times in data/results")
    parser.add_argument(
        "--jobs", type=count_of_jobs, help="the most processes that a lesson starts"
    )
    parser.add_argument("--out", type=Path, default=repo_root() / "build" / "run")
    options = parser.parse_args(arguments)
    return run_stoppable(
        lambda: _run_all(find_lessons(options.lessons, options.learner), options), STOPPED
    )


def count_of_jobs(text: str) -> int:
    """Read a number of processes for argparse."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a number of processes is 1 or more, not {text}")
    return int(text)


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CourseError(
            f"{out} cannot be made ({error.strerror or error}): name another folder with --out"
        ) from None


def _run_all(paths: list[Path], options) -> int:
    out = options.out.expanduser().resolve()
    _make_folder(out)

    from tlhelpers.course.execution import run_lesson
    from tlhelpers.course.times import read_records, times_file

    records = read_records()
    here, runs = _calibration(paths, records, options.record), []
    try:
        for path in paths:
            cache = _state_of_cache()
            runs.append(run_lesson(path, out, partial(print, flush=True), options.jobs))
            runs[-1].cache = cache
    finally:  # what ran before somebody stopped it is told too
        if runs:
            print("\n" + report(runs, records, here), flush=True)
    problems = _written(lambda: _summarise(runs, out), out)
    if options.record and all(run.ok for run in runs):
        problems += _written(lambda: record(runs, times_file(), here), times_file())
    for problem in problems:
        print(f"tlhelpers: {problem}", file=sys.stderr)
    done = not problems and all(run.ok and not run.not_kept for run in runs)
    return 0 if done else 1


def _calibration(paths: list[Path], records: dict, anew: bool) -> float | None:
    """How quick this machine is; None where nothing would be compared with it."""
    from tlhelpers.course.calibration import calibration_by_itself

    if not anew and not any(path.stem in records for path in paths):
        return None
    return calibration_by_itself(anew)


def _state_of_cache() -> str:
    """Whether an earlier lesson left features, which a lesson reads in place of computing them."""
    from tlhelpers.setup.paths import cache_path

    try:
        return "filled" if any((cache_path() / "features").iterdir()) else "empty"
    except OSError:  # not there, or not to be looked into, which a lesson cannot either
        return "empty"


def _summarise(runs: list[LessonRun], out: Path) -> None:
    from tlhelpers.setup.files import write_atomically

    summary = json.dumps([asdict(run) for run in runs], indent=1)
    write_atomically(out / "run.json", summary.encode())
    print(f"\nexecuted notebooks and HTML: {out}")


def _written(write: Callable[[], None], where: Path) -> list[str]:
    """Write something; the sentence that says why it could not be, if so."""
    try:
        write()
    except BrokenPipeError:
        raise
    except OSError as error:
        return [f"{where} could not be written ({error.strerror or error}); free or mend it"]
    return []


if __name__ == "__main__":
    sys.exit(main())
