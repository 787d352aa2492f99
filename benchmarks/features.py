"""Images per second of `extract_features` against the loop that most tutorials show.

Run it with ``.venv/bin/python benchmarks/features.py``; ``benchmarks/README.md`` explains it.
"""

from __future__ import annotations

import argparse
import copy
import io
import statistics
import sys
import warnings
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rounds import busy, from_nought, measure, positive, print_machine, run

from tlhelpers.data.images import ImageSet, load_emoji
from tlhelpers.models import engine
from tlhelpers.models.backbones import Backbone, load_backbone
from tlhelpers.models.features import extract_features
from tlhelpers.models.precision import has_bfloat16, row_cosine

BASE, OURS = "plain loop", "extract_features"
LIMIT = "onnxruntime bare, batches side by side"
Method = Callable[[], np.ndarray]


def plain_loop(backbone: Backbone, images: ImageSet) -> np.ndarray:
    """The common way: float32, contiguous NCHW, batches of 32, eval() and no_grad()."""
    model = copy.deepcopy(backbone.model).eval()
    parts = []
    with torch.no_grad():
        for i in range(0, len(images), 32):
            parts.append(model(backbone.transform(images.pixels[i : i + 32]).contiguous()))
    return torch.cat(parts).numpy()


def channels_last(backbone: Backbone, images: ImageSet, precision: str) -> np.ndarray:
    """The same loop with channels_last memory, in batches of 8."""
    dtype = getattr(torch, precision)
    model = copy.deepcopy(backbone.model).eval().to(dtype, memory_format=torch.channels_last)
    return _batches(model, backbone, images, lambda x: x.to(dtype))


def compiled(backbone: Backbone, images: ImageSet) -> np.ndarray:
    """torch.compile with the weights frozen in; compiling counts, as planning does in ours."""
    torch._dynamo.reset()
    model = copy.deepcopy(backbone.model).eval()
    with torch._inductor.config.patch(freezing=True):
        return _batches(torch.compile(model), backbone, images, lambda x: x)


def _batches(model, backbone: Backbone, images: ImageSet, prepare, size: int = 8) -> np.ndarray:
    parts = []
    with torch.inference_mode():
        for i in range(0, len(images), size):
            parts.append(model(prepare(backbone.transform(images.pixels[i : i + size]))).float())
    return torch.cat(parts).numpy()


class Bare:
    """An engine's own forward pass on pictures that are transformed already: the limit."""

    def __init__(self, backbone: Backbone, images: ImageSet):
        self.model = copy.deepcopy(backbone.model).eval()
        self.inputs = backbone.transform(images.pixels).split(8)
        file = io.BytesIO()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            axes = {"x": {0: "n"}}
            options = {"input_names": ["x"], "dynamic_axes": axes, "dynamo": False}
            torch.onnx.export(self.model, (self.inputs[0],), file, **options)
        self.onnx = file.getvalue()

    def onnxruntime(self) -> np.ndarray:
        """One session, all its threads on one batch."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        session = onnxruntime.InferenceSession(self.onnx, options)
        return np.concatenate([session.run(None, {"x": x.numpy()})[0] for x in self.inputs])

    def side_by_side(self) -> np.ndarray:
        """One session, one thread per batch: how `extract_features` runs it."""
        outputs = engine._side_by_side(engine._session(self.onnx), ({"x": x} for x in self.inputs))
        return np.concatenate([out for [out] in outputs])

    def openvino(self, precision: str) -> np.ndarray:
        """OpenVINO with its own threads."""
        import openvino

        settings = {"INFERENCE_NUM_THREADS": torch.get_num_threads()}
        settings["INFERENCE_PRECISION_HINT"] = precision
        core = openvino.Core()
        model = core.compile_model(core.read_model(self.onnx), "CPU", settings)
        return np.concatenate([model({"x": x.numpy()})[0] for x in self.inputs])


def methods(backbone: Backbone, images: ImageSet, compile_too: bool) -> dict[str, Method]:
    """Every way that is timed, by the name that is printed."""
    bare = Bare(backbone, images)
    ways: dict[str, Method] = {
        BASE: partial(plain_loop, backbone, images),
        OURS: partial(extract_features, backbone, images, cache=False, progress=False),
        "channels_last, float32": partial(channels_last, backbone, images, "float32"),
        "onnxruntime bare, threads within": bare.onnxruntime,
        LIMIT: bare.side_by_side,
    }
    if compile_too:
        ways["torch.compile, weights frozen"] = partial(compiled, backbone, images)
    if has_bfloat16():
        ways["channels_last, bfloat16"] = partial(channels_last, backbone, images, "bfloat16")
    if find_spec("openvino"):
        ways["OpenVINO bare, float32"] = partial(bare.openvino, "f32")
        if has_bfloat16():
            ways["OpenVINO bare, bfloat16"] = partial(bare.openvino, "bf16")
    return ways


def report(rates: dict[str, list[float]], results: dict[str, np.ndarray]) -> None:
    """Print medians, the ratio of each round, and how far each result is from the plain loop's."""
    print(f"\n{'':44}{'images/s':>10}{'ratio':>8}{'worst row cosine':>18}")
    for name, values in rates.items():
        ratio = statistics.median(ratios(rates, name))
        worst = row_cosine(results[BASE], results[name]).min()
        print(f"{name:44}{statistics.median(values):10.1f}{ratio:8.2f}{worst:18.6f}")
    for other in (BASE, LIMIT):
        pairs = [a / b for a, b in zip(rates[OURS], rates[other], strict=True)]
        print(f"\n{OURS} / {other}, per round: " + "  ".join(f"{r:.2f}" for r in pairs))
        print(f"median ratio: {statistics.median(pairs):.2f}")


def ratios(rates: dict[str, list[float]], name: str) -> list[float]:
    """How many times as fast as the plain loop, round by round."""
    return [a / b for a, b in zip(rates[name], rates[BASE], strict=True)]


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=positive, default=5, help="how often each is timed")
    parser.add_argument(
        "--busy", type=from_nought, default=0, help="other cores that compute meanwhile"
    )
    parser.add_argument("--compile", action="store_true", help="torch.compile too: minutes")
    chosen = parser.parse_args()
    backbone, images = load_backbone(), load_emoji()
    print_machine()
    print(f"{backbone!r}\n{images!r}; {chosen.rounds} rounds, each way once per round, in turn")
    print(f"other processes that compute meanwhile: {chosen.busy}")
    for way in methods(backbone, images.subset(range(64)), False).values():
        way()  # the first pass also plans and allocates
    with busy(chosen.busy):
        report(*measure(methods(backbone, images, chosen.compile), len(images), chosen.rounds))


if __name__ == "__main__":
    run(main)
