"""What a classifier gets wrong: which classes, for what it takes them, where it is sure of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix

from tlhelpers.checks import whole, whole_numbers
from tlhelpers.evaluation.confidence import check_probabilities
from tlhelpers.evaluation.significance import wilson


def count_confusions(truth, predicted, class_names: Sequence[str]) -> pd.DataFrame:
    """How often each class was taken for each other: scikit-learn's confusion matrix, with names.

    Parameters
    ----------
    truth, predicted : int array, shape (n,)
        Labels of the items, and what was predicted.
    class_names : sequence of str
        In the order of the labels, which count from 0.

    Returns
    -------
    pandas.DataFrame
        Numbers of items. The index names the true classes, the columns the predicted ones; the
        diagonal is right.

    Raises
    ------
    ValueError
        If lengths differ, or a label has no name.
    """
    truth, predicted = _checked(truth, predicted, class_names)
    counts = confusion_matrix(truth, predicted, labels=range(len(class_names)))
    names = list(class_names)
    return pd.DataFrame(counts, pd.Index(names, name="true"), pd.Index(names, name="predicted"))


def largest_confusions(confusions: pd.DataFrame, count: int = 5) -> pd.DataFrame:
    """The pairs of classes that are taken for each other most often, from the most on.

    Parameters
    ----------
    confusions : pandas.DataFrame
        From `count_confusions`.
    count : int
        At most so many; fewer, where fewer pairs were confused.

    Returns
    -------
    pandas.DataFrame
        `true`, `predicted`, `items` (how many), `share` (of all items of the true class).
    """
    whole("count", count)
    counts = confusions.to_numpy()
    sizes = counts.sum(axis=1)
    rows, columns = np.nonzero(counts * ~np.eye(len(counts), dtype=bool))
    order = np.argsort(-counts[rows, columns], kind="stable")[:count]
    rows, columns = rows[order], columns[order]
    return pd.DataFrame(
        {
            "true": confusions.index.to_numpy()[rows],
            "predicted": confusions.columns.to_numpy()[columns],
            "items": counts[rows, columns],
            "share": counts[rows, columns] / sizes[rows],
        }
    )


def accuracy_per_class(truth, predicted, class_names: Sequence[str]) -> pd.DataFrame:
    """The accuracy on the items of each class, with Wilson's 95 % interval.

    Parameters
    ----------
    truth, predicted, class_names
        As in `count_confusions`.

    Returns
    -------
    pandas.DataFrame
        One row per class, in the order of the labels: `class`, `items`, `correct`, `accuracy`
        (recall, as others say), `low`, `high`, `named` (how many items were given this class),
        `precision` (the share of them that are right). NaN where there is no item to judge by.
        The mean of `accuracy` over the classes that have items is the balanced accuracy.

    Raises
    ------
    ValueError
        As for `count_confusions`.
    """
    counts = count_confusions(truth, predicted, class_names).to_numpy()
    table = pd.DataFrame(
        {"class": list(class_names), "items": counts.sum(axis=1), "correct": counts.diagonal()}
    )
    nothing = (float("nan"), float("nan"))
    ends = [
        wilson(correct, n) if n else nothing
        for correct, n in zip(table["correct"], table["items"], strict=True)
    ]
    named = counts.sum(axis=0)
    table["accuracy"] = table["correct"] / table["items"]
    table["low"], table["high"] = np.array(ends).T
    return table.assign(named=named, precision=table["correct"] / named)


def confident_mistakes(
    truth, probabilities: np.ndarray, class_names: Sequence[str], count: int = 12
) -> pd.DataFrame:
    """The wrong answers that the classifier is surest of: look at them before anything else.

    Among them are wrong labels, items of two classes, and what the classifier goes by instead of
    what was meant.

    Parameters
    ----------
    truth : int array, shape (n,)
    probabilities : float array, shape (n, k)
        Of each class, as `predict_proba` gives them; also those of scikit-learn.
    class_names : sequence of str, length k
    count : int
        At most so many; fewer, where fewer answers are wrong.

    Returns
    -------
    pandas.DataFrame
        From the surest on: `item` (its number in `truth`), `true`, `predicted` (class names),
        `confidence` (the probability of the predicted class), `of_true` (that of the true one).

    Raises
    ------
    ValueError
        As for `count_confusions`, or if the probabilities are none.
    """
    whole("count", count)
    probabilities = _checked_probabilities(probabilities, class_names)
    predicted = probabilities.argmax(axis=1)
    truth, predicted = _checked(truth, predicted, class_names)
    wrong = np.flatnonzero(predicted != truth)
    confidence = probabilities[wrong, predicted[wrong]]
    wrong = wrong[np.argsort(-confidence, kind="stable")][:count]
    names = np.array(class_names, dtype=object)
    return pd.DataFrame(
        {
            "item": wrong,
            "true": names[truth[wrong]],
            "predicted": names[predicted[wrong]],
            "confidence": probabilities[wrong, predicted[wrong]],
            "of_true": probabilities[wrong, truth[wrong]],
        }
    )


def _checked(truth, predicted, class_names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Both as whole numbers of one length, each with a name."""
    if isinstance(class_names, str) or len(set(class_names)) < len(class_names):
        raise ValueError(f"class_names must be a list of different names, got {class_names!r}")
    truth = whole_numbers(truth, "true labels")
    predicted = whole_numbers(predicted, "predicted labels")
    if len(truth) != len(predicted):
        raise ValueError(f"{len(truth)} true labels, but {len(predicted)} predicted ones")
    for labels, what in ((truth, "true"), (predicted, "predicted")):
        bad = np.flatnonzero((labels < 0) | (labels >= len(class_names)))
        if len(bad):
            raise ValueError(
                f"the {what} label of item {bad[0]} is {labels[bad[0]]}, but there are "
                f"{len(class_names)} class names, from 0 on"
            )
    return truth, predicted


def _checked_probabilities(probabilities, class_names: Sequence[str]) -> np.ndarray:
    if np.shape(probabilities)[1:] != (len(class_names),):
        raise ValueError(
            f"probabilities must have the shape (n, {len(class_names)}), one column for each "
            f"class name, got {np.shape(probabilities)}"
        )
    return check_probabilities(probabilities)
