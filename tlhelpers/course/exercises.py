"""Exercises that check themselves, with hints that come closer."""

from __future__ import annotations

import html
import os
from collections import Counter
from typing import Any

from tlhelpers.checks import known
from tlhelpers.course.exercise_book import exercises
from tlhelpers.course.exercise_kinds import Verdict
from tlhelpers.course.progress_file import record_progress

# The wrong answers of this notebook so far, by exercise: each one brings a closer hint.
WRONG_ANSWERS: Counter[str] = Counter()
SHOWN = {
    "right": ("✓", "right", "#009E73"),
    "wrong": ("✗", "not yet", "#D55E00"),
    "open": ("○", "open", "#666666"),
}


def check(exercise_id: str, answer: Any, *, wrong_answers: Counter[str] = WRONG_ANSWERS) -> None:
    """Check an answer, show what to do next, and keep the progress.

    Where the progress cannot be kept, on a full disk say, a sentence after the verdict says so. A
    wrong answer shows a hint and does not stop the notebook, except while nbgrader grades it:
    then it raises, which is how nbgrader counts points.

    Parameters
    ----------
    exercise_id : str
        E.g. ``"02.3"``.
    answer : object
        What the exercise asks for: a letter, a number or a function.
    wrong_answers : collections.Counter
        How many wrong answers were given before, by exercise; this one is added. Those of this
        notebook when left out.

    Raises
    ------
    ValueError
        If there is no such exercise; the message lists near ids.
    AssertionError
        If the answer is not right and nbgrader runs the notebook.
    """
    verdict = examine(exercise_id, answer, wrong_answers[exercise_id] + 1)
    wrong_answers[exercise_id] += verdict.state == "wrong"
    _show(exercise_id, verdict)
    if not_kept := record_progress(exercise_id, verdict.state):
        print(not_kept)
    if verdict.state != "right" and os.environ.get("NBGRADER_EXECUTION"):
        raise AssertionError(f"{exercise_id} {verdict.state}: {verdict.message}")


def examine(exercise_id: str, answer: Any, attempt: int = 1) -> Verdict:
    """Judge an answer without keeping it; attempts count from 1, and later ones get closer hints.

    An unknown id is a ValueError that lists near ones."""
    book = exercises(str(exercise_id)[:2]) or exercises()
    known("exercise", exercise_id, book)
    if answer is None or answer is Ellipsis:
        return Verdict("open")
    exercise = book[exercise_id]
    verdict = exercise.examine(answer)
    hint = exercise.hints[min(attempt, len(exercise.hints)) - 1]
    if verdict.state == "wrong" and not verdict.message:
        return Verdict("wrong", hint)
    if verdict.state == "wrong" and attempt > 1:
        return Verdict("wrong", f"{verdict.message} {hint}")
    return verdict


def _show(exercise_id: str, verdict: Verdict) -> None:
    from IPython.display import display

    sign, word, colour = SHOWN[verdict.state]
    message = verdict.message or "write your answer in the cell above and run both cells again"
    text = f"{sign} {exercise_id} {word}: {message}"
    box = (
        f'<div role="status" style="border-left:4px solid {colour};padding:.3em .8em">'
        f"<b>{sign} {exercise_id} {word}.</b> {html.escape(message)}</div>"
    )
    display({"text/plain": text, "text/html": box}, raw=True)
