"""Free memory is the machine's, or what the control groups of this process leave."""

import os
import subprocess
import sys
from contextlib import ExitStack
from types import SimpleNamespace

import pytest

from tlhelpers.errors import CourseError, repo_root
from tlhelpers.evaluation import free_memory as asked
from tlhelpers.evaluation.free_memory import free_memory

sys.path.insert(0, str(repo_root() / "benchmarks"))

import lessons

GB = 2**30
FILES = {
    "": ("memory.max", "memory.current", "inactive_file"),
    "memory": ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with 100 GB free, whose control groups are written here."""
    monkeypatch.setattr(asked, "CONTROL_GROUPS", tmp_path / "groups")
    monkeypatch.setattr(asked, "OWN_GROUPS", tmp_path / "own")
    memory = SimpleNamespace(available=100 * GB)
    monkeypatch.setattr(asked.psutil, "virtual_memory", lambda: memory)

    def make_group(name, limit, used, cached=0, version=""):
        folder = tmp_path / "groups" / version / name.lstrip("/")
        folder.mkdir(parents=True, exist_ok=True)
        limits, uses, row = FILES[version]
        (folder / limits).write_text(f"{limit}\n")
        (folder / uses).write_text(f"{used}\n")
        (folder / "memory.stat").write_text(f"anon 5\n{row} {cached}\nunevictable 0\n")

    def place(*rows):
        (tmp_path / "own").write_text("".join(f"{row}\n" for row in rows))

    return SimpleNamespace(make_group=make_group, place=place)


@pytest.mark.parametrize("version", FILES)
@pytest.mark.parametrize(
    ("limit", "used", "cached", "wanted"),
    [
        ("max", 5 * GB, 0, 100 * GB),
        (2 * GB, GB, 0, GB),
        (2 * GB, GB, GB // 4, GB + GB // 4),
        (2 * GB, GB, 2 * GB, 2 * GB),
        (GB, 2 * GB, 0, 0),
        (2**63 - 4096, GB, 0, 100 * GB),
        (-1, GB, 0, 100 * GB),
    ],
)
def test_a_container_leaves_its_limit_less_what_is_in_use_and_not_cached(
    machine, version, limit, used, cached, wanted
):
    machine.make_group("/", limit, used, cached, version)
    assert free_memory() == wanted


@pytest.mark.parametrize(("version", "row"), [("", "0::/{}"), ("memory", "4:cpu,memory:/{}")])
def test_the_narrowest_of_the_groups_around_a_process_counts(machine, version, row):
    machine.make_group("/", 50 * GB, 0, version=version)
    machine.make_group("/users", 20 * GB, GB, version=version)
    machine.make_group("/users/one", 30 * GB, GB, version=version)
    machine.make_group("/users/two", GB, 0, version=version)
    machine.place(row.format("users/one"))
    assert free_memory() == 19 * GB
    machine.place(row.format("users/two"))
    assert free_memory() == GB


def test_a_group_of_another_resource_or_one_out_of_sight_has_no_limit(machine):
    machine.make_group("/users", GB, 0, version="memory")
    machine.place("3:cpuset:/users", "4:memory:/docker/0815", "0::/")
    assert free_memory() == 100 * GB


def test_where_there_are_no_control_groups_it_is_the_machines_memory(machine):
    assert free_memory() == 100 * GB


def test_files_that_cannot_be_read_or_are_missing_are_no_limit(machine, tmp_path):
    machine.make_group("/", GB, 0)
    (tmp_path / "groups" / "memory.stat").unlink()
    assert free_memory() == 100 * GB


@pytest.mark.parametrize("row", ["", "0::", "no colon", "7", "4:memory", "4:memory:/\udcff\0"])
def test_rows_in_a_form_that_is_not_known_name_no_group(machine, tmp_path, row):
    machine.make_group("/", 20 * GB, GB)
    (tmp_path / "own").write_bytes(os.fsencode(f"{row}\n"))
    assert free_memory() == 19 * GB


def test_the_rows_of_groups_may_be_out_of_reach(machine, tmp_path):
    machine.make_group("/", 20 * GB, GB)
    (tmp_path / "own").mkdir()
    assert free_memory() == 19 * GB


@pytest.mark.parametrize(
    ("limit", "used", "cached"), [("9" * 5000, 5, 5), (GB, "9" * 5000, 5), (GB, 5, "many")]
)
def test_numbers_that_are_none_are_no_limit(machine, limit, used, cached):
    machine.make_group("/", limit, used, cached)
    assert free_memory() == 100 * GB


@pytest.fixture
def real_group():
    """A control group of this system with a limit of 1 GB, where one may be made."""
    with ExitStack() as seats:
        try:
            yield seats.enter_context(lessons.seat(1))
        except CourseError as error:
            pytest.skip(str(error))


def test_a_process_in_a_real_group_is_told_its_limit(real_group):
    script = (
        "import sys; from pathlib import Path\n"
        "Path(sys.argv[1], 'cgroup.procs').write_text('0')\n"
        "from tlhelpers.evaluation.free_memory import free_memory\n"
        "print(free_memory())"
    )
    told = subprocess.run(
        [sys.executable, "-c", script, real_group], capture_output=True, text=True, check=True
    )
    assert 0.2 * GB < int(told.stdout) <= GB
