"""How well features mix two domains, and whether classes meet their own in the other domain."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from tlhelpers.checks import whole_numbers


def neighbours_shared(features, domains: Sequence[str], classes) -> tuple[float, float]:
    """Share of items whose nearest other item is of the other domain, and share of target items
    whose nearest source item has their class; nearest on standardised columns."""
    rows, is_target, classes = standardise_view(features, domains, classes)
    with threadpool_limits(1):
        of_all = NearestNeighbors(n_neighbors=1).fit(rows)
        # Without rows given, no row is its own neighbour.
        other = of_all.kneighbors(return_distance=False)[:, 0]
        of_source = NearestNeighbors(n_neighbors=1).fit(rows[~is_target])
        near = of_source.kneighbors(rows[is_target], return_distance=False)[:, 0]
    mixed = np.mean(is_target[other] != is_target)
    return float(mixed), float(np.mean(classes[~is_target][near] == classes[is_target]))


def standardise_view(features, domains, classes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Standardised rows, which of them are of the target (not the first row's domain), and their
    classes; refuses what is not two domains of finite rows."""
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
