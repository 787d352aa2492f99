"""A sweep that is killed, started twice or out of disk loses no run, and counts none twice."""

from __future__ import annotations

import io
import json
import os
import random
import signal
import subprocess
import tempfile
import time
import warnings
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import tiny_kills
from tiny_faults import posix
from tiny_kills import after, at_step, at_time, ended, in_writing, limited, start

from tlhelpers.errors import CourseError

PAUSE = float(os.environ.get("PAUSE", "0.003"))  # seconds per run
ROWS, NAME = [], "small"


def two_sets():
    from tlhelpers.data.texts import TextSet

    texts = [f"text {number}" for number in range(40)]
    labels = np.arange(40) % 2
    groups = [f"group {number}" for number in range(40)]
    one = TextSet(texts, labels, ["no", "yes"], groups, np.zeros(40))
    return {"here": one, "there": one.subset(np.arange(30))}


def guess_and_note(trial):
    """A guess from the names of the items; the run is noted in a file, which shows what was run."""
    from tlhelpers.evaluation.trials import Outcome

    time.sleep(PAUSE)
    with Path(os.environ["RAN"]).open("a") as file:
        file.write(f"{trial.seed} {trial.per_class}\n")
    predicted = {
        name: np.array([zlib.crc32(f"{trial.seed} {group}".encode()) % 2 for group in test.groups])
        for name, test in trial.tests().items()
    }
    return Outcome(predicted, {"learned": len(trial.train)})


@contextmanager
def course(folder: Path) -> Iterator[Path]:
    """A course in which the made sweep is the only one; a new folder in the one that is given."""
    from test_sweeps import new_root, use

    from tlhelpers.experiments.sweep import Sweep

    made = Sweep(
        NAME, "tlhelpers.sweep", two_sets, lambda: dict.fromkeys("ab", guess_and_note), (2, 5), 6
    )
    root = new_root(Path(tempfile.mkdtemp(dir=folder)) / "course")
    (root / "data/results/thesis.csv").write_text("precious")
    os.environ["RAN"] = str(root / "ran")
    with pytest.MonkeyPatch.context() as patch:
        use(patch, root, made)
        yield root
    assert (root / "data/results/thesis.csv").read_text() == "precious"


TASKS = 24


def sweep(n_jobs: int = 1) -> None:
    from tlhelpers.experiments.running import run_sweep

    run_sweep(NAME, n_jobs)


def ran(root: Path) -> int:
    return len((root / "ran").read_text().splitlines())


def kept(root: Path) -> list[tuple]:
    """The runs that were kept, in whole lines."""
    (path,) = (root / "build/sweeps").glob("*.jsonl")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [(line["seed"], line["labels"], line["strategy"]) for line in lines]


def table(root: Path) -> list[str]:
    """The stored table without its head and its seconds."""
    lines = (root / f"data/results/{NAME}.csv").read_text().splitlines()
    rows = [line.split(",") for line in lines if not line.startswith("# ")]
    seconds = rows[0].index("cpu_seconds")
    return [",".join(one[:seconds] + one[seconds + 1 :]) for one in rows]


def whole(root: Path) -> None:
    """Every run is there once, as in a sweep that nobody cut."""
    if not ROWS:
        with course(root.parent) as other:
            sweep()
            ROWS.extend(table(other))
        os.environ["RAN"] = str(root / "ran")
    assert table(root) == ROWS and len(ROWS) == 1 + 2 * TASKS
    assert Counter(kept(root)).most_common(1)[0][1] == 1 and len(kept(root)) == TASKS


def sentence(work) -> str:
    try:
        work()
    except CourseError as error:
        assert "\n" not in str(error), error
        return str(error)
    raise AssertionError("nothing was told")


# The faults --------------------------------------------------------------------------------


def killed_at_random_moments_again_and_again(folder: Path) -> int:
    draw, killed = random.Random(3), 0
    for _ in range(3):
        with course(folder) as root:
            for _ in range(3):
                killed += not after(draw.uniform(0, TASKS * PAUSE), sweep)
            before = killed
            sweep()
            whole(root)
            assert ran(root) <= TASKS + before, "what was kept was run again"
    assert killed > 2
    return killed


def killed_at_each_step_on_its_files(folder: Path) -> int:
    killed = 0
    for place, numbers in (("build", [*range(1, 6), *range(6, 99, 4)]), ("data", range(1, 99))):
        for number in numbers:
            with course(folder) as root:
                if at_step(number, root / place, sweep):
                    break
                killed += 1
                sweep()
                whole(root)
        assert number > 2, f"nothing was written to {place}"
    assert killed > 12
    return killed


def killed_while_a_run_or_the_table_is_written(folder: Path) -> int:
    with course(folder) as root:
        sweep()
        line = kept_file(root).read_bytes().index(b"\n")
    for size in (10, line, line + 1, 4 * line):
        with course(folder) as root:
            assert not in_writing(size, sweep)
            before = ran(root)
            sweep()
            whole(root)
            assert before <= ran(root) <= TASKS + 1
    for share in (0.0, 0.5):
        with without_table(folder) as (root, size):
            assert not in_writing(int(share * size), sweep)
            sweep()
            whole(root)
            assert ran(root) == TASKS
    return 6


