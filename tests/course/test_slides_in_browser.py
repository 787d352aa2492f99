"""Slides of a real lesson in a real Chromium: offline, by the keys, whole, and readable."""

from __future__ import annotations

import browser
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from tlhelpers.course.book_execution import executed_lesson
from tlhelpers.course.runner import find_lessons
from tlhelpers.course.slide_page import page_of
from tlhelpers.errors import repo_root

WIDTH, HEIGHT = 1280, 720
# The slide that is shown: does anything stick out of the frame, and are its letters large enough?
LOOK = """() => {
  const slide = Reveal.getCurrentSlide(), box = slide.getBoundingClientRect();
  const out = [...slide.querySelectorAll("*")].filter((one) => {
    if (one.closest("math, annotation")) return false;
    const at = one.getBoundingClientRect();
    const wide = at.right > box.right + 1 || at.left < box.left - 1;
    return at.width && (wide || at.bottom > box.bottom + 1);
  });
  return {
    place: Object.values(Reveal.getIndices()).join("."),
    out: out.map((one) => one.outerHTML.slice(0, 80)),
    scrolls: slide.classList.contains("scrolls"),
    letters: 27 * Number(slide.dataset.scale),
    inside: Math.min(box.left, box.top, innerWidth - box.right, innerHeight - box.bottom) >= -1,
    shown: getComputedStyle(slide).display !== "none",
  };
}"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Lesson 00 as slides; executed here unless that was done and is still true."""
    build = repo_root() / "build"
    folder = tmp_path_factory.mktemp("slides")
    known = [build / "book-cache" / "executed", build / "run"]
    (path,) = find_lessons(["00"])
    lesson = executed_lesson(path, folder / "executed", known, lambda line: None)
    assert not lesson.error
    file = folder / "00.html"
    file.write_text(page_of(lesson.notebook, lesson.stem), encoding="utf-8")
    with browser.window(browser.chromium(), WIDTH, HEIGHT) as page:
        page.watch = browser.Watch.of(page)
        open_slides(page, file)
        yield page


def open_slides(page, file) -> None:
    page.goto(file.as_uri())
    page.wait_for_function("window.Reveal && Reveal.isReady()")


def test_arrows_lead_through_all_slides_and_each_is_whole(page):
    seen = [page.evaluate(LOOK)]
    for _ in range(300):
        page.keyboard.press("Space")
        look = page.evaluate(LOOK)
        if look["place"] == seen[-1]["place"]:
            break
        seen.append(look)
    slides = page.evaluate("Reveal.getTotalSlides()")
    assert slides > 20 and len(seen) >= slides
    assert [one for one in seen if one["out"] or one["scrolls"] or not one["inside"]] == []
    assert all(one["shown"] for one in seen)
    assert min(one["letters"] for one in seen) >= 0.6 * 27


def test_arrows_go_to_the_parts_and_down_within_one(page):
    page.keyboard.press("Home")
    for key, axis, wanted in (
        ("ArrowRight", "h", 2),
        ("ArrowUp", "v", 0),
        ("ArrowDown", "v", 1),
        ("ArrowLeft", "h", 1),
    ):
        for _ in range(12):  # what came out of a cell appears first, with the same key
            if page.evaluate(f"Reveal.getIndices().{axis}") != wanted:
                page.keyboard.press(key)
        assert page.evaluate(f"Reveal.getIndices().{axis}") == wanted, key


def test_figures_are_drawn_and_have_their_texts(page):
    figures = page.evaluate(
        "[...document.images].map((one) => ({alt: one.alt, width: one.naturalWidth}))"
    )
    assert len(figures) > 5
    assert all(len(one["alt"]) > 40 and one["width"] > 100 for one in figures)


def test_it_is_light_and_asks_for_nothing(page):
    colours = page.evaluate(
        "[getComputedStyle(document.body).backgroundColor,"
        " getComputedStyle(document.querySelector('.reveal')).color]"
    )
    assert colours == ["rgb(255, 255, 255)", "rgb(26, 26, 26)"]
    asked = [url for url in page.watch.requests if not url.startswith(("file:", "data:"))]
    assert asked == [] and page.watch.errors == []


def test_what_is_too_high_becomes_smaller_and_then_scrolls(page, tmp_path):
    rows = ["| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * count for count in (16, 60)]
    cells = [new_markdown_cell(f"# Rows\n\n{one}") for one in ("few", *rows)]
    (tmp_path / "rows.html").write_text(page_of(new_notebook(cells=cells), "rows"))
    open_slides(page, tmp_path / "rows.html")
    looks = []
    for _ in cells:
        looks.append(page.evaluate(LOOK))
        page.keyboard.press("ArrowRight")
    assert [one["scrolls"] for one in looks] == [False, False, True]
    assert looks[0]["letters"] == 27 > looks[1]["letters"] > 0.6 * 27
    assert looks[2]["out"], "the check above would see it"
