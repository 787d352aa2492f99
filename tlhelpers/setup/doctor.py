"""Show what is installed, what is missing, and how to mend it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tlhelpers.errors import CourseError, repo_root
from tlhelpers.setup import calibration, environment, fetching, packages
from tlhelpers.setup.bundle import beside, checking, manifest
from tlhelpers.setup.cache import FETCH
from tlhelpers.setup.environment import State
from tlhelpers.setup.files import refusal
from tlhelpers.setup.paths import cache_dir, cache_path, venv_dir, work_dir
from tlhelpers.setup.pins import normalise

_KEY = ("torch", "torchvision", "timm", "transformers", "jupyterlab", "nbgrader")
_MEND = "run `python3 -m tlhelpers lab`"
_NOT_OURS = (State.ABSENT, State.FOREIGN, State.LINKED)

# Runs in the environment's Python, which may lack any package; each part answers for itself.
_PROBE = """
import json
answer = {}
try:
    import torch
    able = torch.cpu.get_capabilities()
    answer["bf16"] = bool(able.get("avx512_bf16") or able.get("amx_bf16"))
except Exception:
    pass
try:
    cuda = torch.cuda.is_available()
    answer["gpu"] = torch.cuda.get_device_name(0) if cuda else ""
except Exception:
    pass
try:
    import psutil
    memory = psutil.virtual_memory()
    answer["memory"] = [memory.total, memory.available]
except Exception:
    pass
print("tlhelpers:" + json.dumps(answer))
"""


@dataclass(frozen=True)
class Row:
    """One line of the report: what was looked at, its state, what it is like, and the mend.

    The state is ``"ok"``, ``"wrong"``, or ``"note"`` for what is neither.
    """

    what: str
    state: str
    finding: str
    mend: str = ""


def report(echo: Callable[[str], object] = print) -> int:
    """Print the state of everything as a table; return 1 if something is wrong, else 0."""
    rows = examine()
    width = max(len(row.what) for row in rows)
    for row in rows:
        mend = f"  -> {row.mend}" if row.mend else ""
        echo(f"{row.state:5}  {row.what:{width}}  {row.finding}{mend}")
    wrong = sum(row.state == "wrong" for row in rows)
    echo(f"{wrong} of {len(rows)} lines need mending." if wrong else "All is well.")
    return int(wrong > 0)


def examine() -> list[Row]:
    """Look at everything without changing it, in the order in which a learner would mend it."""
    root = repo_root()
    venv = venv_dir(root)
    state = environment.inspect(venv, environment.fingerprint(root))
    pins = requirement_pins(root / "requirements.txt")
    answer = {} if state in _NOT_OURS else _ask(venv, root)
    rows = [_python_row(), *bundle_rows(root), _environment_row(venv, state)]
    rows += package_rows(pins, answer)
    archives = _archive_rows()
    rows += [*archives, *writing_rows(venv, state, archives[0].state == "ok")]
    # Only an environment that has torch can be timed.
    speed = [Row("speed", "note", calibration.speed(venv))] if "bf16" in answer else []
    return [*rows, _disk_row(root), *_machine_rows(answer), *speed]


def requirement_pins(path: Path) -> dict[str, str]:
    """The exact pins of a requirements file: package name to version."""
    pin = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)")
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(match.groups() for match in map(pin.match, lines) if match)


def _ask(venv: Path, root: Path) -> dict:
    python = environment.venv_python(venv)
    variables = environment.child_environment(venv)
    try:
        done = subprocess.run(
            [str(python), "-c", _PROBE],
            capture_output=True,
            encoding="utf-8",
            env=variables,
            timeout=300,
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    lines = [line for line in done.stdout.splitlines() if line.startswith("tlhelpers:")]
    machine = json.loads(lines[-1].partition(":")[2]) if lines else {}
    return {**machine, **packages.look(python, root, deep=True)}


def _python_row() -> Row:
    return Row("Python", "ok", f"{sys.version.split()[0]} ({sys.executable})")


def bundle_rows(root: Path) -> list[Row]:
    """Compare the bundle that a course came in with its list; none if it came in none."""
    try:
        bundle = beside.find(root)
    except CourseError as error:
        # What is set up goes on without it.
        return [Row("bundle", "note", str(error))]
    if bundle is None:
        return []
    listing = bundle.listing
    found = list(checking.faults(bundle.folder, listing, bundle.course, bundle.is_in_place()))
    mend = "copy each again from where the bundle came from"
    if found or listing.state != manifest.COMPLETE:
        what = f"{len(found)} of {len(listing.files)} files are not as listed"
        rows = [Row(f"  {name}", "wrong", fault, mend) for name, fault in found]
        return [Row("bundle", "wrong", f"{what} ({bundle.folder})", mend), *rows]
    return [Row("bundle", "ok", f"{len(listing.files)} files as listed ({bundle.folder})")]


def _environment_row(venv: Path, state: State) -> Row:
    if state is State.READY:
        version = environment.read_stamp(venv).get("python")
        return Row("environment", "ok", f"complete, Python {version} ({venv})")
    mend = f"rename it, then {_MEND}" if state in (State.FOREIGN, State.LINKED) else _MEND
    return Row("environment", "wrong", f"{state.value} ({venv})", mend)


def package_rows(pins: dict[str, str], answer: dict) -> list[Row]:
    """Compare the pins with what the environment's Python answered; a summary comes first."""
    if "versions" not in answer:
        return [Row("packages", "wrong", f"none of {len(pins)} can be seen", _MEND)]
    versions = {name: answer["versions"].get(normalise(name)) for name in pins}
    # A build for the CPU carries a suffix, 2.14.1+cpu say, and is the same release.
    off = [name for name, pin in pins.items() if (versions[name] or "").partition("+")[0] != pin]
    good = [name for name in _KEY if name in pins and name not in off]
    rows = [Row(f"  {name}", "ok", versions[name]) for name in good]
    # A stamp that says "complete" keeps `lab` from looking at each package, so pip is asked.
    python = environment.venv_python(venv_dir())
    mend = f'run `"{python}" -m pip install{_from_bundle()} -r requirements.txt`'
    for name in off:
        found = "missing" if versions[name] is None else versions[name]
        rows.append(Row(f"  {name}", "wrong", f"{found}, pinned is {pins[name]}", mend))
    told = {normalise(name) for name in off}
    for name, fault in answer.get("faults", {}).items():
        if name not in told:
            rows.append(Row(f"  {name}", "wrong", fault, mend))
    again = f'run `"{python}" -m pip install{_from_bundle()} --force-reinstall --no-deps'
    for name, loss in answer.get("lacking", {}).items():
        rows.append(Row(f"  {name}", "wrong", loss, f"{again} -c constraints.txt {name}`"))
    state = "wrong" if any(row.state == "wrong" for row in rows) else "ok"
    return [Row("packages", state, f"{len(pins) - len(off)} of {len(pins)} as pinned"), *rows]


