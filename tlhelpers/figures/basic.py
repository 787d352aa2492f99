"""Every figure of the course: one palette, axes with units, a text for those who cannot see it."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from tlhelpers.course.contents import Lesson
from tlhelpers.data.images import ImageSet
from tlhelpers.evaluation.repeated import Comparison, learning_curve
from tlhelpers.figures.palette import COLOURS, MARKERS, STATES, bands, new_axes, places, style

MAP_HEADS = {
    (False, False): "same task, same domain\nmore labels of the same kind",
    (True, False): "new task, same domain\nthe same photographs, other labels",
    (False, True): "same task, new domain\nthe same labels, another drawing style",
    (True, True): "new task, new domain\nfrom photographs to drawings, other labels",
}


class Picture:
    """A figure with a text alternative; the last line of a cell shows it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    alt : str
        What the figure shows, in words and numbers.
    """

    def __init__(self, figure: Figure, alt: str):
        self.figure, self.alt = figure, alt

    def png(self, dpi: int = 100) -> bytes:
        """The figure as PNG."""
        buffer = io.BytesIO()
        self.figure.savefig(
            buffer, format="png", dpi=dpi, bbox_inches="tight", metadata={"Software": None}
        )
        return buffer.getvalue()

    def save(self, path, dpi: int = 150) -> Path:
        """Write the figure as PNG to `path`."""
        Path(path).write_bytes(self.png(dpi))
        return Path(path)

    def _repr_html_(self) -> str:
        data = base64.b64encode(self.png()).decode()
        return f'<img src="data:image/png;base64,{data}" alt="{html.escape(self.alt)}" />'

    def __repr__(self) -> str:
        return f"Figure: {self.alt}"


def contact_sheet(images: ImageSet, per_class: int = 10, seed: int = 0) -> Picture:
    """Some pictures of each class, one row a class.

    Parameters
    ----------
    images : ImageSet
    per_class : int
        Pictures per row at most.
    seed : int
        Draws which ones.
    """
    rng = np.random.default_rng(seed)
    rows = len(images.class_names)
    figure = Figure(figsize=(per_class * 0.72 + 1.6, rows * 0.72), layout="constrained")
    grid = figure.subplots(rows, per_class, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for label, name in enumerate(images.class_names):
        chosen = rng.permutation(np.flatnonzero(images.labels == label))[:per_class]
        for axes, i in zip(grid[label], chosen, strict=False):
            axes.imshow(images.pixels[i])
        grid[label, 0].text(
            -0.15,
            0.5,
            name,
            transform=grid[label, 0].transAxes,
            ha="right",
            va="center",
            fontsize=10,
        )
    sizes = ", ".join(f"{name} {count}" for name, count in images.counts().items())
    return Picture(figure, f"Examples of each class in {images.domain}. Class sizes: {sizes}.")


def picture_row(pixels: np.ndarray, captions: Sequence[str]) -> Picture:
    """A few pictures side by side, each with a caption.

    Parameters
    ----------
    pixels : uint8 array, shape (n, height, width, 3)
    captions : sequence of str
    """
    figure = Figure(figsize=(len(pixels) * 1.05, 1.35), layout="constrained")
    grid = figure.subplots(1, len(pixels), squeeze=False)[0]
    for axes, picture, caption in zip(grid, pixels, captions, strict=True):
        axes.imshow(picture)
        axes.axis("off")
        axes.set_title(caption, fontsize=8)
    return Picture(figure, f"Pictures: {', '.join(captions)}.")


def paired_sheet(first: ImageSet, second: ImageSet, items: Sequence[int]) -> Picture:
    """The same items in two domains, one above the other.

    Parameters
    ----------
    first, second : ImageSet
        With the same groups in the same order.
    items : sequence of int
        Which ones to show.
    """
    figure = Figure(figsize=(len(items) * 0.95 + 1.0, 2.3), layout="constrained")
    grid = figure.subplots(2, len(items), squeeze=False)
    for row, images in zip(grid, (first, second), strict=True):
        for axes, i in zip(row, items, strict=True):
            axes.imshow(images.pixels[i])
            axes.axis("off")
        row[0].text(-0.1, 0.5, images.domain, transform=row[0].transAxes, ha="right", va="center")
    names = ", ".join(first.groups[list(items)])
    return Picture(
        figure, f"The emoji {names}, drawn by {first.domain} above and by {second.domain} below."
    )


def prediction_grid(images: ImageSet, predicted: np.ndarray, columns: int = 8) -> Picture:
    """Pictures with what a model says; a cross marks the wrong ones.

    Parameters
    ----------
    images : ImageSet
    predicted : int array, shape (n,)
        Predicted class of each picture.
    """
    rows = -(-len(images) // columns)
    figure = Figure(figsize=(columns * 1.05, rows * 1.4), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    right = predicted == images.labels
    for axes in grid:
        axes.axis("off")
    for axes, pixels, label, ok in zip(grid, images.pixels, predicted, right, strict=False):
        axes.imshow(pixels)
        axes.set_title(
            f"{'✓' if ok else '✗'} {images.class_names[label]}".replace("_", "\n"),
            fontsize=8,
            color=COLOURS[2] if ok else COLOURS[1],
        )
    told = "; ".join(
        f"{group}: {images.class_names[p]}{'' if ok else ' (wrong)'}"
        for group, p, ok in zip(images.groups, predicted, right, strict=True)
    )
    return Picture(figure, f"Predictions, {right.sum()} of {len(right)} right. {told}.")


def neighbour_sheet(
    images: ImageSet, queries: Sequence[int], neighbours: Mapping[str, np.ndarray]
) -> Picture:
    """Pictures, each with those that lie nearest to it under several ways to measure.

    Parameters
    ----------
    images : ImageSet
    queries : sequence of int
        Indices of the pictures to find neighbours for, one column block each.
    neighbours : mapping of str to int array, shape (len(queries), k)
        For each way to measure, the indices of the neighbours, nearest first.
    """
    k = next(iter(neighbours.values())).shape[1]
    rows = [(name, q, near) for q in range(len(queries)) for name, near in neighbours.items()]
    figure = Figure(figsize=((k + 1) * 0.85 + 2.2, len(rows) * 0.85), layout="constrained")
    grid = figure.subplots(len(rows), k + 1, squeeze=False)
    told = []
    for axes, (name, q, near) in zip(grid, rows, strict=True):
        shown = [queries[q], *near[q]]
        for one, i in zip(axes, shown, strict=True):
            one.imshow(images.pixels[i])
            one.set(xticks=[], yticks=[])
            one.spines[:].set_visible(False)
        axes[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
        axes[0].spines[:].set(visible=True, color=COLOURS[0], linewidth=2)
        told.append(f"{images.groups[queries[q]]} by {name}: {', '.join(images.groups[near[q]])}")
    return Picture(figure, f"The framed drawing and its nearest others. {'; '.join(told)}.")


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
    told = f" Reused: {source}." if source else ""
    return Picture(figure, f"Set-up: {chain}.{told}".replace("\n", " "))


def _draw_part(axes, i: int, text: str, state: str) -> None:
    """One box of a set-up, with the arrow that leads to it."""
    colour, word, hatch = STATES[state]
    box = FancyBboxPatch(
        (2 * i + 0.15, 0.2), 1.5, 0.9, facecolor=colour, hatch=hatch, edgecolor="#333333",
        boxstyle="round,pad=0.08",
    )  # fmt: skip
    axes.add_patch(box)
    white = {"facecolor": "white", "edgecolor": "none", "pad": 1} if hatch else None
    axes.text(2 * i + 0.9, 0.65, text, ha="center", va="center", fontsize=9.5, bbox=white)
    axes.text(2 * i + 0.9, -0.1, word, ha="center", va="top", fontsize=9, style="italic")
    if i:
        ends = (2 * i - 0.24, 0.65), (2 * i + 0.06, 0.65)
        axes.add_patch(FancyArrowPatch(*ends, arrowstyle="-|>", mutation_scale=14, color="#333333"))


def learning_curves(
    runs: pd.DataFrame, lines: Mapping[str, float] | None = None, title: str = ""
) -> Picture:
    """Accuracy against labels per class: every draw as a point, the mean, a 95 % band.

    Parameters
    ----------
    runs : DataFrame
        From `evaluate.repeat`.
    lines : mapping of str to float, optional
        Horizontal lines to compare with, e.g. chance and majority.
    """
    curve = learning_curve(runs)
    figure, axes = new_axes()
    strategies = list(curve.strategy.unique())
    for i, strategy in zip(places(strategies), strategies, strict=True):
        part, draws = curve[curve.strategy == strategy], runs[runs.strategy == strategy]
        shift = 1.03 ** (strategies.index(strategy) - len(strategies) / 2)
        axes.plot(
            draws["labels"] * shift,
            draws.accuracy,
            MARKERS[i % 7],
            color=COLOURS[i % 7],
            alpha=0.25,
            markersize=3,
            zorder=1,
        )
        axes.plot(part["labels"], part["mean"], label=strategy, **style(i))
        axes.fill_between(part["labels"], part.low, part.high, color=COLOURS[i % 7], alpha=0.15)
    _reference_lines(axes, lines)
    ticks = sorted(runs["labels"].unique())
    axes.set_xscale("log")
    everything = runs.attrs.get("all")
    axes.set_xticks(ticks, [f"all (mean {t})" if t == everything else str(t) for t in ticks])
    axes.minorticks_off()
    axes.set(
        xlabel="labels per class (log scale)",
        ylabel="accuracy on test items",
        title=title,
        ylim=(0, 1),
    )
    axes.legend(loc="best", fontsize=9, title=f"mean and 95 % band, {runs.seed.nunique()} seeds")
    points = {
        strategy: ", ".join(f"{r.labels}: {r.mean:.2f}" for r in part.itertuples(index=False))
        for strategy, part in curve.groupby("strategy", sort=False)
    }
    told = "; ".join(f"{strategy} {values}" for strategy, values in points.items())
    also = "".join(f" {name} {value:.2f}." for name, value in (lines or {}).items())
    return Picture(figure, f"Mean accuracy by labels per class. {told}.{also}")


def _reference_lines(axes, lines: Mapping[str, float] | None) -> None:
    for name, value in (lines or {}).items():
        axes.axhline(value, color="#777777", linewidth=1, linestyle=":")
        axes.annotate(
            f"{name} {value:.2f}",
            (1, value),
            xycoords=("axes fraction", "data"),
            ha="right",
            va="bottom",
            fontsize=8,
            color="#555555",
        )


def intervals(
    comparisons: Sequence[Comparison], title: str = "", notes: Sequence[str] | None = None
) -> Picture:
    """Differences in accuracy with their 95 % intervals; a line at zero.

    Parameters
    ----------
    comparisons : sequence of Comparison
        From `evaluate.compare`.
    notes : sequence of str, optional
        Added to the name of each comparison, e.g. its number of labels.
    """
    notes = [f"\n{note}" for note in notes] if notes else [""] * len(comparisons)
    figure, axes = new_axes(7.5, (0.75 if any(notes) else 0.6) * len(comparisons) + 0.9)
    for i, c in enumerate(comparisons):
        colour = COLOURS[0] if c.resolved else "#777777"
        axes.plot([c.low, c.high], [i, i], color=colour, linewidth=3)
        axes.plot(
            c.difference,
            i,
            "o" if c.resolved else "D",
            color=colour,
            markerfacecolor=colour if c.resolved else "white",
            markersize=8,
        )
    axes.axvline(0, color="#333333", linewidth=1)
    names = [f"{c.a}\n− {c.b}{note}" for c, note in zip(comparisons, notes, strict=True)]
    axes.set_yticks(range(len(comparisons)), names, fontsize=9)
    axes.set_ylim(len(comparisons) - 0.4, -0.6)
    axes.set(xlabel="difference in accuracy (95 % interval; hollow: not resolved)", title=title)
    told = "; ".join(
        f"{c}{note and f' ({note.strip()})'}" for c, note in zip(comparisons, notes, strict=True)
    )
    return Picture(figure, f"Differences in accuracy. {told}.")


def by_layer(
    runs: Mapping[str, pd.DataFrame],
    layers: Sequence[str],
    title: str = "",
    lines: Mapping[str, float] | None = None,
) -> Picture:
    """Accuracy of a probe on each layer, from pixels to features.

    Parameters
    ----------
    runs : mapping of str to DataFrame
        One table from `evaluate.repeat` per network, whose strategies are `layers`.
    layers : sequence of str
        In the order of the network.
    """
    figure, axes = new_axes()
    told = bands(axes, runs, layers)
    _reference_lines(axes, lines)
    axes.set_xticks(range(len(layers)), layers, rotation=30)
    axes.set(
        xlabel="layer, from the input to the features",
        ylabel="accuracy on test items",
        title=title,
    )
    return Picture(figure, f"Accuracy of a linear head on each layer. {'; '.join(told)}.")


def drift(
    steps: Sequence[int], values: Mapping[str, Sequence[float]], ylabel: str, title: str = ""
) -> Picture:
    """Something that should stand still, followed over forward passes.

    Parameters
    ----------
    steps : sequence of int
        Number of forward passes.
    values : mapping of str to sequence of float
        One line each, as long as `steps`.
    """
    figure, axes = new_axes(7, 3.6)
    for i, (name, line) in enumerate(values.items()):
        axes.plot(steps, line, label=name, **style(i))
    axes.set(xlabel="forward passes", ylabel=ylabel, title=title, xticks=steps)
    axes.legend(fontsize=9)
    told = "; ".join(
        f"{name}: from {line[0]:.3f} to {line[-1]:.3f}" for name, line in values.items()
    )
    return Picture(figure, f"{ylabel} against forward passes. {told}.")


def course_map(lessons: Sequence[Lesson]) -> Picture:
    """Where each lesson stands: is its task new, is its domain new? Grey ones are to come.

    Parameters
    ----------
    lessons : sequence of Lesson
        From `tlhelpers.course`.
    """
    figure, axes = new_axes(9.0, 5.0)
    told = []
    for (task, domain), head in MAP_HEADS.items():
        here = [one for one in lessons if (one.new_task, one.new_domain) == (task, domain)]
        _map_box(axes, domain, task, head, here)
        told.append(f"{head}: {_titles(here)}".replace("\n", " "))
    anywhere = [one for one in lessons if one.new_task is None]
    axes.text(1, -0.12, f"in every box: {_titles(anywhere)}", ha="center", va="top", fontsize=9.5)
    told.append(f"in every box: {_titles(anywhere)}")
    axes.set(xlim=(0, 2), ylim=(0, 2))
    axes.set_yticks(
        [0.5, 1.5], [r"$\mathcal{T}_S = \mathcal{T}_T$", r"$\mathcal{T}_S \neq \mathcal{T}_T$"]
    )
    axes.set_xticks(
        [0.5, 1.5], [r"$\mathcal{D}_S = \mathcal{D}_T$", r"$\mathcal{D}_S \neq \mathcal{D}_T$"]
    )
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelsize=12)
    axes.spines[:].set_visible(False)
    return Picture(figure, f"Map of the lessons. {'; '.join(told)}.")


def _titles(lessons: Sequence[Lesson]) -> str:
    names = [f"{one.number} {one.title}{'' if one.ready else ' (to come)'}" for one in lessons]
    return ", ".join(names) or "none"


def _map_box(axes, x: int, y: int, head: str, lessons: Sequence[Lesson]) -> None:
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
