"""The same items under several features, in two dimensions: by domain and by class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from tlhelpers.adaptation.mixing import neighbours_shared, standardise_view
from tlhelpers.checks import whole_numbers
from tlhelpers.figures.palette import COLOURS, MARKERS, looks
from tlhelpers.figures.picture import Picture

# Of up to ten classes: the seven of the palette, and three that stay apart from them.
CLASS_COLOURS = (*COLOURS, "#F0E442", "#882255", "#999999")
CLASS_MARKERS = (*MARKERS, "*", "<", "p")
PERPLEXITY = 30


def before_after(
    views: Mapping[str, np.ndarray],
    domains: Sequence[str],
    classes,
    class_names: Sequence[str],
    tsne: bool = False,
    title: str = "",
) -> Picture:
    """The same items under several features: coloured by domain above, by class below.

    Each view is standardised by columns and brought to two dimensions by itself; above and below
    the points stand in the same places. Two numbers are computed from all columns: the share of
    items whose nearest other item is of the other domain (0.5 for two domains of one size that are
    mixed well, 0 without any mixture), and the share of target items whose nearest source item has
    their class.

    Parameters
    ----------
    views : mapping of str to float array, shape (n, d)
        One column of panels each.
    domains : sequence of str, length n
        Two different ones; that of the first row is the source.
    classes : int array, shape (n,)
        Indices into `class_names`.
    class_names : sequence of str
        At most ten.
    tsne : bool
        t-SNE (perplexity 30) in place of the first two principal components.
    title : str

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If there is no view, the lengths differ, there are not two domains, a feature is not
        finite, a class has no name, there are more than ten, or too few items for t-SNE.
    """
    _check_classes(views, classes, class_names, tsne)
    figure = Figure(figsize=(2.75 * len(views) + 1.8, 6.0), layout="constrained")
    grid = figure.subplots(2, len(views), squeeze=False)
    names = list(dict.fromkeys(map(str, domains)))
    descriptions = []
    for (above, below), (name, features) in zip(grid.T, views.items(), strict=True):
        rows, is_target, of_class = standardise_view(features, domains, classes)
        points, labels = _project(rows, tsne)
        _draw_domains(above, points, is_target, names)
        _draw_classes(below, points, of_class, class_names)
        other, same = neighbours_shared(features, domains, classes)
        mixed = f"neighbour of the other domain: {100 * other:.0f} %"
        met = f"target items whose nearest source item has their class: {100 * same:.0f} %"
        above.set_title(f"{name}\n{mixed}", fontsize=9)
        below.set_title(met.replace("nearest ", "nearest\n"), fontsize=9)
        for axes in (above, below):
            axes.set(xticks=[], yticks=[])
            axes.set_xlabel(labels[0], fontsize=8)
            axes.set_ylabel(labels[1], fontsize=8)
        descriptions.append(f"{name}: {mixed}; {met}")
    for axes, what in zip(grid[:, -1], ("domain", "class"), strict=True):
        axes.legend(fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5), title=what)
    figure.suptitle(title)
    way = f"t-SNE, perplexity {PERPLEXITY}" if tsne else "first two principal components"
    what = f"Items of {names[0]} (source) and {names[1]} (target) in two dimensions ({way})"
    return Picture(figure, f"{what}. {'. '.join(descriptions)}.")


def _check_classes(views, classes, class_names: Sequence[str], tsne: bool) -> None:
    if not views:
        raise ValueError("there is no view to draw")
    if len(class_names) > len(CLASS_COLOURS):
        raise ValueError(f"{len(class_names)} classes: colours stay apart for at most ten")
    classes = whole_numbers(classes, "classes")
    if classes.min() < 0 or classes.max() >= len(class_names):
        raise ValueError(
            f"classes must lie in 0..{len(class_names) - 1} (there are {len(class_names)} class "
            f"names), got {classes.min()}..{classes.max()}"
        )
    if tsne and len(classes) <= PERPLEXITY:
        raise ValueError(f"t-SNE needs more than {PERPLEXITY} items, got {len(classes)}")


def _project(rows: np.ndarray, tsne: bool) -> tuple[np.ndarray, tuple[str, str]]:
    """Points in two dimensions and what to write at their axes."""
    with threadpool_limits(1):
        if tsne:
            way = TSNE(init="pca", random_state=0, perplexity=PERPLEXITY)
            return way.fit_transform(rows), ("t-SNE, first axis", "t-SNE, second axis")
        pca = PCA(2, svd_solver="full").fit(rows)
        points = pca.transform(rows)
    shares = 100 * pca.explained_variance_ / max(rows.var(axis=0, ddof=1).sum(), 1e-12)
    return points, (
        f"PCA, first component ({shares[0]:.0f} % of variance)",
        f"PCA, second ({shares[1]:.0f} %)",
    )


def _draw_domains(axes, points: np.ndarray, is_target: np.ndarray, names: Sequence[str]) -> None:
    """Hollow and filled: where one lies on the other, both are seen."""
    source, target = looks(["source", "target"])
    axes.plot(
        *points[~is_target].T, "o", color=source["color"], markerfacecolor="none", markersize=4.5,
        alpha=0.7, label=f"{names[0]} (source)",
    )  # fmt: skip
    axes.plot(
        *points[is_target].T, "^", color=target["color"], markersize=3.5, alpha=0.6,
        markeredgewidth=0, label=f"{names[1]} (target)",
    )  # fmt: skip


def _draw_classes(axes, points: np.ndarray, classes: np.ndarray, names: Sequence[str]) -> None:
    for label, name in enumerate(names):
        axes.plot(
            *points[classes == label].T, CLASS_MARKERS[label], color=CLASS_COLOURS[label],
            markersize=4, alpha=0.75, markeredgecolor="#333333", markeredgewidth=0.2,
            label=str(name).replace("_", " "),
        )  # fmt: skip
