"""Somebody's own texts, from a table of any usual kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tlhelpers.checks import HALF_SIGN
from tlhelpers.data.groups import composed, missing_groups
from tlhelpers.data.label_spellings import in_order, is_missing_label, join_spellings
from tlhelpers.data.names import visible
from tlhelpers.data.near_groups import places_by_number, tell_apart
from tlhelpers.data.near_texts import ALL_PAIRS, near_texts
from tlhelpers.data.own_tables import read_table
from tlhelpers.data.raw_tables import Table
from tlhelpers.data.reading import Reading, name_some, tell_heading
from tlhelpers.data.splittable import splittable
from tlhelpers.data.table_columns import LABELS, PERHAPS_LABELS, TEXTS, choose_columns
from tlhelpers.data.texts import TextSet
from tlhelpers.data.walking import readable
from tlhelpers.errors import CourseError

UNKNOWN_CLASSES = ("?", "??")
SMALL_CLASS = 10
MISSING_AS_TEXT = {"nan", "NaN", "None", "<NA>", "NULL", "null", "#N/A"}
TOO_FEW = "of classes with fewer than two groups of texts, which cannot be split"


def open_texts(
    path, *, text: str | None = None, label: str | None = None, group: str | None = None
) -> tuple[TextSet, Reading]:
    """Somebody's own texts with labels, from a table.

    Parameters
    ----------
    path : str or Path
        CSV or TSV in any usual encoding, an Excel workbook (.xlsx), JSON lines or an array of JSON
        objects, Parquet; the content tells which.
    text, label : str, optional
        Names of the columns; guessed when left out.
    group : str, optional
        Column that says what belongs together, e.g. the person; when left out, texts that are equal
        or nearly so do.

    Returns
    -------
    TextSet
        Classes in alphabetical order, or by size if all are numbers; scores are NaN. An accent and
        its letter become one character (NFC); nothing else of a text is changed.
    Reading
        What was left out and why, what was guessed, what is equal or nearly so. Its names are
        ``"row N"``, counted below the heading.

    Raises
    ------
    CourseError
        If the file cannot be read, a column is missing or not clear, or fewer than two classes have
        texts in two groups.
    """
    reading = Reading(readable(path))
    named = {"text": text, "label": label, "group": group}
    table = read_table(path, reading, _wanted(named), (*TEXTS, *LABELS, *PERHAPS_LABELS))
    chosen = choose_columns(reading.source, table, reading, named, ("text", "label"))
    places = _with_text(table, chosen["text"], reading)
    places = _with_label(table, chosen["label"], places, reading)
    groups = None
    if chosen["group"] is not None:
        places, groups = _with_group(table, chosen["group"], places, reading)
    texts = [table.columns[chosen["text"]][place] for place in places]
    labels = [table.columns[chosen["label"]][place] for place in places]
    if chosen["label"] in labels:
        tell_heading(reading, chosen["label"], "as one of the classes is called")
    labels = join_spellings(labels, reading, "class", case=True)
    _refuse_useless(reading, chosen["label"], labels)
    names = [f"row {table.numbers[place]}" for place in places]
    return _labelled_set(texts, labels, groups, names, reading), reading


def open_unlabelled_texts(path, *, text: str | None = None) -> tuple[TextSet, Reading]:
    """Texts without labels from a table, e.g. to predict them.

    Parameters
    ----------
    path : str or Path
        As in `open_texts`.
    text : str, optional
        Name of the column of texts; guessed when left out.

    Returns
    -------
    TextSet
        With the classes ``"?"`` and ``"??"``, all labels 0 and a group per text.
    Reading

    Raises
    ------
    CourseError
        If the file cannot be read, the column is missing or not clear, or no row has a text.
    """
    reading = Reading(readable(path))
    table = read_table(path, reading, _wanted({"text": text}), TEXTS)
    if text is None and len(table.columns) == 1:
        text = next(iter(table.columns))
    chosen = choose_columns(reading.source, table, reading, {"text": text}, ("text",))
    places = _with_text(table, chosen["text"], reading)
    reading.names = [f"row {table.numbers[place]}" for place in places]
    texts = [table.columns[chosen["text"]][place] for place in places]
    return _set(texts, [0] * len(texts), UNKNOWN_CLASSES, range(len(texts)), reading), reading


def _wanted(named: dict[str, str | None]) -> list[str]:
    return [visible(name) for name in named.values() if isinstance(name, str) and visible(name)]


# ---------------------------------------------------------------- rows


def _with_text(table: Table, column: str, reading: Reading) -> list[int]:
    """The places of the rows that have a text."""
    places = []
    for place, (number, text) in enumerate(zip(table.numbers, table.columns[column], strict=True)):
        name = f"row {number}"
        if not text.strip() or not visible(text):
            reading.leave_out(name, "without a text", table.gaps.get((column, number), ""))
        elif HALF_SIGN.search(text):
            reading.leave_out(name, "whose text holds half a character")
        else:
            places.append(place)
            if visible(text) in MISSING_AS_TEXT:
                reading.doubts[name] = f"its text is {visible(text)!r}"
    if not places:
        raise CourseError(
            f"{reading.source}: no row has a text in column {column!r}{told(reading)}"
        )
    return places


def _with_label(table: Table, column: str, places: Sequence[int], reading: Reading) -> list[int]:
    kept = []
    for place in places:
        number, label = table.numbers[place], table.columns[column][place]
        if is_missing_label(label):
            shown = repr(visible(label)) if visible(label) else ""
            reason = table.gaps.get((column, number), shown)
            reading.leave_out(f"row {number}", "without a label", reason)
        elif HALF_SIGN.search(label):
            reading.leave_out(f"row {number}", "whose label holds half a character")
        else:
            kept.append(place)
    if not kept:
        raise CourseError(
            f"{reading.source}: no row has a label in column {column!r}{told(reading)}"
        )
    return kept


def _with_group(
    table: Table, column: str, places: Sequence[int], reading: Reading
) -> tuple[list[int], list[str]]:
    kept, groups = [], []
    for place in places:
        group = readable(table.columns[column][place])
        if not visible(group) or missing_groups([group]):
            reading.leave_out(f"row {table.numbers[place]}", "without a group")
        else:
            kept.append(place)
            groups.append(group)
    if not kept:
        raise CourseError(f"{reading.source}: no row has a group in column {column!r}")
    return kept, join_spellings(groups, reading, "group", case=False)


def _refuse_useless(reading: Reading, column: str, labels: Sequence[str]) -> None:
    """Refuse a column of labels with one value, or with as many as rows."""
    counts = Counter(labels)
    if len(counts) == 1:
        raise CourseError(
            f"{reading.source}: all {len(labels)} rows have the label {labels[0]!r} in column "
            f"{column!r}; a comparison needs two classes: name another column with label=…"
            f"{told(reading)}"
        )
    if len(counts) == len(labels):
        raise CourseError(
            f"{reading.source}: each of the {len(labels)} rows has a label of its own in column "
            f"{column!r}, so it does not hold classes: name another with label=…{told(reading)}"
        )


def told(reading: Reading) -> str:
    """All that was noted, behind an error's first sentence."""
    return "".join(f"; {line.rstrip('.')}" for line in reading.lines()[1:])


