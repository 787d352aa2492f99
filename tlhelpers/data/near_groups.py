"""Items that are near each other, as groups; and those that a column of groups keeps apart."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tlhelpers.data.reading import Reading, name_some


def places_by_number(numbers: np.ndarray) -> list[list[int]]:
    """The places of each number that stands at several, in the order of the first."""
    places: dict[int, list[int]] = {}
    for place, number in enumerate(numbers.tolist()):
        places.setdefault(number, []).append(place)
    return [several for several in places.values() if len(several) > 1]


def tell_apart(kind: str, apart: Iterable[list[str]], reading: Reading) -> None:
    """Note near items of different groups; `kind` is what they are, each list holds their names."""
    pairs = [(" = ".join(names[:2]), "") for names in apart]
    if pairs:
        reading.notes.append(
            f"{len(pairs)} times {kind} are nearly equal and in different groups of the column: "
            f"{name_some(pairs)}. The column was followed."
        )
