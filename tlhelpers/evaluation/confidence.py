"""What a confidence is worth: calibration, a threshold that keeps a promise, conformal sets."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp, softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import brier_score_loss, log_loss

from tlhelpers.checks import is_number, known, whole, whole_numbers
from tlhelpers.evaluation.significance import wilson

BINNINGS = ("width", "mass")
# A probability of 0 in float32 is not known to be smaller, nor its logarithm infinite.
SMALLEST = float(np.finfo(np.float32).tiny)


def check_probabilities(probabilities, what: str = "") -> np.ndarray:
    """Take probabilities of classes, float64 (n, k), k at least 2; a message says which row is bad.

    `what` stands before the word in messages, e.g. "target".
    """
    name = f"{what} probabilities".strip()
    values = np.asarray(probabilities, dtype=np.float64)
    if values.ndim != 2 or not len(values) or values.shape[1] < 2:
        raise ValueError(
            f"{name} must have the shape (n, k), an item per row and two classes or more, got "
            f"{values.shape}: give what predict_proba returns"
        )
    fitting = ((values >= 0) & (values <= 1 + 1e-6)).all(axis=1)
    sums = values.sum(axis=1, where=fitting[:, None])
    bad = np.flatnonzero(np.abs(sums - 1) > 1e-3)  # of what does not fit the sum is 0
    if bad.size:
        raise ValueError(
            f"{name} of {bad.size} item(s) do not lie in 0 to 1 or do not add up to 1, the first "
            f"is item {bad[0]} with {values[bad[0]].round(3).tolist()}: of scores take the softmax"
        )
    return values


def check_labels(labels, n: int, classes: int, what: str = "") -> np.ndarray:
    """Take n labels from 0 to classes − 1, int64; a message says which item is wrong."""
    name = f"{what} labels".strip()
    labels = whole_numbers(labels, name)
    if len(labels) != n:
        raise ValueError(f"{len(labels)} {name}, but {n} rows of probabilities")
    bad = np.flatnonzero((labels < 0) | (labels >= classes))
    if bad.size:
        raise ValueError(
            f"{name} must lie in 0 to {classes - 1} (there are {classes} classes), but item "
            f"{bad[0]} has {labels[bad[0]]}"
        )
    return labels


def _judged(labels, probabilities) -> tuple[np.ndarray, np.ndarray]:
    """The confidence of each item's answer, float64 (n,), and whether it is right, bool (n,)."""
    probabilities = check_probabilities(probabilities)
    labels = check_labels(labels, *probabilities.shape)
    return probabilities.max(axis=1), probabilities.argmax(axis=1) == labels


# ---------------------------------------------------------------- calibration


def reliability_table(labels, probabilities, bins: int = 10, equal: str = "width") -> pd.DataFrame:
    """How often answers are right, by how confident they are.

    The confidence is the highest probability, which lies between 1/k, for k classes, and 1.

    Parameters
    ----------
    labels : int array, shape (n,)
    probabilities : float array, shape (n, k)
        Of each class, as `predict_proba` gives them.
    bins : int
    equal : {"width", "mass"}
        Cut 1/k … 1 into intervals of one width, or so that each holds about as many items. Items of
        one confidence stay together.

    Returns
    -------
    pandas.DataFrame
        One row per interval that holds an item, from the lowest on: `low`, `high` (its ends; the
        upper one belongs to it, to the first also the lower), `items`, `confidence` (mean),
        `accuracy`, `gap` (confidence minus accuracy, above 0 where too much is promised).

    Raises
    ------
    ValueError
        If lengths differ, or a row is no probabilities.
    """
    confidence, right = _judged(labels, probabilities)
    edges = _edges(confidence, np.shape(probabilities)[1], bins, equal)
    place = _places(confidence, edges)
    items = np.bincount(place, minlength=len(edges) - 1)
    held = items > 0
    sums = [np.bincount(place, values, len(edges) - 1) for values in (confidence, right)]
    mean, accuracy = (part[held] / items[held] for part in sums)
    columns = {"low": edges[:-1][held], "high": edges[1:][held], "items": items[held]}
    return pd.DataFrame(
        columns | {"confidence": mean, "accuracy": accuracy, "gap": mean - accuracy}
    )


