"""Pictures side by side: of classes, of two domains, with predictions, with neighbours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from tlhelpers.data.images import ImageSet
from tlhelpers.figures.palette import COLOURS
from tlhelpers.figures.picture import Picture

# Of a grid of predictions, from a row to the next and the width of a picture, in columns.
STEP, WIDTH = 1.33, 0.88


def contact_sheet(images: ImageSet, per_class: int = 10, seed: int = 0) -> Picture:
    """Some pictures of each class, one row a class.

    Parameters
    ----------
    images : ImageSet
    per_class : int
        Pictures per row at most.
    seed : int
        Draws which ones.

    Returns
    -------
    Picture
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
        _write_left(grid[label, 0], name, fontsize=10)
    sizes = ", ".join(f"{name} {count}" for name, count in images.counts().items())
    return Picture(figure, f"Examples of each class in {images.domain}. Class sizes: {sizes}.")


def _write_left(axes, name: str, **options) -> None:
    place = {"transform": axes.transAxes, "ha": "right", "va": "center"}
    axes.text(-0.12, 0.5, name, **place, **options)


def picture_row(pixels: np.ndarray, captions: Sequence[str]) -> Picture:
    """A few pictures side by side, each with a caption.

    Parameters
    ----------
    pixels : uint8 array, shape (n, height, width, 3)
    captions : sequence of str, length n

    Returns
    -------
    Picture
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

    Returns
    -------
    Picture
    """
    figure = Figure(figsize=(len(items) * 0.95 + 1.0, 2.3), layout="constrained")
    grid = figure.subplots(2, len(items), squeeze=False)
    for row, images in zip(grid, (first, second), strict=True):
        for axes, i in zip(row, items, strict=True):
            axes.imshow(images.pixels[i])
            axes.axis("off")
        _write_left(row[0], images.domain)
    names = ", ".join(first.groups[list(items)])
    return Picture(
        figure, f"The emoji {names}, drawn by {first.domain} above and by {second.domain} below."
    )


def prediction_grid(images: ImageSet, predicted: np.ndarray, columns: int = 8) -> Picture:
    """Pictures with the class that a model predicts; a cross marks the wrong ones.

    Parameters
    ----------
    images : ImageSet
    predicted : int array, shape (n,)
        Predicted class of each picture.
    columns : int
        Pictures per row.

    Returns
    -------
    Picture
    """
    right, rows = predicted == images.labels, -(-len(images) // columns)
    # One picture of them all: axes for each take ten times as long, and a slider would wait.
    figure = Figure(figsize=(columns * 1.05, rows * STEP * 1.05))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.axis("off")
    axes.imshow(_tiled(images.pixels, rows, columns), extent=(0, columns, STEP * rows, 0))
    for place, (label, ok) in enumerate(zip(predicted, right, strict=True)):
        x, y = place % columns + 0.5, STEP * (place // columns) + STEP - WIDTH - 0.06
        named = f"{'✓' if ok else '✗'} {images.class_names[label]}".replace("_", "\n")
        colour = COLOURS[2] if ok else COLOURS[1]
        axes.text(x, y, named, ha="center", va="bottom", fontsize=8, color=colour)
    answers = "; ".join(
        f"{group}: {images.class_names[label]}{'' if ok else ' (wrong)'}"
        for group, label, ok in zip(images.groups, predicted, right, strict=True)
    )
    return Picture(figure, f"Predictions, {right.sum()} of {len(right)} right. {answers}.")


def _tiled(pixels: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """All pictures in one, on white, with room above each."""
    side = pixels.shape[2]
    height, width = round(side * STEP / WIDTH), round(side / WIDTH)
    cells = np.full((rows * columns, height, width, 3), 255, dtype=np.uint8)
    left = (width - side) // 2
    cells[: len(pixels), height - pixels.shape[1] :, left : left + side] = pixels
    grid = cells.reshape(rows, columns, height, width, 3).swapaxes(1, 2)
    return grid.reshape(rows * height, columns * width, 3)


def neighbour_sheet(
    images: ImageSet, queries: Sequence[int], neighbours: Mapping[str, np.ndarray]
) -> Picture:
    """Pictures, each with those that lie nearest to it under several ways to measure.

    Parameters
    ----------
    images : ImageSet
    queries : sequence of int
        Indices of the pictures to find neighbours for, one block of rows each.
    neighbours : mapping of str to int array, shape (len(queries), k)
        For each way to measure, the indices of the neighbours, nearest first.

    Returns
    -------
    Picture
    """
    k = next(iter(neighbours.values())).shape[1]
    rows = [(name, q, near[q]) for q in range(len(queries)) for name, near in neighbours.items()]
    figure = Figure(figsize=((k + 1) * 0.85 + 2.2, len(rows) * 0.85), layout="constrained")
    grid = figure.subplots(len(rows), k + 1, squeeze=False)
    descriptions = []
    for axes, (name, q, near) in zip(grid, rows, strict=True):
        for one, i in zip(axes, [queries[q], *near], strict=True):
            one.imshow(images.pixels[i])
            one.set(xticks=[], yticks=[])
            one.spines[:].set_visible(False)
        axes[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
        axes[0].spines[:].set(visible=True, color=COLOURS[0], linewidth=2)
        names = ", ".join(images.groups[near])
        descriptions.append(f"{images.groups[queries[q]]} by {name}: {names}")
    words = "; ".join(descriptions)
    return Picture(figure, f"The framed drawing and its nearest others. {words}.")
