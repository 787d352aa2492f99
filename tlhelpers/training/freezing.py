"""Which weights train, and how fast: freezing that holds, and one rate per group of layers."""

from __future__ import annotations

import hashlib

import numpy as np
from torch import nn

from tlhelpers.checks import is_int
from tlhelpers.models.backbones import tensor_bytes
from tlhelpers.models.layers import layer_groups

# ---------------------------------------------------------------- freezing


def freeze(model: nn.Module, train_bn: bool = False) -> None:
    """Freeze all layer groups but the head; a model that gives features has none, so all of it.

    Parameters
    ----------
    model : nn.Module
        As for `layer_groups`. With an attribute ``feature_size``, as `Backbone` has it, it counts
        as a model without a head.
    train_bn : bool
        As in `freeze_to`.
    """
    headless = hasattr(model, "feature_size")
    freeze_to(model, len(layer_groups(model)) if headless else -1, train_bn)


def unfreeze(model: nn.Module) -> None:
    """Let all weights train again, and BatchNorm statistics move in train mode.

    Parameters
    ----------
    model : nn.Module
        As for `layer_groups`.
    """
    freeze_to(model, 0)


def freeze_to(model: nn.Module, n: int, train_bn: bool = False) -> None:
    """Freeze the first `n` layer groups and let the others train, as fastai [1]_ has it.

    Frozen weights need no gradient and lose the one they have. BatchNorm layers in frozen groups
    keep their running statistics through any later ``.train()`` of the layer or of a module
    around it: a hook puts the layer into evaluation mode before each of its forward passes. The
    hook belongs to the layer, so it goes along when the model is copied, pickled or made part of
    another one. A ``state_dict`` holds weights only: freeze again after loading one into a new
    model. Dropout is left as it is.

    Parameters
    ----------
    model : nn.Module
        As for `layer_groups`.
    n : int
        How many groups to freeze; a negative one counts the groups that train: -1 leaves the
        last one.
    train_bn : bool
        True trains the BatchNorm layers of frozen groups, weights and statistics, which is what
        fastai does unless told otherwise. Keras keeps them still, as we do.

    Raises
    ------
    ValueError
        If there are fewer groups, or the model is one of peft (which has frozen what must not
        train already).

    References
    ----------
    .. [1] Howard and Gugger, fastai: a layered API for deep learning, Information 11(2), 2020,
       arXiv:2002.04688.
    """
    if hasattr(model, "peft_config"):
        raise ValueError("peft has frozen this model already: train it with fit as it is")
    groups = layer_groups(model)
    if not is_int(n) or not -len(groups) <= n <= len(groups):
        raise ValueError(f"the model has {len(groups)} layer groups: cannot freeze to {n!r}")
    first = n if n >= 0 else len(groups) + n
    for i, group in enumerate(groups):
        for module in group:
            for part in module.modules():
                _set_frozen(part, i < first and not (train_bn and _has_statistics(part)), model)


def hold_statistics(model: nn.Module) -> None:
    """Keep the running statistics of every BatchNorm layer, while its weights may train.

    In train mode BatchNorm normalises by the batch at hand, and in use by running averages. With a
    small batch and few steps the two differ, and what was trained is not what is used. Held layers
    use their pretrained statistics in both modes, through any later ``.train()``. Call it after
    `freeze_to` or `unfreeze`, which let the statistics of what trains move.

    Parameters
    ----------
    model : nn.Module
    """
    for part in model.modules():
        if _has_statistics(part):
            _hold(part)


def _set_frozen(part: nn.Module, frozen: bool, model: nn.Module) -> None:
    for weight in part.parameters(recurse=False):
        weight.requires_grad_(not frozen)
        if frozen:  # an optimizer built earlier moves whatever has a gradient, were it zero
            weight.grad = None
    if _has_statistics(part):
        _release(part)
        part.train(model.training)
        if frozen:
            _hold(part)


def _has_statistics(module: nn.Module) -> bool:
    return hasattr(module, "running_mean")


def _keep_still(module: nn.Module, inputs) -> None:
    module.training = False


def _hold(module: nn.Module) -> None:
    _release(module)
    module.eval()
    module.register_forward_pre_hook(_keep_still)


def _is_held(module: nn.Module) -> bool:
    return _keep_still in module._forward_pre_hooks.values()


def _release(module: nn.Module) -> None:
    # By the function, not by a handle: a copied or unpickled layer has no handle.
    hooks = module._forward_pre_hooks
    for key in [key for key, hook in hooks.items() if hook is _keep_still]:
        del hooks[key]


# ---------------------------------------------------------------- what is frozen


def frozen_hashes(model: nn.Module) -> dict[str, str]:
    """One SHA-256 per frozen tensor.

    Parameters
    ----------
    model : nn.Module

    Returns
    -------
    dict of str to str
        For each weight that needs no gradient, and for each buffer (running statistics) of a layer
        that is held or has weights, but none that trains; by name.
    """
    found = {}
    for prefix, module in model.named_modules():
        weights = dict(module.named_parameters(recurse=False))
        frozen = {name: p for name, p in weights.items() if not p.requires_grad}
        if _is_held(module) or (weights and len(frozen) == len(weights)):
            frozen |= dict(module.named_buffers(recurse=False))
        for name, tensor in frozen.items():
            digest = hashlib.sha256(tensor_bytes(tensor)).hexdigest()
            found[f"{prefix}.{name}".lstrip(".")] = digest
    return found


def frozen_hash(model: nn.Module) -> str:
    """One SHA-256 over the names and values of all that `frozen_hashes` lists."""
    return hashlib.sha256(repr(sorted(frozen_hashes(model).items())).encode()).hexdigest()


def count_weights(model: nn.Module) -> tuple[int, int]:
    """How many numbers train, and how many weights there are in all."""
    sizes = [(p.numel(), p.requires_grad) for p in model.parameters()]
    return sum(n for n, trains in sizes if trains), sum(n for n, _ in sizes)


# ---------------------------------------------------------------- rates


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
        If everything is frozen, or a rate or the decay is not a positive number.

    References
    ----------
    .. [1] Wightman, PyTorch image models, 2019, ``timm.optim.param_groups_layer_decay``.
    """
    if not 0 <= weight_decay < float("inf"):
        raise ValueError(f"weight_decay must be 0 or more, got {weight_decay!r}")
    groups = layer_groups(model)
    found = []
    for i, (group, rate) in enumerate(zip(groups, _rates(lr, len(groups)), strict=True)):
        for decay, weights in zip((weight_decay, 0.0), _by_decay(group), strict=True):
            if weights:
                parts = {"params": weights, "lr": rate, "weight_decay": decay}
                found.append({**parts, "layer_group": i})
    if not found:
        raise ValueError("every weight is frozen: unfreeze(model) or freeze_to(model, -1) first")
    return found


def _rates(lr: float | slice, n: int) -> list[float]:
    low, high = (lr.start, lr.stop) if isinstance(lr, slice) else (lr, lr)
    if isinstance(lr, slice) and low is None and _is_rate(high):
        return [high / 10] * (n - 1) + [high]
    if not (_is_rate(low) and _is_rate(high)):
        raise ValueError(f"lr must be a positive number or slice(a, b) of two, got {lr!r}")
    # geomspace rounds, were both ends the same
    return [high] * n if n == 1 or low == high else np.geomspace(low, high, n).tolist()


def _is_rate(value) -> bool:
    number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    return number and 0 < value < float("inf")


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
