"""A table of paths of pictures and their labels, with its columns guessed or named."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tlhelpers.data.csv_files import DELIMITERS, MARKS
from tlhelpers.data.names import visible
from tlhelpers.data.reading import Reading
from tlhelpers.data.walking import readable
from tlhelpers.errors import CourseError, nearest

ENDINGS = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".avif",
    ".jp2", ".ico", ".ppm", ".pgm", ".qoi", ".heic", ".heif",
)  # fmt: skip
LABELS = ("label", "labels", "class", "category", "target", "y", "species", "klasse", "classe")
GROUPS = ("group", "groups", "group_id", "group id")
# Columns that often say what belongs together, but not always.
PERHAPS_GROUPS = ("person", "patient", "subject", "product", "day", "date", "session", "camera")
LOOKED_AT = 1000
MOST_KINDS = 0.8

Rows = tuple[list[str], list[tuple[int, list[str]]]]


def read_picture_table(
    path: Path, reading: Reading, columns: Mapping[str, str | None]
) -> tuple[list[int], list[str], list[str], list[str] | None]:
    """Numbers of the rows, counted below the heading, paths, labels and groups.

    `columns` name those of ``"picture"``, ``"label"`` and ``"group"``; None lets guess, an empty
    text asks for none.
    """
    try:
        heading, rows = TABLES.get(path.suffix.lower(), _read_text)(path, reading)
    except (OSError, csv.Error, ValueError, ImportError) as error:
        raise CourseError(readable(f"{path} cannot be read as a table: {error}")) from error
    heading = [visible(readable(name)) for name in heading]
    if not rows:
        raise CourseError(f"{readable(path)} has no rows below its heading")
    places = _choose_columns(readable(path), heading, rows, reading, columns)
    fields = {
        name: None if place is None else [row[place] for _, row in rows]
        for name, place in places.items()
    }
    return [number for number, _ in rows], fields["picture"], fields["label"], fields["group"]


# ---------------------------------------------------------------- kinds of tables


def _read_text(path: Path, reading: Reading) -> Rows:
    content = path.read_bytes()
    if b"\0" in content and not any(content.startswith(mark) for mark in MARKS):
        raise ValueError(
            "it holds no text; a CSV or TSV file, Excel, JSONL and Parquet can be read"
        )
    text = _decoded(content, reading)
    lines = text.splitlines()
    first = next((line for line in lines if line.strip()), "")
    delimiter = max(DELIMITERS, key=first.count)
    records = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    heading = next((fields for fields in records if any(map(str.strip, fields))), [])
    rows = []
    for number, fields in enumerate(records, 1):
        if not any(map(str.strip, fields)):
            continue
        if len(fields) > len(heading):
            reading.leave_out(f"row {number}", "with more fields than the heading", len(fields))
        else:
            rows.append((number, fields + [""] * (len(heading) - len(fields))))
    return heading, rows


def _decoded(content: bytes, reading: Reading) -> str:
    for mark, encoding in MARKS.items():
        if content.startswith(mark):
            return content.decode(encoding)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        reading.notes.append("The table is not in UTF-8: it was read as Western European (cp1252).")
        return content.decode("cp1252", errors="replace")


def _through_pandas(kind: str, **options) -> Callable[[Path, Reading], Rows]:
    def read(path: Path, reading: Reading) -> Rows:
        import pandas as pd

        try:
            table = getattr(pd, f"read_{kind}")(path, **options)
        except Exception as error:  # each of the libraries behind it has errors of its own
            raise ValueError(f"{type(error).__name__}: {error}") from error
        table = table.astype(object).where(table.notna(), "")
        rows = [list(map(str, row)) for row in table.itertuples(index=False)]
        return list(map(str, table.columns)), list(enumerate(rows, 1))

    return read


TABLES = {
    ".csv": _read_text,
    ".tsv": _read_text,
    ".tab": _read_text,
    ".txt": _read_text,
    ".xlsx": _through_pandas("excel", dtype=str),
    ".jsonl": _through_pandas("json", lines=True, dtype=False),
    ".parquet": _through_pandas("parquet"),
}


# ---------------------------------------------------------------- columns


def _choose_columns(
    path: str,
    heading: Sequence[str],
    rows: Sequence[tuple[int, Sequence[str]]],
    reading: Reading,
    columns: Mapping[str, str | None],
) -> dict[str, int | None]:
    """The place of each column, named or guessed; `reading` notes the guesses."""
    places = {name: _place_of(path, heading, column) for name, column in columns.items()}
    if places["picture"] is None:
        places["picture"] = _guess_picture(path, heading, rows[:LOOKED_AT])
    if places["label"] is None and columns["label"] is None:
        others = [i for i in range(len(heading)) if i not in places.values()]
        places["label"] = _guess_label(path, heading, others)
    free = {heading[i].lower(): i for i in range(len(heading)) if i not in places.values()}
    if columns["group"] is None and columns["label"] != "":
        places["group"] = _guess_group(free, heading, rows[:LOOKED_AT], places["label"], reading)
    for name, what in (("picture", "paths"), ("label", "labels")):
        if columns[name] is None:
            guess = heading[places[name]]
            reading.notes.append(
                f"Column {guess!r} was taken for the {what}; {name}=… names another."
            )
    taken = [place for place in places.values() if place is not None]
    if len(set(taken)) < len(taken):
        raise CourseError(f"{path}: picture, label and group must be different columns")
    return places


def _place_of(path: str, heading: Sequence[str], column: str | None) -> int | None:
    if not column:
        return None
    count = heading.count(visible(column))
    if count == 1:
        return heading.index(visible(column))
    if count:
        raise CourseError(f"{path} has {count} columns {column!r}: rename one")
    raise CourseError(f"{path} has no column {column!r}: {nearest(column, heading)}")


def _guess_picture(path: str, heading: Sequence[str], rows: Sequence) -> int:
    shares = []
    for place in range(len(heading)):
        texts = [row[place].strip().lower() for _, row in rows if row[place].strip()]
        shares.append(sum(text.endswith(ENDINGS) for text in texts) / max(1, len(texts)))
    best = max(range(len(heading)), key=shares.__getitem__, default=None)
    if best is None or shares[best] < 0.5:
        raise CourseError(
            f"{path}: no column holds paths of pictures, such as cats/1.jpg: name it with "
            f"picture=…; there are {', '.join(map(repr, heading))}"
        )
    return best


def _guess_label(path: str, heading: Sequence[str], others: Sequence[int]) -> int:
    known = [place for place in others if heading[place].lower() in LABELS]
    if len(known) == 1 or len(others) == 1:
        return (known or others)[0]
    raise CourseError(
        f"{path}: which column holds the labels is not clear: name it with label=…; there are "
        f"{', '.join(repr(heading[place]) for place in others) or 'no others'}"
    )


def _guess_group(
    free: Mapping[str, int], heading: Sequence[str], rows: Sequence, label: int, reading: Reading
) -> int | None:
    found = [place for name, place in free.items() if name in GROUPS]
    if len(found) == 1:
        reading.notes.append(
            f"Column {heading[found[0]]!r} was taken to say what belongs together; group=… names "
            "another."
        )
        return found[0]
    classes = len({row[label] for _, row in rows})
    perhaps = []
    for name, place in free.items():
        kinds = len({row[place] for _, row in rows})
        # Several rows each, and not as few as classes: an index has as many as there are rows.
        if name in PERHAPS_GROUPS or classes < kinds <= MOST_KINDS * len(rows):
            perhaps.append(heading[place])
    if perhaps:
        reading.notes.append(
            f"If pictures of one {perhaps[0]!r} belong together, say group={perhaps[0]!r}: else "
            "near duplicates alone are held together, and figures may be too good."
        )
    return None
