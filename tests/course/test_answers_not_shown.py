"""The cells above an exercise do not hold its answer under other names."""

import ast
import re

import pytest

from tlhelpers.course.contents import source_dir

LESSONS = ("02_feature_extraction", "03_fine_tuning")
LONG = 16  # nodes from which on an expression is an answer rather than a common turn
NORMED = "def prepare(a):\n    return a / np.linalg.norm(a, axis=1, keepdims=True)"


def _cells(text):
    """The code of each cell; None stands for text."""
    parts = re.split(r"(?m)^# %%(.*)\n", text)
    return [
        None if "markdown" in head else code
        for head, code in zip(parts[1::2], parts[2::2], strict=True)
    ]


def _answers(text):
    """The name of each function that an exercise asks for, its code, and all code above it."""
    above = ""
    for code in filter(None, _cells(text)):
        solved = "### BEGIN SOLUTION" in code
        if solved and code.startswith("def "):
            yield re.match(r"def (\w+)", code)[1], code, above
        above += "" if solved else code


def _long_expressions(code):
    """Expressions of many nodes, each with its names numbered in order: other names, same form."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.expr) and sum(1 for _ in ast.walk(node)) >= LONG:
            names, form = {}, ast.dump(node)
            form = re.sub(
                r"Name\(id='(?!np'|torch')(\w+)'",
                lambda hit, names=names: f"Name({names.setdefault(hit[1], len(names))}",
                form,
            )
            found.add(form)
    return found


def _shown(code, above):
    return _long_expressions(code) & _long_expressions(above)


@pytest.mark.parametrize("lesson", LESSONS)
def test_no_long_expression_of_an_answer_stands_above_its_exercise(lesson):
    text = (source_dir() / f"{lesson}.py").read_text(encoding="utf-8")
    answers = list(_answers(text))
    assert len(answers) >= 4
    shown = {name: _shown(code, above) for name, code, above in answers}
    assert not {name: forms for name, forms in shown.items() if forms}


def test_an_answer_that_is_shown_under_other_names_is_found():
    assert _shown(NORMED, "unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)")


def test_another_computation_is_no_answer_shown():
    assert not _shown(NORMED, "unit = rows / np.linalg.norm(other, axis=1, keepdims=True)")
    assert not _shown(NORMED, "length = np.linalg.norm(rows)")
