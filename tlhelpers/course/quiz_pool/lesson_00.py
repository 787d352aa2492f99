"""Lesson 00: domain and task, a first transfer, and what a difference may be called."""

from tlhelpers.course.quiz_kinds import Choice, Number, Several

POOL = (
    Choice(
        "frozen",
        (
            "A network that was trained on photographs is reused for drawings of tools, "
            "and its weights are frozen. What learns from the {n} labelled drawings?"
        ),
        "Frozen weights stay as they are; the head alone is trained.",
        lambda r: {"n": r.randrange(30, 90, 5)},
        right="only the head, the small classifier behind the network",
        wrong={
            "only the backbone, the layers in front of the classifier": (
                "The backbone is what is frozen: its weights stay as they are."
            ),
            "first the backbone, and after it the head on top of it": (
                "Nothing in the backbone learns here, neither first nor later: it is frozen."
            ),
            "the whole network, with a smaller learning rate for it": (
                "A smaller rate would still move the weights. Frozen means that they do not "
                "move at all."
            ),
        },
    ),
    Choice(
        "task",
        (
            "A model tells friendly from unfriendly reviews of a shop. Reviews of the "
            "same shop shall now be sorted by the kind of product. What is new?"
        ),
        ("The inputs are the same reviews; the labels are other ones, so the task is new."),
        right="the task: the same inputs, other labels",
        wrong={
            "the domain: other inputs, the same labels": (
                "The inputs are reviews of the same shop, as before. Look at the labels."
            ),
            "both of them: other inputs, other labels": (
                "The labels are other ones, but do the inputs change?"
            ),
            "neither of them: reviews stay reviews": (
                "The domain stays. But what is asked about a review is another thing now."
            ),
        },
    ),
    Choice(
        "aside",
        "Why do the test drawings show other emoji than the training drawings do?",
        ("Whoever is tested on what was learned by heart shows memory. Other emoji ask for skill."),
        right="so that the test asks for skill and not for memory",
        wrong={
            "so that the test gets as hard as it can be made": (
                "Hardness is no aim. Which question would a test on known emoji answer?"
            ),
            "so that each class is tested on as many drawings": (
                "That could be had with the same emoji, too. Think of what the head has seen."
            ),
            "so that the head gets more drawings to learn from": (
                "Setting drawings aside leaves fewer of them to learn from."
            ),
        },
    ),
    Choice(
        "twin",
        "What does the row of the random twin tell that the row of raw pixels does not?",
        ("The twin has the same layers and lacks the training alone, so it takes the two apart."),
        right="whether the training on photographs helps, or the layers alone",
        wrong={
            "whether drawings can be told apart at all by their pixels alone": (
                "That is what the row of raw pixels tells."
            ),
            "whether more labels for each class would make the head better": (
                "That takes a curve over numbers of labels, whatever the features are."
            ),
            "whether ten seeds are enough to tell one strategy from another": (
                "The interval of a difference tells that, and it needs no twin."
            ),
        },
    ),
    Choice(
        "resolved",
        (
            "Over ten seeds a difference in accuracy, new minus old, is {d:+.2f} with the "
            "interval [{low:+.2f}, {high:+.2f}]. What may one say?"
        ),
        (
            "The interval leaves out 0, so the order is resolved. How large the gain is "
            "stays as uncertain as the interval is wide."
        ),
        lambda r: {
            "d": (d := r.randrange(5, 12) / 100),
            "low": d - (h := r.randrange(1, 4) / 100),
            "high": d + h,
        },
        right="the new way is better here; the interval says by about how much",
        wrong={
            "the new way is better here, by exactly the difference that is given": (
                "The difference itself is uncertain: other seeds and drawings would move it "
                "within about the interval."
            ),
            "the two are equally good, since their seeds certainly overlap": (
                "Single runs may overlap all the same: pairs were compared on the same "
                "drawings, and the interval leaves out 0."
            ),
            "nothing as yet, since ten seeds are always too few for a verdict": (
                "How many seeds are enough depends on the difference. The interval counts them in."
            ),
        },
    ),
    Choice(
        "open",
        (
            "Over ten seeds a difference in accuracy is {d:+.2f} with the interval "
            "[{low:+.2f}, {high:+.2f}]. A report calls the two strategies “equally good”. "
            "What is wrong?"
        ),
        (
            "An interval that holds 0 leaves the order open; a difference as large as "
            "either end may still be there."
        ),
        lambda r: {
            "d": (d := r.randrange(1, 3) / 100),
            "low": d - (h := r.randrange(4, 8) / 100),
            "high": d + h,
        },
        right="the data leave open which is better; equality is not shown",
        wrong={
            "nothing: an interval that holds 0 shows that the two are equal": (
                "It holds other values, too. Could the true difference not be one of those?"
            ),
            "the mean is above 0, so the first strategy is the better one": (
                "Other seeds could turn the sign: 0 lies within the interval."
            ),
            "an interval cannot hold 0, so there is an error in the program": (
                "It can, whenever the difference is small beside what chance does."
            ),
        },
    ),
    Number(
        "majority",
        (
            "There are {a} cats, {b} dogs and {c} birds to learn from, and {d} cats, {e} "
            "dogs and {f} birds to test on. Which accuracy does the majority line have on "
            "the test side?"
        ),
        (
            "The most common class of the training side is cats; the line is right "
            "wherever a test item is a cat."
        ),
        lambda r: {
            "a": r.randrange(50, 80),
            "b": r.randrange(20, 40),
            "c": r.randrange(5, 15),
            "d": r.randrange(10, 20),
            "e": r.randrange(25, 40),
            "f": r.randrange(5, 9),
        },
        value=lambda a, b, c, d, e, f: d / (d + e + f),
        mistakes=(
            (
                lambda a, b, c, d, e, f: e / (d + e + f),
                (
                    "You took the most common class of the test side. Whoever learns has not seen "
                    "that side."
                ),
            ),
            (
                lambda a, b, c, d, e, f: a / (a + b + c),
                "That is the share of cats in training. The line is judged on the test side.",
            ),
            (
                lambda a, b, c, d, e, f: 1 / 3,
                (
                    "That is chance: guessing among three classes. The majority line always says "
                    "the same class."
                ),
            ),
        ),
        hint=(
            "Which class is most common in training? Which share of the test side belongs to it?"
        ),
    ),
    Number(
        "chance",
        (
            "A model guesses at random, each of {k} classes equally often. How many of {n} test "
            "drawings does it get right on average?"
        ),
        "On average one guess in {k} is right, whatever the drawings are.",
        lambda r: {"k": (k := r.randrange(4, 9)), "n": k * r.randrange(20, 60)},
        value=lambda k, n: n / k,
        mistakes=(
            (lambda k, n: 1 / k, "That is the share. How many drawings is it?"),
            (lambda k, n: n / 2, "One half would be right with two classes. Here there are more."),
            (lambda k, n: n - n / k, "So many are wrong on average. How many are right?"),
        ),
        hint="Which share of the guesses is right? How many of {n} drawings is that?",
    ),
    Several(
        "vary",
        ("Which two of these differ from one seed to the next in the comparison of ten seeds?"),
        "Split and labels are drawn anew for each seed; what they are drawn from stays.",
        right=("which of the drawings are tested", "which drawings come with a label"),
        wrong={
            "which pretrained weights are used": (
                "The pretrained network is one and the same file for all seeds."
            ),
            "which classes there are to tell": (
                "The classes stay; what is drawn are the drawings of each class."
            ),
        },
        missing="There is one more. A seed draws all that is left to chance.",
    ),
    Choice(
        "slider",
        ("With one draw of labels, accuracy falls from {a} to {b} labels per class. What follows?"),
        (
            "One draw is one throw of the dice: the labels that were added and the few "
            "test drawings move the number by chance."
        ),
        lambda r: {"a": (a := r.randrange(4, 9)), "b": a + 1},
        right="nothing as yet: one draw of labels is too few to tell",
        wrong={
            "the labels that were added must have been wrong ones": (
                "A right label may lower the number by chance, on so few test drawings."
            ),
            "the head has enough labels, and more do harm to it": (
                "To say so takes many draws. Does the climb as a whole look like that?"
            ),
            "the test drawings are harder with more labels given": (
                "The test drawings are the same at each step of the slider."
            ),
        },
    ),
    Choice(
        "constant",
        (
            "Of two classes one makes up {q} % of the test pictures, and of the training "
            "pictures too. Somebody's model is right for {p} %. What do you say?"
        ),
        "Always saying the common class needs no picture, and is right more often.",
        lambda r: {"q": (q := r.randrange(75, 92)), "p": q - r.randrange(3, 9)},
        right="always saying the common class would be right more often",
        wrong={
            "the model is good, since it is right far above one half": (
                "One half is chance with equal classes. Here one class is far more common."
            ),
            "the model is good, if its interval leaves out one half": (
                "The line to beat is not one half here. Which answer needs no picture?"
            ),
            "the classes are unequal, so nothing can be said about it": (
                "One can: compare with what needs no picture at all."
            ),
        },
    ),
    Choice(
        "useless",
        (
            "Frozen features are compared with raw pixels and with the random twin. Suppose that "
            "the training on photographs were of no use for these drawings. What would follow?"
        ),
        (
            "The twin lacks the training alone. If that were of no use, both would be equally "
            "good, whether good or bad."
        ),
        right="frozen features would be about as good as the random twin",
        wrong={
            "frozen features and raw pixels would both be at chance": (
                "Pixels may be of use whatever photographs are. Which rival lacks the training "
                "alone?"
            ),
            "the random twin would be far worse than the raw pixels": (
                "That would tell something of the layers, and nothing of the training."
            ),
            "all three would get worse as the labels become more": (
                "More labels help whatever the features are, if these tell anything at all."
            ),
        },
    ),
    Several(
        "domains",
        "In which two of these does the domain change while the task stays?",
        (
            "Other inputs, the same labels with the same meaning: the domain is new and "
            "the task is not."
        ),
        right=(
            "X-ray pictures from another machine, the same diagnoses",
            "reviews of films in place of books, liked or disliked",
        ),
        wrong={
            "the same photographs, sorted by place and not by animal": (
                "The inputs stay, and other labels are asked for: a new task."
            ),
            "the same posts, sorted into ten topics in place of five": (
                "The posts stay; the labels are other ones."
            ),
        },
        missing="There is one more in which other inputs come with the same labels.",
    ),
)
