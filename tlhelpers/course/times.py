"""How long a lesson takes: reading and exercises counted, computing scaled to this machine."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from tlhelpers.course.calibration import calibration
from tlhelpers.course.contents import COURSE
from tlhelpers.errors import CourseError, repo_root

if TYPE_CHECKING:
    import pandas as pd

# Carver (1990) measured 200 words a minute for reading that is to be learnt from. Many of our
# readers read in a second language, which takes about a third longer.
WORDS_PER_MINUTE = 150
# Reviews of code find most at 300 to 500 lines an hour; ours is explained before it is shown.
CODE_LINES_PER_MINUTE = 10
# Running a cell and looking at what came out: a number takes less, a figure takes more. To choose
# or to write a prediction, whose one line of code nobody reads, gets as much.
SECONDS_PER_CELL = 20
# Estimates, for nobody has been timed: to choose a letter or to calculate a number, with a hint
# now and then; and to write a function of three to ten lines, with one or two tries that fail.
MINUTES_PER_ANSWER, MINUTES_PER_FUNCTION = 3, 6
# A round of six questions, which ask for less than an exercise: about forty seconds each.
MINUTES_PER_QUIZ = 4

MEASURED_NOWHERE = "an unmeasured time"
RESTORE = "restore it with `git checkout`, or remove it and record it anew with `run --record`"


@dataclass(frozen=True)
class Minutes:
    """What a lesson asks of the learner."""

    reading: int  # prose, code, and looking at what came out
    exercises: int  # and the quiz
    count: int  # how many exercises there are
    quiz: bool = False  # whether there is one round of a quiz, too

    @property
    def exercises_in_words(self) -> str:
        """E.g. ``"16 minutes for 3 exercises and a quiz"``."""
        plural, quiz = "" if self.count == 1 else "s", " and a quiz" if self.quiz else ""
        return f"{_in_minutes(self.exercises)} for {self.count or 'no'} exercise{plural}{quiz}"

    @property
    def reading_in_words(self) -> str:
        """E.g. ``"15 minutes"``."""
        return _in_minutes(self.reading)


def count_minutes(cells: Iterable) -> Minutes:
    """Count the prose, the code, the exercises and the quiz of a notebook's cells.

    Solutions count nothing: they stand in the answers' cells, whose time is the exercises'."""
    words = lines = looks = answers = functions = quizzes = 0
    for cell in cells:
        marks = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "markdown":
            words += sum(any(sign.isalnum() for sign in word) for word in cell.source.split())
        elif cell.cell_type == "code" and marks.get("solution"):
            written = re.search(r"^\s*(def|class) ", cell.source, re.MULTILINE)
            functions, answers = functions + bool(written), answers + (not written)
        elif cell.cell_type == "code" and cell.source.startswith("quiz("):
            quizzes += 1
        elif cell.cell_type == "code" and cell.source.startswith("record_prediction("):
            looks += 1
        elif cell.cell_type == "code" and not marks.get("grade"):
            lines += sum(bool(line.strip()) for line in cell.source.splitlines())
            looks += 1
    minutes = words / WORDS_PER_MINUTE + lines / CODE_LINES_PER_MINUTE
    written = answers * MINUTES_PER_ANSWER + functions * MINUTES_PER_FUNCTION
    return Minutes(
        reading=max(1, round(minutes + looks * SECONDS_PER_CELL / 60)),
        exercises=written + quizzes * MINUTES_PER_QUIZ,
        count=answers + functions,
        quiz=quizzes > 0,
    )


def _in_minutes(count: int) -> str:
    return f"{count} minute{'' if count == 1 else 's'}"


# ---------------------------------------------------------------- computing


@dataclass(frozen=True)
class Recorded:
    """What ``run --record`` kept of a lesson: its seconds, and how quick that machine was."""

    seconds: float
    calibration: float | None  # None where the machine was not calibrated

    def expected(self, here: float | None) -> float:
        """Seconds on a machine whose calibration is `here`; as recorded where one is unknown."""
        if here is None or self.calibration is None:
            return self.seconds
        return self.seconds * here / self.calibration


def times_file() -> Path:
    """Where ``run --record`` keeps the times."""
    return repo_root() / "data" / "results" / "lesson_times.csv"


def read_records(path: Path | None = None) -> dict[str, Recorded]:
    """The stored times by lesson; none without the file, a CourseError for a damaged one."""
    path = path or times_file()
    if not path.exists():
        return {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return _records_in(csv.DictReader(file), path)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CourseError(f"{path} cannot be read ({error}); {RESTORE}") from None


def _records_in(reader: csv.DictReader, path: Path) -> dict[str, Recorded]:
    if not {"lesson", "seconds"} <= set(reader.fieldnames or ()):
        raise CourseError(f"{path}, row 1: it needs the columns lesson and seconds; {RESTORE}")
    records = {}
    for row in reader:
        try:
            score = row.get("calibration_seconds")
            kept = Recorded(_positive(row["seconds"]), _positive(score) if score else None)
            if None in row or not row["lesson"]:  # more cells than columns, or no name
                raise ValueError
        except (TypeError, ValueError):
            raise CourseError(
                f"{path}, row {reader.line_num}: it needs a lesson and its seconds; {RESTORE}"
            ) from None
        records[row["lesson"]] = kept
    return records


def _positive(text: str) -> float:
    number = float(text)
    if not (isfinite(number) and number > 0):
        raise ValueError(text)
    return number


def recorded_times() -> dict[str, float]:
    """Seconds per lesson as ``run --record`` stored them in ``data/results``."""
    return {lesson: record.seconds for lesson, record in read_records().items()}


def computing_in_words(stem: str) -> str:
    """E.g. ``"26 seconds"``, as recorded."""
    seconds = recorded_times().get(stem)
    return MEASURED_NOWHERE if seconds is None else f"{max(1, round(seconds))} seconds"


def lesson_times() -> pd.DataFrame:
    """List how long each lesson takes, with the seconds of computing scaled to this machine.

    The first call takes about two seconds: it times a fixed piece of work and keeps the result in
    the cache. Where a lesson was recorded on a machine that was not timed so, the seconds are
    those of that machine.

    Returns
    -------
    pandas.DataFrame
        One row per lesson, which is the index (``"02"``), with the whole numbers
        `reading_minutes`, `exercise_minutes` (a round of the quiz is in them) and
        `computing_seconds` (expected here; missing where the lesson was never recorded), and
        `scaled` (False where the seconds are as recorded).

    Raises
    ------
    CourseError
        If the stored times are damaged.
    """
    import pandas as pd

    here, records = calibration(), read_records()
    rows = []
    for lesson in (each for each in COURSE if each.ready):
        stem = f"{lesson.number}_{lesson.name}"
        minutes = count_minutes(_cells_of(repo_root() / "notebooks" / f"{stem}.ipynb"))
        record = records.get(stem)
        rows.append(
            {
                "lesson": lesson.number,
                "reading_minutes": minutes.reading,
                "exercise_minutes": minutes.exercises,
                "computing_seconds": None if record is None else round(record.expected(here)),
                "scaled": record is not None and record.calibration is not None,
            }
        )
    return pd.DataFrame(rows).set_index("lesson").astype({"computing_seconds": "Int64"})


def _cells_of(path: Path) -> list[SimpleNamespace]:
    """A notebook's cells, without the seconds that nbformat needs to load."""
    return [
        SimpleNamespace(**{**cell, "source": "".join(cell["source"])})
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
    ]


def speed_in_words() -> str:
    """How quick this machine is and what that means for the course, in one sentence."""
    here, records = calibration(), read_records().values()
    minutes = sum(record.expected(here) for record in records) / 60
    known = sum(record.calibration is not None for record in records)
    if not records:
        return f"calibration {here:.2f} s; no lesson has been recorded"
    scaled = "" if known == len(records) else f" ({len(records) - known} as recorded elsewhere)"
    lessons = f"{len(records)} lesson{'' if len(records) == 1 else 's'}"
    return f"calibration {here:.2f} s: {lessons} take about {minutes:.0f} min to compute{scaled}"


if __name__ == "__main__":
    # What doctor asks the environment's Python for.
    try:
        print(speed_in_words())
    except CourseError as problem:
        sys.exit(f"tlhelpers: {problem}")
