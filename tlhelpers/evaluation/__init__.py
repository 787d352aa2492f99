"""Fair comparison: repeated runs, intervals, verdicts."""

from tlhelpers.faces import make_face

__getattr__, __dir__, __all__ = make_face(
    __name__,
    {
        "budgets": "price_list winners",
        "comparisons": "Difference compare compare_all compare_average compare_differences "
        "interval_of_mean learning_curve",
        "confidence": "apply_temperature calibration_error calibration_floor conformal_bound "
        "conformal_sets draw_coverage fit_temperature keep_promise reliability_table "
        "set_coverage threshold_curve threshold_for",
        "costs": "cost_table fit_cost",
        "mistakes": "accuracy_per_class confident_mistakes count_confusions largest_confusions",
        "repeated": "repeat take_turns",
        "significance": "smallest_gap wilson",
        "together": "judge_together",
        "trials": "Outcome Trial plan_trials",
    },
)
