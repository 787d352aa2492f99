"""The form for a prediction, which the keyboard alone can serve; the same as text beside it."""

from __future__ import annotations

from html import escape

import ipywidgets

from tlhelpers.course.prediction_kinds import OneOf, Question, Sentence
from tlhelpers.course.prediction_records import entry_of, keep_prediction
from tlhelpers.widget_keys import keep_keys

MANY = 7  # so many choices are a list to open, fewer stand there as buttons


class PredictionForm(ipywidgets.VBox):
    """One question, its field, and a line that says what is kept.

    Parameters
    ----------
    name : str
        E.g. ``"00.rivals"``.
    asked : Question
    """

    def __init__(self, name: str, asked: Question):
        self.name, self.asked = name, asked
        self.field, self.said = _field(asked), ipywidgets.HTML()
        text = ipywidgets.HTML(
            f'<div style="line-height:1.4;max-width:60em"><b>Your prediction.</b> '
            f'<span class="tl-asked">{escape(asked.text)}</span></div>{keep_keys("tl-prediction")}'
        )
        super().__init__([text, self.field, self.said])
        self.add_class("tl-prediction")
        self._fill()
        self.field.observe(lambda change: self.keep(change["new"]), "value")

    def _fill(self) -> None:
        """Bring back what was predicted before."""
        entry = entry_of(self.name, self.asked)
        value = entry["given"] if entry["later"] is None else entry["later"]
        if value is not None:
            try:
                self.field.value = _shown(self.asked.read(value))
            except ValueError:  # a choice that an older lesson had
                return
        self._say(entry)

    def keep(self, answer: str | None) -> None:
        """Keep what the field holds, and say so, or how to answer."""
        if answer is None or not answer.strip():
            return
        try:
            value = self.asked.read(answer)
        except ValueError as problem:
            self._write(f"○ Not kept: {problem}.")
            return
        told = keep_prediction(self.name, self.asked, value)
        self._say(entry_of(self.name, self.asked), told)

    def _say(self, entry: dict, told: str = "") -> None:
        if entry["later"] is not None:
            first = entry["given"]
            words = "none" if first is None else self.asked.words(first)
            self._write(f"✓ Noted as written after the outcome. Before: {words}. {told}".strip())
        elif entry["given"] is not None:
            words = self.asked.words(entry["given"])
            self._write(f"✓ You predict: {words}. {told}".strip())
        elif told:
            self._write(told)

    def _write(self, line: str) -> None:
        self.said.value = f'<div role="status" style="line-height:1.4">{escape(line)}</div>'

    def as_text(self) -> str:
        """What is asked, and how to answer where no form is drawn."""
        lines = [f"Prediction {self.name}: {self.asked.text}"]
        if isinstance(self.asked, OneOf):
            lines += [f"   {words}" for words in self.asked.options.values()]
        return "\n".join([*lines, self._state_in_words()])

    def _state_in_words(self) -> str:
        given = entry_of(self.name, self.asked)["given"]
        if given is not None:
            return f"You predicted: {self.asked.words(given)}."
        example = self.asked.example
        shown = f'"{example}"' if isinstance(example, str) else f"{example:g}"
        return (
            "No prediction was recorded here. (Without a form: for example "
            f'record_prediction("{self.name}", {shown}).)'
        )

    def _repr_mimebundle_(self, **kwargs):
        data = super()._repr_mimebundle_(**kwargs)
        return data | {"text/plain": self.as_text(), "text/html": self._still()}

    def _still(self) -> str:
        """The question for where no form is drawn."""
        choices = ""
        if isinstance(self.asked, OneOf):
            items = "".join(f"<li>{escape(words)}</li>" for words in self.asked.options.values())
            choices = f"<ul>{items}</ul>"
        return (
            f"<p><b>Prediction {escape(self.name)}.</b> {escape(self.asked.text)}</p>{choices}"
            f"<p>{escape(self._state_in_words())}</p>"
        )


def _field(asked: Question) -> ipywidgets.Widget:
    """Buttons or a list for a choice, a field for a number with its unit or for a sentence."""
    if isinstance(asked, OneOf):
        options = [(words, key) for key, words in asked.options.items()]
        if len(options) < MANY:
            layout = ipywidgets.Layout(width="auto", max_width="60em")
            return ipywidgets.RadioButtons(options=options, index=None, layout=layout)
        return ipywidgets.Dropdown(
            options=[("– choose –", ""), *options],
            description="Choose:",
            style={"description_width": "initial"},
            layout=ipywidgets.Layout(width="22em", max_width="100%"),
        )
    wide = isinstance(asked, Sentence)
    # Sent when the field is left: of letters sent one by one, each would be kept.
    return ipywidgets.Text(
        description="In a sentence:" if wide else f"In {asked.unit}:",
        placeholder="then Enter" if wide else f"{asked.low:g} to {asked.high:g}, then Enter",
        continuous_update=False,
        style={"description_width": "initial"},
        layout=ipywidgets.Layout(width="40em" if wide else "16em", max_width="100%"),
    )


def _shown(value: str | float) -> str:
    """A kept value as its field holds it."""
    return value if isinstance(value, str) else f"{value:g}"
