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
        "What will the half-and-half mix keep a good part of?",
        {
            "new": "the gain at the new task alone",
            "old": "the old answers alone",
            "new and old": "the gain and the old answers",
            "neither": "neither of the two",
        },
        {
            "new and old": (
                "Weights that lie between two networks can keep a part of what either knows, and "
                "nothing was trained for it."
            ),
        },
    ),
)
