"""Random numbers by name, so that two things drawn from one seed do not depend on each other."""

from __future__ import annotations

import numpy as np

from tlhelpers.checks import known, whole

# The numbers are part of every stored result: a new stream takes a new one.
STREAMS = {
    "split": 1,
    "labels": 2,
    "held out": 3,
    "domain halves": 4,
    "shuffled words": 5,
    "batches of the target": 6,
    "random divisions": 7,
    "class shares": 8,
}


def random_stream(seed: int, name: str) -> np.random.Generator:
    """A generator for one purpose, one of `STREAMS`: the same numbers for one seed and name."""
    known("random stream", name, STREAMS)
    return np.random.default_rng((whole("seed", seed, 0), STREAMS[name]))
