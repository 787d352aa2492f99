"""What the readers of all kinds of tables have in common: rows of texts below a heading."""

from __future__ import annotations

import datetime
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from tlhelpers.data.names import visible
from tlhelpers.data.reading import Reading, name_some
from tlhelpers.data.walking import readable
from tlhelpers.errors import CourseError

EMPTY = "that are empty"
# From here on a float does not hold each whole number.
EXACT = 2**53


@dataclass
class RawTable:
    """A heading and rows with their numbers below it; `gaps` says why a field came out empty.

    The key of a gap is the number of the row and the place of the column.
    """

    heading: list[str]
    rows: list[tuple[int, list[str]]]
    gaps: dict[tuple[int, int], str] = field(default_factory=dict)


@dataclass
class Table:
    """The columns of a table of any kind, as texts.

    Attributes
    ----------
    columns : dict of str to list of str
        Each column's fields; one that is missing is an empty text.
    numbers : list of int
        The number of each row, counted below the heading.
    gaps : dict of (str, int) to str
        Column and number of the row of fields that came out empty although something stood there,
        with the reason, e.g. ``"a nested value"``.
    """

    columns: dict[str, list[str]]
    numbers: list[int]
    gaps: dict[tuple[str, int], str]


def as_text(value: object) -> str:
    """A value of a cell as text: nothing for a missing one, 1 for 1.0, dates as 2026-11-28."""
    if value is None or value is Ellipsis:
        return ""
    if isinstance(value, float):
        if math.isnan(value):
            return ""
        return str(int(value)) if value.is_integer() and abs(value) <= EXACT else repr(value)
    if isinstance(value, Decimal):
        return (
            "" if value.is_nan() else as_text(float(value)) if value == value // 1 else f"{value:f}"
        )
    if isinstance(value, datetime.datetime):
        whole = value.time() == datetime.time() and value.tzinfo is None
        return value.date().isoformat() if whole else value.isoformat(sep=" ")
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "replace")
    return str(value)


def to_table(path: str, raw: RawTable, reading: Reading) -> Table:
    """Name the columns, and leave out empty rows; `reading` is told."""
    rows = []
    for number, fields in raw.rows:
        if any(map(visible, fields)) or any(
            (number, place) in raw.gaps for place in range(len(fields))
        ):
            rows.append((number, fields))
        else:
            reading.leave_out(f"row {number}", EMPTY)
    if not rows:
        raise CourseError(f"{path} has no rows below its heading")
    used = [
        place
        for place, name in enumerate(raw.heading)
        if visible(name) or any(visible(fields[place]) for _, fields in rows)
    ]
    names = _names(raw.heading, used, reading)
    columns = {
        name: [fields[place] for _, fields in rows] for name, place in zip(names, used, strict=True)
    }
    name_of = dict(zip(used, names, strict=True))
    gaps = {
        (name_of[place], number): why
        for (number, place), why in raw.gaps.items()
        if place in name_of
    }
    return Table(columns, [number for number, _ in rows], gaps)


def _names(heading: Sequence[str], used: Sequence[int], reading: Reading) -> list[str]:
    """Names of the columns that all differ; `reading` is told which were changed."""
    names = [visible(readable(heading[place])) or f"column {place + 1}" for place in used]
    unnamed = [name for name, place in zip(names, used, strict=True) if not visible(heading[place])]
    if unnamed:
        some = name_some((repr(name), "") for name in unnamed)
        reading.notes.append(f"A column without a heading is called by its place: {some}.")
    counts = Counter(names)
    if repeated := [name for name, count in counts.items() if count > 1]:
        some = name_some((repr(name), f"{counts[name]} times") for name in repeated)
        reading.notes.append(
            f"Headings that stand there more than once: {some}; such columns are called "
            f"{repeated[0]!r} with a number, {f'{repeated[0]} (1)'!r} for the first."
        )
    met: Counter[str] = Counter()
    for place, name in enumerate(names):
        if counts[name] > 1:
            met[name] += 1
            names[place] = f"{name} ({met[name]})"
    while len(set(names)) < len(names):  # somebody has a heading like "text (1)" beside two "text"
        names = [f"{name} [{place + 1}]" for place, name in enumerate(names)]
    return names
