"""Training in several processes: the same result, one error for all, and nobody left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import psutil
import pytest
import shared_training as shared
import tiny
import torch
from tiny_nets import tiny_classifier

from tlhelpers.errors import CourseError
from tlhelpers.training import team
from tlhelpers.training.fitting import fit
from tlhelpers.training.in_several_processes import call_in_processes, fit_in_processes
from tlhelpers.training.team import Team


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("together")


@pytest.fixture(scope="module")
def together(folder):
    """What two processes have found; see `shared_training.everything`."""
    return call_in_processes(shared.everything, str(folder), processes=2)


def alike(a: tuple, b: tuple) -> None:
    np.testing.assert_allclose(a[0].to_numpy(float), b[0].to_numpy(float), rtol=1e-5, atol=1e-6)
    assert a[1].keys() == b[1].keys()
    for name, value in a[1].items():
        torch.testing.assert_close(value, b[1][name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", list(shared.CASES))
def test_two_processes_come_to_what_one_comes_to(together, name):
    alike(together[name], shared.CASES[name]())


def test_parts_of_a_step_and_processes_go_together(together):
    alike(together["accumulated"], shared.one({}))


def test_each_item_is_seen_once_per_epoch_and_steps_are_those_of_one_process(together):
    first, second = (own["seen"] for own in together["every"])
    alone = shared.seen_items()
    assert [a + b for a, b in zip(first, second, strict=True)] == alone
    assert sorted(item for items in first + second for item in items) == list(range(30))


def test_with_batch_norm_all_hold_the_same_and_the_result_is_near(together):
    first, second = (own["norms"] for own in together["every"])
    assert all(torch.equal(first[name], second[name]) for name in first)
    table, alone = (
        together["norms"][0],
        shared.one({"lr": 1e-3}, tiny_classifier(), shared.IMAGES, None),
    )
    assert abs(table["loss"] - alone[0]["loss"]).max() < 0.25, "more than seeds differ by"
    name = "backbone.model.bn1.running_mean"
    assert not torch.equal(first[name], tiny_classifier().state_dict()[name])


def test_a_fault_in_one_is_told_by_all_with_the_same_words(together):
    for name, words in {
        "nan": "the loss is nan in epoch 1, batch 1",
        "valid nan": "the validation loss is nan in epoch 1",
        "labels": "have different labels",
    }.items():
        told = {own[name] for own in together["every"]}
        assert len(told) == 1 and words in told.pop(), name


SCRIPT = """
import shared_training as shared
from tlhelpers.training.fitting import fit
net = shared.plain_net()
options = shared.OPTIONS | {"quiet": False, "checkpoint": "whole"}
fit(net, shared.dying_batches, shared.LABELS, **options)
"""


def test_a_killed_process_ends_all_and_the_run_goes_on_to_the_same_result(
    together, folder, monkeypatch, capfd
):
    """First under accelerate's launcher, then started from here; each time one is killed."""
    (folder / "whole").unlink()
    (folder / "script.py").write_text(SCRIPT)
    flag = folder / "die"
    monkeypatch.setenv("DIE_AFTER", str(flag))
    flag.write_text("1")
    done = _launched(folder)
    assert done.returncode and "epoch 1/4" in done.stdout and "epoch 2/4" not in done.stdout
    # Which process was killed, the launcher tells; it may end the other before that one speaks.
    assert "Signal 9 (SIGKILL)" in done.stderr and "hang" not in done.stderr and not flag.exists()

    flag.write_text("2")
    options = shared.OPTIONS | {"quiet": False, "checkpoint": folder / "whole"}
    net = shared.plain_net()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    with pytest.raises(CourseError, match=r"process 1 of 2 .* was ended \(SIGKILL\).*goes on"):
        fit_in_processes(net, shared.dying_batches, shared.LABELS, **options)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert not _left(), "somebody was left behind"
    assert "epoch 2/4" in capfd.readouterr().out

    history = fit_in_processes(net, shared.dying_batches, shared.LABELS, **options)
    out = capfd.readouterr().out
    assert "epoch 3/4" in out and "epoch 2/4" not in out, "what was done is not done again"
    table, weights = together["whole"]
    assert history.table.drop(columns="seconds").equals(table)
    assert all(torch.equal(value, weights[name]) for name, value in net.state_dict().items())
    with pytest.raises(CourseError, match="another run, which differs in its number of processes"):
        fit(shared.plain_net(), shared.batches, shared.LABELS, **options)


# `accelerate launch`, which would look this machine's name up in the network.
LAUNCH = (
    "import socket; socket.gethostname = socket.getfqdn = lambda *_: 'localhost'\n"
    "from accelerate.commands.launch import main; main()"
)


