"""Training for a number of steps by a loss of one's own; no labels are asked for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from tlhelpers.checks import progress_bar, whole
from tlhelpers.models.devices import on_device
from tlhelpers.setup.memory import give_back_memory
from tlhelpers.training.loop import Run
from tlhelpers.training.randomness import random_state_put_back

# Batches of texts differ in length, so the gaps that one leaves do not fit the next: after 60 steps
# on the course's encoder they took 300 MB.
TIDY_AFTER = 8  # steps


def train_by_steps(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss_of: Callable[[np.ndarray, torch.device], torch.Tensor],
    count: int,
    *,
    steps: int,
    batch_size: int,
    seed: int,
    precision: str = "float32",
    progress: bool = True,
) -> list[float]:
    """Train in place on items 0 to `count` − 1, and give the loss of each step.

    The rates climb over a tenth of the steps, then go down to 0 in a line. Every item is shown once
    before any is shown again. The model is left in evaluation mode.
    """
    whole("steps", steps)
    whole("batch_size", batch_size)
    whole("seed", seed, 0)
    losses = []

    def draw(rng: np.random.Generator) -> list[np.ndarray]:
        shown = steps * batch_size
        rounds = [rng.permutation(count) for _ in range(-(-shown // count))]
        return [np.concatenate(rounds)[:shown]]

    with random_state_put_back(), on_device(model) as device:
        run = Run(model, optimizer, device, precision, batch_size, seed, "linear", 0.1)
        bar = progress_bar(run.steps(1, 1, draw), "training", "step", progress, steps)
        for step in bar:
            with torch.autocast(device.type, torch.bfloat16, enabled=run.bfloat16):
                loss = loss_of(step.items[0], device)
            run.learn(loss, step)
            losses.append(loss.item())
            if len(losses) % TIDY_AFTER == 0:
                give_back_memory()
        optimizer.zero_grad()  # gradients of the last step are as large as the weights
    model.eval()
    return losses
