"""LoRA: starts as the given model, trains little, and comes back from disk with its head."""

import copy
import io
import json
import os

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_encoders import checkpoint
from tiny_nets import CLASSES, tiny_backbone, tiny_classifier, tiny_images
from torch import nn

from tlhelpers.errors import CourseError
from tlhelpers.models.backbones import Transform, load_backbone
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.encoder_loading import load_encoder
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
    given = {"transform": "Transform", "size": 16, "mean": [0.5] * 3, "std": [0.5] * 3}
    assert card == {"class_names": CLASSES, "base": frozen_hash(model), "input": given}
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


# ---------------------------------------------------------------- another model, another file


@pytest.fixture
def adapter(trained_lora, tmp_path):
    save_lora(trained_lora, tmp_path / "adapter")
    return tmp_path / "adapter"


@pytest.fixture(scope="module")
def encoder_folder(tmp_path_factory):
    return checkpoint(tmp_path_factory.mktemp("encoder") / "small")


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"pool": "max"}, "trained with pool='cls', not with 'max'"),
        ({"pool": "mean"}, "trained with pool='cls', not with 'mean'"),
        ({"max_length": 13}, "trained with max_length=12, not with 13"),
    ],
)
def test_an_encoder_that_pools_or_cuts_otherwise_is_refused(
    encoder_folder, tmp_path, other, message
):
    built = {"pool": "cls", "max_length": 12}
    first = add_lora(Classifier(load_encoder(encoder_folder, **built), 2, ["a", "b"]), rank=2)
    save_lora(first, tmp_path)
    with pytest.raises(ValueError, match=message):
        load_lora(
            Classifier(load_encoder(encoder_folder, **built | other), 2, ["a", "b"]), tmp_path
        )
    fresh = Classifier(load_encoder(encoder_folder, **built), 2, ["a", "b"], seed=9)
    given = fresh.transform(["good film", "the bank of the river"])
    with torch.no_grad():
        assert torch.equal(load_lora(fresh, tmp_path)(**given), first.eval()(**given))


def test_a_backbone_that_is_fed_otherwise_is_refused(adapter, learned):
    for transform, told in [
        (Transform(24, (0.5,) * 3, (0.5,) * 3), "size=16, not with 24"),
        (Transform(16, (0.4,) * 3, (0.5,) * 3), r"mean=\[0.5, 0.5, 0.5\], not with"),
        (None, "transform='Transform', not with 'NoneType'"),
    ]:
        model = Classifier(learned, 3, CLASSES)
        model.backbone.transform = transform
        with pytest.raises(ValueError, match=f"was trained with {told}"):
            load_lora(model, adapter)


def test_an_adapter_of_an_earlier_version_which_does_not_tell_is_taken(
    adapter, learned, trained_lora
):
    card = json.loads((adapter / "tlhelpers.json").read_text())
    del card["input"]
    (adapter / "tlhelpers.json").write_text(json.dumps(card))
    assert torch.equal(load_lora(Classifier(learned, 3, CLASSES), adapter)(X), trained_lora(X))


WEIGHTS = "adapter_model.safetensors"


def reset(name, **changes):
    def harm(folder):
        told = json.loads((folder / name).read_text()) | changes
        (folder / name).write_text(json.dumps(told))

    return harm


def without(name, key):
    def harm(folder):
        told = json.loads((folder / name).read_text())
        del told[key]
        (folder / name).write_text(json.dumps(told))

    return harm


def cut_off(name):
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:50])


def a_header_that_lies(folder):
    """It tells of far more numbers than there are."""
    header = json.dumps({"a": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}})
    data = len(header).to_bytes(8, "little") + header.encode() + b"0000"
    (folder / WEIGHTS).write_bytes(data)


def a_header_without_end(folder):
    (folder / WEIGHTS).write_bytes((2**62).to_bytes(8, "little") + b"{}")


