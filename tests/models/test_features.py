"""The frozen forward pass: equal to a plain one, harmless to its model, and its cache."""

from __future__ import annotations

import copy
import hashlib
import warnings

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import nn
from torchvision.transforms import v2

from tlhelpers.data import images
from tlhelpers.models import feature_cache, features, precision
from tlhelpers.models.features import extract_features, extract_layers
from tlhelpers.models.precision import row_cosine

QUIET = {"progress": False, "cache": False}


@pytest.fixture(scope="module")
def few(twemoji):
    """Nine real pictures of all sorts."""
    return twemoji.subset(np.arange(5, 285, 33))


@pytest.fixture(scope="module")
def small():
    """Six of 48 px, for what needs many passes."""
    return images.load_emoji("openmoji", ["bird", "vehicle"], size=48).subset(np.arange(0, 52, 9))


@pytest.fixture(scope="module")
def light(backbone):
    """The same network fed with 64 px: quick."""
    from tlhelpers.models.backbones import Transform

    twin = copy.deepcopy(backbone)
    twin.transform = Transform(64, (0.5,) * 3, (0.5,) * 3)
    return twin


@pytest.fixture
def own(light):
    """A copy to change."""
    return copy.deepcopy(light)


@pytest.fixture
def passes(monkeypatch):
    """Counts the forward passes over whole sets."""
    counted = []
    true = features._forward

    def counting(backbone, pixels, wanted, dtype, *rest):
        counted.append((len(pixels), tuple(layer for layer, _ in wanted), dtype))
        return true(backbone, pixels, wanted, dtype, *rest)

    monkeypatch.setattr(features, "_forward", counting)
    return counted


@pytest.fixture
def no_pass(monkeypatch):
    def forbid():
        monkeypatch.setattr(features, "_forward", lambda *_: pytest.fail("computed, not read"))

    return forbid


def files(folder):
    return sorted((folder / "features").glob("*"))


# Right -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plain(backbone, few):
    """Every layer by a plain float32 loop, without the helper."""
    caught: dict[str, list] = {}
    twin = copy.deepcopy(backbone.model).eval()
    for name, path in {"stem": "bn1", "blocks.2": "blocks.2", "final": "bn2"}.items():
        twin.get_submodule(path).register_forward_hook(
            lambda _, __, out, name=name: caught.setdefault(name, []).append(out.mean((2, 3)))
        )
    direct = []
    with torch.no_grad():
        for one in few.pixels:
            x = torch.tensor(one.astype(np.float32).transpose(2, 0, 1)[None])
            direct.append(twin((x / 255 - 0.5) / 0.5))
    found = {name: torch.cat(parts).numpy() for name, parts in caught.items()}
    np.testing.assert_allclose(found["final"], torch.cat(direct).numpy(), rtol=1e-4, atol=1e-5)
    return found


def test_float32_equals_a_plain_loop(backbone, few, plain):
    found = extract_layers(backbone, few, list(plain), precision="float32", **QUIET)
    for name, wanted in plain.items():
        assert found[name].dtype == np.float32
        np.testing.assert_allclose(found[name], wanted, rtol=1e-4, atol=1e-4)


def test_what_auto_gives_agrees_row_by_row(backbone, few, plain):
    found = extract_layers(backbone, few, list(plain), precision="auto", **QUIET)
    for name, wanted in plain.items():
        assert found[name].dtype == np.float32
        assert row_cosine(found[name], wanted).min() >= 0.999


def test_bfloat16_is_computed_in_it_and_given_in_float32(backbone, few, plain):
    found = extract_layers(backbone, few, list(plain), precision="bfloat16", **QUIET)
    assert row_cosine(found["stem"], plain["stem"]).min() >= 0.9999
    for name, wanted in plain.items():
        assert found[name].dtype == np.float32
        # A white ground makes the same rounding error everywhere, so averaging does not help.
        assert row_cosine(found[name], wanted).min() >= 0.99
        assert np.abs(found[name] - wanted).max() > 1e-6


def test_layers_at_once_are_layers_one_by_one(light, small):
    together = extract_layers(light, small, precision="float32", **QUIET)
    assert list(together) == light.layers
    for name in ("stem", "blocks.3", "final"):
        alone = extract_features(light, small, name, precision="float32", **QUIET)
        np.testing.assert_allclose(together[name], alone, atol=1e-6)


