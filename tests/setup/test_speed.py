"""The line of doctor that tells how quick this machine is."""

import re
import sys
from pathlib import Path

import pytest

from tlhelpers.course import calibration as work
from tlhelpers.setup import calibration, doctor


@pytest.fixture
def this_python(monkeypatch, empty_cache):
    """The Python of the tests serves as the environment's."""
    monkeypatch.setattr(calibration.environment, "venv_python", lambda venv: Path(sys.executable))
    variables = calibration.environment.child_environment(empty_cache)
    monkeypatch.setattr(calibration.environment, "child_environment", lambda venv: variables)
    for name in [name for name in work.os.environ if name.startswith(work.SETTINGS)]:
        monkeypatch.delenv(name)
    for name in filter(lambda name: name.startswith(work.SETTINGS), variables):
        monkeypatch.setenv(name, variables[name])
    return empty_cache


def test_the_kept_score_is_told_as_one_sentence(this_python):
    machine = work.describe_machine()
    work._keep(machine, {"machine": machine, "seconds": 0.5})
    sentence = calibration.speed(this_python)
    assert re.fullmatch(r"calibration 0\.50 s: \d+ lessons take about \d+ min .*", sentence)


def test_a_failure_is_told_by_its_last_line(this_python, monkeypatch):
    monkeypatch.setattr(calibration, "_MODULE", "tlhelpers.no_such_module")
    sentence = calibration.speed(this_python)
    assert sentence.startswith("not measured (") and "no_such_module" in sentence
    monkeypatch.setattr(calibration.environment, "venv_python", lambda venv: Path("no such python"))
    assert calibration.speed(this_python) == "not measured (FileNotFoundError)"


def test_doctor_measures_only_where_torch_is(monkeypatch):
    asked = []
    monkeypatch.setattr(calibration, "speed", lambda venv: asked.append(venv) or "quick")
    monkeypatch.setattr(doctor.environment, "inspect", lambda venv, wanted: doctor.State.READY)
    monkeypatch.setattr(doctor, "_archive_rows", lambda: [doctor.Row("data", "ok", "")])
    for answer, rows in (({}, []), ({"bf16": False}, [doctor.Row("speed", "note", "quick")])):
        monkeypatch.setattr(doctor, "_ask", lambda venv, root, answer=answer: answer)
        assert [row for row in doctor.examine() if row.what == "speed"] == rows
    assert len(asked) == 1
