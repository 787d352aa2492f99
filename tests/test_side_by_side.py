"""The tests themselves, side by side: one thread each, long ones first, a file in one process."""

import os
import shutil
import subprocess
import sys

import pytest
import repository
import side_by_side

GB = 2**30


def test_this_process_and_what_it_starts_use_one_thread():
    import torch

    assert torch.get_num_threads() == 1
    assert os.environ["OMP_NUM_THREADS"] == os.environ["MKL_NUM_THREADS"] == "1"


@pytest.mark.parametrize(
    ("cores", "memory", "named", "wanted"),
    [
        (2, 16 * GB, ["tests"], 2),
        (4, 13 * GB, ["tests"], 3),
        (64, 999 * GB, ["tests"], side_by_side.MOST),
        (2, 6 * GB, ["tests"], 0),
        (1, 16 * GB, ["tests"], 0),
        (2, 16 * GB, [__file__], 0),
        (2, 16 * GB, [f"{__file__}::test_x", __file__], 0),
    ],
)
def test_cores_and_memory_say_how_many_processes(cores, memory, named, wanted, monkeypatch):
    monkeypatch.setattr(side_by_side.joblib, "cpu_count", lambda: cores)
    monkeypatch.setattr(side_by_side, "free_memory", lambda: memory)
    monkeypatch.chdir(repository.ROOT)
    assert side_by_side.processes(named) == wanted


def test_lessons_come_first_and_the_longest_of_them_before(monkeypatch):
    monkeypatch.setattr(side_by_side.times, "recorded_times", lambda: {"00_a": 5.0, "01_b": 7.0})
    run = f"tests/{side_by_side.LESSON_RUN}_offline[{{}}]".format
    nodeids = ["tests/test_a.py::test_1", run("00_a"), run("01_b"), run("99_new"),
               "tests/test_grading.py::test_2", "tests/test_a.py::test_0"]  # fmt: skip
    assert side_by_side.in_order(nodeids) == [3, 2, 1, 4, 0, 5]


TESTS = """
import os, pathlib, pytest, time

@pytest.mark.parametrize("number", range(4))
def test_it(number):
    time.sleep(0.2)
    name = f"{{os.environ['PYTEST_XDIST_WORKER']}}-{file}-{{number}}"
    pathlib.Path({folder!r}, name).touch()
"""


def test_a_file_stays_in_one_process_and_what_is_left_behind_is_told_once(tmp_path):
    tests, notes = tmp_path / "tests", tmp_path / "notes"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(repository.NO_NETWORK, tests / "no_network", ignore=ignored)
    for name in ("conftest.py", "repository.py", "side_by_side.py"):
        shutil.copy(repository.ROOT / "tests" / name, tests)
    for file in ("a", "b"):
        text = TESTS.format(file=file, folder=str(notes))
        (tests / f"test_{file}.py").write_text(text, encoding="utf-8")
    notes.mkdir()
    (tmp_path / ".gitignore").write_text("__pycache__/\n", encoding="utf-8")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    variables = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "2", "-p", "no:cacheprovider", "tests"],
        cwd=tmp_path,
        env=variables | {"PYTHONPATH": str(repository.ROOT)},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "8 passed" in done.stdout
    assert done.stdout.count("?? notes/gw") == 8
    ran = {path.name.rsplit("-", 1)[0] for path in notes.iterdir()}
    assert sorted(name.partition("-")[2] for name in ran) == ["a", "b"]
    assert len({name.partition("-")[0] for name in ran}) == 2