def test_a_grid_keeps_places_and_averages_to_the_whole(light, small, empty_cache):
    whole = extract_features(light, small, "blocks.0", progress=False)
    cells = extract_features(light, small, "blocks.0", grid=4, progress=False)
    assert cells.shape == (6, whole.shape[1] * 16)
    cells = cells.reshape(6, -1, 4, 4)
    np.testing.assert_allclose(cells.mean((2, 3)), whole, rtol=1e-4, atol=1e-5)
    assert cells.std((2, 3)).min(axis=0).max() > 0.1
    mirrored = images.ImageSet(
        small.pixels[:, :, ::-1], small.labels, small.class_names, small.groups
    )
    turned = extract_features(light, mirrored, "stem", grid=2, **QUIET).reshape(6, -1, 2, 2)
    straight = extract_features(light, small, "stem", grid=2, **QUIET).reshape(6, -1, 2, 2)
    side = (straight - turned[..., ::-1]).mean(axis=1)
    assert np.abs(side).mean() < np.abs((straight - turned).mean(axis=1)).mean()


def test_several_grids_come_out_of_one_pass_and_are_kept_each(light, small, empty_cache, passes):
    both = extract_layers(light, small, ["stem", "blocks.0"], grid=(1, 3), progress=False)
    assert list(both) == [("stem", 1), ("stem", 3), ("blocks.0", 1), ("blocks.0", 3)]
    assert len(passes) == 1
    alone = {g: extract_layers(light, small, ["blocks.0"], grid=g, progress=False) for g in (1, 3)}
    assert len(passes) == 1
    for size, layers in alone.items():
        assert list(layers) == ["blocks.0"]
        np.testing.assert_array_equal(layers["blocks.0"], both["blocks.0", size])
    with pytest.raises(ValueError, match="grid must be a whole number from 1 on, got 0"):
        extract_layers(light, small, ["stem"], grid=(1, 0))


def test_a_layer_asked_for_twice_is_given_once(light, small):
    found = extract_layers(light, small, ["final", "stem", "final"], **QUIET)
    assert {name: len(values) for name, values in found.items()} == {"final": 6, "stem": 6}


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ("stem", "give a list of layers, not 'stem'"),
        (3, "give a list of layers, not 3"),
        ([["stem"]], r"unknown layer \['stem'\]"),
        ([], "there are no layers"),
    ],
)
def test_layers_that_are_no_list_of_them_are_refused(light, small, layers, message):
    with pytest.raises(ValueError, match=message):
        extract_layers(light, small, layers, **QUIET)


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(batch_size=st.integers(1, 9), order=st.permutations(range(6)))
def test_batches_and_order_do_not_count(light, small, batch_size, order):
    options = {"precision": "float32", **QUIET}
    wanted = extract_features(light, small, **options)
    found = extract_features(light, small.subset(order), batch_size=batch_size, **options)
    np.testing.assert_allclose(found, wanted[order], rtol=1e-4, atol=1e-4)


def state_of(backbone) -> tuple:
    parts = [
        (name, module.training) for name, module in backbone.named_modules()
    ], [(name, p.requires_grad, p.stride(), p.dtype, p.grad) for name, p in
        backbone.named_parameters()]  # fmt: skip
    hooks = sum(len(module._forward_hooks) for module in backbone.modules())
    digest = hashlib.sha256()
    for tensor in backbone.state_dict().values():
        digest.update(tensor.numpy().tobytes())
    return *parts, hooks, digest.hexdigest()


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("precision", ["auto", "float32", "bfloat16"])
def test_the_callers_model_stays_as_it_is(own, small, training, precision):
    own.train(training)
    own.stage("blocks.1").eval()
    own.stage("blocks.0").requires_grad_(False)
    before, draws, threads = state_of(own), torch.get_rng_state(), torch.is_grad_enabled()
    extract_layers(own, small, precision=precision, **QUIET)
    assert state_of(own) == before
    assert torch.equal(torch.get_rng_state(), draws)
    assert torch.is_grad_enabled() == threads


