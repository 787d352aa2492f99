"""The threat model names a test in each line, each test exists, and none of them is left out."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tlhelpers.errors import repo_root

PAGE = repo_root() / "docs" / "threat_model.md"
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
COLUMNS = ["opened", "made by", "what could go wrong", "what is done", "proved by"]


def rows() -> list[list[str]]:
    """The fields of every line of the tables, heads and rules left out."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    found = [
        [field.strip() for field in line.strip("|").split("|")]
        for line in lines
        if line.startswith("|")
    ]
    return [row for row in found if row != COLUMNS and set("".join(row)) != {"-"}]


NAMED = sorted({test for row in rows() for test in TEST.findall(row[-1])})


@cache
def cases_in(file: str) -> dict[str, list[str]]:
    """Each test of a file, with what decorates it."""
    tree = ast.parse((repo_root() / file).read_text(encoding="utf-8"))
    tests = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return {one.name: [ast.unparse(mark) for mark in one.decorator_list] for one in tests}


def test_every_line_has_all_its_fields_and_a_test():
    assert len(rows()) > 25
    for row in rows():
        assert len(row) == len(COLUMNS) and all(row), row
        assert TEST.findall(row[-1]), f"no test proves: {row}"
        assert not TEST.sub("", row[-1]).strip(" ,"), f"this is no test: {row[-1]}"


@pytest.mark.parametrize(("file", "test"), NAMED, ids=lambda part: Path(part).stem)
def test_each_test_that_is_named_exists_and_counts(file, test):
    assert test in cases_in(file), f"{file} has no {test}"
    marks = " ".join(cases_in(file)[test])
    assert "xfail" not in marks and "mark.skip(" not in marks, f"{test} proves nothing"


def test_each_test_of_security_stands_in_a_line():
    named = set(NAMED)
    for path in Path(__file__).parent.glob("test_security_*.py"):
        if path != Path(__file__):
            file = path.relative_to(repo_root()).as_posix()
            for test, marks in cases_in(file).items():
                if test.startswith("test_") and "xfail" not in " ".join(marks):
                    assert (file, test) in named, f"{test} of {file} stands in no line"
