"""A classifier keeps its class names and its transform, on disk too."""

import numpy as np
import pytest
import torch
from tiny_nets import CLASSES, tiny_backbone, tiny_classifier, tiny_images
from torch import nn

from tlhelpers.errors import CourseError
from tlhelpers.models import classifier
from tlhelpers.models.backbones import Transform, load_backbone
from tlhelpers.models.classifier import Classifier, refuse_other_classes
from tlhelpers.training.lora import add_lora

X = torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))


def test_what_was_saved_comes_back_with_names_transform_and_outputs(tmp_path):
    model = tiny_classifier().eval()
    model.backbone.transform = Transform(24, (0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
    model.save(tmp_path / "model.safetensors")
    other = Classifier.load(tmp_path / "model.safetensors", CLASSES, tiny_backbone(seed=5))
    assert torch.equal(other(X), model(X))
    assert other.class_names == CLASSES and not other.training
    images = tiny_images(4)
    assert repr(other.transform) == repr(model.transform)
    assert torch.equal(other.transform(images.pixels), model.transform(images.pixels))


def test_the_real_one_is_built_anew_out_of_the_file_alone(tmp_path):
    backbone = load_backbone(pretrained=False, seed=3)
    backbone.transform.size = 64
    model = Classifier(backbone, 3, CLASSES, seed=4).eval()
    model.save(tmp_path / "model.safetensors")
    other = Classifier.load(tmp_path / "model.safetensors")
    assert torch.equal(other(X), model(X))
    assert other.transform.size == 64 and other.backbone.provenance == backbone.provenance


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["green", "red", "blue"], "other classes: class 0 is 'red', not 'green'"),
        (["red", "green"], "other classes: 3 of them, not 2"),
        (["red", "green", "blue", "grey"], "other classes: 3 of them, not 4"),
    ],
)
def test_other_class_names_or_another_order_are_refused(tmp_path, names, message):
    tiny_classifier().save(tmp_path / "m")
    with pytest.raises(ValueError, match=message):
        Classifier.load(tmp_path / "m", names, tiny_backbone())


def test_a_file_without_names_cannot_vouch_for_any(tmp_path):
    Classifier(tiny_backbone(), 3).save(tmp_path / "m")
    assert Classifier.load(tmp_path / "m", backbone=tiny_backbone()).class_names is None
    with pytest.raises(ValueError, match="holds no class names"):
        Classifier.load(tmp_path / "m", CLASSES, tiny_backbone())


def test_what_is_no_such_file_or_does_not_fit_is_told_in_one_line(tmp_path):
    (tmp_path / "broken").write_bytes(b"no tensors")
    with pytest.raises(CourseError, match=r"cannot read the model .*broken"):
        Classifier.load(tmp_path / "broken")
    with pytest.raises(CourseError, match=r"cannot read the model .*nowhere"):
        Classifier.load(tmp_path / "nowhere")
    tiny_classifier().save(tmp_path / "m")
    with pytest.raises(CourseError, match="do not fit this backbone"):
        Classifier.load(tmp_path / "m", backbone=load_backbone(pretrained=False))
    with pytest.raises(ValueError, match="unknown backbone 'tiny'"):
        Classifier.load(tmp_path / "m")


def test_another_kind_of_transform_is_refused(tmp_path):
    model = tiny_classifier()
    model.backbone.transform = torch.from_numpy
    model.save(tmp_path / "m")
    with pytest.raises(ValueError, match="was trained with the transform builtin_function"):
        Classifier.load(tmp_path / "m", backbone=tiny_backbone())


