"""What a classifier gets wrong: which classes, for what it takes them, and single pictures."""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from tlhelpers.data.images import ImageSet
from tlhelpers.evaluation.mistakes import largest_confusions
from tlhelpers.figures.domains import ink_on
from tlhelpers.figures.palette import COLOURS, GREY, new_axes
from tlhelpers.figures.picture import Picture


def confusion_matrix(confusions: pd.DataFrame, title: str = "", named: int = 5) -> Picture:
    """A heat map of what is taken for what: rows are true classes, columns predicted ones.

    Parameters
    ----------
    confusions : pandas.DataFrame
        Numbers of items, from `count_confusions`.
    title : str
    named : int
        How many of the largest confusions the text alternative names.

    Returns
    -------
    Picture
        Each cell holds its number; its colour is the share of the row, so that large classes and
        small ones look alike.

    Raises
    ------
    ValueError
        If the table is no square of numbers of items with something in it.
    """
    counts = _checked_counts(confusions)
    sizes = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(sizes, 1)
    n = len(counts)
    figure = Figure(figsize=(0.46 * n + 2.6, 0.4 * n + 1.7), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="cividis", vmin=0, vmax=1, aspect="auto")
    for row, column in np.argwhere(counts > 0):
        colour = ink_on(image.cmap(image.norm(shares[row, column])))
        text = str(counts[row, column])
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=8)
    axes.set_xticks(range(n), confusions.columns, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(n), confusions.index)
    axes.set(xlabel="predicted", ylabel="true", title=title)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    figure.colorbar(image, ax=axes, label="share of the true class", shrink=0.9)
    right, total = counts.trace(), counts.sum()
    pairs = "; ".join(
        f"{row.true} taken for {row.predicted} {row.items} of {sizes[place, 0]} ({row.share:.2f})"
        for row in largest_confusions(confusions, named).itertuples()
        for place in [list(confusions.index).index(row.true)]
    )
    found = f"Largest confusions: {pairs}." if pairs else "Nothing was confused."
    what = f"Confusion matrix{title and f', {title}'}"
    return Picture(figure, f"{what}: {right} of {total} right ({right / total:.2f}). {found}")


def _checked_counts(confusions: pd.DataFrame) -> np.ndarray:
    counts = np.asarray(confusions)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or not counts.size:
        raise ValueError(f"give the table of count_confusions(), got the shape {counts.shape}")
    if counts.dtype.kind not in "iu" or (counts < 0).any() or not counts.sum():
        raise ValueError("the confusions must be numbers of items, and there must be an item")
    return counts


def class_accuracies(table: pd.DataFrame, title: str = "") -> Picture:
    """The accuracy on each class with its interval, and the mean over the classes as a line.

    Parameters
    ----------
    table : pandas.DataFrame
        From `accuracy_per_class`.
    title : str

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a column is missing, or no class has an item.
    """
    needed = ("class", "items", "accuracy", "low", "high")
    missing = [name for name in needed if name not in table]
    if missing or not (table["items"] > 0).any():
        what = f"lacks {', '.join(missing)}" if missing else "holds no class with items"
        raise ValueError(f"the table {what}: give what accuracy_per_class() returns")
    figure, axes = new_axes(7.0, 0.36 * len(table) + 1.4)
    descriptions = []
    for y, row in enumerate(table.itertuples()):
        name = table["class"].iloc[y]
        if not row.items:
            descriptions.append(f"{name} has no items")
            continue
        axes.plot([row.low, row.high], [y, y], color=COLOURS[0], linewidth=3, alpha=0.5)
        axes.plot(row.accuracy, y, "o", color=COLOURS[0])
        descriptions.append(f"{name} {row.accuracy:.2f} [{row.low:.2f}, {row.high:.2f}]")
    mean = table["accuracy"].mean()
    axes.axvline(mean, color=GREY, linestyle=":", label=f"mean over classes {mean:.2f}")
    names = [f"{name} ({n})" for name, n in zip(table["class"], table["items"], strict=True)]
    axes.set_yticks(range(len(table)), names)
    axes.set(xlim=(-0.02, 1.02), ylim=(len(table) - 0.4, -0.6), title=title)
    axes.set_xlabel("accuracy on the class, 95 % interval (number of items in brackets)")
    figure.legend(loc="outside upper right", fontsize=9)
    what = f"Accuracy per class{title and f', {title}'}, mean over classes {mean:.2f}"
    return Picture(figure, f"{what}. {'; '.join(descriptions)}.")


def mistake_sheet(images: ImageSet, mistakes: pd.DataFrame, columns: int = 6) -> Picture:
    """The most confident mistakes as pictures: true class, predicted one, and how sure it was.

    Parameters
    ----------
    images : ImageSet
        The items that were predicted, in their order.
    mistakes : pandas.DataFrame
        From `confident_mistakes`, with at least one row.
    columns : int
        Pictures per row.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If there is no mistake, or an item is not among the pictures.
    """
    if not len(mistakes):
        raise ValueError("there is no mistake to show")
    beyond = mistakes["item"][(mistakes["item"] < 0) | (mistakes["item"] >= len(images))]
    if len(beyond):
        raise ValueError(
            f"the mistakes name item {beyond.iloc[0]}, but there are {len(images)} pictures: give "
            "those that were predicted"
        )
    columns = min(columns, len(mistakes))
    rows = -(-len(mistakes) // columns)
    figure = Figure(figsize=(max(columns * 1.35, 2.6), rows * 1.75), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    descriptions = []
    for axes in grid:
        axes.axis("off")
    for axes, row in zip(grid, mistakes.itertuples(), strict=False):
        axes.imshow(images.pixels[row.item])
        named = f"{_broken(f'{row.predicted}?')}\n{row.confidence:.2f}; is\n{_broken(row.true)}"
        axes.set_title(named, fontsize=7.5, color=COLOURS[1])
        descriptions.append(
            f"{images.groups[row.item]}: {row.predicted} ({row.confidence:.2f}) for {row.true}"
        )
    words = "; ".join(descriptions)
    return Picture(figure, f"The {len(mistakes)} surest mistakes, predicted for true. {words}.")


def _broken(name: str) -> str:
    """A name in lines that a small picture is wide enough for."""
    parts = [textwrap.wrap(one, 17) if len(one) > 17 else [one] for one in name.split("_")]
    return "\n".join(line for part in parts for line in part)
