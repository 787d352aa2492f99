"""Choosing among adapted models with no label of the target.

Each score tells of a trained model what labelled source items and unlabelled target items tell; the
larger, the better. None is a measurement: how far each can be trusted is a question to data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from tlhelpers.adaptation.shallow import MASKED, TARGET, _skada, domain_set, importance_weights
from tlhelpers.adaptation.shift import domain_classifier, two_domains
from tlhelpers.checks import is_int, whole_numbers
from tlhelpers.errors import nearest

# With the usual 1, ratios of some hundred rows with as many features are mostly noise: of two equal
# domains (500 rows, 384 features) the weights would be worth a quarter of the rows, so 60 %.
DOMAIN_C = 0.01
SMALLEST = 1e-7  # a probability of 0 in float32 is not known to be smaller, nor its loss infinite
HELD_OUT = 0.3


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
        features = two_domains(self.source_features, self.target_features, fewest=4)
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


# ---------------------------------------------------------------- scores of one model


def source_accuracy(evidence: Evidence) -> float:
    """The share of held-out source items that the model gets right.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    float
        0 … 1.
    """
    return float(_correct(evidence).mean())


def weighted_accuracy(evidence: Evidence) -> float:
    """Accuracy on the source, where rows count as they are common in the target [1]_.

    Weights are those of `adapt.importance_weights` on the model's features, with a strong penalty.
    skada's scorer [2]_ takes densities instead, by kernels of one width for any unit: where rows
    lie far apart, a few get all weight.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    float
        0 … 1. Where features tell the domains apart without doubt, weights are cut and become
        alike: then it is little else than the accuracy on the source.

    References
    ----------
    .. [1] Sugiyama, Krauledat and Müller, Covariate shift adaptation by importance weighted cross
       validation, Journal of Machine Learning Research 8, 2007.
    .. [2] Gnassounou et al., SKADA-Bench, Transactions on Machine Learning Research 2025,
       arXiv:2407.11676.
    """
    weights = importance_weights(evidence.source_features, evidence.target_features, C=DOMAIN_C)
    return float(np.average(_correct(evidence), weights=weights))


def deep_embedded_validation(evidence: Evidence) -> float:
    """The target's log loss as weighted source rows tell it, with less variance [1]_; negative.

    Half of the source and the target train the classifier of domains that gives the other half its
    weights, and the other way round. `controlled_risk` does the rest.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    float
        Minus the risk: mostly below 0, but the control may carry it above.

    References
    ----------
    .. [1] You, Wang, Long and Jordan, Towards accurate model selection in deep unsupervised domain
       adaptation, ICML 2019.
    """
    ratios = _ratios(evidence.source_features, evidence.target_features)
    rows = np.arange(len(ratios))
    own = evidence.source_probabilities[rows, evidence.source_labels]
    return -controlled_risk(-np.log(own.clip(SMALLEST)), ratios)


def controlled_risk(losses, ratios) -> float:
    """The mean of weighted losses, with the mean weight, known to be 1, as control variate [1]_.

    Parameters
    ----------
    losses : float array, shape (n,)
    ratios : float array, shape (n,)
        Estimates of target density over source density; not normalised, for else there is nothing
        to control.

    Returns
    -------
    float

    References
    ----------
    .. [1] You, Wang, Long and Jordan, Towards accurate model selection in deep unsupervised domain
       adaptation, ICML 2019.
    """
    losses, ratios = np.asarray(losses, dtype=np.float64), np.asarray(ratios, dtype=np.float64)
    weighted = losses * ratios
    (_, together), (_, variance) = np.cov(weighted, ratios)
    slope = together / variance if variance > 0 else 0.0
    return float(weighted.mean() - slope * (ratios.mean() - 1))


def thresholded_confidence(evidence: Evidence) -> float:
    """The share of target items surer than a threshold that gives the source its accuracy [1]_.

    As many source items lie below the threshold as the model gets wrong. Sureness is the highest
    probability. Source items that are equally sure and lie across the threshold count in part.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    float
        0 … 1, an estimate of the accuracy on the target.

    References
    ----------
    .. [1] Garg, Balakrishnan, Lipton, Neyshabur and Sedghi, Leveraging unlabeled data to predict
       out-of-distribution performance, ICLR 2022, arXiv:2201.04234.
    """
    known = np.sort(evidence.source_probabilities.max(axis=1))
    sure = evidence.target_probabilities.max(axis=1)
    wrong = int((~_correct(evidence)).sum())
    below, up_to = (np.searchsorted(known, sure, side=side) for side in ("left", "right"))
    # A value that no source item has lies on one side, whole.
    part = np.where(up_to > below, (up_to - wrong) / np.maximum(up_to - below, 1), below >= wrong)
    return float(part.clip(0, 1).mean())


def negative_entropy(evidence: Evidence) -> float:
    """How sure the model is of target items: minus the mean entropy of its probabilities [1]_.

    It is skada's. One that says the same class of all, and is sure of it, has the best value.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    float
        In nats: −log k … 0.

    References
    ----------
    .. [1] Morerio, Cavazza and Murino, Minimal-entropy correlation alignment for unsupervised deep
       domain adaptation, ICLR 2018, arXiv:1711.10288.
    """
    # skada takes the mean over items and classes, where an entropy is a sum over classes.
    k = evidence.target_probabilities.shape[1]
    return _by_skada("PredictionEntropyScorer", evidence) * k


def neighbourhood_density(evidence: Evidence) -> float:
    """How many alike neighbours each target item has among all [1]_.

    The entropy of each item's softmax over its similarities to the others, at temperature 0.05; a
    similarity is the cosine of two items' probabilities. It is skada's. Time and memory grow with
    the square of the number of target items; a model that says the same of all has the best value.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    float
        In nats: 0 … log(m − 1).

    References
    ----------
    .. [1] Saito et al., Tune it the right way: unsupervised validation of domain adaptation via
       soft neighborhood density, ICCV 2021, arXiv:2108.10860.
    """
    return _by_skada("SoftNeighborhoodDensity", evidence)


def mutual_information(evidence: Evidence) -> float:
    """How sure the model is of target items, and how evenly it spreads them over classes [1]_ [2]_.

    The entropy of the mean probabilities minus the mean entropy. A model that says the same of all
    has 0; so has the best model, if all target items are of one class.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    float
        In nats: 0 … log k.

    References
    ----------
    .. [1] Krause, Perona and Gomes, Discriminative clustering by regularized information
       maximization, NIPS 2010.
    .. [2] Shi and Sha, Information-theoretical learning of discriminative clusters for unsupervised
       domain adaptation, ICML 2012, arXiv:1206.6438.
    """
    p = evidence.target_probabilities
    return float(_entropy(p.mean(axis=0)) - _entropy(p).mean())


def matrix_norm(evidence: Evidence) -> float:
    """MaNo: the mean 4th power of all target probabilities, and its 4th root [1]_.

    It is skada's. The paper takes another softmax of the logits when the model is unsure, which
    probabilities do not give. As by entropy, one sure class for all has the best value.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    float
        1 / k … k^(−1/4).

    References
    ----------
    .. [1] Xie, Odonnat, Feofanov, Deng, Zhang and An, MaNo: exploiting matrix norm for unsupervised
       accuracy estimation under distribution shifts, NeurIPS 2024, arXiv:2405.18979.
    """
    return _by_skada("MaNoScorer", evidence)


_SCORES: dict[str, Callable[[Evidence], float]] = {
    "source accuracy": source_accuracy,
    "importance weighted": weighted_accuracy,
    "deep embedded validation": deep_embedded_validation,
    "thresholded confidence": thresholded_confidence,
    "entropy": negative_entropy,
    "soft neighbourhood density": neighbourhood_density,
    "mutual information": mutual_information,
    "matrix norm": matrix_norm,
}
SCORERS = tuple(_SCORES)


def scores(evidence: Evidence, names: Iterable[str] = SCORERS) -> dict[str, float]:
    """Several scores of one model; for each holds: the larger, the better.

    Parameters
    ----------
    evidence : Evidence
    names : iterable of str
        Of `SCORERS`.

    Returns
    -------
    dict of str to float
        In the order of `names`.

    Raises
    ------
    ValueError
        If a name is not known.
    """
    names = [names] if isinstance(names, str) else list(names)
    for name in names:
        if name not in _SCORES:
            raise ValueError(f"unknown scorer {name!r}: {nearest(str(name), SCORERS)}")
    with threadpool_limits(1):
        return {name: _SCORES[name](evidence) for name in names}


def _correct(evidence: Evidence) -> np.ndarray:
    return evidence.source_probabilities.argmax(axis=1) == evidence.source_labels


def _log(p: np.ndarray) -> np.ndarray:
    """Logarithms, but 0 of 0: p log p is 0 there."""
    return np.log(np.where(p > 0, p, 1))


def _entropy(p: np.ndarray) -> np.ndarray:
    return -(p * _log(p)).sum(axis=-1)


def _ratios(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Target density over source density at each source row, by one that has not seen the row."""
    half = np.empty(len(source), dtype=np.int64)
    # Each second row by value, so that the order in which rows are given does not matter.
    half[np.lexsort(source.T)] = np.arange(len(source)) % 2
    ratios = np.empty(len(source))
    for judged in (0, 1):
        learned = source[half != judged]
        domain = np.repeat([0, 1], [len(learned), len(target)])
        fitted = domain_classifier(DOMAIN_C).fit(np.concatenate([learned, target]), domain)
        ratios[half == judged] = np.exp(fitted.decision_function(source[half == judged]))
    return ratios


