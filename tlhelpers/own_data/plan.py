"""What of the training step by step fits into the minutes: how many labels, which size, who."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from tlhelpers.own_data.job import FEW_SEEDS, Job, Key
from tlhelpers.own_data.strategies import (
    BATCH,
    LINEAR,
    LORA,
    NEIGHBOURS,
    SCRATCH,
    TUNING,
    Lesson,
    head_steps_of,
    steps_of,
    train,
)
from tlhelpers.own_data.timing import CAUTION, FOR_COMPARING, in_words

TIMED_ITEMS, TIMED_STEPS = 48, 4
MEASURING = 0.02  # of the minutes, that steps of one strategy may be timed for
HEAD_STEP = 0.0015  # seconds of a step of the head alone
START = 1.0  # seconds until a run is at its first step
WITHOUT = ((), (LORA,), (LORA, SCRATCH), (TUNING,), (TUNING, SCRATCH), (LORA, TUNING))
# One number of this row is asked for where something does not fit.
MINUTES = (1, 2, 3, 5, 8, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720, 1440)


@dataclass(frozen=True)
class Option:
    """With which share of the labels and at which size strategies are trained."""

    share: float
    size: int


class StepTimes:
    """Seconds of a training step, measured at some sizes and told from these at others."""

    def __init__(self, job: Job):
        self.job, self.refused = job, {}
        # Steps that an earlier session has timed need no timing again: runs tell how it goes now.
        self.seconds = {(one["name"], one["size"]): one["seconds"] for one in job.state.of("step")}

    def measure(self, names: Iterable[str], sizes: list[int]) -> None:
        """A few steps of each strategy, at small sizes first; what would take long is told."""
        for name in names:
            for size in [self.job.material.full] if name == SCRATCH else sorted(sizes):
                long = self._told(name, size) > 2 * MEASURING * self.job.budget.seconds
                if name in self.refused or long:
                    continue
                try:
                    self._measure(name, size)
                except ValueError as error:  # e.g. layers of a network that are not known
                    self.refused[name] = f"{name} cannot be used with this network: {error}"

    def _measure(self, name: str, size: int) -> None:
        if (name, size) not in self.seconds:
            seconds = _timed_steps(self.job, name, size)
            self.seconds[name, size] = seconds
            record = {"name": name, "size": size, "seconds": seconds}
            self.job.state.add(kind="step", spent=self.job.budget.spent(), **record)

    def costs(self) -> dict[str, float]:
        """Seconds of a step by what a report calls it."""
        unit, full = self.job.material.unit, self.job.material.full
        return {
            f"step of {name}" + ("" if size == full else f", {size} {unit}"): seconds
            for (name, size), seconds in self.seconds.items()
        }

    def _told(self, name: str, size: int) -> float:
        """Seconds that measuring will take; 0 where nothing was measured."""
        step = self.of(name, size)
        return TIMED_STEPS * step if math.isfinite(step) else 0.0

    def of(self, name: str, size: int) -> float:
        """Seconds of a step; from another size as the number of places has it."""
        if (name, size) in self.seconds:
            return self.seconds[name, size]
        # Fine-tuning takes a little longer than LoRA, which is measured first.
        for other, factor in ((name, 1.0), (LORA, 1.3)):
            measured = [one for strategy, one in self.seconds if strategy == other]
            if measured and (other == name or name == TUNING):
                near = min(measured, key=lambda one: abs(one - size))
                power = 2 if self.job.material.kind == "pictures" else 1
                return factor * self.seconds[other, near] * max(1.0, size / near) ** power
        return math.inf


def _timed_steps(job: Job, name: str, size: int) -> float:
    items, clock = job.order[:TIMED_ITEMS], job.budget.clock
    rows = job.features[job.material.full][np.searchsorted(job.used, items)]
    part, network = job.material.data.subset(items), job.material.network(size)
    watch = _Ticks(job)
    lesson = Lesson(part, network, rows, job.seed, watch)
    with suppress(_Enough):
        train(name, lesson, epochs=math.ceil(TIMED_STEPS / math.ceil(len(items) / BATCH)))
        watch.ticks.append(clock())
    # The first step also allocates; one that had to wait for the machine says nothing of the rest.
    steps = np.diff(watch.ticks)
    return float(np.median(steps[1:] if len(steps) > 1 else steps))


class _Enough(Exception):
    """Steps were timed for long enough."""


class _Ticks:
    """Notes when each step begins; ends the timing where steps take long."""

    def __init__(self, job: Job):
        self.job, self.ticks = job, []

    def __call__(self, *_) -> None:
        self.job.budget.check()
        self.ticks.append(self.job.budget.clock())
        spent = self.ticks[-1] - self.ticks[0]
        if len(self.ticks) > 1 and spent > MEASURING * self.job.budget.seconds:
            raise _Enough


class Forecast:
    """What runs will take, from measured steps and from runs that have been."""

    def __init__(self, job: Job, steps: StepTimes):
        self.job, self.steps = job, steps

    def run(self, name: str, option: Option) -> float:
        """Seconds of one run, on the safe side."""
        kind = kind_of(self.job, name, option)
        self.job.paces.expect(kind, self._from_steps(name, option))
        return self.job.paces.of(kind)

    def _from_steps(self, name: str, option: Option) -> float:
        side = next(iter(self.job.sides.values()))
        items, what = len(side.draws[option.share]), self.job.material.kind
        step = self.steps.of(name, option.size if name != SCRATCH else self.job.material.full)
        head = 0 if name == SCRATCH else head_steps_of(items) * HEAD_STEP
        asked = 0.5 * step * len(side.test) / BATCH
        return steps_of(name, what, items) * step + asked + head + START

    def controls(self, option: Option) -> float:
        """Seconds of the frozen rows at the same labels and size."""
        job = self.job
        if option.size == job.material.full or option.size in job.features:
            return 0.0
        power = 2 if job.material.kind == "pictures" else 1
        ratio = (option.size / job.material.full) ** power
        heads = sum(job.paces.of((name, option.share, job.material.full))
                    for name in (LINEAR, NEIGHBOURS))  # fmt: skip
        passed = job.costs.get("pass", 0.0) * len(job.used) * ratio * CAUTION + 2.0
        return passed + len(job.seeds) * heads

    def all_runs(self, names: Iterable[str], option: Option) -> float:
        """Seconds of what is missing of the fewest seeds of some strategies."""
        seconds = self.controls(option)
        for name in names:
            missing = sum(key_of_run(self.job, name, option, seed) not in self.job.results
                          for seed in self.job.seeds[:FEW_SEEDS])  # fmt: skip
            seconds += missing * self.run(name, option) if missing else 0.0
        return seconds


def key_of_run(job: Job, name: str, option: Option, seed: int) -> Key:
    """The key of a run; a network from scratch has its own size, whatever the others have."""
    size = job.material.full if name == SCRATCH else option.size
    return Key(name, option.share, size, seed)


def kind_of(job: Job, name: str, option: Option) -> tuple:
    """What runs that take equally long have in common."""
    key = key_of_run(job, name, option, 0)
    return key.name, key.share, key.size


def options_of(job: Job, sizes: list[int]) -> list[Option]:
    """All labels before some, and of those the network's own size before smaller ones."""
    shares = sorted(job.counts, reverse=True)
    return [Option(share, size) for share in shares for size in sorted(sizes, reverse=True)]


