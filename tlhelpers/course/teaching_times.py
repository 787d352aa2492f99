"""The table of times for those who teach: ``python3 -m tlhelpers.course.teaching_times``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tlhelpers.course.build import notebooks_of
from tlhelpers.course.contents import COURSE, Lesson, source_dir
from tlhelpers.course.times import Recorded, count_minutes, read_records
from tlhelpers.errors import CourseError, repo_root
from tlhelpers.setup.files import write_atomically

HEAD = """# How long each lesson takes

This file is made by `python3 -m tlhelpers.course.teaching_times`; a test says when it is stale.

- **Computing** was *measured*: one run of the whole lesson, on the machine that
  [lesson_times.csv](../data/results/lesson_times.csv) names, which also tells the memory.
  Lesson 00 and `python3 -m tlhelpers run` tell it for yours.
- **Reading** and **exercises** are *estimates*: nobody has been timed. Words, lines of code,
  cells and exercises are counted and multiplied; the rates stand in
  [times.py](../tlhelpers/course/times.py). A round of the quiz is among the exercises. Talk,
  questions and breaks are in no column.

| lesson | computing, measured | reading, estimated | exercises, estimated | exercises | guide |
|---|---|---|---|---|---|
"""


def times_page() -> str:
    """The whole page, made from the lessons' sources and the stored times."""
    records = read_records()
    rows = [_row(lesson, records) for lesson in COURSE if lesson.ready]
    return HEAD + "".join(f"{row}\n" for row in rows)


def _row(lesson: Lesson, records: dict[str, Recorded]) -> str:
    stem = f"{lesson.number}_{lesson.name}"
    minutes = count_minutes(_learners_cells(source_dir() / f"{stem}.py"))
    record = records.get(stem)
    computing = f"{record.seconds / 60:.1f} min" if record else "not recorded yet"
    link = f"[{lesson.number} {lesson.title}](../notebooks/{stem}.ipynb)"
    guide = f"[guide](lessons/{lesson.number}.md)"
    return (
        f"| {link} | {computing} | {minutes.reading} min | {minutes.exercises} min "
        f"| {minutes.count} | {guide} |"
    )


def _learners_cells(source: Path) -> list:
    """The cells of the learner's notebook of a source, as the build makes it."""
    import nbformat

    made = notebooks_of(source)[repo_root() / "notebooks" / f"{source.stem}.ipynb"]
    return nbformat.reads(made, as_version=4).cells


def main(arguments: list[str] | None = None) -> int:
    """Write ``teaching/times.md``; with ``--check`` only say whether it is stale."""
    parser = argparse.ArgumentParser(prog="python3 -m tlhelpers.course.teaching_times")
    parser.add_argument("--check", action="store_true", help="write nothing, only report")
    check = parser.parse_args(arguments).check
    path = repo_root() / "teaching" / "times.md"
    try:
        page = times_page()
    except CourseError as error:
        print(f"tlhelpers: {error}", file=sys.stderr)
        return 1
    if path.exists() and path.read_text(encoding="utf-8") == page:
        print("teaching/times.md is up to date")
        return 0
    print(f"{'stale' if check else 'wrote'}: teaching/times.md")
    if not check:
        write_atomically(path, page.encode())
    return int(check)


if __name__ == "__main__":
    sys.exit(main())