def test_the_models_mode_does_not_count(own, light, small):
    options = {"precision": "float32", **QUIET}
    wanted = extract_features(light, small, **options)
    own.train()
    np.testing.assert_array_equal(extract_features(own, small, **options), wanted)
    own.to(memory_format=torch.channels_last)
    np.testing.assert_allclose(extract_features(own, small, **options), wanted, atol=1e-5)


def test_pretrained_features_know_the_classes_and_random_ones_less(emoji_features, twemoji):
    unit = emoji_features - emoji_features.mean(0)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    cosine = unit @ unit.T
    np.fill_diagonal(cosine, -1)
    hits = (twemoji.labels[cosine.argmax(1)] == twemoji.labels).mean()
    assert hits > 0.6  # guessing the largest class gives 0.2


# Precision -------------------------------------------------------------------------------


def test_without_bfloat16_it_is_float32(light, small, monkeypatch, passes):
    monkeypatch.setattr("tlhelpers.models.features._bfloat16_pays", lambda device: False)
    found = extract_features(light, small, precision="auto", **QUIET)
    assert passes == [(6, ("final",), torch.float32)]
    np.testing.assert_array_equal(
        found, extract_features(light, small, precision="float32", **QUIET)
    )


def disagreeing(true):
    """A forward pass whose bfloat16 is off by more than the parity allows, in one row."""

    def forward(backbone, pixels, wanted, dtype, *rest):
        found = true(backbone, pixels, wanted, dtype, *rest)
        if dtype is torch.bfloat16:
            found[wanted[-1]][-1, ::2] *= 1.2
        return found

    return forward


def test_where_bfloat16_disagrees_it_is_float32(light, small, monkeypatch, empty_cache):
    monkeypatch.setattr("tlhelpers.models.features._bfloat16_pays", lambda device: True)
    wanted = extract_features(light, small, precision="float32", **QUIET)
    monkeypatch.setattr(features, "_forward", disagreeing(features._forward))
    np.testing.assert_array_equal(extract_features(light, small, precision="auto", **QUIET), wanted)
    # Nor may "auto" trust what was kept when bfloat16 was asked for by name.
    off = extract_features(light, small, precision="bfloat16", progress=False)
    assert row_cosine(off, wanted).min() < 0.999
    np.testing.assert_array_equal(
        extract_features(light, small, precision="auto", progress=False), wanted
    )


def test_where_bfloat16_agrees_it_is_taken_and_read_again(
    light, small, monkeypatch, passes, empty_cache
):
    monkeypatch.setattr("tlhelpers.models.features._bfloat16_pays", lambda device: True)
    extract_features(light, small, "stem", precision="auto", progress=False)
    compared = [torch.float32, torch.bfloat16]
    assert [dtype for _, _, dtype in passes] == [*compared, torch.bfloat16]
    extract_features(light, small, "stem", precision="auto", progress=False)
    assert len(passes) == 3


def test_on_a_processor_auto_is_float32(light, small, passes):
    extract_features(light, small, precision="auto", **QUIET)
    assert [dtype for _, _, dtype in passes] == [torch.float32]


@pytest.mark.parametrize(
    ("able", "answer"),
    [
        ({}, False),
        ({"avx512_bw": True, "avx512_bf16": False}, False),
        ({"avx512_bf16": True}, True),
    ],
)
def test_only_processors_with_the_instructions_have_bfloat16(monkeypatch, able, answer):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)
    assert precision.has_bfloat16() is answer


# The cache -------------------------------------------------------------------------------


@pytest.mark.parametrize("able", [True, False])
def test_the_second_call_reads(light, small, empty_cache, no_pass, monkeypatch, able):
    monkeypatch.setattr("tlhelpers.models.features._bfloat16_pays", lambda device: able)
    first = extract_layers(light, small, precision="auto", progress=False)
    assert len(files(empty_cache)) == len(light.layers)
    no_pass()
    second = extract_layers(light, small, precision="auto", progress=False)
    for name in light.layers:
        np.testing.assert_array_equal(first[name], second[name])
    alone = extract_features(light, small, "blocks.2", precision="auto", progress=False)
    np.testing.assert_array_equal(alone, first["blocks.2"])


