"""Freezing that holds, layer groups, and true learning rates."""

import copy
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_nets import tiny_backbone, tiny_classifier
from torch import nn

from tlhelpers.models.backbones import load_backbone
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.features import extract_features
from tlhelpers.models.layers import layer_groups
from tlhelpers.training import freezing
from tlhelpers.training.optimizers import param_groups

X = torch.randn(6, 3, 16, 16, generator=torch.Generator().manual_seed(0))


def statistics(model):
    return {k: v.clone() for k, v in model.state_dict().items() if "running" in k or "num_b" in k}


def moved(model, forwards=3):
    """Names of the running statistics that a few forward passes change."""
    before = statistics(model)
    for _ in range(forwards):
        model(X + 3)
    return {k for k, v in statistics(model).items() if not torch.equal(v, before[k])}


# ---------------------------------------------------------------- layer groups


def test_groups_of_the_real_backbone_go_from_stem_to_head_and_hold_every_weight_once():
    model = load_backbone(pretrained=False)
    groups = layer_groups(model)
    assert len(groups) == len(model.layers)
    for group, layer in zip(groups, model.layers, strict=True):
        assert any(part is model.stage(layer) for module in group for part in module.modules())
    ids = [id(p) for group in groups for module in group for p in module.parameters()]
    assert sorted(ids) == sorted(id(p) for p in model.parameters())


def test_a_sequential_has_a_group_per_child_with_weights():
    first, head = nn.Linear(4, 4), nn.Linear(4, 2)
    model = nn.Sequential(first, nn.ReLU(), head, nn.Flatten())
    groups = layer_groups(model)
    assert [group[0] for group in groups] == [first, head]
    freezing.freeze(model)
    assert not first.weight.requires_grad and head.weight.requires_grad


class Grouped(nn.Module):
    def __init__(self, groups):
        super().__init__()
        self.a, self.b = nn.Linear(2, 2), nn.Linear(2, 2)
        self.groups = groups

    def layer_groups(self):
        return [[getattr(self, name) for name in group] for group in self.groups]


def test_a_module_says_its_groups_itself_and_the_last_is_its_head():
    model = Grouped(["a", "b"])
    assert layer_groups(model) == [[model.a], [model.b]]
    freezing.freeze(model)
    assert [p.requires_grad for p in model.parameters()] == [False, False, True, True]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Grouped(["a"]), "'b.weight' lies in no layer group"),
        (Grouped(["ab", "b"]), "'b.weight' lies in two layer groups"),
        (nn.Bilinear(2, 2, 2), "layer groups of Bilinear are not known: give it a method"),
    ],
)
def test_groups_that_are_unknown_or_do_not_fit_are_refused(model, message):
    with pytest.raises(ValueError, match=message):
        layer_groups(model)


# ---------------------------------------------------------------- freezing


def trained_groups(model):
    groups = layer_groups(model)
    flags = [{p.requires_grad for m in group for p in m.parameters()} for group in groups]
    assert all(len(flag) == 1 for flag in flags)
    return [flag.pop() for flag in flags]


def test_freeze_leaves_the_head_of_a_classifier_and_nothing_of_a_backbone():
    model, backbone = tiny_classifier(), tiny_backbone()
    freezing.freeze(model)
    freezing.freeze(backbone)
    assert trained_groups(model) == [False] * 4 + [True]
    assert trained_groups(backbone) == [False] * 4
    freezing.unfreeze(model)
    assert trained_groups(model) == [True] * 5


@pytest.mark.parametrize("n", range(-5, 6))
def test_freeze_to_counts_as_a_slice_does(n):
    model = tiny_classifier()
    freezing.freeze(model)
    freezing.freeze_to(model, n)
    wanted = [False] * 5
    wanted[n:] = [True] * len(wanted[n:])
    assert trained_groups(model) == wanted
    assert len(moved(model.train())) == 3 * sum(wanted[:4])


@pytest.mark.parametrize("n", [6, -6, 1.5, None, True])
def test_groups_that_are_not_there_cannot_be_frozen(n):
    with pytest.raises(ValueError, match="has 5 layer groups: cannot freeze to"):
        freezing.freeze_to(tiny_classifier(), n)


def test_without_freeze_statistics_do_move():
    assert len(moved(tiny_classifier().train())) == 12  # mean, variance, count of four layers


def test_frozen_statistics_stand_still_through_train_of_the_layer_and_of_a_parent():
    model = tiny_classifier()
    freezing.freeze(model)
    parent = nn.ModuleDict({"inner": nn.Sequential(model)})
    parent.train()
    assert moved(model) == set()
    for layer in model.modules():
        layer.train()
    assert moved(model) == set()
    torch.testing.assert_close(model(X), copy.deepcopy(model).eval()(X), rtol=0, atol=0)


def test_frozen_by_requires_grad_alone_they_would_move():
    model = tiny_classifier().requires_grad_(False)
    assert len(moved(model.train())) == 12


