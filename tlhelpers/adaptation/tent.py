"""Test-time adaptation by lower entropy: AdaBN that goes on with gradient steps.

No label is read, neither of the source nor of the target, and no item of the source is needed.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice

import numpy as np
import torch
from torch import nn

from tlhelpers.adaptation.deep import adapt_batchnorm, batch_norms, use_batch
from tlhelpers.checks import number, whole, whole_numbers
from tlhelpers.data.images import ImageSet
from tlhelpers.data.streams import random_stream
from tlhelpers.data.texts import TextSet
from tlhelpers.errors import CourseError
from tlhelpers.evaluation.trials import Outcome, Strategy, Trial
from tlhelpers.models.devices import on_device
from tlhelpers.training.batches import Unlabelled, batch_on, cut_into_steps, hide_labels
from tlhelpers.training.loop import apply_to
from tlhelpers.training.predicting import predict_outputs


def mean_entropy(logits: torch.Tensor) -> torch.Tensor:
    """What Tent makes smaller: logits (n, classes) to the mean entropy of their rows, ()."""
    return torch.distributions.Categorical(logits=logits, validate_args=False).entropy().mean()


def largest_share(predicted) -> float:
    """Measure which share of the answers is the one class that is given most often.

    No label is needed. It is 1 for a model that has collapsed into one class. Of answers that are
    all right it is the share of the largest class.

    Parameters
    ----------
    predicted : int array, shape (n,)
        Predicted labels.

    Returns
    -------
    float
        Above 0 and at most 1.

    Raises
    ------
    ValueError
        If there are none, or they are not whole numbers.
    """
    predicted = whole_numbers(predicted, "predicted labels")
    return float(np.unique(predicted, return_counts=True)[1].max() / len(predicted))


def adapt_tent(
    model: nn.Module,
    target: ImageSet | TextSet | Unlabelled,
    *,
    steps: Iterable[int] = (0, 100),
    lr: float = 1e-3,
    batch_size: int = 64,
    seed: int = 0,
) -> dict[int, nn.Module]:
    """Tent: train scale and shift of BatchNorm towards confident answers on the target [1]_.

    In each step BatchNorm takes the statistics of the target batch, and Adam makes the mean entropy
    of the answers smaller. Nothing but the scales and shifts moves. Whoever wants the model after
    a number of steps gets a copy with the statistics of all target items, as `adapt_batchnorm`
    computes them: after 0 steps Tent is AdaBN.

    Parameters
    ----------
    model : nn.Module
        Stays as it is, to compare with.
    target : ImageSet, TextSet or Unlabelled
        Its labels are never read.
    steps : iterable of int
        After how many steps a copy is made; 0 is AdaBN.
    lr : float
        Adam's learning rate, above 0.
    batch_size : int
        At most so many items in a step. Each pass over the target has an order of its own.
    seed : int
        Of the orders.

    Returns
    -------
    dict of int to nn.Module
        By number of steps, from few to many, each in evaluation mode.

    Raises
    ------
    ValueError
        If a number is out of range, the target has too few items for `adapt_batchnorm`, or the
        model has no BatchNorm layer with statistics, or none with a scale and a shift.
    CourseError
        If the entropy stops being a number.

    References
    ----------
    .. [1] Wang, Shelhamer, Liu, Olshausen and Darrell, Tent: fully test-time adaptation by entropy
       minimization, ICLR 2021, arXiv:2006.10726.
    """
    wanted = _check_steps(steps)
    number("lr", lr)
    if lr <= 0:
        raise ValueError(f"lr must be above 0, got {lr!r}")
    whole("batch_size", batch_size, 2)
    view = hide_labels(model, target)
    learner = _ready_to_learn(model)
    optimizer = torch.optim.Adam(scales_and_shifts(learner), lr=lr)
    batches = _endless_batches(view.count, batch_size, seed)
    found, done = {}, 0
    for count in wanted:
        _take_steps(learner, optimizer, view, islice(batches, count - done))
        found[count], done = adapt_batchnorm(learner, view, seed=seed), count
    return found


def scales_and_shifts(model: nn.Module) -> list[nn.Parameter]:
    """Find what Tent trains: `weight` and `bias` of the BatchNorm layers with running statistics.

    Parameters
    ----------
    model : nn.Module
        Nothing in it is changed.

    Returns
    -------
    list of nn.Parameter
        The scales and shifts themselves, layer by layer; empty if there are none.
    """
    return [
        parameter
        for layer in batch_norms(model)
        for parameter in (layer.weight, layer.bias)
        if parameter is not None
    ]


def follow_tent(
    train: Callable[[Trial], nn.Module],
    *,
    name: str = "Tent",
    steps: Iterable[int] = (0, 40, 80, 160),
    choose: Callable[[str, np.ndarray], np.ndarray] | None = None,
    **options,
) -> dict[int, tuple[str, Strategy]]:
    """Make strategies for `repeat`: Tent after each number of steps.

    Parameters
    ----------
    train : callable
        ``train(trial)`` gives the network that has learned from the source of a `Trial`.
    name : str
        How the names of the strategies begin.
    steps : iterable of int
        As in `adapt_tent`; of a trial, the networks for all of them are made once.
    choose : callable, optional
        ``choose(name, items)`` gives the items that Tent meets, out of those of the target's
        training side, int64 (n,); all of them when left out. `name` is that of the target.
    **options
        ``lr`` and ``batch_size``, as in `adapt_tent`.

    Returns
    -------
    dict of int to tuple of str and callable
        By number of steps, the name and the strategy. Its note `entropy` is the mean entropy of
        the answers to the target's test items.
    """
    wanted, made = _check_steps(steps), {}

    def after(count: int, trial: Trial) -> Outcome:
        if (of := (trial.name, trial.seed)) not in made:
            [(target_name, target)] = trial.targets.items()
            items = choose(target_name, target.train) if choose else target.train
            seen = target.data.subset(items)
            made[of] = adapt_tent(train(trial), seen, steps=wanted, seed=trial.seed, **options)
        return _answers(made[of][count], trial)

    return {count: (f"{name}, {count} steps", partial(after, count)) for count in wanted}


def _answers(model: nn.Module, trial: Trial) -> Outcome:
    """The predicted labels, and how confident they are on the target."""
    outputs = {
        name: predict_outputs(model, test, batch_size=256) for name, test in trial.tests().items()
    }
    [target] = trial.targets
    entropy = mean_entropy(torch.from_numpy(outputs[target])).item()
    predicted = {name: rows.argmax(axis=1) for name, rows in outputs.items()}
    return Outcome(predicted, {"entropy": round(entropy, 5)})


def _ready_to_learn(model: nn.Module) -> nn.Module:
    """A copy in which scales and shifts of BatchNorm are open to gradients, and nothing else."""
    learner = copy.deepcopy(model).eval().requires_grad_(False)
    trained = scales_and_shifts(learner)
    if not trained:
        raise ValueError(
            "the model has no BatchNorm layer with statistics, scale and shift: Tent trains these"
        )
    for parameter in trained:
        parameter.requires_grad = True
    return learner


def _take_steps(learner, optimizer, view: Unlabelled, batches: Iterable[np.ndarray]) -> None:
    """One step of Adam per batch, whose own statistics BatchNorm takes."""
    # The hook runs after the one that holds a frozen layer: see `adapt_batchnorm`.
    hooks = [layer.register_forward_pre_hook(use_batch) for layer in batch_norms(learner)]
    with on_device(learner) as device, torch.enable_grad():
        for items in batches:
            logits = apply_to(learner, batch_on(device, view.batches, items), device)
            entropy = mean_entropy(logits)
            if not torch.isfinite(entropy):
                raise CourseError("the entropy stopped being a number: give a smaller lr")
            optimizer.zero_grad()
            entropy.backward()
            optimizer.step()
    for hook in hooks:
        hook.remove()
    learner.eval()


def _endless_batches(count: int, batch_size: int, seed: int) -> Iterator[np.ndarray]:
    """Items of one batch after another, pass after pass, each in an order of its own."""
    rng = random_stream(seed, "batches of the target")
    while True:
        yield from cut_into_steps(rng.permutation(count), batch_size)


def _check_steps(steps: Iterable[int]) -> list[int]:
    """The numbers of steps, from few to many and each once."""
    counts = list(steps) if isinstance(steps, Iterable) else [steps]
    if not counts:
        raise ValueError("steps is empty: give at least one number of steps, e.g. [0, 100]")
    return sorted({whole("steps", count, 0) for count in counts})
