"""A finished tiny course to copy, disks that are full or closed, and servers that break off."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import tiny

from tlhelpers.setup import environment

posix = pytest.mark.skipif(os.name == "nt", reason="signals and limits of POSIX")


def run(root: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess:
    """``python -m tlhelpers`` in a copy of the course."""
    return subprocess.run(
        [sys.executable, "-m", "tlhelpers", *arguments],
        cwd=root,
        env=tiny.environ(**variables),
        capture_output=True,
        encoding="utf-8",
        timeout=100,
    )


def sentence(done: subprocess.CompletedProcess) -> str:
    """The one sentence of an error of the course, at the end; a traceback fails."""
    assert done.returncode == 1, done
    assert "Traceback" not in done.stderr, done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith("tlhelpers: ")]
    assert len(told) == 1, done.stderr
    return told[0]


# A set-up whose pip is a copy of the one at hand: unpacking it is most of a small set-up's time,
# and what is tested with a finished course is what comes after.
QUICKLY = """
import shutil, sys
from importlib import metadata
from tlhelpers.__main__ import main
from tlhelpers.setup import environment, installer
def make(venv, lock):
    assert installer.run([sys.executable, "-m", "venv", "--without-pip", str(venv)])[0] == 0
    info = metadata.distribution("pip").locate_file("pip")
    target = environment._site_packages(venv)
    for folder in (info, *info.parent.glob("pip-*.dist-info")):
        shutil.copytree(folder, target / folder.name)
environment._make_venv = make
sys.exit(main(["fetch"]))
"""


def finished(root: Path) -> Path:
    """A course with an environment of one package, `tinyone` 1.0, and 2.0 beside it."""
    data = tiny.wheel(root / "wheels", "tinydata", "1.0", {"tinydata/d.bin": os.urandom(300_000)})
    tiny.wheel(root / "wheels", "tinyone", "1.0")
    tiny.wheel(root / "wheels", "tinyone", "2.0", {"tinyone/big.bin": os.urandom(3_000_000)})
    tiny.course(root, "tinyone==1.0", pins=(tiny.pin(data),))
    process = tiny.start(root, QUICKLY)
    said = process.communicate(timeout=100)[0]
    assert process.returncode == 0, said
    return root


def twin(course: Path, root: Path) -> Path:
    """A copy of a finished course whose environment was made where it now lies.

    Files of the environment are shared: a test may replace or remove one, but not write into it.
    """
    shutil.copytree(course, root, symlinks=True, ignore=shutil.ignore_patterns(".venv"))
    shutil.copytree(course / ".venv", root / ".venv", symlinks=True, copy_function=os.link)
    stamp = environment.read_stamp(root / ".venv")
    environment.write_stamp(root / ".venv", {**stamp, "folder": str(root / ".venv")})
    return root


def versions(root: Path) -> dict[str, str]:
    """What lies in the environment of a course."""
    folders = (root / ".venv").rglob("site-packages/tiny*.dist-info")
    return dict(folder.name.removesuffix(".dist-info").split("-") for folder in folders)


def state(root: Path) -> environment.State:
    return environment.inspect(root / ".venv", environment.fingerprint(root))


def tree(folder: Path) -> dict[str, bytes | str]:
    """Every file below a folder with what it holds, and every link with what it leads to."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            found[str(path.relative_to(folder))] = str(path.readlink())
        elif path.is_file():
            found[str(path.relative_to(folder))] = path.read_bytes()
    return found


# Disks -----------------------------------------------------------------------------------


@functools.cache
def _why_no_mounts() -> str:
    if shutil.which("unshare") is None:
        return "no unshare here"
    done = subprocess.run(
        ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/tmp"], capture_output=True, text=True
    )
    return done.stderr.strip() if done.returncode else ""


def with_mounts(script: str, **variables: str) -> subprocess.CompletedProcess:
    """Run a shell script that may mount: its mounts are its own, and go with it.

    The test is skipped where that is not allowed. ``closed FOLDER`` makes a folder read-only,
    which root cannot override; ``course VERB`` runs the course's command line.
    """
    if _why_no_mounts():
        pytest.skip(f"this machine lets nobody mount a disk of one's own ({_why_no_mounts()})")
    tools = (
        'closed() { mount --bind "$1" "$1"; mount -o remount,ro,bind "$1"; }\n'
        'course() { "$PYTHON" -m tlhelpers "$@"; }\n'
    )
    return subprocess.run(
        ["unshare", "-rm", "sh", "-euc", tools + script],
        env=tiny.environ(PYTHON=sys.executable, **variables),
        capture_output=True,
        encoding="utf-8",
        timeout=100,
    )


# A network that breaks off ---------------------------------------------------------------


@contextlib.contextmanager
def index(folder: Path, cut: str | None = None) -> Iterator:
    """A package index of the wheels in a folder, which also answers as a proxy.

    It breaks off in the middle of each answer whose path holds `cut`. Yields its address and the
    list of what it was asked for.
    """
    server = socket.create_server(("127.0.0.1", 0))
    wishes: list[str] = []

    def serve() -> None:
        while True:
            try:
                peer, _ = server.accept()
            except OSError:
                return
            with peer, contextlib.suppress(OSError):
                peer.settimeout(10)
                request = peer.recv(65536).decode("latin-1")
                path = urlsplit(request.split(" ")[1]).path if " " in request else ""
                wishes.append(path)
                _answer(peer, folder, path, cut is not None and cut in path)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}", wishes
    finally:
        server.close()


def over_the_net(site: str, cache: Path) -> dict[str, str]:
    """Variables that let pip ask that server alone, and once."""
    return {
        "PIP_INDEX_URL": f"{site}/simple",
        "PIP_FIND_LINKS": "",
        "PIP_CACHE_DIR": str(cache),
        "PIP_RETRIES": "0",
        "PIP_RESUME_RETRIES": "0",
    }


def _answer(peer: socket.socket, folder: Path, path: str, cut: bool) -> None:
    name = path.rstrip("/").rpartition("/")[2]
    if name.endswith(".whl") and (folder / name).exists():
        body, kind = (folder / name).read_bytes(), "application/octet-stream"
    else:
        wheels = [file.name for file in sorted(folder.glob(f"{name}-*.whl"))]
        body = "".join(f'<a href="/files/{wheel}">{wheel}</a>' for wheel in wheels).encode()
        kind = "text/html"
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    if kind != "text/html":
        head += "Cache-Control: max-age=365000000, immutable\r\n"  # as a real index says
    sent = body[: len(body) // 2] if cut else body
    peer.sendall(f"{head}Connection: close\r\n\r\n".encode() + sent)
