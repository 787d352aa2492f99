"""A tiny course with a bundle of it, to copy, to damage and to set up without any network."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
import sys
from pathlib import Path

import tiny
from tiny_faults import QUICKLY, run, sentence

from tlhelpers.setup import environment
from tlhelpers.setup.bundle import manifest
from tlhelpers.setup.bundle.target import here

MAKE = "import sys; from tlhelpers.__main__ import main; sys.exit(main(['bundle', *sys.argv[1:]]))"
# Stands in for JupyterLab: tells where it runs, and that no network is there.
LAB = b"""
import os, socket, sys, tinyone
try:
    socket.create_connection(("192.0.2.1", 80), 2)
except OSError as error:
    print("cut off:", error)
print("the lab is open:", os.getcwd(), tinyone.VERSION, sys.argv[1:])
"""
# A network of one's own with nothing in it but this machine itself, then the command.
ALONE = """
import fcntl, os, socket, struct, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
    fcntl.ioctl(one, 0x8914, struct.pack("16sh", b"lo", 0x49))  # SIOCSIFFLAGS: up and running
os.execv(sys.argv[1], sys.argv[1:])
"""


def course(root: Path) -> Path:
    """A course whose environment is made, with files of its learner's all over it."""
    unmade(root)
    for name in ("work/mine.ipynb", "report/report.html", "class.csv", "data/cache/features/a.npy"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("the learner's own")
    process = tiny.start(root, QUICKLY)
    said = process.communicate(timeout=100)[0]
    assert process.returncode == 0, said
    return root


def unmade(root: Path) -> Path:
    """The same without an environment and files of a learner's."""
    data = tiny.wheel(root / "wheels", "tinydata", "1.0", {"tinydata/d.bin": b"data" * 999})
    tiny.wheel(root / "wheels", "tinyone", "1.0")
    tiny.wheel(root / "wheels", "tinyone", "2.0")
    tiny.wheel(root / "wheels", "jupyterlab", "1.0", {"jupyterlab/__main__.py": LAB})
    tiny.course(root, "tinyone==1.0", "jupyterlab==1.0", pins=(tiny.pin(data),))
    for room in ("adaptation", "course", "evaluation", "experiments", "models", "own_data"):
        shutil.rmtree(root / "tlhelpers" / room)  # each file takes its time to copy and to hash
    (root / "notebooks").mkdir()
    (root / "notebooks/00_start_here.ipynb").write_text("{}")
    return root


def by_hand(source: Path, out: Path) -> Path:
    """A bundle of such a course that no pip was asked for: to damage it."""
    course = unmade(source)
    wheels = course / "wheels"
    (wheels / "tinyone-2.0-py3-none-any.whl").unlink()
    out.mkdir()
    wheels.rename(out / "wheels")
    (course / "data/cache").mkdir()
    for path in (out / "wheels").glob("tinydata-*"):
        path.rename(course / "data/cache" / path.name)
    (course / "bundle.txt").write_text("..\n")
    course.rename(out / "course")
    (out / "READ-ME-FIRST.txt").write_text("Read me.\n")
    paths = sorted(path for path in out.rglob("*") if path.is_file())
    files = {path.relative_to(out).as_posix(): manifest.entry_of(path) for path in paths}
    kind, wanted = own_kind(), environment.fingerprint(out / "course")
    manifest.write(
        out,
        manifest.Manifest(
            **kind, torch="", requirements=wanted, course="0", state="complete", files=files
        ),
    )
    return out


def bundle(root: Path, out: Path, *options: str, **variables: str) -> subprocess.CompletedProcess:
    """The course's own command line makes a bundle of it."""
    return run(root, "bundle", str(out), *options, **variables)


def made(root: Path, out: Path, *options: str, **variables: str) -> str:
    """The same where nothing may go wrong; what was said."""
    done = bundle(root, out, *options, **variables)
    assert done.returncode == 0, done
    return done.stdout


def refused(done: subprocess.CompletedProcess) -> str:
    """The sentence of an error, in one line."""
    return sentence(done)


def copy_of(bundle: Path, to: Path) -> Path:
    """A copy of a bundle, to damage."""
    return Path(shutil.copytree(bundle, to))


def flip(path: Path) -> None:
    """Turn one bit in the middle of a file, as a tired stick does."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def relist(bundle: Path, **changes: object) -> None:
    """Let the list of a bundle say something else."""
    path = bundle / manifest.NAME
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def own_kind() -> dict[str, str]:
    """How the list of a bundle names this machine and this Python."""
    target = here()
    return {"system": target.system, "machine": target.machine, "python": target.python}


@functools.cache
def alone() -> tuple[str, ...]:
    """What to put before a command, so that it runs where there is no network; maybe nothing."""
    if shutil.which("unshare") is None:
        return ()
    before = ("unshare", "-rn", sys.executable, "-c", ALONE)
    done = subprocess.run([*before, sys.executable, "-c", ""], capture_output=True)
    return before if done.returncode == 0 else ()
