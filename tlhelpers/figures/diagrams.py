"""Drawings of a lesson's set-up, of strategies side by side, and the map of the course."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from tlhelpers.figures.palette import COLOURS, STATES, new_axes
from tlhelpers.figures.picture import Picture

MAP_HEADS = {
    (False, False): "same task, same domain\nmore labels of the same kind",
    (True, False): "new task, same domain\nthe same photographs, other labels",
    (False, True): "same task, new domain\nthe same labels, another drawing style",
    (True, True): "new task, new domain\nfrom photographs to drawings, other labels",
}


def setup_diagram(
    data: str, blocks: Sequence[tuple[str, str]], answer: str, source: str = ""
) -> Picture:
    """A lesson's set-up: which parts are reused, frozen, trained.

    Parameters
    ----------
    data : str
        What goes in, e.g. ``"emoji drawings"``.
    blocks : sequence of (str, str)
        Text and state of each part, in the order of the data; the state is "frozen", "tuned",
        "trained" or "random".
    answer : str
        What comes out.
    source : str
        Where reused weights come from, written above the frozen and tuned parts.

    Returns
    -------
    Picture
    """
    parts = [(data, "data"), *blocks, (answer, "answer")]
    figure = Figure(figsize=(2.0 * len(parts), 2.1), layout="constrained")
    axes = figure.subplots()
    axes.set(xlim=(0, 2 * len(parts)), ylim=(-0.55, 1.85))
    axes.axis("off")
    for i, (text, state) in enumerate(parts):
        _draw_part(axes, i, text, state)
    reused = [i for i, (_, state) in enumerate(parts) if state in ("frozen", "tuned")]
    if source and reused:
        axes.text(reused[0] + reused[-1] + 0.9, 1.4, f"reused: {source}", ha="center", fontsize=9)
    chain = ", then ".join(f"{text} ({STATES[state][1]})" for text, state in parts)
    return Picture(figure, f"Set-up: {chain}.{source and f' Reused: {source}.'}")


def _draw_part(axes, i: int, text: str, state: str) -> None:
    """One box of a set-up, with the arrow that leads to it."""
    colour, word, hatch = STATES[state]
    box = FancyBboxPatch(
        (2 * i + 0.15, 0.2), 1.5, 0.9, facecolor=colour, hatch=hatch, edgecolor="#333333",
        boxstyle="round,pad=0.08",
    )  # fmt: skip
    axes.add_patch(box)
    _write_on_box(axes, 2 * i + 0.9, 0.65, text, hatch, fontsize=9.5)
    axes.text(2 * i + 0.9, -0.1, word, ha="center", va="top", fontsize=9, style="italic")
    if i:
        ends = (2 * i - 0.24, 0.65), (2 * i + 0.06, 0.65)
        axes.add_patch(FancyArrowPatch(*ends, arrowstyle="-|>", mutation_scale=14, color="#333333"))


def _write_on_box(axes, x: float, y: float, text: str, hatch: str, fontsize: float) -> None:
    """On hatching, a text needs a ground of its own."""
    ground = {"facecolor": "white", "edgecolor": "none", "pad": 1} if hatch else None
    axes.text(x, y, text, ha="center", va="center", fontsize=fontsize, bbox=ground)


def strategies_sheet(rows: Mapping[str, Sequence[tuple[str, str]]]) -> Picture:
    """Several set-ups one above the other, in the colours of `setup_diagram`.

    Parameters
    ----------
    rows : mapping of str to sequence of (str, str)
        For each strategy, text and state of its parts.

    Returns
    -------
    Picture
    """
    widest = max(len(parts) for parts in rows.values())
    figure = Figure(figsize=(2.6 * widest + 2.0, 0.72 * len(rows)), layout="constrained")
    axes = figure.subplots()
    axes.set(xlim=(-1.1, 2 * widest), ylim=(-len(rows) + 0.45, 0.55))
    axes.axis("off")
    descriptions = []
    for y, (name, parts) in enumerate(rows.items()):
        axes.text(-0.1, -y, name, ha="right", va="center", fontsize=10, fontweight="bold")
        for x, (text, state) in enumerate(parts):
            colour, word, hatch = STATES[state]
            axes.barh(
                -y, 1.9, left=2 * x, height=0.72, color=colour, hatch=hatch, edgecolor="#333333"
            )
            _write_on_box(axes, 2 * x + 0.95, -y, f"{text}: {word}", hatch, fontsize=9)
        chain = ", ".join(f"{text} {STATES[state][1]}" for text, state in parts)
        descriptions.append(f"{name}: {chain}")
    return Picture(figure, f"Strategies. {'; '.join(descriptions)}.")


def course_map(lessons: Sequence) -> Picture:
    """Where each lesson stands: is its task new, is its domain new? Grey ones are to come.

    Parameters
    ----------
    lessons : sequence
        Of objects with `number`, `title`, `ready` (bool), `new_task` and `new_domain` (bool, or
        None for a lesson that stands in every box), such as `tlhelpers.course.COURSE`.

    Returns
    -------
    Picture
    """
    figure, axes = new_axes(9.0, 5.0)
    descriptions = []
    for (task, domain), head in MAP_HEADS.items():
        here = [one for one in lessons if (one.new_task, one.new_domain) == (task, domain)]
        _draw_map_box(axes, domain, task, head, here)
        descriptions.append(f"{head}: {_titles(here)}")
    everywhere = f"in every box: {_titles([one for one in lessons if one.new_task is None])}"
    axes.text(1, -0.12, everywhere, ha="center", va="top", fontsize=9.5)
    axes.set(xlim=(0, 2), ylim=(0, 2))
    same, new = r"$\mathcal{%s}_S = \mathcal{%s}_T$", r"$\mathcal{%s}_S \neq \mathcal{%s}_T$"
    axes.set_yticks([0.5, 1.5], [words % ("T", "T") for words in (same, new)])
    axes.set_xticks([0.5, 1.5], [words % ("D", "D") for words in (same, new)])
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelsize=12)
    axes.spines[:].set_visible(False)
    boxes = "; ".join([*descriptions, everywhere])
    return Picture(figure, f"Map of the lessons. {boxes}.", math=True)


def _titles(lessons: Sequence) -> str:
    names = [f"{one.number} {one.title}{'' if one.ready else ' (to come)'}" for one in lessons]
    return ", ".join(names) or "none"


def _draw_map_box(axes, x: int, y: int, head: str, lessons: Sequence) -> None:
    box = FancyBboxPatch(
        (x + 0.03, y + 0.03), 0.94, 0.94, boxstyle="round,pad=0,rounding_size=0.03",
        facecolor="#F4F8FB", edgecolor=COLOURS[0],
    )  # fmt: skip
    axes.add_patch(box)
    axes.text(x + 0.5, y + 0.92, head, ha="center", va="top", fontsize=9.5)
    for i, one in enumerate(lessons):
        axes.text(
            x + 0.24, y + 0.66 - 0.095 * i, f"{one.number}  {one.title}", va="top", fontsize=9.5,
            color="#000000" if one.ready else "#8A8A8A",
        )  # fmt: skip
