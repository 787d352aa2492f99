"""Lesson 03: a rate for the whole network, how deep to tune, and mixes of weights."""

from tlhelpers.course.prediction_kinds import Amount, Better, OneOf

POOL = (
    OneOf(
        "rate",
        "Beside 0.003, which rate will the test suggest for the whole network?",
        {
            "higher": "a higher one",
            "about the same": "about the same",
            "lower": "a lower one",
        },
        {
            "lower": (
                "A head begins with nothing to lose. Weights that know something are soon spoiled "
                "by steps as large."
            ),
        },
    ),
    Amount(
        "last-convolution",
        "In style, by how many points will tuning the last convolution beat the head alone?",
        unit="points",
        low=-30,
        high=50,
        too_high=(
            "What a network has to learn anew about drawings on walls sits deeper than its last "
            "layer."
        ),
    ),
    Better(
        "at-once",
        "Tested in the style that was not trained on, which one will do better?",
        pair={
            "all at once": "everything at once from the start",
            "everything": "the head first, then everything",
        },
        surprise={
            "all at once": (
                "The literature expects the opposite. Read on: how long the head trains first "
                "makes the difference."
            ),
        },
    ),
    OneOf(
        "half",
        "Which of the mix will lie above the mean of both ends?",
        {
            "new": "the new task's accuracy alone",
            "old": "the share of old answers alone",
            "new and old": "both the one and the other",
            "neither": "neither the one nor the other",
        },
        {
            "new and old": "The weights between two good networks can be good at both tasks.",
            "new": (
                "The new task lasts far towards the old weights. Old answers come back later, and "
                "another share may suit you better than a half."
            ),
        },
    ),
)
