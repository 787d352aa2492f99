"""The learner's working copies of the lessons: made once, never overwritten."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from tlhelpers.errors import CourseError, repo_root
from tlhelpers.setup.files import create_atomically, read_json, sha256_of, write_json
from tlhelpers.setup.paths import make_folder, work_dir

FIRST = "00_start_here.ipynb"
# Lesson to the versions that were copied, oldest first: hash of the file to the hash of what
# `hash_without_imports` keeps. Records of the first form hold a list of the former.
RECORD = ".shipped.json"
_PACKAGE = Path(__file__).resolve().parents[1]
_MODULE = re.compile(rf"^\s*(?:from|import)\s+{_PACKAGE.name}\.(\w+)", re.MULTILINE)


def make_working_copy(echo: Callable[[str], object] = print) -> Path:
    """Copy the lessons to the learner's folder, overwrite none there, and return the one to open.

    A lesson that has changed is put beside the old copy, as ``NAME.v2.ipynb``, and `echo` says so.
    """
    work = make_folder(work_dir(), "TLHELPERS_WORK")
    shipped = _read_shipped(work / RECORD)
    lessons = sorted((repo_root() / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    changed = [lesson for lesson in lessons if _copy_lesson(lesson, work, shipped, echo)]
    missing = {name for lesson in changed for copy in _copies(work, lesson) for name in lost(copy)}
    if missing:
        echo(
            "Your copies from before this version import modules by their old names "
            f"({min(missing)}, say) and stop there. Go on in the new notebooks: the old ones keep "
            "your answers, and what you solved still counts."
        )
    # An old copy that stops at its imports would be a poor start; any other is the one to go on in.
    runnable = (copy for copy in _copies(work, Path(FIRST)) if not lost(copy))
    return next(runnable, work / FIRST)


def lost(notebook: Path) -> set[str]:
    """The modules of this package that a notebook imports and that are no longer there."""
    code = "\n".join(source for kind, source in _cells(notebook) if kind == "code")
    return {
        f"{_PACKAGE.name}.{module}"
        for module in _MODULE.findall(code)
        if not (_PACKAGE / f"{module}.py").exists() and not (_PACKAGE / module).is_dir()
    }


def hash_without_imports(notebook: Path) -> str:
    """The hash of all cells' text but the import statements; empty if it is no notebook."""
    cells = [
        (kind, _without_imports(source) if kind == "code" else source)
        for kind, source in _cells(notebook)
    ]
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest() if cells else ""


def _read_shipped(path: Path) -> dict[str, dict[str, str]]:
    try:
        return {
            name: dict.fromkeys(versions, "") if isinstance(versions, list) else dict(versions)
            for name, versions in read_json(path).items()
        }
    except (TypeError, ValueError):
        return {}


def _copy_lesson(
    lesson: Path, work: Path, shipped: dict[str, dict[str, str]], echo: Callable[[str], object]
) -> bool:
    """Copy a lesson unless that was done; True if the copy came beside an older one."""
    digest, versions = sha256_of(lesson), shipped.setdefault(lesson.name, {})
    if digest in versions and (work / lesson.name).exists():
        return False
    target = _copy_to_free_name(lesson, work, digest)
    last, rest = next(reversed(versions.values()), ""), hash_without_imports(lesson)
    if digest not in versions:
        versions[digest] = rest
        write_json(work / RECORD, shipped)
    if target is None or target.name == lesson.name:
        return False
    what, stays = "changed", "stays"
    if rest and rest == last:
        what = "changed in nothing but its imports"
        stays = "stays and needs the new import cell to run"
    new = f"{work.name}/{target.name}"
    echo(f"lesson {lesson.name} has {what}: your copy {stays}, the new one is {new}")
    return True


def _names(work: Path, lesson: Path) -> Iterator[Path]:
    yield work / lesson.name
    yield from (work / f"{lesson.stem}.v{number}.ipynb" for number in range(2, 1000))


def _copies(work: Path, lesson: Path) -> Iterator[Path]:
    return (path for path in _names(work, lesson) if path.exists())


def _copy_to_free_name(lesson: Path, work: Path, digest: str) -> Path | None:
    """Copy under the first name not taken in `work`; None when the same file lies there already."""
    data = lesson.read_bytes()
    for path in _names(work, lesson):
        if not os.path.lexists(path):
            with suppress(FileExistsError):  # another start of the lab took it at this moment
                create_atomically(path, data)
                return path
        if path.is_file() and sha256_of(path) == digest:
            return None
    raise CourseError(f"work/ holds 999 versions of {lesson.name}: move some of them away")


def _cells(notebook: Path) -> list[tuple[str, str]]:
    """The kind and text of each cell; none if the file is no notebook."""
    try:
        cells = read_json(notebook)["cells"]
        return [(cell["cell_type"], "".join(cell["source"])) for cell in cells]
    except (KeyError, TypeError):
        return []


def _without_imports(code: str) -> str:
    """A cell's code without its import statements and empty lines; whole if it is no Python."""
    try:
        statements = ast.parse(code).body
    except SyntaxError:
        return code
    imports = {
        number
        for statement in statements
        if isinstance(statement, (ast.Import, ast.ImportFrom))
        for number in range(statement.lineno, statement.end_lineno + 1)
    }
    lines = enumerate(code.splitlines(), 1)
    return "\n".join(line for number, line in lines if line.strip() and number not in imports)
