"""Figures about domains: what carries over from one to the other, and what differs in them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from tlhelpers.data.digit_frames import median_frame
from tlhelpers.data.images import ImageSet
from tlhelpers.figures.palette import COLOURS, MARKERS, new_axes
from tlhelpers.figures.picture import Picture

# ---------------------------------------------------------------- trained on, tested on


def matrices(tables: Mapping[str, pd.DataFrame], title: str = "", low: float = 0.5) -> Picture:
    """Accuracy for each domain to train on and each to test on; the same one is framed.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        Accuracies, one panel per table, under its name. The index names the domains that were
        trained on, the columns those that were tested on.
    title : str
    low : float
        Lower end of the colour scale, which all panels share and which ends at 1; e.g. chance.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If there is no table, one is empty, or an accuracy lies outside 0 to 1.
    """
    if not tables:
        raise ValueError("there is no table to draw")
    for name, values in tables.items():
        _check_accuracies(name, values)
    rows = max(len(values) for values in tables.values())
    widths = [values.shape[1] for values in tables.values()]
    size = (0.8 * sum(widths) + 1.0 * len(tables) + 1.3, 0.72 * rows + 1.4)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(1, len(tables), squeeze=False, width_ratios=widths)[0]
    low = min(low, *(float(values.to_numpy().min()) for values in tables.values()))
    descriptions = []
    for axes, (name, values) in zip(panels, tables.items(), strict=True):
        image = _draw_matrix(axes, values, low)
        axes.set(title=name, xlabel="tested on")
        descriptions.append(f"{name}{name and '. '}{_matrix_in_words(values)}")
    panels[0].set_ylabel("trained on")
    figure.colorbar(image, ax=list(panels), label="accuracy", shrink=0.9)
    figure.suptitle(title)
    what = f"Accuracy by the domain trained on and the one tested on{title and f', {title}'}"
    return Picture(figure, f"{what}. {'. '.join(descriptions)}.")


def _check_accuracies(name: str, values: pd.DataFrame) -> None:
    of = f" of {name!r}" if name else ""
    if not isinstance(values, pd.DataFrame) or not values.size:
        raise ValueError(f"the values{of} must be a DataFrame with a row and a column at least")
    numbers = values.to_numpy(dtype=float)
    bad = np.argwhere(~((numbers >= 0) & (numbers <= 1)))
    if len(bad):
        row, column = bad[0]
        raise ValueError(
            f"accuracies{of} must lie in 0..1, got {numbers[row, column]} for trained on "
            f"{values.index[row]!r}, tested on {values.columns[column]!r}"
        )


def _draw_matrix(axes, values: pd.DataFrame, low: float):
    image = axes.imshow(values.to_numpy(dtype=float), cmap="cividis", vmin=low, vmax=1)
    for row, source in enumerate(values.index):
        for column, target in enumerate(values.columns):
            value = float(values.iloc[row, column])
            ink = ink_on(image.cmap(image.norm(value)))
            axes.text(column, row, f"{value:.2f}", ha="center", va="center", color=ink)
            if source == target:
                corner = (column - 0.44, row - 0.44)
                frame = Rectangle(corner, 0.88, 0.88, fill=False, edgecolor=ink, linewidth=2)
                axes.add_patch(frame)
    axes.set_xticks(range(values.shape[1]), values.columns, rotation=30, ha="right", va="top")
    axes.set_yticks(range(len(values)), values.index)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return image


def ink_on(colour) -> str:
    """Black or white, whichever stands out more on a colour (red, green, blue, from 0 to 1)."""
    return "#000000" if _luminance(colour) > 0.179 else "#FFFFFF"


def _luminance(colour) -> float:
    """Relative luminance of an sRGB colour; from 0.179 on black stands out more than white."""
    parts = np.asarray(colour[:3], dtype=float)
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def _matrix_in_words(values: pd.DataFrame) -> str:
    rows = []
    for source, row in values.iterrows():
        cells = ", ".join(
            f"{target} {value:.2f}{' (the same)' if source == target else ''}"
            for target, value in row.items()
        )
        rows.append(f"trained on {source}: {cells}")
    return "; ".join(rows)


# ---------------------------------------------------------------- words


def word_shift(
    table: pd.DataFrame, source: str, target: str, title: str = "", count: int = 12
) -> Picture:
    """The words whose means differ most between two domains: two markers joined by a line each.

    Parameters
    ----------
    table : pandas.DataFrame
        With `feature`, `source_mean` and `target_mean` (means per text), as `feature_shift` gives
        it.
    source, target : str
        Names of the domains.
    title : str
    count : int
        So many words at most, by the distance of their means; those of the target above.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a column is missing, the table is empty, or a mean is no number.
    """
    rows = _most_different(table, count)
    heights = np.arange(len(rows))
    figure, axes = new_axes(7.0, 0.3 * len(rows) + 1.4)
    axes.hlines(heights, rows["source_mean"], rows["target_mean"], color="#999999", zorder=1)
    axes.plot(
        rows["source_mean"], heights, MARKERS[0], color=COLOURS[0], label=source, markersize=8
    )
    axes.plot(
        rows["target_mean"], heights, MARKERS[1], color=COLOURS[1], label=target, markersize=7
    )
    axes.set_yticks(heights, rows["feature"].astype(str))
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set(xlabel="mean per text", title=title)
    axes.grid(axis="x", color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.legend(fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5))
    words = "; ".join(
        f"{row.feature} {row.source_mean:z.3f} and {row.target_mean:z.3f}"
        for row in rows.itertuples()
    )
    return Picture(figure, f"Words by their mean per text in {source} and in {target}. {words}.")


def _most_different(table: pd.DataFrame, count: int) -> pd.DataFrame:
    """So many rows of `feature_shift`, ordered by target mean minus source mean."""
    means = ["source_mean", "target_mean"]
    missing = [name for name in ("feature", *means) if name not in table]
    if missing:
        raise ValueError(f"the table lacks {', '.join(missing)}: give that of feature_shift")
    if not len(table) or count < 1:
        raise ValueError("there is no word to draw")
    if not np.isfinite(table[means].to_numpy(dtype=float)).all():
        raise ValueError("a mean of the table is no number")
    gap = (table["target_mean"] - table["source_mean"]).to_numpy(dtype=float)
    most = np.argsort(-np.abs(gap), kind="stable")[:count]
    return table.iloc[most[np.argsort(-gap[most], kind="stable")]]


# ---------------------------------------------------------------- digits


def mean_digits(sets: Mapping[str, ImageSet], title: str = "", columns: int = 4) -> Picture:
    """The mean picture of sets of digits, with the frame in which most digits lie.

    Parameters
    ----------
    sets : mapping of str to ImageSet
        Light digits on a dark ground; a panel for each, under its name.
    title : str
    columns : int
        Panels per row at most.

    Returns
    -------
    Picture
        All panels have one scale from black to white, and one size, whatever that of the pictures.

    Raises
    ------
    ValueError
        If there is no set, or one holds no digits.
    """
    if not sets:
        raise ValueError("there is no set to draw")
    columns = min(columns, len(sets))
    rows = -(-len(sets) // columns)
    figure = Figure(figsize=(1.9 * columns, 2.2 * rows + 0.4), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    descriptions = []
    for axes, (name, images) in zip(grid.flat, sets.items(), strict=False):
        frame = median_frame(images)
        gray = images.pixels.mean(axis=(0, 3))
        axes.imshow(gray, cmap="gray", vmin=0, vmax=255, extent=(0, 1, 1, 0))
        corner, width = (frame.left, frame.top), frame.right - frame.left
        edge = {"fill": False, "edgecolor": COLOURS[1], "linewidth": 2}
        axes.add_patch(Rectangle(corner, width, frame.bottom - frame.top, **edge))
        axes.set_title(name, fontsize=10)
        descriptions.append(
            f"{name}: from {frame.top:.0%} to {frame.bottom:.0%} of the height and from "
            f"{frame.left:.0%} to {frame.right:.0%} of the width"
        )
    figure.suptitle(title)
    what = f"Mean pictures{title and f', {title}'}, and where the digits lie"
    return Picture(figure, f"{what}. {'; '.join(descriptions)}.")
