"""Where the progress cannot be kept: the verdict comes first, and nothing kept is lost."""

import json
import os
import subprocess
import sys

import pytest
from tiny_faults import with_mounts

from tlhelpers.course import check
from tlhelpers.course.progress_file import read_progress, record_progress
from tlhelpers.errors import repo_root

CHECK = f"""
import os, sys
sys.path.insert(0, {str(repo_root())!r})
from tlhelpers.course import check
for folder in sys.argv[1:]:
    os.environ["TLHELPERS_PROGRESS"] = folder + "/progress.json"
    check("00.1", "b")
    print("and the notebook goes on")
"""


@pytest.fixture
def kept(tmp_path, monkeypatch):
    monkeypatch.setenv("TLHELPERS_PROGRESS", str(tmp_path / "work" / "progress.json"))
    (tmp_path / "work").mkdir()
    return tmp_path / "work" / "progress.json"


def told(shown):
    """The verdict, then the sentence."""
    verdict, sentence = [line for line in shown.splitlines() if line.strip()][:2]
    assert "✓ 00.1 right: " in verdict
    assert sentence.startswith("Your progress could not be kept in ")
    assert sentence.endswith(" and run this check again.")
    return sentence


KEPT = '{"02.1": "right"}'  # of the first format
DISKS = """
cd "$FOLDER"
mkdir full closed
mount -t tmpfs -o size=4k tmpfs full
echo "$KEPT" | tee full/progress.json > closed/progress.json
closed "$FOLDER/closed"
! cat /dev/zero > full/all 2> /dev/null
"$PYTHON" -c "$CODE" full closed
cat full/progress.json closed/progress.json
"""


def test_the_verdict_comes_first_on_a_full_and_on_a_read_only_disk(tmp_path):
    done = with_mounts(DISKS, CODE=CHECK, FOLDER=str(tmp_path), KEPT=KEPT)
    assert done.returncode == 0, done.stderr
    on_full, on_closed, kept = done.stdout.split("and the notebook goes on\n")
    assert "full (No space left on device): free some space" in told(on_full)
    assert "closed (Read-only file system): make it writable" in told(on_closed)
    assert kept == f"{KEPT}\n" * 2


def test_a_file_in_the_way_of_the_folder_is_told(tmp_path, monkeypatch, capsys):
    (tmp_path / "work").write_text("")
    monkeypatch.setenv("TLHELPERS_PROGRESS", str(tmp_path / "work" / "progress.json"))
    check("00.1", "b")
    sentence = told(capsys.readouterr().out)
    assert f"in {tmp_path / 'work'} (" in sentence and "move the file of that name" in sentence


def test_a_setting_that_names_no_folder_is_told(monkeypatch, capsys):
    monkeypatch.delenv("TLHELPERS_PROGRESS")
    monkeypatch.setenv("TLHELPERS_WORK", "~nobody-of-this-name/work")
    check("00.1", "b")
    verdict, sentence = capsys.readouterr().out.splitlines()
    assert "✓ 00.1 right: " in verdict
    assert "TLHELPERS_WORK" in sentence


def test_what_needs_no_writing_is_not_told(tmp_path, monkeypatch):
    (tmp_path / "progress.json").write_text('{"00.1": "right"}')
    monkeypatch.setenv("TLHELPERS_PROGRESS", str(tmp_path / "progress.json"))
    (tmp_path / ".progress.json.lock").mkdir()  # so that nothing can be written
    assert record_progress("00.1", "wrong") == record_progress("00.2", "open") == ""
    assert "could not be kept" in record_progress("00.2", "wrong")


def test_a_file_that_cannot_be_read_is_not_written_over(kept):
    kept.mkdir()  # a folder of its name: root may read all files
    assert "could not be kept" in record_progress("00.1", "right")
    assert kept.is_dir()


@pytest.mark.parametrize("damage", [b'{"00.1": "ri', b"[1]", b"\xff"])
def test_a_damaged_file_is_set_aside(kept, damage):
    kept.write_bytes(damage)
    assert "progress-damaged.json, and what could be read" in record_progress("00.1", "right")
    assert json.loads(kept.read_text())["exercises"]["00.1"]["solved"]
    assert kept.with_name("progress-damaged.json").read_bytes() == damage
    kept.write_bytes(damage)
    assert "progress-damaged-2.json" in record_progress("00.1", "wrong")
    assert kept.with_name("progress-damaged-2.json").read_bytes() == damage


ALL = """
import sys
sys.path.insert(0, {root!r})
from tlhelpers.course.progress_file import record_progress
print("ready", flush=True)
input()
for i in range(20):
    assert record_progress(f"{{sys.argv[1]}}.{{i}}", "right") == ""
"""


def test_two_notebooks_that_check_at_once_both_count(kept):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", ALL.format(root=str(repo_root())), name],
            env=os.environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        for name in ("01", "02")
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    assert [process.wait(timeout=60) for process in processes] == [0, 0]
    for process in processes:
        process.communicate()
    assert len(read_progress().exercises) == 40
