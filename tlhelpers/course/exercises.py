"""Exercises that check themselves: hints that come closer, and progress kept on this machine."""

from __future__ import annotations

import copy
import html
import importlib
import json
import os
import pkgutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch

from tlhelpers.course import exercise_book
from tlhelpers.errors import nearest
from tlhelpers.setup.files import write_atomically
from tlhelpers.setup.working_copy import work_dir


class Verdict(NamedTuple):
    """What `examine` found: `state` is "right", "wrong" or "open"; `message` says why."""

    state: str
    message: str = ""


@dataclass(frozen=True)
class Exercise:
    """Shared by all kinds of exercise.

    Parameters
    ----------
    id : str
        Lesson and number, e.g. ``"02.3"``.
    praise : str
        Shown with a right answer: why it is right.
    hints : sequence of 3 str
        A hint, a closer one, and where to look; given in turn for mistakes not known by name.
    """

    id: str
    praise: str
    hints: Sequence[str]

    def examine(self, answer: Any) -> Verdict:
        """Judge an answer; an empty message asks for the next of the hints."""
        raise NotImplementedError


@dataclass(frozen=True)
class Choice(Exercise):
    """One letter out of several.

    Parameters
    ----------
    right : str
    why_not : dict of str to str
        Each wrong letter with its own hint.
    """

    right: str = ""
    why_not: dict[str, str] = field(default_factory=dict)

    def examine(self, answer: Any) -> Verdict:
        letters = sorted([self.right, *self.why_not])
        letter = answer.strip().lower() if isinstance(answer, str) else answer
        if letter == self.right:
            return Verdict("right", self.praise)
        if letter not in letters:
            return Verdict(
                "wrong",
                f"Answer with one of the letters {', '.join(letters)} in quotes, not {answer!r}.",
            )
        return Verdict("wrong", self.why_not[letter])

    def right_answers(self) -> list:
        """Answers that must pass."""
        return [self.right, f" {self.right.upper()} "]

    def wrong_answers(self) -> list[tuple[Any, str]]:
        """Plausible wrong answers, each with the hint that it must get."""
        return list(self.why_not.items())


@dataclass(frozen=True)
class Number(Exercise):
    """A number within a tolerance.

    Parameters
    ----------
    value, tolerance : float
    mistakes : list of (float, str)
        Numbers that a known mistake gives, each with its own hint.
    """

    value: float = 0.0
    tolerance: float = 1e-6
    mistakes: Sequence[tuple[float, str]] = ()

    def examine(self, answer: Any) -> Verdict:
        try:
            number = float(answer)
        except (TypeError, ValueError):
            return Verdict("wrong", f"Answer with a number, not {type(answer).__name__}.")
        for value, hint in [(self.value, self.praise), *self.mistakes]:
            if abs(number - value) <= self.tolerance:
                return Verdict("right" if value == self.value else "wrong", hint)
        return Verdict("wrong")

    def right_answers(self) -> list:
        """Answers that must pass."""
        return [self.value, np.float32(self.value)]

    def wrong_answers(self) -> list[tuple[Any, str]]:
        """Plausible wrong answers, each with the hint that it must get."""
        return list(self.mistakes)


@dataclass(frozen=True)
class Function(Exercise):
    """A function that must behave like a reference one.

    Parameters
    ----------
    reference : callable
        One right answer.
    observe : callable
        Takes a function, calls it on fixed input and returns a list of what came out.
    mistakes : list of (callable, str)
        Known wrong ways to write it: an answer that behaves like one gets its hint.
    """

    reference: Callable = lambda: None
    observe: Callable[[Callable], list] = lambda function: [function()]
    mistakes: Sequence[tuple[Callable, str]] = ()

    def examine(self, answer: Any) -> Verdict:
        if not callable(answer):
            return Verdict("wrong", f"Give the function itself, not {type(answer).__name__}.")
        try:
            seen = self.observe(answer)
        except Exception as error:  # whatever the learner's own code raises is told to the learner
            return Verdict("wrong", f"Your function stopped with {type(error).__name__}: {error}.")
        if all(value is None or value is Ellipsis for value in seen):
            return Verdict("open")
        if alike(seen, self.observe(self.reference)):
            return Verdict("right", self.praise)
        for mistake, hint in self.mistakes:
            if alike(seen, self.observe(mistake)):
                return Verdict("wrong", hint)
        return Verdict("wrong")

    def right_answers(self) -> list:
        """Answers that must pass."""
        return [self.reference]

    def wrong_answers(self) -> list[tuple[Any, str]]:
        """Plausible wrong answers, each with the hint that it must get."""
        return list(self.mistakes)


def on_inputs(*inputs: tuple) -> Callable[[Callable], list]:
    """An `observe` that calls the function on each tuple of arguments, on copies of them."""
    return lambda function: [function(*copy.deepcopy(arguments)) for arguments in inputs]


