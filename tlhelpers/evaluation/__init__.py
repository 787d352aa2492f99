"""Fair comparison: repeated runs, intervals, verdicts."""

from tlhelpers.evaluation.budgets import price_list, winners
from tlhelpers.evaluation.comparisons import compare, compare_all, compare_average, learning_curve
from tlhelpers.evaluation.repeated import repeat, take_turns
from tlhelpers.evaluation.significance import holm, smallest_gap, wilson
from tlhelpers.evaluation.trials import Outcome, Trial, plan_trials

__all__ = [
    "Outcome",
    "Trial",
    "compare",
    "compare_all",
    "compare_average",
    "holm",
    "learning_curve",
    "plan_trials",
    "price_list",
    "repeat",
    "smallest_gap",
    "take_turns",
    "wilson",
    "winners",
]
