"""Texts per second of `encode` against a plain loop and sentence-transformers.

Run it with ``.venv/bin/python benchmarks/encode.py``; ``benchmarks/README.md`` explains it.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rounds import busy, from_nought, measure, positive, print_machine, run

from tlhelpers.data.texts import load_sentiment
from tlhelpers.evaluation.comparisons import compare
from tlhelpers.evaluation.repeated import repeat
from tlhelpers.models.encoder_loading import load_encoder
from tlhelpers.models.encoders import Encoder
from tlhelpers.models.heads import linear_head
from tlhelpers.models.precision import row_cosine
from tlhelpers.models.text_features import encode

LOOP, THEIRS = "plain loop", "sentence-transformers"
OURS, AUTO, INT8 = "encode, float32", "encode, auto", "encode, int8"
RATIOS = [(OURS, THEIRS), (AUTO, THEIRS), (INT8, THEIRS), (OURS, LOOP)]
Method = Callable[[list[str]], np.ndarray]


def plain_loop(encoder: Encoder, texts: list[str]) -> np.ndarray:
    """The common way: batches of 32 in the order given, eval() and no_grad()."""
    network = copy.deepcopy(encoder.model).eval()
    options = {"padding": True, "truncation": True, "max_length": encoder.transform.max_length}
    parts = []
    with torch.no_grad():
        for i in range(0, len(texts), 32):
            given = encoder.tokenizer(texts[i : i + 32], return_tensors="pt", **options)
            hidden = network(**given).last_hidden_state
            mask = given["attention_mask"].unsqueeze(2)
            parts.append((hidden * mask).sum(1) / mask.sum(1))
    return torch.cat(parts).numpy()


def sentence_transformer(encoder: Encoder, folder: Path):
    """The same network, tokenizer and pooling in the hands of sentence-transformers."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers.utils.logging import set_verbosity_error

    set_verbosity_error()  # it would report that the file has no pooler, which nothing here uses
    encoder.model.save_pretrained(folder)
    encoder.tokenizer.save_pretrained(folder)
    body = Transformer(str(folder), max_seq_length=encoder.transform.max_length)
    return SentenceTransformer(modules=[body, Pooling(encoder.feature_size, "mean")], device="cpu")


def methods(encoder: Encoder, folder: Path) -> dict[str, Method]:
    """Every way that is timed, by the name that is printed."""
    theirs = sentence_transformer(encoder, folder)
    quiet = {"cache": False, "progress": False}
    return {
        LOOP: partial(plain_loop, encoder),
        THEIRS: partial(theirs.encode, show_progress_bar=False),
        OURS: partial(encode, encoder, precision="float32", **quiet),
        AUTO: partial(encode, encoder, precision="auto", **quiet),
        INT8: partial(encode, encoder, precision="int8", **quiet),
    }


def report(rates: dict[str, list[float]], results: dict[str, np.ndarray]) -> None:
    """Print medians, how far each result is from theirs, and the ratios of each round."""
    print(f"\n{'':24}{'texts/s':>10}{'largest difference':>20}{'worst row cosine':>18}")
    for name, values in rates.items():
        apart = np.abs(results[name] - results[THEIRS]).max()
        worst = row_cosine(results[name], results[THEIRS]).min()
        print(f"{name:24}{statistics.median(values):10.1f}{apart:20.2e}{worst:18.6f}")
    for above, below in RATIOS:
        pairs = [a / b for a, b in zip(rates[above], rates[below], strict=True)]
        print(f"\n{above} / {below}, per round: " + "  ".join(f"{r:.2f}" for r in pairs))
        print(f"median ratio: {statistics.median(pairs):.2f}")


def report_heads(encoder: Encoder) -> None:
    """What int8 costs a linear head on tweets: trained and used on it, against float32."""
    tweets = load_sentiment("tweets")
    quiet = {"cache": False, "progress": False}
    heads = {
        name: linear_head(encode(encoder, tweets, precision=name, **quiet), tweets.labels)
        for name in ("float32", "int8")
    }
    runs = repeat(heads, tweets, labels=[8, 32, 128, "all"], seeds=10)
    for count in runs["labels"].unique():
        print(f"{count} labels per class: {compare(runs, 'int8', 'float32', labels=count)}")


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=positive, default=5, help="how often each is timed")
    parser.add_argument(
        "--busy", type=from_nought, default=0, help="other cores that compute meanwhile"
    )
    parser.add_argument("--texts", type=positive, default=2000, help="how many sentences")
    parser.add_argument("--heads", action="store_true", help="what int8 costs linear heads")
    chosen = parser.parse_args()
    encoder, movies = load_encoder(), load_sentiment("movies", threshold=0, balanced=False)
    texts = movies.texts[: chosen.texts].tolist()
    print_machine()
    print(f"{encoder!r}\n{len(texts)} sentences; {chosen.rounds} rounds, each way once per round")
    print(f"other processes that compute meanwhile: {chosen.busy}")
    with tempfile.TemporaryDirectory() as folder:
        ways = methods(encoder, Path(folder))
    for way in ways.values():
        way(texts[:64])  # the first pass also plans and allocates
    timed = {name: partial(way, texts) for name, way in ways.items()}
    with busy(chosen.busy):
        report(*measure(timed, len(texts), chosen.rounds))
    if chosen.heads:
        report_heads(encoder)


if __name__ == "__main__":
    run(main)
