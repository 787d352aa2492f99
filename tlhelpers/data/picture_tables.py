"""A table of paths of pictures and their labels, with its columns guessed or named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tlhelpers.data.names import visible
from tlhelpers.data.own_tables import read_table
from tlhelpers.data.reading import Reading, tell_heading
from tlhelpers.data.table_columns import LABELS
from tlhelpers.data.walking import readable
from tlhelpers.errors import CourseError, nearest

# What a file is called that is a table, and no picture.
TABLES = frozenset(
    (".csv", ".tsv", ".tab", ".txt", ".xlsx", ".xlsm", ".json", ".jsonl", ".ndjson", ".parquet")
)
ENDINGS = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".avif",
    ".jp2", ".ico", ".ppm", ".pgm", ".qoi", ".heic", ".heif",
)  # fmt: skip
PATHS = ("path", "file", "filename", "file_name", "image", "picture", "image_path")
GROUPS = ("group", "groups", "group_id", "group id")
# Columns that often say what belongs together, but not always.
PERHAPS_GROUPS = ("person", "patient", "subject", "product", "day", "date", "session", "camera")
LOOKED_AT = 1000
MOST_KINDS = 0.8

Columns = Mapping[str, Sequence[str]]


def read_picture_table(
    path: Path, reading: Reading, columns: Mapping[str, str | None]
) -> tuple[list[int], Sequence[str], Sequence[str] | None, Sequence[str] | None]:
    """Numbers of the rows, counted below the heading, paths, labels and groups.

    `columns` name those of ``"picture"``, ``"label"`` and ``"group"``; None lets guess, an empty
    text asks for none.
    """
    wanted = [column for column in columns.values() if column]
    table = read_table(path, reading, wanted, (*PATHS, *LABELS))
    names = _choose_columns(readable(path), table.columns, reading, columns)
    fields = {what: None if name is None else table.columns[name] for what, name in names.items()}
    return table.numbers, fields["picture"], fields["label"], fields["group"]


def _choose_columns(
    path: str, table: Columns, reading: Reading, columns: Mapping[str, str | None]
) -> dict[str, str | None]:
    """The name of each column, given or guessed; `reading` notes the guesses."""
    names = {what: _as_written(path, table, column) for what, column in columns.items()}
    if names["picture"] is None:
        names["picture"] = _guess_picture(path, table)
        if names["picture"].lower().endswith(ENDINGS):
            tell_heading(reading, names["picture"], "as pictures are called")
    if names["label"] is None and columns["label"] is None:
        names["label"] = _guess_label(path, _others(table, names))
    for what, shown in (("picture", "paths"), ("label", "labels")):
        if columns[what] is None:
            reading.notes.append(
                f"Column {names[what]!r} was taken for the {shown}; {what}=… names another."
            )
    if columns["group"] is None and columns["label"] != "":
        free = {name: table[name] for name in _others(table, names)}
        names["group"] = _guess_group(free, len(set(table[names["label"]])), reading)
    taken = [name for name in names.values() if name is not None]
    if len(set(taken)) < len(taken):
        raise CourseError(f"{path}: picture, label and group must be different columns")
    return names


def _others(table: Columns, names: Mapping[str, str | None]) -> list[str]:
    return [name for name in table if name not in names.values()]


def _as_written(path: str, table: Columns, column: str | None) -> str | None:
    """The column of this name, as its heading stands in the table."""
    if not column:
        return None
    if visible(column) not in table:
        raise CourseError(f"{path} has no column {column!r}: {nearest(column, table)}")
    return visible(column)


def _guess_picture(path: str, table: Columns) -> str:
    shares = {}
    for name, fields in table.items():
        texts = [field.strip().lower() for field in fields[:LOOKED_AT] if field.strip()]
        shares[name] = sum(text.endswith(ENDINGS) for text in texts) / max(1, len(texts))
    best = max(shares, key=shares.__getitem__)
    if shares[best] < 0.5:
        raise CourseError(
            f"{path}: no column holds paths of pictures, such as cats/1.jpg: name it with "
            f"picture=…; there are {', '.join(map(repr, table))}"
        )
    return best


def _guess_label(path: str, others: Sequence[str]) -> str:
    called_so = [name for name in others if name.lower() in (*LABELS, "species")]
    possible = called_so or [name for name in others if name.lower() not in GROUPS]
    if len(possible) == 1:
        return possible[0]
    raise CourseError(
        f"{path}: which column holds the labels is not clear: name it with label=…; there are "
        f"{', '.join(map(repr, others)) or 'no others'}"
    )


def _guess_group(free: Columns, classes: int, reading: Reading) -> str | None:
    found = [name for name in free if name.lower() in GROUPS]
    if len(found) == 1:
        reading.notes.append(
            f"Column {found[0]!r} was taken to say what belongs together; group=… names another."
        )
        return found[0]
    # Several rows each, and not as few as classes: an index has as many as there are rows.
    perhaps = [
        name
        for name, fields in free.items()
        if name.lower() in PERHAPS_GROUPS or classes < len(set(fields)) <= MOST_KINDS * len(fields)
    ]
    if perhaps:
        reading.notes.append(
            f"If pictures of one {perhaps[0]!r} belong together, say group={perhaps[0]!r}: else "
            "near duplicates alone are held together, and figures may be too good."
        )
    return None
