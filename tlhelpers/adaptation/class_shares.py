"""Label shift: other shares of classes in the target, estimated without its labels, corrected."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tlhelpers.checks import is_number, whole, whole_numbers
from tlhelpers.data.streams import random_stream
from tlhelpers.evaluation.confidence import check_labels, check_probabilities


def check_shares(shares, classes: int | None = None, what: str = "shares") -> np.ndarray:
    """Take shares of classes, float64 (k,), none below 0, which add up to 1."""
    values = np.asarray(shares, dtype=np.float64)
    if values.ndim != 1 or values.size < 2 or (classes is not None and len(values) != classes):
        count = "two or more" if classes is None else classes
        raise ValueError(f"{what} must be {count} numbers, one per class, got {shares!r}")
    if not np.all(values >= 0) or not abs(values.sum() - 1) <= 1e-6:
        raise ValueError(f"{what} must not lie below 0 and must add up to 1, got {values.tolist()}")
    return values / values.sum()


# ---------------------------------------------------------------- made on purpose


def resample_classes(labels, shares: Sequence[float], seed: int, n: int | None = None):
    """Draw items, none twice, so that the classes have other shares: a label shift by hand.

    Within a class every item is as likely, so nothing but the shares changes. Groups come along
    with their items: draw from one side of a split by group, not from all items before it.

    Parameters
    ----------
    labels : int array, shape (n,)
        0 … k − 1.
    shares : sequence of float, length k
        Of each class, which add up to 1; 0 leaves a class out.
    seed : int
    n : int, optional
        How many items; as many as there are for these shares, when left out.

    Returns
    -------
    int64 array, shape (m,)
        Indices into `labels`, ascending. Counts are rounded so that they add up.

    Raises
    ------
    ValueError
        If a label has no share, shares are none, or a class has too few items.
    """
    shares = check_shares(shares)
    labels = whole_numbers(labels, "labels")
    labels = check_labels(labels, len(labels), len(shares))
    there = np.bincount(labels, minlength=len(shares))
    most = _largest(there, shares)
    n = most if n is None else whole("n", n)
    wanted = _counts(n, shares)
    if not most or (wanted > there).any():
        short = int(np.where(shares > 0, there / np.maximum(shares, 1e-300), np.inf).argmin())
        raise ValueError(
            f"class {short} has {there[short]} item(s): with shares {shares.tolist()} at most "
            f"{most} items can be drawn"
        )
    rng = random_stream(seed, "class shares")
    drawn = [
        rng.permutation(np.flatnonzero(labels == label))[:count]
        for label, count in enumerate(wanted)
    ]
    return np.sort(np.concatenate(drawn))


def _largest(there: np.ndarray, shares: np.ndarray) -> int:
    """The largest number of items whose rounded counts are there."""
    asked = shares > 0
    if not there[asked].all():
        return 0
    n = int(((there[asked] + 1) / shares[asked]).min())
    while n and (_counts(n, shares) > there).any():
        n -= 1
    return n


def _counts(n: int, shares: np.ndarray) -> np.ndarray:
    """Counts that add up to n: the largest remainders are rounded up."""
    exact = n * shares
    counts = np.floor(exact + 1e-9).astype(np.int64)
    counts[np.argsort(counts - exact, kind="stable")[: n - counts.sum()]] += 1
    return counts


# ---------------------------------------------------------------- estimated


def solve_shares(confusion, answered) -> np.ndarray:
    """The shares of classes that explain how often each class is answered.

    Of p(answer) = Σ p(answer | class) p(class), which is solved for p(class). What falls below 0 by
    noise is set to 0, and the rest adds up to 1.

    Parameters
    ----------
    confusion : float array, shape (k, k)
        Row i, column j: how often class i is answered where j is true. Each column adds up to 1.
    answered : float array, shape (k,)
        Shares of the answers in the target.

    Returns
    -------
    float64 array, shape (k,)

    Raises
    ------
    ValueError
        If the confusion matrix is singular: two classes get the same answers.
    """
    answered = check_shares(answered, what="shares of the answers")
    confusion = np.asarray(confusion, dtype=np.float64)
    if confusion.shape != (len(answered),) * 2:
        raise ValueError(
            f"{len(answered)} classes are answered, but the confusion matrix has the shape "
            f"{confusion.shape}"
        )
    if not (confusion >= 0).all() or not np.allclose(confusion.sum(axis=0), 1, atol=1e-6):
        raise ValueError(
            "each column of the confusion matrix must hold the shares of the answers to one true "
            f"class and add up to 1, got sums {confusion.sum(axis=0).round(3).tolist()}"
        )
    _check_regular(confusion, 1e-9)
    found = np.linalg.solve(confusion, answered).clip(0)
    return found / found.sum()


def _check_regular(confusion: np.ndarray, least: float) -> None:
    smallest = np.linalg.svd(confusion, compute_uv=False)[-1]
    if smallest <= least:
        raise ValueError(
            f"the confusion matrix is singular, or not told from it (smallest singular value "
            f"{smallest:.2g}): the classifier does not tell its classes apart, so its answers do "
            "not tell their shares. Take a better classifier or more held-out items"
        )


def estimate_shares_bbse(held_out_labels, held_out_answers, target_answers) -> np.ndarray:
    """Shares of classes in the target by black-box shift estimation, without its labels [1]_.

    How a classifier confuses classes is counted on held-out source items, and its answers in the
    target are explained with that, as `solve_shares` does. The classifier may be badly calibrated.
    What is asked for is that within a class nothing has changed, p(x | y) is the same: if items of
    a class look other, the confusions differ, and the estimate is wrong without a sign of it.

    Parameters
    ----------
    held_out_labels : int array, shape (n,)
        0 … k − 1, of source items that the classifier has not learned from, each class among them.
    held_out_answers, target_answers : int array or float array, shape (n,) or (n, k)
        What the classifier says of these items, and of the target's: labels, or probabilities of
        all classes, which are counted in parts (less noise).

    Returns
    -------
    float64 array, shape (k,)

    Raises
    ------
    ValueError
        If a class is not among the held-out items, or the confusion matrix is singular or not told
        from a singular one by so few items.

    References
    ----------
    .. [1] Lipton, Wang and Smola, Detecting and correcting for label shift with black box
       predictors, ICML 2018, arXiv:1802.03916.
    """
    labels = whole_numbers(held_out_labels, "held-out labels")
    if np.ndim(held_out_answers) != np.ndim(target_answers):
        raise ValueError(
            "answers of held-out and target items must both be labels, or both probabilities, got "
            f"shapes {np.shape(held_out_answers)} and {np.shape(target_answers)}"
        )
    classes = int(labels.max()) + 1 if np.ndim(held_out_answers) == 1 else None
    home = _answers(held_out_answers, classes, "held-out")
    away = _answers(target_answers, home.shape[1], "target")
    labels = check_labels(labels, *home.shape, "held-out")
    sizes = np.bincount(labels, minlength=home.shape[1])
    _check_all_there(sizes, "no held-out item")
    truth = np.eye(home.shape[1])[labels]
    confusion = home.T @ truth / sizes
    # How far a column is off by its few items; a singular value of twice that may be noise.
    variance = (home**2).T @ truth / sizes - confusion**2
    noise = float(np.sqrt((variance.clip(0).sum(axis=0) / sizes).max()))
    _check_regular(confusion, max(2 * noise, 1e-9))
    return solve_shares(confusion, away.mean(axis=0))


def _answers(answers, classes: int | None, what: str) -> np.ndarray:
    """One row per item with a 1 at the label, or its probabilities; float64 (n, k)."""
    if np.ndim(answers) == 1:
        labels = whole_numbers(answers, f"{what} answers")
        return np.eye(classes)[check_labels(labels, len(labels), classes, f"{what} answered")]
    values = check_probabilities(answers, what)
    if classes is not None and values.shape[1] != classes:
        raise ValueError(
            f"{what} probabilities have {values.shape[1]} classes, but there are {classes}: all "
            "must come from the same model"
        )
    return values / values.sum(axis=1, keepdims=True)


def _check_all_there(sizes: np.ndarray, what: str) -> None:
    if not sizes.all():
        raise ValueError(f"{what} is of class {sizes.argmin()}: each class is needed")


def estimate_shares_em(
    probabilities, source_shares, tolerance: float = 1e-8, most: int = 10_000
) -> np.ndarray:
    """Shares of classes in the target by expectation maximisation, without its labels [1]_.

    Confidences are corrected by the shares, the shares are the mean of the corrected confidences,
    and so on: the maximum of the likelihood. It takes the confidences at their word: they must be
    calibrated on the source (a temperature, better one with a bias per class [2]_), and p(x | y)
    must be the same in both domains, as for `estimate_shares_bbse`.

    Parameters
    ----------
    probabilities : float array, shape (m, k)
        Of the target's items.
    source_shares : float array, shape (k,)
        Shares of the classes among the items that the classifier has learned from, none 0.
    tolerance : float
        Ends where no share moves by more.
    most : int
        Rounds at most.

    Returns
    -------
    float64 array, shape (k,)

    Raises
    ------
    ValueError
        If shares or probabilities are none, or the rounds do not suffice.

    References
    ----------
    .. [1] Saerens, Latinne and Decaestecker, Adjusting the outputs of a classifier to new a priori
       probabilities, Neural Computation 14, 2002.
    .. [2] Alexandari, Kundaje and Shrikumar, ICML 2020, arXiv:1901.06852.
    """
    probabilities = check_probabilities(probabilities, "target")
    source = _source_shares(source_shares, probabilities.shape[1])
    if not is_number(tolerance) or tolerance <= 0:
        raise ValueError(f"tolerance must be a number above 0, got {tolerance!r}")
    shares = source
    for _ in range(whole("most", most)):
        before = shares
        shares = _reweighted(probabilities, before / source).mean(axis=0)
        if np.abs(shares - before).max() <= tolerance:
            return shares
    raise ValueError(
        f"after {most} rounds a share still moves by {np.abs(shares - before).max():.1e}: allow "
        "more rounds, or a larger tolerance"
    )


# ---------------------------------------------------------------- corrected


def correct_confidences(probabilities, source_shares, target_shares) -> np.ndarray:
    """Confidences for other shares of classes: p(y | x) · target share / source share, made sum 1.

    Exact for calibrated confidences if p(x | y) has not changed.

    Parameters
    ----------
    probabilities : float array, shape (m, k)
        Of a classifier that learned where classes have `source_shares`.
    source_shares, target_shares : float array, shape (k,)

    Returns
    -------
    float64 array, shape (m, k)

    Raises
    ------
    ValueError
        If shares or probabilities are none, a source share is 0, or an item has no class left.
    """
    probabilities = check_probabilities(probabilities)
    source = _source_shares(source_shares, probabilities.shape[1])
    target = check_shares(target_shares, probabilities.shape[1], "target shares")
    return _reweighted(probabilities, target / source)


def _source_shares(shares, classes: int) -> np.ndarray:
    shares = check_shares(shares, classes, "source shares")
    _check_all_there(shares, "no source item")
    return shares


def _reweighted(probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
    weighted = probabilities * weights
    sums = weighted.sum(axis=1, keepdims=True)
    if not (sums > 0).all():
        raise ValueError(
            f"item {int(sums.argmin())} has probability 0 for every class whose share is above 0: "
            "the shares do not fit these items"
        )
    return weighted / sums
