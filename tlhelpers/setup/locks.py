"""One exclusive file lock, so that two set-ups started at once take turns."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tlhelpers.errors import CourseError

if os.name == "nt":
    import msvcrt
else:
    import fcntl

_PAUSE = 0.2  # seconds between two tries


@contextmanager
def held(path: Path, waiting: Callable[[], object]) -> Iterator[int]:
    """Hold an exclusive lock on a file; the system frees it when the holder dies.

    `waiting` is called once if another process holds it. A child that inherits the open file it
    yields holds the lock too, so an orphan cannot write into the next set-up's folder.
    A CourseError says that the lock's folder may not be written to.
    """
    descriptor = _open(path)
    try:
        if not _try_lock(descriptor):
            waiting()
            while not _try_lock(descriptor):
                time.sleep(_PAUSE)
        yield descriptor
    finally:
        _let_go(descriptor)


def _open(path: Path) -> int:
    # The lock file stays: removing it would let a third process lock a new one.
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise CourseError(
            f"{path} cannot be written ({error.strerror}): let the folder be yours to write to and "
            "have some space, or copy the course to such a one, and run the same command again"
        ) from None


def _try_lock(descriptor: int) -> bool:
    if os.name == "nt":
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # Some network folders know no locks. Going on is better than never starting.
        return True
    return True


def _let_go(descriptor: int) -> None:
    if os.name == "nt":
        # It was never locked if Ctrl-C came while waiting.
        with suppress(OSError):
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
    os.close(descriptor)
