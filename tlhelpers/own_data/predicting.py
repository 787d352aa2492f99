"""Predictions of a saved model as a table: one row per item, also for those that were left out."""

from __future__ import annotations

import csv
import os
import re
import secrets
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import numpy as np
from PIL import Image
from tqdm import tqdm

from tlhelpers.data.images import ImageSet
from tlhelpers.data.picture_tables import TABLES
from tlhelpers.data.reading import Reading
from tlhelpers.data.texts import TextSet
from tlhelpers.data.walking import name_below
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
    count, readings = 0, []
    for part in _opened(saved, paths, column):
        if not readings:  # no heading where nothing can be read at all
            writer.writerow(heading(saved.class_names))
        readings.append(part.reading)
        count += len(part.reading.names)
        for row in _rows(saved, part):
            writer.writerow(row)
    return count, readings


def heading(class_names: Sequence[str]) -> list[str]:
    """Names of the columns; a class that is called like another column is told apart from it."""
    taken = (*FIXED, LEFT_OUT)
    return [*FIXED, *(field_of(f"class {n}" if n in taken else n) for n in class_names), LEFT_OUT]


def field_of(text: str) -> str:
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
        if not path.is_file():  # a pipe may never end
            return False
        with Image.open(path):
            return True
    except Exception:  # each format has errors of its own
        return False


def first_items(saved: SavedModel, paths: Sequence[Path], column: str | None, most: int = 16):
    """The first items of the paths as a set; a CourseError says that there are none."""
    for path in paths:
        refuse_unfit(saved, path)
    for part in _opened(saved, paths, column):
        if part.reading.names:
            return part.data.subset(np.arange(min(most, len(part.data))))
    raise CourseError("there is nothing that could be predicted")


# ---------------------------------------------------------------- rows


@dataclass
class _Part:
    """Items that were opened at once; `order` holds the names of all of them, as they were given.

    `shown` are the names that the table has for them, where these are others.
    """

    data: ImageSet | TextSet | None
    reading: Reading
    order: list[str]
    shown: dict[str, str] = field(default_factory=dict)


def _opened(saved: SavedModel, paths: Sequence[Path], column: str | None) -> Iterator[_Part]:
    """What the paths hold, part by part; of several, one that cannot be opened is only told."""
    groups = [{None: path} for path in paths]
    if saved.kind == "pictures":
        groups = list(_groups(paths))
    for group in groups:
        try:
            yield _open(saved, group, column, len(paths) > 1)
        except CourseError as error:
            if len(groups) == 1:
                raise
            yield _unopened(list(group.values()), str(error))


def _open(saved: SavedModel, group: dict, column: str | None, several: bool) -> _Part:
    if saved.kind == "texts":
        from tlhelpers.data.text_files import open_unlabelled_texts

        return _below(group[None], *open_unlabelled_texts(group[None], text=column), several)
    from tlhelpers.data.picture_files import open_unlabelled

    options = {"picture": column, "brightest": saved.card.get("brightest")}
    data, reading = open_unlabelled(list(group.values()), saved.picture_size, **options)
    if None in group:
        return _below(group[None], data, reading, several)
    shown = {name: str(path) for name, path in group.items()}
    return _Part(data, reading, _in_order(list(group), reading), shown)


def _unopened(paths: Sequence[Path], why: str) -> _Part:
    reading = Reading("")
    for path in paths:
        reading.leave_out(str(path), "that cannot be read", why)
    return _Part(None, reading, _in_order(map(str, paths), reading))


def _groups(paths: Sequence[Path]) -> Iterator[dict[str | None, Path]]:
    """Paths to open at once: files by the name that they are read under, or one folder or table."""
    files: dict[str | None, Path] = {}
    for path in paths:
        alone = path.is_dir() or path.suffix.lower() in TABLES
        name = name_below(Path(os.path.realpath(path)))  # which takes links in a circle too
        if files and (alone or name in files):
            yield files
            files = {}
        if alone:
            yield {None: path}
        else:
            files[name] = path
    if files:
        yield files


def _below(path: Path, data, reading: Reading, several: bool) -> _Part:
    """Items of a folder or table, in its order; of several, each name begins with the path."""
    order = [*reading.names, *_reasons(reading)]
    of_rows = {_place(name)[1] > 0 for name in order}  # kept ones may be called by their path
    if len(of_rows) == 1 and sorted(reading.names, key=_place) == reading.names:
        order.sort(key=_place)
    between = "/" if path.is_dir() else " "
    shown = {name: f"{path}{between}{name}" for name in order if several}
    return _Part(data, reading, _in_order(order, reading), shown)


def _in_order(names: Iterable[str], reading: Reading) -> list[str]:
    """All names of a reading in this order, in which those that were kept stand as they were read.

    Predictions come in the order of those that were kept: no other one may be told.
    """
    kept, reasons = set(reading.names), _reasons(reading)
    order = [name for name in dict.fromkeys(names) if name in kept or name in reasons]
    if [name for name in order if name in kept] != reading.names:
        return [*reading.names, *(name for name in reasons if name not in kept)]
    placed = set(order)
    return [*order, *(name for name in reasons if name not in placed)]


def _place(name: str) -> tuple[str, int]:
    """By the number of a row, or by name."""
    row = re.search(r"\brow (\d+)$", name)
    return (name[: row.start()], int(row[1])) if row else (name, 0)


def _rows(saved: SavedModel, part: _Part) -> Iterator[list[str]]:
    reasons, predicted = _reasons(part.reading), _predicted_rows(saved, part.data)
    kept = set(part.reading.names)
    for name in part.order:
        empty = ["", "", *[""] * len(saved.class_names), reasons.get(name, "")]
        yield [field_of(part.shown.get(name, name)), *(next(predicted) if name in kept else empty)]


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
                yield [field_of(name), f"{shares.max():.4f}", *numbers, ""]
            bar.update(len(part))


def _reasons(reading: Reading) -> dict[str, str]:
    """Why each item was left out, as one text."""
    reasons: dict[str, str] = {}
    for reason, items in reading.left_out.items():
        for name, detail in items.items():
            # Reasons go on from "3 left out", which is said of many.
            alone = re.sub(r"^that (are )?", "", reason)
            told = f"{alone}{f' ({detail})' if detail else ''}"
            reasons[name] = f"{reasons[name]}; {told}" if name in reasons else told
    return reasons


# ---------------------------------------------------------------- the file


@contextmanager
def table_file(path: Path | None) -> Iterator[TextIO]:
    """Standard output, or a file that is written as a whole; a table of predictions is replaced."""
    if path is None:
        output = sys.stdout
        output.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
        yield output
        output.flush()
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
