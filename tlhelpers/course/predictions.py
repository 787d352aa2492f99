"""Predictions: what a learner expects before a cell runs, shown beside what came out."""

from __future__ import annotations

import sys
from html import escape
from typing import Any

from tlhelpers.course.prediction_form import PredictionForm
from tlhelpers.course.prediction_kinds import Outcome, Question
from tlhelpers.course.prediction_records import (
    entry_of,
    keep_outcome,
    keep_prediction,
    question,
)

LATE = "This was predicted after the outcome had been shown, so it is not counted."


def record_prediction(name: str, answer: Any = None) -> PredictionForm | None:
    """Ask for a prediction, and keep it at once in the learner's own progress file.

    Nothing in a lesson depends on it. Until `show_outcome` has shown what came out, it may be
    changed; from then on the last one stands, and a later one is marked as such.

    Parameters
    ----------
    name : str
        Lesson and question, e.g. ``"00.rivals"``.
    answer : str or number, optional
        The prediction, where no form can be drawn.

    Returns
    -------
    PredictionForm or None
        A form that the keyboard alone can serve; elsewhere it shows as text. Outside of a notebook
        the text is printed, and so is what became of an `answer`; then None.

    Raises
    ------
    ValueError
        If there is no such question, or the answer is none of its choices, no number in its range
        or no short sentence.
    """
    asked = question(name)
    if answer is not None:
        return _keep_typed(name, asked, answer)
    form = PredictionForm(name, asked)
    if not in_a_notebook():
        print(form.as_text())
        return None
    return form


def _keep_typed(name: str, asked: Question, answer: Any) -> None:
    value = asked.read(answer)
    told = keep_prediction(name, asked, value)
    late = f" {LATE}" if entry_of(name, asked)["shown"] else ""
    print(f"Your prediction {name}: {asked.words(value)}.{late}")
    if told:
        print(told)


def show_outcome(
    name: str, measured: Any = None, low: float | None = None, high: float | None = None
) -> None:
    """Show beside each other what was predicted and what came out.

    Parameters
    ----------
    name : str
        As for `record_prediction`.
    measured : str, number or Comparison
        What the cell found: the key of a choice, a share (0.46 is shown as 46 %), or what
        `tlhelpers.evaluation.compare` returned. For a sentence, words to hold it against, or none.
    low, high : float, optional
        The interval of a share, where it has one.

    Raises
    ------
    ValueError
        If there is no such question, or `measured` is nothing that can come out there.
    """
    asked = question(name)
    came_out = asked.outcome(measured, low, high)
    told = keep_outcome(name, asked, came_out)
    entry = entry_of(name, asked)
    lines = [_sentence(asked, entry, came_out), *filter(None, [told])]
    _display(name, _rows(asked, entry, came_out), lines)


def _rows(asked: Question, entry: dict, came_out: Outcome) -> dict[str, str]:
    """What stands beside each other; the outcome is that of now, which may differ in a digit."""
    given = entry["given"]
    rows = {} if given is None else {"You predicted": asked.words(given)}
    if entry["later"] is not None:
        rows["You wrote afterwards"] = asked.words(entry["later"])
    if came_out.value is not None:
        rows["It came out"] = asked.words(came_out.value)
    return rows


def _sentence(asked: Question, entry: dict, came_out: Outcome) -> str:
    if entry["given"] is not None:
        return asked.beside(entry["given"], came_out)
    return "No prediction was recorded before this was shown."


def _display(name: str, rows: dict[str, str], lines: list[str]) -> None:
    """Write it as a small table in a notebook, as lines elsewhere."""
    shown = [f"{head}: {words}." for head, words in rows.items()]
    text = " ".join([f"Prediction {name}.", *shown, *lines])
    if not in_a_notebook():
        print(text)
        return
    from IPython.display import display

    display({"text/plain": text, "text/html": _as_html(name, rows, lines)}, raw=True)


def _as_html(name: str, rows: dict[str, str], lines: list[str]) -> str:
    cells = "".join(
        f'<div style="margin-right:2.5em"><small>{escape(head)}</small><br>'
        f"<b>{escape(words)}</b></div>"
        for head, words in rows.items()
    )
    told = "".join(f"<div>{escape(line)}</div>" for line in lines)
    return (
        f'<div role="group" aria-label="Prediction {escape(name)} and what came out" '
        'style="border-left:4px solid #0072B2;padding:.3em .8em;line-height:1.4;max-width:60em">'
        f'<div style="display:flex;flex-wrap:wrap">{cells}</div>{told}</div>'
    )


def in_a_notebook() -> bool:
    """Whether IPython runs this: a plain script need not have it."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None
