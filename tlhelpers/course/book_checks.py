"""Is a made book whole? Every link leads somewhere, nothing comes from outside, HTML is sound."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

# What a browser fetches by itself; a link that a reader follows may lead outside.
FETCHED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}
IN_CSS = re.compile(r"""url\(\s*['"]?([^'")]+)['"]?\s*\)|@import\s+['"]([^'"]+)['"]""")
CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


@dataclass
class Page:
    """A page as a browser would read it."""

    name: str
    ids: Counter
    links: list[tuple[str, str, str]]  # element, attribute, value
    faults: list[str]


def faults_of(book: Path) -> list[str]:
    """All faults of a book, each beginning with its page; empty for a whole one.

    They are: HTML that does not follow the standard's rules of parsing, an id given twice, an
    image without a text, a link to a file or place that is not there, and anything (script, style,
    font, image) that a browser would fetch from outside."""
    pages = {path: read_page(path, book) for path in sorted(book.rglob("*.html"))}
    found = [f"{page.name}: {fault}" for page in pages.values() for fault in page.faults]
    for path, page in pages.items():
        found += [f"{page.name}: {fault}" for fault in _broken(path, page, pages, book)]
    for path in sorted(book.rglob("*.css")):
        name = path.relative_to(book).as_posix()
        found += [f"{name}: {fault}" for fault in _broken_in_css(path, book)]
    return found


def read_page(path: Path, book: Path) -> Page:
    """Parse a page strictly, and list its ids, links and faults."""
    import html5lib

    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    with path.open("rb") as file:
        root = parser.parse(file, transport_encoding="utf-8")
    page = Page(path.relative_to(book).as_posix(), Counter(), [], [])
    for (line, _), code, _ in parser.errors:
        page.faults.append(f"line {line}: {code}")
    for element in root.iter():
        _read_element(element, page)
    page.faults += [f"the id {name!r} is given {n} times" for name, n in page.ids.items() if n > 1]
    return page


def _read_element(element, page: Page) -> None:
    tag, attributes = element.tag, element.attrib
    if not isinstance(tag, str):  # a comment
        return
    if "id" in attributes:
        page.ids[attributes["id"]] += 1
    if tag == "img" and "alt" not in attributes:
        page.faults.append(f"an image has no text: {attributes.get('src', '')[:80]}")
    name = "href" if tag == "a" else FETCHED.get(tag, "")
    if name in attributes:
        page.links.append((tag, name, attributes[name]))


def _broken(path: Path, page: Page, pages: dict[Path, Page], book: Path) -> Iterator[str]:
    for tag, _, value in page.links:
        parts = urlsplit(value)
        if parts.scheme == "data":
            continue
        if parts.scheme or parts.netloc:
            if tag != "a":
                yield f"{tag} comes from outside: {value}"
            continue
        target = path
        if parts.path:
            target = (path.parent / unquote(parts.path)).resolve()
            if target.is_dir():
                target = target / "index.html"
        if not target.is_file() or not target.is_relative_to(book.resolve()):
            yield f"{tag} leads to nothing: {value}"
        elif parts.fragment and target in pages and not _has(pages[target], parts.fragment):
            yield f"{tag} leads to no place of its page: {value}"


def _has(page: Page, fragment: str) -> bool:
    return fragment in page.ids or unquote(fragment) in page.ids or fragment == "top"


def _broken_in_css(path: Path, book: Path) -> Iterator[str]:
    text = CSS_COMMENT.sub("", path.read_text(encoding="utf-8", errors="replace"))
    for found in IN_CSS.finditer(text):
        value = (found[1] or found[2]).strip()
        parts = urlsplit(value)
        if parts.scheme == "data" or value.startswith("#"):
            continue
        if parts.scheme or parts.netloc:
            yield f"comes from outside: {value}"
        elif not (path.parent / unquote(parts.path)).is_file():
            yield f"leads to nothing: {value}"
