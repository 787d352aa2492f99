"""Lesson 09: mistakes that make no noise, and what gives them away."""

from tlhelpers.course.quiz_kinds import Choice, Number, Several

POOL = (
    Choice(
        "shuffled",
        (
            "A script reaches {a} % on {n} test items of two equally common classes. With labels "
            "shuffled before its first step it reaches {b} %. What follows?"
        ),
        "Nothing can predict shuffled labels, so what is above one half was looked up.",
        lambda r: {"n": r.choice([300, 400]), "a": r.randrange(82, 93), "b": r.randrange(64, 74)},
        right="some step has seen the labels of the test items",
        wrong={
            "the features are strong, even on shuffled labels": (
                "No feature knows how a coin falls. Where can it come from?"
            ),
            "the test side is small, so such numbers are usual": (
                "Chance goes to both sides of one half, and with {n} items hardly ever so far."
            ),
            "shuffled labels are easier, as they are balanced": (
                "They were balanced before as well. What could still be predicted?"
            ),
        },
    ),
    Choice(
        "balanced-first",
        "Items of small classes are repeated, then comes the split. Why is the number too high?",
        "A repeated item has copies on both sides: the head has seen its own test items.",
        right="copies of one item stand on both sides of the split",
        wrong={
            "the classes are now of one size, which is easier": (
                "Balanced classes lower what always naming one class reaches."
            ),
            "the head has more items to learn from than before": (
                "Copies tell nothing new. Where do the other copies lie?"
            ),
            "the seed of the split is drawn after the repeating": (
                "Any seed does the same. What do the two sides share?"
            ),
        },
    ),
    Choice(
        "wall",
        (
            "All pictures of one class come from one room, those of the other class from "
            "another room. Which test would show that the head looks at the room?"
        ),
        "No split of these pictures can show it. Pictures from elsewhere can.",
        right="new pictures of both classes from other rooms",
        wrong={
            "more folds of cross-validation on these pictures": (
                "In each fold the rooms go with the classes as they do now."
            ),
            "a split by near duplicates of the same pictures": (
                "The room is on both sides of that split as well."
            ),
            "the same split once more with ten other seeds": (
                "Each seed sees the same rooms with the same classes."
            ),
        },
    ),
    Choice(
        "best-epoch",
        (
            "The best of {n} epochs is chosen by test accuracy, and that accuracy is reported. "
            "What is wrong with the number?"
        ),
        "The highest of many is high partly by luck, and the luck does not come again.",
        lambda r: {"n": r.choice([20, 30, 40, 50])},
        right="it is too high: it holds the luck of the best epoch",
        wrong={
            "it is too low, as later epochs would have been better": (
                "Later epochs were among those that could be chosen."
            ),
            "nothing, as the same network was trained in all epochs": (
                "The training is as it was. What did the choosing look at?"
            ),
            "it holds for the training side and not for the test": (
                "It was measured on the test side, once too often."
            ),
        },
    ),
    Choice(
        "restart",
        (
            "A run that did not work is started anew with other seeds until its test accuracy is "
            "good. What does the reported number describe?"
        ),
        "The best of several seeds is a choice by the test side.",
        right="the luckiest seed, and no longer the method",
        wrong={
            "the method, once it has been made to work": (
                "Would another person, with one seed, see that number?"
            ),
            "the mean of the method over all the seeds": (
                "The seeds that did not work are not in it."
            ),
            "the method without the faults of the code": (
                "A fault of the code shows with every seed."
            ),
        },
    ),
    Choice(
        "train-mode",
        "The same items in another order get other answers. Where do you look first?",
        "In training mode BatchNorm uses the batch, so the answer depends on the neighbours.",
        right="whether the network is in evaluation mode",
        wrong={
            "whether the learning rate has been too high": (
                "The weights are the same in both orders. What is not?"
            ),
            "whether classes are listed in the same order": (
                "Wrong names would be wrong in both orders alike."
            ),
            "whether the test items have been shuffled": (
                "They may be in any order. Why does the answer care?"
            ),
        },
    ),
    Choice(
        "frozen-name",
        "You froze a backbone and want to know after training whether it stood still. What tells?",
        "Only the weights and the statistics themselves tell, before and after.",
        right="a hash of all its tensors, before and after",
        wrong={
            "requires_grad, which is still set to False": (
                "BatchNorm's statistics move without any gradient."
            ),
            "the loss, which would have fallen faster": (
                "It falls in any case, since the head learns."
            ),
            "the optimizer, which got the head's weights": (
                "Statistics are changed by the forward pass, not by an optimizer."
            ),
        },
    ),
    Choice(
        "order-of-names",
        (
            "(Room 12, which is optional.) The training lists its class folders as 1, 2, …, 10, "
            "the program that uses the model as 1, 10, 2, … What comes out?"
        ),
        "The outputs stay, and the names that are read off them are others.",
        right="classes that take each other's names without an error",
        wrong={
            "an error, since the number of the classes has changed": (
                "There are as many classes as before, in another order."
            ),
            "a slightly lower accuracy, since names are only names": (
                "All classes that changed places are named wrongly, not a few items."
            ),
            "nothing, since the names are kept beside the weights": (
                "Here they are not: the second program reads them from the folders."
            ),
        },
    ),
    Several(
        "pretends",
        "Which two mistakes make the reported number too high?",
        "Both let the test side into what was built; the other two cost accuracy.",
        right=(
            "features chosen on all of the items",
            "a backbone chosen by its test score",
        ),
        wrong={
            "a transform of another checkpoint": "The network sees odd inputs: it costs accuracy.",
            "texts that are cut after ten words": "What is cut off cannot help: it costs accuracy.",
        },
        missing="There is one more that looks at the test side.",
    ),
    Several(
        "alarm",
        "Which two checks find a silent mistake without knowing which one it is?",
        "Both ask for what must hold of any sound code, whatever its task is.",
        right=(
            "shuffled labels: is it at chance?",
            "another order: the same answers?",
        ),
        wrong={
            "more epochs: does the loss fall?": "It falls in the presence of all these mistakes.",
            "a second run: the same number?": "A mistake gives the same number each time.",
        },
        missing="There is one more that must hold for any sound code.",
    ),
    Number(
        "majority",
        (
            "Of {n} test items {k} show a bird. A head is right on {a} % of all items. How many "
            "percentage points is it above always saying “no bird”? (Negative if it is below.)"
        ),
        "Always saying “no bird” is right on all items without one. That is the row to beat.",
        lambda r: {
            "n": (n := r.choice([200, 400, 500])),
            "k": n // r.choice([10, 20]),
            "a": r.choice([93, 94, 96, 97, 98]),
        },
        value=lambda n, k, a: a - 100 * (n - k) / n,
        mistakes=(
            (lambda n, k, a: a - 50, "One half is not the row to beat: the classes are unequal."),
            (
                lambda n, k, a: a - 100 * k / n,
                "You took off the share of birds. “No bird” is right on all the others.",
            ),
            (
                lambda n, k, a: 100 * (n - k) / n,
                "That is what always saying “no bird” reaches. How far above is the head?",
            ),
            (
                lambda n, k, a: a / 100 - (n - k) / n,
                "Right as a share. Percentage points are asked for: 0.05 is 5 of them.",
            ),
        ),
        hint="How often is somebody right who never looks and always says “no bird”?",
    ),
    Number(
        "padding",
        (
            "A text of {t} tokens is filled up with padding to {m} places, and a plain mean is "
            "taken over all of them. Which share of the averaged places is padding?"
        ),
        "Each place counts as much as any other, unless a mask leaves the filled ones out.",
        lambda r: {"t": r.randrange(6, 14), "m": r.choice([32, 48, 64])},
        value=lambda t, m: (m - t) / m,
        mistakes=(
            (lambda t, m: t / m, "That is the share of the text itself."),
            (lambda t, m: (m - t) / t, "Divide by all places, not by those of the text."),
            (lambda t, m: 1 / m, "That is the share of a single place."),
        ),
        hint="How many of all places hold no token of the text?",
    ),
    Number(
        "coin",
        (
            "{n} features are tosses of a coin, independent of the labels. On {k} items, each "
            "agrees with all labels with the probability 1 in 2 to the power of {k}. How many "
            "features agree with all of them on average?"
        ),
        "Among many features some agree by chance: choose them inside the training side.",
        lambda r: {"n": r.choice([1280, 2048, 4096]), "k": r.choice([5, 6, 7, 8])},
        value=lambda n, k: n / 2**k,
        mistakes=(
            (
                lambda n, k: n / (2 * k),
                "Each item halves it once more: 2 to the power of the items.",
            ),
            (lambda n, k: n / 2, "That many agree on a single item."),
            (
                lambda n, k: 1 / 2**k,
                "That is the probability of one feature. There are many.",
            ),
        ),
        hint="Multiply the probability of one feature by how many there are.",
    ),
)
