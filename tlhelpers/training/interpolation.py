"""Between the old weights and the new: one network that knows some of both tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import pandas as pd
import torch
from torch import nn

from tlhelpers.checks import is_number, whole
from tlhelpers.training.batches import SETS
from tlhelpers.training.predicting import predict


def interpolate_weights(
    old: Mapping[str, torch.Tensor], new: Mapping[str, torch.Tensor], share: float
) -> dict[str, torch.Tensor]:
    """Mix the weights of one network before and after a training: (1 − share) · old + share · new.

    Along this line a tuned network often keeps most of what it learned and gets back most of what
    it forgot [1]_. The two must come from one network, one trained on from the other: two that were
    trained apart have no line in common.

    Parameters
    ----------
    old, new : mapping of str to tensor
        Of ``state_dict()``, under the same names and in the same shapes; the old ones copied
        (``copy.deepcopy``) before the training, which would change them too. With a new head, take
        for `old` the network whose head alone was trained: random weights spoil the mix.
    share : float
        Of the new, from 0 (exactly the old) to 1 (exactly the new).

    Returns
    -------
    dict of str to tensor
        For ``load_state_dict``, copies of their own, where the new ones lie. BatchNorm's running
        statistics are mixed as the weights are; in between, what is no floating number (counts) is
        the new one's.

    Raises
    ------
    ValueError
        If `share` is out of range, names, shapes or kinds of number differ (the message names the
        first that does), or the old weights were not copied.

    References
    ----------
    .. [1] Wortsman et al., Robust fine-tuning of zero-shot models, CVPR 2022, arXiv:2109.01903.
    """
    if not is_number(share) or not 0 <= share <= 1:
        raise ValueError(f"share is that of the new weights, from 0 to 1, got {share!r}")
    _refuse_unequal(old, new)
    return {name: _mix(old[name].detach(), value.detach(), share) for name, value in new.items()}


def _mix(old: torch.Tensor, new: torch.Tensor, share: float) -> torch.Tensor:
    """Both ends are taken as they are: no rounding, and no product of 0 and infinity."""
    old = old.to(new.device)
    if share == 0:
        return old.clone()
    if share == 1 or not (new.is_floating_point() or new.is_complex()):
        return new.clone()
    return torch.lerp(old, new, share)


def _refuse_unequal(old: Mapping, new: Mapping) -> None:
    for name, weights in (("old", old), ("new", new)):
        if not isinstance(weights, Mapping) or not weights:
            raise ValueError(
                f"the {name} weights must be a state_dict() with tensors, got "
                f"{type(weights).__name__} of {len(weights) if hasattr(weights, '__len__') else 0}"
            )
    for more, less, words in (
        (old, new, "old, but not in the new"),
        (new, old, "new, not the old"),
    ):
        alone = [name for name in more if name not in less]
        if alone:
            raise ValueError(
                f"{len(alone)} of {len(more)} weights are in the {words}, e.g. {alone[0]!r}: both "
                "must be states of one network"
            )
    for name, value in new.items():
        for what in ("shape", "dtype"):
            before, after = getattr(old[name], what), getattr(value, what)
            if before != after:
                before, after = (tuple(x) if what == "shape" else x for x in (before, after))
                raise ValueError(
                    f"the weight {name!r} has the {what} {before} in the old and {after} in the "
                    "new: both must be states of one network"
                )
    _refuse_one_memory(old, new)


def _refuse_one_memory(old: Mapping, new: Mapping) -> None:
    """What state_dict() gave before a training changes along with it, if it was not copied."""
    both = [(old[name], value) for name, value in new.items() if value.numel()]
    if both and all(a.data_ptr() == b.data_ptr() for a, b in both):
        raise ValueError(
            "the old weights lie in the memory of the new ones, so they have changed with them: "
            "take old = copy.deepcopy(model.state_dict()) before the training"
        )


def measure_mixes(
    model: nn.Module,
    old: Mapping[str, torch.Tensor],
    new: Mapping[str, torch.Tensor],
    on_new,
    on_old,
    shares: Iterable[float] | int = 11,
) -> pd.DataFrame:
    """How good the mixes of old and new weights are at the new task and at the old one.

    Parameters
    ----------
    model : nn.Module
        That the weights belong to; it is left as it was given, but in evaluation mode.
    old, new : mapping of str to tensor
        As for `interpolate_weights`.
    on_new, on_old : set with labels, tuple of data and labels, or callable
        What each task is measured on: items, for the share that `predict` names rightly; or a
        function of the model that gives a number, such as `agreement`.
    shares : iterable of float, or int
        Of the new; a number stands for so many at equal distances, both ends among them.

    Returns
    -------
    pandas.DataFrame
        `share`, `new`, `old`: one row per share, from 0 on. Choose a share by items that are not
        tested on.

    Raises
    ------
    ValueError
        As for `interpolate_weights`, or if a task is none of these.
    """
    if not isinstance(shares, Iterable):
        shares = np.linspace(0, 1, whole("shares", shares, 2))
    tasks = {"new": _measure("on_new", on_new), "old": _measure("on_old", on_old)}
    _refuse_unequal(old, new)
    # What state_dict() gives is the model's own memory, which each mix is written to.
    given, old, new = (_copied(state) for state in (model.state_dict(), old, new))
    rows = []
    try:
        for share in sorted(float(one) for one in shares):
            model.load_state_dict(interpolate_weights(old, new, share))
            model.eval()
            rows.append({"share": share} | {name: task(model) for name, task in tasks.items()})
    finally:
        model.load_state_dict(given)
        model.eval()
    return pd.DataFrame(rows, columns=["share", *tasks])


def _copied(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in state.items()}


def _measure(name: str, task) -> Callable[[nn.Module], float]:
    """A function of the model that gives a number."""
    if isinstance(task, SETS):
        task = (task, task.labels)
    if isinstance(task, tuple) and len(task) == 2:
        data, labels = task[0], np.asarray(task[1])
        return lambda model: float((predict(model, data, len(labels)) == labels).mean())
    if not callable(task):
        raise ValueError(
            f"{name} must be a set with labels, a tuple of data and labels, or a function of the "
            f"model, got {type(task).__name__}"
        )
    return lambda model: float(task(model))
