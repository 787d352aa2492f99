"""Choosing among adapted models with no label of the target.

Each score tells of a trained model what labelled source items and unlabelled target items tell; the
larger, the better. None is a measurement: how far each can be trusted is a question to data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from tlhelpers.adaptation.evidence import Evidence
from tlhelpers.adaptation.shallow import importance_weights
from tlhelpers.adaptation.shift import domain_classifier
from tlhelpers.adaptation.skada_methods import MASKED, TARGET, skada_routing
from tlhelpers.checks import known

# With the usual 1, ratios of some hundred rows with as many features are mostly noise: of two equal
# domains (500 rows, 384 features) the weights would be worth a quarter of the rows, so 60 %.
DOMAIN_C = 0.01
SMALLEST = 1e-7  # a probability of 0 in float32 is not known to be smaller, nor its loss infinite


# ---------------------------------------------------------------- scores of one model


def source_accuracy(evidence: Evidence) -> float:
    """The share of held-out source items that the model gets right, 0 … 1."""
    return float(_correct(evidence).mean())


def weighted_accuracy(evidence: Evidence) -> float:
    """Accuracy on the source, 0 … 1, where rows count as they are common in the target.

    Sugiyama, Krauledat and Müller, Journal of Machine Learning Research 8, 2007. Where features
    tell the domains apart without doubt, weights become alike: then it is little but accuracy.
    """
    # skada's scorer takes densities by kernels of one width for any unit: where rows lie far apart,
    # a few get all weight.
    weights = importance_weights(evidence.source_features, evidence.target_features, C=DOMAIN_C)
    return float(np.average(_correct(evidence), weights=weights))


def deep_embedded_validation(evidence: Evidence) -> float:
    """Minus the target's log loss, as weighted source rows tell it with a control variate.

    You, Wang, Long and Jordan, ICML 2019. Mostly below 0, but the control may carry it above.
    """
    ratios = _ratios(evidence.source_features, evidence.target_features)
    rows = np.arange(len(ratios))
    of_truth = evidence.source_probabilities[rows, evidence.source_labels]
    return -controlled_risk(-np.log(of_truth.clip(SMALLEST)), ratios)


def controlled_risk(losses, ratios) -> float:
    """The mean of weighted losses, with the mean weight, known to be 1, as control variate.

    The ratios, target density over source density, are not normalised: else nothing is controlled.
    """
    losses, ratios = np.asarray(losses, dtype=np.float64), np.asarray(ratios, dtype=np.float64)
    weighted = losses * ratios
    (_, together), (_, variance) = np.cov(weighted, ratios)
    slope = together / variance if variance > 0 else 0.0
    return float(weighted.mean() - slope * (ratios.mean() - 1))


def thresholded_confidence(evidence: Evidence) -> float:
    """The share of target items above a confidence that gives the source its accuracy [1]_.

    As many source items lie below this threshold as the model gets wrong. The confidence is the
    highest probability. Source items of one confidence that lie across the threshold count in part.

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
    on_source = np.sort(evidence.source_probabilities.max(axis=1))
    on_target = evidence.target_probabilities.max(axis=1)
    wrong = int((~_correct(evidence)).sum())
    below, up_to = (np.searchsorted(on_source, on_target, side=side) for side in ("left", "right"))
    # A value that no source item has lies on one side, whole.
    part = np.where(up_to > below, (up_to - wrong) / np.maximum(up_to - below, 1), below >= wrong)
    return float(part.clip(0, 1).mean())


def negative_entropy(evidence: Evidence) -> float:
    """Minus the mean entropy of the target's probabilities in nats, −log k … 0; it is skada's.

    Morerio, Cavazza and Murino, ICLR 2018, arXiv:1711.10288. The best value is that of one class
    for all, with confidence 1.
    """
    # skada takes the mean over items and classes, where an entropy is a sum over classes.
    k = evidence.target_probabilities.shape[1]
    return _by_skada("PredictionEntropyScorer", evidence) * k


def neighbourhood_density(evidence: Evidence) -> float:
    """How many alike neighbours each target item has among all, in nats, 0 … log(m − 1); skada's.

    Saito et al., ICCV 2021, arXiv:2108.10860: the entropy of a softmax over cosines. Time and
    memory grow with m²; a model that says the same of all has the best value.
    """
    return _by_skada("SoftNeighborhoodDensity", evidence)


def mutual_information(evidence: Evidence) -> float:
    """The entropy of the target's mean probabilities minus their mean entropy, in nats, 0 … log k.

    Krause, Perona and Gomes, NIPS 2010; Shi and Sha, ICML 2012, arXiv:1206.6438. A model that says
    the same of all has 0; so has the best model, if all target items are of one class.
    """
    p = evidence.target_probabilities
    return float(_entropy(p.mean(axis=0)) - _entropy(p).mean())


def matrix_norm(evidence: Evidence) -> float:
    """MaNo: the 4th root of the target probabilities' mean 4th power, 1 / k … k^(−1/4); skada's.

    Xie et al., NeurIPS 2024, arXiv:2405.18979. The paper takes another softmax of the logits where
    confidence is low, which probabilities do not give. One class for all has the best value.
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


def compute_scores(evidence: Evidence, names: Iterable[str] = SCORERS) -> dict[str, float]:
    """Several of `SCORERS` of one model, by name; for each holds: the larger, the better."""
    names = [names] if isinstance(names, str) else list(names)
    for name in names:
        known("scorer", name, _SCORES)
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
    with skada_routing():
        from skada import metrics

        return float(getattr(metrics, scorer)()(_Given(), p, no_labels, sample_domain=domain))


# ---------------------------------------------------------------- the model that a score picks


def choose_by(
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
        If a column or a strategy is missing, scores are no numbers, a strategy has no run or
        several at a seed, or all its scores are NaN; the message names the seed.
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
    picked = offers.loc[places].reset_index(drop=True)
    return picked.assign(picked=picked["strategy"], strategy=default if name is None else name)


def _offered(runs: pd.DataFrame, scorer: str, among: Iterable[str]) -> list[str]:
    among = [among] if isinstance(among, str) else list(dict.fromkeys(among))
    if not among:
        raise ValueError("among is empty: give at least one strategy to pick from")
    keys = ("seed", "labels", "strategy")
    missing = [key for key in keys if key not in runs]
    if missing:
        raise ValueError(f"runs have no column {missing[0]!r}: take them as they were stored")
    known("scorer", scorer, [column for column in runs if column not in keys])
    if runs[scorer].dtype.kind not in "fiu":
        raise ValueError(f"{scorer} must hold numbers, got {runs[scorer].dtype}")
    strategies = list(dict.fromkeys(map(str, runs["strategy"])))
    for strategy in among:
        known("strategy", strategy, strategies)
    return among
