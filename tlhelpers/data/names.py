"""Names that look alike: one class that was written in two ways."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tlhelpers.data.groups import composed

# Soft hyphen, signs of no width, marks of direction, the mark at the start of a file.
INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200e\u200f\u2060\ufeff"))
WHOLE_AS_DECIMAL = re.compile(r"^([+-]?\d+)\.0+$")


def distinct_names(names: Iterable[str], case: bool = True) -> list[str]:
    """Class names in composed letters (NFC); ValueError if two look alike, or one is no text.

    With `case` false, names that differ in case are different, as the letters A and a are.
    """
    if isinstance(names, str):
        raise ValueError(f"class names must be a list of texts, got one text, {names!r}")
    names = list(names)
    for place, name in enumerate(names):
        if not isinstance(name, str) or not visible(name):
            raise ValueError(f"the name of class {place} is {name!r}: give it a text as its name")
    names = [composed(name) for name in names]
    repeated = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if repeated is not None:
        raise ValueError(f"class names must differ, got {repeated!r} more than once")
    for alike in look_alikes(names, case):
        raise ValueError(
            f"the class names {' and '.join(map(repr, alike))} differ in {'case, ' * case}spaces "
            "or decimals only: write a class in one way, and give different classes different words"
        )
    return names


def look_alikes(names: Iterable[str], case: bool = True) -> list[list[str]]:
    """Find names that differ in spaces, in signs that nobody sees, as 1 and 1.0, or in case only.

    With `case` false, names that differ in case are different. Each list holds such names, sorted.
    """
    kinds: dict[str, set[str]] = {}
    for name in names:
        kind = WHOLE_AS_DECIMAL.sub(r"\1", visible(name))
        kinds.setdefault(kind.lower() if case else kind, set()).add(name)
    return [sorted(kind) for kind in kinds.values() if len(kind) > 1]


def visible(name: str) -> str:
    """What one sees of a name: composed letters, single spaces, none at the ends."""
    return " ".join(composed(name.translate(INVISIBLE)).split())
