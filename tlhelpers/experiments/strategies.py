"""What strategies of pictures and of texts share: settings, heads on features, training.

A *trainer* takes a set, the items to learn from, a seed and a setting, and gives a `Network` and
notes. `tune_settings` makes a strategy of it: a grid of settings is tried inside the training
items, so whoever measures the strategy has paid for every setting.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from threadpoolctl import threadpool_limits
from torch import nn

from tlhelpers.data.images import ImageSet
from tlhelpers.data.streams import random_stream
from tlhelpers.data.texts import TextSet
from tlhelpers.evaluation.trials import Outcome, Strategy, Trial
from tlhelpers.models.heads import new_linear_head
from tlhelpers.training.fitting import fit
from tlhelpers.training.freezing import count_weights
from tlhelpers.training.predicting import predict

BATCH = 16
TWINS = 5
FEWEST_TO_TUNE = 3  # labels per class: with fewer, no item can be spared to choose a setting
HEAD = {"epochs": 60, "lr": 3e-3, "schedule": "cosine"}


class Network:
    """Predicts with a trained network, and keeps it at hand."""

    def __init__(self, model: nn.Module):
        self.model = model

    def __call__(self, images: ImageSet) -> np.ndarray:
        return predict(self.model, images)


def tune_settings(train: Callable[..., tuple[Network, dict]], grid: Sequence[dict]) -> Strategy:
    """A strategy that tries each setting inside the training items and keeps the best.

    Of each class 30 % of the training items are set aside, every setting is trained on the others
    and judged on them; the best is trained anew on all. Of equals the first is taken; so the first
    stands for the default, which is all there is with fewer than three labels per class.
    """

    def strategy(trial: Trial) -> Outcome:
        images, items, seed = trial.source, trial.train, trial.seed

        def accuracy(learn, judge, **setting) -> float:
            network, _ = train(images, items[learn], seed, **setting)
            held_out = images.subset(items[judge])
            return (network(held_out) == held_out.labels).mean()

        chosen, notes = choose_setting(grid, images.labels[items], seed, accuracy)
        network, more = train(images, items, seed, **chosen)
        predicted = {name: network(test) for name, test in trial.tests().items()}
        return Outcome(predicted, notes | more, getattr(network, "model", None))

    return strategy


def choose_setting(grid, labels: np.ndarray, seed: int, accuracy: Callable) -> tuple[dict, dict]:
    """The setting that is best inside the training items, and what to note of it."""
    tunes = len(grid) > 1 and np.bincount(labels)[np.unique(labels)].min() >= FEWEST_TO_TUNE
    best = 0
    if tunes:
        learn, judge = _inner_split(labels, seed)
        best = int(np.argmax([accuracy(learn, judge, **setting) for setting in grid]))
    chosen = ", ".join(f"{key} {value}" for key, value in grid[best].items())
    return grid[best], {"chosen": chosen, "trials": len(grid) if tunes else 0}


def _inner_split(labels: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = random_stream(seed, "held out")
    judge = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        own = rng.permutation(np.flatnonzero(labels == label))
        judge[own[: max(1, round(0.3 * len(own)))]] = True
    return np.flatnonzero(~judge), np.flatnonzero(judge)


def train_head_on(rows: Callable[[int], Callable], grid: Sequence[dict]) -> Strategy:
    """A strategy: a linear head on rows of numbers, which are computed, and paid for, once.

    ``rows(seed)`` gives a function from a set to float (n, d); `grid` holds the penalties ``C``.
    """

    def strategy(trial: Trial) -> Outcome:
        rows_of = rows(trial.seed)
        x, labels = rows_of(trial.source.subset(trial.train)), trial.source.labels[trial.train]

        def accuracy(learn, judge, C: float) -> float:
            head = new_linear_head(C).fit(x[learn], labels[learn])
            return (head.predict(x[judge]) == labels[judge]).mean()

        with threadpool_limits(1):
            chosen, notes = choose_setting(grid, labels, trial.seed, accuracy)
            head = new_linear_head(**chosen).fit(x, labels)
            notes["trained_weights"] = head[-1].coef_.size + head[-1].intercept_.size
            tests = trial.tests().items()
            return Outcome({name: head.predict(rows_of(test)) for name, test in tests}, notes)

    return strategy


def train_on(
    model: nn.Module, part: ImageSet | TextSet, seed: int, epochs: int, **options
) -> tuple[Network, dict]:
    """Train what is not frozen, with a warm-up and a cosine unless told otherwise."""
    usual = {"schedule": "cosine", "warmup": 0.1, "batch_size": BATCH, "quiet": True}
    fit(model, part, seed=seed, epochs=epochs, **(usual | options))
    return Network(model), {"trained_weights": count_weights(model)[0], "epochs": epochs}
