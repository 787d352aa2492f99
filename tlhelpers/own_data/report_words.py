"""How a report writes numbers, spans of time and whatever text somebody's data hold."""

from __future__ import annotations

import math
import re
import unicodedata

from markupsafe import Markup, escape

# What HTML forbids and no font shows: controls but tab and line end, halves of signs, no signs.
NO_SIGNS = "".join(chr((plane << 16) + last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
FORBIDDEN = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef{NO_SIGNS}]")
JOINING = "\u200d\ufe0e\ufe0f"


def readable(value):
    """A text that any HTML page may hold; what it may not is a question mark in a diamond."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return FORBIDDEN.sub("\ufffd", value.replace("\r\n", "\n").replace("\r", "\n"))


def breakable(name: str) -> Markup:
    """A name, escaped, that a narrow page may break after its underscores and slashes."""
    return Markup(re.sub(r"([_/\\\\])", r"\1<wbr>", str(escape(readable(str(name))))))


def unbroken(sentence: str) -> str:
    """A sentence whose intervals and hyphens stay on one line."""
    sentence = sentence.replace("k-NN", "k\u2011NN")
    return re.sub(r"\[([^\[\] ,]{1,9}), ([^\[\] ,]{1,9})\]", "[\\1,\u00a0\\2]", sentence)


def with_options(sentence: str) -> Markup:
    """A sentence, escaped, whose options of a command, as --minutes 8, stay on one line."""
    found = re.sub(r"(--[a-z]+(?: \d+)?)", r"<code>\1</code>", str(escape(readable(sentence))))
    return Markup(found if found.endswith((".", "!", "?")) else f"{found}.")


def lead_and_rest(sentence: str) -> tuple[str, str]:
    """The first sentence, and what follows it."""
    lead, *rest = re.split(r"(?<=[.!?])\s+(?=[A-Z])", sentence, maxsplit=1)
    return lead, rest[0] if rest else ""


def number(value: float, digits: int = 2) -> str:
    """A share without the zero in front: .86; a true minus sign; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    text = f"{abs(value):.{digits}f}".removeprefix("0")
    negative = value < 0 and float(text) != 0
    return f"−{text}" if negative else text


def difference_words(mean: float, low: float, high: float) -> str:
    """A difference and its interval; an end that is not 0 is never written as 0."""
    end, digits = min(abs(low), abs(high)), 2
    while end and digits < 6 and not float(f"{end:.{digits}f}"):
        digits += 1
    mean, low, high = (
        text if text.startswith(("−", "–")) else f"+{text}"
        for text in (number(value, digits) for value in (mean, low, high))
    )
    return f"{mean} [{low}, {high}]"


def interval_words(mean: float, low: float, high: float) -> str:
    """A mean and its interval, as .86 [.82, .89]; alone where there is no interval."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return number(mean)
    return f"{number(mean)} [{number(low)}, {number(high)}]"


def span(seconds: float) -> str:
    """Seconds in the unit that reads best."""
    if not math.isfinite(seconds):
        return "–"
    for unit, size in (("hours", 3600), ("minutes", 60)):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.1f} {unit}"
    if seconds >= 10:
        return f"{seconds:.0f} seconds"
    if seconds >= 0.1:
        return f"{seconds:.1f} seconds"
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.001 else "under 1 ms"


def count_of(count: int, one: str, more: str = "") -> str:
    """A number with its noun: 1 item, 1,200 items."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def shortened(text: str, most: int = 220) -> str:
    """The beginning of a text, cut between words where that is possible, never within a sign."""
    text = " ".join(text.split())
    if len(text) <= most:
        return text
    end = most - 1
    while end > 1 and (unicodedata.combining(text[end]) or text[end] in JOINING
                       or text[end - 1] == "\u200d"):  # fmt: skip
        end -= 1
    cut = text[:end]
    space = cut.rfind(" ")
    return f"{cut[:space] if space > most // 2 else cut}…"
