"""Memory that nobody uses any more, given back to the system."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache


def give_back_memory() -> None:
    """Let the system have what this process has freed.

    glibc keeps it, since it is told so (`environment.KEEP_MEMORY`): within a pass or a training
    that saves half the time, after it others may need it. Elsewhere this does nothing.
    """
    if trim := _trim():
        trim(0)


@cache
def _trim() -> Callable[[int], int] | None:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError, TypeError):  # no glibc, or Windows, which wants a name
        return None
