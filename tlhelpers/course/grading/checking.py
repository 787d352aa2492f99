"""The check that an assignment's cells call: a hint for the learner, an answer for the judge."""

from __future__ import annotations

import os
from collections import Counter
from multiprocessing.connection import Client
from typing import Any

from tlhelpers.course.exercise_book import exercises
from tlhelpers.course.exercise_kinds import Choice, Exercise, Verdict
from tlhelpers.course.exercises import SHOWN
from tlhelpers.course.grading.judge import ADDRESS, KEY
from tlhelpers.course.grading.variants import for_marks, variant
from tlhelpers.course.grading.wire import MOST_BYTES, pack, unpack
from tlhelpers.course.watched_answer import Watched

WRONG_ANSWERS: Counter[str] = Counter()  # of this notebook, by exercise
TAKEN = "Taken. Whether it is right is told when your work has been graded."
OPEN = "Write your answer in the cell above and run both cells again."


def check(exercise_id: str, answer: Any, seed: int | None = None) -> None:
    """Check an answer of an assignment; while it is graded, hand it to the judge.

    On the learner's machine a function or a number gets hints as in the course. A letter is only
    taken, and so is the answer to a private item, whose check the teacher alone has.

    Parameters
    ----------
    exercise_id : str
        E.g. ``"02.3"``.
    answer : object
        What the exercise asks for: a letter, a number or a function.
    seed : int, optional
        Which variant is asked; the exercise as the course has it when left out.

    Raises
    ------
    AssertionError
        If the answer is not right and nbgrader runs the notebook.
    """
    verdict = _ask_judge(exercise_id, answer, seed) if ADDRESS in os.environ else None
    graded = verdict is not None or bool(os.environ.get("NBGRADER_EXECUTION"))
    verdict = verdict or _hint(exercise_id, answer, seed, graded)
    sign, word, _ = SHOWN.get(verdict.state, ("•", "taken", ""))
    print(f"{sign} {exercise_id} {word}: {verdict.message or OPEN}")
    if graded and verdict.state != "right":
        raise AssertionError(f"{exercise_id} {word}: {verdict.message or OPEN}")


def _hint(exercise_id: str, answer: Any, seed: int | None, graded: bool) -> Verdict:
    """What can be said on the learner's own machine."""
    if answer is None or answer is Ellipsis:
        return Verdict("open")
    if exercise_id not in exercises():
        return Verdict("taken", TAKEN)
    exercise = variant(exercise_id, seed)
    verdict = exercise.examine(answer)
    if isinstance(exercise, Choice) and not graded:
        known = isinstance(answer, str) and "Answer with one of" not in verdict.message
        return Verdict("taken", TAKEN) if known else verdict
    if verdict.state != "wrong":
        return verdict
    WRONG_ANSWERS[exercise_id] += 1
    hint = exercise.hints[min(WRONG_ANSWERS[exercise_id], len(exercise.hints)) - 1]
    return Verdict("wrong", verdict.message or hint)


# ---------------------------------------------------------------- while it is graded


def _ask_judge(exercise_id: str, answer: Any, seed: int | None) -> Verdict | None:
    """The judge's verdict; None where it does not want this answer now."""
    with Client(os.environ[ADDRESS], authkey=os.environ[KEY].encode()) as judge:
        is_function = callable(answer)
        value = None if is_function else answer
        asked = {"exercise": exercise_id, "callable": is_function, "value": value}
        judge.send_bytes(pack(asked, strict=False))
        watched = Watched(answer) if is_function else None
        while True:
            said = unpack(judge.recv_bytes(MOST_BYTES))
            if "call" in said:
                judge.send_bytes(_called(watched, said["call"]))
            elif "inside" in said:
                judge.send_bytes(pack({"verdict": _examine_here(exercise_id, answer, seed)}))
            else:
                return Verdict(*said["verdict"]) if "verdict" in said else None


def _called(watched: Watched, arguments: list) -> bytes:
    """What the learner's function gives, or the error that it stops with."""
    reply: dict[str, Any] = {}
    try:
        reply["result"] = watched(*arguments)
    except (Exception, SystemExit) as error:
        reply["error"] = [type(error).__name__, str(error)[:2000]]
    reply["changed"] = watched.what_it_changed() if watched.changed else ""
    packed = pack(reply, strict=False)
    if len(packed) > MOST_BYTES:
        return pack({"error": ["ValueError", "what is returned is too large"], "changed": ""})
    return packed


def _examine_here(exercise_id: str, answer: Any, seed: int | None) -> list[str]:
    exercise: Exercise = for_marks(variant(exercise_id, seed))
    verdict = exercise.examine(answer)
    return [verdict.state, verdict.message or exercise.hints[0]]
