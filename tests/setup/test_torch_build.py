"""The small CPU build of torch: offered where it helps, and really installed from its own index."""

from __future__ import annotations

import http.server
import os
import subprocess
import sys
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
import tiny

from tlhelpers import __main__ as cli
from tlhelpers import errors
from tlhelpers.setup import environment, fetching, launcher, torch_build

if sys.platform.startswith("linux"):
    import pty

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a choice on Linux only")


@pytest.fixture(autouse=True)
def _no_card_on_linux(monkeypatch, tmp_path):
    monkeypatch.delenv("TLHELPERS_VENV", raising=False)
    monkeypatch.setattr(torch_build.sys, "platform", "linux")
    monkeypatch.setattr(torch_build, "_DRIVER", tmp_path / "no driver")
    monkeypatch.setattr(torch_build.shutil, "which", lambda name: None)


def holding(folder: Path, version: str) -> Path:
    """An environment's folder with nothing but torch's record in it."""
    (folder / f"lib/python3.12/site-packages/torch-{version}.dist-info").mkdir(parents=True)
    (folder / f"Lib/site-packages/torch-{version}.dist-info").mkdir(parents=True)
    return folder


def refuse(question: str) -> str:
    raise AssertionError("nobody should be asked")


@pytest.mark.parametrize(
    ("answer", "build"),
    [("", "cpu"), ("y", "cpu"), ("Yes ", "cpu"), ("n", "default"), (" NO", "default")],
)
def test_a_terminal_without_a_card_is_asked_once_and_told_the_index(tmp_path, answer, build):
    asked: list[str] = []
    read = lambda question: asked.append(question) or answer  # noqa: E731
    assert torch_build.choose(None, tmp_path, read, in_terminal=True) == build
    (question,) = asked
    for told in (torch_build.CPU_INDEX, "7 GB", "0.8 GB", "--torch default"):
        assert told in question


def test_nobody_is_asked_without_a_terminal_or_at_its_end(tmp_path):
    assert torch_build.choose(None, tmp_path, refuse, in_terminal=False) is None

    def ended(question):
        raise EOFError

    assert torch_build.choose(None, tmp_path, ended, in_terminal=True) is None


def test_nobody_is_asked_for_what_is_known(tmp_path, monkeypatch):
    choose = partial(torch_build.choose, read=refuse, in_terminal=True)
    assert choose("default", tmp_path) == "default"
    assert choose("cpu", tmp_path) == "cpu"
    assert choose(None, holding(tmp_path / "a", "2.14.1")) is None
    assert choose(None, holding(tmp_path / "b", "2.14.1+cpu")) is None
    with monkeypatch.context() as patch:
        patch.setattr(torch_build.shutil, "which", lambda name: f"/usr/bin/{name}")
        assert choose(None, tmp_path) is None
    with monkeypatch.context() as patch:
        patch.setattr(torch_build, "_DRIVER", tmp_path)
        assert choose(None, tmp_path) is None
    for platform in ("darwin", "win32"):
        monkeypatch.setattr(torch_build.sys, "platform", platform)
        assert choose(None, tmp_path) is None
        assert not torch_build.is_small("cpu", tmp_path)


def test_a_process_without_a_terminal_goes_on_without_a_question(tmp_path):
    """As the tests of a host that builds this course do."""
    code = "from pathlib import Path; from tlhelpers.setup import torch_build as b; "
    code += f"print(b.choose(None, Path({str(tmp_path)!r})))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tiny.ROOT, input="n\n", capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("None\n", "")


@linux
@pytest.mark.parametrize(("typed", "build"), [("n", "default"), ("", "cpu"), ("\x04", None)])
def test_a_real_terminal_is_asked(tmp_path, typed, build):
    """The last one is Ctrl-D, the end of what is typed."""
    code = "from pathlib import Path; from tlhelpers.setup import torch_build as b; "
    code += "b.has_card = lambda: False; "
    code += f"print('took', b.choose(None, Path({str(tmp_path)!r})))"
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=tiny.ROOT, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    said = ""
    while "[Y/n]" not in said:
        said += os.read(ours, 4096).decode()
    os.write(ours, typed.encode() if typed == "\x04" else f"{typed}\n".encode())
    with suppress(OSError):  # how a terminal without its program ends
        while part := os.read(ours, 4096):
            said += part.decode()
    os.close(ours)
    assert process.wait(timeout=60) == 0
    assert f"took {build}" in said


def test_what_is_installed_is_told_apart(tmp_path):
    assert torch_build.installed(tmp_path) == ""
    plain, small = holding(tmp_path / "a", "2.14.1"), holding(tmp_path / "b", "2.14.1+cpu")
    assert [torch_build.installed(venv) for venv in (plain, small)] == ["default", "cpu"]
    assert torch_build.mismatch("cpu", small) == torch_build.mismatch(None, plain) == ""
    assert "as the default build, and stays" in torch_build.mismatch("cpu", plain)
    assert str(small) in torch_build.mismatch("default", small)


