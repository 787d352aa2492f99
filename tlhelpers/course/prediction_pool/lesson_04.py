"""Lesson 04: who gains from labels, and a target that photographs do not help with."""

from tlhelpers.course.prediction_kinds import Better, OneOf

POOL = (
    OneOf(
        "gain",
        "From one label per class to all, which strategy's mean will rise by most points?",
        {
            "raw pixels": "raw pixels, no network",
            "scratch": "a network from scratch",
            "frozen random": "frozen random features",
            "frozen": "frozen ImageNet features",
            "LoRA": "LoRA in the ImageNet network",
            "fine-tuned": "the ImageNet network, tuned",
        },
        {
            "fine-tuned": (
                "What moves most weights can use most labels. From which number on it is worth "
                "its price is another question."
            ),
        },
    ),
    Better(
        "five-per-digit",
        "With five labels per digit, which one will do better?",
        pair={
            "frozen, 4×4 grid": "photographs' features, on a grid",
            "scratch": "a small network from scratch",
        },
        surprise={
            "frozen, 4×4 grid": (
                "Even far from photographs, features beat an empty network while labels are few, "
                "if they are read out in a way that suits the task."
            ),
        },
    ),
)
