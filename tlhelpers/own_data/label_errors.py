"""Labels that are likely wrong: where heads that have not seen an item contradict its label."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from tlhelpers.checks import whole_numbers

COLUMNS = ("item", "given", "likely", "confidence", "of_given")


def find_label_errors(labels, probabilities: np.ndarray, class_names: list[str]) -> pd.DataFrame:
    """Which labels to look at first, by confident learning (Northcutt et al. 2021, cleanlab).

    Parameters
    ----------
    labels : int array, shape (n,)
        As they were given, indices into `class_names`.
    probabilities : float array, shape (n, k)
        By heads that were trained without the item and its group. Items without any (NaN) are
        passed over.
    class_names : list of str, length k

    Returns
    -------
    pandas.DataFrame
        From the likeliest error on: `item` (its place in `labels`), `given` and `likely` (class
        names), `confidence` (the probability of the likely class), `of_given` (that of the given
        one). Likely is not certain: an unusual item is flagged too, and an error that many items
        share is not.
    """
    labels = whole_numbers(labels, "labels")
    known = known_rows(probabilities)
    flagged = known[_flagged(labels[known], np.asarray(probabilities, dtype=float)[known])]
    rows = np.asarray(probabilities, dtype=float)[flagged]
    names = np.array(class_names, dtype=object)
    likely = rows.argmax(axis=1) if len(rows) else np.zeros(0, dtype=np.int64)
    places = np.arange(len(rows))
    columns = (
        flagged, names[labels[flagged]], names[likely], rows[places, likely],
        rows[places, labels[flagged]],
    )  # fmt: skip
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))


def known_rows(probabilities: np.ndarray) -> np.ndarray:
    """The items that have probabilities: finite ones that sum to 1."""
    rows = np.asarray(probabilities, dtype=float)
    return np.flatnonzero(np.isfinite(rows).all(axis=1) & (abs(rows.sum(axis=1) - 1) < 1e-3))


def _flagged(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Places of the flagged items, the one whose label is least plausible first."""
    if len(labels) < 2 or len(np.unique(labels)) < 2:
        return np.zeros(0, dtype=np.int64)  # there is nothing to contradict a label with
    from cleanlab.filter import find_label_issues

    # Classes that no item has are told to nobody by cleanlab: it is given those that are there.
    # Of cleanlab's filters this one found the most planted errors among the fewest flags.
    there, numbers = np.unique(labels, return_inverse=True)
    among = probabilities[:, there]
    among = among / np.maximum(among.sum(axis=1, keepdims=True), 1e-12)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        flagged = find_label_issues(
            numbers,
            among,
            filter_by="low_self_confidence",
            return_indices_ranked_by="self_confidence",
            n_jobs=1,
        )
    flagged = np.asarray(flagged, dtype=np.int64)
    # One whose given class is the most probable one is contradicted by nobody.
    return flagged[probabilities[flagged].argmax(axis=1) != labels[flagged]]
