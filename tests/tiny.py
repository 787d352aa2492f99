"""Tiny wheels and a tiny copy of the course, so that real set-ups take seconds and no network."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UMLAUTS = "Übung mit Leerzeichen é"


def wheel(folder: Path, name: str, version: str, files: dict[str, bytes] | None = None) -> Path:
    """Write a wheel by hand; its module `name` knows its version."""
    info = f"{name}-{version}.dist-info"
    content = {
        f"{name}/__init__.py": f"VERSION = {version!r}\n".encode(),
        **(files or {}),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in [*content, f"{info}/RECORD"])
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(target, "w") as archive:
        for path, data in {**content, f"{info}/RECORD": record.encode()}.items():
            archive.writestr(path, data)
    return target


def pin(path: Path, sha256: str | None = None) -> str:
    """The line of ``packages.txt`` for a wheel."""
    name, version = path.name.split("-")[:2]
    return f"{name}=={version} --hash=sha256:{sha256 or digest(path)}"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def course(root: Path, *requirements: str, pins: tuple[str, ...] = ()) -> Path:
    """Copy the set-up frame to a folder, with requirements that need no network."""
    (root / "data").mkdir(parents=True)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "tlhelpers", root / "tlhelpers", ignore=ignored)
    require(root, *requirements)
    local = ["--no-index", "--find-links wheels"]
    (root / "data/packages.txt").write_text("\n".join([*local, *pins, ""]), encoding="utf-8")
    (root / "wheels").mkdir(exist_ok=True)
    return root


def require(root: Path, *requirements: str) -> None:
    """Write the requirements; the wheels lie beside them."""
    lines = ["-c constraints.txt", "--no-index", "--find-links wheels", *requirements, ""]
    (root / "requirements.txt").write_text("\n".join(lines), encoding="utf-8")
    (root / "constraints.txt").write_text("", encoding="utf-8")


def start(root: Path, code: str, **variables: str) -> subprocess.Popen:
    """Start the course's Python code as a process group of its own, as a terminal would."""
    return subprocess.Popen(
        [sys.executable, "-u", "-c", code],
        cwd=root,
        env=environ(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        start_new_session=True,
    )


def environ(**variables: str) -> dict[str, str]:
    """This process's environment without what would point the copy elsewhere."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TLHELPERS_")}
    return {**kept, "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1", **variables}


def wait_for(ready: Callable[[], bool], process: subprocess.Popen, seconds: float = 60) -> None:
    """Wait until something is so while the process still runs."""
    end = time.monotonic() + seconds
    while not ready():
        assert process.poll() is None, f"it ended too early:\n{process.stdout.read()}"
        assert time.monotonic() < end, "it never came to that point"
        time.sleep(0.005)


def kill_group(process: subprocess.Popen, number: int = signal.SIGKILL) -> str:
    """Send a signal to a process and its children; return what they wrote."""
    os.killpg(process.pid, number)
    return process.communicate(timeout=60)[0]
