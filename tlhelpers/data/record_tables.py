"""Tables in JSON lines, in a JSON array, and in Parquet."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Sequence

from tlhelpers.data.raw_tables import RawTable, as_text
from tlhelpers.data.reading import Reading, count_of
from tlhelpers.data.text_tables import decode_table
from tlhelpers.errors import CourseError

NESTED = "a nested value"
NO_OBJECT = "that are no JSON object"


def looks_like_json(content: bytes) -> bool:
    """Whether a file begins as JSON does, apart from spaces and the mark of its encoding."""
    start = content[:200].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    quoted = start[1:].lstrip()[:1]
    return start[:1] in (b"{", b"[") and quoted in (b'"', b"{", b"}", b"]", b"[")


def read_json(path: str, content: bytes, reading: Reading) -> RawTable:
    """Heading and rows out of one object per line, or an array of objects."""
    text = decode_table(path, content, reading).lstrip("\ufeff")
    if text.lstrip().startswith("["):
        items = _array(path, text)
        values = [item if isinstance(item, dict) else f"{item!r}"[:60] for item in items]
    else:
        lines = text.rstrip("\n").split("\n")
        values = [_object(line) if line.strip() else None for line in lines]
    return _raw_of_objects(path, values, reading)


def _array(path: str, text: str) -> list:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CourseError(
            f"{path} is no complete JSON array ({error}): save it anew, or as JSON lines"
        ) from error
    if isinstance(found, list):
        return found
    raise CourseError(f"{path} holds no JSON array of objects")


def _object(line: str) -> dict | str:
    """The object of a line, or why there is none."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        return str(error)
    return found if isinstance(found, dict) else f"{line.strip()!r}"[:60]


def _raw_of_objects(path: str, values: Sequence[dict | str | None], reading: Reading) -> RawTable:
    objects = [value for value in values if isinstance(value, dict)]
    faults = [value for value in values if isinstance(value, str)]
    if len(faults) > len(objects) or not objects:
        told = f" ({faults[0]})" if faults else ""
        raise CourseError(
            f"{path}: {len(faults)} of {len(values)} lines or items are no JSON object{told}: give "
            'one object per line, such as {"text": "…", "label": "…"}, or an array of them'
        )
    heading = list(dict.fromkeys(name for one in objects for name in one))
    raw = RawTable(heading, [])
    for number, value in enumerate(values, 1):
        if isinstance(value, str):
            reading.leave_out(f"row {number}", NO_OBJECT, value)
        elif value is None:
            raw.rows.append((number, [""] * len(heading)))
        else:
            _append(raw, number, [value.get(name) for name in heading])
    _tell_nested(raw, reading)
    return raw


def _append(raw: RawTable, number: int, values: Iterable[object]) -> None:
    fields = []
    for place, value in enumerate(values):
        nested = isinstance(value, (dict, list, tuple))
        if nested:
            raw.gaps[number, place] = NESTED
        fields.append("" if nested else as_text(value))
    raw.rows.append((number, fields))


def _tell_nested(raw: RawTable, reading: Reading) -> None:
    counts: dict[str, list[int]] = {}
    for number, place in raw.gaps:
        counts.setdefault(raw.heading[place], []).append(number)
    for name, numbers in counts.items():
        rows = count_of(len(numbers), "row")
        reading.notes.append(
            f"Column {name!r} holds lists or objects in {rows}, the first is row {numbers[0]}: "
            "these values were left out."
        )


def read_parquet(path: str, content: bytes, reading: Reading) -> RawTable:
    """Heading and rows of a Parquet file."""
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(io.BytesIO(content)) as file:
            table = file.read()
        columns = [column.to_pylist() for column in table.columns]
    except (pyarrow.ArrowException, OSError, ValueError, TypeError) as error:
        told = " ".join(str(error).split())[:100]
        raise CourseError(
            f"{path} is a Parquet file that is damaged, locked or of an unknown kind ({told}): "
            "save it anew"
        ) from error
    raw = RawTable(list(table.column_names), [])
    for number, values in enumerate(zip(*columns, strict=True), 1):
        _append(raw, number, values)
    _tell_nested(raw, reading)
    return raw
