"""Lesson 06: what context adds, how to pool it, and when tuning pays or fails."""

from tlhelpers.course.prediction_kinds import Amount, Better, OneOf

POOL = (
    OneOf(
        "sixty-steps",
        "Which one will guess more hidden words of other posts after sixty steps?",
        {
            "the same after 60 steps": "the encoder, with its new head",
            "counts of both neighbours": "counts of both neighbours",
        },
        {
            "counts of both neighbours": (
                "What a network knows is not at hand through a head that has learned next to "
                "nothing yet. Counting is a rival to beat."
            ),
        },
    ),
    OneOf(
        "sense",
        "In which layer will the nearest sentence mean the same most often?",
        {
            "layer 0": "layer 0, no context",
            **{f"layer {n}": f"layer {n}" for n in range(1, 6)},
            "layer 6": "layer 6, the last",
        },
    ),
    Amount(
        "plain-mean",
        "With all labels, by how many points will a head on plain means gain or lose (below 0)?",
        unit="points",
        low=-50,
        high=20,
        too_low=(
            "The vectors move, but those of training and test move alike. It is in use, one text "
            "at a time, that they meet another kind."
        ),
    ),
    OneOf(
        "pooling",
        "With 32 labels per class, which one will have the highest mean?",
        {"mean": "the mean", "cls": "the first token", "max": "the maximum"},
        {"mean": "The pooling belongs to a checkpoint: this one was tuned with the mean."},
    ),
    Better(
        "tuning",
        "With eight labels per class, which one will do better?",
        pair={
            "fine-tuned": "all weights, tuned",
            "frozen": "the frozen encoder",
        },
        surprise={
            "fine-tuned": (
                "Few labels do not always speak against tuning. What the frozen vectors were made "
                "for matters, too: here, for similarity of content."
            ),
        },
    ),
    OneOf(
        "seconds",
        "With all labels, how many times the seconds will tuning take?",
        {
            "0": "less than 2 times",
            "1": "2 to 5 times",
            "2": "5 to 15 times",
            "3": "15 to 50 times",
            "4": "more than 50 times",
        },
    ),
    OneOf(
        "wording",
        "Which wording will have the highest mean?",
        {
            "no labels, names alone": "the names alone",
            "no labels, a sentence": "a sentence about the tweet",
            "no labels, feelings": "six sentences about feelings",
        },
        {
            "no labels, feelings": (
                "Texts do not say what they are. A description helps where it is like the texts "
                "themselves."
            ),
        },
    ),
    OneOf(
        "failed-run",
        "Where will the worst of ten seeds end at the highest constant rate?",
        {
            "little": "a little below the middle seed",
            "between": "well below the middle seed",
            "chance": "at chance, as if untrained",
        },
        {
            "chance": (
                "A failed run is no noise around a mean. Report seeds one by one, and how many "
                "failed."
            ),
        },
    ),
    OneOf(
        "attention",
        "How closely will the order by attention follow the order by effect (rank correlation)?",
        {
            "0": "hardly: below 0.2",
            "1": "loosely: 0.2 to 0.5",
            "2": "well: 0.5 to 0.8",
            "3": "closely: above 0.8",
        },
        {
            "2": "There is something in such pictures, and not enough for an explanation.",
            "1": "There is something in such pictures, and not enough for an explanation.",
        },
    ),
)
