"""The kinds of prediction: one choice, a number with its unit, a sentence; and what came out."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

from tlhelpers.setup.progress_store import LONGEST_SENTENCE

Given = str | float
UNRESOLVED = "not resolved"  # the key of a choice that a comparison may come to


@dataclass(frozen=True)
class Outcome:
    """What came out: the key of a choice, a number in the question's unit, or words to look at."""

    value: Given | None = None
    interval: tuple[float, float] | None = None  # of a number, where the cell has one


@dataclass(frozen=True)
class Question:
    """What all kinds share."""

    key: str  # the question's name in its lesson, ``"frozen"`` say
    text: str  # one line above the fields: what is to be predicted

    kind = ""

    def read(self, answer: Any) -> Given:
        """An answer in the form that is kept; a ValueError says how to write one."""
        raise NotImplementedError

    def outcome(self, measured: Any, low: float | None, high: float | None) -> Outcome:
        """Take what a cell measured; a ValueError names what is none."""
        raise NotImplementedError

    def words(self, value: Given) -> str:
        """A prediction, or what came out, as it is shown."""
        return str(value)

    def beside(self, given: Given, came_out: Outcome) -> str:
        """How a prediction and what came out lie to each other, in one or two sentences."""
        raise NotImplementedError

    @property
    def how(self) -> str:
        """How to answer where no form is drawn."""
        raise NotImplementedError

    @property
    def example(self) -> Given:
        """An answer that would pass, to show how one is written."""
        raise NotImplementedError


@dataclass(frozen=True)
class OneOf(Question):
    """One choice. The keys are what a cell gives as the outcome, often a strategy's name."""

    options: Mapping[str, str] = field(default_factory=dict)  # outcome to words
    # By outcome: what whoever had predicted otherwise may take along.
    surprise: Mapping[str, str] = field(default_factory=dict)

    kind = "choice"

    def read(self, answer: Any) -> str:
        """Take the key of a choice, or its words."""
        by_words = {words: key for key, words in self.options.items()}
        key = by_words.get(answer, answer) if isinstance(answer, str) else None
        if key not in self.options:
            raise ValueError(f"predict with {self.how}, not {answer!r}")
        return key

    def outcome(self, measured: Any, low: float | None = None, high: float | None = None):
        """Take one of the keys."""
        if low is not None or high is not None:
            raise ValueError(f"{self.key}: a choice that came out has no interval")
        if not isinstance(measured, str) or measured not in self.options:
            keys = ", ".join(self.options)
            raise ValueError(f"{self.key}: what came out must be one of {keys}, not {measured!r}")
        return Outcome(str(measured))

    def words(self, value: Given) -> str:
        """The words of a key; of one that an older lesson had, the key."""
        return self.options.get(value, str(value))

    def beside(self, given: Given, came_out: Outcome) -> str:
        """Whether it came out so, and what it teaches if not."""
        if given == came_out.value:
            return "It came out as you predicted."
        return f"Something else came out. {self.surprise.get(came_out.value, '')}".strip()

    @property
    def how(self) -> str:
        """All keys."""
        return "one of " + ", ".join(f'"{key}"' for key in self.options)

    @property
    def example(self) -> str:
        """The first key."""
        return next(iter(self.options))


@dataclass(frozen=True)
class Better(OneOf):
    """Which of two strategies is better, as `compare` tells: the one, the other, or neither yet."""

    pair: Mapping[str, str] = field(default_factory=dict)  # the comparison's two, and their words

    def __post_init__(self):
        words = {**self.pair, UNRESOLVED: "no difference between them is resolved"}
        object.__setattr__(self, "options", words)

    def outcome(self, measured: Any, low: float | None = None, high: float | None = None):
        """Take a `Comparison` of the two, either way round."""
        names = {getattr(measured, "a", None), getattr(measured, "b", None)}
        if names != set(self.pair):
            both = " and ".join(self.pair)
            raise ValueError(f"{self.key}: give a comparison of {both}, not {measured}")
        return Outcome(sign_of(measured, {1: measured.a, -1: measured.b, 0: UNRESOLVED}))


def sign_of(comparison: Any, words: Mapping[int, str]) -> str:
    """What stands in `words` for a comparison's sign: 1 or −1 where it is resolved, 0 else."""
    if not comparison.resolved:
        return words[0]
    return words[1 if comparison.difference > 0 else -1]


