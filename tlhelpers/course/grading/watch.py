"""Watches memory and computing of a learner's process and of all that it starts, and stops them."""

from __future__ import annotations

import signal
import threading
from contextlib import suppress

import psutil

from tlhelpers.course.execution import memory_of

LOOK_SECONDS = 0.1
GRACE_SECONDS = 5  # of computing, which a cell has to end after it was interrupted


class Watch(threading.Thread):
    """Looks ten times a second; `exceeded` and `too_long` say what it had to stop.

    Computing is counted in seconds of the processor: on a busy machine an answer has as much of it
    as elsewhere."""

    def __init__(self, pid: int, megabytes: int, cell_seconds: float):
        super().__init__(daemon=True)
        self.kernel = psutil.Process(pid)
        self.most, self.cell_seconds = megabytes * 2**20, cell_seconds
        self.exceeded = self.too_long = False
        self._seen: set[psutil.Process] = {self.kernel}
        self._done = threading.Event()
        self._before = 0.0

    def begin_cell(self) -> None:
        """Count computing from here on."""
        self._before, self.too_long = _computed(self._look()), False

    def run(self) -> None:
        """Look until told to stop."""
        while not self._done.wait(LOOK_SECONDS):
            processes = self._look()
            if memory_of(processes) > self.most:
                self.exceeded = True
                self.end()
            self._look_at_computing(_computed(processes) - self._before)

    def _look_at_computing(self, seconds: float) -> None:
        if seconds > self.cell_seconds + GRACE_SECONDS:
            self.end()
        elif seconds > self.cell_seconds and not self.too_long:
            self.too_long = True
            with suppress(psutil.Error, ValueError, OSError):
                self.kernel.send_signal(signal.SIGINT)

    def stop(self) -> None:
        """Look no more, and end whatever was started and still runs."""
        self._done.set()
        self.join()
        self.end()

    def end(self) -> None:
        """End all that were ever seen, the kernel first, so that it starts no more of them."""
        self._look()
        for process in sorted(self._seen, key=lambda one: one != self.kernel):
            with suppress(psutil.Error):
                process.kill()

    def _look(self) -> list[psutil.Process]:
        try:
            processes = [self.kernel, *self.kernel.children(recursive=True)]
        except psutil.Error:
            return []
        self._seen.update(processes)
        return processes


def _computed(processes: list[psutil.Process]) -> float:
    """Seconds of the processor that processes took together."""
    total = 0.0
    for process in processes:
        with suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system
    return total