def _from_bundle() -> str:
    try:
        bundle = beside.find(repo_root())
    except CourseError:
        return ""
    return f' --no-index --find-links "{bundle.folder / manifest.WHEELS}"' if bundle else ""


def _archive_rows() -> list[Row]:
    rows = []
    try:
        states = fetching.check_archives(deep=True)
    except CourseError as error:
        return [Row("data, weights", "wrong", str(error))]
    for package, (state, path) in states.items():
        mend = "" if state == "ok" else f"run `{FETCH}`"
        size = f"{path.stat().st_size / 1e6:.1f} MB" if path else "not in the cache"
        finding = f"{package.version}, {size}" + (", wrong hash" if state == "damaged" else "")
        rows.append(Row(f"  {package.name}", "ok" if state == "ok" else "wrong", finding, mend))
    good = sum(row.state == "ok" for row in rows)
    summary = Row(
        "data, weights",
        "ok" if good == len(rows) else "wrong",
        f"{good} of {len(rows)} archives complete ({cache_dir()})",
    )
    return [summary, *rows]


def writing_rows(venv: Path, state: State, fetched: bool) -> list[Row]:
    """Try to write wherever the course will; what it can do without is a note."""
    yours = "make it yours to write to"
    places = [
        ("work", work_dir(), "wrong", f"{yours}, or let TLHELPERS_WORK name another folder"),
        (
            "cache",
            cache_path(),
            # What is computed has a stand-in; what is fetched has none.
            "note" if fetched else "wrong",
            f"{yours}, or let TLHELPERS_CACHE name another folder",
        ),
        (
            "home",
            Path(os.path.expanduser("~")),  # noqa: PTH111 (Path's own fails without a home)
            "note",
            "the lab keeps its settings for one start only",
        ),
    ]
    if state is not State.READY:
        where = f"{yours}, or let TLHELPERS_VENV name another folder"
        places.insert(0, ("environment's folder", venv.parent, "wrong", where))
    return [_writing_row(*place) for place in places]


def _writing_row(what: str, folder: Path, state: str, mend: str) -> Row:
    reason = refusal(folder)
    if reason:
        return Row(f"write to {what}", state, f"not possible: {reason} ({folder})", mend)
    return Row(f"write to {what}", "ok", f"possible ({folder})")


def _disk_row(root: Path) -> Row:
    free = shutil.disk_usage(root).free / 1e9
    if free < 1:
        return Row("disk", "wrong", f"{free:.1f} GB free", "free some space")
    return Row("disk", "ok", f"{free:.1f} GB free")


def _machine_rows(answer: dict) -> list[Row]:
    rows = [Row("processor", "note", f"{os.cpu_count()} logical cores, {_bfloat16(answer)}")]
    if "memory" in answer:
        total, available = (value / 1e9 for value in answer["memory"])
        state = "note" if total >= 4 else "wrong"
        mend = "" if total >= 4 else "lessons need about 4 GB; close other programs"
        rows.append(Row("memory", state, f"{total:.1f} GB, {available:.1f} GB available", mend))
    gpu = answer.get("gpu")
    rows.append(Row("GPU", "note", gpu or "none seen; the lessons do not need one"))
    return rows


def _bfloat16(answer: dict) -> str:
    if "bf16" not in answer:
        return "bfloat16 unknown (torch cannot be asked)"
    return "bfloat16 in hardware" if answer["bf16"] else "no bfloat16 in hardware"
