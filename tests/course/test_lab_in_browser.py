"""A learner's first minutes: the real `lab` in a real browser, with the network cut."""

import json
import re
import shutil

import browser

from tlhelpers.course.quiz_rounds import draw_round

IMPORTS = "from tlhelpers.course import"  # every lesson has one such cell, the first of code


def open_lesson(page, lab, name):
    """Open a lesson and give pop-ups, which come late, the time to show themselves."""
    notebook = browser.Notebook(page, lab.url(name))
    notebook.wait_until_idle(60)
    page.wait_for_timeout(2000)
    assert notebook.popups() == []
    assert page.get_by_role("menuitem", name="Nbgrader").count() == 0
    return notebook


def assert_drawn(figures, at_least):
    assert len(figures) >= at_least
    for figure in figures:
        assert len(figure["alt"]) > 40
        assert figure["width"] > 0 and figure["shown"] > 300, figure["alt"]


def test_lesson_00_runs_its_slider_moves_and_its_exercise_answers(page, lab, tmp_path):
    notebook = open_lesson(page, lab, "00_start_here.ipynb")
    page.screenshot(path=tmp_path / "open.png")
    notebook.run_all()
    assert_drawn(notebook.figures(), at_least=7)
    assert notebook.complaints() == []
    labels = [f"{count} labels per class" for count in (5, 6, 7, 8)]
    walk(page, notebook, notebook.code_cell("label_slider("), labels[0], labels[1:])
    page.screenshot(path=tmp_path / "slider.png")
    assert_exercise_answers(notebook, lab)
    assert notebook.popups() == []


def walk(page, notebook, cell, start, names):
    """Move the cell's slider to the right, one step per name that its sentence must then hold."""
    sentence, handle = cell.locator(".widget-html b").first, cell.locator(".noUi-handle")
    cell.scroll_into_view_if_needed()
    sentence.filter(has_text=start).wait_for()
    [before] = notebook.figures(cell)
    handle.focus()
    for name in names:
        page.keyboard.press("ArrowRight")
        sentence.filter(has_text=name).wait_for()
    page.wait_for_timeout(500)
    [after] = notebook.figures(cell)
    assert after["src"] != before["src"]
    assert_drawn([after], at_least=1)
    return after


def assert_exercise_answers(notebook, lab):
    answer, check = notebook.code_cell("answer = None"), notebook.code_cell('check("00.1"')
    place = notebook.place(answer), notebook.place(check)
    told = {}
    for letter in "ab":
        answer, check = map(notebook.code_cells().nth, place)
        notebook.write(answer, f'answer = "{letter}"')
        notebook.run(answer)
        notebook.run(check)
        told[letter] = check.get_by_role("status").inner_text()
    assert re.match(r"✗ 00\.1 not yet\. \w", told["a"])
    assert re.match(r"✓ 00\.1 right\. \w", told["b"])
    progress = json.loads((lab.work / "progress.json").read_text(encoding="utf-8"))
    assert progress["exercises"]["00.1"]["tries"] == 2 and progress["exercises"]["00.1"]["solved"]


def test_lesson_02_opens_and_draws_with_shift_and_enter(page, lab, tmp_path):
    notebook = open_lesson(page, lab, "02_feature_extraction.ipynb")
    last = notebook.place(notebook.code_cell("neighbour_sheet(emoji"))
    assert last >= 5
    for cell in notebook.code_cells().all()[: last + 1]:
        notebook.run(cell)
    page.screenshot(path=tmp_path / "neighbours.png")
    assert_drawn(notebook.figures(), at_least=2)
    assert notebook.complaints() == []
    assert notebook.popups() == []


def test_lesson_03_shows_stored_depths_as_its_slider_moves(page, lab, tmp_path):
    notebook = open_lesson(page, lab, "03_fine_tuning.ipynb")
    explorer = 'depth_explorer({"Twemoji, in style"'
    for text in (IMPORTS, "in_style = load_sweep", explorer):
        notebook.run(notebook.code_cell(text))
    cell, depths = notebook.code_cell(explorer), ("last convolution", "from blocks.5")
    after = walk(page, notebook, cell, "head only", depths)
    assert "from blocks.5" in after["alt"]
    page.screenshot(path=tmp_path / "depth.png")
    assert notebook.complaints() == []


