"""Learning rates that change while a model trains: a warm-up, and a way down."""

from __future__ import annotations

import math

from tlhelpers.checks import is_number, known

SCHEDULES = ("constant", "linear", "cosine")


def rate_factor(progress: float, schedule: str = "constant", warmup: float = 0.0) -> float:
    """What the rate is multiplied with after a share of all steps, between 0 and 1.

    It climbs to 1 in the warm-up; then it stays, or goes down to 0 in a line or half a cosine
    (Loshchilov and Hutter, SGDR, ICLR 2017, arXiv:1608.03983).
    """
    if progress < warmup:
        return progress / warmup
    after = (progress - warmup) / (1 - warmup)
    return {
        "constant": 1.0,
        "linear": 1 - after,
        "cosine": (1 + math.cos(math.pi * after)) / 2,
    }[schedule]


def check_schedule(schedule: str, warmup: float) -> None:
    """Refuse a schedule that is not known, and a warm-up that is no share of all steps."""
    known("schedule", schedule, SCHEDULES)
    if not is_number(warmup) or not 0 <= warmup < 1:
        raise ValueError(f"warmup is a share of all steps, from 0 on and below 1, got {warmup!r}")
