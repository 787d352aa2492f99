"""Ctrl-C and its kin: the work in hand is cleared away, then one sentence and an exit status."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tlhelpers.errors import CourseError

# Ctrl-C, `kill`, a closed terminal, and what Windows sends for Ctrl-Break.
NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


class Stopped(KeyboardInterrupt):
    """Somebody asked to stop; `status` is the exit status that shells expect then."""

    def __init__(self, number: int = signal.SIGINT):
        super().__init__()
        self.status = 128 + number


@contextmanager
def stoppable() -> Iterator[None]:
    """Let the first signal that asks to stop raise `Stopped`; later ones disturb nothing any more.

    They stay unheeded after the block too: who was stopped is on the way out, and a second Ctrl-C
    while the interpreter ends would be told as an error. A closed terminal is not heeded where
    it was ignored before, which is what `nohup` does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _heeded()}
    stopped = False

    def stop(number, frame):
        nonlocal stopped
        stopped = True
        ignore_signals()
        raise Stopped(number)

    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        if not stopped:
            for number, handler in before.items():
                # None is a handler that was not set from Python, and cannot be set again.
                signal.signal(number, signal.SIG_DFL if handler is None else handler)


def run_stoppable(work: Callable[[], int], stopped: str) -> int:
    """The exit status of a command's work; `stopped` is what is said where somebody stops it."""
    try:
        with stoppable():
            return work()
    except CourseError as error:
        print(f"tlhelpers: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Nobody reads on, `| head` say; the interpreter would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt as error:
        print(f"\n{stopped}", file=sys.stderr)
        return error.status if isinstance(error, Stopped) else 130


def ignore_signals() -> None:
    """Heed no signal that asks to stop from now on: the process is about to end."""
    for number in _heeded():
        signal.signal(number, signal.SIG_IGN)


def _heeded() -> list[int]:
    numbers = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
    hangup = getattr(signal, "SIGHUP", None)
    if hangup is not None and signal.getsignal(hangup) == signal.SIG_IGN:
        numbers.remove(hangup)
    return numbers
