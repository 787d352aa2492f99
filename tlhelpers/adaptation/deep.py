"""Domain adaptation of networks: gradient reversal, aligned covariances, BatchNorm anew.

The labels of the target are out of reach: all that is kept of a target set is what makes its
batches, and how many items there are.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from tlhelpers.checks import is_int
from tlhelpers.data.images import ImageSet
from tlhelpers.data.texts import TextSet
from tlhelpers.errors import CourseError
from tlhelpers.models.backbones import seeded
from tlhelpers.models.classifier import Classifier
from tlhelpers.training.batches import Batches, Labelled, batches_of, labelled, steps
from tlhelpers.training.fitting import History
from tlhelpers.training.freezing import param_groups
from tlhelpers.training.loop import Run, apply_to, random_state_put_back
from tlhelpers.training.schedules import SCHEDULES, rate_factor

Penalty = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


# ---------------------------------------------------------------- gradient reversal


class GradientReversal(torch.autograd.Function):
    """Forward nothing, backward the gradient times −strength [1]_.

    References
    ----------
    .. [1] Ganin et al., Domain-adversarial training of neural networks, Journal of Machine Learning
       Research 17, 2016, arXiv:1505.07818.
    """

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
    """`GradientReversal` as a layer.

    Parameters
    ----------
    strength : float
        May be set anew at any time.
    """

    def __init__(self, strength: float = 1.0):
        super().__init__()
        self.strength = strength

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Any tensor, unchanged."""
        return GradientReversal.apply(x, self.strength)


def reversal_strength(progress: float, gamma: float = 10.0) -> float:
    """How strongly to reverse: from 0 to nearly 1, while the domain head learns its task [1]_.

    It follows the share of the training that is done. With a fixed number of steps, a short run
    would never come to full strength.

    Parameters
    ----------
    progress : float
        From 0 to 1.
    gamma : float
        The larger, the sooner.

    Returns
    -------
    float
        2 / (1 + exp(−gamma × progress)) − 1.

    Raises
    ------
    ValueError
        If `progress` is no share.

    References
    ----------
    .. [1] Ganin et al. 2016, as in `GradientReversal`, section 5.2.2.
    """
    if not 0 <= progress <= 1:
        raise ValueError(f"progress is a share of the training, from 0 to 1, got {progress!r}")
    return float(2 / (1 + np.exp(-gamma * progress)) - 1)


def domain_head(feature_size: int, hidden: int = 100, seed: int = 0) -> nn.Sequential:
    """Two layers that tell target features from source features, with random weights.

    Parameters
    ----------
    feature_size, hidden : int
    seed : int
        Draws the weights.

    Returns
    -------
    nn.Sequential
        float (n, feature_size) to one logit each, float (n, 1): above 0 for the target. A softmax
        over a single output would always be 1, and its gradient 0.
    """
    with seeded(seed):
        return nn.Sequential(nn.Linear(feature_size, hidden), nn.ReLU(), nn.Linear(hidden, 1))


# ---------------------------------------------------------------- penalties


