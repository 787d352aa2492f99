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

CHEAP_SHARE = 0.3  # of the minutes, for all seeds of what needs no training step


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
    """All that needs no training step: ten seeds, or as many as fit, three at least if at all."""
    seeds = MANY_SEEDS
    for number, seed in enumerate(job.seeds):
        if number >= seeds or (number and job.paces.of("seed") > job.budget.left()):
            break
        fresh = _run_seed(job, seed)
        if fresh:
            job.paces.note("seed", fresh)
        if number == 0 and fresh:
            seeds = int(np.clip(CHEAP_SHARE * job.budget.seconds / fresh, FEW_SEEDS, MANY_SEEDS))


def _run_seed(job: Job, seed: int) -> float:
    """The seconds that one seed of all cheap strategies took; 0 where all was done before."""
    started, before = job.budget.clock(), len(job.results)
    for key in cheap_keys(job, seed):
        run(job, key)
    return job.budget.clock() - started if len(job.results) > before else 0.0


def cheap_keys(job: Job, seed: int) -> list[Key]:
    """The runs of one seed: the learning curve of the linear head, the others with all labels."""
    size, texts = job.material.full, job.material.kind == "texts"
    keys = [Key(MAJORITY, share, size, seed) for share in job.counts]
    if job.features:
        keys += [Key(LINEAR, share, size, seed) for share in job.counts]
        keys.append(Key(NEIGHBOURS, 1.0, size, seed))
    return [*keys, Key(WORDS if texts else PIXELS, 1.0, size, seed)]
