"""Parts that a learner moves; each carries a still figure for where no widget can be drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from html import escape

import ipywidgets
import numpy as np
import pandas as pd
from gensim.models import KeyedVectors

from tlhelpers.data.images import ImageSet
from tlhelpers.data.splits import Split, draw_labels
from tlhelpers.evaluation.repeated import compare, learning_curve
from tlhelpers.evaluation.significance import wilson
from tlhelpers.figures.basic import Picture, prediction_grid
from tlhelpers.figures.domains import by_strength, one_label_count, seed_pairs
from tlhelpers.figures.training import by_depth
from tlhelpers.figures.words import flat_map
from tlhelpers.models.heads import linear_head


class Explorer(ipywidgets.VBox):
    """A slider above a picture and a sentence, with a still figure as fallback.

    Parameters
    ----------
    slider : ipywidgets widget
        Its `value` is given to `show`.
    show : callable
        Takes the value; returns (sentence, Picture).
    still : Picture, optional
        The fallback; the present picture when left out.
    """

    def __init__(self, slider, show, still: Picture | None = None):
        self.slider, self._show, self._still = slider, show, still
        self.sentence, self.picture = ipywidgets.HTML(), ipywidgets.HTML()
        super().__init__([slider, self.sentence, self.picture])
        slider.observe(lambda change: self.update(), names="value")
        self.update()

    def update(self) -> None:
        """Show what belongs to the slider's present value."""
        sentence, picture = self._show(self.slider.value)
        self.sentence.value, self.picture.value = sentence, picture._repr_html_()

    def _repr_mimebundle_(self, **kwargs):
        data = super()._repr_mimebundle_(**kwargs)
        still = self._still._repr_html_() if self._still else self.picture.value
        return data | {"text/html": self.sentence.value + still}


def label_slider(
    features: np.ndarray, images: ImageSet, split: Split, seed: int = 0, shown: int = 16
) -> Explorer:
    """How good a linear head on `features` gets with more labels per class.

    Each step trains the head anew on nested draws from the training side.

    Parameters
    ----------
    features : float array, shape (n, d)
    images : ImageSet
        The pictures that the features belong to.
    split : Split
    seed : int
        Draws the labels, and which test pictures are shown.
    shown : int
        Number of test pictures in the figure.

    Returns
    -------
    Explorer
        Its slider runs from 1 to the size of the smallest class on the training side.
    """
    labels = images.labels
    most = int(np.bincount(labels[split.train]).min())
    look = np.random.default_rng(seed).permutation(len(split.test))[:shown]
    head = linear_head(features, labels)

    def show(per_class: int) -> tuple[str, Picture]:
        drawn = split.train[draw_labels(labels[split.train], per_class, seed)]
        predicted = head(drawn, split.test, seed)
        right = int((predicted == labels[split.test]).sum())
        low, high = wilson(right, len(split.test))
        sentence = (
            f"<b>{per_class} label{'s' if per_class > 1 else ''} per class</b>, "
            f"{len(drawn)} in all: {right} of "
            f"{len(split.test)} test drawings right = {right / len(split.test):.0%} "
            f"(95 % interval {low:.0%} to {high:.0%})"
        )
        return sentence, prediction_grid(images.subset(split.test[look]), predicted[look])

    slider = ipywidgets.IntSlider(5, 1, most, description="labels", continuous_update=False)
    return Explorer(slider, show)


def depth_explorer(tables: Mapping[str, pd.DataFrame], order: Sequence[str]) -> Explorer:
    """How much of a network trains, and what that brings, out of stored runs.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        Runs per test set, from `sweeps.load_sweep`; the first one tells seconds, trained weights
        and what is left of old answers.
    order : sequence of str
        Strategies, from the least to the most that trains.

    Returns
    -------
    Explorer
    """
    curves = {name: learning_curve(table).set_index("strategy") for name, table in tables.items()}
    first = next(iter(tables.values()))

    def show(chosen: str) -> tuple[str, Picture]:
        runs = first[first["strategy"] == chosen]
        points = [(name, curve.loc[chosen]) for name, curve in curves.items()]
        told = "; ".join(
            f"{name} {p['mean']:.2f} [{p['low']:.2f}, {p['high']:.2f}]" for name, p in points
        )
        sentence = (
            f"<b>{chosen}</b>: {int(runs['trained_weights'].iloc[0]):,} trained weights, "
            f"{runs['seconds'].median():.1f} CPU seconds. Accuracy: {told}. "
            f"Old answers left: {runs['agreement'].mean():.0%}"
        )
        return sentence, by_depth(tables, order, chosen)

    slider = ipywidgets.SelectionSlider(
        options=list(order), value=order[0], description="trains", continuous_update=False
    )
    return Explorer(slider, show)


