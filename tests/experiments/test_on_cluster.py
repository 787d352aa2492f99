"""A sweep on a dask cluster: real processes on this machine, some of which are killed."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import made_sweep
import psutil
import pytest
import tiny
from made_sweep import NAME, SWEEP, TASKS

from tlhelpers.errors import CourseError
from tlhelpers.experiments import on_cluster, registry, running, sweep, sweeps
from tlhelpers.experiments.cluster_here import started
from tlhelpers.experiments.on_cluster import what_decides
from tlhelpers.experiments.running import run_sweep
from tlhelpers.experiments.stored import provenance_of
from tlhelpers.setup.machine import processor_name


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The file in which each run is noted, by whoever makes it."""
    with pytest.MonkeyPatch.context() as patch:
        path = tmp_path_factory.mktemp("ran") / "ran"
        patch.setenv("RAN", str(path))
        place = os.pathsep.join([str(tiny.ROOT / "tests"), os.environ.get("PYTHONPATH", "")])
        patch.setenv("PYTHONPATH", place)
        yield path


@pytest.fixture(scope="module")
def cluster(ran):
    with started(2, "--preload", made_sweep.__file__) as found:
        yield found
    left = [" ".join(one.cmdline()) for one in psutil.Process().children(recursive=True)]
    assert not [name for name in left if "cluster_here" in name], left


@pytest.fixture
def root(tmp_path, monkeypatch, ran):
    """An empty course in which the made sweep is one of those there are."""
    (tmp_path / "data/results").mkdir(parents=True)
    monkeypatch.setitem(registry.SWEEPS, NAME, SWEEP)
    for module in (sweep, running):
        monkeypatch.setattr(module, "repo_root", lambda: tmp_path)
    ran.unlink(missing_ok=True)
    return tmp_path


def rows(root: Path) -> list[str]:
    """The stored table without its head and its seconds."""
    lines = (root / f"data/results/{NAME}.csv").read_text().splitlines()
    cells = [line.split(",") for line in lines if not line.startswith("# ")]
    seconds = cells[0].index("cpu_seconds")
    return [",".join(one[:seconds] + one[seconds + 1 :]) for one in cells]


def kept(root: Path) -> list[tuple]:
    """The runs that were kept, in whole lines."""
    [path] = (root / "build/sweeps").glob("*.jsonl")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [(line["seed"], line["labels"], line["strategy"]) for line in lines]


@pytest.fixture(scope="module")
def wanted(tmp_path_factory, ran):
    """The table that this process alone makes."""
    root = tmp_path_factory.mktemp("alone")
    (root / "data/results").mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(registry.SWEEPS, NAME, SWEEP)
        patch.setattr(made_sweep, "PAUSE", 0)
        for module in (sweep, running):
            patch.setattr(module, "repo_root", lambda: root)
        run_sweep(NAME, 1)
    return rows(root)


def whole(root: Path, wanted: list[str]) -> None:
    assert rows(root) == wanted and len(wanted) == 1 + TASKS
    counts = Counter(kept(root))
    assert len(counts) == TASKS and set(counts.values()) == {1}, "a run counts twice"