def test_lesson_05_shows_the_neighbours_of_a_word_that_is_typed(page, lab, tmp_path):
    notebook = open_lesson(page, lab, "05_word2vec_reuse.ipynb")
    notebook.run(notebook.code_cell(IMPORTS))
    cell = notebook.code_cell('word_explorer(glove, "bank")')
    notebook.write(cell, 'glove = load_vectors()\nfigures.word_explorer(glove, "bank")')
    notebook.run(cell)
    sentence, box = cell.locator(".widget-html b"), cell.locator("input[type=text]")
    cell.scroll_into_view_if_needed()
    sentence.filter(has_text="bank").wait_for()
    [before] = notebook.figures(cell)
    box.fill("Violin")
    box.press("Enter")
    sentence.filter(has_text="violin").wait_for()
    page.wait_for_timeout(500)
    [after] = notebook.figures(cell)
    assert after["src"] != before["src"] and "cello" in after["alt"]
    assert_drawn([after], at_least=1)
    page.screenshot(path=tmp_path / "word.png")
    assert notebook.complaints() == []


def test_lesson_08_walks_the_strength_of_the_reversal(page, lab, tmp_path):
    notebook = open_lesson(page, lab, "08_domain_adaptation.ipynb")
    explorer = "walk = {0.0:"
    for text in (IMPORTS, "def both_sides(", explorer):
        notebook.run(notebook.code_cell(text))
    cell, strengths = notebook.code_cell(explorer), ("strength 0.03", "strength 0.1")
    walk(page, notebook, cell, "strength 0", strengths)
    page.screenshot(path=tmp_path / "strength.png")
    assert notebook.complaints() == []


def test_a_cell_run_before_the_kernel_is_up_waits_for_it(page, lab):
    """JupyterLab would ask which kernel to take. The cell shows, too, that the guard is on:
    without it, a lesson that asks the network for something could pass above."""
    shutil.copy(lab.work / "00_start_here.ipynb", lab.work / "99_eager.ipynb")
    notebook = browser.Notebook(page, lab.url("99_eager.ipynb"))
    cell = notebook.code_cells().first
    notebook.write(cell, "import socket; print('connect is of', socket.socket.connect.__module__)")
    notebook.run(cell)
    cell.locator(".jp-OutputArea").filter(has_text="connect is of guard").wait_for()
    assert notebook.popups() == []


def write_notebook(lab, name, *sources):
    """A notebook of such code cells, one more after them, in the learner's folder."""
    lesson = json.loads((lab.work / "00_start_here.ipynb").read_text(encoding="utf-8"))
    cells = [cell for cell in lesson["cells"] if cell["cell_type"] == "code"][: len(sources) + 1]
    for cell, source in zip(cells, sources, strict=False):
        cell["source"] = source
    (lab.work / name).write_text(json.dumps({**lesson, "cells": cells}), encoding="utf-8")


def test_a_quiz_is_answered_by_keyboard_alone(page, lab, tmp_path):
    asked, name = draw_round("02", 0), "98_quiz.ipynb"
    write_notebook(lab, name, 'from tlhelpers.course import quiz\n\nquiz("02")')
    notebook = open_lesson(page, lab, name)
    cell = notebook.code_cells().first
    notebook.run(cell)
    cell.locator(".widget-html", has_text="0 of 6").wait_for()
    cell.locator(".tl-quiz[data-keys]").wait_for(state="attached")
    cell.locator("input").first.focus()
    cells = notebook.code_cells().count()
    for number, one in enumerate(asked, start=1):
        answer_by_keyboard(page, one)
        verdict = cell.get_by_role("status").filter(has_text=f"✓ {number} right.")
        verdict.wait_for()
        page.keyboard.press("ArrowDown")  # neither this nor a letter may reach the notebook
        page.keyboard.press("b")
        page.keyboard.press("Tab")
    cell.get_by_role("status").filter(has_text="6 of 6 right at the first try").wait_for()
    page.screenshot(path=tmp_path / "quiz.png")
    page.keyboard.press("Space")  # the focus is on "Another round"
    cell.locator(".widget-html", has_text="round 2").wait_for()
    assert notebook.code_cells().count() == cells
    kept = json.loads((lab.work / "progress.json").read_text(encoding="utf-8"))["quizzes"]["02"]
    assert (kept["best"], kept["rounds"], kept["seed"]) == (6, 1, 1)
    assert notebook.complaints() == []
    assert notebook.popups() == []


