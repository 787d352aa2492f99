"""Fair comparison: repeated runs, intervals, verdicts."""

from tlhelpers.evaluation.budgets import price_list, winners
from tlhelpers.evaluation.comparisons import compare, compare_all, compare_average, learning_curve
from tlhelpers.evaluation.repeated import repeat, take_turns
from tlhelpers.evaluation.significance import holm, wilson

__all__ = [
    "compare",
    "compare_all",
    "compare_average",
    "holm",
    "learning_curve",
    "price_list",
    "repeat",
    "take_turns",
    "wilson",
    "winners",
]
