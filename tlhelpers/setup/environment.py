"""The course's virtual environment: made once, kept up to date, never taken for whole half-made.

A marker file is written before anything else and says that the folder is ours; a stamp file is
written last and says what the folder holds. So every interruption leaves a folder that the next
run can judge.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from pathlib import Path

from tlhelpers.errors import CourseError, repo_root
from tlhelpers.setup import installer, locks, packages, torch_build
from tlhelpers.setup.bundle import beside
from tlhelpers.setup.files import is_link, read_json, remove, write_atomically, write_json
from tlhelpers.setup.paths import cache_path, venv_dir, work_dir

Echo = Callable[[str], object]

MARKER = "made-by-tlhelpers.txt"
STAMP = "tlhelpers-stamp.json"
_MARKER_TEXT = "tlhelpers made this folder and may remove it. Keep no files of yours in it.\n"
_LINK = "tlhelpers.pth"
_GIGABYTE = 1e9
_PROBE = "import sys; print('.'.join(map(str, sys.version_info[:3])))"

# glibc gives memory back to the system after each of torch's steps, and asks for it again: kept,
# a frozen pass takes half the time and training a tenth less. Other systems ignore the names.
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(2**30), "MALLOC_TRIM_THRESHOLD_": str(2**30)}


class State(Enum):
    """What a look at the environment's folder tells; the value is a phrase for the learner."""

    ABSENT = "not made yet"
    FOREIGN = "not made by this course"
    LINKED = "a link to another folder"
    UNFINISHED = "half-made: an earlier set-up was stopped"
    BROKEN = "made with a Python that is no longer there"
    MOVED = "made in another folder: the course was moved or copied"
    STALE = "out of date: the requirements have changed"
    READY = "complete"


def ensure(echo: Echo = print, root: Path | None = None, torch: str | None = None) -> Path:
    """Make sure that the environment is complete and return its Python.

    `root` holds the two files of requirements; `torch` is the build to take where there is none
    yet. A CourseError says what hinders, and the mend.
    """
    root = root or repo_root()
    venv, wanted = venv_dir(root), fingerprint(root)
    if inspect(venv, wanted) is not State.READY:
        _complete(root, venv, wanted, echo, torch)
    different = torch_build.mismatch(torch, venv)
    if different:
        echo(different)
    return venv_python(venv)


def _complete(root: Path, venv: Path, wanted: str, echo: Echo, torch: str | None) -> None:
    waiting = "Another set-up is running; waiting until it is done."
    bundle = beside.find(root)
    if bundle:
        beside.refuse_unfit(bundle, torch, venv)
        torch = bundle.listing.torch or None
    with locks.held(venv.with_name(f"{venv.name}.lock"), lambda: echo(waiting)) as lock:
        state = inspect(venv, wanted)
        if bundle and state is not State.READY:
            beside.check(bundle, echo)
        if state is State.STALE:
            _update(root, venv, wanted, lock, echo, torch)
        elif state is not State.READY:
            _build(root, venv, wanted, lock, echo, state, torch)


def venv_python(venv: Path) -> Path:
    """The path of an environment's Python."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def fingerprint(root: Path) -> str:
    """The SHA-256 of what shall be installed: of both files of requirements in `root`.

    A CourseError names the file that is missing.
    """
    digest = hashlib.sha256()
    for name in ("requirements.txt", "constraints.txt"):
        try:
            digest.update((root / name).read_bytes() + b"\0")
        except FileNotFoundError:
            raise CourseError(f"{root / name} is missing: get the course's files again") from None
    return digest.hexdigest()


def inspect(venv: Path, wanted: str) -> State:
    """Judge the environment's folder without changing it; `wanted` is its `fingerprint`."""
    if is_link(venv):
        return State.LINKED  # what it leads to may be another copy's, and full of it
    stamp = read_stamp(venv)
    if not stamp and not (venv / MARKER).exists():
        return State.FOREIGN if _has_content(venv) else State.ABSENT
    if stamp.get("state") != "complete":
        return State.UNFINISHED
    if stamp.get("folder") != str(venv):
        return State.MOVED
    version = _python_version(venv_python(venv))
    if version.split(".")[:2] != str(stamp.get("python")).split(".")[:2]:
        return State.BROKEN
    return State.READY if stamp.get("requirements") == wanted else State.STALE


def read_stamp(venv: Path) -> dict:
    """What the environment's stamp says: ``state``, ``requirements``, ``python``, ``folder``."""
    return read_json(venv / STAMP)


def write_stamp(venv: Path, stamp: dict) -> None:
    """Keep what `read_stamp` returns."""
    write_json(venv / STAMP, stamp)


