"""An executed lesson as the cells of slides: what stands on which, derived from its structure.

A cell whose metadata hold Jupyter's own ``slideshow={"slide_type": …}`` is taken as it says."""

from __future__ import annotations

import ast
import copy
import math
import re
from dataclasses import dataclass
from html import escape

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from tlhelpers.course.book_execution import WIDGET_MIME
from tlhelpers.course.build import role_of
from tlhelpers.course.claims import CLAIM_MIME

MOST_LETTERS = 620  # of prose on one slide: what one reads from the last row
MOST_LINES = 12  # of code; what is longer is left out, its output is not
# Heights in pixels of a slide that is 720 high, as slides.css draws them.
HIGH, TITLE, LINE, SMALL_LINE, ROW, FIGURE, GAP = 620, 70, 38, 30, 39, 600, 20
LETTERS, SMALL_LETTERS = 80, 92  # on a line of prose, and on one of code
HEADING = re.compile(r"^(#+) (.+)$")
EXERCISE = re.compile(r"^#+ Exercise \d\d\.\d+")
# What a learner answers, and what is about one learner or one machine.
NOT_SHOWN = {"quiz", "progress", "check", "lesson_times", "record_prediction", "show_outcome"}
MARKS = re.compile(r"^\s*### (BEGIN|END) SOLUTION\n?", re.MULTILINE)


@dataclass
class Part:
    """What stays together on a slide: its kind, how high it is, and whether a slide begins."""

    cell: NotebookNode
    kind: str  # prose, code, output, or wished: with a slide type of its own
    high: int
    where: str  # the heading that it stands below
    begins: str = ""  # a slide type, if it does not go on the slide before it
    titled: bool = False


def slides_of(notebook: NotebookNode, solutions: bool = False) -> list[NotebookNode]:
    """The cells of a lesson's slides, each with its ``slideshow`` metadata.

    A slide begins with each heading. Below it, prose, the code that follows and what came out of
    it share a slide if they fit; what came out appears with the next key, after the prediction.
    `solutions` puts each answer on a slide below its exercise."""
    parts: list[Part] = []
    where = ""
    for cell in notebook.cells:
        if wished := cell.metadata.get("slideshow", {}).get("slide_type"):
            parts.append(Part(_for_slides(cell), "wished", 0, where, wished))
        elif cell.cell_type == "markdown":
            parts += _prose(cell, where)
        elif cell.cell_type == "code":
            parts += _code(cell, where, solutions)
        if cell.cell_type == "markdown":
            where = _last_heading(cell.source) or where
    return _arranged(parts)


def _arranged(parts: list[Part]) -> list[NotebookNode]:
    """The cells in order, with slide types, and a line above each slide that has no heading."""
    made: list[NotebookNode] = []
    held: list[str] = []  # the kinds on the slide at hand
    used = HIGH
    for part, after in zip(parts, [*parts[1:], None], strict=True):
        if part.kind == "wished":
            made.append(_typed(part.cell, part.begins))
            held, used = ["wished"], HIGH
        elif not part.begins and used + part.high <= HIGH and _may_join(part, held, after):
            hidden = part.kind == "output" and "output" not in held
            made.append(_typed(part.cell, "fragment" if hidden else "-"))
            held, used = [*held, part.kind], used + part.high
        else:
            if not part.titled:
                line = new_markdown_cell(_running(part.where))
                made.append(_typed(line, part.begins or "subslide"))
            made.append(_typed(part.cell, part.begins if part.titled else "-"))
            held, used = [part.kind], part.high + TITLE
    for number, cell in enumerate(made):
        cell["id"] = f"slide-{number:03d}"
    return made


def _may_join(part: Part, held: list[str], after: Part | None) -> bool:
    """What came out goes on any slide; prose below it only if it tells of that, not of new code."""
    if part.kind == "code":
        return set(held) == {"prose"}
    if part.kind == "prose":
        return held[-1:] == ["output"] and (after is None or after.kind != "code")
    return True


def _last_heading(source: str) -> str:
    """The last heading of a cell that is no exercise's: what comes after one belongs elsewhere."""
    titles = [line for line in source.splitlines() if HEADING.match(line)]
    titles = [HEADING.match(line)[2] for line in titles if not EXERCISE.match(line)]
    return titles[-1] if titles else ""


def _typed(cell: NotebookNode, slide_type: str) -> NotebookNode:
    cell.metadata = NotebookNode(
        {key: value for key, value in cell.metadata.items() if key == "transient"},
        slideshow=NotebookNode(slide_type=slide_type),
    )
    return cell


# ---------------------------------------------------------------- prose


def _prose(cell: NotebookNode, where: str) -> list[Part]:
    """One slide for each heading of a cell, and one below for what does not fit on it."""
    made = []
    for title, level, blocks in _sections(cell.source):
        name = HEADING.match(title)[2] if title else where
        begins = "slide" if level < 3 or EXERCISE.match(title) else "subslide" if title else ""
        for number, text in enumerate(_packed(blocks)):
            titled = bool(title) and number == 0
            shown = new_markdown_cell(f"{title}\n\n{text}" if titled else text)
            high = _high_of_prose(text)
            made.append(Part(shown, "prose", high, name, begins if titled else "", titled))
        if not EXERCISE.match(title):
            where = name
    return made


def _high_of_prose(text: str) -> int:
    high = 0
    for block in filter(None, text.split("\n\n")):
        if block.startswith("|"):
            high += ROW * len(block.splitlines())
        else:
            lines = re.split(r"\n(?=- |\d+\. )", block)
            high += LINE * sum(math.ceil(len(line) / LETTERS) for line in lines)
        high += GAP
    return high