def test_adapters_are_not_saved_as_if_they_were_weights(tmp_path):
    with pytest.raises(ValueError, match="holds adapters: use save_lora"):
        add_lora(tiny_classifier(), rank=2).save(tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_the_given_backbone_is_copied_and_the_head_drawn_from_the_seed():
    backbone = tiny_backbone()
    before = backbone.fingerprint()
    models = [Classifier(backbone, 3, seed=seed) for seed in (0, 0, 1)]
    with torch.no_grad():
        models[0].backbone.model.conv_stem.weight.add_(1)
    assert backbone.fingerprint() == models[1].backbone.fingerprint() == before
    assert torch.equal(models[0].linear_head.weight, models[1].linear_head.weight)
    assert not torch.equal(models[0].linear_head.weight, models[2].linear_head.weight)


def test_making_one_draws_no_random_number_of_the_process():
    state = torch.get_rng_state()
    Classifier(tiny_backbone(), 3)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_backbone_of_any_kind_serves():
    class Text(nn.Module):
        feature_size = 4

        def forward(self, ids, mask):
            return (nn.functional.one_hot(ids, 4) * mask[..., None]).sum(1).float()

    model = Classifier(Text(), 2)
    ids = torch.tensor([[1, 2], [3, 0]])
    logits = model(ids=ids, mask=torch.tensor([[1, 1], [1, 0]]))
    wanted = torch.tensor([[0, 1, 1, 0], [0, 0, 0, 1.0]]) @ model.linear_head.weight.T
    torch.testing.assert_close(logits, wanted + model.linear_head.bias)
    assert model.transform is None


@pytest.mark.parametrize("n", [1, 0, 2.5, None])
def test_one_class_is_refused(n):
    with pytest.raises(ValueError, match="at least two classes"):
        Classifier(tiny_backbone(), n)


@pytest.mark.parametrize("names", [["a", "b"], ["a", "b", "a"], list("abcd")])
def test_names_must_fit_the_number_of_classes(names):
    with pytest.raises(ValueError, match="3 classes need as many different names"):
        Classifier(tiny_backbone(), np.int64(3), names)


# ---------------------------------------------------------------- where and how it is saved


class Tied(nn.Module):
    """One weight under two names, and a buffer that is a part of another."""

    feature_size = 4

    def __init__(self):
        super().__init__()
        self.there, self.back = nn.Linear(4, 4), nn.Linear(4, 4)
        self.back.weight = self.there.weight
        self.register_buffer("scale", torch.arange(8.0))
        self.register_buffer("first", self.scale[:4])

    def forward(self, x):
        return self.back(self.there(x)) * self.first


def test_weights_that_are_tied_are_saved_and_stay_tied(tmp_path):
    model = Classifier(Tied(), 2, seed=1).eval()
    model.save(tmp_path / "m")
    other = Classifier.load(tmp_path / "m", backbone=Tied())
    x = torch.ones(3, 4)
    assert torch.equal(other(x), model(x))
    assert other.backbone.back.weight is other.backbone.there.weight


def test_parts_of_one_tensor_are_saved_each_by_itself(tmp_path):
    model = Classifier(Tied(), 2)
    shared = torch.randn(2, 4)
    model.backbone.there.bias.data, model.backbone.back.bias.data = shared[0], shared[1]
    model.save(tmp_path / "m")
    other = Classifier.load(tmp_path / "m", backbone=Tied()).backbone
    assert torch.equal(other.there.bias, shared[0]) and torch.equal(other.back.bias, shared[1])


def test_the_home_folder_may_be_written_short(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    model = tiny_classifier().eval()
    model.save("~/m.safetensors")
    assert [p.name for p in tmp_path.iterdir()] == ["m.safetensors"]
    assert torch.equal(Classifier.load("~/m.safetensors", backbone=tiny_backbone())(X), model(X))
    with pytest.raises(CourseError, match=f"cannot read the model {tmp_path}/nowhere"):
        Classifier.load("~/nowhere")


def test_a_place_that_takes_no_file_is_told(tmp_path):
    model = tiny_classifier()
    with pytest.raises(CourseError, match=rf"there is no folder {tmp_path}/runs, make it first"):
        model.save(tmp_path / "runs" / "m")
    with pytest.raises(CourseError, match="is a folder: give the name of a file in it"):
        model.save(tmp_path)
    with pytest.raises(CourseError, match=r"cannot write the model .*too long"):
        model.save(tmp_path / ("m" * 300))
    with pytest.raises(TypeError, match="the model must be the path of a file, got None"):
        model.save(None)
    with pytest.raises(CourseError, match="cannot read the model"):
        Classifier.load(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_failed_save_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch):
    model = tiny_classifier()
    model.save(tmp_path / "m")
    before = (tmp_path / "m").read_bytes()

    def full(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(classifier, "write_atomically", full)
    with pytest.raises(CourseError, match=r"cannot write the model .*No space left"):
        tiny_classifier(1).save(tmp_path / "m")
    assert (tmp_path / "m").read_bytes() == before and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("trained", "given"),
    [(["U\u0308bung", "b"], ["\u00dcbung", "b"]), (["\u00dcbung", "b"], ["\u00dcbung", "b"])],
)
def test_a_name_saved_in_two_characters_is_the_same_class(trained, given):
    refuse_other_classes(trained, given, "the model")


@pytest.mark.parametrize("given", [["b", "\u00dcbung"], ["Ubung", "b"], ["\u00dcbung"]])
def test_other_names_or_another_order_are_other_classes(given):
    with pytest.raises(ValueError, match="the model has other classes"):
        refuse_other_classes(["U\u0308bung", "b"], given, "the model")
