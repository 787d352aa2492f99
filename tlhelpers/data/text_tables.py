"""Tables in text files of any usual encoding and delimiter, with the faults of real ones."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from tlhelpers.data.csv_files import (
    DELIMITERS,
    MARKS,
    long_fields,
    quote_fault,
    without_lone_returns,
)
from tlhelpers.data.names import visible
from tlhelpers.data.raw_tables import RawTable
from tlhelpers.data.reading import Reading
from tlhelpers.errors import CourseError

SIGNS = {**DELIMITERS, "|": "vertical bar"}
NO_SIGN = "\x1f"  # stands in no table of one column
LOOKED_AT = 500
REPLACED = "\ufffd"
LONGEST_NAME = 60


class Record(NamedTuple):
    """A row with its number below the heading and its lines; `fault` is why it has no fields."""

    number: int
    fields: list[str]
    lines: str
    fault: str = ""


# ---------------------------------------------------------------- encodings


def decode_table(path: str, content: bytes, reading: Reading) -> str:
    """The text of a file; `reading` is told of an encoding that had to be guessed."""
    encoding = next((name for mark, name in MARKS.items() if content.startswith(mark)), None)
    if encoding is not None:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            text = content.decode(encoding, "replace")
            _tell_replaced(text.count(REPLACED), encoding, reading)
            return text
    if (unmarked := _unmarked_utf16(content)) is not None:
        reading.notes.append("The file was read as UTF-16, which it does not say of itself.")
        return unmarked
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return _decode_other(path, content, reading)


def _tell_replaced(count: int, encoding: str, reading: Reading) -> None:
    name = encoding.removesuffix("-sig").upper()
    reading.notes.append(
        f"{count} places that are not written in {name} came out as {REPLACED}: look for that "
        "sign in the texts, and save the table anew from where it came."
    )


def _unmarked_utf16(content: bytes) -> str | None:
    """The text, if zero bytes stand as UTF-16 puts them and the result is written in letters."""
    if len(content) % 2 or not content.count(0):
        return None
    plausible = {}
    for encoding in ("utf-16-le", "utf-16-be"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        start = text[:4000]
        strange = sum(unicodedata.category(sign) in ("Cn", "Co", "Cc") for sign in start)
        strange -= sum(start.count(sign) for sign in "\r\n\t")
        if "\n" in text and strange <= 0.02 * len(start):
            plausible[encoding] = sum(sign < "\x80" for sign in text)
    if not plausible:
        return None
    return content.decode(max(plausible, key=plausible.__getitem__))


def _decode_other(path: str, content: bytes, reading: Reading) -> str:
    """UTF-8 with some damage, or Windows-1252; a file without text is refused."""
    if b"\0" in content:
        raise CourseError(
            f"{path} holds no text: give a CSV or TSV file, an Excel workbook (.xlsx), JSON lines "
            "or Parquet"
        )
    text = content.decode("utf-8", "replace")
    damaged = text.count(REPLACED)
    whole = sum(sign >= "\x80" for sign in text) - damaged
    if whole > 9 * damaged:
        _tell_replaced(damaged, "utf-8", reading)
        return text
    reading.notes.append(
        "The file is not written in UTF-8: it was read as Windows-1252 (Latin-1), the usual "
        "encoding of Western Europe. If letters look wrong, save it as CSV in UTF-8."
    )
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError:
        return content.decode("latin-1")


# ---------------------------------------------------------------- rows


def read_text_table(path: str, content: bytes, reading: Reading, wanted: Sequence[str]) -> RawTable:
    """Heading and rows; those with a fault or another number of fields are left out and told."""
    text = decode_table(path, content, reading)
    if not text.strip():
        raise CourseError(f"{path} is empty: give a table with a heading and rows")
    with long_fields():
        delimiter = _choose_delimiter(text, wanted)
        records = _read_records(path, text, delimiter, reading)
    records = _without_title(records, wanted, reading)
    heading, *rows = records
    if heading.fault:
        raise CourseError(quote_fault(f"the heading of {path}", heading.fault))
    while (
        rows
        and not rows[-1].fault
        and not visible("".join(rows[-1].fields))
        and len(rows[-1].fields) < 2
    ):
        rows.pop()
    fields = heading.fields
    return RawTable(fields, _even_rows(path, fields, rows, delimiter, reading))


def _choose_delimiter(text: str, wanted: Sequence[str]) -> str:
    """The sign that parts most rows into the same number of fields, with the wanted columns."""
    chances = {}
    for sign in SIGNS:
        rows = [record.fields for record in islice(_records(text, sign), LOOKED_AT)]
        rows = [row for row in rows if visible("".join(row))]
        if not rows:
            continue
        widths = Counter(map(len, rows[1:] or rows))  # the first may be a title
        width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
        headings = [list(map(visible, row)) for row in rows[:3]]
        named = max(sum(name in row for name in wanted) for row in headings)
        if len(rows[0]) > 1 or width > 1:
            share = count / max(1, len(rows) - 1)
            even = share >= 0.5 and width > 1
            chances[sign] = (named, even, len(rows[0]) > 1, round(share, 1), width)
    good = {sign: chance for sign, chance in chances.items() if chance[2] or chance[3] > 0.9}
    return max(good, key=good.__getitem__) if good else NO_SIGN


def _records(text: str, delimiter: str, quoting: int = csv.QUOTE_MINIMAL) -> Iterator[Record]:
    """Each row from the heading on, which is number 0; blank lines count, as in spreadsheets."""
    text, stand_in = without_lone_returns(text)
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, strict=True, quoting=quoting
    )
    number, line = 0, 1
    while True:
        fault, row = "", []
        try:
            row = next(reader, None)
        except csv.Error as error:
            fault = str(error)
        if row is None:
            return
        last = reader.line_num
        lines = f"lines {line} to {last}" if last > line else f"line {line}"
        if number or fault or visible("".join(row)):
            fields = [field.replace(stand_in, "\r") for field in row]
            yield Record(number, fields, lines, fault)
            number += 1
        line = last + 1


def _read_records(path: str, text: str, delimiter: str, reading: Reading) -> list[Record]:
    records = list(_records(text, delimiter))
    last = records[-1]
    if "unexpected end" not in last.fault:
        return records
    if delimiter == "\t":  # programs that write tabs often do not quote
        plain = list(_records(text, delimiter, csv.QUOTE_NONE))
        if sum(len(row.fields) == len(plain[0].fields) for row in plain) > 0.9 * len(plain):
            reading.notes.append('Quotes (") were read as signs of the texts: they do not pair.')
            return plain
    where = f"row {last.number} below the heading" if last.number else "the heading"
    raise CourseError(quote_fault(f"{where} ({last.lines}) of {path}", last.fault))


def _without_title(records: list[Record], wanted: Sequence[str], reading: Reading) -> list[Record]:
    """Pass over titles above the heading."""
    skipped = count_titles([record.fields for record in records[:LOOKED_AT]], wanted)
    if skipped:
        reading.notes.append(tell_titles(records[0].fields, skipped))
    return [record._replace(number=record.number - skipped) for record in records[skipped:]]


def count_titles(rows: Sequence[Sequence[str]], wanted: Sequence[str]) -> int:
    """How many rows stand above the heading: each is a title, or blank below a title."""
    start = 0
    while True:
        below = (place for place in range(start + 1, len(rows)) if visible("".join(rows[place])))
        place = next(below, len(rows))
        if place + 1 >= len(rows) or not _is_title(rows[start], rows[place], wanted):
            return start
        start = place


def _is_title(fields: Sequence[str], below: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether a row is a title: one field at most, above different short words or wanted names."""
    filled, names = (list(filter(None, map(visible, row))) for row in (fields, below))
    if any(name in filled for name in wanted):
        return False
    if wanted and all(name in names for name in wanted):
        return True
    short = all(len(name) <= LONGEST_NAME and not is_number(name) for name in names)
    first = len(filled) == 1 and bool(visible(fields[0]))
    return first and len(names) > 1 and short and len(set(names)) == len(names)


