"""What many items will cost, from runs on few: seconds, memory and money, and how far it reaches.

Work on items has a part that does not grow with them (loading a network) and one that does: the
amount at n items is fixed + per_item · n, fitted by least squares to measured sizes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import nnls
from scipy.stats import t as student

from tlhelpers.checks import number, whole
from tlhelpers.errors import CourseError, repo_root

ROUNDS = 4
LEAST = 1e-3  # of the largest amount: no size counts more than as if it were so small


@dataclass(frozen=True)
class Estimate:
    """An amount at a number of items, with its 95 % interval for a single run.

    Attributes
    ----------
    value, low, high : float
        `low` and `high` are nan where fewer than three sizes were measured.
    beyond : float
        How many times as many items as the most that were measured; above 1 it is extrapolated.
    """

    value: float
    low: float
    high: float
    beyond: float

    def __str__(self) -> str:
        within = "" if math.isnan(self.low) else f" ({self.low:.3g} to {self.high:.3g})"
        far = f", {self.beyond:,.3g} times as many as measured" if self.beyond > 1 else ""
        return f"{self.value:.3g}{within}{far}"


@dataclass(frozen=True, eq=False)
class Cost:
    """A line through measured amounts: fixed + per_item · items.

    Attributes
    ----------
    fixed, per_item : float
        Neither is below 0.
    items, amounts : float array, shape (m,)
        What was measured.
    levels : float array, shape (m,)
        How large an error each size was expected to have, in proportion: about the amounts.
    """

    fixed: float
    per_item: float
    items: np.ndarray
    amounts: np.ndarray
    levels: np.ndarray

    def at(self, items: int) -> Estimate:
        """The amount at a number of items, one more run like those that were measured.

        The interval is that of least squares for a new observation [1]_: it grows with the distance
        from the sizes that were measured. It holds where work grows in a line: what happens beyond
        them, e.g. when memory is full, no measured size has seen.

        References
        ----------
        .. [1] Draper and Smith, Applied regression analysis, 3rd ed., Wiley 1998, section 1.4.
        """
        number("items", items)
        value, beyond = self.fixed + self.per_item * items, float(items / self.items.max())
        half = self._half_width(items, value)
        low = math.nan if math.isnan(half) else max(0.0, value - half)
        return Estimate(value, low, value + half, beyond)

    def _half_width(self, items: float, value: float) -> float:
        """Half the interval of one more run, whose error is in proportion to its own amount."""
        weights, free = 1 / self.levels, len(self.items) - 2
        if free < 1:
            return math.nan
        design = np.stack([np.ones_like(self.items), self.items], axis=1)
        rest = (self.amounts - design @ [self.fixed, self.per_item]) * weights
        variance = rest @ rest / free
        inverse = np.linalg.inv((design * weights[:, None] ** 2).T @ design)
        at = np.array([1.0, items])
        spread = variance * (at @ inverse @ at + value**2)
        return float(student.ppf(0.975, free) * math.sqrt(spread))


def fit_cost(items: Sequence[int], amounts: Sequence[float]) -> Cost:
    """The line through measured amounts, by least squares of relative errors.

    A run of a thousand seconds varies by more seconds than one of ten: an error counts by its share
    of the amount that the line gives, which is fitted in a few rounds.

    Parameters
    ----------
    items : sequence of int, length m
        Two or more different sizes; three or more give an interval. Measure them far apart: 200,
        400 and 1,600 say.
    amounts : sequence of float, length m
        Seconds, megabytes or whatever else grows in a line, each 0 or more.

    Returns
    -------
    Cost

    Raises
    ------
    ValueError
        If lengths differ, fewer than two sizes are there, or a value is no such number.
    """
    n, y = _measured("items", items, above_zero=True), _measured("amounts", amounts)
    if len(n) != len(y):
        raise ValueError(f"each size needs one amount, got {len(n)} sizes and {len(y)} amounts")
    if len(np.unique(n)) < 2:
        raise ValueError("one size cannot tell what is fixed from what grows: measure two or more")
    unit = np.array([y.max() or 1.0, (y.max() or 1.0) / n.max()])  # both columns of like size
    design = np.stack([np.ones_like(n), n], axis=1) * unit
    line, levels = np.zeros(2), y
    for _ in range(ROUNDS):
        levels = np.maximum(levels, LEAST * unit[0])
        line, _ = nnls(design / levels[:, None], y / levels)
        before, levels = levels, design @ line
    fixed, per_item = map(float, line * unit)
    return Cost(fixed, per_item, n, y, before)


def _measured(name: str, values, above_zero: bool = False) -> np.ndarray:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.empty((0, 0))
    if array.ndim != 1 or not np.isfinite(array).all() or (array < 0).any():
        raise ValueError(f"{name} must be a list of finite numbers of 0 or more, got {values!r}")
    if above_zero and (array == 0).any():
        raise ValueError(f"{name} must be above 0, got {values!r}")
    return array


# ---------------------------------------------------------------- several workers


@dataclass(frozen=True)
class Share:
    """How much of the work can be shared out among workers.

    Attributes
    ----------
    parallel : float
        From 0 to 1; the rest is done once, however many there are.
    workers : int
        The most that were measured.
    """

    parallel: float
    workers: int

    def speedup(self, workers: int) -> float:
        """How many times faster so many are than one."""
        whole("workers", workers)
        return 1 / (1 - self.parallel + self.parallel / workers)


def fit_share(workers: Sequence[int], seconds: Sequence[float]) -> Share:
    """The share of the work that workers share out [1]_, from the seconds that some numbers took.

    Parameters
    ----------
    workers : sequence of int, length m
        1 and one more at least.
    seconds : sequence of float, length m
        For the same work.

    Returns
    -------
    Share

    Raises
    ------
    ValueError
        If lengths differ, 1 worker was not measured, or nothing else was.

    References
    ----------
    .. [1] Amdahl, Validity of the single processor approach to achieving large scale computing
       capabilities, AFIPS 1967.
    """
    w, y = _measured("workers", workers, True), _measured("seconds", seconds, True)
    if len(w) != len(y):
        raise ValueError(f"each number of workers needs its seconds, got {len(w)} and {len(y)}")
    if 1 not in w or len(np.unique(w)) < 2:
        raise ValueError("measure 1 worker and at least one larger number")
    alone = y[w == 1].mean()
    # seconds / alone = 1 - parallel · (1 - 1 / workers)
    saved = 1 - 1 / w
    parallel = float((saved @ (1 - y / alone)) / (saved @ saved))
    return Share(min(1.0, max(0.0, parallel)), int(w.max()))


# ---------------------------------------------------------------- a table


def cost_table(
    seconds: Mapping[str, Cost],
    items: Sequence[int] = (1_000, 1_000_000),
    *,
    per_hour: float = 1.0,
    memory: Mapping[str, Cost] | None = None,
    share: Share | None = None,
    workers: int = 1,
) -> pd.DataFrame:
    """What each way costs for each number of items.

    Parameters
    ----------
    seconds : dict of str to Cost
        By the name of the way.
    items : sequence of int
    per_hour : float
        The price of one hour of one worker, in any currency.
    memory : dict of str to Cost, optional
        Megabytes by way.
    share : Share, optional
        How much of the work `workers` share out; without it all is done by one.
    workers : int

    Returns
    -------
    pandas.DataFrame
        One row per way and number: `way`, `items`, `seconds`, `low`, `high` (95 %), `money`,
        `money_low`, `money_high`, `memory_mb` (nan where it is not known), `beyond` (how many times
        as many items as measured).
    """
    number("per_hour", per_hour)
    whole("workers", workers)
    if workers > 1 and share is None:
        raise ValueError("several workers need share=…: fit_share says how much they share out")
    faster = share.speedup(workers) if share else 1.0
    rows = []
    for way, cost in seconds.items():
        for count in items:
            at = cost.at(whole("items", count))
            found = {"seconds": at.value, "low": at.low, "high": at.high}
            found = {name: value / faster for name, value in found.items()}
            price = workers * per_hour / 3600
            money = {
                "money": found["seconds"],
                "money_low": found["low"],
                "money_high": found["high"],
            }
            money = {name: value * price for name, value in money.items()}
            held = memory[way].at(count).value if memory and way in memory else math.nan
            rows.append(
                {
                    "way": way,
                    "items": count,
                    **found,
                    **money,
                    "memory_mb": held,
                    "beyond": at.beyond,
                }
            )
    return pd.DataFrame(rows)


# ---------------------------------------------------------------- stored figures


def lesson_costs(lesson: str = "", path: str | Path | None = None) -> pd.DataFrame:
    """What `run --record` has stored: seconds and megabytes of each lesson, with the machine.

    Parameters
    ----------
    lesson : str
        Those whose name begins so; all when left out.
    path : path, optional
        Another table than the course's own.

    Returns
    -------
    pandas.DataFrame
        `lesson`, `seconds`, `peak_mb`, `processor`, `cores`, `date`.

    Raises
    ------
    CourseError
        If the table is missing or has other columns.
    """
    path = Path(path or repo_root() / "data" / "results" / "lesson_times.csv")
    columns = ["lesson", "seconds", "peak_mb", "processor", "cores", "date"]
    try:
        table = pd.read_csv(path, dtype={"lesson": str})[columns]
    except (OSError, ValueError, KeyError) as error:
        raise CourseError(
            f"cannot read the times in {path} ({error}): run python3 -m tlhelpers run --record"
        ) from error
    return table[table["lesson"].str.startswith(lesson)].reset_index(drop=True)


def run_costs(runs: pd.DataFrame, classes: int) -> dict[str, Cost]:
    """Seconds against the number of items learned from, by strategy: the figures of `compare`.

    Parameters
    ----------
    runs : Runs
        As `repeat`, `load_sweep` or the `runs` of a comparison on one's own data give them, with
        several numbers of labels per class.
    classes : int
        How many there are.

    Returns
    -------
    dict of str to Cost

    Raises
    ------
    ValueError
        If a column is missing, or all runs have the same number of labels.
    """
    missing = {"strategy", "labels", "seconds"} - set(runs.columns)
    if missing:
        raise ValueError(f"the runs lack {', '.join(sorted(missing))}: give what repeat returns")
    whole("classes", classes)
    return {
        strategy: fit_cost(own["labels"] * classes, own["seconds"])
        for strategy, own in runs.groupby("strategy", sort=False)
    }
