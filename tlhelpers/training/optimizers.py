"""How fast each weight trains: rates per layer group, and the optimizer that steps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from tlhelpers.checks import is_number, number
from tlhelpers.models.layers import layer_groups


def param_groups(
    model: nn.Module, lr: float | slice = 1e-3, weight_decay: float = 0.01
) -> list[dict]:
    """What to give an optimizer of torch: a rate per layer group, frozen weights left out.

    timm [1]_ puts a factor ``lr_scale`` into such groups, which only its own schedulers apply; here
    each group holds its true rate.

    Parameters
    ----------
    model : nn.Module
        As for `layer_groups`.
    lr : float or slice
        One rate for all, or ``slice(a, b)``: `a` for the first layer group, `b` for the last, and
        in between the same factor from each group to the next. ``slice(b)`` gives `b` to the last
        and b/10 to all others, as fastai has it. What is frozen does not change the rates.
    weight_decay : float
        For weights of two and more dimensions; biases and norms get none.

    Returns
    -------
    list of dict
        `params`, `lr`, `weight_decay`, and `layer_group` (the index of the layer group).

    Raises
    ------
    ValueError
        If everything is frozen, a rate is not a positive number, or the decay is below 0.

    References
    ----------
    .. [1] Wightman, PyTorch image models, 2019, ``timm.optim.param_groups_layer_decay``.
    """
    number("weight_decay", weight_decay)
    _trained(model)
    groups = layer_groups(model)
    params = []
    for i, (group, rate) in enumerate(zip(groups, _rates(lr, len(groups)), strict=True)):
        for decay, weights in zip((weight_decay, 0.0), _by_decay(group), strict=True):
            if weights:
                parts = {"params": weights, "lr": rate, "weight_decay": decay}
                params.append({**parts, "layer_group": i})
    return params


def make_optimizer(
    model: nn.Module, optimizer, lr: float | slice, weight_decay: float
) -> torch.optim.Optimizer:
    """AdamW on what trains, or the `optimizer` given, if it holds every weight that trains."""
    trained = _trained(model)
    if optimizer is None:
        optimizer = torch.optim.AdamW(param_groups(model, lr, weight_decay))
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    missing = [name for name, p in trained.items() if id(p) not in held]
    if missing:
        raise ValueError(
            f"the optimizer lacks {len(missing)} of {len(trained)} weights that should train, "
            f"e.g. {missing[0]}: build it after unfreezing, from this model's param_groups"
        )
    return optimizer


def _trained(model: nn.Module) -> dict[str, nn.Parameter]:
    """The weights that train, by name; there must be one."""
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    if not trained:
        raise ValueError("every weight is frozen: unfreeze(model) or freeze_to(model, -1) first")
    return trained


@contextmanager
def follow_weights(optimizer: torch.optim.Optimizer) -> Iterator[None]:
    """What an optimizer remembers of each weight lies afterwards where the weight lies."""
    try:
        yield
    finally:
        move_memory(optimizer)


def move_memory(optimizer: torch.optim.Optimizer) -> None:
    """Put what an optimizer remembers of each weight, but its count of steps, beside the weight."""
    for weight, memory in optimizer.state.items():
        for name, value in memory.items():
            if isinstance(value, torch.Tensor) and name != "step":
                memory[name] = value.to(weight.device)


def check_rate(name: str, lr: float | slice) -> None:
    """Refuse what is no rate and no slice of rates."""
    try:
        _rates(lr, 2)
    except ValueError as error:
        raise ValueError(str(error).replace("lr must", f"{name} must")) from None


def _rates(lr: float | slice, n: int) -> list[float]:
    """One rate for each of `n` layer groups."""
    low, high = (lr.start, lr.stop) if isinstance(lr, slice) else (lr, lr)
    if isinstance(lr, slice) and low is None and _is_rate(high):
        return [high / 10] * (n - 1) + [high]
    if not (_is_rate(low) and _is_rate(high)):
        raise ValueError(f"lr must be a positive number or slice(a, b) of two, got {lr!r}")
    # geomspace rounds, were both ends the same
    return [high] * n if n == 1 or low == high else np.geomspace(low, high, n).tolist()


def _is_rate(value) -> bool:
    return is_number(value) and value > 0


def _by_decay(group: list[nn.Module]) -> tuple[list, list]:
    """The weights of a group that train: those to decay, and biases and norms."""
    decayed, spared = {}, {}
    for part in (part for module in group for part in module.modules()):
        for name, weight in part.named_parameters(recurse=False):
            if weight.requires_grad:
                norm = "Norm" in type(part).__name__
                spare = weight.ndim < 2 or name == "bias" or norm
                (spared if spare else decayed)[id(weight)] = weight
    return list(decayed.values()), list(spared.values())
