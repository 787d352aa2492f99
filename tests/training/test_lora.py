"""LoRA: starts as the given model, trains little, and comes back from disk with its head."""

import copy
import json

import numpy as np
import pytest
import torch
from tiny_nets import CLASSES, tiny_backbone, tiny_classifier, tiny_images
from torch import nn

from tlhelpers.errors import CourseError
from tlhelpers.models.backbones import load_backbone
from tlhelpers.models.classifier import Classifier
from tlhelpers.training.fitting import fit
from tlhelpers.training.freezing import count_weights, freeze, frozen_hash, unfreeze
from tlhelpers.training.lora import add_lora, base_hash, load_lora, save_lora
from tlhelpers.training.optimizers import param_groups
from tlhelpers.training.predicting import predict

X = torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))


def lora_layers(model):
    return sorted({n.partition(".lora_A")[0] for n, _ in model.named_parameters() if "lora_A" in n})


def trained(model):
    return [name for name, p in model.named_parameters() if p.requires_grad]


def test_it_starts_as_the_given_model():
    model = tiny_classifier().eval()
    before = model(X)
    assert torch.equal(add_lora(model, rank=2).eval()(X), before)


def test_an_adapted_layer_is_w_plus_scaled_product():
    model = nn.Sequential(nn.Linear(5, 4, bias=False), nn.Linear(4, 2))
    weight = model[0].weight.detach().clone()
    head = model[1]
    adapted = add_lora(model, rank=3, alpha=12)
    layer = adapted.get_base_model()[0]
    a, b = layer.lora_A.default.weight, layer.lora_B.default.weight
    nn.init.normal_(b)
    x = torch.randn(7, 5)
    torch.testing.assert_close(adapted(x), head(x @ (weight + 12 / 3 * b @ a).T))


def test_only_pointwise_convolutions_of_the_backbone_are_adapted_and_the_head_trains():
    model = add_lora(tiny_classifier(), rank=2)
    prefix = "base_model.model.backbone.model."
    assert lora_layers(model) == [f"{prefix}{name}" for name in ("blocks.0.0", "conv_head")]
    rest = [name for name in trained(model) if "lora_" not in name]
    head = "base_model.model.linear_head.modules_to_save.default"
    assert rest == [f"{head}.weight", f"{head}.bias"]
    assert count_weights(model)[0] == 2 * (4 + 6) + 2 * (6 + 8) + 8 * 3 + 3


def test_on_the_real_one_each_pointwise_convolution_is_adapted_and_nothing_else():
    backbone = load_backbone(pretrained=False)
    wanted = [
        f"base_model.model.backbone.{name}"
        for name, module in backbone.named_modules()
        if isinstance(module, nn.Conv2d) and module.weight.shape[2:] == (1, 1)
    ]
    model = add_lora(Classifier(backbone, 3, CLASSES))
    assert lora_layers(model) == sorted(wanted) and len(wanted) == 32
    rest = [name for name in trained(model) if "lora_" not in name]
    assert [name.split(".")[2] for name in rest] == ["linear_head"] * 2


def test_grouped_pointwise_convolutions_are_passed_over():
    model = nn.Sequential(nn.Conv2d(4, 4, 1, groups=2), nn.Conv2d(4, 4, 1), nn.Conv2d(4, 2, 1))
    assert lora_layers(add_lora(model, rank=2)) == ["base_model.model.1"]


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(4, 4) for _ in range(3))
        self.classifier = nn.Linear(4, 2)

    def layer_groups(self):
        return [[self.query, self.key, self.value], [self.classifier]]

    def forward(self, x):
        return self.classifier(self.query(x) * self.key(x) + self.value(x))


def test_of_attention_the_query_and_the_value_are_adapted():
    model = add_lora(Attention(), rank=1)
    assert lora_layers(model) == ["base_model.model.query", "base_model.model.value"]
    model = add_lora(Attention(), rank=1, targets=["key"])
    assert lora_layers(model) == ["base_model.model.key"]


@pytest.fixture(scope="module")
def learned():
    """A backbone that has learned to tell colours apart."""
    model = tiny_classifier()
    fit(model, tiny_images(), epochs=3, lr=0.03, quiet=True)
    return model.backbone


@pytest.fixture(scope="module")
def trained_lora(learned):
    model = add_lora(Classifier(learned, 3, CLASSES), rank=2)
    base = frozen_hash(model)
    fit(model, tiny_images(), epochs=3, lr=0.03, quiet=True)
    assert frozen_hash(model) == base
    return model


def test_it_learns(trained_lora):
    images = tiny_images(60, seed=1)
    assert np.mean(predict(trained_lora, images) == images.labels) > 0.8


def test_saved_and_loaded_it_gives_the_same_outputs(trained_lora, learned, tmp_path):
    save_lora(trained_lora, tmp_path / "adapter")
    fresh = Classifier(learned, 3, CLASSES, seed=99)
    assert not torch.allclose(fresh(X), trained_lora(X))
    loaded = load_lora(fresh, tmp_path / "adapter")
    assert torch.equal(loaded(X), trained_lora(X))
    assert torch.equal(loaded.train()(X), trained_lora(X)), "BatchNorm has moved"
    assert loaded.class_names == CLASSES


