"""One spelling for each class of a table, and which fields name no class."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from tlhelpers.data.groups import MISSING_AS_TEXT
from tlhelpers.data.names import WHOLE_AS_DECIMAL, look_alikes, visible
from tlhelpers.data.reading import SHOWN, Reading

NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
# What programs write for a missing label. A class may well be called None.
NO_LABELS = ({*MISSING_AS_TEXT} - {"None"}) | {"NULL", "null", "#N/A"}


def is_missing_label(name: str) -> bool:
    """Whether a field names no class."""
    return not visible(name) or visible(name) in NO_LABELS


def join_spellings(names: Sequence[str], reading: Reading, what: str, case: bool) -> list[str]:
    """The same names, those that look alike in the commonest spelling; `reading` is told.

    With `case` false, names that differ in case are different.
    """
    counts = Counter(names)
    spelling = {name: visible(name) for name in counts}
    seen: Counter[str] = Counter()
    for name, count in counts.items():
        seen[visible(name)] += count
    for alike in look_alikes(seen, case):
        best = min(alike, key=lambda name: (bool(WHOLE_AS_DECIMAL.match(name)), -seen[name], name))
        spelling.update({name: best for name in counts if visible(name) in alike})
    _tell_joined(counts, spelling, reading, what)
    return [spelling[name] for name in names]


def _tell_joined(counts: Counter, spelling: dict[str, str], reading: Reading, what: str) -> None:
    joined: dict[str, list[str]] = {}
    for name, best in spelling.items():
        if name != best:
            joined.setdefault(best, []).append(f"{name!r} ({counts[name]})")
    if joined:
        told = [f"{' and '.join(others)} became {best!r}" for best, others in joined.items()]
        more = f" and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
        reading.notes.append(
            f"Spellings of one {what} were joined, with the number of rows: "
            f"{'; '.join(told[:SHOWN])}{more}."
        )


def in_order(names: Iterable[str]) -> list[str]:
    """Different names by the alphabet, or by size where all are numbers."""
    names = set(names)
    return sorted(names, key=float if all(map(NUMBER.fullmatch, names)) else None)
