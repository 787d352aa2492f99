"""Tables for spreadsheets, in which no field of somebody's data is run as a formula."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import pandas as pd

from tlhelpers.setup import progress_report
from tlhelpers.setup.files import write_atomically


def inert(value):
    """A field that a spreadsheet shows and does not run; numbers stay what they are.

    A text that would begin a formula gets a straight quotation mark in front, as spreadsheets do
    it themselves for texts.
    """
    return progress_report.inert(value) if isinstance(value, str) else value


def write_csv(path: Path, table: pd.DataFrame) -> Path:
    """Write a table in UTF-8 with a mark that spreadsheets know it by, whole or not at all."""
    text = io.StringIO()
    # Texts in quotation marks: a lone carriage return in one is no end of a line.
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow([inert(str(name)) for name in table.columns])
    for row in table.itertuples(index=False):
        writer.writerow([_written(value) for value in row])
    # A file name may hold bytes that are no text.
    write_atomically(path, text.getvalue().encode("utf-8-sig", "backslashreplace"))
    return path


def _written(value):
    if isinstance(value, float):
        return round(float(value), 4) if math.isfinite(value) else ""
    return inert(value)
