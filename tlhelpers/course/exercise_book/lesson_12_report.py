"""Exercise 12.8: a report whose answer agrees with the interval that it quotes."""

from __future__ import annotations

import re

from tlhelpers.course.exercise_book.inspected import Inspected, with_keys
from tlhelpers.course.exercise_book.lesson_12_interval import Found, found_in
from tlhelpers.course.exercise_book.made_project import COMPARED, made_plan
from tlhelpers.course.watched_answer import Fault

KEYS = ("question", "answer", "cost", "limits")
MINUS = str.maketrans({"−": "-", "–": "-", "‐": "-", "‑": "-"})
NUMBER = re.compile(r"(?<![\w.])[+-]? ?(?:\d+[.,]\d+|\d+|[.,]\d+)")
UNDECIDED = re.compile(
    r"not (?:\w+ )?resolved?|unresolved|undecided|no difference[^.]*resolved|leaves? (?:it )?open|"
    r"unclear|uncertain|inconclusive|"
    r"(?:not|cannot|can't|n't) (?:\w+ )?(?:tell|decide|say|show|know)"
)
NOT_SIGNIFICANT = re.compile(r"(?:not|n't) (?:\w+ )?significant|insignificant|no significant")
EQUAL = re.compile(
    r"\b(?:equal|equally|identical|the same accuracy|equivalent|as good as|no effect)\b|"
    r"there is no difference|does not matter|makes no difference"
)
UP = (
    r"beats?|better|outperforms?|higher|more accurate|ahead|above|improves?|wins?|gains?|"
    r"more often|superior|exceeds?|surpass(?:es)?|helps? more"
)
DOWN = r"worse|lower|loses?|below|behind|less accurate|less often|hurts?|inferior"
VERDICT = re.compile(rf"\b(?:(?P<up>{UP})|(?P<down>{DOWN}))\b")
# "Lower end" and "above 0" tell of the interval, not of a strategy.
OF_ENDS = re.compile(
    r"\b(?:lower|upper|higher) (?:end|bound|limit)s?\b|\b(?:above|below) (?:0|zero)\b(?![.,]\d)"
)
DENIED = re.compile(rf"(?:\bnot|n't|\bnever|\bno) (?:\w+ ){{0,2}}?(?:{UP}|{DOWN})\b")
ASKED = re.compile(r"\b(?:whether|if|which) [^.,;:]*")
LEANS = re.compile(
    r"\b(?:tends?|tendency|trend)\b|"
    r"\b(?:is|are|was|were) (?:slightly|somewhat|probably|likely|a little|still) "
    rf"(?:\w+ )?(?:{UP}|{DOWN})\b|"
    r"\b(?:but|although|though)\b(?:(?!\bnot\b|n't|cannot)[^.,;:])*"
    r"\b(?:(?:is|are|was|were) (?:better|worse|ahead|higher|lower)|beats?|wins?|outperforms?)\b"
)
FEWEST_LIMITS, LEAST_WORDS = 3, 4

NO_NUMBER = (
    "The answer does not quote {name}, {value:+.3f}: write the difference and both ends of its "
    "interval, as shares or in points."
)
SIGN = "{name} is {value:+.3f}. In your answer it has the other sign, or none."
CLAIMS = (
    "The interval holds 0, so these data do not tell which is better. Your answer must say that "
    "it is not resolved."
)
SAYS_SIGNIFICANT = (
    "Many read “not significant” as “no difference”. Say that it is not resolved which is better, "
    "and what the interval leaves open."
)
SAYS_MORE = (
    "“{words}” takes a side, and the interval holds 0. Leave it at what is not resolved; the ends "
    "of the interval tell the rest."
)
SAYS_EQUAL = (
    "Not resolved is not equal: the interval holds many differences, up to {far:+.3f}. Say what it "
    "leaves open."
)
SAYS_OPEN = (
    "The interval leaves out 0, and your answer says “{words}”. Say which of the two is better, "
    "and by how much."
)
NO_VERDICT = "Say in words which of {a!r} and {b!r} is better."
WRONG_SIDE = (
    "The difference is {a!r} − {b!r} = {value:+.3f}, so {best!r} is better. Your answer says it of "
    "the other."
)
LIMITS = "There are {n} limits. Write at least three sentences, each about what was not tested."
SHORT = 'Under "{key}" there are hardly any words. What would somebody ask who was not there?'
NO_COST = 'Under "cost" stands no number: seconds, labels or minutes, of each strategy.'


