"""From one domain to another: measure the shift, adapt, choose without target labels."""

from tlhelpers.adaptation.across import (
    adaptation_table,
    circular_validation,
    predict_all,
    with_bounds,
)
from tlhelpers.adaptation.choosing import (
    SCORERS,
    Evidence,
    chosen_by,
    thresholded_confidence,
)
from tlhelpers.adaptation.deep import adapt_batchnorm, fit_dann, fit_deep_coral
from tlhelpers.adaptation.shallow import coral, domain_set, importance_weights, self_train, shallow
from tlhelpers.adaptation.shift import feature_shift, label_shift, mmd, proxy_a_distance

__all__ = [
    "SCORERS",
    "Evidence",
    "adapt_batchnorm",
    "adaptation_table",
    "chosen_by",
    "circular_validation",
    "coral",
    "domain_set",
    "feature_shift",
    "fit_dann",
    "fit_deep_coral",
    "importance_weights",
    "label_shift",
    "mmd",
    "predict_all",
    "proxy_a_distance",
    "self_train",
    "shallow",
    "thresholded_confidence",
    "with_bounds",
]
