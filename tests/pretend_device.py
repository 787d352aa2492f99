"""A device that no machine has: its tensors lie on the processor, but mix with no others.

torch lets Python play a device. Each operation on its tensors is done by the processor, and refused
where other tensors are among them, as on a graphics card. Installed once, it stays for the process.
"""

from __future__ import annotations

from collections import Counter

import torch
from torch.utils import _pytree as pytree
from torch.utils import backend_registration

NAME = "pretend"
DEVICE = f"{NAME}:0"
# What a graphics card too takes from the processor: copies, and the places of an index.
MAY_MIX = ("copy_", "_copy_from", "_to_copy", "index", "index_put_", "_index_put_impl_")
OPERATIONS: Counter[str] = Counter()  # what has been computed there
_memory: dict[int, torch.Tensor] = {}  # the values of each storage, by its address


class _Module:
    """What torch asks a device for; it is there or not as `there` says."""

    there = True

    def is_available(self) -> bool:
        return self.there

    def is_initialized(self) -> bool:
        return True

    def _is_in_bad_fork(self) -> bool:
        return False

    def device_count(self) -> int:
        return 1

    def current_device(self) -> int:
        return 0

    def manual_seed_all(self, seed: int) -> None:
        pass

    def get_rng_state(self, device=None) -> torch.Tensor:
        return torch.get_rng_state()

    def set_rng_state(self, state: torch.Tensor, device=None) -> None:
        pass

    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        return [torch.bfloat16]


MODULE = _Module()


def install() -> list[torch.library.Library]:
    """Make the device known to torch; it is there as long as what is returned is kept."""
    backend_registration._setup_privateuseone_for_python_backend(NAME, MODULE)
    every, some = torch.library.Library("_", "IMPL"), torch.library.Library("aten", "IMPL")
    every.fallback(_run, "PrivateUse1")
    every.fallback(torch.library.fallthrough_kernel, "AutocastPrivateUse1")
    for name in ("as_strided_", "convolution_overrideable", "convolution_backward_overrideable"):
        operation = getattr(torch.ops.aten, name).default
        some.impl(name, lambda *given, op=operation: _run(op, *given), "PrivateUse1")
    torch.Tensor.__deepcopy__ = _copying(torch.Tensor.__deepcopy__)
    return [every, some]


def _copying(usual):
    """torch would copy the memory of a storage, where there is none."""
    return lambda x, memo: memo.setdefault(id(x), x.clone()) if _is_away(x) else usual(x, memo)


def _copy_from(source, target, non_blocking=False):
    return target.copy_(source)


def _convolution_backward(grad, x, weight, *rest):
    return torch.ops.aten.convolution_backward.default(grad, x, weight, [weight.shape[0]], *rest)


INSTEAD = {
    "_copy_from": _copy_from,
    "convolution_overrideable": torch.ops.aten.convolution.default,
    "convolution_backward_overrideable": _convolution_backward,
    "view": torch.ops.aten.reshape.default,
    "_unsafe_view": torch.ops.aten.reshape.default,
}


def _run(operation, *args, **named):
    """Do an operation on the values, and wrap what comes out."""
    name = operation._schema.name.split("::")[1]
    flat, form = pytree.tree_flatten((args, named))
    away = [x for x in flat if _is_away(x)]
    others = [x for x in flat if isinstance(x, torch.Tensor) and not _is_away(x) and x.ndim]
    if away and others and name not in MAY_MIX:
        raise RuntimeError(f"{name}: all tensors must lie on the same device, {DEVICE} or cpu")
    OPERATIONS[name] += 1
    here = [_values(x) if _is_away(x) else x for x in flat]
    here = [torch.device("cpu") if isinstance(x, torch.device) else x for x in here]
    args, named = pytree.tree_unflatten(here, form)
    out = INSTEAD.get(name, operation)(*args, **named)
    given = {id(value): x for value, x in zip(here, flat, strict=True) if _is_away(x)}
    for value in here:
        if id(value) in given and value.shape != given[id(value)].shape:
            given[id(value)].data = _wrap(value)  # it was given empty, to be filled
    return pytree.tree_map_only(
        torch.Tensor, lambda x: given[id(x)] if id(x) in given else _wrap(x), out
    )


def _wrap(values: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode(False):
        away = torch._C._acc.create_empty_tensor(tuple(values.shape), values.dtype)
    copied = values.detach().clone(memory_format=torch.contiguous_format)
    _memory[away.untyped_storage()._cdata] = copied
    return away


def _values(away: torch.Tensor) -> torch.Tensor:
    """Those of its storage, of which it may be another view."""
    values = _memory[away.untyped_storage()._cdata]
    return values if values.shape == away.shape else values.view(away.shape)


def _is_away(x) -> bool:
    return isinstance(x, torch.Tensor) and x.device.type == NAME
