"""Classes told by their names: a classifier of texts without a single label."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np

from tlhelpers.checks import full_texts
from tlhelpers.data.texts import TextSet
from tlhelpers.models.encoders import Encoder
from tlhelpers.models.text_features import encode


def nearest_description(
    encoder: Encoder, descriptions: Mapping[str, str | Sequence[str]]
) -> Callable:
    """A strategy for `evaluation.repeat` that uses no label: the class described most like a text.

    Parameters
    ----------
    encoder : Encoder
    descriptions : mapping of str to str or sequence of str
        For each class name a sentence, or several whose vectors are averaged at length 1.

    Returns
    -------
    callable
        ``strategy(trial)`` gives the predicted labels of each test set of texts, by its name: the
        class whose vector has the largest cosine with that of the text.

    Raises
    ------
    ValueError
        If a description is empty; when it is used, if classes and descriptions differ.
    """
    told = {
        name: full_texts([one] if isinstance(one, str) else one)
        for name, one in descriptions.items()
    }

    @cache  # one computation for all trials, as long as the weights are the same
    def class_vectors(names: tuple[str, ...], weights: str) -> np.ndarray:
        return _class_vectors(encoder, told, names)

    @cache
    def text_vectors(texts: TextSet, weights: str) -> np.ndarray:
        return encode(encoder, texts, progress=False)

    def strategy(trial) -> dict[str, np.ndarray]:
        weights = encoder.fingerprint()
        classes = class_vectors(tuple(trial.source.class_names), weights)
        sets = {trial.name: trial.source}
        sets |= {name: target.data for name, target in trial.targets.items()}
        # A set is encoded as a whole, so that later trials find it.
        return {
            name: (text_vectors(sets[name], weights)[items] @ classes.T).argmax(1)
            for name, items in trial.items().items()
        }

    return strategy


def _class_vectors(encoder: Encoder, told: dict, names: Sequence[str]) -> np.ndarray:
    """One vector of length 1 per class, in the order of the labels."""
    if set(told) != set(names):
        raise ValueError(f"describe each of the classes {list(names)}, got {list(told)}")
    rows = [_unit(encode(encoder, told[n], cache=False, progress=False)).mean(0) for n in names]
    return _unit(np.array(rows))


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
