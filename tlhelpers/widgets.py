"""Parts that a learner moves; each carries a still figure for where no widget can be drawn."""

from __future__ import annotations

import ipywidgets
import numpy as np

from tlhelpers.heads import linear_head
from tlhelpers.images import ImageSet
from tlhelpers.plots import Picture, prediction_grid
from tlhelpers.significance import wilson
from tlhelpers.splits import Split, draw_labels


class Explorer(ipywidgets.VBox):
    """A slider above a picture and a sentence, with a still figure as fallback.

    Parameters
    ----------
    slider : ipywidgets widget
        Its `value` is given to `show`.
    show : callable
        Takes the value; returns (sentence, Picture).
    """

    def __init__(self, slider, show):
        self.slider, self._show = slider, show
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
        return data | {"text/html": self.sentence.value + self.picture.value}


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
