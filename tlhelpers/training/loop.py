"""The training loop: epochs, steps and rates, the same for one domain and for two."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from tlhelpers.checks import known
from tlhelpers.errors import CourseError
from tlhelpers.models.precision import PRECISIONS, has_bfloat16
from tlhelpers.training.batches import Labelled, batch_on, cut_into_batches, cut_into_steps
from tlhelpers.training.imbalance import draw_order
from tlhelpers.training.optimizers import move_memory
from tlhelpers.training.randomness import random_state_put_back, seed_all
from tlhelpers.training.schedules import rate_factor


@dataclass(frozen=True)
class Step:
    """Where in the training a step stands, and which items it shows, one int array per data set."""

    epoch: int
    number: int
    progress: float  # share of all steps that is done in the middle of this one
    items: tuple[np.ndarray, ...]


class Run:
    """Model and optimizer on a device, ready for one epoch after the other."""

    def __init__(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        device: torch.device,
        precision: str,
        batch_size: int,
        seed: int,
        schedule: str = "constant",
        warmup: float = 0.0,
    ):
        known("precision", precision, PRECISIONS)
        tell_what_is_ignored()
        move_memory(optimizer)
        self.model, self.optimizer, self.device = model, optimizer, device
        self.batch_size, self.seed = batch_size, seed
        self.schedule, self.warmup = schedule, warmup
        self.rates = [group["lr"] for group in optimizer.param_groups]
        self.bfloat16 = precision == "bfloat16" or (precision == "auto" and has_bfloat16(device))

    def repeat(
        self,
        one_epoch: Callable[[int], dict[str, float]],
        epochs: int,
        quiet: bool,
        rows: Sequence[dict] = (),
        is_over: Callable[[list[dict]], bool] = lambda rows: False,
        after_epoch: Callable[[list[dict]], None] = lambda rows: None,
    ) -> list[dict]:
        """Go on after `rows` until all epochs are done or `is_over`; one row per epoch, timed.

        The model is left in evaluation mode, and the random state of the process as it was.
        """
        rows = list(rows)
        with random_state_put_back():
            while len(rows) < epochs and not is_over(rows):
                start, number = time.perf_counter(), len(rows) + 1
                row = {"epoch": number, **one_epoch(number)}
                rows.append({**row, "seconds": time.perf_counter() - start})
                after_epoch(rows)
                if not quiet:
                    print(_describe(rows[-1], epochs), flush=True)
        self.model.eval()
        return rows

    def steps(
        self, epoch: int, epochs: int, draw: Callable[[np.random.Generator], Sequence[np.ndarray]]
    ) -> Iterator[Step]:
        """Cut what `draw` orders into steps, each with its rates; the epoch's number seeds all."""
        orders = draw(seed_all(self.seed, epoch))
        batches = [cut_into_steps(order, self.batch_size) for order in orders]
        self.model.train()
        for number, items in enumerate(zip(*batches, strict=True), start=1):
            progress = (epoch - 1 + (number - 0.5) / len(batches[0])) / epochs
            self._set_rates(progress)
            yield Step(epoch, number, progress, items)

    def learn(self, loss: torch.Tensor, step: Step, too_high: str = "learning rate") -> None:
        """Change what trains by the gradient of a loss that is a number."""
        _refuse_nan(loss, step.epoch, step.number, too_high=too_high)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()

    def train_epoch(self, data: Labelled, number: int, epochs: int) -> dict[str, float]:
        """Show the items to the model, in an order of this epoch's own; see `draw_order`."""
        loss_sum, hits, n = 0.0, 0, len(data.labels)
        for step in self.steps(number, epochs, lambda rng: [draw_order(data, rng)]):
            [items] = step.items
            loss, correct = self.loss(data, items)
            self.learn(loss, step)
            loss_sum += loss.item() * len(items)
            hits += correct.sum().item()
        return {"loss": loss_sum / n, "accuracy": hits / n}

    @torch.no_grad()
    def measure(self, data: Labelled, number: int) -> dict[str, float]:
        """Loss and accuracy on items that are not learned from."""
        self.model.eval()
        loss_sum, hits, n = 0.0, 0, len(data.labels)
        for step, items in enumerate(cut_into_batches(np.arange(n), self.batch_size), start=1):
            loss, correct = self.loss(data, items)
            _refuse_nan(loss, number, step, "validation ")
            loss_sum += loss.item() * len(items)
            hits += correct.sum().item()
        total = n if data.weights is None else data.weights.sum()
        return {"valid_loss": loss_sum / total, "valid_accuracy": hits / n}

    def loss(self, data: Labelled, items: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """The mean cross-entropy of some items, weighted where they are, and which are right."""
        labels = data.labels[items]
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16):
            logits = apply_to(
                self.model, batch_on(self.device, data.batches, items), self.device
            ).float()
        if logits.shape != (len(items), logits.shape[-1]) or labels.max() >= logits.shape[-1]:
            raise ValueError(
                f"the model gives logits of shape {tuple(logits.shape)} for {len(items)} items "
                f"with labels up to {labels.max()}: it needs one output per class"
            )
        targets = torch.from_numpy(labels).to(self.device)
        correct = logits.argmax(1) == targets
        if data.weights is None:
            return nn.functional.cross_entropy(logits, targets), correct
        weights = torch.from_numpy(data.weights[items]).to(logits)
        losses = nn.functional.cross_entropy(logits, targets, reduction="none")
        return (weights * losses).mean(), correct

    def _set_rates(self, progress: float) -> None:
        factor = rate_factor(progress, self.schedule, self.warmup)
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * factor