def pickled(model):
    return pickle.loads(pickle.dumps(model))


@pytest.mark.parametrize("twin", [copy.deepcopy, pickled], ids=["copy", "pickle"])
def test_a_copy_is_as_still_and_can_be_unfrozen_by_itself(twin):
    model = tiny_classifier()
    freezing.freeze(model)
    other = twin(model).train()
    assert moved(other) == set()
    freezing.unfreeze(other)
    assert len(moved(other)) == 12
    assert moved(model.train()) == set()


def test_a_state_dict_is_as_before_and_loading_one_leaves_it_frozen():
    model, plain = tiny_classifier(), tiny_classifier()
    freezing.freeze(model)
    assert list(model.state_dict()) == list(plain.state_dict())
    model.load_state_dict(plain.state_dict())
    assert moved(model.train()) == set()


def test_a_frozen_layer_stays_frozen_in_another_model():
    backbone = tiny_backbone()
    freezing.freeze(backbone)
    assert moved(Classifier(backbone, 3).train()) == set()
    assert moved(nn.Sequential(backbone, nn.Linear(8, 2)).train()) == set()


def test_freezing_twice_leaves_one_hook_and_unfreezing_none():
    model = tiny_classifier()
    before = [len(m._forward_pre_hooks) for m in model.modules()]
    for _ in range(3):
        freezing.freeze(model)
    assert sum(len(m._forward_pre_hooks) for m in model.modules()) == sum(before) + 4
    freezing.unfreeze(model)
    assert [len(m._forward_pre_hooks) for m in model.modules()] == before


def test_another_hook_on_the_layer_survives():
    layer = nn.BatchNorm1d(2)
    layer.register_forward_pre_hook(lambda module, inputs: None)
    model = nn.Sequential(layer, nn.Linear(2, 2))
    freezing.freeze(model)
    freezing.unfreeze(model)
    assert len(layer._forward_pre_hooks) == 1


@pytest.mark.parametrize("training", [True, False])
def test_unfreezing_puts_layers_into_the_mode_of_the_model(training):
    model = tiny_classifier().train(training)
    freezing.freeze(model)
    freezing.unfreeze(model)
    assert {m.training for m in model.modules()} == {training}


@pytest.mark.parametrize(
    "norm",
    [
        nn.BatchNorm2d(3, affine=False),
        nn.SyncBatchNorm(3),
        nn.InstanceNorm2d(3, track_running_stats=True),
        nn.BatchNorm2d(3, track_running_stats=False),
    ],
    ids=repr,
)
def test_other_layers_with_statistics_stand_still_too(norm):
    model = nn.Sequential(nn.Conv2d(3, 3, 1), norm, nn.Conv2d(3, 2, 1))
    freezing.freeze(model)
    assert moved(model.train()) == set()


def test_with_train_bn_the_layers_train_in_frozen_groups():
    model = tiny_classifier()
    freezing.freeze(model, train_bn=True)
    norms = {n for n, m in model.named_modules() if isinstance(m, nn.BatchNorm2d)}
    trained = {n.rpartition(".")[0] for n, p in model.named_parameters() if p.requires_grad}
    assert trained == norms | {"linear_head"}
    assert len(moved(model.train())) == 12
    freezing.freeze(model)
    assert moved(model.train()) == set()


def test_dropout_is_left_as_it_is():
    model = nn.Sequential(nn.Linear(4, 50), nn.Dropout(), nn.Linear(50, 2))
    freezing.freeze(model)
    model.train()
    assert not torch.equal(model(torch.ones(1, 4)), model(torch.ones(1, 4)))


def test_freezing_drops_gradients_so_that_no_optimizer_moves_what_is_frozen():
    model = tiny_classifier()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1, weight_decay=0.1)
    model(X).sum().backward()
    optimizer.step()  # momentum is there now
    freezing.freeze(model)
    before = freezing.frozen_hash(model)
    optimizer.zero_grad(set_to_none=False)
    model(X).sum().backward()
    optimizer.step()
    assert freezing.frozen_hash(model) == before


def test_features_of_a_frozen_backbone_are_those_of_the_free_one(twemoji, tmp_path):
    backbone = load_backbone(pretrained=False)
    backbone.transform.size = 64
    images = twemoji.subset([0, 100])
    free = extract_features(backbone, images, cache=False)
    freezing.freeze(backbone)
    np.testing.assert_array_equal(extract_features(backbone.train(), images, cache=False), free)


# ---------------------------------------------------------------- hashes


def test_the_hash_covers_frozen_weights_and_statistics_and_nothing_else():
    model = tiny_classifier()
    assert freezing.frozen_hashes(model) == {}
    freezing.freeze(model)
    names = {name for name in model.state_dict() if name.startswith("backbone.")}
    assert freezing.frozen_hashes(model).keys() == names
    first = freezing.frozen_hash(model)
    with torch.no_grad():
        model.linear_head.weight.add_(1)
    assert freezing.frozen_hash(model) == first
    for name in names:
        other = copy.deepcopy(model)
        state = other.state_dict()
        state[name].view(-1)[0] += 1
        assert freezing.frozen_hash(other) != first, name


