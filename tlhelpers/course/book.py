"""The book: a static site of executed lessons, glossary, reference, data card and results."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tlhelpers.course.runner import count_of_jobs, find_lessons
from tlhelpers.errors import CourseError, repo_root
from tlhelpers.setup.stopping import run_stoppable

# What executes notebooks takes seconds to load: inside functions, so that Ctrl-C is heeded then.
if TYPE_CHECKING:
    from tlhelpers.course.book_execution import ExecutedLesson

STOPPED = "tlhelpers: stopped; make the book again, it goes on where it was"
MARK = ".transfer-learning-book"  # lies in each folder that a book was made in
OF_SPHINX = ("genindex", "search", "py-modindex")  # pages that have no source


@dataclass
class Book:
    """A made book: its folder, its lessons, and what is wrong with it."""

    out: Path
    lessons: list[ExecutedLesson]
    warnings: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every lesson ran to its end and the pages have no fault."""
        return not (self.warnings or self.faults or any(one.error for one in self.lessons))


def make_book(
    lessons: Sequence[Path],
    out: Path,
    cache: Path,
    others: Iterable[Path] = (),
    *,
    tables: Sequence[Path] | None = None,
    reference: bool = True,
    pdf: bool = False,
    jobs: int | None = None,
    echo: Callable[[str], object] = print,
) -> Book:
    """Make or renew a book of notebooks with solutions.

    `cache` holds executed lessons, sources and what Sphinx knows of them; executed lessons are
    also looked for in `others`. A lesson that fails is in the book as far as it came. `tables` are
    all that are stored when left out; `reference` takes in the helpers' docstrings; `pdf` prints
    each lesson."""
    from tlhelpers.course.book_checks import faults_of
    from tlhelpers.course.book_execution import executed_lesson
    from tlhelpers.course.book_pages import Sources
    from tlhelpers.course.book_pdf import find_browser
    from tlhelpers.course.book_site import make_site
    from tlhelpers.course.book_tables import stored_tables

    browser = find_browser() if pdf else ""
    _claim_folder(out)
    others = list(others)
    done = []
    for path in lessons:
        done.append(executed_lesson(path, cache / "executed", others, echo, jobs))
        echo(_state(done[-1]))
    found = stored_tables() if tables is None else tables
    sources = Sources(cache / "source", done, found, reference, pdf)
    sources.write()
    echo("the pages")
    book = Book(out, done, make_site(sources.folder, out, cache / "doctrees"))
    _remove_old(out, sources.folder)
    _print_lessons(book, browser, echo)
    book.faults += faults_of(out)
    return book


def _claim_folder(out: Path) -> None:
    """Make the folder of a book; one that holds something else is not touched."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()) and not (out / MARK).exists():
            raise CourseError(
                f"{out} holds files that are no book: name an empty folder with --out"
            )
        (out / MARK).touch()
        (out / ".nojekyll").touch()  # else GitHub's pages leave out what begins with _
    except OSError as error:
        raise CourseError(
            f"{out} cannot be written ({error.strerror or error}): name another folder with --out"
        ) from None


def _state(lesson: ExecutedLesson) -> str:
    if lesson.error:
        return f"{lesson.stem}: FAILED, shown as far as it came"
    return f"{lesson.stem}: {'executed' if lesson.executed_now else 'as executed before'}"


def _remove_old(out: Path, source: Path) -> None:
    """Remove pages and figures that an earlier book had and this one has not."""
    names = {path.relative_to(source).with_suffix("").as_posix() for path in source.rglob("*.*")}
    for path in out.rglob("*.html"):
        name = path.relative_to(out).with_suffix("").as_posix()
        if name not in names and name not in OF_SPHINX:
            path.unlink()
    for path in (out / "_static" / "figures").glob("*.png"):
        if not (source / path.relative_to(out)).exists():
            path.unlink()


def _print_lessons(book: Book, browser: str, echo: Callable) -> None:
    """A PDF of each lesson; without a browser those of an earlier book go."""
    from tlhelpers.course.book_pdf import print_pdf

    wanted = {f"{lesson.stem}.pdf" for lesson in book.lessons} if browser else set()
    for path in (book.out / "pdf").glob("*.pdf"):
        if path.name not in wanted:
            path.unlink()
    for name in sorted(wanted):
        page = book.out / "lessons" / Path(name).with_suffix(".html")
        echo(f"pdf/{name}")
        print_pdf(page, book.out / "pdf" / name, browser)


def report(book: Book, seconds: float) -> str:
    """What was made and what is wrong with it, as text."""
    files = [path for path in book.out.rglob("*") if path.is_file()]
    pages = sum(path.suffix == ".html" for path in files)
    size = sum(path.stat().st_size for path in files) / 1e6
    ran = sum(lesson.executed_now for lesson in book.lessons)
    lines = [
        "",
        f"{len(book.lessons)} lessons, {ran} of them executed now; {pages} pages, {size:.1f} MB, "
        f"in {seconds:.0f} seconds: open {book.out / 'index.html'}",
    ]
    for lesson in book.lessons:
        if lesson.error:
            lines.append(f"\n{lesson.stem} stopped:\n{lesson.error}")
    lines += [f"Sphinx: {warning}" for warning in book.warnings]
    lines += [f"fault: {fault}" for fault in book.faults]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """The command ``python3 -m tlhelpers book``: 0 if all lessons ran and the pages are whole."""
    build = repo_root() / "build"
    parser = argparse.ArgumentParser(prog="tlhelpers book")
    parser.add_argument("lessons", nargs="*", metavar="LESSON", help="e.g. 02; all when left out")
    parser.add_argument("--out", type=Path, default=build / "book")
    parser.add_argument("--from", dest="executed", type=Path, default=build / "run")
    parser.add_argument("--pdf", action="store_true", help="print each lesson, too")
    parser.add_argument(
        "--jobs", type=count_of_jobs, help="the most processes that a lesson starts"
    )
    options = parser.parse_args(arguments)
    return run_stoppable(lambda: _make(options), STOPPED)


def _make(options) -> int:
    begin = time.monotonic()
    book = make_book(
        find_lessons(options.lessons),
        options.out.expanduser().resolve(),
        repo_root() / "build" / "book-cache",
        [options.executed.expanduser().resolve()],
        pdf=options.pdf,
        jobs=options.jobs,
        echo=partial(print, flush=True),
    )
    print(report(book, time.monotonic() - begin), flush=True)
    return 0 if book.ok else 1


if __name__ == "__main__":
    sys.exit(main())
