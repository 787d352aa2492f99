"""Figures about domains: what carries over, which words differ, what an adaptation brings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from scipy.stats import spearmanr
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from tlhelpers.checks import whole_numbers
from tlhelpers.errors import nearest
from tlhelpers.evaluation.repeated import learning_curve
from tlhelpers.figures.basic import Picture
from tlhelpers.figures.palette import COLOURS, MARKERS, new_axes, style

# Of up to ten classes: the seven of the palette, and three that stay apart from them.
CLASS_COLOURS = (*COLOURS, "#F0E442", "#882255", "#999999")
CLASS_MARKERS = (*MARKERS, "*", "<", "p")
PERPLEXITY = 30
PAIR_LOOKS = (
    {"color": COLOURS[0], "marker": "o", "markersize": 4, "linewidth": 1},
    {"color": COLOURS[1], "marker": "s", "markersize": 4, "linewidth": 1, "linestyle": "--"},
    {"color": "#000000", "marker": "D", "markersize": 7, "linewidth": 2.5},
)


# ---------------------------------------------------------------- trained on, tested on


def domain_matrix(values: pd.DataFrame, title: str = "", low: float = 0.5) -> Picture:
    """Accuracy for each domain to train on and each to test on; the same one is framed.

    Parameters
    ----------
    values : pandas.DataFrame
        Accuracies; the index names the domains that were trained on, the columns those that were
        tested on.
    low : float
        Lower end of the colour scale, which ends at 1; e.g. chance.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If there are no values or some lie outside 0 to 1.
    """
    return _panels({"": values}, title, low)


def matrices(tables: Mapping[str, pd.DataFrame], title: str = "", low: float = 0.5) -> Picture:
    """Several tables as in `domain_matrix` side by side, in one colour scale.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        One panel each, under its name.
    low : float
        As in `domain_matrix`.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        As for `domain_matrix`, or if there is no table.
    """
    if not tables:
        raise ValueError("there is no table to draw")
    return _panels(tables, title, low)


def _panels(tables: Mapping[str, pd.DataFrame], title: str, low: float) -> Picture:
    for name, values in tables.items():
        _check_accuracies(name, values)
    rows = max(len(values) for values in tables.values())
    columns = sum(values.shape[1] for values in tables.values())
    size = (0.8 * columns + 1.0 * len(tables) + 1.3, 0.72 * rows + 1.4)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(
        1, len(tables), squeeze=False, width_ratios=[v.shape[1] for v in tables.values()]
    )[0]
    low = min(low, *(float(np.asarray(values).min()) for values in tables.values()))
    told = []
    for axes, (name, values) in zip(panels, tables.items(), strict=True):
        image = _draw_matrix(axes, values, low)
        axes.set(title=name, xlabel="tested on")
        told.append(f"{name}{name and '. '}{_matrix_in_words(values)}")
    panels[0].set_ylabel("trained on")
    figure.colorbar(image, ax=list(panels), label="accuracy", shrink=0.9)
    figure.suptitle(title)
    what = "Accuracy by the domain trained on and the one tested on"
    return Picture(figure, f"{what}{title and f', {title}'}. {'. '.join(told)}.".replace("\n", " "))


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
            ink = "#000000" if _luminance(image.cmap(image.norm(value))) > 0.179 else "#FFFFFF"
            axes.text(column, row, f"{value:.2f}", ha="center", va="center", color=ink)
            if source == target:
                axes.add_patch(
                    Rectangle(
                        (column - 0.44, row - 0.44), 0.88, 0.88, fill=False, edgecolor=ink,
                        linewidth=2,
                    )
                )  # fmt: skip
    axes.set_xticks(range(values.shape[1]), values.columns, rotation=30, ha="right", va="top")
    axes.set_yticks(range(len(values)), values.index)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return image


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
        With `feature`, `source_mean` and `target_mean` (means per text), as `shift.feature_shift`
        gives it.
    source, target : str
        Names of the domains.
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
    rows = table.iloc[most[np.argsort(-gap[most], kind="stable")]]
    heights, words = np.arange(len(rows)), [str(word) for word in rows["feature"]]
    figure, axes = new_axes(7.0, 0.3 * len(rows) + 1.4)
    axes.hlines(heights, rows["source_mean"], rows["target_mean"], color="#999999", zorder=1)
    for i, (column, name) in enumerate(zip(means, (source, target), strict=True)):
        axes.plot(rows[column], heights, MARKERS[i], color=COLOURS[i], label=name, markersize=8 - i)
    axes.set_yticks(heights, words, parse_math=False)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set(xlabel="mean per text", title=title)
    axes.grid(axis="x", color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.legend(fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5))
    pairs = zip(words, rows["source_mean"], rows["target_mean"], strict=True)
    told = "; ".join(f"{word} {here:z.3f} and {there:z.3f}" for word, here, there in pairs)
    return Picture(figure, f"Words by their mean per text in {source} and in {target}. {told}.")


# ---------------------------------------------------------------- features before and after


def neighbours_shared(features, domains: Sequence[str], classes) -> tuple[float, float]:
    """How well two domains are mixed, and whether classes meet their own in the other domain.

    Distances are Euclidean, on standardised columns.

    Parameters
    ----------
    features : float array, shape (n, d)
    domains : sequence of str, length n
        Two different ones; that of the first row is the source.
    classes : int array, shape (n,)
        They are looked at to judge, not to choose.

    Returns
    -------
    other : float
        Share of the items whose nearest other item is of the other domain. Mixed well, it is the
        share of items of the other domain, 0.5 for two of one size; without any mixture it is 0.
    same_class : float
        Share of the target items whose nearest source item has their class.

    Raises
    ------
    ValueError
        If the lengths differ, there are not two domains, or a feature is not finite.
    """
    rows, is_target, classes = _checked_view(features, domains, classes)
    with threadpool_limits(1):
        own = NearestNeighbors(n_neighbors=1).fit(rows).kneighbors(return_distance=False)[:, 0]
        across = NearestNeighbors(n_neighbors=1).fit(rows[~is_target])
        near = across.kneighbors(rows[is_target], return_distance=False)[:, 0]
    other = np.mean(is_target[own] != is_target)
    return float(other), float(np.mean(classes[~is_target][near] == classes[is_target]))


def _checked_view(features, domains, classes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Standardised rows, which of them are of the target, and their classes."""
    rows, domains = np.asarray(features, dtype=np.float64), np.asarray(domains, dtype=str)
    classes = whole_numbers(classes, "classes")
    if rows.ndim != 2 or min(rows.shape) < 2:
        raise ValueError(f"features must have two rows and two columns at least, got {rows.shape}")
    if not len(rows) == len(domains) == len(classes):
        raise ValueError(f"{len(rows)} rows, but {len(domains)} domains and {len(classes)} classes")
    names = list(dict.fromkeys(domains.tolist()))
    if len(names) != 2:
        raise ValueError(f"there must be items of two domains, got {', '.join(names)}")
    if not np.isfinite(rows).all():
        raise ValueError("a feature is NaN or infinite")
    return StandardScaler().fit_transform(rows), domains == names[1], classes


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
    the points stand in the same places. The numbers are those of `neighbours_shared`, from all
    columns.

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

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        As for `neighbours_shared`, or if there is no view, a class has no name, there are more
        than ten, or too few items for t-SNE.
    """
    _check_classes(views, classes, class_names, tsne)
    figure = Figure(figsize=(2.75 * len(views) + 1.8, 6.0), layout="constrained")
    grid = figure.subplots(2, len(views), squeeze=False)
    told, names = [], list(dict.fromkeys(map(str, domains)))
    for (above, below), (name, features) in zip(grid.T, views.items(), strict=True):
        rows, is_target, of_class = _checked_view(features, domains, classes)
        points, labels = _projected(rows, tsne)
        other, same = neighbours_shared(features, domains, classes)
        _draw_domains(above, points, is_target, names)
        _draw_classes(below, points, of_class, class_names)
        mixed = f"neighbour of the other domain: {100 * other:.0f} %"
        met = f"target items whose nearest source item has their class: {100 * same:.0f} %"
        above.set_title(f"{name}\n{mixed}", fontsize=9)
        below.set_title(met.replace("nearest ", "nearest\n"), fontsize=9)
        for axes in (above, below):
            axes.set(xticks=[], yticks=[])
            axes.set_xlabel(labels[0], fontsize=8)
            axes.set_ylabel(labels[1], fontsize=8)
        told.append(f"{name}: {mixed}; {met}")
    for axes, what in zip(grid[:, -1], ("domain", "class"), strict=True):
        axes.legend(fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5), title=what)
    figure.suptitle(title)
    way = f"t-SNE, perplexity {PERPLEXITY}" if tsne else "first two principal components"
    what = f"Items of {names[0]} (source) and {names[1]} (target) in two dimensions ({way})"
    return Picture(figure, f"{what}. {'. '.join(told)}.".replace("\n", " "))


def _check_classes(views, classes, class_names: Sequence[str], tsne: bool) -> None:
    if not views:
        raise ValueError("there is no view to draw")
    if len(class_names) > len(CLASS_COLOURS):
        raise ValueError(f"{len(class_names)} classes: colours stay apart for at most ten")
    found = whole_numbers(classes, "classes")
    if found.min() < 0 or found.max() >= len(class_names):
        raise ValueError(
            f"classes must lie in 0..{len(class_names) - 1} (there are {len(class_names)} class "
            f"names), got {found.min()}..{found.max()}"
        )
    if tsne and len(found) <= PERPLEXITY:
        raise ValueError(f"t-SNE needs more than {PERPLEXITY} items, got {len(found)}")


def _projected(rows: np.ndarray, tsne: bool) -> tuple[np.ndarray, tuple[str, str]]:
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
    axes.plot(
        *points[~is_target].T, "o", color=COLOURS[0], markerfacecolor="none", markersize=4.5,
        alpha=0.7, label=f"{names[0]} (source)",
    )  # fmt: skip
    axes.plot(
        *points[is_target].T, "^", color=COLOURS[1], markersize=3.5, alpha=0.6,
        markeredgewidth=0, label=f"{names[1]} (target)",
    )  # fmt: skip


def _draw_classes(axes, points: np.ndarray, classes: np.ndarray, names: Sequence[str]) -> None:
    for label, name in enumerate(names):
        axes.plot(
            *points[classes == label].T, CLASS_MARKERS[label], color=CLASS_COLOURS[label],
            markersize=4, alpha=0.75, markeredgecolor="#333333", markeredgewidth=0.2,
            label=str(name).replace("_", " "),
        )  # fmt: skip


# ---------------------------------------------------------------- what an adaptation brings


def by_strength(
    runs: pd.DataFrame,
    source_runs: pd.DataFrame,
    strengths: Mapping[float, str],
    control: str,
    oracle: str | None = None,
    title: str = "",
) -> Picture:
    """Accuracy on both domains by the strength of an adaptation: every seed, mean, 95 % band.

    Parameters
    ----------
    runs : pandas.DataFrame
        Runs tested on the target, from `sweeps.load_sweep`, of one label count.
    source_runs : pandas.DataFrame
        The same, tested on the source.
    strengths : mapping of float to str
        The strategy of each strength; drawn at equal distances in rising order.
    control : str
        The strategy without adaptation; its mean on the target is a line.
    oracle : str, optional
        A strategy that has seen what an adaptation cannot; its mean on the target is a line.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If there is no strength, or the runs lack a strategy or are of several label counts.
    """
    order = _in_order(strengths)
    strategies = [strengths[strength] for strength in order]
    lines = [control] if oracle is None else [control, oracle]
    target = one_label_count(runs, [*strategies, *lines])
    source = one_label_count(source_runs, strategies)
    figure, axes = new_axes(max(6.5, 0.8 * len(order) + 3.2), 4.2)
    curves = []
    for i, (name, table) in enumerate((("target", target), ("source", source))):
        curves.append(_strength_line(axes, table, strategies, i, f"on the {name}"))
    told = [_strength_in_words(*points) for points in zip(order, *curves, strict=True)]
    for name, colour, dashes in zip(lines, ("#333333", COLOURS[2]), ("--", ":"), strict=False):
        mean = target.loc[target["strategy"] == name, "accuracy"].mean()
        label = f"{name}, on the target: {mean:.2f}"
        axes.axhline(mean, color=colour, linestyle=dashes, linewidth=1.5, label=label, zorder=1)
        told.append(label)
    axes.set_xticks(range(len(order)), [f"{strength:g}" for strength in order])
    axes.set(xlabel="strength (at equal distances)", ylabel="accuracy on test items", title=title)
    axes.legend(
        fontsize=9, title="mean, 95 % band,\na dot per seed", loc="center left",
        bbox_to_anchor=(1, 0.5),
    )  # fmt: skip
    what = "Accuracy by strength of the adaptation, mean and 95 % band"
    return Picture(figure, f"{what}{title and f', {title}'}. {'; '.join(told)}.".replace("\n", " "))


def _in_order(strengths: Mapping[float, str]) -> list:
    if not strengths:
        raise ValueError("strengths are empty: give the strategy of each strength")
    if not all(isinstance(one, (int, float, np.number)) for one in strengths):
        raise ValueError(f"strengths must map numbers to strategies, got {list(strengths)}")
    return sorted(strengths)


def one_label_count(runs: pd.DataFrame, strategies: Sequence[str]) -> pd.DataFrame:
    """The runs of some strategies, which must all be of one label count.

    Parameters
    ----------
    runs : pandas.DataFrame
        From `sweeps.load_sweep`.
    strategies : sequence of str

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    ValueError
        If a column or a strategy is missing, or there are several label counts.
    """
    lacking = sorted({"strategy", "labels", "seed", "accuracy"} - set(runs.columns))
    if lacking:
        raise ValueError(f"runs lack {', '.join(lacking)}: give the table of load_sweep")
    known = list(runs["strategy"].unique())
    for name in strategies:
        if name not in known:
            raise ValueError(f"the runs hold no strategy {name!r}: {nearest(str(name), known)}")
    rows = runs[runs["strategy"].isin(strategies)]
    counts = sorted(set(rows["labels"]))
    if len(counts) > 1:
        raise ValueError(f"the runs are of several label counts {counts}: give those of one")
    return rows


def _strength_line(axes, runs: pd.DataFrame, strategies: Sequence[str], i: int, label: str):
    """Mean and band, and the seeds beside them: those of the second line to the right."""
    curve = learning_curve(runs[runs["strategy"].isin(strategies)]).set_index("strategy").loc[strategies]
    axes.plot(range(len(strategies)), curve["mean"], label=label, zorder=3, **style(i))
    axes.fill_between(
        range(len(strategies)), curve.low, curve.high, color=COLOURS[i], alpha=0.15, linewidth=0
    )
    for place, strategy in enumerate(strategies):
        own = runs[runs["strategy"] == strategy].sort_values("seed")["accuracy"].to_numpy()
        apart = (-1, 1)[i] * np.linspace(0.06, 0.2, len(own))
        axes.plot(
            place + apart, own, MARKERS[i], color=COLOURS[i], alpha=0.5, markersize=3,
            markeredgewidth=0, zorder=2,
        )  # fmt: skip
    return curve.itertuples()


def _strength_in_words(strength: float, on_target, on_source) -> str:
    parts = [
        f"on the {name} {point.mean:.2f} [{point.low:.2f}, {point.high:.2f}]"
        for name, point in (("target", on_target), ("source", on_source))
    ]
    return f"strength {strength:g}: {', '.join(parts)}"


def seed_pairs(
    tables: Mapping[str, pd.DataFrame],
    before: str,
    after: str,
    caption: str | None = None,
    limits: tuple[float, float] | None = None,
) -> Picture:
    """Every seed's accuracy with two strategies, joined by a line; one panel per test set.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        Runs per test set, of one label count.
    before, after : str
        Strategies.
    caption : str, optional
        Written in place of `after`.
    limits : (float, float), optional
        Of the accuracy axis.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a strategy is missing or the seeds of the two differ.
    """
    caption = after if caption is None else caption
    figure = Figure(figsize=(3.3 * len(tables) + 1.6, 3.8), layout="constrained")
    panels = figure.subplots(1, len(tables), squeeze=False, sharey=True)[0]
    told = []
    for axes, (name, runs) in zip(panels, tables.items(), strict=True):
        pairs = _pairs(one_label_count(runs, [before, after]), before, after)
        for a, b in pairs.to_numpy():
            axes.plot([0, 1], [a, b], alpha=0.7, **PAIR_LOOKS[int(b < a)])
        means = pairs.mean()
        axes.plot([0, 1], means, **PAIR_LOOKS[2])
        mean = f"mean {means.iloc[0]:.2f} → {means.iloc[1]:.2f}"
        axes.set_title(f"{name}\n{mean}", fontsize=10)
        axes.set_xticks([0, 1], [before, caption])
        axes.set_xlim(-0.35, 1.35)
        axes.spines[["top", "right"]].set_visible(False)
        values = (f"seed {row[0]} {row[1]:.2f} → {row[2]:.2f}" for row in pairs.itertuples())
        told.append(f"{name}: {mean}; {', '.join(values)}")
    panels[0].set_ylabel("accuracy on test items")
    if limits is not None:
        panels[0].set_ylim(*limits)
    for look, label in zip(PAIR_LOOKS, ("a seed", "one that gets worse", "mean"), strict=True):
        panels[-1].plot([], [], label=label, **look)
    panels[-1].legend(fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5))
    return Picture(figure, f"Every seed with {before} and with {caption}. {'. '.join(told)}.")


def _pairs(runs: pd.DataFrame, before: str, after: str) -> pd.DataFrame:
    """One row per seed, its two accuracies."""
    sides = []
    for name in (before, after):
        own = runs[runs["strategy"] == name].sort_values("seed")
        sides.append(pd.Series(own["accuracy"].to_numpy(), index=own["seed"]))
    if list(sides[0].index) != list(sides[1].index):
        raise ValueError(
            f"{before!r} and {after!r} are not paired: seeds {list(sides[0].index)} against "
            f"{list(sides[1].index)}"
        )
    return pd.DataFrame({"before": sides[0], "after": sides[1]})


# ---------------------------------------------------------------- choosing without target labels


def scorer_scatter(
    runs: pd.DataFrame,
    scorers: Sequence[str],
    among: Sequence[str],
    title: str = "",
    lower: Sequence[str] = (),
) -> Picture:
    """Does a score that needs no target labels rank as the target accuracy does?

    Parameters
    ----------
    runs : pandas.DataFrame
        Runs tested on the target, of one label count, with a column of scores per scorer.
    scorers : sequence of str
        One panel each.
    among : sequence of str
        The candidates: strategies of `runs`. Of equal scores the first one is picked.
    lower : sequence of str
        Scorers whose lowest value is the best; of the others the highest is picked.

    Returns
    -------
    Picture
        Over each panel the rank correlation within a seed (Spearman), the mean over seeds; of
        scorers in `lower`, with the sign turned.

    Raises
    ------
    ValueError
        If a strategy or scorer is missing, a score is no number, there are fewer than two
        candidates, or one of them has not one run per seed.
    """
    rows = _candidates(runs, scorers, among)
    wide = min(len(scorers), 4)
    high = -(-len(scorers) // wide)
    figure = Figure(figsize=(2.7 * wide + 0.6, 3.1 * high + 0.5), layout="constrained")
    grid = figure.subplots(high, wide, squeeze=False, sharey=True).ravel()
    best = rows["accuracy"].unstack("seed").max().mean()
    told = []
    for axes in grid[len(scorers) :]:
        axes.set_axis_off()
    for axes, scorer in zip(grid, scorers, strict=False):
        sign = -1 if scorer in lower else 1
        picked = (sign * rows[scorer]).unstack("seed").loc[list(among)].idxmax()
        chosen = rows.loc[[(strategy, seed) for seed, strategy in picked.items()]]
        axes.plot(
            rows[scorer], rows["accuracy"], "o", color=COLOURS[5], markersize=4, alpha=0.6,
            markeredgewidth=0, label="candidate",
        )  # fmt: skip
        axes.plot(
            chosen[scorer], chosen["accuracy"], "s", color=COLOURS[1], markersize=7,
            markerfacecolor="none", markeredgewidth=1.5, label="picked (one per seed)",
        )  # fmt: skip
        agrees = _rank_agreement(rows, scorer, sign)
        axes.set_title(f"{scorer}\n{agrees}\npicked: {chosen.accuracy.mean():.2f}", fontsize=9)
        axes.set_xlabel("score, lower is better" if sign < 0 else "score")
        axes.spines[["top", "right"]].set_visible(False)
        told.append(f"{scorer}: {agrees}, picked {chosen.accuracy.mean():.2f} on average")
    for axes in grid[: len(scorers) : wide]:
        axes.set_ylabel("accuracy on the target")
    figure.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    best_words = f"best candidate of each seed: {best:.2f} on average"
    figure.suptitle("\n".join(filter(None, [title, best_words])), fontsize=11)
    what = f"Scores of {len(among)} candidates against their accuracy on the target, {best_words}"
    return Picture(figure, f"{what}. {'; '.join(told)}.".replace("\n", " "))


def _candidates(runs: pd.DataFrame, scorers: Sequence[str], among: Sequence[str]):
    """Scores and accuracies by strategy and seed."""
    if not len(scorers) or len(set(among)) < 2:
        raise ValueError("give one scorer and two different candidates at least")
    missing = [name for name in scorers if name not in runs]
    if missing:
        raise ValueError(f"the runs hold no scores {missing[0]!r}")
    rows = one_label_count(runs, among).set_index(["strategy", "seed"])[[*scorers, "accuracy"]]
    rows = rows.astype(float)
    if rows.index.has_duplicates or len(rows) != len(set(among)) * rows.index.unique("seed").size:
        raise ValueError("each candidate must have one run per seed")
    for name in scorers:
        bad = rows.index[~np.isfinite(rows[name])]
        if len(bad):
            raise ValueError(f"the score {name!r} of {bad[0][0]!r}, seed {bad[0][1]}, is no number")
    return rows


def _rank_agreement(rows: pd.DataFrame, scorer: str, sign: int) -> str:
    """Spearman's rank correlation within each seed, the mean over those where it exists."""
    values = [
        sign * spearmanr(own[scorer], own["accuracy"]).statistic
        for _, own in rows.groupby(level="seed")
        if own[scorer].nunique() > 1 and own["accuracy"].nunique() > 1
    ]
    seeds = rows.index.unique("seed").size
    if not values:
        return "rank correlation: not defined"
    part = "" if len(values) == seeds else f" ({len(values)} of {seeds} seeds)"
    return f"rank correlation {np.mean(values):+z.2f}{part}".replace("-", "−")