def _inspect(plan, result, report) -> None:
    report = with_keys(report, KEYS, "my_report")
    found, (a, b) = found_in(result), plan["compared"]
    for key in ("question", "answer", "cost"):
        if len(str(report[key]).split()) < LEAST_WORDS:
            raise Fault(SHORT.format(key=key))
    answer = " ".join(str(report["answer"]).translate(MINUS).split())
    _refuse_other_numbers(answer, found, (a, b))
    if found.low <= 0 <= found.high:
        _refuse_decided(answer, found)
    else:
        _refuse_wrong_side(answer, found, a, b)
    if not re.search(r"\d", str(report["cost"])):
        raise Fault(NO_COST)
    limits = report["limits"]
    limits = [limits] if isinstance(limits, str) else list(limits)
    told = [one for one in limits if len(str(one).split()) >= LEAST_WORDS]
    if len(told) < FEWEST_LIMITS:
        raise Fault(LIMITS.format(n=len(told)))


def _refuse_other_numbers(answer: str, found: Found, names: tuple[str, str]) -> None:
    answer = _either(*names).sub("…", answer)  # a 50 in the name of a strategy is no result
    numbers = []
    for found_at in NUMBER.finditer(answer):
        number = float(found_at[0].replace(" ", "").replace(",", "."))
        numbers.append(number)
        if number < 0 and re.search(r"[\d%] *$", answer[: found_at.start()]):
            numbers.append(-number)  # a dash between two numbers may stand for "to"
    for name, value in zip(
        ("the difference", "the lower end", "the upper end"), found, strict=True
    ):
        if any(_stands_for(number, value) for number in numbers):
            continue
        if any(_stands_for(-number, value) for number in numbers):
            raise Fault(SIGN.format(name=name.capitalize(), value=value))
        raise Fault(NO_NUMBER.format(name=name, value=value))


def _stands_for(number: float, value: float) -> bool:
    """Whether a number is a share, or points, rounded to two places or to whole points."""
    return abs(number - value) <= 0.00501 or (
        abs(number) >= 0.1 and abs(number / 100 - value) <= 0.00501
    )


def _refuse_decided(answer: str, found: Found) -> None:
    small = answer.lower()
    if EQUAL.search(small):
        raise Fault(SAYS_EQUAL.format(far=max(found.low, found.high, key=abs)))
    if not UNDECIDED.search(small):
        raise Fault(SAYS_SIGNIFICANT if NOT_SIGNIFICANT.search(small) else CLAIMS)
    leaning = LEANS.search(ASKED.sub("…", small))
    if leaning:
        raise Fault(SAYS_MORE.format(words=leaning[0]))


def _refuse_wrong_side(answer: str, found: Found, a: str, b: str) -> None:
    small = OF_ENDS.sub("…", answer.lower())
    open_words = UNDECIDED.search(small) or EQUAL.search(small) or DENIED.search(small)
    if open_words:
        raise Fault(SAYS_OPEN.format(words=open_words[0]))
    verdict = VERDICT.search(small)
    if verdict is None:
        raise Fault(NO_VERDICT.format(a=a, b=b))
    said = _subject(small, verdict.start(), a.lower(), b.lower())
    if said is None:
        raise Fault(NO_VERDICT.format(a=a, b=b))
    best, other = (a, b) if found.difference > 0 else (b, a)
    if said != (best if verdict["up"] else other).lower():
        raise Fault(WRONG_SIDE.format(a=a, b=b, value=found.difference, best=best))


def _subject(text: str, end: int, a: str, b: str) -> str | None:
    """Which of two names is said last before a place; where none is, the first one after it."""
    named = list(_either(a, b).finditer(text))
    before = [one for one in named if one.end() <= end]
    nearest = before[-1:] or named[:1]
    return nearest[0][0].lower() if nearest else None


