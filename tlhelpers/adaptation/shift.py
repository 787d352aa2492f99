"""How far two domains are apart: a distance, a test, and what differs, by feature and by class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist
from scipy.stats import ks_2samp
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from tlhelpers.checks import is_number, whole, whole_numbers
from tlhelpers.data.streams import random_stream


@dataclass(frozen=True)
class ProxyDistance:
    """How well a classifier tells two domains apart.

    Attributes
    ----------
    distance : float
        2 (1 − 2 error): 2 if every row is told apart; about 0, and then also a little below, if
        none is.
    standard_error : float
        Of `distance`, over the draw of the rows.
    error : float
        Share of held-out rows whose domain is mistaken, the mean over both domains.
    """

    distance: float
    standard_error: float
    error: float


@dataclass(frozen=True)
class Discrepancy:
    """The maximum mean discrepancy of two domains.

    Attributes
    ----------
    mmd2 : float
        The unbiased estimate of its square, 0 on average for equal domains and so often below.
    p_value : float
        Share of random divisions of all rows with as large a value; NaN if none was asked for.
    bandwidth : float
        Standard deviation of the kernel, in the unit of the rows.
    """

    mmd2: float
    p_value: float
    bandwidth: float


def check_domains(source, target, fewest: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Rows of two domains, float64 (n, d) and (m, d); a message names the domain that is wrong.

    Each domain must have so many rows, all of them finite, and as many features as the other.
    """
    rows = []
    for name, values in (("source", source), ("target", target)):
        values = np.asarray(values, dtype=np.float64)
        if values.ndim != 2 or not values.shape[1]:
            raise ValueError(f"{name} rows must have the shape (n, d), got {values.shape}")
        if len(values) < fewest:
            raise ValueError(f"{name} has {len(values)} row(s): at least {fewest} are needed")
        bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
        if bad.size:
            raise ValueError(
                f"{bad.size} {name} row(s) hold NaN or infinity, the first is {bad[0]}"
            )
        rows.append(values)
    if rows[0].shape[1] != rows[1].shape[1]:
        raise ValueError(
            f"source rows have {rows[0].shape[1]} features, target rows {rows[1].shape[1]}: "
            "both must come from the same model"
        )
    return rows[0], rows[1]


# ---------------------------------------------------------------- a distance and a test


def domain_classifier(C: float = 1.0):
    """A linear classifier that tells two domains apart, not yet trained; both weigh the same.

    `C` is the inverse strength of the L2 penalty on standardised rows.
    """
    head = LogisticRegression(C=C, class_weight="balanced", max_iter=2000)
    return make_pipeline(StandardScaler(), head)


def proxy_a_distance(source, target, seed: int = 0, C: float = 1.0) -> ProxyDistance:
    """How well a linear classifier tells the two domains apart on rows that it has not seen [1]_.

    Each domain is cut into two halves at random; a classifier trained on one half of both is
    judged on the other, and the other way round. It tells of linear differences only [2]_.

    Parameters
    ----------
    source, target : float array, shape (n, d) and (m, d)
        At least four rows each.
    seed : int
        Of the halves.
    C : float
        Inverse strength of the L2 penalty on standardised rows.

    Returns
    -------
    ProxyDistance

    Raises
    ------
    ValueError
        If rows do not fit together, are too few, or hold NaN or infinity.

    References
    ----------
    .. [1] Ben-David, Blitzer, Crammer and Pereira, Analysis of representations for domain
       adaptation, NIPS 2006.
    .. [2] Ben-David et al., A theory of learning from different domains, Machine Learning 79,
       2010.
    """
    source, target = check_domains(source, target, fewest=4)
    rng = random_stream(seed, "domain halves")
    x = np.concatenate([source, target])
    domain = np.repeat([0, 1], [len(source), len(target)])
    half = np.concatenate([rng.permutation(len(part)) % 2 for part in (source, target)])
    wrong = np.empty(len(x), dtype=bool)
    with threadpool_limits(1):
        for held_out in (0, 1):
            learn, judge = half != held_out, half == held_out
            predicted = domain_classifier(C).fit(x[learn], domain[learn]).predict(x[judge])
            wrong[judge] = predicted != domain[judge]
    sides = [wrong[domain == side] for side in (0, 1)]
    error = float(np.mean([side.mean() for side in sides]))
    return ProxyDistance(2 * (1 - 2 * error), 4 * _standard_error(sides), error)


def _standard_error(sides: Sequence[np.ndarray]) -> float:
    """Of the mean of two shares; two hits and two misses are added, lest no mistake pass for 0."""
    shares = [((side.sum() + 2) / (len(side) + 4), len(side) + 4) for side in sides]
    return float(np.sqrt(sum(p * (1 - p) / n for p, n in shares)) / 2)