def _sections(source: str) -> list[tuple[str, int, list[str]]]:
    """Heading line, its level and the blocks below it; the first may have no heading."""
    found: list[tuple[str, int, list[str]]] = []
    for block in _blocks(source):
        first, _, rest = block.partition("\n")
        heading = HEADING.match(first)
        if heading:
            found.append((first, len(heading[1]), [rest] if rest.strip() else []))
        elif found:
            found[-1][2].append(block)
        else:
            found.append(("", 9, [block]))
    return found


def _blocks(source: str) -> list[str]:
    """Parts between empty lines, cut where they are too long; fenced code stays together.

    A heading always begins a part."""
    parts, fenced = [[]], False
    for line in source.splitlines():
        fenced ^= line.lstrip().startswith("```")
        new = not fenced and (not line.strip() or HEADING.match(line))
        if new and parts[-1]:
            parts.append([])
        if line.strip() or fenced:
            parts[-1].append(line)
    return [part for lines in parts if lines for part in _cut("\n".join(lines))]


def _cut(block: str) -> list[str]:
    """A list or a paragraph that is too long for a slide, in pieces."""
    if len(block) <= MOST_LETTERS or block.lstrip().startswith(("|", "```", "$$", "<")):
        return [block]
    pieces = re.split(r"\n(?=- |\d+\. )", block)
    if len(pieces) == 1 and not block.startswith((">", "-")):
        pieces = re.split(r"(?<=[.?!:])\s+(?=[A-Z*`])", block.replace("\n", " "))
        return _joined(pieces, " ")
    return _joined(pieces, "\n")


def _joined(pieces: list[str], glue: str) -> list[str]:
    """Neighbours put together as long as they fit on a slide."""
    joined = [""]
    for piece in pieces:
        if joined[-1] and len(joined[-1]) + len(piece) > MOST_LETTERS:
            joined.append("")
        joined[-1] += f"{glue if joined[-1] else ''}{piece}"
    return joined


def _packed(blocks: list[str]) -> list[str]:
    """Blocks put together as long as they fit on a slide; a heading alone is one empty part."""
    return _joined(blocks, "\n\n") if blocks else [""]


def _running(where: str) -> str:
    """The line above a slide that says which part of the lesson it belongs to."""
    return f'<p class="where">{escape(where)}</p>'


# ---------------------------------------------------------------- code and what came out


def _code(cell: NotebookNode, where: str, solutions: bool) -> list[Part]:
    """The code if it is short, and what came out if anything did."""
    role, claims = role_of(cell), "claim" in cell.metadata.get("tags", [])
    if role == "answer":
        return [_answer(cell, where)] if solutions else []
    if role == "check" or _only_asks(cell.source):
        return []
    shown, made = _for_slides(cell), []
    lines = cell.source.splitlines()
    if len(lines) <= MOST_LINES and not claims and not _only_imports(cell.source):
        code = copy.deepcopy(shown)
        code.outputs, code.metadata = [], NotebookNode()
        made.append(Part(code, "code", _high_of_lines(lines), where))
    if shown.outputs:
        shown.metadata = NotebookNode(transient={"remove_source": True})
        made.append(Part(shown, "output", sum(map(_high_of_output, shown.outputs)), where))
    return made


def _high_of_lines(lines: list[str]) -> int:
    return SMALL_LINE * sum(max(1, math.ceil(len(line) / SMALL_LETTERS)) for line in lines) + GAP


def _high_of_output(output: NotebookNode) -> int:
    data = output.get("data", {})
    html = "".join(data.get("text/html", ""))
    if "<img" in html or "image/png" in data:
        return FIGURE
    if "<tr" in html:
        return ROW * html.count("<tr")
    if html:
        text = re.sub(r"<[^>]+>", "", html)
        return LINE * math.ceil(len(text) / LETTERS) + GAP
    return _high_of_lines("".join(output.get("text") or data.get("text/plain", "")).splitlines())


def _answer(cell: NotebookNode, where: str) -> Part:
    text = MARKS.sub("", cell.source).strip()
    fenced = new_markdown_cell(f"**A solution**\n\n```python\n{text}\n```")
    return Part(fenced, "prose", HIGH, where, "subslide")


def _only_asks(source: str) -> bool:
    """Whether a cell does nothing but call what no slide shows."""
    try:
        statements = ast.parse(source).body
    except SyntaxError:  # a magic line, say
        return False
    calls = [getattr(one, "value", None) for one in statements]
    names = [getattr(getattr(call, "func", None), "id", "") for call in calls]
    return bool(names) and NOT_SHOWN.issuperset(names)


def _only_imports(source: str) -> bool:
    """Whether a cell does nothing but import, and perhaps say so."""
    flat = re.sub(r"\([^()]*\)", "", source)
    lines = [line for line in flat.splitlines() if line.strip() and not line.startswith("#")]
    imports = [line for line in lines if line.startswith(("from ", "import "))]
    others = [line for line in lines if line not in imports]
    return bool(imports) and all(line.startswith("print") for line in others)


def _for_slides(cell: NotebookNode) -> NotebookNode:
    """A copy without what needs a kernel, and without what was said to standard error."""
    shown = copy.deepcopy(cell)
    if shown.cell_type != "code":
        return shown
    shown.outputs = [one for one in shown.outputs if one.get("name") != "stderr"]
    for output in shown.outputs:
        for kind in (WIDGET_MIME, CLAIM_MIME):
            output.get("data", {}).pop(kind, None)
    shown.execution_count = None
    return shown