def _edges(confidence: np.ndarray, classes: int, bins: int, equal: str) -> np.ndarray:
    whole("bins", bins)
    known("way to cut", equal, BINNINGS)
    if equal == "width":
        return np.linspace(1 / classes, 1, bins + 1)
    inner = np.quantile(confidence, np.arange(1, bins) / bins, method="inverted_cdf")
    return np.unique([1 / classes, *inner, 1.0])


def _places(confidence: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """The number of each one's interval, of which the upper end is part."""
    return np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, len(edges) - 2)


def calibration_error(labels, probabilities, bins: int = 10, equal: str = "width") -> float:
    """The expected calibration error: the mean of |confidence − accuracy| over intervals [1]_.

    Each interval counts by its items. Noise alone makes it larger than 0: `calibration_floor`
    says by how much. A model that gives every item the same confidence can have 0.

    Parameters
    ----------
    labels, probabilities, bins, equal
        As for `reliability_table`.

    Returns
    -------
    float
        0 … 1.

    References
    ----------
    .. [1] Guo, Pleiss, Sun and Weinberger, On calibration of modern neural networks, ICML 2017,
       arXiv:1706.04599. They cut 0 … 1, this cuts 1/k … 1: with two classes, ten intervals here
       are twenty there.
    """
    return error_of_table(reliability_table(labels, probabilities, bins, equal))


def error_of_table(table: pd.DataFrame) -> float:
    """The expected calibration error of a `reliability_table`."""
    return float(np.average(table["gap"].abs(), weights=table["items"]))


