"""Figures about words and texts: maps of vectors, every seed, and who looks at whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from sklearn.decomposition import PCA

from tlhelpers.palette import COLOURS, MARKERS, new_axes
from tlhelpers.plots import Picture


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
    """
    rows = np.asarray(rows, dtype=np.float64)
    rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    pca = PCA(2, svd_solver="full").fit(rows)
    places, shares = pca.transform(rows), pca.explained_variance_ratio_
    groups = [""] * len(rows) if groups is None else list(groups)
    figure, axes = new_axes(7.5, 4.8)
    for i, group in enumerate(dict.fromkeys(groups)):
        own = [place for place, name in enumerate(groups) if name == group]
        axes.plot(*places[own].T, MARKERS[i % 7], color=COLOURS[i % 7], label=group, markersize=7)
    if len(set(groups)) > 1:
        axes.legend(fontsize=9)
    axes.margins(0.15)
    _write_beside(axes, places, captions)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set(
        xlabel=f"first component ({shares[0]:.0%} of the variance)",
        ylabel=f"second ({shares[1]:.0%})",
        title=title,
    )
    told = "; ".join(
        f"{caption}{group and f' ({group})'} at {x:.2f}, {y:.2f}"
        for caption, group, (x, y) in zip(captions, groups, places, strict=True)
    )
    return Picture(figure, f"Map of vectors in two dimensions. {told}.")


def _write_beside(axes, places: np.ndarray, captions: Sequence[str], size: float = 8.5) -> None:
    """A caption at each point, where none was written before, if there is room."""
    axes.figure.draw_without_rendering()
    points = axes.transData.transform(places) * 72 / axes.figure.dpi
    taken: list[tuple] = []  # left end, height and width of those written so far
    for place, point, caption in zip(places, points, captions, strict=True):
        width = 0.55 * size * len(caption)
        corners = [(6, 3), (6, -9), (-width - 6, 3), (-width - 6, -9), (6, 13), (6, -19)]
        boxes = [(*(point + corner), width) for corner in corners]
        free = [i for i, box in enumerate(boxes) if not any(_meet(box, o, size) for o in taken)]
        best = free[0] if free else 0
        taken.append(boxes[best])
        axes.annotate(
            caption, place, xytext=corners[best], textcoords="offset points", fontsize=size
        )


def _meet(one, other, size: float) -> bool:
    apart = one[0] + one[2] < other[0] or other[0] + other[2] < one[0]
    return not apart and abs(one[1] - other[1]) < 1.1 * size


def every_seed(
    runs: pd.DataFrame, order: Sequence[str], lines: Mapping[str, float] | None = None
) -> Picture:
    """Accuracy of each run as a point, one row per method, the median as a line.

    Parameters
    ----------
    runs : pandas.DataFrame
        With `method`, `seed` and `accuracy`.
    order : sequence of str
        Methods from above to below.
    lines : mapping of str to float, optional
        Vertical lines to compare with, e.g. chance.
    """
    figure, axes = new_axes(7.5, 0.5 * len(order) + 1.2)
    told = []
    for y, name in enumerate(order):
        own = runs[runs["method"] == name].sort_values("seed")["accuracy"].to_numpy()
        # Points that fall on each other are moved apart, always in the same way.
        apart = y + 0.16 * (np.arange(len(own)) % 3 - 1)
        axes.plot(own, apart, MARKERS[0], color=COLOURS[0], alpha=0.7, markersize=6)
        axes.plot([np.median(own)] * 2, [y - 0.35, y + 0.35], color=COLOURS[1], linewidth=2)
        told.append(f"{name}: {', '.join(f'{value:.2f}' for value in own)}")
    for name, value in (lines or {}).items():
        axes.axvline(value, color="#777777", linewidth=1, linestyle=":")
        axes.annotate(name, (value, 1), xycoords=("data", "axes fraction"), fontsize=8, ha="center")
    axes.set_yticks(range(len(order)), order)
    axes.set_ylim(len(order) - 0.4, -0.6)
    axes.set(xlabel="accuracy on test items (a point per seed; line: median)")
    return Picture(figure, f"Accuracy of every seed. {'; '.join(told)}.")


def attention_map(tokens: Sequence[str], weights: torch.Tensor, title: str = "") -> Picture:
    """Which token looks at which, one panel per head.

    Parameters
    ----------
    tokens : sequence of str, length n
    weights : float tensor, shape (heads, n, n)
        Rows look, columns are looked at; each row sums to 1.
    """
    heads, n = len(weights), len(tokens)
    figure = Figure(figsize=(0.27 * n * heads + 1.2, 0.27 * n + 1.3), layout="constrained")
    panels = figure.subplots(1, heads, squeeze=False, sharey=True)[0]
    told = []
    for i, (axes, head) in enumerate(zip(panels, np.asarray(weights), strict=True)):
        image = axes.imshow(head, cmap="Blues", vmin=0, vmax=1)
        axes.set_xticks(range(n), tokens, rotation=90, fontsize=8)
        axes.set_yticks(range(n), tokens, fontsize=8)
        axes.set(title=f"head {i + 1}", xlabel="is looked at")
        seen = [f"{tokens[a]} at {tokens[b]}" for a, b in enumerate(head.argmax(1))]
        told.append(f"head {i + 1}: {', '.join(seen)}")
    panels[0].set_ylabel("looks")
    figure.colorbar(image, ax=list(panels), label="weight", shrink=0.8)
    figure.suptitle(title)
    return Picture(figure, f"Where each token looks most. {'; '.join(told)}.")
