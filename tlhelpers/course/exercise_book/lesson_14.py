"""Exercises of lesson 14."""

from tlhelpers.course.exercise_book.lesson_14_bound import BOUND
from tlhelpers.course.exercise_book.lesson_14_error import ERROR
from tlhelpers.course.exercise_book.lesson_14_shares import SHARES
from tlhelpers.course.exercise_book.lesson_14_temperature import TEMPERATURE
from tlhelpers.course.exercise_kinds import Choice

EXERCISES = [
    ERROR,
    TEMPERATURE,
    BOUND,
    SHARES,
    Choice(
        "14.5",
        praise="An accuracy is one of a domain. Without labels of the reviews nobody knows theirs, "
        "and a few hundred labels, drawn at random, tell it to some points: that is what the "
        "promise costs.",
        hints=(
            "Each of the other three sounds like a guarantee. What does each take for granted "
            "about the reviews?",
            "Go through the table above. Which rows need no label of the target, and what must "
            "have stayed the same for them?",
            "On movies the confidences were too high, the sets missed more than promised, and news "
            "and reviews differ within a class. What is left?",
        ),
        right="c",
        why_not={
            "a": "Conformal sets ask nothing of the head, but new items must be drawn like the "
            "held-out ones. Reviews are not drawn like news: on movies the sets missed more.",
            "b": "At home confidence and accuracy fit. On reviews the same head was more confident "
            "than right.",
            "d": "The correction is for classes that come in other shares and stay as they are. "
            "Within a class, reviews differ from news, and then the shares come out wrong.",
        },
    ),
]
