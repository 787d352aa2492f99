"""Domain adaptation on rows of features, with no label of the target.

No function here takes a target label, so none can leak. Rows come from a frozen model, e.g. by
`features.extract_features`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import pandas as pd
import scipy.linalg
from sklearn import config_context
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from tlhelpers.adaptation.shift import domain_classifier, two_domains
from tlhelpers.checks import is_int, whole_numbers
from tlhelpers.errors import nearest

SOURCE, TARGET, MASKED = 1, -2, -1  # skada's numbers: of a domain, and of a label kept secret


# ---------------------------------------------------------------- rows that are moved or weighted


def standardise_by_domain(source, target) -> tuple[np.ndarray, np.ndarray]:
    """Give each feature mean 0 and variance 1, in each domain by itself.

    Parameters
    ----------
    source, target : float array, shape (n, d) and (m, d)

    Returns
    -------
    float64 array, shape (n, d)
    float64 array, shape (m, d)
        A feature that is constant in a domain is 0 there.

    Raises
    ------
    ValueError
        As in `shift.two_domains`.
    """
    source, target = two_domains(source, target)
    return StandardScaler().fit_transform(source), StandardScaler().fit_transform(target)


def coral(source, target, regularisation: float = 1.0) -> np.ndarray:
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
        As in `shift.two_domains`, if `regularisation` is below 0, or if it is 0 and the source's
        covariance has no inverse.

    References
    ----------
    .. [1] Sun, Feng and Saenko, Return of frustratingly easy domain adaptation, AAAI 2016,
       arXiv:1511.05547.
    """
    source, target = two_domains(source, target)
    if not 0 <= regularisation < float("inf"):
        raise ValueError(f"regularisation must be 0 or more, got {regularisation!r}")
    covariances = [np.atleast_2d(np.cov(rows, rowvar=False)) for rows in (source, target)]
    unit = np.mean([np.trace(c) for c in covariances]) / source.shape[1]
    own, wanted = (c + regularisation * unit * np.eye(len(c)) for c in covariances)
    with threadpool_limits(1):
        white = _power(own, -0.5)
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
        As in `shift.domain_classifier`: the smaller, the more alike the weights.

    Returns
    -------
    float64 array, shape (n,)
        Positive, with mean 1.

    Raises
    ------
    ValueError
        As in `shift.two_domains`, or if `largest` is below 1.

    References
    ----------
    .. [1] Bickel, Brückner and Scheffer, Discriminative learning under covariate shift, Journal of
       Machine Learning Research 10, 2009.
    """
    source, target = two_domains(source, target)
    if not 1 <= largest < float("inf"):
        raise ValueError(f"largest must be 1 or more, got {largest!r}")
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
    """Learn from the source, then also from the target rows that the head is surest of [1]_.

    Parameters
    ----------
    new_head : callable
        Gives an untrained classifier as scikit-learn has it, with ``predict_proba``, e.g.
        `heads.new_linear_head`.
    source_rows : float array, shape (n, d)
    source_labels : int array, shape (n,)
    target_rows : float array, shape (m, d)
    share : float, optional
        Of each predicted class the surest rows, so many of all [2]_, so that an easy class does
        not crowd out the others; above 0, at most 1. 0.6 unless there is a threshold.
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
    source, labels, target = _labelled_source(source_rows, source_labels, target_rows)
    share, threshold = _share_or_threshold(share, threshold)
    if not is_int(rounds) or rounds < 1:
        raise ValueError(f"rounds must be a whole number from 1 on, got {rounds!r}")
    chosen, predicted, table = np.zeros(len(target), dtype=bool), None, []
    for number in range(rounds + 1):
        x = np.concatenate([source, target[chosen]])
        y = labels if predicted is None else np.concatenate([labels, predicted[chosen]])
        with threadpool_limits(1):
            head = new_head().fit(x, y)
            probability = head.predict_proba(target)
        before, predicted = predicted, head.classes_[probability.argmax(axis=1)]
        sure = probability.max(axis=1)
        changed = 0.0 if before is None else float(np.mean(before != predicted))
        row = {"round": number, "used": int(chosen.sum()), "changed": changed}
        table.append({**row, "mean_probability": float(sure.mean())})
        chosen = sure >= threshold if share is None else surest(sure, predicted, share)
    return SelfTrained(head, predicted.astype(np.int64), pd.DataFrame(table))


def surest(sure: np.ndarray, predicted: np.ndarray, share: float) -> np.ndarray:
    """Of each predicted class the items with the highest probability.

    Parameters
    ----------
    sure : float array, shape (n,)
        Probability of the class that was predicted.
    predicted : int array, shape (n,)
    share : float
        How many of each class's items; above 0, at most 1.

    Returns
    -------
    bool array, shape (n,)
        Of equals the first are taken.
    """
    chosen = np.zeros(len(sure), dtype=bool)
    for label in np.unique(predicted):
        own = np.flatnonzero(predicted == label)
        chosen[own[np.argsort(-sure[own], kind="stable")][: round(share * len(own))]] = True
    return chosen


