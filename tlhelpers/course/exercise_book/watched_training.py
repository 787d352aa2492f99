"""Networks that write down what goes through them, and the steps that optimizers make on them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.optim import optimizer as optimizers

Tensors = dict[str, torch.Tensor]
# Modules that compute otherwise in training mode.
WITH_MODES = (nn.modules.dropout._DropoutNd, nn.modules.batchnorm._NormBase)


@dataclass
class Pass:
    """One forward pass: the items that went in, -1 for what is none of them as it is, and how."""

    net: int  # which network it was, the one that was given or a copy
    items: np.ndarray
    in_training_mode: bool  # whether a layer drops, or normalises by the batch
    weights: Tensors
    logits: torch.Tensor
    gradients: Tensors  # those of the summed cross-entropy; none without a graph
    moves_frozen: bool  # whether a frozen BatchNorm layer is in training mode
    is_rough: bool  # computed in a short number format, such as bfloat16
    came_back: list[torch.Tensor] = field(default_factory=list)  # to the logits, by backward()

    @property
    def predicted(self) -> np.ndarray:
        """The class of each item."""
        return self.logits.argmax(dim=1).numpy()


@dataclass
class Step:
    """One step of an optimizer: the weights around it, and what it was given for each of them."""

    net: int
    before: Tensors
    gradients: Tensors
    rates: dict[str, float]
    goes_up: bool
    after: Tensors = field(default_factory=dict)
    inside: list[Pass] = field(default_factory=list)  # passes of a closure


class Record:
    """The passes and steps of a network and of its copies, in their order."""

    def __init__(self, x: torch.Tensor, y: torch.Tensor, net: nn.Module):
        self.rows, self.y = x.flatten(1).double(), y  # no two items have the same first number
        self.events: list[Pass | Step] = []
        self.passes: list[Pass] = []
        self.lost = 0  # passes inside of torch.func, of which little can be seen
        self.nets = {id(net): net}  # kept, so that no other one gets the same id
        self.open_step: Step | None = None
        self.depth = 0  # of steps inside of steps, of which the outermost counts

    def __deepcopy__(self, memo):
        return self  # a copy of the network writes into the same record

    def note_pass(self, net: nn.Module, x: torch.Tensor, logits: torch.Tensor) -> None:
        """Keep a pass, with the gradients that a right loss would have."""
        self.lost += 1
        with suppress(Exception):
            items = self._items(x)
            gradients = self._gradients(net, items, logits) if logits.requires_grad else {}
            changing = any(m.training for m in net.modules() if isinstance(m, WITH_MODES))
            kept = logits.detach().cpu().float()
            kinds = _moves_frozen(net), logits.dtype.itemsize < 4
            one = Pass(id(net), items, changing, weights_of(net), kept, gradients, *kinds)
            if logits.requires_grad:
                logits.register_hook(lambda g: one.came_back.append(g.detach().cpu().float()))
            self.nets[id(net)] = net
            self.passes.append(one)
            (self.open_step.inside if self.open_step else self.events).append(one)
            self.lost -= 1

    def _items(self, x: torch.Tensor) -> np.ndarray:
        rows = x.detach().cpu().flatten(1).double()
        found = rows[:, :1] == self.rows[:, 0]
        items = torch.where(found.any(dim=1), found.float().argmax(dim=1), -1)
        items[(rows != self.rows[items]).any(dim=1)] = -1
        return items.numpy()

    def _gradients(self, net: nn.Module, items: np.ndarray, logits: torch.Tensor) -> Tensors:
        if (items < 0).any():
            return {}
        named = {name: w for name, w in net.named_parameters() if w.requires_grad}
        with torch.enable_grad():
            truth = self.y[items].to(logits.device)
            loss = cross_entropy(logits.float(), truth, reduction="sum")
            found = torch.autograd.grad(
                loss, list(named.values()), retain_graph=True, allow_unused=True
            )
        return {
            name: torch.zeros(weight.shape) if gradient is None else gradient.cpu().float()
            for (name, weight), gradient in zip(named.items(), found, strict=True)
        }

    def begin_step(self, optimizer, *_) -> None:
        """Keep what an optimizer is given, unless it belongs to another network."""
        self.depth += 1
        if self.depth > 1:
            return
        groups = [(weight, group) for group in optimizer.param_groups for weight in group["params"]]
        for key, net in self.nets.items():
            names = {id(weight): name for name, weight in net.named_parameters()}
            held = [(names[id(w)], w, group) for w, group in groups if id(w) in names]
            if held and self.open_step is None:
                self.open_step = Step(
                    net=key,
                    before=weights_of(net),
                    gradients={n: _kept(w.grad) for n, w, _ in held if w.grad is not None},
                    rates={n: float(group["lr"]) for n, _, group in held if "lr" in group},
                    goes_up=any(group.get("maximize", False) for *_, group in held),
                )
                self.events.append(self.open_step)

    def end_step(self, optimizer, *_) -> None:
        """Keep what the step made of the weights; a closure has computed the gradients inside."""
        self.depth -= 1
        if self.depth == 0 and self.open_step is not None:
            step, self.open_step = self.open_step, None
            net = self.nets[step.net]
            step.after = weights_of(net)
            if step.inside:
                named = net.named_parameters()
                step.gradients = {n: _kept(w.grad) for n, w in named if w.grad is not None}

    @contextmanager
    def follows_optimizers(self) -> Iterator[None]:
        """Inside, each step of any optimizer of torch is noted."""
        handles = [
            optimizers.register_optimizer_step_pre_hook(self.begin_step),
            optimizers.register_optimizer_step_post_hook(self.end_step),
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()


def _moves_frozen(net: nn.Module) -> bool:
    norms = [m for m in net.modules() if isinstance(m, nn.modules.batchnorm._NormBase)]
    return any(m.training and not m.weight.requires_grad for m in norms if m.affine)


def _kept(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().cpu().float().clone()


def weights_of(net: nn.Module) -> Tensors:
    """Copies of all weights, by name."""
    return {name: _kept(weight) for name, weight in net.named_parameters()}


class Net(nn.Module):
    """Layers in a row that write down what goes through them."""

    def __init__(self, *layers: nn.Module):
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.record: Record | None = None

    def layer_groups(self) -> list[list[nn.Module]]:
        """What the course's fit asks a model for."""
        return [[layer] for layer in self.layers if any(True for _ in layer.parameters())]

    def forward(self, x):
        logits = self.layers(x)
        if self.record is not None:
            self.record.note_pass(self, x, logits)
        return logits
