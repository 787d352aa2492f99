"""What came out of reading somebody's own folder or table: nothing is dropped in silence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

SHOWN = 10
LONGEST = 120  # signs of one name in a line of many
ALIKE = 4  # names of one group in a line of many


@dataclass
class Reading:
    """A report of what was kept of a folder or table, what was left out and why.

    Attributes
    ----------
    source : str
        The folder or file, as it was given.
    names : list of str
        Of the items that were kept, in the order of the set: a path below the folder, or
        ``"row 17"``.
    left_out : dict of str to dict of str to str
        Reason (e.g. ``"that are empty"``) to the names of the items that were left out for it, each
        with a detail, which may be an empty text.
    doubts : dict of str to str
        Names of items that were kept, with what is doubtful about them.
    notes : list of str
        What was guessed or changed for the whole set, in full sentences, e.g. which column holds
        the labels.
    duplicates : list of list of str
        Names of kept items that are equal or nearly so; each inner list is one group.
    conflicts : list of list of str
        Those of `duplicates` whose items are in more than one class.
    """

    source: str
    names: list[str] = field(default_factory=list)
    left_out: dict[str, dict[str, str]] = field(default_factory=dict)
    doubts: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    duplicates: list[list[str]] = field(default_factory=list)
    conflicts: list[list[str]] = field(default_factory=list)

    def leave_out(self, name: str, reason: str, detail: object = "") -> None:
        """Note that an item was left out; the `detail` is of this item, the reason of many."""
        self.left_out.setdefault(reason, {})[name] = " ".join(str(detail).split())

    def count_left_out(self) -> int:
        """How many items were left out; one that was for two reasons counts once."""
        return len({name for items in self.left_out.values() for name in items})

    def lines(self) -> list[str]:
        """The report as plain sentences: kept, left out by reason, doubts, notes, duplicates."""
        lines = [f"{count_of(len(self.names), 'item')} read from {self.source}."]
        for reason, items in self.left_out.items():
            lines.append(f"{len(items)} left out {reason}: {name_some(items.items())}")
        if self.doubts:
            lines.append(f"{len(self.doubts)} kept with a doubt: {name_some(self.doubts.items())}")
        if self.duplicates:
            count = sum(map(len, self.duplicates))
            lines.append(
                f"{count} items are equal to another or nearly so "
                f"({count_of(len(self.duplicates), 'group')}); no group is torn apart between "
                "training and test."
            )
        if self.conflicts:
            some = name_some((_alike(group), "") for group in self.conflicts)
            lines.append(f"{count_of(len(self.conflicts), 'group')} of two classes or more: {some}")
        return lines + self.notes


def name_some(items: Iterable[tuple[str, str]]) -> str:
    """The first names, each with its detail, and how many more there are."""
    items = list(items)
    more = f" and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    return ", ".join(_named(*item) for item in items[:SHOWN]) + more


def _named(name: str, detail: str) -> str:
    return f"{_shortened(name)} ({_shortened(detail)})" if detail else _shortened(name)


def _shortened(text: str) -> str:
    """A name as it is, or the start and the end of one that would fill the screen."""
    if len(text) <= LONGEST:
        return text
    return f"{text[: LONGEST // 2]}…{text[-LONGEST // 4 :]}"


def _alike(group: list[str]) -> str:
    more = [f"{len(group) - ALIKE} more"] if len(group) > ALIKE + 1 else []
    shown = group[:ALIKE] if more else group
    return " = ".join([*map(_shortened, shown), *more])


def tell_heading(reading: Reading, column: str, says: str) -> None:
    """Note that the first row may be an item, which was taken for the names of the columns."""
    reading.notes.append(
        f"The first row was taken for the heading, and names a column {_shortened(column)!r}, "
        f"{says}. If it is an item, put a row with names of the columns above it."
    )


def count_of(count: int, one: str) -> str:
    """``"1 item"``, ``"2 items"``."""
    return f"{count:,} {one}" + "s" * (count != 1)
