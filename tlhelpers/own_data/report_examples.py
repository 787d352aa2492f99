"""Single items of a report: small pictures in the page, or texts, and what was said of them."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from PIL import Image

from tlhelpers.own_data.comparison import Comparison
from tlhelpers.own_data.report_words import number, readable, shortened

SIDE = 128  # pixels of a small picture, 2 to 5 kB as WebP
SHORT, LONG = 220, 3000  # letters of a text that are seen, and that unfold


@dataclass(frozen=True)
class Example:
    """An item as the page shows it; `picture` is a data address, `text` and `whole` are texts."""

    name: str
    given: str
    likely: str = ""
    confidence: str = ""
    of_given: str = ""
    picture: str = ""
    small: bool = False  # so few pixels that they are shown as squares
    text: str = ""
    whole: str = ""
    cut: bool = False
    note: str = ""


def class_names(data) -> list[str]:
    """The classes by names that can be printed, all different."""
    names: list[str] = []
    for name in map(readable, data.class_names):
        names.append(f"{name} ({len(names) + 1})" if name in names else name)
    return names


class Examples:
    """Makes examples of a comparison's items; a picture that two sections show is packed once."""

    def __init__(self, comparison: Comparison):
        self.data, self.names = comparison.data, list(comparison.reading.names)
        self.pictures = comparison.kind == "pictures"
        self.classes = class_names(comparison.data)
        self._packed: dict[int, tuple[str, bool]] = {}

    def name(self, item: int) -> str:
        """An item's name; its number where the reading does not name it."""
        return self.names[item] if item < len(self.names) else f"item {item + 1}"

    def label(self, item: int) -> str:
        """The class that an item was given."""
        return self.classes[int(self.data.labels[item])]

    def of(self, item: int, note: str = "", **said: str) -> Example:
        """One item, with what was `said` of it: its likely class, the confidence."""
        shown = {"name": self.name(item), "given": self.label(item), "note": note} | said
        if not self.pictures:
            return Example(**shown, **_text_of(str(self.data.texts[item])))
        if item not in self._packed:
            self._packed[item] = _picture_of(self.data, item)
        picture, small = self._packed[item]
        return Example(**shown, picture=picture, small=small)

    def of_mistakes(self, table: pd.DataFrame, likely: str, flagged: Iterable = ()) -> list:
        """Those of a table with `item`, `confidence`, `of_given` and the class predicted."""
        flagged = set(flagged)
        return [
            self.of(
                int(row["item"]),
                "also among the likely label errors" if row["item"] in flagged else "",
                likely=row[likely],
                confidence=number(row["confidence"]),
                of_given=number(row["of_given"]),
            )
            for row in table.to_dict("records")
        ]

    def written(self, table: pd.DataFrame) -> pd.DataFrame:
        """A table of items for a CSV: names in place of numbers, and the whole texts."""
        items = [int(item) for item in table["item"]]
        columns = {"name": [self.name(item) for item in items]}
        columns |= {name: list(table[name]) for name in table.columns if name != "item"}
        if not self.pictures:
            columns["text"] = [str(self.data.texts[item]) for item in items]
        # As objects: pandas' own texts refuse a file name that is no text.
        return pd.DataFrame(columns, dtype=object)


def _text_of(text: str) -> dict:
    short = shortened(text, SHORT)
    if not short.endswith("…") or " ".join(text.split()) == short:
        return {"text": short}
    return {"text": short, "whole": text[:LONG], "cut": len(text) > LONG}


def _picture_of(data, item: int) -> tuple[str, bool]:
    """A small copy as a data address, and whether it has few pixels; empty if it is gone."""
    try:
        pixels = np.asarray(data.pixels[item])
    except Exception:  # the file may be gone or changed since it was read: the page says so
        return "", False
    image = Image.fromarray(pixels).convert("RGB")
    small = max(image.size) < SIDE // 2
    image.thumbnail((SIDE, SIDE))
    buffer = io.BytesIO()
    # From pixels alone: place, time and camera that a file may tell do not come along.
    image.save(buffer, "WEBP", quality=100 if small else 68, method=4, lossless=small)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}", small
