"""Predictions of a saved model as a table: one row per item, also for those that were left out."""

from __future__ import annotations

import csv
import os
import re
import secrets
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import numpy as np
from PIL import Image
from tqdm import tqdm

from tlhelpers.data.reading import Reading
from tlhelpers.errors import CourseError, nearest
from tlhelpers.models.saving import file_to_write
from tlhelpers.own_data.safe_csv import inert
from tlhelpers.own_data.saved_model import SavedModel

AT_ONCE = 512  # items whose rows are written together
FIXED = ("item", "predicted", "confidence")
LEFT_OUT = "left_out"
PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".heic", ".heif")
NUMBER = re.compile(r"[-+]?\d+([.,]\d+)?", re.ASCII)


def write_predictions(
    saved: SavedModel, paths: Sequence[Path], file: TextIO, column: str | None = None
) -> tuple[int, list[Reading]]:
    """Write a row for each item of the paths, in their order.

    Parameters
    ----------
    saved : SavedModel
    paths : list of Path
        Pictures and folders of them, or tables of texts.
    file : text file
    column : str, optional
        The column of a table that holds the texts, or the paths to pictures.

    Returns
    -------
    int
        How many items were predicted.
    list of Reading
        What was left out, and why.

    Raises
    ------
    CourseError
        If a path is missing, or what it holds is not what the model takes.
    """
    for path in paths:
        refuse_unfit(saved, path)
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(heading(saved.class_names))
    count, readings = 0, []
    for name, data, reading in _opened(saved, paths, column):
        readings.append(reading)
        count += len(data) if data is not None else 0
        for row in _rows(saved, data, reading, name):
            writer.writerow(row)
    return count, readings


def heading(class_names: Sequence[str]) -> list[str]:
    """Names of the columns; a class that is called like another column is told apart from it."""
    taken = (*FIXED, LEFT_OUT)
    return [*FIXED, *(field(f"class {n}" if n in taken else n) for n in class_names), LEFT_OUT]


def field(text: str) -> str:
    """A name as it stands in the table: what a spreadsheet would run gets a quotation mark."""
    return text if NUMBER.fullmatch(text) else inert(text)


def refuse_unfit(saved: SavedModel, path: Path) -> None:
    """A CourseError if a path is missing, or holds pictures where the model takes texts."""
    what = f"the model takes {saved.kind}"
    if not os.path.lexists(path):
        near = [found.name for found in _neighbours(path)]
        hint = nearest(path.name, near) if near else "look at the folder"
        raise CourseError(f"there is no file or folder {path}: {hint}")
    if saved.kind == "texts":
        if path.is_dir():
            raise CourseError(f"{what}, and {path} is a folder: give tables with a column of texts")
        if path.suffix.lower() in PICTURES or _is_picture(path):
            raise CourseError(
                f"{what}, and {path} is a picture: give tables with a column of texts"
            )


def _neighbours(path: Path) -> list[Path]:
    try:
        return sorted(path.absolute().parent.iterdir())
    except OSError:
        return []


def _is_picture(path: Path) -> bool:
    try:
        with Image.open(path):
            return True
    except Exception:  # each format has errors of its own
        return False


def first_items(saved: SavedModel, paths: Sequence[Path], column: str | None, most: int = 16):
    """The first items of the paths as a set; a CourseError says that there are none."""
    for path in paths:
        refuse_unfit(saved, path)
    for _, data, _ in _opened(saved, paths, column):
        if data is not None and len(data):
            return data.subset(np.arange(min(most, len(data))))
    raise CourseError("there is nothing that could be predicted")


# ---------------------------------------------------------------- rows


def _opened(saved: SavedModel, paths: Sequence[Path], column: str | None) -> Iterator[tuple]:
    """A name to put before those of the items, the items (None if there are none), the reading."""
    if saved.kind == "pictures":
        from tlhelpers.data.picture_files import open_unlabelled

        options = {"picture": column, "brightest": saved.card.get("brightest")}
        yield "", *open_unlabelled(list(paths), saved.picture_size, **options)
        return
    from tlhelpers.data.text_files import open_unlabelled_texts

    for path in paths:
        yield f"{path} " if len(paths) > 1 else "", *open_unlabelled_texts(path, text=column)


def _rows(saved: SavedModel, data, reading: Reading, name: str) -> Iterator[list[str]]:
    reasons = _reasons(reading)
    predicted = _predicted_rows(saved, data)
    for item, kept in _in_order(reading.names, list(reasons)):
        rest = next(predicted) if kept else ["", "", *[""] * len(saved.class_names), reasons[item]]
        yield [field(name + item), *rest]


def _predicted_rows(saved: SavedModel, data) -> Iterator[list[str]]:
    count = 0 if data is None else len(data)
    # Standard output is the table's.
    bar = tqdm(total=count, desc="predicted", unit="item", leave=False, delay=5, file=sys.stderr)
    with bar:
        for start in range(0, count, AT_ONCE):
            part = np.arange(start, min(start + AT_ONCE, count))
            for shares in saved.predict_proba(data.subset(part)):
                name = saved.class_names[int(shares.argmax())]
                numbers = [f"{share:.4f}" for share in shares]
                yield [field(name), f"{shares.max():.4f}", *numbers, ""]
            bar.update(len(part))


def _reasons(reading: Reading) -> dict[str, str]:
    """Why each item was left out, as one text."""
    reasons: dict[str, str] = {}
    for reason, items in reading.left_out.items():
        for name, detail in items.items():
            told = f"left out of those {reason}{f' ({detail})' if detail else ''}"
            reasons[name] = f"{reasons[name]}; {told}" if name in reasons else told
    return reasons


def _in_order(kept: Sequence[str], left_out: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Names of all items as they lay in the folder or table, and whether each was kept.

    What was left out of items in another order than by name comes last.
    """
    names = [(name, True) for name in kept] + [(name, False) for name in left_out]
    places = [_place(name) for name in kept]
    if places != sorted(places):
        return iter(names)
    return iter(sorted(names, key=lambda one: _place(one[0])))


def _place(name: str) -> tuple:
    row = re.search(r"\brow (\d+)$", name)
    return (name[: row.start()], int(row[1])) if row else (name, 0)


# ---------------------------------------------------------------- the file


@contextmanager
def table_file(path: Path | None) -> Iterator[TextIO]:
    """Standard output, or a file that is written as a whole; a table of predictions is replaced."""
    if path is None:
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
        yield sys.stdout
        sys.stdout.flush()
        return
    path = file_to_write(path, "table of predictions")
    if path.exists() and not _is_own(path):
        raise CourseError(f"{path} holds something else than predictions: name another --out")
    made = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with made.open("x", encoding="utf-8", errors="backslashreplace", newline="") as file:
            yield file
        made.replace(path)
    finally:
        made.unlink(missing_ok=True)


def _is_own(path: Path) -> bool:
    """Whether a file is empty, or begins as such a table does."""
    start = (",".join(FIXED) + ",").encode()
    try:
        with path.open("rb") as file:
            head = file.read(len(start))
    except OSError as error:
        raise CourseError(f"cannot read {path} ({error.strerror or error})") from error
    return head in (b"", start)
