"""What a progress file tells: a table for the learner, and one CSV of many for a teacher."""

from __future__ import annotations

import csv
import glob
import io
import re
import sys
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tlhelpers.errors import CourseError, repo_root
from tlhelpers.setup import progress_store
from tlhelpers.setup.files import write_atomically
from tlhelpers.setup.progress_store import Stored

# What a spreadsheet takes for the start of a formula, in full width too.
FORMULA_STARTS = tuple("=+-@＝＋－＠|%\t\r\n")
EDITED = "edited by hand"


@cache
def course_parts() -> dict[str, tuple[list[str], bool]]:
    """By lesson, its exercises and whether it has a quiz: as its notebook asks for them."""
    parts = {}
    for path in sorted((repo_root() / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        text, lesson = path.read_text(encoding="utf-8"), path.name[:2]
        asked = re.findall(rf'check\(\\"({lesson}\.\d+)\\"', text)
        parts[lesson] = (list(dict.fromkeys(asked)), f'quiz(\\"{lesson}\\"' in text)
    return parts


def lesson_rows(stored: Stored) -> list[dict]:
    """One row per lesson: `lesson`, `solved`, `tried`, `exercises`, `quiz` ("5/6", or empty)."""
    rows = []
    for lesson, (asked, has_quiz) in course_parts().items():
        tried = [stored.exercises[name] for name in asked if name in stored.exercises]
        quiz = stored.quizzes.get(lesson) if has_quiz else None
        ended = quiz is not None and quiz["rounds"] > 0
        rows.append(
            {
                "lesson": lesson,
                "solved": sum(one["solved"] is not None for one in tried),
                "tried": len(tried),
                "exercises": len(asked),
                "quiz": f"{quiz['best']}/{quiz['questions']}" if ended else "",
            }
        )
    return rows


def as_text(stored: Stored) -> str:
    """The learner's table as lines of text, with what is to be told of the file."""
    lines = [f"Progress of {stored.name}"] if stored.name else []
    lines.append("lesson   exercises solved   quiz, best score")
    for row in lesson_rows(stored):
        bar = "█" * row["solved"] + "░" * (row["exercises"] - row["solved"])
        lines.append(
            f"{row['lesson']:7}  {row['solved']:2} of {row['exercises']:<2} {bar:10}  {row['quiz']}"
        )
    return "\n".join([*lines, *remarks(stored)])


def remarks(stored: Stored) -> list[str]:
    """What is to be told of a file, one sentence each."""
    told = []
    if stored.damage:
        told.append(
            f"The progress file is damaged ({stored.damage}); the next check or quiz puts it aside."
        )
    if stored.edited:
        told.append("The progress file was edited by hand.")
    return told


def show(name: str | None) -> int:
    """Print this learner's progress, after keeping a name if one is given."""
    path = progress_store.progress_path()
    if path is None:
        print("Progress is switched off by TLHELPERS_PROGRESS; unset it to keep what you solve.")
        return 0
    if name is not None and (told := progress_store.set_name(path, name)):
        print(told)
    _print(as_text(progress_store.read(path)))
    return 0


def _print(text: str) -> None:
    """Print, also where the terminal has no letter for a bar or for a name."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding))


# ---------------------------------------------------------------- a class


def merge(patterns: Sequence[str], out: Path) -> int:
    """Write one row per file; name those that are damaged or edited, and fail if none can be read.

    A pattern such as ``*.json`` is read here too, for a command line that leaves it alone."""
    files = _files(patterns)
    if any(_same(file, out) for file in files):
        raise CourseError(f"{out} is one of the files to read: name another one with --out")
    rows = [_row(file) for file in files]
    same = Counter(row["name"] for row in rows if row["name"])
    for row in rows:
        if same[row["name"]] > 1:
            row["note"] = "; ".join(filter(None, [row["note"], "this name comes more than once"]))
        if row["note"]:
            _print(f"{row['file']}: {row['note']}")
    write_atomically(out, _csv(rows).encode("utf-8-sig", "backslashreplace"))
    whole = sum(row["whole"] for row in rows)
    _print(f"{out}: {len(rows)} rows, {len(rows) - whole} of them of damaged files")
    return 0 if any(row["read"] for row in rows) else 1


def _files(patterns: Sequence[str]) -> list[Path]:
    """The files in the order given, each once."""
    found: dict[Path, None] = {}
    for pattern in patterns:
        matches = [pattern]
        if not Path(pattern).exists() and glob.has_magic(pattern):
            matches = sorted(glob.glob(pattern))  # noqa: PTH207 (a pattern may be absolute)
            if not matches:
                raise CourseError(f"no file is named like {pattern}: give the learners' files")
        found.update(dict.fromkeys(map(Path, matches)))
    return list(found)


def _same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()


def _row(file: Path) -> dict:
    """What a file tells, or why it tells nothing."""
    row = {"file": str(file), "name": "", "note": "", "stored": None, "whole": False, "read": False}
    try:
        if not file.exists():
            return {**row, "note": "there is no such file"}
        stored = progress_store.read(file)
    except (OSError, CourseError) as error:
        reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
        return {**row, "note": f"cannot be read: {reason}"}
    notes = [f"damaged: {stored.damage}"] if stored.damage else []
    notes += [EDITED] if stored.edited else []
    some = stored.name or stored.exercises or stored.quizzes
    if stored.damage and not some:
        return {**row, "note": "; ".join(notes)}
    told = {"name": stored.name, "note": "; ".join(notes), "stored": stored}
    return {**row, **told, "whole": not stored.damage, "read": True}


def _csv(rows: Sequence[dict]) -> str:
    """The table; a cell is empty where nothing was tried, and 1 or 0 for an exercise."""
    exercises = [name for asked, _ in course_parts().values() for name in asked]
    quizzes = [lesson for lesson, (_, has_quiz) in course_parts().items() if has_quiz]
    text = io.StringIO()
    # Texts in quotation marks: a lone carriage return in one is no end of a line.
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    head = ["name", "file", "note", "solved", "tried", "tries"]
    writer.writerow([*head, *exercises, *(f"quiz {lesson}" for lesson in quizzes)])
    for row in rows:
        cells = [inert(row[key]) for key in head[:3]]
        writer.writerow(cells + _cells(row["stored"], exercises, quizzes))
    return text.getvalue()


def _cells(stored: Stored | None, exercises: Sequence[str], quizzes: Sequence[str]) -> list:
    if stored is None:
        return [""] * (3 + len(exercises) + len(quizzes))
    known = {name: stored.exercises[name] for name in exercises if name in stored.exercises}
    solved = {name: int(entry["solved"] is not None) for name, entry in known.items()}
    tries = sum(entry["tries"] for entry in known.values())
    ended = {lesson: one["best"] for lesson, one in stored.quizzes.items() if one["rounds"]}
    return [
        *(sum(solved.values()), len(known), tries),
        *(solved.get(name, "") for name in exercises),
        *(ended.get(lesson, "") for lesson in quizzes),
    ]


def inert(text: str) -> str:
    """A text that a spreadsheet shows and does not run: one that would begin a formula gets a
    straight quotation mark in front, as spreadsheets do it themselves."""
    return f"'{text}" if text.lstrip(" \u00a0\ufeff").startswith(FORMULA_STARTS) else text
