"""Word vectors out of text and binary files, word by word; what is wrong is told with its place."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from tlhelpers.errors import CourseError
from tlhelpers.models.vector_formats import opened

LONGEST_LINE, LONGEST_WORD, MOST_NUMBERS = 1 << 24, 1 << 16, 1 << 20
AT_ONCE = 1 << 20  # bytes


class Collected:
    """Different words and their numbers; what is damaged is refused, or left out and counted."""

    def __init__(self, path: Path, unit: str, limit: int | None, skip: bool):
        self.path, self.unit, self.limit, self.skip = path, unit, limit, skip
        self.places: dict[str, int] = {}
        self._numbers = bytearray()
        self._faults: Counter[str] = Counter()
        self._first = ""

    @property
    def full(self) -> bool:
        """Whether the limit is reached."""
        return self.limit is not None and len(self.places) >= self.limit

    def add(self, place: int, word: str, row: np.ndarray) -> None:
        """One word; one that came before, or a row that is not finite, is a fault."""
        if word in self.places:
            before = f"{self.unit} {self.places[word]}"
            self.fault(place, "come again", f": the word {word!r} stands in {before} already")
        elif not np.isfinite(row).all():
            why = f": the vector of {word!r} holds a value that is not finite"
            self.fault(place, "are not finite", why)
        else:
            self.places[word] = place
            self._numbers += row.astype("<f4", copy=False).tobytes()

    def fault(self, place: int, kind: str, why: str) -> None:
        """One word will not do: a CourseError, or where it may be left out, one more of a kind."""
        told = f"{self.path}, {self.unit} {place}{why}"
        if not self.skip:
            raise CourseError(f"{told}; skip_damaged=True leaves such words out")
        self._first = self._first or told
        self._faults[kind] += 1

    def finish(self, promised: int | None, size: int | None) -> tuple[list[str], np.ndarray]:
        """Words and rows, float32 (n, size); what was left out is told."""
        kept, lost = len(self.places), self._faults.total()
        if lost > kept:
            raise CourseError(f"{self._first}, and {lost - 1} of {kept + lost} words are no better")
        if not kept:
            raise CourseError(f"{self.path} holds no vectors")
        told = self._missing(promised, kept + lost)
        if lost:
            kinds = ", ".join(f"{count} {kind}" for kind, count in self._faults.items())
            told.append(
                f"{lost} of {kept + lost} words were left out ({kinds}), the first: {self._first}"
            )
        if told:
            warnings.warn("; ".join(told), stacklevel=5)
        rows = np.frombuffer(self._numbers, dtype="<f4").reshape(kept, size)
        return list(self.places), rows.astype(np.float32, copy=False)

    def _missing(self, promised: int | None, found: int) -> list[str]:
        if promised is None or found == promised or (self.full and found <= promised):
            return []
        told = f"{self.path} tells in its first line of {promised} words, but holds {found}"
        if not self.skip:
            raise CourseError(
                f"{told}: it was cut off (unexpected end), or the first line is wrong; "
                "skip_damaged=True takes what there is"
            )
        return [told]


def sizes(line: bytes) -> tuple[int, int] | None:
    """The two numbers of a first line; None if it is another."""
    parts = line.split()
    if len(parts) != 2 or not all(re.fullmatch(rb"[0-9]{1,40}", part) for part in parts):
        return None
    return int(parts[0]), int(parts[1])


# ---------------------------------------------------------------- text
# gensim reads it a third as fast, and neither words that hold spaces nor empty lines; of what is
# wrong it names no line.


def read_text(path: Path, limit: int | None, skip: bool) -> tuple[list[str], np.ndarray]:
    """Words and rows of a text, with or without a first line that tells the sizes."""
    found = Collected(path, "line", limit, skip)
    size, promised = None, None
    with opened(path) as file:
        for number, line in _lines(file, found):
            if number == 1 and sizes(line.encode()):
                promised, size = sizes(line.encode())
                continue
            parsed = _parsed(line, size)
            if parsed is None:
                wanted = max(size or len(line.split(" ")) - 1, 1)
                why = f": a word and {wanted} numbers, parted by spaces, were expected, got "
                found.fault(number, "have another form", f"{why}{line[:60]!r}")
                continue
            size = len(parsed[1])
            found.add(number, *parsed)
    return found.finish(promised, size)


def _lines(file: BinaryIO, found: Collected) -> Iterator[tuple[int, str]]:
    """Each line that holds something, with its number, until there are enough words."""
    for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE), b""), start=1):
        if found.full:
            return
        if len(line) == LONGEST_LINE:
            raise CourseError(f"{found.path}, line {number} does not end: it is no text of vectors")
        try:
            # Some editors put a mark, which is no letter, before the first.
            text = line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n ")
        except UnicodeDecodeError as error:
            why = f" is not UTF-8 ({error.reason}): save it in UTF-8"
            found.fault(number, "are not UTF-8", why)
            continue
        if text:
            yield number, text


def _parsed(line: str, size: int | None) -> tuple[str, np.ndarray] | None:
    """Word and numbers, None if it is another line; a word may hold spaces, as in GloVe 840B."""
    word, *numbers = line.rsplit(" ", size) if size else line.split(" ")
    try:
        with np.errstate(over="ignore"):  # too large a number is told as not finite
            row = np.array(numbers, dtype=np.float32)
        extra = " " in word and _is_number(word.rsplit(" ", 1)[1])
    except ValueError:
        return None
    return None if len(row) != (size or len(row) or 1) or size == 0 or extra else (word, row)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


# ---------------------------------------------------------------- binary
# gensim keeps places for as many words as the first line tells of, true or not.


def read_binary(path: Path, limit: int | None, skip: bool) -> tuple[list[str], np.ndarray]:
    """Words and rows of a file as word2vec itself writes it."""
    found = Collected(path, "word", limit, skip)
    with opened(path) as file:
        promised, size = sizes(file.readline(100))
        if not promised or not size:
            raise CourseError(
                f"{path} holds no vectors: its first line tells of {promised} × {size}"
            )
        if size > MOST_NUMBERS:
            raise CourseError(f"{path} tells of {size} numbers per word: its first line is damaged")
        for number, (name, row) in enumerate(_entries(file, size, found), start=1):
            try:
                found.add(number, name.decode(), np.frombuffer(row, dtype="<f4"))
            except UnicodeDecodeError as error:
                found.fault(number, "are not UTF-8", f" is not UTF-8 ({error.reason})")
            if found.full or number == promised:
                break
    return found.finish(promised, size)


def _entries(file: BinaryIO, size: int, found: Collected) -> Iterator[tuple[bytes, bytes]]:
    """Word and numbers, as bytes; what is left at the end is less than that."""
    held, start = b"", 0
    while True:
        space = held.find(b" ", start)
        end = space + 1 + 4 * size
        if space < 0 and len(held) - start > LONGEST_WORD:
            raise CourseError(f"{found.path} holds a word that does not end: it is damaged")
        if space < 0 or len(held) < end:
            more = file.read(AT_ONCE)
            if not more:
                return
            held, start = held[start:] + more, 0
            continue
        # Some programs end each row with a line end.
        yield held[start:space].lstrip(b"\n"), held[space + 1 : end]
        start = end
