"""Right answers, known mistakes and hints of every lesson's exercises, open to everyone."""

from __future__ import annotations

from tlhelpers.course.exercise_book import (
    lesson_00,
    lesson_01,
    lesson_02,
    lesson_03,
    lesson_04,
    lesson_05,
    lesson_06,
    lesson_07,
    lesson_08,
    lesson_09,
    lesson_10,
    lesson_11,
    lesson_12,
    lesson_13,
    lesson_14,
)
from tlhelpers.course.exercise_kinds import Exercise

BOOKS = (
    lesson_00,
    lesson_01,
    lesson_02,
    lesson_03,
    lesson_04,
    lesson_05,
    lesson_06,
    lesson_07,
    lesson_08,
    lesson_09,
    lesson_10,
    lesson_11,
    lesson_12,
    lesson_13,
    lesson_14,
)


def exercises(lesson: str = "") -> dict[str, Exercise]:
    """All exercises by id, in the order of the lessons, or those of one lesson (``"02"``)."""
    every = {exercise.id: exercise for book in BOOKS for exercise in book.EXERCISES}
    return {name: exercise for name, exercise in every.items() if name.startswith(lesson)}
