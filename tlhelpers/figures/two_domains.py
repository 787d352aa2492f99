"""A drawing of domain adaptation: two inputs, one network, and what is asked of its features."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from tlhelpers.figures.palette import STATES
from tlhelpers.figures.picture import Picture

TOP, MIDDLE, BOTTOM = 2.1, 1.2, 0.3


def adaptation_diagram(
    source: str, target: str, backbone: str, answer: str, second: str
) -> Picture:
    """Source and target go through one network; two things are asked of the features.

    Parameters
    ----------
    source, target : str
        What goes in, with labels and without.
    backbone : str
        The network that both go through.
    answer : str
        What the class head says; it learns from the source's labels.
    second : str
        What is asked of the features of both domains, without labels.

    Returns
    -------
    Picture
    """
    figure = Figure(figsize=(8.6, 3.1), layout="constrained")
    axes = figure.subplots()
    axes.set(xlim=(-0.2, 8.7), ylim=(-0.55, 2.95))
    axes.axis("off")
    boxes = [
        (0, TOP, f"{source}\nwith labels", "data"),
        (0, BOTTOM, f"{target}\nwithout labels", "data"),
        (2.3, MIDDLE, backbone, "trained"), (4.6, TOP, "class head", "trained"),
        (4.6, BOTTOM, second, ""), (6.9, TOP, answer, "answer"),
    ]  # fmt: skip
    for x, y, text, state in boxes:
        _draw_box(axes, x, y, text, state)
    joined = [(0, TOP, 1), (0, BOTTOM, 1), (1, MIDDLE, 2, TOP), (1, MIDDLE, 2, BOTTOM)]
    for column, start, to, *end in joined:
        _draw_arrow(axes, (2.3 * column, start), (2.3 * to, *(end or [MIDDLE])))
    _draw_arrow(axes, (4.6, TOP), (6.9, TOP))
    words = (
        f"Set-up: {source} with labels and {target} without go through one network, {backbone} "
        f"(trained). A class head (trained) learns {answer} from the source's labels. {second} "
        "makes the features of both domains look alike."
    )
    return Picture(figure, " ".join(words.split()))


def _draw_box(axes, x: float, y: float, text: str, state: str) -> None:
    colour, word, _ = STATES[state] if state else ("#FFFFFF", "makes both look alike", "")
    box = FancyBboxPatch(
        (x, y - 0.36), 1.5, 0.72, facecolor=colour, edgecolor="#333333", boxstyle="round,pad=0.08"
    )
    axes.add_patch(box)
    axes.text(x + 0.75, y, text, ha="center", va="center", fontsize=9.5)
    axes.text(x + 0.75, y - 0.5, word, ha="center", va="top", fontsize=8.5, style="italic")


def _draw_arrow(axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    """From the right side of one box to the left side of another."""
    ends = (start[0] + 1.64, start[1]), (end[0] - 0.14, end[1])
    axes.add_patch(FancyArrowPatch(*ends, arrowstyle="-|>", mutation_scale=14, color="#333333"))
