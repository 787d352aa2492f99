"""Whether a lesson leans on its answers: a later cell that uses a name which an answer defines."""

from __future__ import annotations

import ast
import re
import symtable
from dataclasses import dataclass, field

BLOCKS = ("body", "handlers", "orelse", "finalbody")


@dataclass
class Names:
    """What a cell binds, what it reads before it binds it, and what its functions read."""

    bound: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    read_by_functions: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, source: str) -> Names:
        """The names of one cell; what a function reads counts as read where it is defined, too."""
        names = cls()
        for statement in ast.parse(source).body:
            names._follow(statement)
        return names

    def _follow(self, node: ast.AST) -> None:
        """Add a statement's names in the order in which Python meets them."""
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) or not hasattr(node, "body"):
            self._add(node)
            return
        items = getattr(node, "items", [])
        values = [getattr(node, name, None) for name in ("iter", "test")]
        targets = [getattr(node, "target", None), *(item.optional_vars for item in items)]
        for value in filter(None, [*values, *(item.context_expr for item in items)]):
            self._add(ast.Expr(value))
        for target in filter(None, targets):
            self._add(ast.Assign([target], ast.Constant(0)))
        for block in BLOCKS:
            for inner in getattr(node, block, ()):
                self._follow(inner)

    def _add(self, node: ast.stmt) -> None:
        """Add the names of a statement that holds no other, or of a whole function or class."""
        table = symtable.symtable(ast.unparse(ast.fix_missing_locations(node)), "cell", "exec")
        here, inside = table.get_symbols(), _read_by_functions(table) - self.bound
        self.read_by_functions |= inside
        self.read |= inside | ({one.get_name() for one in here if one.is_referenced()} - self.bound)
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            self.read |= {node.target.id} - self.bound
        self.bound |= {one.get_name() for one in here if one.is_assigned() or one.is_imported()}


SOLUTION = re.compile(r"^([ \t]*)### BEGIN SOLUTION.*?### END SOLUTION[^\n]*$", re.M | re.S)


def complaints(cells: list[tuple[str, str]], project: bool = False) -> list[str]:
    """Where a lesson would run otherwise, or not at all, with other answers or without any.

    Cells are pairs of a role, "answer", "check" or "", and the source with its solution. Only the
    check after an answer may use a name that it binds, until another cell binds that name anew.

    In a `project` answers build on each other: an answer and its check may use what answers above
    bind, but a check only names that have a value without the solution, too."""
    if project:
        return _complaints_of_project(cells)
    answered, inside, latest, lines = {}, set(), None, []
    for place, (role, source) in enumerate(cells):
        names = Names.of(source)
        for name in sorted(names.read & answered.keys()):
            if role != "check" or answered[name] != latest:
                lines.append(f"cell {place} uses {name} of the answer in cell {answered[name]}")
        if role == "answer":
            latest, changed = place, names.bound & inside | _stored_into(source) - names.bound
            lines += [f"the answer in cell {place} changes {name}" for name in sorted(changed)]
            answered |= dict.fromkeys(names.bound, place)
        else:
            inside |= names.read_by_functions
            answered = {name: cell for name, cell in answered.items() if name not in names.bound}
    return lines


def _complaints_of_project(cells: list[tuple[str, str]]) -> list[str]:
    """Where a plain cell uses an answer, or a check a name that only a solution binds."""
    answered, empty, lines = {}, set(), []
    for place, (role, source) in enumerate(cells):
        names = Names.of(source)
        if role == "answer":
            answered |= dict.fromkeys(names.bound, place)
            empty |= Names.of(SOLUTION.sub(r"\1pass", source)).bound
            continue
        used = names.read & answered.keys() - (empty if role == "check" else set())
        lines += [
            f"cell {place} uses {name} of the answer in cell {answered[name]}"
            for name in sorted(used)
        ]
        answered = {name: cell for name, cell in answered.items() if name not in names.bound}
    return lines


def _read_by_functions(table: symtable.SymbolTable) -> set[str]:
    """What functions, lambdas, comprehensions and classes read from the top of the cell."""
    names = set()
    for child in table.get_children():
        names |= {one.get_name() for one in child.get_symbols() if one.is_global()}
        names |= _read_by_functions(child)
    return names


def _stored_into(source: str) -> set[str]:
    """The names into whose items or attributes a cell stores, as `model.x = 1` does."""
    names = set()
    top = [n for n in ast.parse(source).body if not isinstance(n, (ast.FunctionDef, ast.ClassDef))]
    for node in (inner for statement in top for inner in ast.walk(statement)):
        if isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.ctx, ast.Store):
            while isinstance(node, (ast.Attribute, ast.Subscript)):
                node = node.value
            names |= {node.id} if isinstance(node, ast.Name) else set()
    return names
