"""What stands in a table, a progress file, a claim or an answer is shown as text, never obeyed."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import ipywidgets
import numpy as np
import pandas as pd
import pytest
from made_runs import runs_of

from tlhelpers import figures
from tlhelpers.course import claims, exercises
from tlhelpers.course.progress_file import progress, record_progress
from tlhelpers.data.tables import load_table
from tlhelpers.errors import repo_root
from tlhelpers.evaluation.comparisons import compare
from tlhelpers.evaluation.runs import Runs
from tlhelpers.models.vector_files import keyed_vectors

EVIL = '<img src=x onerror="alert(1)"><script>alert(2)</script>'
FORMULA = "=HYPERLINK(A1)&cmd|' /C calc'!A0"


class _Tags(HTMLParser):
    """What a browser would take for tags and attributes."""

    def __init__(self, html: str):
        super().__init__()
        self.found: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found |= {tag, *(name for name, _ in attrs)}
        self.found |= {"javascript" for _, value in attrs if "javascript:" in str(value)}


def assert_harmless(html: str, *shown: str) -> None:
    """It holds no markup of others, and what they wrote is still to be read in it."""
    bad = {"script", "iframe", "svg", "object", "embed", "javascript", "onerror", "onclick"}
    assert not _Tags(html).found & bad, _Tags(html).found
    for text in shown:
        assert text in html, html[:300]


@pytest.fixture(scope="module")
def runs():
    table = runs_of({EVIL: 0.6, FORMULA: 0.4}, seeds=3, items=30)
    return Runs(table.assign(agreement=0.5, trained_weights=3))


def test_markup_that_is_not_escaped_would_be_found():
    for html in (EVIL, f"<b>{EVIL}</b>", '<a href="javascript:alert(1)">', "<p onclick='x'>"):
        with pytest.raises(AssertionError):
            assert_harmless(html)


def test_names_in_a_table_of_runs_are_text(runs, tmp_path):
    """Also after a way through a file, as stored tables go."""
    columns = ["seed", "labels", "strategy", "accuracy"]
    path = tmp_path / "small.csv"
    runs[columns].to_csv(path, index=False)
    again = pd.read_csv(path)
    assert set(again["strategy"]) == {EVIL, FORMULA}
    for table in (again, Runs(runs), runs.groupby("strategy")[["accuracy"]].mean()):
        assert_harmless(table.head(20)._repr_html_(), "&lt;script&gt;")


def test_names_in_comparisons_and_figures_are_text(runs):
    difference = compare(runs, EVIL, FORMULA)
    assert_harmless(difference._repr_html_(), "&lt;script&gt;", "=HYPERLINK(A1)&amp;cmd|")
    for picture in (figures.learning_curves(runs), figures.every_seed(runs, [EVIL, FORMULA])):
        assert_harmless(picture._repr_html_())


def test_names_in_explorers_are_text(runs):
    explorer = figures.depth_explorer({EVIL: runs, "there": runs}, [EVIL, FORMULA])
    for place in (explorer.sentence.value, explorer.picture.value):
        assert_harmless(place)
    assert "&lt;script&gt;" in explorer.sentence.value
    assert_harmless(explorer._repr_mimebundle_()["text/html"], "&lt;script&gt;")
    inside = [one for one in explorer.children if not isinstance(one, ipywidgets.HTML)]
    assert not any(getattr(one, "description_allow_html", False) for one in inside)


def test_words_of_vectors_are_text():
    vectors = keyed_vectors([EVIL, FORMULA, "bank"], np.eye(3, 4, dtype=np.float32))
    explorer = figures.word_explorer(vectors, EVIL, neighbours=2)
    assert_harmless(explorer.sentence.value, "&lt;script&gt;")
    assert_harmless(explorer.picture.value)


def test_a_formula_or_markup_in_ones_own_table_stays_a_text(tmp_path):
    rows = [(EVIL, "yes"), (FORMULA, "no"), ("@SUM(1)", "yes"), ("-1+1", "no")]
    path = tmp_path / "own.csv"
    pd.DataFrame(rows, columns=["text", "label"]).to_csv(path, index=False)
    assert load_table(path).texts.tolist() == [text for text, _ in rows]


@pytest.mark.parametrize(
    "content",
    [{"00.1": EVIL, "00.2": FORMULA, EVIL: "right"}, {"00.1": ["right"]}, {"00.1": None}, [EVIL]],
    ids=["names", "list", "none", "no record"],
)
def test_a_progress_file_gives_numbers_and_nothing_else(tmp_path, monkeypatch, content):
    path = tmp_path / "progress.json"
    path.write_text(json.dumps(content))
    monkeypatch.setenv("TLHELPERS_PROGRESS", str(path))
    shown = progress()
    assert shown.table["solved"].sum() == 0 and set(shown.table["quiz"]) == {""}
    assert set(shown.table.drop(columns="quiz").dtypes.map(str)) == {"int64"}
    assert_harmless(shown._repr_html_())
    assert "was damaged" in record_progress("00.3", "wrong")
    assert set(json.loads(path.read_text())["exercises"]) == {"00.3"}


def test_a_progress_file_of_brackets_without_end_stops_nothing(tmp_path, monkeypatch):
    path = tmp_path / "progress.json"
    path.write_text("[" * 100_000)
    monkeypatch.setenv("TLHELPERS_PROGRESS", str(path))
    assert progress().table["tried"].sum() == 0
    assert "was damaged" in record_progress("00.3", "wrong")


def test_claims_are_text(monkeypatch):
    shown, log = [], claims.ClaimLog()
    monkeypatch.setattr(claims, "_show", lambda record, line, html: shown.append(html))
    claims.claim_value("00.a", f"It is {EVIL}.", 0.5, at_least=0.1, log=log)
    assert_harmless(shown[0], "&lt;script&gt;")
    assert_harmless(claims.claims_table(log)._repr_html_(), "&lt;script&gt;")


@pytest.mark.parametrize(
    "answer", [EVIL, lambda *_: 1 / 0, {EVIL: 1}], ids=["text", "error", "dict"]
)
def test_an_answer_is_shown_as_text(monkeypatch, answer):
    import IPython.display

    shown = []
    monkeypatch.setattr(IPython.display, "display", lambda data, **_: shown.append(data))
    for exercise in ("00.1", "00.2", "01.1", "01.2"):
        exercises.check(exercise, answer, wrong_answers=exercises.Counter())
    assert len(shown) == 4
    for data in shown:
        assert_harmless(data["text/html"])
    if answer is EVIL:
        assert any("&lt;script&gt;" in data["text/html"] for data in shown)


def test_notebooks_come_without_outputs_and_without_a_word_on_trust():
    """So there is nothing that Jupyter would have to trust before a learner has run it."""
    paths = sorted((repo_root() / "notebooks").rglob("*.ipynb"))
    assert len(paths) > 8
    for path in paths:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        assert set(notebook["metadata"]) <= {"kernelspec", "language_info"}, path.name
        for cell in notebook["cells"]:
            assert not cell.get("outputs") and "trusted" not in cell["metadata"], path.name
            text = "".join(cell["source"]) if cell["cell_type"] == "markdown" else ""
            assert not re.search(r"<script|javascript:|<iframe| on\w+=", text, re.I), path.name
