"""A part of Sphinx: names for what the theme draws as a sign alone, for those who do not see it."""

from __future__ import annotations


def setup(app) -> dict:
    """What Sphinx calls to take this part in; the theme comes before it."""
    app.connect("html-page-context", _name_parts, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _name_parts(app, page, template, context: dict, doctree) -> None:
    make = context.get("generate_toctree_html")
    if make is not None:
        context["generate_toctree_html"] = lambda *args, **kwargs: named(make(*args, **kwargs))


def named(contents):
    """A list of contents of which each arrow says what it opens.

    Parameters
    ----------
    contents : bs4.BeautifulSoup or str
        As the theme makes it, empty if there is nothing to list; it is changed.
    """
    if isinstance(contents, str):
        return contents
    for arrow in contents.select("li > details > summary"):
        page = arrow.find_parent("li").find("a", recursive=False)
        if page is not None:
            arrow["aria-label"] = f"Pages of {page.get_text(strip=True)}"
    return contents
