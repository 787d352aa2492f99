"""What a sweep is: a long comparison whose table is stored with the course."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tlhelpers.errors import repo_root
from tlhelpers.evaluation.trials import Strategy


@dataclass(frozen=True)
class Sweep:
    """What is to be compared.

    Attributes
    ----------
    name : str
        E.g. ``"vision-tuning"``; up to a hyphen it names the group.
    module : str
        The module that defines it: its import closure is the code that makes the table.
    sets : callable
        Gives a mapping of name to ImageSet or TextSet with the same classes. The first one is
        learned from, and all are tested on.
    strategies : callable
        Gives a dict of name to strategy, each ``strategy(trial) -> Outcome``.
    labels : tuple of int or None
        Labels per class; None takes the whole training side.
    seeds : int
    test : float
        Share of the test side.
    look : callable, optional
        Takes an `Outcome` and gives notes about its model; it is not charged.
    warm : callable, optional
        Loads, once per process, what all runs share; it is not charged either.
    labelled : callable, optional
        Gives sets of the same items, labels and classes as `sets`, in pictures that are quick to
        make: enough to read the stored table.
    adapts : bool
        Whether a strategy may learn from the inputs of other sets than the first. Where none does,
        a slice that is tested on one set need not make the others.
    """

    name: str
    module: str
    sets: Callable[[], Mapping[str, object]]
    strategies: Callable[[], Mapping[str, Strategy]]
    labels: tuple[int | None, ...]
    seeds: int = 10
    test: float = 0.3
    look: Callable | None = None
    warm: Callable | None = None
    labelled: Callable[[], Mapping[str, object]] | None = None
    adapts: bool = True

    @property
    def path(self) -> Path:
        """Where its table is stored."""
        return repo_root() / "data" / "results" / f"{self.name}.csv"

    def tasks(self) -> list[tuple[int, int | None, str]]:
        """Seed, labels per class and strategy of every run."""
        names = list(self.strategies())
        return [
            (seed, k, name) for seed in range(self.seeds) for k in self.labels for name in names
        ]
