"""The kinds of quiz question: one choice, several choices, a number; and one drawn from each."""

from __future__ import annotations

import math
import re
import string
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from tlhelpers.course.exercise_kinds import AROUND_A_LETTER, Verdict

Drawn = dict[str, float]
LETTERS = string.ascii_lowercase
DIGITS = 6  # of a number in a text; a tolerance of one part in a hundred asks for fewer
# 12,288 and 12.288 are also read as 12288; a space or an apostrophe can part nothing but thousands.
PARTED = re.compile(r"[+-]?[1-9]\d{0,2}(?:([,.\s'’])\d{3})(?:\1\d{3})*(?:(?!\1)[.,]\d+)?")
PERCENT = re.compile(r"\s*(?:[%％٪]|per ?cent)$", re.IGNORECASE)
SIGNS = str.maketrans({"−": "-", "–": "-", "－": "-", "＋": "+"})


@dataclass(frozen=True)
class Asked:
    """A question as it stands before the learner: its numbers and its order are drawn."""

    key: str
    text: str
    options: tuple[str, ...] = ()  # lettered from a on; none where a number is asked for
    praise: str = ""  # shown with a right answer: why it is right

    how: str = ""  # how to write the answer

    def judge(self, answer: object) -> Verdict:
        """Whether an answer is right, and what is to be said about it."""
        raise NotImplementedError

    @property
    def right_answer(self) -> str:
        """One right answer, as a learner writes it."""
        raise NotImplementedError


@dataclass(frozen=True)
class AskedLetters(Asked):
    """One letter, or several."""

    right: frozenset[str] = frozenset()
    hints: Mapping[str, str] | None = None  # of the wrong letters
    missing: str = ""  # the hint where no letter is wrong and one is missing

    def judge(self, answer: object) -> Verdict:
        """Take letters in any order and case, also as a list."""
        letters = self._letters(answer)
        if letters is None:
            letters_asked = ", ".join(LETTERS[: len(self.options)])
            return Verdict("open", f"Answer with {self.how} out of {letters_asked}.")
        if letters == self.right:
            return Verdict("right", self.praise)
        wrong = sorted(letters - self.right)
        return Verdict("wrong", self.hints[wrong[0]] if wrong else self.missing)

    def _letters(self, answer: object) -> set[str] | None:
        if isinstance(answer, (list, tuple, set, frozenset)):
            answer = "".join(map(str, answer))
        if not isinstance(answer, str):
            return None
        letters = [one for one in answer.lower() if one not in AROUND_A_LETTER]
        known = set(letters) <= set(LETTERS[: len(self.options)])
        several = not self.missing and len(letters) > 1
        return set(letters) if letters and known and not several else None

    @property
    def right_answer(self) -> str:
        """The letters in their order."""
        return "".join(sorted(self.right))


@dataclass(frozen=True)
class AskedNumber(Asked):
    """A number, right to one part in a hundred."""

    value: float = 0.0
    mistakes: tuple[tuple[float, str], ...] = ()
    hint: str = ""

    def judge(self, answer: object) -> Verdict:
        """Take a number, or a text with one, also with a comma or in per cent."""
        read = _readings(str(answer))
        if not read:
            return Verdict("open", f"Answer with {self.how}.")
        for value, told in [(self.value, self.praise), *self.mistakes]:
            if any(near(number, value) for number, _ in read):
                return Verdict("right" if value == self.value else "wrong", told)
        if any(_rounded_too_far(number, decimals, self.value) for number, decimals in read):
            return Verdict("open", "That is rounded too far to be judged: give one digit more.")
        return Verdict("wrong", self.hint)

    @property
    def right_answer(self) -> str:
        """The number with some digits more than are asked for."""
        return f"{self.value:.{DIGITS}g}"


def _readings(answer: str) -> list[tuple[float, int]]:
    """Each number that an answer may mean, with how many decimals it is written."""
    text = re.sub(r"^([+-])\s+", r"\1", answer.strip().translate(SIGNS))
    text, percent = PERCENT.subn("", text)
    written = [text.replace(",", ".")]
    if parted := PARTED.fullmatch(text):
        written.append(text.replace(parted[1], "").replace(",", "."))
    read = []
    for one in written:
        with suppress(ArithmeticError, ValueError):  # it is no number, read in this way
            number = Decimal(one).scaleb(-2 if percent else 0)
            if math.isfinite(number):
                read.append((float(number), -number.as_tuple().exponent))
    return read


