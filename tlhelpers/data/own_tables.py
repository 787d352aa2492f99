"""A table of any usual kind, told by its content: CSV, TSV, Excel, JSON lines, Parquet."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tlhelpers.data.csv_files import NO_TABLES, file_content
from tlhelpers.data.raw_tables import Table, to_table
from tlhelpers.data.reading import Reading
from tlhelpers.data.record_tables import looks_like_json, read_json, read_parquet
from tlhelpers.data.text_tables import read_text_table
from tlhelpers.data.walking import readable
from tlhelpers.data.workbooks import read_workbook, refuse_old_workbook
from tlhelpers.errors import CourseError

ZIP, OLD_WORKBOOK = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
PARQUET = (b"PAR1", b"PARE")
# What else is met under a name such as mine.csv.
OTHERS = {
    **{start: NO_TABLES[start] for start in (b"\x1f\x8b", b"%PDF", b"{\\rtf")},
    b"\x89PNG": "a picture (PNG)",
    b"\xff\xd8\xff": "a picture (JPEG)",
    b"GIF8": "a picture (GIF)",
    b"BZh": "packed with bzip2",
    b"\xfd7zXZ": "packed with xz",
    b"7z\xbc\xaf": "packed with 7-Zip",
    b"\x28\xb5\x2f\xfd": "packed with zstd",
    b"PK\x05\x06": "an empty zip archive",
    b"SQLite format 3": "a data base (SQLite)",
    b"\x93NUMPY": "an array of NumPy",
    b"<!DOCTYPE": "a web page",
    b"<html": "a web page",
}  # fmt: skip


def read_table(
    path, reading: Reading, wanted: Sequence[str] = (), usual: Sequence[str] = ()
) -> Table:
    """Read the columns of a table as texts, whatever its kind.

    Parameters
    ----------
    path : str or Path
        CSV or TSV in any usual encoding, an Excel workbook (.xlsx), JSON lines or an array of JSON
        objects, Parquet. The content tells the kind, not the ending.
    reading : Reading
        Is told of rows that were left out, and of what was guessed.
    wanted : sequence of str
        Names of columns that are asked for: they tell the heading, the delimiter and the sheet.
    usual : sequence of str
        Names in lower case that such a table often has; of several sheets, they tell the one.

    Returns
    -------
    Table

    Raises
    ------
    CourseError
        If there is no such file, it is no table, is damaged, or has no rows.
    """
    shown = readable(path)
    path = _own_path(path)
    if os.path.exists(path) and not os.path.isdir(path) and not os.path.isfile(path):  # noqa: PTH110, PTH112, PTH113 (a pipe may never end)
        raise CourseError(f"{shown} is no ordinary file: save what it gives as a file")
    content = file_content(path)
    return to_table(shown, _raw_table(shown, content, reading, wanted, usual), reading)


def _own_path(path) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError as error:  # somebody's home that there is not
        raise CourseError(
            f"cannot find {readable(path)} ({error}): write the path in full"
        ) from error


def _raw_table(path: str, content: bytes, reading: Reading, wanted, usual):
    for start, kind in OTHERS.items():
        if content.startswith(start):
            raise CourseError(
                f"{path} is {kind}, and no table: give CSV, TSV, Excel (.xlsx), JSON lines or "
                "Parquet, unpacked"
            )
    if content.startswith(OLD_WORKBOOK):
        refuse_old_workbook(path, content)
    if content.startswith(ZIP):
        return read_workbook(path, content, reading, wanted, usual)
    if content.startswith(PARQUET):
        return read_parquet(path, content, reading)
    if looks_like_json(content):
        return read_json(path, content, reading)
    return read_text_table(path, content, reading, wanted)
