"""Executed lessons for the book: what is there and still true is taken, the rest is executed."""

from __future__ import annotations

import base64
import copy
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tlhelpers.course.build import role_of
from tlhelpers.course.claims import CLAIM_MIME
from tlhelpers.course.execution import STAMP, run_lesson
from tlhelpers.course.inputs import inputs_digest
from tlhelpers.setup.files import write_atomically

WIDGET_MIME = "application/vnd.jupyter.widget-view+json"
# pandas leaves the corner of a table empty, which is no heading.
EMPTY_HEADING = re.compile(r"<th[^>]*></th>")
FIGURE = re.compile(r'src="data:image/png;base64,([^"]+)"')


@dataclass
class ExecutedLesson:
    """A lesson with outputs: its notebook, whether it was executed now, and why it stopped."""

    path: Path
    notebook: NotebookNode
    executed_now: bool = False
    error: str = ""

    @property
    def stem(self) -> str:
        """E.g. ``"02_feature_extraction"``."""
        return self.path.stem

    @property
    def stamp(self) -> dict:
        """What the run noted of itself: date, seconds, processor; empty if it failed."""
        return self.notebook.metadata.get(STAMP, {})


def executed_lesson(
    path: Path, cache: Path, others: Iterable[Path] = (), echo=print, jobs: int | None = None
) -> ExecutedLesson:
    """A lesson with its outputs, out of `cache` or other folders where these are still true.

    Otherwise it is executed into `cache`. Prose is always today's, so that a changed sentence
    executes nothing."""
    lesson = nbformat.read(path, as_version=4)
    digest = inputs_digest(lesson)
    for folder in (cache, *others):
        kept = _kept(folder / path.name)
        if kept is not None and kept.metadata.get(STAMP, {}).get("inputs") == digest:
            return ExecutedLesson(path, _with_outputs(lesson, kept))
    run = run_lesson(path, cache, echo, jobs)
    made = _kept(cache / path.name)
    whole = lesson if made is None else _with_outputs(lesson, made)
    return ExecutedLesson(path, whole, True, run.error or run.not_kept)


def _kept(path: Path) -> NotebookNode | None:
    """An executed notebook; None where there is none that can be read."""
    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.reader.NotJSONError, nbformat.ValidationError):
        return None


def _with_outputs(lesson: NotebookNode, executed: NotebookNode) -> NotebookNode:
    """The lesson's cells with the outputs of the same code elsewhere."""
    whole = copy.deepcopy(lesson)
    ran = [cell for cell in executed.cells if cell.cell_type == "code"]
    code = [cell for cell in whole.cells if cell.cell_type == "code"]
    for cell, twin in zip(code, ran, strict=True):
        cell.outputs, cell.execution_count = twin.outputs, twin.execution_count
    whole.metadata[STAMP] = executed.metadata.get(STAMP, {})
    return whole


# ---------------------------------------------------------------- as a page shows it


def for_a_page(notebook: NotebookNode, keep_figure: Callable[[bytes], str]) -> NotebookNode:
    """A copy without what needs a kernel: a widget's still figure stands in its place.

    Figures become files: `keep_figure` takes a PNG and returns what a page calls it. Solutions
    of exercises and the code of claims are folded."""
    shown = copy.deepcopy(notebook)
    shown.metadata["language_info"] = {"name": "python", "pygments_lexer": "ipython3"}
    for cell in shown.cells:
        _fold(cell)
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if "text/html" in data:
                data.pop(WIDGET_MIME, None)
                html = EMPTY_HEADING.sub("<td></td>", _joined(data["text/html"]))
                data["text/html"] = _without_data(html, keep_figure)
            data.pop(CLAIM_MIME, None)
    return shown


def _fold(cell: NotebookNode) -> None:
    """Hide a cell's code behind a line where a reader should think first, or may pass over it."""
    tags = cell.metadata.get("tags", [])
    told = "a solution" if role_of(cell) == "answer" else "the check" if "claim" in tags else ""
    if told:
        cell.metadata["tags"] = [*tags, "hide-input"]
        prompts = {"code_prompt_show": f"Show {told}", "code_prompt_hide": f"Hide {told}"}
        cell.metadata["mystnb"] = prompts


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


def _without_data(html: str, keep_figure: Callable[[bytes], str]) -> str:
    return FIGURE.sub(lambda found: f'src="{keep_figure(base64.b64decode(found[1]))}"', html)


def write_if_changed(path: Path, data: bytes) -> bool:
    """Write a file unless it holds this already: what depends on it is then not made anew."""
    if path.exists() and path.read_bytes() == data:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, data)
    return True
