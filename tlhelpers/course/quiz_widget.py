"""The quiz as a widget that the keyboard alone can serve, with the questions as text beside it."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import ipywidgets

from tlhelpers.course.quiz_kinds import LETTERS, Asked, AskedLetters, AskedNumber
from tlhelpers.course.quiz_rounds import (
    SIGNS,
    as_text,
    begin_round,
    draw_round,
    first_answers,
    how_to_answer,
    keep_answer,
    score_in_words,
)
from tlhelpers.widget_keys import keep_keys

COLOURS = {"right": "#009E73", "wrong": "#D55E00", "open": "#666666"}
WORDS = {"right": "right", "wrong": "not yet", "open": "open"}
WIDE = {"width": "auto", "max_width": "60em"}


class QuestionBox(ipywidgets.VBox):
    """One question with its choices, a button, and what is said about the answer.

    Parameters
    ----------
    number : int
        The question's number in the round.
    asked : Asked
    answered : callable
        Called with the answer and the verdict's state at each check that is not open.
    """

    def __init__(self, number: int, asked: Asked, answered: Callable[[str, str], object]):
        self.number, self.asked, self._answered = number, asked, answered
        self.fields = _fields(asked)
        self.button = ipywidgets.Button(
            description=f"Check {number}", tooltip=f"Check the answer to question {number}"
        )
        self.said = ipywidgets.HTML()
        words = f'<span class="tl-asked">{escape(asked.text)}</span>'
        title = f"<b>{number}.</b> {words} <small>({escape(asked.how)})</small>"
        text = ipywidgets.HTML(f'<div style="line-height:1.4;max-width:60em">{title}</div>')
        super().__init__([text, *self.fields, self.button, self.said])
        self.button.on_click(lambda button: self.check())

    @property
    def answer(self) -> str:
        """What is picked or written, empty if nothing is."""
        if isinstance(self.asked, AskedNumber):
            return self.fields[0].value.strip()
        if len(self.fields) == 1:
            return self.fields[0].value or ""
        return "".join(
            letter for letter, box in zip(LETTERS, self.fields, strict=False) if box.value
        )

    @answer.setter
    def answer(self, given: str) -> None:
        """Pick or write an answer."""
        if isinstance(self.asked, AskedNumber):
            self.fields[0].value = given
        elif len(self.fields) == 1:
            self.fields[0].value = given if given in LETTERS[: len(self.asked.options)] else None
        else:
            for letter, box in zip(LETTERS, self.fields, strict=False):
                box.value = letter in given

    def check(self) -> None:
        """Judge the answer and say why."""
        verdict = self.asked.judge(self.answer)
        self.show(verdict.state, verdict.message)
        if verdict.state != "open":
            self._answered(self.answer, verdict.state)

    def show(self, state: str, message: str) -> None:
        """Write a verdict below the button, where a screen reader hears of it."""
        self.said.value = (
            f'<div role="status" style="border-left:4px solid {COLOURS[state]};'
            f'padding:.2em .8em;line-height:1.4;max-width:60em">'
            f"<b>{SIGNS[state]} {self.number} {WORDS[state]}.</b> {escape(message)}</div>"
        )


def _fields(asked: Asked) -> list[ipywidgets.Widget]:
    """Radio buttons for one choice, boxes to tick for several, a field for a number."""
    if isinstance(asked, AskedNumber):
        # Sent when the field is left: of letters sent one by one, a click would overtake the last.
        return [ipywidgets.Text(placeholder="a number", continuous_update=False)]
    lettered = [f"{a}) {one}" for a, one in zip(LETTERS, asked.options, strict=False)]
    if isinstance(asked, AskedLetters) and asked.missing:
        return [
            ipywidgets.Checkbox(description=one, indent=False, layout=ipywidgets.Layout(**WIDE))
            for one in lettered
        ]
    options = [(one, letter) for letter, one in zip(LETTERS, lettered, strict=False)]
    return [ipywidgets.RadioButtons(options=options, index=None, layout=ipywidgets.Layout(**WIDE))]


class Quiz(ipywidgets.VBox):
    """Six questions, a score, and a button for another round.

    Parameters
    ----------
    lesson : str
        E.g. ``"02"``.
    seed : int
        Draws the questions; those answered before are shown with what was answered first.
    """

    def __init__(self, lesson: str, seed: int = 0):
        self.lesson, self.seed = lesson, seed
        self.score, self.told = ipywidgets.HTML(), ipywidgets.HTML()
        self.again = ipywidgets.Button(
            description="Another round", tooltip="Other questions about this lesson"
        )
        self.again.on_click(lambda button: self.begin(self.seed + 1))
        super().__init__()
        self.add_class("tl-quiz")
        self._draw()

    def begin(self, seed: int) -> None:
        """Ask the questions of another seed."""
        self.seed = seed
        told = begin_round(self.lesson, seed)
        self._draw()
        self.told.value = escape(told)

    def _draw(self) -> None:
        self.asked = draw_round(self.lesson, self.seed)
        self.firsts = dict(first_answers(self.lesson, self.seed))
        self.questions = [
            QuestionBox(number, asked, self._keeper(asked))
            for number, asked in enumerate(self.asked, start=1)
        ]
        for box in self.questions:
            if box.asked.key in self.firsts:
                box.answer = self.firsts[box.asked.key][0]
                box.show(*box.asked.judge(box.answer))
        head = ipywidgets.HTML(
            f"<b>Quiz {self.lesson}</b>, round {self.seed + 1}. By keyboard: Tab goes on, Space "
            f"picks and presses.{keep_keys('tl-quiz')}"
        )
        self.children = [head, *self.questions, self.score, self.told, self.again]
        self._show_score()

    def _keeper(self, asked: Asked) -> Callable[[str, str], None]:
        def answered(given: str, state: str) -> None:
            self.firsts.setdefault(asked.key, (given, state == "right"))
            self.told.value = escape(
                keep_answer(self.lesson, self.seed, asked.key, given[:40], state)
            )
            self._show_score()

        return answered

    def _show_score(self) -> None:
        words = score_in_words(self.asked, self.firsts)
        self.score.value = f'<div role="status"><b>{words}</b></div>'

    def _repr_mimebundle_(self, **kwargs):
        data = super()._repr_mimebundle_(**kwargs)
        return data | {"text/plain": as_text(self.lesson, self.seed), "text/html": self._still()}

    def _still(self) -> str:
        """The questions for where no widget is drawn."""
        items = "".join(
            f"<li><p>{escape(one.text)} <small>({escape(one.how)})</small></p>"
            + '<ol type="a">'
            + "".join(f"<li>{escape(option)}</li>" for option in one.options)
            + "</ol></li>"
            for one in self.asked
        )
        how = escape(how_to_answer(self.lesson, self.seed))
        return f"<p><b>Quiz {self.lesson}</b></p><ol>{items}</ol><p>{how}</p>"
