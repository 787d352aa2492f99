"""The environment is made once, survives every interruption, and never touches a stranger's."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest
import tiny
from packaging.specifiers import SpecifierSet

from tlhelpers import errors
from tlhelpers.setup import environment
from tlhelpers.setup.environment import State

ENSURE = "from tlhelpers.setup import environment; print('done:', environment.ensure())"

posix = pytest.mark.skipif(os.name == "nt", reason="signals and process groups of POSIX")


@pytest.fixture(autouse=True)
def _default_folder(monkeypatch):
    monkeypatch.delenv("TLHELPERS_VENV", raising=False)


@pytest.fixture
def course(tmp_path):
    root = tiny.course(tmp_path / tiny.UMLAUTS, "tinyone==1.0")
    for version in ("1.0", "2.0"):
        tiny.wheel(root / "wheels", "tinyone", version)
    return root


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    """One finished environment; a test that changes it puts it back."""
    root = tiny.course(tmp_path_factory.mktemp("made") / tiny.UMLAUTS, "tinyone==1.0")
    for version in ("1.0", "2.0"):
        tiny.wheel(root / "wheels", "tinyone", version)
    said: list[str] = []
    environment.ensure(said.append, root)
    return root, said


def state(root: Path) -> State:
    return environment.inspect(root / ".venv", environment.fingerprint(root))


def version(root: Path, folder: Path | None = None) -> str:
    code = "import tinyone, tlhelpers; print(tinyone.VERSION, tlhelpers.__file__)"
    python = environment.venv_python(root / ".venv")
    done = subprocess.run(
        [python, "-c", code],
        cwd=folder or root.parent,
        env=tiny.environ(),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    number, _, path = done.stdout.strip().partition(" ")
    assert Path(path) == root / "tlhelpers" / "__init__.py"
    return number


def test_first_setup_is_complete_in_a_folder_with_spaces_and_umlauts(complete):
    root, said = complete
    assert version(root) == "1.0"
    assert state(root) is State.READY
    assert "minutes" in " ".join(said)
    assert not (root / ".venv/temporary").exists()
    link = next((root / ".venv").rglob("tlhelpers.pth")).read_bytes()
    assert link.isascii()


def test_second_setup_does_nothing(complete):
    root, _ = complete
    pip = next((root / ".venv").rglob("site-packages/pip/__main__.py"))
    original = pip.read_bytes()
    pip.write_text("raise SystemExit('pip was started')")
    before = {path: path.lstat().st_mtime_ns for path in root.rglob("*")}
    said: list[str] = []
    try:
        assert environment.ensure(said.append, root) == environment.venv_python(root / ".venv")
        assert said == []
        assert {path: path.lstat().st_mtime_ns for path in root.rglob("*")} == before
        # The trap works: a set-up that needs pip does meet it.
        tiny.require(root, "tinyone==2.0")
        with pytest.raises(errors.CourseError, match="pip was started"):
            environment.ensure(said.append, root)
    finally:
        pip.write_bytes(original)
        tiny.require(root, "tinyone==1.0")
    assert state(root) is State.READY


def test_changed_requirements_are_installed_and_changed_back(complete):
    root, _ = complete
    for wanted in ("2.0", "1.0"):
        tiny.require(root, f"tinyone=={wanted}")
        assert state(root) is State.STALE
        environment.ensure(lambda line: None, root)
        assert version(root) == wanted
        assert state(root) is State.READY


def test_failing_update_keeps_the_old_environment(complete):
    root, _ = complete
    before = environment.read_stamp(root / ".venv")
    tiny.require(root, "tinyone==3.0")
    try:
        with pytest.raises(errors.CourseError, match=r"no pinned version.*Nothing was changed"):
            environment.ensure(lambda line: None, root)
        assert state(root) is State.STALE
    finally:
        tiny.require(root, "tinyone==1.0")
    assert environment.read_stamp(root / ".venv") == before
    assert state(root) is State.READY
    assert version(root) == "1.0"


def test_half_failed_update_matches_neither_set(complete, monkeypatch):
    root, _ = complete
    tiny.require(root, "tinyone==2.0")
    install = environment.install_packages
    monkeypatch.setattr(environment, "install_packages", lambda *args: install(*args) or "it broke")
    try:
        with pytest.raises(errors.CourseError, match=r"it broke.*already new"):
            environment.ensure(lambda line: None, root)
        assert state(root) is State.STALE
    finally:
        tiny.require(root, "tinyone==1.0")
        monkeypatch.undo()
    assert state(root) is State.STALE
    environment.ensure(lambda line: None, root)
    assert version(root) == "1.0"


@posix
def test_update_killed_at_the_last_moment_is_made_anew_though_its_python_is_gone(complete):
    root, _ = complete
    tiny.require(root, "tinyone==2.0")
    process = tiny.start(root, ENSURE)
    new = "lib/python3.*/site-packages/tinyone-2.0.dist-info"
    tiny.wait_for(lambda: any((root / ".venv").glob(new)), process)
    tiny.kill_group(process)  # all is installed, but nobody has said so yet
    assert state(root) is State.UNFINISHED
    for link in (root / ".venv/bin").glob("python*"):
        link.unlink()
        link.symlink_to("/nowhere/python3")
    tiny.require(root, "tinyone==1.0")
    said: list[str] = []
    environment.ensure(said.append, root)
    assert "half-made" in said[0]
    assert version(root) == "1.0"


def test_moved_course_and_missing_interpreter_are_noticed(complete):
    root, _ = complete
    moved = root.with_name("elsewhere")
    root.rename(moved)
    assert state(moved) is State.MOVED
    moved.rename(root)
    python = environment.venv_python(root / ".venv")
    kept = python.with_name("kept")
    python.rename(kept)
    assert state(root) is State.BROKEN
    kept.rename(python)
    stamp = environment.read_stamp(root / ".venv")
    environment.write_stamp(root / ".venv", {**stamp, "python": "3.10.1"})
    assert state(root) is State.BROKEN
    environment.write_stamp(root / ".venv", stamp)
    assert state(root) is State.READY


@posix
def test_killed_setup_is_made_anew_once_by_two_that_wait_for_its_orphan(course, tmp_path):
    process = tiny.start(course, ENSURE, TMPDIR=str(tmp_path))
    tiny.wait_for(lambda: any(tmp_path.glob("*/pip-*.whl")), process)
    os.kill(process.pid, signal.SIGKILL)  # its child, which is about to install pip, lives on
    assert state(course) is State.UNFINISHED
    other = tiny.start(course, ENSURE)
    said: list[str] = []
    environment.ensure(said.append, course)  # tries the lock before `other` has started
    said += other.communicate(timeout=100)[0].splitlines()
    process.communicate(timeout=60)
    assert other.returncode == 0
    assert "waiting" in said[0]
    assert sum("half-made" in line for line in said) == 1
    assert any("done:" in line for line in said)
    assert version(course) == "1.0"


def _own_folder(path: Path) -> None:
    path.mkdir()
    (path / "mine.txt").write_text("precious")


def _own_file(path: Path) -> None:
    path.write_text("precious")


def _own_link(path: Path) -> None:
    _own_folder(path.with_name("target"))
    path.symlink_to(path.with_name("target"), target_is_directory=True)


def _dangling_link(path: Path) -> None:
    path.symlink_to(path.with_name("unplugged disk"))


@pytest.mark.parametrize("make", [_own_folder, _own_file, _own_link, _dangling_link])
def test_a_strangers_environment_stays_untouched(course, make):
    make(course / ".venv")
    before = {path: path.lstat().st_mtime_ns for path in course.rglob("*")}
    with pytest.raises(errors.CourseError, match=r"not made by this course.*rename (it|the link)"):
        environment.ensure(lambda line: None, course)
    after = {path: path.lstat().st_mtime_ns for path in course.rglob("*")}
    after.pop(course / ".venv.lock")
    assert after == before


def test_empty_folder_counts_as_none(course):
    (course / ".venv").mkdir()
    assert state(course) is State.ABSENT


def test_making_anew_follows_no_link_out_of_the_folder(tmp_path):
    outside, venv = tmp_path / "outside", tmp_path / ".venv"
    outside.mkdir()
    (outside / "mine.txt").write_text("precious")
    (venv / "lib").mkdir(parents=True)
    (venv / "lib/away").symlink_to(outside, target_is_directory=True)
    (venv / "away").symlink_to(outside, target_is_directory=True)
    environment.claim_folder(venv)
    assert [path.name for path in venv.iterdir()] == [environment.MARKER]
    assert (outside / "mine.txt").read_text() == "precious"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"state": "complete"}'])
def test_damaged_stamp_is_never_taken_for_complete(tmp_path, text):
    environment.claim_folder(tmp_path / ".venv")
    (tmp_path / ".venv" / environment.STAMP).write_text(text)
    assert environment.inspect(tmp_path / ".venv", "0" * 64) is not State.READY


def test_missing_requirements_are_named(course):
    (course / "constraints.txt").unlink()
    with pytest.raises(errors.CourseError, match=r"constraints\.txt is missing"):
        environment.ensure(lambda line: None, course)


@pytest.mark.parametrize("version", ["3.11.0", "3.12.0", "3.13.0"])
def test_every_pin_can_be_installed_on_the_oldest_python_that_the_readme_promises(version):
    needs = {one.name: one.metadata.get("Requires-Python") for one in distributions()}
    assert len(needs) > 200  # what requirements.txt brings
    too_new = {
        name: need for name, need in needs.items() if need and version not in SpecifierSet(need)
    }
    assert not too_new


def test_missing_ensurepip_names_the_system_package(course, monkeypatch):
    find = environment.importlib.util.find_spec
    monkeypatch.setattr(
        environment.importlib.util,
        "find_spec",
        lambda name: None if name == "ensurepip" else find(name),
    )
    name = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    with pytest.raises(errors.CourseError, match=name):
        environment.ensure(lambda line: None, course)
    assert not (course / ".venv").exists()


def _free(monkeypatch, gigabytes):
    usage = shutil._ntuple_diskusage(10**12, 0, int(gigabytes * 1e9))
    monkeypatch.setattr(environment.shutil, "disk_usage", lambda path: usage)


@pytest.mark.parametrize(("gigabytes", "lines"), [(2, 1), (9, 0)])
def test_little_space_is_a_warning(tmp_path, monkeypatch, gigabytes, lines):
    _free(monkeypatch, gigabytes)
    said: list[str] = []
    environment.check_machine(tmp_path / ".venv", said.append)
    assert len(said) == lines


def test_no_space_is_refused_before_anything_is_made(course, monkeypatch):
    _free(monkeypatch, 0.4)
    with pytest.raises(errors.CourseError, match=r"0\.4 GB are free"):
        environment.ensure(lambda line: None, course)
    assert not (course / ".venv").exists()


@posix
def test_disk_that_fills_up_midway_is_named(course, small_disk, monkeypatch):
    monkeypatch.setenv("TLHELPERS_VENV", str(small_disk / "venv"))
    _free(monkeypatch, 50)
    with pytest.raises(errors.CourseError, match="no space left on the disk"):
        environment.ensure(lambda line: None, course)
    venv = small_disk / "venv"
    assert environment.inspect(venv, environment.fingerprint(course)) is State.UNFINISHED


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "small disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=12k", "tmpfs", str(folder)]
    if os.name == "nt" or os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root may make a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_programs_in_the_environment_meet_no_hazards(tmp_path, monkeypatch):
    hazards = {"PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "JUPYTER_PATH", "JUPYTER_CONFIG_PATH"}
    for name in hazards:
        monkeypatch.setenv(name, "astray")
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.delenv("TRANSFORMERS_OFFLINE", raising=False)
    variables = environment.child_environment(tmp_path)
    assert not hazards & set(variables)
    assert variables["HF_HUB_OFFLINE"] == "0"
    assert variables["TRANSFORMERS_OFFLINE"] == variables["PYTHONUTF8"] == "1"
    programs = str(environment.venv_python(tmp_path).parent)
    assert variables["PATH"].split(os.pathsep)[0] == programs
