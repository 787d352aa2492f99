"""The whole course in one folder: what is in it, and that it starts without any network."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import tiny
from test_torch_build import _Quiet
from tiny_bundle import MAKE, alone, bundle, copy_of, course, flip, made, own_kind, refused, relist
from tiny_faults import QUICKLY, posix, run, versions, with_mounts

from tlhelpers import errors
from tlhelpers.setup.bundle import (
    beside,
    checking,
    copying,
    course_files,
    make,
    manifest,
    target,
    wheels,
)
from tlhelpers.setup.bundle.target import Target


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return course(tmp_path_factory.mktemp("source") / tiny.UMLAUTS)


@pytest.fixture(scope="module")
def whole(root, tmp_path_factory):
    """A finished bundle, and what was said while it was made."""
    out = tmp_path_factory.mktemp("made") / "the bundle é"
    return out, made(root, out)


def names(folder: Path) -> set[str]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix() for path in paths}


# What is in it ---------------------------------------------------------------------------


def test_every_file_stands_in_its_list_with_its_hash(whole):
    out, said = whole
    listed = json.loads((out / "bundle.json").read_text())
    assert {key: listed[key] for key in own_kind()} == own_kind()
    assert set(listed["files"]) == names(out) - {"bundle.json", ".lock"}
    for name, one in listed["files"].items():
        data = (out / name).read_bytes()
        assert one == {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}, name
    assert hashlib.sha256((out / "bundle.json").read_bytes()).hexdigest() in said


def test_it_holds_the_course_what_it_needs_and_nothing_of_its_learner(whole, root):
    out, _ = whole
    there = names(out)
    wheels = {name for name in there if name.startswith("wheels/")}
    assert wheels == {f"wheels/{name}-1.0-py3-none-any.whl" for name in ("tinyone", "jupyterlab")}
    code = {f"course/tlhelpers/{name}" for name in names(root / "tlhelpers")}
    assert code <= there
    assert "course/data/cache/tinydata-1.0-py3-none-any.whl" in there
    assert "course/notebooks/00_start_here.ipynb" in there
    tops = {name.split("/")[1] for name in there if name.startswith("course/")}
    assert tops == {"tlhelpers", "notebooks", "data", "requirements.txt", "constraints.txt"} | {
        "bundle.txt"
    }
    assert not [name for name in there if "__pycache__" in name or "cache/features" in name]


def test_archives_are_not_held_twice_on_one_disk(whole, root):
    ours = whole[0] / "course/data/cache/tinydata-1.0-py3-none-any.whl"
    assert ours.samefile(root / "data/cache/tinydata-1.0-py3-none-any.whl")


def test_the_text_on_top_says_what_to_do(whole):
    text = (whole[0] / "READ-ME-FIRST.txt").read_text(encoding="utf-8")
    python = own_kind()["python"]
    wanted = [f"Python {python}", f"python{python} -m tlhelpers lab", "--copy-to", "--check"]
    assert not [line for line in wanted if line not in text]
    assert max(map(len, text.splitlines())) <= 90


def test_with_git_what_it_tracks_is_the_course(tmp_path):
    for name in ("README.md", "new.txt", "tlhelpers/a.py", "own/é.txt", ".gitignore"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert course_files.course_files(tmp_path) == [".gitignore", "README.md", "tlhelpers/a.py"]
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "README.md", "own"], cwd=tmp_path, check=True)
    assert course_files.course_files(tmp_path) == ["README.md", "own/é.txt"]
    (tmp_path / "README.md").unlink()
    assert course_files.course_files(tmp_path) == ["own/é.txt"]


def test_a_link_in_the_course_is_refused(tmp_path):
    (tmp_path / "README.md").symlink_to("/etc/hostname")
    with pytest.raises(errors.CourseError, match=r"README\.md is a link"):
        course_files.course_files(tmp_path)


def test_what_lies_on_top_of_the_repository_is_known_by_name():
    listing = subprocess.run(["git", "ls-files"], cwd=tiny.ROOT, capture_output=True, text=True)
    if listing.returncode:
        pytest.skip("not a git checkout")
    tops = {name.partition("/")[0] for name in listing.stdout.splitlines()}
    assert tops == set(course_files.TOP)


# Making it -------------------------------------------------------------------------------


def test_a_finished_one_is_told_so_and_one_of_another_course_is_refused(whole, root, tmp_path):
    out = copy_of(whole[0], tmp_path / "b")
    before = {name: (out / name).stat().st_mtime_ns for name in names(out)}
    (out / ".DS_Store").touch()
    assert "2 wheels" in made(root, out)
    (out / ".DS_Store").unlink()
    assert {name: (out / name).stat().st_mtime_ns for name in names(out)} == before
    for change in ({"requirements": "other"}, {"torch": "other"}, {"python": "3.10"}):
        relist(out, **change)
        assert "a bundle for other machines" in refused(bundle(root, out))
        shutil.copy(whole[0] / "bundle.json", out)
    notebook = root / "notebooks/00_start_here.ipynb"
    notebook.write_text("{ }")
    try:
        assert "of another state of the course" in refused(bundle(root, out))
    finally:
        notebook.write_text("{}")
    (out / "READ-ME-FIRST.txt").unlink()
    assert "(READ-ME-FIRST.txt is missing): name a new folder" in refused(bundle(root, out))


@pytest.mark.parametrize("kind", ["file", "folder", "strange beside"])
def test_a_place_with_something_else_in_it_is_refused_and_stays(whole, root, tmp_path, kind):
    out = tmp_path / "b"
    if kind == "file":
        out.write_text("precious")
    elif kind == "folder":
        out.mkdir()
        (out / "precious").write_text("precious")
    else:
        copy_of(whole[0], out)
        (out / "thesis.txt").write_text("precious")
    before = names(out)
    assert "holds something else than a bundle" in refused(bundle(root, out))
    assert names(out) == before


@posix
def test_one_that_was_killed_goes_on(root, tmp_path):
    out = tmp_path / "b"
    slowly = f"from tlhelpers.setup.bundle import wheels; wheels._CHUNK = 1; {MAKE}"
    process = subprocess.Popen(
        [sys.executable, "-c", slowly, str(out)],
        cwd=root,
        env=tiny.environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        start_new_session=True,
    )
    tiny.wait_for(lambda: list(out.glob("wheels/*.whl")), process)
    tiny.kill_group(process)
    (first,) = out.glob("wheels/*.whl")
    assert manifest.read(out).state == "unfinished"
    assert "was never finished" in run(root, "bundle", "--check", str(out)).stdout
    moment = first.stat().st_mtime_ns
    assert "1 wheels are here already" in made(root, out)
    assert first.stat().st_mtime_ns == moment
    assert checking.report(out, lambda line: None) == 0


def test_what_lies_among_the_wheels_is_trusted_only_if_it_is_whole(whole, root, tmp_path):
    out = copy_of(whole[0], tmp_path / "b")
    first, second = sorted(out.glob("wheels/*.whl"))
    flip(first)
    said: list[str] = []
    collector = wheels.Collector(root, root / ".venv", out, said.append)
    collector._keep_what_is_whole()
    assert said == ["1 wheels are here already."]
    assert not first.exists() and list(manifest.read(out).wheels) == [f"wheels/{second.name}"]
    tiny.wheel(out / "wheels", "stranger", "1.0")
    with pytest.raises(errors.CourseError, match=r"stranger-1\.0.* was not brought by an earlier"):
        collector._keep_what_is_whole()


def test_each_pin_without_a_wheel_is_named(root, tmp_path):
    copy = tmp_path / "c"
    shutil.copytree(root, copy, ignore=shutil.ignore_patterns(".venv"))
    tiny.require(copy, "gone==3.1", "lost==0.2")
    # The environment of another copy: this test is not about setting up.
    other = ["--platform", "windows", "--python", "3.12"]
    code = f"from tlhelpers.setup import environment; from pathlib import Path; \
        environment.ensure = lambda echo: Path(sys.executable); {MAKE}"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}", str(tmp_path / "b"), *other],
        cwd=copy,
        env=tiny.environ(TLHELPERS_VENV=str(root / ".venv")),
        capture_output=True,
        encoding="utf-8",
    )
    told = refused(done)
    assert "no wheel for Windows AMD64, Python 3.12 of gone==3.1, lost==0.2, so" in told
    assert manifest.read(tmp_path / "b").state == "unfinished"


def wheel_for(folder: Path, name: str, tag: str, *needs: str) -> None:
    """A wheel with a tag and needs of its own."""
    path = tiny.wheel(folder / "made", name, "1.0")
    card = f"{name}-1.0.dist-info/METADATA"
    with zipfile.ZipFile(path) as archive:
        held = {member: archive.read(member) for member in archive.namelist()}
    path.unlink()
    held[card] += "".join(f"Requires-Dist: {need}\n" for need in needs).encode()
    with zipfile.ZipFile(folder / f"{name}-1.0-{tag}.whl", "w") as archive:
        for member, data in held.items():
            archive.writestr(member, data)


def test_for_another_system_its_own_wheels_and_conditions_count(root, tmp_path):
    there = root / "wheels"
    conditions = "winonly; sys_platform == 'win32'", "maconly; sys_platform == 'darwin'"
    late = "oldonly; python_version < '3.12'", "more[part]; platform_machine == 'AMD64'"
    wheel_for(there, "tinyone", "cp312-cp312-win_amd64", *conditions, *late)
    wheel_for(there, "winonly", "py3-none-any")
    wheel_for(there, "more", "py3-none-any", "extraone; extra == 'part'", "other; extra == 'no'")
    wheel_for(there, "extraone", "cp310-abi3-win_amd64")
    (there / "tinyone-1.0-py3-none-any.whl").rename(root / "kept.whl")
    try:
        made(root, tmp_path / "b", "--platform", "windows", "--python", "3.12")
    finally:
        (root / "kept.whl").rename(there / "tinyone-1.0-py3-none-any.whl")
        for path in there.glob("*-1.0-c*.whl"):
            path.unlink()
    listing = manifest.read(tmp_path / "b")
    found = {name.partition("/")[2].partition("-")[0] for name in listing.wheels}
    assert found == {"tinyone", "jupyterlab", "winonly", "more", "extraone"}
    assert (listing.system, listing.machine, listing.python) == ("windows", "AMD64", "3.12")
    assert "py -3.12 -m tlhelpers lab" in (tmp_path / "b/READ-ME-FIRST.txt").read_text()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a choice on Linux only")
def test_the_cpu_build_comes_from_its_own_index_and_all_else_does_not(root, tmp_path):
    import http.server
    import threading
    from functools import partial

    for name, version in (("torch", "1.0+cpu"), ("tinyone", "1.0+cpu")):
        tiny.wheel(tmp_path / "index" / name, name, version)
    tiny.wheel(root / "wheels", "torch", "1.0")
    handler = partial(_Quiet, directory=str(tmp_path / "index"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    index = f"http://127.0.0.1:{server.server_port}"
    before = (root / "requirements.txt").read_text()
    tiny.require(root, "torch==1.0", "tinyone==1.0", "jupyterlab==1.0")
    # What is installed is another set: this test is not about setting up.
    code = (
        f"from tlhelpers.setup import environment, torch_build; torch_build.CPU_INDEX = {index!r}; \
        environment.ensure = lambda echo: environment.venv_python(environment.venv_dir()); {MAKE}"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "b"), "--torch", "cpu"],
            cwd=root,
            env=tiny.environ(),
            capture_output=True,
            encoding="utf-8",
        )
    finally:
        server.shutdown()
        server.server_close()
        (root / "requirements.txt").write_text(before)
    assert done.returncode == 0, done
    listing = manifest.read(tmp_path / "b")
    wheels = {name.partition("/")[2].removesuffix("-py3-none-any.whl") for name in listing.wheels}
    assert wheels == {"torch-1.0+cpu", "tinyone-1.0", "jupyterlab-1.0"}
    assert listing.torch == "cpu"


def test_a_small_disk_is_told_before_anything_is_made(monkeypatch, tmp_path):
    usage = shutil._ntuple_diskusage(10**12, 0, int(0.3e9))
    monkeypatch.setattr(copying.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(errors.CourseError, match=r"only 0\.3 GB are free in .* takes \d\.\d GB"):
        make.make(tmp_path / "new/b", Target("windows", "AMD64", "3.12"))
    assert not (tmp_path / "new").exists()


def test_a_zip_holds_the_same_and_is_checked_as_it_is(whole, root, tmp_path):
    out = copy_of(whole[0], tmp_path / "b")
    (out / "course/work").mkdir()
    (out / "course/work/mine.ipynb").write_text("precious")
    said = made(root, out, "--zip")
    assert str(out) + ".zip" in said
    assert names(out) == {"course/work/mine.ipynb"}
    shutil.rmtree(out)
    done = run(root, "bundle", "--check", f"{out}.zip")
    hashed = hashlib.sha256((whole[0] / "bundle.json").read_bytes()).hexdigest()
    assert done.returncode == 0 and hashed in done.stdout and hashed in said
    with zipfile.ZipFile(f"{out}.zip") as archive:
        assert {name.partition("/")[0] for name in archive.namelist()} == {"b"}
        where = archive.getinfo("b/wheels/tinyone-1.0-py3-none-any.whl").header_offset
        assert {name[2:] for name in archive.namelist()} == names(whole[0]) - {".lock"}
    assert "is there already" in refused(bundle(root, out, "--zip"))
    data = bytearray(Path(f"{out}.zip").read_bytes())
    data[where + 200] ^= 1
    Path(f"{out}.zip").write_bytes(data)
    done = run(root, "bundle", "--check", f"{out}.zip")
    assert done.returncode == 1
    assert "damaged: wheels/tinyone-1.0-py3-none-any.whl" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [[], ["x", "--check", "y"], ["--check", "x", "--zip"], ["--copy-to", "x", "--python", "3.12"]],
    ids=" ".join,
)
def test_what_does_not_go_together_is_one_line(root, arguments):
    assert "bundle OUT" in refused(run(root, "bundle", *arguments))


def test_the_switch_for_torch_is_for_linux(root, tmp_path):
    told = refused(bundle(root, tmp_path / "b", "--platform", "macos", "--torch", "cpu"))
    assert "--torch is for Linux" in told


def test_a_copy_of_the_course_that_came_in_no_bundle_is_not_copied_out_of_one(root, tmp_path):
    assert "did not come in a bundle" in refused(
        run(root, "bundle", "--copy-to", str(tmp_path / "x"))
    )


# For which machines ----------------------------------------------------------------------


def test_the_oldest_system_is_read_off_the_names_of_wheels():
    for names_of_wheels, least in [
        (["a-1-py3-none-any.whl", "b-1-cp312-cp312-win_amd64.whl"], ""),
        (["a-1-cp3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl"], "glibc 2.17"),
        (["a-1-cp3-none-manylinux_2_28_x86_64.whl", "b-1-x-manylinux1_x86_64.whl"], "glibc 2.28"),
        (["a-1-cp3-none-manylinux_2_12_x86_64.manylinux2014_x86_64.whl"], "glibc 2.12"),
        (["a-1-cp3-none-macosx_11_0_arm64.whl", "b-1-x-macosx_10_9_universal2.whl"], "macOS 11.0"),
    ]:
        assert target.least_system(names_of_wheels) == least, names_of_wheels


def test_an_older_system_is_seen(monkeypatch):
    monkeypatch.setattr(target.platform, "libc_ver", lambda: ("glibc", "2.9"))
    monkeypatch.setattr(target.platform, "mac_ver", lambda: ("13.6.1", ("", "", ""), "arm64"))
    assert target.is_older("glibc 2.28") == "glibc 2.9"
    assert target.is_older("macOS 14.0") == "macOS 13.6.1"
    assert target.is_older("glibc 2.5") == target.is_older("macOS 11.0") == ""
    assert target.is_older("") == target.is_older("glibc 3") or target.is_older("glibc 3")


def test_wheels_for_the_oldest_system_come_first():
    tags = Target("linux", "x86_64", "3.12").tags()
    assert tags[0] == "manylinux_2_28_x86_64"
    assert tags.index("manylinux_2_5_x86_64") < tags.index("manylinux_2_29_x86_64")
    assert {"manylinux2014_x86_64", "linux_x86_64"} <= set(tags)
    assert Target("windows", "AMD64", "3.12").tags() == ["win_amd64"]
    with pytest.raises(errors.CourseError, match="linux, macos, windows"):
        target.choose("amiga", None)


# Starting from it ------------------------------------------------------------------------


def started(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess:
    """A start of the course where there is no network, no home, and no index for pip."""
    home = folder.parent / "home"
    home.mkdir(exist_ok=True)
    places = {"HOME": str(home), "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    return subprocess.run(
        [*alone(), sys.executable, "-m", "tlhelpers", *arguments],
        cwd=folder,
        env=tiny.environ(**places, **variables),
        capture_output=True,
        encoding="utf-8",
        timeout=100,
    )


def test_the_lab_opens_from_it_without_any_network(whole, tmp_path):
    """The real way: nothing is exchanged but the packages, which are tiny."""
    folder = copy_of(whole[0], tmp_path / "on another disk")
    (folder / "course/data/cache/tinydata-1.0-py3-none-any.whl").rename(tmp_path / "kept.whl")
    (tmp_path / "kept.whl").rename(folder / "course/data/cache/tinydata-1.0-py3-none-any.whl")
    done = started(folder / "course", "lab", "--no-browser")
    assert done.returncode == 0, done
    assert "Checking the bundle" in done.stdout
    assert f"the lab is open: {folder / 'course'} 1.0" in done.stdout
    assert "cut off: " in done.stdout
    assert versions(folder / "course") == {"tinyone": "1.0"}
    # In use it is still as it was made, and a second start asks for nothing of it.
    assert run(folder / "course", "bundle", "--check", "..").returncode == 0
    assert "files as listed" in run(folder / "course", "doctor").stdout
    (folder / "wheels").rename(tmp_path / "gone")
    (folder / "bundle.json").rename(tmp_path / "gone.json")
    again = started(folder / "course", "lab", "--no-browser")
    assert again.returncode == 0 and "Checking" not in again.stdout
    assert "put it there (the stick, say)" in run(folder / "course", "doctor").stdout


def test_from_a_closed_stick_the_course_is_copied_and_starts_there(whole, tmp_path):
    stick, disk = copy_of(whole[0], tmp_path / "stick"), tmp_path / "disk" / tiny.UMLAUTS
    script = f"""
        closed '{stick}'; cd '{stick}/course'
        course fetch || course bundle --copy-to '{disk}'
        cd '{disk}'
        "$PYTHON" -c "$QUICKLY"
    """
    done = with_mounts(script, PIP_NO_INDEX="1", QUICKLY=QUICKLY)
    assert done.returncode == 0, done
    assert "Read-only file system): run `python3 -m tlhelpers bundle --copy-to" in done.stderr
    assert "must stay in" in done.stdout and "The environment is complete." in done.stdout
    assert versions(disk) == {"tinyone": "1.0"}
    assert names(disk / "notebooks") == {"00_start_here.ipynb"}


def test_copying_goes_on_and_overwrites_nothing(whole, tmp_path):
    folder = copy_of(whole[0], tmp_path / "stick") / "course"
    disk, copy = tmp_path / "disk", ("bundle", "--copy-to", str(tmp_path / "disk"))
    assert run(folder, *copy).returncode == 0
    assert {**tree(disk), "bundle.txt": b""} == {**tree(folder), "bundle.txt": b""}
    (disk / "notebooks/00_start_here.ipynb").unlink()
    (disk / "work").mkdir()
    assert run(folder, *copy).returncode == 0
    assert tree(disk)["notebooks/00_start_here.ipynb"] == b"{}"
    (disk / "notebooks/00_start_here.ipynb").write_text("my own")
    assert "is there with other content" in refused(run(folder, *copy))
    assert (disk / "notebooks/00_start_here.ipynb").read_text() == "my own"
    assert "is there already" in refused(run(folder, *copy[:2], str(disk / "notebooks")))
    assert "lies in the bundle" in refused(run(folder, *copy[:2], str(folder.parent / "x")))
    flip(folder / "notebooks/00_start_here.ipynb")
    told = refused(run(folder, *copy[:2], str(tmp_path / "other")))
    assert f"{folder}/notebooks/00_start_here.ipynb is damaged: copy it again" in told
    assert not (tmp_path / "other/notebooks").exists()


def tree(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in names(folder)}


def test_data_come_out_of_it_into_another_cache(whole, tmp_path, monkeypatch):
    from tlhelpers.setup import fetching, pins

    folder = copy_of(whole[0], tmp_path / "b") / "course"
    pin = "tinydata", "1.0", tiny.digest(folder / "data/cache/tinydata-1.0-py3-none-any.whl")
    monkeypatch.setattr(fetching, "repo_root", lambda: folder)
    monkeypatch.setattr(fetching, "packages", lambda: [pins.Package(*pin)])
    monkeypatch.setenv("TLHELPERS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TLHELPERS_OFFLINE", "1")
    (tmp_path / "cache").mkdir()
    damaged = tmp_path / "cache/tinydata-1.0-py3-none-any.whl"
    damaged.write_bytes(b"damaged")
    fetching.fetch(Path("no python"), lambda line: None)
    assert tiny.digest(damaged) == pin[2]
    damaged.unlink()
    flip(folder / "data/cache/tinydata-1.0-py3-none-any.whl")
    with pytest.raises(
        errors.CourseError, match=r"tinydata-1\.0-py3-none-any\.whl is damaged: copy"
    ):
        fetching.fetch(Path("no python"), lambda line: None)
    left = {".verified.json", "fetch.lock", "tinydata-1.0-py3-none-any.whl.damaged"}
    assert names(tmp_path / "cache") == left


def test_a_bundle_is_not_made_of_one(whole, tmp_path):
    folder = copy_of(whole[0], tmp_path / "b") / "course"
    assert "came from a bundle: copy that one" in refused(bundle(folder, tmp_path / "c"))


def test_nobody_is_asked_for_a_build_of_torch(whole, monkeypatch):
    from tlhelpers.setup import environment, launcher

    asked: list[str | None] = []
    monkeypatch.setattr(launcher, "repo_root", lambda: whole[0] / "course")
    monkeypatch.setattr(launcher.torch_build, "choose", lambda *any: pytest.fail("it was asked"))
    monkeypatch.setattr(environment, "ensure", lambda torch: asked.append(torch) or Path("p"))
    monkeypatch.setattr(launcher.fetching, "fetch", lambda python: None)
    monkeypatch.setattr(launcher.working_copy, "make_working_copy", lambda echo: Path("/nowhere"))
    with pytest.raises(errors.CourseError, match="is missing"):
        launcher.lab("localhost", None, False)
    assert asked == [None]


def test_a_disk_without_links_is_told(tmp_path, monkeypatch):
    def none(self, target):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "symlink_to", none)
    assert (
        beside._why_no_environment(tmp_path) == "its disk knows no links: Operation not permitted"
    )
    monkeypatch.undo()
    assert beside._why_no_environment(tmp_path) == ""
    assert list(tmp_path.iterdir()) == []
