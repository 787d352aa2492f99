"""Shallow domain adaptation by the names that skada knows, mended where skada 0.6.0 errs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from functools import cache, partial

import numpy as np
import scipy.linalg
from sklearn import config_context
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from tlhelpers.adaptation.shallow import check_labelled_source, importance_weights
from tlhelpers.checks import known, whole_numbers

SOURCE, TARGET, MASKED = 1, -2, -1  # skada's numbers: of a domain, and of a label kept secret


def stack_domains(
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
    source, labels, target = check_labelled_source(source_rows, source_labels, target_rows)
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
LEAST_VARIANCE = 0.01  # of linear optimal transport, as a share of the mean variance


class AdaptedClassifier:
    """A head on rows that one of skada's shallow methods moves or weights, to be fitted.

    Rows are standardised first, with means and variances over both domains; compare it with its
    own "source only", since a head on rows prepared otherwise is another one (see `fair_rows`).

    Parameters
    ----------
    name : str
        One of `SHALLOW`, e.g. "optimal transport".
    head : sklearn classifier, optional
        That takes ``sample_weight``; logistic regression when left out.
    **options
        Of skada's adapter, e.g. ``n_components``, ``reg``; its defaults otherwise, but for
        ``n_components``: at most 30, and no more than there are rows or features; and for the
        ``reg`` of linear optimal transport: 1 % of the mean variance of a feature. For
        "reweighting by domain classifier" those of `importance_weights`.

    Attributes
    ----------
    name : str
    pipeline : sklearn.pipeline.Pipeline or None
        What was fitted.

    Raises
    ------
    ValueError
        If the name is not known.
    """

    def __init__(self, name: str, head: BaseEstimator | None = None, **options):
        known("strategy", name, SHALLOW)
        if head is None:
            head = LogisticRegression(C=1.0, max_iter=2000)
        self.name, self.head, self.options, self.pipeline = name, head, options, None

    def fit(self, X, y, sample_domain) -> AdaptedClassifier:
        """Train on source labels and target rows.

        Parameters
        ----------
        X : float array, shape (n, d)
        y : int array, shape (n,)
        sample_domain : int array, shape (n,)
            As `stack_domains` gives them.

        Returns
        -------
        AdaptedClassifier
            This one.

        Raises
        ------
        ValueError
            If a domain is missing, or a target row has a label.
        """
        X, y, sample_domain = _ordered(X, y, sample_domain)
        with skada_routing() as skada, threadpool_limits(1):
            adapter = new_adapter(self.name, X, sample_domain, self.options)
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
        with skada_routing(), threadpool_limits(1):
            domain = np.full(len(rows), TARGET)
            return self.pipeline.predict(rows, sample_domain=domain).astype(np.int64)


@contextmanager
def skada_routing():
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
    labelled = int(((domain < 0) & (y != MASKED)).sum())
    if labelled:
        raise ValueError(f"{labelled} target rows have a label: hide it, as stack_domains does")
    source = domain > 0
    return stack_domains(X[source], y[source], X[~source])


def new_adapter(name: str, X: np.ndarray, sample_domain: np.ndarray, options: dict):
    """What moves or weights the rows; None for the source alone."""
    if name == "source only":
        return None
    if name in ("subspace alignment", "transfer component analysis"):
        fewest = min((sample_domain > 0).sum(), (sample_domain < 0).sum(), X.shape[1])
        options = {"n_components": int(min(fewest, MOST_COMPONENTS)), **options}
    if name == "linear optimal transport":
        # skada's 1e-8 leaves a covariance without a root or an inverse if there are many features.
        options = {"reg": LEAST_VARIANCE * float(X.var(axis=0).mean()), **options}
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
    """Directions with much variance and little distance between the domains, float64 (k, count).

    Rows, the `n` source rows first, are mapped to ``kernel @ directions``; `mu` says how much the
    distance of the domains' means counts (Pan, Tsang, Kwok and Yang, Domain adaptation via transfer
    component analysis, IEEE Transactions on Neural Networks 22, 2011).
    """
    k = len(kernel)
    between = np.repeat([1 / n, -1 / (k - n)], [n, k - n]) @ kernel
    centred = kernel - kernel.mean(axis=0)
    variance = centred.T @ centred
    cost = np.eye(k) + mu * np.outer(between, between)
    return scipy.linalg.eigh(variance, cost, subset_by_index=[k - count, k - 1])[1][:, ::-1]
