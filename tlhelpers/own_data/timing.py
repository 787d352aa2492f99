"""The minutes that a comparison may take: what is spent, what is left, what a run will take."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from statistics import median

# The share of the minutes for comparing; the rest is for report and saving the model.
FOR_COMPARING = 0.85
# What has not run yet may take longer than measured: another load, another batch of texts.
CAUTION = 1.15


def in_words(minutes: float) -> str:
    """``"1 minute"``, ``"2.5 minutes"``."""
    return f"{minutes:g} minute" + "s" * (minutes != 1)


class OutOfTime(Exception):
    """The time for comparing is over; what was at work is given up."""


class Budget:
    """Wall time from the call on; `spent` seconds went by before, reading or in other sessions."""

    def __init__(
        self, minutes: float, spent: float = 0.0, clock: Callable[[], float] = time.monotonic
    ):
        self.minutes, self.seconds, self.clock = minutes, 60.0 * minutes, clock
        self._started = clock() - spent

    def spent(self) -> float:
        """Seconds that are spent."""
        return self.clock() - self._started

    def left(self, share: float = FOR_COMPARING) -> float:
        """Seconds that are left of a share of the minutes; negative when it is over."""
        return share * self.seconds - self.spent()

    def check(self, *_) -> None:
        """Raise `OutOfTime` where nothing is left for comparing; fits as a hook of a network."""
        if self.left() <= 0:
            raise OutOfTime


class Paces:
    """What runs of each kind will take: as predicted first, then as the last ones took."""

    def __init__(self):
        self._predicted: dict[Hashable, float] = {}
        self._taken: dict[Hashable, list[float]] = {}

    def expect(self, kind: Hashable, seconds: float) -> None:
        """Note what was predicted from measured steps."""
        self._predicted[kind] = seconds

    def note(self, kind: Hashable, seconds: float) -> None:
        """Note what a run took."""
        self._taken.setdefault(kind, []).append(seconds)

    def of(self, kind: Hashable) -> float:
        """Seconds of the next run of a kind, on the safe side; 0 where nothing is known."""
        taken = self._taken.get(kind)
        if taken:
            return CAUTION * max(taken[-2:])
        return CAUTION * self._slowness() * self._predicted.get(kind, 0.0)

    def taken(self, kind: Hashable) -> float:
        """What runs of a kind took in the middle; 0 where none has been."""
        return float(median(self._taken.get(kind, [0.0])))

    def _slowness(self) -> float:
        """How much longer than predicted the last runs took, where they did."""
        ratios = [
            taken[-1] / self._predicted[kind]
            for kind, taken in self._taken.items()
            if self._predicted.get(kind)
        ]
        return max(1.0, ratios[-1]) if ratios else 1.0