def _share_or_threshold(share, threshold) -> tuple[float | None, float | None]:
    if share is not None and threshold is not None:
        raise ValueError("give a share or a threshold, not both")
    share = 0.6 if share is None and threshold is None else share
    for name, value in (("share", share), ("threshold", threshold)):
        if value is not None and not 0 < value <= 1:
            raise ValueError(f"{name} must lie above 0 and be at most 1, got {value!r}")
    return share, threshold


def _labelled_source(source, labels, target) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    source, target = two_domains(source, target, fewest=1)
    labels = whole_numbers(labels, "source labels")
    if len(labels) != len(source):
        raise ValueError(f"{len(source)} source rows, but {len(labels)} source labels")
    if labels.min() < 0:
        raise ValueError(f"source labels must be 0 or more, got {labels.min()}")
    if len(np.unique(labels)) < 2:
        raise ValueError(f"all source labels are {labels[0]}: there is nothing to tell apart")
    return source, labels, target


# ---------------------------------------------------------------- skada's estimators


def domain_set(
    source_rows, source_labels, target_rows
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both domains in one array, as skada [1]_ takes them.

    Parameters
    ----------
    source_rows : float array, shape (n, d)
    source_labels : int array, shape (n,)
        0 or more.
    target_rows : float array, shape (m, d)

    Returns
    -------
    X : float64 array, shape (n + m, d)
        The source first.
    y : int64 array, shape (n + m,)
        −1 for each target row: its label is not known.
    sample_domain : int64 array, shape (n + m,)
        1 for the source, −2 for the target; skada goes by the sign.

    Raises
    ------
    ValueError
        If rows or labels do not fit together, or there is one class only.

    References
    ----------
    .. [1] Gnassounou et al., SKADA-Bench, Transactions on Machine Learning Research 2025,
       arXiv:2407.11676.
    """
    source, labels, target = _labelled_source(source_rows, source_labels, target_rows)
    y = np.concatenate([labels, np.full(len(target), MASKED)])
    sample_domain = np.repeat([SOURCE, TARGET], [len(source), len(target)])
    return np.concatenate([source, target]), y, sample_domain


SHALLOW = (
    "source only",
    "coral",
    "subspace alignment",
    "transfer component analysis",
    "optimal transport",
    "linear optimal transport",
    "reweighting by domain classifier",
    "reweighting by KLIEP",
)
MOST_COMPONENTS = 30


class Shallow:
    """A method of skada with a head, on standardised rows; `shallow` makes one.

    Attributes
    ----------
    name : str
    pipeline : sklearn.pipeline.Pipeline or None
        What was fitted.
    """

    def __init__(self, name: str, head, options: dict):
        self.name, self.head, self.options, self.pipeline = name, head, options, None

    def fit(self, X, y, sample_domain) -> Shallow:
        """Train on source labels and target rows.

        Parameters
        ----------
        X : float array, shape (n, d)
        y : int array, shape (n,)
        sample_domain : int array, shape (n,)
            As `domain_set` gives them.

        Returns
        -------
        Shallow
            This one.

        Raises
        ------
        ValueError
            If a domain is missing, or a target row has a label.
        """
        X, y, sample_domain = _ordered(X, y, sample_domain)
        with _skada() as skada, threadpool_limits(1):
            adapter = _adapter(self.name, X, sample_domain, self.options)
            head = clone(self.head).set_fit_request(sample_weight=True)
            steps = [part for part in (StandardScaler(), adapter, head) if part is not None]
            self.pipeline = skada.make_da_pipeline(*steps)
            self.pipeline.fit(X, y, sample_domain=sample_domain)
        return self

    def predict(self, target_rows) -> np.ndarray:
        """The classes of target rows.

        Parameters
        ----------
        target_rows : float array, shape (m, d)

        Returns
        -------
        int64 array, shape (m,)
        """
        if self.pipeline is None:
            raise ValueError(f"{self.name} has learned nothing yet: call fit first")
        rows = np.asarray(target_rows, dtype=np.float64)
        with _skada(), threadpool_limits(1):
            domain = np.full(len(rows), TARGET)
            return self.pipeline.predict(rows, sample_domain=domain).astype(np.int64)


def shallow(name: str, head: BaseEstimator | None = None, **options) -> Shallow:
    """One of skada's shallow methods by its name, to be fitted.

    Rows are standardised first, with means and variances over both domains.

    Parameters
    ----------
    name : str
        One of `SHALLOW`.
    head : sklearn classifier, optional
        That takes ``sample_weight``; logistic regression when left out.
    **options
        Of skada's adapter, e.g. ``n_components``, ``reg``; its defaults otherwise, but for
        ``n_components``: at most 30, and no more than there are rows or features. For "reweighting
        by domain classifier" those of `importance_weights`.

    Returns
    -------
    Shallow

    Raises
    ------
    ValueError
        If the name is not known.
    """
    if name not in SHALLOW:
        raise ValueError(f"unknown strategy {name!r}: {nearest(str(name), SHALLOW)}")
    if head is None:
        head = LogisticRegression(C=1.0, max_iter=2000)
    return Shallow(name, head, options)


@contextmanager
def _skada():
    """skada with scikit-learn's metadata routing, which its import switches on for good.

    Elsewhere routing would refuse ``sample_weight`` that passes through a pipeline, so the
    configuration is put back.
    """
    with config_context(enable_metadata_routing=True):
        import skada

        yield skada


def _ordered(X, y, sample_domain) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Copies with the source first: skada's component analysis takes that for granted."""
    X, y, domain = np.asarray(X), whole_numbers(y, "y"), whole_numbers(sample_domain, "domains")
    if not len(X) == len(y) == len(domain):
        raise ValueError(f"{len(X)} rows, {len(y)} labels and {len(domain)} domains do not fit")
    known = int(((domain < 0) & (y != MASKED)).sum())
    if known:
        raise ValueError(f"{known} target rows have a label: hide it, as domain_set does")
    source = domain > 0
    return domain_set(X[source], y[source], X[~source])


def _adapter(name: str, X: np.ndarray, sample_domain: np.ndarray, options: dict):
    """What moves or weights the rows; None for the source alone."""
    if name == "source only":
        return None
    if name in ("subspace alignment", "transfer component analysis"):
        fewest = min((sample_domain > 0).sum(), (sample_domain < 0).sum(), X.shape[1])
        options = {"n_components": int(min(fewest, MOST_COMPONENTS)), **options}
    return _adapters()[name](**options)


@cache
def _adapters() -> dict[str, Callable]:
    import skada

    class TransferComponents(skada.TransferComponentAnalysisAdapter):
        # skada 0.6.0 gives a matrix that is not symmetric to a routine for symmetric ones.
        def fit(self, X, y=None, *, sample_domain=None):
            super().fit(X, y, sample_domain=sample_domain)
            self.eigvects_ = transfer_components(
                self.K_, len(self.X_source_), self.n_components, self.mu
            )
            return self

    class ClassifierReweight(skada.DensityReweightAdapter):
        # skada 0.6.0 has such an adapter, whose weights are upside down.
        def __init__(self, largest=10.0, C=1.0):
            super().__init__()
            self.largest, self.C = largest, C

        def fit(self, X, y=None, *, sample_domain=None):
            source, self.weights_ = sample_domain > 0, np.zeros(len(X))
            self.weights_[source] = importance_weights(X[source], X[~source], self.largest, self.C)
            return self

        def compute_weights(self, X, y=None, *, sample_domain=None, **params):
            return self.weights_

    return {
        "coral": skada.CORALAdapter,
        "subspace alignment": partial(skada.SubspaceAlignmentAdapter, random_state=0),
        "transfer component analysis": TransferComponents,
        "optimal transport": skada.OTMappingAdapter,
        "linear optimal transport": skada.LinearOTMappingAdapter,
        "reweighting by domain classifier": ClassifierReweight,
        # By Gaussians or densities all weight falls on a row or none, were there many features.
        "reweighting by KLIEP": partial(skada.KLIEPReweightAdapter, "auto", random_state=0),
    }


def transfer_components(kernel: np.ndarray, n: int, count: int, mu: float) -> np.ndarray:
    """Directions with much variance and little distance between the domains [1]_.

    Parameters
    ----------
    kernel : float array, shape (k, k)
        Of all rows, the `n` source rows first.
    n, count : int
    mu : float
        How much the distance of the domains' means counts.

    Returns
    -------
    float64 array, shape (k, count)
        Coefficients of the rows; rows are mapped to ``kernel @ coefficients``.

    References
    ----------
    .. [1] Pan, Tsang, Kwok and Yang, Domain adaptation via transfer component analysis, IEEE
       Transactions on Neural Networks 22, 2011.
    """
    k = len(kernel)
    between = np.repeat([1 / n, -1 / (k - n)], [n, k - n]) @ kernel
    centred = kernel - kernel.mean(axis=0)
    variance = centred.T @ centred
    cost = np.eye(k) + mu * np.outer(between, between)
    return scipy.linalg.eigh(variance, cost, subset_by_index=[k - count, k - 1])[1][:, ::-1]
