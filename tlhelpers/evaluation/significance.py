"""Tests and intervals with a closed form, for one test set or for several p values."""

from __future__ import annotations

import gc

import numpy as np
from scipy import optimize, stats

from tlhelpers.checks import whole

ALPHA = 0.05


def holm(p) -> np.ndarray:
    """Holm's step-down correction of several p values (Holm 1979).

    Parameters
    ----------
    p : float array, shape (m,)
        Between 0 and 1.

    Returns
    -------
    float64 array, shape (m,)
        Corrected values, in the order given: the smallest times m, the next times m − 1, and
        so on, each at least as large as the one before and at most 1.
    """
    from statsmodels.stats.multitest import multipletests  # a second that few processes need

    p = np.asarray(p, dtype=float)
    if p.ndim != 1 or not np.all((p >= 0) & (p <= 1)):
        raise ValueError(f"p values must be a list of numbers between 0 and 1, got {p}")
    # statsmodels collects garbage at every call: a fifth of a second where much is loaded. What
    # stands in the permanent generation is not looked through.
    gc.freeze()
    try:
        return multipletests(p, method="holm")[1]
    finally:
        gc.unfreeze()


def wilson(correct: int, n: int) -> tuple[float, float]:
    """95 % interval of an accuracy on one test set (Wilson 1927).

    Parameters
    ----------
    correct, n : int
        Right answers, and test items.

    Returns
    -------
    (float, float)
        Lower and upper end.
    """
    if not 0 <= correct <= n or n < 1 or correct != int(correct) or n != int(n):
        raise ValueError(
            "correct must be a whole number between 0 and n, and n be one from 1 on: "
            f"got {correct} of {n}"
        )
    low, high = stats.binomtest(int(correct), int(n)).proportion_ci(1 - ALPHA, method="wilson")
    return float(low), float(high)


def smallest_gap(
    n_items: int, disagreement: float = 0.1, power: float = 0.8, alpha: float = 0.05
) -> float:
    """Smallest gap in accuracy that an exact McNemar test finds often enough.

    The power is computed, not simulated: the number m of items on which the two disagree is
    binomial (`n_items`, `disagreement`); given m, those that fall to the better one are binomial
    (m, (1 + gap / disagreement) / 2); the test's rejections are summed over both.

    Parameters
    ----------
    n_items : int
        Test items.
    disagreement : float
        Share of items on which exactly one of the two is right.
    power : float
        How often the gap shall be found.
    alpha : float
        Level of the two-sided test.

    Returns
    -------
    float
        Gap as a fraction (0.076 is 7.6 points). NaN when not even the largest gap possible,
        the disagreement itself, would be found that often.
    """
    whole("n_items", n_items)
    for name, value in (("disagreement", disagreement), ("power", power), ("alpha", alpha)):
        if not 0 < value < 1:
            raise ValueError(f"{name} must lie between 0 and 1, got {value}")
    if power <= alpha:
        raise ValueError(f"power must be larger than alpha, got {power} and {alpha}")

    def excess(gap):
        return _mcnemar_power(n_items, disagreement, gap, alpha) - power

    if excess(disagreement) < 0:
        return float("nan")
    return float(optimize.brentq(excess, 0, disagreement, xtol=1e-6))


def _mcnemar_power(n_items: int, disagreement: float, gap: float, alpha: float) -> float:
    m = np.arange(n_items + 1)
    # The largest k at which k against m − k is rejected; −1 where nothing is.
    critical = stats.binom.ppf(alpha / 2, m, 0.5)
    critical -= stats.binom.cdf(critical, m, 0.5) > alpha / 2
    better = (1 + gap / disagreement) / 2
    rejected = stats.binom.cdf(critical, m, better) + stats.binom.cdf(critical, m, 1 - better)
    return float(np.sum(stats.binom.pmf(m, n_items, disagreement) * rejected))
