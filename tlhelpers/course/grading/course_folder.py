"""The folder of a graded course: nbgrader's configuration, the assignments and their seeds."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from tlhelpers.course.grading.private_items import read_private
from tlhelpers.course.grading.sheet import assignment_notebook, lesson_path
from tlhelpers.errors import CourseError, repo_root
from tlhelpers.setup.files import write_atomically

RECORD = "assignments.json"
CONFIG = """\
# nbgrader reads this file in every command that starts in this folder. All may be changed.
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, {course!r})  # where the course's repository lies; change it if that moves

c = get_config()
c.CourseDirectory.course_id = "transfer-learning"
c.CourseDirectory.root = str(ROOT)

# An answer that is left out is no error, so that a notebook runs to its end.
c.ClearSolutions.code_stub = {{"python": "pass"}}
# Checks that a learner has deleted are put back.
c.OverwriteCells.add_missing_cells = True

# Each notebook runs within limits, and its marks come from outside of it.
c.Autograde.autograde_preprocessors = [
    "tlhelpers.course.grading.guarded_execution.GuardedExecute",
    "nbgrader.preprocessors.IgnorePattern",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.GuardedExecute.course = str(ROOT)
c.GuardedExecute.cell_seconds = 120  # of computing, for one cell
c.GuardedExecute.timeout = 300  # seconds by the clock, for a cell that waits
c.GuardedExecute.notebook_seconds = 1800  # by the clock, for a whole notebook
c.GuardedExecute.memory_mb = 4000  # of a notebook and all that it starts
c.GuardedExecute.fence = True  # Linux: a notebook cannot read this folder, nor private items

# `nbgrader export` writes why a point was not given.
c.ExportApp.plugin_class = "tlhelpers.course.grading.score_table.ScoreTable"
"""


def add_assignment(
    out: Path,
    lesson: str,
    seed: int | None = None,
    whole: bool = False,
    private: Path | None = None,
    name: str | None = None,
) -> Path:
    """Write an assignment into a course's folder and release it; return the released folder.

    The folder is made if need be, and what is in it is never overwritten. A CourseError says what
    stands in the way."""
    lesson_path(lesson)
    out, name = out.resolve(), name or f"lesson{lesson}"
    _look_at(out, name)
    items = read_private(private) if private else None
    notebook = assignment_notebook(lesson, seed, whole, items)
    record = {"lesson": lesson, "seed": seed, "whole": whole}
    if private:
        record["private"] = str(private.resolve())
    _write(out, name, record, notebook)
    run_nbgrader(out, "generate_assignment", name)
    return out / "release" / name


def read_record(course: Path) -> dict[str, dict]:
    """By assignment, what it was made of; a CourseError where that cannot be read."""
    path = course / RECORD
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CourseError(
            f"{path} cannot be read ({error}): make the folder anew with "
            "`python3 -m tlhelpers assignment`"
        ) from None


def run_nbgrader(course: Path, *arguments: str) -> None:
    """Run one of nbgrader's commands in a course's folder; a CourseError holds what it said."""
    programs = str(Path(sys.executable).parent)  # it starts alembic by name
    variables = os.environ | {"PATH": os.pathsep.join([programs, os.environ.get("PATH", "")])}
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=course,
        env=variables,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise CourseError(f"nbgrader {arguments[0]} failed in {course}: {said[0]}")


def _look_at(out: Path, name: str) -> None:
    if out.is_relative_to(repo_root().resolve()):
        raise CourseError(
            f"{out} lies in the course's folder, and a graded course does not belong there: "
            "name a folder outside with --out"
        )
    if not re.fullmatch(r"[A-Za-z0-9][\w-]*", name):
        raise CourseError(f"an assignment's name has letters, digits, - and _ only, not {name!r}")
    if (out / RECORD).exists() and name in read_record(out):
        raise CourseError(f"{name} is in {out} already: give this one another --name")
    if out.exists() and not (out / RECORD).exists() and any(out.iterdir()):
        raise CourseError(f"{out} holds something else: name an empty folder with --out")


def _write(out: Path, name: str, record: dict, notebook) -> None:
    import nbformat

    from tlhelpers.course.grading.teacher_readme import readme

    source = out / "source" / name
    source.mkdir(parents=True, exist_ok=True)
    (out / "submitted").mkdir(exist_ok=True)
    text = nbformat.writes(notebook) + "\n"
    write_atomically(source / f"{name}.ipynb", text.encode())
    config = out / "nbgrader_config.py"
    if not config.exists():
        write_atomically(config, CONFIG.format(course=str(repo_root())).encode())
    records = read_record(out) if (out / RECORD).exists() else {}
    records[name] = record
    write_atomically(out / RECORD, (json.dumps(records, indent=1) + "\n").encode())
    write_atomically(out / "README.md", readme(records).encode())
