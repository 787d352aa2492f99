"""Single runs of a comparison: a strategy, on one seed's items, timed and kept."""

from __future__ import annotations

import numpy as np

from tlhelpers.own_data.job import FEW_SEEDS, MANY_SEEDS, Job, Key
from tlhelpers.own_data.sampling import counts_of, plan_sides
from tlhelpers.own_data.strategies import (
    LINEAR,
    MAJORITY,
    NEIGHBOURS,
    PIXELS,
    TRAINED,
    WORDS,
    Lesson,
    say_linear,
    say_majority,
    say_neighbours,
    say_trained,
    say_words,
)
from tlhelpers.own_data.timing import CAUTION, in_words

CHEAP_SHARE = 0.3  # of the minutes, for all seeds of what needs no training step
ONE_SHARE = 0.1  # of the minutes, for three seeds of one such strategy with one number of labels


def plan_splits(job: Job) -> None:
    """All splits and draws, made before the first strategy runs."""
    seeds = range(job.seed, job.seed + MANY_SEEDS)
    sides = plan_sides(job.part, seeds)
    job.sides = {one.seed: one for one in sides}
    job.counts = counts_of(sides, len(np.unique(job.part.labels)))


def run(job: Job, key: Key) -> None:
    """Run once, unless that is done already."""
    if key in job.results:
        return
    started = job.budget.clock()
    predicted = np.asarray(_predicted(job, key), dtype=np.int64)
    seconds = job.budget.clock() - started
    job.paces.note((key.name, key.share, key.size), seconds)
    job.note(key, predicted, seconds)
    job.progress.step(f"{key.name}: split {key.seed - job.seed + 1}")


def _predicted(job: Job, key: Key) -> np.ndarray:
    side, labels = job.sides[key.seed], job.part.labels
    items, test = side.draws[key.share], side.test
    if key.name == MAJORITY:
        return say_majority(labels[items], len(test))
    if key.name == WORDS:
        texts = job.part.texts
        return say_words(texts[items], labels[items], texts[test])
    if key.name in TRAINED:
        return say_trained(key.name, lesson_of(job, key), job.part.subset(test))
    rows = job.plain() if key.name == PIXELS else job.features[key.size]
    say = say_neighbours if key.name == NEIGHBOURS else say_linear
    return say(rows[items], labels[items], rows[test])


def lesson_of(job: Job, key: Key) -> Lesson:
    """What a trained strategy learns from in one run."""
    items = job.sides[key.seed].draws[key.share]
    rows = job.features[key.size][items] if key.size in job.features else None
    network = job.material.network(key.size)
    return Lesson(job.part.subset(items), network, rows, key.seed, job.budget.check)


def run_cheap(job: Job) -> None:
    """All that needs no training step: ten seeds, or as many as fit, three at least."""
    for number, seed in enumerate(job.seeds):
        taken = job.seconds_of_seed(job.seed)
        many = CHEAP_SHARE * job.budget.seconds / taken if taken else MANY_SEEDS
        late = CAUTION * taken > job.budget.left()
        if number >= FEW_SEEDS and (number >= many or late):
            break
        for key in cheap_keys(job, seed):
            if number == 0 and not _fits(job, key):
                _leave_out(job, key)
            if (key.name, key.share) not in job.too_slow:
                run(job, key)


def _fits(job: Job, key: Key) -> bool:
    """Whether three seeds fit, judged by the run before, with fewer labels, of the same name."""
    fewer = [share for share in job.counts if share < key.share]
    if key in job.results or not fewer or key.name == MAJORITY:
        return True
    before = Key(key.name, fewer[-1], key.size, key.seed)
    if before not in job.results:
        return False
    told = job.results[before]["seconds"] * (key.share / fewer[-1]) ** 1.2
    return FEW_SEEDS * told <= ONE_SHARE * job.budget.seconds


def _leave_out(job: Job, key: Key) -> None:
    job.too_slow.add((key.name, key.share))
    job.not_run[key.name] = (
        f"{key.name} with more than {job.counts_below(key.share):,} labels per class does not fit "
        f"into {in_words(job.budget.minutes)}"
    )


def cheap_keys(job: Job, seed: int) -> list[Key]:
    """The runs of one seed, few labels before many."""
    size, texts = job.material.full, job.material.kind == "texts"
    names = (MAJORITY, LINEAR, NEIGHBOURS, WORDS if texts else PIXELS)
    return [Key(name, share, size, seed) for name in names for share in job.counts]
