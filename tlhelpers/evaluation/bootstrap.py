"""The pigeonhole bootstrap: metrics under weights, resampled over seeds and items at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

import numpy as np
import pandas as pd

from tlhelpers.evaluation.significance import ALPHA

RESAMPLES = 10_000
# Resamples are worked through in blocks, so that the weights of one fill at most about 32 MB.
BLOCK_ROWS, BLOCK_FLOATS = 1_000, 4_000_000
KEPT_COUNTS = 52_000_000  # a byte each: 10,000 resamples of 5,000 items, as of the course's MNIST


def item_groups(rows: pd.DataFrame) -> np.ndarray:
    """The different item groups (str, shape (groups,)) in the tests of some runs, sorted."""
    return np.unique(np.concatenate([np.asarray(items, dtype=str) for items in rows["items"]]))


def classes_of(rows: pd.DataFrame, metric: str) -> np.ndarray:
    """The classes (int, shape (classes,)) that a metric averages over; accuracy knows but one."""
    if metric == "accuracy":
        return np.zeros(1, dtype=np.int64)
    return np.unique(np.concatenate([*rows["truth"], *rows["predicted"]]))


def hits_and_sizes(
    rows: pd.DataFrame, metric: str, groups: np.ndarray, classes: np.ndarray
) -> np.ndarray:
    """Hits and sizes of one strategy's runs, (2, groups, seeds, label counts, classes).

    Each metric is a mean over classes of hits / size, and both add up over items: weighting them is
    one matrix product. The runs are sorted by seed and label count.
    """
    out = np.zeros((2, len(groups), len(rows), len(classes)))
    for position, row in enumerate(rows.itertuples()):
        where = np.searchsorted(groups, np.asarray(row.items, dtype=str))
        for part, values in zip(out, _per_item(row, metric, classes), strict=True):
            np.add.at(part[:, position], where, values)
    seeds = rows["seed"].nunique()
    return out.reshape(2, len(groups), seeds, len(rows) // seeds, len(classes))


def _per_item(row, metric: str, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    correct = np.asarray(row.correct, dtype=float)[:, None]
    if metric == "accuracy":
        return correct, np.ones_like(correct)
    is_truth = (np.asarray(row.truth)[:, None] == classes).astype(float)
    if metric == "balanced_accuracy":
        return correct * is_truth, is_truth
    is_predicted = (np.asarray(row.predicted)[:, None] == classes).astype(float)
    return 2 * correct * is_truth, is_truth + is_predicted


def scores(weights: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The metric under item weights (b, groups), as (b, seeds, label counts).

    NaN where no item of a seed's test has weight; `counts` is what `hits_and_sizes` gives.
    """
    hits, size = (np.tensordot(weights, part, axes=1) for part in counts)
    present = size > 0
    ratio = np.divide(hits, size, out=np.zeros_like(hits), where=present)
    n_classes = present.sum(axis=-1)
    return np.where(n_classes > 0, ratio.sum(axis=-1) / np.maximum(n_classes, 1), np.nan)


def resample(
    per_seed: Callable, n_seeds: int, n_items: int, resamples: int = RESAMPLES
) -> np.ndarray:
    """Means over seeds (float, shape (≤ resamples,)) of seeds and items drawn with replacement.

    The two are drawn independently of each other, from a fixed state. `per_seed` maps item weights
    (b, n_items) to one statistic per seed (b, n_seeds); a seed whose test is empty is left out.
    """
    draws = []
    for items, seeds in _drawn(n_seeds, n_items, resamples):
        values = per_seed(items.astype(float))
        weights = seeds * ~np.isnan(values)
        total = weights.sum(axis=1)
        means = (weights * np.nan_to_num(values)).sum(axis=1)[total > 0] / total[total > 0]
        draws.append(np.round(means, 12))
    return np.concatenate(draws)


def _drawn(n_seeds: int, n_items: int, resamples: int) -> Iterable[tuple[np.ndarray, np.ndarray]]:
    """How often items (b, n_items) and seeds (b, n_seeds) are drawn, block after block.

    Curves and comparisons of one data set ask for the same draws again and again, and drawing takes
    longer than what is done with them: the last ones are kept, unless they are large.
    """
    if resamples * (n_items + n_seeds) <= KEPT_COUNTS:
        return _kept(n_seeds, n_items, resamples)
    return _draw(n_seeds, n_items, resamples)


@lru_cache(maxsize=2)
def _kept(n_seeds: int, n_items: int, resamples: int) -> list[tuple[np.ndarray, np.ndarray]]:
    return list(_draw(n_seeds, n_items, resamples))


def _draw(n_seeds: int, n_items: int, resamples: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(0)
    block = max(1, min(BLOCK_ROWS, BLOCK_FLOATS // n_items))
    for start in range(0, resamples, block):
        size = min(block, resamples - start)
        yield _multinomial(rng, size, n_items), _multinomial(rng, size, n_seeds)


def _multinomial(rng: np.random.Generator, rows: int, n: int) -> np.ndarray:
    """How often each of n things is drawn in n draws with replacement: uint8, shape (rows, n)."""
    drawn = rng.integers(n, size=(rows, n)) + n * np.arange(rows)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n)
    return counts.astype(np.uint8)  # one of n things in 256 of n draws: a chance of 1 in 10^500


def interval(draws: np.ndarray) -> tuple[float, float]:
    """The middle 95 % of the resampled statistics (float, shape (n,)): lower and upper end."""
    # Order statistics, not interpolated: a − b and b − a give exactly mirrored intervals, and
    # the interval leaves out 0 exactly when the p value is at most ALPHA.
    rank = max(1, int((len(draws) + 1) * ALPHA / 2))
    ordered = np.sort(draws)
    return float(ordered[rank - 1]), float(ordered[-rank])


def two_sided_p(draws: np.ndarray) -> float:
    """p = 2 (1 + c) / (n + 1), at most 1: c of n `draws` are on the rarer side of 0, or 0."""
    rarer = min((draws <= 0).sum(), (draws >= 0).sum())
    return float(min(1.0, 2 * (1 + rarer) / (len(draws) + 1)))
