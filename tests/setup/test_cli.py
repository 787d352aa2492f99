"""The command line: clear one-line errors, real children, real signals."""

from __future__ import annotations

import ast
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import tiny

from tlhelpers import __main__ as cli
from tlhelpers import __version__, errors
from tlhelpers.setup import doctor, environment, fetching, launcher

posix = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")

START = "import sys; from tlhelpers.__main__ import main; sys.exit(main(['fetch']))"

# Stands in for JupyterLab, pytest and the course's own modules: tells how it was called.
TELLTALE = b"""
import json, os, sys
names = ("PATH", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "PYTHONUTF8", "PYTHONPATH",
         "OMP_WAIT_POLICY", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_")
print("told:" + json.dumps({
    "module": __spec__.name, "arguments": sys.argv[1:], "cwd": os.getcwd(),
    "variables": {name: os.environ.get(name) for name in names},
}))
sys.exit(7)
"""


def run(
    root: Path, *arguments: str, python: str = sys.executable, **variables: str
) -> subprocess.CompletedProcess:
    return subprocess.run(
        [python, "-m", "tlhelpers", *arguments],
        cwd=root,
        env=tiny.environ(**variables),
        capture_output=True,
        encoding="utf-8",
        timeout=100,
    )


def only_line(done: subprocess.CompletedProcess) -> str:
    """The one line of an error; anything more, a traceback say, fails."""
    assert done.returncode == 1, done
    (line,) = done.stderr.splitlines()
    assert line.startswith("tlhelpers: ")
    return line


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A finished course whose programs are telltales."""
    root = tmp_path_factory.mktemp("cli") / tiny.UMLAUTS
    data = tiny.wheel(root / "wheels", "tinydata", "1.0")
    for name in ("jupyterlab", "pytest"):
        tiny.wheel(root / "wheels", name, "1.0", {f"{name}/__main__.py": TELLTALE})
    tiny.course(root, "jupyterlab==1.0", "pytest==1.0", pins=(tiny.pin(data),))
    (root / "tlhelpers/course/runner.py").write_bytes(TELLTALE)
    (root / "tlhelpers/own_data/commands.py").write_bytes(TELLTALE)
    (root / "notebooks").mkdir()
    (root / "notebooks/00_start_here.ipynb").write_text("{}")
    assert run(root, "fetch").returncode == 0
    return root


def told(done: subprocess.CompletedProcess) -> dict:
    assert done.returncode == 7, done
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("told:")]
    return json.loads(line.removeprefix("told:"))


# Versions of Python ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["__init__.py", "__main__.py"])
def test_old_pythons_can_read_what_speaks_to_them(name):
    text = (tiny.ROOT / "tlhelpers" / name).read_text(encoding="utf-8")
    ast.parse(text, feature_version=(3, 6))
    assert "annotations" not in text


def test_old_python_could_not_read_the_rest():
    """So that the test above is known to see a difference."""
    text = (tiny.ROOT / "tlhelpers" / "setup" / "environment.py").read_text(encoding="utf-8")
    assert "from __future__ import annotations" in text


def _old_pythons() -> list[str]:
    """The oldest and the newest one that is too old, where this machine has any."""
    versions, minors = Path.home() / ".pyenv" / "versions", range(6, 11)
    managed = [path for minor in minors for path in versions.glob(f"3.{minor}.*/bin/python")]
    named = [shutil.which(f"python3.{minor}") for minor in minors]
    test = "import sys; sys.exit(sys.version_info[:2] >= (3, 11))"
    olds = [
        str(python)
        for python in managed or filter(None, named)
        if subprocess.run([python, "-c", test], capture_output=True).returncode == 0
    ]
    return sorted({*olds[:1], *olds[-1:]})


def test_real_old_pythons_get_one_line():
    olds = _old_pythons()
    if not olds:
        pytest.skip("no Python older than 3.11 on this machine")
    for old in olds:
        # They cannot read what cuts the network off, and would say so in a line of their own.
        line = only_line(run(tiny.ROOT, "lab", "--port", "9000", python=old, PYTHONPATH=""))
        assert "the course needs 3.11, 3.12 or 3.13" in line
        assert "-m tlhelpers lab --port 9000`" in line


@pytest.mark.parametrize("version", [(3, 6), (3, 10), (3, 14), (4, 0)])
def test_unsuitable_python_is_told_which_one_would_do(monkeypatch, version):
    monkeypatch.setattr(cli, "suitable_python", lambda: "python3.12")
    assert "`python3.12 -m tlhelpers test -x`" in cli.unsuitable(version, ["test", "-x"])
    monkeypatch.setattr(cli, "suitable_python", lambda: "")
    assert "install one of them" in cli.unsuitable(version, [])


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13)])
def test_suitable_pythons_pass(version):
    assert cli.unsuitable(version, []) == ""


@posix
def test_suitable_python_is_one_that_really_starts(tmp_path, monkeypatch):
    def put(name: str, text: str) -> None:
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)

    monkeypatch.setenv("PATH", str(tmp_path))
    assert cli.suitable_python() == ""
    put("python3.13", "exit 127")  # a shim of a version that is not installed
    assert cli.suitable_python() == ""
    (tmp_path / f"python3.{sys.version_info.minor}").unlink(missing_ok=True)
    (tmp_path / f"python3.{sys.version_info.minor}").symlink_to(sys.executable)
    assert cli.suitable_python() == f"python3.{sys.version_info.minor}"


# The verbs -------------------------------------------------------------------------------


def test_version(course):
    assert run(course, "--version").stdout.split() == ["tlhelpers", __version__]


@pytest.mark.parametrize("arguments", [[], ["lap"], ["lab", "--port", "0"], ["lab", "--port", "x"]])
def test_wrong_arguments_are_refused_with_usage(capsys, arguments):
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    assert end.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_lab_starts_jupyterlab_on_the_working_copy(course):
    call = told(run(course, "lab", "--no-browser", "--ip", "127.0.0.1"))
    assert call["module"] == "jupyterlab.__main__"
    assert (course / "work/00_start_here.ipynb").exists()
    assert f"--ServerApp.root_dir={course / 'work'}" in call["arguments"]
    assert "--LabApp.default_url=/lab/tree/00_start_here.ipynb" in call["arguments"]
    assert "--ServerApp.ip=127.0.0.1" in call["arguments"]
    assert "--no-browser" in call["arguments"]
    assert not [word for word in call["arguments"] if "token" in word or "port" in word]


def test_test_passes_pytests_own_arguments(course):
    arguments = ["-k", "some thing", "--lf", "tests/test_x.py"]
    call = told(run(course, "test", *arguments))
    assert call["module"] == "pytest.__main__"
    assert call["arguments"] == arguments
    assert Path(call["cwd"]) == course


def test_children_run_in_the_environment(course):
    arguments = ["00", "02", "--jobs", "1", "--record"]
    call = told(run(course, "run", *arguments, PYTHONPATH="/astray", HF_HUB_OFFLINE="0"))
    assert call["module"] == "tlhelpers.course.runner"
    assert call["arguments"] == arguments
    variables = call["variables"]
    programs = environment.venv_python(course / ".venv").parent
    assert variables.pop("PATH").split(os.pathsep)[0] == str(programs)
    assert variables == {
        "HF_HUB_OFFLINE": "0",
        "TRANSFORMERS_OFFLINE": "1",
        "OMP_WAIT_POLICY": "passive",
        "PYTHONUTF8": "1",
        "PYTHONPATH": None,
        "MALLOC_MMAP_THRESHOLD_": str(2**30),
        "MALLOC_TRIM_THRESHOLD_": str(2**30),
    }


def started_in(here: Path, root: Path, *arguments: str, **variables: str):
    """A verb, started in a folder of the user's."""
    path = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
    return run(here, *arguments, PYTHONPATH=path, **variables)