# ---------------------------------------------------------------- the set


def _labelled_set(
    texts: list[str],
    labels: list[str],
    groups: list[str] | None,
    names: list[str],
    reading: Reading,
) -> TextSet:
    near, how = near_texts(texts)
    if len(texts) > ALL_PAIRS:
        reading.notes.append(f"To find texts that are nearly equal, {how}.")
    own = np.array(groups if groups is not None else near.astype(str), dtype=str)
    left = np.flatnonzero(splittable(labels, own))
    _tell_classes(labels, names, left, reading)
    labels, names, texts = ([values[place] for place in left] for values in (labels, names, texts))
    classes = in_order(labels)
    if len(classes) < 2:
        raise CourseError(
            f"{reading.source} needs two classes with texts in two groups each, one to train on "
            f"and one to test on; it has {len(classes)}{told(reading)}"
        )
    reading.names = names
    reading.doubts = {name: doubt for name, doubt in reading.doubts.items() if name in set(names)}
    _tell_duplicates(names, labels, own[left], near[left], reading)
    place_of = {name: place for place, name in enumerate(classes)}
    return _set(texts, [place_of[name] for name in labels], classes, own[left], reading)


def _set(texts, labels, classes, groups, reading: Reading) -> TextSet:
    scores = np.full(len(texts), np.nan)
    title = composed(readable(Path(reading.source).stem)) or "unnamed"
    return TextSet(texts, labels, list(classes), list(map(str, groups)), scores, title)


def _tell_classes(
    labels: Sequence[str], names: Sequence[str], left: np.ndarray, reading: Reading
) -> None:
    """Leave out what cannot be split; note classes that are gone, and those with few texts."""
    kept = set(left.tolist())
    for place, (name, label) in enumerate(zip(names, labels, strict=True)):
        if place not in kept:
            reading.leave_out(name, TOO_FEW, f"of class {label!r}")
    before, after = Counter(labels), Counter(labels[place] for place in left)
    gone = [(repr(name), f"{before[name]}") for name in in_order(before) if not after[name]]
    if gone:
        reading.notes.append(
            f"Classes left out with all their texts: {name_some(gone)}. A class needs texts in two "
            "groups, one to train on and one to test on."
        )
    few = [(repr(name), f"{after[name]}") for name in in_order(after) if after[name] < SMALL_CLASS]
    if few:
        reading.notes.append(
            f"Classes with few texts: {name_some(few)}. What is said of them rests on little."
        )


def _tell_duplicates(names, labels, groups, near: np.ndarray, reading: Reading) -> None:
    """Note groups of texts that are equal or nearly so, and those of several classes."""
    apart = []
    for several in places_by_number(near):
        alike = [names[place] for place in several]
        if len({groups[place] for place in several}) > 1:
            apart.append(alike)
        else:
            reading.duplicates.append(alike)
        if len({labels[place] for place in several}) > 1:
            reading.conflicts.append(alike)
    tell_apart("texts", apart, reading)
