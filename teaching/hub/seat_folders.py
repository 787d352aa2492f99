"""A seat's folder, the Unix user that it belongs to, and whether seats can read what they need."""

from __future__ import annotations

import os
import pwd
import re
import stat
from dataclasses import dataclass
from pathlib import Path

import psutil

# systemd's list of user numbers leaves these to nobody, and containers without root have them too.
NUMBERS = range(60_600, 61_180)
NAME = re.compile(r"[a-z][a-z0-9_-]{0,23}")
SOCKET = 107  # the longest path of a Unix socket
LONGEST = "/seats/" + "n" * 24 + "/.run/kernel-" + "0" * 36 + "-ipc-1"


class SeatError(RuntimeError):
    """A seat cannot be had; the message says why and what to do."""


@dataclass(frozen=True)
class Seat:
    """One learner's home folder and the numbers of the user and the group that it belongs to."""

    home: Path
    uid: int
    gid: int


def prepare_seat(folder: Path, name: str, accounts: str) -> Seat:
    """Make a learner's folder unless it is there, closed to all others.

    `accounts` says who the learner is to the system: with ``"numbers"`` a user number that has no
    account, with ``"system"`` the account of that name, with ``"one"`` whoever runs the hub."""
    if not NAME.fullmatch(name):
        raise SeatError(
            f"the name {name!r} makes no folder: use up to 24 small letters, digits, - and _"
        )
    home = folder / "seats" / name
    home.parent.mkdir(parents=True, exist_ok=True)
    home.parent.chmod(0o711)  # whoever knows a name gets no further than to the closed door
    if home.is_symlink():
        raise SeatError(f"{home} is a link: remove it, a seat is a folder of its own")
    uid, gid = _owner(home, name, accounts)
    if not home.exists():
        home.mkdir(mode=0o700)
        if accounts != "one":
            os.chown(home, uid, gid)
    home.chmod(0o700)
    return Seat(home, uid, gid)


def _owner(home: Path, name: str, accounts: str) -> tuple[int, int]:
    if accounts == "one":
        return os.getuid(), os.getgid()
    if accounts == "system":
        return _account(name)
    # The owner of a folder that is there is the record: no list can get lost or out of step.
    if home.exists():
        owner = home.stat().st_uid
        if owner not in NUMBERS:
            raise SeatError(f"{home} belongs to user {owner}, who is no seat: move it away")
        return owner, owner
    taken = {path.lstat().st_uid for path in home.parent.iterdir()}
    taken |= {account.pw_uid for account in pwd.getpwall()}
    running = [one.info["uids"] for one in psutil.process_iter(["uids"])]
    taken |= {uids.real for uids in running if uids}  # of another hub on this machine, say
    number = max((uid for uid in taken if uid in NUMBERS), default=NUMBERS[0] - 1) + 1
    if number not in NUMBERS:
        raise SeatError(f"all {len(NUMBERS)} seats are given away: start with a new folder")
    return number, number


def _account(name: str) -> tuple[int, int]:
    try:
        account = pwd.getpwnam(name)
    except KeyError:
        raise SeatError(f"this machine has no account {name!r}: make one with adduser") from None
    if account.pw_uid < 1000:
        raise SeatError(f"the account {name!r} serves the system: seats are for people")
    return account.pw_uid, account.pw_gid


def closed_to_others(path: Path) -> str:
    """The first folder on the way to a file that other users cannot pass; empty if none.

    Links are followed one by one, as the system does it."""
    seen, todo = Path("/"), list(path.absolute().parts[1:])
    while todo:
        if not seen.stat().st_mode & stat.S_IXOTH:
            return str(seen)
        step = seen / todo.pop(0)
        if step.is_symlink():
            target = seen / step.readlink()
            todo = [*Path(os.path.normpath(target)).parts[1:], *todo]
            seen = Path("/")
        else:
            seen = step
    return "" if seen.stat().st_mode & stat.S_IROTH else str(seen)


def check_machine(folder: Path, accounts: str, needed: dict[str, Path]) -> None:
    """Refuse with a SeatError a machine on which seats cannot start or would not be apart.

    `needed` are the paths that every seat reads, by what they are."""
    if len(str(folder)) + len(LONGEST) > SOCKET:
        most = SOCKET - len(LONGEST)
        raise SeatError(f"{folder} is too long a path for sockets: use at most {most} letters")
    if accounts == "one":
        return
    for what, path in needed.items():
        if shut := closed_to_others(path):
            raise SeatError(
                f"seats cannot read {what} ({path}): {shut} is closed to other users. Put it "
                "where all can read it, /opt or /srv say, and start again"
            )
        if path.stat().st_mode & stat.S_IWOTH:
            raise SeatError(f"every seat could change {what}: run chmod o-w {path}")
        for file in path.rglob("*") if path.is_dir() else []:
            if not file.stat().st_mode & stat.S_IROTH:
                raise SeatError(
                    f"seats cannot read {file}, which belongs to {what}: run chmod -R o+rX {path}"
                )
