"""nbgrader's export, with the reason for each point that was not given."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import MissingEntry
from nbgrader.plugins import ExportPlugin

from tlhelpers.course.build import role_of
from tlhelpers.course.grading.sheet import STAMP, exercise_of
from tlhelpers.setup.files import write_atomically
from tlhelpers.setup.progress_report import FORMULA_STARTS

UNREADABLE, NOTHING = "unreadable", "nothing handed in"
NOT_GRADED = "not graded, see what autograde said"  # no fault of the learner's
# Words that an answer seldom needs, and a way around one does.
TO_LOOK_AT = re.compile(
    r"exercise_book|exercise_kinds|right_answers|examine|solutions|grading|NBGRADER|TLHELPERS_|"
    r"sys\.modules|__globals__|_getframe|\binspect\b|\bgc\.|ctypes|os\._exit|os\.kill|subprocess|"
    r"/proc|\bsocket\b|\bpatch\b|setattr\(|get_ipython"
)


class ScoreTable(ExportPlugin):
    """A row for each learner and assignment, and beside it a file with a row for each exercise."""

    def export(self, gradebook: Any) -> None:
        """Write both files; `--to` names the first."""
        to = Path(self.to or "grades.csv")
        course = Path(self.parent.coursedir.root)
        rows = [
            row
            for assignment in gradebook.assignments
            if not self.assignment or assignment.name in map(str, self.assignment)
            for student in gradebook.students
            if not self.student or student.id in map(str, self.student)
            for row in [_row(gradebook, course, assignment, student)]
        ]
        exercises = [one for row in rows for one in row.pop("exercises")]
        _write(to, rows)
        _write(to.with_name(f"{to.stem}_exercises{to.suffix}"), exercises)
        self.log.info("Wrote %s and a row for each exercise beside it", to)


def _row(gradebook: Any, course: Path, assignment: Any, student: Any) -> dict:
    who = {"assignment": assignment.name, "learner": student.id}
    graded = course / "autograded" / student.id / assignment.name / f"{assignment.name}.ipynb"
    submitted = course / "submitted" / student.id / assignment.name
    score, penalty, points = _points(gradebook, assignment.name, student.id)
    if not graded.exists():
        why, look = _why_not(submitted / f"{assignment.name}.ipynb"), ""
        exercises: list[dict] = []
        score = 0.0
    else:
        notebook = nbformat.read(graded, 4)
        exercises = [who | one for one in _exercises(notebook, points)]
        lost = [one for one in exercises if one["reason"]]
        why = "; ".join(f"{one['exercise']} {one['reason']}" for one in lost)
        look = _to_look_at(notebook)
    return who | {
        "score": max(0.0, score - penalty),
        "max_score": assignment.max_score,
        "late_penalty": penalty,
        "reasons": why,
        "look_at": look,
        "exercises": exercises,
    }


def _why_not(submitted: Path) -> str:
    """Why there is no graded notebook."""
    if not submitted.parent.exists():
        return NOTHING
    try:
        nbformat.read(submitted, 4)
    except Exception:  # whatever it is, it is no notebook
        return UNREADABLE
    return NOT_GRADED


def _points(gradebook: Any, assignment: str, student: str) -> tuple[float, float, dict]:
    """The score, the penalty for being late, and by cell its points and the most of them."""
    try:
        found = gradebook.find_submission(assignment, student)
    except MissingEntry:
        return 0.0, 0.0, {}
    cells = {
        grade.cell.name: (grade.score, grade.max_score)
        for notebook in found.notebooks
        for grade in notebook.grades
    }
    return found.score, found.late_submission_penalty or 0.0, cells


def _exercises(notebook: Any, points: dict) -> list[dict]:
    rows = []
    for cell in notebook.cells:
        if exercise_id := exercise_of(cell):
            score, most = points.get(cell.metadata.nbgrader.grade_id, (0.0, 0.0))
            errors = [one for one in cell.get("outputs", []) if one.output_type == "error"]
            rows.append(
                {
                    "exercise": exercise_id,
                    "score": score,
                    "max_score": most,
                    # A teacher may have given the points by hand.
                    "reason": errors[0].ename.lower() if errors and score < most else "",
                    "told": errors[0].evalue if errors else "",
                }
            )
    return rows


def _to_look_at(notebook: Any) -> str:
    """What of a learner's own cells somebody should read."""
    own = [
        cell.source
        for cell in notebook.cells
        if cell.cell_type == "code" and role_of(cell) != "check"
    ]
    words = dict.fromkeys(found for source in own for found in TO_LOOK_AT.findall(source))
    if "seed_in_the_notebook" in notebook.metadata.get(STAMP, {}):
        words["another seed"] = None
    return ", ".join(words)


def _write(path: Path, rows: list[dict]) -> None:
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)
    write_atomically(path, text.getvalue().encode("utf-8-sig"))


def _cell(value: Any) -> Any:
    """A text that a spreadsheet would run as a formula gets a sign in front."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
