"""Parts that a learner moves; each carries a still figure for where no widget can be drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape

import ipywidgets
import numpy as np
import pandas as pd
from gensim.models import KeyedVectors

from tlhelpers.data.images import ImageSet
from tlhelpers.data.splits import Split, draw_labels
from tlhelpers.evaluation.comparisons import compare, learning_curve
from tlhelpers.evaluation.runs import RUN_COLUMNS, Runs, as_runs
from tlhelpers.evaluation.significance import wilson
from tlhelpers.evaluation.trials import Trial
from tlhelpers.figures.comparing import seed_pairs
from tlhelpers.figures.curves import by_depth, by_strength
from tlhelpers.figures.palette import labels_per_class
from tlhelpers.figures.picture import Picture
from tlhelpers.figures.sheets import prediction_grid
from tlhelpers.figures.words import flat_map
from tlhelpers.models.heads import linear_head
from tlhelpers.widget_keys import keep_keys

# Columns that a sweep of networks has beside those of all runs.
NOTES = ("seconds", "trained_weights", "agreement")
KEPT = 64  # the most values whose pictures an explorer keeps


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
    steps : sequence
        Values that are drawn now, so that a move to them is answered at once.
    """

    def __init__(self, slider, show, still: Picture | None = None, steps: Sequence = ()):
        self.slider, self._still = slider, still
        self._shown = lru_cache(KEPT)(lambda value: _as_html(*show(value)))
        self.sentence, self.picture = ipywidgets.HTML(), ipywidgets.HTML()
        self.sentence.add_class("tl-said")
        keys = ipywidgets.HTML(keep_keys("tl-explorer"))
        super().__init__([slider, self.sentence, self.picture, keys])
        self.add_class("tl-explorer")
        slider.observe(lambda change: self.update(), names="value")
        for value in (*steps, slider.value):
            self._shown(value)
        self.update()

    def update(self) -> None:
        """Show what belongs to the slider's present value."""
        self.sentence.value, self.picture.value = self._shown(self.slider.value)

    def _repr_mimebundle_(self, **kwargs):
        data = super()._repr_mimebundle_(**kwargs)
        still = self._still._repr_html_() if self._still else self.picture.value
        return data | {"text/html": self.sentence.value + still}


def _as_html(sentence: str, picture: Picture) -> tuple[str, str]:
    return sentence, picture._repr_html_()


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
    strategy = linear_head(features, labels)

    def show(per_class: int) -> tuple[str, Picture]:
        drawn = split.train[draw_labels(labels[split.train], per_class, seed)]
        predicted = strategy(Trial(images, drawn, split.test, seed))
        right, count = int((predicted == labels[split.test]).sum()), len(split.test)
        low, high = wilson(right, count)
        sentence = (
            f"<b>{labels_per_class(per_class)}</b>, {len(drawn)} in all: {right} of {count} test "
            f"drawings right = {right / count:.0%} (95 % interval {low:.0%} to {high:.0%})"
        )
        return sentence, prediction_grid(images.subset(split.test[look]), predicted[look])

    slider = ipywidgets.IntSlider(5, 1, most, description="labels", continuous_update=False)
    return Explorer(slider, show)


def depth_explorer(tables: Mapping[str, pd.DataFrame], order: Sequence[str]) -> Explorer:
    """How much of a network trains, and what that brings, out of stored runs.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        Runs per test set, from `load_sweep`; seconds, trained weights and the share of old answers
        that stay are taken from the first one.
    order : sequence of str
        Strategies, from the least to the most that trains.

    Returns
    -------
    Explorer

    Raises
    ------
    ValueError
        If a column or a strategy is missing, or the runs are of several label counts.
    """
    tables = {name: as_runs(table).at_one_count(order) for name, table in tables.items()}
    curves = {name: learning_curve(table).set_index("strategy") for name, table in tables.items()}
    first = as_runs(next(iter(tables.values())), (*RUN_COLUMNS, *NOTES))

    def show(chosen: str) -> tuple[str, Picture]:
        runs = first.of(chosen)
        points = [(name, curve.loc[chosen]) for name, curve in curves.items()]
        accuracies = "; ".join(
            f"{name} {p['mean']:.2f} [{p['low']:.2f}, {p['high']:.2f}]" for name, p in points
        )
        sentence = (
            f"<b>{escape(chosen)}</b>: {int(runs['trained_weights'].iloc[0]):,} trained weights, "
            f"{runs['seconds'].median():.1f} CPU seconds. Accuracy: {escape(accuracies)}. "
            f"Old answers left: {runs['agreement'].mean():.0%}"
        )
        return sentence, by_depth(tables, order, chosen, curves)

    slider = ipywidgets.SelectionSlider(
        options=list(order), value=order[0], description="trains", continuous_update=False
    )
    return Explorer(slider, show, steps=order)


