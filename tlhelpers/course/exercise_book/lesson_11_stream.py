"""Exercise 11.5: mean and standard deviation of more than memory holds."""

import gc
import weakref
from functools import partial

import numpy as np

from tlhelpers.course.exercise_book.in_turn import of_result, parts_of
from tlhelpers.course.exercise_kinds import Function
from tlhelpers.course.watched_answer import Fault

SAYS = {
    "kept": "Your function still holds batches that it has used. There may be more of them than "
    "memory holds: keep sums of numbers, not the batches.",
}
# The one that a loop still names, and one that a comparison with the last one may need.
MAY_BE_HELD = 2


class Stream:
    """Batches one after the other, once; it notices when earlier ones are still held."""

    def __init__(self, batches: list[np.ndarray]):
        self._batches = batches
        self._given: list[weakref.ref] = []
        self.kept = False

    def __iter__(self):
        return self

    def __next__(self) -> np.ndarray:
        if sum(one() is not None for one in self._given) > MAY_BE_HELD:
            gc.collect()
            self.kept |= sum(one() is not None for one in self._given) > MAY_BE_HELD
        if not self._batches:
            raise StopIteration
        batch = self._batches.pop(0)
        self._given.append(weakref.ref(batch))
        return batch


def _batches(rng, sizes: list[int], d: int) -> list[np.ndarray]:
    """Batches with means of their own, so that means of standard deviations come out wrong."""
    return [rng.normal(rng.normal(0, 2, d), rng.uniform(0.5, 3, d), (n, d)) for n in sizes]


def _draw(rng):
    return {
        "where all batches are alike in size": _batches(rng, [6, 6, 6, 6, 6], 3),
        "where the last batch is smaller": _batches(rng, [8, 8, 8, 8, 3], 4),
        "where batches differ much in size": _batches(rng, [1, 12, 4, 30, 7, 2], 2),
        "where there is one batch": _batches(rng, [9], 3),
        "where there is one column": _batches(rng, [5, 7, 3, 4, 2], 1),
    }


def _look(function):
    seen = {}
    for seed in (1, 2):
        for where, batches in _draw(np.random.default_rng(seed)).items():
            stream = Stream(batches)
            result = function(stream)
            if stream.kept:
                raise Fault(SAYS["kept"])
            seen.setdefault(where, []).append(result)
    return seen


def _as_pair(result):
    """Two arrays as a tuple, however they come; anything else as it is."""
    pair = parts_of(result)
    return tuple(pair) if isinstance(pair, list) and len(pair) == 2 else result


def _mean_and_std(stream, ddof=0, root=True):
    n, total, squares = 0, 0.0, 0.0
    for batch in stream:
        n += len(batch)
        total = total + batch.sum(axis=0)
        squares = squares + (batch**2).sum(axis=0)
    mean = total / n
    variance = (squares / n - mean**2) * n / (n - ddof)
    return mean, np.sqrt(variance) if root else variance


def _mean_of_means(stream, std=lambda rows: rows.std(axis=0)):
    found = [(batch.mean(axis=0), std(batch)) for batch in stream]
    return tuple(np.mean(rows, axis=0) for rows in zip(*found, strict=True))


def _right_mean(stream, spread):
    """The mean by items; the standard deviation from those of the batches."""
    found = [(len(batch), batch.mean(axis=0), batch.std(axis=0)) for batch in stream]
    sizes, means, stds = (np.array(rows) for rows in zip(*found, strict=True))
    return np.average(means, axis=0, weights=sizes), spread(sizes, means, stds)


def _means_of_means_only(stream):
    """The mean of the means, and the deviation from the sums."""
    means, n, total, squares = [], 0, 0.0, 0.0
    for batch in stream:
        means.append(batch.mean(axis=0))
        n, total = n + len(batch), total + batch.sum(axis=0)
        squares = squares + (batch**2).sum(axis=0)
    return np.mean(means, axis=0), np.sqrt(squares / n - (total / n) ** 2)


def _squared_sum(stream):
    n, total = 0, 0.0
    for batch in stream:
        n, total = n + len(batch), total + batch.sum(axis=0)
    return total / n, np.sqrt(total**2 / n - (total / n) ** 2)


def _root_first(stream):
    mean, std = _mean_and_std(stream)
    return mean, np.sqrt(std**2 + mean**2) - mean


def _around_the_mean_so_far(stream):
    n, total, squares = 0, 0.0, 0.0
    for batch in stream:
        n, total = n + len(batch), total + batch.sum(axis=0)
        squares = squares + ((batch - total / n) ** 2).sum(axis=0)
    return total / n, np.sqrt(squares / n)


def _by_numbers(stream):
    n, total, squares = 0, 0.0, 0.0
    for batch in stream:
        n += batch.size
        total, squares = total + batch.sum(axis=0), squares + (batch**2).sum(axis=0)
    return total / n, np.sqrt(squares / n - (total / n) ** 2)


