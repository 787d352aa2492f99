"""The notebook of an assignment, with solutions between nbgrader's marks: nbgrader releases it."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tlhelpers.course.build import KERNEL, role_of
from tlhelpers.course.contents import COURSE
from tlhelpers.course.grading.private_items import PrivateItems
from tlhelpers.course.grading.variants import Texts, texts
from tlhelpers.errors import CourseError, repo_root

STAMP = "tlhelpers_assignment"  # the part of the notebook's metadata that says which variant it is
CHECKED = re.compile(r'^check\("([^"]+)", (\w+)(?:, seed=\d+)?\)$', re.M)
SECTION = re.compile(r"^## .+$", re.M)
ABOVE = re.compile(r"\b(written|table|as) above\b")
HEADING = re.compile(r"^### Exercise", re.M)
# A link to a file of the course leads nowhere from a learner's folder.
COURSE_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:|#)[^)\s]+\)")
TITLE = """# Assignment: lesson {number}, {title}

Write your answers in the cells that are made for it, under each exercise. Leave the cells with
`check(…)` as they are: when your work is graded they are put back as they were, and whatever the
cells print does not count.

A check gives hints for functions and numbers. A letter is only taken: whether it is right is told
after the grading. What the exercises refer to (figures, measurements, the text above) stands in
lesson {number} of the course, in the section that each exercise names.{variant}"""
VARIANT = (
    "\n\n**Read each text to its end.** Exercises may ask for something else than those of the "
    "course with the same number."
)


def assignment_notebook(
    lesson: str, seed: int | None, whole: bool = False, private: PrivateItems | None = None
) -> Any:
    """The notebook of a lesson's exercises and of private items, solutions included.

    `whole` keeps all of the lesson's cells; else what is left are the exercises, each under the
    title of its section, and the imports. One seed gives one notebook, to the last byte."""
    import nbformat

    source = _solutions(lesson)
    cells = list(source.cells) if whole else [_imports(source.cells), *_exercises(source.cells)]
    cells = [_title(lesson, seed), *map(copy.deepcopy, cells)]
    _vary(cells, seed)
    cells += list(_private_cells(private)) if private else []
    for number, cell in enumerate(cells):
        cell["id"] = f"assignment-{lesson}-{number:03d}"
        if cell.cell_type == "markdown":
            cell.source = COURSE_LINK.sub(r"\1", cell.source)
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    metadata[STAMP] = {"lesson": lesson, "seed": seed}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=metadata)
    notebook.nbformat_minor = 5
    nbformat.validate(notebook)
    return notebook


def exercise_of(cell: Any) -> str:
    """Which exercise a cell checks; "" if none."""
    found = CHECKED.search(cell.source) if role_of(cell) == "check" else None
    return found[1] if found else ""


def lesson_path(lesson: str) -> Path:
    """The notebook with a lesson's solutions; a CourseError if it makes no assignment."""
    found = sorted((repo_root() / "notebooks" / "solutions").glob(f"{lesson}_*.ipynb"))
    if not re.fullmatch(r"\d\d", lesson) or not found:
        ready = ", ".join(one.number for one in COURSE if one.ready)
        raise CourseError(f"there is no lesson {lesson!r}: say one of {ready}")
    if any(one.number == lesson and one.is_project for one in COURSE):
        raise CourseError(
            f"lesson {lesson} is a project, which teaching/project_rubric.md judges: put "
            f"notebooks/solutions/{found[0].name} into your nbgrader course as it is"
        )
    return found[0]


def _solutions(lesson: str) -> Any:
    import nbformat

    return nbformat.read(lesson_path(lesson), 4)


def _title(lesson: str, seed: int | None) -> Any:
    import nbformat

    title = next(one.title for one in COURSE if one.number == lesson)
    variant = "" if seed is None else VARIANT
    return nbformat.v4.new_markdown_cell(TITLE.format(number=lesson, title=title, variant=variant))


# ---------------------------------------------------------------- what is kept of a lesson


