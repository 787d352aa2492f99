"""Fair comparison: repeated runs, intervals, verdicts."""

from tlhelpers.faces import make_face

__getattr__, __dir__, __all__ = make_face(
    __name__,
    {
        "budgets": "price_list winners",
        "comparisons": "compare compare_all compare_average learning_curve",
        "mistakes": "accuracy_per_class confident_mistakes count_confusions largest_confusions",
        "repeated": "repeat take_turns",
        "significance": "holm smallest_gap wilson",
        "trials": "Outcome Trial plan_trials",
    },
)
