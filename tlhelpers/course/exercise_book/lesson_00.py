"""Exercises of lesson 00."""

import numpy as np

from tlhelpers.course.exercise_kinds import Choice, Function, on_inputs

TRAIN = np.array([0, 0, 0, 1, 1, 2])
TEST = np.array([1, 1, 1, 1, 1, 0, 2, 1, 1, 0])


def _majority(train_labels, test_labels):
    most_common = np.bincount(train_labels).argmax()
    return (test_labels == most_common).mean()


def _majority_of_the_test_set(train_labels, test_labels):
    return _majority(test_labels, test_labels)


def _majority_of_the_training_set(train_labels, test_labels):
    return _majority(train_labels, train_labels)


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
        observe=on_inputs((TRAIN, TEST), (TEST, TRAIN)),
        mistakes=[
            (
                _majority_of_the_test_set,
                "You looked at the test labels to choose the class. A model that has to be "
                "judged on them must not see them: choose on the training labels.",
            ),
            (
                _majority_of_the_training_set,
                "You counted how often it is right in training. What counts is the test side.",
            ),
            (
                lambda train, test: (test == np.bincount(train).argmax()).sum(),
                "That is a count; an accuracy is a share: divide by the number of test labels.",
            ),
            (
                lambda train, test: np.bincount(train).argmax(),
                "That is the most common label itself. How often is it right on the test side?",
            ),
            (
                lambda train, test: 1 / len(np.unique(train)),
                "That is chance: guessing all classes equally often. The majority line always "
                "says the same class.",
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
        right="c",
        why_not={
            "a": "The mean is above 0, but the interval reaches below it: with other draws the "
            "order could turn round.",
            "b": "An interval around 0 is no proof of equality: it still allows +0.07, which "
            "would be a gap worth having.",
            "d": "Nothing in the interval says that the measurement was wrong; it says how much "
            "it leaves open.",
        },
    ),
]
