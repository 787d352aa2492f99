"""For which machines a bundle is made: the wheels that fit there, and what packages need there."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from tlhelpers.errors import CourseError

SYSTEMS = ("linux", "macos", "windows")
PYTHONS = ("3.11", "3.12", "3.13")
_MACHINES = {"linux": "x86_64", "macos": "arm64", "windows": "AMD64"}
_TITLES = {"linux": "Linux", "macos": "macOS", "windows": "Windows"}
# Wheels are taken for the oldest system that they are made for; these come first.
_GLIBC, _NEWEST_GLIBC, _MACOS = 28, 39, 14
_OLD_NAMES = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}


@dataclass(frozen=True)
class Target:
    """A kind of machine: ``"linux"`` say, its processor as Python calls it, and a Python."""

    system: str
    machine: str
    python: str

    def __str__(self) -> str:
        return f"{_TITLES.get(self.system, self.system)} {self.machine}, Python {self.python}"

    def tags(self) -> list[str]:
        """The platforms of wheels that fit, as pip names them, the best one first."""
        if self.system == "windows":
            return [{"AMD64": "win_amd64", "ARM64": "win_arm64"}.get(self.machine, "win32")]
        if self.system == "macos":
            return [f"macosx_{_MACOS}_0_{self.machine}"]
        numbers = [*range(_GLIBC, 4, -1), *range(_GLIBC + 1, _NEWEST_GLIBC + 1)]
        names = [f"manylinux_2_{number}_{self.machine}" for number in numbers]
        old = [f"{name}_{self.machine}" for name in _OLD_NAMES.values()]
        return [*names, *old, f"linux_{self.machine}"]

    def markers(self) -> list[dict[str, str]]:
        """What the conditions in requirements are judged by, for the first and a late release."""
        names = {
            "linux": ("posix", "linux", "Linux"),
            "macos": ("posix", "darwin", "Darwin"),
            "windows": ("nt", "win32", "Windows"),
        }
        common = dict(
            zip(("os_name", "sys_platform", "platform_system"), names[self.system], strict=True)
        )
        common |= {"platform_machine": self.machine, "python_version": self.python}
        return [
            {**common, "python_full_version": f"{self.python}.{release}"} for release in (0, 99)
        ]


def here() -> Target:
    """This machine and this Python."""
    systems = {"linux": "linux", "darwin": "macos", "win32": "windows"}
    system = systems.get(sys.platform, sys.platform)
    return Target(system, platform.machine(), ".".join(map(str, sys.version_info[:2])))


def choose(system: str | None, python: str | None) -> Target:
    """The machines that were asked for; what was not said is as it is here.

    A CourseError says that there are no bundles for them.
    """
    own = here()
    system = system or own.system
    if system not in SYSTEMS:
        raise CourseError(
            f"no bundle can be made for {system}: --platform takes {', '.join(SYSTEMS)}"
        )
    machine = own.machine if system == own.system else _MACHINES[system]
    return Target(system, machine, python or own.python)


def is_older_python(oldest: str) -> bool:
    """Whether this Python is an earlier release than `oldest` names; empty is none."""
    return bool(oldest) and sys.version_info[:3] < tuple(map(int, oldest.split(".")))


def least_system(wheels: Iterable[str]) -> str:
    """The oldest system that takes wheels of these names; empty if nothing in them says so."""
    needs = [need for need in map(_need, wheels) if need]
    if not needs:
        return ""
    kind = needs[0][0]
    major, minor = max(number for other, number in needs if other == kind)
    return f"{kind} {major}.{minor}"


def _need(wheel: str) -> tuple[str, tuple[int, int]] | None:
    name = wheel
    for number, old in _OLD_NAMES.items():
        name = name.replace(f"{old}_", f"manylinux_2_{number}_")
    for kind, tag in (("glibc", "manylinux"), ("macOS", "macosx")):
        found = re.findall(rf"{tag}_(\d+)_(\d+)_", name)
        if found:
            return kind, min((int(major), int(minor)) for major, minor in found)
    return None


def is_older(least: str) -> str:
    """What this machine has, if that is older than `least_system` says; else empty."""
    kind, _, number = least.partition(" ")
    found = {"glibc": platform.libc_ver()[1], "macOS": platform.mac_ver()[0]}.get(kind, "")
    if not re.match(r"\d+\.\d+", found):
        return ""
    have, want = (tuple(map(int, text.split(".")[:2])) for text in (found, number))
    return f"{kind} {found}" if have < want else ""
