"""Drawings of a lesson's set-up, of strategies side by side, and the map of the course."""

from __future__ import annotations

import textwrap
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
EMPTY_BOXES = {
    (False, False): "ordinary learning: more of the same data,\nnothing needs to be transferred",
    (
        True,
        False,
    ): "no lesson of its own: the strategies for a new task\nand a new domain serve here, too",
}
LETTERS = 21  # that fit above one part of a set-up


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
    height = 2.45 if source else 1.75
    figure = Figure(figsize=(2.0 * len(parts), height), layout="constrained")
    axes = figure.subplots()
    axes.set(xlim=(0, 2 * len(parts)), ylim=(-0.55, 2.2 if source else 1.4))
    axes.axis("off")
    for i, (text, state) in enumerate(parts):
        _draw_part(axes, i, text, state)
    reused = [i for i, (_, state) in enumerate(parts) if state in ("frozen", "tuned")]
    if source and reused:
        _draw_source(axes, reused[0], reused[-1], f"reused: {source}")
    chain = ", then ".join(f"{text} ({STATES[state][1]})" for text, state in parts)
    return Picture(figure, f"Set-up: {chain}.{source and f' Reused: {source}.'}")


def _draw_source(axes, first: int, last: int, words: str) -> None:
    """What is reused, no wider than the parts that it is written above, with a bracket on them."""
    left, right = 2 * first + 0.15, 2 * last + 1.65
    axes.plot([left, left, right, right], [1.26, 1.34, 1.34, 1.26], color="#333333", lw=1)
    lines = textwrap.wrap(words, LETTERS + 28 * (last - first), break_on_hyphens=False)
    axes.text(
        (left + right) / 2, 1.42, "\n".join(lines), ha="center", va="bottom", fontsize=9
    )  # fmt: skip


def _draw_part(axes, i: int, text: str, state: str) -> None:
    """One box of a set-up, with the arrow that leads to it."""
    draw_box(axes, (2 * i + 0.15, 0.2), 0.9, text, STATES[state], word_size=9, below=0.3)
    if i:
        draw_arrow(axes, (2 * i - 0.24, 0.65), (2 * i + 0.06, 0.65))


def draw_box(
    axes,
    corner: tuple[float, float],
    height: float,
    text: str,
    look: tuple,
    word_size: float,
    below: float,
) -> None:
    """A box 1.5 wide from its lower left `corner`, and below it the word of its `look`."""
    (left, bottom), (colour, word, hatch) = corner, look
    box = FancyBboxPatch(
        corner, 1.5, height, facecolor=colour, hatch=hatch, edgecolor="#333333",
        boxstyle="round,pad=0.08",
    )  # fmt: skip
    axes.add_patch(box)
    _write_on_box(axes, left + 0.75, bottom + height / 2, text, hatch, fontsize=9.5)
    axes.text(
        left + 0.75, bottom - below, word, ha="center", va="top", fontsize=word_size, style="italic"
    )


def draw_arrow(axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    """From one box to the next."""
    arrow = FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=14, color="#333333")
    axes.add_patch(arrow)


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
        None for a lesson that stands in every box) and `has_source` (bool; without one it stands
        in no box), such as `tlhelpers.course.COURSE`.

    Returns
    -------
    Picture
    """
    figure, axes = new_axes(9.0, 5.0)
    descriptions = []
    for (task, domain), head in MAP_HEADS.items():
        here = [one for one in lessons if (one.new_task, one.new_domain) == (task, domain)]
        _draw_map_box(axes, domain, task, head, here)
        empty = EMPTY_BOXES.get((task, domain), "")
        descriptions.append(f"{head}: {_titles(here) or empty or 'none'}")
    below = _below_the_map(lessons)
    axes.text(1, -0.06, "\n".join(below), ha="center", va="top", fontsize=9.5, linespacing=1.6)
    axes.set(xlim=(0, 2), ylim=(0, 2))
    same, new = r"$\mathcal{%s}_S = \mathcal{%s}_T$", r"$\mathcal{%s}_S \neq \mathcal{%s}_T$"
    axes.set_yticks([0.5, 1.5], [words % ("T", "T") for words in (same, new)])
    axes.set_xticks([0.5, 1.5], [words % ("D", "D") for words in (same, new)])
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelsize=12)
    axes.spines[:].set_visible(False)
    boxes = "; ".join([*descriptions, *below])
    return Picture(figure, f"Map of the lessons. {boxes}.", math=True)


def _below_the_map(lessons: Sequence) -> list[str]:
    """A line for the lessons that reuse nothing and one for those that serve in every box."""
    outside = [one for one in lessons if one.new_task is None]
    titles = {
        "no source": _titles([one for one in outside if not one.has_source]),
        "in every box": _titles([one for one in outside if one.has_source]),
    }
    return [f"{place}: {names}" for place, names in titles.items() if names]


def _titles(lessons: Sequence) -> str:
    names = [f"{one.number} {one.title}{'' if one.ready else ' (to come)'}" for one in lessons]
    return ", ".join(names)


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
    if not lessons and (empty := EMPTY_BOXES.get((bool(y), bool(x)))):
        axes.text(
            x + 0.5, y + 0.45, empty, ha="center", va="center", fontsize=9, style="italic",
            color="#555555",
        )  # fmt: skip
