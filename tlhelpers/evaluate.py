"""Fair comparison: splits by group, repeated runs, paired bootstrap over seeds and items, tests."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from html import escape

import numpy as np
import pandas as pd
from joblib import Parallel, cpu_count, delayed, effective_n_jobs, parallel_config
from scipy import optimize, stats
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score
from tqdm import tqdm

from tlhelpers.images import nearest

METRICS = ("accuracy", "balanced_accuracy", "macro_f1")
RESAMPLES = 10_000
ALPHA = 0.05
SEEDS_TO_CLAIM = 10
# Resamples are worked through in blocks, so that the weights of one fill at most about 32 MB.
BLOCK_ROWS, BLOCK_FLOATS = 1_000, 4_000_000


# ---------------------------------------------------------------- splits and draws


@dataclass(frozen=True, eq=False)
class Split:
    """Which items are for training and which for testing.

    Parameters
    ----------
    train, test : int64 array, shape (m,)
        Indices into the data; no index stands on both sides.

    Raises
    ------
    ValueError
        If a side is empty or an index stands on both sides.
    """

    train: np.ndarray
    test: np.ndarray

    def __post_init__(self):
        for side in ("train", "test"):
            object.__setattr__(self, side, _whole_numbers(getattr(self, side), f"{side} indices"))
        shared = np.intersect1d(self.train, self.test)
        if shared.size:
            raise ValueError(f"{shared.size} items stand in train and test, e.g. {shared[0]}")

    def __repr__(self) -> str:
        return f"Split: {len(self.train)} items to train, {len(self.test)} to test"


def split_by_group(data, test: float = 0.3, seed: int = 0) -> Split:
    """Split the items so that no group stands on both sides and every class on each.

    A group belongs to the class that is most common in it. Per class the groups are shuffled
    and moved to the test side until it holds the share `test` of the class's items. The order
    of the items does not matter, only their groups do.

    Parameters
    ----------
    data : object
        With `labels` (int, shape (n,)) and `groups` (str, shape (n,)); `class_names`, if it
        has them, are used in messages.
    test : float
        Share of the test side, between 0 and 1.
    seed : int
        Another seed, another split.

    Returns
    -------
    Split

    Raises
    ------
    ValueError
        If labels and groups do not fit together, there is only one class, or a class has
        fewer than two groups; the message names the class.
    """
    labels, groups = _labels_and_groups(data)
    if not 0 < test < 1:
        raise ValueError(f"test must lie between 0 and 1, got {test}")
    classes, class_of = np.unique(labels, return_inverse=True)
    names = _class_namer(getattr(data, "class_names", None))
    if len(classes) < 2:
        raise ValueError(f"all items are of one class ({names(classes[0])}): give at least two")
    unique_groups, group_of = np.unique(groups, return_inverse=True)
    table = np.zeros((len(unique_groups), len(classes)), dtype=np.int64)
    np.add.at(table, (group_of, class_of), 1)
    rng = np.random.default_rng((seed, 1))
    in_test = np.zeros(len(unique_groups), dtype=bool)
    for position, label in enumerate(classes):
        members = np.flatnonzero(table.argmax(axis=1) == position)
        _check_splittable(members, table[:, position].sum(), names(label))
        in_test[_test_groups(rng.permutation(members), table.sum(axis=1), test)] = True
    return Split(np.flatnonzero(~in_test[group_of]), np.flatnonzero(in_test[group_of]))


def _check_splittable(members: np.ndarray, n_items: int, name: str) -> None:
    if len(members) < 2:
        raise ValueError(
            f"class {name} has {n_items} item(s) in {len(members)} group(s) of its own: "
            "a split needs two groups, one to train on and one to test on"
        )


def _test_groups(shuffled: np.ndarray, sizes: np.ndarray, share: float) -> np.ndarray:
    filled = np.cumsum(sizes[shuffled])
    # The tolerance keeps 0.07 × 100 = 7.000000000000001 from asking for an eighth item.
    count = np.searchsorted(filled, share * filled[-1] - 1e-9) + 1
    return shuffled[: min(count, len(shuffled) - 1)]


def draw_labels(labels, per_class: int | None, seed: int, class_names=None) -> np.ndarray:
    """Draw the same number of items of every class; small draws lie inside large ones.

    Parameters
    ----------
    labels : int array, shape (n,)
    per_class : int or None
        Items per class; None takes all.
    seed : int
        With one seed the draw of 5 contains the draw of 2.
    class_names : list of str, optional
        Used in messages.

    Returns
    -------
    int64 array, shape (m,)
        Indices into `labels`, ascending.

    Raises
    ------
    ValueError
        If a class has too few items; the message names the class and its count.
    """
    labels = _whole_numbers(labels, "labels")
    if per_class is None:
        return np.arange(len(labels))
    if not _is_int(per_class) or per_class < 1:
        raise ValueError(f"labels per class must be a whole number from 1 on, got {per_class!r}")
    rng = np.random.default_rng((seed, 2))
    drawn = []
    for label in np.unique(labels):
        items = np.flatnonzero(labels == label)
        if len(items) < per_class:
            name = _class_namer(class_names)(label)
            raise ValueError(
                f"class {name} has {len(items)} item(s) to draw from, not "
                f"{per_class}: ask for fewer labels per class"
            )
        drawn.append(rng.permutation(items)[:per_class])
    return np.sort(np.concatenate(drawn))


def duplicates_across(data, split: Split) -> list[tuple[int, int]]:
    """Pairs of a training and a test item with the same content.

    Parameters
    ----------
    data : object
        With `fingerprints` (str, shape (n,)), one hash of the content per item.
    split : Split

    Returns
    -------
    list of (int, int)
        Training index, test index; empty when the split is clean.
    """
    fingerprints = np.asarray(data.fingerprints)
    largest = max(split.train.max(), split.test.max())
    if largest >= len(fingerprints):
        raise ValueError(
            f"the split names item {largest}, the data have {len(fingerprints)}: "
            "use the split of these data"
        )
    where: dict[str, list[int]] = {}
    for index in split.train.tolist():
        where.setdefault(fingerprints[index], []).append(index)
    return [
        (train, test) for test in split.test.tolist() for train in where.get(fingerprints[test], ())
    ]


def chance(labels) -> float:
    """Accuracy of guessing among the classes that occur in `labels` (int, shape (n,))."""
    return 1 / len(np.unique(_whole_numbers(labels, "labels")))


def majority(labels_train, labels_test) -> float:
    """Accuracy of always saying the most common training class.

    Parameters
    ----------
    labels_train, labels_test : int array, shape (n,) and (m,)

    Returns
    -------
    float
        Between 0 and 1. Of equally common classes the lowest label is taken.
    """
    classes, counts = np.unique(_whole_numbers(labels_train, "labels"), return_counts=True)
    return float(np.mean(_whole_numbers(labels_test, "labels") == classes[counts.argmax()]))


def _labels_and_groups(data) -> tuple[np.ndarray, np.ndarray]:
    labels = _whole_numbers(data.labels, "labels")
    groups = list(data.groups)
    if len(groups) != len(labels):
        raise ValueError(
            f"there are {len(labels)} labels and {len(groups)} groups: give every item one of each"
        )
    missing = sum(group is None or group != group for group in groups)
    if missing:
        raise ValueError(f"{missing} item(s) have no group: give an item of its own a unique name")
    return labels, np.array([str(group) for group in groups])


def _whole_numbers(values, what: str) -> np.ndarray:
    values = np.asarray(values)
    if values.ndim != 1:
        raise ValueError(f"{what} must have one dimension, got shape {values.shape}")
    if not values.size:
        raise ValueError(f"{what} are empty: there is nothing to work on")
    if values.dtype.kind == "f" and np.isnan(values).any():
        raise ValueError(f"{what} hold {int(np.isnan(values).sum())} NaN: give every item a class")
    if values.dtype.kind == "f" and np.array_equal(values, np.round(values)):
        return values.astype(np.int64)
    if values.dtype.kind not in "iub":
        raise ValueError(f"{what} must be whole numbers, got {values.dtype}")
    return values.astype(np.int64)


def _is_int(value) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _class_namer(class_names) -> Callable[[int], str]:
    known = [] if class_names is None else list(class_names)
    return lambda label: repr(known[label]) if 0 <= label < len(known) else str(label)


# ---------------------------------------------------------------- repeated runs


@dataclass(frozen=True)
class _Plan:
    """All that is drawn for one seed: the split, and training indices per label count."""

    seed: int
    split: Split
    draws: dict[int, np.ndarray]


def repeat(
    methods: Mapping[str, Callable],
    data,
    labels: Iterable[int | None] = (1, 2, 5, 10),
    seeds: int | Iterable[int] = 10,
    test: float = 0.3,
    n_jobs: int = 1,
    progress: bool = True,
) -> pd.DataFrame:
    """Run every method on the same splits and the same draws of labels, once per seed.

    Each seed has its own split and its own nested draws from the training side. All splits and
    draws are made before the first method runs, so that bad input is told at once.

    Parameters
    ----------
    methods : dict of str to callable
        ``method(train_idx, test_idx, seed)`` gives the predicted labels of `test_idx`
        (int, shape (len(test_idx),)). It must draw its random numbers from `seed`.
    data : object
        With `labels` and `groups`, as for `split_by_group`.
    labels : iterable of int or None
        Labels per class; None takes the whole training side.
    seeds : int or iterable of int
        How many seeds (0, 1, …), or the seeds themselves.
    test : float
        Share of the test side.
    n_jobs : int
        Processes that work on seeds at the same time (joblib, loky). The processor's cores are
        shared out among them. The results do not depend on it, the seconds do.
    progress : bool
        Show a bar, one step per seed.

    Returns
    -------
    pandas.DataFrame
        One row per seed, label count and method: `seed`, `labels` (labels per class; for None
        the mean number of training items per class over all seeds, rounded), `method`,
        `accuracy`, `balanced_accuracy`, `macro_f1`, `seconds` (wall time of the call), and with
        one array per cell, aligned with the test items: `items` (their groups), `correct`
        (bool), `truth` and `predicted` (int64 labels).

    Raises
    ------
    ValueError
        If the data cannot be split or drawn from, or a method returns something else than one
        known label per test item; the message names the class or the method.
    """
    _check_methods(methods)
    all_labels, groups = _labels_and_groups(data)
    plans = _plans(data, all_labels, list(labels), _seed_list(seeds), test)
    workers = min(effective_n_jobs(n_jobs), len(plans))
    with parallel_config("loky", inner_max_num_threads=max(1, cpu_count() // workers)):
        results = Parallel(n_jobs=workers, return_as="generator")(
            delayed(_run_seed)(dict(methods), plan, all_labels, groups) for plan in plans
        )
        bar = tqdm(
            results,
            total=len(plans),
            desc="seeds",
            unit="seed",
            leave=False,
            mininterval=1,
            delay=2,
            file=sys.stdout,
            disable=not progress,
        )
        return pd.DataFrame([row for rows in bar for row in rows])


def _check_methods(methods) -> None:
    if not isinstance(methods, Mapping) or not methods:
        raise ValueError("methods must be a dict of name to function with at least one entry")
    for name, method in methods.items():
        if not callable(method):
            raise ValueError(
                f"method {name!r} is no function: give one that takes (train_idx, test_idx, seed)"
            )


def _seed_list(seeds) -> list[int]:
    seeds = list(range(seeds)) if _is_int(seeds) else list(seeds)
    if not seeds or len(set(seeds)) < len(seeds) or not all(_is_int(s) and s >= 0 for s in seeds):
        raise ValueError(f"seeds must be a count from 1 on or different whole numbers, got {seeds}")
    return seeds


def _plans(data, all_labels: np.ndarray, wanted: list, seeds: list[int], test: float):
    if not wanted:
        raise ValueError("labels is empty: give at least one number of labels per class")
    splits = {seed: split_by_group(data, test, seed) for seed in seeds}
    n_train = np.mean([len(split.train) for split in splits.values()])
    whole = round(float(n_train) / len(np.unique(all_labels)))
    columns = [whole if k is None else k for k in wanted]
    if len(set(columns)) < len(columns):
        raise ValueError(
            f"labels {wanted} hold a number twice (None stands for {whole} here): leave one out"
        )
    names = getattr(data, "class_names", None)
    return [
        _Plan(
            seed,
            split,
            {
                column: split.train[draw_labels(all_labels[split.train], k, seed, names)]
                for column, k in zip(columns, wanted, strict=True)
            },
        )
        for seed, split in splits.items()
    ]


def _run_seed(methods: dict, plan: _Plan, labels: np.ndarray, groups: np.ndarray) -> list[dict]:
    return [
        _run_method(name, method, per_class, train, plan, labels, groups)
        for per_class, train in plan.draws.items()
        for name, method in methods.items()
    ]


def _run_method(name, method, per_class, train, plan, labels, groups) -> dict:
    test = plan.split.test
    started = time.perf_counter()
    try:
        # Copies: a method that shuffles its indices in place must not change the next one's.
        predicted = np.asarray(method(train.copy(), test.copy(), plan.seed))
    except Exception as error:
        error.add_note(f"(in method {name!r}, seed {plan.seed}, {per_class} labels per class)")
        raise
    seconds = time.perf_counter() - started
    predicted = _checked_prediction(name, predicted, len(test), np.unique(labels))
    truth = labels[test]
    return {
        "seed": plan.seed,
        "labels": per_class,
        "method": name,
        "accuracy": accuracy_score(truth, predicted),
        "balanced_accuracy": balanced_accuracy_score(truth, predicted),
        "macro_f1": f1_score(truth, predicted, average="macro", zero_division=0),
        "seconds": seconds,
        "items": groups[test],
        "correct": predicted == truth,
        "truth": truth,
        "predicted": predicted,
    }


def _checked_prediction(name: str, predicted: np.ndarray, n: int, classes) -> np.ndarray:
    if predicted.shape != (n,):
        raise ValueError(
            f"method {name!r} returned shape {predicted.shape} for {n} test items: return one "
            f"label per item, shape ({n},); of class scores take argmax(1)"
        )
    predicted = _whole_numbers(predicted, f"predictions of method {name!r}")
    unknown = np.setdiff1d(predicted, classes)
    if unknown.size:
        raise ValueError(
            f"method {name!r} predicted the label {unknown[0]}, which is no class of "
            f"the data (they have {classes.tolist()})"
        )
    return predicted


# ---------------------------------------------------------------- bootstrap over seeds and items


@dataclass(frozen=True)
class Comparison:
    """What `compare` found: the mean difference of two methods and how sure it is.

    Parameters
    ----------
    a, b : str
        The methods; the difference is a − b.
    difference, low, high : float
        Mean difference of the metric and its 95 % interval.
    p : float
        Two-sided bootstrap p value; at most 0.05 exactly when the interval leaves out 0.
    seeds, items : int
        Number of seeds, and of different item groups in all their tests.
    """

    a: str
    b: str
    difference: float
    low: float
    high: float
    p: float
    seeds: int
    items: int

    @property
    def resolved(self) -> bool:
        """True when the interval leaves out 0."""
        return self.low > 0 or self.high < 0

    @property
    def verdict(self) -> str:
        """``"resolved"`` or ``"not resolved"``."""
        return "resolved" if self.resolved else "not resolved"

    @property
    def measured(self) -> str:
        """What was measured: difference, interval, seeds, items."""
        end = min(abs(self.low), abs(self.high))
        # An end that is not 0 must not be printed as 0: it carries the verdict.
        digits = 2 if end == 0 or end >= 0.005 else 3
        value, low, high = (_signed(x, digits) for x in (self.difference, self.low, self.high))
        note = "" if self.seeds >= SEEDS_TO_CLAIM else " (illustration)"
        return f"{value} [{low}, {high}], {self.seeds} seeds{note}, {self.items} items"

    def __str__(self) -> str:
        return f"{self.a} − {self.b}: {self.measured}: {self.verdict}"

    def _repr_html_(self) -> str:
        return (
            f"<span><b>{escape(self.a)}</b> − <b>{escape(self.b)}</b>: "
            f"{self.measured}: <b>{self.verdict}</b></span>"
        )


def _signed(value: float, digits: int = 2) -> str:
    return f"{value:+.{digits}f}".replace("-", "−")


def compare(
    runs: pd.DataFrame, a: str, b: str, labels=None, metric: str = "accuracy"
) -> Comparison:
    """Compare two methods by a paired bootstrap over seeds and items.

    Seeds and item groups are both drawn with replacement, independently of each other
    (multinomial weights on each). An item group has the same weight in the tests of all seeds.
    The statistic is the weighted mean over seeds of the weighted difference within a seed. Both
    methods get the same weights. The interval holds the middle 95 % of 10,000 resamples from a
    fixed random state. With c the number of resamples on the rarer side of 0 (0 included),
    p = 2 (1 + c) / (10,000 + 1), at most 1.

    The interval is on the safe side: noise that belongs to neither a seed nor an item is
    counted up to three times (Owen 2007, *The pigeonhole bootstrap*).

    Parameters
    ----------
    runs : pandas.DataFrame
        As `repeat` returns it.
    a, b : str
        Two methods of `runs`.
    labels : int or iterable of int, optional
        Label counts to use; all when left out. Over several the mean difference is taken.
    metric : {"accuracy", "balanced_accuracy", "macro_f1"}

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        If a name is unknown, the runs are not paired (other seeds, label counts or items), or
        there are fewer than two seeds.
    """
    rows_a, rows_b = (_rows_of(runs, name, labels, metric) for name in (a, b))
    _check_paired(rows_a, rows_b, a, b)
    both = pd.concat([rows_a, rows_b])
    groups, classes = _item_groups(both), _classes_of(both, metric)
    counts_a, counts_b = (_counts(rows, metric, groups, classes) for rows in (rows_a, rows_b))

    def difference(weights):
        return (_scores(weights, counts_a) - _scores(weights, counts_b)).mean(axis=2)

    seeds = both["seed"].nunique()
    observed = float(difference(np.ones((1, len(groups)))).mean())
    draws = _bootstrap(difference, seeds, len(groups))
    return Comparison(a, b, observed, *_interval(draws), _two_sided_p(draws), seeds, len(groups))


def compare_all(
    runs: pd.DataFrame, reference: str, labels=None, metric: str = "accuracy"
) -> pd.DataFrame:
    """Compare every other method with one reference; Holm's correction for the many tests.

    Parameters
    ----------
    runs, labels, metric
        As for `compare`.
    reference : str
        The method that is subtracted.

    Returns
    -------
    pandas.DataFrame
        One row per method: `a`, `b`, `difference`, `low`, `high` (not corrected), `p`,
        `seeds`, `items`, `p_holm`, and `verdict`: resolved when `p_holm` is at most 0.05.
    """
    _check_runs(runs)
    _check_method(runs, reference)
    others = [name for name in runs["method"].unique() if name != reference]
    if not others:
        raise ValueError(f"the runs hold no method but {reference!r}: there is nothing to compare")
    table = pd.DataFrame(
        [asdict(compare(runs, name, reference, labels, metric)) for name in others]
    )
    table["p_holm"] = holm(table["p"])
    table["verdict"] = np.where(table["p_holm"] <= ALPHA, "resolved", "not resolved")
    return table


def learning_curve(runs: pd.DataFrame, metric: str = "accuracy") -> pd.DataFrame:
    """Mean and 95 % interval of every method at every label count.

    Parameters
    ----------
    runs : pandas.DataFrame
        As `repeat` returns it, with at least two seeds.
    metric : {"accuracy", "balanced_accuracy", "macro_f1"}

    Returns
    -------
    pandas.DataFrame
        `method`, `labels`, `mean`, `low`, `high`, `seeds`. The interval is that of one method
        (bootstrap over seeds and items as in `compare`): two that overlap do not tell whether
        the methods differ, `compare` does.
    """
    _check_runs(runs)
    pairs = runs[["method", "labels"]].drop_duplicates().itertuples(index=False)
    return pd.DataFrame([_curve_point(runs, *pair, metric) for pair in pairs])


def _curve_point(runs, method: str, labels: int, metric: str) -> dict:
    rows = _rows_of(runs, method, labels, metric)
    groups = _item_groups(rows)
    counts = _counts(rows, metric, groups, _classes_of(rows, metric))
    draws = _bootstrap(lambda weights: _scores(weights, counts)[:, :, 0], len(rows), len(groups))
    low, high = _interval(draws)
    return {
        "method": method,
        "labels": labels,
        "mean": float(rows[metric].mean()),
        "low": low,
        "high": high,
        "seeds": len(rows),
    }


def _check_runs(runs) -> None:
    needed = {"seed", "labels", "method", "items", "correct"}
    missing = sorted(needed - set(getattr(runs, "columns", ())))
    if missing:
        raise ValueError(f"runs lack {', '.join(missing)}: give the table that repeat() returns")
    if not len(runs):
        raise ValueError("runs are empty: there is nothing to compare")


def _check_method(runs, name: str) -> None:
    known = list(runs["method"].unique())
    if name not in known:
        raise ValueError(f"the runs hold no method {name!r}: {nearest(str(name), known)}")


def _rows_of(runs, method: str, labels, metric: str) -> pd.DataFrame:
    """The runs of one method, sorted; a whole grid of seeds and label counts."""
    _check_runs(runs)
    _check_method(runs, method)
    if metric not in METRICS:
        raise ValueError(f"unknown metric {metric!r}: {nearest(str(metric), METRICS)}")
    rows = runs[runs["method"] == method].sort_values(["seed", "labels"])
    if labels is not None:
        wanted = [labels] if _is_int(labels) else list(labels)
        unknown = sorted(set(wanted) - set(rows["labels"]))
        if unknown or not wanted:
            raise ValueError(
                f"method {method!r} was not run with labels {unknown}; it was with "
                f"{sorted(set(rows['labels']))}"
            )
        rows = rows[rows["labels"].isin(wanted)]
    grid = rows["seed"].nunique() * rows["labels"].nunique()
    if rows.duplicated(["seed", "labels"]).any() or len(rows) != grid:
        raise ValueError(
            f"method {method!r} must have one run per seed and label count: "
            f"{len(rows)} runs found, {grid} expected"
        )
    if rows["seed"].nunique() < 2:
        raise ValueError(
            "an interval over seeds needs at least two seeds: run more "
            f"({SEEDS_TO_CLAIM} to claim something)"
        )
    return rows


def _check_paired(rows_a, rows_b, a: str, b: str) -> None:
    for column, what in (("seed", "seeds"), ("labels", "label counts")):
        of_a, of_b = sorted(set(rows_a[column])), sorted(set(rows_b[column]))
        if of_a != of_b:
            raise ValueError(
                f"{a!r} and {b!r} are not paired: {what} {of_a} against {of_b}; "
                "run both in one call of repeat()"
            )
    for row_a, row_b in zip(rows_a.itertuples(), rows_b.itertuples(), strict=True):
        if not np.array_equal(row_a.items, row_b.items):
            raise ValueError(
                f"{a!r} and {b!r} are not paired: they were tested on other items at "
                f"seed {row_a.seed}; run both in one call of repeat()"
            )


def _item_groups(rows) -> np.ndarray:
    return np.unique(np.concatenate([np.asarray(items, dtype=str) for items in rows["items"]]))


def _classes_of(rows, metric: str) -> np.ndarray:
    if metric == "accuracy":
        return np.zeros(1, dtype=np.int64)
    return np.unique(np.concatenate([*rows["truth"], *rows["predicted"]]))


def _counts(rows, metric: str, groups: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Hits and sizes summed per item group, shape (2, groups, seeds, label counts, classes).

    Each of the metrics is a mean over classes of hits / size, and both add up over items:
    that is what makes weighting them one matrix product.
    """
    out = np.zeros((2, len(groups), len(rows), len(classes)))
    for position, row in enumerate(rows.itertuples()):
        where = np.searchsorted(groups, np.asarray(row.items, dtype=str))
        for part, values in zip(out, _hits_and_size(row, metric, classes), strict=True):
            np.add.at(part[:, position], where, values)
    seeds = rows["seed"].nunique()
    return out.reshape(2, len(groups), seeds, len(rows) // seeds, len(classes))


def _hits_and_size(row, metric: str, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    correct = np.asarray(row.correct, dtype=float)[:, None]
    if metric == "accuracy":
        return correct, np.ones_like(correct)
    is_truth = (np.asarray(row.truth)[:, None] == classes).astype(float)
    if metric == "balanced_accuracy":
        return correct * is_truth, is_truth
    is_predicted = (np.asarray(row.predicted)[:, None] == classes).astype(float)
    return 2 * correct * is_truth, is_truth + is_predicted


def _scores(weights: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The metric under each row of item weights (b, groups): shape (b, seeds, label counts).

    NaN where no item of a seed's test has weight.
    """
    hits, size = (np.tensordot(weights, part, axes=1) for part in counts)
    present = size > 0
    ratio = np.divide(hits, size, out=np.zeros_like(hits), where=present)
    n_classes = present.sum(axis=-1)
    return np.where(n_classes > 0, ratio.sum(axis=-1) / np.maximum(n_classes, 1), np.nan)


def _bootstrap(
    per_seed: Callable, n_seeds: int, n_items: int, resamples: int = RESAMPLES
) -> np.ndarray:
    """Resampled statistics, shape (≤ resamples,).

    `per_seed` maps item weights (b, n_items) to one statistic per seed (b, n_seeds). A seed
    whose test is empty in a resample is left out of that resample's mean.
    """
    rng = np.random.default_rng(0)
    block = max(1, min(BLOCK_ROWS, BLOCK_FLOATS // n_items))
    draws = []
    for start in range(0, resamples, block):
        size = min(block, resamples - start)
        values = per_seed(_multinomial(rng, size, n_items))
        weights = _multinomial(rng, size, n_seeds) * ~np.isnan(values)
        total = weights.sum(axis=1)
        means = (weights * np.nan_to_num(values)).sum(axis=1)[total > 0] / total[total > 0]
        draws.append(means)
    return np.concatenate(draws)


def _multinomial(rng: np.random.Generator, rows: int, n: int) -> np.ndarray:
    """How often each of n things is drawn in n draws with replacement: float, shape (rows, n)."""
    drawn = rng.integers(n, size=(rows, n)) + n * np.arange(rows)[:, None]
    return np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n).astype(float)


def _interval(draws: np.ndarray) -> tuple[float, float]:
    # Order statistics, not interpolated: a − b and b − a give exactly mirrored intervals, and
    # the interval leaves out 0 exactly when the p value is at most ALPHA.
    rank = max(1, int((len(draws) + 1) * ALPHA / 2))
    ordered = np.sort(draws)
    return float(ordered[rank - 1]), float(ordered[-rank])


def _two_sided_p(draws: np.ndarray) -> float:
    rarer = min((draws <= 0).sum(), (draws >= 0).sum())
    return float(min(1.0, 2 * (1 + rarer) / (len(draws) + 1)))


# ---------------------------------------------------------------- tests with a closed form


def holm(p) -> np.ndarray:
    """Holm's step-down correction of several p values (Holm 1979).

    Parameters
    ----------
    p : float array, shape (m,)
        Between 0 and 1.

    Returns
    -------
    float64 array, shape (m,)
        Corrected values, in the order given: the smallest times m, the next times m − 1, and
        so on, each at least as large as the one before and at most 1.
    """
    p = np.asarray(p, dtype=float)
    if p.ndim != 1 or not np.all((p >= 0) & (p <= 1)):
        raise ValueError(f"p values must be a list of numbers between 0 and 1, got {p}")
    order = np.argsort(p, kind="stable")
    stepped = p[order] * np.arange(len(p), 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(stepped))
    return adjusted


def mcnemar(correct_a, correct_b) -> float:
    """Exact two-sided McNemar test of two classifiers on the same items.

    Only items on which one is right and the other wrong count: if the two were equally good,
    each of these would fall to either side like a coin.

    Parameters
    ----------
    correct_a, correct_b : bool array, shape (n,)

    Returns
    -------
    float
        p value; 1.0 when the two never disagree.
    """
    a, b = (np.asarray(c) for c in (correct_a, correct_b))
    if a.shape != b.shape or a.ndim != 1 or not a.size:
        raise ValueError(
            f"both must be right or wrong on the same items, got shapes {a.shape} and {b.shape}"
        )
    if not all(np.isin(c, (0, 1)).all() for c in (a, b)):
        raise ValueError("correct_a and correct_b must hold True and False only")
    only_a, only_b = int(np.sum((a == 1) & (b == 0))), int(np.sum((a == 0) & (b == 1)))
    if only_a + only_b == 0:
        return 1.0
    return float(stats.binomtest(only_a, only_a + only_b, 0.5).pvalue)


def wilson(correct: int, n: int) -> tuple[float, float]:
    """95 % interval of an accuracy on one test set (Wilson 1927).

    Parameters
    ----------
    correct, n : int
        Right answers, and test items.

    Returns
    -------
    (float, float)
        Lower and upper end.
    """
    if not 0 <= correct <= n or n < 1:
        raise ValueError(
            f"correct must lie between 0 and n, and n be at least 1: got {correct} of {n}"
        )
    z2 = stats.norm.ppf(1 - ALPHA / 2) ** 2
    share = correct / n
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = np.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


def smallest_gap(
    n_items: int, disagreement: float = 0.1, power: float = 0.8, alpha: float = 0.05
) -> float:
    """Smallest gap in accuracy that an exact McNemar test finds often enough.

    The power is computed, not simulated: the number m of items on which the two disagree is
    binomial (`n_items`, `disagreement`); given m, those that fall to the better one are binomial
    (m, (1 + gap / disagreement) / 2); the test's rejections are summed over both.

    Parameters
    ----------
    n_items : int
        Test items.
    disagreement : float
        Share of items on which exactly one of the two is right.
    power : float
        How often the gap shall be found.
    alpha : float
        Level of the two-sided test.

    Returns
    -------
    float
        Gap as a fraction (0.076 is 7.6 points). NaN when not even the largest gap possible,
        the disagreement itself, would be found that often.
    """
    if not _is_int(n_items) or n_items < 1:
        raise ValueError(f"n_items must be a whole number from 1 on, got {n_items!r}")
    for name, value in (("disagreement", disagreement), ("power", power), ("alpha", alpha)):
        if not 0 < value < 1:
            raise ValueError(f"{name} must lie between 0 and 1, got {value}")
    if power <= alpha:
        raise ValueError(f"power must be larger than alpha, got {power} and {alpha}")

    def excess(gap):
        return _mcnemar_power(n_items, disagreement, gap, alpha) - power

    if excess(disagreement) < 0:
        return float("nan")
    return float(optimize.brentq(excess, 0, disagreement, xtol=1e-6))


def _mcnemar_power(n_items: int, disagreement: float, gap: float, alpha: float) -> float:
    m = np.arange(n_items + 1)
    # The largest k at which k against m − k is rejected; −1 where nothing is.
    critical = stats.binom.ppf(alpha / 2, m, 0.5)
    critical -= stats.binom.cdf(critical, m, 0.5) > alpha / 2
    better = (1 + gap / disagreement) / 2
    rejected = stats.binom.cdf(critical, m, better) + stats.binom.cdf(critical, m, 1 - better)
    return float(np.sum(stats.binom.pmf(m, n_items, disagreement) * rejected))
