"""Every figure of the course."""

from tlhelpers.figures.choosing import choice_map, prices, scorer_scatter
from tlhelpers.figures.comparing import every_seed, forgetting_bars, intervals
from tlhelpers.figures.curves import by_depth, by_layer, drift, history, learning_curves
from tlhelpers.figures.diagrams import course_map, setup_diagram, strategies_sheet
from tlhelpers.figures.domains import matrices, word_shift
from tlhelpers.figures.features import before_after
from tlhelpers.figures.palette import labels_per_class
from tlhelpers.figures.sheets import (
    contact_sheet,
    neighbour_sheet,
    paired_sheet,
    picture_row,
    prediction_grid,
)
from tlhelpers.figures.widgets import depth_explorer, label_slider, strength_walk, word_explorer
from tlhelpers.figures.words import attention_map, flat_map

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