def next_file(folder: Path) -> Path:
    """The file of kept runs, as soon as there is one."""
    deadline = time.monotonic() + 150
    while not (found := [*folder.glob("*.jsonl")]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found[0]


def when_ran(ran: Path, count: int, act) -> threading.Thread:
    """Act as soon as so many runs were made."""

    def watch():
        deadline = time.monotonic() + 150
        while time.monotonic() < deadline:
            if ran.exists() and len(ran.read_text().splitlines()) >= count:
                act()
                return
            time.sleep(0.02)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return thread


def test_the_cluster_of_this_machine_listens_here_alone(cluster):
    for process in (cluster.scheduler, *cluster.workers):
        places = psutil.Process(process.pid).net_connections("inet")
        listening = {place.laddr.ip for place in places if place.status == psutil.CONN_LISTEN}
        assert listening == {"127.0.0.1"}, listening


# In this order: each leaves the cluster a little smaller.


def test_a_client_that_dies_goes_on_where_it_was(cluster, root, ran, wanted):
    command = [sys.executable, made_sweep.__file__, str(root), cluster.address]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as client:
        kept_file = next_file(root / "build/sweeps")
        when_ran(kept_file, TASKS // 3, client.kill).join()
    assert not (root / f"data/results/{NAME}.csv").exists()
    before = len(kept(root))
    assert 0 < before < TASKS
    time.sleep(1)  # what the workers had in hand comes to its end, and nobody asks for it
    ran.unlink()
    run_sweep(NAME, cluster=cluster.address)
    whole(root, wanted)
    assert len(ran.read_text().splitlines()) == TASKS - before


def test_a_killed_workers_runs_are_made_by_the_other_and_count_once(cluster, root, ran, wanted):
    victim = cluster.workers[0]
    thread = when_ran(ran, TASKS // 3, victim.kill)
    run_sweep(NAME, cluster=cluster.address)
    thread.join()
    assert victim.wait(timeout=10) == -9
    whole(root, wanted)
    by = Counter(line.split()[0] for line in ran.read_text().splitlines())
    assert len(by) == 2 and by[str(victim.pid)] < TASKS / 2, by
    assert provenance_of(NAME)["processor"] == f"{processor_name()}, one thread per run"


def test_workers_with_other_code_or_libraries_are_refused(cluster, root, ran, monkeypatch):
    monkeypatch.setattr(
        on_cluster, "what_decides", lambda module: what_decides(module) | {"numpy": "0.1"}
    )
    with pytest.raises(
        CourseError, match=r"worker tcp://.* other results \(numpy is .*, not 0.1\)"
    ):
        run_sweep(NAME, cluster=cluster.address)
    assert not ran.exists()


def test_workers_that_run_several_at_once_are_refused(cluster, root, ran, monkeypatch):
    monkeypatch.setattr(on_cluster, "_workers", lambda client: {"tcp://far:1": {"nthreads": 4}})
    with pytest.raises(CourseError, match=r"tcp://far:1 runs 4 calls at once.*--nthreads 1"):
        run_sweep(NAME, cluster=cluster.address)
    assert not ran.exists()


def test_without_workers_waiting_ends_and_with_a_new_one_it_goes_on(
    cluster, root, ran, wanted, monkeypatch
):
    monkeypatch.setattr(on_cluster, "NO_WORKERS", 2.0)
    for worker in cluster.workers[:-1]:
        worker.kill()
    thread = when_ran(ran, 3, cluster.workers[-1].kill)
    with pytest.raises(CourseError, match="has had no worker for 2 seconds: start some"):
        run_sweep(NAME, cluster=cluster.address)
    thread.join()
    assert 0 < len(kept(root)) < TASKS
    with pytest.raises(CourseError, match="has had no worker for 2 seconds: start some"):
        run_sweep(NAME, cluster=cluster.address)


def test_a_scheduler_that_ends_is_told(cluster, root, ran, monkeypatch):
    monkeypatch.setattr(on_cluster, "CONNECT", 1.0)
    threading.Timer(1.0, cluster.scheduler.kill).start()  # while a worker is waited for
    with pytest.raises(
        CourseError, match=r"has ended or cannot be reached|no dask scheduler answers"
    ):
        run_sweep(NAME, cluster=cluster.address)
    with pytest.raises(CourseError, match=r"no dask scheduler answers at tcp://127.0.0.1"):
        run_sweep(NAME, cluster=cluster.address)


@pytest.mark.parametrize("address", ["nonsense", "tcp://127.0.0.1:1", "http://127.0.0.1:8786", ""])
def test_an_address_where_nobody_answers_is_told(root, monkeypatch, address):
    monkeypatch.setattr(on_cluster, "CONNECT", 0.5)
    with pytest.raises(CourseError, match="no dask scheduler answers at"):
        run_sweep(NAME, cluster=address)


def test_the_command_takes_an_address_and_refuses_what_does_not_go_with_it(root, monkeypatch):
    asked = []
    monkeypatch.setattr(sweeps, "run_sweep", lambda *given: asked.append(given))
    assert sweeps.main([NAME, "--cluster", "tcp://there:1"]) == 0
    assert asked == [(NAME, None, "tcp://there:1")]
    for more in (["--jobs", "2"], ["--confirm"], ["--stale"]):
        with pytest.raises(CourseError, match="--cluster goes with names alone"):
            sweeps.main([NAME, "--cluster", "tcp://there:1", *more])


# ---------------------------------------------------------------- the page


PAGE = (tiny.ROOT / "docs/cluster.md").read_text(encoding="utf-8")


def _written(parameter) -> list[str]:
    """``--dashboard/--no-dashboard`` has two names."""
    return [*parameter.opts, *parameter.secondary_opts]


@pytest.mark.parametrize("kind", ["dask_scheduler", "dask_worker"])
def test_the_commands_of_the_page_are_those_of_dask(kind):
    main = importlib.import_module(f"distributed.cli.{kind}").main
    known = {option for parameter in main.params for option in _written(parameter)}
    lines = re.findall(rf"^python -m distributed.cli.{kind} (.*)$", PAGE, re.M)
    used = {word for line in lines for word in line.split() if word.startswith("--")}
    assert lines and used <= known, used - known
    here = ("--host 127.0.0.1", "--dashboard-address 127.0.0.1:0")
    assert all(option in line for line in lines for option in here), "open to the whole network"


def test_the_programs_of_the_page_are_programs_and_what_was_not_tried_says_so():
    for code in re.findall(r"```python\n(.+?)```", PAGE, re.S):
        compile(code, "docs/cluster.md", "exec")
    for part in re.split(r"^## ", PAGE, flags=re.M)[1:]:
        tried = "jobqueue" not in part and "kubernetes" not in part
        assert tried or ("on paper, not tried here" in part and "was not tried" in part), part[:40]
