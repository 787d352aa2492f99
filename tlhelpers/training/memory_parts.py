"""What one training step keeps in memory, counted tensor by tensor."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import torch
from torch import nn

from tlhelpers.setup.memory import give_back_memory

PARTS = ("weights", "gradients", "optimizer", "activations")


def training_memory(model: nn.Module, inputs, labels: torch.Tensor) -> pd.Series:
    """Count the bytes that one step of training with AdamW keeps.

    The step is made for real, with a learning rate of 0: weights and buffers stay as they are, and
    the gradients that the model held before are cleared. Tensors that share memory count once.

    Parameters
    ----------
    model : nn.Module
        Gives logits, float (k, n_classes); what is frozen is not trained. Its mode (training or
        evaluation) is taken as it is.
    inputs : tensor, or mapping of named ones
        One batch, on the device of the model.
    labels : int64 tensor, shape (k,)

    Returns
    -------
    pandas.Series
        Bytes by part: `weights`, `gradients` (of what trains), `optimizer` (what AdamW remembers)
        and `activations` (what the forward pass keeps for the backward pass).

    Raises
    ------
    ValueError
        If all of the model is frozen.
    """
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    if not trained:
        raise ValueError("all of the model is frozen: nothing would be trained")
    buffers = [buffer.clone() for buffer in model.buffers()]
    model.zero_grad(set_to_none=True)
    logits, activations = _forward(model, inputs)
    nn.functional.cross_entropy(logits, labels).backward()
    optimizer = torch.optim.AdamW(trained, lr=0.0)
    optimizer.step()
    remembered = [value for state in optimizer.state.values() for value in state.values()]
    gradients = [weight.grad for weight in trained if weight.grad is not None]
    sizes = (_bytes(model.parameters()), _bytes(gradients), _bytes(remembered), activations)
    with torch.no_grad():
        for buffer, before in zip(model.buffers(), buffers, strict=True):
            buffer.copy_(before)
    model.zero_grad(set_to_none=True)
    del logits, gradients, remembered, optimizer
    give_back_memory()
    return pd.Series(sizes, index=PARTS)


def _forward(model: nn.Module, inputs) -> tuple[torch.Tensor, int]:
    """The logits, and the bytes that autograd saved on the way; weights are not among them."""
    kept = []

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        logits = model(**inputs) if isinstance(inputs, Mapping) else model(inputs)
    own = {_place(weight) for weight in model.parameters()}
    return logits, _bytes(tensor for tensor in kept if _place(tensor) not in own)


def _place(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def _bytes(tensors) -> int:
    """Of all storages behind some tensors, each once."""
    return sum({_place(one): one.untyped_storage().nbytes() for one in tensors}.values())
