"""Lesson 01: luck on the test set, and what a few labels teach an empty network."""

from tlhelpers.course.prediction_kinds import Amount, Better

POOL = (
    Amount(
        "guessers",
        "What share of the test drawings will the best of the two hundred guessers get right?",
        too_low=(
            "The best of many was lucky on just these drawings. Whoever tries often and reports "
            "the best reports luck, too."
        ),
        too_high="Even two hundred tries do not make guessers good: the test drawings are many.",
    ),
    Better(
        "one-label",
        "With one label per class, which one will do better?",
        pair={"from scratch": "the network from scratch", "raw pixels": "a linear head on pixels"},
        surprise={
            "not resolved": (
                "One drawing per class teaches neither of them enough to tell them apart in ten "
                "seeds."
            ),
        },
    ),
    Amount(
        "augmented",
        "By how many points will augmentation raise the accuracy (below 0: lower it)?",
        unit="points",
        low=-30,
        high=30,
        too_high=(
            "Changed drawings are harder to learn by heart, and the number of epochs stayed the "
            "same. A gain may need more of them."
        ),
    ),
    Amount(
        "scaled-up",
        "With all labels, by how many points will drawings at 96 pixels beat scaled-up ones?",
        unit="points",
        low=-30,
        high=50,
        too_high=(
            "The lead of the frozen network does not rest on sharper pictures: it knows what to "
            "look for in the coarse ones, too."
        ),
    ),
)
