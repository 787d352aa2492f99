"""The lab keeps its token, its kernel and this machine to itself, whatever it is told elsewhere."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import psutil
import pytest
import tiny
from tiny_faults import posix, run, sentence, tree, with_mounts

from tlhelpers.errors import CourseError
from tlhelpers.setup import launcher

OPEN = """
import sys
from pathlib import Path
from tlhelpers.setup import launcher
launcher.open_lab(Path(sys.executable), Path(sys.argv[1]), "localhost", None, False)
"""
COPY = """
from tlhelpers import errors
from tlhelpers.setup import working_copy
try:
    print("open:", working_copy.make_working_copy())
except errors.CourseError as error:
    print("refused:", error)
"""
OPENED_TO_ALL = {
    "ServerApp": {"ip": "0.0.0.0", "token": "", "password": "", "disable_check_xsrf": True},
    "IdentityProvider": {"token": ""},
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """JupyterLab as `lab` starts it, with hostile settings around and a home that is closed."""
    folder = tmp_path_factory.mktemp("lab")
    for place in ("home/.jupyter", "path"):
        (folder / place).mkdir(parents=True)
        (folder / place / "jupyter_server_config.json").write_text(json.dumps(OPENED_TO_ALL))
    kernel = folder / "share/kernels/python3/kernel.json"
    kernel.parent.mkdir(parents=True)
    kernel.write_text('{"argv": ["false"], "display_name": "foreign", "language": "python"}')
    for place in ("work", "temporary"):
        (folder / place).mkdir()
    (folder / "work/00.ipynb").write_text('{"cells": []}')
    kept = {k: v for k, v in tiny.environ().items() if not k.startswith(("JUPYTER", "IPYTHON"))}
    variables = kept | {
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "temporary"),
        "JUPYTER_PATH": str(folder / "share"),
        "JUPYTER_CONFIG_PATH": str(folder / "path"),
        "TLHELPERS_VENV": sys.prefix,
        "PYTHONPATH": kept.get("PYTHONPATH", ""),
    }
    closed = 'mount --bind "$HOME" "$HOME"; mount -o remount,ro,bind "$HOME"; exec "$@"'
    with_mounts("true")  # skips where that is not allowed
    command = ["unshare", "-rm", "sh", "-euc", closed, "sh", sys.executable, "-c", OPEN]
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, str(folder / "work/00.ipynb")],
            cwd=tiny.ROOT,
            env=variables,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        found = None
        end = time.monotonic() + 100
        while not found:
            assert process.poll() is None and time.monotonic() < end, log.read_text()
            time.sleep(0.1)
            found = re.search(r"http://127\.0\.0\.1:(\d+)/\S*\?token=(\w*)", log.read_text())
        yield process, log, int(found[1]), found[2]
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def ask(port, token):
    address = f"http://127.0.0.1:{port}/api/kernelspecs?token={token}"
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(address) as answer:
        return json.load(answer)


def test_the_lab_keeps_its_token_though_a_foreign_configuration_takes_it_away(lab):
    _, _, port, token = lab
    assert len(token) >= 40
    for wrong in ("", token[:-1]):
        with pytest.raises(urllib.error.HTTPError) as caught:
            ask(port, wrong)
        assert caught.value.code == 403


def test_the_lab_takes_the_courses_own_kernel(lab):
    _, _, port, token = lab
    kernel = ask(port, token)["kernelspecs"]["python3"]["spec"]
    assert kernel["display_name"] != "foreign" and "ipykernel_launcher" in kernel["argv"]


def test_the_lab_listens_on_this_machine_only(lab):
    process, _, port, _ = lab
    listening = [
        connection.laddr
        for one in [psutil.Process(process.pid)]
        for connection in one.net_connections()
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
    ]
    assert listening and all(address.ip in ("127.0.0.1", "::1") for address in listening)


def test_a_closed_home_is_one_sentence_and_no_obstacle(lab):
    _, log, port, token = lab
    text = log.read_text()
    assert text.count("settings last for this start only") == 1
    assert "Traceback" not in text
    base = f"http://127.0.0.1:{port}"
    for path in ("/api/contents/00.ipynb", "/lab/api/settings", "/lab/tree/00.ipynb"):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        assert opener.open(f"{base}{path}?token={token}").status == 200


# Who may come in ---------------------------------------------------------------------------


@pytest.mark.parametrize("ip", ["localhost", "127.0.0.1", "127.0.0.5", "::1"])
def test_this_machines_own_addresses_open_nothing(ip):
    assert launcher.opening(ip) == ""


@pytest.mark.parametrize("ip", ["0.0.0.0", "*", "::", "192.0.2.1"])
def test_any_other_address_says_what_it_opens(ip):
    told = launcher.opening(ip)
    assert f"--ip {ip} opens the lab to every computer" in told
    assert (ip if ip[0] == "1" else "any of this machine's addresses") in told
    assert "run programs as you" in told and "token" in told and "encrypted" in told


@pytest.mark.parametrize("ip", ["192.0.2.1", "2001:db8::1", ""])
def test_an_address_that_is_not_this_machines_is_refused(ip):
    with pytest.raises(CourseError, match="--ip"):
        launcher.check_port(ip, None)


def test_the_command_line_refuses_it_too(tmp_path):
    root = tiny.course(tmp_path / "course")
    assert "cannot listen on 192.0.2.1" in sentence(run(root, "lab", "--ip", "192.0.2.1"))
    assert not (root / ".venv").exists()


def test_a_free_machine_passes_without_a_port():
    launcher.check_port("localhost", None)
    with socket.create_server(("127.0.0.1", 0)):
        launcher.check_port("127.0.0.1", None)


# The learner's copies ----------------------------------------------------------------------


@pytest.fixture
def course(tmp_path):
    """A course of twelve lessons of 300 kB."""
    root = tiny.course(tmp_path / tiny.UMLAUTS)
    (root / "notebooks").mkdir()
    for number in range(12):
        text = json.dumps({"cells": [], "padding": str(number) * 300_000})
        (root / f"notebooks/{number:02}_start_here.ipynb").write_text(text)
    return root


def lessons(root, folder="notebooks"):
    return {path.name: path.read_bytes() for path in (root / folder).glob("*.ipynb")}


def start(root, **variables):
    process = tiny.start(root, COPY, **variables)
    return process.communicate(timeout=60)[0]


@posix
def test_copies_killed_at_any_moment_are_whole_and_the_next_start_goes_on(course):
    (course / "work").mkdir()
    (course / "work/00_start_here.ipynb").write_text("the learner's answers")
    draw = random.Random(23)
    for _ in range(6):
        process = tiny.start(course, COPY)
        time.sleep(draw.uniform(0.02, 0.3))
        tiny.kill_group(process)
        for name, data in lessons(course, "work").items():
            assert data in (b"the learner's answers", lessons(course)[name.replace(".v2", "")])
    assert "open:" in start(course)
    copies = lessons(course, "work")
    assert copies.pop("00_start_here.ipynb") == b"the learner's answers"
    assert copies.pop("00_start_here.v2.ipynb")
    assert copies == {name: data for name, data in lessons(course).items() if name[:2] != "00"}


@posix
def test_many_starts_at_once_make_one_copy_of_each(course):
    several = [tiny.start(course, COPY) for _ in range(4)]
    outputs = [process.communicate(timeout=60)[0] for process in several]
    assert all("open:" in output and "changed" not in output for output in outputs), outputs
    assert lessons(course, "work") == lessons(course)


def test_a_full_disk_is_one_sentence_and_the_next_start_copies_the_rest(course, tmp_path):
    (tmp_path / "disk").mkdir()
    (course / "own").mkdir()
    script = f"""
        mount -t tmpfs -o size=2m tmpfs '{tmp_path}/disk'
        cd '{course}'; code="import sys; from tlhelpers.__main__ import main, VERBS
