"""Each seat keeps to its memory: the hub looks four times a second and ends what is too large.

A limit by the system on each process (RLIMIT_AS) does not serve here: torch reserves several times
the memory that it uses. What counts is what a seat takes from the machine: the memory of all its
processes that they share with nobody. The libraries are in memory once for all seats.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

LOOK_SECONDS = 0.25
log = logging.getLogger("jupyterhub.seats")


@dataclass(frozen=True)
class Watched:
    """A seat whose memory is looked at; `by_user` if all processes of its user are its own."""

    name: str
    server: int  # the process of its Jupyter server, which is ended last
    uid: int
    gid: int
    by_user: bool
    limit: int  # bytes
    note: Path  # where the learner's kernels look for the reason


@dataclass(frozen=True)
class Process:
    """What is known of a running process; `private` are bytes."""

    pid: int
    parent: int
    uid: int
    private: int


def processes() -> list[Process]:
    """All processes of this machine with the memory that they share with nobody."""
    found = []
    for one in psutil.process_iter(["pid", "ppid", "uids", "memory_info"]):
        info = one.info
        if info["memory_info"] and info["uids"]:  # None for one that has just ended
            memory = info["memory_info"]
            private = memory.rss - getattr(memory, "shared", 0)  # only Linux tells it
            found.append(Process(info["pid"], info["ppid"], info["uids"].real, private))
    return found


def of_seat(seat: Watched, running: Iterable[Process]) -> list[Process]:
    """The processes of a seat: all of its user, or the server's descendants where users are one."""
    running = list(running)
    if seat.by_user:
        return [one for one in running if one.uid == seat.uid]
    children = defaultdict(list)
    for one in running:
        children[one.parent].append(one)
    family = [one for one in running if one.pid == seat.server]
    for one in family:  # grows while it is walked
        family += children[one.pid]
    return family


class MemoryWatch:
    """Looks at all seats together, so that thirty of them cost one look."""

    def __init__(self):
        self.seats: dict[str, Watched] = {}
        self._task: asyncio.Task | None = None

    def add(self, seat: Watched) -> None:
        """Look at a seat from now on."""
        self.seats[seat.name] = seat
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._look_for_ever())

    def remove(self, name: str) -> None:
        """Look at a seat no more."""
        self.seats.pop(name, None)

    async def _look_for_ever(self) -> None:
        while self.seats:
            try:
                self.look()
            except Exception:  # a watch that ends would leave all seats without a limit
                log.exception("could not look at the memory of the seats")
            await asyncio.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """Look once, and end the largest process of each seat that is over its limit."""
        running = processes()
        for seat in list(self.seats.values()):
            own = of_seat(seat, running)
            used = sum(one.private for one in own)
            if used > seat.limit:
                self._end_largest(seat, own, used)

    def _end_largest(self, seat: Watched, own: list[Process], used: int) -> None:
        # Without its server a seat is gone, and so are the learner's other notebooks.
        largest = max(own, key=lambda one: (one.pid != seat.server, one.private))
        log.warning(
            "seat %s uses %.2f GB of %.2f: ending process %d (%.2f GB)",
            seat.name, used / 2**30, seat.limit / 2**30, largest.pid, largest.private / 2**30,
        )  # fmt: skip
        leave_note(seat, used)
        try:
            os.kill(largest.pid, 9)
        except ProcessLookupError:
            log.info("process %d had ended already", largest.pid)


def leave_note(seat: Watched, used: int) -> None:
    """Write down what happened, in a place that the learner can read and nobody else."""
    seat.note.parent.mkdir(exist_ok=True)
    seat.note.parent.chmod(0o711)
    text = json.dumps({"used": used, "limit": seat.limit, "time": time.time()})
    partial = seat.note.with_suffix(".new")
    partial.write_text(text, encoding="utf-8")
    partial.chmod(0o640)
    if seat.by_user:
        os.chown(partial, os.getuid(), seat.gid)
    partial.replace(seat.note)
