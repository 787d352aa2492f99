"""Which columns hold the texts, the labels and the groups: named, or guessed and told."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tlhelpers.data.names import visible
from tlhelpers.data.raw_tables import Table
from tlhelpers.data.reading import Reading
from tlhelpers.data.text_tables import is_number
from tlhelpers.errors import CourseError, nearest

# In lower case, as columns are often called.
TEXTS = (
    "text", "texts", "sentence", "review", "comment", "tweet", "message", "content", "body",
    "document", "post", "utterance", "question", "description", "reviewtext", "review_text",
    "abstract", "satz", "texte", "kommentar", "commentaire", "texto",
)  # fmt: skip
LABELS = ("label", "labels", "class", "category", "target", "y", "klasse", "classe", "etiqueta")
PERHAPS_LABELS = (
    "sentiment", "opinion", "topic", "intent", "emotion", "polarity", "genre", "tag", "type",
    "rating", "stars", "score", "kategorie", "catégorie", "thema", "spam", "language",
)  # fmt: skip
GROUPS = re.compile(
    r"(^|[\W_])(groups?|person|people|user|users|username|author|speaker|patient|subject|customer|"
    r"client|product|item|thread|conversation|dialog|dialogue|article|document|doc|movie|film|"
    r"book|session|source|site|url|domain|day|date|week|month|annotator|worker|autor|kunde)"
    r"([\W_]?id|[\W_]?name)?$",
    re.IGNORECASE,
)
IDENTITY = re.compile(r"(^|[\W_])(id|ids|uuid|guid|index|nr|no|number|key|hash)$", re.IGNORECASE)
DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T]\d.*)?")
FEW = 20  # as many classes are few in a table of any length
WINNER = 10  # times fewer values than any other column
LOOKED_AT = 2000


@dataclass(frozen=True)
class Look:
    """What a column looks like."""

    filled: int
    distinct: int
    length: float
    numbers: float
    dates: float
    example: str

    def told(self) -> str:
        """In a few words, for a message."""
        what = "texts" if self.length > 30 else "short texts"
        what = "dates" if self.dates > 0.8 else "numbers" if self.numbers > 0.8 else what
        example = f", e.g. {self.example[:40]!r}" if self.example else ""
        return f"{self.distinct} different {what}{example}"


def look_at(fields: Sequence[str]) -> Look:
    """Look at all fields for how many differ, and at the first ones for what they say."""
    filled = [field for field in fields if visible(field)]
    some = filled[:LOOKED_AT]
    count = max(1, len(some))
    return Look(
        len(filled),
        len({" ".join(field.split()).lower() for field in filled}),
        sum(map(len, some)) / count,
        sum(map(is_number, some)) / count,
        sum(bool(DATE.fullmatch(visible(field))) for field in some) / count,
        visible(some[0]) if some else "",
    )


def choose_columns(
    path: str,
    table: Table,
    reading: Reading,
    named: Mapping[str, str | None],
    needed: Sequence[str],
) -> dict[str, str | None]:
    """Names of the columns of ``"text"``, ``"label"`` and ``"group"``; guesses are told.

    `named` are those the user gave, `needed` those that are guessed if they are not named.
    """
    chosen = {what: _named(path, table, name) for what, name in named.items()}
    taken = [name for name in chosen.values() if name is not None]
    if len(set(taken)) < len(taken):
        raise CourseError(f"{path}: {', '.join(chosen)} must be different columns, got {taken}")
    looks = {name: look_at(fields) for name, fields in table.columns.items()}
    guess = {"text": _guess_text, "label": _guess_label}
    for what in needed:
        if chosen[what] is None:
            free = {name: look for name, look in looks.items() if name not in chosen.values()}
            chosen[what] = guess[what](free)
            if chosen[what] is None:
                raise CourseError(_unclear(path, what, looks, needed))
            reading.notes.append(
                f"Column {chosen[what]!r} was taken for the {what}s ({looks[chosen[what]].told()});"
                f" {what}=… or --{what} names another."
            )
    if "group" in chosen and chosen["group"] is None:
        _tell_groups({n: k for n, k in looks.items() if n not in chosen.values()}, reading)
    return chosen


def _named(path: str, table: Table, name: str | None) -> str | None:
    if name is None:
        return None
    if not isinstance(name, str) or not visible(name):
        raise ValueError(f"give the name of a column, not {name!r}")
    if visible(name) in table.columns:
        return visible(name)
    raise CourseError(f"{path} has no column {visible(name)!r}: {nearest(name, table.columns)}")


def _guess_text(looks: Mapping[str, Look]) -> str | None:
    """The column of the longest texts; one called so, if others are nearly as long."""
    words = {
        name: look
        for name, look in looks.items()
        if (look.filled or name.lower() in TEXTS) and look.numbers < 0.5 and look.dates < 0.5
    }
    if not words:
        return None
    longest = max(look.length for look in words.values())
    long = [name for name, look in words.items() if look.length >= longest / 2]
    if longest < FEW:  # too short for their length to tell much
        long = list(words)
    called = [name for name in long if name.lower() in TEXTS]
    if len(called) > 1:
        called = [name for name in called if name.lower() in ("text", "texts")]
    if called or len(long) == 1:
        return (called or long)[0] if len(called) < 2 else None
    # Of short ones, what is called a label is none; then what differs most, if clearly.
    others = [name for name in long if name.lower() not in (*LABELS, *PERHAPS_LABELS)]
    others.sort(key=lambda name: -words[name].distinct)
    clear = len(others) == 1 or (
        others and words[others[0]].distinct > 2 * words[others[1]].distinct
    )
    return others[0] if clear else None


def _guess_label(looks: Mapping[str, Look]) -> str | None:
    """The column called so, or the only one with few values; never an item's number or a date."""
    called = [name for name in looks if name.lower() in LABELS]
    if len(called) > 1:
        called = [name for name in called if name.lower() in ("label", "labels")]
    if called:
        return called[0] if len(called) == 1 else None
    few = {name: look for name, look in looks.items() if _may_be_label(name, look)}
    called = [name for name in few if name.lower() in PERHAPS_LABELS]
    if len(called) == 1:
        return called[0]
    ordered = sorted(few, key=lambda name: few[name].distinct)
    if len(ordered) == 1 or (
        len(ordered) > 1 and few[ordered[0]].distinct * WINNER <= few[ordered[1]].distinct
    ):
        return ordered[0]
    return None


