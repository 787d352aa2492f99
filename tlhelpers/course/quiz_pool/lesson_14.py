"""Lesson 14: what a confidence, a threshold and a set promise, at home and abroad."""

import math

from tlhelpers.course.quiz_kinds import Choice, Number, Several

POOL = (
    Choice(
        "calibrated",
        (
            "Of {n} answers with a confidence near {c}, about {k} are right. What is the "
            "model there?"
        ),
        "It is right more often than it says.",
        lambda r: {
            "n": (n := r.choice([200, 300, 400])),
            "c": (c := r.choice([0.7, 0.75, 0.8])),
            "k": round(n * (c + 0.12)),
        },
        right="not confident enough: it is right more often than it says",
        wrong={
            "too confident: it says more than it is able to keep there": (
                "Compare the share of right answers with the confidence."
            ),
            "calibrated: a confidence that is below 1 allows mistakes": (
                "Calibrated means as many right as was said."
            ),
            "accurate and so calibrated, since most answers are right": (
                "Accuracy is one thing, and confidence that fits is another."
            ),
        },
    ),
    Choice(
        "temperature",
        "What does a temperature of 2 do to the answers of a head?",
        "All scores are halved: the same class stays ahead, with less confidence.",
        right="it keeps every answer, and makes it less confident",
        wrong={
            "it keeps every answer, and makes it more confident": (
                "Above 1 the classes become more alike."
            ),
            "it changes some answers to the class that is next": (
                "Scores keep their order when all are divided by one number."
            ),
            "it leaves out the answers whose confidence is low": "That is a threshold.",
        },
    ),
    Choice(
        "abroad",
        (
            "A temperature was fitted on held-out news. The head goes to a new domain, of "
            "which you have no label. What do you know about its confidences there?"
        ),
        ("One number fits one domain; without labels one cannot see which way it errs abroad."),
        right="nothing: they may be too high or too low over there",
        wrong={
            "that they fit, since the head itself stays the same": (
                "The head stays, the texts do not."
            ),
            "that they are too low, since it has been careful at home": (
                "In the lesson it was so on one domain and not on another."
            ),
            "that they are better than without the temperature, at least": (
                "In the lesson the repair at home spoiled them abroad."
            ),
        },
    ),
    Choice(
        "held-out",
        "Why must a threshold be chosen on items that the head did not learn from?",
        ("On its own training items the head is right and sure more often than on new ones."),
        right="on training items it is right and sure too often",
        wrong={
            "on training items it has no confidences to look at": (
                "It has them. How good do they look there?"
            ),
            "on training items each class is equally common": (
                "So it may be on held-out ones. Think of memory."
            ),
            "on training items the threshold would be too high": (
                "Too low, if anything: nearly all answers seem right."
            ),
        },
    ),
    Choice(
        "conformal",
        (
            "Sets that “hold the true class nine times of ten, without any assumption on "
            "the model” are used on another domain. What is wrong?"
        ),
        ("There is an assumption, about the data: new items are drawn like the held-out ones."),
        right="new items must be drawn like the held-out ones",
        wrong={
            "the head must be calibrated before sets are made": (
                "Nothing is asked of the head. Something is asked of the data."
            ),
            "nothing: the promise holds whatever the model is": (
                "Whatever the model, yes. Whatever the data?"
            ),
            "sets need at least three classes to be of any use": (
                "With two classes, a set of both says “I do not know”."
            ),
        },
    ),
    Choice(
        "draws",
        "“Nine of ten” from {n} held-out items: what exactly is promised?",
        ("A single draw of held-out items may keep much less: the mean over draws is promised."),
        lambda r: {"n": r.choice([20, 30, 40])},
        right="nine of ten on average over draws of held-out items",
        wrong={
            "nine of ten for every draw of held-out items, at least": (
                "With so few items one draw may keep much less."
            ),
            "nine of ten in each class, on average over all draws": (
                "It is a mean over all items. One class may be served worse."
            ),
            "nine of ten for each new item, whatever text it may be": (
                "A single item is held or not. The promise is about many."
            ),
        },
    ),
    Choice(
        "each-class",
        "Sets hold the true class of nine items in ten. What else do you look at?",
        "A mean over all items may hide a class that is missed more often.",
        right="how often they hold it, in each class by itself",
        wrong={
            "whether the head's accuracy is 90 %, as it must be": (
                "Sets may hold the class where the answer is wrong."
            ),
            "whether all sets have one class, as they should do": (
                "A set of two is an honest answer. Who is served badly?"
            ),
            "how often they hold it on the training items, too": (
                "These say nothing about new ones."
            ),
        },
    ),
    Choice(
        "buys",
        (
            "What do {n} labelled items of a new domain buy, if they are used for the "
            "bound of the sets alone?"
        ),
        (
            "The promise is kept there, on average; the head is as good or bad as before, "
            "and sets may become large."
        ),
        lambda r: {"n": r.choice([100, 150, 200])},
        right="sets that keep their promise there, maybe large ones",
        wrong={
            "a head that is right more often on this new domain": (
                "The head stays as it is: only the bound is made anew."
            ),
            "smaller sets, since the head now knows the domain": (
                "Where the head is worse, the sets become larger."
            ),
            "nothing, since the head has not learned from them": (
                "The bound has. What does the bound make good?"
            ),
        },
    ),
    Choice(
        "label-shift",
        (
            "Shares of the classes are estimated without labels, and answers corrected by "
            "them. What does that take for granted?"
        ),
        (
            "Within a class, the texts must be as at home; only how often each class "
            "comes may have changed."
        ),
        right="that within each class the texts are as they were",
        wrong={
            "that the shares of the classes are as they were": (
                "That they have changed is the reason to correct."
            ),
            "that every class is as common as all of the others": (
                "Any shares will do. What must not have changed?"
            ),
            "that some items of the target have been labelled": (
                "It needs none. That is why it has to trust something."
            ),
        },
    ),
    Choice(
        "watching",
        (
            "In use, shares of the answers, mean confidence and sizes of sets stand still "
            "for a month. What does that prove?"
        ),
        "When they move, label again. When they stand still, nothing is proved.",
        right="nothing: accuracy may have changed without a sign",
        wrong={
            "that the accuracy is what it was at the beginning": (
                "Mistakes can change without moving any of these."
            ),
            "that the domain is the same, so the promise holds": (
                "Another domain may have the same shares and confidences."
            ),
            "that no label is needed for as long as they stand": (
                "Labels are the only thing that measures accuracy."
            ),
        },
    ),
    Choice(
        "sign",
        (
            "Someone asks you to sign “right on nine of ten” for texts of a domain from "
            "which you have no label. What do you answer?"
        ),
        (
            "For a new domain nothing is promised before some of its items have been "
            "labelled and counted."
        ),
        right="not before some of these texts are drawn and labelled",
        wrong={
            "yes, with sets, which promise nine of ten everywhere": (
                "They promise it for items that are drawn like the held-out ones."
            ),
            "yes, with a higher threshold than the one used at home": (
                "How much higher? Only labels of that domain could tell."
            ),
            "yes, if the confidences fit at home and look as good": (
                "Confidences that fit at home may not fit there."
            ),
        },
    ),
    Number(
        "bound",
        (
            "There are {n} held-out scores, and a new score may exceed the bound one time "
            "in ten. Which of the scores, counted from the smallest, is the bound?"
        ),
        ("Its place is (n + 1) · 0.9, rounded up: the new item takes one of n + 1 places."),
        lambda r: {"n": r.randrange(22, 28)},
        value=lambda n: math.ceil((n + 1) * 0.9 - 1e-9),
        mistakes=(
            (
                lambda n: n,
                (
                    "That would be the largest one, which is exceeded less often than one time in "
                    "ten."
                ),
            ),
            (
                lambda n: math.floor((n + 1) * 0.9),
                (
                    "That is nine tenths of n, or of n + 1 rounded down: it would be exceeded more "
                    "often than promised."
                ),
            ),
            (lambda n: n / 10, "That one is exceeded nine times of ten."),
        ),
        hint="The new item has n + 1 places among the held-out ones. Round up.",
    ),
    Number(
        "ece",
        (
            "{a} answers have the mean confidence 0.6, and {p} % of them are right; {b} "
            "answers have the mean confidence 0.9, and {q} % of them are right. What is "
            "the expected calibration error?"
        ),
        "The distances of both intervals, each weighted by its number of answers.",
        lambda r: {
            "a": r.choice([100, 150]),
            "b": r.choice([300, 350]),
            "p": r.randrange(66, 78),
            "q": r.randrange(78, 87),
        },
        value=lambda a, b, p, q: (a * abs(p / 100 - 0.6) + b * abs(q / 100 - 0.9)) / (a + b),
        mistakes=(
            (
                lambda a, b, p, q: (abs(p / 100 - 0.6) + abs(q / 100 - 0.9)) / 2,
                "The intervals count by their answers, and these are not equally many.",
            ),
            (
                lambda a, b, p, q: abs(a * (p / 100 - 0.6) + b * (q / 100 - 0.9)) / (a + b),
                ("Errors in both directions must not cancel: take each distance without its sign."),
            ),
            (
                lambda a, b, p, q: abs(p / 100 - 0.6) + abs(q / 100 - 0.9),
                "You added the two distances. Take their weighted mean.",
            ),
        ),
        hint=(
            "Distance of confidence and accuracy in each interval, weighted by its number "
            "of answers."
        ),
    ),
    Number(
        "shares",
        (
            "A head calls {t} % of the positive and {f} % of the negative texts positive. "
            "Of the new texts it calls {a} % positive. Which share of them is positive, "
            "if only the shares have changed?"
        ),
        ("The share is (a − f) / (t − f): what it calls positive comes from both classes."),
        lambda r: {"t": r.randrange(80, 93), "f": r.randrange(8, 20), "a": r.randrange(55, 75)},
        value=lambda t, f, a: (a - f) / (t - f),
        mistakes=(
            (lambda t, f, a: a / 100, "That is what it answers. Some of these answers are wrong."),
            (lambda t, f, a: a / t, "Some negative texts are called positive, too. Take them off."),
            (
                lambda t, f, a: (a - f) / 100,
                "The false ones are off. But not all positive texts are found, either.",
            ),
        ),
        hint="Write what it calls positive as t times the share, plus f times the rest.",
    ),
    Several(
        "nothing-needed",
        "Which two promises can be made with held-out labels from home alone?",
        "At home they hold, for new items that are drawn like the held-out ones.",
        right=("an accuracy at home, with its interval", "sets that keep nine of ten at home"),
        wrong={
            "a threshold that keeps nine of ten abroad": "Abroad it takes labels from abroad.",
            "which domain the next texts will be from": "No label at home tells what will come.",
        },
        missing="There is one more that holds at home.",
    ),
)
