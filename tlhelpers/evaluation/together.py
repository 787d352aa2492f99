"""Comparisons that are judged together: Holm's correction is in the verdict of each."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from tlhelpers.evaluation.comparisons import Comparison
from tlhelpers.evaluation.significance import ALPHA, holm

Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True)
class Corrected(Comparison):
    """A comparison that is one of several: its verdict is that after Holm's correction.

    Parameters
    ----------
    p_holm : float
        The p value after the correction.
    together : int
        How many comparisons were judged together.
    """

    p_holm: float
    together: int

    @property
    def resolved(self) -> bool:
        """True when the corrected p value is at most 0.05; then the interval leaves out 0, too."""
        return self.p_holm <= ALPHA

    @property
    def measured(self) -> str:
        """What was measured, and the corrected p value."""
        p = "p < .001" if self.p_holm < 0.001 else f"p = {self.p_holm:.3f}".replace("0.", ".")
        return f"{super().measured}, {p} after Holm's correction over {self.together}"


def judge_together(comparisons: Mapping[Name, Comparison]) -> dict[Name, Corrected]:
    """Give each of several comparisons the verdict that it has after Holm's correction.

    Of many comparisons some leave out 0 by chance. A figure of them, a table and a claim about one
    of them have one verdict if all take it from here. Intervals stay as they are.

    Parameters
    ----------
    comparisons : mapping of name to Comparison
        From `compare` or `compare_differences`: all that are looked at in one question.

    Returns
    -------
    dict of name to Corrected
        In the same order. In figures and claims they stand for comparisons.

    Raises
    ------
    ValueError
        If there is none, or one was judged before.
    """
    if not comparisons:
        raise ValueError("there is no comparison to judge: give at least one")
    for name, one in comparisons.items():
        if isinstance(one, Corrected):
            raise ValueError(
                f"{name!r} was judged with {one.together} comparisons before: give what compare() "
                "returned"
            )
    corrected = holm([one.p for one in comparisons.values()])
    return {
        name: Corrected(**vars(one), p_holm=float(p), together=len(comparisons))
        for (name, one), p in zip(comparisons.items(), corrected, strict=True)
    }