def child_environment(venv: Path) -> dict[str, str]:
    """The variables for a program that runs in the environment.

    Model hubs are told to stay off the network, unless the learner set that otherwise.
    """
    programs = str(venv_python(venv).parent)
    # On a busy machine, threads that spin while they wait for each other slow torch down manifold.
    defaults = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "OMP_WAIT_POLICY": "passive"}
    defaults |= KEEP_MEMORY
    variables = installer.clean_environment(
        VIRTUAL_ENV=str(venv),
        JUPYTER_PREFER_ENV_PATH="1",
        PATH=os.pathsep.join(filter(None, [programs, os.environ.get("PATH", "")])),
        **_path_to_this_course(venv),
    )
    return {**defaults, **variables}


def _path_to_this_course(venv: Path) -> dict[str, str]:
    # Two copies of the course may share an environment by TLHELPERS_VENV; its link leads to one.
    root = repo_root()
    for site_packages in _site_folders(venv):
        with suppress(OSError, UnicodeDecodeError):
            course = (site_packages / _LINK).read_text(encoding="utf-8").strip()
            if os.path.realpath(site_packages / course) != os.path.realpath(root):
                return {"PYTHONPATH": str(root)}
    return {}


def _has_content(venv: Path) -> bool:
    if venv.is_dir():
        return any(venv.iterdir())
    return venv.exists() or venv.is_symlink()