def coral_loss(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """How far two batches of features are apart in their covariance [1]_.

    Parameters
    ----------
    a, b : float tensor, shape (n, d) and (m, d)
        At least two rows each.

    Returns
    -------
    float tensor, shape ()
        ‖cov(a) − cov(b)‖² / (4 d²), with the Frobenius norm.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    References
    ----------
    .. [1] Sun and Saenko, Deep CORAL: correlation alignment for deep domain adaptation, ECCV 2016
       workshops, arXiv:1607.01719.
    """
    _check_batches(a, b)
    difference = _covariance(a) - _covariance(b)
    return difference.square().sum() / (4 * a.shape[1] ** 2)


def _covariance(x: torch.Tensor) -> torch.Tensor:
    centred = x - x.mean(dim=0)
    return centred.T @ centred / (len(x) - 1)


def mmd_loss(a: torch.Tensor, b: torch.Tensor, bandwidth: float | None = None) -> torch.Tensor:
    """The squared maximum mean discrepancy of two batches, as `shift.mmd` estimates it.

    Parameters
    ----------
    a, b : float tensor, shape (n, d) and (m, d)
        At least two rows each.
    bandwidth : float, optional
        The median distance between any two rows when left out; no gradient goes through it.

    Returns
    -------
    float tensor, shape ()
        Unbiased, and so sometimes below 0.

    Raises
    ------
    ValueError
        If the shapes do not fit.
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
    own, others, across = kernel[:n, :n].sum(), kernel[n:, n:].sum(), kernel[:n, n:].mean()
    return (own - n) / (n * (n - 1)) + (others - m) / (m * (m - 1)) - 2 * across


def _check_batches(a: torch.Tensor, b: torch.Tensor) -> None:
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(f"features must be (n, d) and (m, d), got {(*a.shape,)} and {(*b.shape,)}")
    if min(len(a), len(b)) < 2:
        raise ValueError(f"at least two rows of each domain are needed, got {len(a)} and {len(b)}")


# ---------------------------------------------------------------- training on two domains


@dataclass(frozen=True)
class Unlabelled:
    """All that is known of a target: its items, but no label.

    Attributes
    ----------
    batches : callable
        int array (k,) of indices to what the model takes.
    count : int
        How many items there are.
    """

    batches: Batches
    count: int


def unlabelled(model: nn.Module, data) -> Unlabelled:
    """A view of `data` that holds no label.

    Parameters
    ----------
    model : nn.Module
    data : ImageSet, TextSet or Unlabelled
        The labels of a set are not read, not even to count its items.

    Returns
    -------
    Unlabelled

    Raises
    ------
    ValueError
        If it is something else, does not fit the model, or has fewer than two items.
    """
    if isinstance(data, Unlabelled):
        view = data
    elif isinstance(data, (ImageSet, TextSet)):
        items = data.pixels if isinstance(data, ImageSet) else data.texts
        view = Unlabelled(batches_of(model, data), len(items))
    else:
        kinds = "an ImageSet, a TextSet or Unlabelled(batches, count)"
        raise ValueError(f"target must be {kinds}, got {type(data).__name__}")
    if not is_int(view.count) or view.count < 2:
        raise ValueError(f"target has {view.count!r} item(s): at least two are needed")
    return view


def fit_aligned(
    model: Classifier,
    source: ImageSet | TextSet,
    target: ImageSet | TextSet | Unlabelled,
    distance: Penalty,
    *,
    weight: float = 1.0,
    **options,
) -> History:
    """Learn the source's labels while a distance between both domains' features is held small.

    The loss is the cross-entropy on a source batch, plus `weight` times the distance of its
    features to those of a target batch of the same size. An epoch shows each source item once;
    target items are drawn anew for it, none a second time before all had their turn. The model is
    changed in place and left in evaluation mode; the random state of the process is put back.

    Parameters
    ----------
    model : Classifier
        With ``backbone`` and ``linear_head``. What is frozen stays frozen.
    source : ImageSet or TextSet
        With labels.
    target : ImageSet, TextSet or Unlabelled
        Its labels are never read.
    distance : callable
        Two float tensors (k, feature_size) to a tensor (), e.g. `coral_loss` or `mmd_loss`.
    weight : float
        0 or more; with 0 it is training on the source alone, but for what BatchNorm sees.
    **options
        ``epochs`` (5), ``lr`` (1e-3, as in `param_groups`), ``weight_decay`` (0.01),
        ``batch_size`` (64, of each domain), ``seed`` (0), ``quiet`` (False).

    Returns
    -------
    History
        Per epoch, as means over its steps: `loss` and `accuracy` on the source as it was learned
        from, and `penalty` (not multiplied by the weight); and `seconds`.

    Raises
    ------
    ValueError
        If the model has no such parts, source or target do not fit it, or a number is out of
        range.
    CourseError
        If the loss stops being a number.
    """

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
    """Deep CORAL: source and target features shall have the same covariance [1]_.

    Parameters
    ----------
    model, source, target, weight, **options
        As in `fit_aligned`. The penalty acts on the backbone's features and is divided by the
        square of their number, so its weight must be large for both parts of the loss to count.

    Returns
    -------
    History
        As `fit_aligned` returns it.

    References
    ----------
    .. [1] Sun and Saenko 2016, as in `coral_loss`.
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
        As in `fit_aligned`.
    strength : float
        The reversal at its fullest; `reversal_strength` leads up to it.
    gamma : float
        As in `reversal_strength`.
    hidden : int
        As in `domain_head`.

    Returns
    -------
    History
        As `fit_aligned` returns it, with `domain_loss`, `domain_accuracy` (0.5: not told apart;
        below: the backbone turns faster than the head follows) and `strength` for `penalty`.

    References
    ----------
    .. [1] Ganin et al. 2016, as in `GradientReversal`.
    """
    _check_parts(model)
    _check_positive(strength=strength, gamma=gamma)
    reverse, head = ReverseGradient(), domain_head(model.linear_head.in_features, hidden, seed)

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
    _check_parts(model)
    _check_numbers(epochs=(epochs, 1), batch_size=(batch_size, 2), seed=(seed, 0))
    _check_positive(weight=weight)
    if schedule not in SCHEDULES:
        raise ValueError(f"unknown schedule {schedule!r}: known: {', '.join(SCHEDULES)}")
    data, other = labelled(model, source), unlabelled(model, target)
    groups = param_groups(model, lr, weight_decay)
    if extra is not None:
        groups.append({"params": list(extra.parameters()), "lr": groups[-1]["lr"]})
    factor = partial(rate_factor, schedule=schedule)
    run = _Alignment(model, torch.optim.AdamW(groups), "float32", batch_size, seed, factor)
    if extra is not None:
        extra.to(run.device)
    rows = []
    with random_state_put_back(run.device):
        for number in range(1, epochs + 1):
            rows.append(run.align(data, other, penalty, weight, number, epochs))
            if not quiet:
                told = ", ".join(f"{k} {v:.3f}" for k, v in rows[-1].items() if k != "epoch")
                print(f"epoch {number}/{epochs}: {told}", flush=True)
    model.eval()
    return History(pd.DataFrame(rows), epochs)


class _Alignment(Run):
    """The training loop for two domains at once."""

    def align(self, source: Labelled, target: Unlabelled, penalty, weight, number, epochs) -> dict:
        """Show each source item once, beside as many target items; the row of the table."""
        start, n = time.perf_counter(), len(source.labels)
        rng = self._seeded(number)
        mine = steps(rng.permutation(n), self.batch_size)
        theirs = steps(_as_many(rng, target.count, n), self.batch_size)
        self.model.train()
        told = []
        for step, (items, others) in enumerate(zip(mine, theirs, strict=True), start=1):
            progress = (number - 1 + (step - 0.5) / len(mine)) / epochs
            self._set_rates(progress)
            a, b = self._features(source.batches(items), target.batches(others))
            logits = self.model.linear_head(a)
            labels = torch.from_numpy(source.labels[items]).to(self.device)
            loss = cross_entropy(logits, labels)
            extra, notes = penalty(a, b, progress)
            self._step(loss + weight * extra, number, step)
            accuracy = (logits.argmax(1) == labels).float().mean().item()
            told.append({"loss": loss.item(), "accuracy": accuracy, **notes})
        means = np.average(pd.DataFrame(told), axis=0, weights=[len(items) for items in mine])
        row = {"epoch": number, **dict(zip(told[0], means.tolist(), strict=True))}
        return {**row, "seconds": time.perf_counter() - start}

    def _features(self, a, b) -> tuple[torch.Tensor, torch.Tensor]:
        body, device = self.model.backbone, self.device
        if torch.is_tensor(a) and torch.is_tensor(b) and a.shape[1:] == b.shape[1:]:
            # In one batch, since BatchNorm in use has one mean for both domains.
            return apply_to(body, torch.cat([a, b]), device).split([len(a), len(b)])
        return apply_to(body, a, device), apply_to(body, b, device)

    def _step(self, loss: torch.Tensor, epoch: int, step: int) -> None:
        if not torch.isfinite(loss):
            raise CourseError(
                f"the loss is {loss.item()} in epoch {epoch}, batch {step}: try a lower learning "
                "rate or weight, and look for items that are not finite"
            )
        self.optimizer.zero_grad(set_to_none=True)
        self.accelerator.backward(loss)
        self.optimizer.step()


def _as_many(rng: np.random.Generator, count: int, n: int) -> np.ndarray:
    """n indices below `count` in random order, none twice as often as another is missing."""
    rounds = [rng.permutation(count) for _ in range(-(-n // count))]
    return np.concatenate(rounds)[:n]


def _check_parts(model) -> None:
    for part in ("backbone", "linear_head"):
        if not isinstance(getattr(model, part, None), nn.Module):
            raise ValueError(f"{type(model).__name__} has no {part}: build a Classifier")


def _check_numbers(**named) -> None:
    for name, (value, least) in named.items():
        if not is_int(value) or value < least:
            raise ValueError(f"{name} must be a whole number from {least} on, got {value!r}")


def _check_positive(**named) -> None:
    for name, value in named.items():
        number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
        if not number or not 0 <= value < float("inf"):
            raise ValueError(f"{name} must be a number from 0 on, got {value!r}")


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
    changes. Held layers (see `freezing.freeze_to`) take the new statistics too and stay held.

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
    _check_numbers(batch_size=(batch_size, 2), fewest=(fewest, 2), seed=(seed, 0))
    view = unlabelled(model, target)
    if view.count < fewest:
        raise ValueError(
            f"target has {view.count} items, AdaBN asks for {fewest}: means and variances of fewer "
            "are noise; give more items, or less in fewest=…"
        )
    adapted = copy.deepcopy(model).eval()
    layers = [part for part in adapted.modules() if _has_batch_statistics(part)]
    if not layers:
        raise ValueError("the model has no BatchNorm layer with statistics: there is none to adapt")
    momenta = [layer.momentum for layer in layers]
    # The hook runs after the one that holds a frozen layer, so a held layer listens for once.
    hooks = [layer.register_forward_pre_hook(_listen) for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # torch then takes the mean over all batches
    device, rng = next(adapted.parameters()).device, np.random.default_rng((seed, 6))
    with torch.inference_mode():
        for items in steps(rng.permutation(view.count), batch_size):
            apply_to(adapted, view.batches(items), device)
    for layer, hook, momentum in zip(layers, hooks, momenta, strict=True):
        hook.remove()
        layer.momentum = momentum
    return adapted.eval()


def _listen(layer: nn.Module, inputs) -> None:
    layer.training = True


def _has_batch_statistics(part: nn.Module) -> bool:
    norm = isinstance(part, nn.modules.batchnorm._BatchNorm)
    return norm and part.running_mean is not None
