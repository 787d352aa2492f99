"""Figures about words and texts: maps of vectors, and which token looks at which."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.figure import Figure
from sklearn.decomposition import PCA

from tlhelpers.figures.palette import looks, new_axes
from tlhelpers.figures.picture import Picture, glyph_warnings_caught, set_labels


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
    captions : sequence of str, length n
        Written beside each point.
    groups : sequence of str, length n, optional
        One colour and marker each.
    title : str

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If there are fewer than two rows or columns, or not one caption and one group per row.
    """
    rows = np.asarray(rows, dtype=np.float64)
    _check_map(rows, captions, groups)
    points, shares = _two_components(rows)
    groups = [""] * len(rows) if groups is None else list(groups)
    names = list(dict.fromkeys(groups))
    figure, axes = new_axes(7.5, 4.8)
    for name, look in zip(names, looks(names), strict=True):
        members = [i for i, group in enumerate(groups) if group == name]
        axes.plot(*points[members].T, label=name, **(look | {"linestyle": "none", "markersize": 7}))
    if len(names) > 1:  # above: a place among the points is searched at every drawing
        axes.legend(fontsize=9, loc="lower right", bbox_to_anchor=(1, 1), ncols=len(names))
    axes.margins(0.15)
    axes.set(xticks=[], yticks=[])
    axes.set_title(title, pad=28 if len(names) > 1 else None)
    axes.set_xlabel(f"first component ({shares[0]:.0%} of the variance)")
    axes.set_ylabel(f"second ({shares[1]:.0%})")
    _write_beside(axes, points, captions)
    words = "; ".join(
        f"{caption}{group and f' ({group})'} at {x:z.2f}, {y:z.2f}"
        for caption, group, (x, y) in zip(captions, groups, points, strict=True)
    )
    return Picture(figure, f"Map of vectors in two dimensions. {words}.")


def _check_map(rows: np.ndarray, captions: Sequence[str], groups: Sequence[str] | None) -> None:
    if rows.ndim != 2 or min(rows.shape) < 2:
        raise ValueError(f"a map needs two rows and two columns at least, got {rows.shape}")
    for name, given in (("captions", captions), ("groups", groups)):
        if given is not None and len(given) != len(rows):
            raise ValueError(f"{len(rows)} rows, but {len(given)} {name}")


def _two_components(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points in two dimensions, and the share of the variance that each dimension holds."""
    rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    with np.errstate(invalid="ignore"):  # equal rows have no variance to have shares of
        pca = PCA(2, svd_solver="full").fit(rows)
    return pca.transform(rows), pca.explained_variance_ / max(rows.var(axis=0, ddof=1).sum(), 1e-12)


def _write_beside(axes, points: np.ndarray, captions: Sequence[str], size: float = 8.5) -> None:
    """A caption at each point, where none was written before, if there is room."""
    written = [
        axes.annotate(caption, point, (6, 3), textcoords="offset points", fontsize=size)
        for point, caption in zip(points, captions, strict=True)
    ]
    set_labels(axes.figure)
    # What is written at the sides makes the axes smaller, and moves the points: so once more.
    before = None
    for _ in range(3):
        with glyph_warnings_caught():
            axes.figure.draw_without_rendering()
            widths = [text.get_window_extent().width * 72 / axes.figure.dpi for text in written]
        places = axes.transData.transform(points) * 72 / axes.figure.dpi
        corners = _free_corners(places, widths, size)
        if corners == before:
            break
        for text, corner in zip(written, corners, strict=True):
            text.set_position(corner)
        before = corners
    axes.figure.set_layout_engine("none")  # it is laid out


def _free_corners(places: np.ndarray, widths: Sequence[float], size: float) -> list[tuple]:
    """Where each caption begins, from its point: in order, each beside those placed before."""
    chosen, taken = [], []  # boxes: left end, height and width
    for place, width in zip(places, widths, strict=True):
        corners = [(6, 3), (6, -9), (-width - 6, 3), (-width - 6, -9), (6, 13), (6, -19)]
        boxes = [(*(place + corner), width) for corner in corners]
        free = [i for i, box in enumerate(boxes) if not any(_meet(box, o, size) for o in taken)]
        best = free[0] if free else 0
        chosen.append(corners[best])
        taken.append(boxes[best])
    return chosen


def _meet(one, other, size: float) -> bool:
    apart = one[0] + one[2] < other[0] or other[0] + other[2] < one[0]
    return not apart and abs(one[1] - other[1]) < 1.25 * size


def attention_map(tokens: Sequence[str], weights: torch.Tensor, title: str = "") -> Picture:
    """Which token looks at which, one panel per head.

    Parameters
    ----------
    tokens : sequence of str, length n
    weights : float tensor, shape (heads, n, n)
        Rows look, columns are looked at; each row sums to 1.
    title : str

    Returns
    -------
    Picture

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
    descriptions = []
    for i, (axes, head) in enumerate(zip(panels, np.asarray(weights), strict=True)):
        image = axes.imshow(head, cmap="Blues", vmin=0, vmax=1)
        axes.set_xticks(range(n), tokens, rotation=90, fontsize=8)
        axes.set_yticks(range(n), tokens, fontsize=8)
        axes.set(title=f"head {i + 1}", xlabel="is looked at")
        looked_at = [f"{tokens[a]} at {tokens[b]}" for a, b in enumerate(head.argmax(1))]
        descriptions.append(f"head {i + 1}: {', '.join(looked_at)}")
    panels[0].set_ylabel("looks")
    figure.colorbar(image, ax=list(panels), label="weight", shrink=0.8)
    figure.suptitle(title)
    return Picture(figure, f"Where each token looks most. {'; '.join(descriptions)}.")
