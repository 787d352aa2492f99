"""Headings of lessons and pages: one title, no level left out, as a screen reader lists them."""

import json
import re
from itertools import pairwise

import pytest
from repository import ROOT

# Issue templates and the like have no title of their own: the site that shows them makes one.
PAGES = sorted(
    path
    for pattern in ("*.md", "*/*.md", "teaching/**/*.md", "tlhelpers/course/**/*.md")
    for path in ROOT.glob(pattern)
    if not {"work", "build", ".github"} & set(path.relative_to(ROOT).parts[:1])
    and not path.relative_to(ROOT).parts[0].startswith(".")
)
LESSONS = sorted((ROOT / "notebooks").glob("**/[0-9]*.ipynb"))
FENCE = re.compile(r"^(```|~~~).*?^\1[`~]*\s*$", re.MULTILINE | re.DOTALL)


def levels(markdown: str) -> list[int]:
    """The level of each heading, in order; what stands in code is none."""
    text = FENCE.sub("", markdown)
    return [len(one) for one in re.findall(r"^(#{1,6}) ", text, re.MULTILINE)]


def text_of(path) -> str:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return text
    cells = json.loads(text)["cells"]
    return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


@pytest.mark.parametrize("path", [*PAGES, *LESSONS], ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_has_one_title_and_leaves_out_no_level(path):
    found = levels(text_of(path))
    assert found[:1] == [1] and found.count(1) == 1
    assert all(below <= above + 1 for above, below in pairwise(found))


def test_lessons_and_pages_are_found():
    assert len(LESSONS) >= 24 and {"README.md", "glossary.md"} <= {path.name for path in PAGES}