def apply_to(model: nn.Module, x, device) -> torch.Tensor:
    """The model's output for a batch: a tensor, a tuple of arguments or a mapping of named ones."""
    from accelerate.utils import send_to_device

    x = send_to_device(x, device)
    if isinstance(x, Mapping):
        return model(**x)
    return model(*x) if isinstance(x, tuple) else model(x)


def tell_what_is_ignored() -> None:
    """Warn of a launcher's variables in the environment: `fit` trains in its own process alone.

    Device and precision are decided by what is given to `fit`, not by settings of accelerate.
    """
    found = {name: value for name, value in os.environ.items() if name.startswith("ACCELERATE_")}
    if os.environ.get("WORLD_SIZE", "1") not in ("", "0", "1"):
        found |= {n: os.environ[n] for n in ("WORLD_SIZE", "RANK") if n in os.environ}
    if found:
        values = ", ".join(f"{name}={value}" for name, value in sorted(found.items()))
        warnings.warn(
            f"the environment holds {values}: training here runs in one process and takes its "
            "precision from its own argument, so these are ignored",
            stacklevel=4,
        )


def _refuse_nan(loss, epoch: int, step: int, what="", too_high: str = "learning rate") -> None:
    if not torch.isfinite(loss):
        raise CourseError(
            f"the {what}loss is {loss.item()} in epoch {epoch}, batch {step}: "
            f"try a lower {too_high}, and look for items that are not finite"
        )


def _describe(row: dict[str, float], epochs: int) -> str:
    """One line on an epoch: training, then validation if there was one, then the time."""
    digits = {name: 2 if name.endswith("accuracy") else 3 for name in row}
    shown = {name: f"{value:.{digits[name]}f}" for name, value in row.items()}
    trained = [name for name in row if name not in ("epoch", "seconds") and "valid_" not in name]
    text = ", ".join(f"{name.replace('_', ' ')} {shown[name]}" for name in trained)
    if "valid_loss" in row:
        text += f"; validation {shown['valid_loss']}, {shown['valid_accuracy']}"
    return f"epoch {row['epoch']}/{epochs}: {text} ({row['seconds']:.1f} s)"
