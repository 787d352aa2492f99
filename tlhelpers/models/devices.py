"""Where a network computes: on the accelerator there is, and then back where it was."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from tlhelpers.errors import CourseError
from tlhelpers.setup.memory import give_back_memory

CHOICE = "TLHELPERS_DEVICE"  # e.g. "cpu", where an accelerator is short of memory or lacks a step


def best_device() -> torch.device:
    """The accelerator that torch finds, e.g. ``cuda:0`` or ``mps:0``, else the processor.

    The environment variable ``TLHELPERS_DEVICE`` names another one.
    """
    if chosen := os.environ.get(CHOICE):
        try:
            return torch.empty(0, device=chosen).device
        except (RuntimeError, AssertionError) as error:  # no such kind, or none of it here
            reason = str(error).splitlines()[0]
            raise CourseError(
                f"{CHOICE}={chosen} cannot be used here ({reason}): unset it, or cpu"
            ) from error
    found = torch.accelerator.current_accelerator(check_available=True)
    if found is None:
        return torch.device("cpu")
    return torch.device(found.type, torch.accelerator.current_device_index())


def device_of(*modules: nn.Module) -> torch.device:
    """Where the tensors of the modules lie; the accelerator, where some lie on one."""
    devices = dict.fromkeys(tensor.device for module in modules for tensor in _tensors(module))
    away = [device for device in devices if device.type != "cpu"]
    return [*away, *devices, torch.device("cpu")][0]


@contextmanager
def on_device(*modules: nn.Module, changes: bool = True) -> Iterator[torch.device]:
    """Modules on one device inside, which is given, and each tensor back in its place after it.

    What lies on the processor goes to `best_device`; a module that lies on an accelerator stays
    there. Parameters are the same objects inside, so that an optimizer holds what it held, and
    afterwards each has its old memory with its new values. What was freed inside is then given back
    to the system.

    Parameters
    ----------
    *modules : nn.Module
        One without any tensor may compute with tensors that it does not show: it stays.
    changes : bool
        False promises that no parameter changes inside: none is then copied back. Buffers always
        are.

    Yields
    ------
    torch.device
    """
    device = device_of(*modules)
    if device.type == "cpu" and any(True for module in modules for _ in _tensors(module)):
        device = best_device()
    homes = [_Home(module) for module in modules if _is_elsewhere(module, device)]
    try:
        for home in homes:
            _move(home.module, device)
        yield device
    finally:
        for home in homes:
            home.bring_back()
        for home in homes:
            home.copy_back(changes)
        give_back_memory()


def _tensors(module: nn.Module) -> Iterator[torch.Tensor]:
    yield from module.parameters()
    yield from module.buffers()


def _is_elsewhere(module: nn.Module, device: torch.device) -> bool:
    return any(tensor.device != device for tensor in _tensors(module))


class _Home:
    """The memory that a module's parameters, gradients and buffers had before it was moved."""

    def __init__(self, module: nn.Module):
        self.module, self.first = module, next(_tensors(module)).device
        self.weights = [(p, p.data) for p in module.parameters()]
        parts = list(module.modules())
        self.buffers = [(m, n, b) for m in parts for n, b in m._buffers.items() if b is not None]
        self.moved: list[tuple[torch.Tensor, torch.Tensor, bool]] = []

    def bring_back(self) -> None:
        """Give each tensor its old memory, and keep the new values for `copy_back`."""
        for parameter, old in self.weights:
            if _same_form(parameter.data, old):
                self.moved.append((old, parameter.data, True))
                _set_data(parameter, old)
        for part, name, old in self.buffers:
            new = part._buffers.get(name)
            if new is not None and _same_form(new, old):
                self.moved.append((old, new, False))
                part._buffers[name] = old

    @torch.no_grad()
    def copy_back(self, changes: bool) -> None:
        """Write the new values where they differ."""
        for old, new, is_weight in self.moved:
            if new is not old and (changes or not is_weight):
                values = new.to(old.device)
                # What stood still may lie in memory that must not be written.
                if not torch.equal(values, old):
                    old.copy_(values)
        self._collect_newcomers()

    def _collect_newcomers(self) -> None:
        """Whatever still lies elsewhere: gradients, and tensors that are new or of a new form."""
        homes = {id(parameter): old.device for parameter, old in self.weights}
        for parameter in self.module.parameters():
            home = homes.get(id(parameter), self.first)
            if parameter.device != home:
                _set_data(parameter, parameter.data.to(home))
            if parameter.grad is not None:
                parameter.grad = parameter.grad.to(home)
        homes = {(id(part), name): old.device for part, name, old in self.buffers}
        for part in self.module.modules():
            for name, buffer in part._buffers.items():
                if buffer is not None:
                    part._buffers[name] = buffer.to(homes.get((id(part), name), self.first))


def _move(module: nn.Module, device: torch.device) -> None:
    """As torch's own `to`, but parameters stay the same objects on every kind of device."""
    flag = torch.__future__.get_swap_module_params_on_conversion()
    swap = not torch._has_compatible_shallow_copy_type(
        next(_tensors(module)), torch.empty(0, device=device)
    )
    torch.__future__.set_swap_module_params_on_conversion(flag or swap)
    try:
        module.to(device)
    finally:
        torch.__future__.set_swap_module_params_on_conversion(flag)


def _set_data(parameter: nn.Parameter, values: torch.Tensor) -> None:
    if torch._has_compatible_shallow_copy_type(parameter.data, values):
        parameter.data = values
        return
    gradient, parameter.grad = parameter.grad, None  # the swap would take it along
    torch.utils.swap_tensors(parameter, nn.Parameter(values, parameter.requires_grad))
    parameter.grad = None if gradient is None else gradient.to(values.device)


def _same_form(a: torch.Tensor, b: torch.Tensor) -> bool:
    return a.shape == b.shape and a.dtype == b.dtype
