"""Ctrl-C and its kin: the work in hand is cleared away, then one sentence and an exit status."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Ctrl-C, `kill`, a closed terminal, and what Windows sends for Ctrl-Break.
NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


class Stopped(KeyboardInterrupt):
    """Somebody asked to stop; `status` is the exit status that shells expect then."""

    def __init__(self, number: int = signal.SIGINT):
        super().__init__()
        self.status = 128 + number


@contextmanager
def stoppable() -> Iterator[None]:
    """Let the first signal that asks to stop raise `Stopped`; later ones do not disturb clearing.

    A closed terminal is not heeded where it was ignored before, which is what `nohup` does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    ignored = {getattr(signal, "SIGHUP", None)} if _hangup_is_ignored() else set()
    heeded = [number for number in numbers if number not in ignored]

    def stop(number, frame):
        for each in heeded:
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(number)

    for number in heeded:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in heeded:
            # None stands for a handler that was not set from Python, and cannot be set again.
            signal.signal(number, signal.SIG_DFL if before[number] is None else before[number])


def _hangup_is_ignored() -> bool:
    return hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
