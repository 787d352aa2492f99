"""The frozen forward pass of a network: on the accelerator there is, else on onnxruntime.

On a CPU torch runs one operator after the other and gives memory back to the system in between.
onnxruntime sees the whole network first, joins operators, lays the weights out for this processor
and keeps its memory. Each batch runs on one thread, and as many batches side by side as torch would
use threads, so that a core that is busy elsewhere holds up one batch and not all.
"""

from __future__ import annotations

import logging
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from torch import nn

from tlhelpers.models.exports import export, trace

APART = 1e-3  # of a row's length; what is seen is below 1e-5
Tensors = Mapping[str, torch.Tensor]
Run = Callable[[Tensors], list[np.ndarray]]

log = logging.getLogger(__name__)


def run_frozen(
    network: nn.Module,
    batches: Iterable[Tensors],
    device: torch.device,
    compared: Tensors | None = None,
    free: tuple[int, ...] = (0,),
    int8: bool = False,
) -> Iterator[list[np.ndarray]]:
    """What a frozen network gives for each batch, in order, as float32 arrays.

    With `compared`, a few items, it is planned as `plan` says where the device is a CPU; with
    `int8` wherever it is.
    """
    if int8:
        return _side_by_side(plan_int8(network, compared, free), batches)
    run = plan(network, compared, free) if compared and device.type == "cpu" else None
    if run:
        return _side_by_side(run, batches)
    return _on_torch(network.to(device), batches, device)


def plan(network: nn.Module, compared: Tensors, free: tuple[int, ...]) -> Run | None:
    """The network's forward pass on onnxruntime, or None where it can not be trusted.

    `network` is in evaluation mode on the CPU and gives a tuple of tensors (n, d). `free` are the
    axes of its inputs whose length may change. It is traced with a piece of `compared`; on the
    whole of it, onnxruntime and torch must agree row by row, each time: a trace that was kept may
    be of a network that looked the same.
    """
    piece = {name: _first_half(tensor, free) for name, tensor in compared.items()}
    with torch.inference_mode():
        wanted = [out.numpy() for out in network(**compared)]
    try:
        run = _session(export(network, piece, free))
        given = run(compared)
    except Exception as error:  # the exporter raises whatever the operator at hand makes it raise
        log.info("the frozen pass stays with torch: %s", error)
        return None
    if len(wanted) == len(given) and all(map(_agree, wanted, given)):
        return run
    log.info("the frozen pass stays with torch: onnxruntime gives other values")
    return None


def _agree(wanted: np.ndarray, given: np.ndarray) -> bool:
    """Whether no row is off by more than rounding: in direction, as a cosine tells, or length."""
    if wanted.shape != given.shape:
        return False
    apart = np.linalg.norm(wanted - given, axis=1)
    return bool((apart <= APART * np.linalg.norm(wanted, axis=1)).all())


def _first_half(tensor: torch.Tensor, free: tuple[int, ...]) -> torch.Tensor:
    for axis in free:
        tensor = tensor.narrow(axis, 0, tensor.shape[axis] // 2 + 1)
    return tensor


def plan_int8(network: nn.Module, inputs: Tensors, free: tuple[int, ...]) -> Run:
    """The forward pass on onnxruntime with the products of its layers in int8.

    Weights are rounded once, channel by channel, what flows through at each call. The range is kept
    to seven bits: with eight, processors without VNNI overflow in silence.
    """
    from onnx import load_from_string
    from onnxruntime.quantization import quantize_dynamic

    with tempfile.TemporaryDirectory() as folder, _quiet():
        path = Path(folder) / "int8.onnx"
        model = load_from_string(trace(network, inputs, free))
        quantize_dynamic(model, path, per_channel=True, reduce_range=True)
        return _session(path.read_bytes())


@contextmanager
def _quiet():
    """The root logger says nothing inside: there onnxruntime advises what is not needed here."""
    level = logging.root.level
    logging.root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logging.root.setLevel(level)


def _session(model: bytes) -> Run:
    """A session on the CPU that takes one thread per call."""
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return lambda batch: session.run(None, {name: x.numpy() for name, x in batch.items()})


def _side_by_side(run: Run, batches: Iterable[Tensors]) -> Iterator[list[np.ndarray]]:
    """Each batch on a thread of its own; few of them are in memory at once."""
    threads = torch.get_num_threads()
    waiting: deque = deque()
    torch.set_num_threads(1)  # what prepares a batch leaves the other cores to those at work
    try:
        with ThreadPoolExecutor(threads) as pool:
            for batch in batches:
                waiting.append(pool.submit(run, batch))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
    finally:
        torch.set_num_threads(threads)


def _on_torch(
    network: nn.Module, batches: Iterable[Tensors], device: torch.device
) -> Iterator[list[np.ndarray]]:
    for batch in batches:
        with torch.inference_mode():
            outputs = network(**{name: tensor.to(device) for name, tensor in batch.items()})
            yield [out.float().cpu().numpy() for out in outputs]
