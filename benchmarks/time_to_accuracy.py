"""Seconds to the same test accuracy: features once and a head, against the usual training loops.

Run it with ``.venv/bin/python benchmarks/time_to_accuracy.py``; ``benchmarks/README.md`` explains
it.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rounds import positive, print_machine, run

from tlhelpers.data.images import ImageSet, load_emoji
from tlhelpers.data.splits import split_by_group
from tlhelpers.experiments.timings import store_timings
from tlhelpers.models.backbones import Backbone, load_backbone
from tlhelpers.models.features import extract_features
from tlhelpers.models.heads import new_linear_head

OURS, FROZEN, TUNED = "features once, head", "frozen, passed again", "everything tuned"
HEAD_RATE, TUNING_RATE = 1e-3, 3e-4
BATCH = 16


class Point(NamedTuple):
    """Seconds of training so far, and the accuracy on the test pictures after them."""

    seconds: float
    accuracy: float


def features_once(backbone: Backbone, train: ImageSet, test: ImageSet) -> Iterator[Point]:
    """One pass through the frozen network, no cache; then a linear head on its features."""
    options = {"cache": False, "progress": False}
    start = time.perf_counter()
    head = new_linear_head().fit(extract_features(backbone, train, **options), train.labels)
    seconds = time.perf_counter() - start
    predicted = head.predict(extract_features(backbone, test, **options))
    yield Point(seconds, float((predicted == test.labels).mean()))


def usual_loop(
    backbone: Backbone, train: ImageSet, test: ImageSet, frozen: bool, epochs: int, seed: int
) -> Iterator[Point]:
    """The common loop in plain torch: every epoch passes every picture through the network.

    A frozen network stands in evaluation mode, as it should and often does not.
    """
    torch.manual_seed(seed)
    body = copy.deepcopy(backbone.model)
    body.requires_grad_(not frozen)
    model = nn.Sequential(body, nn.Linear(backbone.feature_size, len(train.class_names)))
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=HEAD_RATE if frozen else TUNING_RATE)
    seconds = 0.0
    for _ in range(epochs):
        start = time.perf_counter()
        model.train()
        body.train(not frozen)
        for items in torch.randperm(len(train)).split(BATCH):
            x, y = backbone.transform(train.pixels[items]), torch.tensor(train.labels[items])
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
        seconds += time.perf_counter() - start
        yield Point(seconds, _accuracy(model.eval(), backbone, test))


@torch.inference_mode()
def _accuracy(model: nn.Module, backbone: Backbone, test: ImageSet) -> float:
    parts = [test.pixels[i : i + 32] for i in range(0, len(test), 32)]
    predicted = torch.cat([model(backbone.transform(part)).argmax(1) for part in parts])
    return float((predicted.numpy() == test.labels).mean())


def run_round(
    backbone: Backbone, train: ImageSet, test: ImageSet, epochs: int, seed: int
) -> dict[str, list[Point]]:
    """Every way once, one after the other, on the same pictures."""
    return {
        OURS: list(features_once(backbone, train, test)),
        FROZEN: list(usual_loop(backbone, train, test, True, epochs, seed)),
        TUNED: list(usual_loop(backbone, train, test, False, epochs, seed)),
    }


def first_to_reach(points: list[Point], target: float) -> tuple[int, Point] | None:
    """The epoch (from 1) that first has the accuracy, and its point; None if there is none."""
    reached = [(n, point) for n, point in enumerate(points, start=1) if point.accuracy >= target]
    return reached[0] if reached else None


def best_of(points: list[Point]) -> float:
    """The highest accuracy that a way has."""
    return max(point.accuracy for point in points)


def shared_target(points: dict[str, list[Point]]) -> float:
    """The highest accuracy that all ways reach."""
    return min(map(best_of, points.values()))


def report_round(points: dict[str, list[Point]], target: float, words: str) -> None:
    """Print when each way has the accuracy, and the ratios of those that reach it to ours."""
    print(f"\nto {target:.3f}, {words}")
    columns = ("epoch", 6), ("seconds", 10), ("ratio", 8), ("best", 8), ("all epochs, s", 15)
    print(" " * 24 + "".join(f"{name:>{width}}" for name, width in (*columns, ("ratio", 8))))
    found = {name: first_to_reach(own, target) for name, own in points.items()}
    for name, own in points.items():
        when = f"{'never':>6}{'':>18}"
        if found[name] is not None:
            epoch, point = found[name]
            when = f"{epoch:6}{point.seconds:10.2f}"
            if found[OURS] is not None:
                when += f"{point.seconds / found[OURS][1].seconds:8.1f}"
        whole = own[-1].seconds
        ratio = whole / points[OURS][-1].seconds
        print(f"{name:24}{when:24}{best_of(own):8.3f}{whole:15.2f}{ratio:8.1f}")


def report(rounds: list[dict[str, list[Point]]]) -> None:
    """Print each round, for two accuracies, and the medians of the ratios."""
    for points in rounds:
        report_round(points, shared_target(points), "which all reach")
        report_round(points, best_of(points[OURS]), f"that of {OURS!r}")
    print()
    rows = rows_of(rounds)
    for name in (FROZEN, TUNED):
        values = [row["ratio"] for row in rows if row["way"] == name]
        each = "  ".join(f"{one:.1f}" for one in values)
        print(
            f"{name!r} / {OURS!r}, seconds to an accuracy that all reach, per round: {each}; "
            f"median {statistics.median(values):.1f}"
        )


def rows_of(rounds: list[dict[str, list[Point]]]) -> list[dict]:
    """What is stored: each way in each round, to the highest accuracy that all ways reach."""
    rows = []
    for number, points in enumerate(rounds):
        target = shared_target(points)
        found = {way: first_to_reach(own, target) for way, own in points.items()}
        for way, (epoch, point) in found.items():
            ratio = point.seconds / found[OURS][1].seconds
            row = {"round": number, "way": way, "accuracy": target, "epoch": epoch}
            rows.append(row | {"seconds": round(point.seconds, 3), "ratio": round(ratio, 2)})
    return rows


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=positive, default=3, help="how often each is timed")
    parser.add_argument("--epochs", type=positive, default=25, help="of the usual loops")
    parser.add_argument("--size", type=positive, default=96, help="pixels of a side")
    parser.add_argument("--record", action="store_true", help="store it in data/results")
    chosen = parser.parse_args()
    backbone, images = load_backbone(size=chosen.size), load_emoji(size=chosen.size)
    split = split_by_group(images, test=0.3, seed=0)
    train, test = images.subset(split.train), images.subset(split.test)
    print_machine()
    print(f"{backbone!r}\n{len(train)} pictures to train on, {len(test)} to test; {chosen}")
    few = train.subset(np.arange(2 * BATCH))
    for _ in usual_loop(backbone, few, few, False, 1, 0):
        extract_features(backbone, few, cache=False, progress=False)  # the first pass allocates
    seeds = range(chosen.rounds)
    rounds = [run_round(backbone, train, test, chosen.epochs, seed) for seed in seeds]
    report(rounds)
    if chosen.record:
        command = f".venv/bin/python benchmarks/{Path(__file__).name} {' '.join(sys.argv[1:])}"
        print(store_timings(Path(__file__).stem, rows_of(rounds), command))


if __name__ == "__main__":
    run(main)
