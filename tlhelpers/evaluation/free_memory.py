"""How much memory this process may still take: the machine's, or what its container leaves."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import psutil

CONTROL_GROUPS = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")


class _Version(NamedTuple):
    """Where one version of Linux' control groups says what it allows and what is in use."""

    folder: str  # below `CONTROL_GROUPS`
    limit: str
    used: str
    cached: str  # the row of memory.stat with what the system takes back before memory runs out


UNIFIED = _Version("", "memory.max", "memory.current", "inactive_file")
OLD = _Version("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def free_memory() -> int:
    """Bytes that are free on this machine, or less: what is left of what a container may use.

    A container is a control group of Linux: that of this process, and all that it lies in.
    """
    left = [_left_in(folder, version) for folder, version in _groups()]
    machine = psutil.virtual_memory().available
    return min([machine, *(free for free in left if free is not None)])


def _groups() -> Iterator[tuple[Path, _Version]]:
    """The group of this process and those around it, for both versions.

    A container often sees its own group as the root, under which the name that the machine gave
    it does not exist: folders that are missing have no limit.
    """
    for row in [*_own_rows(), "0::/", "0:memory:/"]:
        _, controllers, name = row.split(":", 2)
        if controllers == "":
            version = UNIFIED
        elif "memory" in controllers.split(","):
            version = OLD
        else:
            continue
        root = CONTROL_GROUPS / version.folder
        own = PurePosixPath(name.lstrip("/"))
        yield from ((root / group, version) for group in (own, *own.parents))


def _own_rows() -> list[str]:
    """Number, controllers and name of each group of this process; none where nothing tells them."""
    try:
        rows = os.fsdecode(OWN_GROUPS.read_bytes()).splitlines()
    except OSError:
        return []
    return [row for row in rows if row.count(":") >= 2]


def _left_in(folder: Path, version: _Version) -> int | None:
    """Bytes left in one group; None where it has no limit."""
    try:
        limit = (folder / version.limit).read_text().strip()
        if not limit.isdecimal():
            return None
        used = int((folder / version.used).read_text())
        rows = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        return max(0, int(limit) - max(0, used - int(rows.get(version.cached, 0))))
    except (OSError, ValueError):  # not there, not ours to read, or in a form we do not know
        return None
