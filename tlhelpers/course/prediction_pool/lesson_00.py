"""Lesson 00: a first number, and two rivals that know no photographs."""

from tlhelpers.course.prediction_kinds import Amount, Better, Sentence

POOL = (
    Amount(
        "first",
        "What share of the test drawings will get the right class?",
        low=0,
        high=100,
        too_high=(
            "Five drawings per class say little about all the others: faces, clothes and signs "
            "come in many forms."
        ),
        too_low=(
            "The head alone has learned from so few. The features come from more than a million "
            "photographs."
        ),
    ),
    Sentence("mistakes", "What will a drawing be taken for when the head is wrong?"),
    Sentence("step", "How will the accuracy grow with the labels: in even steps, or otherwise?"),
    Better(
        "rivals",
        "Which of the two rivals will do better?",
        pair={"raw pixels": "raw pixels", "random twin": "the random twin"},
        surprise={
            "raw pixels": (
                "Many layers alone are no help: with random weights, what they make of a drawing "
                "served worse than the drawing itself."
            ),
        },
    ),
)
