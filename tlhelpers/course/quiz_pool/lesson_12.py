"""Lesson 12: a project of one's own, from its question to a sentence that the interval allows."""

import math

from tlhelpers.course.quiz_kinds import Choice, Number, Several

POOL = (
    Choice(
        "question",
        "Which of these questions about transfer can an experiment answer?",
        "It names the change, the number of labels, what is new in the test, and the measure.",
        right="with 50 labels, do tuned weights name more new birds than frozen ones?",
        wrong={
            "is a large pretrained network a good choice for pictures of birds?": (
                "Good beside what, with how many labels, and measured how?"
            ),
            "why do features of photographs carry so much about birds in general?": (
                "Which run, with which outcome, would be an answer to it?"
            ),
            "how accurate can a network become on birds if all goes well?": (
                "Nothing is compared, and nobody knows what would be tried."
            ),
        },
    ),
    Choice(
        "two-changes",
        (
            "A tuned ResNet at {a} px is compared with a frozen Lite0 at {b} px. The tuned one is "
            "better, and that is resolved. What may be said?"
        ),
        "Three things differ: the network, the size and the tuning. Any of them may have done it.",
        lambda r: {"a": r.choice([192, 224, 256]), "b": r.choice([64, 96, 128])},
        right="that this whole recipe is better, but not by what",
        wrong={
            "that tuning is better, as the interval left out 0": (
                "The interval speaks of the two recipes. What else differs between them?"
            ),
            "that more pixels are better, since tuning is costly": (
                "The size is one of three things that changed."
            ),
            "nothing at all, since the comparison was not paired": (
                "It may well be paired. What differs between the two?"
            ),
        },
    ),
    Choice(
        "control",
        "What does the random twin of a network show, as a row of your table?",
        "Same layers, same size, same head: only what was learned elsewhere is gone.",
        right="what the layers do without anything learned elsewhere",
        wrong={
            "what the largest class alone would give in this test": (
                "That is the majority line, and it needs no network at all."
            ),
            "what luck in the draw of the labelled items has done": (
                "That is what seeds are for. What is random in a random twin?"
            ),
            "what a longer training of the same network would add": (
                "The twin is not trained longer; it was never trained."
            ),
        },
    ),
    Choice(
        "baseline",
        (
            "Frozen features beat their random twin by {k} points. Counted words were not tried. "
            "What does the reader miss most?"
        ),
        "The twin shows that something was transferred; the baseline, whether it is worth it.",
        lambda r: {"k": r.randrange(5, 12)},
        right="whether the transfer beats the cheapest rival",
        wrong={
            "whether the random twin was drawn more than once": (
                "That is worth a row, but first: what would a sensible person try?"
            ),
            "whether the features come from the last layer": (
                "It can be told in a word. Which rival is missing?"
            ),
            "whether the difference is larger than the chance line": (
                "A difference is not compared with chance. Which rival is missing?"
            ),
        },
    ),
    Choice(
        "choosing",
        (
            "Somebody tries {n} penalties on the ten test splits, takes the best mean, and reports "
            "that mean. What is wrong?"
        ),
        "The best of many is too good on the items that it was chosen on.",
        lambda r: {"n": r.choice([8, 12, 20])},
        right="the test items had a part in the choice",
        wrong={
            "ten splits are too few for a mean of runs": (
                "Ten are fair. What was done with their test sides?"
            ),
            "a mean of accuracies hides the single runs": (
                "It does, but that does not make it too high."
            ),
            "a penalty must be chosen by the training loss": (
                "That would choose the weakest penalty. Which items should choose?"
            ),
        },
    ),
    Choice(
        "answer",
        "The difference is +.0{m}, interval from −.0{l} to +.0{h}. Which sentence may stand?",
        "The interval holds 0, a loss and a gain. It must be said so.",
        lambda r: {"m": r.randrange(1, 4), "l": r.randrange(1, 3), "h": r.randrange(5, 8)},
        right="whether it helps is not resolved by these data",
        wrong={
            "it helps, though by less than we had expected": (
                "The interval holds losses too. May one say that it helps?"
            ),
            "it makes no difference on data of this kind": (
                "No difference would be one value. The interval holds many."
            ),
            "it would help if there were some more labels": (
                "That was not measured. What was, and what does it leave open?"
            ),
        },
    ),
    Choice(
        "unit",
        (
            "{n} photographs of {g} dogs are tested, {each} of each dog. How many independent "
            "items is it safe to count?"
        ),
        "Photographs of one dog are alike: what is new is a dog.",
        lambda r: {
            "g": (g := r.choice([40, 60, 80])),
            "each": (e := r.randrange(4, 9)),
            "n": g * e,
        },
        right="as many as there are dogs in the test",
        wrong={
            "as many as there are photographs in it": (
                "Is the second photograph of a dog as new as the first?"
            ),
            "as many as there are breeds to be named": (
                "Two dogs of one breed are different dogs."
            ),
            "ten times as many, as there are ten seeds": (
                "Seeds test the same dogs again. They make no new ones."
            ),
        },
    ),
    Choice(
        "look",
        (
            "Before any run, you label {n} items by sight and agree with {k} of the given labels. "
            "What has this told you?"
        ),
        "Where you and the data differ, the label is wrong, unclear, or follows a rule you lack.",
        lambda r: {"n": 20, "k": r.randrange(13, 16)},
        right="about how often you and these labels agree",
        wrong={
            "how often a model can be right at the most": (
                "A model can learn a rule of the labels that you do not know."
            ),
            "which of the items should be left out of it": (
                "Then only what you find easy is left. What have you learned of the labels?"
            ),
            "nothing, since twenty items are far too few": (
                "They give a wide interval, which is more than nothing."
            ),
        },
    ),
    Choice(
        "not-enough",
        (
            "By your plan {a} groups are needed for the smallest difference that matters, and "
            "there are {b}. What do you write before the first run?"
        ),
        "Then readers know beforehand that not resolved will not mean no difference.",
        lambda r: {"a": (a := r.choice([600, 900, 1200])), "b": a // r.randrange(3, 6)},
        right="that a difference that matters may stay unresolved",
        wrong={
            "that no difference can be found in these data": (
                "A large one can still be found. What will often happen to smaller ones?"
            ),
            "that items will be counted in place of groups": (
                "The items of one group are as alike as before."
            ),
            "that twenty seeds will be run in place of ten": (
                "More seeds test the same groups again and again."
            ),
        },
    ),
    Several(
        "parts",
        "Which two must hold for a part for choosing and a part to report on?",
        "What is chosen on one side may know nothing of the other.",
        right=("no group stands in both of them", "no content stands in both of them"),
        wrong={
            "both hold as many items of each class": (
                "Shares may differ a little; each class must be in both."
            ),
            "both are drawn anew for every seed": (
                "Then what was chosen on is tested on at another seed."
            ),
        },
        missing="There is one more way in which one part may know the other.",
    ),
    Several(
        "limits",
        "Which two sentences belong under the limits of a report?",
        "A limit names something that was not tested and that a reader might take for tested.",
        right=(
            "only one number of labels per class was run",
            "all reviews are of electronic products",
        ),
        wrong={
            "deep networks often need a lot of data": (
                "That is a saying, and it is not about your experiment."
            ),
            "better results may come in the future": (
                "That holds for everything. What was not tested here?"
            ),
        },
        missing="There is one more thing that was not tested.",
    ),
    Number(
        "needed",
        (
            "Two strategies disagree on {d} of 10 items. How many independent items are needed "
            "until half the width of the interval is .0{g}? (n = d · (1.96 / difference)²)"
        ),
        "The share of the disagreement, times the square of 1.96 over the difference.",
        lambda r: {"d": r.randrange(1, 4), "g": r.randrange(3, 7)},
        value=lambda d, g: d / 10 * (196 / g) ** 2,
        mistakes=(
            (lambda d, g: d / 10 * 196 / g, "The square is missing: width goes with a root."),
            (lambda d, g: d * (196 / g) ** 2, "The disagreement is a share: {d} of 10."),
            (lambda d, g: (196 / g) ** 2, "Only items on which exactly one is right count."),
        ),
        hint="Put the share of the disagreement and the difference, as shares, into the formula.",
    ),
    Number(
        "half-width",
        (
            "{n} groups, and two strategies disagree on {d} of 10 items. What is half the width of "
            "the interval of their difference, as a share? (1.96 · √(d / n))"
        ),
        "Only the disagreement counts, and it shrinks with the root of the number.",
        lambda r: {"n": r.choice([50, 100, 200, 400]), "d": r.randrange(1, 5)},
        value=lambda n, d: 1.96 * math.sqrt(d / 10 / n),
        mistakes=(
            (lambda n, d: 1.96 * d / 10 / n, "The root is missing."),
            (lambda n, d: 2 * 1.96 * math.sqrt(d / 10 / n), "That is the whole width."),
            (lambda n, d: math.sqrt(d / 10 / n), "The factor 1.96 is missing."),
        ),
        hint="Divide the share by the number, take the root, and multiply by 1.96.",
    ),
    Number(
        "more-groups",
        (
            "With {n} reviews a difference is +.0{m}, and half the width of its interval is .0{h}. "
            "If the difference stays, how many reviews are needed in all until half the width "
            "equals it?"
        ),
        "The number grows with the square of the ratio of half the width to the difference.",
        lambda r: {"n": r.choice([80, 120, 160]), "m": r.randrange(2, 4), "h": r.randrange(5, 9)},
        value=lambda n, m, h: n * (h / m) ** 2,
        mistakes=(
            (
                lambda n, m, h: n * h / m,
                "That would hold if the width shrank as they grow.",
            ),
            (lambda n, m, h: n * (h / m) ** 2 - n, "These are the reviews that are missing yet."),
        ),
        hint="By which factor must half the width shrink? The number grows with its square.",
    ),
)
