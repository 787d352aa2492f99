"""Fair comparison: repeated runs, intervals, verdicts."""

from tlhelpers.evaluation.budgets import price_list, winners
from tlhelpers.evaluation.repeated import (
    compare,
    compare_all,
    compare_average,
    learning_curve,
    repeat,
)
from tlhelpers.evaluation.significance import holm, wilson

__all__ = [
    "compare",
    "compare_all",
    "compare_average",
    "holm",
    "learning_curve",
    "price_list",
    "repeat",
    "wilson",
    "winners",
]
