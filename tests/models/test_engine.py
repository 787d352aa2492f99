"""The planned forward pass: it is taken where it agrees with torch, and gives the same."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
import torch
from torch import nn

from tlhelpers.data.images import load_emoji
from tlhelpers.data.texts import load_sentiment
from tlhelpers.models import engine, features, text_features
from tlhelpers.models.engine import plan, run_frozen
from tlhelpers.models.features import extract_layers
from tlhelpers.models.heads import new_linear_head
from tlhelpers.models.precision import row_cosine
from tlhelpers.models.text_features import encode, encode_layers

CPU = torch.device("cpu")
QUIET = {"progress": False, "cache": False}


class Squares(nn.Module):
    """Gives two outputs, as the frozen passes do."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 3)

    def forward(self, x):
        y = self.linear(x)
        return y, (y * y).cumsum(1)


class ByCount(Squares):
    """What a trace takes for a number is the number of items that it was traced with."""

    def forward(self, x):
        return (self.linear(x) / len(x.tolist()),)


class Unknown(Squares):
    """Holds a step that no ONNX operator stands for."""

    def forward(self, x):
        return (torch.special.bessel_j0(self.linear(x)),)


@pytest.fixture
def sessions(monkeypatch):
    """Counts the networks that were handed to onnxruntime."""
    made = []
    true = engine._session
    monkeypatch.setattr(engine, "_session", lambda model: made.append(len(model)) or true(model))
    return made


@pytest.fixture(scope="module")
def birds():
    return load_emoji("twemoji", ["bird", "vehicle"], size=64)


@pytest.mark.parametrize("count", [1, 5, 6, 40])
def test_a_planned_pass_gives_what_torch_gives(count):
    network, x = Squares().eval(), torch.randn(count, 4)
    run = plan(network, {"x": torch.randn(6, 4)}, free=(0,))
    with torch.inference_mode():
        wanted = network(x)
    for given, want in zip(run({"x": x}), wanted, strict=True):
        np.testing.assert_allclose(given, want.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", [ByCount, Unknown])
def test_what_cannot_be_planned_or_disagrees_stays_with_torch(kind):
    network = kind().eval()
    assert plan(network, {"x": torch.randn(6, 4)}, free=(0,)) is None
    batches = [torch.randn(3, 4), torch.randn(2, 4)]
    outputs = run_frozen(network, ({"x": x} for x in batches), CPU, {"x": torch.randn(6, 4)})
    for x, (given,) in zip(batches, outputs, strict=True):
        with torch.inference_mode():
            np.testing.assert_allclose(given, network(x)[0].numpy(), rtol=1e-5)


def test_without_onnxruntime_it_is_torch(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    assert plan(Squares().eval(), {"x": torch.randn(6, 4)}, free=(0,)) is None


def test_values_that_are_not_finite_are_not_planned():
    network = Squares().eval()
    network.linear.weight.data[0, 0] = torch.nan
    assert plan(network, {"x": torch.randn(6, 4)}, free=(0,)) is None


@pytest.mark.parametrize("grid", [1, 3])
def test_pictures_are_the_same_planned_and_not(backbone, birds, grid, sessions, monkeypatch):
    assert len(birds) >= features.WORTH_PLANNING
    planned = extract_layers(backbone, birds, ["stem", "final"], grid=grid, **QUIET)
    assert len(sessions) == 1
    monkeypatch.setattr(features, "WORTH_PLANNING", len(birds) + 1)
    plain = extract_layers(backbone, birds, ["stem", "final"], grid=grid, **QUIET)
    assert len(sessions) == 1
    for layer, values in plain.items():
        np.testing.assert_allclose(planned[layer], values, rtol=1e-3, atol=2e-4)


@pytest.mark.parametrize("pool", ["mean", "cls", "max"])
def test_texts_are_the_same_planned_and_not(small, pool, sessions, monkeypatch):
    texts = ["a good film" + " indeed" * (i % 23) for i in range(text_features.WORTH_PLANNING)]
    planned = encode_layers(small, texts, pool=pool, **QUIET)
    assert len(sessions) == 1
    monkeypatch.setattr(text_features, "WORTH_PLANNING", len(texts) + 1)
    plain = encode_layers(small, texts, pool=pool, **QUIET)
    assert len(sessions) == 1
    for layer, values in plain.items():
        np.testing.assert_allclose(planned[layer], values, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("grid", [1, 2, 3, 7, 9])
def test_averages_over_cells_are_those_of_torch(grid):
    x = torch.randn(2, 5, 7, 6)
    wanted = nn.functional.adaptive_avg_pool2d(x, grid).flatten(1)
    torch.testing.assert_close(features._cell_averages(x, grid), wanted)


def test_results_come_in_order_and_few_batches_wait(monkeypatch):
    """The first takes longest; of a hundred, three at most are made ahead on two threads."""
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    asked = []
    monkeypatch.setattr(torch, "set_num_threads", asked.append)
    made, given, lead = [], [], []
    threads = set()

    def batches():
        for number in range(100):
            made.append(number)
            lead.append(len(made) - len(given))
            yield number

    def run(number):
        threads.add(threading.get_ident())
        time.sleep(0.05 if number == 0 else 0.001)
        return [number]

    for [number] in engine._side_by_side(run, batches()):
        given.append(number)
    assert given == list(range(100))
    assert asked == [1, 2], "one for torch meanwhile, and then as before"
    assert max(lead) <= 4
    assert len(threads) == 2


def test_an_error_in_a_batch_reaches_the_caller():
    def run(number):
        raise ValueError(f"batch {number}")

    before = torch.get_num_threads()
    with pytest.raises(ValueError, match="batch 0"):
        list(engine._side_by_side(run, iter(range(9))))
    assert torch.get_num_threads() == before


@pytest.fixture(scope="module")
def tweets():
    return load_sentiment("tweets").subset(range(0, 2174, 6))


def test_int8_is_close_and_heads_keep_their_accuracy(minilm, tweets):
    exact = encode(minilm, tweets, **QUIET)
    coarse = encode(minilm, tweets, precision="int8", **QUIET)
    assert coarse.dtype == np.float32
    assert 0.9 < row_cosine(exact, coarse).min() < 0.9999
    half = np.arange(len(tweets)) % 2 == 0
    right = []
    for rows in (exact, coarse):
        head = new_linear_head().fit(rows[half], tweets.labels[half])
        right.append(head.score(rows[~half], tweets.labels[~half]))
    assert right[1] > right[0] - 0.05


def test_int8_leaves_the_encoder_and_the_log_as_they_were(small, caplog):
    before = small.fingerprint()
    encode(small, ["a good film", "a bad one"], precision="int8", **QUIET)
    assert small.fingerprint() == before
    assert caplog.text == ""
