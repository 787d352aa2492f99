"""An exercise as a seed has it: shuffled letters, other numbers, another specification."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any, NamedTuple

from tlhelpers.course.exercise_book import exercises
from tlhelpers.course.exercise_kinds import Choice, Exercise, Function, Number, Verdict
from tlhelpers.course.grading import later_ways, number_ways, text_ways, vision_ways, word_ways
from tlhelpers.course.grading.ways import Numbers, Way, edited
from tlhelpers.course.watched_answer import Watched

WAYS: dict[str, tuple[Way, ...]] = (
    vision_ways.WAYS | text_ways.WAYS | later_ways.WAYS | word_ways.WAYS
)
AS_IN_THE_COURSE = (
    "That is right for the exercise as the course has it. Here something else is asked for: "
    "read the text again."
)
OTHER_NUMBERS = "It is another number. Compute it anew, with the numbers that stand in the text."
OPTION = re.compile(r'^- `"([a-z])"`: ', re.M)


class Texts(NamedTuple):
    """The two cells that a learner reads: the exercise's text, and where the answer goes."""

    question: str
    answer: str


@dataclass(frozen=True)
class VariedFunction(Exercise):
    """The course's exercise on a function with another specification."""

    course: Function
    way: Way

    def examine(self, answer: Any) -> Verdict:
        """Judge what was written for the variant; the course's own answer is named as such."""
        if not callable(answer):
            return self.course.examine(answer)
        verdict = self._judge(answer)
        if verdict.state == "wrong" and self.course.examine(answer).state == "right":
            return Verdict("wrong", AS_IN_THE_COURSE)
        return verdict

    def _judge(self, answer: Callable) -> Verdict:
        if self.way.instead:
            return replace(self.course, reference=self.way.instead, mistakes=()).examine(answer)
        # What goes in is changed on its way, so whether it comes back as it was is seen here.
        watched = Watched(answer)
        verdict = self.course.examine(self.way.undo(watched))
        if verdict.state == "right" and watched.changed:
            return Verdict("wrong", watched.what_it_changed())
        return verdict


def variant(exercise_id: str, seed: int | None) -> Exercise:
    """An exercise as it is asked and judged with a seed; None is the course as published."""
    course = exercises(exercise_id[:2])[exercise_id]
    if seed is None:
        return course
    drawn = _drawn(course, seed)
    if drawn is None:
        return course
    if isinstance(course, Choice):
        return _shuffled(course, drawn)
    if isinstance(course, Number):
        known = ((course.value, AS_IN_THE_COURSE),)
        return replace(course, value=drawn.value, mistakes=known, hints=(OTHER_NUMBERS,) * 3)
    return VariedFunction(course.id, course.praise, course.hints, course=course, way=drawn)


def for_marks(exercise: Exercise) -> Exercise:
    """The same without its known mistakes: to look for them all may take longer than a cell may."""
    if isinstance(exercise, VariedFunction):
        return replace(exercise, course=replace(exercise.course, mistakes=()))
    return replace(exercise, mistakes=()) if isinstance(exercise, Function) else exercise


def what_varies(exercise_id: str) -> list[str]:
    """For the teacher: what the variants of an exercise are, in words."""
    course = exercises(exercise_id[:2])[exercise_id]
    if isinstance(course, Choice):
        return ["the options in another order"]
    if isinstance(course, Number):
        return ["other numbers"] if exercise_id in number_ways.DRAWS else []
    return [way.what.replace("*", "").strip(" ,") for way in WAYS.get(exercise_id, ())]


def texts(exercise_id: str, seed: int | None, course: Texts) -> Texts:
    """The two cells of an exercise for a seed, made from the course's; the solution included."""
    if seed is None:
        return course
    exercise = exercises(exercise_id[:2])[exercise_id]
    drawn = _drawn(exercise, seed)
    if drawn is None:
        return course
    if isinstance(exercise, Choice):
        right = _shuffled(exercise, drawn).right
        answer = edited(
            course.answer, ((f'answer = "{exercise.right}"', f'answer = "{right}"'),), exercise_id
        )
        return Texts(_in_order(course.question, drawn, exercise_id), answer)
    where = f"the text of exercise {exercise_id}"
    return Texts(
        edited(course.question, drawn.text, where), edited(course.answer, drawn.code, where)
    )


def _drawn(exercise: Exercise, seed: int) -> str | Numbers | Way | None:
    """What a seed draws: an order of letters, numbers or a way; None where nothing varies yet."""
    draw = Random(f"{seed} {exercise.id}")
    if isinstance(exercise, Choice):
        letters = sorted([exercise.right, *exercise.why_not])
        while True:
            order = "".join(draw.sample(letters, len(letters)))
            # The open solution is a letter, so the right one moves.
            if order[letters.index(exercise.right)] != exercise.right:
                return order
    if isinstance(exercise, Number):
        numbers = number_ways.DRAWS.get(exercise.id)
        return numbers and numbers(draw)
    return draw.choice(WAYS[exercise.id]) if exercise.id in WAYS else None


def _shuffled(choice: Choice, order: str) -> Choice:
    """`order` says, place by place, which of the course's letters stands there."""
    letters = dict(zip(order, sorted(order), strict=True))
    why_not = {letters[old]: hint for old, hint in choice.why_not.items()}
    return replace(choice, right=letters[choice.right], why_not=why_not)


def _in_order(question: str, order: str, exercise_id: str) -> str:
    """The text with its options in another order."""
    before, *parts = OPTION.split(question)
    options = dict(zip(parts[::2], parts[1::2], strict=True))
    if sorted(options) != sorted(order):
        raise ValueError(f"{exercise_id}: the text has the options {sorted(options)}")
    # The last option may be followed by a paragraph, which stays where it is.
    last, *after = options[parts[-2]].split("\n\n", 1)
    options[parts[-2]] = last
    lines = [
        f'- `"{new}"`: {options[old].rstrip()}'
        for new, old in zip(sorted(order), order, strict=True)
    ]
    return before + "\n".join(lines) + "".join("\n\n" + rest for rest in after)
