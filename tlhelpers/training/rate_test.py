"""Which learning rate to begin with: a short training whose rate grows until the loss rises."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, count, islice

import numpy as np
import pandas as pd
import torch
from torch import nn

from tlhelpers.checks import whole
from tlhelpers.data.images import ImageSet
from tlhelpers.data.texts import TextSet
from tlhelpers.errors import CourseError
from tlhelpers.models.devices import on_device
from tlhelpers.training.batches import Batches, Labelled, attach_labels
from tlhelpers.training.fitting import check_options
from tlhelpers.training.freezing import frozen_hashes, refuse_moved
from tlhelpers.training.imbalance import correct_imbalance, draw_order
from tlhelpers.training.loop import Run
from tlhelpers.training.optimizers import check_rate, make_optimizer
from tlhelpers.training.randomness import random_state_put_back

WINDOW = 7  # steps whose mean is the smoothed loss
TOO_HIGH = 4.0  # times the lowest mean of a window: the test has seen enough
BELOW = 3.0  # the suggestion lies so many times below the rate of the lowest loss
FALL = 0.95  # a loss that never falls to this share of its start has no lowest point to trust


@dataclass(frozen=True, eq=False)
class RateTest:
    """What a rate test found.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per step: `step` (from 1), `rate` (of the last parameter group, the head's),
        `loss` (of the step's items, before its change), `smoothed` (mean of the seven steps around
        it, fewer at the ends). It ends early where the loss runs away.
    suggested : float
        A third of the rate at which `smoothed` is lowest; NaN if `smoothed` never falls by a
        twentieth of its first value.
    rose : bool
        True if the loss ran away or `smoothed` rose again by a twentieth after its lowest value.
        Otherwise no rate of the test was seen to be too high, and the suggestion is on the safe
        side.
    """

    table: pd.DataFrame
    suggested: float
    rose: bool

    @property
    def lowest(self) -> pd.Series:
        """The row at which the smoothed loss is lowest."""
        return self.table.loc[self.table["smoothed"].idxmin()]

    def __str__(self) -> str:
        first, low = self.table.iloc[0], self.lowest
        if np.isnan(self.suggested):
            return (
                f"no rate suggested: from {first.rate:.1e} on the loss never fell clearly below "
                f"{first.smoothed:.2f}, where it began; begin lower, or the model has learned all"
            )
        text = (
            f"suggested rate {self.suggested:.1e}: a third of {low.rate:.1e}, where the smoothed "
            f"loss is lowest ({low.smoothed:.2f}, from {first.smoothed:.2f})"
        )
        return text if self.rose else f"{text}; it did not rise again: a higher end tells more"


def find_rate(
    model: nn.Module,
    data: ImageSet | TextSet | Batches,
    labels=None,
    *,
    low: float = 1e-6,
    high: float = 1.0,
    steps: int = 100,
    lr: float | slice = 1.0,
    weight_decay: float = 0.01,
    batch_size: int = 16,
    augment=None,
    class_weights=None,
    balanced_draws: bool = False,
    optimizer: torch.optim.Optimizer | None = None,
    seed: int = 0,
    precision: str = "float32",
) -> RateTest:
    """Train a copy of the model with a rate that grows from step to step, and suggest a rate.

    The test of Smith [1]_: the rate goes from `low` to `high` by the same factor at each step. Too
    low a rate changes nothing, a good one lets the loss fall, too high a one drives it up. **The
    rule:** a third of the rate at which the smoothed loss is lowest. There the loss is about to
    rise; Smith takes a third or a quarter of the highest rate that still helps. It is a rate to
    begin with, found in a hundred steps under one seed: try thrice and a third of it as well.

    The model is left exactly as it was given, and so are an optimizer and the random numbers of the
    process: all is done on a copy, which is thrown away. What is frozen in the model is frozen in
    the test.

    Parameters
    ----------
    model, data, labels
        As in `fit`.
    low, high : float
        Ends of the rates of the last parameter group, which the head is in.
    steps : int
        From 10 on. The test stops before, when the mean loss of seven steps is above where it
        began and above four times the lowest such mean so far, or the loss is no number.
    lr : float or slice
        As in `fit`; here only the ratios between the layer groups count: ``slice(1, 100)`` lets
        the first group train at a hundredth of the last one's rate.
    weight_decay, batch_size, augment, class_weights, balanced_draws, optimizer, seed, precision
        As in `fit`; of an optimizer given, the ratios of its rates count.

    Returns
    -------
    RateTest

    Raises
    ------
    ValueError
        As for `fit`, or if the rates do not go up.
    CourseError
        If the loss is no number before any change, or a frozen weight has moved.

    References
    ----------
    .. [1] Smith, Cyclical learning rates for training neural networks, WACV 2017,
       arXiv:1506.01186.
    """
    rates = _growing_rates(low, high, steps)
    check_options(1, batch_size, seed, "constant")
    check_rate("lr", lr)
    train = attach_labels(model, data, labels, augment)
    train, _ = correct_imbalance(model, train, None, class_weights, balanced_draws)
    if optimizer is not None:
        make_optimizer(model, optimizer, lr, weight_decay)  # it must be one of this model
    model, optimizer = copy.deepcopy((model, optimizer))  # the copies belong together
    optimizer = make_optimizer(model, optimizer, lr, weight_decay)
    frozen = frozen_hashes(model)
    with random_state_put_back(), on_device(model) as device:
        run = Run(model, optimizer, device, precision, batch_size, seed)
        table = raise_rates(optimizer, rates, _losses(run, train))
        refuse_moved(frozen, model)
    return judge_rates(table, stopped=len(table) < steps)


def _growing_rates(low: float, high: float, steps: int) -> np.ndarray:
    whole("steps", steps, 10)
    check_rate("low", low)
    check_rate("high", high)
    if isinstance(low, slice) or isinstance(high, slice) or not low < high:
        raise ValueError(f"the rates must go up: low {low!r} is not below high {high!r}")
    return np.geomspace(low, high, steps)


def _losses(run: Run, train: Labelled) -> Iterator[torch.Tensor]:
    """The loss of one step's items after the other, epoch after epoch without end."""

    def order(rng: np.random.Generator) -> list[np.ndarray]:
        return [draw_order(train, rng)]

    epochs = (run.steps(epoch, epoch, order) for epoch in count(1))
    return (run.loss(train, *step.items)[0] for step in chain.from_iterable(epochs))


def raise_rates(
    optimizer: torch.optim.Optimizer, rates: np.ndarray, losses: Iterable[torch.Tensor]
) -> pd.DataFrame:
    """Step along the gradient of one loss after the other, each with the next rate.

    All parameter groups keep the ratios of their rates; `rates` are those of the last one. It ends
    with the rates, or where the losses run away.
    """
    start = [float(group["lr"]) for group in optimizer.param_groups]
    if not start[-1] > 0:
        raise ValueError("the optimizer's last parameter group has a rate of 0: give it another")
    rows: list[dict] = []
    means: list[float] = []
    for rate, loss in zip(rates, islice(losses, len(rates)), strict=True):
        if not torch.isfinite(loss):
            break
        rows.append({"step": len(rows) + 1, "rate": float(rate), "loss": loss.item()})
        means.append(np.mean([row["loss"] for row in rows[-WINDOW:]]))
        if means[-1] > max(means[0], TOO_HIGH * min(means)):  # it runs away
            break
        for group, own in zip(optimizer.param_groups, start, strict=True):
            group["lr"] = rate * own / start[-1]
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    if not rows:
        raise CourseError(
            "the loss of the first step is no number, before any change: look for items that are "
            "not finite"
        )
    return pd.DataFrame(rows)


def judge_rates(table: pd.DataFrame, stopped: bool) -> RateTest:
    """Smooth the losses of `raise_rates` and suggest a rate by the rule of `find_rate`."""
    smoothed = table["loss"].rolling(WINDOW, center=True, min_periods=1).mean()
    place = smoothed.argmin()
    fell = smoothed.iloc[place] <= FALL * smoothed.iloc[0]
    rose = stopped or FALL * smoothed.iloc[place:].max() >= smoothed.iloc[place]
    suggested = table["rate"].iloc[place] / BELOW if fell else float("nan")
    return RateTest(table.assign(smoothed=smoothed), float(suggested), bool(rose))
