"""Work on a learner's disk survives: each lesson is copied once and never overwritten."""

import json

import pytest

from tlhelpers.errors import repo_root
from tlhelpers.setup import paths, working_copy

NOW = "from tlhelpers.data import load_emoji\n"
BEFORE = "from tlhelpers.images import load_emoji\n"  # a module that is no longer there


def notebook(*code, prose="# A lesson", **more):
    """A notebook of one cell of prose and then code cells, whose sources may be lists of lines."""
    cells = [{"cell_type": "markdown", "source": prose}]
    cells += [{"cell_type": "code", "source": source.splitlines(True)} for source in code]
    return json.dumps({"cells": cells, **more})


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """A course of two lessons in a folder of its own."""
    notebooks = tmp_path / "notebooks"
    notebooks.mkdir()
    for name in ("00_start_here", "02_more"):
        (notebooks / f"{name}.ipynb").write_text(f"first {name}")
    for module in (paths, working_copy):
        monkeypatch.setattr(module, "repo_root", lambda: tmp_path)
    monkeypatch.delenv("TLHELPERS_WORK", raising=False)
    return notebooks


@pytest.fixture
def work(shipped):
    return shipped.parent / "work"


def copies(work):
    return {path.name: path.read_text() for path in work.glob("*.ipynb")}


def start():
    """What one start of the lab says about the copies."""
    said = []
    working_copy.make_working_copy(echo=said.append)
    return said


def test_working_copies_are_made_once_and_never_overwritten(work):
    assert working_copy.make_working_copy(echo=pytest.fail).name == "00_start_here.ipynb"
    (work / "02_more.ipynb").write_text("the learner's answers")
    assert start() == []
    assert copies(work)["02_more.ipynb"] == "the learner's answers"


def test_a_changed_lesson_comes_beside_the_learners_copy(shipped, work):
    said = start()
    (work / "02_more.ipynb").write_text("the learner's answers")
    (shipped / "02_more.ipynb").write_text("second")
    for _ in range(3):
        said += start()
    (shipped / "02_more.ipynb").write_text("third")
    said += start()
    assert copies(work) == {
        "00_start_here.ipynb": "first 00_start_here",
        "02_more.ipynb": "the learner's answers",
        "02_more.v2.ipynb": "second",
        "02_more.v3.ipynb": "third",
    }
    assert [line.split("work/")[1] for line in said] == ["02_more.v2.ipynb", "02_more.v3.ipynb"]
    assert not any("import" in line for line in said)


def test_a_copy_that_the_learner_removed_comes_back(work):
    start()
    (work / "00_start_here.ipynb").unlink()
    assert start() == []
    assert copies(work)["00_start_here.ipynb"] == "first 00_start_here"


@pytest.mark.parametrize("damage", ["", "[]", "{", '{"02_more.ipynb": 3}'])
def test_a_damaged_record_loses_nothing(work, damage):
    start()
    (work / "02_more.ipynb").write_text("the learner's answers")
    (work / working_copy.RECORD).write_text(damage)
    start()
    assert copies(work)["02_more.ipynb"] == "the learner's answers"


def test_a_start_with_nothing_new_writes_nothing(work, monkeypatch):
    start()
    for name in ("create_atomically", "write_json"):
        monkeypatch.setattr(working_copy, name, pytest.fail)
    assert start() == []


def change(shipped, before, after):
    """What the lab says when lesson 02 is replaced after a first start."""
    lesson = shipped / "02_more.ipynb"
    lesson.write_text(before)
    assert start() == []
    lesson.write_text(after)
    return start()


MIXED = "import math\n\nfrom os import (\n    path,\n)\n\nprint(1)"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((NOW, "x = 1"), (f"import numpy\n{NOW}", "x = 1")),
        ((NOW, MIXED), (NOW, MIXED.replace("math", "cmath").replace("path", "sep,\n    path"))),
        ((NOW, "%timeit 1"), ("import numpy", "%timeit 1")),
    ],
    ids=["cell of imports", "imports beside code", "a cell that is no Python"],
)
def test_a_lesson_whose_imports_alone_changed_says_so(shipped, work, before, after):
    (line,) = change(shipped, notebook(*before), notebook(*after, metadata={"changed": 1}))
    assert "nothing but its imports" in line and "needs the new import cell" in line
    assert line.endswith("work/02_more.v2.ipynb")
    assert copies(work)["02_more.ipynb"] == notebook(*before)


@pytest.mark.parametrize(
    "after",
    [
        notebook("import numpy", "x = 2"),
        notebook("import numpy", "x = 1", prose="# Another lesson"),
        notebook("import numpy", "x = 1", "y = 1"),
        "no notebook",
    ],
    ids=["code", "prose", "one more cell", "no notebook"],
)
def test_a_lesson_that_changed_in_more_than_imports_says_no_such_thing(shipped, after):
    (line,) = change(shipped, notebook(NOW, "x = 1"), after)
    assert line == (
        "lesson 02_more.ipynb has changed: your copy stays, the new one is work/02_more.v2.ipynb"
    )


def test_what_counts_is_the_version_copied_last(shipped):
    change(shipped, notebook(NOW, "x = 1"), notebook(NOW, "x = 2"))
    (shipped / "02_more.ipynb").write_text(notebook("import numpy", "x = 1"))
    assert "import" not in start()[0]
    (shipped / "02_more.ipynb").write_text(notebook(NOW + "import numpy", "x = 1"))
    assert "nothing but its imports" in start()[0]


def test_a_record_of_the_first_form_is_read_and_its_hashes_stay(shipped, work):
    (shipped / "02_more.ipynb").write_text(notebook(NOW, "x = 1"))
    start()
    record = work / working_copy.RECORD
    first_form = {name: list(hashes) for name, hashes in json.loads(record.read_text()).items()}
    record.write_text(json.dumps(first_form))
    assert start() == []
    (shipped / "02_more.ipynb").write_text(notebook("import numpy", "x = 1"))
    (line,) = start()
    assert "import" not in line  # what was copied is not known, so nothing is claimed
    (hashes,) = [
        list(each) for name, each in json.loads(record.read_text()).items() if "02" in name
    ]
    assert hashes[:-1] == first_form["02_more.ipynb"]


def test_copies_that_import_what_is_gone_are_told_once(shipped, work):
    for name in ("00_start_here", "02_more"):
        (shipped / f"{name}.ipynb").write_text(notebook(BEFORE, "x = 1"))
    assert start() == []
    for name in ("00_start_here", "02_more"):
        (shipped / f"{name}.ipynb").write_text(notebook(NOW, "x = 2"))
    *changes, last = start()
    assert len(changes) == 2
    assert "old names (tlhelpers.images, say)" in last
    assert start() == []


def test_the_lab_opens_the_newest_copy_only_if_the_learners_own_cannot_run(shipped, work):
    lesson = shipped / "00_start_here.ipynb"
    for text, opened in [
        (notebook(NOW, "x = 1"), "00_start_here.ipynb"),
        (notebook(NOW, "x = 2"), "00_start_here.ipynb"),
    ]:
        lesson.write_text(text)
        assert working_copy.make_working_copy(echo=lambda line: None).name == opened
    (work / "00_start_here.ipynb").write_text(notebook(BEFORE, "x = 1", "the learner's answers"))
    assert working_copy.make_working_copy().name == "00_start_here.v2.ipynb"


def test_no_lesson_imports_a_module_that_is_gone():
    lessons = sorted((repo_root() / "notebooks").glob("*.ipynb"))
    assert lessons and [working_copy.lost(lesson) for lesson in lessons] == [set()] * len(lessons)
