"""Keeps a learner's process from taking all memory and from reading the teacher's files.

Memory is limited everywhere that has resource limits, files where Linux has Landlock. Each function
says whether it could, and what else holds then stands in the teacher's README."""

from __future__ import annotations

import ctypes
import os
import stat
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # system calls
BENEATH, NO_NEW_PRIVILEGES = 1, 38
# Rights in the order of their bits: execute, write, read, list, then those that make or remove.
READ = 0b1101
ALL = (1 << 13) - 1
OF_FILES = 0b111  # execute, write and read are also rights of a single file
SINCE = {2: 1 << 13, 3: 1 << 14}  # by version: moving between folders, cutting files short
SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/sbin", "/etc", "/sys", "/dev")
# Of the processes none but its own: the variables of others may hold what is secret.
OF_PROCESSES = ("self", "cpuinfo", "meminfo", "stat", "version", "sys", "mounts", "filesystems")
DEVICES = (
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
    "/dev/tty",
    "/dev/shm",
)


def limit_memory(megabytes: int) -> bool:
    """Let this process and those that it starts hold no more data each; False where it cannot."""
    try:
        import resource
    except ImportError:  # Windows
        return False
    size = megabytes * 2**20
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**30, 2**30))
        resource.setrlimit(resource.RLIMIT_DATA, (size, size))
        return sys.platform == "linux"  # others take the number and do not keep to it
    return False


def landlock_version() -> int:
    """Which Landlock the system has; 0 for none."""
    if sys.platform != "linux":
        return 0
    libc = ctypes.CDLL(None, use_errno=True)
    return max(0, libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1)))


def readable_folders() -> list[Path]:
    """What a learner's process needs to read: the system, Python, the course and its data."""
    from tlhelpers.errors import repo_root
    from tlhelpers.setup.paths import cache_dir

    processes = [Path("/proc") / name for name in OF_PROCESSES]
    folders = [
        *map(Path, SYSTEM),
        *processes,
        Path(sys.prefix),
        Path(sys.base_prefix),
        repo_root(),
        cache_dir(),
    ]
    return list(dict.fromkeys(folder.resolve() for folder in folders if folder.exists()))


def fence_files(readable: Iterable[Path], writable: Iterable[Path]) -> bool:
    """From here on, this process opens nothing but these folders; False where it cannot be done."""
    version = landlock_version()
    if not version:
        return False
    handled = ALL | sum(right for since, right in SINCE.items() if version >= since)
    libc = ctypes.CDLL(None, use_errno=True)
    wanted = ctypes.c_uint64(handled)
    rules = libc.syscall(
        CREATE_RULESET, ctypes.byref(wanted), ctypes.c_size_t(8), ctypes.c_uint32(0)
    )
    if rules < 0:
        return False
    try:
        for rights, paths in ((READ, readable), (handled, writable)):
            for path in paths:
                _allow(libc, rules, Path(path), rights)
        if libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0):
            return False
        return libc.syscall(RESTRICT_SELF, rules, ctypes.c_uint32(0)) == 0
    finally:
        os.close(rules)


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("rights", ctypes.c_uint64), ("folder", ctypes.c_int32))


def _allow(libc: ctypes.CDLL, rules: int, path: Path, rights: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # not there
        return
    try:
        if not stat.S_ISDIR(os.fstat(opened).st_mode):
            rights &= OF_FILES | SINCE[3]
        rule = _Beneath(rights, opened)
        libc.syscall(ADD_RULE, rules, BENEATH, ctypes.byref(rule), ctypes.c_uint32(0))
    finally:
        os.close(opened)
