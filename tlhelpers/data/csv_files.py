"""Columns of a table in a text file, field by field as they stand, with the cause of each fault."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tlhelpers.data.names import visible
from tlhelpers.errors import CourseError, nearest

# Spreadsheets write semicolons where the comma is the decimal sign, and tabs with UTF-16.
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
# In this order: UTF-32 begins as UTF-16 does.
MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
NO_TABLES = {
    b"PK\x03\x04": "an Excel workbook or a zip archive",
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "packed with gzip",
    b"%PDF": "a PDF",
    b"{\\rtf": "a document with formatting (RTF)",
}
AS_UTF8 = "open it in the program that wrote it and save it as CSV in UTF-8"
LINE_END = re.compile(r"\r?\n|\r")
LONE_RETURN = re.compile(r"\r(?!\n)")
LONGEST_FIELD = 2**31 - 1  # what the csv module takes on every system


def read_columns(path: Path, wanted: Sequence[str]) -> tuple[list[int], list[list[str]]]:
    """Numbers of the rows, counted below the heading, and the fields of each wanted column.

    Lines that hold nothing are counted, as spreadsheets do, and left out.
    """
    text = _decoded(path, file_content(path))
    if not text.strip():
        raise CourseError(f"{path} is empty: give a table with a heading and rows")
    with long_fields():
        delimiter, places = _columns_of_heading(path, text, [visible(name) for name in wanted])
        (_, heading), *rows = _records(path, text, delimiter)
    if not rows:
        raise CourseError(f"{path} has no rows below its heading")
    _refuse_uneven(path, rows, len(heading), delimiter)
    return [number for number, _ in rows], [[row[place] for _, row in rows] for place in places]


def file_content(path: Path) -> bytes:
    """The bytes of a file; one clear error if it cannot be read."""
    if path.is_dir():
        raise CourseError(f"{path} is a folder: give a table in it")
    try:
        return path.read_bytes()
    except FileNotFoundError:
        beside = []
        with suppress(OSError):
            beside = sorted(file.name for file in path.parent.iterdir())
        near = f": {nearest(path.name, beside)}" if beside else ""
        raise CourseError(f"there is no file {path}{near}") from None
    except (OSError, ValueError) as error:  # e.g. no right to read; no name that a file may have
        raise CourseError(f"cannot read {path} ({error})") from error


def _decoded(path: Path, content: bytes) -> str:
    for start, kind in NO_TABLES.items():
        if content.startswith(start):
            raise CourseError(f"{path} is {kind}, not a table in plain text: {AS_UTF8}")
    encoding = next((name for mark, name in MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        name = encoding.removesuffix("-sig").upper()
        raise CourseError(
            f"line {line} of {path} is not written in {name} "
            f"(byte {content[error.start]:#04x}): {AS_UTF8}"
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise CourseError(
            f"line {line} of {path} holds a zero byte, as UTF-16 without its mark does: {AS_UTF8}"
        )
    return text


def _columns_of_heading(path: Path, text: str, wanted: list[str]) -> tuple[str, list[int]]:
    """The delimiter with which the heading has all wanted columns, and their places in it."""
    headings = _headings(path, text)
    missing = {sign: [w for w in wanted if w not in row] for sign, row in headings.items()}
    best = min(headings, key=lambda sign: (len(missing[sign]), -len(headings[sign])))
    heading = headings[best]
    if missing[best]:
        column = missing[best][0]
        raise CourseError(
            f"{path} has no column {column!r} in its first line: "
            f"{nearest(column, [name[:60] for name in heading])}"
        )
    for column in wanted:
        if heading.count(column) > 1:
            raise CourseError(
                f"{path} has {heading.count(column)} columns {column!r}: give each its own name"
            )
    return best, [heading.index(column) for column in wanted]


def _headings(path: Path, text: str) -> dict[str, list[str]]:
    """The names of the columns, read with each delimiter that is possible."""
    headings = {}
    for delimiter in DELIMITERS:
        try:
            _, row = next(_records(path, text, delimiter))
            headings[delimiter] = [visible(name) for name in row]
        except CourseError as error:
            fault = error
    if not headings:
        raise fault
    return headings


def _records(path: Path, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each row that holds something, with its number; the first one, number 0, is the heading."""
    text, stand_in = without_lone_returns(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number, line = 0, 1
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            where = f"{row_name(number)} (from line {line}) of {path}"
            raise CourseError(quote_fault(where, str(error))) from error
        if row is None:
            return
        if holds := len(row) > 1 or bool(visible("".join(row))):
            yield number, [field.replace(stand_in, "\r") for field in row]
        number, line = number + bool(holds or number), reader.line_num + 1


def without_lone_returns(text: str) -> tuple[str, str]:
    """Put a sign that the text lacks in the place of each carriage return that ends no line.

    Python's csv module may write them without quotes, but takes them for the end of a row.
    """
    stand_in = next(sign for sign in map(chr, range(0xE000, 0xF900)) if sign not in text)
    ends = LINE_END.search(text)
    old_mac = ends is not None and ends[0] == "\r"
    return (text if old_mac else LONE_RETURN.sub(stand_in, text)), stand_in


def quote_fault(where: str, error: str) -> str:
    """What is wrong with the quotes of a row, out of the message of the csv module."""
    if "unexpected end" in error:
        return f'{where} opens a quote (") that is never closed: close it after the text'
    return (
        f'{where} goes on after its closing quote ("): '
        'write a quote inside a quoted text twice ("")'
    )


def _refuse_uneven(
    path: Path, rows: list[tuple[int, list[str]]], width: int, delimiter: str
) -> None:
    uneven = [(number, row) for number, row in rows if len(row) != width]
    if uneven:
        (number, row), sign = uneven[0], DELIMITERS[delimiter]
        advice = f"put a text that holds a {sign} in quotes"
        if len(row) < width:
            advice = f"write a {sign} also before a field that is empty"
        more = f", and {len(uneven) - 1} more rows have not {width}" if len(uneven) > 1 else ""
        fields = "1 field" if len(row) == 1 else f"{len(row)} fields"
        raise CourseError(f"{path}: {row_name(number)} has {fields}, not {width}{more}: {advice}")


def row_name(number: int) -> str:
    """Call a row by its number below the heading."""
    return f"row {number} below the heading" if number else "the heading"


def row_names(numbers: Sequence[int]) -> str:
    """Call some rows by their numbers below the heading, at most five of them."""
    if len(numbers) == 1:
        return f"row {numbers[0]} below the heading"
    more = f" and {len(numbers) - 5} more" if len(numbers) > 5 else ""
    return f"rows {', '.join(map(str, numbers[:5]))}{more} below the heading"


@contextmanager
def long_fields() -> Iterator[None]:
    """Let the csv module take fields of any length meanwhile."""
    before = csv.field_size_limit(LONGEST_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(before)
