"""The learner's progress: a small file on this machine, and a table of it."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from tlhelpers.course.exercise_book import exercises
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


def record_progress(exercise_id: str, state: str) -> None:
    """Keep what became of an answer; "right" stays right, and an open one changes nothing."""
    path, kept = _progress_file(), read_progress()
    if path is None or state == "open" or kept.get(exercise_id) == "right":
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, kept | {exercise_id: state})


def read_progress() -> dict[str, str]:
    """The state of every exercise that was tried: "right" or "wrong" by id."""
    path = _progress_file()
    return {} if path is None else read_json(path)


def _progress_file() -> Path | None:
    """Where progress is kept: ``work/progress.json``; None when it is switched off."""
    setting = os.environ.get("TLHELPERS_PROGRESS", "")
    if setting == "off" or os.environ.get("NBGRADER_EXECUTION"):
        return None
    return Path(setting) if setting else work_dir() / "progress.json"
