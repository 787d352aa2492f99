"""What was predicted and what came out, in the progress file and in this notebook's memory."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path

from tlhelpers.checks import known
from tlhelpers.course.prediction_kinds import Given, Outcome, Question
from tlhelpers.course.progress_file import keep, read_progress
from tlhelpers.errors import CourseError
from tlhelpers.setup.progress_store import progress_path

# What could not be written, for as long as the notebook runs: it is shown all the same.
REMEMBERED: dict[str, dict] = {}


def lessons() -> list[str]:
    """The lessons that ask for predictions, ``"02"`` say, in their order."""
    folder = Path(__file__).parent / "prediction_pool"
    return sorted(path.stem[-2:] for path in folder.glob("lesson_[0-9][0-9].py"))


@cache
def pool(lesson: str) -> dict[str, Question]:
    """The questions of one lesson by id, ``"02.hardest"`` say."""
    asked = import_module(f"tlhelpers.course.prediction_pool.lesson_{lesson}").POOL
    return {f"{lesson}.{one.key}": one for one in asked}


def question(name: str) -> Question:
    """The question of an id; a ValueError lists near ones."""
    lesson = str(name)[:2]
    near = [lesson] if lesson in lessons() else lessons()
    asked = {id_: one for number in near for id_, one in pool(number).items()}
    known("prediction", name, asked)
    return asked[name]


def entry_of(name: str, asked: Question) -> dict:
    """What is kept of a prediction; one of another kind, from an older lesson, counts as none."""
    kept = REMEMBERED.get(name)
    if kept is None:
        try:
            kept = read_progress().predictions.get(name)
        except (OSError, CourseError):  # told when a prediction is to be kept
            kept = None
    return _as_asked(kept, asked)


def _as_asked(kept: dict | None, asked: Question) -> dict:
    if kept and kept["kind"] == asked.kind:
        return dict(kept)
    nothing = dict.fromkeys(("given", "later", "outcome", "interval"))
    return {"kind": asked.kind, **nothing, "shown": False}


def keep_prediction(name: str, asked: Question, value: Given) -> str:
    """Keep a prediction; one that comes after the outcome was shown stands beside the first.

    Gives a sentence where it could not be kept; empty else."""

    def give(entry: dict) -> None:
        if not entry["shown"]:
            entry["given"] = value
        elif value != entry["given"]:
            entry["later"] = value

    return _change(name, asked, give)


def keep_outcome(name: str, asked: Question, came_out: Outcome) -> str:
    """Keep what came out first: from then on the prediction stands."""

    def show(entry: dict) -> None:
        if not entry["shown"] and entry["kind"] != "sentence":
            entry["outcome"] = came_out.value
            entry["interval"] = came_out.interval and list(came_out.interval)
        entry["shown"] = True

    return _change(name, asked, show)


def _change(name: str, asked: Question, changed: Callable[[dict], None]) -> str:
    """Change an entry in the file, which another notebook may have changed meanwhile, or here."""
    so_far = entry_of(name, asked)
    REMEMBERED[name] = dict(so_far)
    changed(REMEMBERED[name])

    def in_file(content: dict) -> bool:
        before = content["predictions"].get(name)
        after = _as_asked(before or so_far, asked)
        changed(after)
        content["predictions"][name] = after
        return after != before

    told = keep(in_file)
    if not told and progress_path() is not None:
        del REMEMBERED[name]
    return told
