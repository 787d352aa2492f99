"""The parts of teaching/hub by themselves: folders, passwords, memory, and what is refused."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

if os.name == "nt":
    pytest.skip("JupyterHub does not run on Windows", allow_module_level=True)

from hub_rig import HUB, ROOT, class_list, mode_of, seat_folders, seat_memory

SeatError, Process, Watched = seat_folders.SeatError, seat_memory.Process, seat_memory.Watched
prepare_seat, check_machine = seat_folders.prepare_seat, seat_folders.check_machine
closed_to_others, of_seat = seat_folders.closed_to_others, seat_memory.of_seat
needs_root = pytest.mark.skipif(not ROOT, reason="only root can give a folder to another user")


# ---------------------------------------------------------------- folders


@needs_root
def test_each_name_gets_a_user_of_its_own_and_keeps_it(tmp_path):
    seats = {name: prepare_seat(tmp_path, name, "numbers") for name in ("ada", "ben", "cleo")}
    assert len({seat.uid for seat in seats.values()}) == 3
    assert all(seat.uid in seat_folders.NUMBERS for seat in seats.values())
    assert {mode_of(seat.home) for seat in seats.values()} == {0o700}
    seats["ada"].home.chmod(0o777)
    assert prepare_seat(tmp_path, "ada", "numbers") == seats["ada"]
    assert mode_of(seats["ada"].home) == 0o700, "what a learner opened is closed at the next start"


@needs_root
def test_a_number_that_is_taken_is_not_given_again(tmp_path, monkeypatch):
    first = seat_folders.NUMBERS[0]
    monkeypatch.setattr(seat_folders.pwd, "getpwall", lambda: [SimpleNamespace(pw_uid=first + 5)])
    assert prepare_seat(tmp_path / "one", "ada", "numbers").uid == first + 6
    process = SimpleNamespace(info={"uids": SimpleNamespace(real=first + 8)})
    monkeypatch.setattr(seat_folders.psutil, "process_iter", lambda names: [process])
    assert prepare_seat(tmp_path / "two", "ada", "numbers").uid == first + 9


@pytest.mark.parametrize("name", ["../ada", "Ada", "", "a/b", "a" * 25, "root ", "0x"])
def test_a_name_that_is_no_folder_is_refused(tmp_path, name):
    with pytest.raises(SeatError, match="makes no folder"):
        prepare_seat(tmp_path, name, "one")
    assert list(tmp_path.iterdir()) == []


def test_a_link_or_a_folder_of_somebody_else_is_no_seat(tmp_path):
    (tmp_path / "seats").mkdir()
    (tmp_path / "seats" / "ada").symlink_to(tmp_path)
    with pytest.raises(SeatError, match="is a link: remove it"):
        prepare_seat(tmp_path, "ada", "numbers")
    (tmp_path / "seats" / "ben").mkdir()
    with pytest.raises(SeatError, match="who is no seat"):
        prepare_seat(tmp_path, "ben", "numbers")


def test_accounts_are_those_of_people(tmp_path):
    with pytest.raises(SeatError, match="serves the system"):
        prepare_seat(tmp_path, "root", "system")
    with pytest.raises(SeatError, match="no account 'nobody-here': make one"):
        prepare_seat(tmp_path, "nobody-here", "system")


def test_what_is_closed_on_the_way_is_found_through_links(tmp_path):
    tmp_path.chmod(0o711)
    shut = tmp_path / "shut"
    (shut / "inner").mkdir(parents=True)
    (shut / "inner" / "file").touch()
    (tmp_path / "link").symlink_to(shut / "inner")
    shut.chmod(0o700)
    for path in (shut / "inner" / "file", tmp_path / "link" / "file"):
        assert closed_to_others(path) in outermost_closed(tmp_path, shut)
    shut.chmod(0o755)
    (shut / "inner" / "file").chmod(0o640)
    assert closed_to_others(tmp_path / "link" / "file") in outermost_closed(
        tmp_path, shut / "inner" / "file"
    )


def outermost_closed(below: Path, last: Path) -> list[str]:
    """pytest's own folders may be closed; then the first of them is what is named."""
    closed = [path for path in below.parents if not path.stat().st_mode & 0o001]
    return [str(path) for path in closed] or [str(last)]