def _all_at_once(stream):
    rows = np.concatenate(list(stream))
    return rows.mean(axis=0), rows.std(axis=0)


def _twice_through(stream):
    n, total, squares = 0, 0.0, 0.0
    for batch in stream:
        n, total = n + len(batch), total + batch.sum(axis=0)
    for batch in stream:
        squares = squares + ((batch - total / n) ** 2).sum(axis=0)
    return total / n, np.sqrt(squares / n) + 0 * total


def _last_batch(stream):
    for batch in stream:
        last = batch.mean(axis=0), batch.std(axis=0)
    return last


def _over_all_numbers(stream):
    mean, std = _mean_and_std(stream)
    variance = np.mean(std**2 + mean**2) - mean.mean() ** 2
    return mean.mean(), np.sqrt(variance)


STREAM = Function(
    "11.5",
    praise="Three sums are enough, however many items there are: how many, their sum, and the sum "
    "of their squares. So the transform of a million pictures can be measured in one pass. Keep "
    "the sums in float64: where the mean is large beside the deviation, the difference at the end "
    "loses digits.",
    hints=(
        "What of a batch must be remembered, so that the mean over all rows can be computed at the "
        "end? And what more for the standard deviation?",
        "Three sums: the number of rows, the sum of the rows, and the sum of their squares, each "
        "over all batches. The variance is the mean of the squares minus the square of the mean.",
        "n += len(batch); total += batch.sum(axis=0); squares += (batch ** 2).sum(axis=0). At the "
        "end mean = total / n and std = np.sqrt(squares / n - mean ** 2).",
    ),
    reference=_mean_and_std,
    observe=of_result(_as_pair, _look),
    mistakes=[
        (
            _mean_of_means,
            "You took the means over batches. A small batch then counts as much as a large one, "
            "and what differs between the batches is lost.",
        ),
        (
            partial(_mean_of_means, std=lambda rows: rows.std(axis=0) ** 2),
            "You took means over batches, of variances. A small batch then counts as much as a "
            "large one, and what differs between the batches is lost.",
        ),
        (
            _means_of_means_only,
            "The standard deviation is right. The mean is one of the batches' means: a small batch "
            "counts as much as a large one there.",
        ),
        (
            partial(_right_mean, spread=lambda n, means, stds: np.average(stds, axis=0, weights=n)),
            "The mean is right. The mean of standard deviations is not the standard deviation of "
            "all rows: take the sum of squares over all batches.",
        ),
        (
            partial(_right_mean, spread=lambda n, means, stds: stds.mean(axis=0)),
            "The mean is right. For the standard deviation you took the mean over batches: take "
            "the sum of squares over all of them.",
        ),
        (
            partial(
                _right_mean,
                spread=lambda n, means, stds: np.sqrt(np.average(stds**2, axis=0, weights=n)),
            ),
            "The mean is right. Your standard deviation is the one within batches: it lacks that "
            "the batches' means differ.",
        ),
        (
            partial(_right_mean, spread=lambda n, means, stds: means.std(axis=0)),
            "The mean is right. Your standard deviation is that of the batches' means: it lacks "
            "what differs within a batch.",
        ),
        (
            partial(_mean_and_std, root=False),
            "The mean is right. What stands beside it is the variance: take its square root.",
        ),
        (
            partial(_mean_and_std, ddof=1),
            "The mean is right. You divided by n − 1; divide by n, as np.std does.",
        ),
        (
            _twice_through,
            "The mean is right. The batches come once: your second loop finds none. Gather the sum "
            "of squares in the first.",
        ),
        (
            _squared_sum,
            "The mean is right. You squared the sum: square each number first, then add up.",
        ),
        (
            _root_first,
            "The mean is right. You took the root before you took the mean away. The variance is "
            "the mean of the squares minus the square of the mean; its root comes last.",
        ),
        (
            _around_the_mean_so_far,
            "The mean is right. You took each batch's distances from the mean so far, which still "
            "changes. Sum up the squares of the numbers themselves.",
        ),
        (
            _by_numbers,
            "You divided by the number of all numbers. Each column has as many numbers as there "
            "are rows: count with len(batch).",
        ),
        (_last_batch, "These are the numbers of the last batch alone."),
        (
            _over_all_numbers,
            "You took all columns together. Each column has its own mean and standard deviation.",
        ),
        (
            lambda stream: _mean_and_std(stream)[::-1],
            "The numbers are right, but turned round: first the mean, then the standard deviation.",
        ),
        (
            lambda stream: _mean_and_std(stream)[0],
            "The mean is right. The standard deviation is missing: return both.",
        ),
        (_all_at_once, SAYS["kept"]),
    ],
)  # fmt: skip
