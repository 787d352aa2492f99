"""Docker, Binder, Codespaces, Colab: as far as they can be checked without them."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import tiny
from IPython.core.inputtransformer2 import TransformerManager
from jupyter_client.manager import KernelManager

from tlhelpers import __main__ as cli
from tlhelpers.errors import CourseError
from tlhelpers.setup import guest_kernel

ROOT = tiny.ROOT
posix = pytest.mark.skipif(os.name == "nt", reason="these machines run Linux")
TEXT = {"type": "string", "minLength": 1}
# The part of the schema of devcontainer.json that this one uses.
DEVCONTAINER = {
    "type": "object",
    "required": ["image"],
    "additionalProperties": False,
    "properties": {
        "name": TEXT,
        "image": {"type": "string", "pattern": r"^python:3\.1[123]-\w+$"},
        "hostRequirements": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "cpus": {"type": "integer", "minimum": 1},
                "memory": {"type": "string", "pattern": r"^\d+([tgmk]b)?$"},
                "storage": {"type": "string", "pattern": r"^\d+([tgmk]b)?$"},
            },
        },
        "onCreateCommand": TEXT,
        "postCreateCommand": TEXT,
        "customizations": {"type": "object"},
    },
}
# What each instruction of a Dockerfile may look like, as far as this one uses them.
INSTRUCTIONS = {
    "FROM": r"python:3\.1[123]-slim-\w+",
    "RUN": r".+",
    "WORKDIR": r"/\S+",
    "USER": r"\w+",
    "COPY": r"--chown=\w+:\w+ (\S+ )+\S+",
    "EXPOSE": r"\d+",
    "CMD": r"\[.*\]",
}


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def verbs_in(text: str) -> list[list[str]]:
    """The arguments of each call of the course in a text."""
    return [shlex.split(found) for found in re.findall(r"python3 -m tlhelpers ([^\n\"`|]+)", text)]


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions in order, without comments."""
    lines = [line for line in text_of("Dockerfile").splitlines() if not line.startswith("#")]
    whole = "\n".join(lines).replace("\\\n", " ").splitlines()
    return [tuple(line.split(" ", 1)) for line in whole if line.strip()]


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A clean course that wants one package, a telltale in place of a kernel."""
    root = tmp_path_factory.mktemp("doors") / "course"
    telltale = b"import json, os, sys; print('told:' + json.dumps(sys.argv[1:]))"
    tiny.wheel(root / "wheels", "ipykernel", "1.0", {"ipykernel/__main__.py": telltale})
    data = tiny.wheel(root / "wheels", "tinydata", "1.0")
    tiny.course(root, "ipykernel==1.0", pins=(tiny.pin(data),))
    (root / "notebooks").mkdir()
    (root / "notebooks/00_start_here.ipynb").write_text("{}")
    return root


def run_there(root, *command: str, **variables: str) -> str:
    variables = tiny.environ(PYTHONPATH=os.environ.get("PYTHONPATH", ""), **variables)
    done = subprocess.run(
        command, cwd=root, env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# ---------------------------------------------------------------- what all doors call


@pytest.mark.parametrize(
    "name",
    ["Dockerfile", ".binder/postBuild", ".devcontainer/devcontainer.json", "docs/doors.md"],
)
def test_each_door_takes_the_small_build_by_the_courses_own_set_up(name):
    found = verbs_in(text_of(name))
    for arguments in found:
        assert cli.parse(arguments).verb == arguments[0]
    assert ["fetch", "--torch", "cpu"] in found


def test_the_readme_leads_to_the_doors_and_they_name_their_files():
    assert "](docs/doors.md)" in text_of("README.md")
    for name in ("Dockerfile", ".dockerignore", ".binder/", ".devcontainer/devcontainer.json"):
        assert f"`{name}`" in text_of("docs/doors.md")
        assert (ROOT / name).exists()


# ---------------------------------------------------------------- Binder, Codespaces


@pytest.fixture(scope="module")
def told_by_binder(course):
    """What Binder's script prints; it sets the course up, and the later tests go on from there."""
    shutil.copytree(ROOT / ".binder", course / ".binder")
    return run_there(course, str(course / ".binder/postBuild"), NB_PYTHON_PREFIX="/srv/prefix")


@posix
def test_what_binder_runs_sets_a_clean_course_up(course, told_by_binder):
    assert "Setting up Python" in told_by_binder
    (told,) = re.findall(r"^told:(.+)", told_by_binder, re.MULTILINE)
    arguments = json.loads(told)
    assert arguments[:5] == ["install", "--prefix", "/srv/prefix", "--name", "python3"]
    assert (course / "work/00_start_here.ipynb").exists()


def test_binders_python_and_its_package_are_the_courses():
    version = re.fullmatch(r"python-3\.(\d+)\n", text_of(".binder/runtime.txt"))
    assert cli.unsuitable((3, int(version[1])), []) == ""
    lines = text_of(".binder/requirements.txt").splitlines()
    pins = {line for line in lines if not line.startswith("#")}
    assert pins and pins <= set(text_of("requirements.txt").splitlines())