class _Given(Pipeline):
    """A model, as skada's scorers take it, whose rows are its probabilities.

    A pipeline, since MaNo takes everything else for a network.
    """

    def __init__(self):
        super().__init__([("given", "passthrough")])

    def predict_proba(self, X, **domains):
        """The rows themselves."""
        return X

    def predict_log_proba(self, X, **domains):
        """Their logarithms, finite."""
        return _log(X)


def _by_skada(scorer: str, evidence: Evidence) -> float:
    p = evidence.target_probabilities
    no_labels, domain = np.full(len(p), MASKED), np.full(len(p), TARGET)
    with _skada():
        from skada import metrics

        return float(getattr(metrics, scorer)()(_Given(), p, no_labels, sample_domain=domain))


# ---------------------------------------------------------------- there and back


def circular_validation(
    estimator_factory: Callable[[], object], source_rows, source_labels, target_rows, seed: int = 0
) -> float:
    """Adapt to the target, adapt back from the guesses made there, judge on the source [1]_ [2]_.

    An estimator learns source to target from 70 % of each class; another learns target to source
    from the classes that the first gives to target rows, and is judged on the 30 % of the source
    that neither has seen.

    Parameters
    ----------
    estimator_factory : callable
        Gives an untrained estimator with ``fit(X, y, sample_domain)``, which takes what
        `adapt.domain_set` gives, and ``predict(rows)``, e.g. ``lambda: adapt.shallow("coral")``.
    source_rows : float array, shape (n, d)
    source_labels : int array, shape (n,)
    target_rows : float array, shape (m, d)
    seed : int
        Of the source rows that are held out.

    Returns
    -------
    float
        Accuracy on held-out source rows, 0 … 1. If all target rows get one class, that of
        this class.

    Raises
    ------
    ValueError
        If rows or labels do not fit together, a class has one row only, or `seed` is no whole
        number from 0 on.

    References
    ----------
    .. [1] Bruzzone and Marconcini, Domain adaptation problems: a DASVM classification technique and
       a circular validation strategy, IEEE Transactions on Pattern Analysis and Machine
       Intelligence 32, 2010.
    .. [2] Zhong, Fan, Yang, Verscheure and Ren, Cross validation framework to choose amongst models
       and datasets for transfer learning, ECML 2010.
    """
    rows, labels, domain = domain_set(source_rows, source_labels, target_rows)
    source, labels, target = rows[domain > 0], labels[domain > 0], rows[domain < 0]
    if not is_int(seed) or not 0 <= seed < 2**32:
        raise ValueError(f"seed must be a whole number from 0 on, got {seed!r}")
    learned, judged = train_test_split(
        np.arange(len(source)), test_size=HELD_OUT, stratify=labels, random_state=int(seed)
    )
    there = estimator_factory()
    there.fit(*domain_set(source[learned], labels[learned], target))
    guessed = np.asarray(there.predict(target))
    if len(np.unique(guessed)) == 1:  # nothing to learn from them
        return float(np.mean(labels[judged] == guessed[0]))
    back = estimator_factory()
    back.fit(*domain_set(target, guessed, source[learned]))
    return float(np.mean(np.asarray(back.predict(source[judged])) == labels[judged]))