def word_explorer(vectors: KeyedVectors, word: str = "bank", neighbours: int = 12) -> Explorer:
    """The nearest words of a word that the learner types, and a map of them.

    Parameters
    ----------
    vectors : gensim.models.KeyedVectors
    word : str
        The first one.
    neighbours : int

    Returns
    -------
    Explorer
    """

    def show(typed: str) -> tuple[str, Picture]:
        asked = typed.strip()
        known = asked if asked in vectors else asked.lower()
        if known not in vectors:
            sentence = f"<b>{escape(asked)}</b> has no vector: here are the neighbours of {word}"
            known = word
        else:
            place = vectors.key_to_index[known] + 1
            sentence = f"<b>{escape(known)}</b>, word number {place:,} of {len(vectors):,}"
        near = vectors.most_similar(known, topn=neighbours)
        told = ", ".join(f"{escape(name)} {cosine:.2f}" for name, cosine in near)
        names = [known, *(name for name, _ in near)]
        groups = ["the word", *["neighbours"] * len(near)]
        return f"{sentence}: {told}", flat_map(vectors[names], names, groups)

    box = ipywidgets.Text(word, description="word", continuous_update=False)
    return Explorer(box, show)


def strength_walk(
    runs: pd.DataFrame,
    source_runs: pd.DataFrame,
    strengths: Mapping[float, str],
    control: str,
    oracle: str | None = None,
) -> Explorer:
    """What each strength of an adaptation does to every seed, on the source and on the target.

    Parameters
    ----------
    runs, source_runs : pandas.DataFrame
        Runs tested on the target and on the source, from `sweeps.load_sweep`, of one label count.
    strengths : mapping of float to str
        The strategy of each strength.
    control : str
        The strategy without adaptation, in both tables.
    oracle : str, optional
        A strategy that has seen what an adaptation cannot.

    Returns
    -------
    Explorer
        Without a widget `domain_plots.by_strength` is shown.

    Raises
    ------
    ValueError
        As for `domain_plots.by_strength`.
    """
    still = by_strength(runs, source_runs, strengths, control, oracle)
    used = [*strengths.values(), control]
    tables = {
        f"on the {name}": one_label_count(table, used)
        for name, table in (("source", source_runs), ("target", runs))
    }
    values = pd.concat([table["accuracy"] for table in tables.values()])
    limits = values.min() - 0.03, values.max() + 0.03
    also = ""
    if oracle is not None:
        best = runs.loc[runs["strategy"] == oracle, "accuracy"].mean()
        also = f"; {escape(oracle)} reaches {best:.2f}"

    @cache
    def show(strength: float) -> tuple[str, Picture]:
        told = _against(tables["on the target"], strengths[strength], control)
        name = f"strength {strength:g}"
        picture = seed_pairs(tables, control, strengths[strength], name, limits)
        return f"<b>{name}</b>, on the target {told}{also}", picture

    slider = ipywidgets.SelectionSlider(
        options=[(f"{strength:g}", strength) for strength in sorted(strengths)],
        description="strength",
        continuous_update=False,
    )
    return Explorer(slider, show, still)


def _against(runs: pd.DataFrame, strategy: str, control: str) -> str:
    """The difference to the control in words; below it for sure, it is negative transfer."""
    if strategy == control:
        return f"the same as {escape(control)}"
    found = compare(runs, strategy, control)
    verdict = "not resolved"
    if found.resolved:
        verdict = "better" if found.low > 0 else "negative transfer"
    return f"against {escape(control)}: {found.measured}: <b>{verdict}</b>"
