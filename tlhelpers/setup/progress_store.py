"""The learner's progress as a file: JSON with a format number, never written over when damaged.

Only the standard library: ``python3 -m tlhelpers progress`` needs no environment."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tlhelpers.errors import CourseError
from tlhelpers.setup import locks
from tlhelpers.setup.files import create_atomically, write_atomically
from tlhelpers.setup.paths import work_dir

FORMAT = 3  # 2 had no predictions, 1 neither tries nor times
LARGEST = 1_000_000  # bytes; a whole course of answers takes some ten thousand
PARTS = ("exercises", "quizzes", "predictions")
EXERCISE, LESSON = re.compile(r"\d\d\.\d{1,2}"), re.compile(r"\d\d")
PREDICTION = re.compile(r"\d\d\.[a-z]+(-[a-z0-9]+){0,5}")
LONGEST_NAME, LONGEST_SENTENCE = 80, 200


@dataclass(frozen=True)
class Stored:
    """What a progress file holds, and what is wrong with it."""

    content: dict
    damage: str = ""  # why it is not whole; `content` is then what could be read of it
    edited: bool = False  # whether somebody changed it by hand

    @property
    def exercises(self) -> dict[str, dict]:
        """By id: `tries`, and `solved`, the time of the first right answer or None."""
        return self.content["exercises"]

    @property
    def quizzes(self) -> dict[str, dict]:
        """By lesson: `best` and `last` score, `questions` in a round, `rounds` that were ended."""
        return self.content["quizzes"]

    @property
    def predictions(self) -> dict[str, dict]:
        """By id: `kind`, what was `given` before the outcome was `shown`, what was written `later`,
        the first `outcome` and its `interval`; None where there is none."""
        return self.content["predictions"]

    @property
    def name(self) -> str:
        """What the learner wants to be called; empty where nothing was typed."""
        return self.content["name"]


def progress_path() -> Path | None:
    """Where progress is kept: ``work/progress.json``; None when it is switched off."""
    setting = os.environ.get("TLHELPERS_PROGRESS", "")
    if setting == "off" or os.environ.get("NBGRADER_EXECUTION"):
        return None
    return Path(setting) if setting else work_dir() / "progress.json"


def empty() -> dict:
    """The content of a new file."""
    return {"format": FORMAT, "name": "", "edited": False, **{part: {} for part in PARTS}}


# ---------------------------------------------------------------- reading


def read(path: Path | None) -> Stored:
    """Read a file; a missing one is empty, a damaged one gives what is whole in it.

    An OSError says that it cannot be read, a CourseError that a newer course wrote it."""
    try:
        with Path(path or os.devnull).open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        return Stored(empty())
    if len(data) > LARGEST:
        return Stored(empty(), "it is larger than any progress file")
    try:
        record = json.loads(data) if data.strip() else {}
    except (ValueError, RecursionError):  # the last of brackets without end
        return Stored(empty(), "it is no JSON")
    if not isinstance(record, dict):
        return Stored(empty(), "it is no record of a progress")
    return _checked(record, path)


def _checked(record: dict, path: Path | None) -> Stored:
    """Bring a record to the present format, entry by entry."""
    number = record.get("format", 1)
    if not _is_count(number, least=1):
        return Stored(empty(), "its format is no number")
    if number > FORMAT:
        raise CourseError(
            f"{path} was written by a newer version of this course (format {number}; this one "
            f"reads up to {FORMAT}): update the course, the file stays as it is"
        )
    if number == 1:
        record, edited = _from_first(record), False
    else:
        edited = record.get("edited") is True or record.get("checksum") != checksum(record)
    content, faults = _whole_entries(record)
    content["edited"] = edited
    return Stored(content, f"{' and '.join(faults)} cannot be read" if faults else "", edited)


def _from_first(record: dict) -> dict:
    """The first format had "right" or "wrong" by exercise: neither how often, nor when."""
    states = {"right": {"tries": 1, "solved": ""}, "wrong": {"tries": 1, "solved": None}}
    entries = {
        name: states.get(state) if isinstance(state, str) else None
        for name, state in record.items()
    }
    return {**empty(), "exercises": entries}


def _whole_entries(record: dict) -> tuple[dict, list[str]]:
    """The entries that have the right form, and the names of what has another."""
    content, faults = empty(), []
    name = record.get("name", "")
    if _is_name(name):
        content["name"] = name
    else:
        faults.append("its name")
    for part, is_whole in zip(PARTS, (_is_exercise, _is_quiz, _is_prediction), strict=True):
        entries = record.get(part, {})
        whole = entries if isinstance(entries, dict) else {}
        content[part] = {key: entry for key, entry in whole.items() if is_whole(key, entry)}
        left_out = len(whole) - len(content[part]) + (whole is not entries)
        if left_out:
            faults.append(f"{left_out} of its {part}")
    return content, faults


def _is_name(name: object) -> bool:
    return isinstance(name, str) and len(name) <= LONGEST_NAME and name.isprintable()


def _is_exercise(name: str, entry: object) -> bool:
    return (
        bool(EXERCISE.fullmatch(name))
        and isinstance(entry, dict)
        and _is_count(entry.get("tries"), least=1)
        and (entry.get("solved") is None or _is_time(entry["solved"]))
    )


def _is_quiz(lesson: str, entry: object) -> bool:
    if not (LESSON.fullmatch(lesson) and isinstance(entry, dict)):
        return False
    numbers = [entry.get(key) for key in ("rounds", "best", "last", "questions", "seed")]
    given = entry.get("answers")
    return (
        all(_is_count(number) for number in numbers)
        and max(numbers[1:3]) <= numbers[3]
        and isinstance(given, dict)
        and all(_is_answer(one) for one in given.values())
    )


def _is_answer(one: object) -> bool:
    """A first answer and whether it was right, as a quiz keeps them."""
    return (
        isinstance(one, list)
        and len(one) == 2
        and isinstance(one[0], str)
        and len(one[0]) <= LONGEST_NAME
        and isinstance(one[1], bool)
    )


def _is_prediction(name: str, entry: object) -> bool:
    """Values are of the prediction's kind or None, and only a number has an interval."""
    if not (PREDICTION.fullmatch(name) and isinstance(entry, dict)):
        return False
    keys = ("kind", "given", "later", "outcome", "interval", "shown")
    if not all(key in entry for key in keys) or not isinstance(entry["shown"], bool):
        return False
    is_value = {"number": _is_number, "choice": _is_line, "sentence": _is_line}.get(
        entry["kind"] if isinstance(entry["kind"], str) else ""
    )
    values = [entry[key] for key in ("given", "later", "outcome")]
    return (
        is_value is not None
        and all(value is None or is_value(value) for value in values)
        and (entry["outcome"] is None or entry["shown"])
        and (entry["interval"] is None or _is_interval(entry["interval"], entry["kind"]))
    )


