"""The part of JupyterHub that starts a learner's server: own folder, own user, own memory."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from jupyterhub.spawner import LocalProcessSpawner
from seat_folders import Seat, prepare_seat
from seat_memory import MemoryWatch, Watched, of_seat, processes
from traitlets import Enum, Unicode

WATCH = MemoryWatch()


class SeatSpawner(LocalProcessSpawner):
    """JupyterHub's own spawner of local processes, with seats that are apart from each other."""

    folder = Unicode(help="Where the folders of all seats lie.").tag(config=True)
    shared = Unicode(help="The cache of data and weights that all seats read.").tag(config=True)
    accounts = Enum(
        ["numbers", "system", "one"],
        "numbers",
        help="Who a learner is to the system; see prepare_seat.",
    ).tag(config=True)

    @property
    def seat(self) -> Seat:
        """The learner's folder and user; made if need be."""
        return prepare_seat(Path(self.folder), self.user.name, self.accounts)

    @property
    def note(self) -> Path:
        """Where the watch writes down that it ended a process of this seat."""
        return Path(self.folder) / "notes" / f"{self.user.name}.json"

    def make_preexec_fn(self, name):
        """Nothing: Python's own Popen changes the user, which is safe beside threads."""
        return None

    def user_env(self, env):
        """What tells programs of a seat who and where they are."""
        home = str(self.seat.home)
        mine = {"HOME": home, "USER": self.user.name, "LOGNAME": self.user.name}
        return env | mine | {
            "SHELL": "/bin/bash",
            "TLHUB_NOTE": str(self.note),
            "TLHUB_SHARED": self.shared,
        }  # fmt: skip

    async def start(self):
        """Start the server as the learner's own user."""
        seat = self.seat
        self.popen_kwargs = {"cwd": str(seat.home), "umask": 0o077}
        if self.accounts != "one":
            self.popen_kwargs |= {"user": seat.uid, "group": seat.gid, "extra_groups": []}
        address = await super().start()
        self._watch()
        return address

    async def poll(self):
        """As JupyterHub does it; a hub that was started anew watches the seats that it finds."""
        status = await super().poll()
        if status is None and self.user.name not in WATCH.seats:
            self._watch()
        elif status is not None:
            self._leave()
        return status

    async def stop(self, now=False):
        """Stop the server, and whatever else the learner has left running."""
        seat = self._watched()
        await super().stop(now)
        self._leave()
        if self.accounts == "numbers":  # an account may have other things to do on this machine
            for one in of_seat(seat, processes()):
                end(one.pid)

    def _watched(self) -> Watched:
        seat, by_user = self.seat, self.accounts != "one"
        limit = self.mem_limit
        return Watched(self.user.name, self.pid, seat.uid, seat.gid, by_user, limit, self.note)

    def _watch(self) -> None:
        if self.mem_limit and self.pid:
            WATCH.add(self._watched())

    def _leave(self) -> None:
        WATCH.remove(self.user.name)


def end(pid: int) -> None:
    """End a process, which may have ended already."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
