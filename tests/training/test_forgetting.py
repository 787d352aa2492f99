"""Photographs cut into crops, and what a changed backbone still answers on them."""

import copy

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_sample_image

from tlhelpers.data.photographs import PHOTOGRAPHS, photograph_crops
from tlhelpers.models.backbones import load_classifier
from tlhelpers.models.classifier import Classifier
from tlhelpers.training import forgetting
from tlhelpers.training.forgetting import agreement, predict_imagenet_classes
from tlhelpers.training.lora import add_lora


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    pass


@pytest.fixture(scope="module")
def crops():
    return photograph_crops(4)


def noisy(classifier, share):
    """A copy whose backbone has noise on its weights, a share of the spread of each tensor."""
    found, draw = copy.deepcopy(classifier), torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in found.backbone.parameters():
            spread = weight.std() if weight.numel() > 1 else 0.0
            weight += share * spread * torch.randn(weight.shape, generator=draw)
    return found


# ---------------------------------------------------------------- photographs


def test_there_are_as_many_crops_of_each_photograph_as_asked_for():
    images = photograph_crops(3, size=48)
    assert images.pixels.shape == (6, 48, 48, 3) and images.pixels.dtype == np.uint8
    assert images.counts() == {"china": 3, "flower": 3}
    assert len(set(images.groups)) == len(set(images.fingerprints)) == 6


def test_the_seed_decides_the_crops():
    one, again, other = (photograph_crops(3, 32, seed) for seed in (5, 5, 6))
    assert one.fingerprint == again.fingerprint
    assert not set(one.fingerprints) & set(other.fingerprints)


def test_every_crop_is_a_square_inside_the_photograph_of_its_label(monkeypatch):
    boxes, true = [], Image.Image.crop
    with monkeypatch.context() as patch:
        patch.setattr(Image.Image, "crop", lambda p, box: (boxes.append(box), true(p, box))[1])
        images = photograph_crops(20, size=32)
    assert len(boxes) == 40
    for (left, top, right, bottom), label, pixels in zip(
        boxes, images.labels, images.pixels, strict=True
    ):
        photograph = load_sample_image(f"{PHOTOGRAPHS[label]}.jpg")
        height, width, _ = photograph.shape
        assert 0 <= left < right <= width and 0 <= top < bottom <= height
        assert right - left == bottom - top and 0.4 * height - 1 <= right - left <= height
        part = Image.fromarray(photograph[top:bottom, left:right])
        assert np.array_equal(pixels, part.resize((32, 32), Image.Resampling.BICUBIC))


# ---------------------------------------------------------------- old answers


def test_the_old_answers_are_those_of_the_whole_network(backbone, crops):
    network, transform = load_classifier("efficientnet_lite0")
    with torch.inference_mode():
        wanted = network.eval()(transform(crops.pixels)).argmax(1).numpy()
    found = predict_imagenet_classes(copy.deepcopy(backbone).train(), crops)
    assert np.array_equal(found, wanted) and len(set(wanted)) > 1


def test_an_untouched_backbone_agrees_with_itself_on_every_photograph(backbone, crops, monkeypatch):
    monkeypatch.setattr(forgetting, "photograph_crops", lambda count, size: crops)
    forgetting._photographs.cache_clear()
    assert agreement(Classifier(backbone, 3)) == 1.0
    forgetting._photographs.cache_clear()


def test_noise_on_the_weights_of_the_backbone_costs_agreement(backbone, crops):
    model = Classifier(backbone, 3)
    found = [agreement(noisy(model, share), crops) for share in (0.0, 1.0)]
    assert found[0] == 1.0 and found[1] < 0.5


def test_agreement_is_the_share_of_equal_answers(backbone, crops):
    model = noisy(Classifier(backbone, 3), 0.05)
    before, after = (predict_imagenet_classes(b, crops) for b in (backbone, model.backbone))
    assert agreement(model, crops) == pytest.approx(np.mean(before == after))
    assert 0 < np.mean(before == after) < 1


def test_the_head_has_no_part_in_it(backbone, crops):
    model = Classifier(backbone, 3)
    torch.nn.init.normal_(model.linear_head.weight, std=9)
    assert agreement(model, crops) == 1.0


def test_a_lora_model_agrees_until_its_adapters_say_something(backbone, crops):
    model = add_lora(Classifier(backbone, 3))
    assert agreement(model, crops) == 1.0
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                weight.fill_(1.0)
    assert agreement(model, crops) < 0.5
