"""The frozen pass over somebody's items, in pieces: measured, kept, and stopped when it is time."""

from __future__ import annotations

import numpy as np

from tlhelpers.models.heads import new_linear_head
from tlhelpers.own_data.job import Job
from tlhelpers.own_data.sampling import whole_groups
from tlhelpers.own_data.state import State

MOST = 20_000  # more items make an answer no surer, and heads slow
FIRST = 64  # items of the first piece, which measures
PASS_SHARE, HEADS_SHARE = 0.4, 0.55  # of the minutes: the pass, and the pass with its heads
# Heads that will be fitted on all used items, in full sizes: three seeds of all label counts and
# the five of the probabilities.
HEADS = 3 * 0.7 * 1.875 + 5 * 0.8
TIMED = 300  # items from which on a head is timed


def pass_all(job: Job, order: np.ndarray, told: dict) -> np.ndarray:
    """Features of as many items as fit, in the order given; `told` is what a session before did.

    They are float32 (m, d), and the first m items of the order are those compared on.
    """
    data = job.material.data
    fewest = whole_groups(order, data.groups, 2, data.labels)
    target = whole_groups(order, data.groups, MOST, data.labels)
    if told and (told["count"] >= target or told["minutes"] >= job.budget.minutes):
        return _pass_exactly(job, order, job.material.full, told["count"])
    fewest = max(fewest, told.get("count", 0))
    parts, done, pace = [], 0, _Pace(job)
    while done < target:
        end = min(target, _next_end(job, done))
        if done >= fewest and done + pace.most_more() < min(end, done + FIRST):
            break
        parts.append(_piece(job, order, job.material.full, done, end, pace))
        done = end
        pace.time_head(parts, data.labels[order[:done]])
        job.progress.step(f"frozen features of {done:,} of {target:,} items")
    done = whole_groups(order, data.groups, done, data.labels)
    job.state.add(
        kind="used", count=done, minutes=job.budget.minutes, spent=job.budget.spent(),
        costs=_measured(job),
    )  # fmt: skip
    return np.concatenate(parts)[:done]


def pass_at(job: Job, order: np.ndarray, size: int) -> np.ndarray:
    """Features of the items used at another size, in the order of the items used."""
    rows = _pass_exactly(job, order, size, len(job.used))
    return in_order(rows, order[: len(rows)])


def in_order(rows: np.ndarray, items: np.ndarray) -> np.ndarray:
    """Rows sorted by the number of their item."""
    return rows[np.argsort(items)]


def _pass_exactly(job: Job, order: np.ndarray, size: int, count: int) -> np.ndarray:
    parts, done, pace = [], 0, _Pace(job)
    while done < count:
        end = min(count, _next_end(job, done))
        parts.append(_piece(job, order, size, done, end, pace))
        done = end
        job.progress.step(f"features at {size} {job.material.unit}: {done:,} of {count:,} items")
    return np.concatenate(parts)


def _next_end(job: Job, done: int) -> int:
    """Two small pieces, of which the second one tells the pace, then larger ones."""
    return done + (FIRST if done < 2 * FIRST else job.material.chunk)


def earlier_costs(state: State) -> dict[str, float]:
    """What earlier sessions have measured, who kept the features: a later one cannot."""
    costs: dict[str, float] = {}
    for record in state.records:
        costs |= record.get("costs", {})
    return costs


def _measured(job: Job) -> dict[str, float]:
    return {name: job.costs[name] for name in ("pass", "head") if name in job.costs}


class _Pace:
    """How fast the pass goes, and how many items more there is time for."""

    def __init__(self, job: Job):
        self.job, self.pieces, self.done = job, 0, 0
        self.items, self.seconds, self.head = 0, 0.0, 0.0

    def add(self, items: int, seconds: float) -> None:
        """Note a piece that was computed; the first one also loads libraries, and counts least."""
        if self.pieces == 1:
            self.items, self.seconds = 0, 0.0
        self.pieces += 1
        self.items, self.seconds = self.items + items, self.seconds + seconds
        self.job.costs["pass"] = self.seconds / self.items

    def time_head(self, parts: list[np.ndarray], labels: np.ndarray) -> None:
        """Fit one head, once there are enough items, to know what many will take."""
        self.done = len(labels)
        if self.head or len(labels) < TIMED or len(np.unique(labels)) < 2:
            return
        started = self.job.budget.clock()
        new_linear_head().fit(np.concatenate(parts), labels)
        self.head = (self.job.budget.clock() - started) / len(labels)
        self.job.costs["head"] = self.head

    def most_more(self) -> int:
        """Items for which there is time beyond those that are done."""
        budget, each = self.job.budget, self.job.costs.get("pass", 0.0)
        if not self.items or not each:
            return FIRST
        if self.pieces == 1:  # it loaded libraries too: the next one takes no longer
            return FIRST if budget.left(PASS_SHARE) > self.seconds else 0
        for_pass = budget.left(PASS_SHARE) / each
        heads = self.done * self.head * HEADS
        for_both = (budget.left(HEADS_SHARE) - heads) / (each + self.head * HEADS)
        return int(max(0.0, min(for_pass, for_both)))


def _piece(job: Job, order, size: int, start: int, end: int, pace: _Pace) -> np.ndarray:
    """Features of one piece: read where an earlier session has kept them, else computed."""
    name = f"features-{size}-{start}-{end}"
    kept = job.state.array(name)
    if kept is not None and len(kept) == end - start:
        return kept
    started = job.budget.clock()
    rows = job.material.features(order[start:end], size)
    if size == job.material.full:
        pace.add(end - start, job.budget.clock() - started)
    job.state.keep(name, rows)
    job.state.add(kind="piece", spent=job.budget.spent(), costs=_measured(job))
    return rows
