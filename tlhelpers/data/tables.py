"""A table of a learner's own texts."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from tlhelpers.data.csv_files import read_columns, row_names
from tlhelpers.data.duplicates import near_duplicates
from tlhelpers.data.groups import MISSING_AS_TEXT, composed, missing_groups
from tlhelpers.data.names import look_alikes, visible
from tlhelpers.data.texts import TextSet
from tlhelpers.errors import CourseError

NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)


def load_table(path, text: str = "text", label: str = "label", group: str | None = None) -> TextSet:
    """A learner's own texts: a CSV file with a heading line.

    Parameters
    ----------
    path : str or Path
        UTF-8, or UTF-16 with its mark at the start; fields are parted by commas, semicolons or
        tabs. ``~`` is the home folder.
    text, label : str
        Names of the columns.
    group : str, optional
        Column that says what belongs together; when left out, texts that say nearly the same do.

    Returns
    -------
    TextSet
        Classes in alphabetical order, or by size if all are numbers; scores are NaN. An accent and
        its letter become one character (NFC); nothing else of a text or name is changed.

    Raises
    ------
    CourseError
        If the file cannot be read, a column is missing, a text, label or group is missing, two
        labels or groups look alike, or there are fewer than two classes; the message names the file
        and the rows.
    """
    path, wanted = _own_path(path), _different_columns(text, label, group)
    numbers, (texts, labels, *others) = read_columns(path, wanted)
    _refuse_missing(path, numbers, text, _blank(texts))
    names = _labels(path, numbers, label, labels)
    groups = _groups(path, numbers, group, *others) if others else near_duplicates(texts)
    classes = sorted(set(names), key=float if all(map(NUMBER.fullmatch, names)) else None)
    if len(classes) < 2:
        raise CourseError(f"{path} needs at least two classes in {label!r}, found {classes}")
    place_of = {name: place for place, name in enumerate(classes)}
    scores = np.full(len(texts), np.nan)
    return TextSet(
        texts, [place_of[name] for name in names], classes, groups, scores, composed(path.stem)
    )


def _own_path(path) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError as error:  # somebody's home that there is not
        raise CourseError(f"cannot find {path} ({error}): write the path in full") from error


def _different_columns(text: str, label: str, group: str | None) -> list[str]:
    names = [text, label] if group is None else [text, label, group]
    for name in names:
        if not isinstance(name, str) or not visible(name):
            raise ValueError(f"give the name of a column, not {name!r}")
    if len({visible(name) for name in names}) < len(names):
        raise ValueError(f"text, label and group must be different columns, got {names}")
    return names


def _labels(path: Path, numbers: list[int], column: str, labels: list[str]) -> list[str]:
    # A class may well be called None.
    words = {*MISSING_AS_TEXT} - {"None"}
    missing = [place for place, name in enumerate(labels) if not visible(name) or name in words]
    _refuse_missing(path, numbers, column, missing)
    names = [composed(name) for name in labels]
    _refuse_look_alikes(path, numbers, column, names, case=True)
    return names


def _groups(path: Path, numbers: list[int], column: str, groups: list[str]) -> list[str]:
    missing = sorted({*missing_groups(groups), *_blank(groups)})
    _refuse_missing(path, numbers, column, missing)
    names = [composed(name) for name in groups]
    # Codes such as aB3 and ab3 are different.
    _refuse_look_alikes(path, numbers, column, names, case=False)
    return names


def _blank(fields: list[str]) -> list[int]:
    return [place for place, field in enumerate(fields) if not visible(field)]


def _refuse_missing(path: Path, numbers: list[int], column: str, missing: list[int]) -> None:
    if missing:
        rows = row_names([numbers[place] for place in missing])
        verb = "has" if len(missing) == 1 else "have"
        raise CourseError(f"{path}: {rows} {verb} no {column!r}: fill it in, or leave the row out")


def _refuse_look_alikes(
    path: Path, numbers: list[int], column: str, names: list[str], case: bool
) -> None:
    for alike in look_alikes(names, case):
        rows = [
            row_names([n for n, name in zip(numbers, names, strict=True) if name == one])
            for one in alike
        ]
        both = " and ".join(f"{one!r} ({where})" for one, where in zip(alike, rows, strict=True))
        raise CourseError(
            f"{path}: {both} in {column!r} differ in {'case, ' * case}spaces or decimals only: "
            "write what is the same in one way, and what is not in different words"
        )
