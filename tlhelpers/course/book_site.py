"""Sphinx makes the site out of its sources; all settings stand here, none in a file of its own."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path

from tlhelpers.errors import CourseError
from tlhelpers.experiments.staleness import code_digest
from tlhelpers.setup.files import remove

TITLE = "Transfer Learning, Measured"
AUTHORS = f"The authors of {TITLE}"
TEMPLATES = Path(__file__).resolve().parent / "book_files" / "templates"
PARTS = ("book_site", "book_docstrings", "book_math", "book_names")
ANSI_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
THEME = {
    "use_download_button": False,  # it would give the page's source; pages have links of their own
    "use_fullscreen_button": False,
    "show_navbar_depth": 1,
    "show_toc_level": 2,
    "home_page_in_toc": True,
    "navigation_with_keys": False,
    "navbar_persistent": [],  # the sidebar has the field for a search
    "logo": {"text": TITLE},
}
SETTINGS = {
    "project": TITLE,
    "author": AUTHORS,
    "copyright": f"2026, {AUTHORS}. Code: MIT. Prose and figures: CC BY 4.0",
    "language": "en",
    "extensions": [
        "myst_nb",
        "sphinx.ext.autodoc",
        "sphinx.ext.napoleon",
        "tlhelpers.course.book_docstrings",
        "tlhelpers.course.book_math",
        "tlhelpers.course.book_names",
    ],
    "templates_path": [str(TEMPLATES)],
    "html_sidebars": {"**": ["home-link.html", "search-button-field.html", "sbt-sidebar-nav.html"]},
    "exclude_patterns": ["files", "_static"],
    # Notebooks come executed.
    "nb_execution_mode": "off",
    "nb_ipywidgets_js": {},
    "nb_merge_streams": True,
    "myst_enable_extensions": ["dollarmath", "colon_fence", "attrs_inline"],
    "myst_heading_anchors": 4,
    "myst_footnote_transition": False,
    # Docstrings have their names between single backticks.
    "default_role": "code",
    "autodoc_typehints": "none",
    "autodoc_preserve_defaults": True,
    "napoleon_google_docstring": False,
    "napoleon_use_ivar": True,
    "napoleon_use_rtype": False,
    "add_module_names": False,
    "toc_object_entries": False,
    "html_theme": "sphinx_book_theme",
    "html_theme_options": THEME,
    "html_context": {"default_mode": "auto"},
    "html_title": TITLE,
    "html_static_path": ["_static"],
    "html_css_files": ["book.css"],
    "html_js_files": ["book.js"],
    "html_math_renderer": "mathml",
    "html_show_sourcelink": False,
    "html_copy_source": False,
    "html_show_sphinx": False,
}


def make_site(sources: Path, out: Path, doctrees: Path, more: Mapping | None = None) -> list[str]:
    """Make or renew the HTML in `out`; gives what Sphinx warned of, one line each.

    Pages are read anew if the parts of Sphinx that stand here have changed. What cannot be made at
    all is a CourseError."""
    from sphinx.application import Sphinx
    from sphinx.errors import SphinxError
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    parts = [f"tlhelpers.course.{name}" for name in PARTS]
    known = doctrees / code_digest(parts)[:12]
    for old in doctrees.glob("*"):
        if old != known:
            remove(old)
    told = io.StringIO()
    try:
        with patch_docutils(), docutils_namespace():
            app = Sphinx(
                sources,
                None,
                out,
                known,
                "html",
                confoverrides=SETTINGS | dict(more or {}),
                status=None,
                warning=told,
            )
            app.build()
    except SphinxError as error:
        raise CourseError(f"the book cannot be made: {error}") from error
    return [line for line in ANSI_COLOURS.sub("", told.getvalue()).splitlines() if line.strip()]
