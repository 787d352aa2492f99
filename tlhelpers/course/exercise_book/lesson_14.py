"""Exercises of lesson 14."""

from tlhelpers.course.exercise_book.lesson_14_bound import BOUND
from tlhelpers.course.exercise_book.lesson_14_error import ERROR
from tlhelpers.course.exercise_book.lesson_14_shares import SHARES
from tlhelpers.course.exercise_book.lesson_14_temperature import TEMPERATURE
from tlhelpers.course.exercise_kinds import Choice

EXERCISES = [
    ERROR,
    TEMPERATURE,
    Choice(
        "14.3",
        praise="What a confidence is worth in a domain, only labels of that domain tell. A few "
        "hundred choose a threshold; others of them say what it keeps, with an interval.",
        hints=(
            "On which items is it known how often a confident answer is right?",
            "Three of the four choose without a label of a review. What could tell them that "
            "confidence means something else there?",
            "Look at the curve of movies in the figure above. To draw it, labels of reviews were "
            "needed.",
        ),
        right="c",
        why_not={
            "a": "More news tells better what a confidence is worth in news. In reviews it is "
            "worth something else, however well the other is known.",
            "b": "That makes the answers as many as at home, not as good. How many of them are "
            "right was not looked at.",
            "d": "If the head's own answers count as right, every threshold keeps every promise. "
            "Its mistakes are what one would have to know.",
        },
    ),
    BOUND,
    SHARES,
    Choice(
        "14.6",
        praise="An accuracy is one of a domain. Without labels of the reviews nobody knows theirs, "
        "and a few hundred labels, drawn at random, tell it to some points: that is what the "
        "promise costs.",
        hints=(
            "Each of the other three sounds like a guarantee. What does each take for granted "
            "about the reviews?",
            "Go through the table above. Which rows need no label of the target, and what must "
            "have stayed the same for them?",
            "On movies the confidences were too high, the sets too small, and news and reviews "
            "differ within a class. What is left?",
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
