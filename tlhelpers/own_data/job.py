"""One comparison at work: what it compares, what is finished, what time is left."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from tlhelpers.evaluation.runs import Runs
from tlhelpers.evaluation.trials import judge
from tlhelpers.own_data.material import Material
from tlhelpers.own_data.sampling import Sides
from tlhelpers.own_data.state import State
from tlhelpers.own_data.strategies import MAJORITY, NAMES, TRAINED
from tlhelpers.own_data.timing import Budget, Paces, in_words

MANY_SEEDS = 10
FEW_SEEDS = 3  # with fewer there is no interval worth its name


class Progress:
    """Tells now and then how far it is and how much time is left."""

    def __init__(self, tell: Callable[[str], object], budget: Budget):
        self.tell, self.budget = tell, budget
        self._every = 5.0 if sys.stdout.isatty() else 30.0
        self._last = budget.clock()

    def step(self, what: str) -> None:
        """A line, where the last one is some time ago."""
        now = self.budget.clock()
        if now - self._last >= self._every:
            self._last = now
            left = max(0.0, self.budget.left(1.0)) / 60
            self.tell(f"{what}; {left:.1f} of {in_words(self.budget.minutes)} left")


@dataclass(frozen=True)
class Key:
    """Which run: the strategy, its share of the labels, the size of its inputs, the seed."""

    name: str
    share: float
    size: int
    seed: int


@dataclass
class Job:
    """All that the steps of a comparison share.

    Attributes
    ----------
    used : int64 array, shape (m,)
        The items that are compared on, ascending; all of them unless that takes too long.
    features : dict of int to float32 array, shape (m, d)
        Frozen features of the items used, by size.
    results : dict of Key to dict
        What each finished run predicted and took.
    """

    material: Material
    budget: Budget
    state: State
    tell: Callable[[str], object]
    seed: int
    paces: Paces = field(default_factory=Paces)
    used: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    order: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    features: dict[int, np.ndarray] = field(default_factory=dict)
    sides: dict[int, Sides] = field(default_factory=dict)
    counts: dict[float, int] = field(default_factory=dict)
    results: dict[Key, dict] = field(default_factory=dict)
    too_slow: set[tuple[str, float]] = field(default_factory=set)
    not_run: dict[str, str] = field(default_factory=dict)
    costs: dict[str, float] = field(default_factory=dict)
    settings: dict = field(default_factory=dict)

    def __post_init__(self):
        self.progress = Progress(self.tell, self.budget)
        self._plain: np.ndarray | None = None

    @property
    def part(self):
        """The items used, as a set."""
        if not hasattr(self, "_part") or len(self._part) != len(self.used):
            whole = len(self.used) == len(self.material.data)
            data = self.material.data
            self._part = data if whole else data.subset(self.used)
        return self._part

    @property
    def seeds(self) -> list[int]:
        """All seeds there are, in their order."""
        return list(self.sides)

    def seeds_run(self) -> list[int]:
        """The seeds that the cheap strategies have run."""
        done = {key.seed for key in self.results if key.name == MAJORITY}
        return [seed for seed in self.seeds if seed in done]

    def whole_keys(self) -> list[Key]:
        """The finished runs that count: of what is trained step by step, three seeds at least."""
        seeds = Counter((key.name, key.share, key.size) for key in self.results)
        return [key for key in self.results if key.name not in TRAINED
                or seeds[key.name, key.share, key.size] >= FEW_SEEDS]  # fmt: skip

    def seconds_of_seed(self, seed: int) -> float:
        """What the runs of one seed that need no training step have taken."""
        own = [(k, one) for k, one in self.results.items() if k.seed == seed]
        return sum(one["seconds"] for key, one in own if key.name not in TRAINED)

    def counts_below(self, share: float) -> int:
        """Labels per class of the next smaller share; 0 where there is none."""
        return max((count for one, count in self.counts.items() if one < share), default=0)

    def plain(self) -> np.ndarray:
        """Raw pixels of the items used; computed once."""
        if self._plain is None:
            self._plain = self.material.plain(self.used)
        return self._plain

    def note(self, key: Key, predicted: np.ndarray, seconds: float) -> None:
        """Keep what a run predicted, in memory and on disk."""
        record = {"predicted": predicted.tolist(), "seconds": round(seconds, 4)}
        self.results[key] = record
        self.state.add(
            kind="run",
            name=key.name,
            share=key.share,
            size=key.size,
            seed=key.seed,
            items=len(self.used),
            spent=round(self.budget.spent(), 2),
            **record,
        )

    def load_results(self) -> int:
        """Take up what earlier sessions have finished on the same items; gives how many runs."""
        for one in self.state.of("run"):
            if one.get("items") == len(self.used):
                key = Key(one["name"], one["share"], one["size"], one["seed"])
                if self._fits(key, one):
                    self.results[key] = {name: one[name] for name in ("predicted", "seconds")}
                    self.paces.note((key.name, key.share, key.size), one["seconds"])
        return len(self.results)

    def _fits(self, key: Key, record: dict) -> bool:
        side = self.sides.get(key.seed)
        return side is not None and len(record["predicted"]) == len(side.test)

    def runs(self) -> Runs:
        """All finished runs as a table; of shares that stand for one count the largest counts."""
        keys = sorted(self.whole_keys(), key=lambda key: (key.seed, key.share, self._place(key)))
        return Runs([self._row(key, self.results[key]) for key in keys])

    def _place(self, key: Key) -> tuple[int, int]:
        return NAMES.index(key.name), -key.size

    def _row(self, key: Key, record: dict) -> dict:
        side, part = self.sides[key.seed], self.part
        predicted = np.array(record["predicted"], dtype=np.int64)
        return {
            "seed": key.seed,
            "labels": self.counts[key.share],
            "all_labels": key.share == 1.0,
            "strategy": key.name + self.material.suffix(key.size),
            "seconds": record["seconds"],
            "size": key.size,
            **judge(part.labels[side.test], predicted, part.groups[side.test]),
        }
