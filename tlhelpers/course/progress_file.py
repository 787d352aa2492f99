"""The learner's progress in the notebook: what a check or a quiz keeps, and a table of it."""

from __future__ import annotations

import errno
import html
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from tlhelpers.errors import CourseError
from tlhelpers.setup import progress_report, progress_store
from tlhelpers.setup.progress_store import Stored

BAR = "display:inline-block;height:.8em;width:"


class Progress:
    """How far a learner is; the last line of a cell shows it.

    Parameters
    ----------
    stored : Stored
        What the progress file holds.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per lesson, which is the index (``"02"``), with the whole numbers `solved` (a
        right answer was given), `tried` (right or not) and `exercises` (all there are), `quiz`, the
        best score of a round (``"5/6"``), empty before the first one is ended, and the whole
        numbers `predicted` (before the outcome was shown) and `predictions` (all there are).
    """

    def __init__(self, stored: Stored):
        self._stored = stored
        self.table = pd.DataFrame(progress_report.lesson_rows(stored)).set_index("lesson")

    def __repr__(self) -> str:
        return progress_report.as_text(self._stored)

    def _repr_html_(self) -> str:
        """A table with a bar for each lesson; what was typed is text and nothing else."""
        rows = "".join(_html_row(lesson, row) for lesson, row in self.table.iterrows())
        name = self._stored.name
        title = f"<caption>Progress of {html.escape(name)}</caption>" if name else ""
        head = "".join(
            f'<th scope="col">{words}</th>'
            for words in ("lesson", "exercises solved", "as a bar", "quiz, best score", "predicted")
        )
        lines = progress_report.predictions_in_words(self._stored)
        lines += progress_report.remarks(self._stored)
        told = "".join(f"<p>{html.escape(one)}</p>" for one in lines)
        return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{told}"


def _html_row(lesson: str, row: pd.Series) -> str:
    bar = "".join(
        f'<span style="{BAR}{count}em;background:{colour}"></span>'
        for count, colour in (
            (row["solved"], "#0072B2"),
            (row["tried"] - row["solved"], "#E69F00"),
            (row["exercises"] - row["tried"], "#DDDDDD"),
        )
    )
    words = f"{row['solved']} of {row['exercises']}"
    if row["tried"] > row["solved"]:
        words += f", {row['tried'] - row['solved']} tried"
    shown = (row["quiz"], progress_report.in_words(row))
    cells = f'<td>{words}</td><td aria-hidden="true">{bar}</td>'
    cells += "".join(f"<td>{one}</td>" for one in shown)
    return f'<tr><th scope="row">{lesson}</th>{cells}</tr>'


def progress() -> Progress:
    """Draw how many exercises of each lesson this learner solved, the scores in its quiz, and how
    many predictions were made; below stands how good they were.

    Returns
    -------
    Progress
        A still table with bars: blue for solved, orange for tried, grey for the others. A missing
        file counts as an empty one; of a damaged one, what can be read is shown, with a sentence.

    Raises
    ------
    CourseError
        If a newer version of the course wrote the file.
    """
    return Progress(progress_store.read(progress_store.progress_path()))


def record_progress(exercise_id: str, state: str) -> str:
    """Keep what became of an answer; "right" stays right, and an open one changes nothing.

    Gives a sentence where it could not be kept, or a damaged file was put aside; empty else."""
    if state == "open":
        return ""

    def count(content: dict) -> bool:
        entry = content["exercises"].setdefault(exercise_id, {"tries": 0, "solved": None})
        if entry["solved"] is not None:
            return False
        entry["tries"] += 1
        entry["solved"] = now() if state == "right" else None
        return True

    return keep(count)


def keep(changed: Callable[[dict], bool]) -> str:
    """Let a function change what is kept; a sentence says what went wrong, empty if nothing."""
    try:
        path = progress_store.progress_path()
        if path is None or not _would_change(path, changed):
            return ""
        return progress_store.change(path, changed)
    except (OSError, CourseError) as error:
        return f"Your progress could not be kept{_reason(error)}."


def _would_change(path: Path, changed: Callable[[dict], bool]) -> bool:
    """Whether there is anything to write: a solved exercise needs neither lock nor disk."""
    return changed(progress_store.read(path).content)


def now() -> str:
    """The present time, to the second, in the form that a progress file has."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _reason(error: OSError | CourseError) -> str:
    """What the system refused, also where a lock has put it in words that fit a command."""
    refused = error if isinstance(error, OSError) else error.__context__
    if not isinstance(refused, OSError):
        return f": {error}"
    mend = "make it writable"
    if refused.errno in (errno.ENOSPC, errno.EDQUOT):
        mend = "free some space"
    elif refused.errno in (errno.EEXIST, errno.ENOTDIR):
        mend = "move the file of that name away"
    path = progress_store.progress_path()
    where = f" in {path.parent}" if path else ""
    return f"{where} ({refused.strerror or refused}): {mend} and run this check again"


def read_progress() -> Stored:
    """What is kept, to look at; an OSError or a CourseError says why it cannot be read."""
    return progress_store.read(progress_store.progress_path())
