"""The learner's progress: a small file on this machine, and a table of it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pandas as pd

from tlhelpers.course.exercise_book import exercises
from tlhelpers.errors import CourseError
from tlhelpers.setup import locks
from tlhelpers.setup.files import read_json, write_json
from tlhelpers.setup.paths import work_dir


def progress() -> pd.DataFrame:
    """Count the exercises of each lesson, and those that this learner solved.

    Returns
    -------
    pandas.DataFrame
        One row per lesson, which is the index (``"02"``), with the whole numbers `solved` (a
        right answer was given), `tried` (right or not) and `exercises` (all there are). A missing
        or damaged progress file counts as an empty one.
    """
    kept = read_progress()
    states = pd.DataFrame(
        {
            "lesson": name[:2],
            "solved": int(kept.get(name) == "right"),
            "tried": int(name in kept),
            "exercises": 1,
        }
        for name in exercises()
    )
    return states.groupby("lesson").sum()


def record_progress(exercise_id: str, state: str) -> str:
    """Keep what became of an answer; "right" stays right, and an open one changes nothing.

    Gives a sentence that says why it could not be kept, and what to do; empty where it was."""
    try:
        path = _progress_file()
        if path and state != "open" and read_json(path).get(exercise_id) != "right":
            _record(path, exercise_id, state)
    except (OSError, CourseError) as error:
        return f"Your progress could not be kept{_reason(error)}."
    return ""


def _record(path: Path, exercise_id: str, state: str) -> None:
    # Two notebooks that check at once take turns, else one would undo the other's.
    with locks.held(path.with_name(f".{path.name}.lock"), waiting=lambda: None):
        kept = _read_whole(path)
        if kept.get(exercise_id) != "right":
            write_json(path, kept | {exercise_id: state})


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
    where = f" in {path.parent}" if (path := _progress_file()) else ""
    return f"{where} ({refused.strerror or refused}): {mend} and run this check again"


def read_progress() -> dict[str, str]:
    """The state of every exercise that was tried: "right" or "wrong" by id."""
    path = _progress_file()
    return {} if path is None else read_json(path)


def _read_whole(path: Path) -> dict[str, str]:
    """What the file holds, to be added to. A damaged one is set aside, not written over.

    An OSError says that it is there and cannot be read, so that nothing takes its place."""
    if not path.exists():
        return {}
    content = path.read_bytes()
    kept = read_json(path)
    if not kept and content.strip() not in (b"", b"{}"):
        path.replace(path.with_name(f"{path.stem}-damaged{path.suffix}"))
    return kept


def _progress_file() -> Path | None:
    """Where progress is kept: ``work/progress.json``; None when it is switched off."""
    setting = os.environ.get("TLHELPERS_PROGRESS", "")
    if setting == "off" or os.environ.get("NBGRADER_EXECUTION"):
        return None
    return Path(setting) if setting else work_dir() / "progress.json"