def answer_by_keyboard(page, asked):
    """From the first field of a question to its button, which keeps the focus."""
    if not asked.options:
        page.keyboard.type(asked.right_answer)
        page.keyboard.press("Tab")
    for letter, _ in zip("abcd", asked.options, strict=False):
        if letter in asked.right_answer:
            page.keyboard.press("Space")
        page.keyboard.press("Tab")
    page.keyboard.press("Space")


def test_a_prediction_is_made_by_keyboard_shown_beside_the_outcome_and_there_after_a_reload(
    page, lab, tmp_path
):
    name = "97_prediction.ipynb"
    # Lesson 00 has shown this outcome: what is predicted after that is told otherwise.
    (lab.work / "progress.json").unlink(missing_ok=True)
    imports = "from tlhelpers.course import record_prediction, show_outcome\n\n"
    asked = [f'{imports}record_prediction("00.first")', 'record_prediction("00.rivals")']
    shown = 'right, low, high = 0.5, 0.44, 0.56\nshow_outcome("00.first", right, low, high)'
    write_notebook(lab, name, *asked, shown)
    notebook = open_lesson(page, lab, name)
    number, choice, outcome = map(notebook.code_cells().nth, range(3))
    for cell in (number, choice):
        notebook.run(cell)
        cell.locator(".tl-prediction[data-keys]").wait_for(state="attached")
    predict_by_keyboard(page, number, choice)
    page.screenshot(path=tmp_path / "predicted.png")
    assert notebook.code_cells().count() == 4
    notebook.run(outcome)
    assert_beside_each_other(outcome)
    page.keyboard.press("ControlOrMeta+s")
    page.wait_for_timeout(1000)
    notebook = open_lesson(page, lab, name)
    number, choice, outcome = map(notebook.code_cells().nth, range(3))
    assert_beside_each_other(outcome)
    for cell in (number, choice):  # a form is drawn anew from the progress file
        notebook.run(cell)
    number.get_by_role("status").filter(has_text="You predict: 46 %.").wait_for()
    assert number.get_by_label("In %:").input_value() == "46"
    assert choice.get_by_label("the random twin").is_checked()
    page.screenshot(path=tmp_path / "again.png")
    assert notebook.complaints() == [] and notebook.popups() == []
    kept = json.loads((lab.work / "progress.json").read_text(encoding="utf-8"))["predictions"]
    assert (kept["00.first"]["given"], kept["00.first"]["outcome"]) == (46, 50)
    assert (kept["00.rivals"]["given"], kept["00.rivals"]["shown"]) == ("random twin", False)


def predict_by_keyboard(page, number, choice):
    """Write a number that is none, then one; pick the second choice; no key leaves the forms."""
    asked = "What share of the test drawings will get the right class? In %:"
    number.get_by_role("textbox", name=asked).focus()
    page.keyboard.type("b")
    page.keyboard.press("Enter")
    number.get_by_role("status").filter(has_text="Not kept").wait_for()
    page.keyboard.press("Backspace")
    page.keyboard.type("46")
    page.keyboard.press("Enter")
    number.get_by_role("status").filter(has_text="You predict: 46 %.").wait_for()
    group = choice.get_by_role("radiogroup", name="Which of the two rivals will do better?")
    group.get_by_role("radio").first.focus()
    page.keyboard.press("Space")
    choice.get_by_role("status").filter(has_text="You predict: raw pixels.").wait_for()
    page.keyboard.press("ArrowDown")
    choice.get_by_role("status").filter(has_text="You predict: the random twin.").wait_for()


def assert_beside_each_other(cell):
    """What the outcome's cell shows."""
    box = cell.get_by_role("group", name="Prediction 00.first and what came out")
    box.wait_for()
    words = " ".join(box.inner_text().split())
    assert words == (
        "You predicted 46 % It came out 50 % They are 4 points apart; the interval, 44 to 56 %, "
        "holds your prediction."
    )
