"""The README's first screen: a figure that is current, three doors, and a list of all lessons."""

import importlib.util
import json
import re

import pytest

from tlhelpers.course.book_links import place_of
from tlhelpers.course.book_pages import hero_of
from tlhelpers.errors import repo_root

ROOT = repo_root()
README = (ROOT / "README.md").read_text(encoding="utf-8")
# What a reader sees before the first heading of a section.
FIRST_SCREEN = README.partition("\n## ")[0]


@pytest.fixture(scope="module")
def first_figure():
    place = ROOT / "docs" / "first_figure.py"
    spec = importlib.util.spec_from_file_location("first_figure", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def record():
    return json.loads((ROOT / "docs" / "first_figure.json").read_text(encoding="utf-8"))


def test_the_figure_is_current(first_figure):
    assert first_figure.is_current(), "run .venv/bin/python docs/first_figure.py"


def test_the_readme_shows_it_on_light_and_dark_pages_with_its_numbers(first_figure, record):
    (picture,) = re.findall(r"<picture>.+?</picture>", FIRST_SCREEN, re.DOTALL)
    light, dark = (f"docs/{first_figure.picture_path(theme).name}" for theme in ("light", "dark"))
    assert f'media="(prefers-color-scheme: dark)" srcset="{dark}"' in picture
    assert f'<img src="{light}" alt="{record["alt"]}"' in picture
    both = (
        f"![{record['alt']}]({path}){{.only-{name}}}"
        for name, path in (("light", light), ("dark", dark))
    )
    assert hero_of(README).startswith(" ".join(both) + "\n\n*From [lesson 04]")
    assert all(re.search(r"points \[\S+, \S+\]", one) for one in record["finding"])


def test_a_changed_table_makes_it_stale_and_a_new_note_on_it_does_not(
    first_figure, tmp_path, monkeypatch
):
    rows = first_figure.TABLE.read_text(encoding="utf-8").splitlines()
    for changed, current in (
        (["# confirmed: today", *rows], True),
        (rows[:-1], False),
        ([*rows[:-1], rows[-1][:-1] + "z"], False),
    ):
        (tmp_path / "table.csv").write_text("\n".join([*changed, ""]), encoding="utf-8")
        monkeypatch.setattr(first_figure, "TABLE", tmp_path / "table.csv")
        assert first_figure.is_current() is current
    monkeypatch.undo()
    monkeypatch.setattr(first_figure, "CODE", (*first_figure.CODE, "tlhelpers.figures.curves"))
    assert not first_figure.is_current()


def test_three_doors_and_what_it_is_not_come_before_the_first_section():
    doors = re.findall(r"^- \*\*(\w+)\*\*: .*?\]\((\S+?)\)", FIRST_SCREEN, re.MULTILINE)
    assert [name for name, _ in doors] == ["Look", "Try", "Teach"]
    assert "**What it is not.**" in FIRST_SCREEN
    anchors = set(map(place_of, re.findall(r"^#+ (.+)", README, re.MULTILINE)))
    for link in re.findall(r"\]\(([^)]+)\)", FIRST_SCREEN):
        assert link.removeprefix("#") in anchors if link[0] == "#" else (ROOT / link).exists()


def test_every_lesson_has_its_row():
    listed = re.findall(r"^\| \[\d\d [^]]+\]\(notebooks/(\w+)\.ipynb\) \| .+\? \|$", README, re.M)
    assert listed == sorted(path.stem for path in (ROOT / "notebooks" / "source").glob("*.py"))
    words = ["Eleven", "Twelve", "Thirteen", "Fourteen", "Fifteen"]
    assert f"[{words[len(listed) - 11]} lessons]" in FIRST_SCREEN