def test_a_machine_that_keeps_seats_out_or_lets_them_write_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(seat_folders, "closed_to_others", lambda path: "")
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "archive").touch()
    here = Path("/srv/tlhub")
    check_machine(here, "numbers", {"data": cache})
    (cache / "archive").chmod(0o600)
    with pytest.raises(SeatError, match=r"seats cannot read .*archive.*chmod -R o\+rX"):
        check_machine(here, "numbers", {"data": cache})
    (cache / "archive").chmod(0o644)
    cache.chmod(0o777)
    with pytest.raises(SeatError, match="every seat could change data: run chmod o-w"):
        check_machine(here, "numbers", {"data": cache})
    monkeypatch.setattr(seat_folders, "closed_to_others", lambda path: "/root")
    with pytest.raises(SeatError, match="/root is closed to other users"):
        check_machine(here, "numbers", {"data": cache})
    with pytest.raises(SeatError, match="too long a path"):
        check_machine(here / ("x" * 60), "one", {})


# ---------------------------------------------------------------- names and passwords


def test_a_list_lets_in_who_stands_in_it_with_the_password_given_out(tmp_path):
    path = tmp_path / "hub" / "class.txt"
    first = class_list.add(path, ["ada", "ben"])
    assert class_list.fits(path, "ada", first["ada"])
    assert not class_list.fits(path, "ada", first["ben"])
    assert not class_list.fits(path, "nobody", first["ada"])
    assert not class_list.fits(path, "ada", "")
    assert (mode_of(path), mode_of(path.parent)) == (0o600, 0o700)
    assert first["ada"] not in path.read_text(encoding="utf-8")
    second = class_list.add(path, ["ada", "cleo"])
    assert not class_list.fits(path, "ada", first["ada"]), "a new password replaces the old one"
    assert class_list.fits(path, "ada", second["ada"])
    assert class_list.fits(path, "ben", first["ben"])
    with pytest.raises(ValueError, match="'Ada!' is no name for a seat"):
        class_list.add(path, ["Ada!"])


# ---------------------------------------------------------------- memory

