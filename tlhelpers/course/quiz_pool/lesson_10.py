"""Lesson 10: somebody's own folder or table, from reading it to handing a model over."""

import math

from tlhelpers.course.quiz_kinds import Choice, Number, Several

POOL = (
    Choice(
        "group",
        (
            "You sort photographs of birds by species, several from each camera trap. The model "
            "shall work at new traps. What do you keep together on one side of the split?"
        ),
        "What is new in use must be new in the test: here that is the trap.",
        right="the photographs of one trap, whatever they show",
        wrong={
            "the photographs of one species, wherever taken": (
                "A class that is not learned cannot be named. What is new in use?"
            ),
            "the photographs of one day, from all the traps": (
                "Two days of one trap share the background. What will be new in use?"
            ),
            "the copies of one photograph, and nothing beyond": (
                "Other photographs of the trap share the background, and that helps."
            ),
        },
    ),
    Choice(
        "too-high",
        (
            "Split by file, an accuracy is {a} %; split by person, it is {b} %. There are "
            "many pictures of each person. What will a new person's pictures get?"
        ),
        "A new person is on neither side of the first split: the second one asks your question.",
        lambda r: {"a": (a := r.randrange(84, 94)), "b": a - r.randrange(10, 16)},
        right="about the second: new people were tested there",
        wrong={
            "about the first: more pictures were learned from": (
                "Both learned from as many. What did the first test know already?"
            ),
            "about the mean of both: each is right half the time": (
                "They answer two questions, and yours is one of them."
            ),
            "more than the first, with all data to learn from": (
                "The first one is flattered by known people. That goes away in use."
            ),
        },
    ),
    Choice(
        "skipped",
        (
            "A folder of {n} pictures was read: {k} were left out, all of one class, since "
            "they cannot be read. What do you do first?"
        ),
        "What is left out for one reason is seldom left out at random.",
        lambda r: {"n": r.choice([800, 1000, 1200]), "k": r.choice([60, 90, 120])},
        right="find out what these have in common, and mend it",
        wrong={
            "go on, as the others are enough to learn from": (
                "All of them are of one class. Is what is left still like what comes?"
            ),
            "leave out as many of the other classes as well": (
                "That makes the counts alike and loses good pictures. Why did they fail?"
            ),
            "remove that class, since its data cannot be used": (
                "Then nobody is told that a class is missing. Mend what can be mended."
            ),
        },
    ),
    Choice(
        "unresolved",
        (
            "Fine-tuning minus frozen features: +.0{m}, interval from −.0{l} to "
            "+.0{h}. Which sentence may stand in your report?"
        ),
        "The interval holds 0 and values on both sides: these data do not tell.",
        lambda r: {
            "m": (m := r.randrange(1, 3)),
            "l": (low := r.randrange(2, 5)),
            "h": low + 2 * m,
        },
        right="that one of them is better is not resolved",
        wrong={
            "that fine-tuning is better, but only a little": (
                "Below 0 there is room too. What does the interval leave open?"
            ),
            "that the two are equal on data of this kind": (
                "Equal would be one value. The interval holds many."
            ),
            "that fine-tuning will win with more labels": (
                "More labels would tell who wins. They do not tell it yet."
            ),
        },
    ),
    Choice(
        "first",
        "Which comparison comes first when you have a new folder and five minutes?",
        "Seconds of computing tell whether there is anything to learn at all.",
        right="frozen features against the largest class",
        wrong={
            "fine-tuning at several rates, with ten seeds": (
                "That is costly. What takes seconds, and tells whether anything is learned?"
            ),
            "several backbones, each one tuned as a whole": (
                "First see whether one of them, frozen, tells the classes apart."
            ),
            "a network from scratch, as the honest base": (
                "It is a control, and a costly one. Cheaper controls come first."
            ),
        },
    ),
    Choice(
        "suspects",
        (
            "A list of {n} likely wrong labels holds pictures that you find right but hard. "
            "What do you do with these?"
        ),
        "A hard picture with a right label is what the model will meet.",
        lambda r: {"n": r.randrange(28, 66)},
        right="keep them as they are, in training and test",
        wrong={
            "remove them, since they confuse the training": (
                "They are part of what comes. Without them the number is too high."
            ),
            "give them the class that the model says, too": (
                "You looked and found the label right."
            ),
            "move them all from the test to the training": (
                "Then the test is easier than what will come."
            ),
        },
    ),
    Choice(
        "held-out",
        (
            "Why must the probabilities that find wrong labels come from heads that never saw "
            "the item?"
        ),
        "A head that learned a wrong label believes in it, and the item looks fine.",
        right="a head believes in the labels that it learned",
        wrong={
            "the list would get too long to look through": (
                "It would rather get too short. What does a head say of its own items?"
            ),
            "a head cannot be used twice on the same item": (
                "It can. But what would it say of an item that it learned?"
            ),
            "the classes would come in another order then": (
                "The order does not change. What does a head say of its own items?"
            ),
        },
    ),
    Choice(
        "order",
        (
            "A colleague's program names the classes in another order than the saved model. "
            "What happens?"
        ),
        "The numbers stay the same and stand for other classes, and nothing warns.",
        right="answers are confident and wrong, without any error",
        wrong={
            "loading stops, as the weights no longer fit": (
                "The shapes are the same in any order. What would notice it?"
            ),
            "the accuracy falls a little, for a class or two": (
                "All classes that changed places are taken for each other."
            ),
            "nothing, as a network learns names and not places": (
                "It learns places. The names are only told beside them."
            ),
        },
    ),
    Several(
        "hand-over",
        "Which two must be saved beside the weights, or predictions may be wrong without a sign?",
        "Names in their order, and what was done to the input: neither is in the weights.",
        right=("the class names in their order", "the transform of the pictures"),
        wrong={
            "the seeds of all runs that were made": "They help to repeat it, not to predict.",
            "the pictures that it was trained on": "Predicting does not take these.",
        },
        missing="There is one more without which the same weights answer otherwise.",
    ),
    Several(
        "report-line",
        "Which two lines of a reading's report need a decision by a person?",
        "Which class is right, and whether two spellings mean the same, only a person can say.",
        right=(
            "one picture lies in the folders of two classes",
            "two spellings were taken for one and the same class",
        ),
        wrong={
            "a file that the system keeps there was left out": "It is no item of yours.",
            "two rows of the table that are empty were left out": "An empty row holds no item.",
        },
        missing="There is one more that no program can decide.",
    ),
    Number(
        "more-labels",
        (
            "With {p} labels per class, training and test together, a difference is +.02, and "
            "half the width of its interval is .0{h}. How many labels per class must there be in "
            "all until half the width is about .02?"
        ),
        "Half the width shrinks with the square root: labels grow with the square of the ratio.",
        lambda r: {"p": r.choice([20, 40, 60]), "h": r.choice([4, 6, 8])},
        value=lambda p, h: p * (h / 2) ** 2,
        mistakes=(
            (lambda p, h: p * h / 2, "That would hold if the width shrank as the labels grow."),
            (lambda p, h: p * math.sqrt(h / 2), "The root is on the other side: take the square."),
            (lambda p, h: p * (h / 2) ** 2 - p, "These are the labels that are missing yet."),
        ),
        hint="By which factor must half the width shrink, and what does that take?",
    ),
    Number(
        "budget",
        (
            "The frozen pass takes {f} seconds once, and each run of fine-tuning {t} seconds. "
            "How many whole runs fit into {m} minutes after the pass?"
        ),
        "What is left after the pass, divided by the price of one run, rounded down.",
        lambda r: {
            "f": r.randrange(60, 91, 5),
            "t": r.choice([35, 45, 55]),
            "m": r.choice([4, 5, 6]),
        },
        value=lambda f, t, m: (60 * m - f) // t,
        mistakes=(
            (lambda f, t, m: 60 * m // t, "The pass takes its time first."),
            (lambda f, t, m: 60 * m // (f + t), "The pass is done once, not before each run."),
            (lambda f, t, m: (60 * m - f) / t, "Only whole runs count: round down."),
        ),
        hint="How many seconds are left when the pass is done?",
    ),
    Number(
        "by-chance",
        (
            "Of {n} items {w} have a wrong label. Somebody looks at {k} items drawn at random. "
            "How many wrong labels will be among them on average?"
        ),
        "The share of wrong labels times what was looked at. A list of suspects must do better.",
        lambda r: {
            "n": r.choice([500, 600, 800]),
            "w": r.choice([12, 18]),
            "k": r.choice([20, 30, 40]),
        },
        value=lambda n, w, k: k * w / n,
        mistakes=(
            (lambda n, w, k: w / n, "That is the share of wrong labels among all."),
            (lambda n, w, k: k / w, "Ask which share of all items is wrong, then take k of them."),
            (lambda n, w, k: w, "All of them are only found by looking at all items."),
        ),
        hint="Of all items, which share has a wrong label?",
    ),
)
