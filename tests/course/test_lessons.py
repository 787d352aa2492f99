"""Lessons: one source each, up to date, run to the end once: each exercise open, then solved."""

import ast
import json
import re

import answer_names
import jupytext
import nbformat
import pytest

from tlhelpers.course import COURSE, build, contents, execution
from tlhelpers.course.exercise_book import exercises
from tlhelpers.errors import CourseError, repo_root

SOURCES = sorted(contents.source_dir().glob("[0-9][0-9]_*.py"))
IDS = [source.stem for source in SOURCES]
PROJECTS = {lesson.number for lesson in COURSE if lesson.is_project}
each_source = pytest.mark.parametrize("source", SOURCES, ids=IDS)


def cells_of(source, kind):
    return [c for c in jupytext.read(source).cells if c.cell_type == kind]


def test_building_again_changes_nothing():
    assert build.build(check=True) == []


def test_every_source_is_a_lesson_of_the_course():
    assert {lesson.number for lesson in COURSE if lesson.ready} == {stem[:2] for stem in IDS}


def both_notebooks(source):
    """The learner's and the solution's."""
    made, name = build.notebooks_of(source), f"{source.stem}.ipynb"
    folder = repo_root() / "notebooks"
    return [nbformat.reads(made[path], 4) for path in (folder / name, folder / "solutions" / name)]


@each_source
def test_notebooks_are_made_without_outputs_and_with_both_forms(source):
    learner, solution = both_notebooks(source)
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
    checks = [c for c in marked if build.role_of(c) == "check"]
    asked = [re.search(r'check\("(\d\d\.\d)"', c.source).group(1) for c in checks]
    assert asked == list(exercises(source.stem[:2])), "all of them, in order"
    assert [c.metadata["nbgrader"]["points"] for c in checks] == [1] * len(checks)
    assert [build.role_of(c) for c in marked] == ["answer", "check"] * len(checks)
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
def test_the_lesson_runs_whatever_is_answered(source):
    cells = [(build.role_of(cell), cell.source) for cell in cells_of(source, "code")]
    assert answer_names.complaints(cells, project=source.stem[:2] in PROJECTS) == []


@each_source
def test_the_lesson_runs_to_the_end_offline_and_its_claims_hold(source, tmp_path):
    path = tmp_path / f"{source.stem}.ipynb"
    nbformat.write(build.with_solutions_after(*both_notebooks(source)), path)
    run = execution.run_lesson(path, tmp_path / "executed")
    assert run.error == ""
    assert run.claims
    assert run.held == f"{len(run.claims)}/{len(run.claims)}"
    executed = nbformat.read(tmp_path / "executed" / path.name, 4)
    _assert_nothing_frightens(executed)
    _assert_figures_have_alt_text(executed)
    _assert_exercises_are_open_until_they_are_solved(executed, exercises(source.stem[:2]))


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


def _assert_exercises_are_open_until_they_are_solved(notebook, names):
    shown = [
        output.data["text/plain"]
        for cell in notebook.cells
        if build.role_of(cell) == "check"
        for output in cell.outputs
    ]
    states = [re.match(r"\S (\d\d\.\d \w+)", text).group(1) for text in shown]
    assert states == [f"{name} {word}" for name in names for word in ("open", "right")], shown


def test_a_source_with_a_mark_left_over_is_refused(tmp_path):
    source = tmp_path / "99_bad.py"
    source.write_text("# %%\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION\n")
    with pytest.raises((CourseError, RuntimeError)):
        build.notebooks_of(source)


def test_a_solution_and_the_same_check_follow_each_unsolved_one():
    def notebook(answers):
        marks = [("", "text"), ("solution", answers), ("grade", 'check("99.1", answer)')]
        cells = [
            nbformat.v4.new_code_cell(text, metadata={"nbgrader": {mark: True}} if mark else {})
            for mark, text in marks
        ]
        return nbformat.v4.new_notebook(cells=cells)

    combined = build.with_solutions_after(notebook("answer = None"), notebook('answer = "b"'))
    nbformat.validate(combined)
    check = 'check("99.1", answer)'
    assert [cell.source for cell in combined.cells] == [
        "text", "answer = None", check, 'answer = "b"', check,
    ]  # fmt: skip
    assert len({cell.id for cell in combined.cells}) == 5


ANSWER = ("answer", "def best(runs):\n    top = max(runs)\n    return top")


@pytest.mark.parametrize(
    ("later", "complaint"),
    [
        ("top = 1\nprint(top)", None),
        ("best = min\nbest([1])", None),
        ("for best in range(3):\n    print(best)", None),
        ("def f(best):\n    return best", None),
        ("print(best)", "cell 3 uses best of the answer in cell 1"),
        ("best = best + 1", "cell 3 uses best of the answer in cell 1"),
        ("best += 1", "cell 3 uses best of the answer in cell 1"),
        ("def f():\n    return [best(x) for x in y]", "cell 3 uses best of the answer in cell 1"),
        ("if rows:\n    with open(p) as file:\n        best(file)", "cell 3 uses best of the"),
    ],
)
def test_a_cell_that_leans_on_an_answer_is_named(later, complaint):
    lines = answer_names.complaints([("", "best = 0"), ANSWER, ("check", "best"), ("", later)])
    assert len(lines) == bool(complaint)
    assert not complaint or lines[0].startswith(complaint)


@pytest.mark.parametrize(
    "answer", ["limit = 2", "model.rate = 2", 'rows["a"][0] = 2', "rows[0] += 1"]
)
def test_an_answer_that_changes_what_the_lesson_made_is_named(answer):
    cells = [("", "rows, model = make()\ndef f(x):\n    return x > limit"), ("answer", answer)]
    [line] = answer_names.complaints([*cells, ("check", "f")])
    assert line.startswith("the answer in cell 1 changes ")


def test_the_check_of_another_exercise_may_not_use_an_answer_either():
    second = [("answer", "share = 1"), ("check", "best")]
    [line] = answer_names.complaints([ANSWER, ("check", "best"), *second])
    assert line == "cell 3 uses best of the answer in cell 0"


STEPS = [
    ("", "data = load()"),
    ("answer", "plan = None\n### BEGIN SOLUTION\nplan, size = make(data), 3\n### END SOLUTION"),
    ("check", "check(plan, data)"),
    ("answer", "runs = None\n### BEGIN SOLUTION\nruns = run(plan, size)\n### END SOLUTION"),
    ("check", "check(plan, runs)"),
]


def test_in_a_project_answers_build_on_each_other():
    assert answer_names.complaints(STEPS, project=True) == []
    assert answer_names.complaints(STEPS)


@pytest.mark.parametrize(
    ("cell", "complaint"),
    [
        (("", "print(plan)"), "cell 5 uses plan of the answer in cell 1"),
        (("check", "check(size)"), "cell 5 uses size of the answer in cell 1"),
    ],
)
def test_in_a_project_no_plain_cell_leans_on_an_answer_and_no_check_on_a_solution(cell, complaint):
    assert answer_names.complaints([*STEPS, cell], project=True) == [complaint]
