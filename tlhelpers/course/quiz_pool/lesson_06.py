"""Lesson 06: what context adds, padding, layers, tuning, failed seeds, attention."""

import math

from tlhelpers.course.quiz_kinds import Choice, Number, Several

POOL = (
    Choice(
        "padding",
        (
            "A plain mean is taken over all tokens of a batch, padding included. Training "
            "and test accuracy look fine. Where does it show?"
        ),
        "One text at a time has no padding, so the vectors in use are of another kind.",
        right="in use, where texts come one at a time, without padding",
        wrong={
            "in training, where the loss does not fall as it should do": (
                "A head learns on such vectors all the same. That is the danger."
            ),
            "nowhere, since a padded token has a vector of zeros only": (
                "It has a vector like any token, and moves the mean."
            ),
            "in the longest texts of a batch, since they are cut the most": (
                "The longest text of a batch has no padding at all."
            ),
        },
    ),
    Choice(
        "mask-words",
        (
            "Why are some of the chosen tokens left as they are in masked language "
            "modelling, or swapped for another token?"
        ),
        (
            "Otherwise only the vectors of [MASK] would have to be any good, and in use "
            "there is no [MASK]."
        ),
        right="so that vectors of real tokens have to be good, too",
        wrong={
            "so that the guessing gets easier in the first steps": (
                "A token left as it is is easy, a swapped one is hard. What does one meet in use?"
            ),
            "so that rare tokens are chosen as often as common ones": (
                "Tokens are chosen at random, the common ones more often."
            ),
            "so that the encoder learns how to find misspelt words": (
                "That may come along. Which tokens would matter otherwise?"
            ),
        },
    ),
    Choice(
        "stop-control",
        (
            "In a late layer the vector of “bank” tells its two senses apart. So does "
            "that of the full stop at the end. What follows?"
        ),
        (
            "If a token without a sense does as well, the vectors hold what the sentence "
            "is about, and no looked-up meaning is shown."
        ),
        right="tokens have taken up the sentence; a sense is not shown",
        wrong={
            "the encoder has looked up the meaning of the word bank": (
                "A full stop has no meaning to look up, and does as well."
            ),
            "full stops have two senses, as other short tokens have": (
                "It is the same full stop. What surrounds it?"
            ),
            "late layers are of no use for telling sentences apart": (
                "They tell them apart very well. The question is why."
            ),
        },
    ),
    Choice(
        "layer-zero",
        "Why can the vectors of layer 0 not tell two senses of a word apart?",
        "They are a table: the same row for the same token, plus its place.",
        right="they come from a table, before any token met another",
        wrong={
            "they are too short to hold more than one of the senses": (
                "All layers have vectors of the same length."
            ),
            "they have been trained on far fewer texts than the rest": (
                "All layers were trained together. What has not happened yet?"
            ),
            "they are thrown away when the pretraining has ended": (
                "They are kept. It is the masked-LM head that goes."
            ),
        },
    ),
    Choice(
        "pooling",
        (
            "A checkpoint was tuned with the mean of its tokens. You take the first "
            "token's vector instead. What do you expect?"
        ),
        ("How tokens are pooled belongs to the checkpoint, as normalisation does for pictures."),
        right="worse features, since pooling belongs to the checkpoint",
        wrong={
            "better features, since the first token was made for that": (
                "So it was in BERT. This one was tuned in another way."
            ),
            "the same features, since attention mixes all the tokens": (
                "Mixed, but not equal. What was each of them tuned for?"
            ),
            "an error, since the shapes of the two do not fit at all": (
                "Both have the same shape. Nothing complains."
            ),
        },
    ),
    Choice(
        "seed-set",
        (
            "Middle layers looked best on seeds 0 to 9, so they are tested again on seeds "
            "10 to 19 of the same tweets. What do these guard against?"
        ),
        ("New seeds are new splits of the same tweets. Tweets that happen to suit a layer stay."),
        right="against a lucky split, not against tweets that suit a layer",
        wrong={
            "against both: new seeds are as good as newly written tweets": (
                "The tweets stay the same. What do seeds draw?"
            ),
            "against tweets that suit a layer, but not against lucky splits": (
                "It is the other way round: splits are new, tweets are not."
            ),
            "against nothing: the first ten seeds have told it all before": (
                "A lucky split among them would have chosen the layer."
            ),
        },
    ),
    Choice(
        "zero-shot",
        (
            "Without labels, three wordings of the class names give very different "
            "accuracies on the test side. You pick the best by these and report its "
            "accuracy. What kind of number is that?"
        ),
        ("Labels of the test side chose the wording: that is no zero-shot result any more."),
        right="one that used test labels, so no longer a zero-shot one",
        wrong={
            "a zero-shot accuracy, since no head has been trained": (
                "Nothing was trained, but something was chosen. By what?"
            ),
            "an honest one, if all three wordings are of one author": (
                "Who wrote them does not matter. How was one picked?"
            ),
            "too low, since the mean of the three would be better": (
                "The best of three is rather too high."
            ),
        },
    ),
    Choice(
        "failed",
        (
            "Five seeds of tuning, on two balanced classes, give {a:.2f}, 0.50, {b:.2f}, "
            "0.51 and {c:.2f}. What do you see?"
        ),
        "Two runs ended at chance: a mean of such seeds describes no run at all.",
        lambda r: {
            "a": r.randrange(84, 88) / 100,
            "b": r.randrange(88, 91) / 100,
            "c": r.randrange(84, 91) / 100,
        },
        right="two failed runs, which the mean would hide in its middle",
        wrong={
            "a spread as any training has it, with its mean in the middle": (
                "Nothing lies in the middle. Look at what 0.50 means here."
            ),
            "three lucky runs, as the true accuracy is near to one half": (
                "One half is chance with two classes. What did the three learn?"
            ),
            "two test sides that were harder than the three other ones": (
                "Harder ones would lower it a little. These two are at chance."
            ),
        },
    ),
    Choice(
        "repair",
        (
            "A high learning rate is repaired by a warm-up and by training the head first. "
            "Between it and a plain rate ten times lower no difference is resolved. Which "
            "do you take?"
        ),
        "The low rate needs no repair, and no gain of the repaired one was shown.",
        right="the low rate, since it needs no repair and no loss is shown",
        wrong={
            "the high rate, which must be the better one with more seeds": (
                "That more seeds will show a gain nobody knows."
            ),
            "the mean of both rates, to have the best of either of them": (
                "That is a third setting, which nobody has measured."
            ),
            "the high rate without the warm-up, as its best seed is ahead": (
                "The best seed of many is luck. What do the other seeds do?"
            ),
        },
    ),
    Choice(
        "attention",
        (
            "In a picture of one attention head, a word's column is dark. You want to "
            "know whether the word matters for the answer. What do you do?"
        ),
        "To know what a word does, leave it out and look at the answer.",
        right="leave the word out, and see what becomes of the answer",
        wrong={
            "look at a second head, and see whether it is dark there": (
                "Two heads are still two pictures of weights."
            ),
            "take the darkness as its share of the whole decision": (
                "Attention goes along with what matters, and not closely."
            ),
            "read the text once more, and judge it by common sense": (
                "That tells what matters to you."
            ),
        },
    ),
    Choice(
        "posts",
        (
            "Held-out posts quote whole sentences of the posts that a model has read. "
            "What happens to a test of guessing hidden words?"
        ),
        (
            "The hidden word has been read in its very sentence: memory looks like "
            "knowledge, most of all for counting."
        ),
        right="it looks too good: the hidden words were read before",
        wrong={
            "it looks too bad: quoted sentences are hard to guess": (
                "They are the easiest ones, for whoever has read them."
            ),
            "nothing, since the hidden words are drawn at random": (
                "Drawn at random, out of sentences that were read."
            ),
            "nothing, as long as the posts have other authors": (
                "Who wrote a post does not matter. What stands in it?"
            ),
        },
    ),
    Number(
        "loss",
        (
            "A model spreads its guess evenly over a vocabulary of {v} entries. What is "
            "its cross-entropy loss? (Natural logarithm.)"
        ),
        "Minus the logarithm of 1 / entries, which is the logarithm of the entries.",
        lambda r: {"v": r.choice([500, 1000, 5000, 20000, 50000])},
        value=lambda v: math.log(v),
        mistakes=(
            (
                lambda v: 1 / v,
                "That is the probability of each entry. The loss is minus its logarithm.",
            ),
            (lambda v: -math.log(v), "A loss is not negative. Mind the minus in front."),
            (lambda v: math.log2(v), "That is in bits. The natural logarithm is asked for."),
            (lambda v: math.log10(v), "That is the logarithm to base 10."),
        ),
        hint="Which probability has each entry? Take minus its logarithm.",
    ),
    Number(
        "mean",
        (
            "A text has {r} real tokens and is filled up with padding to {n} positions. In "
            "one of the features real tokens have the value {a} on average, padding has {b}. "
            "What does a plain mean over all positions give for this feature?"
        ),
        "Padding is averaged in, by its share of the positions.",
        lambda r: {
            "r": r.randrange(4, 9),
            "n": r.randrange(16, 33, 4),
            "a": r.choice([6, 8, 10]),
            "b": r.choice([1, 2, 3]),
        },
        value=lambda r, n, a, b: (r * a + (n - r) * b) / n,
        mistakes=(
            (
                lambda r, n, a, b: float(a),
                "That is the masked mean, as it should be. What does a plain one give?",
            ),
            (lambda r, n, a, b: (a + b) / 2, "Real tokens and padding are not equally many."),
            (lambda r, n, a, b: r * a / n, "Padding has a value, too. It is not zero here."),
        ),
        hint="Add up all positions, real ones and padding, and divide by their number.",
    ),
    Several(
        "compare",
        (
            "In the lesson's table one thing favours the heads on a frozen encoder and another "
            "favours the tuned networks, so both have to be told. Which two?"
        ),
        ("The first favours the heads, the second the networks; the table charges neither."),
        right=(
            "heads tried three penalties, networks were trained once",
            "a rate for the networks had been tried on these tweets",
        ),
        wrong={
            "heads and networks were judged on the same test tweets": (
                "That favours neither: it is what makes them comparable."
            ),
            "heads and networks learned from the same drawn labels": (
                "Both had the same labels, so neither side gains by it."
            ),
        },
        missing="There is one more thing, which favours the other side.",
    ),
    Choice(
        "tuned-table",
        (
            "A tuned encoder beats its frozen last layer. Which row tells whether the layers of "
            "attention had a part in that?"
        ),
        "With the table alone tuned in the same way, what is left out are the layers, and context.",
        right="the embeddings without the layers, tuned in the same way",
        wrong={
            "the embeddings without the layers, frozen, with a head": (
                "Then two things differ: context, and whether weights move."
            ),
            "the encoder with random weights, frozen, with a head": (
                "That asks what pretraining is worth. Is context the only difference?"
            ),
            "the whole encoder, tuned with twice as many epochs": (
                "That asks whether the training was long enough."
            ),
        },
    ),
)