def is_number(text: str) -> bool:
    """Whether a text is a number, with a comma or a point."""
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True


def tell_titles(fields: Sequence[str], count: int) -> str:
    """Say that rows above the heading were passed over."""
    shown = visible(" ".join(fields))[:LONGEST_NAME]
    rows = "A row" if count == 1 else f"{count} rows"
    return f"{rows} above the heading, {shown!r}, was taken for a title and passed over."


def _even_rows(
    path: str, heading: list[str], records: Sequence[Record], delimiter: str, reading: Reading
) -> list[tuple[int, list[str]]]:
    """The rows with as many fields as the heading; all others are told."""
    width, rows, uneven = len(heading), [], []
    for record in records:
        fields = record.fields
        if not visible("".join(fields)) and not record.fault:
            fields = [""] * width
        while len(fields) > width and not visible(fields[-1]):
            fields = fields[:-1]
        if record.fault or len(fields) != width:
            uneven.append(record)
        else:
            rows.append((record.number, fields))
    if len(uneven) > len(rows):
        raise CourseError(_most_uneven(path, heading, uneven, len(records), delimiter))
    for record in uneven:
        name, count = f"row {record.number}", len(record.fields)
        if record.fault:
            reading.leave_out(name, 'with a quote (") inside a quoted text', record.lines)
        else:
            reason = "more" if count > width else "fewer"
            detail = f"{count}, not {width}, {record.lines}"
            reading.leave_out(name, f"with {reason} fields than the heading", detail)
    return rows


def _most_uneven(
    path: str, heading: list[str], uneven: Sequence[Record], count: int, delimiter: str
) -> str:
    first, sign = uneven[0], SIGNS.get(delimiter, "delimiter")
    return (
        f"{path}: {len(uneven)} of {count} rows have not as many fields as the heading, which has "
        f"{len(heading)} parted by a {sign}; row {first.number} ({first.lines}) has "
        f"{len(first.fields)}: put texts that hold a {sign} in quotes, or save the table as .xlsx"
    )