def test_compare_hands_over_what_was_asked_for(course, tmp_path):
    asked = ["-my data", "--out=~/a b", "--minutes", "2.5", "--label", "kind", "--seed=7"]
    done = started_in(tmp_path, course, "compare", *asked[1:], "--", asked[0])
    call = told(done)
    assert call["module"] == "tlhelpers.own_data.commands"
    verb, options, *paths = call["arguments"]
    assert (verb, paths) == ("compare", ["-my data"])
    options = json.loads(options)
    assert Path(options.pop("here")) == tmp_path
    wanted = {"out": "~/a b", "minutes": 2.5, "label": "kind", "seed": 7, "verb": "compare"}
    unsaid = dict.fromkeys(("model", "size", "picture", "text", "group", "export"))
    assert options == {**wanted, **unsaid, "passed": []}


def test_predict_leaves_standard_output_to_the_table(course, tmp_path):
    """Also while an environment is made, and pip tells of it."""
    paths = ["./-a.png", "b c.png", "é😀.png"]
    venv = str(tmp_path / "venv")
    done = started_in(tmp_path, course, "predict", "model", *paths, TLHELPERS_VENV=venv)
    assert told(done)["arguments"][2:] == ["model", *paths]
    (line,) = done.stdout.splitlines()
    assert line.startswith("told:")
    assert "Setting up Python" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["compare"],
        ["compare", "x", "--minutes", "0"],
        ["compare", "x", "--minutes", "nan"],
        ["compare", "x", "--size", "8"],
        ["compare", "x", "--seed", "-1"],
        ["compare", "x", "--export", "pickle"],
        ["predict", "model"],
    ],
    ids=" ".join,
)
def test_wrong_arguments_for_own_data_are_refused_at_once(capsys, arguments):
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    assert end.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_build_needs_no_data(monkeypatch):
    calls: list[list[str]] = []
    monkeypatch.setattr(environment, "ensure", lambda: Path("python"))
    monkeypatch.setattr(fetching, "fetch", lambda python: calls.append(["fetch"]))
    monkeypatch.setattr(launcher, "hand_over", lambda command: calls.append(command) or 3)
    assert cli.main(["build", "--check"]) == 3
    assert calls == [["python", "-m", "tlhelpers.course.build", "--check"]]


