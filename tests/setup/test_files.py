"""A file is written whole or not at all."""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import tiny
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tlhelpers.setup.files import create_atomically, is_link, refusal, remove, write_atomically

posix = pytest.mark.skipif(os.name == "nt", reason="signals and limits of POSIX")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(first=st.binary(max_size=5000), second=st.binary(max_size=5000))
def test_what_is_written_is_read_and_replaces_what_was_there(tmp_path, first, second):
    path = tmp_path / "Datei ü.bin"
    for data in (first, second):
        write_atomically(path, data)
        assert path.read_bytes() == data
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "a"
    write_atomically(path, b"old")

    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="no space"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_in_the_way_is_left_alone(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    with pytest.raises(OSError, match="a"):
        write_atomically(tmp_path / "a", b"new")
    assert [p.name for p in tmp_path.rglob("*")] == ["a", "b"]


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "none" / "a", b"new")


@posix
def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    code = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from tlhelpers.setup.files import write_atomically\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "write_atomically(Path(sys.argv[1]), bytes(5000))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        cwd=tiny.ROOT,
        env=tiny.environ(),
        capture_output=True,
        encoding="utf-8",
    )
    assert "File too large" in done.stderr
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def _write_many(task: tuple[str, int]) -> None:
    path, number = task
    for _ in range(100):
        write_atomically(Path(path), bytes([number]) * 20_000)


def test_two_writers_and_a_reader_never_see_a_mixture(tmp_path):
    path = tmp_path / "a"
    write_atomically(path, bytes(20_000))
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        writing = pool.map_async(_write_many, [(str(path), 1), (str(path), 2)], chunksize=1)
        seen = set()
        while not writing.ready():
            data = path.read_bytes()
            assert len(data) == 20_000
            assert len(set(data)) == 1
            seen.add(data[0])
        writing.get()
    assert seen & {1, 2}
    assert list(tmp_path.iterdir()) == [path]


@posix
def test_killed_midway_the_old_file_is_whole(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old" * 100)
    code = (
        "import sys; from pathlib import Path; from tlhelpers.setup.files import write_atomically\n"
        "print('ready', flush=True)\n"
        "while True: write_atomically(Path(sys.argv[1]), b'new' * 2_000_000)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        cwd=tiny.ROOT,
        env=tiny.environ(),
        stdout=subprocess.PIPE,
    )
    with process:
        process.stdout.readline()
        tiny.wait_for(lambda: len(list(tmp_path.iterdir())) > 1, process)
        process.send_signal(signal.SIGKILL)
    assert path.read_bytes() in (b"old" * 100, b"new" * 2_000_000)


# Not to be overwritten, not to be followed -------------------------------------------------


def _without_hard_links(*_):
    raise OSError(errno.EPERM, "this disk knows no hard links")


@pytest.mark.parametrize("links", [True, False])
def test_a_new_file_never_takes_the_place_of_another(tmp_path, monkeypatch, links):
    if not links:
        monkeypatch.setattr(Path, "hardlink_to", _without_hard_links)
    path = tmp_path / "a"
    create_atomically(path, b"first")
    with pytest.raises(FileExistsError):
        create_atomically(path, b"second")
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


@posix
def test_links_are_told_from_what_they_lead_to_and_removed_alone(tmp_path):
    folder = tmp_path / "folder"
    (folder / "inner").mkdir(parents=True)
    (folder / "mine.txt").write_text("precious")
    for name, target in [("whole", folder), ("dangling", tmp_path / "none"), ("circle", "circle")]:
        link = tmp_path / name
        link.symlink_to(target)
        assert is_link(link)
        remove(link)
        assert not link.is_symlink()
    (tmp_path / "way").symlink_to(folder)
    assert not is_link(tmp_path / "way" / "inner") and not is_link(tmp_path / "none")
    assert (folder / "mine.txt").read_text() == "precious"
    remove(folder)
    remove(folder)
    assert not folder.exists()


def test_a_folder_that_can_be_written_to_is_left_as_it_was(tmp_path):
    assert refusal(tmp_path) == refusal(tmp_path / "not" / "yet" / "there") == ""
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("")
    assert refusal(tmp_path / "file") == refusal(tmp_path / "file" / "in it") != ""
