"""What a progress file tells: a table for the learner, and one CSV of many for a teacher."""

from __future__ import annotations

import csv
import glob
import io
import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tlhelpers.errors import CourseError, repo_root
from tlhelpers.setup import progress_store
from tlhelpers.setup.files import write_atomically
from tlhelpers.setup.progress_store import Stored

# What a spreadsheet takes for the start of a formula, in full width too.
FORMULA_STARTS = tuple("=+-@＝＋－＠|%\t\r\n")
EDITED = "edited by hand"
# The columns of a class's table about predictions.
PREDICTED = (
    "predictions", "choices predicted", "choices right", "numbers predicted",
    "mean distance in points", "intervals", "intervals that hold the prediction",
)  # fmt: skip


@cache
def _notebooks() -> dict[str, str]:
    """The text of each lesson's notebook, by its number."""
    paths = sorted((repo_root() / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    return {path.name[:2]: path.read_text(encoding="utf-8") for path in paths}


@cache
def course_parts() -> dict[str, tuple[list[str], bool]]:
    """By lesson, its exercises and whether it has a quiz: as its notebook asks for them."""
    parts = {}
    for lesson, text in _notebooks().items():
        asked = re.findall(rf'check\(\\"({lesson}\.\d+)\\"', text)
        parts[lesson] = (list(dict.fromkeys(asked)), f'quiz(\\"{lesson}\\"' in text)
    return parts


@cache
def predictions_asked() -> dict[str, list[str]]:
    """By lesson, the predictions that its notebook asks for."""
    return {
        lesson: re.findall(rf'record_prediction\(\\"({lesson}\.[a-z0-9-]+)\\"', text)
        for lesson, text in _notebooks().items()
    }


@dataclass(frozen=True)
class Predicted:
    """What became of predictions that were made before their outcome was shown."""

    made: int
    choices: int  # whose outcome was shown, and how many of them came out so
    right: int
    distances: tuple[float, ...]  # in points, of numbers whose outcome was shown
    intervals: int  # of such outcomes, and how many of them hold the prediction
    held: int

    @property
    def distance(self) -> float | None:
        """The mean distance in points."""
        return sum(self.distances) / len(self.distances) if self.distances else None


def predicted(stored: Stored) -> Predicted:
    """Count the predictions of all lessons; what was written after the outcome is left out."""
    made = [one for one in stored.predictions.values() if one["given"] is not None]
    ended = [one for one in made if one["outcome"] is not None]
    choices = [one for one in ended if one["kind"] == "choice"]
    numbers = [one for one in ended if one["kind"] == "number"]
    bounded = [one for one in numbers if one["interval"] is not None]
    return Predicted(
        made=len(made),
        choices=len(choices),
        right=sum(one["given"] == one["outcome"] for one in choices),
        distances=tuple(abs(one["given"] - one["outcome"]) for one in numbers),
        intervals=len(bounded),
        held=sum(one["interval"][0] <= one["given"] <= one["interval"][1] for one in bounded),
    )


def predictions_in_words(stored: Stored) -> list[str]:
    """How many predictions were made and how good they were; nothing before the first one."""
    counted = predicted(stored)
    if not counted.made:
        return []
    told = [f"Predictions made before the outcome was shown: {counted.made}."]
    if counted.choices:
        told.append(f"Choices that came out so: {counted.right} of {counted.choices}.")
    if counted.distances:
        of = f"{len(counted.distances)} number{'' if len(counted.distances) == 1 else 's'}"
        told.append(f"Mean distance of {of}: {counted.distance:.1f} points.")
    if counted.intervals:
        told.append(f"Intervals that hold the prediction: {counted.held} of {counted.intervals}.")
    return [" ".join(told)]


def lesson_rows(stored: Stored) -> list[dict]:
    """One row per lesson: `lesson`, `solved`, `tried`, `exercises`, `quiz` ("5/6", or empty), and
    of its `predictions` how many were `predicted` before their outcome was shown."""
    rows = []
    for lesson, (asked, has_quiz) in course_parts().items():
        tried = [stored.exercises[name] for name in asked if name in stored.exercises]
        quiz = stored.quizzes.get(lesson) if has_quiz else None
        ended = quiz is not None and quiz["rounds"] > 0
        foretold = predictions_asked()[lesson]
        kept = [stored.predictions[name] for name in foretold if name in stored.predictions]
        rows.append(
            {
                "lesson": lesson,
                "solved": sum(one["solved"] is not None for one in tried),
                "tried": len(tried),
                "exercises": len(asked),
                "quiz": f"{quiz['best']}/{quiz['questions']}" if ended else "",
                "predicted": sum(one["given"] is not None for one in kept),
                "predictions": len(foretold),
            }
        )
    return rows


def as_text(stored: Stored) -> str:
    """The learner's table as lines of text, with what is to be told of the file."""
    lines = [f"Progress of {stored.name}"] if stored.name else []
    lines.append("lesson   exercises solved   quiz, best score   predicted")
    for row in lesson_rows(stored):
        bar = "█" * row["solved"] + "░" * (row["exercises"] - row["solved"])
        line = f"{row['lesson']:7}  {row['solved']:2} of {row['exercises']:<2} {bar:10}  "
        line += f"{row['quiz']:16}   {in_words(row)}"
        lines.append(line.rstrip())
    return "\n".join([*lines, *predictions_in_words(stored), *remarks(stored)])


def in_words(row: dict) -> str:
    """How many of a lesson's predictions were made; empty where it asks for none."""
    return f"{row['predicted']} of {row['predictions']}" if row["predictions"] else ""


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
    some = stored.name or any(stored.content[part] for part in progress_store.PARTS)
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
    asked = [*exercises, *(f"quiz {lesson}" for lesson in quizzes)]
    writer.writerow([*head, *asked, *PREDICTED])
    for row in rows:
        cells = [inert(row[key]) for key in head[:3]]
        writer.writerow(cells + _cells(row["stored"], exercises, quizzes))
    return text.getvalue()


def _cells(stored: Stored | None, exercises: Sequence[str], quizzes: Sequence[str]) -> list:
    if stored is None:
        return [""] * (3 + len(exercises) + len(quizzes) + len(PREDICTED))
    known = {name: stored.exercises[name] for name in exercises if name in stored.exercises}
    solved = {name: int(entry["solved"] is not None) for name, entry in known.items()}
    tries = sum(entry["tries"] for entry in known.values())
    ended = {lesson: one["best"] for lesson, one in stored.quizzes.items() if one["rounds"]}
    return [
        *(sum(solved.values()), len(known), tries),
        *(solved.get(name, "") for name in exercises),
        *(ended.get(lesson, "") for lesson in quizzes),
        *_predicted_cells(predicted(stored)),
    ]


def _predicted_cells(counted: Predicted) -> list:
    """Counts, in the order of `PREDICTED`; the distance is empty where there is none."""
    distance = "" if counted.distance is None else round(counted.distance, 1)
    return [
        *(counted.made, counted.choices, counted.right),
        *(len(counted.distances), distance),
        *(counted.intervals, counted.held),
    ]


def inert(text: str) -> str:
    """A text that a spreadsheet shows and does not run: one that would begin a formula gets a
    straight quotation mark in front, as spreadsheets do it themselves."""
    return f"'{text}" if text.lstrip(" \u00a0\ufeff").startswith(FORMULA_STARTS) else text
