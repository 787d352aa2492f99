"""One look for all figures: colours, markers and dashes that stay apart, and plain axes."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

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


def labels_per_class(count: int) -> str:
    """``"1 label per class"``, ``"5 labels per class"``."""
    return f"{count} label{'' if count == 1 else 's'} per class"
