"""Lesson 08: what looking first is worth, and where adapting does harm."""

from tlhelpers.course.prediction_kinds import Amount, Better, OneOf

POOL = (
    Amount(
        "other-digits",
        "Trained on MNIST as it comes, what share of the other digits will it get right?",
        too_high=(
            "A person reads both without a thought. A small network has never been shown that "
            "the margin does not matter."
        ),
    ),
    Amount(
        "sorted",
        "By how many points will sorted batches lie below mixed ones?",
        unit="points",
        low=-20,
        high=90,
        too_low=(
            "The statistics of a batch hold its classes. Two or three digits in place of ten are "
            "another distribution."
        ),
    ),
    Amount(
        "control",
        "From MNIST to digits, what share of the gain of DeepCORAL 10 will the control have?",
        low=-100,
        high=200,
        too_low=(
            "Much of what a method gains may come from a thing beside it. A control that does "
            "everything but the method tells how much."
        ),
    ),
    Better(
        "text",
        "From news to tweets, which encoder will do better on tweets?",
        pair={
            "MMD": "the one tuned with MMD on news and tweets",
            "source only": "the one that was tuned on news alone",
        },
    ),
    OneOf(
        "collapse",
        "Which way of Tent will lose most accuracy in 60 steps?",
        {
            "rate 0.001": "rate 0.001, all ten digits",
            "rate 0.01": "rate 0.01, all ten digits",
            "rate 0.1": "rate 0.1, all ten digits",
            "rate 0.01, ones and sevens": "rate 0.01, ones and sevens",
        },
        {
            "rate 0.1": (
                "The entropy falls furthest there, too: what the loss asks for and what you want "
                "are two things."
            ),
        },
    ),
)
