"""What helps where one class has many items and another few: weights in the loss, other draws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sklearn.utils.class_weight import compute_class_weight
from torch import nn

from tlhelpers.checks import known
from tlhelpers.training.batches import Labelled


def correct_imbalance(
    model: nn.Module,
    train: Labelled,
    valid: Labelled | None,
    class_weights=None,
    balanced_draws: bool = False,
) -> tuple[Labelled, Labelled | None]:
    """The items with the weights and draws that `fit` was asked for; validation is weighed too."""
    if not isinstance(balanced_draws, (bool, np.bool_)):
        raise ValueError(f"balanced_draws must be True or False, got {balanced_draws!r}")
    if class_weights is not None and balanced_draws:
        raise ValueError(
            "class_weights and balanced_draws would correct the imbalance twice: leave one out"
        )
    if class_weights is not None:
        names = getattr(model, "class_names", None)
        weights = weigh_classes(class_weights, train.labels, names and len(names))
        train = replace(train, weights=weights[train.labels])
        if valid is not None:
            # A class that only validation has counts as the average item does.
            more = np.ones(max(0, valid.labels.max() + 1 - len(weights)))
            valid = replace(valid, weights=np.concatenate([weights, more])[valid.labels])
    return replace(train, balanced=bool(balanced_draws)), valid


def weigh_classes(given, labels: np.ndarray, classes: int | None = None) -> np.ndarray:
    """How much an item of each class counts, float (classes,); 1 on average over all `labels`.

    Balanced ones go against the number of items; of weights given, only the ratios count.
    """
    if isinstance(given, str):
        known("class_weights", given, ["balanced"])
        weights = np.ones(classes or labels.max() + 1)
        present = np.unique(labels)
        weights[present] = compute_class_weight("balanced", classes=present, y=labels)
        return weights
    weights = _checked(given, int(labels.max()) + 1, classes)
    return weights / weights[labels].mean()


def _checked(given, needed: int, classes: int | None) -> np.ndarray:
    """Weights as one positive number for each class."""
    try:
        weights = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        weights = np.empty((0, 0))
    if weights.ndim != 1:
        raise ValueError(
            f'class_weights must be "balanced" or one number for each class, got {given!r}'
        )
    if len(weights) < needed or (classes and len(weights) != classes):
        raise ValueError(
            f"class_weights holds {len(weights)} numbers for {classes or needed} classes: "
            "give one for each, in their order"
        )
    bad = np.flatnonzero(~(np.isfinite(weights) & (weights > 0)))
    if len(bad):
        raise ValueError(
            f"class_weights must be finite and above 0, got {weights[bad[0]]} for class {bad[0]}: "
            "to leave a class out, leave its items out"
        )
    return weights


def draw_order(data: Labelled, rng: np.random.Generator) -> np.ndarray:
    """The items of one epoch in the order in which they are shown, int (n,).

    Each once; or, with balanced draws, as many in all, but of each class the same number (to one
    item): a large class shows another part of its items in each epoch, a small one its items again.
    """
    n = len(data.labels)
    if not data.balanced:
        return rng.permutation(n)
    classes = rng.permutation(np.unique(data.labels))
    shares = [len(part) for part in np.array_split(np.arange(n), len(classes))]
    drawn = [
        _draw(np.flatnonzero(data.labels == one), share, rng)
        for one, share in zip(classes, shares, strict=True)
    ]
    return rng.permutation(np.concatenate(drawn))


def _draw(items: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """So many of some items: none a second time before each has come once."""
    rounds = [rng.permutation(items) for _ in range(-(-count // len(items)))]
    return np.concatenate(rounds)[:count]