def _is_number(value: object) -> bool:
    """A number of at most some thousands: per cent, or points."""
    whole = isinstance(value, (int, float)) and not isinstance(value, bool)
    return whole and -1e6 < value < 1e6  # no NaN either


def _is_line(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_SENTENCE and value.isprintable()


def _is_interval(ends: object, kind: str) -> bool:
    return (
        kind == "number"
        and isinstance(ends, list)
        and len(ends) == 2
        and all(map(_is_number, ends))
        and ends[0] <= ends[1]
    )


def _is_count(value: object, least: int = 0) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value < 10**9


def _is_time(value: object) -> bool:
    pattern = r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)?"  # empty where an older course did not keep it
    return isinstance(value, str) and bool(re.fullmatch(pattern, value))


def checksum(content: dict) -> str:
    """What tells that somebody edited a file by hand. It is no seal: anybody can compute it."""
    rest = {key: value for key, value in content.items() if key != "checksum"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


# ---------------------------------------------------------------- writing


def change(path: Path, changed: Callable[[dict], bool]) -> str:
    """Let a function change the content, which tells whether it did; write it, whole or not at all.

    Gives a sentence if the file was damaged and lies now under another name; empty else. An
    OSError or a CourseError says that nothing could be kept, and the file is as it was."""
    # Two notebooks that check at once take turns, else one would undo the other's.
    with locks.held(path.with_name(f".{path.name}.lock"), waiting=lambda: None):
        stored = read(path)
        if not changed(stored.content):
            return ""
        told = _set_aside(path, stored.damage) if stored.damage else ""
        content = {**stored.content, "checksum": checksum(stored.content)}
        write_atomically(path, json.dumps(content, indent=1).encode())
        return told


def _set_aside(path: Path, damage: str) -> str:
    """Keep a damaged file under a name that is free, and say so."""
    number, aside = 1, path.with_name(f"{path.stem}-damaged{path.suffix}")
    while os.path.lexists(aside):
        number += 1
        aside = path.with_name(f"{path.stem}-damaged-{number}{path.suffix}")
    create_atomically(aside, path.read_bytes())  # a copy: the present one stays until it is written
    return (
        f"Your progress file was damaged ({damage}). It lies now in {aside}, and what could be "
        "read of it was kept."
    )


def set_name(path: Path, name: str) -> str:
    """Keep what the learner wants to be called; a CourseError says what a name may be."""
    name = " ".join(name.split())
    if not _is_name(name):
        raise CourseError(f"a name is at most {LONGEST_NAME} printable letters, not {name[:99]!r}")

    def changed(content: dict) -> bool:
        content["name"] = name
        return True

    return change(path, changed)
