"""The tests reach this machine and nothing else, in this process and in all it starts."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading

import pytest
import repository
from cell_output import printed
from no_network.guard import NetworkCutError
from pytest_socket import SocketConnectBlockedError

NOWHERE = "192.0.2.1"  # for documentation only, routed nowhere (RFC 5737)

TRY_ALL = f"""
import socket
from guard import NetworkCutError
def attempt(call, *arguments):
    try:
        call(*arguments)
    except NetworkCutError:
        print("cut")
    except OSError as error:
        print("sent", error)
    else:
        print("sent")
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
    with socket.socket(socket.AF_INET, kind) as one:
        one.settimeout(2)
        attempt(one.connect, ({NOWHERE!r}, 80))
        attempt(one.connect_ex, ({NOWHERE!r}, 80))
        attempt(one.sendto, b"x", ({NOWHERE!r}, 80))
attempt(socket.create_connection, ({NOWHERE!r}, 80), 2)
attempt(socket.getaddrinfo, "example.invalid", 80)
attempt(socket.gethostbyname, "example.invalid")
"""

REACH = "import socket, sys; print(socket.create_connection((sys.argv[1], sys.argv[2])).recv(9))"


@pytest.fixture
def server():
    """A loopback server that says hello once to each caller."""
    listener = socket.create_server(("127.0.0.1", 0))

    def greet():
        while True:
            try:
                caller, _ = listener.accept()
            except OSError:
                return
            with caller:
                caller.sendall(b"hello")

    thread = threading.Thread(target=greet, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(timeout=5)


def child(code: str, *arguments: str, **variables: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_this_process_is_cut_off():
    with socket.socket() as one, pytest.raises(SocketConnectBlockedError), pytest.warns():
        one.connect((NOWHERE, 80))
    with socket.socket() as one, pytest.raises(NetworkCutError, match=NOWHERE):
        one.connect_ex((NOWHERE, 80))
    with (
        socket.socket(type=socket.SOCK_DGRAM) as one,
        pytest.raises(NetworkCutError, match=NOWHERE),
    ):
        one.sendto(b"x", (NOWHERE, 80))
    with pytest.raises(NetworkCutError, match=r"example\.invalid"):
        socket.getaddrinfo("example.invalid", 80)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_process_reaches_itself(server, host):
    with socket.create_connection((host, server), timeout=5) as one:
        assert one.recv(9) == b"hello"


def test_a_child_is_cut_off():
    assert child(TRY_ALL).split("\n") == [*["cut"] * 9, ""]


def test_a_grandchild_is_cut_off():
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {TRY_ALL!r}])"
    assert child(code).count("cut") == 9


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_child_reaches_this_machine(server, host):
    assert child(REACH, host, str(server)) == "b'hello'\n"


def test_another_sitecustomize_still_runs(tmp_path):
    (tmp_path / "sitecustomize.py").write_text("print('the other one')", encoding="utf-8")
    path = os.pathsep.join([os.environ["PYTHONPATH"], str(tmp_path)])
    said = child(TRY_ALL, PYTHONPATH=path)
    assert said.split() == ["the", "other", "one", *["cut"] * 9]


def test_a_notebook_kernel_is_cut_off():
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(TRY_ALL)])
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    assert printed(notebook.cells[0]).split() == ["cut"] * 9


def test_a_file_left_behind_is_told(tmp_path):
    root = tmp_path / "checkout"
    root.mkdir()
    assert repository.changed_files(root) == set()
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    (root / ".gitignore").write_text("build/\n", encoding="utf-8")
    before = repository.changed_files(root)
    (root / "build").mkdir()
    (root / "build" / "x").touch()
    assert repository.changed_files(root) == before
    (root / "földer").mkdir()
    (root / "földer" / "left").touch()
    assert repository.changed_files(root) - before == {"?? földer/left"}