def word_explorer(vectors: KeyedVectors, word: str = "bank", neighbours: int = 12) -> Explorer:
    """The nearest words of a word that the learner types, and a map of them.

    Parameters
    ----------
    vectors : gensim.models.KeyedVectors
    word : str
        The first one.
    neighbours : int
        How many are shown.

    Returns
    -------
    Explorer
    """

    def show(typed: str) -> tuple[str, Picture]:
        asked = typed.strip()
        shown = asked if asked in vectors else asked.lower()
        if shown in vectors:
            place = vectors.key_to_index[shown] + 1
            sentence = f"<b>{escape(shown)}</b>, word number {place:,} of {len(vectors):,}"
        else:
            sentence = f"<b>{escape(asked)}</b> has no vector: here are the neighbours of {word}"
            shown = word
        near = vectors.most_similar(shown, topn=neighbours)
        cosines = ", ".join(f"{escape(name)} {cosine:.2f}" for name, cosine in near)
        names = [shown, *(name for name, _ in near)]
        groups = ["the word", *["neighbours"] * len(near)]
        return f"{sentence}: {cosines}", flat_map(vectors[names], names, groups)

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
        Runs tested on the target and on the source, from `load_sweep`, of one label count.
    strengths : mapping of float to str
        The strategy of each strength.
    control : str
        The strategy without adaptation, in both tables.
    oracle : str, optional
        A strategy that has seen what an adaptation cannot.

    Returns
    -------
    Explorer
        Where no widget can be drawn, accuracy by strength is shown.

    Raises
    ------
    ValueError
        If there is no strength, a strategy is missing, its seeds differ from those of the control,
        or the runs are of several label counts.
    """
    still = by_strength(runs, source_runs, strengths, control, oracle)
    used = [*strengths.values(), control]
    on_target = as_runs(runs).at_one_count(used)
    tables = {"on the source": as_runs(source_runs).at_one_count(used), "on the target": on_target}
    values = pd.concat([table["accuracy"] for table in tables.values()])
    limits = values.min() - 0.03, values.max() + 0.03
    also = ""
    if oracle is not None:
        best = runs.loc[runs["strategy"] == oracle, "accuracy"].mean()
        also = f"; {escape(oracle)} reaches {best:.2f}"

    def show(strength: float) -> tuple[str, Picture]:
        verdict = _against_control(on_target, strengths[strength], control)
        name = f"strength {strength:g}"
        picture = seed_pairs(tables, control, strengths[strength], name, limits)
        return f"<b>{name}</b>, on the target {verdict}{also}", picture

    slider = ipywidgets.SelectionSlider(
        options=[(f"{strength:g}", strength) for strength in sorted(strengths)],
        description="strength",
        continuous_update=False,
    )
    return Explorer(slider, show, still, steps=sorted(strengths))


def _against_control(runs: Runs, strategy: str, control: str) -> str:
    """The difference to the control in words; resolved below it, it is negative transfer."""
    if strategy == control:
        return f"the same as {escape(control)}"
    difference = compare(runs, strategy, control)
    verdict = "not resolved"
    if difference.resolved:
        verdict = "better" if difference.low > 0 else "negative transfer"
    return f"against {escape(control)}: {difference.measured}: <b>{verdict}</b>"
