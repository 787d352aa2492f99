"""From one domain to another: measure the shift, adapt, choose without target labels."""

from tlhelpers.faces import make_face

__getattr__, __dir__, __all__ = make_face(
    __name__,
    {
        "across": "adaptation_table circular_validation predict_all with_bounds",
        "choosing": "SCORERS choose_by thresholded_confidence",
        "deep": "adapt_batchnorm fit_dann fit_deep_coral",
        "evidence": "Evidence extract_head_inputs",
        "shallow": "align_covariance importance_weights self_train",
        "shift": "feature_shift label_shift mmd proxy_a_distance",
        "skada_methods": "AdaptedClassifier stack_domains",
    },
)
