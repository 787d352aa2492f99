"""Networks as ONNX that are kept on disk: reused where nothing changed, and never trusted."""

from __future__ import annotations

import errno
import os

import numpy as np
import pytest
import torch
from torch import nn

from tlhelpers.data.images import load_emoji
from tlhelpers.models import exports
from tlhelpers.models.engine import plan, plan_int8
from tlhelpers.models.features import extract_layers

QUIET = {"progress": False, "cache": False}


class Line(nn.Module):
    """y = sign * (W x + b), where `sign` is seen neither in the weights nor in what it prints."""

    def __init__(self, sign=1.0):
        super().__init__()
        torch.manual_seed(3)
        self.linear, self.sign = nn.Linear(4, 3), sign

    def forward(self, x):
        return (self.linear(x) * self.sign,)


@pytest.fixture
def traces(tmp_path, monkeypatch):
    """Counts how often a network is traced; what is kept lies in a folder of its own."""
    folder = tmp_path / "exports"
    folder.mkdir()
    monkeypatch.setattr(exports, "derived_dir", lambda name: folder)
    made = []
    true = exports.trace
    monkeypatch.setattr(exports, "trace", lambda *args: made.append(1) or true(*args))
    return made


def files(tmp_path):
    return sorted((tmp_path / "exports").glob("*.onnx"))


def export(network=None, rows=5, columns=4, dtype=torch.float32, free=(0,)):
    return exports.export(
        (network or Line()).eval(), {"x": torch.ones(rows, columns, dtype=dtype)}, free
    )


def test_the_same_network_is_traced_once_whatever_the_number_of_rows(traces, tmp_path):
    first = export()
    assert export(rows=2) == first
    assert len(traces) == 1 and len(files(tmp_path)) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda: export(nn.Sequential(nn.Linear(4, 3))),
        lambda: export(free=()),
        lambda: export(nn.Sequential(nn.Linear(5, 3)), columns=5),
        lambda: export(Line().double(), dtype=torch.float64),
    ],
    ids=["another module", "no free axis", "another width", "another type"],
)
def test_whatever_is_seen_to_change_is_traced_anew(traces, tmp_path, change):
    export()
    change()
    assert len(traces) == 2 and len(files(tmp_path)) == 2


def test_one_weight_more_by_a_hair_is_traced_anew(traces):
    export()
    network = Line()
    with torch.no_grad():
        network.linear.weight[1, 2] += 1e-6
    export(network)
    assert len(traces) == 2


@pytest.mark.parametrize(
    "harm",
    [lambda data: data[:-1], lambda data: b"", lambda data: data[:50] + b"\x00" + data[51:]],
    ids=["cut", "empty", "one byte"],
)
def test_a_damaged_file_is_made_anew(traces, tmp_path, harm):
    whole = export()
    [path] = files(tmp_path)
    path.write_bytes(harm(path.read_bytes()))
    assert export() == whole
    assert export() == whole
    assert len(traces) == 2


def test_a_full_disk_costs_only_time(traces, tmp_path, monkeypatch):
    def full(path, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(exports, "write_atomically", full)
    assert export() == export()
    assert len(traces) == 2 and files(tmp_path) == []


def test_what_was_used_longest_ago_makes_room(traces, tmp_path, monkeypatch):
    networks = [nn.Sequential(nn.Linear(4, size)) for size in (2, 3, 4)]
    for number, network in enumerate(networks[:2]):
        export(network)
        for path in files(tmp_path):
            stamp = (number, number)
            os.utime(path, stamp)
    export(networks[0])  # read again: the other is older now
    size = max(path.stat().st_size for path in files(tmp_path))
    monkeypatch.setattr(exports, "MOST_BYTES", 2 * size + 60)
    export(networks[2])
    assert len(files(tmp_path)) == 2
    traced = len(traces)
    export(networks[0])
    export(networks[2])
    assert len(traces) == traced
    export(networks[1])
    assert len(traces) == traced + 1


def test_one_that_only_looks_the_same_is_not_run(traces):
    x = torch.randn(6, 4)
    run = plan(Line().eval(), {"x": x}, (0,))
    assert plan(Line(sign=-1.0).eval(), {"x": x}, (0,)) is None
    assert len(traces) == 1
    with torch.inference_mode():
        np.testing.assert_allclose(run({"x": x})[0], Line()(x)[0].numpy(), rtol=1e-5, atol=1e-6)


def test_int8_compares_nothing_and_so_reads_nothing_that_was_kept(traces, tmp_path):
    x = torch.randn(6, 4)
    plan(Line().eval(), {"x": x}, (0,))
    [given] = plan_int8(Line(sign=-1.0).eval(), {"x": x}, (0,))({"x": x})
    with torch.inference_mode():
        wanted = Line(sign=-1.0)(x)[0].numpy()
    assert np.abs(given - wanted).max() < 0.2 < np.abs(given + wanted).max()
    assert len(files(tmp_path)) == 1


def test_other_layers_and_grids_of_one_backbone_do_not_meet(backbone, traces, monkeypatch):
    birds = load_emoji("twemoji", ["bird", "vehicle"], size=64)
    asked = [(["stem"], 1), (["final"], 1), (["final"], 2), (["final", "stem"], 1)]
    monkeypatch.setattr("tlhelpers.models.features.WORTH_PLANNING", len(birds) + 1)
    plain = [extract_layers(backbone, birds, layers, grid=grid, **QUIET) for layers, grid in asked]
    monkeypatch.setattr("tlhelpers.models.features.WORTH_PLANNING", 1)
    for turn in (1, 2):
        for (layers, grid), wanted in zip(asked, plain, strict=True):
            given = extract_layers(backbone, birds, layers, grid=grid, **QUIET)
            for layer in layers:
                np.testing.assert_allclose(given[layer], wanted[layer], rtol=1e-3, atol=2e-4)
        assert len(traces) == len(asked), f"turn {turn}"
