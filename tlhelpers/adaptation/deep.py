"""Domain adaptation of networks: gradient reversal, aligned covariances, BatchNorm anew.

The labels of the target are out of reach: all that is kept of a target set is what makes its
batches, and how many items there are.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from tlhelpers.checks import number, whole
from tlhelpers.data.images import ImageSet
from tlhelpers.data.streams import random_stream
from tlhelpers.data.texts import TextSet
from tlhelpers.models.backbones import seeded
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.devices import on_device
from tlhelpers.training.batches import (
    Labelled,
    Unlabelled,
    attach_labels,
    batch_on,
    cut_into_steps,
    hide_labels,
)
from tlhelpers.training.fitting import History, check_options
from tlhelpers.training.loop import Run, apply_to
from tlhelpers.training.optimizers import param_groups

Penalty = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


# ---------------------------------------------------------------- gradient reversal


class GradientReversal(torch.autograd.Function):
    """Forward nothing, backward the gradient times −strength: see `fit_dann` for the paper."""

    @staticmethod
    def forward(context, x: torch.Tensor, strength: float) -> torch.Tensor:
        """`x` as it is."""
        context.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(context, gradient: torch.Tensor):
        """The reversed gradient; there is none for the strength."""
        return -context.strength * gradient, None


class ReverseGradient(nn.Module):
    """`GradientReversal` as a layer, whose strength may be set anew at any time."""

    def __init__(self, strength: float = 1.0):
        super().__init__()
        self.strength = strength

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Any tensor, unchanged."""
        return GradientReversal.apply(x, self.strength)


def reversal_strength(progress: float, gamma: float = 10.0) -> float:
    """How strongly to reverse after a share of the training: 2 / (1 + exp(−gamma progress)) − 1.

    With a fixed number of steps instead of a share, a short run would never come to full strength.
    """
    if not 0 <= progress <= 1:
        raise ValueError(f"progress is a share of the training, from 0 to 1, got {progress!r}")
    return float(2 / (1 + np.exp(-gamma * progress)) - 1)


def new_domain_head(feature_size: int, hidden: int = 100, seed: int = 0) -> nn.Sequential:
    """Two layers with random weights: features to one logit each, above 0 for the target.

    A softmax over a single output would always be 1, and its gradient 0.
    """
    with seeded(seed):
        return nn.Sequential(nn.Linear(feature_size, hidden), nn.ReLU(), nn.Linear(hidden, 1))


# ---------------------------------------------------------------- penalties


