"""Of a lesson, the statements that a cell needs: enough to run it, and no more."""

from __future__ import annotations

import ast
import builtins
import json
import symtable
from functools import cache

from repository import ROOT

LESSONS = sorted(path.stem for path in (ROOT / "notebooks" / "solutions").glob("*.ipynb"))


@cache
def code_cells(lesson: str) -> tuple[str, ...]:
    """The code of a lesson as its learner has it."""
    path = ROOT / "notebooks" / f"{lesson}.ipynb"
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return tuple("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def calls(cell: str, names: set[str]) -> list[str]:
    """Which of these functions a cell calls, by whatever they are reached, in order."""
    called = [node.func for node in ast.walk(ast.parse(cell)) if isinstance(node, ast.Call)]
    found = [getattr(one, "attr", getattr(one, "id", "")) for one in called]
    return [name for name in found if name in names]


def needed_for(lesson: str, places: list[int]) -> str:
    """What must run before the cells at `places`, without these cells themselves.

    For each name that is used, the last statement before that gives it a value."""
    statements = [
        (place, statement)
        for place, cell in enumerate(code_cells(lesson))
        for statement in _statements(cell)
    ]
    open_ones = [i for i, (place, _) in enumerate(statements) if place in places]
    needed = set(open_ones)
    while open_ones:
        here = open_ones.pop()
        for name in _used(statements[here][1]):
            givers = [i for i in range(here) if name in _given(statements[i][1])]
            if givers and givers[-1] not in needed:
                needed.add(givers[-1])
                open_ones.append(givers[-1])
    return "\n".join(statements[i][1] for i in sorted(needed) if statements[i][0] not in places)


@cache
def _statements(cell: str) -> list[str]:
    return [ast.get_source_segment(cell, node) for node in ast.parse(cell).body]


@cache
def _used(code: str) -> frozenset[str]:
    """The names of the notebook that a statement reads, also inside a function."""
    top, found = symtable.symtable(code, "cell", "exec"), set()
    tables = [top]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        symbols = [one for one in table.get_symbols() if one.is_referenced()]
        found |= {one.get_name() for one in symbols if table is top or one.is_global()}
    return frozenset(found) - set(dir(builtins))


@cache
def _given(code: str) -> frozenset[str]:
    """The names of the notebook that a statement gives a value."""
    symbols = symtable.symtable(code, "cell", "exec").get_symbols()
    return frozenset(one.get_name() for one in symbols if one.is_assigned() or one.is_imported())
