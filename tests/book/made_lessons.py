"""Lessons of a few cells, for books that are made in seconds."""

from __future__ import annotations

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

# A widget with its still figure, a figure of its own, and a claim.
SHOWN = """
from IPython.display import display
PIXEL = ("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5"
         "ErkJggg==")
still = f'<p>value 3</p><img src="data:image/png;base64,{PIXEL}" alt="a still figure"/>'
view = {"model_id": "0", "version_major": 2, "version_minor": 0}
display({"application/vnd.jupyter.widget-view+json": view, "text/html": still,
         "text/plain": "Explorer"}, raw=True)
"""
# What else the outputs of a lesson hold: a table, a quiz, a prediction, progress, verdicts.
OUTPUTS = """
import pandas as pd
from IPython.display import display
from tlhelpers.course import progress, record_prediction
from tlhelpers.course.exercise_kinds import Verdict
from tlhelpers.course.exercises import _show
from tlhelpers.course.quiz_widget import Quiz
table = pd.DataFrame({"accuracy": [0.5, 0.7]}, pd.Index(["frozen", "tuned"], name="strategy"))
display(table, Quiz("02"), record_prediction("00.first"), progress())
for state in ("right", "wrong", "open"):
    _show("00.1", Verdict(state, "A hint."))
"""
CLAIM = """
from tlhelpers.course.claims import claim_value
claim_value("98.a", "three | four is at least two", 3.0, at_least=2.0)
"""
PROSE = r"""# 98 · Whole: does it run?

The [glossary](../../notebooks/glossary.md#glossary) and the
[data card](../../data/README.md#numbers) say more; see [the next](99_broken.ipynb) and
[its pins](../../data/packages.txt). In symbols, $\mathcal{T}_S \neq \mathcal{T}_T$.

$$\pi = \frac{a - f}{t - f}$$
"""


def whole_lesson():
    """A notebook that runs to its end: prose, a widget, an answer, a claim."""
    answer = new_code_cell("answer = 41 + 1", metadata={"nbgrader": {"solution": True}})
    claim = new_code_cell(CLAIM, metadata={"tags": ["claim"]})
    last = new_code_cell("print('the last cell')")
    code = [new_code_cell(SHOWN), new_code_cell(OUTPUTS), answer, claim, last]
    return new_notebook(cells=[new_markdown_cell(PROSE), *code])


def quick_lesson(prose: str = "say more", last: str = "print('the last cell')"):
    """One that imports nothing."""
    return new_notebook(cells=[new_markdown_cell(prose), new_code_cell(last)])


def broken_lesson():
    """One whose second cell fails."""
    cells = ["print('as far as here')", "raise ValueError('no such luck')", "print('never')"]
    title = new_markdown_cell("# 99 · Broken: why does it stop?")
    return new_notebook(cells=[title, *map(new_code_cell, cells)])


def write_lesson(folder, name: str, notebook):
    """Write a notebook to a folder, which is made; gives its path."""
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, folder / f"{name}.ipynb")
    return folder / f"{name}.ipynb"
