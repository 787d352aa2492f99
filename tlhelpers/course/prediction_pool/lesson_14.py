"""Lesson 14: what confidences promise elsewhere, and how many labels a promise needs."""

from tlhelpers.course.prediction_kinds import OneOf, Sentence

POOL = (
    Sentence("wrong", "What may stand in such a sentence about a film?"),
    OneOf(
        "abroad",
        "Where will its confidence lie furthest above its accuracy?",
        {"tweets": "on tweets", "movies": "on movies", "products": "on products"},
    ),
    OneOf(
        "labels-needed",
        "From how many labels on will the promise be kept, in the mean over draws?",
        {
            "20": "from 20 on",
            "50": "from 50 on",
            "100": "from 100 on",
            "200": "from 200 on",
            "500": "from 500 on",
            "more": "with more only",
        },
        {
            "20": (
                "The rank is chosen for any number of held-out items, so that the mean is kept. "
                "More of them bring a single draw near to it."
            ),
        },
    ),
    OneOf(
        "estimates",
        "Which head's estimate by the formula will be within 5 points of the true share?",
        {
            "tweets": "that of the head from tweets",
            "news": "that of the head from news",
            "tweets and news": "that of either head",
            "neither": "that of neither head",
        },
        {
            "tweets": (
                "The formula holds where only the shares of the classes have changed. Whoever "
                "comes from another domain cannot check that without labels."
            ),
        },
    ),
)