def test_only_what_is_missing_is_computed(light, small, empty_cache, passes):
    options = {"precision": "float32", "progress": False}
    extract_features(light, small, "stem", **options)
    extract_layers(light, small, ["stem", "final"], **options)
    assert [layers for _, layers, _ in passes] == [("stem",), ("final",)]


def test_without_the_cache_nothing_is_written_or_read(light, small, empty_cache, passes):
    options = {"precision": "float32", "progress": False}
    extract_features(light, small, cache=False, **options)
    assert not files(empty_cache)
    extract_features(light, small, **options)
    extract_features(light, small, cache=False, **options)
    assert len(passes) == 3


def flip(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: data[: len(data) // 2],
        lambda data: b"\xff" * 999,
        lambda data: flip(data, len(data) - 5),
        lambda data: data.replace(b'"sha256"', b'"sha255"'),
        lambda data: data.replace(b'"features"', b'"reatures"'),
    ],
    ids=["half", "ones", "value", "no hash", "name"],
)
def test_a_damaged_file_is_computed_anew_with_a_warning(light, small, empty_cache, harm, no_pass):
    wanted = extract_features(light, small, progress=False)
    (path,) = files(empty_cache)
    harmed = harm(path.read_bytes())
    assert harmed != path.read_bytes()
    path.write_bytes(harmed)
    with pytest.warns(UserWarning, match=f"{path.name} are damaged: computing them anew") as told:
        again = extract_features(light, small, progress=False)
    assert len(told) == 1
    np.testing.assert_array_equal(again, wanted)
    no_pass()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(extract_features(light, small, progress=False), wanted)


def test_features_that_cannot_be_kept_are_still_given(light, small, empty_cache, monkeypatch):
    def full(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(feature_cache, "write_atomically", full)
    with pytest.warns(UserWarning, match=r"could not be kept .*No space left"):
        found = extract_features(light, small, progress=False)
    np.testing.assert_array_equal(found, extract_features(light, small, **QUIET))


class Tinted:
    """A transform of a learner's own, which prints nothing of its setting."""

    def __init__(self, base, factor):
        self.base, self.factor = base, factor

    def __call__(self, pixels):
        return self.base(pixels) * self.factor

    def __repr__(self):
        return "Tinted()"


def test_each_thing_that_counts_has_its_own_entry(own, small, empty_cache):
    def entries(layer="final", pixels=small, precision="float32"):
        extract_features(own, pixels, layer, precision=precision, progress=False)
        return len(files(empty_cache))

    base, last = own.transform, small.pixels.copy()
    last[-1, -1, -1, 0] ^= 1
    assert entries() == 1
    assert entries() == 1
    assert entries(layer="blocks.6") == 2
    assert entries(precision="bfloat16") == 3
    assert entries(pixels=small.subset([1, 0, 2, 3, 4, 5])) == 4
    changed = images.ImageSet(last, small.labels, small.class_names, small.groups)
    assert entries(pixels=changed) == 5
    own.transform = type(base)(64, (0.5,) * 3, (0.4,) * 3)
    assert entries() == 6
    own.transform = Tinted(base, 1.0)
    assert entries() == 7
    own.transform = Tinted(base, 0.5)
    assert entries() == 8
    own.transform = base
    with torch.no_grad():
        own.stage("blocks.0")[0].bn1.running_mean[0] += 1
    assert entries() == 9
    own.train().requires_grad_(False)
    assert entries() == 9


def test_a_picture_that_no_sample_holds_counts_too(own, small, empty_cache):
    many = small.subset(np.arange(20) % 6)
    extract_features(own, many, "stem", precision="float32", progress=False)
    one_less = many.pixels.copy()
    one_less[19] = one_less[0]
    changed = images.ImageSet(one_less, many.labels, many.class_names, many.groups)
    sampled = precision.sample(np.arange(20), 8)
    assert 19 not in sampled
    found = extract_features(own, changed, "stem", precision="float32", progress=False)
    np.testing.assert_allclose(found[19], found[0], atol=1e-5)


# Refused ---------------------------------------------------------------------------------


def jitter(x):
    return x + torch.rand(1)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (v2.RandomErasing(p=1e-9), "random part RandomErasing"),
        (v2.ColorJitter(0.4), "random part ColorJitter"),
        (v2.Compose([v2.Identity(), v2.RandomCrop(32)]), "random part RandomCrop"),
        (nn.Sequential(nn.Identity(), v2.RandomRotation(9)), "random part RandomRotation"),
        (v2.Lambda(jitter), "another result at each call"),
        (nn.Dropout(0.5), "another result at each call"),
    ],
)
def test_a_random_transform_is_refused(own, small, part, message, empty_cache):
    own.transform = v2.Compose([own.transform, part])
    with pytest.raises(ValueError, match=message):
        extract_features(own, small, progress=False)
    assert not empty_cache.exists() or not files(empty_cache)