from tlhelpers.setup import working_copy
VERBS['lab'] = lambda options: print(working_copy.make_working_copy())
sys.exit(main(['lab']))"
        "$PYTHON" -c "$code" || echo "status $?"
        mount -o remount,size=20m '{tmp_path}/disk'
        "$PYTHON" -c "$code"
        cp "$TLHELPERS_WORK"/* own
    """
    done = with_mounts(script, TLHELPERS_WORK=str(tmp_path / "disk/work"))
    assert done.returncode == 0 and "status None" not in done.stdout, done
    (told,) = done.stderr.splitlines()
    assert "No space left on device; free some space" in told and "status 1" in done.stdout
    assert lessons(course, "own") == lessons(course)


def test_a_closed_or_absent_folder_for_work_is_one_sentence(course, tmp_path):
    (tmp_path / "closed").mkdir()
    script = f"""cd '{course}'; closed '{tmp_path}/closed'; "$PYTHON" -c "$CODE" """
    done = with_mounts(script, CODE=COPY, TLHELPERS_WORK=str(tmp_path / "closed/work"))
    assert "refused:" in done.stdout and "Read-only file system" in done.stdout, done
    assert "TLHELPERS_WORK" in done.stdout
    (course / "work").symlink_to(tmp_path / "unplugged")
    told = start(course)
    assert "refused:" in told and "a link to" in told and "which is not there" in told
    assert not (tmp_path / "unplugged").exists()
    (course / "work").unlink()
    (course / "work").write_text("precious")
    assert "a file has that name" in start(course)
    assert (course / "work").read_text() == "precious"


@posix
def test_copies_are_not_written_through_a_link_of_the_same_name(course, tmp_path):
    (course / "work").mkdir()
    (tmp_path / "own.txt").write_text("precious")
    for number, target in enumerate([tmp_path / "own.txt", tmp_path / "nowhere"]):
        (course / f"work/0{number}_start_here.ipynb").symlink_to(target)
    assert "open:" in start(course)
    assert (tmp_path / "own.txt").read_text() == "precious"
    assert not (tmp_path / "nowhere").exists()
    copies = tree(course / "work")
    assert copies["00_start_here.ipynb"] == str(tmp_path / "own.txt")
    assert copies["01_start_here.v2.ipynb"] == lessons(course)["01_start_here.ipynb"]
