"""The training loop: forward, loss, backward, step, over all batches in an order of their own."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from tlhelpers.errors import CourseError
from tlhelpers.models.precision import has_bfloat16
from tlhelpers.training.batches import Labelled, steps


class Run:
    """Model and optimizer on their device, ready for one epoch after the other."""

    def __init__(
        self,
        model: nn.Module,
        optimizer,
        precision: str,
        batch_size: int,
        seed: int,
        factor: Callable[[float], float] = lambda progress: 1.0,
    ):
        from accelerate import Accelerator

        # Accelerator takes the precision once per process; a notebook compares several.
        self.accelerator = Accelerator()
        self.device = self.accelerator.device
        self.model, self.optimizer = self.accelerator.prepare(model, optimizer)
        self.batch_size, self.seed, self.factor = batch_size, seed, factor
        self.rates = [group["lr"] for group in optimizer.param_groups]
        self.bfloat16 = precision == "bfloat16" or (precision == "auto" and _quick(self.device))

    def epoch(self, data: Labelled, number: int, epochs: int) -> dict[str, float]:
        """Show every item to the model once, in an order of this epoch's own."""
        order = self._seeded(number).permutation(len(data.labels))
        self.model.train()
        loss_sum, hits = 0.0, 0
        parts = steps(order, self.batch_size)
        for step, items in enumerate(parts, start=1):
            self._set_rates((number - 1 + (step - 0.5) / len(parts)) / epochs)
            logits, targets = self._forward(data, items)
            loss = nn.functional.cross_entropy(logits, targets)
            _refuse_nan(loss, number, step)
            self.optimizer.zero_grad(set_to_none=True)
            self.accelerator.backward(loss)
            self.optimizer.step()
            loss_sum += loss.item() * len(items)
            hits += (logits.argmax(1) == targets).sum().item()
        return {"loss": loss_sum / len(order), "accuracy": hits / len(order)}

    def _set_rates(self, progress: float) -> None:
        factor = self.factor(progress)
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * factor

    @torch.no_grad()
    def measure(self, data: Labelled, number: int) -> dict[str, float]:
        """Loss and accuracy on items that are not learned from."""
        self.model.eval()
        loss_sum, hits, n = 0.0, 0, len(data.labels)
        for step, items in enumerate(steps(np.arange(n), self.batch_size), start=1):
            logits, targets = self._forward(data, items)
            loss = nn.functional.cross_entropy(logits, targets)
            _refuse_nan(loss, number, step, "validation ")
            loss_sum += loss.item() * len(items)
            hits += (logits.argmax(1) == targets).sum().item()
        return {"valid_loss": loss_sum / n, "valid_accuracy": hits / n}

    def _forward(self, data: Labelled, items: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        labels = data.labels[items]
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16):
            logits = apply_to(self.model, data.batches(items), self.device).float()
        if logits.shape != (len(items), logits.shape[-1]) or labels.max() >= logits.shape[-1]:
            raise ValueError(
                f"the model gives logits of shape {tuple(logits.shape)} for {len(items)} items "
                f"with labels up to {labels.max()}: it needs one output per class"
            )
        return logits, torch.from_numpy(labels).to(self.device)

    def _seeded(self, number: int) -> np.random.Generator:
        from accelerate.utils import set_seed

        sequence = np.random.SeedSequence((self.seed, number))
        set_seed(int(sequence.generate_state(1)[0]))
        return np.random.default_rng(sequence)


def apply_to(model: nn.Module, x, device) -> torch.Tensor:
    """The model's output for a batch: a tensor, a tuple of arguments or a mapping of named ones."""
    from accelerate.utils import send_to_device

    x = send_to_device(x, device)
    if isinstance(x, Mapping):
        return model(**x)
    return model(*x) if isinstance(x, tuple) else model(x)


def _quick(device: torch.device) -> bool:
    return torch.cuda.is_bf16_supported() if device.type == "cuda" else has_bfloat16()


@contextmanager
def random_state_put_back(device: torch.device):
    """Whatever is drawn inside leaves the random numbers of the process as they were."""
    states = random.getstate(), np.random.get_state()  # noqa: NPY002 - augmentations draw from it
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        try:
            yield
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])  # noqa: NPY002


def _refuse_nan(loss: torch.Tensor, epoch: int, step: int, what="") -> None:
    if not torch.isfinite(loss):
        raise CourseError(
            f"the {what}loss is {loss.item()} in epoch {epoch}, batch {step}: "
            "try a lower learning rate, and look for items that are not finite"
        )
