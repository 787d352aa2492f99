"""The teacher's page on variants: ``python -m tlhelpers.course.grading.variant_table``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tlhelpers.course.contents import COURSE
from tlhelpers.course.exercise_book import exercises
from tlhelpers.course.exercise_kinds import Exercise
from tlhelpers.course.grading.judge import INSIDE
from tlhelpers.course.grading.variants import what_varies
from tlhelpers.errors import repo_root
from tlhelpers.setup.files import write_atomically

START = """# How the exercises vary

Made by `python -m tlhelpers.course.grading.variant_table`; a test says when it is stale.
`python3 -m tlhelpers assignment LESSON --out DIR --seed N` draws one variant of each exercise;
[grading.md](grading.md) tells how it is graded.

A variant has another right answer than the exercise of the course: the tests hand in the open
solution for each of them, and it is refused. "The options in another order" is a weak one: the
letter is another, the sentence behind it is not. Functions get inputs that are drawn, in each
check the same ones, so that a grade can be given twice.

| lesson | exercises | with variants | numbers or specifications | letters |
|---|---|---|---|---|
{counts}

*Judged inside*: in the notebook's own process, where a learner could patch the check.

| exercise | kind | variants | judged |
|---|---|---|---|
{rows}
"""
LETTERS = ["the options in another order"]


def page() -> str:
    """The text of the page."""
    projects = {lesson.number for lesson in COURSE if lesson.is_project}  # judged by a rubric
    book = {name: one for name, one in exercises().items() if name[:2] not in projects}
    lessons = sorted({name[:2] for name in book})
    counts = [_counts(lesson, exercises(lesson)) for lesson in lessons]
    total = ["all", *(sum(row[i] for row in counts) for i in range(1, 5))]
    return START.format(
        counts="\n".join(_row(row) for row in (*counts, total)),
        rows="\n".join(_row(_described(name, one)) for name, one in book.items()),
    )


def _counts(lesson: str, book: dict[str, Exercise]) -> list:
    varied = [what_varies(name) for name in book]
    letters = varied.count(LETTERS)
    some = sum(map(bool, varied))
    return [lesson, len(book), some, some - letters, letters]


def _described(name: str, exercise: Exercise) -> list[str]:
    varied = "; ".join(what_varies(name)) or "none yet: as published"
    return [
        name,
        type(exercise).__name__.lower(),
        varied.replace("|", "\\|"),
        "inside" if name in INSIDE else "outside",
    ]


def _row(cells: list) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def path() -> Path:
    """Where the page lies."""
    return repo_root() / "teaching" / "variants.md"


def main(arguments: list[str] | None = None) -> int:
    """Write the page; with ``--check`` only say whether it is current."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true", help="write nothing, only compare")
    check = parser.parse_args(arguments).check
    current = path().exists() and path().read_text(encoding="utf-8") == page()
    if not current and not check:
        write_atomically(path(), page().encode())
    print(f"{path().name} is {'current' if current else 'stale' if check else 'written'}")
    return int(check and not current)


if __name__ == "__main__":
    sys.exit(main())
