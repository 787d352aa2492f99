"""Random numbers that a seed decides, and those of the process left as they were."""

from __future__ import annotations

import random
from contextlib import ExitStack, contextmanager

import numpy as np
import torch


def seed_all(*parts: int) -> np.random.Generator:
    """Seed Python, NumPy and torch on all devices with whole numbers; gives a generator of its own.

    Inside `random_state_put_back` only.
    """
    from accelerate.utils import set_seed

    sequence = np.random.SeedSequence(parts)
    set_seed(int(sequence.generate_state(1)[0]))
    return np.random.default_rng(sequence)


@contextmanager
def random_state_put_back():
    """Whatever is drawn inside leaves the random numbers of the process as they were."""
    states = random.getstate(), np.random.get_state()  # noqa: NPY002 - augmentations draw from it
    with ExitStack() as forks:
        for kind, places in _generators():
            forks.enter_context(torch.random.fork_rng(devices=places, device_type=kind))
        try:
            yield
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])  # noqa: NPY002


def _generators() -> list[tuple[str, list[int]]]:
    """The devices that have random numbers of their own, since `seed_all` seeds them all."""
    found = torch.accelerator.current_accelerator(check_available=True)
    if found is None or found.type == "mps":  # Apple's takes no number of a device
        return [("cuda", [])]
    return [(found.type, list(range(torch.accelerator.device_count())))]