def test_the_pins_are_those_of_the_requirements():
    index, *pins = torch_build.cpu_arguments(tiny.ROOT / "requirements.txt")[3:]
    lines = (tiny.ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert index == torch_build.CPU_INDEX
    assert [pin.partition("==")[0] for pin in pins] == list(torch_build.PACKAGES)
    assert set(pins) <= set(lines)


def test_only_the_two_verbs_that_are_for_setting_up_take_the_switch(monkeypatch):
    calls: list[object] = []
    monkeypatch.setattr(environment, "ensure", lambda **named: calls.append(named) or Path("py"))
    monkeypatch.setattr(fetching, "fetch", lambda python, deep: None)
    monkeypatch.setattr(launcher, "lab", lambda *arguments: calls.append(arguments[-1]) or 0)
    monkeypatch.setattr(launcher, "check_port", lambda ip, port: None)
    for arguments in (["fetch", "--torch", "cpu"], ["lab", "--torch", "default"], ["lab"]):
        assert cli.main(arguments) == 0
    assert calls == [{"torch": "cpu"}, "default", None]
    with pytest.raises(SystemExit):
        cli.main(["lab", "--torch", "gpu"])


# ---------------------------------------------------------------- a real index on loopback


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        """Say nothing of each page."""


@pytest.fixture
def index(tmp_path):
    """An index as PyTorch's: a folder of links per package, with CPU builds only."""
    for name, version in (("torch", "2.0+cpu"), ("torch", "2.1+cpu"), ("other", "9.0")):
        tiny.wheel(tmp_path / "index" / name, name, version)
    handler = partial(_Quiet, directory=str(tmp_path / "index"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def course(tmp_path, index, monkeypatch):
    """A course that wants torch, whose default build and all else come from elsewhere."""
    monkeypatch.setattr(torch_build, "CPU_INDEX", index)
    root = tiny.course(tmp_path / "course", "torch==2.0", "other==1.0")
    for name, version in (("torch", "2.0"), ("torch", "2.1"), ("other", "1.0")):
        tiny.wheel(root / "wheels", name, version)
    return root


def holds(root: Path) -> set[str]:
    found = (root / ".venv").rglob("site-packages/*.dist-info")
    return {path.name.removesuffix(".dist-info") for path in found} & {
        *("torch-2.0", "torch-2.0+cpu", "torch-2.1", "torch-2.1+cpu", "other-1.0", "other-9.0")
    }


@linux
def test_the_cpu_build_is_installed_from_its_index_and_nothing_else_is(course, monkeypatch):
    said: list[str] = []
    environment.ensure(said.append, course, "cpu")
    assert holds(course) == {"torch-2.0+cpu", "other-1.0"}
    assert torch_build.CPU_INDEX in " ".join(said)
    # Another pin brings the same build of the new version.
    tiny.require(course, "torch==2.1", "other==1.0")
    environment.ensure(said.append, course)
    assert holds(course) == {"torch-2.1+cpu", "other-1.0"}
    told = len(said)
    environment.ensure(said.append, course, "default")
    assert "as the cpu build, and stays so" in said[told]
    # An index that is not there is named, with the way out, and that one works.
    monkeypatch.setattr(torch_build, "CPU_INDEX", "http://127.0.0.1:9")
    monkeypatch.setenv("PIP_RETRIES", "0")
    tiny.require(course, "torch==2.0", "other==1.0")
    with pytest.raises(errors.CourseError, match=r"127\.0\.0\.1:9; `--torch default` takes"):
        environment.ensure(said.append, course)
    assert holds(course) == {"torch-2.1+cpu", "other-1.0"}
    environment.ensure(said.append, course, "default")
    assert holds(course) == {"torch-2.0", "other-1.0"}


@linux
def test_without_a_wish_the_default_build_comes_and_the_index_is_not_asked(course, monkeypatch):
    monkeypatch.setattr(torch_build, "CPU_INDEX", "http://127.0.0.1:9")
    said: list[str] = []
    environment.ensure(said.append, course)
    assert holds(course) == {"torch-2.0", "other-1.0"}
    assert not [line for line in said if "CPU" in line]


@linux
@pytest.mark.parametrize(("small", "need"), [(False, "8 GB with the default"), (True, "2.5 GB.")])
def test_little_space_is_measured_by_the_build(tmp_path, monkeypatch, small, need):
    usage = environment.shutil._ntuple_diskusage(10**12, 0, 2 * 10**9)
    monkeypatch.setattr(environment.shutil, "disk_usage", lambda path: usage)
    said: list[str] = []
    environment.check_machine(tmp_path / ".venv", said.append, small)
    assert need in said[0]
