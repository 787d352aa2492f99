"""Cells of slides as one page with reveal.js inside: it asks for nothing from anywhere."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

from docutils.utils.math import MathError
from nbformat import NotebookNode
from nbformat.v4 import new_notebook

from tlhelpers.course.book_math import mathml
from tlhelpers.course.slide_cells import slides_of
from tlhelpers.setup.sources import read_member

TEMPLATES = Path(__file__).resolve().parent / "slide_files"
REVEAL = "sphinx_revealjs/_static/revealjs/"
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
FORMULA = re.compile(r"\$\$(.+?)\$\$|\$(?!\s)([^$\n]+?)(?<!\s)\$", re.DOTALL)
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:)[^)]*\)")
PICTURE = re.compile(r"!\[[^\]]*\]\((?!data:)[^)]*\)")


def page_of(notebook: NotebookNode, name: str, solutions: bool = False) -> str:
    """A lesson's slides as HTML."""
    cells = slides_of(notebook, solutions)
    for cell in cells:
        if cell.cell_type == "markdown":
            cell.source = for_a_slide(cell.source)
    shown = new_notebook(cells=cells, metadata={"title": _title(notebook, name)})
    shown.metadata["language_info"] = {"name": "python", "pygments_lexer": "ipython3"}
    html, _ = _exporter().from_notebook_node(shown, {"metadata": {"name": name}, **_inside()})
    return html


def for_a_slide(source: str) -> str:
    """Markdown with formulas as MathML, and without links that lead nowhere from a single page."""
    kept: list[str] = []

    def keep(text: str) -> str:
        kept.append(text)
        return f"\0{len(kept) - 1}\0"

    text = CODE.sub(lambda found: keep(found[0]), source)
    text = FORMULA.sub(lambda found: keep(_formula(found)), text)
    text = LINK.sub(r"\1", PICTURE.sub("", text))
    return re.sub("\0(\\d+)\0", lambda found: kept[int(found[1])], text)


def _formula(found: re.Match) -> str:
    block, inline = found[1], found[2]
    try:
        return mathml((block or inline).strip(), bool(block))
    except MathError:  # a price in dollars, say
        return escape(found[0])


def _title(notebook: NotebookNode, name: str) -> str:
    first = notebook.cells[0].source.splitlines()[0] if notebook.cells else ""
    return first.lstrip("# ") or name


def _inside() -> dict:
    """What the template puts into the page: reveal.js with its licence, our style and script."""
    parts = {
        "reveal_css": _member("dist/reveal.css"),
        "reveal_js": _member("dist/reveal.js"),
        "notes_js": _member("plugin/notes/notes.js"),
        "licence": _member("LICENSE").replace("--", "- -"),
    }
    for name in ("slides.css", "slides.js"):
        parts[name.replace(".", "_")] = (TEMPLATES / name).read_text(encoding="utf-8")
    return {"inside": parts}


def _member(path: str) -> str:
    text = read_member("sphinx-revealjs", REVEAL + path).decode("utf-8")
    # A map of the sources would be asked for by a browser's tools; this word would end the script.
    text = re.sub(r"(//|/\*)# sourceMappingURL=\S+(\s*\*/)?", "", text)
    return text.replace("</script", "<\\/script")


def _exporter():
    from nbconvert import SlidesExporter
    from traitlets.config import Config

    kinds = ["text/html", "text/markdown", "image/png", "text/plain"]
    config = Config({"NbConvertBase": {"display_data_priority": kinds}})
    return SlidesExporter(
        config=config,
        template_name="course_slides",
        extra_template_basedirs=[str(TEMPLATES)],
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
    )
