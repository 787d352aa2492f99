"""Pages of the reference: what the room's faces give, for Sphinx to read the docstrings of."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import cache

from tlhelpers.course.inputs import face_of
from tlhelpers.errors import repo_root

NOT_SHOWN = ("setup",)  # it serves before the environment exists, and gives no names


def rooms() -> list[str]:
    """The rooms whose faces give names, in the alphabet's order."""
    package = repo_root() / "tlhelpers"
    names = sorted(path.parent.name for path in package.glob("*/__init__.py"))
    return [name for name in names if face_of(f"tlhelpers.{name}") and name not in NOT_SHOWN]


def room_page(room: str) -> str:
    """A room's page in reStructuredText: each name of its face, sorted, as what it is."""
    face = face_of(f"tlhelpers.{room}")
    home = {name: module for module, row in face.items() for name in row.split()}
    title = f"tlhelpers.{room}"
    lines = [title, "=" * len(title), "", _summary(room), "", f".. py:module:: {title}", ""]
    for name in sorted(home, key=str.lower):
        kind = _kind(f"tlhelpers/{room}/{home[name]}.py", name)
        lines += [name, "-" * len(name), "", f".. auto{kind}:: {title}.{name}"]
        lines += ["   :members:", ""] if kind == "class" else [""]
    return "\n".join(lines)


def _summary(room: str) -> str:
    path = repo_root() / "tlhelpers" / room / "__init__.py"
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""


def _kind(path: str, name: str) -> str:
    """Whether a module's name is a function, a class or data."""
    return _kinds(path).get(name, "data")


@cache
def _kinds(path: str) -> dict[str, str]:
    tree = ast.parse((repo_root() / path).read_text(encoding="utf-8"))
    named = [node for node in tree.body if hasattr(node, "name")]
    return {n.name: "class" if isinstance(n, ast.ClassDef) else "function" for n in named}


def reference_page(names: Sequence[str]) -> str:
    """The list of all rooms."""
    listed = "\n".join(f"- [tlhelpers.{name}]({name}.rst): {_summary(name)}" for name in names)
    toctree = "\n".join(["```{toctree}", ":hidden:", "", *names, "```"])
    return (
        "# The helpers\n\nLessons import these names from the rooms of `tlhelpers`, "
        f"e.g. `from tlhelpers.models import load_backbone`.\n\n{listed}\n\n{toctree}\n"
    )
