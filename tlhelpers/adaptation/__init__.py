"""From one domain to another: measure the shift, adapt, choose without target labels."""

from tlhelpers.faces import make_face

__getattr__, __dir__, __all__ = make_face(
    __name__,
    {
        "across": "adaptation_table circular_validation with_bounds",
        "choosing": "SCORERS choose_by",
        "class_shares": "correct_confidences estimate_shares_bbse estimate_shares_em "
        "resample_classes",
        "deep": "adapt_batchnorm fit_dann fit_deep_coral",
        "evidence": "extract_head_inputs",
        "gains": "fair_table",
        "methods": "fair_rows",
        "shallow": "align_covariance",
        "shift": "feature_shift label_shift mmd proxy_a_distance",
        "tent": "follow_tent largest_share scales_and_shifts",
    },
)
