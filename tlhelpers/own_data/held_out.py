"""What heads on frozen features say of items whose group they have not seen."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from tlhelpers.models.heads import new_linear_head
from tlhelpers.own_data.strategies import C

FOLDS = 5


def held_out_probabilities(
    rows: np.ndarray, labels: np.ndarray, groups: np.ndarray, n_classes: int, seed: int
) -> np.ndarray:
    """Probabilities, float64 (m, n_classes), of each fold by a head trained on the others."""
    splitter = StratifiedGroupKFold(fold_count(labels, groups), shuffle=True, random_state=seed)
    found = np.zeros((len(labels), n_classes))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a class may have fewer items than there are folds
        parts = list(splitter.split(rows, labels, groups))
    for learn, ask in parts:
        if len(np.unique(labels[learn])) < 2 or not len(ask):
            found[ask] = np.nan
            continue
        head = new_linear_head(C).fit(rows[learn], labels[learn])
        found[np.ix_(ask, head.classes_)] = head.predict_proba(rows[ask])
    return found


def fold_count(labels: np.ndarray, groups: np.ndarray) -> int:
    """Five, or fewer where no class has so many groups."""
    most = max(len(np.unique(groups[labels == label])) for label in np.unique(labels))
    return int(max(2, min(FOLDS, most)))