def _launched(folder: Path) -> subprocess.CompletedProcess:
    place = os.pathsep.join([str(tiny.ROOT), str(tiny.ROOT / "tests"), os.environ["PYTHONPATH"]])
    command = [sys.executable, "-c", LAUNCH, "--multi_gpu"]
    started = time.monotonic()
    done = subprocess.run(
        [*command, "--num_processes", "2", "--main_process_port", "0", "script.py"],
        cwd=folder,
        env=tiny.environ(PYTHONPATH=place, OMP_NUM_THREADS="1"),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert time.monotonic() - started < 110, "it hung until torch lost patience"
    return done


def test_without_a_launcher_the_one_that_is_left_says_that_another_has_ended(folder):
    """As a cluster's script starts them: nobody watches the two, and one is killed."""
    place = folder / "alone"
    place.mkdir()
    (place / "script.py").write_text(SCRIPT)
    (place / "die").write_text("1")
    left, killed = (_started(place, rank, port) for port in [_free_port()] for rank in range(2))
    _, told = left.communicate(timeout=110)
    assert killed.wait(timeout=60) == -signal.SIGKILL and left.returncode == 1
    assert "another process of this training has ended" in told and "checkpoint=" in told


def _started(place: Path, rank: int, port: int) -> subprocess.Popen:
    told = dict(zip(team.TOLD, map(str, (rank, 2, "127.0.0.1", port)), strict=True))
    path = os.pathsep.join([str(tiny.ROOT), str(tiny.ROOT / "tests"), os.environ["PYTHONPATH"]])
    environment = {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "DIE_AFTER": str(place / "die")}
    return subprocess.Popen(
        [sys.executable, "script.py"],
        cwd=place,
        env=tiny.environ(**told, **environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE if rank == 0 else subprocess.DEVNULL,
        encoding="utf-8",
    )


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _left() -> list[str]:
    names = [" ".join(one.cmdline()) for one in psutil.Process().children(recursive=True)]
    return [name for name in names if "in_several_processes" in name]


# ---------------------------------------------------------------- one process alone


def test_one_process_alone_asks_nobody(monkeypatch):
    monkeypatch.setattr(torch.distributed, "all_reduce", lambda *_: pytest.fail("asked"))
    alone, net = Team(), shared.plain_net()
    assert alone.sum_numbers([1, 2.5]) == [1, 2.5] and alone.share(np.arange(3)).tolist() == [
        0,
        1,
        2,
    ]
    assert alone.sum_gradients(net.parameters(), [3.0]) == [3.0]
    alone.begin(net, shared.LABELS)
    alone.end_epoch(net)
    alone.wait()


@pytest.mark.parametrize("size", [1, 2, 3, 8])
def test_shares_are_even_and_hold_each_item_once(size):
    items = np.random.default_rng(size).permutation(7)
    shares = [Team(rank, size).share(items) for rank in range(size)]
    assert np.concatenate(shares).tolist() == items.tolist()
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


ACCELERATE = {"ACCELERATE_MIXED_PRECISION": "no", "ACCELERATE_DYNAMO_BACKEND": "no",
              "ACCELERATE_USE_CPU": "True", "WORLD_SIZE": "1", "RANK": "0"}  # fmt: skip


def test_a_launcher_that_asks_for_nothing_is_not_warned_of(monkeypatch):
    for name, value in ACCELERATE.items():
        monkeypatch.setenv(name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(shared.plain_net(), shared.batches, shared.LABELS, **shared.OPTIONS)


def test_what_trains_by_itself_in_each_process_says_so(monkeypatch):
    from tlhelpers.adaptation.deep import fit_deep_coral

    for name, value in zip(team.TOLD, ("1", "2", "127.0.0.1", "9"), strict=True):
        monkeypatch.setenv(name, value)
    with pytest.warns(UserWarning, match=r"RANK=1, WORLD_SIZE=2.*only fit shares its work"):
        fit_deep_coral(tiny_classifier(), shared.IMAGES, shared.IMAGES, epochs=1, quiet=True)


def test_others_that_do_not_come_are_one_error(monkeypatch):
    from datetime import timedelta

    for name, value in zip(team.TOLD, ("1", "2", "127.0.0.1", "9"), strict=True):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(team, "PATIENCE", timedelta(seconds=1))
    with pytest.raises(CourseError, match=r"do not find each other .*WORLD_SIZE=2"):
        fit(shared.plain_net(), shared.batches, shared.LABELS, **shared.OPTIONS)
    assert not torch.distributed.is_initialized()


def test_an_optimizer_of_ones_own_is_refused():
    net = shared.plain_net()
    own = torch.optim.SGD(net.parameters(), lr=0.1)
    with pytest.raises(ValueError, match="another copy of the model"):
        fit_in_processes(net, shared.batches, shared.LABELS, optimizer=own)
    with pytest.raises(ValueError, match="processes must be"):
        fit_in_processes(net, shared.batches, shared.LABELS, processes=0)
