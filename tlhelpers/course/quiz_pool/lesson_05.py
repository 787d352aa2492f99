"""Lesson 05: what word vectors hold, which words they know, and when they beat counting."""

import math

from tlhelpers.course.quiz_kinds import Choice, Number, Several

POOL = (
    Choice(
        "opposites",
        ("Why do “hot” and “cold” get vectors that are alike, although they mean opposite things?"),
        "Nearness means used alike: both words have the same neighbours in sentences.",
        right="they stand beside the same words, and that is what counts",
        wrong={
            "they often stand beside each other in the same sentence": (
                "They need not meet at all. Whose neighbours do they share?"
            ),
            "the model was trained too little to see the difference": (
                "More training brings more of the same. What is it trained to tell?"
            ),
            "they are short and frequent, and all of these are alike": (
                "Neither length nor frequency makes two words alike in this way."
            ),
        },
    ),
    Choice(
        "two-matrices",
        "Skip-gram has two matrices. What would go wrong with a single one?",
        (
            "A word hardly ever stands beside itself or its like, but would be its own "
            "best neighbour in a single table."
        ),
        right="words used alike would have to be each other's neighbours",
        wrong={
            "the table would be too small to have a row for each word": (
                "A single table has as many rows. What must the product of two rows say?"
            ),
            "noise words could not be drawn from the text any longer": (
                "They could. Which two rows is the probability computed from?"
            ),
            "rare words would be left without any vector of their own": (
                "They would have a row as well. Think of good and bad."
            ),
        },
    ),
    Choice(
        "noise",
        "What are noise words for in skip-gram's training?",
        "With true pairs alone, all vectors could simply become alike and large.",
        right="to push apart the rows of words that do not go together",
        wrong={
            "to make the model ready for words that are misspelt in use": (
                "They are real words, drawn from the whole text."
            ),
            "to hide some words of a sentence, which are to be guessed": (
                "That is how an encoder is pretrained, in lesson 06."
            ),
            "to fill up short sentences, so that all have one length": (
                "That is padding. What would true pairs alone lead to?"
            ),
        },
    ),
    Choice(
        "tokens",
        (
            "A text was cut at spaces, and the table knows “train” but not “train,” with "
            "the comma. What happens in the mean?"
        ),
        "An unknown word is left out in silence: cut texts as those of the table were.",
        right="the word is left out in silence, and the mean lacks it",
        wrong={
            "the table stops with an error at the first unknown word": (
                "It would be better if it did. Nothing complains."
            ),
            "the word gets the vector of the known word nearest to it": (
                "Only vectors of parts do something of the kind."
            ),
            "the word counts as zeros, and pulls the mean towards zero": (
                "It is left out of the mean. Zeros come only where no word is known."
            ),
        },
    ),
    Choice(
        "exclude",
        (
            "A tool answers an analogy with a word that looks like a proof of prejudice. "
            "What do you ask first?"
        ),
        (
            "The tools leave out the three words of the question, so they could not give "
            "the plain answer."
        ),
        right="whether the words of the question were allowed as answers",
        wrong={
            "whether the vectors have been trained on enough newspapers": (
                "With any vectors the tool has its small print."
            ),
            "whether the three words of the question are frequent enough": (
                "That may matter as well. But which answers could the tool not give?"
            ),
            "whether another language would give the same analogy again": (
                "Interesting, and another question. How was this answer found?"
            ),
        },
    ),
    Choice(
        "analogy-control",
        (
            "A tool gets {p} % of its plural analogies right. Which control shows how "
            "much of it the analogy brings?"
        ),
        (
            "If the word nearest to the third one is the answer anyway, the difference of "
            "the first two brings nothing."
        ),
        lambda r: {"p": r.randrange(55, 90)},
        right="the word nearest to the third word, without any difference",
        wrong={
            "the same questions with vectors of random directions": (
                "These get nothing right. Which cheaper answer could be right as often?"
            ),
            "the same questions with more words that are left out": (
                "Leaving out more makes it easier. What is to be taken away?"
            ),
            "the words of the question, put in the opposite order": (
                "That is another analogy, and no simpler way to the answer."
            ),
        },
    ),
    Choice(
        "few-posts",
        (
            "Posts are to be sorted into {n} topics. You have two labelled posts per topic, and "
            "many thousands without a label from the same forum. Which of these do you expect to "
            "do best?"
        ),
        (
            "With few labels, vectors from unlabelled posts beat counting: they know "
            "which words are used alike."
        ),
        lambda r: {"n": r.randrange(8, 15)},
        right="means of word vectors trained on the unlabelled posts",
        wrong={
            "counted words of the labelled posts, weighted by TF-IDF": (
                "So few posts hold few of the words that the next post will use."
            ),
            "a tuned table of vectors, beginning at random numbers": (
                "That trains far more numbers than there are words in the posts."
            ),
            "random vectors, since their mean is as good as counting": (
                "They count, and know nothing of words that are used alike."
            ),
        },
    ),
    Choice(
        "many-posts",
        ("With all labels, counted words beat means of vectors. What is the likely reason?"),
        ("Counting gives each word a weight of its own; a mean of a hundred numbers blurs them."),
        right="each word gets a weight of its own, where a mean blurs them",
        wrong={
            "vectors were trained for too short a time to be of any use": (
                "With few labels they win, so they are of use. What has counting that a mean lacks?"
            ),
            "vectors were trained on texts from quite another kind of forum": (
                "Word2Vec was trained on other posts of the same groups, and lost as well."
            ),
            "vectors know too few words of the posts, and counts know all": (
                "Counts know the words of the training posts alone."
            ),
        },
    ),
    Choice(
        "shuffled",
        (
            "One embedding table starts from GloVe's vectors, each given to a wrong word, and is "
            "tuned. What is this control for?"
        ),
        (
            "Right numbers at wrong words: what is left is their spread, and not what "
            "they say of the words."
        ),
        right="to see whether it matters which word has which vector",
        wrong={
            "to see whether the table is better without any training": (
                "It is tuned as the others are. What was changed at the start?"
            ),
            "to see whether a table learns faster with larger numbers": (
                "The numbers are GloVe's own ones. Which words do they belong to now?"
            ),
            "to see how many words of the tweets GloVe does not know": (
                "For that one counts words, and trains nothing."
            ),
        },
    ),
    Choice(
        "untouched",
        (
            "A table is tuned on few tweets, without weight decay. In use comes a tweet with words "
            "of the table that no training tweet held. What is special about their vectors?"
        ),
        (
            "They stayed where they were, while the others moved: the head meets rows "
            "from before the training."
        ),
        right="they are as before the tuning, while others have moved",
        wrong={
            "they are zeros, since no gradient has ever reached them": (
                "Without a gradient a row stays as it is."
            ),
            "they have moved along with words that are used alike": (
                "Rows move by their own gradients only."
            ),
            "they are left out of the mean, as any unknown word is": (
                "The table knows them. They have a row, which has not learned."
            ),
        },
    ),
    Choice(
        "bias",
        (
            "A probe finds that names of one group lie nearer to words of career. What "
            "does that show about a classifier built on the vectors?"
        ),
        ("What a classifier does is measured on its answers; the probe is a reason to look."),
        right="nothing as yet: its own answers have to be measured",
        wrong={
            "it treats that group better, since vectors decide": (
                "A head may use these directions or not. Where would one see it?"
            ),
            "it is fair, as long as no name stands in its texts": (
                "Other words may carry the same. Only its answers tell."
            ),
            "it is fair, since the probe has seen no classifier": (
                "Not to have looked is no proof of fairness."
            ),
        },
    ),
    Number(
        "cover",
        (
            "A text has {n} running words. {k} of them are unknown to the table, and {z} "
            "of the known ones are repeats. Which share of the running words is known?"
        ),
        "Each occurrence counts, so repeats are counted like all others.",
        lambda r: {"n": r.randrange(40, 100, 5), "k": r.randrange(5, 20), "z": r.randrange(6, 15)},
        value=lambda n, k, z: (n - k) / n,
        mistakes=(
            (lambda n, k, z: k / n, "That is the unknown share."),
            (
                lambda n, k, z: (n - k - z) / n,
                "Repeats are running words, too: each occurrence counts.",
            ),
            (
                lambda n, k, z: (n - k - z) / (n - z),
                "You counted each word once. Asked for are running words.",
            ),
        ),
        hint="How many running words are known, out of all of them?",
    ),
    Number(
        "sigmoid",
        (
            "Two vectors have the product v · u = {p}. Skip-gram gives the pair the "
            "probability 1 / (1 + exp(−v · u)). What is its loss as a noise word, −log(1 "
            "− probability)? (Natural logarithm.)"
        ),
        ("A noise word should have a small probability; the larger it is, the larger the loss."),
        lambda r: {"p": r.choice([-2, -1, 1, 2])},
        value=lambda p: -math.log(1 - 1 / (1 + math.exp(-p))),
        mistakes=(
            (
                lambda p: -math.log(1 / (1 + math.exp(-p))),
                (
                    "That is the loss of a true neighbour. A noise word should get a small "
                    "probability."
                ),
            ),
            (lambda p: 1 / (1 + math.exp(-p)), "That is the probability. What loss does it give?"),
            (
                lambda p: 1 - 1 / (1 + math.exp(-p)),
                (
                    "That is the probability that they are no neighbours. Take its logarithm, "
                    "with a minus."
                ),
            ),
        ),
        hint=("Compute the probability first, then minus the logarithm of what is missing to 1."),
    ),
    Several(
        "unknown",
        "Which two remedies against unknown words does the lesson name?",
        "More text knows more words, and parts of words carry something over.",
        right=("a table that was trained on more text", "vectors made of the parts of a word"),
        wrong={
            "a longer vector for each known word": "Longer vectors know no further word.",
            "a larger penalty on the head's weights": (
                "The head sees the mean. What is not in it cannot be weighted."
            ),
        },
        missing=("There is one more: where might a word that was never seen find something known?"),
    ),
)
