"""Lesson 02: what frozen features see, where they come from and where they lose."""

from tlhelpers.course.prediction_kinds import Amount, Better, OneOf, Sentence

CLASSES = (
    "mammal",
    "bird",
    "cold_blooded",
    "plant",
    "fruit_vegetable",
    "prepared_food",
    "drink_tableware",
    "vehicle",
    "building",
    "sky_weather",
    "clothing",
    "face",
    "hand",
    "portrait",
    "activity",
    "electronics",
    "tool_household",
    "stationery",
    "sport_game",
    "sign",
)

POOL = (
    Sentence("neighbours", "What will a drawing and its nearest ones by features have in common?"),
    OneOf(
        "crossing",
        "Will the order of the four mean curves ever change with the number of labels?",
        {
            "none": "no: the order is the same from one label to all",
            "some": "yes: somewhere two of the four change places",
        },
        {
            "some": "An order holds for a number of labels. Say the number with the order.",
            "none": "What helps with one label may go on to help: here nobody overtook anybody.",
        },
    ),
    OneOf(
        "hardest",
        "Which class will have the lowest accuracy?",
        {name: name.replace("_", ", ") for name in CLASSES},
    ),
    OneOf(
        "class-weights",
        "Which will rise in a way that the seeds resolve?",
        {
            "accuracy": "the accuracy alone",
            "balanced_accuracy": "the balanced accuracy alone",
            "accuracy and balanced_accuracy": "both the one and the other",
            "neither": "neither the one nor the other",
        },
        {
            "balanced_accuracy": (
                "The weights ask for small classes. A drawing of a large class counts less for "
                "the head, and just as much for the accuracy."
            ),
        },
    ),
    OneOf(
        "best-layer",
        "At which layer of the trained network will a linear head do best?",
        {
            "stem": "stem, the first one",
            **{f"blocks.{n}": f"blocks.{n}" for n in range(7)},
            "final": "final, the last one",
        },
        {
            "blocks.5": (
                "The last layers serve the thousand kinds of photographs. For another task, one a "
                "little before them may serve better."
            ),
        },
    ),
    Amount(
        "largest-network",
        "With all labels, by how many points will Lite2 beat Lite0 (below 0: lose)?",
        unit="points",
        low=-30,
        high=30,
        too_high="Better on ImageNet is a first guess about another task, and here it misleads.",
    ),
    OneOf(
        "no-training",
        "What will become of the features of the same drawings, by their cosine?",
        {
            "none": "they stay as they are: 1 throughout",
            "little": "they move a little: 0.9 or more is left",
            "much": "they move much: less than 0.9 is left",
        },
        {
            "much": (
                "No weight needs to move: statistics that follow each batch make another network "
                "of it."
            ),
            "little": "Statistics that follow each batch are enough, no weight needs to move.",
        },
    ),
    OneOf(
        "digits",
        "With five labels per digit, which one will have the highest mean?",
        {
            "raw pixels": "raw pixels",
            "random twin": "the random twin",
            "ImageNet features": "ImageNet features",
        },
        {
            "raw pixels": (
                "The simplest row belongs into every table. Without it, nobody would have noticed "
                "what the features throw away."
            ),
        },
    ),
    Better(
        "grid",
        "With five labels per digit, how will ImageNet features on a grid do?",
        pair={
            "ImageNet, 4×4 grid": "better than the averaged ones",
            "ImageNet, averaged": "worse than the averaged ones",
        },
        surprise={
            "ImageNet, 4×4 grid": (
                "The average over the picture is a choice, too, and here it cost more than any "
                "choice of a network."
            ),
        },
    ),
    OneOf(
        "clutter",
        "Whose mean accuracy will lose more points from clutter 0 to 1?",
        {"raw pixels": "that of raw pixels", "ImageNet": "that of frozen features"},
        {
            "ImageNet": (
                "Whoever is high can fall far. Frozen features describe the wall behind the "
                "drawing, too, and they stay ahead all the same."
            ),
            "raw pixels": "They describe the wall behind the drawing as well as the drawing.",
        },
    ),
    OneOf(
        "transform",
        "For how many of the three changes will ten seeds show a cost?",
        {"0": "for none of them", "1": "for one of them", "2": "for two of them", "3": "for all"},
        dict.fromkeys(
            ("0", "1", "2"),
            "A head that learns from features which were changed alike makes up for much. It "
            "is another thing where only new pictures are changed.",
        ),
    ),
)
