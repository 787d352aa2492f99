"""Exercises of lesson 09."""

import math

from tlhelpers.course.exercise_book.lesson_09_alarm import ALARM
from tlhelpers.course.exercise_book.lesson_09_balance import BALANCE
from tlhelpers.course.exercise_book.lesson_09_modes import MODES
from tlhelpers.course.exercise_book.lesson_09_names import NAMES
from tlhelpers.course.exercise_book.lesson_09_report import REPORT
from tlhelpers.course.exercise_kinds import Choice, Number

EXERCISES = [
    BALANCE,
    Choice(
        "09.2",
        praise="With shuffled labels there is nothing to learn, so whatever is above chance was "
        "seen. It needs no idea of which step it is, and it takes one run.",
        hints=(
            "What would an honest script reach if there were nothing to learn?",
            "The room found its own mistake by labels that mean nothing. When were they drawn?",
            "A step can only give away labels that it sees. Which change do all steps see?",
        ),
        right="c",
        why_not={
            "a": "The number is steady already, for each fold has the same leak: more folds show "
            "that a wrong number is a precise one.",
            "b": "The leak lies in what the classifier is given. Another one is given the "
            "same, and may stay as high.",
            "d": "Then the training side is as it was, and a script with and one without a leak "
            "through it both fall to chance. What saw the labels before must see them shuffled.",
        },
    ),
    Choice(
        "09.3",
        praise="What goes with the hospital does not help in the other one. The number will be "
        "lower than the others, and it is the only one of the four that has met a new place.",
        hints=(
            "Where would a head that looks at the hospital, and not at the lungs, be found out?",
            "A third hospital is a new place. In which of the four tests is the place new?",
            "Read again what `any place in use` was measured on.",
        ),
        right="a",
        why_not={
            "b": "Held-out pictures of the same two hospitals: where the ill ones come from the "
            "second, a head that knows the hospital is praised for it.",
            "c": "Equal numbers repair the majority line. Within them, ill still goes with the "
            "second hospital.",
            "d": "No patient on both sides is needed, and is not enough: hospital and illness "
            "still go together on both sides.",
        },
    ),
    REPORT,
    MODES,
    ALARM,
    Number(
        "09.7",
        praise="The right class gets e / (e + 19), an eighth, however sure the model is: the loss "
        "stops far above 0. A loss that will not fall below such a value is the mark of this trap.",
        hints=(
            "Take the softmax of the twenty numbers 1, 0, 0, …, 0. What does the right class get?",
            "e**1 is e, and e**0 is 1: the right class gets e / (e + 19).",
            "The loss is −log of that probability, with the natural logarithm: np.log.",
        ),
        value=math.log(math.e + 19) - 1,
        tolerance=0.006,
        mistakes=[
            (
                0.0,
                "That would be so if cross_entropy took the numbers for probabilities. It takes "
                "them for logits, and makes a softmax of them once more.",
            ),
            (
                math.log(20),
                "That is the loss of a model that knows nothing, where all twenty are equal. Here "
                "one number is 1.",
            ),
            (
                math.e / (math.e + 19),
                "That is the probability of the right class after the second softmax. The loss is "
                "−log of it.",
            ),
            (
                1 - math.log(math.e + 19),
                "The sign is missing: the loss is −log of the probability.",
            ),
            (
                (math.log(math.e + 19) - 1) / math.log(10),
                "That is with logarithms to base ten. cross_entropy takes natural ones.",
            ),
            (
                math.log(math.e + 20) - 1,
                "There are nineteen other classes, not twenty: e / (e + 19).",
            ),
            (
                math.log(math.e + 19),
                "That is the logarithm of the sum. The logit of the right class, 1, is still to be "
                "subtracted.",
            ),
        ],
    ),
    NAMES,
    Choice(
        "09.9",
        praise="It is the room of the best epoch in other clothes: the best of four values of C, "
        "picked and reported on the same items. Choose C by cross-validation inside `train`.",
        hints=(
            "Ask of every line: which side does it see, and what does it decide?",
            "Fitting on the training side and measuring on the test side are both allowed. What "
            "may a measurement not do?",
            "How many numbers are in `scores`, and which of them is printed?",
        ),
        right="d",
        why_not={
            "a": "A frozen pass gives each picture its features, whatever the others are: the same "
            "for training and for use. Nothing is lost by it.",
            "b": "It is fitted on rows[train] alone, which is what room 2 asks for. The order of "
            "scaler and head pretends nothing.",
            "c": "A new head for every C is how a C is tried. It costs seconds, no accuracy.",
        },
    ),
]
