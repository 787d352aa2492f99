"""Slides of a lesson: what stands on which, and a page that asks for nothing."""

from __future__ import annotations

import re
from pathlib import Path

import jupytext
import pytest
from nbformat.v4 import new_output

from tlhelpers import __main__ as cli
from tlhelpers.course import slides
from tlhelpers.course.slide_cells import MOST_LETTERS, slides_of
from tlhelpers.course.slide_page import for_a_slide, page_of
from tlhelpers.setup import environment, fetching, launcher

SOURCE = '''# %% [markdown]
# # 98 · A lesson
# **The question.** Does it work?
# %%
import time
# %% [markdown]
# ## 1 · A part
# > **Before you run it:** what comes out?
# %%
print("short")
# %%
{long}
# %% [markdown]
# ### Exercise 98.1
# Write it, at $0.5 each: `a$b`.
# %% nbgrader={{"grade_id": "answer-98-1", "solution": true}}
### BEGIN SOLUTION
answer = 42
### END SOLUTION
# %% nbgrader={{"grade_id": "check-98-1", "grade": true}}
check("98.1", answer)
# %% tags=["claim"]
claim_value("98.a", "it is three", 3.0)
# %% [markdown] slideshow={{"slide_type": "skip"}}
# Not for the screen.
# %% slideshow={{"slide_type": "skip"}}
print("nor this")
# %% [markdown] slideshow={{"slide_type": "slide"}}
# A slide of its own, as its metadata say.
# %%
quiz("98")
# %%
record_prediction("98.x")
# %%
shown = 3
show_outcome("98.x", shown)
# %% [markdown]
# {prose}
'''.format(
    long="\n".join(f"value_{n} = {n}" for n in range(20)),
    prose=" ".join(f"Sentence number {n} of a long paragraph ends here." for n in range(40)),
)  # fmt: skip


@pytest.fixture
def lesson():
    """A lesson of which each code cell has printed its own first line."""
    notebook = jupytext.reads(SOURCE, fmt="py:percent")
    for cell in notebook.cells:
        if cell.cell_type == "code":
            said = f"out of {cell.source.splitlines()[0]}"
            cell.outputs = [new_output("stream", text=said)] if "import" not in said else []
    return notebook


def on_slides(cells) -> list[str]:
    """The text of each slide, outputs too; what is skipped is not among it."""
    texts = []
    for cell in cells:
        kind = cell.metadata.slideshow.slide_type
        shown = [one.text for one in cell.get("outputs", ())]
        code = [] if cell.metadata.get("transient") else [cell.source]
        if kind in ("slide", "subslide"):
            texts.append("")
        if kind != "skip":
            texts[-1] += "\n".join([*code, *shown, ""])
    return texts


def test_headings_and_exercises_begin_slides(lesson):
    begun = [
        cell.source.splitlines()[0]
        for cell in slides_of(lesson)
        if cell.metadata.slideshow.slide_type == "slide"
    ]
    assert begun == [
        "# 98 · A lesson",
        "## 1 · A part",
        "### Exercise 98.1",
        "A slide of its own, as its metadata say.",
    ]


def test_what_came_out_appears_after_the_prediction(lesson):
    cells = slides_of(lesson)
    begin = next(i for i, cell in enumerate(cells) if cell.source.startswith("## 1"))
    question, code, out = cells[begin : begin + 3]
    assert "Before you run it" in question.source
    assert code.source == 'print("short")' and code.metadata.slideshow.slide_type == "-"
    assert out.outputs[0].text == 'out of print("short")'
    assert out.metadata.slideshow.slide_type == "fragment"


def test_long_code_claims_code_checks_and_quizzes_are_left_out(lesson):
    text = "\n".join(on_slides(slides_of(lesson)))
    assert 'print("short")' in text and "out of value_0" in text
    assert "value_7" not in text, "long code"
    assert "shown = 3" in text, "a cell that does more than ask"
    assert 'claim_value("98.a", "it' not in text.replace("out of claim_value", "")
    assert "out of claim_value" in text
    for absent in ("check(", "quiz(", "record_", "nor this", "Not for the screen", "import time"):
        assert absent not in text, absent


def test_solutions_stand_on_a_slide_below_and_only_where_they_are_wanted(lesson):
    assert "answer = 42" not in page_of(lesson, "98")
    cells = slides_of(lesson, solutions=True)
    place = next(i for i, one in enumerate(on_slides(cells)) if "answer = 42" in one)
    assert "### Exercise 98.1" in on_slides(cells)[place - 1]
    assert "SOLUTION" not in "".join(on_slides(cells))


def test_long_prose_goes_on_below_and_nothing_is_lost(lesson):
    cells = [cell.source for cell in slides_of(lesson) if "Sentence number" in cell.source]
    parts = [one for one in on_slides(slides_of(lesson)) if "Sentence number" in one]
    assert len(cells) == len(parts) > 2
    assert all(len(one) < MOST_LETTERS + 80 for one in cells)
    numbers = re.findall(r"Sentence number (\d+)", " ".join(parts))
    assert [int(number) for number in numbers] == list(range(40))
    assert all("1 · A part" in one for one in parts[1:]), "each says where it belongs"


def test_formulas_are_mathml_and_links_into_the_course_are_text():
    made = for_a_slide(
        r"So $\frac{a}{b}$ and `a$b` of [02](02_x.ipynb) in [a book](https://x.org/a)."
        " ![x](x.png)"
    )
    assert "<mfrac>" in made and "`a$b`" in made and "$" not in made.replace("`a$b`", "")
    assert "of 02 in [a book](https://x.org/a)" in made and "x.png" not in made


def test_a_page_holds_all_that_it_needs(lesson):
    page = page_of(lesson, "98_lesson")
    assert "<title>98 · A lesson</title>" in page
    assert "Permission is hereby granted" in page and "Hakim El Hattab" in page
    markup = re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.DOTALL)
    assert re.findall(r'(?:src|href)="(?!data:|https?://x)([^"]*)"', markup) == []
    assert not re.search(r"<script[^>]+src|@import|sourceMappingURL", page)


def test_the_verb_hands_over_its_options_with_the_folder_from_here(monkeypatch, tmp_path):
    calls = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(environment, "ensure", lambda: Path("python"))
    monkeypatch.setattr(fetching, "fetch", lambda python: calls.append(["fetch"]))
    monkeypatch.setattr(launcher, "hand_over", lambda command: calls.append(command) or 3)
    assert cli.main(["slides", "02", "--out", "here", "--solutions"]) == 3
    given = ["02", "--out", str(tmp_path / "here"), "--solutions"]
    assert calls == [["fetch"], ["python", "-m", "tlhelpers.course.slides", *given]]


def test_what_cannot_be_is_told_in_one_line(tmp_path, capsys):
    (tmp_path / "file").write_text("mine")
    assert slides.main(["02", "--out", str(tmp_path / "file")]) == 1
    assert slides.main(["77"]) == 1
    out, err = capsys.readouterr()
    told = err.splitlines()
    assert out == "" and len(told) == 2
    assert "name another folder with --out" in told[0] and "there is no lesson '77'" in told[1]
