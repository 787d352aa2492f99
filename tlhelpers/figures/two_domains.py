"""A drawing of domain adaptation: two inputs, one network, and what is asked of its features."""

from __future__ import annotations

from matplotlib.figure import Figure

from tlhelpers.figures.diagrams import draw_arrow, draw_box
from tlhelpers.figures.palette import STATES
from tlhelpers.figures.picture import Picture

TOP, MIDDLE, BOTTOM = 2.1, 1.2, 0.3
ASKED = ("#FFFFFF", "makes both look alike", "")  # the look of what is asked of both domains


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
        look = STATES.get(state, ASKED)
        draw_box(axes, (x, y - 0.36), 0.72, text, look, word_size=8.5, below=0.14)
    joined = [(0, TOP, 1), (0, BOTTOM, 1), (1, MIDDLE, 2, TOP), (1, MIDDLE, 2, BOTTOM)]
    for column, start, to, *end in joined:
        _join(axes, (2.3 * column, start), (2.3 * to, *(end or [MIDDLE])))
    _join(axes, (4.6, TOP), (6.9, TOP))
    words = (
        f"Set-up: {source} with labels and {target} without go through one network, {backbone} "
        f"(trained). A class head (trained) learns {answer} from the source's labels. {second} "
        "makes the features of both domains look alike."
    )
    return Picture(figure, " ".join(words.split()))


def _join(axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    """From the right side of one box to the left side of another."""
    draw_arrow(axes, (start[0] + 1.64, start[1]), (end[0] - 0.14, end[1]))
