"""What would lead a set-up astray: links to other copies, pip told other things, pip that lies."""

from __future__ import annotations

import subprocess
import zipfile

import pytest
import tiny
from tiny_faults import (
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

from tlhelpers.setup import environment, installer, packages
from tlhelpers.setup.environment import State


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return finished(tmp_path_factory.mktemp("original") / tiny.UMLAUTS)


@pytest.fixture
def course(original, tmp_path):
    return twin(original, tmp_path / tiny.UMLAUTS)


@pytest.fixture
def copy(tmp_path):
    """Another copy of the course, without an environment."""
    root = tiny.course(tmp_path / "copy", "tinyone==2.0")
    tiny.wheel(root / "wheels", "tinyone", "2.0")
    return root


# Links -----------------------------------------------------------------------------------


@posix
@pytest.mark.parametrize("kind", ["whole", "half-made", "broken"])
def test_a_linked_environment_of_another_copy_is_refused_and_stays(course, copy, kind):
    (copy / ".venv").symlink_to(course / ".venv", target_is_directory=True)
    if kind == "half-made":
        environment.write_stamp(course / ".venv", {"state": "updating"})
    elif kind == "broken":
        environment.venv_python(course / ".venv").unlink()
    before = tree(course / ".venv")
    told = sentence(run(copy, "build"))
    assert f"{copy / '.venv'} is a link to {course / '.venv'}" in told
    assert "stays untouched" in told and "TLHELPERS_VENV" in told
    assert tree(course / ".venv") == before
    assert (copy / ".venv").is_symlink()
    done = run(copy, "doctor")
    assert "a link to another folder" in done.stdout and "rename it" in done.stdout
    assert tree(course / ".venv") == before


@posix
def test_an_environment_whose_packages_are_a_link_is_not_written_to(course, tmp_path):
    (site_packages,) = (course / ".venv").glob("lib/python3.*/site-packages")
    others = tmp_path / "site-packages of another"
    site_packages.rename(others)
    site_packages.symlink_to(others, target_is_directory=True)
    before = tree(others)
    tiny.require(course, "tinyone==2.0")
    told = sentence(run(course, "fetch"))
    assert f"{site_packages} leads out of" in told
    assert tree(others) == before


@posix
def test_a_marker_and_a_stamp_that_are_links_are_not_written_through(tmp_path):
    own = tmp_path / "own.txt"
    own.write_text("precious")
    venv = tmp_path / ".venv"
    venv.mkdir()
    for name in (environment.MARKER, environment.STAMP, "temporary", "lib"):
        (venv / name).symlink_to(own)
    environment.claim_folder(venv)
    environment.write_stamp(venv, {"state": "complete"})
    assert own.read_text() == "precious"
    assert sorted(path.name for path in venv.iterdir()) == [environment.MARKER, environment.STAMP]


@posix
@pytest.mark.parametrize("name", ["TLHELPERS_WORK", "TLHELPERS_CACHE"])
def test_an_environment_that_holds_the_learners_work_is_not_emptied(course, name):
    own = course / ".venv/mine/lesson.ipynb"
    own.parent.mkdir()
    own.write_text("precious")
    environment.write_stamp(course / ".venv", {"state": "updating"})
    told = sentence(run(course, "build", **{name: str(own.parent)}))
    assert f"{own.parent} (" in told and "lies in the environment" in told
    assert own.read_text() == "precious"


def test_two_copies_that_share_an_environment_each_run_their_own_code(course, copy, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    code = "import tlhelpers; print(tlhelpers.__file__)"
    for root in (course, copy):
        monkeypatch.setattr(environment, "repo_root", lambda root=root: root)
        variables = environment.child_environment(course / ".venv")
        python = environment.venv_python(course / ".venv")
        done = subprocess.run([python, "-c", code], env=variables, cwd="/", capture_output=True)
        assert done.stdout.decode().strip() == str(root / "tlhelpers/__init__.py")
    assert variables["PYTHONPATH"] == str(copy)


# What pip was told elsewhere ---------------------------------------------------------------


def hostile(folder):
    """Options that send packages elsewhere, or take some away, or none."""
    return {
        "target": str(folder / "target"),
        "prefix": str(folder / "prefix"),
        "root": str(folder / "root"),
        "no-deps": "1",
        "require-hashes": "1",
        "dry-run": "1",
        "constraint": str(folder / "no-such-file.txt"),
        "no-binary": ":all:",
        "quiet": "3",
        "log": str(folder / "pip.log"),
    }


def need(course):
    """Two wheels more, of which one needs the other."""
    need = {"tinytwo-1.0.dist-info/METADATA": b"Requires-Dist: tinyone==2.0\n"}
    tiny.wheel(course / "wheels", "tinytwo", "1.0")
    path = course / "wheels/tinytwo-1.0-py3-none-any.whl"
    rewrite(path, need)
    tiny.require(course, "tinytwo==1.0")


def rewrite(wheel, more):
    """Add lines to the end of files of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, data in held.items():
            archive.writestr(name, data + more.get(name, b""))


def test_a_hostile_file_of_pip_leads_nothing_astray_but_its_index_counts(course, tmp_path):
    need(course)
    options = hostile(tmp_path)
    lines = [f"{name} = {value}" for name, value in options.items() if name not in ("quiet", "log")]
    text = (course / "requirements.txt").read_text()
    text = text.replace("--no-index", "").replace("--find-links wheels", "")
    (course / "requirements.txt").write_text(text)
    with index(course / "wheels") as (site, asked):
        common = ["[global]", f"proxy = {site}", "index-url = http://index.invalid/simple"]
        common += ["trusted-host = index.invalid", "quiet = 3", f"log = {tmp_path / 'pip.log'}"]
        file = tmp_path / "pip.conf"
        file.write_text("\n".join([*common, "[install]", *lines, ""]), encoding="utf-8")
        variables = over_the_net("", tmp_path / "cache") | {"PIP_CONFIG_FILE": str(file)}
        del variables["PIP_INDEX_URL"]
        done = run(course, "fetch", no_proxy="", NO_PROXY="", **variables)
    assert done.returncode == 0, done
    assert versions(course) == {"tinyone": "2.0", "tinytwo": "1.0"}
    assert "/simple/tinytwo/" in asked
    assert not any((tmp_path / name).exists() for name in ("target", "prefix", "root"))


def test_hostile_variables_of_pip_lead_nothing_astray(course, tmp_path):
    need(course)
    options = hostile(tmp_path).items()
    variables = {f"PIP_{name.upper().replace('-', '_')}": value for name, value in options}
    done = run(course, "fetch", **variables)
    assert done.returncode == 0, done
    assert versions(course) == {"tinyone": "2.0", "tinytwo": "1.0"}
    assert not any((tmp_path / name).exists() for name in ("target", "prefix", "root"))


def test_a_file_of_pip_that_cannot_be_read_is_named_and_changes_nothing(course, tmp_path):
    (tmp_path / "pip.conf").write_text("no section\n")
    before = tree(course / ".venv")
    tiny.require(course, "tinyone==2.0")
    told = sentence(run(course, "fetch", PIP_CONFIG_FILE=str(tmp_path / "pip.conf")))
    assert "pip's configuration could not be read" in told
    assert str(tmp_path / "pip.conf") in told and "Nothing was changed" in told
    assert tree(course / ".venv") == before


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        *((name, True) for name in ("INDEX_URL", "PROXY", "CERT", "CONFIG_FILE")),
        *((name, False) for name in ("TARGET", "NO_DEPS", "REQUIRE_HASHES", "ANYTHING_NEW")),
    ],
)
def test_of_pips_variables_only_those_about_the_index_are_kept(monkeypatch, name, kept):
    monkeypatch.setenv(f"PIP_{name}", "value")
    assert (f"PIP_{name}" in installer.clean_environment()) is kept
    monkeypatch.setenv("PIPELINE", "value")
    assert "PIPELINE" in installer.clean_environment()


def test_a_pip_that_installs_nothing_and_says_it_did_is_found_out(course):
    (lie,) = (course / ".venv").rglob("site-packages/pip/__main__.py")
    lie.unlink()
    lie.write_text("raise SystemExit(0)")
    tiny.require(course, "tinyone==2.0")
    done = run(course, "fetch")
    told = sentence(done)
    assert "tinyone is 1.0, but ==2.0 is wanted" in told and "Nothing was changed" in told
    assert "The environment is up to date." not in done.stdout
    assert state(course) is State.STALE


# Whether the packages are there -----------------------------------------------------------


@pytest.fixture
def installed(course):
    """The folder of packages of an environment, and a function that asks what is wrong there."""
    (site_packages,) = (course / ".venv").glob("lib/python3.*/site-packages")
    python = environment.venv_python(course / ".venv")

    def ask(requirements, constraints=""):
        (course / "requirements.txt").write_text("-c constraints.txt\n" + requirements)
        (course / "constraints.txt").write_text(constraints)
        return packages.look(python, course, deep=True)

    return site_packages, ask


def put(site_packages, name, version, *needs):
    info = site_packages / f"{name}-{version}.dist-info"
    info.mkdir()
    lines = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {need}" for need in needs)]
    (info / "METADATA").write_text("\n".join(["Metadata-Version: 2.1", *lines, ""]))


def test_each_pin_is_looked_for_through_all_that_is_needed(installed):
    site_packages, ask = installed
    put(site_packages, "needy", "1.0", "TinyOne>=1", "gone>1; extra == 'more'", "x; os_name=='?'")
    put(site_packages, "torch", "2.0+cpu", "tinyone")
    absent = "needed by needy"
    for requirements, constraints, faults in [
        ("tinyone==1.0\ntorch==2.0\nneedy==1.0 # why\n", "", {}),
        ("torch==2.0\n", "tinyone==1.0\nnever-needed==3.0\n", {}),
        ("nowhere==1 ; python_version < '3'\n", "", {}),
        ("tinyone==2.0\n", "", {"tinyone": "tinyone is 1.0, but ==2.0 is wanted"}),
        ("absent==1\n", "", {"absent": "absent==1 is missing"}),
        ("needy[more]==1.0\n", "gone==2\n", {"gone": f"gone==2 is missing ({absent})"}),
        ("needy[more]==1.0\n", "", {"gone": f"gone>1 is missing ({absent})"}),
        ("torch\n", "tinyone==3\n", {"tinyone": "tinyone is 1.0, but ==3 is wanted"}),
    ]:
        found = ask(requirements, constraints)
        told = {
            name: fault.removesuffix(" (needed by torch)")
            for name, fault in found["faults"].items()
        }
        assert told == faults, requirements
        assert found["lacking"] == {}


def test_files_that_were_lost_are_found_by_the_doctor(installed, course):
    site_packages, ask = installed
    (site_packages / "tinyone/__init__.py").unlink()
    assert ask("tinyone==1.0\n")["lacking"] == {"tinyone": "has lost tinyone/__init__.py"}
    done = run(course, "doctor")
    assert "has lost tinyone/__init__.py" in done.stdout
    assert "--force-reinstall --no-deps -c constraints.txt tinyone`" in done.stdout


def test_the_doctor_tries_to_write_wherever_the_course_will(course, tmp_path):
    for name in ("work", "home"):
        (tmp_path / name).mkdir()
    script = f"""
        cd '{tmp_path}'; closed work; closed home; closed '{course / "data/cache"}'
        cd '{course}'; course doctor
    """
    folders = {"TLHELPERS_WORK": str(tmp_path / "work"), "HOME": str(tmp_path / "home")}
    done = with_mounts(script, **folders)
    told = [line for line in done.stdout.splitlines() if "write to" in line]
    assert [line.split()[0] for line in told] == ["wrong", "note", "note"], done
    assert all("not possible: Read-only file system" in line for line in told)
    assert all(name in line for name, line in zip(("WORK", "CACHE", "lab"), told, strict=True))
    assert done.returncode == 1
    well = run(course, "doctor", HOME=str(tmp_path / "home"))
    assert well.stdout.count("possible (") == 3, well
    assert list((tmp_path / "home").iterdir()) == []