def calibration_floor(
    probabilities, bins: int = 10, equal: str = "width", draws: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """The calibration error that a perfectly calibrated model shows, by the draw of items alone.

    With the same confidences: each answer is drawn right as often as its confidence says.

    Parameters
    ----------
    probabilities, bins, equal
        As for `reliability_table`.
    draws : int
    seed : int

    Returns
    -------
    (float, float)
        The mean of the error over the draws, and what 95 % of them stay below. An error below the
        second is no sign of bad calibration.
    """
    probabilities = check_probabilities(probabilities)
    confidence = probabilities.max(axis=1)
    edges = _edges(confidence, probabilities.shape[1], bins, equal)
    place = _places(confidence, edges)
    rng = np.random.default_rng(whole("seed", seed, 0))
    # Summed over an interval, right answers less confidences; over all items the mean |sum|.
    errors = [
        np.abs(np.bincount(place, (rng.random(len(place)) < confidence) - confidence)).sum()
        for _ in range(whole("draws", draws))
    ]
    errors = np.array(errors) / len(confidence)
    return float(errors.mean()), float(np.quantile(errors, 0.95))


def calibration_summary(labels, probabilities, bins: int = 10) -> dict[str, float]:
    """What a model promises and keeps on some items, in one row of numbers.

    Parameters
    ----------
    labels, probabilities, bins
        As for `reliability_table`.

    Returns
    -------
    dict of str to float
        `items`, `accuracy`, `confidence` (mean), `ece` and `ece_mass` (calibration error by
        intervals of one width, and of one mass), `floor` (what `ece` is for a perfectly calibrated
        model, on average), `brier` and `log_loss` (scikit-learn's; the Brier score of two classes
        lies in 0 … 1, of more in 0 … 2).
    """
    confidence, right = _judged(labels, probabilities)
    probabilities = check_probabilities(probabilities)
    # Rounded sums would make scikit-learn warn.
    exact = probabilities / probabilities.sum(axis=1, keepdims=True)
    classes = list(range(exact.shape[1]))
    return {
        "items": len(right),
        "accuracy": float(right.mean()),
        "confidence": float(confidence.mean()),
        "ece": calibration_error(labels, probabilities, bins),
        "ece_mass": calibration_error(labels, probabilities, bins, "mass"),
        "floor": calibration_floor(probabilities, bins, draws=200)[0],
        "brier": float(brier_score_loss(labels, exact, labels=classes)),
        "log_loss": float(log_loss(labels, exact, labels=classes)),
    }


def fit_temperature(labels, probabilities) -> float:
    """The temperature that makes confidences fit held-out items best [1]_.

    The log loss of softmax(log p / T) is made smallest; no answer changes. Above 1 the model was
    too confident.

    Parameters
    ----------
    labels : int array, shape (n,)
        Of items that the model has not learned from.
    probabilities : float array, shape (n, k)

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the items tell no temperature: all are right, so that no confidence is too high, or the
        model is no better than chance.

    References
    ----------
    .. [1] Guo, Pleiss, Sun and Weinberger, 2017, arXiv:1706.04599.
    """
    probabilities = check_probabilities(probabilities)
    labels = check_labels(labels, *probabilities.shape)
    logits = np.log(probabilities.clip(SMALLEST))
    of_truth = logits[np.arange(len(labels)), labels]
    # The loss is convex in 1 / T: these two say at which end it would be smallest.
    all_right = (of_truth >= logits.max(axis=1)).all()
    if all_right or (of_truth - logits.mean(axis=1)).mean() <= 0:
        why = "all answers are right" if all_right else "the model is no better than chance"
        raise ValueError(
            f"{len(labels)} held-out items tell no temperature, since {why}: give more of them"
        )

    def loss(log_temperature: float) -> float:
        beta = np.exp(-log_temperature)
        return float((logsumexp(beta * logits, axis=1) - beta * of_truth).mean())

    found = minimize_scalar(loss, bounds=(-10, 10), method="bounded", options={"xatol": 1e-9})
    return float(np.exp(found.x))


def apply_temperature(probabilities, temperature: float) -> np.ndarray:
    """Probabilities at another temperature, softmax(log p / T).

    Parameters
    ----------
    probabilities : float array, shape (n, k)
    temperature : float
        From `fit_temperature`; 1 changes nothing, more makes them more alike.

    Returns
    -------
    float64 array, shape (n, k)
        The order of the classes in each row is kept.
    """
    if not is_number(temperature) or temperature <= 0:
        raise ValueError(f"temperature must be a number above 0, got {temperature!r}")
    return softmax(np.log(check_probabilities(probabilities).clip(SMALLEST)) / temperature, axis=1)


# ---------------------------------------------------------------- a promise


@dataclass(frozen=True)
class Promise:
    """A confidence from which on a model answers, and what that amounts to on some items.

    Attributes
    ----------
    threshold : float
        Items of at least this confidence are answered.
    items : int
        All of them.
    answered : float
        Share of the items that are answered.
    kept : float
        Share of the answered items that are right; NaN if none is answered.
    low, high : float
        Wilson's 95 % interval of `kept`, with the threshold fixed.
    """

    threshold: float
    items: int
    answered: float
    kept: float
    low: float
    high: float

    def __str__(self) -> str:
        count = round(self.answered * self.items)
        kept = f"{self.kept:.2f} [{self.low:.2f}, {self.high:.2f}]" if count else "none"
        return (
            f"from confidence {self.threshold:.3f} on: {count} of {self.items} items answered "
            f"({self.answered:.0%}), of these right: {kept}"
        )


def threshold_curve(labels, probabilities) -> pd.DataFrame:
    """What each threshold of confidence answers, and how much of that is right.

    Parameters
    ----------
    labels, probabilities
        As for `reliability_table`.

    Returns
    -------
    pandas.DataFrame
        One row per confidence that occurs, from the lowest on: `threshold`, `items` (how many are
        answered), `answered` (their share of all), `accuracy` (of the answered).
    """
    confidence, right = _judged(labels, probabilities)
    levels, place = np.unique(confidence, return_inverse=True)
    answered = np.bincount(place)[::-1].cumsum()[::-1]
    correct = np.bincount(place, right)[::-1].cumsum()[::-1]
    shares = {"answered": answered / len(right), "accuracy": correct / answered}
    return pd.DataFrame({"threshold": levels, "items": answered, **shares})


def threshold_for(labels, probabilities, promise: float = 0.9) -> Promise:
    """The lowest confidence from which on at least a promised share of the answers is right.

    What is chosen on some items is a little too good on them: measure it on others, with
    `keep_promise`. A few hundred held-out items tell the share to some points.

    Parameters
    ----------
    labels : int array, shape (n,)
        Of items that the model has not learned from.
    probabilities : float array, shape (n, k)
    promise : float
        The share of right answers, between 0 and 1.

    Returns
    -------
    Promise
        On the same items.

    Raises
    ------
    ValueError
        If no threshold keeps the promise; the message names the best.
    """
    if not is_number(promise) or not 0 < promise <= 1:
        raise ValueError(f"promise must lie between 0 and 1, got {promise!r}")
    curve = threshold_curve(labels, probabilities)
    # The tolerance keeps 0.9 = 9 / 10 from failing by its last digit.
    kept = curve[curve["accuracy"] >= promise - 1e-12]
    if not len(kept):
        raise ValueError(
            f"no threshold makes {promise:.0%} of the answers right, the best "
            f"{curve['accuracy'].max():.0%}: promise less, or train a better model"
        )
    return keep_promise(labels, probabilities, float(kept["threshold"].iloc[0]))


def keep_promise(labels, probabilities, threshold: float) -> Promise:
    """What a threshold answers on some items, and how much of that is right.

    Parameters
    ----------
    labels, probabilities
        As for `reliability_table`, e.g. of the target, whose labels are looked at only here.
    threshold : float
        The `threshold` of what `threshold_for` gave.

    Returns
    -------
    Promise
    """
    if not is_number(threshold):
        raise ValueError(
            f"threshold must be a number, got {threshold!r}: of what threshold_for() gives take "
            ".threshold"
        )
    confidence, right = _judged(labels, probabilities)
    chosen = right[confidence >= threshold]
    nothing = (float("nan"), float("nan"))
    ends = wilson(int(chosen.sum()), len(chosen)) if len(chosen) else nothing
    kept = float(chosen.mean()) if len(chosen) else float("nan")
    return Promise(float(threshold), len(right), len(chosen) / len(right), kept, *ends)


# ---------------------------------------------------------------- conformal sets


def conformal_bound(scores, alpha: float = 0.1) -> float:
    """The bound that a new item's score does not exceed in 1 − α of all draws, or more.

    Of n held-out scores it is the ⌈(n + 1)(1 − α)⌉-th smallest: the new one is as likely to take
    each of the n + 1 places among them. Explained in lesson 14.

    Parameters
    ----------
    scores : float array, shape (n,)
        E.g. 1 − (probability of the true class), of items that the model has not learned from.
    alpha : float
        How often the bound may be exceeded, between 0 and 1.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If there are fewer scores than 1/α − 1, so that no bound keeps the promise, or one is not
        finite.
    """
    scores = np.asarray(scores, dtype=np.float64)
    if scores.ndim != 1 or not np.isfinite(scores).all():
        raise ValueError(
            f"scores must be finite numbers, shape (n,), got {scores.shape}: one of each held-out "
            "item, e.g. 1 − the probability of its true class"
        )
    _check_alpha(alpha)
    rank = conformal_rank(len(scores), alpha)
    if rank > len(scores):
        raise ValueError(
            f"{len(scores)} held-out item(s) are too few for alpha {alpha}: no bound is exceeded "
            f"so rarely, at least {int(np.ceil(1 / alpha - 1 - 1e-9))} are needed"
        )
    return float(np.sort(scores)[rank - 1])


def conformal_rank(held_out: int, alpha: float) -> int:
    """Which of the held-out scores is the bound, counted from the smallest, 1; more than all: none.

    Among them a new score takes each of the n + 1 places equally often.
    """
    # The tolerance keeps 10 · (1 − 0.7) = 3 from being rounded up to 4 by its last digit.
    return int(np.ceil((held_out + 1) * (1 - alpha) - 1e-9))


def draw_coverage(
    scores,
    held_out: Sequence[int],
    bound: Callable[[np.ndarray], float] = conformal_bound,
    draws: int = 500,
    tested: int = 500,
) -> pd.DataFrame:
    """How often a bound from a few scores covers others, over many draws of the few.

    An item is covered if its score is at most the bound. Explained in lesson 14.

    Parameters
    ----------
    scores : float array, shape (n,)
        Of items that the model has not learned from.
    held_out : sequence of int
        How many scores give the bound, one number or more.
    bound : callable
        Makes a bound of the held-out scores; `conformal_bound` with α = 0.1, when left out.
    draws : int
        Of each number.
    tested : int
        How many other scores are compared with the bound.

    Returns
    -------
    pandas.DataFrame
        One row per draw: `held_out`, `tested`, `coverage`. The draws are the same at every call.

    Raises
    ------
    ValueError
        If there are too few scores for the two parts.
    """
    scores = np.asarray(scores, dtype=np.float64)
    whole("tested", tested)
    rows = []
    for count in held_out:
        if len(scores) < whole("held_out", count) + tested:
            raise ValueError(f"{len(scores)} scores are too few for {count} and {tested} others")
        for draw in range(whole("draws", draws)):
            drawn = np.random.default_rng(draw).permutation(scores)[: count + tested]
            rows.append((count, tested, (drawn[count:] <= bound(drawn[:count])).mean()))
    return pd.DataFrame(rows, columns=["held_out", "tested", "coverage"])


def _check_alpha(alpha: float) -> None:
    if not is_number(alpha) or not 0 < alpha < 1:
        raise ValueError(f"alpha must lie between 0 and 1, got {alpha!r}")


def conformal_sets(held_out_labels, held_out_probabilities, probabilities, alpha: float = 0.1):
    """Sets of classes that hold the true one in 1 − α of all draws; they are mapie's [1]_.

    Split conformal prediction: of n held-out items, the ⌈(n + 1)(1 − α)⌉-th smallest of
    1 − (probability of the true class) is a bound, and a set holds each class whose
    1 − (probability) is at most that. For held-out and new items of one distribution, the sets hold
    the true class with a probability of 1 − α to 1 − α + 1/(n + 1), the upper end if no two scores
    are equal [2]_. This is a mean over items and over draws of the held-out ones, not a promise for
    each class, and none for another domain.

    Parameters
    ----------
    held_out_labels : int array, shape (n,)
        Of items that the model has not learned from.
    held_out_probabilities : float array, shape (n, k)
    probabilities : float array, shape (m, k)
        Of the items to answer.
    alpha : float
        How often a set may miss the true class, between 0 and 1.

    Returns
    -------
    bool array, shape (m, k)
        Whether the set of an item holds a class. A set may be empty.

    Raises
    ------
    ValueError
        If there are fewer held-out items than 1/α or 1/(1 − α).

    References
    ----------
    .. [1] MAPIE, `SplitConformalClassifier` with the score "lac".
    .. [2] Vovk, Gammerman and Shafer, Algorithmic learning in a random world, 2005; Angelopoulos
       and Bates, arXiv:2107.07511.
    """
    from mapie.classification import SplitConformalClassifier  # seconds that few processes need

    held_out = check_probabilities(held_out_probabilities, "held-out")
    labels = check_labels(held_out_labels, *held_out.shape, "held-out")
    new = check_probabilities(probabilities)
    if new.shape[1] != held_out.shape[1]:
        raise ValueError(
            f"held-out probabilities have {held_out.shape[1]} classes, the others {new.shape[1]}: "
            "both must come from the same model"
        )
    _check_alpha(alpha)
    needed = max(1 / alpha, 1 / (1 - alpha))
    if len(labels) < needed:
        raise ValueError(
            f"{len(labels)} held-out item(s) are too few for alpha {alpha}: at least "
            f"{int(np.ceil(needed))} are needed"
        )
    model = SplitConformalClassifier(_AsGiven(held_out.shape[1]), 1 - alpha)
    with warnings.catch_warnings():
        # A class that no held-out item has is warned of; the promise holds without it.
        warnings.filterwarnings("ignore", message=".*dataset has less labels")
        return model.conformalize(held_out, labels).predict_set(new)[1][:, :, 0]


class _AsGiven(ClassifierMixin, BaseEstimator):
    """A model whose inputs are probabilities already, for libraries that ask for a model."""

    def __init__(self, classes: int):
        self.classes = classes
        self.classes_ = np.arange(classes)

    def fit(self, X, y=None):
        """There is nothing to fit."""
        return self

    def predict_proba(self, X):
        """What was given, with sums that are exactly 1."""
        return X / X.sum(axis=1, keepdims=True)

    def predict(self, X):
        """The most probable class."""
        return X.argmax(axis=1)


def set_coverage(labels, sets) -> dict[str, float]:
    """How often sets of classes hold the true one, and how large they are.

    Parameters
    ----------
    labels : int array, shape (n,)
    sets : bool array, shape (n, k)
        From `conformal_sets`.

    Returns
    -------
    dict of str to float
        `items`, `coverage` (share of sets with the true class), `size` (mean number of classes),
        `single` and `empty` (shares of sets with exactly one class, and with none).
    """
    sets = np.asarray(sets)
    if sets.ndim != 2 or sets.dtype != bool or not sets.size:
        raise ValueError(
            f"sets must be true or false, shape (n, k), got {sets.dtype} of shape {sets.shape}: "
            "give what conformal_sets() returns"
        )
    labels = check_labels(labels, *sets.shape)
    sizes = sets.sum(axis=1)
    return {
        "items": len(labels),
        "coverage": float(sets[np.arange(len(labels)), labels].mean()),
        "size": float(sizes.mean()),
        "single": float((sizes == 1).mean()),
        "empty": float((sizes == 0).mean()),
    }