def test_merged_it_is_a_plain_classifier_that_can_be_saved(trained_lora, learned, tmp_path):
    save_lora(trained_lora, tmp_path / "adapter")
    loaded = load_lora(Classifier(learned, 3, CLASSES), tmp_path / "adapter")
    merged = loaded.merge_and_unload()
    torch.testing.assert_close(merged(X), trained_lora(X), rtol=1e-4, atol=1e-4)
    merged.save(tmp_path / "plain")
    plain = Classifier.load(tmp_path / "plain", CLASSES, tiny_backbone())
    assert torch.equal(plain(X), merged(X))


def test_other_classes_another_backbone_or_no_folder_are_refused(trained_lora, tmp_path):
    save_lora(trained_lora, tmp_path)
    with pytest.raises(ValueError, match="other classes: class 0 is 'red', not 'blue'"):
        load_lora(Classifier(tiny_backbone(), 3, CLASSES[::-1]), tmp_path)
    with pytest.raises(ValueError, match="other classes: 3 of them, not 0"):
        load_lora(Classifier(tiny_backbone(), 3), tmp_path)
    with pytest.raises(CourseError, match="trained on a backbone with other weights"):
        load_lora(tiny_classifier(seed=1), tmp_path)
    with pytest.raises(CourseError, match=r"cannot read the adapter in .*nowhere"):
        load_lora(tiny_classifier(), tmp_path / "nowhere")


def test_the_card_names_classes_and_backbone(trained_lora, learned, tmp_path):
    save_lora(trained_lora, tmp_path)
    card = json.loads((tmp_path / "tlhelpers.json").read_text())
    model = Classifier(learned, 3, CLASSES)
    save_lora(load_lora(copy.deepcopy(model), tmp_path), tmp_path / "again")
    freeze(model)
    assert card == {"class_names": CLASSES, "base": frozen_hash(model)}
    assert json.loads((tmp_path / "again" / "tlhelpers.json").read_text()) == card


@pytest.mark.parametrize("make", [Attention, tiny_classifier])
def test_the_hash_of_the_base_is_that_without_adapters(make):
    model = make()
    freeze(model)
    wanted = frozen_hash(model)
    adapted = add_lora(model, rank=1)
    assert base_hash(adapted) == wanted
    with torch.no_grad():
        next(p for name, p in adapted.named_parameters() if "lora_A" in name).add_(1)
        assert base_hash(adapted) == wanted
        next(p for name, p in adapted.named_parameters() if "base_layer" in name).add_(1)
    assert base_hash(adapted) != wanted


def test_rates_per_group_hold_for_adapters_too():
    groups = param_groups(add_lora(tiny_classifier(), rank=2), slice(1e-4, 1))
    rates = {group["layer_group"]: group["lr"] for group in groups}
    assert rates == pytest.approx({1: 1e-3, 3: 1e-1, 4: 1})


def test_the_first_matrices_are_drawn_from_the_seed_alone():
    state = torch.get_rng_state()
    first, second, other = (
        dict(add_lora(tiny_classifier(), rank=2, seed=seed).named_parameters())
        for seed in (0, 0, 1)
    )
    assert torch.equal(torch.get_rng_state(), state)
    name = next(name for name in first if "lora_A" in name)
    assert torch.equal(first[name], second[name]) and not torch.equal(first[name], other[name])


class Confusing(nn.Sequential):
    def __init__(self):
        super().__init__()
        self.conv_head, self.head = nn.Linear(4, 4), nn.Linear(4, 2)


@pytest.mark.parametrize(
    ("make", "options", "message"),
    [
        (tiny_backbone, {}, "no head to train: give Classifier"),
        (Confusing, {}, "peft would take conv_head for the head"),
        (lambda: add_lora(tiny_classifier(), rank=2), {}, "has adapters already"),
        (tiny_classifier, {"rank": 0}, "rank must be a whole number"),
        (tiny_classifier, {"targets": ["conv_haed"]}, "'conv_haed': did you mean conv_head"),
        (tiny_classifier, {"targets": ["linear_head"]}, "no layer of the backbone is called"),
        (tiny_classifier, {"targets": ["blocks.1.0"]}, "blocks.1.0 is a grouped convolution"),
        (tiny_classifier, {"targets": []}, "there is no layer to adapt"),
    ],
)
def test_what_cannot_be_adapted_is_refused(make, options, message):
    with pytest.raises(ValueError, match=message):
        add_lora(make(), **options)


@pytest.mark.parametrize("change", [freeze, unfreeze])
def test_an_adapted_model_is_not_frozen_or_unfrozen_again(change):
    model = add_lora(tiny_classifier(), rank=2)
    before = trained(model)
    with pytest.raises(ValueError, match="peft has frozen this model already"):
        change(model)
    assert trained(model) == before
