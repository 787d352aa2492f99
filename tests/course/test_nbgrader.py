"""A lecturer's way: nbgrader releases the lesson, collects it and counts the points."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tlhelpers.course import build
from tlhelpers.errors import repo_root

LESSON = "00_start_here.ipynb"
ASSIGNMENT = "lesson00"
STUDENTS = {"blank": "release", "solved": "source"}
# nbgrader's own stub raises, which would stop a learner who leaves an exercise open.
CONFIG = """
c = get_config()
c.CourseDirectory.course_id = "transfer"
c.CourseDirectory.root = {root!r}
c.ClearSolutions.code_stub = {{"python": "pass"}}
c.ExecutePreprocessor.timeout = 300
"""


def nbgrader(course: Path, *arguments: str) -> None:
    """Run one nbgrader command; it starts `alembic` by name, so that must be on PATH."""
    programs = str(Path(sys.executable).parent)
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=course,
        env=os.environ
        | {
            "PATH": os.pathsep.join([programs, os.environ["PATH"]]),
            "JUPYTER_CONFIG_DIR": str(course / "jupyter"),
            "JUPYTER_DATA_DIR": str(course / "data"),
            "OMP_WAIT_POLICY": "passive",
        },
        capture_output=True,
        encoding="utf-8",
        timeout=500,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def without_measurements(path: Path):
    """A lesson's text, its exercises and its imports: what it measures is tested elsewhere."""
    notebook = nbformat.read(path, 4)
    notebook.cells = [
        cell
        for cell in notebook.cells
        if cell.cell_type == "markdown" or build.role_of(cell) or "tlhelpers.course" in cell.source
    ]
    return notebook


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course folder in which both students' work was graded."""
    root = tmp_path_factory.mktemp("course")
    (root / "nbgrader_config.py").write_text(CONFIG.format(root=str(root)), encoding="utf-8")
    (root / "source" / ASSIGNMENT).mkdir(parents=True)
    solution = without_measurements(repo_root() / "notebooks" / "solutions" / LESSON)
    nbformat.write(solution, root / "source" / ASSIGNMENT / LESSON)
    nbgrader(root, "generate_assignment", ASSIGNMENT)
    for student, handed_in in STUDENTS.items():
        submitted = root / "submitted" / student / ASSIGNMENT
        submitted.mkdir(parents=True)
        shutil.copy(root / handed_in / ASSIGNMENT / LESSON, submitted)
    nbgrader(root, "autograde", ASSIGNMENT)
    return root


def test_the_released_version_is_the_learners_notebook(course):
    released = nbformat.read(course / "release" / ASSIGNMENT / LESSON, 4)
    learners = without_measurements(repo_root() / "notebooks" / LESSON)
    assert len(learners.cells) > 10
    # Solutions lie one folder deeper, so a link that leaves their folder is one step longer.
    assert [(c.cell_type, c.source.replace("](../../", "](../")) for c in released.cells] == [
        (c.cell_type, c.source) for c in learners.cells
    ]


def test_a_blank_copy_gets_nothing_and_a_solved_one_everything(course):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        found = {}
        for student in STUDENTS:
            graded = gradebook.find_submission(ASSIGNMENT, student)
            assert not graded.needs_manual_grade
            found[student] = (graded.score, graded.max_score)
    assert found == {"blank": (0, 3), "solved": (3, 3)}


@pytest.mark.parametrize("student", STUDENTS)
def test_only_the_checks_of_a_blank_copy_fail(course, student):
    """Else points would be lost, or won, for another reason than the answer."""
    graded = nbformat.read(course / "autograded" / student / ASSIGNMENT / LESSON, 4)
    failed = [
        cell.source
        for cell in graded.cells
        if any(output.output_type == "error" for output in cell.get("outputs", []))
    ]
    wanted = ['check("00.1", answer)', 'check("00.2", majority_accuracy)', 'check("00.3", answer)']
    assert failed == (wanted if student == "blank" else [])
