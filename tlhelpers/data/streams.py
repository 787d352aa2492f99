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
}


def random_stream(seed: int, name: str) -> np.random.Generator:
    """A generator of its own for one purpose.

    Parameters
    ----------
    seed : int
        0 or more.
    name : str
        One of `STREAMS`.

    Returns
    -------
    numpy.random.Generator
        The same numbers for the same seed and name.

    Raises
    ------
    ValueError
        If the name is unknown, or the seed is no whole number from 0 on.
    """
    known("random stream", name, STREAMS)
    return np.random.default_rng((whole("seed", seed, 0), STREAMS[name]))
