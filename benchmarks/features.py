"""Images per second of `extract_features` against the loop that most tutorials show.

Run it with ``.venv/bin/python benchmarks/features.py``; ``benchmarks/README.md`` explains it.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rounds import measure, positive, print_machine

from tlhelpers.data.images import ImageSet, load_emoji
from tlhelpers.models.backbones import Backbone, load_backbone
from tlhelpers.models.features import extract_features
from tlhelpers.models.folding import fold_batchnorm
from tlhelpers.models.precision import row_cosine

BASE, OURS = "plain loop", "extract_features"
VARIANTS = [
    (folded, precision, batch)
    for folded in (False, True)
    for precision in ("float32", "bfloat16")
    for batch in (8, 32)
]
Method = Callable[[Backbone, ImageSet], np.ndarray]


def plain_loop(backbone: Backbone, images: ImageSet) -> np.ndarray:
    """The common way: float32, contiguous NCHW, batches of 32, eval() and no_grad()."""
    model = copy.deepcopy(backbone.model).eval()
    parts = []
    with torch.no_grad():
        for i in range(0, len(images), 32):
            parts.append(model(backbone.transform(images.pixels[i : i + 32]).contiguous()))
    return torch.cat(parts).numpy()


def variant(
    backbone: Backbone, images: ImageSet, folded: bool, precision: str, batch: int
) -> np.ndarray:
    """The same loop with channels_last memory and one choice of the rest."""
    model = copy.deepcopy(backbone.model).eval()
    model = fold_batchnorm(model) if folded else model
    dtype = getattr(torch, precision)
    model = model.to(dtype, memory_format=torch.channels_last)
    parts = []
    with torch.inference_mode():
        for i in range(0, len(images), batch):
            x = backbone.transform(images.pixels[i : i + batch])
            parts.append(model(x.to(dtype, memory_format=torch.channels_last)).float())
    return torch.cat(parts).numpy()


def methods() -> dict[str, Method]:
    """Every way that is timed, by the name that is printed."""
    ways: dict[str, Method] = {
        BASE: plain_loop,
        OURS: partial(extract_features, cache=False, progress=False),
    }
    for folded, precision, batch in VARIANTS:
        name = f"{'folded, ' if folded else ''}channels_last, {precision}, batch {batch}"
        ways[name] = partial(variant, folded=folded, precision=precision, batch=batch)
    return ways


def report(rates: dict[str, list[float]], results: dict[str, np.ndarray]) -> None:
    """Print medians, the ratio of each round, and how far each result is from the plain loop's."""
    print(f"\n{'':44}{'images/s':>10}{'ratio':>8}{'worst row cosine':>18}")
    for name, values in rates.items():
        ratio = statistics.median(ratios(rates, name))
        worst = row_cosine(results[BASE], results[name]).min()
        print(f"{name:44}{statistics.median(values):10.1f}{ratio:8.2f}{worst:18.6f}")
    pairs = ratios(rates, OURS)
    print(f"\n{OURS} / {BASE}, per round: " + "  ".join(f"{r:.2f}" for r in pairs))
    print(f"median ratio: {statistics.median(pairs):.2f}")


def ratios(rates: dict[str, list[float]], name: str) -> list[float]:
    """How many times as fast as the plain loop, round by round."""
    return [a / b for a, b in zip(rates[name], rates[BASE], strict=True)]


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=positive, default=5, help="how often each is timed")
    rounds = parser.parse_args().rounds
    backbone, images = load_backbone(), load_emoji()
    print_machine()
    print(f"{backbone!r}\n{images!r}; {rounds} rounds, each way once per round, in turn")
    ways = methods()
    for way in ways.values():
        way(backbone, images.subset(range(64)))  # the first pass also plans and allocates
    timed = {name: partial(way, backbone, images) for name, way in ways.items()}
    report(*measure(timed, len(images), rounds))


if __name__ == "__main__":
    main()
