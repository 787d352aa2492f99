"""The ways of transfer that are compared, each with the settings that the lessons have tried.

No setting is chosen on the data at hand: all strategies see the same items, none looks twice.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from sklearn import config_context
from sklearn.neighbors import KNeighborsClassifier
from threadpoolctl import threadpool_limits
from torch import nn

from tlhelpers.data.images import ImageSet
from tlhelpers.data.texts import TextSet
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.heads import new_linear_head, new_tfidf_head
from tlhelpers.models.small import SmallCNN
from tlhelpers.training.fitting import fit, fit_head
from tlhelpers.training.freezing import hold_statistics, unfreeze
from tlhelpers.training.lora import add_lora
from tlhelpers.training.predicting import predict

MAJORITY = "majority"
PIXELS = "raw pixels, linear head"
WORDS = "counted words, linear head"
NEIGHBOURS = "frozen features, nearest neighbours"
LINEAR = "frozen features, linear head"
SCRATCH = "small network from scratch"
LORA = "LoRA"
TUNING = "fine-tuning, head first"

# From the cheapest on: of two that are not told apart, the cheaper one is taken.
TIERS = ((MAJORITY,), (PIXELS, WORDS), (NEIGHBOURS, LINEAR), (SCRATCH,), (LORA,), (TUNING,))
NAMES = [name for tier in TIERS for name in tier]
FROZEN = (NEIGHBOURS, LINEAR)
TRAINED = (SCRATCH, LORA, TUNING)

C = 10.0  # of every linear head: inverse strength of the penalty
EDGE = 32  # pixels that raw pictures are averaged down to
SMALL = 32  # pixels of the small network's input
BATCH = 16
HEAD = {"lr": 3e-3, "schedule": "cosine"}
HEAD_EPOCHS = 60
RATES = {
    ("pictures", LORA): 3e-3,
    ("pictures", TUNING): 3e-4,
    ("texts", LORA): 1e-3,
    ("texts", TUNING): 1e-4,
    ("pictures", SCRATCH): 3e-3,
}
BUSY = 1.5  # of the load per core from which on others are at work beside this process
SCRATCH_EPOCHS, SCRATCH_STEPS = 60, 3000
HEAD_STEPS = 3000
DISTANCES = 64  # MB of distances that are in memory at once; left alone, a gigabyte


def neighbours_for(labels: np.ndarray) -> int:
    """How many neighbours are asked: five, or one where a class has fewer than five items."""
    counts = np.bincount(labels)
    return 5 if counts[counts > 0].min() >= 5 else 1


def say_majority(labels: np.ndarray, count: int) -> np.ndarray:
    """The most frequent training label, for each of `count` items."""
    return np.full(count, np.bincount(labels).argmax())


def say_linear(rows: np.ndarray, labels: np.ndarray, tests: np.ndarray) -> np.ndarray:
    """Labels by a linear head on rows of numbers, float (n, d)."""
    return new_linear_head(C).fit(rows, labels).predict(tests)


def say_neighbours(rows: np.ndarray, labels: np.ndarray, tests: np.ndarray) -> np.ndarray:
    """Labels by the nearest training rows, by cosine."""
    near = KNeighborsClassifier(min(neighbours_for(labels), len(rows)), metric="cosine")
    with threadpool_limits(1), config_context(working_memory=DISTANCES):
        return near.fit(rows, labels).predict(tests)


def say_words(texts: np.ndarray, labels: np.ndarray, tests: np.ndarray) -> np.ndarray:
    """Labels by counted words and pairs of words."""
    return new_tfidf_head(C).fit(list(texts), labels).predict(list(tests))


# ---------------------------------------------------------------- what is trained step by step


@dataclass(frozen=True, eq=False)
class Lesson:
    """What a network is trained on: the items to learn from, and its frozen features of them.

    `watch` is called before each forward pass; it raises where the time is over.
    """

    part: ImageSet | TextSet
    network: nn.Module
    features: np.ndarray
    seed: int
    watch: Callable | None = None

    @property
    def kind(self) -> str:
        """``"pictures"`` or ``"texts"``."""
        return "pictures" if isinstance(self.part, ImageSet) else "texts"


def epochs_of(name: str, kind: str, items: int) -> int:
    """How many epochs a strategy trains; few items are seen more often."""
    steps = np.ceil(items / BATCH)
    if name == SCRATCH:
        return int(np.clip(round(SCRATCH_STEPS / steps), 5, SCRATCH_EPOCHS))
    if kind == "pictures":
        return max(2, round((40 + 0.3 * items) / steps))
    return max(3, round((40 + 0.1 * items) / steps))


def steps_of(name: str, kind: str, items: int) -> int:
    """How many steps that comes to."""
    return epochs_of(name, kind, items) * int(np.ceil(items / BATCH))


def head_epochs_of(items: int) -> int:
    """How many epochs the head trains before the rest."""
    return int(np.clip(round(HEAD_STEPS / np.ceil(items / BATCH)), 5, HEAD_EPOCHS))


def head_steps_of(items: int) -> int:
    """How many steps that comes to."""
    return head_epochs_of(items) * int(np.ceil(items / BATCH))


def train(name: str, lesson: Lesson, epochs: int | None = None) -> nn.Module:
    """Train a strategy of `TRAINED`: a network that gives logits, in evaluation mode."""
    part, kind = lesson.part, lesson.kind
    model = _prepared(name, lesson)
    options = {"epochs": epochs or epochs_of(name, kind, len(part)), "lr": RATES[kind, name]}
    options["schedule"] = "cosine" if kind == "pictures" else "linear"
    options["precision"] = "float32" if kind == "pictures" else "auto"
    with _watched(model, lesson.watch), _threads_for(name):
        fit(model, part, **options, warmup=0.1, batch_size=BATCH, seed=lesson.seed, quiet=True)
    return model


@contextmanager
def _watched(model: nn.Module, watch: Callable | None):
    """Call something before each forward pass inside."""
    hook = model.register_forward_pre_hook(watch) if watch else None
    try:
        yield
    finally:
        if hook:
            hook.remove()


@contextmanager
def _threads_for(name: str):
    """One thread for the small network, and for all where others keep the cores busy.

    Threads of one operator wait for each other: where one of two has to queue for a core, a step
    of a second was seen to take forty.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1 if name == SCRATCH or _is_busy() else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _is_busy() -> bool:
    """Whether more is at work on this machine than it has cores, this process aside."""
    if not hasattr(os, "getloadavg"):  # Windows
        return False
    return os.getloadavg()[0] > BUSY * (os.cpu_count() or 1)


def _prepared(name: str, lesson: Lesson) -> nn.Module:
    """The network before its first step: what trains is free, the head has learned."""
    names = lesson.part.class_names
    backbone = SmallCNN(SMALL, seed=lesson.seed) if name == SCRATCH else lesson.network
    model = Classifier(backbone, len(names), names, lesson.seed)
    if name == SCRATCH:
        return model
    options = HEAD | {"epochs": head_epochs_of(len(lesson.part)), "seed": lesson.seed}
    fit_head(model, lesson.features, lesson.part.labels, **options, quiet=True)
    if name == LORA:
        return add_lora(model, rank=8, seed=lesson.seed)
    unfreeze(model)
    if lesson.kind == "pictures":
        hold_statistics(model)
    return model


def say_trained(name: str, lesson: Lesson, tests: ImageSet | TextSet) -> np.ndarray:
    """Labels by a network that was trained."""
    return predict(train(name, lesson), tests)
