"""Exercises of lesson 13."""

from tlhelpers.course.exercise_book.lesson_13_f1 import F1
from tlhelpers.course.exercise_book.lesson_13_pairs import PAIRS
from tlhelpers.course.exercise_book.lesson_13_tokens import TOKENS
from tlhelpers.course.exercise_kinds import Choice, Number

EXERCISES = [
    TOKENS,
    F1,
    PAIRS,
    Number(
        "13.4",
        praise="990,000 passes against 10,000. And when one more question comes, it is one pass "
        "more by itself, since all other vectors are kept, and 9,900 together.",
        hints=(
            "Count the passes of each way by itself. What goes through the encoder once in the one "
            "way, and what in the other?",
            "By itself every text goes through once, the questions as well as the answers. "
            "Together every pair of a question and an answer goes through once.",
            "100 * 9_900 / (100 + 9_900).",
        ),
        value=99,
        tolerance=0.01,
        mistakes=[
            (
                100,
                "You left out the questions: by itself each of them goes through the encoder once, "
                "too.",
            ),
            (
                9_900,
                "You divided by the questions alone (or gave the result in per cent). By itself "
                "each answer goes through the encoder once, too.",
            ),
            (
                990_000,
                "So many passes are the pairs read together. Divide by the passes of all texts by "
                "themselves.",
            ),
            (
                10_000,
                "So many passes are the texts by themselves. How many times as many are the pairs?",
            ),
            (
                1 / 99,
                "That is by itself over together. Ask the other way round: how many times as many "
                "does it take together?",
            ),
            (
                98,
                "That is how many times more on top. Twice as many is 2: divide the one number of "
                "passes by the other.",
            ),
            (
                980_000,
                "That is how many passes more. Divide the one number of passes by the other.",
            ),
            (
                198,
                "You counted two passes for each pair. A pair read together is one text: one pass.",
            ),
            (
                0.5,
                "You counted two passes by itself for each pair. The vector of a text is computed "
                "once and kept for all comparisons.",
            ),
            (
                10_000 * 9_999 / 2 / 10_000,
                "You counted all pairs of two texts. Only questions are compared with answers.",
            ),
        ],
    ),
    Choice(
        "13.5",
        praise="The answers go through the encoder once, before anybody asks; a question is then "
        "one pass and 50,000 cosines. And 60 marked questions are few to learn from, but they tell "
        "how often the right answer is found: whatever is built next is measured by them.",
        hints=(
            "Count for each of the four: how many passes through the encoder does one new question "
            "take?",
            "The cell above has the milliseconds of a pass. How many passes fit into half a "
            "second? And which of the four leaves labelled questions to test with?",
            "Two of the four read 50,000 pairs for every question, and one answers another task "
            "than the shop's.",
        ),
        right="b",
        why_not={
            "a": "Reading together takes one pass for each of 50,000 answers, for every question: "
            "multiply the milliseconds of a pass from the cell above. And when all 60 pairs are "
            "tuned on, none is left to test with.",
            "c": "Such a head gives a label to each word of an answer. The shop asks whether a "
            "question and an answer belong together, and for that two texts have to be compared.",
            "d": "Frozen or not, read together each question takes a pass for each of 50,000 "
            "answers. And when the head learns from all 60 pairs, none is left to test with.",
        },
    ),
]
