"""Lesson 03: what moves, at which rate, for how long, and what is forgotten."""

from tlhelpers.course.quiz_kinds import Choice, Number, Several

POOL = (
    Choice(
        "head-first",
        "What is the argument for training the head first, before the whole network?",
        (
            "Through a random head the gradient tells the backbone how to serve a head "
            "that knows nothing."
        ),
        right="a random head sends the backbone a gradient that means little",
        wrong={
            "a random head has no gradient, so that nothing can be learned": (
                "It has by far the largest one, for its size. What does the backbone get "
                "through it?"
            ),
            "the backbone must be frozen, or it would lose its BatchNorm layers": (
                "The statistics can be held in either case. Think of the gradient."
            ),
            "the head has more weights than the backbone and takes longer": (
                "It has far fewer of them. Think of what goes backward through it."
            ),
        },
    ),
    Choice(
        "same-optimizer",
        (
            "Layers were unfrozen after the optimizer had been built from the weights "
            "that trained then. How do you mend the loop?"
        ),
        ("An optimizer moves what it was given. Weights that came later must be handed to it."),
        right="build a new optimizer, or hand it the weights that were added",
        wrong={
            "call model.train() once more, so that all layers are counted": (
                "That sets the mode of the layers. The optimizer has its own list of weights."
            ),
            "raise the learning rate, so that the new layers move as well": (
                "A weight that the optimizer does not hold moves at no rate."
            ),
            "set requires_grad to True once more, before each single batch": (
                "They get gradients already. Who makes a step with them?"
            ),
        },
    ),
    Choice(
        "rate-signs",
        (
            "The loss jumps up in the first steps and stays there, and accuracy is near "
            "chance. What is the first suspect?"
        ),
        "A rate that is too high throws the weights far away from where they were.",
        right="the learning rate is too high for these weights",
        wrong={
            "the learning rate is too low to move the weights": (
                "Then the loss would hardly change at all."
            ),
            "the network learns its few drawings by heart": (
                "Then the training loss would go on to fall."
            ),
            "too many of the layers were frozen in training": (
                "Then it would fall slowly. It would not jump."
            ),
        },
    ),
    Choice(
        "rate-test",
        ("A rate test of a few dozen steps suggests a rate. What is that suggestion worth?"),
        (
            "One seed and few steps: a rate to begin with, beside a third of it and three "
            "times as much."
        ),
        right="it is a rate to start from, to be tried beside its neighbours",
        wrong={
            "it is the best rate, so that no other one needs to be tried": (
                "It comes from one seed and a few dozen steps."
            ),
            "it holds for every network, as the test looks at losses only": (
                "The loss is that of this network on these items."
            ),
            "nothing, since a loss is no accuracy and says nothing of rates": (
                "A rate at which the loss flies up is a bad one, by any measure."
            ),
        },
    ),
    Choice(
        "lottery",
        (
            "At a high rate, seven of ten seeds do very well and three end below their "
            "own frozen head. What do you report?"
        ),
        (
            "The mean hides it and the best seed hides it more. All seeds, and that some "
            "failed, belong in the report."
        ),
        right="all ten seeds, and that some of them end below the frozen head",
        wrong={
            "the mean of ten, since this is what the next seed will bring": (
                "The next seed will do very well or badly. Hardly any lies at the mean."
            ),
            "the mean of the seven good ones, as three were just unlucky": (
                "Who trains once may be unlucky as well."
            ),
            "that fine-tuning does not work, since three of ten have failed": (
                "It is this rate that fails at times. A lower one was not tried here."
            ),
        },
    ),
    Choice(
        "frozen-stats",
        (
            "Layers at the front are frozen by requires_grad alone, and the loop calls "
            "model.train() in every epoch. What is wrong?"
        ),
        "Running statistics are no weights: in training mode every pass moves them.",
        right="BatchNorm's running statistics go on to move in these layers",
        wrong={
            "the frozen weights move, since training mode unfreezes them": (
                "Training mode does not touch requires_grad."
            ),
            "the layers behind them get no gradient and cannot be trained": (
                "The gradient comes from the output, and stops only at the frozen front."
            ),
            "nothing is wrong, since frozen layers ignore the training mode": (
                "The mode is not about gradients. What does BatchNorm do in training mode?"
            ),
        },
    ),
    Choice(
        "other-style",
        (
            "Tuning gains much on the style that was trained on, and no gain is resolved "
            "on another style. What is the most careful reading?"
        ),
        (
            "What was learned helps where it was learned; for the other style these seeds "
            "leave it open."
        ),
        right="what was learned helps in its style; elsewhere it stays open",
        wrong={
            "tuning destroys the features for every style except its own": (
                "A loss on the other style was not resolved either."
            ),
            "the other style is too hard, so that nothing can be gained": (
                "Other settings may gain there. What does one interval show?"
            ),
            "the gain in style is a mistake, or it would be there in both": (
                "The interval in style leaves out 0. The two are different questions."
            ),
        },
    ),
    Choice(
        "forgetting",
        ("How can one see what a network has forgotten of photographs, without any new labels?"),
        ("The old last layer on top of the tuned backbone: the share of old answers that stay."),
        right="put the old last layer back, and count the answers that stay",
        wrong={
            "look at the training loss on drawings, which must then rise": (
                "That tells about the new task only."
            ),
            "count the weights that have moved, since each has forgotten": (
                "Weights may move a lot and the answers stay, or the other way round."
            ),
            "test the new head on photographs, with its twenty classes": (
                "That head names kinds of drawings. Which layer named kinds of photographs?"
            ),
        },
    ),
    Choice(
        "mix",
        (
            "What is the mix of old and new weights with a share s of the new, and what "
            "does it cost to make?"
        ),
        (
            "Each weight lies between its old and new value. No training is needed, and s "
            "is chosen on validation items."
        ),
        right="(1 − s) · old + s · new for each weight, without any training",
        wrong={
            "s · old + (1 − s) · new for each weight, without any training": (
                "With s = 1 that would be the old network. But s is the share of the new weights."
            ),
            "the mean of both networks' answers, each weighted by its share": (
                "That mixes answers and needs both networks in use. Here weights are mixed."
            ),
            "a training that starts from the old weights, with s as its rate": (
                "Nothing is trained for a mix."
            ),
        },
    ),
    Number(
        "lora",
        (
            "LoRA of rank {r} adapts a linear layer from {a} to {b} numbers, without "
            "bias. How many numbers are trained in it?"
        ),
        "Two thin matrices: one of rank × in, one of out × rank.",
        lambda r: {
            "r": r.choice([4, 8, 16]),
            "a": r.choice([320, 512, 768]),
            "b": r.choice([1024, 1280, 2048]),
        },
        value=lambda r, a, b: r * (a + b),
        mistakes=(
            (lambda r, a, b: a * b, "That is the layer itself, which stays frozen."),
            (
                lambda r, a, b: r * a * b,
                "The two thin matrices stand side by side: count each one and add.",
            ),
            (
                lambda r, a, b: r * a,
                "That is one of the two matrices. The other one leads to the outputs.",
            ),
        ),
        hint="How many numbers have the two thin matrices, each by itself?",
    ),
    Number(
        "blend",
        (
            "A weight is {old} in the old network and {new} in the tuned one. What is it "
            "in a mix with a share of {s} of the new?"
        ),
        "The old value counts 1 − s, the new one s.",
        lambda r: {
            "old": r.randrange(1, 4),
            "new": r.randrange(6, 12),
            "s": r.choice([0.2, 0.3, 0.7, 0.8]),
        },
        value=lambda old, new, s: (1 - s) * old + s * new,
        mistakes=(
            (
                lambda old, new, s: s * old + (1 - s) * new,
                "The share is that of the new weights; you gave it to the old ones.",
            ),
            (lambda old, new, s: (old + new) / 2, "That is half and half."),
            (
                lambda old, new, s: old + s * new,
                "The old value counts only for what the new one leaves of it.",
            ),
        ),
        hint="The two shares add up to 1.",
    ),
    Number(
        "layer-rates",
        (
            "Four layer groups get learning rates with the same factor from each to the "
            "next, from {low} to {high}. Which rate has the second group?"
        ),
        (
            "The same factor three times leads from the first to the last, so the factor "
            "is the cube root of their ratio."
        ),
        lambda r: {"low": 1e-6, "high": 1e-6 * r.choice([8, 27, 64, 125])},
        value=lambda low, high: low * (high / low) ** (1 / 3),
        mistakes=(
            (
                lambda low, high: low + (high - low) / 3,
                "These are equal steps. A factor is asked for.",
            ),
            (
                lambda low, high: low * (high / low) ** (1 / 4),
                "Between four groups there are three steps, not four.",
            ),
            (lambda low, high: low * (high / low) ** (2 / 3), "That is the third group."),
        ),
        hint="Which factor, taken three times, leads from the first rate to the last?",
    ),
    Choice(
        "lora-time",
        (
            "LoRA trains a few per cent of the weights. Why are the seconds of training "
            "on a small network hardly fewer?"
        ),
        (
            "Forward and backward still go through the whole network; what is saved is "
            "the optimizer's memory."
        ),
        right="each step still goes forward and backward through all layers",
        wrong={
            "each step still moves all of the weights, but only by a little": (
                "The weights of the network are frozen. What is computed all the same?"
            ),
            "the thin matrices need many more epochs than the full ones do": (
                "The epochs were as many. Think of one step."
            ),
            "the optimizer takes longer over two thin matrices than over one": (
                "It has far fewer numbers to move. What else is computed in each step?"
            ),
        },
    ),
    Choice(
        "resume",
        (
            "The laptop closes after epoch {n}. What must a checkpoint hold so that training can "
            "go on with the next epoch and ends with the very same network?"
        ),
        "Weights alone start the optimizer, the schedule and the random order anew.",
        lambda r: {"n": r.randrange(3, 20)},
        right="weights, states of the optimizer, the schedule and random numbers",
        wrong={
            "the weights alone, since all the rest is computed from the weights": (
                "The optimizer remembers earlier steps, and the order of items is random."
            ),
            "the weights and the number of epochs that are left until the end": (
                "The optimizer's memory and the random order would be other ones."
            ),
            "the weights of the best epoch so far, as validation items judged it": (
                "These may be older than epoch {n}, and more than weights is needed to go on."
            ),
        },
    ),
    Several(
        "labels-back",
        (
            "Which two of these must be saved with a classifier, so that its answers mean "
            "something later?"
        ),
        (
            "An index says nothing without the class names, and a picture must be "
            "prepared as in training."
        ),
        right=(
            "the names of the classes, in their order",
            "how pictures were sized and normalised",
        ),
        wrong={
            "the validation losses of all the epochs": (
                "Good to know, but no answer depends on them."
            ),
            "the rates that were tried on other seeds": (
                "They belong in the report. The network answers without them."
            ),
        },
        missing=(
            "There is one more without which the answers would be other ones, or have no meaning."
        ),
    ),
)
