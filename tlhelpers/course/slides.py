"""Slides of the lessons: one page each, which opens without a network and without a server."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from tlhelpers.course.runner import count_of_jobs, find_lessons
from tlhelpers.errors import CourseError, repo_root
from tlhelpers.setup.files import write_atomically
from tlhelpers.setup.stopping import run_stoppable

STOPPED = "tlhelpers: stopped; make the slides again, they go on where they were"


def make_slides(
    lessons: Sequence[Path],
    out: Path,
    cache: Path,
    others: Iterable[Path] = (),
    *,
    solutions: bool = False,
    jobs: int | None = None,
    echo: Callable[[str], object] = print,
) -> list[str]:
    """Write a page of slides for each lesson; gives the names of lessons that did not run.

    Lessons are executed as for the book, in `cache` or taken from `others`. `solutions` puts the
    answer of each exercise on a slide below it."""
    from tlhelpers.course.book_execution import executed_lesson
    from tlhelpers.course.slide_page import page_of

    _make_folder(out)
    failed, others = [], list(others)
    for path in lessons:
        lesson = executed_lesson(path, cache, others, echo, jobs)
        if lesson.error:
            echo(f"{lesson.stem} did not run to its end, so it has no slides: {lesson.error}")
            failed.append(lesson.stem)
            continue
        page = out / f"{lesson.stem}.html"
        write_atomically(page, page_of(lesson.notebook, lesson.stem, solutions).encode())
        echo(f"{page} ({page.stat().st_size / 1e6:.1f} MB)")
    return failed


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CourseError(
            f"{out} cannot be made ({error.strerror or error}): name another folder with --out"
        ) from None


def main(arguments: list[str] | None = None) -> int:
    """The command ``python3 -m tlhelpers slides``: 0 if all lessons ran and have slides."""
    build = repo_root() / "build"
    parser = argparse.ArgumentParser(prog="tlhelpers slides")
    parser.add_argument("lessons", nargs="*", metavar="LESSON", help="e.g. 02; all when left out")
    parser.add_argument("--out", type=Path, default=build / "slides")
    parser.add_argument("--solutions", action="store_true", help="with answers to the exercises")
    parser.add_argument(
        "--jobs", type=count_of_jobs, help="the most processes that a lesson starts"
    )
    options = parser.parse_args(arguments)
    return run_stoppable(lambda: _make(options), STOPPED)


def _make(options) -> int:
    build = repo_root() / "build"
    failed = make_slides(
        find_lessons(options.lessons),
        options.out.expanduser().resolve(),
        build / "book-cache" / "executed",
        [build / "run"],
        solutions=options.solutions,
        jobs=options.jobs,
        echo=partial(print, flush=True),
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
