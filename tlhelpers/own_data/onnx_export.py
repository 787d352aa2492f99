"""A saved model as ONNX, compared with the model itself before anybody relies on it."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import torch
from torch import nn

from tlhelpers.errors import CourseError
from tlhelpers.models.devices import on_device
from tlhelpers.models.exports import trace
from tlhelpers.own_data.model_folder import ONNX, add_file
from tlhelpers.own_data.saved_model import SavedModel, load_saved

APART = 1e-3


class Probabilities(nn.Module):
    """What a model takes, to the probability of each class, float (n, k)."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        return self.model(*inputs).softmax(1)


def add_onnx(folder: Path, some) -> float:
    """Write ``model.onnx`` into the folder of a saved model; gives the largest difference.

    Parameters
    ----------
    folder : Path
    some : ImageSet or TextSet
        Real items, on which onnxruntime and torch are compared.

    Returns
    -------
    float
        Of a probability of the one and of the other.

    Raises
    ------
    CourseError
        If the model has no network, cannot be written as ONNX, or a probability is off by more than
        0.001; nothing is left behind then.
    """
    saved = load_saved(folder)
    if not isinstance(saved.model, nn.Module):
        raise CourseError(
            f"{saved.card['strategy']!r} has no network that could be written as ONNX: use the "
            "saved model as it is"
        )
    inputs = _inputs(saved, some)
    written = _traced(saved, inputs)
    apart = _largest_difference(saved, written, inputs)
    if not apart <= APART:
        raise CourseError(
            f"the model as ONNX gives other probabilities (by up to {apart:.2g}), and is not kept"
        )
    add_file(folder, ONNX, written, onnx_apart=apart)
    return apart


def _inputs(saved: SavedModel, some) -> dict[str, torch.Tensor]:
    if saved.kind == "pictures":
        return {"pixels": saved.transform(np.asarray(some.pixels[np.arange(len(some))]))}
    return dict(saved.transform(list(some.texts)))


def _traced(saved: SavedModel, inputs: dict[str, torch.Tensor]) -> bytes:
    free = (0,) if saved.kind == "pictures" else (0, 1)
    # Two items, so that nothing is written that holds for a batch of one alone.
    few = {name: torch.cat([rows[:1], rows[:1]]) for name, rows in inputs.items()}
    try:
        with redirect_stdout(io.StringIO()):  # there the exporter prints the network that failed
            return trace(Probabilities(saved.model).eval(), few, free)
    except Exception as error:  # the exporter raises whatever the operator at hand makes it raise
        first = (str(error).splitlines() or [""])[0] or type(error).__name__
        raise CourseError(f"the network cannot be written as ONNX ({first})") from error


def _largest_difference(saved: SavedModel, written: bytes, inputs) -> float:
    """On all items at once, and on the first one alone."""
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(written, options, providers=["CPUExecutionProvider"])
    differences = []
    for count in (None, 1):
        part = {name: rows[:count] for name, rows in inputs.items()}
        with on_device(saved.model, changes=False) as device, torch.inference_mode():
            moved = (rows.to(device) for rows in part.values())
            wanted = saved.model(*moved).float().cpu().softmax(1).numpy()
        (given,) = session.run(None, {name: rows.numpy() for name, rows in part.items()})
        differences.append(float(np.abs(given - wanted).max()))
    return max(differences)
