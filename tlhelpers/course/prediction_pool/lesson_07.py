"""Lesson 07: what a shift costs, what a distance tells, and when the source is of use."""

from tlhelpers.course.prediction_kinds import UNRESOLVED, Better, OneOf

POOL = (
    OneOf(
        "loses-most",
        "Which one will lose most on the average off the diagonal, beside the diagonal?",
        {
            "TF-IDF": "TF-IDF, counted words",
            "GloVe mean": "GloVe, averaged vectors",
            "frozen": "MiniLM, frozen",
        },
        {
            "TF-IDF": (
                "A word that was never seen in training has no weight. Vectors know what it is "
                "like, from texts that nobody labelled."
            ),
        },
    ),
    OneOf(
        "nearest",
        "Which two domains will lie nearest to each other?",
        {
            f"{one} and {other}": f"{one} and {other}"
            for one, other in (
                ("movies", "news"),
                ("movies", "products"),
                ("movies", "tweets"),
                ("news", "products"),
                ("news", "tweets"),
                ("products", "tweets"),
            )
        },
    ),
    Better(
        "read-first",
        "Tuned on the same news, which encoder will do better on tweets?",
        pair={
            "masked words of tweets, fine-tuned": "the one that guessed words of tweets",
            "masked words of news, fine-tuned": "the one that guessed words of news",
        },
        surprise={
            UNRESOLVED: (
                "Without the row that read news, one would have credited the tweets with all of "
                "the difference."
            ),
        },
    ),
    OneOf(
        "no-longer",
        "For MiniLM, from how many labels per class on will no gain by the news be resolved?",
        {
            "8": "from 8 on",
            "32": "from 32 on",
            "128": "from 128 on",
            "760": "with all only",
            "never": "never",
        },
        {
            "32": (
                "A handful of labels of the target is soon worth as much as hundreds of another "
                "domain."
            ),
        },
    ),
)
