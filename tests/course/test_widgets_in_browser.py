"""Every widget of every lesson, used by the keyboard alone in the real `lab`; what stays of it."""

from __future__ import annotations

import inspect
import json
import re

import accessibility
import browser
import ipywidgets
from lesson_parts import LESSONS, calls, code_cells, needed_for
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tlhelpers import course, figures, own_data

NAME = "96_widgets.ipynb"
WIDGETS = {
    *("depth_explorer", "label_slider", "strength_walk", "word_explorer"),
    *("quiz", "record_prediction"),
}
# These need a model that a lesson computes for minutes: test_own_data_in_browser.py uses them.
ELSEWHERE = {"try_pictures", "try_sentences"}
TABS = 12
FOCUSED = """() => {
  const here = document.activeElement, field = here.closest('.widget-text');
  return [here.getAttribute('role') || here.type || here.tagName.toLowerCase(),
          Boolean(here.closest('.jupyter-widgets')), (field ? field.innerText : '').trim()];
}"""
SHOWN = "e => [...e.querySelectorAll('.widget-html')].map(one => one.innerHTML).join('\\n')"


def test_each_function_of_the_faces_that_makes_a_widget_is_known():
    """A new one must be used here or elsewhere."""
    found = set()
    for face in (course, figures, own_data):
        for name in face.__all__:
            made = _made_by(getattr(face, name))
            if any(isinstance(one, type) and issubclass(one, ipywidgets.Widget) for one in made):
                found.add(name)
    assert found == WIDGETS | ELSEWHERE


def _made_by(function) -> list:
    """The classes that a function says it returns."""
    if not inspect.isfunction(function):
        return []
    module, told = inspect.getmodule(function), inspect.signature(function).return_annotation
    return [getattr(module, word, None) for word in str(told).replace("|", " ").split()]


def sources() -> list[str]:
    """Every cell that shows a widget, and before those of a lesson what they need."""
    cells = []
    for lesson in LESSONS:
        places = [i for i, cell in enumerate(code_cells(lesson)) if calls(cell, WIDGETS)]
        if places:
            shown = [code_cells(lesson)[place] for place in places]
            cells += [needed_for(lesson, places), *shown]
    return [*cells, "from tlhelpers.course import progress\n\nprogress()"]


def opened(page, lab):
    """The notebook, when its kernel answers."""
    notebook = browser.Notebook(page, lab.url(NAME))
    notebook.wait_until_idle(60)
    page.wait_for_timeout(2000)  # until then it calls a kernel idle that is still to start
    return notebook


def test_each_widget_of_the_lessons_answers_the_keyboard_and_stays(
    page, lab, tmp_path, monkeypatch
):
    monkeypatch.setattr(browser, "LESSON_SECONDS", 900)  # all lessons' data and tables are loaded
    page.set_default_timeout(120_000)
    lesson = json.loads((lab.work / "00_start_here.ipynb").read_text(encoding="utf-8"))
    cell = next(one for one in lesson["cells"] if one["cell_type"] == "code")
    cells = [{**cell, "id": f"cell-{i}", "source": one} for i, one in enumerate(sources())]
    (lab.work / NAME).write_text(json.dumps({**lesson, "cells": cells}), encoding="utf-8")
    notebook = opened(page, lab)
    notebook.run_all()
    used = [use(page, cell) for cell in notebook.code_cells().all() if has_widget(cell)]
    assert len(used) == sum(len(calls(one, WIDGETS)) for one in sources())
    assert {"slider", "text", "radio"} <= set(used)
    assert accessibility.faults(page, [".jp-NotebookPanel .jp-OutputArea"]) == []
    page.screenshot(path=tmp_path / "used.png")
    assert notebook.complaints() == [] and notebook.popups() == []
    save(page, notebook, lab)
    assert_kept(page, lab)
    page.screenshot(path=tmp_path / "reloaded.png")


def has_widget(cell) -> bool:
    return cell.locator(".jp-OutputArea .jupyter-widgets").count() > 0


def use(page, cell) -> str:
    """Go to a widget with Tab, answer it, and wait for what it says; gives its kind of field."""
    cell.scroll_into_view_if_needed()
    before = cell.evaluate(SHOWN)
    cell.locator(".jp-InputArea-prompt").click()
    kind, inside, label = focused_after_tab(page)
    assert inside, f"Tab leads to no field of {cell.inner_text()[:80]}"
    if kind == "slider":
        page.keyboard.press("ArrowRight")
    elif kind == "text":
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type("violin" if label == "word" else "5")
        page.keyboard.press("Enter")
    else:
        page.keyboard.press("ArrowDown" if kind == "select-one" else "Space")
    if cell.locator(".tl-quiz").count():
        tab_until(page, "document.activeElement.tagName === 'BUTTON'")
        page.keyboard.press("Space")
    changed = f"([cell, before]) => ({SHOWN})(cell) !== before"
    try:
        page.wait_for_function(changed, arg=[cell.element_handle(), before], timeout=60_000)
    except PlaywrightTimeout:
        raise AssertionError(
            f"the {kind} {label!r} answers nothing:\n{cell.inner_text()}"
        ) from None
    return kind


def focused_after_tab(page) -> tuple[str, bool, str]:
    tab_until(page, f"({FOCUSED})()[1]")
    return page.evaluate(FOCUSED)


def tab_until(page, reached: str) -> None:
    """Press Tab until something is true of the page, or often enough."""
    for _ in range(TABS):
        page.keyboard.press("Tab")
        if page.evaluate(reached):
            break


def save(page, notebook, lab) -> None:
    notebook.code_cells().first.locator(".jp-InputArea-prompt").click()
    before = (lab.work / NAME).stat().st_mtime_ns
    page.keyboard.press("ControlOrMeta+s")
    for _ in range(100):
        if (lab.work / NAME).stat().st_mtime_ns != before:
            return
        page.wait_for_timeout(100)
    raise AssertionError("the notebook was not saved")


def assert_kept(page, lab) -> None:
    """A reload shows all widgets, with what was answered, and the progress when it is asked for."""
    page.goto("about:blank")
    notebook = opened(page, lab)
    page.wait_for_function(
        "count => document.querySelectorAll('.jp-OutputArea .widget-vbox').length >= count",
        arg=sum(len(calls(one, WIDGETS)) for one in sources()),
    )
    for words in ("violin, word number", "You predict: "):
        # What is out of sight is there, and not drawn.
        kept = notebook.panel.locator(".widget-html", has_text=words)
        kept.first.wait_for(state="attached")
    shown = notebook.panel.text_content()
    assert "Loading widget" not in shown and "Error displaying widget" not in shown
    # By its place, once all are there: running the last cell adds one below it.
    asked = notebook.code_cells().nth(len(sources()) - 1)
    asked.wait_for(state="attached")
    notebook.run(asked)
    row = asked.locator("tr", has=page.get_by_text("00", exact=True))
    # Here some outcomes are shown before anything is predicted, which is not counted.
    assert re.fullmatch(r"[1-9]\d* of \d+", row.locator("td").last.inner_text())
