"""Lesson 05: what stands near what in word vectors, and what they know and leave out."""

from tlhelpers.course.prediction_kinds import Amount, Better, OneOf, Sentence

POOL = (
    OneOf(
        "good-bad",
        "What will the cosine of their two vectors be?",
        {
            "alike": "above 0.5: they are alike",
            "neither": "between −0.5 and 0.5: neither",
            "opposite": "below −0.5: they are opposite",
        },
        {
            "alike": (
                "Two words need not meet to become alike. It is enough that they stand beside the "
                "same others."
            ),
        },
    ),
    Sentence("hockey", "Which words will end up nearest to hockey?"),
    Sentence("windows", "Which words will stand nearest to windows in GloVe?"),
    OneOf(
        "nearer-pair",
        "Which word will be nearer to good in GloVe?",
        {"bad": "bad", "terrific": "terrific"},
        {
            "bad": (
                "Near means used alike. Opposites stand in the same places of a sentence, and so "
                "they lie close."
            ),
        },
    ),
    Amount(
        "cut-at-spaces",
        "Cut at spaces, what share of the running words will GloVe know?",
        too_high=(
            "Full stops and capital letters are part of a word for whoever cuts at spaces, and "
            "nothing complains about what is not found."
        ),
    ),
    Sentence("parts", "What will stand nearest to hockye?"),
    OneOf(
        "nothing-left-out",
        "For how many of the three questions will one of its own words come first?",
        {"0": "for none", "1": "for one", "2": "for two", "3": "for all three"},
        {
            "3": "Most of what such a tool answers comes from what it is not allowed to answer.",
            "2": "Much of what such a tool answers comes from what it is not allowed to answer.",
        },
    ),
    OneOf(
        "counting",
        "From how many labels on will counted words be better, as the seeds resolve it?",
        {
            "2 labels per topic": "from 2 labels per topic on",
            "8 labels per topic": "from 8 labels per topic on",
            "32 labels per topic": "from 32 labels per topic on",
            "all labels": "with all labels only",
            "nowhere": "with none of these numbers",
        },
        {
            "32 labels per topic": (
                "A weight for each word is worth more than a mean of vectors, as soon as there "
                "are labels enough to learn it."
            ),
        },
    ),
    Better(
        "tuning",
        "With 32 labels per class, what will tuning the table do beside leaving it frozen?",
        pair={"GloVe, tuned": "it will help", "GloVe, frozen": "it will hurt"},
        surprise={
            "GloVe, frozen": "More weights that learn need more labels to learn from.",
        },
    ),
    OneOf(
        "bias",
        "Which effect will the test find (its size is at most 2, up or down)?",
        {
            "0": "the other way: below −0.3",
            "1": "hardly any: −0.3 to 0.3",
            "2": "a weak one: 0.3 to 1",
            "3": "a strong one: above 1",
        },
        {
            "3": (
                "No one wrote it into the vectors on purpose. They learned it from what people "
                "wrote."
            ),
        },
    ),
)