def _either(a: str, b: str) -> re.Pattern:
    """Two names, the longer one first: one may stand in the other, as in "shuffled GloVe"."""
    longer_first = sorted((a, b), key=len, reverse=True)
    return re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in longer_first), re.I)


# ---------------------------------------------------------------- wrong ones, known by name

RESOLVED = {"difference": 0.128, "low": 0.071, "high": 0.185}
OPEN = {"difference": 0.021, "low": -0.013, "high": 0.055}
BETTER = "Good rows beat noise by 12.8 points (interval 7.1 to 18.5), ten splits, 45 people."
UNSURE = "Whether good rows are better than noise is not resolved: +0.02 [−0.01, +0.06]."


def _report(result=None, **changes) -> dict:
    report = {
        "question": "Do rows that hold the class help, with ten labels per class?",
        "answer": BETTER,
        "cost": "Each takes less than 1 second; twenty labels take 5 minutes.",
        "limits": [
            "Only sixty made people were looked at.",
            "Other label counts were not tried.",
            "One classifier was used, the nearest mean.",
        ],
    }
    return {"plan": made_plan(), "result": result or RESOLVED, "report": report | changes}


def _wrong_verdicts() -> list:
    a, b = COMPARED
    return [
        (_report(OPEN, answer=UNSURE.replace("not resolved", "clear")), CLAIMS),
        (
            _report(OPEN, answer="Good rows and noise are equal: +0.02 [−0.01, +0.06]."),
            SAYS_EQUAL.format(far=0.055),
        ),
        (
            _report(answer="It is not resolved: good rows minus noise is 0.13 [0.07, 0.19]."),
            SAYS_OPEN.format(words="not resolved"),
        ),
        (
            _report(answer="Good rows are not better than noise: 0.13 [0.07, 0.19]."),
            SAYS_OPEN.format(words="not better"),
        ),
        (
            _report(OPEN, answer=UNSURE[:-1] + ", but good rows are better."),
            SAYS_MORE.format(words="but good rows are better"),
        ),
        (
            _report(OPEN, answer="The difference is not significant: +0.02 [−0.01, +0.06]."),
            SAYS_SIGNIFICANT,
        ),
        (
            _report(answer="Noise beats good rows by 0.13 [0.07, 0.19]."),
            WRONG_SIDE.format(a=a, b=b, value=0.128, best=a),
        ),
        (_report(answer="Good rows minus noise: 0.13 [0.07, 0.19]."), NO_VERDICT.format(a=a, b=b)),
    ]


def _wrong_reports() -> list:
    return [
        *_wrong_verdicts(),
        (
            _report(answer="Good rows beat noise by 0.13."),
            NO_NUMBER.format(name="the lower end", value=0.071),
        ),
        (
            _report(OPEN, answer=UNSURE.replace("−", "")),
            SIGN.format(name="The lower end", value=-0.013),
        ),
        (_report(limits=["Only sixty made people were looked at."]), LIMITS.format(n=1)),
        (_report(cost="It costs next to nothing."), NO_COST),
        (_report(question="Does it work?"), SHORT.format(key="question")),
    ]


REPORT = Inspected(
    "12.8",
    praise="Your sentence says what the interval allows, and no more. Now give the page to "
    "somebody who was not there, with the rubric.",
    hints=(
        "Does the interval hold 0? What may be said then, and what may not?",
        "The answer names both strategies, the difference, both ends of the interval, and which is "
        "better, or that this is not resolved.",
        "For example: “A beats B by 4 points (interval 1 to 7)”, or “Whether A is better than B is "
        "not resolved: +1 point (−2 to +4)”.",
    ),
    parts=("plan", "result", "report"),
    inspect=_inspect,
    right=lambda: [
        _report(),
        _report(OPEN, answer=UNSURE),
        _report(answer="Noise is worse than good rows: the difference is .128 [.071, .185]."),
    ],
    wrong=_wrong_reports,
)