def coral_loss(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """‖cov(a) − cov(b)‖² / (4 d²) of features (n, d) and (m, d): see `fit_deep_coral`."""
    _check_batches(a, b)
    difference = _covariance(a) - _covariance(b)
    return difference.square().sum() / (4 * a.shape[1] ** 2)


def _covariance(x: torch.Tensor) -> torch.Tensor:
    centred = x - x.mean(dim=0)
    return centred.T @ centred / (len(x) - 1)


def mmd_loss(a: torch.Tensor, b: torch.Tensor, bandwidth: float | None = None) -> torch.Tensor:
    """The squared maximum mean discrepancy of two batches, as `shift.mmd` estimates it.

    Unbiased, and so sometimes below 0; no gradient goes through the median bandwidth.
    """
    _check_batches(a, b)
    n, m = len(a), len(b)
    x = torch.cat([a, b])
    # Not torch.cdist: the gradient of a root is infinite where the distance is 0.
    squared = (x[:, None] - x[None]).square().sum(dim=2)
    if bandwidth is None:
        pairs = torch.triu_indices(n + m, n + m, offset=1, device=x.device)
        bandwidth = squared.detach()[pairs[0], pairs[1]].sqrt().quantile(0.5).clamp(min=1e-6)
    kernel = torch.exp(squared / (-2 * bandwidth**2))
    within_a, within_b, across = kernel[:n, :n].sum(), kernel[n:, n:].sum(), kernel[:n, n:].mean()
    return (within_a - n) / (n * (n - 1)) + (within_b - m) / (m * (m - 1)) - 2 * across


def _check_batches(a: torch.Tensor, b: torch.Tensor) -> None:
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(f"features must be (n, d) and (m, d), got {(*a.shape,)} and {(*b.shape,)}")
    if min(len(a), len(b)) < 2:
        raise ValueError(f"at least two rows of each domain are needed, got {len(a)} and {len(b)}")


# ---------------------------------------------------------------- training on two domains


def fit_aligned(
    model: Classifier,
    source: ImageSet | TextSet,
    target: ImageSet | TextSet | Unlabelled,
    distance: Penalty,
    *,
    weight: float = 1.0,
    **options,
) -> History:
    """As `fit_deep_coral`, with any distance: features, twice float (k, d), to a tensor ()."""

    def penalty(a, b, progress):
        value = distance(a, b)
        return value, {"penalty": value.item()}

    return _fit(model, source, target, penalty, weight, **options)


def fit_deep_coral(
    model: Classifier,
    source: ImageSet | TextSet,
    target: ImageSet | TextSet | Unlabelled,
    *,
    weight: float = 100.0,
    **options,
) -> History:
    """Deep CORAL: learn the source's labels while both domains' features share a covariance [1]_.

    The loss is the cross-entropy on a source batch, plus `weight` times the distance of its
    features to those of a target batch of the same size: ‖cov(a) − cov(b)‖² / (4 d²), with the
    Frobenius norm and the number of features d. An epoch shows each source item once; target items
    are drawn anew for it, none a second time before all had their turn. The model is changed in
    place and left in evaluation mode; the random state of the process is put back.

    Parameters
    ----------
    model : Classifier
        With ``backbone`` and ``linear_head``. What is frozen stays frozen.
    source : ImageSet or TextSet
        With labels.
    target : ImageSet, TextSet or Unlabelled
        Its labels are never read.
    weight : float
        0 or more; with 0 it is training on the source alone, but for what BatchNorm sees. Since the
        distance is divided by d², it must be large for both parts of the loss to count.
    **options
        As in `fit`: ``epochs`` (5), ``lr`` (1e-3), ``weight_decay`` (0.01), ``schedule``
        ("constant"), ``batch_size`` (64, of each domain), ``seed`` (0), ``quiet`` (False).

    Returns
    -------
    History
        Per epoch, as means over its steps: `loss` and `accuracy` on the source as it was learned
        from, and `penalty`, the distance (not multiplied by the weight); and `seconds`.

    Raises
    ------
    ValueError
        If the model has no such parts, source or target do not fit it, or a number is out of
        range.
    CourseError
        If the loss stops being a number.

    References
    ----------
    .. [1] Sun and Saenko, Deep CORAL: correlation alignment for deep domain adaptation, ECCV 2016
       workshops, arXiv:1607.01719.
    """
    return fit_aligned(model, source, target, coral_loss, weight=weight, **options)


def fit_dann(
    model: Classifier,
    source: ImageSet | TextSet,
    target: ImageSet | TextSet | Unlabelled,
    *,
    strength: float = 1.0,
    gamma: float = 10.0,
    hidden: int = 100,
    seed: int = 0,
    **options,
) -> History:
    """DANN: features from which a second head cannot tell the domain [1]_.

    The domain head learns to tell the domains apart; the backbone gets its gradient reversed.

    Parameters
    ----------
    model, source, target, seed, **options
        As in `fit_deep_coral`.
    strength : float
        The reversal at its fullest; it grows from 0 with the share of the training that is done,
        while the domain head learns its task.
    gamma : float
        The larger, the sooner it is full.
    hidden : int
        Width of the domain head's middle layer.

    Returns
    -------
    History
        As `fit_deep_coral` returns it, with `domain_loss`, `domain_accuracy` (0.5: not told apart;
        below: the backbone turns faster than the head follows) and `strength` for `penalty`.

    References
    ----------
    .. [1] Ganin et al., Domain-adversarial training of neural networks, Journal of Machine Learning
       Research 17, 2016, arXiv:1505.07818.
    """
    _check_parts(model)
    number("strength", strength)
    number("gamma", gamma)
    reverse, head = ReverseGradient(), new_domain_head(model.linear_head.in_features, hidden, seed)

    def penalty(a, b, progress):
        reverse.strength = strength * reversal_strength(progress, gamma)
        logits = head(reverse(torch.cat([a, b]))).squeeze(1)
        domains = torch.cat([torch.zeros(len(a)), torch.ones(len(b))]).to(logits.device)
        loss = binary_cross_entropy_with_logits(logits, domains)
        accuracy = ((logits > 0) == (domains > 0)).float().mean().item()
        notes = {"domain_loss": loss.item(), "domain_accuracy": accuracy}
        return loss, {**notes, "strength": reverse.strength}

    return _fit(model, source, target, penalty, 1.0, extra=head, seed=seed, **options)


def _fit(
    model,
    source,
    target,
    penalty,
    weight,
    extra: nn.Module | None = None,
    epochs: int = 5,
    lr: float | slice = 1e-3,
    weight_decay: float = 0.01,
    schedule: str = "constant",
    batch_size: int = 64,
    seed: int = 0,
    quiet: bool = False,
) -> History:
    """Train with a penalty on the features of both domains; `extra` trains at the head's rate."""
    _check_parts(model)
    check_options(epochs, batch_size, seed, schedule, smallest=2)
    number("weight", weight)
    labelled, unlabelled = attach_labels(model, source), hide_labels(model, target)
    groups = param_groups(model, lr, weight_decay)
    if extra is not None:
        groups.append({"params": list(extra.parameters()), "lr": groups[-1]["lr"]})
    modules = [model] if extra is None else [model, extra]
    with on_device(*modules) as device:
        optimizer = torch.optim.AdamW(groups)
        run = Run(model, optimizer, device, "float32", batch_size, seed, schedule)

        def one_epoch(epoch: int) -> dict[str, float]:
            return _align_epoch(run, labelled, unlabelled, penalty, weight, epoch, epochs)

        rows = run.repeat(one_epoch, epochs, quiet)
    return History(pd.DataFrame(rows), epochs)


def _align_epoch(
    run: Run, source: Labelled, target: Unlabelled, penalty, weight: float, epoch: int, epochs: int
) -> dict[str, float]:
    """Show each source item once, beside as many target items; what the steps gave on average."""
    n, notes, sizes = len(source.labels), [], []

    def draw(rng: np.random.Generator) -> list[np.ndarray]:
        return [rng.permutation(n), _as_many(rng, target.count, n)]

    for step in run.steps(epoch, epochs, draw):
        items, beside = step.items
        pair = (source.batches, items), (target.batches, beside)
        a, b = _features(run, *(batch_on(run.device, *one) for one in pair))
        logits = run.model.linear_head(a)
        labels = torch.from_numpy(source.labels[items]).to(run.device)
        loss = cross_entropy(logits, labels)
        extra, more = penalty(a, b, step.progress)
        run.learn(loss + weight * extra, step, "learning rate or weight")
        accuracy = (logits.argmax(1) == labels).float().mean().item()
        notes.append({"loss": loss.item(), "accuracy": accuracy, **more})
        sizes.append(len(items))
    means = np.average(pd.DataFrame(notes), axis=0, weights=sizes)
    return dict(zip(notes[0], means.tolist(), strict=True))


def _features(run: Run, a, b) -> tuple[torch.Tensor, torch.Tensor]:
    backbone, device = run.model.backbone, run.device
    if torch.is_tensor(a) and torch.is_tensor(b) and a.shape[1:] == b.shape[1:]:
        # In one batch, since BatchNorm in use has one mean for both domains.
        return apply_to(backbone, torch.cat([a, b]), device).split([len(a), len(b)])
    return apply_to(backbone, a, device), apply_to(backbone, b, device)


def _as_many(rng: np.random.Generator, count: int, n: int) -> np.ndarray:
    """n indices below `count` in random order, none twice as often as another is missing."""
    rounds = [rng.permutation(count) for _ in range(-(-n // count))]
    return np.concatenate(rounds)[:n]


def _check_parts(model) -> None:
    for part in ("backbone", "linear_head"):
        if not isinstance(getattr(model, part, None), nn.Module):
            raise ValueError(f"{type(model).__name__} has no {part}: build a Classifier")


# ---------------------------------------------------------------- BatchNorm anew


def adapt_batchnorm(
    model: nn.Module,
    target: ImageSet | TextSet | Unlabelled,
    *,
    batch_size: int = 256,
    fewest: int = 64,
    seed: int = 0,
) -> nn.Module:
    """AdaBN: a copy of a model whose BatchNorm statistics are those of the target [1]_.

    All target items pass once, in random order, since a batch of one class has the statistics of
    that class. Each layer takes the mean over all batches, not an average that forgets. No weight
    changes. Held layers (see `freeze_to`) take the new statistics too and stay held.

    Parameters
    ----------
    model : nn.Module
        Stays as it is, to compare with.
    target : ImageSet, TextSet or Unlabelled
        Its labels are never read.
    batch_size : int
        At most so many items at once.
    fewest : int
        With fewer items the statistics would be noise, and are refused.
    seed : int
        Of the order.

    Returns
    -------
    nn.Module
        In evaluation mode.

    Raises
    ------
    ValueError
        If there are fewer items than `fewest`, or the model has no BatchNorm statistics.

    References
    ----------
    .. [1] Li, Wang, Shi, Hou and Liu, Adaptive batch normalization for practical domain
       adaptation, Pattern Recognition 80, 2018, arXiv:1603.04779.
    """
    whole("batch_size", batch_size, 2)
    whole("fewest", fewest, 2)
    rng = random_stream(seed, "batches of the target")
    view = hide_labels(model, target)
    if view.count < fewest:
        raise ValueError(
            f"target has {view.count} items, AdaBN asks for {fewest}: means and variances of fewer "
            "are noise; give more items, or less in fewest=…"
        )
    adapted = copy.deepcopy(model).eval()
    layers = batch_norms(adapted)
    if not layers:
        raise ValueError("the model has no BatchNorm layer with statistics: there is none to adapt")
    momenta = [layer.momentum for layer in layers]
    # The hook runs after the one that holds a frozen layer, so a held layer listens for once.
    hooks = [layer.register_forward_pre_hook(use_batch) for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # torch then takes the mean over all batches
    with on_device(adapted) as device, torch.inference_mode():
        for items in cut_into_steps(rng.permutation(view.count), batch_size):
            apply_to(adapted, batch_on(device, view.batches, items), device)
    for layer, hook, momentum in zip(layers, hooks, momenta, strict=True):
        hook.remove()
        layer.momentum = momentum
    return adapted.eval()


def use_batch(layer: nn.Module, inputs) -> None:
    """A hook: the layer takes the statistics of the batch, as in training."""
    layer.training = True


def batch_norms(model: nn.Module) -> list[nn.Module]:
    """The BatchNorm layers that keep running statistics."""
    norms = [part for part in model.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)]
    return [layer for layer in norms if layer.running_mean is not None]
