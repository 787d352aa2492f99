"""Lesson 07: the price of a shift, fair rows, distances, and a few target labels."""

from tlhelpers.course.quiz_kinds import Choice, Number, Several

POOL = (
    Choice(
        "column",
        (
            "A model from news is right for {a} % of news and {a} % of tweets; one from "
            "tweets is right for {b} % of tweets. Was something lost on tweets?"
        ),
        (
            "On the same test texts, the oracle is better: that is the price. The row "
            "compares texts that are not equally hard."
        ),
        lambda r: {"a": (a := r.randrange(70, 85)), "b": a + r.randrange(4, 9)},
        right="yes: on the same tweets, target labels bring more",
        wrong={
            "no: it is right on tweets as often as it is at home": (
                "Tweets may simply be easier. Compare on the same texts."
            ),
            "no: a model from tweets has an unfair advantage there": (
                "It is an oracle, and that is just what it is for."
            ),
            "it cannot be said without a third model from reviews": (
                "Two models on the same tweets are enough for it."
            ),
        },
    ),
    Choice(
        "preparation",
        ("A method standardises features and then adapts. Beside which row does it stand fairly?"),
        "What is due to preparing must not be counted as adapting.",
        right="source only, on features standardised in the same way",
        wrong={
            "source only, on features as they come from the encoder": (
                "Then what standardising does is counted as the method's."
            ),
            "the oracle, on features standardised in the same manner": (
                "That tells how far is left to go. What did adapting bring?"
            ),
            "the best of the other methods, however these are prepared": (
                "That compares two methods. What would doing nothing bring?"
            ),
        },
    ),
    Choice(
        "coral-centre",
        ("CORAL gains on source only. Why does a row with centring alone stand beside it?"),
        "CORAL contains centring; only what goes beyond belongs to the covariance.",
        right="CORAL contains centring, and may owe its gain to that",
        wrong={
            "centring is the oracle of CORAL, and bounds its gain": (
                "An oracle uses target labels. Centring uses none."
            ),
            "centring undoes CORAL, so that both must come out equal": (
                "It is a part of it, and undoes nothing."
            ),
            "centring needs labels of the target, and CORAL needs none": (
                "Neither needs labels. What have the two in common?"
            ),
        },
    ),
    Choice(
        "distance",
        (
            "Two domains lie far apart by the proxy A-distance. How much will a model "
            "lose from one to the other?"
        ),
        (
            "The distance is the same in both directions and the loss is not; all that "
            "differs counts, needed or not."
        ),
        right="one cannot tell: the distance says little of the loss",
        wrong={
            "much: a large distance is a large loss of accuracy": (
                "In the lesson the two hardly went together."
            ),
            "little: what is easily told apart is easily adapted": (
                "Neither does that follow. What does the distance count?"
            ),
            "as much in one direction as in the other one, at least": (
                "The distance is the same both ways. Losses are not."
            ),
        },
    ),
    Choice(
        "marks",
        (
            "A classifier tells tweets from news by “@anonymous”, which the collectors "
            "put in. What does the large distance then say about the task?"
        ),
        "It counts whatever differs, also what has nothing to do with the classes.",
        right="nothing: the mark tells domains and no class apart",
        wrong={
            "the task is hopeless, since the domains hardly overlap": (
                "They may overlap in all that the task needs."
            ),
            "the task needs that mark, or it would not be so strong": (
                "It is strong for telling domains. What about friendliness?"
            ),
            "the task is easy, as the classifier hardly ever fails": (
                "That classifier has another task."
            ),
        },
    ),
    Choice(
        "self-training",
        (
            "Self-training does harm on GloVe averages, and helps where MiniLM itself was "
            "tuned on the source. What is a likely reason for the harm?"
        ),
        ("Guesses are taken for true: where many are wrong, they teach their own mistakes."),
        right="where many guesses are wrong, they teach mistakes",
        wrong={
            "where guesses are mostly right, nothing is left to learn": (
                "There it helped. What do wrong guesses do?"
            ),
            "where features are longer, guesses are learned by heart": (
                "Length is not the point. How good are the guesses?"
            ),
            "where labels are few, the guesses are always left out": (
                "There were as many source labels in both cases. Think of the guesses."
            ),
        },
    ),
    Choice(
        "pick-best",
        (
            "Four methods without target labels, {n} settings of each. The best by "
            "labelled test tweets is reported as “unsupervised”. What is it?"
        ),
        "Labels of the target chose it; without them nobody could have.",
        lambda r: {"n": r.randrange(3, 9)},
        right="an oracle's choice, since target labels picked it",
        wrong={
            "unsupervised: none of the trainings saw a label": (
                "The trainings did not. Who picked the winner?"
            ),
            "unsupervised, if the other numbers stand beside it": (
                "Telling all is right, and does not make the choice blind."
            ),
            "the mean of an oracle and a blind guess, so about fair": (
                "It is the best of all, by labels of the test."
            ),
        },
    ),
    Choice(
        "source-hurts",
        (
            "You add a large labelled source to {n} labels per class of your target. How "
            "do you notice whether it hurts?"
        ),
        (
            "Only labels of the target decide: with and without, on some that are held "
            "out, in several draws."
        ),
        lambda r: {"n": r.choice([16, 32, 64, 128])},
        right="compare with and without it on held-out target labels",
        wrong={
            "see whether the accuracy on the source stays as it was": (
                "At home all is well in either case."
            ),
            "leave it out if its distance to the target is above 1": (
                "There is no such threshold: all pairs were far, and some helped."
            ),
            "add it anyway: more labels can only make a model better": (
                "In the lesson more labelled data made the model worse."
            ),
        },
    ),
    Choice(
        "weigh",
        (
            "{s} labelled news sentences and {t} labelled tweets are simply put together. "
            "Why may that be an unfair use of the source?"
        ),
        "The few hardly count in the sum; weighting lets both domains count alike.",
        lambda r: {"s": r.randrange(600, 1500, 100), "t": r.choice([16, 32])},
        right="the tweets hardly count; they should be weighted up",
        wrong={
            "the news hardly counts; it should be weighted up": (
                "Most of the items are news. Which ones hardly count?"
            ),
            "tweets and news must never be used in one training": (
                "Together they were better than few tweets alone."
            ),
            "the encoder must be tuned before a head is trained": (
                "A head on frozen features is fair enough. Count the items."
            ),
        },
    ),
    Choice(
        "two-losses",
        (
            "Model A loses {a} points from news to tweets, model B {b}. Which one do you "
            "use on tweets?"
        ),
        (
            "A loss alone ranks nothing: who has little to lose loses little. What counts "
            "is the level on tweets."
        ),
        lambda r: {"a": (a := r.randrange(3, 8)), "b": a + r.randrange(3, 9)},
        right="one cannot tell: compare the levels that they have on tweets",
        wrong={
            "A, since it loses less and so carries more over to the tweets": (
                "A may be worse everywhere, with little to lose."
            ),
            "B, since it loses more and so must have known more to begin with": (
                "That does not follow either. What is to be compared?"
            ),
            "neither of them: both lose, and an oracle has to be trained first": (
                "An oracle shows what is lost. It does not say which of the two is better."
            ),
        },
    ),
    Number(
        "gap",
        (
            "On the target, source only is right for {s} %, the adapted model for {a} % "
            "and the oracle for {o} %. Which share of the gap was closed?"
        ),
        "What was gained, as a share of what target labels would have gained.",
        lambda r: {
            "s": (s := r.randrange(55, 75)),
            "a": s + r.randrange(2, 8),
            "o": s + r.randrange(10, 20),
        },
        value=lambda s, a, o: (a - s) / (o - s),
        mistakes=(
            (lambda s, a, o: (o - a) / (o - s), "That is the share that is still open."),
            (lambda s, a, o: (a - s) / 100, "That is the gain. As a share of which gap?"),
            (lambda s, a, o: a / o, "Source only has most of that already. Take it off both."),
        ),
        hint="Gain of the adapted model, divided by the gain of the oracle.",
    ),
    Number(
        "a-distance",
        (
            "A classifier of domains is mistaken for {a} % of the held-out source rows "
            "and {b} % of the held-out target rows. What is the distance 2 · (1 − 2 · "
            "error)?"
        ),
        "The error is the mean of both shares, so that no domain counts for more.",
        lambda r: {"a": r.randrange(2, 12), "b": r.randrange(14, 30)},
        value=lambda a, b: 2 * (1 - 2 * (a + b) / 200),
        mistakes=(
            (lambda a, b: 2 * (1 - 2 * (a + b) / 100), "You added the shares. Take their mean."),
            (lambda a, b: 1 - 2 * (a + b) / 200, "There is one more factor of 2 in front."),
            (lambda a, b: (a + b) / 200, "That is the error. Put it into the distance."),
        ),
        hint="Take the mean of both shares first.",
    ),
    Several(
        "rows",
        "Which two rows stand around every method that adapts without target labels?",
        "Below, what nothing brings; above, what target labels would bring.",
        right=("source only, which adapts nothing", "the oracle, with target labels"),
        wrong={
            "the majority line of the source": (
                "It tells what a constant reaches, and nothing of adapting."
            ),
            "the accuracy on held-out source": (
                "Worth showing, but on other texts: it bounds nothing here."
            ),
        },
        missing="There is one more: one row stands below and one above.",
    ),
    Choice(
        "blind-choice",
        (
            "No label of the target is there. Circular validation picks a method. What "
            "may you say of the picked one?"
        ),
        (
            "No target label stands behind the pick. In the lesson no difference to source "
            "only was resolved for what it picked."
        ),
        right="that it is a guess, and may be no better than not adapting",
        wrong={
            "that it is the best one, since it is right on its way back": (
                "The way back is judged at home. What do you know of the target?"
            ),
            "that it cannot do harm, since it would not have been picked": (
                "A method that does harm may look well on the way back."
            ),
            "its accuracy on the target, as the way back has measured it": (
                "On the way back the source was measured."
            ),
        },
    ),
    Choice(
        "read-news",
        (
            "An encoder guesses hidden words of unlabelled tweets, is tuned on labelled news, and "
            "its mean on tweets rises. Why is there a row that guessed words of news instead?"
        ),
        "More steps alone change an encoder. What tweets bring is the difference of the two rows.",
        right="it had as many more steps, but none of them on tweets",
        wrong={
            "it is the oracle: it has read the texts it is judged on": (
                "It is judged on tweets, and an oracle has their labels."
            ),
            "it shows how well hidden words of news can be guessed": (
                "The head that guesses words is thrown away. What is left is the encoder."
            ),
            "it makes up for the labels that the tweets do not have": (
                "No row has labels of tweets. What do the two rows share?"
            ),
        },
    ),
)
