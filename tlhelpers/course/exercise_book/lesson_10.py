"""Exercises of lesson 10."""

from tlhelpers.course.exercise_book.lesson_10_needed import NEEDED
from tlhelpers.course.exercise_book.lesson_10_order import ORDER
from tlhelpers.course.exercise_book.lesson_10_wrong_labels import WRONG_LABELS
from tlhelpers.course.exercise_kinds import Choice

EXERCISES = [
    Choice(
        "10.1",
        praise="In use, the model meets patients it has never seen. So no patient may stand on "
        "both sides of the split, however many photographs there are of each.",
        hints=(
            "Whom will the model meet when it is in use? The test side must be as new to it.",
            "What do two photographs share that would help to recognise the second from the first? "
            "Whatever it is must not stand on both sides.",
            "The clinic will send photographs of people who are in none of the folders.",
        ),
        right="d",
        why_not={
            "a": "Then most test photographs have a twin on the training side: the same patch of "
            "skin, the same light. The number would tell how well patients are recognised.",
            "b": "Both photographs of one day stay together, but those of the next visit show the "
            "same patch of skin on the other side.",
            "c": "Equal files are found that way. Two photographs of one patch are not equal, and "
            "that one helps with the other is just the trouble.",
        },
    ),
    NEEDED,
    WRONG_LABELS,
    Choice(
        "10.4",
        praise="The list says where to look; a person says what is true. And what you correct on "
        "the test side you correct by looking, not by the model, or it would be its own judge.",
        hints=(
            "Who knows what a flagged picture shows? And what would the test side be worth if the "
            "model had a say in its labels?",
            "Among the flagged ones are pictures with the right label that are only hard. What "
            "happens to these in each of the four ways?",
            "Three of the four change the test so that the model looks better.",
        ),
        right="a",
        why_not={
            "b": "Then the model is right by definition on everything that it was wrong about with "
            "confidence. The accuracy goes up, and nothing became better.",
            "c": "Hard pictures with right labels would go too, from the test side as well. What "
            "is left is easy, and the number is too high for what you will meet.",
            "d": "The planted ones were wrong in training and in the test. Leaving them costs "
            "accuracy that you could have for ten minutes of looking.",
        },
    ),
    Choice(
        "10.5",
        praise="No difference is resolved, the costlier strategy would gain about three points at "
        "best, and six hundred labels are a week of work. The cheap model goes out, and its "
        "mistakes are watched.",
        hints=(
            "What does the interval leave open? And what would the largest gain in it be worth to "
            "you, beside what it costs to find out?",
            "A difference that is not resolved is not a difference of 0, and not one of .02 "
            "either. But here even the upper end of its interval is small.",
            "Compare two prices: the labels that would tell, and what fine-tuning costs in use.",
        ),
        right="b",
        why_not={
            "a": "The mean is a little higher, but so it would be in half of all cases if "
            "the two were equal. For that you would pay twenty times the computing.",
            "c": "That would tell. It would cost a week of labelling, for a gain of hardly "
            "more than three points.",
            "d": "Not resolved does not mean equal: the interval holds +.03 as well as −.01. It "
            "means that these data do not tell.",
        },
    ),
    ORDER,
]
