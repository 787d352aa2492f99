"""A round of a quiz: which questions it asks, as text, and what is kept of the answers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from random import Random

from tlhelpers.course.progress_file import keep, read_progress
from tlhelpers.course.quiz_kinds import LETTERS, Asked, Question
from tlhelpers.errors import CourseError

QUESTIONS = 6  # in a round
SIGNS = {"right": "✓", "wrong": "✗", "open": "○"}


def lessons() -> list[str]:
    """The lessons that have a pool of questions, ``"02"`` say, in their order."""
    folder = Path(__file__).parent / "quiz_pool"
    return sorted(path.stem[-2:] for path in folder.glob("lesson_[0-9][0-9].py"))


@cache
def pool(lesson: str) -> tuple[Question, ...]:
    """The questions of one lesson."""
    return tuple(import_module(f"tlhelpers.course.quiz_pool.lesson_{lesson}").POOL)


def draw_round(lesson: str, seed: int) -> list[Asked]:
    """The six questions of a round: each comes once before any comes again in a later one."""
    questions = pool(lesson)
    rounds = len(questions) // QUESTIONS
    order = Random(f"{lesson} order {seed // rounds}").sample(questions, len(questions))
    first = seed % rounds * QUESTIONS
    random = Random(f"{lesson} round {seed}")
    # Right choices stand in each place about as often, so that no letter is a good guess.
    places = random.sample(range(4), 4) + random.sample(range(4), QUESTIONS - 4)
    chosen = order[first : first + QUESTIONS]
    return [one.ask(random, place) for one, place in zip(chosen, places, strict=True)]


# ---------------------------------------------------------------- text


def as_text(lesson: str, seed: int) -> str:
    """The questions, and how to answer them where there is no widget."""
    lines = [f"Quiz {lesson}"]
    for number, asked in enumerate(draw_round(lesson, seed), start=1):
        lines += ["", f"{number}. {asked.text} ({asked.how})"]
        lines += [
            f"   {letter}) {one}" for letter, one in zip(LETTERS, asked.options, strict=False)
        ]
    return "\n".join([*lines, "", how_to_answer(lesson, seed)])


def how_to_answer(lesson: str, seed: int) -> str:
    """What to write where no widget is drawn."""
    more = f", seed={seed}" if seed else ""
    return (
        f'Answer with quiz("{lesson}"{more}, answers=["b", "ac", 0.83, …]), in the order of the '
        f'questions, None for one left open; quiz("{lesson}", seed={seed + 1}) asks others.'
    )


def as_kept(answer: object) -> str:
    """An answer as the progress file keeps it."""
    several = isinstance(answer, (list, tuple, set, frozenset))
    return ("".join(map(str, answer)) if several else str(answer))[:40]


def score_in_words(asked: Sequence[Asked], firsts: dict[str, tuple[str, bool]]) -> str:
    """How many first answers were right, and how many questions are left."""
    right = sum(one.key in firsts and firsts[one.key][1] for one in asked)
    left = sum(one.key not in firsts for one in asked)
    more = f"; {left} left" if left else ""
    return f"Score: {right} of {len(asked)} right at the first try{more}."


# ---------------------------------------------------------------- progress


def present_seed(lesson: str) -> int:
    """The seed of the round that this learner began last, 0 if none."""
    entry = _entry(lesson)
    return entry["seed"] if entry else 0


def first_answers(lesson: str, seed: int) -> dict[str, tuple[str, bool]]:
    """What was answered first to each question of the kept round, and whether it was right."""
    entry = _entry(lesson)
    if not entry or entry["seed"] != seed:
        return {}
    return {key: (given, right) for key, (given, right) in entry["answers"].items()}


def _entry(lesson: str) -> dict | None:
    try:
        return read_progress().quizzes.get(lesson)
    except (OSError, CourseError):  # told when an answer is to be kept
        return None


def begin_round(lesson: str, seed: int) -> str:
    """Keep which round is asked; answers to another one are dropped, its score stays."""
    return keep(partial(_begin, lesson, seed))


def _begin(lesson: str, seed: int, content: dict) -> bool:
    entry = content["quizzes"].get(lesson)
    if entry and entry["seed"] == seed:
        return False
    old = entry or {"rounds": 0, "best": 0, "last": 0, "questions": QUESTIONS}
    content["quizzes"][lesson] = {**old, "seed": seed, "answers": {}}
    return True


def keep_answer(lesson: str, seed: int, key: str, given: str, state: str) -> str:
    """Keep the first answer to a question; the last one of a round ends it, and sets its score.

    Gives a sentence where it could not be kept; empty else."""
    keys = [asked.key for asked in draw_round(lesson, seed)]

    def add(content: dict) -> bool:
        _begin(lesson, seed, content)
        entry = content["quizzes"][lesson]
        if key in entry["answers"]:
            return False
        entry["answers"][key] = [given, state == "right"]
        if all(one in entry["answers"] for one in keys):
            last = sum(entry["answers"][one][1] for one in keys)
            best = max(last, entry["best"])
            entry |= {"rounds": entry["rounds"] + 1, "last": last, "best": best}
            entry["questions"] = len(keys)
        return True

    return keep(add)
