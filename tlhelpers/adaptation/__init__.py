"""From one domain to another: measure the shift, adapt, choose without target labels."""

from tlhelpers.adaptation.across import (
    adaptation_table,
    circular_validation,
    predict_all,
    with_bounds,
)
from tlhelpers.adaptation.choosing import SCORERS, choose_by, thresholded_confidence
from tlhelpers.adaptation.deep import adapt_batchnorm, fit_dann, fit_deep_coral
from tlhelpers.adaptation.evidence import Evidence, extract_head_inputs
from tlhelpers.adaptation.shallow import align_covariance, importance_weights, self_train
from tlhelpers.adaptation.shift import feature_shift, label_shift, mmd, proxy_a_distance
from tlhelpers.adaptation.skada_methods import AdaptedClassifier, stack_domains

__all__ = [
    "SCORERS",
    "AdaptedClassifier",
    "Evidence",
    "adapt_batchnorm",
    "adaptation_table",
    "align_covariance",
    "choose_by",
    "circular_validation",
    "extract_head_inputs",
    "feature_shift",
    "fit_dann",
    "fit_deep_coral",
    "importance_weights",
    "label_shift",
    "mmd",
    "predict_all",
    "proxy_a_distance",
    "self_train",
    "stack_domains",
    "thresholded_confidence",
    "with_bounds",
]
