"""Domain adaptation on rows of features: rows moved, weighted, or learned from one's own guesses.

No function here takes a target label, so none can leak. Rows come from a frozen model, e.g. by
`extract_features`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from tlhelpers.adaptation.shift import check_domains, domain_classifier
from tlhelpers.checks import is_number, number, whole, whole_numbers

# ---------------------------------------------------------------- rows that are moved or weighted


def align_covariance(source, target, regularisation: float = 1.0) -> np.ndarray:
    """CORAL: source rows with the mean and the covariance of the target [1]_.

    A head trained on them is used on target rows as they are.

    Parameters
    ----------
    source, target : float array, shape (n, d) and (m, d)
    regularisation : float
        What is added to the diagonal of both covariances, in units of the mean variance of all
        features; 1 is the paper's, which standardises first. With 0 the covariances become equal;
        the larger, the more the rows keep their own.

    Returns
    -------
    float64 array, shape (n, d)

    Raises
    ------
    ValueError
        If rows do not fit together or hold NaN or infinity, `regularisation` is below 0, or it is 0
        and the source's covariance has no inverse.

    References
    ----------
    .. [1] Sun, Feng and Saenko, Return of frustratingly easy domain adaptation, AAAI 2016,
       arXiv:1511.05547.
    """
    source, target = check_domains(source, target)
    number("regularisation", regularisation)
    covariances = [np.atleast_2d(np.cov(rows, rowvar=False)) for rows in (source, target)]
    unit = np.mean([np.trace(c) for c in covariances]) / source.shape[1]
    given, wanted = (c + regularisation * unit * np.eye(len(c)) for c in covariances)
    with threadpool_limits(1):
        white = _power(given, -0.5)
        return (source - source.mean(axis=0)) @ white @ _power(wanted, 0.5) + target.mean(axis=0)


def _power(covariance: np.ndarray, exponent: float) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    floor = values.max() * len(values) * np.finfo(float).eps
    if exponent < 0 and not values.min() > floor:
        raise ValueError(
            "the covariance of the source rows has no inverse (too few rows, or features that "
            "depend on each other): give regularisation above 0"
        )
    return (vectors * values.clip(0) ** exponent) @ vectors.T


def importance_weights(source, target, largest: float = 10.0, C: float = 1.0) -> np.ndarray:
    """How much more common each source row is in the target [1]_.

    A classifier of domains tells the probability p that a row is of the target, were both domains
    equally large; the weight is p / (1 − p).

    Parameters
    ----------
    source, target : float array, shape (n, d) and (m, d)
    largest : float
        1 or more. Ratios are cut to 1 / `largest` … `largest`, lest a few rows decide all.
    C : float
        Inverse strength of the classifier's L2 penalty: the smaller, the more alike the weights.

    Returns
    -------
    float64 array, shape (n,)
        Positive, with mean 1.

    Raises
    ------
    ValueError
        If rows do not fit together or hold NaN or infinity, or `largest` is below 1.

    References
    ----------
    .. [1] Bickel, Brückner and Scheffer, Discriminative learning under covariate shift, Journal of
       Machine Learning Research 10, 2009.
    """
    source, target = check_domains(source, target)
    number("largest", largest, 1)
    domain = np.repeat([0, 1], [len(source), len(target)])
    with threadpool_limits(1):
        fitted = domain_classifier(C).fit(np.concatenate([source, target]), domain)
        log_ratio = fitted.decision_function(source)
    limit = np.log(largest)
    weights = np.exp(log_ratio.clip(-limit, limit))
    return weights / weights.mean()


# ---------------------------------------------------------------- self-training


@dataclass(frozen=True, eq=False)
class SelfTrained:
    """What `self_train` gave.

    Attributes
    ----------
    head : object
        Trained in the last round.
    predicted : int64 array, shape (m,)
        Its classes for the target rows.
    table : pandas.DataFrame
        One row per round, 0 for the source alone: `round`, `used` (target rows learned from),
        `changed` (share of target rows whose class changed), `mean_probability` (of the class
        that was predicted).
    """

    head: object
    predicted: np.ndarray
    table: pd.DataFrame


def self_train(
    new_head: Callable[[], object],
    source_rows,
    source_labels,
    target_rows,
    share: float | None = None,
    threshold: float | None = None,
    rounds: int = 1,
) -> SelfTrained:
    """Learn from the source, then also from the target rows of highest confidence [1]_.

    Parameters
    ----------
    new_head : callable
        Gives an untrained classifier as scikit-learn has it, with ``predict_proba``, e.g.
        `heads.new_linear_head`.
    source_rows : float array, shape (n, d)
    source_labels : int array, shape (n,)
    target_rows : float array, shape (m, d)
    share : float, optional
        Of each predicted class the rows of highest confidence, so many of all [2]_, so that an easy
        class does not crowd out the others; above 0, at most 1. 0.6 unless there is a threshold.
    threshold : float, optional
        Instead: the rows whose class has at least this probability.
    rounds : int
        How often target rows are chosen and the head is trained anew.

    Returns
    -------
    SelfTrained

    Raises
    ------
    ValueError
        If rows or labels do not fit, there is one class only, or a number is out of range.

    References
    ----------
    .. [1] Lee, Pseudo-label: the simple and efficient semi-supervised learning strategy for deep
       neural networks, ICML 2013 workshops.
    .. [2] Zou, Yu, Vijaya Kumar and Wang, Unsupervised domain adaptation for semantic segmentation
       via class-balanced self-training, ECCV 2018, arXiv:1810.07911.
    """
    source, labels, target = check_labelled_source(source_rows, source_labels, target_rows)
    share, threshold = _share_or_threshold(share, threshold)
    whole("rounds", rounds)
    chosen, predicted, table = np.zeros(len(target), dtype=bool), None, []
    for round_ in range(rounds + 1):
        x = np.concatenate([source, target[chosen]])
        y = labels if predicted is None else np.concatenate([labels, predicted[chosen]])
        with threadpool_limits(1):
            head = new_head().fit(x, y)
            probability = head.predict_proba(target)
        before, predicted = predicted, head.classes_[probability.argmax(axis=1)]
        confidence = probability.max(axis=1)
        changed = 0.0 if before is None else float(np.mean(before != predicted))
        row = {"round": round_, "used": int(chosen.sum()), "changed": changed}
        table.append({**row, "mean_probability": float(confidence.mean())})
        if share is None:
            chosen = confidence >= threshold
        else:
            chosen = select_confident(confidence, predicted, share)
    return SelfTrained(head, predicted.astype(np.int64), pd.DataFrame(table))


def select_confident(confidence: np.ndarray, predicted: np.ndarray, share: float) -> np.ndarray:
    """Of each predicted class the share of items with the highest confidence, bool (n,).

    Confidence is the probability of the class that was predicted; of equals the first are taken.
    """
    chosen = np.zeros(len(confidence), dtype=bool)
    for label in np.unique(predicted):
        items = np.flatnonzero(predicted == label)
        order = np.argsort(-confidence[items], kind="stable")
        chosen[items[order[: round(share * len(items))]]] = True
    return chosen


def _share_or_threshold(share, threshold) -> tuple[float | None, float | None]:
    if share is not None and threshold is not None:
        raise ValueError("give a share or a threshold, not both")
    share = 0.6 if share is None and threshold is None else share
    for name, value in (("share", share), ("threshold", threshold)):
        if value is not None and not (is_number(value) and 0 < value <= 1):
            raise ValueError(f"{name} must lie above 0 and be at most 1, got {value!r}")
    return share, threshold


def check_labelled_source(source, labels, target) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Source rows, their labels and target rows that fit together, with two classes or more."""
    source, target = check_domains(source, target, fewest=1)
    labels = whole_numbers(labels, "source labels")
    if len(labels) != len(source):
        raise ValueError(f"{len(source)} source rows, but {len(labels)} source labels")
    if labels.min() < 0:
        raise ValueError(f"source labels must be 0 or more, got {labels.min()}")
    if len(np.unique(labels)) < 2:
        raise ValueError(f"all source labels are {labels[0]}: there is nothing to tell apart")
    return source, labels, target
