"""Claims: a sentence of a lesson beside the measurement that it must agree with."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tlhelpers.checks import known

if TYPE_CHECKING:  # a run reads claims, and need not load all that measures them
    from tlhelpers.evaluation.comparisons import Comparison

CLAIM_MIME = "application/vnd.tlhelpers.claim+json"
EXPECTATIONS = ("greater", "less", "not resolved")


class ClaimLog:
    """The claims of one notebook in the order in which they were first stated."""

    def __init__(self):
        self._by_name: dict[str, dict] = {}

    def add(self, record: dict) -> None:
        """Keep a claim; it takes the place of an earlier one of its name."""
        self._by_name[record["name"]] = record

    def __iter__(self) -> Iterator[dict]:
        return iter(self._by_name.values())

    def __repr__(self) -> str:
        return f"<{len(self._by_name)} claims>"


# Where `claim` and `claim_value` write, and what `claims_table` shows, unless another is given.
NOTEBOOK_CLAIMS = ClaimLog()


def claim(
    name: str,
    sentence: str,
    comparison: Comparison,
    expect: str = "greater",
    by: float = 0.0,
    *,
    log: ClaimLog = NOTEBOOK_CLAIMS,
) -> None:
    """State a comparison in words, show what was measured, and stop if they disagree.

    Parameters
    ----------
    name : str
        Short and unique in the lesson; a second claim of the name replaces the first.
    sentence : str
        What the lesson says.
    comparison : Comparison
        As `tlhelpers.evaluation.compare` returns it.
    expect : {"greater", "less", "not resolved"}
        The whole interval above `by`; the whole interval below −`by`; or no verdict. With `by` 0
        or more, the first two ask for the verdict "resolved", too, which a comparison that is
        judged together with others (`judge_together`) has after the correction.
    by : float
        The gap that is claimed at least, in units of the metric. A negative one claims
        "not worse by more than that". Not used with "not resolved".
    log : ClaimLog
        Where the claim is kept; that of this notebook when left out.

    Raises
    ------
    AssertionError
        If the claim does not hold; after it was shown and recorded as not held.
    ValueError
        If `expect` is unknown.
    """
    known("expectation", expect, EXPECTATIONS)
    verdict = comparison.resolved or by < 0
    held, wanted = {
        "greater": (comparison.low > by and verdict, f"interval above {_signed(by)}"),
        "less": (comparison.high < -by and verdict, f"interval below {_signed(-by)}"),
        "not resolved": (
            not comparison.resolved and comparison.low <= comparison.high,
            "not resolved",
        ),
    }[expect]
    record = {
        "name": name,
        "sentence": sentence,
        "difference": _number(comparison.difference),
        "low": _number(comparison.low),
        "high": _number(comparison.high),
        "seeds": int(comparison.seeds),
        "measured": comparison.measured,
        "expect": expect,
        "by": float(by),
        "held": bool(held),
    }
    _state(record, f"{comparison.a} − {comparison.b}: {comparison.measured}", wanted, log)


def claim_value(
    name: str,
    sentence: str,
    value: float,
    low: float | None = None,
    high: float | None = None,
    *,
    at_least: float = -math.inf,
    at_most: float = math.inf,
    seeds: int | None = None,
    log: ClaimLog = NOTEBOOK_CLAIMS,
) -> None:
    """State a single measured number in words, show it, and stop if it is out of bounds.

    Parameters
    ----------
    name, sentence : str
        As for `claim`.
    value : float
        What was measured.
    low, high : float, optional
        Its interval, if it has one; then the whole interval must lie within the bounds.
    at_least, at_most : float
        The bounds, both allowed; give at least one.
    seeds : int, optional
        Number of seeds behind the value.
    log : ClaimLog
        As for `claim`.

    Raises
    ------
    AssertionError
        If the claim does not hold; after it was shown and recorded as not held.
    ValueError
        If no bound is given, or only one end of the interval.
    """
    if math.isinf(at_least) and math.isinf(at_most):
        raise ValueError("give at_least, at_most or both: a claim without bounds cannot fail")
    if (low is None) != (high is None):
        raise ValueError("give both ends of the interval, low and high, or none")
    ends = (value,) if low is None else (low, value, high)
    measured = f"{value:.4g}" if low is None else f"{value:.4g} [{low:.4g}, {high:.4g}]"
    measured += "" if seeds is None else f", {seeds} seeds"
    bounds = [("at least", at_least), ("at most", at_most)]
    expect = " and ".join(f"{word} {bound:g}" for word, bound in bounds if not math.isinf(bound))
    record = {
        "name": name,
        "sentence": sentence,
        "value": _number(value),
        "low": _number(low),
        "high": _number(high),
        "seeds": seeds,
        "measured": measured,
        "expect": expect,
        "held": all(bool(at_least <= end <= at_most) for end in ends),
    }
    _state(record, measured, expect, log)


def claims_table(records: Iterable[Mapping] = NOTEBOOK_CLAIMS) -> pd.DataFrame:
    """List claims with what was measured for each.

    Parameters
    ----------
    records : ClaimLog or iterable of dict
        Those of this notebook when left out; of another one as `read_claims` returns them.

    Returns
    -------
    pandas.DataFrame
        One row per claim: `name`, `sentence`, `measured` (text with interval and seeds),
        `expect`, `held`.
    """
    columns = ["name", "sentence", "measured", "expect", "held"]
    return ClaimsTable(list(records), columns=columns)


class ClaimsTable(pd.DataFrame):
    """A table of claims; a notebook shows whole sentences."""

    def _repr_html_(self) -> str:
        shown = pd.DataFrame(self[["name", "sentence", "measured"]])
        shown["measured"] += np.where(self["held"], "", " NOT HELD")
        with pd.option_context("display.max_colwidth", None):
            table = shown.to_html(index=False, justify="left", border=0)
        return table.replace("<td>", '<td style="text-align: left">')


def read_claims(notebook: Mapping) -> list[dict]:
    """The claims that an executed notebook shows, in the order of its cells.

    Each is what `claim` or `claim_value` showed; numbers that JSON does not have are None."""
    return [
        dict(output["data"][CLAIM_MIME])
        for cell in notebook["cells"]
        for output in cell.get("outputs", ())
        if CLAIM_MIME in output.get("data", ())
    ]


def _signed(value: float) -> str:
    return f"{value:+g}".replace("-", "−") if value else "0"


def _state(record: dict, shown: str, wanted: str, log: ClaimLog) -> None:
    word = "holds" if record["held"] else "does NOT hold"
    log.add(record)
    _show(
        record,
        f"Claim {word}: {record['sentence']} ({shown}; claimed: {wanted})",
        f"<div><b>Claim {word}:</b> {escape(record['sentence'])} "
        f"<span>({escape(shown)}; claimed: {escape(wanted)})</span></div>",
    )
    if not record["held"]:
        raise AssertionError(
            f"claim {record['name']!r} does not hold: {record['sentence']} "
            f"Expected {wanted}; measured {shown}"
        )


def _show(record: dict, line: str, html: str) -> None:
    # IPython is asked for only where it already runs: a plain script need not have it.
    ipython = sys.modules.get("IPython")
    if ipython is None or ipython.get_ipython() is None:
        print(line)
        return
    from IPython.display import display

    display({"text/plain": line, "text/html": html, CLAIM_MIME: record}, raw=True)


def _number(value: float | None) -> float | None:
    """A plain float; None for what JSON has no number for."""
    return None if value is None or not math.isfinite(value) else float(value)
