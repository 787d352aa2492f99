"""Strategies for pictures that shall serve another domain too.

Of the target a strategy gets pictures only, but for the one that is called "oracle".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from tlhelpers.adaptation.choosing import compute_scores
from tlhelpers.adaptation.deep import adapt_batchnorm, coral_loss, fit_aligned, fit_dann, mmd_loss
from tlhelpers.adaptation.evidence import gather_evidence
from tlhelpers.data.images import ImageSet
from tlhelpers.evaluation.trials import Outcome, Strategy, Trial
from tlhelpers.experiments.strategies import Network, train_on
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.small import SmallCNN
from tlhelpers.training.batches import Unlabelled, hide_labels

STRENGTHS = (0.03, 0.1, 0.3, 1.0)


@dataclass(frozen=True)
class Training:
    """How the small network is trained in each of the strategies that are compared."""

    epochs: int
    lr: float
    batch_size: int

    def options(self) -> dict:
        """For the functions of `adaptation.deep`."""
        return vars(self) | {"schedule": "cosine", "quiet": True}


def train_on_source(model, source: ImageSet, target, seed: int, how: Training):
    """Learn from the source and never see the target."""
    train_on(model, source, seed, **vars(how), warmup=0.0)
    return model


def renew_statistics(model, source: ImageSet, target: Unlabelled, seed: int, how: Training):
    """AdaBN: `train_on_source`, then BatchNorm statistics of the target."""
    return adapt_batchnorm(train_on_source(model, source, target, seed, how), target)


def align(
    model, source: ImageSet, target: Unlabelled, seed: int, how: Training, distance, weight: float
):
    """A distance between the features of both domains is part of the loss."""
    fit_aligned(model, source, target, distance, weight=weight, seed=seed, **how.options())
    return model


def train_adversarially(
    model, source, target: Unlabelled, seed: int, how: Training, strength: float
):
    """DANN: from the features a second head shall not tell the domain."""
    fit_dann(model, source, target, strength=strength, seed=seed, **how.options())
    return model


TRAINERS: dict[str, Callable] = {
    "source only": train_on_source,
    "AdaBN": renew_statistics,
    # The control: BatchNorm sees both domains, and nothing else is asked of them.
    "both in BatchNorm": partial(align, distance=coral_loss, weight=0.0),
    "DeepCORAL 10": partial(align, distance=coral_loss, weight=10.0),
    "DeepCORAL 100": partial(align, distance=coral_loss, weight=100.0),
    "DeepCORAL 1000": partial(align, distance=coral_loss, weight=1000.0),
    "MMD 1": partial(align, distance=mmd_loss, weight=1.0),
    **{f"DANN {s:g}": partial(train_adversarially, strength=s) for s in STRENGTHS},
}


def adapt_network(train: Callable, how: Training) -> Strategy:
    """A strategy: one of `TRAINERS` on a small network, and the scores to choose it by.

    The notes hold `compute_scores` on the source's test items, with labels, and on the target's
    training side, without.
    """

    def strategy(trial: Trial) -> Outcome:
        [target] = trial.targets.values()
        model = _new_network(trial)
        hidden = hide_labels(model, target.data.subset(target.train))
        model = train(model, trial.source.subset(trial.train), hidden, trial.seed, how)
        evidence = gather_evidence(model, trial.source.subset(trial.test), hidden)
        notes = {name: round(value, 5) for name, value in compute_scores(evidence).items()}
        return _predicted(model, trial, notes)

    return strategy


def learn_from_target(load: Callable[[], Mapping[str, ImageSet]], how: Training) -> Strategy:
    """The oracle: it learns from the target's labels, which `load` brings."""

    def strategy(trial: Trial) -> Outcome:
        [(name, target)] = trial.targets.items()
        model = _new_network(trial)
        train_on_source(model, load()[name].subset(target.train), None, trial.seed, how)
        return _predicted(model, trial, {})

    return strategy


def _new_network(trial: Trial) -> Classifier:
    size, names = trial.source.pixels.shape[1], trial.source.class_names
    return Classifier(SmallCNN(size, seed=trial.seed), len(names), names, trial.seed)


def _predicted(model, trial: Trial, notes: dict) -> Outcome:
    network = Network(model)
    return Outcome({name: network(test) for name, test in trial.tests().items()}, notes, model)