def choose_option(
    names: list[str], options: list[Option], forecast: Forecast, left: float
) -> tuple[list[str], Option] | None:
    """Whom there is time for, and with what; as many strategies as possible come first."""
    for some in _fewer_and_fewer(names):
        for option in options:
            if forecast.all_runs(some, option) <= left:
                return some, option
    return None


def _fewer_and_fewer(names: list[str]) -> Iterator[list[str]]:
    """All; then fine-tuning before LoRA, and either before a network from scratch."""
    seen: list[list[str]] = []
    for without in WITHOUT:
        some = [name for name in names if name not in without]
        if some and some not in seen:
            seen.append(some)
            yield some


def does_not_fit(name: str, options: list[Option], forecast: Forecast, spent: float) -> str:
    """The sentence that says how many minutes would do; `spent` is what came before training."""
    minutes = forecast.job.budget.minutes
    cheapest = min(forecast.controls(one) + FEW_SEEDS * forecast.run(name, one) for one in options)
    told = f"{name} does not fit into {in_words(minutes)}"
    if not math.isfinite(cheapest):
        more = next((one for one in MINUTES if one >= 5 * minutes), MINUTES[-1])
        return f"{told}, and there was no time to measure it; try --minutes {more}"
    needed = max((spent + cheapest) / FOR_COMPARING / 60, 1.2 * minutes)
    would = next((one for one in MINUTES if one >= needed), None)
    return f"{told}; --minutes {would} would do" if would else f"{told}, nor into a day"
