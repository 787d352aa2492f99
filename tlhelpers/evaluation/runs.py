"""The table of runs: one row per seed, label count, strategy (and test set), and its checks."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from tlhelpers.checks import is_int, known
from tlhelpers.errors import nearest

METRICS = ("accuracy", "balanced_accuracy", "macro_f1")
COLUMNS = (
    "seed", "labels", "all_labels", "strategy", "tested_on", "seconds", *METRICS,
    "items", "correct", "truth", "predicted",
)  # fmt: skip
SEEDS_TO_CLAIM = 10


class Runs(pd.DataFrame):
    """A DataFrame of runs. What is asked of it is checked here, for all who use it.

    Columns: `seed`, `labels` (per class), `all_labels` (bool: the whole training side was used, and
    `labels` is its mean size per class), `strategy`, `accuracy`, `balanced_accuracy`, `macro_f1`,
    `seconds`, with more than one test set `tested_on`, and with one array per cell, aligned with
    the test items, `items` (their groups), `correct`, `truth` and `predicted`.
    """

    @property
    def _constructor(self):
        return Runs

    @property
    def strategies(self) -> list[str]:
        """Names of the strategies, in the order in which they come."""
        return list(dict.fromkeys(self["strategy"]))

    @property
    def whole(self) -> int | None:
        """The label count that stands for all labels; None if no run used them all."""
        # Tables that were joined may hold rows from elsewhere, without a value.
        rows = self[self["all_labels"].eq(True)] if "all_labels" in self else self[:0]
        return int(rows["labels"].iloc[0]) if len(rows) else None

    def on(self, name: str) -> Runs:
        """The runs that were tested on one set.

        Raises
        ------
        ValueError
            If there is none of this name; the message lists near ones.
        """
        if "tested_on" not in self:
            raise ValueError("the runs were tested on one set alone: take them as they are")
        known("test set", name, dict.fromkeys(self["tested_on"]))
        return self[self["tested_on"] == name].drop(columns="tested_on").reset_index(drop=True)

    def require(self, *names: str) -> None:
        """Refuse a strategy of which there is no run; the message lists near names."""
        for name in names:
            if name not in self.strategies:
                near = nearest(str(name), self.strategies)
                raise ValueError(f"the runs hold no strategy {name!r}: {near}")

    def at_one_count(self, names: Iterable[str] | None = None) -> Runs:
        """The runs of some strategies (of all when left out), which must be of one label count."""
        names = self.strategies if names is None else list(names)
        self.require(*names)
        rows = self[self["strategy"].isin(names)]
        counts = sorted(set(rows["labels"]))
        if len(counts) > 1:
            raise ValueError(f"the runs are of several label counts {counts}: give those of one")
        return rows

    def of(self, name: str, labels=None, metric: str = "accuracy", fewest: int = 2) -> Runs:
        """The runs of one strategy by seed and label count, a whole grid of them.

        `labels` is one count or several, all when left out; `fewest` are the seeds that there must
        be: an interval needs two. Refused if something is unknown or missing, or stands twice.
        """
        self.require(name)
        known("metric", metric, METRICS)
        rows = self[self["strategy"] == name].sort_values(["seed", "labels"])
        if labels is not None:
            rows = rows[rows["labels"].isin(self._asked(rows, name, labels))]
        grid = rows["seed"].nunique() * rows["labels"].nunique()
        if rows.duplicated(["seed", "labels"]).any() or len(rows) != grid:
            raise ValueError(
                f"strategy {name!r} must have one run per seed and label count: "
                f"{len(rows)} runs found, {grid} expected"
            )
        if rows["seed"].nunique() < fewest:
            raise ValueError(
                f"an interval over seeds needs at least two seeds: run more ({SEEDS_TO_CLAIM} to "
                "claim something)"
            )
        return rows

    def _asked(self, rows: Runs, name: str, labels) -> list:
        wanted = [labels] if is_int(labels) else list(labels)
        unknown = sorted(set(wanted) - set(rows["labels"]))
        if unknown or not wanted:
            raise ValueError(
                f"strategy {name!r} was not run with labels {unknown}; it was with "
                f"{sorted(set(rows['labels']))}"
            )
        return wanted

    def pair(
        self, a: str, b: str, labels=None, metric: str = "accuracy", fewest: int = 2
    ) -> tuple[Runs, Runs]:
        """The runs of two strategies, row by row of the same seed, label count and test items.

        As for `of`; also refused if the two are not paired.
        """
        rows_a, rows_b = (self.of(name, labels, metric, fewest) for name in (a, b))
        for column, what in (("seed", "seeds"), ("labels", "label counts")):
            of_a, of_b = sorted(set(rows_a[column])), sorted(set(rows_b[column]))
            if of_a != of_b:
                raise ValueError(
                    f"{a!r} and {b!r} are not paired: {what} {of_a} against {of_b}; "
                    "run both in one call of repeat()"
                )
        if "items" not in self:
            return rows_a, rows_b
        for seed, left, right in zip(rows_a["seed"], rows_a["items"], rows_b["items"], strict=True):
            if not np.array_equal(left, right):
                raise ValueError(
                    f"{a!r} and {b!r} are not paired: they were tested on other items at "
                    f"seed {seed}; run both in one call of repeat()"
                )
        return rows_a, rows_b


RUN_COLUMNS = ("seed", "labels", "strategy", "items", "correct")


def as_runs(table: pd.DataFrame, needed: Iterable[str] = RUN_COLUMNS) -> Runs:
    """Take a table as runs: refused without the columns needed, empty, or on several test sets."""
    missing = sorted(set(needed) - set(getattr(table, "columns", ())))
    if missing:
        raise ValueError(
            f"the runs lack {', '.join(missing)}: give the table that repeat() or load_sweep() "
            "returns"
        )
    if not len(table):
        raise ValueError("the runs are empty: there is nothing to compare")
    if "tested_on" in table and table["tested_on"].nunique() > 1:
        names = list(dict.fromkeys(table["tested_on"]))
        raise ValueError(f"the runs were tested on {names}: take those on one of them, .on(…)")
    return table if isinstance(table, Runs) else Runs(table)