@posix
@pytest.mark.usefixtures("told_by_binder")
def test_a_codespace_is_described_and_its_commands_run(course):
    described = json.loads(text_of(".devcontainer/devcontainer.json"))
    jsonschema.validate(described, DEVCONTAINER)
    shutil.rmtree(course / "work")
    for name in ("onCreateCommand", "postCreateCommand"):
        run_there(course, "sh", "-c", described[name])
    (shown,) = described["customizations"]["codespaces"]["openFiles"]
    assert (course / shown).exists()
    python = described["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"]
    assert (course / python.removeprefix("${containerWorkspaceFolder}/")).exists()
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(described | {"imag": "x"}, DEVCONTAINER)


# ---------------------------------------------------------------- Docker


def test_the_dockerfile_is_one():
    found = instructions()
    assert found[0][0] == "FROM" and found[-1][0] == "CMD"
    for name, rest in found:
        assert re.fullmatch(INSTRUCTIONS[name], rest.strip()), (name, rest)
    python, _, module, *arguments = json.loads(found[-1][1])
    assert (python, module) == ("python3", "tlhelpers")
    options = cli.parse(arguments)
    assert (options.verb, options.ip, options.no_browser) == ("lab", "0.0.0.0", True)
    assert ("EXPOSE", str(options.port)) in found


@posix
@pytest.mark.usefixtures("told_by_binder")
def test_dockers_set_up_runs_with_the_files_that_were_copied_before_it(course, tmp_path):
    root, venv = tmp_path / "image", course / ".venv"
    shutil.copytree(course / "wheels", root / "wheels")
    for name, rest in instructions():
        if name == "COPY":
            *sources, target = rest.split()[1:]
            for source in sources:
                assert (ROOT / source).exists()
                copy(course / source, root / target, into=not source.endswith("/"))
        elif name == "RUN" and "tlhelpers" in rest:
            run_there(root, "sh", "-c", rest, TLHELPERS_VENV=str(venv))
            break
    assert len(list((root / "data/cache").glob("tinydata*"))) == 1


def copy(source, target, into: bool) -> None:
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target / source.name if into else target)


def test_what_git_ignores_stays_out_of_the_image():
    ignored = {
        line.rstrip("/").removeprefix("**/") for line in text_of(".dockerignore").splitlines()
    }
    ours = {line.rstrip("/") for line in text_of(".gitignore").splitlines()} - {"*.lock"}
    assert ours <= ignored
    assert ".git" in ignored


# ---------------------------------------------------------------- Colab


def colab_cell() -> str:
    return re.search(r"^```python\n(.+?)^```", text_of("docs/doors.md"), re.M | re.S)[1]


def test_colabs_cell_is_one():
    tree = ast.parse(TransformerManager().transform_cell(colab_cell()))
    assert ast.unparse(tree.body[-1]) == "move_in()"


def test_a_kernel_moves_only_where_it_can(tmp_path, monkeypatch):
    monkeypatch.setenv("TLHELPERS_VENV", str(tmp_path))
    with pytest.raises(CourseError, match="not made yet"):
        guest_kernel.successor(["x", "-f", "kernel.json"])
    (tmp_path / "bin").mkdir()
    (tmp_path / "Scripts").mkdir()
    for python in ("bin/python", "Scripts/python.exe"):
        (tmp_path / python).write_text("")
    for arguments in ([], ["x"], ["x", "-f"], ["-f", "x"]):
        with pytest.raises(CourseError, match="no notebook's kernel"):
            guest_kernel.successor(arguments)
    monkeypatch.setenv("MPLBACKEND", "module://elsewhere")
    command, variables = guest_kernel.successor(["x", "-f", "kernel.json"])
    assert command[1:] == ["-m", "ipykernel_launcher", "-f", "kernel.json"]
    assert "MPLBACKEND" not in variables


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_real_kernel_goes_on_as_the_courses(tmp_path, monkeypatch):
    (tmp_path / "venv/bin").mkdir(parents=True)
    python = tmp_path / "venv/bin/python"
    python.write_text(f'#!/bin/sh\nMOVED=yes exec {shlex.quote(sys.executable)} "$@"\n')
    python.chmod(0o755)
    monkeypatch.setenv("TLHELPERS_VENV", str(tmp_path / "venv"))
    monkeypatch.chdir(ROOT)
    manager = KernelManager()
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        before = printed(client, "import os; print(os.getpid(), os.environ.get('MOVED'))")
        move = "from tlhelpers.setup.guest_kernel import move_in; move_in(); lost = 1"
        assert "course's environment" in printed(client, move)
        tiny.wait_for(lambda: moved(manager), manager.provisioner.process)
        client.wait_for_ready(timeout=60)
        after = printed(client, "import os; print(os.getpid(), os.environ.get('MOVED'))")
        assert before.split()[1] == "None"
        assert after.split() == [before.split()[0], "yes"]
        assert "NameError" in printed(client, "try: lost\nexcept NameError as e: print(repr(e))")
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def moved(manager: KernelManager) -> bool:
    """Whether the process has become another program."""
    try:
        variables = Path(f"/proc/{manager.provisioner.pid}/environ").read_bytes()
    except ProcessLookupError:  # it has no memory yet: just between the two
        return False
    return b"MOVED=yes" in variables


def printed(client, code: str) -> str:
    said: list[str] = []

    def keep(message):
        said.append(message["content"].get("text", ""))

    client.execute_interactive(code, output_hook=keep, timeout=60)
    return "".join(said)