def _python_version(python: Path) -> str:
    try:
        done = subprocess.run(
            [str(python), "-I", "-S", "-c", _PROBE], capture_output=True, text=True, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def _build(
    root: Path, venv: Path, wanted: str, lock: int, echo: Echo, state: State, torch: str | None
) -> None:
    _refuse_others(venv, state)
    small = torch_build.is_small(torch, venv)  # looked up before the folder is emptied
    check_machine(venv, echo, small)
    if state is not State.ABSENT:
        echo(f"The environment in {venv} is {state.value}. Making it anew.")
    claim_folder(venv)
    echo(f"Setting up Python {sys.version.split()[0]} in {venv}.")
    bundled = beside.is_bundled(root)
    source = "all of it from the bundle" if bundled else "most of it downloads"
    echo(f"This takes about 2 to 10 minutes, {source}. Ctrl-C stops it at any time.")
    if small and not bundled:
        echo(f"torch comes as the small CPU build, from PyTorch's own {torch_build.CPU_INDEX}")
    _make_venv(venv, lock)
    cause = install_packages(root, venv, lock, small)
    if cause:
        raise CourseError(f"the packages could not be installed: {cause}")
    _finish(root, venv, wanted)
    echo("The environment is complete.")


def _refuse_others(venv: Path, state: State) -> None:
    if state is State.FOREIGN:
        raise CourseError(
            f"{venv} was not made by this course, so it stays untouched: "
            "rename it and run the same command again"
        )
    if state is State.LINKED:
        raise CourseError(
            f"{venv} is a link to {os.path.realpath(venv)}, which was not made by this course "
            "or belongs to another copy of it, so it stays untouched: rename the link, or let "
            "TLHELPERS_VENV name a folder for this copy alone, and run the same command again"
        )
    for folder, what in ((work_dir(), "your work"), (cache_path(), "data and weights")):
        if folder.is_relative_to(venv):
            raise CourseError(
                f"{folder} ({what}) lies in the environment {venv}, which is made anew by emptying "
                "it: move one of them away and run the same command again"
            )


def _update(root: Path, venv: Path, wanted: str, lock: int, echo: Echo, torch: str | None) -> None:
    old, before = read_stamp(venv), _installed(venv)
    echo(f"The environment in {venv} is {State.STALE.value}. Bringing it up to date.")
    write_stamp(venv, {**old, "state": "updating"})
    small = torch_build.is_small(torch, venv)
    cause = install_packages(root, venv, lock, small)
    if not cause:
        _finish(root, venv, wanted)
        echo("The environment is up to date.")
        return
    unchanged = _installed(venv) == before
    # pip puts each package back that it could not replace, so all are whole; but a mixture is
    # neither the old nor the new set and must not match the fingerprint of either.
    write_stamp(venv, old if unchanged else {**old, "requirements": "a mixture"})
    raise CourseError(
        f"the new packages could not be installed: {cause}. "
        f"{'Nothing was changed' if unchanged else 'Some packages are already new'}; this "
        "version of the course needs them all, so mend that and run the same command again"
    )


def check_machine(venv: Path, echo: Echo, small: bool = False) -> None:
    """Refuse with a CourseError a Python or a disk that will not do; warn where it is small.

    `small` says that torch comes as its CPU build.
    """
    if not all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise CourseError(
            f"Python {version} here lacks venv or ensurepip: install it (on Debian and Ubuntu "
            f"`sudo apt install python{version}-venv`) and run the same command again"
        )
    venv.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(venv.parent).free / _GIGABYTE
    choice = torch_build.offers_a_choice() and not small
    need = 8.0 if choice else 2.5
    if free < 1:
        raise CourseError(
            f"only {free:.1f} GB are free in {venv.parent}, and the set-up needs about "
            f"{need:g} GB: free some space and run the same command again"
        )
    if free < need:
        echo(
            f"Warning: {free:.1f} GB are free in {venv.parent}. The set-up takes about {need:g} GB"
            f"{' with the default build of torch; `--torch cpu` takes the small one' * choice}."
        )


def claim_folder(venv: Path) -> None:
    """Mark the folder as ours and remove all else that is in it."""
    venv.mkdir(exist_ok=True)
    # The stamp goes first and the marker stays, so a kill in between leaves "half-made".
    with suppress(FileExistsError), (venv / MARKER).open("x", encoding="utf-8") as marker:
        marker.write(_MARKER_TEXT)
    remove(venv / STAMP)
    for path in venv.iterdir():
        if path.name != MARKER:
            remove(path)


def _make_venv(venv: Path, lock: int) -> None:
    # An environment made by another environment's Python would die with it.
    within = sys.prefix != sys.base_prefix
    base = getattr(sys, "_base_executable", sys.executable) if within else sys.executable
    python = str(venv_python(venv))
    # venv would call ensurepip itself, but keeps to itself why that failed.
    for command in (
        [base, "-m", "venv", "--without-pip", str(venv)],
        [python, "-m", "ensurepip", "--default-pip"],
    ):
        status, output = installer.run(command, lock=lock)
        if status:
            cause = installer.explain(output).replace("pip said", "Python said")
            raise CourseError(f"no virtual environment could be made in {venv}: {cause}")


def install_packages(root: Path, venv: Path, lock: int, small: bool = False) -> str:
    """Let the environment's pip install the requirements; return why that failed, else ``""``.

    `small` takes the CPU build of torch first, from PyTorch's index; the pin then holds already.
    """
    python, temporary = venv_python(venv), venv / "temporary"
    try:
        settings = installer.pip_settings(python, "install")
        remove(temporary)
        temporary.mkdir()
        cause = _run_pip(root, python, temporary, settings, lock, small)
        if cause:
            return cause
    except CourseError as error:
        return str(error)
    except OSError as error:
        return f"{error.strerror} ({error.filename})"
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    missing = packages.absent(python, root)
    return missing and f"pip reported no error, but in {venv} {missing}"


def _run_pip(
    root: Path, python: Path, temporary: Path, settings: dict[str, str], lock: int, small: bool
) -> str:
    """Why pip could not install the requirements, from the bundle that is beside or an index."""
    bundle, requirements = beside.find(root), root / "requirements.txt"
    if bundle:
        settings = beside.pip_settings(settings)
        steps = [beside.pip_arguments(bundle, temporary)]
    else:
        first = torch_build.cpu_arguments(requirements) if small else []
        steps = [*filter(None, [first]), ["install", "-r", str(requirements)]]
    for number, arguments in enumerate(steps, 1):
        status, output = installer.run_pip(
            python, arguments, temporary, settings, lock=lock, cwd=root
        )
        if status and bundle:
            return beside.explain(output, bundle)
        if status:
            return installer.explain(output) + torch_build.hint(number < len(steps))
    return ""


def _site_packages(venv: Path) -> Path:
    folders = _site_folders(venv)
    if not folders:
        raise CourseError(f"{venv} has no site-packages: remove it and run the same command again")
    if not Path(os.path.realpath(folders[0])).is_relative_to(os.path.realpath(venv)):
        raise CourseError(
            f"{folders[0]} leads out of {venv}, to another environment: remove that link and "
            "run the same command again"
        )
    return folders[0]


def _site_folders(venv: Path) -> list[Path]:
    fixed = venv / "Lib" / "site-packages"
    return [fixed] if os.name == "nt" else sorted(venv.glob("lib/python3.*/site-packages"))


def _installed(venv: Path) -> set[str]:
    return {path.name for path in _site_packages(venv).glob("*.dist-info")}


def _finish(root: Path, venv: Path, wanted: str) -> None:
    site_packages = _site_packages(venv)
    try:
        # A relative path of dots meets no encoding, whatever the folder is called.
        link = os.path.relpath(root, site_packages)
    except ValueError:
        link = str(root)  # another drive on Windows
    write_atomically(site_packages / _LINK, f"{link}\n".encode())
    write_stamp(
        venv,
        {
            "state": "complete",
            "requirements": wanted,
            "python": _python_version(venv_python(venv)),
            "folder": str(venv),
        },
    )
