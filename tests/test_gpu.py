"""The same on a real graphics card, where there is one."""

import pytest
import torch
from device_checks import FEW, HELPERS, IMAGES, check, nothing_moves, places
from tiny_nets import tiny_classifier

from tlhelpers.errors import CourseError
from tlhelpers.models.devices import best_device
from tlhelpers.training.fitting import fit

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="this machine has no GPU that torch can use (CUDA)"
)


@pytest.fixture(autouse=True)
def _the_card(monkeypatch):
    monkeypatch.delenv("TLHELPERS_DEVICE", raising=False)
    # Its usual short format for products would round at the fourth digit.
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    monkeypatch.setattr(torch.backends.cuda.matmul, "allow_tf32", False)


def test_the_card_is_the_best_device():
    assert best_device().type == "cuda"


@pytest.mark.parametrize("away", [False, True], ids=["from the processor", "from the card"])
@pytest.mark.parametrize("name", HELPERS)
def test_a_helper_computes_there_and_leaves_the_model_where_it_was(name, away):
    check(name, "cuda", "cuda:0" if away else None, near=5e-3)


def test_an_error_while_training_brings_the_model_back():
    model, calls = tiny_classifier(), []

    def batches(items):
        calls.append(items)
        picture = model.transform(IMAGES.pixels[items])
        return picture * float("nan") if len(calls) == 2 else picture

    with nothing_moves(model), pytest.raises(CourseError, match="the loss is nan"):
        fit(model, batches, IMAGES.labels, **FEW)
    assert set(places(model).values()) == {"cpu"}


def test_the_random_numbers_of_the_card_stay():
    state = torch.cuda.get_rng_state()
    fit(tiny_classifier(), IMAGES, **FEW)
    assert torch.equal(torch.cuda.get_rng_state(), state)


def test_a_cut_run_goes_on_from_its_checkpoint(tmp_path):
    whole, short, again = (tiny_classifier() for _ in range(3))
    fit(whole, IMAGES, **{**FEW, "epochs": 2})
    fit(short, IMAGES, checkpoint=tmp_path / "c", **FEW)
    fit(again, IMAGES, checkpoint=tmp_path / "c", **{**FEW, "epochs": 2})
    for a, b in zip(whole.parameters(), again.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=5e-3, atol=5e-3)
