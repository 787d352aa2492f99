"""Pictures that are equal or nearly so: what a split must not tear apart."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b

import numpy as np
from PIL import Image

# A thumbnail has this many rows and columns of red, green and blue.
GRID = 16
LENGTH = GRID * GRID * 3
# Cosine of two thumbnails without their mean. Measured with this grid at .98 and .99: a picture and
# its copy as JPEG of quality 40, in half the size or with a fifth less contrast have .997 or more.
# Of 722 emoji in one drawing style no more than 5 have a neighbour above it, of 2,500 handwritten
# digits 6 % and of 400 overlapping crops of two photographs 25 %, in groups of 14 at most.
NEAR = 0.985
NEARER = 0.998
# Below this standard deviation, of 255, a thumbnail shows noise and rounding: a flat picture.
FLAT = 2.0
COLUMNS = 16
NEIGHBOURS = 32
BLOCK = 4096


def thumbnail(square: np.ndarray) -> np.ndarray:
    """A picture as uint8 (16 * 16 * 3)."""
    small = Image.fromarray(square).resize((GRID, GRID), Image.Resampling.BOX)
    return np.asarray(small).ravel()


def near_pictures(
    thumbnails: np.ndarray, digests: np.ndarray, similarity: float | None = NEAR
) -> np.ndarray:
    """Number the groups of pictures that are equal or nearly so; chains of pairs make one group.

    Parameters
    ----------
    thumbnails : uint8 array, shape (n, 768)
        As `thumbnail` gives them.
    digests : bytes array, shape (n,)
        Of the content of the files.
    similarity : float or None
        The least cosine of a pair; None takes equal files alone, as flat pictures always are.

    Returns
    -------
    int64 array, shape (n,)
    """
    joined = np.unique(digests, return_inverse=True)[1]
    if similarity is not None:
        # One of each kind is enough, and a film of a still scene costs no more than a picture.
        _, first, kind_of = np.unique(_hashes(thumbnails), return_index=True, return_inverse=True)
        structured = _deviations(thumbnails, first) >= FLAT
        same = structured[kind_of]
        left, right = [np.flatnonzero(same)], [first[kind_of[same]]]
        if structured.any():
            for a, b in _near_pairs(thumbnails, first[structured], similarity):
                left.append(a)
                right.append(b)
        joined = _join(joined, np.concatenate(left), np.concatenate(right))
    return np.unique(joined, return_inverse=True)[1].astype(np.int64)


def _near_pairs(
    rows: np.ndarray, places: np.ndarray, least: float
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs of places of near rows: for each the nearest few, enough to join all of a clump."""
    from scipy.spatial import cKDTree

    # A few columns of rotated rows never lie further apart than the rows do: none is missed.
    short = _shortened(rows, places)
    tree = cKDTree(short)
    radius = np.sqrt(2 * (1 - least)) + 1e-4
    count = min(NEIGHBOURS, len(places))
    for start in range(0, len(places), BLOCK):
        block = short[start : start + BLOCK]
        near = tree.query(block, k=range(1, count + 1), distance_upper_bound=radius)[1]
        left, column = np.nonzero(near < len(places))
        left, right = places[left + start], places[near[left, column]]
        for i in range(0, len(left), BLOCK):
            a, b = left[i : i + BLOCK], right[i : i + BLOCK]
            alike = (_unit(rows[a]) * _unit(rows[b])).sum(axis=1) >= least
            yield a[alike], b[alike]


def _hashes(rows: np.ndarray) -> np.ndarray:
    """A number for each row, uint64 (n,): to sort the rows themselves takes several copies."""
    digests = (blake2b(row, digest_size=8).digest() for row in np.ascontiguousarray(rows))
    return np.frombuffer(b"".join(digests), np.uint64)


def _deviations(rows: np.ndarray, places: np.ndarray) -> np.ndarray:
    """As `rows[places].std(axis=1)`, which would need eight times the memory of the rows."""
    starts = range(0, len(places), BLOCK)
    parts = [rows[places[i : i + BLOCK]].std(axis=1) for i in starts]
    return np.concatenate([np.empty(0), *parts])


def _unit(rows: np.ndarray) -> np.ndarray:
    rows = rows.astype(np.float32)
    rows -= rows.mean(axis=1, keepdims=True)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _shortened(rows: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The rows in the directions in which a sample of them differs most, float32 (n, 16)."""
    sample = _unit(rows[places[:: max(1, len(places) // 500)]])
    axes = np.linalg.svd(sample - sample.mean(axis=0), full_matrices=False)[2][:COLUMNS].T
    starts = range(0, len(places), BLOCK)
    return np.concatenate([_unit(rows[places[i : i + BLOCK]]) @ axes for i in starts])


def _join(joined: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Join the sets that hold the items of each pair."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    count = joined.max(initial=-1) + 1
    pairs = (np.ones(len(left), dtype=bool), (joined[left], joined[right]))
    return connected_components(coo_matrix(pairs, shape=(count, count)), directed=False)[1][joined]