def test_setup_from_the_environments_own_python(course):
    """A learner who activated the environment starts the course with its Python."""
    python = environment.venv_python(course / ".venv")
    assert told(run(course, "run", python=str(python)))["arguments"] == []


# Errors ----------------------------------------------------------------------------------


def test_course_error_is_one_line(tmp_path):
    root = tiny.course(tmp_path / "course")
    (root / "requirements.txt").unlink()
    assert "requirements.txt is missing" in only_line(run(root, "build"))


def test_system_error_is_one_line(tmp_path):
    root = tiny.course(tmp_path / "course")
    (root / "file").write_text("")
    line = only_line(run(root, "fetch", TLHELPERS_VENV=str(root / "file" / "venv")))
    assert str(root / "file") in line


def test_taken_port_is_refused_before_any_work(tmp_path):
    root = tiny.course(tmp_path / "course")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        line = only_line(run(root, "lab", "--port", str(port)))
    assert f"port {port}" in line
    assert "another --port" in line
    assert not (root / ".venv").exists()
    launcher.check_port("localhost", port)


@pytest.mark.parametrize("ip", ["localhost", "127.0.0.1", "*", "0.0.0.0"])
def test_taken_port_is_seen_whatever_the_address(ip):
    refusal = pytest.raises(errors.CourseError, match="cannot listen")
    with socket.create_server(("127.0.0.1", 0)) as server, refusal:
        launcher.check_port(ip, server.getsockname()[1])
    launcher.check_port(ip, None)


def test_address_of_another_machine_is_refused():
    with pytest.raises(errors.CourseError, match=r"cannot listen on 192\.0\.2\.1"):
        launcher.check_port("192.0.2.1", 9999)


@posix
@pytest.mark.parametrize("whom", ["kill", "killpg"], ids=["the parent alone", "Ctrl-C"])
def test_interrupt_ends_with_one_line_and_stops_the_children_too(tmp_path, whom):
    root = tiny.course(tmp_path / "course")
    process = tiny.start(root, START)
    tiny.wait_for((root / ".venv/pyvenv.cfg").exists, process)
    getattr(os, whom)(process.pid, signal.SIGINT)
    output = process.communicate(timeout=60)[0]
    assert process.returncode == 130
    assert output.splitlines()[-1] == cli.STOPPED
    assert "Traceback" not in output
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


# Doctor ----------------------------------------------------------------------------------


def states(done: subprocess.CompletedProcess) -> dict[str, str]:
    lines = [line.split(maxsplit=1) for line in done.stdout.splitlines()[:-1]]
    return {rest.split("  ")[0].strip(): state for state, rest in lines}


def test_doctor_of_a_finished_course(course):
    found = states(run(course, "doctor"))
    assert found["environment"] == found["packages"] == found["data, weights"] == "ok"
    assert found["jupyterlab"] == found["tinydata"] == "ok"


def test_doctor_names_what_is_wrong_and_changes_nothing(tmp_path):
    data = tiny.wheel(tmp_path / "course/wheels", "tinydata", "1.0")
    root = tiny.course(tmp_path / "course", "tinydata==1.0", pins=(tiny.pin(data),))
    done = run(root, "doctor")
    assert done.returncode == 1
    found = states(done)
    assert found["environment"] == found["packages"] == found["tinydata"] == "wrong"
    assert "not made yet" in done.stdout
    assert "run `python3 -m tlhelpers lab`" in done.stdout
    assert not (root / ".venv").exists()


def test_doctor_compares_versions_with_the_pins(monkeypatch):
    answer = {"versions": {"torch": "2.0+cpu", "timm": "1.1", "jupyterlab": None}}
    pins = {"torch": "2.0", "timm": "1.0", "jupyterlab": "4.0"}
    summary, *rows = doctor.package_rows(pins, answer)
    assert (summary.state, summary.finding) == ("wrong", "1 of 3 as pinned")
    assert {row.what.strip(): row.state for row in rows} == {
        "torch": "ok",
        "timm": "wrong",
        "jupyterlab": "wrong",
    }


def test_requirement_pins_skip_options_and_comments(tmp_path):
    path = tmp_path / "requirements.txt"
    path.write_text("# x==1\n-c constraints.txt\na==1.0\nb[extra]==2.0 ; python_version > '3'\n")
    assert doctor.requirement_pins(path) == {"a": "1.0", "b": "2.0"}
