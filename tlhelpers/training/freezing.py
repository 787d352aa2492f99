"""Which weights train: freezing that holds, and a proof that it did."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import torch
from torch import nn

from tlhelpers.checks import is_int
from tlhelpers.errors import CourseError
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
    """One SHA-256 per frozen weight, and per running statistic that stands still, by name.

    The statistics are those of layers that are held or have weights, but none that trains.
    """
    return {
        name: hashlib.sha256(tensor_bytes(tensor)).hexdigest()
        for name, tensor in _frozen_tensors(model)
    }


def frozen_names(model: nn.Module) -> list[str]:
    """The names of what `frozen_hashes` hashes."""
    return [name for name, _ in _frozen_tensors(model)]


def _frozen_tensors(model: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    for prefix, module in model.named_modules():
        weights = dict(module.named_parameters(recurse=False))
        frozen = {name: p for name, p in weights.items() if not p.requires_grad}
        if _is_held(module) or (weights and len(frozen) == len(weights)):
            frozen |= dict(module.named_buffers(recurse=False))
        for name, tensor in frozen.items():
            yield f"{prefix}.{name}".lstrip("."), tensor


def frozen_hash(model: nn.Module) -> str:
    """One SHA-256 of all that is frozen: equal as long as none of it moves.

    Parameters
    ----------
    model : nn.Module

    Returns
    -------
    str
        Over names and values of the weights that need no gradient, and of the running statistics
        of layers that are held or have weights, but none that trains.
    """
    return combined_hash(frozen_hashes(model))


def combined_hash(hashes: dict[str, str]) -> str:
    """One SHA-256 over the names and hashes of several tensors, in any order."""
    return hashlib.sha256(repr(sorted(hashes.items())).encode()).hexdigest()


def refuse_moved(before: dict[str, str], model: nn.Module) -> None:
    """Raise, if the tensors that were frozen are not those of `before`, from `frozen_hashes`."""
    after = frozen_hashes(model)
    moved = [name for name, value in before.items() if after.get(name) != value]
    if moved:
        raise CourseError(
            f"{len(moved)} frozen tensors moved while training, e.g. {moved[0]}: freeze with "
            "freeze(model), which holds BatchNorm statistics too, and build the optimizer after it"
        )


def count_weights(model: nn.Module) -> tuple[int, int]:
    """How many weights train, and how many there are.

    Parameters
    ----------
    model : nn.Module

    Returns
    -------
    trained, total : int
        Numbers of single weights, not of tensors.
    """
    sizes = [(p.numel(), p.requires_grad) for p in model.parameters()]
    return sum(n for n, trains in sizes if trains), sum(n for n, _ in sizes)
