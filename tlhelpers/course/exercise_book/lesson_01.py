"""Exercises of lesson 01."""

import numpy as np

from tlhelpers.course.exercise_book.drawn_labels import draw_sides
from tlhelpers.course.exercise_book.lesson_01_block import BLOCK
from tlhelpers.course.exercise_book.lesson_01_split import SPLIT
from tlhelpers.course.exercise_book.lesson_01_stop import STOP
from tlhelpers.course.exercise_kinds import Choice, Function, Number, on_drawn


def _guess_as_often(train_labels, test_labels):
    return np.mean([(train_labels == label).mean() for label in test_labels])


def _always_the_same(train_labels, test_labels):
    return (test_labels == np.bincount(train_labels).argmax()).mean()


def _guess_once(train_labels, test_labels):
    guesses = np.random.default_rng(0).choice(train_labels, len(test_labels))
    return (guesses == test_labels).mean()


def _squared_shares(labels):
    return _guess_as_often(labels, labels)


def _guess_the_present(train_labels, test_labels):
    return _guess_as_often(train_labels, test_labels[np.isin(test_labels, train_labels)])


EXERCISES = [
    Function(
        "01.1",
        praise="Guessing in proportion needs no pixel either, and it lies below the majority line "
        "as a rule: on every item it bets on the best class only now and then.",
        hints=(
            "Think of one test item of class c. How often does such a model guess c?",
            "A test item of class c is right with the share of c among the training labels: "
            "(train_labels == c).mean().",
            "Average this share over the test items: each item brings the share of its own class.",
        ),
        reference=_guess_as_often,
        observe=on_drawn(draw_sides),
        mistakes=[
            (
                _always_the_same,
                "That is the majority line: always the same answer. This model guesses every "
                "class as often as it comes in training.",
            ),
            (
                lambda train, test: 1 / len(np.unique(train)),
                "That is chance: all classes equally often. This model guesses common classes "
                "more often than rare ones.",
            ),
            (
                lambda train, test: 1 / len(np.unique(test)),
                "That is chance on the test side: all classes equally often. This model guesses "
                "each class as often as it comes in training.",
            ),
            (
                lambda train, test: _squared_shares(train),
                "You used the training labels twice. The guesses come from training, but the "
                "items that are guessed are those of the test side.",
            ),
            (
                lambda train, test: _squared_shares(test),
                "You used the test labels twice. Nobody knows them beforehand: the guesses follow "
                "the training labels.",
            ),
            (
                _guess_once,
                "You drew guesses, and another draw would give another number. Compute what is "
                "reached on average, without drawing.",
            ),
            (
                lambda train, test: _guess_as_often(train, test) * len(test),
                "That is how many test items are right on average. Divide by the number of test "
                "items.",
            ),
            (
                lambda train, test: 1 - _guess_as_often(train, test),
                "That is the share of wrong guesses. The accuracy is the share of right ones.",
            ),
            (
                lambda train, test: _guess_as_often(train, np.unique(test)),
                "You gave every class of the test side the same weight. Average over the test "
                "items: a class with many items counts more.",
            ),
            (
                _guess_the_present,
                "You left out test items whose class is missing in training. They count too: "
                "their share in training is 0, so they are never right.",
            ),
        ],
    ),
    SPLIT,
    Choice(
        "01.3",
        praise="The winner owes a part of its lead to luck on just these drawings. Validation "
        "items can be used up by choosing; the test set is then still unused for the judgement.",
        hints=(
            "Suppose all twelve settings were equally good. Would they all get the same number?",
            "The largest of twelve numbers is picked. Which way does luck push it?",
            "Look for the drawings that had no part in training and no part in choosing.",
        ),
        right="d",
        why_not={
            "a": "No weight saw the test drawings, that is true. But the setting was chosen by "
            "them, and a choice is a kind of learning too.",
            "b": "The eleven others do not enter the number at all: only the best one is reported.",
            "c": "A list of all twelve tells the reader about the search, which is good. The best "
            "of the list is still too high.",
        },
    ),
    Number(
        "01.4",
        praise="Each of the 64 filters has 3 · 3 · 32 weights, and BatchNorm adds two numbers for "
        "each of its 64 channels.",
        hints=(
            "Count in two parts: the filters of the convolution, then what BatchNorm learns.",
            "One filter looks at 3 × 3 places in all 32 channels, and there is one filter for "
            "each channel that comes out.",
            "Build both layers with torch.nn and add up p.numel() over their parameters().",
        ),
        value=18_560,
        tolerance=0.1,
        mistakes=[
            (
                18_432,
                "That is the convolution alone. BatchNorm has a weight and a bias per channel.",
            ),
            (
                18_624,
                "You counted a bias in the convolution. Here it has none: the bias of BatchNorm "
                "does its work.",
            ),
            (
                2_176,
                "You left out the 3 × 3: a filter has one weight for each of its nine places.",
            ),
            (
                18_688,
                "You counted the running mean and variance too. They are kept, but no gradient "
                "trains them.",
            ),
            (
                18_496,
                "You counted one number for each channel beside the filters. BatchNorm has two: a "
                "weight and a bias.",
            ),
            (
                6_272,
                "You counted three places for a filter. It has 3 · 3 of them.",
            ),
            (
                416,
                "You counted a single filter. There are 64 of them, one for each channel that "
                "comes out.",
            ),
        ],
    ),
    BLOCK,
    STOP,
    Choice(
        "01.7",
        praise="A mirrored sign shows the other direction under the old label. Whether a change is "
        "harmless depends on what the label says, not on the picture.",
        hints=(
            "For each one, imagine the changed picture. Would a person still give it this label?",
            "Mirroring swaps left and right. In which task does the label speak of left and right?",
            "Read again what the start of section 5 says about digits.",
        ),
        right="a",
        why_not={
            "b": "A bird that looks the other way is still a bird. Nothing in these labels speaks "
            "of left and right.",
            "c": "A 7 that stands one pixel further to the right is still a 7. Moving it leaves "
            "the label true.",
            "d": "A rose in the shade is still a rose. Darkening would matter if the label were "
            "the time of day.",
        },
    ),
    Choice(
        "01.8",
        praise="One thing at a time: this row differs from the small network in the weights and "
        "not in the drawings, so a lead over it is not one of sharper drawings.",
        hints=(
            "In what do the two frozen rows differ, and in what do they not?",
            "Which question about the first frozen row would stay open if this row were left out?",
            "Read again why section 7 has two rows: a comparison that changes two things at once.",
        ),
        right="c",
        why_not={
            "a": "Scaling up only paints the same drawing with more pixels; no detail comes back. "
            "That is why this row is a fair control.",
            "b": "Both frozen rows train a head on labels, one per class at least. The row is "
            "about the drawings, not about the labels.",
            "d": "All rows are tested on the same drawings anyway. Ask what else differs between "
            "the first frozen row and the small network.",
        },
    ),
]
