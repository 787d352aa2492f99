"""What a comparison on somebody's own data came to: all that a report and a saved model need."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tlhelpers.data.images import ImageSet
from tlhelpers.data.reading import Reading
from tlhelpers.data.texts import TextSet
from tlhelpers.evaluation.runs import Runs


@dataclass
class Answer:
    """Which strategy to take, in a sentence, with what the sentence rests on.

    Attributes
    ----------
    strategy : str
        The one to take, e.g. ``"frozen features, linear head"``.
    accuracy : tuple of float
        Mean over the test sides, lower and upper end of its 95 % interval.
    sentence : str
        E.g. "Take frozen features: .86 [.82, .89]; that fine-tuning is better or worse is not
        resolved; about 60 more labels per class would tell."
    differences : list of dict
        One per other strategy: `strategy`, `mean`, `low`, `high` (of the chosen one minus this
        one, at the same labels per class and size), `resolved` (bool), `labels` (per class), and
        `labels_needed`, how many more per class would resolve it (int, or None where it is resolved
        or out of reach).
    """

    strategy: str
    accuracy: tuple[float, float, float]
    sentence: str
    differences: list[dict] = field(default_factory=list)


@dataclass
class Comparison:
    """A finished (or stopped) comparison.

    Attributes
    ----------
    kind : {"pictures", "texts"}
    data : ImageSet or TextSet
    reading : Reading
        ``reading.names`` are the names of the items, in the order of `data`.
    model_name : str
        Backbone or encoder, as `load_backbone` or `load_encoder` knows it.
    runs : Runs
        One row per seed, labels per class and strategy, as `repeat` gives, with `seconds`.
    answer : Answer
    probabilities : float64 array, shape (n, k)
        Of each item and class, by heads on frozen features that were trained without the item's
        group.
    not_run : dict of str to str
        Strategies that did not fit into the minutes, with the sentence that says so.
    costs : dict of str to float
        Seconds per item of the frozen pass (``"pass"``), minutes of the whole comparison
        (``"minutes"``) and others that a report may show.
    settings : dict
        What was asked for and planned: minutes, seed, size, folds.
    versions : dict of str to str
        Of Python, torch, and the like, and the processor.
    used : int64 array, shape (m,), or None
        The items that were compared on, ascending: all, or a sample where there are too many for
        the minutes.
    features : float32 array, shape (m, d), or None
        Frozen features of these items, at the network's own size.
    """

    kind: str
    data: ImageSet | TextSet
    reading: Reading
    model_name: str
    runs: Runs
    answer: Answer
    probabilities: np.ndarray
    not_run: dict[str, str] = field(default_factory=dict)
    costs: dict[str, float] = field(default_factory=dict)
    settings: dict = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    used: np.ndarray | None = None
    features: np.ndarray | None = None
