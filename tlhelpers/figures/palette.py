"""One look for all figures: colours, markers and dashes that stay apart, and plain axes."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import cycle

from matplotlib.figure import Figure

# Okabe and Ito's colours, which stay apart for colour-blind readers; each has its own marker too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))
# Wine and indigo are added for the lines of a figure: the seven do not give each strategy its own.
LOOKS = tuple(
    {"color": colour, "marker": marker, "linestyle": dashes}
    for colour, marker, dashes in zip(
        (*COLOURS, "#882255", "#332288"),
        (*MARKERS, "*", "<"),
        (*DASHES, (0, (6, 1, 1, 1, 1, 1)), (0, (2, 2))),
        strict=True,
    )
)
# How a strategy's name begins, and its number in LOOKS: the same in every figure of the course.
# Raw pixels and TF-IDF are one idea, the input itself, and no figure holds both; nor does any hold
# two of a grid of features, nearest neighbours and GloVe.
STRATEGIES = {
    "frozen": 0,
    "ImageNet": 0,
    "frozen, 4×4 grid": 7,
    "ImageNet, 4×4 grid": 7,
    "frozen features, nearest neighbours": 7,
    "raw pixels": 1,
    "TF-IDF": 1,
    "counted words": 1,
    "fine-tuned": 2,
    "fine-tuning": 2,
    "frozen random": 3,
    "random twin": 3,
    "scratch": 4,
    "from scratch": 4,
    "small network from scratch": 4,
    "LoRA": 5,
    "source only": 6,
    "GloVe": 7,
    "oracle": 8,
}
# The states of a network's parts; the hues are those of the strategies they make.
STATES = {
    "frozen": ("#56B4E9", "frozen", ""),
    "tuned": ("#8FD0B5", "reused, then trained", ""),
    "trained": ("#E69F00", "trained", ""),
    "random": ("#FFFFFF", "random, frozen", "///"),
    "data": ("#EEEEEE", "data", ""),
    "answer": ("#EEEEEE", "answer", ""),
}
GREY = "#777777"


def new_axes(width: float = 7.0, height: float = 4.2):
    """A figure with one pair of axes, sizes in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def looks(names: Iterable[str]) -> list[dict]:
    """Colour, marker and dashes of each name, for ``axes.plot``: a strategy's own ones.

    Names that are no strategy, or a second variant of one, take what is left, in order.
    """
    names, taken = list(names), {}
    for name in sorted(names, key=lambda name: name not in STRATEGIES):  # the plain names first
        number = _strategy_number(name)
        if number is not None and number not in taken.values():
            taken[name] = number
    left = [number for number in range(len(LOOKS)) if number not in taken.values()]
    others = cycle(left or range(len(LOOKS)))
    return [LOOKS[taken[name] if name in taken else next(others)] for name in names]


def _strategy_number(name: str) -> int | None:
    """The number of the longest beginning that fits."""
    fitting = [start for start in STRATEGIES if name.startswith(start)]
    return STRATEGIES[max(fitting, key=len)] if fitting else None


def labels_per_class(count: int) -> str:
    """Write a label count out.

    Parameters
    ----------
    count : int

    Returns
    -------
    str
        ``"1 label per class"``, ``"5 labels per class"``.
    """
    return f"{count} label{'' if count == 1 else 's'} per class"