@contextmanager
def without_table(folder: Path):
    """All runs are kept and the table, whose size is given, is still to be written."""
    with course(folder) as root:
        sweep()
        path = root / f"data/results/{NAME}.csv"
        size = path.stat().st_size
        path.unlink()
        yield root, size


def kept_file(root: Path) -> Path:
    return next((root / "build/sweeps").glob("*.jsonl"))


def two_and_three_at_once(folder: Path) -> int:
    for count in (2, 3):
        with course(folder) as root:
            children = [start(sweep) for _ in range(count)]
            assert all(map(ended, children))
            whole(root)
            assert ran(root) == TASKS, "some were run twice"
    return 2


def the_first_of_two_is_killed(folder: Path) -> int:
    for share in (0.3, 0.6):
        with course(folder) as root:
            first = start(sweep)
            time.sleep(0.03)
            second = start(sweep)
            while not (root / "ran").exists() or ran(root) < share * TASKS:
                time.sleep(0.001)
            os.kill(first, signal.SIGKILL)
            assert [ended(first), ended(second)] == [False, True]
            whole(root)
            assert ran(root) <= TASKS + 1
    return 2


def lines_of_the_kept_file_are_damaged(folder: Path) -> int:
    wrecks = [
        b"\n", b"{}\n", b"[]\n", b'"seed"\n', b"\xff\xfe\n", b"\0" * 40 + b"\n", b"nothing\n",
        b'{"seed": 0, "labels": 2, "strategy": "a"}\n', b"[" * 100_000 + b"\n", b'{"seed": [0\n',
    ]  # fmt: skip
    for wreck in wrecks:
        with course(folder) as root:
            sweep()
            lines = kept_file(root).read_bytes().splitlines(keepends=True)
            kept_file(root).write_bytes(b"".join([*lines[:5], wreck, *lines[7:9]]))
            (root / "ran").unlink()
            with redirect_stdout(io.StringIO()) as told:
                sweep()
            assert table(root) == ROWS
            assert "7 of 24 runs are there" in told.getvalue(), told.getvalue()
            assert ran(root) == TASKS - 7
    return len(wrecks)


def the_stored_table_is_damaged(folder: Path) -> int:
    """It is told in one sentence, or the rows are as they were: no row is lost in silence."""
    from tlhelpers.experiments.stored import load_sweep

    with course(folder) as root:
        sweep()
        path, before = root / f"data/results/{NAME}.csv", load_sweep(NAME)
        content = path.read_bytes()
        lines = content.splitlines(keepends=True)
        wrecks = [content[: int(len(content) * share)] for share in (0, 0.2, 0.6, 0.9)]
        wrecks += [content[:-2], b"".join(lines[:-1]), b"".join(lines[:-8]), b"".join(lines[:-24])]
        wrecks += [content + lines[-1], content.replace(b"here", b"\xffere"), b"#\n# x\n" + content]
        wrecks += [b"<<<<<<< ours\n" + content, content.replace(lines[-1], b"\0" * 40 + b"\n")]
        wrecks += [content.replace(lines[-1], lines[-1][:-2] + b"z\n"), content[:-1] + b"1\n"]
        for wreck in wrecks:
            path.write_bytes(wreck)
            told = sentence(lambda: [load_sweep(NAME, place) for place in ("here", "there")])
            assert NAME in told and f"sweep {NAME}" in told, told
        path.write_bytes(content)
        assert load_sweep(NAME).astype(str).equals(before.astype(str))
    return len(wrecks)


def a_disk_that_takes_no_more(folder: Path) -> int:
    again = "run the same command again"
    with course(folder) as root:
        with limited("FSIZE", 0):
            told = sentence(sweep)
        assert "table" in told and "cannot be written (File too large)" in told and again in told
        assert not (root / "ran").exists(), "it was noticed after the work"
        with limited("FSIZE", 1500):  # of the runs; a table of this size has no place either
            told = sentence(sweep)
        assert "could not be kept" in told and "File too large" in told and again in told
        before = len(kept_file(root).read_bytes().splitlines())
        sweep()
        whole(root)
        assert before > 8 and ran(root) == TASKS + 1
    with without_table(folder) as (root, size):
        with limited("FSIZE", size - 1):
            told = sentence(sweep)
        assert "table" in told and "cannot be written (File too large)" in told and again in told
        sweep()
        whole(root)
        assert ran(root) == TASKS
    return 3


def a_clock_that_jumps(folder: Path) -> int:
    for moment in tiny_kills.MOMENTS.values():
        with course(folder) as root:
            after(TASKS * PAUSE, sweep)
            with at_time(moment, root):
                sweep()
                whole(root)
                before = ran(root)
                sweep()
            assert ran(root) == before <= TASKS + 1
    return len(tiny_kills.MOMENTS)