def mmd(
    source, target, bandwidth: float | str = "median", permutations: int = 200, seed: int = 0
) -> Discrepancy:
    """The maximum mean discrepancy of two domains, and whether chance explains it [1]_.

    The kernel is exp(−‖x − y‖² / (2 bandwidth²)). Time and memory grow with the square of the
    number of rows: take some thousand at most.

    Parameters
    ----------
    source, target : float array, shape (n, d) and (m, d)
    bandwidth : float or "median"
        In the unit of the rows; "median" takes the median distance between any two rows.
    permutations : int
        Random divisions of all rows to compare with; 0 leaves out the p value.
    seed : int
        Of the divisions.

    Returns
    -------
    Discrepancy

    Raises
    ------
    ValueError
        If rows do not fit together, are too few, or hold NaN or infinity, a bandwidth is no
        positive number, or the median distance is 0.

    References
    ----------
    .. [1] Gretton, Borgwardt, Rasch, Schölkopf and Smola, A kernel two-sample test, Journal of
       Machine Learning Research 13, 2012.
    """
    source, target = check_domains(source, target)
    whole("permutations", permutations, 0)
    rng = random_stream(seed, "random divisions")
    x, n = np.concatenate([source, target]), len(source)
    squared = cdist(x, x, "sqeuclidean")
    sigma = _bandwidth(squared, bandwidth)
    kernel = np.exp(squared / (-2 * sigma**2))
    first = np.zeros((len(x), 1 + permutations))  # one division per column, the true one first
    first[:n, 0] = 1
    for column in range(1, 1 + permutations):
        first[rng.permutation(len(x))[:n], column] = 1
    values = _unbiased(kernel, first, n)
    # A division drawn anew may be the true one: equal up to rounding is as large.
    larger = int((values[1:] >= values[0] - 1e-12).sum())
    p_value = (1 + larger) / (1 + permutations) if permutations else float("nan")
    return Discrepancy(float(values[0]), p_value, sigma)


def _unbiased(kernel: np.ndarray, first: np.ndarray, n: int) -> np.ndarray:
    """The estimate for each column of `first`, which marks the n rows of one side with 1."""
    m = len(kernel) - n
    with threadpool_limits(1):
        own = np.einsum("ik,ik->k", first, kernel @ first)
    across = kernel.sum(axis=1) @ first - own
    others = kernel.sum() - own - 2 * across
    # Without a row beside itself, where the kernel is 1.
    return (own - n) / (n * (n - 1)) + (others - m) / (m * (m - 1)) - 2 * across / (n * m)


def _bandwidth(squared: np.ndarray, bandwidth: float | str) -> float:
    if isinstance(bandwidth, str) and bandwidth == "median":
        median = float(np.median(np.sqrt(squared[np.triu_indices(len(squared), 1)])))
        if not median > 0:
            raise ValueError("most rows are equal, so the median distance is 0: give a bandwidth")
        return median
    if not is_number(bandwidth) or bandwidth <= 0:
        raise ValueError(f'bandwidth must be a positive number or "median", got {bandwidth!r}')
    return float(bandwidth)


# ---------------------------------------------------------------- what differs


def feature_shift(source, target, names: Sequence[str] | None = None) -> pd.DataFrame:
    """Which features differ between two domains, the most different first.

    Parameters
    ----------
    source, target : float array, shape (n, d) and (m, d)
    names : sequence of str, optional
        Of the features; their numbers when left out.

    Returns
    -------
    pandas.DataFrame
        One row per feature: `feature`, `source_mean`, `target_mean`, `standardised_difference`
        (target minus source, over the root of the mean of both variances) and `ks`, the
        Kolmogorov-Smirnov statistic (0: same distribution, 1: no overlap). A feature that is
        constant in both domains has the difference 0, or infinity if the constants differ.

    Raises
    ------
    ValueError
        If rows do not fit together, are too few, or hold NaN or infinity, or there are not as many
        names as features.
    """
    source, target = check_domains(source, target)
    names = range(source.shape[1]) if names is None else list(names)
    if len(names) != source.shape[1]:
        raise ValueError(f"{source.shape[1]} features, but {len(names)} names")
    means = source.mean(axis=0), target.mean(axis=0)
    spread = np.sqrt((source.var(axis=0, ddof=1) + target.var(axis=0, ddof=1)) / 2)
    gap = means[1] - means[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = np.where(gap == 0, 0.0, gap / spread)
    columns = {"feature": names, "source_mean": means[0], "target_mean": means[1]}
    columns |= {"standardised_difference": difference}
    columns |= {"ks": ks_2samp(source, target, axis=0, method="asymp").statistic}
    table = pd.DataFrame(columns)
    order = np.lexsort((-table["ks"], -table["standardised_difference"].abs()))
    return table.iloc[order].reset_index(drop=True)


def label_shift(source_labels, target_labels, class_names: Sequence[str]) -> pd.DataFrame:
    """How often each class occurs in two domains.

    This one looks at target labels: it is for looking back, never for choosing a strategy.

    Parameters
    ----------
    source_labels, target_labels : int array, shape (n,) and (m,)
        Indices into `class_names`.
    class_names : sequence of str

    Returns
    -------
    pandas.DataFrame
        One row per class, in their order: `class`, `source`, `target` (numbers of items),
        `source_share`, `target_share` (of all items of the domain) and `difference` (target share
        minus source share).

    Raises
    ------
    ValueError
        If labels are missing or stand for no class name.
    """
    names = [str(name) for name in class_names]
    counts = []
    for side, given in (("source", source_labels), ("target", target_labels)):
        labels = whole_numbers(given, f"{side} labels")
        if labels.min() < 0 or labels.max() >= len(names):
            raise ValueError(
                f"{side} labels must lie in 0..{len(names) - 1} (there are {len(names)} class "
                f"names), got {labels.min()}..{labels.max()}"
            )
        counts.append(np.bincount(labels, minlength=len(names)))
    shares = [count / count.sum() for count in counts]
    columns = {"class": names, "source": counts[0], "target": counts[1]}
    columns |= {"source_share": shares[0], "target_share": shares[1]}
    return pd.DataFrame(columns | {"difference": shares[1] - shares[0]})
