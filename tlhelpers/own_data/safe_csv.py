"""Tables for spreadsheets, in which no field of somebody's data is run as a formula."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tlhelpers.setup.files import write_atomically

# What a spreadsheet takes for the start of a formula, in full width too.
FORMULA_STARTS = tuple("=+-@＝＋－＠|%\t\r\n")


def inert(value):
    """A field that a spreadsheet shows and does not run; numbers stay what they are.

    A text that would begin a formula gets a straight quotation mark in front, as spreadsheets do
    it themselves for texts.
    """
    if not isinstance(value, str):
        return value
    return f"'{value}" if value.lstrip(" \u00a0\ufeff").startswith(FORMULA_STARTS) else value


def write_csv(path: Path, table: pd.DataFrame) -> Path:
    """Write a table in UTF-8 with a mark that spreadsheets know it by, whole or not at all."""
    safe = pd.DataFrame(
        {inert(str(name)): [inert(value) for value in table[name]] for name in table.columns}
    )
    text = safe.to_csv(index=False, lineterminator="\n", float_format="%.4f")
    # A file name may hold bytes that are no text.
    write_atomically(path, text.encode("utf-8-sig", "backslashreplace"))
    return path
