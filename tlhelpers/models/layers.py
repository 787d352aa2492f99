"""The layers of a model in groups, from the input to the head."""

from __future__ import annotations

from torch import nn


def layer_groups(model: nn.Module) -> list[list[nn.Module]]:
    """The layers of a model in groups, from the input to the head.

    Parameters
    ----------
    model : nn.Module
        A `Backbone` (stem, each block, final), a module with a method ``layer_groups()``, or an
        ``nn.Sequential`` (each child is a group; children without weights go with the one before).
        A model of peft is looked through.

    Returns
    -------
    list of list of nn.Module
        Each weight lies in exactly one group.

    Raises
    ------
    ValueError
        If the groups are not known, or a weight lies in none or in two of them.
    """
    model = _without_peft(model)
    if callable(getattr(model, "layer_groups", None)):
        groups = [list(group) for group in model.layer_groups()]
    elif isinstance(model, nn.Sequential):
        groups = _joined([[child] for child in model])
    else:
        raise ValueError(
            f"the layer groups of {type(model).__name__} are not known: give it a method "
            "layer_groups() that returns lists of modules, from the input to the head"
        )
    _check_cover(model, groups)
    return groups


def _without_peft(model: nn.Module) -> nn.Module:
    return model.get_base_model() if hasattr(model, "peft_config") else model


def _joined(groups: list[list[nn.Module]]) -> list[list[nn.Module]]:
    """Put children without weights to the group before, lest a final Flatten pass for a head."""
    joined: list[list[nn.Module]] = []
    for group in groups:
        if joined and not any(True for module in group for _ in module.parameters()):
            joined[-1] += group
        else:
            joined.append(group)
    return joined


def _check_cover(model: nn.Module, groups: list[list[nn.Module]]) -> None:
    names = {id(p): name for name, p in model.named_parameters()}
    in_groups = [{id(p) for module in group for p in module.parameters()} for group in groups]
    missing = names.keys() - set().union(*in_groups)
    if missing:
        raise ValueError(f"the weight {_first(names, missing)!r} lies in no layer group")
    twice = {key for key in names if sum(key in group for group in in_groups) > 1}
    if twice:
        raise ValueError(f"the weight {_first(names, twice)!r} lies in two layer groups")


def _first(names: dict[int, str], keys: set[int]) -> str:
    return next(name for key, name in names.items() if key in keys)
