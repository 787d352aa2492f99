"""Lesson 01: a test that means something, learning by heart, and what scratch has to offer."""

from tlhelpers.course.quiz_kinds import Choice, Number, Several

POOL = (
    Choice(
        "three-sets",
        "You want to decide after which epoch to stop. Which items do you look at?",
        (
            "Decisions are what validation items are for: nothing was learned from them, and the "
            "number to report is not measured on them."
        ),
        right="the validation items, used neither to train nor to report",
        wrong={
            "the training items, as there are the most of them": (
                "On these the network becomes nearly perfect. When would you ever stop?"
            ),
            "the test items, since they are the ones that count": (
                "A choice made on test items makes their number too good."
            ),
            "training and test items, and the mean of the two": (
                "Half of that number was learned by heart, and the other half must not choose."
            ),
        },
    ),
    Choice(
        "copies",
        (
            "Of each of {n} pictures a copy is made that is turned a little. Pictures and copies "
            "are then split at random into training and test. How good is the test accuracy as "
            "an estimate for new pictures?"
        ),
        (
            "Most test pictures then have a near copy in training. Nothing was learned "
            "better; the test became easier."
        ),
        lambda r: {"n": r.randrange(200, 900, 50)},
        right="it is too high: copies of test items are learned",
        wrong={
            "it is too low: the turned pictures are harder to name": (
                "Turned a little, a picture is hardly harder. What is its copy doing on the "
                "other side?"
            ),
            "it is right: there are simply twice as many pictures": (
                "They are not twice as many independent ones. Where does each one's copy lie?"
            ),
            "it is right, as long as every class is split alike": (
                "Equal shares of the classes do not part a picture from its copy."
            ),
        },
    ),
    Choice(
        "patient",
        (
            "From the scans of each of 40 patients there are {n} pictures, slices of the body. The "
            "model is meant for new patients. How do you split the slices into training and test?"
        ),
        (
            "Slices of one patient are alike. Only if whole patients lie on one side does the test "
            "tell something about new patients."
        ),
        lambda r: {"n": r.randrange(10, 60, 5)},
        right="by patient: all slices of one lie on one side",
        wrong={
            "by slice: each slice is drawn for itself": (
                "Then both sides hold slices of the same patient, and memory helps."
            ),
            "by slice, with equal shares of each class": (
                "The classes may be balanced that way, but the patients lie on both sides."
            ),
            "by patient: one slice of each one is tested": (
                "Then the others of that patient are learned from."
            ),
        },
    ),
    Choice(
        "best-of",
        (
            "Somebody tries {n} settings, reports the one with the best test accuracy, "
            "and gives that accuracy. What is it?"
        ),
        (
            "The best of many was partly lucky on just these items; on new ones it will "
            "be lower on average."
        ),
        lambda r: {"n": r.randrange(20, 300, 10)},
        right="too high on average: luck helped to choose it",
        wrong={
            "fair, since none of the trainings saw any test item": (
                "None saw them, but the choice did. What would guessers get that way?"
            ),
            "too low on average, since the other settings were bad": (
                "The others do not enter the number. Why was this one chosen?"
            ),
            "fair, as long as its 95 % interval is given with it": (
                "The interval is about chance in counting, and not about the choice among many."
            ),
        },
    ),
    Choice(
        "heart",
        (
            "The training loss goes on to fall, the validation loss has begun to rise. "
            "What is going on?"
        ),
        (
            "What helps on known items and not on others is memory. Stop at the lowest "
            "validation loss."
        ),
        right="the network learns its training items by heart: stop",
        wrong={
            "the network has not learned enough as yet: go on": (
                "Going on makes the training loss smaller still. What will the other one do?"
            ),
            "the learning rate is too small: make it larger": (
                "With too small a rate the training loss would hardly fall."
            ),
            "the validation items are wrong: draw other ones": (
                "They show just what they are for. Others would show the same."
            ),
        },
    ),
    Number(
        "patience",
        (
            "Training has a patience of {p} epochs. The validation loss is lowest in "
            "epoch {b} and never comes near that again. After which epoch does it stop?"
        ),
        (
            "It stops as soon as so many epochs in a row were not lower; the weights of "
            "the best epoch are put back."
        ),
        lambda r: {"p": r.randrange(3, 12), "b": r.randrange(8, 30)},
        value=lambda p, b: b + p,
        mistakes=(
            (
                lambda p, b: b,
                "That is the epoch whose weights are put back. How long does it wait?",
            ),
            (lambda p, b: b + p + 1, "One too many: it stops as soon as the patience is used up."),
            (
                lambda p, b: b + p - 1,
                "One too few: the epochs after the best one are counted, not that one.",
            ),
        ),
        hint="Count the epochs that follow the best one.",
    ),
    Number(
        "conv",
        (
            "A {k}×{k} convolution goes from {a} to {b} channels, without bias. How many "
            "weights does it have?"
        ),
        (
            "One filter for each output channel, with as many numbers as the window has "
            "for every input channel."
        ),
        lambda r: {"k": r.choice([3, 5]), "a": r.choice([3, 8, 16]), "b": r.choice([24, 40, 64])},
        value=lambda k, a, b: k * k * a * b,
        mistakes=(
            (
                lambda k, a, b: k * k * b,
                "Each filter has numbers for every input channel, not for one of them.",
            ),
            (
                lambda k, a, b: k * a * b,
                "The window has two sides: its numbers are its width times its height.",
            ),
            (
                lambda k, a, b: k * k * (a + b),
                "Every output channel looks at every input channel: the two are multiplied.",
            ),
        ),
        hint="Count the numbers of one filter first, then the filters.",
    ),
    Choice(
        "augment",
        "Which augmentation is safe for handwritten letters that are labelled a to z?",
        (
            "A letter moved by a pixel is the same letter. Mirrored, upside down or in part it "
            "may be another one."
        ),
        right="moving each letter by one or two pixels",
        wrong={
            "mirroring each letter from left to right": (
                "Mirrored, b looks like d, and keeps the label b."
            ),
            "turning each letter until it is upside down": (
                "Upside down, n looks like u, and keeps the label n."
            ),
            "covering the upper half of every letter": (
                "Without its upper half, h looks like n, and keeps the label h."
            ),
        },
    ),
    Choice(
        "no-gain",
        (
            "Over ten seeds, the interval of the accuracy with augmentation minus that without "
            "holds 0. What do you report?"
        ),
        ("Not resolved leaves a small gain or loss open; the interval says how large it may be."),
        right="that no gain is resolved, and the interval of the difference",
        wrong={
            "that augmentation does not help on pictures such as these ones": (
                "These seeds do not show that. A gain within the interval remains possible."
            ),
            "the mean gain alone, since it is still the best guess there is": (
                "Without its interval nobody sees that the sign is open."
            ),
            "nothing, since only differences that are resolved are results": (
                "What was tried and stayed open is worth knowing, too."
            ),
        },
    ),
    Choice(
        "two-things",
        (
            "Frozen features saw pictures of {a} pixels, the small network the same ones "
            "at 32 pixels. The features win. What is unfair?"
        ),
        (
            "Two things differ, training on photographs and sharpness. A row with the "
            "32-pixel pictures scaled up takes them apart."
        ),
        lambda r: {"a": r.choice([96, 128, 160, 224])},
        right="two things differ at once, so neither is shown to be the reason",
        wrong={
            "the features were trained on photographs, which is forbidden here": (
                "To reuse that is the question, and no foul. What else differs?"
            ),
            "the small network should have been tested on other test pictures": (
                "Both must have the same test pictures, or they cannot be compared."
            ),
            "nothing: the larger network simply has more weights to learn with": (
                "Its weights are frozen. Look at what the two were given to see."
            ),
        },
    ),
    Several(
        "leaks",
        "Which two of these make a test accuracy too high?",
        "In both, the test side has taken part in what it is to judge.",
        right=(
            "frames of one film lie on both sides of the split",
            "the number of epochs was chosen on test items",
        ),
        wrong={
            "the training items hold fewer classes than the test": (
                "A class that is never learned lowers the accuracy."
            ),
            "the test items are fewer than the validation items": (
                "Fewer items make the interval wider, and the number neither higher nor lower."
            ),
        },
        missing="There is one more: how else can the test side take part?",
    ),
    Choice(
        "curve-left",
        (
            "With one label per class, a network from scratch lies near the majority "
            "line. What does that say?"
        ),
        ("From one drawing of each class, weights that start at random learn next to nothing."),
        right="that so few labels teach random weights next to nothing",
        wrong={
            "that the network is too small, and a larger one would do": (
                "Has a larger network with random weights more to go by?"
            ),
            "that networks are worse than pixels, however many labels": (
                "With all labels it was the other way round. Look along the curve."
            ),
            "that it was trained for too few epochs to learn anything": (
                "It may know its few drawings perfectly. What does that teach about others?"
            ),
        },
    ),
    Choice(
        "once",
        (
            "You have opened the test set, and the number is disappointing. You change a "
            "setting and test again. And now?"
        ),
        (
            "The setting was changed because of the first number. An honest second look takes "
            "items that have judged nothing as yet."
        ),
        right="the test items have helped to choose, so new items should judge",
        wrong={
            "the second number counts alone, since the first one is replaced": (
                "It was made because of the first one. Would you have kept a lucky first number?"
            ),
            "the higher of the two numbers counts, with a note on the other": (
                "The higher of two is too high on average, with a note or without."
            ),
            "the mean of both numbers counts, since they are two measurements": (
                "They are of two models. And the second one was made with the first in sight."
            ),
        },
    ),
    Number(
        "steps",
        (
            "{n} training items are passed in batches of {b}, for {e} epochs; a smaller "
            "last batch counts as one. How many steps does the optimizer make?"
        ),
        "One step per batch; the batches of an epoch are rounded up.",
        lambda r: {
            "n": r.randrange(205, 395, 10),
            "b": r.choice([16, 24, 32]),
            "e": r.randrange(5, 20),
        },
        value=lambda n, b, e: -(-n // b) * e,
        mistakes=(
            (
                lambda n, b, e: n * e,
                "The optimizer makes one step for each batch, not for each item.",
            ),
            (lambda n, b, e: -(-n // b), "So many steps has one epoch. How many have all of them?"),
            (lambda n, b, e: e, "That would be one step per epoch, with all items in one batch."),
        ),
        hint="How many batches has one epoch? Round up.",
    ),
)