def _imports(cells: list) -> Any:
    """One cell with all imports of the lesson but those of the course's own checks and claims."""
    import nbformat

    lines = []
    for cell in cells:
        if cell.cell_type == "code" and not role_of(cell):
            lines += filter(_is_kept, _tree(cell.source))
    found = dict.fromkeys(ast.unparse(line) for line in lines)
    return nbformat.v4.new_code_cell("\n".join(found))


def _tree(source: str) -> list[ast.stmt]:
    try:
        return ast.parse(source).body
    except SyntaxError:  # a line with a magic
        return []


def _is_kept(line: ast.stmt) -> bool:
    own = isinstance(line, ast.ImportFrom) and str(line.module).startswith("tlhelpers.course")
    return isinstance(line, (ast.Import, ast.ImportFrom)) and not own


def _exercises(cells: list) -> Iterator[Any]:
    """The exercises alone: where each stands in the lesson, its text, its answer and its check."""
    import nbformat

    title = told = before = ""
    for cell in cells:
        if role_of(cell):
            yield cell
        elif cell.cell_type == "markdown" and HEADING.search(cell.source):
            _, heading, asked = _parted(cell.source)
            start = "" if title == told else f"{title}\n\n"
            told = title
            # What an exercise refers to is the part of the section right before it.
            context = before[before.rfind("### ") :] + "\n\n" if ABOVE.search(asked) else ""
            yield nbformat.v4.new_markdown_cell(start + context + heading + asked)
        elif cell.cell_type == "markdown":
            before += f"\n\n{cell.source}"
            if sections := list(SECTION.finditer(before)):
                title, before = sections[-1][0], before[sections[-1].end() :].strip()


# ---------------------------------------------------------------- the variants


def _vary(cells: list, seed: int | None) -> None:
    """Give each exercise the text, the solution and the check of its variant, in place."""
    for place, cell in enumerate(cells):
        if not exercise_of(cell):
            continue
        found = CHECKED.search(cell.source)
        answer = max(i for i in range(place) if role_of(cells[i]) == "answer")
        question = max(i for i in range(answer) if HEADING.search(cells[i].source))
        before, heading, asked = _parted(cells[question].source)
        new = texts(found[1], seed, Texts(heading + asked, cells[answer].source))
        cells[question].source, cells[answer].source = before + new.question, new.answer
        cell.source = _check_of(found[1], found[2], seed)


def _parted(source: str) -> tuple[str, str, str]:
    """What stands before an exercise's heading, the heading, and what is asked."""
    start = HEADING.search(source).start()
    heading, _, asked = source[start:].partition("\n")
    return source[:start], heading + "\n", asked


def _check_of(exercise_id: str, answer: str, seed: int | None) -> str:
    of_seed = "" if seed is None else f", seed={seed}"
    return (
        "from tlhelpers.course.grading.checking import check\n\n"
        f'check("{exercise_id}", {answer}{of_seed})'
    )


# ---------------------------------------------------------------- private items


def _private_cells(private: PrivateItems) -> Iterator[Any]:
    import nbformat

    if private.imports:
        yield nbformat.v4.new_code_cell(private.imports)
    for exercise_id, (question, answer, name) in private.texts.items():
        yield nbformat.v4.new_markdown_cell(f"### Exercise {exercise_id}\n{question}")
        grade_id = re.sub(r"\W", "-", exercise_id)
        marks = {"schema_version": 3, "task": False}
        answers = marks | {"grade": False, "grade_id": f"answer-{grade_id}", "locked": False}
        checks = marks | {"grade": True, "grade_id": f"check-{grade_id}", "locked": True}
        yield nbformat.v4.new_code_cell(answer, metadata={"nbgrader": answers | {"solution": True}})
        yield nbformat.v4.new_code_cell(
            _check_of(exercise_id, name, None),
            metadata={
                "nbgrader": checks | {"solution": False, "points": private.points(exercise_id)}
            },
        )
