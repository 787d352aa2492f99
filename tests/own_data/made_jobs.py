"""A clock that only work moves, and a comparison whose work costs what a test says."""

from __future__ import annotations

from contextlib import contextmanager
from unittest import mock

import numpy as np

from tlhelpers.data.reading import Reading
from tlhelpers.data.texts import TextSet
from tlhelpers.own_data import material, plan, running
from tlhelpers.own_data.comparing import compare_own
from tlhelpers.own_data.strategies import TRAINED, steps_of

WORDS = {0: ["sun", "beach", "warm"], 1: ["snow", "ice", "cold"], 2: ["book", "page", "ink"]}


def made_texts(n: int = 120, classes: int = 2, seed: int = 0, noise: float = 0.2) -> TextSet:
    """Texts of three words each; some are of another class's words. Two items share a group."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    said = np.where(rng.random(n) < noise, rng.integers(classes, size=n), labels)
    texts = [
        " ".join([*rng.choice(WORDS[place % 3], 2), f"item{place // 3}", f"number{i}"])
        for i, place in enumerate(said)
    ]
    groups = [f"g{i // (2 * classes)}-{i % classes}" for i in range(n)]
    names = [f"class {i}" for i in range(classes)]
    return TextSet(texts, labels, names, groups, np.full(n, np.nan), "made")


class Clock:
    """Seconds that pass only by `work`."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def work(self, seconds: float) -> None:
        self.now += seconds


class Network:
    """Stands for an encoder: its features are the class's words, counted."""

    feature_size = 9

    class transform:
        max_length = 64

    def fingerprint(self) -> str:
        return "a made network"


@contextmanager
def made_work(clock: Clock, per_item: float, step: float, slower: float = 1.0):
    """Features, steps and trainings that take made times; trainings `slower` than was measured."""

    def features(self, items, size):
        clock.work(per_item * len(items))
        words = [word for own in WORDS.values() for word in own]
        return (
            np.array(
                [[text.split().count(word) for word in words] for text in self.data.texts[items]],
                dtype=np.float32,
            )
            + 1e-3
        )

    def trained(name, lesson, tests):
        for _ in range(steps_of(name, "texts", len(lesson.part))):
            clock.work(step * slower)
            lesson.watch()
        rows = lesson.features
        return np.resize(lesson.part.labels[rows.sum(1) > 0], len(tests))

    with (
        mock.patch.object(material.Texts, "features", features),
        mock.patch.object(material.Texts, "_load", lambda self, size: Network()),
        mock.patch.object(running, "say_trained", trained),
        mock.patch.object(plan, "_timed_steps", lambda job, name, size: clock.work(step) or step),
    ):
        yield


def compare_made(data, out, minutes, clock, told=None, **work):
    """A comparison of made texts on a made clock."""
    lines = [] if told is None else told
    reading = Reading("made", [str(i) for i in range(len(data))])
    with made_work(clock, **work):
        return compare_own(data, reading, minutes=minutes, out=out, tell=lines.append, clock=clock)


def trained_of(comparison) -> set[str]:
    """Which strategies were trained step by step."""
    return {name for name in TRAINED if comparison.runs["strategy"].str.startswith(name).any()}
