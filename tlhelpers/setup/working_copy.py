"""The learner's working copy of the lessons: made once, never overwritten."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from tlhelpers.errors import CourseError, repo_root
from tlhelpers.setup.files import write_atomically

FIRST = "00_start_here.ipynb"
RECORD = ".shipped.json"


def work_dir() -> Path:
    """The folder where the learner writes: ``work``, or what ``TLHELPERS_WORK`` names."""
    chosen = os.environ.get("TLHELPERS_WORK")
    return Path(chosen).expanduser().resolve() if chosen else repo_root() / "work"


def make_working_copy(echo=print) -> Path:
    """Copy the lessons to ``work/`` where the learner writes; never overwrite one there.

    A lesson that has changed since it was copied is put beside the old copy, as
    ``NAME.v2.ipynb``, and the learner is told.

    Parameters
    ----------
    echo : callable
        Takes each line of what was done.

    Returns
    -------
    Path
        The copy of the first lesson.
    """
    work = work_dir()
    work.mkdir(parents=True, exist_ok=True)
    record = _read_record(work / RECORD)
    for lesson in sorted((repo_root() / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        _copy_lesson(lesson, work, record, echo)
    return work / FIRST


def _read_record(path: Path) -> dict[str, list[str]]:
    """Lesson name to the hashes that were copied; a damaged record counts as an empty one."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return {name: list(hashes) for name, hashes in record.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def _copy_lesson(lesson: Path, work: Path, record: dict, echo) -> None:
    digest = hashlib.sha256(lesson.read_bytes()).hexdigest()
    seen = record.setdefault(lesson.name, [])
    if digest in seen and (work / lesson.name).exists():
        return
    target = _free_name(work, lesson, digest)
    if target is not None:
        write_atomically(target, lesson.read_bytes())
        if target.name != lesson.name:
            echo(
                f"lesson {lesson.name} has changed: your copy stays, the new one is "
                f"work/{target.name}"
            )
    if digest not in seen:
        seen.append(digest)
        write_atomically(work / RECORD, json.dumps(record, indent=1).encode())


def _free_name(work: Path, lesson: Path, digest: str) -> Path | None:
    """The first name not taken in `work`; None when the same file lies there already."""
    candidates = [work / lesson.name, *(work / f"{lesson.stem}.v{i}.ipynb" for i in range(2, 1000))]
    for path in candidates:
        if not path.exists():
            return path
        if hashlib.sha256(path.read_bytes()).hexdigest() == digest:
            return None
    raise CourseError(f"work/ holds 999 versions of {lesson.name}: move some of them away")