def alike(a: Any, b: Any) -> bool:
    """Whether two results agree: arrays and numbers to 1e-5, containers item by item."""
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(alike(a[k], b[k]) for k in a)
    if isinstance(a, (str, bool, type(None))) or isinstance(b, (str, bool, type(None))):
        return type(a) is type(b) and a == b
    try:
        a, b = (x.detach().numpy() if torch.is_tensor(x) else np.asarray(x) for x in (a, b))
    except ValueError:  # lists of unequal length are no array
        return False
    if a.shape != b.shape or "O" in (a.dtype.kind, b.dtype.kind):
        return False
    if a.dtype.kind in "US" or b.dtype.kind in "US":
        return bool(np.array_equal(a, b))
    return bool(np.allclose(a.astype(float), b.astype(float), atol=1e-5, equal_nan=True))


def exercises(lesson: str | None = None) -> dict[str, Exercise]:
    """All exercises by id, or those of one lesson (``"02"``)."""
    found = {}
    for module in sorted(m.name for m in pkgutil.iter_modules(exercise_book.__path__)):
        if lesson is None or module == f"lesson_{lesson}":
            book = importlib.import_module(f"{exercise_book.__name__}.{module}")
            found |= {exercise.id: exercise for exercise in book.EXERCISES}
    return found


_attempts: Counter = Counter()


def examine(exercise_id: str, answer: Any, attempt: int = 1) -> Verdict:
    """Judge an answer without keeping it.

    Parameters
    ----------
    exercise_id : str
        E.g. ``"02.3"``.
    answer : object
        What the exercise asks for: a letter, a number or a function.
    attempt : int
        Counts from 1; later attempts get closer hints.

    Returns
    -------
    Verdict

    Raises
    ------
    ValueError
        If there is no such exercise; the message lists near ids.
    """
    known = exercises(str(exercise_id)[:2]) or exercises()
    if exercise_id not in known:
        raise ValueError(
            f"there is no exercise {exercise_id!r}: {nearest(str(exercise_id), known)}"
        )
    exercise = known[exercise_id]
    if answer is None or answer is Ellipsis:
        return Verdict("open")
    verdict = exercise.examine(answer)
    hint = exercise.hints[min(attempt, len(exercise.hints)) - 1]
    if verdict.state == "wrong" and not verdict.message:
        return Verdict("wrong", hint)
    if verdict.state == "wrong" and attempt > 1:
        return Verdict("wrong", f"{verdict.message} {hint}")
    return verdict


def check(exercise_id: str, answer: Any) -> None:
    """Check an answer, show what to do next, and keep the progress.

    A wrong answer shows a hint and does not stop the notebook, except while nbgrader grades it:
    then it raises, which is how nbgrader counts points.

    Parameters
    ----------
    exercise_id : str
        E.g. ``"02.3"``.
    answer : object
        What the exercise asks for: a letter, a number or a function.

    Raises
    ------
    AssertionError
        If the answer is not right and nbgrader runs the notebook.
    """
    verdict = examine(exercise_id, answer, _attempts[exercise_id] + 1)
    _attempts[exercise_id] += verdict.state == "wrong"
    _record(exercise_id, verdict.state)
    _show(exercise_id, verdict)
    if verdict.state != "right" and os.environ.get("NBGRADER_EXECUTION"):
        raise AssertionError(f"{exercise_id} {verdict.state}: {verdict.message}")


WORDS = {
    "right": ("✓", "right", "#009E73"),
    "wrong": ("✗", "not yet", "#D55E00"),
    "open": ("○", "open", "#666666"),
}


def _show(exercise_id: str, verdict: Verdict) -> None:
    from IPython.display import display

    sign, word, colour = WORDS[verdict.state]
    message = verdict.message or "write your answer in the cell above and run both cells again"
    text = f"{sign} {exercise_id} {word}: {message}"
    box = (
        f'<div role="status" style="border-left:4px solid {colour};padding:.3em .8em">'
        f"<b>{sign} {exercise_id} {word}.</b> {html.escape(message)}</div>"
    )
    display({"text/plain": text, "text/html": box}, raw=True)


def _progress_file() -> Path | None:
    """Where progress is kept: ``work/progress.json``; None when it is switched off."""
    setting = os.environ.get("TLHELPERS_PROGRESS", "")
    if setting == "off" or os.environ.get("NBGRADER_EXECUTION"):
        return None
    return Path(setting) if setting else work_dir() / "progress.json"


def _read_progress(path: Path | None) -> dict[str, str]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def _record(exercise_id: str, state: str) -> None:
    path = _progress_file()
    if path is None:
        return
    kept = _read_progress(path)
    if kept.get(exercise_id) != "right" and state != "open":
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(kept | {exercise_id: state}, indent=1).encode())


def progress() -> pd.DataFrame:
    """How far this learner is: one row per lesson.

    Returns
    -------
    DataFrame
        Columns solved, tried, exercises; its index is the lesson.
    """
    kept = _read_progress(_progress_file())
    rows = Counter(), Counter(), Counter()
    for exercise_id in exercises():
        lesson, state = exercise_id[:2], kept.get(exercise_id)
        for counter, hit in zip(rows, (state == "right", state is not None, True), strict=True):
            counter[lesson] += hit
    return pd.DataFrame(
        [
            {
                "lesson": lesson,
                "solved": rows[0][lesson],
                "tried": rows[1][lesson],
                "exercises": total,
            }
            for lesson, total in sorted(rows[2].items())
        ]
    ).set_index("lesson")
