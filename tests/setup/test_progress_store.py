"""The progress file: no format, no damage, no kill and no second process loses what it held."""

import json
import os
import subprocess
import sys

import pytest
import tiny_kills

from tlhelpers.errors import CourseError, repo_root
from tlhelpers.setup import progress_store as store


@pytest.fixture
def path(tmp_path):
    return tmp_path / "progress.json"


def solve(name, solved="2026-01-02T03:04:05Z"):
    def changed(content):
        content["exercises"][name] = {"tries": 1, "solved": solved}
        return True

    return changed


ROUND = {"seed": 1, "rounds": 1, "best": 5, "last": 4, "questions": 6}
QUIZ = {**ROUND, "answers": {"twin": ["b", True], "grid": ["0,83", False]}}


def add_quiz(content):
    content["quizzes"]["02"] = QUIZ
    return True


def test_what_was_kept_is_read_again(path):
    assert store.change(path, solve("02.1")) == store.change(path, add_quiz) == ""
    assert store.set_name(path, "  Ada \n Lovelace ") == ""
    kept = store.read(path)
    assert kept.exercises == {"02.1": {"tries": 1, "solved": "2026-01-02T03:04:05Z"}}
    assert kept.quizzes == {"02": QUIZ} and kept.name == "Ada Lovelace"
    assert (kept.damage, kept.edited) == ("", False)
    assert json.loads(path.read_bytes())["format"] == store.FORMAT == 3


def test_a_missing_and_an_empty_file_and_none_hold_nothing(path):
    for one in (path, None):
        assert store.read(one).content == store.empty()
    path.write_text("")
    assert store.read(path).damage == ""


def test_nothing_is_written_where_nothing_changes(path):
    assert store.change(path, lambda content: False) == ""
    assert not path.exists()


def test_the_first_format_is_brought_to_the_present_one(path):
    path.write_text('{"00.1": "right", "02.3": "wrong"}')
    assert store.change(path, solve("01.1")) == ""
    kept = store.read(path)
    assert kept.exercises["00.1"] == {"tries": 1, "solved": ""}
    assert kept.exercises["02.3"] == {"tries": 1, "solved": None}
    assert set(kept.exercises) == {"00.1", "01.1", "02.3"} and not kept.edited


def test_a_newer_format_is_refused_and_stays(path):
    path.write_text('{"format": 4, "exercises": "in another way"}')
    for touch in (lambda: store.read(path), lambda: store.change(path, solve("00.1"))):
        with pytest.raises(CourseError, match=r"newer version of this course \(format 4; this one"):
            touch()
    assert path.read_text() == '{"format": 4, "exercises": "in another way"}'


