"""The list of pinned packages in ``data/packages.txt``."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tlhelpers.errors import CourseError, repo_root

FETCH = "python3 -m tlhelpers fetch"
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)\s+--hash=sha256:([0-9a-f]{64})$")


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


def find_package(name: str) -> Package:
    known = {normalised(package.name): package for package in packages()}
    wanted = normalised(name)
    if wanted in known:
        return known[wanted]
    near = difflib.get_close_matches(wanted, known, n=3, cutoff=0.4)
    if near:
        hint = f"did you mean {' or '.join(known[key].name for key in near)}?"
    else:
        hint = f"known are {', '.join(package.name for package in known.values())}"
    raise CourseError(f"no package {name!r} in data/packages.txt; {hint}")


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


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pin_options() -> tuple[str, ...]:
    """The options that stand in ``data/packages.txt`` beside the pins, e.g. ``--no-binary X``."""
    return _pins(*_packages_file())[0]