# ---------------------------------------------------------------- the model that a score picks


def chosen_by(
    runs: pd.DataFrame, scorer: str, among: Iterable[str], name: str | None = None
) -> pd.DataFrame:
    """For each seed and label count, the run that a score would pick.

    Parameters
    ----------
    runs : pandas.DataFrame
        One row per `seed`, `labels` and `strategy`, with a column of numbers for the scorer.
    scorer : str
        A column, the larger, the better; "accuracy" is the target's, an oracle.
    among : iterable of str
        Strategies to pick from; each must have run with every seed and label count. Of equals the
        first is picked; a score that is NaN is never.
    name : str, optional
        The new `strategy`; "chosen by …" when left out, and "oracle choice" for "accuracy".

    Returns
    -------
    pandas.DataFrame
        The rows that were picked, by seed and label count, with `strategy` set to `name`, and a new
        column `picked`, the strategy that it was.

    Raises
    ------
    ValueError
        If a column or a strategy is missing, scores are no numbers, a strategy has no run or several
        at a seed, or all its scores are NaN; the message names the seed.
    """
    among = _offered(runs, scorer, among)
    order = runs["strategy"].map({strategy: place for place, strategy in enumerate(among)})
    offers = runs[order.notna()].iloc[np.argsort(order.dropna(), kind="stable")]
    offers = offers.reset_index(drop=True)
    places = []
    for (seed, labels), group in offers.groupby(["seed", "labels"], dropna=False):
        where = f"at seed {seed} with {labels} labels"
        counts = group["strategy"].value_counts().reindex(among, fill_value=0)
        if (counts != 1).any():
            strategy = counts.index[counts != 1][0]
            raise ValueError(f"{strategy} has {counts[strategy]} runs {where}: there must be one")
        if group[scorer].isna().all():
            raise ValueError(f"{scorer} is NaN for all strategies {where}: none can be picked")
        places.append(group[scorer].idxmax())
    default = "oracle choice" if scorer == "accuracy" else f"chosen by {scorer}"
    found = offers.loc[places].reset_index(drop=True)
    return found.assign(picked=found["strategy"], strategy=default if name is None else name)


def _offered(runs: pd.DataFrame, scorer: str, among: Iterable[str]) -> list[str]:
    among = [among] if isinstance(among, str) else list(dict.fromkeys(among))
    if not among:
        raise ValueError("among is empty: give at least one strategy to pick from")
    keys = ("seed", "labels", "strategy")
    missing = [key for key in keys if key not in runs]
    if missing:
        raise ValueError(f"runs have no column {missing[0]!r}: take them as they were stored")
    if scorer not in runs:
        known = [str(column) for column in runs if column not in keys]
        raise ValueError(f"unknown scorer {scorer!r}: {nearest(str(scorer), known)}")
    if runs[scorer].dtype.kind not in "fiu":
        raise ValueError(f"{scorer} must hold numbers, got {runs[scorer].dtype}")
    strategies = list(dict.fromkeys(map(str, runs["strategy"])))
    for strategy in among:
        if strategy not in strategies:
            raise ValueError(f"unknown strategy {strategy!r}: {nearest(str(strategy), strategies)}")
    return among
