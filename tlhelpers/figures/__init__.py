"""Every figure of the course."""

from tlhelpers.figures.basic import (
    by_layer,
    contact_sheet,
    course_map,
    drift,
    intervals,
    learning_curves,
    neighbour_sheet,
    paired_sheet,
    picture_row,
    prediction_grid,
    setup_diagram,
)
from tlhelpers.figures.domains import before_after, matrices, scorer_scatter, word_shift
from tlhelpers.figures.palette import labels_per_class
from tlhelpers.figures.training import (
    by_depth,
    choice_map,
    forgetting_bars,
    history,
    prices,
    strategies_sheet,
)
from tlhelpers.figures.widgets import depth_explorer, label_slider, strength_walk, word_explorer
from tlhelpers.figures.words import attention_map, every_seed, flat_map

__all__ = [
    "attention_map",
    "before_after",
    "by_depth",
    "by_layer",
    "choice_map",
    "contact_sheet",
    "course_map",
    "depth_explorer",
    "drift",
    "every_seed",
    "flat_map",
    "forgetting_bars",
    "history",
    "intervals",
    "label_slider",
    "labels_per_class",
    "learning_curves",
    "matrices",
    "neighbour_sheet",
    "paired_sheet",
    "picture_row",
    "prediction_grid",
    "prices",
    "scorer_scatter",
    "setup_diagram",
    "strategies_sheet",
    "strength_walk",
    "word_explorer",
    "word_shift",
]
