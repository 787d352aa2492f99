"""Lessons: one source each, up to date, run to the end."""

import ast
import json
import re

import jupytext
import nbformat
import pytest

from tlhelpers.course import COURSE, build, contents, runner
from tlhelpers.course.exercises import exercises
from tlhelpers.errors import CourseError, repo_root

SOURCES = sorted(contents.source_dir().glob("[0-9][0-9]_*.py"))
IDS = [source.stem for source in SOURCES]
each_source = pytest.mark.parametrize("source", SOURCES, ids=IDS)


def cells_of(source, kind):
    return [c for c in jupytext.read(source).cells if c.cell_type == kind]


def test_building_again_changes_nothing():
    assert build.build(check=True) == []


def test_every_source_is_a_lesson_of_the_course():
    assert {lesson.number for lesson in COURSE if lesson.ready} == {stem[:2] for stem in IDS}


@each_source
def test_notebooks_are_committed_without_outputs_and_with_both_forms(source):
    made = build.notebooks_of(source)
    learner, solution = (
        nbformat.reads(made[folder / f"{source.stem}.ipynb"], 4)
        for folder in (repo_root() / "notebooks", repo_root() / "notebooks" / "solutions")
    )
    for notebook in (learner, solution):
        for cell in notebook.cells:
            assert not cell.get("outputs")
            assert cell.get("execution_count") is None
    assert "BEGIN SOLUTION" in json.dumps(solution)
    assert "BEGIN SOLUTION" not in json.dumps(learner)
    assert len(learner.cells) == len(solution.cells)


@each_source
def test_every_exercise_has_an_answer_cell_and_a_check_that_nbgrader_can_grade(source):
    cells = cells_of(source, "code")
    marked = [c for c in cells if "nbgrader" in c.metadata]
    checks = [c for c in marked if c.metadata["nbgrader"]["grade"]]
    asked = [re.search(r'check\("(\d\d\.\d)"', c.source).group(1) for c in checks]
    assert asked == list(exercises(source.stem[:2])), "all of them, in order"
    assert [c.metadata["nbgrader"]["points"] for c in checks] == [1] * len(checks)
    assert sum(c.metadata["nbgrader"]["solution"] for c in marked) == len(checks)
    identities = [c.metadata["nbgrader"]["grade_id"] for c in marked]
    assert len(set(identities)) == len(identities)
    titles = " ".join(c.source for c in cells_of(source, "markdown"))
    assert all(f"Exercise {number}" in titles for number in asked)


@each_source
def test_cells_are_short(source):
    for cell in cells_of(source, "code"):
        lines = [line for line in cell.source.splitlines() if line.strip()]
        assert len(lines) <= 25, cell.source


@each_source
def test_prose_holds_no_typed_accuracy(source):
    """A figure in prose would not follow the measurement; the exercises may quote an example."""
    for cell in cells_of(source, "markdown"):
        if not re.search(r"### Exercise", cell.source):
            prose = cell.source.replace("95 % interval", "interval")
            assert not re.search(r"(?<![\d.:])[+−]?0?\.\d{2}\b|\d ?%", prose), prose


@each_source
def test_claims_stand_in_tagged_cells_and_have_unique_names(source):
    names = []
    for cell in cells_of(source, "code"):
        calls = [
            node
            for node in ast.walk(ast.parse(cell.source))
            if isinstance(node, ast.Call)
            and getattr(node.func, "id", "") in ("claim", "claim_value")
        ]
        assert bool(calls) == ("claim" in cell.metadata.get("tags", [])), cell.source
        names += [call.args[0].value for call in calls]
    assert len(set(names)) == len(names) > 0
    assert all(name.startswith(f"{source.stem[:2]}.") for name in names)


@each_source
@pytest.mark.parametrize("learner", [False, True], ids=["solution", "learner"])
def test_the_lesson_runs_to_the_end_offline_and_its_claims_hold(source, learner, tmp_path):
    [path] = runner.find_lessons([source.stem], learner=learner)
    run = runner.run_lesson(path, tmp_path, echo=lambda line: None)
    assert run.error == ""
    assert run.claims
    assert run.held == f"{len(run.claims)}/{len(run.claims)}"
    executed = nbformat.read(tmp_path / path.name, 4)
    _assert_nothing_frightens(executed)
    _assert_figures_have_alt_text(executed)
    _assert_exercises_are(executed, "open" if learner else "right")


def _outputs(notebook):
    for cell in notebook.cells:
        yield from cell.get("outputs", [])


def _assert_nothing_frightens(notebook):
    for output in _outputs(notebook):
        if output.output_type == "stream":
            assert output.name != "stderr", output.text


def _assert_figures_have_alt_text(notebook):
    texts = [output.get("data", {}).get("text/html", "") for output in _outputs(notebook)]
    figures = [tag for text in texts for tag in re.findall(r"<img [^>]*>", text)]
    assert len(figures) >= 5
    assert all(len(re.search(r'alt="([^"]*)"', tag).group(1)) > 40 for tag in figures)
    assert not any("image/png" in output.get("data", {}) for output in _outputs(notebook))


def _assert_exercises_are(notebook, word):
    shown = [
        output.data["text/plain"]
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade")
        for output in cell.outputs
    ]
    assert shown
    assert all(re.match(rf"\S \d\d\.\d {word}", text) for text in shown), shown


def test_a_source_with_a_mark_left_over_is_refused(tmp_path):
    source = tmp_path / "99_bad.py"
    source.write_text("# %%\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION\n")
    with pytest.raises((CourseError, RuntimeError)):
        build.notebooks_of(source)