WHOLE = {"tries": 1, "solved": None}
FORETOLD = {
    "kind": "number", "given": 40.0, "later": None, "outcome": 50.0, "interval": [44.0, 56.0],
    "shown": True,
}  # fmt: skip
CHOICE = {"given": "a", "outcome": "b"}  # with the interval of a number
FAULTS = {
    "kind": {"kind": "guess"}, "list": {"kind": []}, "text": {"given": "much"},
    "NaN": {"given": float("nan")}, "yes": {"outcome": True}, "shown": {"shown": 1},
    "not shown": {"shown": False}, "one end": {"interval": [1.0]}, "ends": {"interval": [2.0, 1.0]},
    "of a choice": {"kind": "choice", **CHOICE},
    "long": {"kind": "sentence", "given": "x" * 201, "outcome": None, "interval": None},
}  # fmt: skip
FORETOLD_BADLY = {
    **{f"prediction {name}": {"00.a": FORETOLD | fault} for name, fault in FAULTS.items()},
    "prediction id": {"<b>": FORETOLD},
    "half a prediction": {"00.a": {"kind": "number"}},
}
DAMAGES = {
    "cut": b'{"format": 2, "exercises": {"00.1"',
    "list": b"[1]",
    "no text": b"\xff\xfe",
    "brackets": b"[" * 100_000,
    "format": b'{"format": "two"}',
    "huge": b" " * (store.LARGEST + 1),
}
FAULTY = {
    "tries": {"exercises": {"00.1": WHOLE, "00.2": {"tries": -1, "solved": None}}},
    "yes": {"exercises": {"00.1": WHOLE, "00.2": {"tries": True, "solved": None}}},
    "time": {"exercises": {"00.1": WHOLE, "00.2": {"tries": 1, "solved": "<b>"}}},
    "id": {"exercises": {"00.1": WHOLE, "<script>": WHOLE}},
    "quiz": {"exercises": {"00.1": WHOLE}, "quizzes": {"02": {**QUIZ, "best": 7}}},
    "answer": {"exercises": {"00.1": WHOLE}, "quizzes": {"02": {**QUIZ, "answers": {"a": 1}}}},
    "name": {"exercises": {"00.1": WHOLE}, "name": "a\nb"},
    "no record": {"exercises": {"00.1": WHOLE}, "quizzes": [1]},
    **{
        name: {"exercises": {"00.1": WHOLE}, "predictions": one}
        for name, one in FORETOLD_BADLY.items()
    },
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_put_aside_and_told(path, damage):
    path.write_bytes(damage)
    assert store.read(path).damage and store.read(path).exercises == {}
    assert path.read_bytes() == damage, "looking changes nothing"
    assert "progress-damaged.json" in store.change(path, solve("00.1"))
    assert path.with_name("progress-damaged.json").read_bytes() == damage
    assert store.change(path, solve("00.2")) == ""
    assert set(store.read(path).exercises) == {"00.1", "00.2"}


@pytest.mark.parametrize("content", FAULTY.values(), ids=FAULTY)
def test_what_is_whole_of_a_faulty_file_is_kept(path, content):
    path.write_text(json.dumps({"format": 2, **content}))
    assert "cannot be read" in store.read(path).damage
    assert "what could be read of it was kept" in store.change(path, solve("01.1"))
    assert set(store.read(path).exercises) == {"00.1", "01.1"}
    assert store.read(path).damage == "" and store.read(path).quizzes == {}
    assert store.read(path).predictions == {}


def test_the_second_format_is_read_without_predictions_and_written_as_the_third(path):
    old = {"format": 2, "name": "Ada", "edited": False, "quizzes": {"02": QUIZ}}
    old["exercises"] = {"00.1": {"tries": 2, "solved": None}}
    path.write_text(json.dumps({**old, "checksum": store.checksum(old)}))
    kept = store.read(path)
    assert (kept.damage, kept.edited, kept.predictions) == ("", False, {})
    assert kept.quizzes == {"02": QUIZ} and kept.exercises["00.1"]["tries"] == 2

    def foretell(content):
        content["predictions"]["00.first-look"] = FORETOLD
        return True

    assert store.change(path, foretell) == ""
    kept = store.read(path)
    assert kept.predictions == {"00.first-look": FORETOLD} and not kept.damage and not kept.edited
    assert kept.quizzes == {"02": QUIZ} and json.loads(path.read_bytes())["format"] == 3


def test_an_edit_by_hand_is_told_and_stays_told(path):
    store.change(path, solve("00.1", solved=None))
    path.write_text(path.read_text().replace("null", '"2026-01-02T03:04:05Z"'))
    assert store.read(path).edited and store.read(path).damage == ""
    store.change(path, solve("00.2"))
    assert store.read(path).edited and set(store.read(path).exercises) == {"00.1", "00.2"}


@pytest.mark.parametrize(
    "name", ["x" * 81, "bell\x07", "half \ud800"], ids=["long", "bell", "half"]
)
def test_a_name_that_is_none_is_refused(path, name):
    with pytest.raises(CourseError, match="a name is at most 80 printable letters"):
        store.set_name(path, name)
    assert not path.exists()


def test_a_kill_at_any_step_leaves_the_old_file_or_the_new_one(path):
    store.change(path, solve("00.1"))
    before, number, done = path.read_bytes(), 0, False
    while not done:
        number += 1
        done = tiny_kills.at_step(number, path.parent, lambda: store.change(path, solve("00.2")))
        kept = store.read(path)
        assert not kept.damage and not kept.edited
        assert set(kept.exercises) in ({"00.1"}, {"00.1", "00.2"})
        path.write_bytes(before)
    assert number > 3


def test_a_kill_amid_writing_or_putting_aside_loses_nothing(path):
    for size in (0, 10, 100):
        store.change(path, solve("00.1"))
        assert not tiny_kills.in_writing(size, lambda: store.change(path, solve("00.2")))
        assert set(store.read(path).exercises) == {"00.1"}
    damage = b'{"format": 2, ' * 20
    path.write_bytes(damage)
    done, number = False, 0
    while not done:
        number += 1
        done = tiny_kills.at_step(number, path.parent, lambda: store.change(path, solve("00.2")))
        files = [one.read_bytes() for one in path.parent.glob("progress*.json")]
        assert damage in files, "it is in its place or aside"


ADD = """
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
from tlhelpers.setup import progress_store as store
path, lesson = Path(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
input()
for i in range(1, 31):
    store.change(path, lambda content: bool(
        content["exercises"].update({{f"{{lesson}}.{{i}}": {{"tries": i, "solved": None}}}}) or 1))
"""


def test_two_processes_at_once_lose_nothing_of_each_other(path):
    code = ADD.format(root=str(repo_root()))
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, path, lesson],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ,
            encoding="utf-8",
        )
        for lesson in ("01", "02")
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
    kept = store.read(path)
    assert len(kept.exercises) == 60 and not kept.damage and not kept.edited