def _may_be_label(name: str, look: Look) -> bool:
    most = min(look.filled / 2, max(FEW, 2 * look.filled**0.5))
    other = look.dates >= 0.5 or bool(IDENTITY.search(name)) or bool(GROUPS.search(name))
    return 2 <= look.distinct <= most and look.length <= 60 and not other


def _unclear(path: str, what: str, looks: Mapping[str, Look], needed: Sequence[str]) -> str:
    columns = "; ".join(f"{name!r}: {look.told()}" for name, look in list(looks.items())[:20])
    more = f"; and {len(looks) - 20} more" if len(looks) > 20 else ""
    options = " and ".join(f"{one}=… (on the command line --{one} …)" for one in needed)
    return (
        f"{path}: which column holds the {what}s is not clear: name it with {options}. The columns "
        f"are {columns}{more}"
    )


def _tell_groups(looks: Mapping[str, Look], reading: Reading) -> None:
    for name, look in looks.items():
        repeats = 1 < look.distinct < look.filled
        like_names = FEW < look.distinct <= 0.9 * look.filled and look.length <= 40
        if repeats and (GROUPS.search(name) or (like_names and look.numbers < 0.5)):
            reading.notes.append(
                f"If texts of one {name!r} belong together, say group={name!r} (--group): else "
                "only texts that are equal or nearly so are held together, and figures may be too "
                "good."
            )