def fewer_tensors(folder):
    tensors = load_file(folder / WEIGHTS)
    tensors.popitem()
    save_file(tensors, folder / WEIGHTS)


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda folder: (folder / WEIGHTS).unlink(), f"lacks its weights: there is no {WEIGHTS}"),
        (lambda folder: (folder / "adapter_config.json").unlink(), "cannot read the adapter in"),
        (lambda folder: (folder / "tlhelpers.json").unlink(), "cannot read the adapter in"),
        (cut_off(WEIGHTS), "cannot read the adapter in"),
        (cut_off("adapter_config.json"), "cannot read the adapter in"),
        (cut_off("tlhelpers.json"), "cannot read the adapter in"),
        (a_header_that_lies, "cannot read the adapter in"),
        (a_header_without_end, "cannot read the adapter in"),
        (fewer_tensors, "does not fit the model"),
        (without("tlhelpers.json", "base"), "tlhelpers.json does not tell base"),
        (without("adapter_config.json", "r"), "adapter_config.json does not tell r"),
        (reset("adapter_config.json", r=3), "does not fit the model"),
        (reset("adapter_config.json", r="many"), "does not fit the model"),
        (reset("adapter_config.json", target_modules=["nothing"]), "does not fit the model"),
        (reset("adapter_config.json", use_dora=True), "sets use_dora, which save_lora does not"),
        (reset("adapter_config.json", use_rslora=True), "sets use_rslora"),
        (reset("adapter_config.json", peft_type="LOHA"), "sets peft_type"),
        (reset("adapter_config.json", megatron_config={"a": 1}), "sets megatron_config"),
        (reset("adapter_config.json", made_up=1), "sets made_up"),
    ],
    ids=range(19),
)
def test_a_folder_that_is_not_as_it_was_saved_is_one_clear_error(adapter, learned, harm, message):
    harm(adapter)
    with pytest.raises(CourseError, match=message) as told:
        load_lora(Classifier(learned, 3, CLASSES), adapter)
    assert str(adapter) in str(told.value) and "\n" not in str(told.value)


class _Bomb:
    def __init__(self, folder):
        self.folder = str(folder)

    def __reduce__(self):
        return os.mkdir, (self.folder,)


def test_a_pickle_beside_the_weights_or_in_their_place_is_not_opened(adapter, learned, tmp_path):
    bomb = _Bomb(tmp_path / "exploded")
    torch.save({"a": bomb}, adapter / "adapter_model.bin")
    load_lora(Classifier(learned, 3, CLASSES), adapter)
    (adapter / WEIGHTS).unlink()
    with pytest.raises(CourseError, match="lacks its weights"):
        load_lora(Classifier(learned, 3, CLASSES), adapter)
    (adapter / "adapter_model.bin").rename(adapter / WEIGHTS)
    with pytest.raises(CourseError, match="cannot read the adapter"):
        load_lora(Classifier(learned, 3, CLASSES), adapter)
    assert not (tmp_path / "exploded").exists()
    torch.load(io.BytesIO((adapter / WEIGHTS).read_bytes()), weights_only=False)
    assert (tmp_path / "exploded").exists(), "the bomb is none, so the test above shows nothing"


def test_loading_an_adapter_draws_no_random_number(adapter, learned):
    model, state = Classifier(learned, 3, CLASSES), torch.get_rng_state()
    load_lora(model, adapter)
    assert torch.equal(torch.get_rng_state(), state)


def test_an_adapter_lies_in_the_home_folder_and_is_found_there(
    trained_lora, learned, tmp_path, monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    save_lora(trained_lora, "~/mine")
    assert (tmp_path / "mine" / WEIGHTS).is_file()
    assert torch.equal(load_lora(Classifier(learned, 3, CLASSES), "~/mine")(X), trained_lora(X))


def test_a_folder_that_cannot_be_written_is_told(trained_lora, tmp_path):
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "adapter"):
        with pytest.raises(CourseError, match="cannot write the adapter to"):
            save_lora(trained_lora, folder)
