"""Modules inside modules, for checks that an answer reaches every layer."""

import torch
from torch import nn


class Residual(nn.Module):
    """What it holds is added to its input, times a weight that belongs to no layer."""

    def __init__(self, inner: nn.Module):
        super().__init__()
        self.inner = inner
        self.scale = nn.Parameter(torch.full((1,), 0.7))

    def forward(self, x):
        return x + self.scale * self.inner(x)


def states(model: nn.Module) -> list:
    """What a function that only looks must leave as it is: values, flags and modes."""
    flags = [weight.requires_grad for weight in model.parameters()]
    modes = [module.training for module in model.modules()]
    return [[value.clone() for value in model.state_dict().values()], flags, modes]
