"""A part of Sphinx: docstrings of which many share a page, each with references of its own."""

from __future__ import annotations

import re

REFERENCE = re.compile(r"^(\s*)\.\. \[(\d+)\] ")
CITED = re.compile(r"\[(\d+)\]_")
BARS = re.compile(r"(``[^`]*``)|\|")


def setup(app) -> dict:
    """What Sphinx calls to take this part in; napoleon comes after it."""
    app.connect("autodoc-process-docstring", _process, priority=100)
    app.connect("doctree-resolved", lambda app, doctree, name: free_lists(doctree))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _process(app, what, name, value, options, lines: list[str]) -> None:
    lines[:] = readable(lines)


def readable(lines: list[str]) -> list[str]:
    """A docstring's lines for a page of many docstrings.

    Its references become a list of its own, for two functions may both have a first one; bars are
    those of an absolute value."""
    made = []
    for line in lines:
        line = REFERENCE.sub(r"\1\2. ", line)
        line = CITED.sub(r"[\1]", line)
        made.append(BARS.sub(lambda found: found[1] or r"\|", line))
    return made


def free_lists(doctree) -> None:
    """Take lists out of paragraphs, where Sphinx puts them for several values and HTML has none."""
    from docutils import nodes

    for paragraph in list(doctree.findall(nodes.paragraph)):
        if any(isinstance(child, nodes.Sequential) for child in paragraph.children):
            paragraph.replace_self(paragraph.children)