def test_a_fixed_transform_of_ones_own_is_taken(own, light, small):
    own.transform = v2.Compose([own.transform, v2.Lambda(lambda x: x.flip(3))])
    mirrored = images.ImageSet(
        small.pixels[:, :, ::-1], small.labels, small.class_names, small.groups
    )
    found = extract_features(own, small, precision="float32", **QUIET)
    wanted = extract_features(light, mirrored, precision="float32", **QUIET)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layer": "fnial"}, "unknown layer 'fnial': did you mean final"),
        ({"precision": "float16"}, "unknown precision 'float16': did you mean bfloat16 or float32"),
        ({"grid": 0}, "grid must be a whole number from 1 on, got 0"),
        ({"batch_size": 2.5}, r"batch_size must be a whole number from 1 on, got 2\.5"),
    ],
)
def test_unknown_options_are_refused(light, small, options, message):
    with pytest.raises(ValueError, match=message):
        extract_features(light, small, **options, **QUIET)


def test_no_pictures_are_refused(light, small):
    with pytest.raises(ValueError, match="no images"):
        extract_features(light, small.subset([]), **QUIET)


@pytest.mark.parametrize(
    ("precision", "value"), [("auto", float("inf")), ("float32", float("nan"))]
)
def test_weights_that_are_no_numbers_are_told_with_the_layer(own, small, value, precision):
    with torch.no_grad():
        own.stage("blocks.3")[0].conv_pw.weight[0] = value
    extract_layers(own, small, ["stem", "blocks.2"], precision=precision, **QUIET)
    with pytest.raises(ValueError, match=r"layer 'blocks\.3' of efficientnet_lite0 gives values"):
        extract_layers(own, small, precision=precision, **QUIET)


# Small parts -----------------------------------------------------------------------------

rows = arrays(np.float64, (3, 4), elements=st.floats(-100, 100, width=16))


def test_row_cosine_in_closed_form():
    angle = np.linspace(0, np.pi, 7)
    a = np.tile([1.0, 0.0], (7, 1))
    b = np.stack([np.cos(angle), np.sin(angle)], axis=1) * 5
    np.testing.assert_allclose(row_cosine(a, b), np.cos(angle), atol=1e-12)
    zero = np.zeros((1, 2))
    assert row_cosine(zero, zero) == 1
    assert row_cosine(zero, a[:1]) == 0
    assert row_cosine(a[:1], zero) == 0


@given(rows, rows, st.floats(0.1, 10))
def test_row_cosine_is_even_bounded_and_blind_to_length(a, b, factor):
    found = row_cosine(a, b)
    assert (np.abs(found) <= 1 + 1e-9).all()
    np.testing.assert_allclose(found, row_cosine(b, a), atol=1e-12)
    np.testing.assert_array_equal(row_cosine(a, a), 1)
    longer = row_cosine(a * factor, b)
    apart = ~((a == b).all(1) | (a * factor == b).all(1))
    np.testing.assert_allclose(longer[apart], found[apart], atol=1e-6)


@pytest.mark.filterwarnings("error")
def test_raw_pixels_are_averages_from_0_to_1(twemoji):
    few = twemoji.subset([0, 100])
    found = features.raw_pixels(few, size=32)
    averaged = few.pixels.reshape(2, 32, 7, 32, 7, 3).mean(axis=(2, 4)) / 255
    assert found.shape == (2, 32 * 32 * 3)
    assert found.dtype == np.float32
    np.testing.assert_allclose(
        found.reshape(2, 3, 32, 32), averaged.transpose(0, 3, 1, 2), atol=1e-6
    )
