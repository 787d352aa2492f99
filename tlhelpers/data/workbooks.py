"""Tables in Excel workbooks: which sheet, which row is the heading, what each cell says."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tlhelpers.data.names import visible
from tlhelpers.data.raw_tables import RawTable, as_text
from tlhelpers.data.reading import Reading, name_some
from tlhelpers.data.text_tables import LOOKED_AT, count_titles, tell_titles
from tlhelpers.errors import CourseError

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
MOST_BYTES = 2**31  # of an unpacked workbook; a zip can promise any number
NO_RESULT = "a formula whose result is not stored: open and save it in a spreadsheet program"
Cells = list[list[object]]


def refuse_old_workbook(path: str, content: bytes) -> None:
    """Say what to do with a workbook in the old format, or one that a password locks."""
    if ENCRYPTED in content:
        raise CourseError(f"{path} is locked with a password: save it without one")
    raise CourseError(
        f"{path} is an Excel workbook in the old format (.xls): open it and save it as .xlsx or as "
        "CSV in UTF-8"
    )


def read_workbook(
    path: str, content: bytes, reading: Reading, wanted: Sequence[str], usual: Sequence[str]
) -> RawTable:
    """Heading and rows of the first sheet that has the wanted columns, or usual ones."""
    parts = _parts(path, content)
    book = _opened(path, content, values=True)
    formulas = _opened(path, content, values=False) if _has_formulas(parts) else None
    sheets = sorted(book.worksheets, key=lambda sheet: sheet.sheet_state != "visible")
    found = []
    for sheet in sheets:
        cells, above = _cells(sheet), []
        if any(any(value is not None for value in row) for row in cells):
            places = _merged_filled(sheet, cells)
            start, heading = _heading(sheet, cells, wanted, above)
            found.append((sheet, cells, start, heading, [*above, *places]))
    if not found:
        raise CourseError(f"{path} has no sheet with anything in it")
    best = max(found, key=lambda one: _fitness(one[3], len(one[1]) - one[2], wanted, usual))
    sheet, cells, start, heading, notes = best
    _tell_sheet(sheet, [one[0] for one in found], start, reading)
    reading.notes += notes
    return _raw(sheet, cells, start, heading, formulas)


def _parts(path: str, content: bytes) -> zipfile.ZipFile:
    try:
        parts = zipfile.ZipFile(io.BytesIO(content))
        names = parts.namelist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise CourseError(_damaged(path, error)) from error
    if "xl/workbook.bin" in names:
        raise CourseError(f"{path} is a binary workbook (.xlsb): save it as .xlsx")
    if "xl/workbook.xml" not in names:
        raise CourseError(
            f"{path} is a zip archive and no Excel workbook: unpack it, or save its table as .xlsx "
            "or as CSV in UTF-8"
        )
    if sum(part.file_size for part in parts.infolist()) > MOST_BYTES:
        raise CourseError(f"{path} is too large when unpacked: save its table as CSV in UTF-8")
    return parts


def _damaged(path: str, error: Exception) -> str:
    told = " ".join(str(error).split())[:100]
    return f"{path} is damaged and cannot be read ({type(error).__name__}: {told}): save it anew"


def _opened(path: str, content: bytes, values: bool) -> Workbook:
    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of parts that are of no use here, e.g. pictures
            return load_workbook(io.BytesIO(content), data_only=values, keep_links=False)
    except Exception as error:  # what is wrong in a file comes out as errors of many kinds
        raise CourseError(_damaged(path, error)) from error


def _has_formulas(parts: zipfile.ZipFile) -> bool:
    """Whether a sheet holds a formula: only then it is worth a second reading."""
    for name in parts.namelist():
        if name.startswith("xl/worksheets/") and name.endswith(".xml"):
            sheet = parts.read(name)
            if b"<f>" in sheet or b"<f " in sheet:
                return True
    return False


def _cells(sheet: Worksheet) -> Cells:
    cells = [list(row) for row in sheet.iter_rows(min_row=1, min_col=1, values_only=True)]
    while cells and all(value is None for value in cells[-1]):
        cells.pop()
    return cells


def _merged_filled(sheet: Worksheet, cells: Cells) -> list[str]:
    """Write the value of cells that were merged over several rows into each; tell how many."""
    count = 0
    for merged in sheet.merged_cells.ranges:
        value = (
            cells[merged.min_row - 1][merged.min_col - 1] if merged.min_row <= len(cells) else None
        )
        if (
            merged.max_row > merged.min_row
            and merged.min_col == merged.max_col
            and value is not None
        ):
            count += 1
            for row in cells[merged.min_row - 1 : merged.max_row]:
                row[merged.min_col - 1] = value
    told = f"{count} cells merged over several rows: each of these rows got what they say."
    return [told] if count else []


def _heading(
    sheet: Worksheet, cells: Cells, wanted: Sequence[str], notes: list[str]
) -> tuple[int, list[str]]:
    """The place of the first row below the heading, and the heading, of one row or of two."""
    start = next(place for place, row in enumerate(cells) if _filled(row))
    top = [list(map(as_text, row)) for row in cells[start : start + LOOKED_AT]]
    if skipped := count_titles(top, wanted):
        notes.append(tell_titles(top[0], skipped))
    start += skipped
    heading = list(map(as_text, cells[start]))
    wide = [
        merged for merged in sheet.merged_cells.ranges
        if merged.min_row == start + 1 and merged.max_col > merged.min_col
    ]  # fmt: skip
    if wide and start + 1 < len(cells) and _filled(cells[start + 1]):
        below = list(map(as_text, cells[start + 1]))
        heading = [low if visible(low) else high for low, high in zip(below, heading, strict=True)]
        notes.append(f"Sheet row {start + 1} holds merged headings: the row below it was taken.")
        start += 1
    return start + 1, heading


def _filled(row: Sequence[object]) -> bool:
    return any(visible(as_text(value)) for value in row)


def _fitness(
    heading: Sequence[str], rows: int, wanted: Sequence[str], usual: Sequence[str]
) -> tuple[int, bool, int]:
    """The more wanted columns a sheet has, then rows, then usual columns, the better."""
    names = list(map(visible, heading))
    known = sum(name.lower() in usual for name in names)
    return sum(name in names for name in wanted), rows > 0, known


def _tell_sheet(
    sheet: Worksheet, all_sheets: Sequence[Worksheet], start: int, reading: Reading
) -> None:
    hidden = ", which is hidden" if sheet.sheet_state != "visible" else ""
    reading.notes.append(
        f"Sheet {sheet.title!r} was read{hidden}; row 1 of this report is its row {start + 1}, row "
        f"2 its row {start + 2}, and so on."
    )
    others = [
        (repr(other.title), "" if other.sheet_state == "visible" else "hidden")
        for other in all_sheets
        if other is not sheet
    ]
    if others:
        reading.notes.append(f"Sheets that were not read: {name_some(others)}.")


def _raw(
    sheet: Worksheet, cells: Cells, start: int, heading: list[str], formulas: Workbook | None
) -> RawTable:
    rows = [(number, list(map(as_text, row))) for number, row in enumerate(cells[start:], 1)]
    gaps = {}
    if formulas is not None:
        for row, place in _without_result(formulas[sheet.title], cells):
            gaps[row + 1 - start, place] = NO_RESULT
    for number, row in rows:
        for place, text in enumerate(row):
            if text in ERRORS:
                row[place], gaps[number, place] = "", text
    return RawTable(heading, rows, gaps)


# What a cell shows whose formula fails.
ERRORS = ("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!")


def _without_result(sheet: Worksheet, cells: Cells) -> Iterator[tuple[int, int]]:
    for place, row in enumerate(sheet.iter_rows(min_row=1, min_col=1)):
        for cell in row if place < len(cells) else ():
            if cell.data_type == "f" and cells[place][cell.column - 1] is None:
                yield place, cell.column - 1
