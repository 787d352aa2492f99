"""Learning rates that change while a model trains: a warm-up, and a way down."""

from __future__ import annotations

import math

SCHEDULES = ("constant", "linear", "cosine")


def rate_factor(progress: float, schedule: str = "constant", warmup: float = 0.0) -> float:
    """What the learning rate is multiplied with.

    Parameters
    ----------
    progress : float
        How much of all steps is done, between 0 and 1.
    schedule : {"constant", "linear", "cosine"}
        From 1 at the end of the warm-up: stay there, or go down to 0 in a straight line or along
        half a cosine [1]_.
    warmup : float
        Share of all steps in which the factor climbs from 0 to 1 in a straight line; from 0 on,
        below 1.

    Returns
    -------
    float
        Between 0 and 1.

    References
    ----------
    .. [1] Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts, ICLR 2017,
       arXiv:1608.03983.
    """
    if progress < warmup:
        return progress / warmup
    after = (progress - warmup) / (1 - warmup)
    return {
        "constant": 1.0,
        "linear": 1 - after,
        "cosine": (1 + math.cos(math.pi * after)) / 2,
    }[schedule]
