"""Steps in parts, activations computed again, compiled networks: only rounding differs."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import shared_training as shared
import timm
import torch
from tiny_encoders import checkpoint, opinions
from tiny_nets import tiny_classifier
from torch import nn

from tlhelpers.errors import CourseError
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.encoder_loading import load_encoder
from tlhelpers.training.batches import cut_into_steps
from tlhelpers.training.fitting import fit
from tlhelpers.training.optimizers import param_groups
from tlhelpers.training.randomness import random_state_put_back, seed_all
from tlhelpers.training.saving_memory import recomputed


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    pass


def alike(a: tuple, b: tuple) -> None:
    np.testing.assert_allclose(a[0].to_numpy(float), b[0].to_numpy(float), rtol=1e-5, atol=1e-6)
    for name, value in a[1].items():
        torch.testing.assert_close(value, b[1][name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("parts", [2, 3, 50])
@pytest.mark.parametrize(
    "options", [{}, {"class_weights": [1.0, 2.0, 4.0]}], ids=["plain", "weights"]
)
def test_a_step_in_parts_is_the_whole_step_but_for_rounding(parts, options):
    alike(shared.one({**options, "accumulate": parts}), shared.one(options))


def test_no_part_is_larger_than_its_share_of_the_step():
    sizes = []

    def noting(items):
        sizes.append(len(items))
        return shared.X[items]

    shared.one({"accumulate": 3, "batch_size": 10, "epochs": 1}, data=noting)
    assert sizes == [4, 3, 3] * 3


def test_one_process_without_options_steps_as_ever_to_the_last_bit():
    """The loop as it is written in every tutorial, with what `fit` seeds and cuts."""
    model = nn.Sequential(tiny_classifier(), nn.Dropout(0.3))
    by_hand, x = copy.deepcopy(model), tiny_classifier().transform(shared.IMAGES.pixels)
    labels = shared.IMAGES.labels
    fit(model, lambda items: x[items], labels, epochs=3, batch_size=8, seed=4, quiet=True)
    optimizer = torch.optim.AdamW(param_groups(by_hand, 1e-3, 0.01))
    with random_state_put_back():
        for epoch in (1, 2, 3):
            order = seed_all(4, epoch).permutation(30)
            by_hand.train()
            for items in cut_into_steps(order, 8):
                loss = nn.functional.cross_entropy(
                    by_hand(x[items]), torch.from_numpy(labels[items])
                )
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
    for a, b in zip(model.state_dict().values(), by_hand.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def encoder_classifier(folder) -> Classifier:
    return Classifier(load_encoder(folder), 2, ["no", "yes"])


def activations(model: nn.Module, x) -> int:
    """Bytes that the forward pass keeps for the gradient."""
    kept = {}

    def pack(tensor):
        kept[tensor.data_ptr()] = tensor.nbytes
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        model(**x) if isinstance(x, dict) else model(x)
    return sum(kept.values())


def test_activations_computed_again_give_the_same_weights_and_take_less(tmp_path):
    folder, texts = checkpoint(tmp_path / "small"), opinions(24)
    plain, again = encoder_classifier(folder), encoder_classifier(folder)
    options = {"epochs": 2, "batch_size": 8, "quiet": True}
    fit(plain, texts, **options)
    fit(again, texts, recompute=True, **options)
    for a, b in zip(plain.state_dict().values(), again.state_dict().values(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)
    x = plain.transform(list(texts.texts))
    plain.train()
    whole = activations(plain, x)
    with recomputed(plain):
        less = activations(plain, x)
    assert less < 0.7 * whole and activations(plain, x) == whole, "it is turned off again"


def test_networks_of_timm_know_it_too():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model, x = timm.create_model("test_vit", num_classes=3).train(), torch.rand(2, 3, 160, 160)
    whole = activations(model, x)
    with recomputed(model):
        assert activations(model, x) < 0.7 * whole
    assert activations(model, x) == whole


def test_compiling_changes_nothing_but_rounding_and_leaves_the_model_as_it_was():
    net = shared.plain_net()
    found = shared.one({"compile": "eager"}, net)
    alike(found, shared.one({}))
    assert net._compiled_call_impl is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"accumulate": 0}, "accumulate must be"),
        ({"accumulate": 1.5}, "accumulate must be"),
        ({"recompute": 1}, "recompute must be True or False, got 1"),
        ({"recompute": True}, "and this Sequential holds none"),
        ({"compile": "nothing"}, "compile must be True, False or one of .*inductor"),
    ],
)
def test_what_cannot_be_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        shared.one(options)


def test_a_checkpoint_of_other_ways_is_refused(tmp_path):
    path = tmp_path / "c"
    shared.one({"checkpoint": path, "epochs": 1})
    for options in ({"accumulate": 2}, {"compile": "eager"}):
        with pytest.raises(CourseError, match=f"differs in its {next(iter(options))}"):
            shared.one({"checkpoint": path, **options})
