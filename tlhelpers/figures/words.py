"""Figures about words and texts: maps of vectors, every seed, and who looks at whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from sklearn.decomposition import PCA

from tlhelpers.figures.basic import Picture
from tlhelpers.figures.palette import COLOURS, MARKERS, new_axes


def flat_map(
    rows: np.ndarray,
    captions: Sequence[str],
    groups: Sequence[str] | None = None,
    title: str = "",
) -> Picture:
    """Vectors in two dimensions: their first two principal components, lengths made equal.

    Parameters
    ----------
    rows : float array, shape (n, d)
    captions : sequence of str
        Written beside each point.
    groups : sequence of str, optional
        One colour and marker each.

    Raises
    ------
    ValueError
        If there are fewer than two rows or columns, or not one caption and one group per row.
    """
    rows = np.asarray(rows, dtype=np.float64)
    _check_map(rows, captions, groups)
    rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    with np.errstate(invalid="ignore"):  # equal rows have no variance to have shares of
        pca = PCA(2, svd_solver="full").fit(rows)
    places = pca.transform(rows)
    shares = pca.explained_variance_ / max(rows.var(axis=0, ddof=1).sum(), 1e-12)
    groups = [""] * len(rows) if groups is None else list(groups)
    figure, axes = new_axes(7.5, 4.8)
    for i, group in enumerate(dict.fromkeys(groups)):
        own = [place for place, name in enumerate(groups) if name == group]
        axes.plot(*places[own].T, MARKERS[i % 7], color=COLOURS[i % 7], label=group, markersize=7)
    if len(set(groups)) > 1:
        axes.legend(fontsize=9)
    axes.margins(0.15)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set(
        xlabel=f"first component ({shares[0]:.0%} of the variance)",
        ylabel=f"second ({shares[1]:.0%})",
        title=title,
    )
    _write_beside(axes, places, captions)
    told = "; ".join(
        f"{caption}{group and f' ({group})'} at {x:z.2f}, {y:z.2f}"
        for caption, group, (x, y) in zip(captions, groups, places, strict=True)
    )
    return Picture(figure, f"Map of vectors in two dimensions. {told}.")


def _check_map(rows: np.ndarray, captions: Sequence[str], groups: Sequence[str] | None) -> None:
    if rows.ndim != 2 or min(rows.shape) < 2:
        raise ValueError(f"a map needs two rows and two columns at least, got {rows.shape}")
    for name, given in (("captions", captions), ("groups", groups)):
        if given is not None and len(given) != len(rows):
            raise ValueError(f"{len(rows)} rows, but {len(given)} {name}")


def _write_beside(axes, places: np.ndarray, captions: Sequence[str], size: float = 8.5) -> None:
    """A caption at each point, where none was written before, if there is room."""
    written = [
        axes.annotate(
            caption, place, (6, 3), textcoords="offset points", fontsize=size, parse_math=False
        )
        for place, caption in zip(places, captions, strict=True)
    ]
    # What is written at the sides makes the axes smaller, and moves the points: so once more.
    for _ in range(3):
        axes.figure.draw_without_rendering()
        points = axes.transData.transform(places) * 72 / axes.figure.dpi
        taken: list[tuple] = []  # left end, height and width of those placed so far
        for text, point in zip(written, points, strict=True):
            width = text.get_window_extent().width * 72 / axes.figure.dpi
            corners = [(6, 3), (6, -9), (-width - 6, 3), (-width - 6, -9), (6, 13), (6, -19)]
            boxes = [(*(point + corner), width) for corner in corners]
            free = [i for i, box in enumerate(boxes) if not any(_meet(box, o, size) for o in taken)]
            best = free[0] if free else 0
            taken.append(boxes[best])
            text.set_position(corners[best])


def _meet(one, other, size: float) -> bool:
    apart = one[0] + one[2] < other[0] or other[0] + other[2] < one[0]
    return not apart and abs(one[1] - other[1]) < 1.25 * size


def every_seed(
    runs: pd.DataFrame, order: Sequence[str], lines: Mapping[str, float] | None = None
) -> Picture:
    """Accuracy of each run as a point, one row per strategy, the median as a line.

    Parameters
    ----------
    runs : pandas.DataFrame
        With `strategy`, `seed` and `accuracy`.
    order : sequence of str
        Strategies from above to below.
    lines : mapping of str to float, optional
        Vertical lines to compare with, e.g. chance.

    Raises
    ------
    ValueError
        If the runs hold none of a strategy.
    """
    missing = [name for name in order if name not in set(runs["strategy"])]
    if missing:
        raise ValueError(f"the runs hold no strategy {missing[0]!r}")
    figure, axes = new_axes(7.5, 0.5 * len(order) + 1.2)
    told = []
    for y, name in enumerate(order):
        own = runs[runs["strategy"] == name].sort_values("seed")["accuracy"].to_numpy()
        # A height for each seed: equal accuracies would fall on each other.
        apart = y + 0.25 * (2 * np.arange(1, len(own) + 1) / (len(own) + 1) - 1)
        axes.plot(own, apart, MARKERS[0], color=COLOURS[0], alpha=0.7, markersize=6)
        axes.plot([np.median(own)] * 2, [y - 0.35, y + 0.35], color=COLOURS[1], linewidth=2)
        values = ", ".join(f"{value:.2f}" for value in own)
        told.append(f"{name}: {values} (median {np.median(own):.2f})")
    for name, value in (lines or {}).items():
        axes.axvline(value, color="#777777", linewidth=1, linestyle=":")
        axes.annotate(name, (value, 1), xycoords=("data", "axes fraction"), fontsize=8, ha="center")
    axes.set_yticks(range(len(order)), order)
    axes.set_ylim(len(order) - 0.4, -0.6)
    axes.set(xlabel="accuracy on test items (a point per seed; line: median)")
    also = "".join(f" {name} {value:.2f}." for name, value in (lines or {}).items())
    return Picture(figure, f"Accuracy of every seed. {'; '.join(told)}.{also}")


def attention_map(tokens: Sequence[str], weights: torch.Tensor, title: str = "") -> Picture:
    """Which token looks at which, one panel per head.

    Parameters
    ----------
    tokens : sequence of str, length n
    weights : float tensor, shape (heads, n, n)
        Rows look, columns are looked at; each row sums to 1.

    Raises
    ------
    ValueError
        If there is not one token per row and column.
    """
    heads, n = len(weights), len(tokens)
    if tuple(weights.shape) != (heads, n, n):
        raise ValueError(
            f"{n} tokens need weights of shape (heads, {n}, {n}), got {tuple(weights.shape)}"
        )
    figure = Figure(figsize=(0.27 * n * heads + 1.2, 0.27 * n + 1.3), layout="constrained")
    panels = figure.subplots(1, heads, squeeze=False, sharey=True)[0]
    told = []
    for i, (axes, head) in enumerate(zip(panels, np.asarray(weights), strict=True)):
        image = axes.imshow(head, cmap="Blues", vmin=0, vmax=1)
        axes.set_xticks(range(n), tokens, rotation=90, fontsize=8, parse_math=False)
        axes.set_yticks(range(n), tokens, fontsize=8, parse_math=False)
        axes.set(title=f"head {i + 1}", xlabel="is looked at")
        seen = [f"{tokens[a]} at {tokens[b]}" for a, b in enumerate(head.argmax(1))]
        told.append(f"head {i + 1}: {', '.join(seen)}")
    panels[0].set_ylabel("looks")
    figure.colorbar(image, ax=list(panels), label="weight", shrink=0.8)
    figure.suptitle(title)
    return Picture(figure, f"Where each token looks most. {'; '.join(told)}.")
