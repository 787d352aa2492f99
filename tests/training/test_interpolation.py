"""Weights between old and new: exact for a linear model, exact at both ends, refused elsewhere."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_nets import tiny_classifier, tiny_images
from torch import nn

from tlhelpers.training.fitting import fit
from tlhelpers.training.freezing import freeze
from tlhelpers.training.interpolation import interpolate_weights, measure_mixes
from tlhelpers.training.predicting import predict

IMAGES = tiny_images()


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    pass


def trained(seed: int = 0):
    """A network before and after a training that moves its statistics too."""
    model = tiny_classifier(seed)
    old = copy.deepcopy(model.state_dict())
    fit(model, IMAGES, epochs=6, lr=0.03, quiet=True)
    return model, old, copy.deepcopy(model.state_dict())


def equal(a, b) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@settings(deadline=None, max_examples=25)
@given(st.floats(0, 1), st.integers(0, 99))
def test_the_outputs_of_a_linear_model_lie_on_the_line_too(share, seed):
    rng = torch.Generator().manual_seed(seed)
    model, x = nn.Linear(5, 3).double(), torch.randn(7, 5, generator=rng).double()
    states, outputs = [], []
    for _ in range(2):
        state = {
            name: torch.randn(value.shape, generator=rng).double()
            for name, value in model.state_dict().items()
        }
        model.load_state_dict(state)
        states.append(state)
        outputs.append(model(x).detach())
    model.load_state_dict(interpolate_weights(*states, share))
    wanted = (1 - share) * outputs[0] + share * outputs[1]
    torch.testing.assert_close(model(x).detach(), wanted, rtol=1e-12, atol=1e-12)


def test_the_ends_are_exactly_the_old_and_the_new_and_copies_of_their_own():
    _, old, new = trained()
    assert not equal(old, new) and old["backbone.model.bn1.num_batches_tracked"] == 0
    kept = copy.deepcopy(old), copy.deepcopy(new)
    for share, end in ((0, old), (1, new), (0.0, old), (np.float64(1), new)):
        mixed = interpolate_weights(old, new, share)
        assert equal(mixed, end)
        for value in mixed.values():
            value.fill_(7)
    assert equal(old, kept[0]) and equal(new, kept[1])


def test_weights_and_statistics_are_mixed_and_counts_are_the_new_ones():
    _, old, new = trained()
    mixed = interpolate_weights(old, new, 0.25)
    assert list(mixed) == list(new)
    for name, value in mixed.items():
        assert value.dtype == new[name].dtype
        if name.endswith("num_batches_tracked"):
            assert value == new[name] > 0
        else:
            torch.testing.assert_close(value, 0.75 * old[name] + 0.25 * new[name])
    moved = [name for name in new if "running" in name and not torch.equal(old[name], new[name])]
    assert moved, "no statistics have moved: this shows nothing"


def test_infinite_and_half_precise_weights_and_weights_with_gradients_are_taken():
    wide = {"w": torch.tensor([float("inf"), 1.0])}, {"w": torch.tensor([2.0, 3.0])}
    assert equal(interpolate_weights(*wide, 1), wide[1])
    assert equal(interpolate_weights(*wide, 0), wide[0])
    half = [{"w": torch.tensor([a], dtype=torch.bfloat16)} for a in (1.0, 2.0)]
    assert interpolate_weights(*half, 0.5)["w"].item() == 1.5
    grows = [{"w": nn.Parameter(torch.tensor([a]))} for a in (1.0, 2.0)]
    assert not interpolate_weights(*grows, 0.5)["w"].requires_grad


W = torch.zeros(2, 3)


@pytest.mark.parametrize(
    ("old", "new", "share", "message"),
    [
        ({"w": W, "b": W}, {"w": W}, 0.5, "1 of 2 .* in the old, but not in the new, e.g. 'b'"),
        ({"w": W}, {"w": W, "b": W}, 0.5, "1 of 2 weights are in the new, not the old, e.g. 'b'"),
        ({"w": W}, {"w": W.T}, 0.5, r"'w' has the shape \(2, 3\) in the old and \(3, 2\)"),
        ({"w": W}, {"w": W[:1]}, 1, r"shape \(2, 3\) in the old and \(1, 3\)"),
        ({"w": W}, {"w": W.int()}, 0.5, "'w' has the dtype torch.float32 .* and torch.int32"),
        ({}, {}, 0.5, "the old weights must be a state_dict"),
        (nn.Linear(1, 1), {"w": W}, 0.5, r"the old weights must be a state_dict.* got Linear"),
        ({"w": W}, {"w": W}, -0.1, "from 0 to 1, got -0.1"),
        ({"w": W}, {"w": W}, 1.5, "from 0 to 1, got 1.5"),
        ({"w": W}, {"w": W}, float("nan"), "from 0 to 1, got nan"),
        ({"w": W}, {"w": W}, True, "from 0 to 1, got True"),
    ],
    ids=range(11),
)  # fmt: skip
def test_what_does_not_belong_together_is_refused(old, new, share, message):
    with pytest.raises(ValueError, match=message):
        interpolate_weights(old, new, share)


# ---------------------------------------------------------------- over the mix


def accuracy(model, images) -> float:
    return float((predict(model, images) == images.labels).mean())


def test_the_table_holds_what_the_mixes_score_and_the_model_is_put_back():
    model, old, new = trained()
    with torch.no_grad():
        model.linear_head.bias += 1  # neither the old nor the new
    before = copy.deepcopy(model.state_dict())
    transform = model.transform
    swapped = (lambda i: transform(IMAGES.pixels[i]), (IMAGES.labels + 1) % 3)
    table = measure_mixes(model.train(), old, new, IMAGES, swapped, shares=[1, 0, 0.5])
    assert list(table) == ["share", "new", "old"] and table["share"].tolist() == [0, 0.5, 1]
    assert equal(model.state_dict(), before) and not model.training
    for row in table.itertuples():
        twin = tiny_classifier()
        twin.load_state_dict(interpolate_weights(old, new, row.share))
        assert row.new == accuracy(twin, IMAGES)
        assert row.old == np.mean(predict(twin, IMAGES) == swapped[1])
    assert table["new"].iloc[-1] > table["new"].iloc[0]


def test_weights_that_lie_in_the_memory_of_the_model_are_read_before_a_mix_is_written():
    """Seen: with new=model.state_dict() every mix was the old network."""
    model, old, new = trained()
    wanted = measure_mixes(model, old, new, IMAGES, lambda one: one.linear_head.bias[0].item())
    alive = measure_mixes(
        model, old, model.state_dict(), IMAGES, lambda one: one.linear_head.bias[0].item()
    )
    assert wanted.equals(alive) and equal(model.state_dict(), new)
    model.load_state_dict(old)
    alive = measure_mixes(
        model, model.state_dict(), new, IMAGES, lambda one: one.linear_head.bias[0].item()
    )
    assert wanted.equals(alive) and equal(model.state_dict(), old)


def test_old_weights_that_were_not_copied_before_the_training_are_refused():
    model = tiny_classifier()
    old = model.state_dict()
    fit(model, IMAGES, epochs=1, quiet=True)
    for use in (interpolate_weights, lambda *states: measure_mixes(model, *states[:2], len, len)):
        with pytest.raises(ValueError, match=r"lie in the memory of the new .*deepcopy"):
            use(old, model.state_dict(), 0.5)
    only_head = {**model.state_dict(), "linear_head.bias": torch.zeros(3)}  # the rest is shared
    mixed = interpolate_weights(only_head, model.state_dict(), 0.5)
    torch.testing.assert_close(mixed["linear_head.bias"], model.linear_head.bias.detach() / 2)


def test_a_number_of_shares_has_both_ends_and_a_task_may_be_a_function():
    model, old, new = trained()

    def weight(one):
        assert not one.training
        return one.linear_head.weight[0, 0].item()

    table = measure_mixes(model, old, new, weight, lambda one: 3, shares=5)
    assert table["share"].tolist() == [0, 0.25, 0.5, 0.75, 1] and (table["old"] == 3).all()
    ends = [one["linear_head.weight"][0, 0].item() for one in (old, new)]
    np.testing.assert_allclose(table["new"], np.linspace(*ends, 5), rtol=1e-5)
    assert len(measure_mixes(model, old, new, weight, weight)) == 11


def test_the_model_is_put_back_when_a_task_fails_and_what_is_frozen_stays_frozen():
    model, old, new = trained()
    freeze(model)
    trains = [p.requires_grad for p in model.parameters()]

    def broken(one):
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        measure_mixes(model, new, old, IMAGES, broken)
    assert equal(model.state_dict(), new)
    assert [p.requires_grad for p in model.parameters()] == trains


@pytest.mark.parametrize("task", [None, 3, (1, 2, 3)], ids=str)
def test_what_is_no_task_and_no_row_of_shares_is_refused(task):
    model, old, new = trained()
    with pytest.raises(ValueError, match="on_old must be a set with labels, a tuple of data and"):
        measure_mixes(model, old, new, IMAGES, task)
    with pytest.raises(ValueError, match="shares must be a whole number from 2 on, got 1"):
        measure_mixes(model, old, new, IMAGES, IMAGES, shares=1)
    with pytest.raises(ValueError, match="from 0 to 1, got 2"):
        measure_mixes(model, old, new, IMAGES, IMAGES, shares=[2.0])
    assert equal(model.state_dict(), new)
