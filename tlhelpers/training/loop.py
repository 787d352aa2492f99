"""The training loop: epochs, steps and rates, the same for one domain and for two."""

from __future__ import annotations

import math
import os
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

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
from tlhelpers.training.saving_memory import PLAIN, Ways
from tlhelpers.training.schedules import rate_factor
from tlhelpers.training.team import Team, is_launched


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
        team: Team | None = None,
        ways: Ways = PLAIN,
    ):
        known("precision", precision, PRECISIONS)
        tell_what_is_ignored(alone=team is None)
        move_memory(optimizer)
        self.team, self.ways = team or Team(), ways
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
        with random_state_put_back(), self.ways.used_by(self.model):
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
        self,
        epoch: int,
        epochs: int,
        draw: Callable[[np.random.Generator], Sequence[np.ndarray]],
        expect: Callable[[list[np.ndarray]], None] = lambda parts: None,
    ) -> Iterator[Step]:
        """Cut what `draw` orders into steps, each with its rates; the epoch's number seeds all.

        `expect` is told beforehand which items this process will ask for.
        """
        orders = draw(seed_all(self.seed, epoch))
        batches = [cut_into_steps(order, self.batch_size) for order in orders]
        expect([part for items in batches[0] for part in self._parts(items)])
        if self.team.rank:  # each process its own, of dropout say
            seed_all(self.seed, epoch, self.team.rank)
        self.model.train()
        for number, items in enumerate(zip(*batches, strict=True), start=1):
            progress = (epoch - 1 + (number - 0.5) / len(batches[0])) / epochs
            self._set_rates(progress)
            yield Step(epoch, number, progress, items)

    def learn(self, loss: torch.Tensor, step: Step, too_high: str = "learning rate") -> None:
        """Change what trains by the gradient of a loss that is a number."""
        _refuse_nan(loss.item(), step.epoch, step.number, too_high=too_high)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()

    def train_epoch(self, data: Labelled, number: int, epochs: int) -> dict[str, float]:
        """Show the items to the model, in an order of this epoch's own; see `draw_order`."""
        loss_sum, hits, n = 0.0, 0, len(data.labels)
        draw = partial(_one_order, data)
        for step in self.steps(number, epochs, draw, expectation_of(data.batches)):
            loss, correct = self._learn_from(data, step)
            loss_sum += loss * len(step.items[0])
            hits += correct
        self.team.end_epoch(self.model)
        return {"loss": loss_sum / n, "accuracy": hits / n}

    def _learn_from(self, data: Labelled, step: Step) -> tuple[float, int]:
        """Change what trains by one step; gives the mean loss and how many items were right."""
        [items] = step.items
        if self.team.size == self.ways.accumulate == 1:
            loss, correct = self.loss(data, items)
            self.learn(loss, step)
            return loss.item(), correct.sum().item()
        self.optimizer.zero_grad(set_to_none=True)
        mean, hits = 0.0, 0
        for part in self._parts(items):
            loss, correct = self.loss(data, part)
            loss = loss * (len(part) / len(items))
            loss.backward()
            mean, hits = mean + loss.item(), hits + correct.sum().item()
        weights = [p for group in self.optimizer.param_groups for p in group["params"]]
        mean, hits = self.team.sum_gradients(weights, [mean, hits])
        # All processes see the same number, and so end with the same words.
        _refuse_nan(mean, step.epoch, step.number)
        self.optimizer.step()
        return mean, round(hits)

    def _parts(self, items: np.ndarray) -> list[np.ndarray]:
        """This process's share of a step, cut into what is computed at once; it may be empty."""
        share = self.team.share(items)
        return np.array_split(share, min(self.ways.accumulate, len(share))) if len(share) else []

    @torch.no_grad()
    def measure(self, data: Labelled, number: int) -> dict[str, float]:
        """Loss and accuracy on items that are not learned from; each process takes its share."""
        self.model.eval()
        loss_sum, hits, n = 0.0, 0, len(data.labels)
        batches = cut_into_batches(np.arange(n), self.batch_size)
        own = list(enumerate(batches, start=1))[self.team.rank :: self.team.size]
        expectation_of(data.batches)([items for _, items in own])
        for step, items in own:
            loss, correct = self.loss(data, items)
            if self.team.size == 1:
                _refuse_nan(loss.item(), number, step, "validation ")
            loss_sum += loss.item() * len(items)
            hits += correct.sum().item()
        loss_sum, hits = self.team.sum_numbers([loss_sum, hits])
        _refuse_nan(loss_sum, number, len(batches), "validation ")
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


def expectation_of(batches) -> Callable[[list[np.ndarray]], None]:
    """What tells a maker of batches which ones will be asked for; most do not want to know."""
    return getattr(batches, "expect", lambda parts: None)


# What accelerate's launcher sets in any case: it asks for nothing.
NOTHING = ("", "no", "0", "1", "false")
ASKING = ("MIXED_PRECISION", "DYNAMO_BACKEND", "GRADIENT_ACCUMULATION_STEPS", "USE_DEEPSPEED",
          "USE_FSDP", "USE_MEGATRON_LM")  # fmt: skip


def tell_what_is_ignored(alone: bool = True) -> None:
    """Warn of what a launcher's variables ask for and a training does not do.

    `fit` alone trains in the processes that a launcher has started; whatever else trains does so in
    each of them by itself. Precision, accumulation and compiling are arguments of `fit`.
    """
    names = [f"ACCELERATE_{name}" for name in ASKING]
    found = {
        name: os.environ[name] for name in names if os.environ.get(name, "").lower() not in NOTHING
    }
    several = os.environ.get("WORLD_SIZE", "1") not in ("", "0", "1")
    if several and (alone or not is_launched()):
        found |= {n: os.environ[n] for n in ("WORLD_SIZE", "RANK") if n in os.environ}
    if found:
        values = ", ".join(f"{name}={value}" for name, value in sorted(found.items()))
        warnings.warn(
            f"the environment holds {values}: training here takes precision, accumulation and "
            "compiling from its own arguments, and only fit shares its work among the processes of "
            "a launcher, so these are ignored",
            stacklevel=4,
        )


def _one_order(data: Labelled, rng: np.random.Generator) -> list[np.ndarray]:
    return [draw_order(data, rng)]


def _refuse_nan(
    loss: float, epoch: int, step: int, what: str = "", too_high: str = "learning rate"
) -> None:
    if not math.isfinite(loss):
        raise CourseError(
            f"the {what}loss is {loss} in epoch {epoch}, batch {step}: "
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
