"""Claims: shown, recorded, and stopped when they do not hold."""

import ast
import json

import nbformat
import pytest
from cell_output import printed
from nbclient import NotebookClient

from tlhelpers.course.claims import (
    CLAIM_MIME,
    ClaimLog,
    claim,
    claim_value,
    claims_table,
    read_claims,
)
from tlhelpers.errors import repo_root
from tlhelpers.evaluation.comparisons import Comparison


def measured(low, high, seeds=10):
    return Comparison("frozen", "pixels", (low + high) / 2, low, high, 0.01, seeds, 400)


@pytest.fixture
def log():
    return ClaimLog()


@pytest.mark.parametrize(
    ("low", "high", "expect", "by"),
    [
        (0.1, 0.3, "greater", 0),
        (0.1, 0.3, "greater", 0.05),
        (-0.01, 0.3, "greater", -0.02),
        (-0.3, -0.1, "less", 0),
        (-0.3, -0.1, "less", 0.05),
        (-0.3, 0.01, "less", -0.02),
        (-0.1, 0.2, "not resolved", 0),
        (0.0, 0.2, "not resolved", 0),
    ],
)
def test_a_true_claim_is_shown_and_recorded(log, capsys, low, high, expect, by):
    claim("02.a", "Frozen features win.", measured(low, high), expect, by, log=log)
    line = capsys.readouterr().out
    assert line.startswith("Claim holds: Frozen features win. (frozen − pixels: ")
    assert line.count("\n") == 1 and "10 seeds, 400 items" in line
    assert claims_table(log)["held"].tolist() == [True]


@pytest.mark.parametrize(
    ("low", "high", "expect", "by"),
    [
        (0.0, 0.3, "greater", 0),
        (-0.1, 0.3, "greater", 0),
        (0.1, 0.3, "greater", 0.1),
        (0.1, 0.3, "less", 0),
        (-0.3, 0.0, "less", 0),
        (-0.3, -0.1, "less", 0.1),
        (0.1, 0.2, "not resolved", 0),
        (-0.2, -0.1, "not resolved", 0),
        (float("nan"), float("nan"), "greater", 0),
    ],
)
def test_a_false_claim_is_shown_recorded_and_then_stops(log, capsys, low, high, expect, by):
    with pytest.raises(AssertionError, match=r"'02.a' does not hold.*Expected .*; measured froz"):
        claim("02.a", "Frozen features win.", measured(low, high), expect, by, log=log)
    assert "Claim does NOT hold: Frozen features win." in capsys.readouterr().out
    assert claims_table(log)["held"].tolist() == [False]


@pytest.mark.parametrize(
    ("value", "ends", "bounds"),
    [
        (0.9, (), {"at_least": 0.8}),
        (0.9, (), {"at_most": 0.9}),
        (0.9, (0.85, 0.95), {"at_least": 0.8, "at_most": 1}),
    ],
)
def test_a_value_within_its_bounds_holds(log, capsys, value, ends, bounds):
    claim_value("02.b", "It is high.", value, *ends, **bounds, seeds=10, log=log)
    assert "Claim holds: It is high. (0.9" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("value", "ends", "bounds"),
    [
        (0.7, (), {"at_least": 0.8}),
        (0.9, (), {"at_most": 0.89}),
        (0.9, (0.75, 0.95), {"at_least": 0.8}),
        (float("nan"), (), {"at_least": 0}),
    ],
)
def test_a_value_or_interval_out_of_bounds_stops(log, capsys, value, ends, bounds):
    with pytest.raises(AssertionError, match=r"'02.b' does not hold.*Expected at (least|most)"):
        claim_value("02.b", "It is high.", value, *ends, **bounds, log=log)
    assert "does NOT hold" in capsys.readouterr().out


def test_claims_that_cannot_be_judged_are_refused(log):
    with pytest.raises(ValueError, match=r"unknown expectation 'larger'.*greater"):
        claim("x", "y", measured(0, 1), expect="larger", log=log)
    with pytest.raises(ValueError, match="cannot fail"):
        claim_value("x", "y", 1.0, log=log)
    with pytest.raises(ValueError, match="both ends"):
        claim_value("x", "y", 1.0, low=0.9, at_least=0, log=log)
    assert claims_table(log).empty


def test_the_table_keeps_the_last_claim_of_a_name_in_its_place(log):
    claim("a", "First.", measured(0.1, 0.2), log=log)
    claim_value("b", "Second.", 3, at_least=2, log=log)
    with pytest.raises(AssertionError):
        claim("a", "First, once more.", measured(-0.1, 0.2), log=log)
    table = claims_table(log)
    assert table["name"].tolist() == ["a", "b"] and table["held"].tolist() == [False, True]
    assert table["sentence"][0] == "First, once more."
    assert table["measured"].tolist() == ["+0.05 [−0.10, +0.20], 10 seeds, 400 items", "3"]


CELLS = """
import numpy as np
from tlhelpers.course.claims import claim, claim_value, claims_table
from tlhelpers.evaluation.comparisons import Comparison
found = Comparison("a<b", "c", np.float64(.31), np.float64(.24), np.float64(.38), .0002, 10, 412)
claim("00.a", "More is < better.", found)
# ---
claim_value("00.b", "Long enough.", np.int64(7), at_least=np.float32(5))
# ---
claim("00.c", "Less.", found, expect="less")
# ---
claim_value("00.d", "A number.", float("nan"), at_least=0)
# ---
print(claims_table()[["name", "held"]].values.tolist())
"""


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    cells = [nbformat.v4.new_code_cell(text.strip()) for text in CELLS.split("# ---")]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Text"), *cells])
    root = {"metadata": {"path": str(repo_root())}}
    NotebookClient(notebook, allow_errors=True, timeout=120, resources=root).execute()
    path = tmp_path_factory.mktemp("notebook") / "executed.ipynb"
    nbformat.write(notebook, path)
    return nbformat.read(path, as_version=4)


@pytest.mark.enable_socket
def test_claims_are_read_from_an_executed_notebook(executed):
    nbformat.validate(executed)
    found = read_claims(executed)
    assert [(c["name"], c["held"]) for c in found] == [
        ("00.a", True),
        ("00.b", True),
        ("00.c", False),
        ("00.d", False),
    ]
    assert found[0] == {
        "name": "00.a",
        "sentence": "More is < better.",
        "difference": 0.31,
        "low": 0.24,
        "high": 0.38,
        "seeds": 10,
        "measured": "+0.31 [+0.24, +0.38], 10 seeds, 412 items",
        "expect": "greater",
        "by": 0.0,
        "held": True,
    }
    assert (found[1]["value"], found[1]["expect"], found[3]["value"]) == (7, "at least 5", None)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert claims_table(found)["held"].tolist() == [True, True, False, False]


@pytest.mark.enable_socket
def test_the_table_without_arguments_holds_the_claims_of_its_notebook(executed):
    wanted = [["00.a", True], ["00.b", True], ["00.c", False], ["00.d", False]]
    assert ast.literal_eval(printed(executed.cells[-1])) == wanted


@pytest.mark.enable_socket
def test_a_notebook_shows_one_line_before_it_stops(executed):
    shown = executed.cells[3].outputs
    assert [output.output_type for output in shown] == ["display_data", "error"]
    assert "Claim does NOT hold: Less." in shown[0].data["text/plain"]
    assert "More is &lt; better." in executed.cells[1].outputs[0].data["text/html"]
    assert CLAIM_MIME in shown[0].data and "Expected interval below 0" in shown[1].evalue


def test_a_notebook_without_claims_has_none():
    assert read_claims(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])) == []
