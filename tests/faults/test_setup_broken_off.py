"""A set-up that is killed, out of disk or network, or started twice goes on at the next start."""

from __future__ import annotations

import os
import random
import signal
import time

import pytest
import tiny
from tiny_faults import (
    QUICKLY,
    finished,
    index,
    over_the_net,
    posix,
    run,
    sentence,
    state,
    tree,
    twin,
    versions,
    with_mounts,
)

from tlhelpers.setup import environment
from tlhelpers.setup.environment import State

FETCH = "import sys; from tlhelpers.__main__ import main; sys.exit(main(['fetch']))"
# Stands in for JupyterLab: the end of a start of the lab.
OPENED = b"print('the lab is open')\n"


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return finished(tmp_path_factory.mktemp("original") / tiny.UMLAUTS)


@pytest.fixture
def course(original, tmp_path):
    return twin(original, tmp_path / tiny.UMLAUTS)


def precious(root):
    """What a learner keeps in and beside the course."""
    files = [root / "work/mine.ipynb", root / "data/cache/own.bin", root / "notes.txt"]
    files.append(root / "data/cache/partial-thesis/chapter.txt")
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("precious")
    return files


def kill_at_random(root, draw, longest, whom, code=FETCH):
    """Start ``fetch`` and kill it; `whom` is its group, as a power cut would, or it alone."""
    process = tiny.start(root, code)
    time.sleep(draw.uniform(0.05, longest))
    if whom == "all":
        tiny.kill_group(process)
    else:
        os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=60)
        process.stdout.close()
    assert process.returncode in (-signal.SIGKILL, 0)


def goes_on(root):
    process = tiny.start(root, QUICKLY)
    said = process.communicate(timeout=100)[0]
    assert process.returncode == 0, said


@posix
def test_a_first_setup_killed_again_and_again_is_finished_by_the_next(tmp_path):
    root = tmp_path / tiny.UMLAUTS
    data = tiny.wheel(root / "wheels", "tinydata", "1.0", {"tinydata/d.bin": os.urandom(300_000)})
    tiny.wheel(root / "wheels", "tinyone", "1.0")
    tiny.course(root, "tinyone==1.0", pins=(tiny.pin(data),))
    kept, draw = precious(root), random.Random(20)
    for whom in ("all", "the parent", "all"):
        kill_at_random(root, draw, 2.5, whom)
        assert state(root) is not State.FOREIGN
    goes_on(root)
    assert state(root) is State.READY
    assert versions(root) == {"tinyone": "1.0"}
    assert all(file.read_text() == "precious" for file in kept)


@posix
def test_an_update_killed_again_and_again_is_never_taken_for_whole(course):
    kept, draw = precious(course), random.Random(21)
    tiny.require(course, "tinyone==2.0")
    for _ in range(2):
        kill_at_random(course, draw, 1.2, "all", QUICKLY)
        whole = state(course) is State.READY
        assert not whole or versions(course) == {"tinyone": "2.0"}
    goes_on(course)
    assert versions(course) == {"tinyone": "2.0"}
    assert all(file.read_text() == "precious" for file in kept)


def test_an_update_on_a_full_disk_leaves_the_old_set_and_goes_on_when_there_is_space(
    original, tmp_path
):
    (tmp_path / "disk").mkdir()
    script = """
        mount -t tmpfs -o size=200m tmpfs disk
        cp -a "$ORIGINAL" disk/c
        cd disk/c
        sed -i "s|$ORIGINAL|$PWD|" .venv/tlhelpers-stamp.json
        sed -i s/tinyone==1.0/tinyone==2.0/ requirements.txt
        mount -o remount,size=$(($(du -s --block-size=1k "$PWD" | cut -f1) + 2000))k "$DISK"
        course fetch || ls .venv/lib/python3.*/site-packages > "$DISK/../first"
        mount -o remount,size=200m "$DISK"
        course fetch
        ls .venv/lib/python3.*/site-packages > "$DISK/../second"
    """
    # The stamp is JSON in ASCII, so the folder is called so too.
    plain = twin(original, tmp_path / "plain")
    done = with_mounts(
        f"cd '{tmp_path}'\n{script}", ORIGINAL=str(plain), DISK=str(tmp_path / "disk")
    )
    assert done.returncode == 0, done
    assert "no space left on the disk" in done.stderr and "Nothing was changed" in done.stderr
    assert "Traceback" not in done.stderr
    assert "tinyone-1.0.dist-info" in (tmp_path / "first").read_text().split()
    assert "tinyone-2.0.dist-info" in (tmp_path / "second").read_text().split()


def test_a_read_only_course_says_what_to_do_and_a_finished_one_works(course):
    kept = tree(course)
    environment.write_stamp(
        course / ".venv", {**environment.read_stamp(course / ".venv"), "requirements": "other"}
    )
    done = with_mounts(f"closed '{course}'; cd '{course}'; course fetch")
    assert "cannot be written (Read-only file system)" in sentence(done)
    assert "copy the course" in sentence(done)
    (course / ".venv/tlhelpers-stamp.json").write_bytes(kept[".venv/tlhelpers-stamp.json"])
    done = with_mounts(f"closed '{course}'; cd '{course}'; course fetch")
    assert (done.returncode, done.stderr) == (0, "")
    assert tree(course) == kept


@posix
def test_two_labs_at_once_update_once_and_both_open(course):
    tiny.wheel(course / "wheels", "jupyterlab", "1.0", {"jupyterlab/__main__.py": OPENED})
    tiny.require(course, "tinyone==1.0", "jupyterlab==1.0")
    (course / "notebooks").mkdir()
    for number in range(5):
        (course / f"notebooks/0{number}_start_here.ipynb").write_text('{"cells": []}')
    start = "import sys; from tlhelpers.__main__ import main; sys.exit(main(['lab']))"
    both = [tiny.start(course, start) for _ in range(2)]
    outputs = [process.communicate(timeout=100)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert all("the lab is open" in output for output in outputs)
    assert sum("Bringing it up to date" in output for output in outputs) == 1
    names = sorted(path.name for path in (course / "work").iterdir())
    assert names == [".shipped.json", *(f"0{number}_start_here.ipynb" for number in range(5))]


@pytest.mark.parametrize("year", [1980, 2098])
def test_a_clock_that_jumps_makes_nothing_anew(course, year):
    kept = precious(course)
    moment = (year - 1970) * 365.25 * 86400
    for path in [course, *course.rglob("*")]:
        os.utime(path, (moment, moment), follow_symlinks=False)
    before = tree(course / ".venv")
    done = run(course, "fetch")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Setting up" not in done.stdout and "Fetching" not in done.stdout
    assert tree(course / ".venv") == before
    assert all(file.read_text() == "precious" for file in kept)


def test_an_index_that_breaks_off_is_named_and_the_next_start_goes_on(course, tmp_path):
    tiny.require(course, "tinyone==2.0")
    text = (course / "requirements.txt").read_text().replace("--no-index", "")
    (course / "requirements.txt").write_text(text.replace("--find-links wheels", ""))
    cache = tmp_path / "pip's cache"
    with index(course / "wheels", cut=".whl") as (site, _):
        told = sentence(run(course, "fetch", **over_the_net(site, cache)))
    assert "no network, or it broke off" in told and "Nothing was changed" in told
    assert versions(course) == {"tinyone": "1.0"}
    with index(course / "wheels") as (site, _):
        assert run(course, "fetch", **over_the_net(site, cache)).returncode == 0
    assert versions(course) == {"tinyone": "2.0"}