GB = 2**30
RUNNING = [
    Process(1, 0, 0, 5 * GB),
    Process(10, 1, 60_600, GB // 10),  # ada's server
    Process(11, 10, 60_600, GB),
    Process(12, 11, 60_600, 3 * GB // 2),
    Process(13, 1, 60_600, GB // 100),  # left its family
    Process(20, 1, 60_601, GB),
]


def seat_of(tmp_path, by_user: bool) -> Watched:
    note = tmp_path / "notes" / "ada.json"
    return Watched("ada", 10, os.getuid(), os.getgid(), by_user, 2 * GB, note)


def test_processes_of_a_seat_are_those_of_its_user_or_its_family(tmp_path):
    seat = Watched("ada", 10, 60_600, 60_600, True, 2 * GB, tmp_path)
    assert [one.pid for one in of_seat(seat, RUNNING)] == [10, 11, 12, 13]
    assert [one.pid for one in of_seat(seat_of(tmp_path, False), RUNNING)] == [10, 11, 12]


@pytest.mark.parametrize(("limit", "ended"), [(2 * GB, [12]), (3 * GB, [])])
def test_the_largest_process_of_a_seat_over_its_limit_is_ended(tmp_path, monkeypatch, limit, ended):
    killed = []
    monkeypatch.setattr(seat_memory, "processes", lambda: RUNNING)
    monkeypatch.setattr(seat_memory.os, "kill", lambda pid, number: killed.append(pid))
    watch = seat_memory.MemoryWatch()
    seat = seat_of(tmp_path, False)
    watch.seats["ada"] = Watched(**{**vars(seat), "limit": limit})
    watch.look()
    assert killed == ended
    assert seat.note.exists() == bool(ended)


def test_the_server_is_ended_last(tmp_path, monkeypatch):
    killed = []
    alone = [Process(10, 1, 60_600, 3 * GB), Process(11, 10, 60_600, GB)]
    monkeypatch.setattr(seat_memory.os, "kill", lambda pid, number: killed.append(pid))
    watch = seat_memory.MemoryWatch()
    for running in (alone, alone[:1]):
        monkeypatch.setattr(seat_memory, "processes", lambda running=running: running)
        watch.seats["ada"] = seat_of(tmp_path, False)
        watch.look()
    assert killed == [11, 10]


HOLDS = """import sys
for line in sys.stdin:
    held = b"x" * int(line)
    print(len(held), flush=True)
"""


def test_private_memory_is_what_a_process_itself_holds():
    """A fresh process: this one gives back what other tests have left, at any time."""
    command, pipe = [sys.executable, "-c", HOLDS], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        own, now = (_when_it_holds(process, size) for size in (1, 2**27))
    assert 0.9 * 2**27 < now.private - own.private < 1.5 * 2**27
    assert now.parent == os.getpid() and now.uid == os.getuid()


def _when_it_holds(process, size: int):
    print(size, file=process.stdin, flush=True)
    assert process.stdout.readline() == f"{size}\n"
    return next(one for one in seat_memory.processes() if one.pid == process.pid)


# ---------------------------------------------------------------- the configuration


class Settings:
    """What JupyterHub gives to its configuration: it takes whatever is set."""

    def __getattr__(self, name):
        self.__dict__[name] = value = Settings()
        return value


def configure(monkeypatch, tmp_path, uid: int, **variables) -> Settings:
    given = Settings()
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in ("TLHUB_LOGIN", "TLHUB_ONE_ACCOUNT", "TLHUB_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TLHUB_FOLDER": str(tmp_path / "hub"), **variables}.items():
        monkeypatch.setenv(name, value)
    runpy.run_path(str(HUB / "jupyterhub_config.py"), {"get_config": lambda: given})
    return given


def test_who_is_not_root_must_say_that_seats_may_read_one_another(monkeypatch, tmp_path):
    monkeypatch.setattr(seat_folders, "LONGEST", "")
    with pytest.raises(SystemExit, match="could read one another"):
        configure(monkeypatch, tmp_path, 1000)
    assert not (tmp_path / "hub").exists()
    given = configure(monkeypatch, tmp_path, 1000, TLHUB_ONE_ACCOUNT="yes")
    assert given.SeatSpawner.accounts == "one"


def test_the_way_to_log_in_decides_who_a_learner_is(monkeypatch, tmp_path):
    monkeypatch.setattr(seat_folders, "check_machine", lambda *_: None)
    listed = configure(monkeypatch, tmp_path, 0)
    assert (listed.SeatSpawner.accounts, listed.Spawner.mem_limit) == ("numbers", "2G")
    assert listed.JupyterHub.authenticator_class.__name__ == "ClassListAuthenticator"
    assert listed.JupyterHub.bind_url.startswith("http://127.0.0.1:")
    pam = configure(monkeypatch, tmp_path, 0, TLHUB_LOGIN="pam")
    assert (pam.SeatSpawner.accounts, pam.JupyterHub.authenticator_class) == ("system", "pam")
    with pytest.raises(SystemExit, match="TLHUB_LOGIN is 'oauth'"):
        configure(monkeypatch, tmp_path, 0, TLHUB_LOGIN="oauth")


def test_the_limit_that_is_watched_is_the_one_that_the_seat_gets(monkeypatch, tmp_path):
    monkeypatch.setattr(seat_folders, "check_machine", lambda *_: None)
    spawner = configure(monkeypatch, tmp_path, 0).Spawner
    assert spawner.mem_limit == "2G" and spawner.cmd[-1] == str(2 * GB)
