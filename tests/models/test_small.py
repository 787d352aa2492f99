"""The small network: shapes, weights that its seed decides, and its place in a Classifier."""

import numpy as np
import pytest
import torch

from tlhelpers.data.images import load_emoji
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.layers import layer_groups
from tlhelpers.models.small import SmallCNN
from tlhelpers.training.fitting import fit
from tlhelpers.training.freezing import count_weights, freeze, freeze_to, frozen_hash
from tlhelpers.training.predicting import predict


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    pass


@pytest.fixture(scope="module")
def emoji():
    return load_emoji("twemoji", ["bird", "plant", "electronic_device"], size=32)


def same(a, b):
    b = b.state_dict()
    return all(torch.equal(value, b[name]) for name, value in a.state_dict().items())


@pytest.mark.parametrize(
    ("size", "width", "features"), [(16, 4, 32), (32, 16, 128), (64, 8, 64), (48, 1, 8)]
)
def test_pictures_become_feature_rows(emoji, size, width, features):
    net = SmallCNN(size, width)
    x = net.transform(emoji.pixels[:3])
    assert x.shape == (3, 3, size, size) and net.feature_size == features
    assert net(x).shape == (3, features)


def test_each_convolution_halves_the_picture():
    net, x = SmallCNN(64, 4), torch.zeros(1, 3, 64, 64)
    shapes = []
    for block in net.blocks:
        x = block(x)
        shapes.append(tuple(x.shape[1:]))
    assert shapes == [(4, 32, 32), (8, 16, 16), (16, 8, 8), (32, 4, 4)]


def test_a_feature_is_the_average_over_what_is_left(emoji):
    net = SmallCNN(32, 4).eval()
    x = net.transform(emoji.pixels[:2])
    torch.testing.assert_close(net(x), net.blocks(x).flatten(2).mean(2))


def test_the_seed_decides_the_weights_and_the_process_random_numbers_stay():
    state = torch.get_rng_state()
    assert same(SmallCNN(seed=3), SmallCNN(seed=3))
    assert not same(SmallCNN(seed=3), SmallCNN(seed=4))
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("size", [0, -16, 8, 40])
def test_a_size_that_cannot_be_halved_four_times_is_refused(size):
    with pytest.raises(ValueError, match=rf"multiple of 16 pixels, got {size}"):
        SmallCNN(size)


def test_a_network_without_channels_is_refused():
    with pytest.raises(ValueError, match="width must be a whole number from 1 on, got 0"):
        SmallCNN(32, 0)


def test_the_layer_groups_hold_every_weight_once():
    net = SmallCNN(32, 4)
    groups = layer_groups(net)
    sizes = [sum(p.numel() for m in group for p in m.parameters()) for group in groups]
    # A convolution of 3×3 without bias, and two numbers per channel of BatchNorm.
    channels = zip((3, 4, 8, 16), (4, 8, 16, 32), strict=True)
    wanted = [9 * a * b + 2 * b for a, b in channels]
    assert sizes == wanted and sum(sizes) == count_weights(net)[1]


def test_a_frozen_one_under_a_head_stays_and_the_head_learns(emoji):
    backbone = SmallCNN(32, 4, seed=1)
    model = Classifier(backbone, 3, emoji.class_names)
    freeze(model)
    assert count_weights(model)[0] == 32 * 3 + 3
    before = frozen_hash(model), model.linear_head.weight.detach().clone()
    fit(model, emoji, epochs=2, quiet=True)
    assert frozen_hash(model) == before[0] and same(model.backbone, backbone)
    assert not torch.equal(model.linear_head.weight, before[1])


def test_it_can_be_frozen_half_way():
    model = Classifier(SmallCNN(32, 4), 3)
    freeze_to(model, 2)
    trains = [all(p.requires_grad for p in block.parameters()) for block in model.backbone.blocks]
    assert trains == [False, False, True, True]


def test_it_learns_emoji_by_heart(emoji):
    model = Classifier(SmallCNN(32, 8), 3, emoji.class_names)
    fit(model, emoji, epochs=15, lr=1e-2, quiet=True)
    assert np.mean(predict(model, emoji) == emoji.labels) > 0.8