@dataclass(frozen=True)
class Amount(Question):
    """A number in per cent or points, within a plausible range."""

    unit: str = "%"
    low: float = 0.0
    high: float = 100.0
    too_high: str = ""  # what a prediction far above may teach, and far below
    too_low: str = ""

    kind = "number"

    def read(self, answer: Any) -> float:
        """Take a number, or a text with one, also with a comma and the unit."""
        number = _number(answer, self.unit)
        if number is None or not self.low <= number <= self.high:
            raise ValueError(f"predict with {self.how}, not {answer!r}")
        if self.unit == "%" and 0 < number < 1:
            raise ValueError(f"write it in %: {100 * number:g} in place of {answer}")
        return number

    def outcome(self, measured: Any, low: float | None = None, high: float | None = None):
        """Take a share, as 0.46 with its interval, or a `Comparison`."""
        if hasattr(measured, "difference"):
            measured, low, high = measured.difference, measured.low, measured.high
        if _finite(measured) is None or (low is None) != (high is None):
            raise ValueError(f"{self.key}: give a number, and both ends of its interval or none")
        if low is None:
            return Outcome(_in_percent(measured))
        if _finite(low) is None or _finite(high) is None or low > high:
            raise ValueError(f"{self.key}: {low} to {high} is no interval")
        return Outcome(_in_percent(measured), (_in_percent(low), _in_percent(high)))

    def words(self, value: Given) -> str:
        """E.g. ``"46 %"`` or ``"+7 points"``."""
        return f"{self._signed(value)} {self.unit}"

    def _signed(self, value: float) -> str:
        sign = "+" if self.unit == "points" and value > 0 else ""
        return sign + shortest(value)

    def beside(self, given: Given, came_out: Outcome) -> str:
        """How far apart they are, and whether the interval holds the prediction."""
        apart = abs(given - came_out.value)
        told = f"They are {plural(apart)} apart"
        if came_out.interval is None:
            return f"{told}. {self._lesson(given, came_out)}".strip()
        low, high = came_out.interval
        holds = low <= given <= high
        told += f"; the interval, {self._signed(low)} to {self.words(high)}, "
        if holds:
            return f"{told}holds your prediction."
        return f"{told}does not hold your prediction. {self._lesson(given, came_out)}".strip()

    def _lesson(self, given: float, came_out: Outcome) -> str:
        """What a prediction that is off by more than 5 points may teach."""
        if abs(given - came_out.value) <= 5:
            return ""
        return self.too_high if given > came_out.value else self.too_low

    @property
    def how(self) -> str:
        """The range and the unit."""
        return f"a number from {shortest(self.low)} to {shortest(self.high)}, in {self.unit}"

    @property
    def example(self) -> float:
        """The middle of the range."""
        return float(f"{(self.low + self.high) / 2:.0f}")


def _number(answer: Any, unit: str) -> float | None:
    """A finite number out of what was given; None if there is none."""
    if not isinstance(answer, str):
        return _finite(answer)
    text = answer.strip().removesuffix(unit).removesuffix("%").strip()
    text = text.replace(",", ".").replace("−", "-")
    # Not what Python takes besides: "1_0" or "nan", or digits of other scripts.
    return float(text) if re.fullmatch(r"[+-]?[0-9]{1,9}(\.[0-9]{0,9})?", text) else None


def _finite(value: Any) -> float | None:
    """A finite number of Python or NumPy; None for anything else, True and False too."""
    if not isinstance(value, Real) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except OverflowError:  # a whole number beyond all floats
        return None
    return number if math.isfinite(number) else None


def _in_percent(share: float) -> float:
    return round(100 * float(share), 4)


def shortest(value: float) -> str:
    """A number to one decimal below 10, to none above."""
    digits = 1 if abs(value) < 9.95 else 0
    text = f"{value:.{digits}f}".removesuffix(".0")
    return ("0" if text == "-0" else text).replace("-", "−")


def plural(points: float) -> str:
    """E.g. ``"1 point"``."""
    text = shortest(points)
    return f"{text} point{'' if text == '1' else 's'}"


@dataclass(frozen=True)
class Sentence(Question):
    """One short sentence in the learner's words; nothing judges it."""

    kind = "sentence"

    def read(self, answer: Any) -> str:
        """Take a text on one line."""
        text = " ".join(answer.split()) if isinstance(answer, str) else ""
        if not text or not text.isprintable() or len(text) > LONGEST_SENTENCE:
            raise ValueError(f"predict with {self.how}, not {answer!r:.40}")
        return text

    def outcome(self, measured: Any = None, low: float | None = None, high: float | None = None):
        """Take words that a cell has made of what it measured, or nothing."""
        if not (measured is None or isinstance(measured, str)) or low is not None:
            raise ValueError(f"{self.key}: give words or nothing, not {measured!r}")
        return Outcome(measured)

    def beside(self, given: Given, came_out: Outcome) -> str:
        """The learner compares."""
        return "Hold it against what this cell shows."

    @property
    def how(self) -> str:
        """A sentence, and how long it may be."""
        return f"a sentence of at most {LONGEST_SENTENCE} letters"

    @property
    def example(self) -> str:
        """A sentence."""
        return "I expect …"
