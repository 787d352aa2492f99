"""Networks as ONNX, kept on disk: to write one out takes as long as a hundred pictures."""

from __future__ import annotations

import hashlib
import io
import logging
import warnings
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import torch
from torch import nn

from tlhelpers.models.backbones import weights_digest
from tlhelpers.setup.files import write_atomically
from tlhelpers.setup.paths import derived_dir

OPSET = 18
MOST_BYTES = 600_000_000  # what all of them may take on disk
_DIGEST = 32  # bytes of the SHA-256 that stands before each

log = logging.getLogger(__name__)


def export(network: nn.Module, inputs: Mapping[str, torch.Tensor], free: tuple[int, ...]) -> bytes:
    """The network as ONNX, traced with `inputs` unless it was kept.

    `free` are the axes of the inputs whose length may change. It is kept under a hash of the
    weights, the modules as they print themselves, and the inputs' form. None of these tells what a
    module's code does, so whoever runs it must compare it with the network.
    """
    path = derived_dir("exports") / f"{_key(network, inputs, free)}.onnx"
    kept = _read(path)
    if kept is None:
        kept = trace(network, inputs, free)
        _keep(path, kept)
    return kept


def _key(network: nn.Module, inputs: Mapping[str, torch.Tensor], free: tuple[int, ...]) -> str:
    # A length that may change is no part of the form.
    forms = [
        (name, str(x.dtype), [n for axis, n in enumerate(x.shape) if axis not in free])
        for name, x in inputs.items()
    ]
    weights = weights_digest(network.state_dict())
    versions = (version("torch"), version("onnx"), OPSET)
    parts = (weights, network, forms, free, *versions)
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()


def trace(network: nn.Module, inputs: Mapping[str, torch.Tensor], free: tuple[int, ...]) -> bytes:
    """The network as ONNX, traced anew: for whoever does not compare it with the network."""
    file = io.BytesIO()
    with warnings.catch_warnings(), torch.inference_mode():
        # The exporter that torch recommends takes ten times as long for the same graph.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            tuple(inputs.values()),
            file,
            input_names=list(inputs),
            dynamic_axes={name: {axis: f"axis_{axis}" for axis in free} for name in inputs},
            opset_version=OPSET,
            dynamo=False,
        )
    return file.getvalue()


def _read(path: Path) -> bytes | None:
    """What is kept there; None where there is nothing, or it is damaged."""
    try:
        data = path.read_bytes()
        path.touch()  # the one that was used longest ago goes first
    except OSError:
        return None
    digest, model = data[:_DIGEST], data[_DIGEST:]
    return model if hashlib.sha256(model).digest() == digest else None


def _keep(path: Path, model: bytes) -> None:
    """Keep it; that there is no room for it costs time alone, and is only noted."""
    try:
        _make_room(path.parent, len(model))
        write_atomically(path, hashlib.sha256(model).digest() + model)
    except OSError as error:
        log.info("the network as ONNX could not be kept: %s", error)


def _make_room(folder: Path, size: int) -> None:
    """Remove what was used longest ago until all that is kept fits into `MOST_BYTES`."""
    found = []
    for path in folder.glob("*.onnx"):
        with suppress(OSError):  # another process removed it just now
            found.append((path.stat().st_mtime, path.stat().st_size, path))
    total = size + sum(bytes_ for _, bytes_, _ in found)
    for _, bytes_, path in sorted(found):
        if total <= MOST_BYTES:
            return
        path.unlink(missing_ok=True)
        total -= bytes_
