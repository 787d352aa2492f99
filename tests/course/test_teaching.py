"""The guides for those who teach: links, sections and exercises exist, and times are current."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from tlhelpers.course import teaching_times
from tlhelpers.course.book_links import place_of
from tlhelpers.course.contents import COURSE, source_dir
from tlhelpers.errors import repo_root

TEACHING = repo_root() / "teaching"
PAGES = sorted(TEACHING.rglob("*.md"))
READY = [lesson.number for lesson in COURSE if lesson.ready]
PARTS = ["The one idea", "Time", "Misconceptions", "Where to stop", "Discussion", "On the board"]


def name_of(page: Path) -> str:
    return page.relative_to(TEACHING).as_posix()


def source_of(number: str) -> str:
    return next(source_dir().glob(f"{number}_*.py")).read_text(encoding="utf-8")


def sections_of(number: str) -> set[str]:
    return set(re.findall(r"^# #+ (.+)$", source_of(number), re.MULTILINE))


def exercises() -> set[str]:
    return {
        name for number in READY for name in re.findall(r'check\("([\d.]+)"', source_of(number))
    }


def part_of(text: str, heading: str) -> str:
    found = re.search(
        rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL
    )
    return found[1] if found else ""


def broken_links(page: Path, text: str) -> list[str]:
    """Relative targets that are no file; headings of pages are looked up too."""
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        file, _, heading = unquote(target).partition("#")
        path = (page.parent / file).resolve() if file else page
        if not path.exists() or (heading and heading not in anchors(path)):
            broken.append(target)
    return broken


def anchors(path: Path) -> set[str]:
    lines = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return set(map(place_of, lines))


def unknown_exercises(text: str) -> set[str]:
    return set(re.findall(r"(?<![\d.])[01]\d\.\d(?![\d.])", text)) - exercises()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_and_exercises_of_a_page_exist(page):
    text = page.read_text(encoding="utf-8")
    assert broken_links(page, text) == []
    assert unknown_exercises(text) == set()


def test_a_broken_link_and_an_unknown_exercise_are_found():
    text = "[a](nowhere.md) [b](times.md) [c](times.md#nothing) [d](https://x.org) 01.9 and 01.1"
    assert broken_links(TEACHING / "README.md", text) == ["nowhere.md", "times.md#nothing"]
    assert unknown_exercises(text) == {"01.9"}


@pytest.mark.parametrize("number", READY)
def test_each_lesson_has_a_guide_with_all_its_parts(number):
    text = (TEACHING / "lessons" / f"{number}.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == PARTS
    assert "](../times.md)" in part_of(text, "Time")
    beliefs = re.split(r"^\d\. ", part_of(text, "Misconceptions"), flags=re.MULTILINE)[1:]
    assert 3 <= len(beliefs) <= 5
    assert all("*Ask:*" in one and "*A good answer:*" in one for one in beliefs)
    assert part_of(text, "Discussion").count("*Answer:*") >= 2


@pytest.mark.parametrize("number", READY)
def test_the_sections_at_which_to_stop_stand_in_the_lesson(number):
    text = (TEACHING / "lessons" / f"{number}.md").read_text(encoding="utf-8")
    named = re.findall(r"\*\*(.+?)\*\*", part_of(text, "Where to stop"))
    assert named
    assert set(named) <= sections_of(number)


def numbers_in(words: str) -> set[int]:
    """E.g. ``"1, 2 and 4 to 6"`` names 1, 2, 4, 5 and 6."""
    spans = re.findall(r"(\d+)(?: to (\d+))?", words)
    return {n for low, high in spans for n in range(int(low), int(high or low) + 1)}


def named_sections(text: str, own: str | None = None) -> set[tuple[str, str]]:
    """Lesson and beginning of the heading of each numbered section or room that a text names."""
    before = r"(?:\[(?:[Ll]esson )?(\d\d)\]\([^)]*\),\s+)?"
    words = r"(section|room)s? (\d+(?:(?:, | and | to )\d+)*)(?:\s+of\s+lesson\s+(\d\d))?"
    return {
        (first or last or own, f"{'Room ' * (kind.lower() == 'room')}{number} ·")
        for first, kind, listed, last in re.findall(before + words, text, re.IGNORECASE)
        for number in numbers_in(listed)
        if first or last or own
    }


def test_named_sections_are_read_with_their_lesson():
    text = "[03](x.md), sections 1 and 3 to 4; Section 8 of lesson 02; room 2; section 9"
    found = {("03", "1 ·"), ("03", "3 ·"), ("03", "4 ·"), ("02", "8 ·")}
    assert named_sections(text) == found
    assert named_sections(text, "09") == found | {("09", "Room 2 ·"), ("09", "9 ·")}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_numbered_sections_that_a_page_names_stand_in_the_lesson(page):
    own = page.stem if page.stem in READY else None
    for lesson, beginning in named_sections(page.read_text(encoding="utf-8"), own):
        assert any(title.startswith(beginning) for title in sections_of(lesson)), (
            f"lesson {lesson} has no section {beginning}"
        )


def test_no_guide_belongs_to_a_lesson_that_is_not_there():
    assert sorted(page.stem for page in (TEACHING / "lessons").glob("*.md")) == READY


def test_the_guide_of_each_lesson_can_be_reached_from_the_first_page():
    first = (TEACHING / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\(lessons/(\d\d)\.md\)", first)) == set(READY)


def test_the_table_of_times_is_current():
    """Where this fails: python3 -m tlhelpers.course.teaching_times"""
    page = (TEACHING / "times.md").read_text(encoding="utf-8")
    assert page == teaching_times.times_page()


def test_a_stale_table_is_told_and_written_anew(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(teaching_times, "repo_root", lambda: tmp_path)
    monkeypatch.setattr(teaching_times, "times_page", lambda: "new\n")
    page = tmp_path / "teaching" / "times.md"
    page.parent.mkdir()
    page.write_text("old\n", encoding="utf-8")
    assert teaching_times.main(["--check"]) == 1
    assert page.read_text(encoding="utf-8") == "old\n"
    assert teaching_times.main([]) == 0
    assert page.read_text(encoding="utf-8") == "new\n"
    assert teaching_times.main(["--check"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "stale: teaching/times.md",
        "wrote: teaching/times.md",
        "teaching/times.md is up to date",
    ]


def test_each_question_of_the_exam_has_an_answer_and_its_marks():
    def headings(name):
        return re.findall(
            r"^### (\d+) · .*\((\d+) marks?\)$", (TEACHING / name).read_text("utf-8"), re.MULTILINE
        )

    asked, answered = headings("exam.md"), headings("exam_answers.md")
    assert len(asked) >= 20
    assert asked == answered
    total = sum(int(marks) for _, marks in asked)
    assert f"{total} marks" in (TEACHING / "exam.md").read_text("utf-8").split("###")[0]
