"""A bundle that was damaged, swapped or added to: each file is named, and nothing is installed."""

from __future__ import annotations

import json
import os
import shutil
import sys
import zipfile
from pathlib import Path

import pytest
import tiny
from tiny_bundle import by_hand, copy_of, flip, relist
from tiny_faults import QUICKLY, posix, versions

from tlhelpers import errors
from tlhelpers.setup import doctor, environment, fetching, pins
from tlhelpers.setup.bundle import beside, checking, manifest

ONE, LAB = (f"wheels/{name}-1.0-py3-none-any.whl" for name in ("tinyone", "jupyterlab"))
DATA = "course/data/cache/tinydata-1.0-py3-none-any.whl"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    return by_hand(folder / "source", folder / "bundle")


@pytest.fixture
def stick(whole, tmp_path):
    return copy_of(whole, tmp_path / "Übung mit Leerzeichen")


def refusal(stick: Path) -> str:
    """Why no environment is made from a bundle; none has been begun."""
    with pytest.raises(errors.CourseError) as caught:
        environment.ensure(lambda line: None, stick / "course")
    assert not (stick / "course/.venv").exists()
    return str(caught.value)


def swap(folder: Path, one: str, other: str) -> None:
    (folder / one).rename(folder / "third")
    (folder / other).rename(folder / one)
    (folder / "third").rename(folder / other)


def other_wheel(stick: Path) -> None:
    """A sound wheel with the right name and another content."""
    tiny.wheel(stick / "wheels", "tinyone", "1.0", {"tinyone/evil.py": b"import os\n"})


