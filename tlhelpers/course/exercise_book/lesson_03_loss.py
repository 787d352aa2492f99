"""Exercise 03.7: which loss a transfer has, told by the gradients that come back to the logits."""

import numpy as np
import torch
from torch.nn import functional

from tlhelpers.course.exercise_book.lesson_03_faults import must
from tlhelpers.course.exercise_book.watched_training import Pass

CLOSE = {"rtol": 1e-2, "atol": 2e-3}  # bfloat16 keeps three digits


def _to_one_hot(z, y):
    return functional.one_hot(y, z.shape[1]).to(z)


# What known mistakes minimise; only the direction of the gradient is compared.
LOSSES = {
    "softmax": [lambda z, y: functional.cross_entropy(z.softmax(1), y)],
    "squares": [
        lambda z, y: ((z - _to_one_hot(z, y)) ** 2).mean(),
        lambda z, y: ((z.softmax(1) - _to_one_hot(z, y)) ** 2).mean(),
    ],
    "hinge": [
        lambda z, y: functional.multi_margin_loss(z, y),
        lambda z, y: functional.multi_margin_loss(z.softmax(1), y),
    ],
    "nll": [
        lambda z, y: functional.nll_loss(z, y),
        lambda z, y: functional.nll_loss(z.softmax(1), y),
    ],
    "binary": [lambda z, y: functional.binary_cross_entropy_with_logits(z, _to_one_hot(z, y))],
}


def look_at_loss(one: Pass, y: torch.Tensor, n: int) -> None:
    """The gradient is that of the cross-entropy, divided by the number of all training items."""
    z, truth = one.logits, y[one.items]
    got = n * torch.stack(one.came_back).sum(dim=0)
    right = z.softmax(1) - _to_one_hot(z, truth)
    if torch.allclose(got, right, **CLOSE):
        return
    times = float((got * right).sum() / (right * right).sum())
    if torch.allclose(got, times * right, rtol=1e-3, atol=1e-4):
        must(times > 0, "upwards")
        must(not np.isclose(times, n, rtol=0.02), "sum")
        must(False, "scaled", times=times)
    _look_at_targets(z.softmax(1) - got, truth)
    for fault, losses in LOSSES.items():
        must(not any(_is_along(got, loss, z, truth) for loss in losses), fault)
    rows = (got * right).sum(dim=1, keepdim=True) / (right * right).sum(dim=1, keepdim=True)
    must(z.shape[1] < 3 or not torch.allclose(got, rows * right, **CLOSE), "weighted")
    must(False, "loss")


def _look_at_targets(targets: torch.Tensor, truth: torch.Tensor) -> None:
    """Were it a cross-entropy, these would be its targets: those of others, or smoothed ones."""
    is_one_hot = torch.isclose(targets.max(dim=1).values, torch.ones(()), atol=0.01)
    must(not (is_one_hot.all() and targets.min() > -0.01), "labels")
    others = targets.scatter(1, truth[:, None], torch.nan)
    others = others[~others.isnan()]
    must(not (others.min() > 0 and others.max() < 1.2 * others.min()), "smoothing")


def _is_along(got: torch.Tensor, loss, z: torch.Tensor, truth: torch.Tensor) -> bool:
    z = z.clone().requires_grad_()
    [gradient] = torch.autograd.grad(loss(z, truth), z)
    return float(functional.cosine_similarity(got.flatten(), gradient.flatten(), dim=0)) > 0.9999
