"""Is a stored result still what today's code would give? Told by the code that it was made by."""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
NAME = PACKAGE.name
# What is imported under another name than it is installed under.
DISTRIBUTIONS = {"sklearn": "scikit-learn", "PIL": "pillow", "resvg_py": "resvg-py"}


def import_closure(*modules: str) -> list[str]:
    """All modules of the package that some modules need, also by imports inside functions; sorted.

    What a package's ``__init__`` imports is not followed: modules import each other by full names.
    """
    reached: set[str] = set()
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        if module not in reached:
            reached.add(module)
            waiting += [name for name in _imported(module) if _path(name)]
    return sorted(reached)


def libraries_of(modules: Iterable[str]) -> dict[str, str]:
    """The installed versions of all libraries that some modules import, by distribution name."""
    versions = {}
    for top in sorted({name.split(".")[0] for module in modules for name in _imported(module)}):
        name = DISTRIBUTIONS.get(top, top)
        if name != NAME:
            versions |= _version(name)
    return versions


def code_digest(modules: Iterable[str]) -> str:
    """A hash of what some modules do: comments, docstrings and layout do not count."""
    digest = hashlib.sha256()
    for module in sorted(modules):
        digest.update(f"{module}\n{_meaning(module)}\n".encode())
    return digest.hexdigest()


def _version(distribution: str) -> dict[str, str]:
    try:
        return {distribution: importlib.metadata.version(distribution)}
    except importlib.metadata.PackageNotFoundError:  # of the standard library
        return {}


def _path(module: str) -> Path | None:
    """The file of a module of the package; None for a package's face and for anything else."""
    if module.split(".")[0] != NAME:
        return None
    path = PACKAGE.joinpath(*module.split(".")[1:]).with_suffix(".py")
    return path if path.exists() else None


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(_path(module).read_text(encoding="utf-8"))


@cache
def _imported(module: str) -> tuple[str, ...]:
    return tuple(_names_in(_tree(module)))


def _names_in(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def _meaning(module: str) -> str:
    tree = ast.parse(_path(module).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if _has_docstring(node):
            node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(tree)


def _has_docstring(node: ast.AST) -> bool:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return isinstance(node, kinds) and ast.get_docstring(node, clean=False) is not None
