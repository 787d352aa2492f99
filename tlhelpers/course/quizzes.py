"""The quiz at a lesson's end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tlhelpers.checks import known, whole
from tlhelpers.course.quiz_rounds import (
    SIGNS,
    as_kept,
    as_text,
    begin_round,
    draw_round,
    first_answers,
    keep_answer,
    lessons,
    present_seed,
    score_in_words,
)
from tlhelpers.course.quiz_widget import Quiz


def quiz(lesson: str, seed: int | None = None, answers: Sequence[Any] | None = None) -> Quiz | None:
    """Ask six questions about a lesson.

    Parameters
    ----------
    lesson : str
        E.g. ``"02"``.
    seed : int, optional
        Draws the questions, their numbers and the order of the choices; seeds 0 and 1 ask
        different ones. That of the round which this learner began last, or 0, when left out.
    answers : sequence, optional
        One answer per question, where no widget can be drawn: a letter, letters or a number, None
        for one that is left open. What is to be said about each is printed.

    Returns
    -------
    Quiz or None
        A widget with the questions. Outside of a notebook they are printed, and so are the
        verdicts on `answers`; then None.

    Raises
    ------
    ValueError
        If the lesson has no quiz, the seed is no whole number from 0 on, or there are more answers
        than questions.
    """
    known("quiz of lesson", lesson, lessons())
    seed = present_seed(lesson) if seed is None else whole("seed", seed, least=0)
    if answers is not None:
        return _print_verdicts(lesson, seed, answers)
    if not _in_a_notebook():
        print(as_text(lesson, seed))
        return None
    return Quiz(lesson, seed)


def _in_a_notebook() -> bool:
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    return get_ipython() is not None


def _print_verdicts(lesson: str, seed: int, answers: Sequence[Any]) -> None:
    asked = draw_round(lesson, seed)
    if isinstance(answers, str) or len(answers) > len(asked):
        raise ValueError(f"answers are a list with at most {len(asked)} items, got {answers!r}")
    told, firsts = begin_round(lesson, seed), dict(first_answers(lesson, seed))
    for number, (question, answer) in enumerate(zip(asked, answers, strict=False), start=1):
        if answer is None:
            continue
        verdict = question.judge(answer)
        print(f"{SIGNS[verdict.state]} {number} {verdict.state}: {verdict.message}")
        if verdict.state != "open":
            firsts.setdefault(question.key, (as_kept(answer), verdict.state == "right"))
            told = keep_answer(lesson, seed, question.key, as_kept(answer), verdict.state) or told
    print(score_in_words(asked, firsts))
    if told:
        print(told)
