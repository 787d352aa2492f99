"""The glossary: sorted, its links lead somewhere, and each term is one of the lesson it names."""

import re

import jupytext
import pytest

from tlhelpers.course import build, contents
from tlhelpers.errors import repo_root

FOLDER = repo_root() / "notebooks"
TEXT = (FOLDER / "glossary.md").read_text(encoding="utf-8")
ENTRY = re.compile(
    r"^- \*\*(?P<term>[^*]+)\*\* \((?P<lesson>\d\d)\): (?P<words>.+?)(?=^- |\Z)", re.M | re.S
)
ENTRIES = [match.groupdict() for match in ENTRY.finditer(TEXT)]


def prose_of(lesson):
    """What a learner reads in a lesson, in small letters and on one line."""
    [source] = contents.source_dir().glob(f"{lesson}_*.py")
    cells = jupytext.read(source).cells
    return re.sub(
        r"\s+", " ", " ".join(c.source for c in cells if c.cell_type == "markdown")
    ).lower()


def test_every_line_is_an_entry_and_they_are_sorted():
    terms = [entry["term"] for entry in ENTRIES]
    assert len(terms) == TEXT.count("\n- ") >= 50
    assert terms == sorted(set(terms), key=str.lower)


@pytest.mark.parametrize("lesson", sorted({entry["lesson"] for entry in ENTRIES}))
def test_each_term_stands_in_the_lesson_that_it_names(lesson):
    prose = re.sub(r"[*_`]", "", prose_of(lesson))
    terms = [entry["term"].lower() for entry in ENTRIES if entry["lesson"] == lesson]
    assert [term for term in terms if term not in prose] == []


def test_an_explanation_is_short_and_does_not_explain_a_term_by_itself():
    for entry in ENTRIES:
        words = entry["words"].split()
        assert 4 <= len(words) <= 45, entry["term"]
        assert words[-1].endswith(".")
        assert not entry["words"].lower().startswith(entry["term"].lower())


def test_links_of_the_glossary_and_to_it_lead_somewhere():
    """Also from a working copy in `work/` and from the solutions, one folder deeper."""
    for link in re.findall(r"\]\(([^)]+)\)", TEXT):
        assert (FOLDER / link).exists(), link
    assert "(notebooks/glossary.md)" in (repo_root() / "README.md").read_text(encoding="utf-8")
    made = build.notebooks_of(FOLDER / "source" / "00_start_here.py")
    for path, text in made.items():
        for folder in (
            {path.parent, repo_root() / "work"} if path.parent == FOLDER else {path.parent}
        ):
            [link] = set(re.findall(r"\]\(([^)]*glossary\.md)\)", text))
            assert (folder / link).resolve() == FOLDER / "glossary.md"
