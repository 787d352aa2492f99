"""Lesson 08: unlabelled target data, the control, strength, who chooses, and the collapse."""

from tlhelpers.course.quiz_kinds import Choice, Number, Several

POOL = (
    Choice(
        "look-first",
        (
            "Digits of one set touch the edge of the picture, those of the other have a "
            "margin. What do you do before adapting?"
        ),
        (
            "What preprocessing can correct is no matter of handwriting, and a paper that "
            "leaves it counts it as a shift."
        ),
        right="put both into the same frame, and measure from there on",
        wrong={
            "nothing: adapting is made for differences of that very kind": (
                "Then a margin is counted as the method's gain."
            ),
            "label some of the target, since the frame needs the labels": (
                "The frame needs the pictures alone."
            ),
            "train longer on the source, until the margin does not matter": (
                "Longer training at home shows no margin to the network."
            ),
        },
    ),
    Choice(
        "both-bn",
        (
            "A method is compared with the row “both in BatchNorm” and not with source only. "
            "Which part of its gain does that take off?"
        ),
        (
            "Its batches hold digits of both domains, and nothing is aligned: what it "
            "gains comes from BatchNorm having seen the target."
        ),
        right="what comes from BatchNorm having seen the target",
        wrong={
            "what comes from the labels of the target in its loss": (
                "Its loss knows the source's labels alone."
            ),
            "what comes from aligning the features of the domains": (
                "It aligns nothing. That is what makes it a control."
            ),
            "what comes from training a larger network on both": (
                "The network is the same one. What do its batches hold?"
            ),
        },
    ),
    Choice(
        "one-class",
        (
            "AdaBN takes its statistics from each batch in use, and batches come sorted "
            "by class. Why is that a trap?"
        ),
        "The mean of the batch is then the mean of the class, and it is subtracted.",
        right="what tells a class from the others is subtracted with the mean",
        wrong={
            "sorted batches are smaller, and so their statistics scatter more": (
                "They may be just as large. Whose mean is it?"
            ),
            "the network learns the order of the classes in place of digits": (
                "AdaBN learns nothing at all."
            ),
            "the labels of the target get into the statistics and leak there": (
                "No label is read. Think of the mean of one class."
            ),
        },
    ),
    Choice(
        "mixed",
        (
            "After training, no classifier can tell the features of the two domains "
            "apart. Is the class head right on the target?"
        ),
        (
            "The target's 3 may lie where the source's 8 lies: mixing says nothing of "
            "which class meets which."
        ),
        right="not surely: classes may lie on the wrong ones of the source",
        wrong={
            "yes: where the features are the same, the answers are right": (
                "The clouds are the same as wholes. Which class lies in which part?"
            ),
            "yes, if the class head is right on held-out source items too": (
                "At home everything is fine in either case."
            ),
            "no: mixed features cannot be told apart by the class head too": (
                "The class head tells classes, and may do so very well."
            ),
        },
    ),
    Choice(
        "source-fine",
        (
            "As the reversal gets stronger, accuracy on the source stays high. What may "
            "one conclude for the target?"
        ),
        ("In the lesson the source stayed fine at every strength, while the target was destroyed."),
        right="nothing: the target may be lost while the source is fine",
        wrong={
            "that the target is fine as well, since features are shared": (
                "Shared features may have classes in the wrong place there."
            ),
            "that a stronger reversal would be better for both of them": (
                "No number at home tells which strength is good abroad."
            ),
            "that the domain head has failed and reverses nothing at all": (
                "It may mix the domains well. Its success is not seen at home."
            ),
        },
    ),
    Choice(
        "domain-half",
        (
            "While it trains, the domain head is right for {p} % of the items of two "
            "equally large domains. Are the domains mixed?"
        ),
        (
            "A likely reason for less than a half: the network turns faster than the head "
            "follows. A new head, trained afterwards, tells."
        ),
        lambda r: {"p": r.randrange(25, 42)},
        right="one cannot say: a new head, trained afterwards, would tell",
        wrong={
            "yes, since one half would be guessing and this is even below": (
                "Being wrong so often is no guessing: it may lag behind."
            ),
            "no, since the features must be too small for any head to see": (
                "Small features could be scaled up. What does the network do meanwhile?"
            ),
            "yes, as long as the class head is right on the source by then": (
                "That head says nothing about mixing."
            ),
        },
    ),
    Choice(
        "negative",
        "When do you call it negative transfer?",
        "Adapting made it worse than leaving it alone, and the interval says so.",
        right="adapting is worse than source only, and this is resolved",
        wrong={
            "adapting is below the oracle, and this is resolved too": (
                "That is usual: the oracle has target labels. What would leaving it alone bring?"
            ),
            "the accuracy on the source falls while adapting goes on": (
                "That is a price at home. What about the target?"
            ),
            "the mean over seeds is below source only, by any amount": (
                "A mean may lie below by chance."
            ),
        },
    ),
    Choice(
        "entropy",
        (
            "You choose, without labels, the model with the most confident answers on the "
            "target. Which model would fool you?"
        ),
        "One class with confidence 1 for every item has the best entropy there is.",
        right="one that gives every item the same class, with confidence 1",
        wrong={
            "one that gives each class equally often, with low confidence": (
                "Its entropy is high, so it would not be chosen."
            ),
            "one that was trained with labels of the target, as an oracle": (
                "It would be a lucky choice."
            ),
            "one that does not adapt at all, and so keeps its old answers": (
                "It may be confident or not. Which model is always confident?"
            ),
        },
    ),
    Choice(
        "mutual",
        (
            "Mutual information asks for confident answers and for all classes to occur. "
            "On which target may it choose badly?"
        ),
        "It takes for granted that the classes are about equally common.",
        right="one on which some classes are far more common than others",
        wrong={
            "one that has many more items than the source had for training": (
                "More items make its estimate surer."
            ),
            "one that lies near the source, so that little was lost to it": (
                "There confident answers are mostly right."
            ),
            "one whose items come in batches that are mixed in their order": (
                "Mixed batches are what BatchNorm wants."
            ),
        },
    ),
    Choice(
        "tent",
        (
            "(Section 8, which is optional.) A network adapts in use by Tent, and the entropy "
            "of its answers falls from batch to batch. Is that good news?"
        ),
        (
            "Entropy is what was trained; in a collapse it falls towards 0 while accuracy "
            "falls with it."
        ),
        right="not by itself: it is what was trained, and falls in a collapse",
        wrong={
            "yes: the lower the entropy is, the more of the answers are right": (
                "A network that always says the same, with confidence 1, has an entropy of 0."
            ),
            "yes, if the learning rate is high enough for it to fall quickly": (
                "At high rates the collapse came sooner."
            ),
            "no: the entropy must rise for a network to learn anything in use": (
                "It is trained to fall. What else would you look at?"
            ),
        },
    ),
    Several(
        "watch",
        "(Section 8, which is optional.) Which two things warn of a collapse, without a label?",
        ("The shares of the predicted classes, and how far answers have gone from AdaBN's."),
        right=(
            "one class is predicted more and more often",
            "answers differ more and more from AdaBN's",
        ),
        wrong={
            "the entropy of the predictions keeps falling": (
                "It falls when all is well, too: it is what is trained."
            ),
            "the accuracy on held-out target labels sinks": "That would tell, but takes labels.",
        },
        missing="There is one more, which looks at the answers alone.",
    ),
    Choice(
        "few-labels",
        (
            "You have several adapted models, and {n} labelled target items that none of "
            "them was trained on. By what do you choose one of the models?"
        ),
        ("The labels measure what you want to know; scores without labels only guess it."),
        lambda r: {"n": r.randrange(100, 300, 20)},
        right="by the accuracy on these items, kept for the choice alone",
        wrong={
            "by the accuracy on held-out items of the source, as usual": (
                "At home nearly all of them are alike, also those that fail abroad."
            ),
            "by the confidence of their answers on all target items": (
                "It takes more items, but a model may be confident and wrong."
            ),
            "by the domain heads, which should be right for one half": (
                "Mixed features may have classes in the wrong place."
            ),
        },
    ),
    Number(
        "mmd",
        (
            "Within the source the mean similarity is {a}, within the target {b}, and "
            "across {c}. What is MMD²?"
        ),
        "Both means within, minus twice the mean across.",
        lambda r: {
            "a": r.randrange(60, 80) / 100,
            "b": r.randrange(50, 70) / 100,
            "c": r.randrange(20, 45) / 100,
        },
        value=lambda a, b, c: a + b - 2 * c,
        mistakes=(
            (
                lambda a, b, c: a + b - c,
                "The mean across counts twice: there are two domains to compare with.",
            ),
            (lambda a, b, c: (a + b) / 2 - c, "That is half of it."),
            (
                lambda a, b, c: a + b + 2 * c,
                "What is alike across makes the domains nearer, so it is taken off.",
            ),
        ),
        hint="Add the two means within the domains, and take off the one across, twice.",
    ),
    Number(
        "bn",
        (
            "BatchNorm has the source's mean {m} and standard deviation {s} for a "
            "channel. A target value is {x}; the target's mean is {t} and its standard "
            "deviation {u}. What does the channel become with AdaBN?"
        ),
        (
            "AdaBN puts in the target's statistics: minus its mean, divided by its "
            "standard deviation."
        ),
        lambda r: {
            "m": r.randrange(2, 5),
            "s": r.choice([2, 4]),
            "x": r.randrange(12, 20),
            "t": r.randrange(6, 10),
            "u": r.choice([3, 5]),
        },
        value=lambda m, s, x, t, u: (x - t) / u,
        mistakes=(
            (
                lambda m, s, x, t, u: (x - m) / s,
                "These are the source's statistics, as without AdaBN.",
            ),
            (
                lambda m, s, x, t, u: (x - t) / s,
                "The mean is the target's. So must the standard deviation be.",
            ),
            (lambda m, s, x, t, u: x - t, "The mean is taken off. What is it divided by?"),
        ),
        hint="Subtract the target's mean, and divide by the target's standard deviation.",
    ),
    Choice(
        "stronger",
        (
            "A small network is adapted to another drawing style, without labels of it, and "
            "gains a little. Which rival, also without these labels, do you try next?"
        ),
        "Before one adapts a weak model, one looks for a stronger one to reuse.",
        right="frozen features of a stronger network, with nothing adapted",
        wrong={
            "the same method with a longer training and a higher strength": (
                "Strength may destroy what was won. What about another network?"
            ),
            "the same small network, adapted in the opposite direction too": (
                "That is another task. What may be better at this one from the start?"
            ),
            "frozen features of the same small network with random weights": (
                "That is a control, and hardly a rival. Which features are better?"
            ),
        },
    ),
    Choice(
        "layer-norm",
        "Why is there no AdaBN for a BERT-like encoder, whose layers hold LayerNorm?",
        "LayerNorm takes mean and variance within each token: none of a domain are stored.",
        right="LayerNorm keeps no mean and variance of the training data",
        wrong={
            "LayerNorm has scale and shift, and those need labels": (
                "BatchNorm has them too, and AdaBN does not touch them."
            ),
            "texts have no domains whose statistics could differ": (
                "Lesson 07 told the domains of most sentences apart."
            ),
            "LayerNorm subtracts the same stored mean in every domain": (
                "Its mean is computed anew for each token. Nothing is stored."
            ),
        },
    ),
)
