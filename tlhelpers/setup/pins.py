"""The pinned packages that hold data and weights: what ``data/packages.txt`` says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tlhelpers.errors import CourseError, nearest, repo_root

_PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)\s+--hash=sha256:([0-9a-f]{64})$")


@dataclass(frozen=True)
class Package:
    """One pin: name and version as the package index spells them, and its archive's hash."""

    name: str
    version: str
    sha256: str


def packages() -> list[Package]:
    """The pinned packages, in the order of the file.

    A CourseError says that the file is missing or names the line that is no pin.
    """
    return list(_read_pins(*_packages_file())[1])


def pin_options() -> tuple[str, ...]:
    """The options that stand in the file beside the pins, e.g. ``--no-binary X``."""
    return _read_pins(*_packages_file())[0]


def find_package(name: str) -> Package:
    """The pin of a package, whose name may be spelled as the package index allows.

    A CourseError for an unknown name lists the near ones.
    """
    pinned = packages()
    for package in pinned:
        if normalise(package.name) == normalise(name):
            return package
    hint = nearest(name, (package.name for package in pinned))
    raise CourseError(f"no package {name!r} in data/packages.txt; {hint}")


def normalise(name: str) -> str:
    """The one spelling of a package's name in which all others agree."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _packages_file() -> tuple[Path, int]:
    path = repo_root() / "data" / "packages.txt"
    try:
        return path, path.stat().st_mtime_ns
    except FileNotFoundError:
        raise CourseError(f"{path} is missing: get the course's files again") from None


# The time of the last change is part of the key only: a file that was edited is read again.
@lru_cache(maxsize=4)
def _read_pins(path: Path, _mtime_ns: int) -> tuple[tuple[str, ...], tuple[Package, ...]]:
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
