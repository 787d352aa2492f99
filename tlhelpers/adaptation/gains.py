"""What methods of adaptation gain beside their fair rows, in one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tlhelpers.adaptation.methods import BETWEEN
from tlhelpers.evaluation.comparisons import Comparison, compare
from tlhelpers.evaluation.runs import Runs, as_runs
from tlhelpers.evaluation.together import Corrected, judge_together

NOTES = ("preparation", "beside", "used_target_labels")


def fair_table(runs: pd.DataFrame, source_runs: pd.DataFrame | None = None) -> pd.DataFrame:
    """Each method against the source alone in its own preparation, and against what it contains.

    Parameters
    ----------
    runs : Runs
        Of the strategies of `fair_rows`, tested on the target; one label count, two seeds or more.
    source_runs : Runs, optional
        The same tested on the source.

    Returns
    -------
    pandas.DataFrame
        One row per comparison, so a method has two rows where it stands beside two others:
        `strategy`, `preparation`, `beside`, `target` and `source` (mean accuracies), `difference`
        with its 95 % interval `low` and `high`, `gap_closed` (the difference to the source alone
        over that of the oracle of the same preparation; NaN if the oracle is no better), `p_holm`
        and `verdict`. Holm's correction is over all comparisons but those of oracles. The verdict
        is "better", "worse" (than the source alone: "negative transfer") or "not resolved".

    Raises
    ------
    ValueError
        If the runs do not say what they stand beside, or that is missing, there are several label
        counts, or runs do not pair.
    """
    runs = as_runs(runs).at_one_count()
    rows = {name: _read_notes(runs, name) for name in runs.strategies}
    runs.require(*(other for row in rows.values() for other in row.beside))
    found = {
        (name, other): compare(runs, name, other) for name in rows for other in rows[name].beside
    }
    judged = {pair: one for pair, one in found.items() if not rows[pair[0]].used_labels}
    found |= judge_together(judged) if judged else {}
    of_runs = {"target": runs}
    if source_runs is not None:
        of_runs["source"] = as_runs(source_runs, ("strategy", "accuracy"))
    means = {name: one.groupby("strategy")["accuracy"].mean() for name, one in of_runs.items()}
    table = []
    for name, row in rows.items():
        told = {column: values.get(name, np.nan) for column, values in means.items()}
        for other in row.beside or ("",):
            about = {"strategy": name, "preparation": row.preparation, "beside": other}
            table.append(about | told | _compared((name, other), rows, found))
    return pd.DataFrame(table)


@dataclass(frozen=True)
class _Row:
    """What the notes of a strategy say."""

    preparation: str
    beside: tuple[str, ...]
    used_labels: bool

    @property
    def is_alone(self) -> bool:
        """True for a row that learns from the source and does not adapt."""
        return not self.beside


def _read_notes(runs: Runs, name: str) -> _Row:
    missing = [note for note in NOTES if note not in runs.columns]
    if missing:
        raise ValueError(f"the runs lack {', '.join(missing)}: give those of fair_rows()")
    own = runs[runs["strategy"] == name]
    if own[list(NOTES)].isna().any(axis=None):
        raise ValueError(f"{name!r} does not say what it stands beside: make it by fair_rows()")
    preparation, beside, used = own[list(NOTES)].iloc[0]
    return _Row(preparation, tuple(filter(None, beside.split(BETWEEN))), bool(used))


def _compared(pair: tuple[str, str], rows: Mapping, found: Mapping) -> dict:
    """What the table says of one comparison; of the source alone there is none."""
    one = found.get(pair)
    if one is None:
        nothing = dict.fromkeys(("difference", "low", "high", "gap_closed", "p_holm"), np.nan)
        return nothing | {"verdict": "no adaptation"}
    numbers = {"difference": one.difference, "low": one.low, "high": one.high}
    numbers["gap_closed"] = _gap_closed(one, rows, found)
    numbers["p_holm"] = one.p_holm if isinstance(one, Corrected) else np.nan
    return numbers | {"verdict": _verdict(one, rows)}


def _gap_closed(one: Comparison, rows: Mapping[str, _Row], found: Mapping) -> float:
    oracles = [name for name, row in rows.items() if row.used_labels and one.b in row.beside]
    gap = found[oracles[0], one.b].difference if oracles and rows[one.b].is_alone else 0
    return one.difference / gap if gap > 0 else np.nan


def _verdict(one: Comparison, rows: Mapping[str, _Row]) -> str:
    if rows[one.a].used_labels:
        return "used target labels"
    if not one.resolved:
        return "not resolved"
    if one.difference > 0:
        return "better"
    return "negative transfer" if rows[one.b].is_alone else "worse"
