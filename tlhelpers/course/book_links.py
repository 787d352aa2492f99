"""Links of the repository's Markdown, made to lead to pages and downloads of the book."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tlhelpers.course.book_execution import write_if_changed
from tlhelpers.errors import repo_root

# [text](target "title"), an image when it begins with !; the text may hold one image or brackets.
LINK = re.compile(r'(!?)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(([^()\s]+)((?:\s+"[^"]*")?)\)')
FENCE = re.compile(r"^(```|~~~).*?^\1[`~]*\s*$", re.MULTILINE | re.DOTALL)
ELSEWHERE = re.compile(r"^([a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)


@dataclass
class Links:
    """Where a file of the repository is in the book.

    `pages` gives the page's source for a path in the repository, e.g. ``"data.md"`` for
    ``"data/README.md"``; any other file that a page links to is copied, to be downloaded. Of a
    file whose sections lie in several pages, `places` gives the page of each of its headings, e.g.
    ``{("README.md", "commands"): "start.md"}``."""

    source: Path
    pages: Mapping[str, str]
    places: Mapping[tuple[str, str], str] = field(default_factory=dict)
    copied: set[str] = field(default_factory=set)

    def in_page(self, text: str, home: str, page: str) -> str:
        """Markdown of the file `home` of the repository, with its links as `page` needs them."""
        return "".join(
            part if is_code else LINK.sub(lambda found: self._link(found, home, page), part)
            for is_code, part in _parts(text)
        )

    def to_file(self, path: str, page: str) -> str:
        """The target of a download of a file of the repository, which is copied for it."""
        return f"path:{self._copy(path, page)}"

    def _link(self, found: re.Match, home: str, page: str) -> str:
        image, text, target, title = found.groups()
        text = LINK.sub(lambda inner: self._link(inner, home, page), text)
        if ELSEWHERE.match(target):
            return f"{image}[{text}]({target}{title})"
        file, _, place = target.partition("#")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(home), file)) if file else home
        there = self.places.get((path, place)) or (self.pages.get(path) if file else page)
        if there == page and not file:
            return f"{image}[{text}]({target}{title})"
        place = f"#{place}" if place else ""
        if there:
            return f"[{text}]({_relative(there, page)}{place}{title})"
        whole = repo_root() / path
        if whole.is_dir():  # nothing that a browser could open
            return text
        if not whole.is_file():  # left as it is: the check of links names it
            return found[0]
        return f"{image}[{text}]({self._copy(path, page) if image else self.to_file(path, page)})"

    def _copy(self, path: str, page: str) -> str:
        self.copied.add(path)
        write_if_changed(self.source / "files" / path, (repo_root() / path).read_bytes())
        return _relative(f"files/{path}", page)


def place_of(heading: str) -> str:
    """What a link to a heading has after its ``#``, as code hosts and the book make it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def _relative(target: str, page: str) -> str:
    return os.path.relpath(target, posixpath.dirname(page) or ".").replace(os.sep, "/")


def _parts(text: str) -> Iterator[tuple[bool, str]]:
    """The text cut at its fences: whether a part is code, and the part."""
    place = 0
    for fence in FENCE.finditer(text):
        yield False, text[place : fence.start()]
        yield True, fence[0]
        place = fence.end()
    yield False, text[place:]
