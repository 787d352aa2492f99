"""Lesson 13: the layer for words, tuning on words, a rare class, and two ways to read a pair."""

from tlhelpers.course.prediction_kinds import UNRESOLVED, Better, OneOf

POOL = (
    OneOf(
        "layer",
        "With all labels, which layer will lie highest?",
        {
            "first": "the first, layer 0",
            "middle": "one of layers 1 to 5",
            "last": "the last, layer 6",
        },
        {
            "first": "For most words the word itself may tell enough, without its neighbours.",
            "middle": (
                "In layer 0 no word has met another, and the last layer was shaped for comparing "
                "whole sentences."
            ),
            "last": "That a layer was shaped for sentences need not spoil it for words.",
        },
    ),
    Better(
        "tuned",
        "With 32 labelled words per class, which one will do better?",
        pair={
            "layer 3, frozen": "layer 3, frozen",
            "fine-tuned": "everything, tuned",
        },
        surprise={
            "layer 3, frozen": (
                "A head on vectors that suit the task is hard to beat where labels are few."
            ),
            "fine-tuned": (
                "Few labels do not always speak against tuning. What the vectors were made for "
                "matters, too."
            ),
            UNRESOLVED: (
                "Where no difference is resolved, one takes what costs less: the frozen encoder."
            ),
        },
    ),
    OneOf(
        "precision",
        "On all words of new articles, what becomes of this head's precision?",
        {
            "stays": "it stays about the same",
            "rises": "it rises by a good deal",
            "falls": "it falls by a good deal",
        },
        {
            "falls": (
                "Words without a capital are now far more common. The same share of them is "
                "called capital by mistake, and that is many more words."
            ),
        },
    ),
    Better(
        "pairs",
        "With all pairs labelled and all weights tuned, which way will do better?",
        pair={
            "encoder, fine-tuned, cosine": "each sentence by itself",
            "read together, fine-tuned": "both sentences together",
        },
        surprise={
            "encoder, fine-tuned, cosine": (
                "This encoder was tuned to compare sentences by their vectors. To read two "
                "together is something that it has to learn anew."
            ),
            "read together, fine-tuned": (
                "Read together, each word can look at the words of the other sentence. Two "
                "finished vectors no longer allow that."
            ),
            UNRESOLVED: (
                "Where no difference is resolved, one takes what costs less: vectors, which are "
                "computed once for each text."
            ),
        },
    ),
)
