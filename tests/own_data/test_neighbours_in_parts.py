"""The nearest neighbours of many items are looked for in parts, which changes no answer."""

import tracemalloc

import numpy as np

from tlhelpers.own_data import strategies
from tlhelpers.own_data.strategies import say_neighbours


def test_few_distances_are_in_memory_at_once_and_the_answers_stay(monkeypatch):
    rows = np.random.default_rng(0).standard_normal((6000, 16), dtype=np.float32)
    labels = np.arange(4000) % 3
    peaks, answers = {}, {}
    for megabytes in (1, 512):
        monkeypatch.setattr(strategies, "DISTANCES", megabytes)
        tracemalloc.start()
        answers[megabytes] = say_neighbours(rows[:4000], labels, rows[4000:])
        peaks[megabytes] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peaks[1] < 6e6 < 30e6 < peaks[512]
    np.testing.assert_array_equal(answers[1], answers[512])
