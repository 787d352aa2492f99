"""Ways to compute the same steps with less memory or time; only rounding differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from torch import nn

from tlhelpers.checks import whole


@dataclass(frozen=True)
class Ways:
    """How the steps of a training are computed, as `fit` explains it."""

    accumulate: int = 1
    recompute: bool = False
    compile: bool | str = False

    def __post_init__(self):
        whole("accumulate", self.accumulate)
        if not isinstance(self.recompute, bool):
            raise ValueError(f"recompute must be True or False, got {self.recompute!r}")
        _check_backend(self.compile)

    @contextmanager
    def used_by(self, model: nn.Module) -> Iterator[None]:
        """Inside, the model computes so."""
        with recomputed(model, self.recompute), compiled(model, self.compile):
            yield


@contextmanager
def recomputed(model: nn.Module, wanted: bool = True) -> Iterator[None]:
    """Inside, blocks keep only their input, and compute the rest again for the gradient [1]_.

    The networks of timm and transformers know how; a ValueError says that none here does. What
    draws random numbers draws the same again. BatchNorm layers that learn note each batch twice.

    References
    ----------
    .. [1] Chen et al., Training deep nets with sublinear memory cost, 2016, arXiv:1604.06174.
    """
    switches = [_switch(part) for part in model.modules()] if wanted else []
    switches = [switch for switch in switches if switch]
    if wanted and not switches:
        raise ValueError(
            "recompute needs a network of timm or transformers that can compute activations again, "
            f"and this {type(model).__name__} holds none: leave recompute out"
        )
    try:
        for switch in switches:
            switch(True)
        yield
    finally:
        for switch in switches:
            switch(False)


def _switch(part: nn.Module) -> Callable[[bool], None] | None:
    """What turns it on and off in a network of one of the two libraries; None in others."""
    if hasattr(part, "activation_checkpointing_enable"):
        on, off = part.activation_checkpointing_enable, part.activation_checkpointing_disable
        return lambda wanted: on({"use_reentrant": False}) if wanted else off()
    return getattr(part, "set_grad_checkpointing", None)


@contextmanager
def compiled(model: nn.Module, backend: bool | str = True) -> Iterator[None]:
    """Inside, the model runs as torch.compile makes it; the first step of each shape takes long.

    `backend` is one of ``torch.compiler.list_backends()``; True takes torch's own choice, which
    needs a compiler of C++ on a processor, and False leaves all as it is.
    """
    if not backend:
        yield
        return
    model.compile(**({} if backend is True else {"backend": backend}))
    try:
        yield
    finally:
        model._compiled_call_impl = None


def _check_backend(backend: bool | str) -> None:
    if isinstance(backend, bool):
        return
    import torch

    known = torch.compiler.list_backends(exclude_tags=())
    if backend not in known:
        raise ValueError(
            f"compile must be True, False or one of {', '.join(known)}, got {backend!r}"
        )


PLAIN = Ways()
