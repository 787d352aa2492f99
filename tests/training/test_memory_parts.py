"""Bytes of a training step: a closed form for a small network, and nothing is left changed."""

import pytest
import torch
from torch import nn

from tlhelpers.training.memory_parts import PARTS, training_memory


def net():
    """400 + 4 numbers, then 12 + 3; a hidden layer with ReLU between."""
    return nn.Sequential(nn.Linear(100, 4), nn.ReLU(), nn.Linear(4, 3))


def batch(n, width=100):
    return torch.randn(n, width), torch.randint(3, (n,))


def test_all_parts_are_what_a_hand_counts():
    counted = training_memory(net(), *batch(6))
    assert list(counted.index) == list(PARTS)
    numbers = 404 + 15
    assert counted.weights == counted.gradients == 4 * numbers
    # Two numbers for each, and a counter of steps for each of the four tensors.
    assert counted.optimizer == 4 * (2 * numbers + 4)
    # The input and what ReLU gave, which also goes into the second layer.
    assert counted.activations == 4 * (6 * 100 + 6 * 4)


def test_what_is_frozen_has_no_gradient_and_needs_no_input_kept():
    model = net()
    model[0].requires_grad_(False)
    counted = training_memory(model, *batch(6))
    assert (counted.weights, counted.gradients) == (4 * 419, 4 * 15)
    assert counted.activations == 4 * 6 * 4
    model.requires_grad_(False)
    with pytest.raises(ValueError, match="all of the model is frozen"):
        training_memory(model, *batch(6))


def test_shared_weights_count_once_and_named_inputs_pass():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Linear(5, 5, bias=False)
            self.b = nn.Linear(5, 5, bias=False)
            self.b.weight = self.a.weight

        def forward(self, x, scale):
            return self.b(torch.tanh(self.a(x))) * scale

    x, y = batch(2, 5)
    counted = training_memory(Tied(), {"x": x, "scale": torch.ones(())}, y)
    assert counted.weights == counted.gradients == 4 * 25


def test_model_mode_buffers_and_weights_stay_and_old_gradients_go():
    model = nn.Sequential(nn.Linear(100, 4), nn.BatchNorm1d(4), nn.Linear(4, 3)).train()
    x, y = batch(8)
    model(x).sum().backward()
    model[1].running_mean.fill_(3.0)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    training_memory(model, x, y)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert model.training and all(weight.grad is None for weight in model.parameters())
