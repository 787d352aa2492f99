"""Images per second on a graphics card: ours, the plain way, and the card's bare forward pass.

Run it with ``.venv/bin/python benchmarks/gpu.py``; ``benchmarks/README.md`` explains it.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rounds import measure, positive, print_machine, run

from tlhelpers.data.images import ImageSet, load_emoji
from tlhelpers.models.backbones import Backbone, load_backbone
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.devices import best_device
from tlhelpers.models.features import extract_features
from tlhelpers.training.fitting import fit

# Options of `fit`, each by itself; what they are for is memory, or time.
OPTIONS = {
    "float32": {},
    "bfloat16": {"precision": "auto"},
    "accumulate 4": {"accumulate": 4},
    "recompute": {"recompute": True},
    "compile": {"compile": True},
    "bfloat16, 4, recompute": {"precision": "auto", "accumulate": 4, "recompute": True},
}
OURS, BEST, PLAIN, LIMIT = "extract_features", "the same, auto", "plain loop", "bare forward pass"
FIT, PLAIN_FIT = "fit", "plain training"
BATCH = 256


def wait(device: torch.device) -> None:
    """Until the card has done all that it was asked for."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def plain_loop(backbone: Backbone, images: ImageSet, device: torch.device) -> np.ndarray:
    """The common way: pictures are transformed on the processor, 32 at a time go to the card."""
    model = copy.deepcopy(backbone.model).eval().to(device)
    parts = []
    with torch.no_grad():
        for i in range(0, len(images), 32):
            parts.append(model(backbone.transform(images.pixels[i : i + 32]).to(device)).cpu())
    return torch.cat(parts).numpy()


class Bare:
    """The network alone on inputs that lie on the card: what the card can do."""

    def __init__(self, backbone: Backbone, images: ImageSet, device: torch.device):
        self.device, self.model = device, copy.deepcopy(backbone.model).eval().to(device)
        self.inputs = [part.to(device) for part in backbone.transform(images.pixels).split(BATCH)]

    def __call__(self) -> np.ndarray:
        """Features of all pictures."""
        with torch.inference_mode():
            parts = [self.model(x) for x in self.inputs]
        wait(self.device)
        return torch.cat(parts).cpu().numpy()


def plain_training(images: ImageSet, device: torch.device) -> np.ndarray:
    """One epoch as tutorials write it: the network, optimizer and batches of 32 of `fit`."""
    model = new_classifier(images).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    order = np.random.default_rng(0).permutation(len(images))
    model.train()
    for items in np.array_split(order, -(-len(order) // 32)):
        x = model.transform(images.pixels[items]).to(device)
        y = torch.from_numpy(images.labels[items]).to(device)
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    wait(device)
    return np.zeros((1, 1))


def our_training(images: ImageSet) -> np.ndarray:
    """One epoch of `fit`."""
    fit(new_classifier(images), images, epochs=1, lr=1e-3, batch_size=32, quiet=True)
    return np.zeros((1, 1))


def new_classifier(images: ImageSet) -> Classifier:
    """The pretrained backbone under a new head."""
    return Classifier(load_backbone(), len(images.class_names))


def measure_options(images: ImageSet, device: torch.device, batch_size: int) -> pd.DataFrame:
    """What each option of `fit` takes on this card: a second epoch, after one that warms up."""
    rows = []
    for name, options in OPTIONS.items():
        model = new_classifier(images)
        fit(model, images, epochs=1, batch_size=batch_size, quiet=True, **options)
        torch.cuda.reset_peak_memory_stats(device)
        history = fit(model, images, epochs=2, batch_size=batch_size, quiet=True, **options)
        wait(device)
        seconds = float(history.table["seconds"].iloc[-1])
        held = torch.cuda.max_memory_allocated(device) / 1e6
        rows.append({"option": name, "images_per_second": len(images) / seconds, "peak_mb": held})
    card = torch.cuda.get_device_name(device)
    told = {"card": card, "torch": torch.__version__, "batch_size": batch_size}
    return pd.DataFrame(rows).round(1).assign(**told, date=time.strftime("%Y-%m-%d"))


def show_options(images: ImageSet, device: torch.device, batch_size: int, record: bool) -> None:
    """Print the options' table where there is a card, and keep it if asked to."""
    if device.type != "cuda":
        print(
            "no graphics card: the options of fit are not measured (the tests check their results)"
        )
        return
    table = measure_options(images, device, batch_size)
    print(table.to_string(index=False))
    if record:
        path = Path(__file__).resolve().parent.parent / "data" / "results" / "gpu_options.csv"
        table.to_csv(path, index=False, lineterminator="\n")
        print(f"stored in {path}")


def show(rates: dict[str, list[float]], pairs: list[tuple[str, str, str]]) -> None:
    """Print medians, then the ratio of each pair with what it should be."""
    for name, values in rates.items():
        print(f"{name:24}{statistics.median(values):10.0f} images/s")
    for above, below, goal in pairs:
        ratios = [a / b for a, b in zip(rates[above], rates[below], strict=True)]
        rounds = "  ".join(f"{ratio:.2f}" for ratio in ratios)
        print(f"{above} / {below}: {statistics.median(ratios):.2f} ({rounds}); goal {goal}")


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=positive, default=5, help="how often each is timed")
    parser.add_argument("--copies", type=positive, default=8, help="how often each picture comes")
    parser.add_argument("--batch", type=positive, default=BATCH, help="pictures per step of fit")
    parser.add_argument("--record", action="store_true", help="keep the options' table")
    chosen = parser.parse_args()
    device = best_device()
    print_machine()
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "none: on the processor"
    print(f"graphics card: {name}")
    backbone, emoji = load_backbone(), load_emoji()
    images = emoji.subset(np.tile(np.arange(len(emoji)), chosen.copies))
    quiet = {"cache": False, "progress": False}
    ways = {
        PLAIN: partial(plain_loop, backbone, images, device),
        OURS: partial(extract_features, backbone, images, **quiet),
        BEST: partial(extract_features, backbone, images, precision="auto", **quiet),
        LIMIT: Bare(backbone, images, device),
    }
    training = {
        PLAIN_FIT: partial(plain_training, images, device),
        FIT: partial(our_training, images),
    }
    for group, pairs in (
        (ways, [(OURS, PLAIN, "5"), (OURS, LIMIT, "0.5")]),
        (training, [(FIT, PLAIN_FIT, "1.0")]),
    ):
        for way in group.values():
            way()  # the first pass also plans and allocates
        show(measure(group, len(images), chosen.rounds)[0], pairs)
    show_options(images, device, chosen.batch, chosen.record)


if __name__ == "__main__":
    run(main)
