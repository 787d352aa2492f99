"""Lesson 10: what stands in folders and tables, and how much too high a number can be."""

from tlhelpers.course.prediction_kinds import Amount, Better, OneOf, Sentence

POOL = (
    Sentence("left-out", "Which files will not be pictures, and what may be there twice?"),
    Amount(
        "too-high",
        "By how many points was the accuracy too high?",
        unit="points",
        low=-20,
        high=60,
        too_low=(
            "A head that has seen two views of a thing knows the third. In use it will meet "
            "things of which it has seen none."
        ),
    ),
    OneOf(
        "planted",
        "How many of the first twenty suspects will be planted ones (there are twelve)?",
        {"0": "none", "1": "1 to 3", "2": "4 to 6", "3": "7 to 9", "4": "10 to 12"},
    ),
    Sentence("reader", "What should a good reader do with such rows, and what should it tell you?"),
    Better(
        "ten-labels",
        "With ten labels per class, which one will lead?",
        pair={"counted words": "counted words", "frozen features": "the frozen small BERT"},
        surprise={
            "frozen features": (
                "With few labels, most words of a new sentence were in none of those that were "
                "learned from. Features know them from elsewhere."
            ),
        },
    ),
)
