"""A part of Sphinx: formulas as MathML, which browsers draw by themselves, without a script."""

from __future__ import annotations

import re
from html import escape

from docutils.nodes import SkipNode
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml


def setup(app) -> dict:
    """What Sphinx calls to take this part in."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def mathml(formula: str, block: bool = False) -> str:
    """A formula in LaTeX as MathML on one line; a MathError says what cannot be read."""
    made = re.sub(r">\s+<", "><", tex2mathml(formula, as_block=block))
    # A browser knows this name of a sign only with its semicolon, and strict readers not at all.
    return made.replace("&ApplyFunction;", "\N{FUNCTION APPLICATION}")


def _inline(translator, node) -> None:
    translator.body.append(_shown(node))
    raise SkipNode


def _block(translator, node) -> None:
    translator.body.append(f'<div class="math">{_shown(node, block=True)}</div>\n')
    raise SkipNode


def _shown(node, block: bool = False) -> str:
    from sphinx.util import logging

    try:
        return mathml(node.astext(), block)
    except MathError as error:
        logging.getLogger(__name__).warning("formula %s: %s", node.astext(), error, location=node)
        return f"<code>{escape(node.astext())}</code>"