def test_statistics_of_a_layer_without_weights_are_covered_when_held():
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2, affine=False), nn.Linear(2, 2))
    freezing.freeze(model)
    assert "1.running_mean" in freezing.frozen_hashes(model)
    freezing.unfreeze(model)
    assert freezing.frozen_hashes(model) == {}


def test_weights_are_counted():
    model = tiny_classifier()
    every = sum(p.numel() for p in model.parameters())
    assert freezing.count_weights(model) == (every, every)
    freezing.freeze(model)
    assert freezing.count_weights(model) == (8 * 3 + 3, every)


# ---------------------------------------------------------------- rates


@settings(max_examples=30, deadline=None)
@given(
    low=st.floats(1e-8, 1), high=st.floats(1e-8, 1), frozen=st.integers(0, 4), decay=st.floats(0, 1)
)
def test_rates_are_geometric_and_belong_to_the_group_whatever_is_frozen(low, high, frozen, decay):
    model = tiny_classifier()
    freezing.freeze_to(model, frozen)
    groups = param_groups(model, slice(low, high), decay)
    for group in groups:
        i = group["layer_group"]
        assert group["lr"] == pytest.approx(low * (high / low) ** (i / 4), rel=1e-9)
    assert {group["layer_group"] for group in groups} == set(range(frozen, 5))
    held = [id(p) for group in groups for p in group["params"]]
    assert sorted(held) == sorted(id(p) for p in model.parameters() if p.requires_grad)


def test_one_rate_is_for_all_and_a_slice_with_one_end_is_fastais():
    model = tiny_classifier()
    assert {g["lr"] for g in param_groups(model, 0.02)} == {0.02}
    rates = {g["layer_group"]: g["lr"] for g in param_groups(model, slice(0.02))}
    assert rates == pytest.approx(dict.fromkeys(range(4), 0.002) | {4: 0.02})


def test_norms_and_biases_are_not_decayed():
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3),
        nn.BatchNorm2d(4),
        nn.LayerNorm((4, 2, 2)),
        nn.Flatten(),
        nn.Linear(16, 2),
    )
    names = {id(p): name for name, p in model.named_parameters()}
    decayed = {
        names[id(p)]: group["weight_decay"]
        for group in param_groups(model, 1e-3, 0.3)
        for p in group["params"]
    }
    assert {name for name, decay in decayed.items() if decay} == {"0.weight", "4.weight"}
    assert set(decayed.values()) == {0.0, 0.3}


def test_a_plain_optimizer_of_torch_obeys_the_rates():
    model = tiny_classifier()
    groups = param_groups(model, slice(1e-4, 1), 0)
    assert not any("lr_scale" in group for group in groups)
    before = {id(p): p.detach().clone() for p in model.parameters()}
    optimizer = torch.optim.SGD(groups)
    for p in model.parameters():
        p.grad = torch.ones_like(p)
    optimizer.step()
    for i, layers in enumerate(layer_groups(model)):
        for p in (p for layer in layers for p in layer.parameters()):
            step = (before[id(p)] - p).detach()
            torch.testing.assert_close(step, torch.full_like(p, 1e-4 * 10**i), rtol=2e-3, atol=1e-7)


@pytest.mark.parametrize(
    "lr", [0, -1, float("nan"), float("inf"), "fast", None, slice(None), slice(1e-3, None), True]
)
def test_rates_that_are_none_are_refused(lr):
    with pytest.raises(ValueError, match="lr must be a positive number or slice"):
        param_groups(tiny_classifier(), lr)


def test_bad_decay_and_nothing_to_train_are_refused():
    with pytest.raises(ValueError, match="weight_decay must be a number from 0 on, got -1"):
        param_groups(tiny_classifier(), weight_decay=-1)
    backbone = tiny_backbone()
    freezing.freeze(backbone)
    with pytest.raises(ValueError, match="every weight is frozen"):
        param_groups(backbone)


def test_held_statistics_stay_while_weights_train():
    model = tiny_classifier()
    freezing.hold_statistics(model)
    before = model.backbone.model.bn1.running_mean.clone()
    model.train()
    model(torch.rand(4, 3, 16, 16) + 3)
    assert torch.equal(before, model.backbone.model.bn1.running_mean)
    assert all(p.requires_grad for p in model.parameters())
    assert "backbone.model.bn1.running_mean" in freezing.frozen_hashes(model)
    freezing.unfreeze(model)  # says again that statistics may move
    model.train()(torch.rand(4, 3, 16, 16) + 3)
    assert not torch.equal(before, model.backbone.model.bn1.running_mean)
