"""A table of a learner's own texts."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd

from tlhelpers.data.duplicates import near_duplicates
from tlhelpers.data.texts import TextSet
from tlhelpers.errors import CourseError, nearest


def load_table(path, text: str = "text", label: str = "label", group: str | None = None) -> TextSet:
    """A learner's own texts: a CSV file with a heading line.

    Parameters
    ----------
    path : str or Path
        UTF-8.
    text, label : str
        Names of the columns.
    group : str, optional
        Column that says what belongs together; when left out, texts that say nearly the same do.

    Returns
    -------
    TextSet
        Classes in alphabetical order; scores are NaN.

    Raises
    ------
    CourseError
        If the file cannot be read, a column is missing, a text or label is empty, or there are
        fewer than two classes; the message names the file and the line.
    """
    path = Path(path).expanduser()
    rows = _read_rows(path)
    for column in filter(None, (text, label, group)):
        if column not in rows:
            raise CourseError(f"{path} has no column {column!r}: {nearest(column, rows.columns)}")
    for column in (text, label):
        empty = np.flatnonzero(rows[column].str.strip() == "")
        if len(empty):
            raise CourseError(f"{path}: row {empty[0] + 1} below the heading has no {column!r}")
    names = sorted(rows[label].unique())
    if len(names) < 2:
        raise CourseError(f"{path} needs at least two classes in {label!r}, found {names}")
    labels = rows[label].map({name: place for place, name in enumerate(names)}).to_numpy()
    texts = rows[text].tolist()
    groups = rows[group] if group else near_duplicates(texts).astype(str)
    scores = np.full(len(rows), np.nan)
    return TextSet(texts, labels, names, np.asarray(groups, dtype=str), scores, path.stem)


def _read_rows(path: Path) -> pd.DataFrame:
    """All fields as they stand; pandas would shift rows that have one comma too many."""
    try:
        lines = io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")
        head, *rows = [row for row in csv.reader(lines, strict=True) if row]
    except (OSError, ValueError, csv.Error) as error:
        raise CourseError(f"cannot read {path} ({error}): save it as CSV in UTF-8") from error
    for place, row in enumerate(rows, start=1):
        if len(row) != len(head):
            raise CourseError(
                f"{path}: row {place} below the heading has {len(row)} fields, not {len(head)}: "
                "put a text that holds a comma in quotes"
            )
    return pd.DataFrame(rows, columns=head, dtype=str)