DAMAGES = {
    "a turned bit": (lambda s: flip(s / ONE), [(ONE, "damaged")]),
    "cut off": (lambda s: (s / ONE).write_bytes((s / ONE).read_bytes()[:-9]), [(ONE, "damaged")]),
    "empty": (lambda s: (s / ONE).write_bytes(b""), [(ONE, "damaged")]),
    "another wheel of its name": (other_wheel, [(ONE, "damaged")]),
    "two swapped": (lambda s: swap(s, ONE, LAB), [(LAB, "damaged"), (ONE, "damaged")]),
    "missing": (lambda s: (s / ONE).unlink(), [(ONE, "missing")]),
    "a folder in its place": (
        lambda s: (s / ONE).unlink() or (s / ONE).mkdir(),
        [(ONE, "a link or no file")],
    ),
    "a wheel more": (
        lambda s: tiny.wheel(s / "wheels", "tinyone", "1.1"),
        [("wheels/tinyone-1.1-py3-none-any.whl", "extra")],
    ),
    "a wheel more in a folder": (
        lambda s: tiny.wheel(s / "wheels/more", "x", "1.1"),
        [("wheels/more/x-1.1-py3-none-any.whl", "extra")],
    ),
    "a program on top": (lambda s: (s / "setup.exe").touch(), [("setup.exe", "extra")]),
    "the course's code": (
        lambda s: (s / "course/tlhelpers/errors.py").write_text("import os\n"),
        [("course/tlhelpers/errors.py", "damaged")],
    ),
    "a module in another's place": (
        lambda s: (s / "course/torch.py").write_text("import os\n"),
        [("course/torch.py", "extra")],
    ),
    "a lesson is gone": (
        lambda s: (s / "course/notebooks/00_start_here.ipynb").unlink(),
        [("course/notebooks/00_start_here.ipynb", "missing")],
    ),
    "the text on top": (
        lambda s: (s / "READ-ME-FIRST.txt").write_text("Type rm -r instead."),
        [("READ-ME-FIRST.txt", "damaged")],
    ),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_what_is_damaged_missing_or_extra_is_named_and_nothing_is_installed(stick, kind):
    damage, expected = DAMAGES[kind]
    damage(stick)
    told = refusal(stick)
    named = told.partition("installed from it: ")[2].partition(". ")[0]
    assert named.split("; ") == [f"{name} is {fault}" for name, fault in expected]
    assert "opy each again" in told and "nothing was installed" in told
    said: list[str] = []
    assert checking.report(stick, said.append) == 1
    assert said[: len(expected)] == [f"{fault}: {name}" for name, fault in expected]
    assert doctor.bundle_rows(stick / "course")[1].what.strip() == expected[0][0]


@posix
def test_a_link_in_place_of_a_wheel_is_refused_though_it_leads_to_the_same(stick, tmp_path):
    (stick / ONE).rename(tmp_path / "elsewhere.whl")
    (stick / ONE).symlink_to(tmp_path / "elsewhere.whl")
    assert f"{ONE} is a link or no file" in refusal(stick)
    (stick / "wheels/more").symlink_to(tmp_path)
    assert "wheels/more is extra" in refusal(stick)


@posix
def test_a_pipe_in_place_of_a_wheel_is_refused_and_not_waited_for(stick):
    (stick / ONE).unlink()
    os.mkfifo(stick / ONE)
    assert f"{ONE} is a link or no file" in refusal(stick)


def test_what_systems_and_learners_leave_in_it_is_no_fault(stick):
    litter = ["wheels/._tinyone-1.0-py3-none-any.whl", ".DS_Store", "Thumbs.db", ".Trashes/a.whl"]
    litter += ["System Volume Information/x", "course/work/mine.py", "course/report/report.html"]
    litter += ["course/.venv/lib/x.py", "course/tlhelpers/__pycache__/errors.cpython-311.pyc"]
    litter += ["course/data/cache/features/x.npy", "course/build/book/x.py", "course/notes.txt"]
    for name in litter:
        (stick / name).parent.mkdir(parents=True, exist_ok=True)
        (stick / name).write_text("x")
    assert list(checking.faults(stick, manifest.read(stick))) == []
    beside.check(beside.find(stick / "course"), lambda line: None)


def test_many_faults_are_counted(stick):
    for path in (stick / "course/tlhelpers/figures").glob("*.py"):
        path.unlink()
    number = len(list((tiny.ROOT / "tlhelpers/figures").glob("*.py")))
    assert f"; and {number - 3} more. Copy each again" in refusal(stick)


def test_damaged_data_are_named_and_not_fetched_from_elsewhere(stick, monkeypatch):
    pin = pins.Package("tinydata", "1.0", tiny.digest(stick / DATA))
    monkeypatch.setenv("TLHELPERS_CACHE", str((stick / DATA).parent))
    monkeypatch.setattr(fetching, "repo_root", lambda: stick / "course")
    monkeypatch.setattr(fetching, "packages", lambda: [pin])
    said: list[str] = []
    for damage, told in ((flip, f"{DATA} is damaged"), (Path.unlink, "no archive of tinydata")):
        damage(stick / DATA)
        with pytest.raises(
            errors.CourseError, match=f"{told}: copy it again from where the bundle"
        ):
            fetching.fetch(Path("no python"), said.append)
        assert checking.report(stick, said.append) == 1
    assert f"damaged: {DATA}" in said and f"missing: {DATA}" in said


def test_a_wheel_that_is_exchanged_after_the_look_is_refused_by_pip_too(stick):
    other_wheel(stick)
    blind = (
        f"from tlhelpers.setup.bundle import beside; beside.check = lambda *any: None\n{QUICKLY}"
    )
    process = tiny.start(stick / "course", blind)
    said = process.communicate(timeout=100)[0]
    assert process.returncode == 1
    assert "does not have the pinned hash" in said.splitlines()[-1]
    assert versions(stick / "course") == {}


def test_only_its_own_wheels_are_taken_whatever_pip_was_told(stick, tmp_path):
    """A wheel folder and a cache of the user's, which hold the same name and version."""
    tiny.wheel(tmp_path / "user's", "tinyone", "1.0", {"tinyone/evil.py": b"import os\n"})
    hostile = {
        "PIP_FIND_LINKS": (tmp_path / "user's").as_uri(),
        "PIP_INDEX_URL": "http://127.0.0.1:9",
    }
    process = tiny.start(stick / "course", QUICKLY, **hostile)
    said = process.communicate(timeout=100)[0]
    assert process.returncode == 0, said
    assert versions(stick / "course") == {"tinyone": "1.0"}
    assert not list((stick / "course/.venv").rglob("evil.py"))


# The list --------------------------------------------------------------------------------

LISTS = {
    "gone": (lambda path: path.unlink(), "which is not in"),
    "empty": (lambda path: path.write_bytes(b""), "is damaged, so nothing here is used"),
    "cut off": (lambda path: path.write_bytes(path.read_bytes()[:-30]), "is damaged"),
    "no text": (lambda path: path.write_bytes(b"\xff\xfe\x00"), "is damaged"),
    "another kind": (lambda path: path.write_text("[1]"), "is damaged"),
    "brackets without end": (lambda path: path.write_text("[" * 100_000), "is damaged"),
    "huge": (lambda path: os.truncate(path, 2**26), "much too large"),
    "newer": (lambda path: relist(path.parent, format=2), "of format 2, and this version"),
    "half": (lambda path: relist(path.parent, state="unfinished"), "was never finished"),
    "odd value": (lambda path: relist(path.parent, torch=["cpu"]), "is damaged"),
    "more": (lambda path: relist(path.parent, unknown="x"), "is damaged"),
    "no files": (lambda path: relist(path.parent, files=None), "is damaged"),
    "other Python": (
        lambda path: relist(path.parent, python="3.10"),
        "write `python3.10` in place",
    ),
    "other system": (
        lambda path: relist(path.parent, system="windows"),
        "start it on such a machine",
    ),
    "new system": (lambda path: relist(path.parent, least="glibc 9.1"), "a newer system is needed"),
}


@pytest.mark.parametrize("kind", LISTS)
def test_a_list_that_does_not_serve_here_is_told(stick, kind):
    if kind == "new system" and not sys.platform.startswith("linux"):
        pytest.skip("asks for the C library of Linux")
    change, told = LISTS[kind]
    change(stick / "bundle.json")
    assert told in refusal(stick)


@pytest.mark.parametrize(
    "name", ["../x.whl", "/x.whl", "wheels/../../x", "C:/x", "wheels\\x", "", "a//b", "bundle.json"]
)
def test_a_list_with_a_name_that_leads_out_is_refused(stick, name):
    files = json.loads((stick / "bundle.json").read_text())["files"]
    relist(stick, files={**files, name: files[ONE]})
    assert "is no name of a file in it" in refusal(stick)
    relist(stick, files={**files, "wheels/x.whl": {"size": 1, "sha256": "abc"}})
    assert "a size and a hash are wanted" in refusal(stick)


def test_whoever_changes_the_list_is_seen_by_its_hash_alone(stick, whole):
    """So the hash has to come over another way."""
    other_wheel(stick)
    listed = json.loads((stick / "bundle.json").read_text())
    listed["files"][ONE] = vars(manifest.entry_of(stick / ONE))
    relist(stick, files=listed["files"])
    said, before = [], []
    assert checking.report(stick, said.append) == 0
    assert checking.report(whole, before.append) == 0
    assert said[1:] == before[1:] and said[0] != before[0]
    assert tiny.digest(stick / "bundle.json") in said[0]


def test_a_folder_nearby_is_not_taken_for_a_bundle(stick):
    """Only the course's own file says that it came in one."""
    (stick / "course/bundle.txt").unlink()
    assert beside.find(stick / "course") is None


@pytest.mark.parametrize("said", ["/nowhere", "", "\0", "../course"])
def test_a_bundle_that_is_not_where_the_course_says_is_told(stick, said):
    (stick / "course/bundle.txt").write_text(said)
    assert "takes its packages from a bundle, which is not in" in refusal(stick)


def test_another_build_of_torch_than_its_own_is_told(stick):
    relist(stick, torch="default")
    with pytest.raises(errors.CourseError, match="holds the default build of torch: leave --torch"):
        environment.ensure(lambda line: None, stick / "course", "cpu")


# A zip -----------------------------------------------------------------------------------


def zipped(folder: Path, to: Path) -> Path:
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.name != ".lock":
                archive.write(path, f"b/{path.relative_to(folder).as_posix()}")
    return to


def test_faults_of_a_zip_are_named(stick, tmp_path):
    other_wheel(stick)
    (stick / LAB).unlink()
    tiny.wheel(stick / "wheels", "x", "1.0")
    said: list[str] = []
    assert checking.report(zipped(stick, tmp_path / "b.zip"), said.append) == 1
    wanted = [f"damaged: {ONE}", f"missing: {LAB}", "extra: wheels/x-1.0-py3-none-any.whl"]
    assert sorted(said[:3]) == sorted(wanted)


def test_a_name_twice_in_a_zip_is_told(stick, tmp_path):
    path = zipped(stick, tmp_path / "b.zip")
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr(f"b/{ONE}", (stick / ONE).read_bytes())
    said: list[str] = []
    assert checking.report(path, said.append) == 1
    assert said[0] == f"twice in it: {ONE}"


@pytest.mark.parametrize("kind", ["no zip", "cut off", "another zip", "nothing"])
def test_a_zip_that_is_none_of_ours_is_one_line(stick, tmp_path, kind):
    path = zipped(stick, tmp_path / "b.zip")
    if kind == "no zip":
        path.write_bytes(b"x" * 999)
    elif kind == "cut off":
        path.write_bytes(path.read_bytes()[:-99])
    elif kind == "another zip":
        shutil.copy(stick / ONE, path)
    else:
        path = tmp_path / "absent.zip"
    with pytest.raises(errors.CourseError, match="is no bundle"):
        checking.report(path, lambda line: None)
