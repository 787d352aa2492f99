"""A fetch that is killed, or out of disk or network, loses nothing; the next start goes on."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time

import pytest
import tiny
from tiny_faults import index, over_the_net, posix, tree, with_mounts

FETCH = """
import sys
from pathlib import Path
from tlhelpers import errors
from tlhelpers.setup import fetching
try:
    fetching.fetch(Path(sys.executable))
    print("done")
except errors.CourseError as error:
    print("refused:", error)
"""
NAMES = [f"tiny{letter}-1.0-py3-none-any.whl" for letter in "abc"]


@pytest.fixture
def course(tmp_path):
    """A course of three tiny archives whose cache is empty but for the learner's own things."""
    root = tmp_path / tiny.UMLAUTS
    wheels = [
        tiny.wheel(root / "wheels", name.split("-")[0], "1.0", {"x/w.bin": os.urandom(200_000)})
        for name in NAMES
    ]
    tiny.course(root, pins=tuple(map(tiny.pin, wheels)))
    own = root / "data/cache/partial-thesis/chapter.txt"
    own.parent.mkdir(parents=True)
    own.write_text("precious")
    return root


def fetch(root, **variables):
    done = subprocess.run(
        [sys.executable, "-c", FETCH],
        cwd=root,
        env=tiny.environ(**variables),
        capture_output=True,
        encoding="utf-8",
        timeout=100,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout


def complete(root):
    cache = root / "data/cache"
    assert (cache / "partial-thesis/chapter.txt").read_text() == "precious"
    assert not [path for path in cache.glob("partial-*") if path.name != "partial-thesis"]
    return all(
        (cache / name).read_bytes() == (root / "wheels" / name).read_bytes() for name in NAMES
    )


@posix
def test_a_fetch_killed_again_and_again_is_finished_by_the_next(course):
    draw = random.Random(22)
    for _ in range(3):
        process = tiny.start(course, FETCH)
        time.sleep(draw.uniform(0.05, 1.5))
        tiny.kill_group(process)
        for name in NAMES:
            path = course / "data/cache" / name
            assert not path.exists() or tiny.digest(path) == tiny.digest(course / "wheels" / name)
    assert fetch(course).rstrip().endswith("done")
    assert complete(course)


def test_a_full_disk_keeps_what_came_and_the_next_start_brings_the_rest(course, tmp_path):
    (tmp_path / "disk").mkdir()
    script = f"""
        mount -t tmpfs -o size=500k tmpfs '{tmp_path}/disk'
        cd '{course}'
        "$PYTHON" -c "$CODE"; echo ----
        ls "$TLHELPERS_CACHE"; echo ----
        mount -o remount,size=9m '{tmp_path}/disk'
        "$PYTHON" -c "$CODE"
        ls "$TLHELPERS_CACHE"
    """
    done = with_mounts(script, CODE=FETCH, TLHELPERS_CACHE=str(tmp_path / "disk/cache"))
    assert done.returncode == 0 and "Traceback" not in done.stderr, done
    first, between, second = done.stdout.split("----\n")
    assert "could not be fetched: no space left on the disk" in first
    came = between.split()
    assert "fetch.lock" in came and 0 < len(set(came) & set(NAMES)) < 3
    assert not [name for name in came if name.startswith("partial-")]
    assert f"(1 of {3 - len(set(came) & set(NAMES))})" in second
    assert set(NAMES) < set(second.split())


def test_a_read_only_cache_says_so_if_something_is_missing_and_serves_if_not(course):
    folder = course / "data/cache"
    script = f"""closed '{folder}'; cd '{course}'; "$PYTHON" -c "$CODE" """
    done = with_mounts(script, CODE=FETCH)
    assert "refused:" in done.stdout and "Read-only file system" in done.stdout, done
    assert f"{folder / 'fetch.lock'} cannot be written" in done.stdout
    for name in NAMES:
        (folder / name).write_bytes((course / "wheels" / name).read_bytes())
    before = tree(folder)
    done = with_mounts(script, CODE=FETCH)
    assert (done.stdout, done.stderr) == ("done\n", "")
    assert tree(folder) == before


@pytest.mark.parametrize("where", [".whl", "/simple"])
def test_a_proxy_that_breaks_off_is_named_and_the_next_start_goes_on(course, tmp_path, where):
    lines = (course / "data/packages.txt").read_text().splitlines()[2:]
    options = ["--index-url http://index.invalid/simple", "--trusted-host index.invalid"]
    (course / "data/packages.txt").write_text("\n".join([*options, *lines, ""]))
    for name in NAMES[1:]:
        (course / "data/cache" / name).write_bytes((course / "wheels" / name).read_bytes())
    for cut in (where, None):
        with index(course / "wheels", cut=cut) as (site, asked):
            net = over_the_net(site, tmp_path / "pip") | {"no_proxy": "", "NO_PROXY": ""}
            told = fetch(course, http_proxy=site, **net)
        assert any(where in path for path in asked), "pip did not ask the proxy"
        if cut:
            assert "refused: tinya could not be fetched: " in told
            assert "broke off" in told or "does not have the pinned hash" in told
            assert not (course / "data/cache" / NAMES[0]).exists()
    assert told.rstrip().endswith("done") and complete(course)


@pytest.mark.parametrize("moment", [0, 4_000_000_000], ids=["1970", "2096"])
def test_a_clock_that_jumps_fetches_nothing_again(course, moment):
    folder = course / "data/cache"
    for name in NAMES:
        (folder / name).write_bytes((course / "wheels" / name).read_bytes())
    assert fetch(course) == "done\n"
    (folder / "fetch.lock").touch()
    for path in [folder, *folder.iterdir(), course / "data/packages.txt"]:
        os.utime(path, (moment, moment))
    assert fetch(course) == "done\n"
    assert complete(course)


@posix
def test_links_in_the_cache_are_read_or_set_aside_and_never_written_through(course, tmp_path):
    folder, store = course / "data/cache", tmp_path / "store"
    store.mkdir()
    good, bad = store / NAMES[0], store / NAMES[1]
    good.write_bytes((course / "wheels" / NAMES[0]).read_bytes())
    bad.write_bytes(b"precious")
    (folder / NAMES[0]).symlink_to(good)
    (folder / NAMES[1]).symlink_to(bad)
    (folder / NAMES[2]).symlink_to(store / "unplugged")
    (folder / "partial-abcdefgh").symlink_to(store, target_is_directory=True)
    told = fetch(course)
    assert "(1 of 2)" in told and told.rstrip().endswith("done")
    assert (folder / NAMES[0]).is_symlink() and (folder / "partial-abcdefgh").is_symlink()
    assert tree(store) == {NAMES[0]: good.read_bytes(), NAMES[1]: b"precious"}
    for name in NAMES[1:]:
        assert (folder / f"{name}.damaged").is_symlink()
        assert not (folder / name).is_symlink()


# What is computed where nothing can be written -----------------------------------------------

DERIVE = """
from tlhelpers.setup import paths
folder = paths.derived_dir("features")
print("folder:", folder)
paths.derived_dir("weights")
for path in sorted(folder.rglob("*")):
    if path.is_file(): print("there:", path.relative_to(folder), path.read_bytes().decode())
(folder / "new").write_text("new")
"""


def derive(course, tmp_path):
    script = f"""cd '{course}'; closed data/cache; "$PYTHON" -c "$CODE" """
    done = with_mounts(script, CODE=DERIVE, TMPDIR=str(tmp_path / "temporary"))
    assert done.returncode == 0, done
    (folder,) = [line[8:] for line in done.stdout.splitlines() if line.startswith("folder: ")]
    there = [line[7:] for line in done.stdout.splitlines() if line.startswith("there: ")]
    return folder, there, done.stderr


def test_a_read_only_cache_has_a_private_stand_in_that_shows_what_it_holds(course, tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    kept = course / "data/cache/features"
    (kept / "deep").mkdir(parents=True)
    (kept / "deep/old").write_text("old")
    first, there, warned = derive(course, tmp_path)
    assert there == ["deep/old old"]
    assert warned.count("nothing can be written to") == 1 and "Read-only" in warned
    again, there, _ = derive(course, tmp_path)
    assert again == first and there == ["deep/old old", "new new"]
    (stand_in,) = temporary.iterdir()
    assert stand_in.stat().st_mode & 0o077 == 0
    assert tree(kept) == {"deep/old": b"old"}


def test_a_stand_in_that_another_laid_out_is_not_used(course, tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    first, _, _ = derive(course, tmp_path)
    (stand_in,) = temporary.iterdir()
    stand_in.rename(tmp_path / "trap")
    stand_in.symlink_to(tmp_path / "trap", target_is_directory=True)
    (tmp_path / "trap/features/new").write_text("false")
    again, there, _ = derive(course, tmp_path)
    assert again != first and there == []
    stand_in.unlink()
    (tmp_path / "trap").rename(stand_in)
    stand_in.chmod(0o777)
    again, there, _ = derive(course, tmp_path)
    assert again != first and there == []
