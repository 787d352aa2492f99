"""Lesson 04: a fair race, its price, what is not resolved, and a far target."""

from tlhelpers.course.quiz_kinds import Choice, Number, Several

POOL = (
    Choice(
        "trials",
        (
            "Strategy A tried {n} settings inside the training items, strategy B its "
            "default alone. A is ahead. What is unfair?"
        ),
        (
            "More trials are more chances. As many settings for each, or the count beside "
            "each number."
        ),
        lambda r: {"n": r.randrange(12, 60, 4)},
        right="A had more trials, so its lead may be due to those",
        wrong={
            "nothing, since A chose inside its training items": (
                "Its choice was clean. But B was not allowed to choose at all."
            ),
            "A trained on fewer items, as trials need some too": (
                "That is a price A paid. What did B not get?"
            ),
            "B is the stronger one, since it needs no settings": (
                "What B reaches with as many trials nobody has seen."
            ),
        },
    ),
    Choice(
        "charged",
        "Which seconds belong to the price of a strategy that tries three settings?",
        "Everything that was needed to come to the final network is charged.",
        right="all trials, the features, the final training and prediction",
        wrong={
            "the final training only, since the trials have been thrown away": (
                "They were paid for all the same: without them no setting would have been chosen."
            ),
            "all trials and the features, since these two chose the setting": (
                "The network that is used comes after the choice. What does it take to get there?"
            ),
            "the trials only, since the last training repeats one of them": (
                "It is trained again on all items, and that is paid too."
            ),
        },
    ),
    Choice(
        "not-resolved",
        (
            "At your budget the map says “not resolved” between a strategy of {a} seconds "
            "and one of {b}. Which do you take?"
        ),
        (
            "No gain was shown that would pay for the dear one. More test items could "
            "tell, if it is worth them."
        ),
        lambda r: {"a": r.randrange(2, 6), "b": r.randrange(60, 200, 10)},
        right="the cheap one, as no gain was shown for the dear one's price",
        wrong={
            "the dear one, since more computing cannot make anything worse": (
                "It can, and here no gain was shown."
            ),
            "the one with the higher mean, whatever its interval may be": (
                "The sign of the difference is open. What is not open is the price."
            ),
            "none of them: first there must be a verdict on which is better": (
                "A choice is needed today, and the price is known."
            ),
        },
    ),
    Number(
        "items",
        (
            "A difference of {d} has an interval of ± {h} on {n} test items. About how "
            "many items would resolve a difference of that size?"
        ),
        (
            "The half width shrinks with the square root of the number of items: (h / d)² "
            "times as many."
        ),
        lambda r: {
            "d": r.choice([0.01, 0.02]),
            "h": r.choice([0.03, 0.04, 0.05]),
            "n": r.randrange(200, 900, 100),
        },
        value=lambda d, h, n: n * (h / d) ** 2,
        mistakes=(
            (
                lambda d, h, n: n * h / d,
                "The width falls with the square root of the items, so the factor is squared.",
            ),
            (
                lambda d, h, n: n * (d / h) ** 2,
                "That would be fewer than there are. The interval must become narrower.",
            ),
            (lambda d, h, n: (h / d) ** 2, "That is how many times as many. How many items is it?"),
        ),
        hint="By which factor must the half width shrink? Square it.",
    ),
    Number(
        "cost",
        (
            "One full training takes {t} seconds; the seconds grow in proportion to the number of "
            "items. {k} settings are tried on 70 % of the items, then the best is trained on all. "
            "How many seconds is that altogether?"
        ),
        ("Each trial takes seven tenths of a full training, and the final training comes on top."),
        lambda r: {"t": r.randrange(10, 60, 5), "k": r.randrange(4, 9)},
        value=lambda t, k: t * (0.7 * k + 1),
        mistakes=(
            (lambda t, k: t * 0.7 * k, "The best setting is trained once more on all items."),
            (
                lambda t, k: t * (k + 1),
                "A trial learns from 70 % of the items, and takes so much less.",
            ),
            (lambda t, k: t, "That is the last training alone. The trials are charged, too."),
        ),
        hint="What does one trial take? How many are there, and what comes after?",
    ),
    Choice(
        "resolution",
        (
            "A network was trained with 224 pixels; you have fed it 96 so far. There is "
            "time for one more experiment. Which one first?"
        ),
        (
            "The frozen pass is made once, so the full size is cheap to try, and in the "
            "lesson it beat tuning at the small size."
        ),
        right="frozen features at the full size of 224 pixels",
        wrong={
            "tuning with three times as many settings at 96": (
                "Trials of a small size cost much and cannot bring back what was not seen."
            ),
            "a random twin at 96 pixels, as one more control": (
                "Controls are right, but you have no gain to explain yet."
            ),
            "LoRA of a higher rank, with the pictures at 96": (
                "More weights that move do not sharpen the pictures."
            ),
        },
    ),
    Choice(
        "clean-map",
        (
            "Why are the cells of the map to be read as a sketch, although each is "
            "corrected for its comparisons?"
        ),
        (
            "The leader of a cell was picked on the drawings that judge it, and over the "
            "map there is no correction."
        ),
        right="leaders were picked on the very drawings that judge them",
        wrong={
            "the cells have too few strategies to make up a fair race": (
                "How many there are is no fault. How was the leader found?"
            ),
            "the correction makes all the differences look too large": (
                "It asks for more evidence. It changes no difference."
            ),
            "the seconds in it are of a computer that nobody else has": (
                "They are in passes, for that reason. Think of who is called the leader."
            ),
        },
    ),
    Choice(
        "few-labels",
        (
            "With five labels per class tuning and frozen features differ by a fraction of a "
            "point, and no difference is resolved. What is most likely to bring one out?"
        ),
        (
            "So small a difference would take tens of thousands of test items. With about "
            "twenty-five labels per class the difference itself was larger."
        ),
        right="more labels to learn from, with which tuning pulled ahead",
        wrong={
            "more decimal places in the accuracies of each strategy": (
                "Digits do not make a number more certain."
            ),
            "a hundred more test drawings, for a narrower interval": (
                "The interval shrinks with the square root only, and the difference is tiny."
            ),
            "leaving out the seeds on which frozen features are ahead": (
                "That would choose the verdict by hand."
            ),
        },
    ),
    Choice(
        "break",
        (
            "With five labels per digit, some seeds of fine-tuning end far below the "
            "others. What does that speak against?"
        ),
        (
            "Other recipes, head first or a lower rate, may not break: the seeds speak "
            "about this one."
        ),
        right="against this recipe, since other ones may not break here",
        wrong={
            "against transfer, since the weights came from photographs": (
                "Frozen features of the same weights did well on a grid."
            ),
            "against these seeds, which are then to be drawn once more": (
                "They are a fair draw. A user would draw such ones, too."
            ),
            "against digits, which are no pictures to be tuned upon": (
                "A small network learns them well."
            ),
        },
    ),
    Choice(
        "far-target",
        (
            "On a far target, averaged frozen features lose to raw pixels. A colleague "
            "writes “transfer does not pay here”. What was left out?"
        ),
        ("How features are read out is a choice too: on a grid, the same network beat the pixels."),
        right="another way to read the same network, such as a grid",
        wrong={
            "a test on near targets, where transfer is known to pay": (
                "The verdict is about the far one. What else could be tried on it?"
            ),
            "the seconds, since raw pixels are nearly free of charge": (
                "That would speak for pixels even more."
            ),
            "a correction, as two comparisons were made and not one": (
                "It would not turn the sign. What about the features themselves?"
            ),
        },
    ),
    Several(
        "fair",
        "Which two rules belong to a fair race of strategies?",
        (
            "Same data for all, as many trials for all, every second charged, and one "
            "look at the test side."
        ),
        right=(
            "all get the same splits and the same labels",
            "all may try as many settings as the others",
        ),
        wrong={
            "all get as many epochs and the same learning rate": (
                "Strategies need different ones. Fair is that each may look for its own."
            ),
            "all have as many weights that are open to training": (
                "Then frozen features could never be compared with tuning."
            ),
        },
        missing="There is one more: what else must no strategy have more of?",
    ),
    Choice(
        "hopeful",
        (
            "The recipe's settings were found on the very test pictures that it is judged "
            "on. How do you report its lead?"
        ),
        (
            "Its interval knows nothing of the choice, so the lead is a little too good, "
            "and that must be said."
        ),
        right="with a note that the choice makes its lead a little too hopeful",
        wrong={
            "without a note, since all of the strategies saw the same pictures": (
                "All were judged on them. But only the recipe was chosen by them."
            ),
            "not at all, since a number that saw test pictures is of no use": (
                "It tells what to try next, if it is labelled as what it is."
            ),
            "with a wider interval, so that the choice is counted in as well": (
                "Nobody knows how much wider. New pictures would tell."
            ),
        },
    ),
    Choice(
        "small-gap",
        (
            "You plan a test set that shall tell which of two models is better. Why do you ask on "
            "how many items the two will disagree?"
        ),
        (
            "Where both are right or both wrong, an item does not part them. What is left is a "
            "count over the others, and how much chance does to it depends on how many there are."
        ),
        right="only items on which they disagree tell which one is better",
        wrong={
            "items on which they disagree have wrong labels in most cases": (
                "Some may. But why are the other items silent about the two?"
            ),
            "items on which they disagree should be left out of the test": (
                "Then nothing would be left to tell the two apart."
            ),
            "items on which they agree are too easy, and make the test unfair": (
                "They are fair, and tell nothing about which is better."
            ),
        },
    ),
    Number(
        "budget",
        (
            "Frozen features cost {f} seconds and are right for {a} %, tuning costs {t} "
            "seconds and is right for {b} %. How many extra seconds does each extra percentage "
            "point cost?"
        ),
        "The extra seconds, divided by the extra points.",
        lambda r: {
            "f": r.randrange(20, 60),
            "t": r.randrange(200, 600, 20),
            "a": (a := r.randrange(50, 80)),
            "b": a + r.randrange(3, 9),
        },
        value=lambda f, t, a, b: (t - f) / (b - a),
        mistakes=(
            (
                lambda f, t, a, b: t / b,
                "These are seconds per point of tuning as a whole. What is extra?",
            ),
            (
                lambda f, t, a, b: t / (b - a),
                "Frozen features take some of these seconds as well. How many are extra?",
            ),
            (lambda f, t, a, b: t - f, "So much more it costs altogether. For how many points?"),
            (
                lambda f, t, a, b: (b - a) / (t - f),
                "That is points per second. Asked for are seconds per point.",
            ),
        ),
        hint="How many seconds more, and how many points more?",
    ),
)
