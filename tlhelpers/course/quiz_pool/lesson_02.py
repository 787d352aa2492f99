"""Lesson 02: frozen features, the control, layers, BatchNorm, and where features lose."""

from tlhelpers.course.quiz_kinds import Choice, Number, Several

POOL = (
    Choice(
        "control",
        (
            "Frozen features reach {a} %, raw pixels {b} %, the random twin {c} %, all "
            "with narrow intervals. What does the training on photographs bring here?"
        ),
        (
            "The twin has the same layers without the training, and comes out alike: the "
            "training shows nothing here, the layers do."
        ),
        lambda r: {"a": (a := r.randrange(60, 90)), "b": a - r.randrange(12, 25), "c": a},
        right="nothing that shows: the same layers without it do as well",
        wrong={
            "the lead over pixels, since these come without a network": (
                "That lead is there in the twin, too, which has never seen a photograph."
            ),
            "half of the lead over pixels, as the twin has the other": (
                "The twin has all of it. What is left for the training?"
            ),
            "it cannot be said, since pixels are lower than the twin": (
                "It can: the twin lacks nothing but the training."
            ),
        },
    ),
    Choice(
        "three-twins",
        "Why does the lesson draw three random twins, and not one?",
        (
            "What is random in a strategy must vary over the seeds, or the interval does "
            "not know about it."
        ),
        right="so that the luck of one draw of weights counts in the interval",
        wrong={
            "so that the mean of three twins gets as good as the network": (
                "They are a control: how good they are is to be measured, not to be raised."
            ),
            "so that every class of drawings has a twin network of its own": (
                "Each twin tells all classes. Think of what is random about a twin."
            ),
            "so that the twins have as many weights as the trained network": (
                "One twin has as many already: it has the same layers."
            ),
        },
    ),
    Choice(
        "bands",
        (
            "In a figure of ten seeds, the bands of two curves overlap. What follows for "
            "their difference?"
        ),
        (
            "Both met the same easy and hard drawings, so the difference may be resolved "
            "all the same: ask for its own interval."
        ),
        right="nothing as yet: the paired difference has its own interval",
        wrong={
            "that the difference cannot be resolved on these drawings": (
                "Bands hold what both strategies share, such as hard drawings. A paired "
                "difference leaves it out."
            ),
            "that the two strategies are equally good at that point": (
                "Even an interval of the difference that holds 0 would not show equality."
            ),
            "that there were too few seeds, and more must be computed": (
                "Perhaps the difference is resolved already. Which interval tells?"
            ),
        },
    ),
    Choice(
        "layer-peek",
        (
            "Nine layers were measured on the test side. How do you choose one and report "
            "an honest accuracy?"
        ),
        ("The choice is made inside the training side, and the test side judges one layer."),
        right="choose by cross-validation in the training side, then test",
        wrong={
            "take the highest of nine, and give its interval with it": (
                "The interval does not know that the layer was chosen as the highest."
            ),
            "take the highest of nine, if ten seeds agree about it": (
                "All ten seeds looked at test drawings to choose. That is still peeking."
            ),
            "take the mean of all nine heights, as a careful estimate": (
                "That is no accuracy of the layer that you will use."
            ),
        },
    ),
    Choice(
        "batchnorm",
        (
            "All weights have requires_grad = False, and the network is in training mode. "
            "Some batches go through it, without an optimizer. What changes?"
        ),
        (
            "In training mode every forward pass moves BatchNorm's running statistics, "
            "which are no weights."
        ),
        right="the running statistics of BatchNorm, and so the features",
        wrong={
            "nothing, since no weight can move without any optimizer": (
                "True of the weights. What else is kept in the network?"
            ),
            "the weights of BatchNorm, since they need no gradients": (
                "Its weights are frozen too. It keeps something else, without gradients."
            ),
            "nothing, as long as no loss is computed from the outputs": (
                "The forward pass alone is enough in training mode."
            ),
        },
    ),
    Choice(
        "drift",
        (
            "A head was trained on features from Monday; since then the network made some "
            "passes in training mode. Its accuracy on features of today is lower. Why?"
        ),
        (
            "Head and features no longer belong together: the statistics moved, so the "
            "same picture has other features."
        ),
        right="the same pictures have other features than on Monday",
        wrong={
            "the head forgets what it has learned if it is not used": (
                "The head is a fixed set of numbers. What is it given today?"
            ),
            "the test pictures of today are harder than Monday's were": (
                "They are the same pictures. What turns them into features?"
            ),
            "the weights of the network have been trained since Monday": (
                "No weight moved. What else does a forward pass change?"
            ),
        },
    ),
    Choice(
        "digits",
        (
            "Averaged frozen features lose to raw pixels on small handwritten digits. "
            "What is to be tried before saying that transfer does not pay?"
        ),
        (
            "The average keeps what was seen and forgets where; a digit is nearly nothing "
            "but places of strokes."
        ),
        right="features that keep a coarse place, such as a grid's",
        wrong={
            "a larger network, since it has more features to give": (
                "It would average over the place in just the same way."
            ),
            "more digits for the test, until the verdict turns round": (
                "More digits make the verdict surer, and do not turn it."
            ),
            "features that are averaged over a few more random twins": (
                "Twins know nothing, and the place is still lost."
            ),
        },
    ),
    Choice(
        "sorted",
        "Why is a grid of cells compared with the same cells, sorted by size?",
        (
            "Sorted cells are as many numbers without their places. What the grid gains over them "
            "is due to the places."
        ),
        right="to part the gain of places from that of more numbers",
        wrong={
            "to show that sorting makes the features a little better": (
                "Sorting is there to take something away. What does it take?"
            ),
            "to make the features shorter, so that the head is quick": (
                "The sorted cells are as many numbers as before."
            ),
            "to see whether a trained network is needed for the grid": (
                "The grid of the random twin tells that."
            ),
        },
    ),
    Choice(
        "guess-wrong",
        (
            "The guess: features lose on digits since they forget the place. If that is "
            "wrong, what would the figure show?"
        ),
        (
            "A grid brings the place back. If the place is not the reason, bringing it "
            "back changes little."
        ),
        right="features on a grid would be about as bad as averaged ones",
        wrong={
            "features on a grid would be far better than averaged ones": (
                "So it would be if the guess is right."
            ),
            "averaged features would be far better than the raw pixels": (
                "It was measured that they lose. The guess is about why."
            ),
            "the random twin's grid would be worse than its own average": (
                "That could be so whether the guess is right or wrong."
            ),
        },
    ),
    Choice(
        "transform",
        (
            "A head is trained on features of pictures with red and blue in order. In "
            "use, another program swaps the two. What happens?"
        ),
        (
            "The features of new pictures are other ones than those learned from; nothing "
            "complains, and accuracy is lost."
        ),
        right="the code runs without an error, and accuracy is lost",
        wrong={
            "the code stops, since the shapes no longer fit together": (
                "The shape is the same: three channels, in another order."
            ),
            "nothing is lost, as frozen features ignore all colours": (
                "They do not. And head and pictures must be prepared alike."
            ),
            "the head learns the new order from the pictures in use": (
                "A head in use learns nothing."
            ),
        },
    ),
    Choice(
        "class-weights",
        (
            "Large and small classes: with balanced class weights, which number would you "
            "expect to rise?"
        ),
        "Weights let each class count alike, which is what balanced accuracy measures.",
        right="the balanced accuracy, the mean over all the classes",
        wrong={
            "the plain accuracy, since more is known of each class": (
                "The weights tell nothing new. And most test items are of large classes."
            ),
            "both, as any better head is better by every measure": (
                "What small classes gain, large ones may lose."
            ),
            "neither, since the drawings themselves do not change": (
                "The drawings stay, but the head is told to look at small classes."
            ),
        },
    ),
    Number(
        "grid",
        (
            "A layer has {c} channels. Its features are averaged over the cells of a "
            "{g}×{g} grid. How many numbers describe one picture?"
        ),
        "One mean for each channel and cell.",
        lambda r: {"c": r.choice([80, 112, 192]), "g": r.choice([3, 5, 6])},
        value=lambda c, g: c * g * g,
        mistakes=(
            (
                lambda c, g: c,
                "So many has the average over the whole picture. A grid has several cells.",
            ),
            (lambda c, g: c * g, "The grid has rows and columns."),
            (
                lambda c, g: g * g,
                "So many cells there are. Each one has a number for every channel.",
            ),
        ),
        hint="How many cells are there, and how many numbers has each?",
    ),
    Number(
        "holm",
        (
            "{m} comparisons are judged together at 0.05. Holm's correction asks that the smallest "
            "p value be at most 0.05 / {m}. For each next larger one, 0.05 is divided by one less "
            "than before. What may the third smallest p value be at most?"
        ),
        (
            "The more is claimed, the more evidence is asked for: most of it from the smallest "
            "p value, and a little less from each one that follows."
        ),
        lambda r: {"m": r.choice([4, 6, 7, 10])},
        value=lambda m: 0.05 / (m - 2),
        mistakes=(
            (
                lambda m: 0.05,
                (
                    "That holds for one comparison alone. The more is claimed, the more evidence "
                    "is asked for."
                ),
            ),
            (lambda m: 0.05 / m, "That is the bound of the smallest one."),
            (lambda m: 0.05 / (m - 1), "That is the bound of the second smallest one."),
        ),
        hint="By which number is 0.05 divided for the smallest, the second and the third one?",
    ),
    Several(
        "first",
        "Which two reasons speak for trying frozen features first?",
        (
            "The pass is paid once, and heads are quick; whether anything is gained by "
            "training is asked afterwards."
        ),
        right=(
            "features are computed once and serve every head",
            "a head needs few labels and trains in moments",
        ),
        wrong={
            "they beat tuned networks, however many labels": (
                "With enough labels a tuned network may win, as lessons 03 and 04 measure."
            ),
            "they need no row of raw pixels to be compared with": (
                "They do: on digits the pixels won."
            ),
        },
        missing="There is one more: think of what is paid, and how often.",
    ),
    Choice(
        "better-net",
        (
            "Network B is better on ImageNet than network A. You need frozen features for "
            "your drawings. What do you do?"
        ),
        (
            "Better on photographs is a good first guess and no proof; a comparison on "
            "your own pictures is cheap."
        ),
        right="compare both on your own drawings: it takes little time",
        wrong={
            "take B: better on ImageNet is better on everything else": (
                "In the lesson the largest network was worse than the smallest."
            ),
            "take A: a smaller network always has the safer features": (
                "That is no law either. What would tell?"
            ),
            "take the mean of both networks' weights, to be careful": (
                "Weights of two different networks cannot be averaged."
            ),
        },
    ),
)
