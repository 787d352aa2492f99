"""Exercises of lesson 00."""

import numpy as np

from tlhelpers.course.exercise_book.drawn_labels import draw_sides
from tlhelpers.course.exercise_kinds import Choice, Function, on_drawn


def _most_common(labels):
    return np.bincount(labels).argmax()


def _majority(train_labels, test_labels):
    return (test_labels == _most_common(train_labels)).mean()


def _place_instead_of_label(train_labels, test_labels):
    counts = np.unique(train_labels, return_counts=True)[1]
    return (test_labels == counts.argmax()).mean()


EXERCISES = [
    Choice(
        "00.1",
        praise="The ten classes stay, so the task stays; the drawings come from another "
        "distribution, so the domain is new. That is domain adaptation, lessons 07 and 08.",
        hints=(
            "Ask two questions, one after the other: do the labels mean the same? "
            "Do the pictures look the same?",
            "Twemoji and OpenMoji are drawn by different people; the ten class names are shared.",
            "Read again the table with domain and task at the top of this lesson.",
        ),
        right="b",
        why_not={
            "a": "The task is the set of labels and the rule that links pictures to them. A model "
            "that must say mammal, bird, vehicle, … in both styles has one and the same task.",
            "c": "Half of it: the pictures are drawn otherwise, but are the ten labels others too?",
            "d": "Something is new: put the two sheets of drawings side by side.",
        },
    ),
    Function(
        "00.2",
        praise="The class is chosen on the training labels, the share is counted on the test "
        "labels. An accuracy says little as long as this line is not known.",
        hints=(
            "Two steps: which label is the most common one in training? "
            "How often is it right on the test side?",
            "np.bincount(labels).argmax() gives the most common label.",
            "(test_labels == most_common).mean() is an accuracy; look at how lesson 00 uses "
            "majority().",
        ),
        reference=_majority,
        observe=on_drawn(draw_sides),
        mistakes=[
            (
                lambda train, test: _majority(test, test),
                "You looked at the test labels to choose the class. A model that has to be "
                "judged on them must not see them: choose on the training labels.",
            ),
            (
                lambda train, test: _majority(train, train),
                "You counted how often it is right in training. What counts is the test side.",
            ),
            (
                lambda train, test: (test == _most_common(train)).sum(),
                "That is a count; an accuracy is a share: divide by the number of test labels.",
            ),
            (
                lambda train, test: (test == _most_common(train)).sum() / len(train),
                "You divided by the number of training labels. The accuracy is a share of the "
                "test labels.",
            ),
            (
                lambda train, test: _most_common(train),
                "That is the most common label itself. How often is it right on the test side?",
            ),
            (
                lambda train, test: 1 / len(np.unique(train)),
                "That is chance: guessing all classes equally often. The majority line always "
                "says the same class.",
            ),
            (
                lambda train, test: (test == train[0]).mean(),
                "You took the first training label. Take the one that comes most often.",
            ),
            (
                lambda train, test: (test == train[-1]).mean(),
                "You took the last training label. Take the one that comes most often.",
            ),
            (
                lambda train, test: (test == train.max()).mean(),
                "You took the largest training label. Take the one that comes most often.",
            ),
            (
                lambda train, test: (test == np.median(train)).mean(),
                "You took the median of the labels. They are names of classes, without an order: "
                "take the one that comes most often.",
            ),
            (
                lambda train, test: (test != _most_common(train)).mean(),
                "That is the share of wrong answers. The accuracy is the share of right ones.",
            ),
            (
                lambda train, test: (test == np.bincount(train).max()).mean(),
                "np.bincount(labels).max() is how often the label comes. argmax() is the label.",
            ),
            (
                _place_instead_of_label,
                "You used the place of the label in a list of counts. The label itself is another "
                "number as soon as not every whole number is a label.",
            ),
        ],
    ),
    Choice(
        "00.3",
        praise="An interval that holds 0 says that these data do not tell the two apart; more "
        "seeds or more test items may.",
        hints=(
            "Look at where 0 lies.",
            "Which true differences would be no surprise, given this interval?",
            "Read again the section “Was it luck?”.",
        ),
        right="a",
        why_not={
            "b": "An interval around 0 is no proof of equality: it still allows +0.07, which "
            "would be a gap worth having.",
            "c": "The mean is above 0, but the interval reaches below it: with other draws the "
            "order could turn round.",
            "d": "Nothing in the interval says that the measurement was wrong; it says how much "
            "it leaves open.",
        },
    ),
]
