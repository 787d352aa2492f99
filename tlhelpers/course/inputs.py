"""What the outputs of a lesson depend on, as one hash: code, helpers, data, stored tables."""

from __future__ import annotations

import ast
import hashlib
import platform
import re
from collections.abc import Iterable, Iterator
from functools import cache

from tlhelpers.errors import repo_root
from tlhelpers.experiments.staleness import code_digest, import_closure, libraries_of

NAME = "tlhelpers"
# Which module reads a table of data/results; one that is not named here is a sweep's.
READERS = {"lesson_times": "course.times", "time_to_accuracy": "experiments.timings"}
# Modules that are found by a lesson's number: those of ``check("02.1", …)``, ``quiz("02")`` and
# ``record_prediction("02.hardest")``.
NUMBERED = {
    "exercise_book": re.compile(r"""\bcheck\(\s*["'](\d\d)\."""),
    "prediction_pool": re.compile(r"""\b(?:record_prediction|show_outcome)\(\s*["'](\d\d)\."""),
    "quiz_pool": re.compile(r"""\bquiz\(\s*["'](\d\d)["']"""),
}


def inputs_digest(notebook) -> str:
    """A hash of all that a lesson's outputs come from; prose is not among it.

    That is its code cells, the helpers that they import and what these import (comments and
    docstrings left out), versions of libraries, and the data and stored tables of the course."""
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    named = (*_helpers(list(_nodes(cells))), *_numbered(cells))
    modules = import_closure(*filter(_is_module, named))
    digest = hashlib.sha256(f"{platform.python_version()}\n".encode())
    for part in (*cells, _digest_of(tuple(modules)), *_data_files(modules)):
        digest.update(f"{len(part)}\n{part}\n".encode())
    return digest.hexdigest()[:32]


def _nodes(cells: Iterable[str]) -> Iterator[ast.AST]:
    """All parts of the cells as Python reads them; magic lines, and what is no Python, left out."""
    for cell in cells:
        lines = [line for line in cell.splitlines() if not line.lstrip().startswith(("%", "!"))]
        try:
            yield from ast.walk(ast.parse("\n".join(lines)))
        except SyntaxError:  # the lesson itself will say so
            continue


def _helpers(nodes: list[ast.AST]) -> Iterator[str]:
    """The package's modules behind what some code imports, by full names or through faces."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith(NAME))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == NAME:
            for alias in node.names:
                used = _attributes_of(alias.asname or alias.name, nodes)
                yield from _behind(node.module, alias.name, used)


def _attributes_of(name: str, nodes: list[ast.AST]) -> set[str]:
    """What follows a name and a dot anywhere, as in ``figures.gains``."""
    found = (node for node in nodes if isinstance(node, ast.Attribute))
    return {
        node.attr for node in found if isinstance(node.value, ast.Name) and node.value.id == name
    }


def _behind(package: str, name: str, used: set[str]) -> Iterator[str]:
    """The modules that an imported name comes from; for a room, those of what is `used` of it."""
    whole = f"{package}.{name}"
    if room := face_of(whole):
        yield from (f"{whole}.{home}" for home, row in room.items() if used & set(row.split()))
    elif room := face_of(package):
        yield from (f"{package}.{home}" for home, row in room.items() if name in row.split())
    else:
        yield from (package, whole)


@cache
def face_of(package: str) -> dict[str, str]:
    """What a room's face gives, by module, read without importing it; empty for all else."""
    path = repo_root().joinpath(*package.split("."), "__init__.py")
    if not path.exists():
        return {}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "make_face":
            return ast.literal_eval(node.args[1])
    return {}


def _numbered(cells: Iterable[str]) -> Iterator[str]:
    """The modules that hold the exercises and the quiz which some cells ask for."""
    text = "\n".join(cells)
    for package, call in NUMBERED.items():
        for number in sorted(set(call.findall(text))):
            yield f"{NAME}.course.{package}.lesson_{number}"


def _is_module(name: str) -> bool:
    """Whether a dotted name is a file of the package, so neither a face nor what a module holds."""
    path = repo_root().joinpath(*name.split("."))
    return name.startswith(NAME) and path.with_suffix(".py").exists()


@cache
def _digest_of(modules: tuple[str, ...]) -> str:
    return f"{code_digest(modules)} {sorted(libraries_of(modules).items())}"


def _data_files(modules: Iterable[str]) -> list[str]:
    """Name and hash of each file in ``data`` that may be read; tables only by who reads such."""
    reached = {module.removeprefix(f"{NAME}.") for module in modules}
    data = repo_root() / "data"
    files = [path for path in data.iterdir() if path.suffix in (".json", ".csv", ".txt")]
    for path in (data / "results").glob("*.csv"):
        if READERS.get(path.stem, "experiments.stored") in reached:
            files.append(path)
    return [
        f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in sorted(files)
    ]
