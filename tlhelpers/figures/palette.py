"""One look for all figures: colours, markers and dashes that stay apart, and plain axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure

from tlhelpers.evaluation.repeated import learning_curve

# Okabe and Ito's colours, which stay apart for colour-blind readers; each has its own marker too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))
RESERVED = {"raw pixels": 1, "random twin": 2, "frozen random": 2}
STATES = {
    "frozen": ("#56B4E9", "frozen", ""),
    "tuned": ("#8FD0B5", "reused, then trained", ""),
    "trained": ("#E69F00", "trained", ""),
    "random": ("#FFFFFF", "random, frozen", "///"),
    "data": ("#EEEEEE", "data", ""),
    "answer": ("#EEEEEE", "answer", ""),
}


def new_axes(width: float = 7.0, height: float = 4.2):
    """A figure with one pair of axes, sizes in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def style(i: int) -> dict:
    """Colour, marker and dashes number `i`, for ``axes.plot``; seven of them go round."""
    return {"color": COLOURS[i % 7], "marker": MARKERS[i % 7], "linestyle": DASHES[i % 7]}


def places(names: Sequence[str]) -> list[int]:
    """Which style each name gets: the two controls have the same one in every figure."""
    fixed = {name: RESERVED[key] for name in names for key in RESERVED if name.startswith(key)}
    free = (i for i in range(len(COLOURS) + len(names)) if i not in fixed.values())
    return [fixed[name] if name in fixed else next(free) for name in names]


def bands(axes, tables: Mapping[str, pd.DataFrame], order: Sequence[str]) -> list[str]:
    """Mean accuracy and 95 % band of some strategies, side by side, in one line per table of runs.

    Returns what was drawn, in words: one text per table.
    """
    told, order = [], list(order)
    for i, (name, runs) in zip(places(list(tables)), tables.items(), strict=True):
        curve = learning_curve(runs[runs["strategy"].isin(order)]).set_index("strategy").loc[order]
        axes.plot(range(len(order)), curve["mean"], label=name, **style(i))
        axes.fill_between(
            range(len(order)), curve.low, curve.high, color=COLOURS[i % 7], alpha=0.15
        )
        values = ", ".join(f"{strategy} {value:.2f}" for strategy, value in curve["mean"].items())
        told.append(f"{name}: {values}")
    axes.legend(fontsize=9, title="mean and 95 % band")
    return told


def labels_per_class(count: int) -> str:
    """``"1 label per class"``, ``"5 labels per class"``."""
    return f"{count} label{'' if count == 1 else 's'} per class"