def a_worker_is_killed(folder: Path) -> int:
    """Half of the runs are kept, then one of the processes that compute is killed."""
    import psutil

    from tlhelpers.experiments import running

    def in_workers(name, tasks, n_jobs, **_):
        from tlhelpers.evaluation.processes import in_processes

        def light(*task):  # it travels whole, so that a worker need not load torch
            if task == fatal:
                os.kill(os.getpid(), signal.SIGKILL)
            return task

        for task in in_processes(light, list(tasks), 2, ordered=False):
            yield running.run_task(name, *task)

    with course(folder) as root, mock.patch.object(running, "run_tasks", in_workers):
        fatal = (3, 5, "a")
        told = sentence(sweep)
        assert "SIGKILL" in told and "TLHELPERS_JOBS=1" in told, told
        names = [" ".join(one.cmdline()) for one in psutil.Process().children(recursive=True)]
        assert not [name for name in names if "loky" in name and "tracker" not in name], names
        fatal = None
        sweep()
        whole(root)
    return 1


FAULTS = [
    killed_at_random_moments_again_and_again,
    killed_at_each_step_on_its_files,
    killed_while_a_run_or_the_table_is_written,
    two_and_three_at_once,
    the_first_of_two_is_killed,
    lines_of_the_kept_file_are_damaged,
    the_stored_table_is_damaged,
    a_disk_that_takes_no_more,
    a_clock_that_jumps,
    a_worker_is_killed,
]


# Real disks --------------------------------------------------------------------------------


@contextmanager
def closed(folder: Path) -> Iterator[None]:
    """Nothing can be written to it, not even by the administrator."""
    subprocess.run(["mount", "--bind", folder, folder], check=True)
    subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk of 64 kB in place of a folder; gives a file that fills it."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], check=True)
    filler = folder / "filler"
    with suppress(OSError):
        filler.write_bytes(bytes(70_000))
    try:
        yield filler
    finally:
        subprocess.run(["umount", folder], check=True)


def a_sweep_on_closed_folders(folder: Path) -> int:
    for place, what in (("data/results", "table"), ("build/sweeps", ".lock cannot be written")):
        with course(folder) as root:
            (root / place).mkdir(parents=True, exist_ok=True)
            with closed(root / place):
                told = sentence(sweep)
                assert what in told and "Read-only file system" in told, told
                assert not (root / "ran").exists(), "it was noticed after the work"
            sweep()
            whole(root)
    return 2


def a_sweep_on_full_disks(folder: Path) -> int:
    with course(folder) as root:
        (root / "build/sweeps").mkdir(parents=True)
        with small_disk(root / "build/sweeps") as filler:
            told = sentence(sweep)
            assert "could not be kept" in told and "No space left on device" in told, told
            filler.unlink()
            sweep()
            whole(root)
    with course(folder) as root, small_disk(root / "data/results") as filler:
        told = sentence(sweep)
        assert "cannot be written (No space left on device)" in told, told
        filler.unlink()
        (root / "data/results/thesis.csv").write_text("precious")
        sweep()
        whole(root)
    return 2


def a_training_on_a_closed_folder_or_a_full_disk(folder: Path) -> int:
    from test_training_broken_off import goes_on, same, train
    from test_training_broken_off import whole as whole_network

    (folder / "thesis.txt").write_text("precious")
    with closed(folder):
        told = sentence(partial(train, folder, "fit"))
        assert "cannot write the checkpoint" in told and "Read-only file system" in told, told
    goes_on(folder, "fit")
    disk = folder / "disk"
    disk.mkdir()
    with small_disk(disk) as filler, warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert same(train(disk, "fit"), whole_network("fit"))
        texts = [str(one.message) for one in told if "checkpoint" in str(one.message)]
        assert len(texts) == 4 and "No space left on device" in texts[0], texts
        assert list(disk.iterdir()) == [filler], "half a checkpoint stayed"
        filler.unlink()
        (disk / "thesis.txt").write_text("precious")
        goes_on(disk, "fit")
        assert (disk / "c").exists()
    return 2


REAL_DISKS = [
    a_sweep_on_closed_folders,
    a_sweep_on_full_disks,
    a_training_on_a_closed_folder_or_a_full_disk,
]


EVERYTHING = [*FAULTS, *REAL_DISKS]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")
    return tiny_kills.results_in_mounts(Path(__file__).stem, folder, TLHELPERS_JOBS="2")


@posix
@pytest.mark.parametrize("fault", [fault.__name__ for fault in FAULTS])
def test_a_sweep_survives(results, fault):
    count, harm = results[fault]
    assert count and not harm, harm


@posix
@pytest.mark.parametrize("fault", [fault.__name__ for fault in REAL_DISKS])
def test_real_disks_that_are_closed_or_full_are_one_sentence(results, fault):
    if fault not in results:
        pytest.skip("this machine lets nobody mount a disk of one's own")
    count, harm = results[fault]
    assert count and not harm, harm
