"""What one may look at to choose among adapted models: of the target no label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from tlhelpers.adaptation.shift import check_domains
from tlhelpers.checks import whole_numbers
from tlhelpers.data.images import ImageSet
from tlhelpers.data.texts import TextSet
from tlhelpers.models.classifier import Classifier
from tlhelpers.training.batches import Unlabelled, hide_labels
from tlhelpers.training.predicting import predict_outputs


@dataclass(frozen=True, eq=False)
class Evidence:
    """What one may look at to choose a model: labels of the source only.

    Attributes
    ----------
    source_features : float64 array, shape (n, d)
        Of source items that the model has not learned from, as its last layer takes them.
    source_probabilities : float64 array, shape (n, k)
        Of each class, as the model has them.
    source_labels : int64 array, shape (n,)
        0 … k − 1.
    target_features : float64 array, shape (m, d)
    target_probabilities : float64 array, shape (m, k)

    Raises
    ------
    ValueError
        If shapes do not fit together, a domain has fewer than four rows, a value is not finite,
        there are fewer than two classes, probabilities are negative or do not add up to 1 (±0.001),
        or a label is out of range.
    """

    source_features: np.ndarray
    source_probabilities: np.ndarray
    source_labels: np.ndarray
    target_features: np.ndarray
    target_probabilities: np.ndarray

    def __post_init__(self):
        features = check_domains(self.source_features, self.target_features, fewest=4)
        labels = whole_numbers(self.source_labels, "source labels")
        source = _probabilities(self.source_probabilities, "source", len(features[0]))
        target = _probabilities(self.target_probabilities, "target", len(features[1]))
        k = source.shape[1]
        if target.shape[1] != k:
            raise ValueError(
                f"source probabilities have {k} classes, target probabilities {target.shape[1]}: "
                "both must come from the same model"
            )
        if len(labels) != len(source):
            raise ValueError(f"{len(source)} source rows, but {len(labels)} source labels")
        if labels.min() < 0 or labels.max() >= k:
            raise ValueError(
                f"source labels must lie in 0..{k - 1} (there are {k} probabilities), "
                f"got {labels.min()}..{labels.max()}"
            )
        checked = (features[0], source, labels, features[1], target)
        for name, value in zip(self.__dataclass_fields__, checked, strict=True):
            object.__setattr__(self, name, value)


def _probabilities(values, domain: str, n: int) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2 or len(values) != n or values.shape[1] < 2:
        raise ValueError(
            f"{domain} probabilities must have the shape ({n}, k) with two classes or more, "
            f"got {values.shape}"
        )
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1) | (values < 0).any(axis=1))
    if bad.size:
        raise ValueError(
            f"{bad.size} {domain} row(s) of probabilities hold NaN, infinity or less than 0, "
            f"the first is {bad[0]}"
        )
    bad = np.flatnonzero(abs(values.sum(axis=1) - 1) > 1e-3)
    if bad.size:
        raise ValueError(
            f"{bad.size} {domain} row(s) of probabilities do not add up to 1, the first is "
            f"{bad[0]}: give probabilities, not scores"
        )
    return values


# ---------------------------------------------------------------- of a network


def gather_evidence(
    model: Classifier, source: ImageSet | TextSet, target: ImageSet | TextSet | Unlabelled
) -> Evidence:
    """The `Evidence` on a trained network, from source items held out and target items."""
    rows = [extract_head_inputs(model, data) for data in (source, target)]
    head = model.linear_head
    weight, bias = (p.detach().cpu().numpy().astype(np.float64) for p in (head.weight, head.bias))
    probabilities = [softmax(x @ weight.T + bias, axis=1) for x in rows]
    return Evidence(rows[0], probabilities[0], source.labels, rows[1], probabilities[1])


def extract_head_inputs(
    model: Classifier, data: ImageSet | TextSet | Unlabelled, batch_size: int = 64
) -> np.ndarray:
    """The features that the head of a trained network takes, of each item.

    Labels are not read. The model is left in evaluation mode.

    Parameters
    ----------
    model : Classifier
    data : ImageSet, TextSet or Unlabelled
        At least two items.
    batch_size : int

    Returns
    -------
    float64 array, shape (n, feature_size)
    """
    view = hide_labels(model, data)
    model.eval()  # all of it, as in `predict`, not the backbone alone
    rows = predict_outputs(model.backbone, view.batches, view.count, batch_size)
    return rows.astype(np.float64)