def _rounded_too_far(number: float, decimals: int, value: float) -> bool:
    """Whether a number is the value, rounded to fewer digits than are asked for."""
    if abs(number - value) > 0.05 * abs(value):
        return False
    return math.isclose(round(value, decimals), number, rel_tol=1e-9)


def near(number: float, value: float) -> bool:
    """Whether a number is as good as the value, to one part in a hundred; zero is exact."""
    return abs(number - value) <= max(0.01 * abs(value), 1e-9)


# ---------------------------------------------------------------- what a pool holds


@dataclass(frozen=True)
class Question:
    """What all kinds share. Numbers that `draw` gives stand in braces in the texts."""

    key: str  # the question's name in its pool, kept with the answer
    text: str
    praise: str
    draw: Callable[[Random], Drawn] | None = None

    def ask(self, random: Random, place: int) -> Asked:
        """Draw numbers and order; `place` is where a single right choice shall stand."""
        raise NotImplementedError


def filled(text: str, drawn: Drawn | None) -> str:
    """A text with drawn numbers in place of its braces."""
    return text if drawn is None else text.format(**drawn)


@dataclass(frozen=True)
class Choice(Question):
    """One right choice among plausible ones, each of which has its own hint."""

    right: str = ""
    wrong: Mapping[str, str] | None = None  # a wrong choice, and the hint that it gets

    def ask(self, random: Random, place: int) -> AskedLetters:
        """Draw the order of the wrong choices, and put the right one in its place."""
        drawn = self.draw(random) if self.draw else None
        wrong = random.sample(list(self.wrong), len(self.wrong))
        place %= len(wrong) + 1
        order = [*wrong[:place], self.right, *wrong[place:]]
        return AskedLetters(
            self.key,
            filled(self.text, drawn),
            tuple(filled(option, drawn) for option in order),
            filled(self.praise, drawn),
            "one letter",
            right=frozenset(LETTERS[place]),
            hints=_hints(order, self.wrong, drawn),
        )


@dataclass(frozen=True)
class Several(Question):
    """Several right choices; all of them, and no other, are the answer."""

    right: Sequence[str] = ()
    wrong: Mapping[str, str] | None = None
    missing: str = ""  # the hint where a right one was not picked

    def ask(self, random: Random, place: int) -> AskedLetters:
        """Draw the order of all choices."""
        drawn = self.draw(random) if self.draw else None
        order = random.sample([*self.right, *self.wrong], len(self.right) + len(self.wrong))
        return AskedLetters(
            self.key,
            filled(self.text, drawn),
            tuple(filled(option, drawn) for option in order),
            filled(self.praise, drawn),
            "all letters that are right, and no other",
            right=frozenset(LETTERS[order.index(one)] for one in self.right),
            hints=_hints(order, self.wrong, drawn),
            missing=filled(self.missing, drawn),
        )


def _hints(order: Sequence[str], wrong: Mapping[str, str], drawn: Drawn | None) -> dict[str, str]:
    lettered = zip(LETTERS, order, strict=False)
    return {letter: filled(wrong[one], drawn) for letter, one in lettered if one in wrong}


@dataclass(frozen=True)
class Number(Question):
    """A number that is computed from drawn ones; known mistakes have hints of their own."""

    value: Callable[..., float] = float  # takes the drawn numbers by name
    mistakes: Sequence[tuple[Callable[..., float], str]] = ()
    hint: str = ""  # for any other number

    def ask(self, random: Random, place: int) -> AskedNumber:
        """Draw numbers with which no known mistake comes out right."""
        for _ in range(100):
            drawn = self.draw(random)
            values = [
                function(**drawn) for function in (self.value, *(f for f, _ in self.mistakes))
            ]
            if _apart(values):
                break
        else:
            raise ValueError(f"{self.key}: no draw parts the right number from the mistakes")
        hints = [filled(hint, drawn) for _, hint in self.mistakes]
        return AskedNumber(
            self.key,
            filled(self.text, drawn),
            praise=filled(self.praise, drawn),
            how="a number, to one part in a hundred; a share as 0.25 or 25%",
            value=values[0],
            mistakes=tuple(zip(values[1:], hints, strict=True)),
            hint=filled(self.hint, drawn),
        )


def _apart(values: Sequence[float]) -> bool:
    """Whether no two values could be taken for each other, by answers of two digits less."""
    return not any(
        abs(one - other) <= 0.03 * max(abs(one), abs(other))
        for i, one in enumerate(values)
        for other in values[:i]
    )
