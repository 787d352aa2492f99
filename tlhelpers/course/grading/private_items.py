"""Items of a teacher's own: a file in the form of the exercise book, outside the repository."""

from __future__ import annotations

import importlib.util
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tlhelpers.course.exercise_book import exercises
from tlhelpers.course.exercise_kinds import Exercise
from tlhelpers.errors import CourseError, repo_root

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
TEXTS_OF_EACH = "TEXTS needs (question, answer cell, name of what is checked) for it"


@dataclass(frozen=True)
class PrivateItems:
    """What such a file holds."""

    exercises: dict[str, Exercise]
    texts: dict[str, tuple[str, str, str]]  # question, answer cell, name of what is checked
    own_points: dict[str, int] = field(default_factory=dict)
    imports: str = ""  # what the answers need

    def points(self, exercise_id: str) -> int:
        """What an item is worth; 1 if the file does not say."""
        return self.own_points.get(exercise_id, 1)


def read_private(path: Path) -> PrivateItems:
    """Run the teacher's file and take its items; a CourseError says what is missing in it.

    The file holds ``EXERCISES``, a list as in the exercise book; ``TEXTS``, by id the question,
    the answer cell with nbgrader's marks around the solution, and the name of what is checked;
    and, if wanted, ``POINTS``, by id, and ``IMPORTS``, the lines that answers need."""
    path = path.resolve()
    if path.is_relative_to(repo_root().resolve()):
        raise CourseError(
            f"{path} lies in the course's folder, from which it may be published: "
            "keep private items outside"
        )
    if not path.is_file():
        raise CourseError(f"{path} is no file: name the file with your private items")
    module = _run(path)
    items = {item.id: item for item in getattr(module, "EXERCISES", [])}
    texts = dict(getattr(module, "TEXTS", {}))
    if not items:
        raise CourseError(f"{path} has no EXERCISES: write a list of them, as the README shows")
    for exercise_id in items:
        _look_at(path, exercise_id, texts.get(exercise_id))
    return PrivateItems(
        items,
        {name: texts[name] for name in items},
        dict(getattr(module, "POINTS", {})),
        str(getattr(module, "IMPORTS", "")),
    )


def _run(path: Path):
    spec = importlib.util.spec_from_file_location("tlhelpers_private_items", path)
    module = importlib.util.module_from_spec(spec)
    bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # the teacher's own, with the line where it is
        raise CourseError(f"{path} cannot be run ({type(error).__name__}: {error})") from error
    finally:
        sys.dont_write_bytecode = bytecode
    return module


def _look_at(path: Path, exercise_id: str, text: object) -> None:
    if exercise_id in exercises() or not re.fullmatch(r"[A-Za-z]\w*(\.\d+)?", exercise_id):
        raise CourseError(
            f"{path}: an id such as P.1 is wanted, which begins with a letter, not {exercise_id!r}"
        )
    whole = isinstance(text, tuple) and len(text) == 3 and all(isinstance(one, str) for one in text)
    if not whole:
        raise CourseError(f"{path}: {exercise_id} has no text: {TEXTS_OF_EACH}")
    if BEGIN not in text[1] or END not in text[1]:
        raise CourseError(f"{path}: the answer cell of {exercise_id} lacks {BEGIN} and {END}")
    if not text[2].isidentifier() or text[2] not in text[1]:
        raise CourseError(f"{path}: the answer cell of {exercise_id} does not define {text[2]!r}")
