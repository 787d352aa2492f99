"""Lesson 11: what LoRA saves, when halves are the whole, and what to buy."""

from tlhelpers.course.prediction_kinds import Better, OneOf

POOL = (
    OneOf(
        "lora",
        "Compared with training everything, which part does LoRA shrink least?",
        options={
            "gradients": "the gradients",
            "optimizer": "the memory of AdamW",
            "activations": "the activations",
        },
        surprise={
            "activations": (
                "Gradients and AdamW's numbers belong to the weights that train, and these are "
                "few. The backward pass still goes through every layer and needs what each gave."
            ),
        },
    ),
    OneOf(
        "halves",
        "In which mode do two halves give the gradient of the whole batch?",
        options={
            "evaluation": "in evaluation mode alone",
            "training": "in training mode alone",
            "both": "in both of the two modes",
            "neither": "in neither of the two modes",
        },
        surprise={
            "evaluation": (
                "In training mode BatchNorm takes its mean from the items that it sees, so an "
                "item's loss depends on which others are in its half."
            ),
        },
    ),
    Better(
        "buy",
        "Which is worth more on these drawings: the labels or the computing?",
        pair={"labels": "five times the labels", "computing": "ten times the computing"},
        surprise={
            "labels": (
                "With five drawings per class there is little that tuning could learn from, "
                "however long it computes."
            ),
        },
    ),
)
