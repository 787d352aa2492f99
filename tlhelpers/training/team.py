"""The processes that train one model together; each learns from its share of every step.

A step's loss is a mean over its items. Each process takes some of them and counts its gradient by
their share; the sum over the processes is the gradient of the whole step.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import numpy as np
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from tlhelpers.errors import CourseError
from tlhelpers.models.devices import best_device

# What a launcher tells each process that it starts (torchrun, accelerate launch, Slurm's scripts).
TOLD = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
# So long a process waits for the others before it takes them for gone. One that has ended is
# noticed at once, by its closed connection.
PATIENCE = timedelta(minutes=10)
LOST = (
    "another process of this training has ended or does not answer, so that this one ends too: the "
    "first error above, or the system's log, says why; with checkpoint=… the same command goes on"
)


class Team:
    """The processes of one training: how many there are, and which of them this is.

    One process alone is a team of one, which nobody waits for and nothing is sent to.
    """

    def __init__(self, rank: int = 0, size: int = 1):
        self.rank, self.size = rank, size

    def share(self, items: np.ndarray) -> np.ndarray:
        """This process's part of a step's items, int (n,); parts differ by one item at most."""
        return np.array_split(items, self.size)[self.rank]

    def sum_gradients(self, weights: Iterable[nn.Parameter], numbers: Sequence[float]) -> list:
        """Replace each gradient by its sum over the processes; gives the sums of `numbers`."""
        if self.size == 1:
            return list(numbers)
        weights = list(weights)
        held = [float(weight.grad is not None) for weight in weights]
        sums = self.sum_numbers([*numbers, *held])
        # A weight that no process has used keeps no gradient, and is not decayed either.
        used = [w for w, count in zip(weights, sums[len(numbers) :], strict=True) if count]
        for weight in used:
            if weight.grad is None:
                weight.grad = torch.zeros_like(weight)
        for dtype in {weight.dtype for weight in used}:
            _sum_in_one_go([weight.grad for weight in used if weight.dtype == dtype])
        return sums[: len(numbers)]

    def sum_numbers(self, numbers: Sequence[float]) -> list[float]:
        """The sum of each number over the processes."""
        if self.size == 1:
            return list(numbers)
        values = torch.tensor(numbers, dtype=torch.float64)
        with _lost_told():
            torch.distributed.all_reduce(values)
        return values.tolist()

    def begin(self, model: nn.Module, labels: np.ndarray) -> None:
        """All start from the weights of the first process; other labels than its are refused."""
        if self.size == 1:
            return
        with _lost_told(), torch.no_grad():
            told = [(len(labels), np.asarray(labels).tobytes())]
            torch.distributed.broadcast_object_list(told)
            same = told[0] == (len(labels), np.asarray(labels).tobytes())
            if self.sum_numbers([not same]) != [0]:
                raise CourseError(
                    "the processes of this training have different labels: each must load the same "
                    "data in the same order, so draw splits with a fixed seed"
                )
            for tensor in _tensors(model):
                torch.distributed.broadcast(tensor, 0)

    def end_epoch(self, model: nn.Module) -> None:
        """Average what BatchNorm layers have noted; all must hold the same weights.

        Each layer has seen its own process's share alone, so that the result differs a little from
        one process's. Held layers are left as they are.
        """
        if self.size == 1:
            return
        with _lost_told(), torch.no_grad():
            for layer in model.modules():
                if isinstance(layer, _BatchNorm) and layer.training and layer.track_running_stats:
                    for statistic in (layer.running_mean, layer.running_var):
                        torch.distributed.all_reduce(statistic)
                        statistic /= self.size
            own = torch.stack([w.double().sum().cpu() for w in model.parameters()])
            first = own.clone()
            torch.distributed.broadcast(first, 0)
            if self.sum_numbers([not torch.equal(own, first)]) != [0]:
                raise CourseError(
                    "the processes of this training hold different weights: does a layer or an "
                    "optimizer of your own change weights by itself, or draw other numbers in each?"
                )

    def wait(self) -> None:
        """Go on when all have come here."""
        self.sum_numbers([0.0])


def join_team() -> Team:
    """The processes that a launcher has started with this one; one alone where it has not.

    Where there are accelerators, each process takes its own.
    """
    if not is_launched():
        return Team()
    _take_accelerator()
    if not torch.distributed.is_initialized():
        try:
            torch.distributed.init_process_group(_backends(best_device()), timeout=PATIENCE)
        except (RuntimeError, ValueError) as error:  # torch's own errors of connections are such
            told = ", ".join(f"{name}={os.environ[name]}" for name in TOLD)
            raise CourseError(
                f"the processes of this training do not find each other ({told}): start them with "
                f"accelerate launch or torchrun, or unset these variables ({_first_line(error)})"
            ) from error
        atexit.register(_leave)
    return Team(torch.distributed.get_rank(), torch.distributed.get_world_size())


def is_launched() -> bool:
    """Whether the environment tells of several processes and of how to find them."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_world_size() > 1
    told = [os.environ.get(name, "") for name in TOLD]
    return all(told) and told[1].isdecimal() and int(told[1]) > 1


def _take_accelerator() -> None:
    found = torch.accelerator.current_accelerator(check_available=True)
    number = os.environ.get("LOCAL_RANK", "")
    if found is not None and number.isdecimal():
        torch.accelerator.set_device_index(int(number) % torch.accelerator.device_count())


def _backends(device: torch.device) -> str:
    """What carries tensors of each kind of device; numbers of the training are on the processor."""
    if device.type == "cpu":
        return "cpu:gloo"
    own = torch.distributed.get_default_backend_for_device(device)
    return f"cpu:gloo,{device.type}:{own}"


def _leave() -> None:
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def _tensors(model: nn.Module) -> Iterator[torch.Tensor]:
    for tensor in (*model.parameters(), *model.buffers()):
        yield tensor.data


def _sum_in_one_go(gradients: list[torch.Tensor]) -> None:
    """One message for all: hundreds of small ones would wait for each other."""
    whole = torch.cat([gradient.reshape(-1) for gradient in gradients])
    with _lost_told():
        torch.distributed.all_reduce(whole)
    for gradient, part in zip(gradients, whole.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(part.view_as(gradient))


@contextmanager
def _lost_told():
    """What torch says of a connection that is closed is one CourseError."""
    try:
        yield
    except CourseError:
        raise
    except RuntimeError as error:
        raise CourseError(f"{LOST} ({_first_line(error)[:120]})") from None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
