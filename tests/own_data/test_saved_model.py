"""Saved models: each form says after loading what was trained; what was changed is refused."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import timm
import tiny
import torch
from made_answers import answered
from safetensors.torch import load_file, save_file
from sklearn.neighbors import KNeighborsClassifier
from tiny_encoders import checkpoint, opinions
from tiny_nets import CLASSES, tiny_images

from tlhelpers.data.images import ImageSet
from tlhelpers.errors import CourseError
from tlhelpers.models.backbones import load_backbone
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.encoder_loading import load_encoder
from tlhelpers.models.features import extract_features, raw_pixels
from tlhelpers.models.heads import new_linear_head, new_tfidf_head
from tlhelpers.models.small import SmallCNN
from tlhelpers.models.text_features import encode
from tlhelpers.own_data import final_training
from tlhelpers.own_data.best_model import save_trained
from tlhelpers.own_data.forms import NeighbourHead, RawPixels
from tlhelpers.own_data.saved_model import load_saved
from tlhelpers.training.fitting import fit
from tlhelpers.training.lora import add_lora
from tlhelpers.training.predicting import predict_proba

NET = "test_resnet"  # timm's own smallest, for tests


@pytest.fixture(scope="module")
def images():
    return tiny_images(60)


@pytest.fixture(scope="module")
def texts():
    return opinions()


@pytest.fixture(scope="module")
def hub_folder(tmp_path_factory, one_thread):
    """A backbone as timm writes it, with an argument that its name does not tell."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        model = timm.create_model(NET, num_classes=7, block_args={"attn_layer": "se"})
    folder = tmp_path_factory.mktemp("hub") / "tiny with spaces"
    cfg = model.pretrained_cfg | {"mean": (0.1, 0.2, 0.3), "input_size": (3, 32, 32)}
    told = {"pretrained_cfg": cfg, "model_args": {"block_args": {"attn_layer": "se"}}}
    timm.models.save_for_hf(model, folder, model_config=told, safe_serialization=True)
    return folder


@pytest.fixture(scope="module")
def encoder_folder(tmp_path_factory, one_thread):
    return checkpoint(tmp_path_factory.mktemp("encoders") / "small")


@pytest.fixture(scope="module")
def saved_folder(images, tmp_path_factory, hub_folder):
    """A frozen backbone and its linear head, saved."""
    trained = on_features(images, hub_folder)
    folder = tmp_path_factory.mktemp("saved") / "model"
    return save_trained(trained, answered(images, "frozen features"), folder)


@pytest.fixture
def copied(saved_folder, tmp_path):
    return shutil.copytree(saved_folder, tmp_path / "copy")


def on_features(images, folder, **options):
    backbone = load_backbone(folder, **options)
    rows = extract_features(backbone, images, cache=False)
    model = final_training.linear_head_on_features(images, backbone, rows)
    return final_training.Trained(model, str(folder))


def files_in(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


# ---------------------------------------------------------------- the forms


def test_linear_head_gives_scikit_learns_probabilities(images, saved_folder, hub_folder):
    features = extract_features(load_backbone(str(hub_folder)), images, cache=False)
    head = new_linear_head().fit(features, images.labels)
    saved = load_saved(saved_folder)
    np.testing.assert_allclose(
        saved.predict_proba(images), head.predict_proba(features), rtol=1e-4, atol=1e-5
    )
    np.testing.assert_array_equal(saved.predict(images), head.predict(features))
    # The network alone says the same, in a notebook.
    np.testing.assert_array_equal(saved.predict_proba(images), predict_proba(saved.model, images))
    assert isinstance(saved.model, Classifier)
    assert saved.class_names == saved.model.class_names == CLASSES
    assert saved.transform.mean == (0.1, 0.2, 0.3)


def test_two_classes_and_one_without_items(images):
    """scikit-learn keeps one row of weights for two classes, and none for a class it never saw."""
    backbone = SmallCNN(16)
    rows = extract_plainly(backbone, images)
    for present in ([0, 2], [1, 2], [0, 1, 2]):
        here = np.isin(images.labels, present)
        head = new_linear_head().fit(rows[here], images.labels[here])
        model = final_training.linear_classifier(backbone, head, CLASSES)
        wanted = np.zeros((len(rows), 3))
        wanted[:, present] = head.predict_proba(rows)
        np.testing.assert_allclose(predict_proba(model, images), wanted, rtol=1e-4, atol=1e-5)


def extract_plainly(backbone, images):
    with torch.inference_mode():
        return backbone.eval()(backbone.transform(images.pixels)).numpy()


@pytest.mark.parametrize("k", [1, 5, 1000])
def test_neighbours_are_scikit_learns(images, hub_folder, tmp_path, k):
    backbone = load_backbone(str(hub_folder))
    features = extract_features(backbone, images, cache=False)
    model = final_training.neighbours_of_features(images, backbone, features, k)
    trained = final_training.Trained(model, str(hub_folder))
    folder = save_trained(trained, answered(images, "nearest"), tmp_path / "model")
    own = KNeighborsClassifier(min(k, len(images)), metric="cosine").fit(features, images.labels)
    saved = load_saved(folder)
    assert isinstance(saved.model.linear_head, NeighbourHead)
    np.testing.assert_allclose(
        saved.predict_proba(images), own.predict_proba(features), rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("size", [16, 32, 45, 64], ids=lambda size: f"{size} px")
def test_raw_pixels_of_any_size_are_those_of_the_comparison(size):
    pixels = np.random.default_rng(0).integers(0, 256, (3, size, size, 3), dtype=np.uint8)
    images = ImageSet(pixels, [0, 1, 0], ["a", "b"], list("abc"))
    model = RawPixels(size, 32)
    given = model(model.transform(images.pixels)).numpy()
    np.testing.assert_allclose(given, raw_pixels(images, 32), atol=1e-6)
    assert not model.state_dict()


def test_raw_pixels(images, tmp_path):
    trained = final_training.linear_head_on_pixels(images)
    folder = save_trained(trained, answered(images, "raw pixels"), tmp_path / "model")
    rows = raw_pixels(images)
    wanted = new_linear_head().fit(rows, images.labels).predict_proba(rows)
    given = load_saved(folder).predict_proba(images)
    np.testing.assert_allclose(given, wanted, rtol=1e-3, atol=1e-5)


def test_counted_words_are_kept_without_pickle(texts, tmp_path):
    trained = final_training.linear_head_on_words(texts)
    folder = save_trained(trained, answered(texts, "counted words"), tmp_path / "model")
    own = new_tfidf_head().fit(texts.texts, texts.labels)
    new = ["the walk was good", "nothing of this is known", "Poor, poor!"]
    saved = load_saved(folder)
    np.testing.assert_allclose(saved.predict_proba(new), own.predict_proba(new), rtol=1e-12)
    assert files_in(folder) == {"model.json", "model.safetensors", "README.md"}


def test_majority_says_the_shares(images, tmp_path):
    some = images.subset(np.r_[0:9, 9:30:3])
    trained = final_training.majority(some)
    folder = save_trained(trained, answered(some, "majority"), tmp_path / "model")
    given = load_saved(folder).predict_proba(images)
    np.testing.assert_allclose(given, np.tile(np.bincount(some.labels) / len(some), (60, 1)))


@pytest.mark.parametrize("kind", ["tuned", "LoRA", "from scratch"])
def test_trained_networks(images, hub_folder, tmp_path, kind):
    backbone = SmallCNN(16) if kind == "from scratch" else load_backbone(str(hub_folder))
    model = Classifier(backbone, 3, CLASSES)
    model = add_lora(model, targets=["conv2"]) if kind == "LoRA" else model
    fit(model, images, epochs=1, lr=0.01, quiet=True)
    wanted = predict_proba(model, images)
    trained = final_training.Trained(final_training.merged(model), str(hub_folder))
    folder = save_trained(trained, answered(images, kind), tmp_path / "model")
    given = load_saved(folder).predict_proba(images)
    np.testing.assert_allclose(given, wanted, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("kind", ["linear head", "neighbours"])
def test_encoders(texts, encoder_folder, tmp_path, kind):
    makers = {
        "linear head": final_training.linear_head_on_features,
        "neighbours": final_training.neighbours_of_features,
    }
    encoder = load_encoder(encoder_folder)
    rows = encode(encoder, texts, cache=False)
    trained = final_training.Trained(makers[kind](texts, encoder, rows), str(encoder_folder))
    folder = save_trained(trained, answered(texts, kind), tmp_path / "model")
    own = {
        "linear head": new_linear_head(),
        "neighbours": KNeighborsClassifier(5, metric="cosine"),
    }[kind].fit(rows, texts.labels)
    saved = load_saved(folder)
    given = saved.predict_proba(texts)
    if kind == "linear head":
        np.testing.assert_allclose(given, own.predict_proba(rows), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(saved.predict(list(texts.texts)), own.predict(rows))
    assert saved.transform.card() == load_encoder(encoder_folder).transform.card()


def test_course_backbone_by_name(tmp_path):
    images = tiny_images(30)
    trained = on_features(images, "efficientnet-lite0", size=32)
    folder = save_trained(trained, answered(images, "frozen"), tmp_path / "model", onnx=True)
    features = extract_features(load_backbone(size=32), images, cache=False)
    wanted = new_linear_head().fit(features, images.labels).predict_proba(features)
    given = load_saved(folder).predict_proba(images)
    np.testing.assert_allclose(given, wanted, rtol=1e-3, atol=1e-4)


def test_saved_folder_needs_neither_network_nor_what_it_was_made_of(saved_folder, images, tmp_path):
    """Another process, in another folder, without caches."""
    folder = shutil.move(shutil.copytree(saved_folder, tmp_path / "moved"), tmp_path / "a b")
    code = (
        "import sys, numpy as np; from tlhelpers.own_data.saved_model import load_saved;"
        "from tiny_nets import tiny_images;"
        "np.save(sys.argv[2], load_saved(sys.argv[1]).predict_proba(tiny_images(60)))"
    )
    path = os.pathsep.join([os.environ["PYTHONPATH"], str(tiny.ROOT), str(tiny.ROOT / "tests")])
    env = os.environ | {
        "PYTHONPATH": path,
        "HF_HOME": str(tmp_path / "none"),
        "OMP_NUM_THREADS": "1",
    }
    env |= {"TLHELPERS_CACHE": str(tmp_path / "cache")}
    out = tmp_path / "out.npy"
    subprocess.run([sys.executable, "-c", code, str(folder), str(out)], env=env, check=True)
    given = load_saved(saved_folder).predict_proba(images)
    np.testing.assert_allclose(np.load(out), given, atol=1e-6)


# ---------------------------------------------------------------- what is refused


def test_pictures_and_texts_are_not_mixed_up(saved_folder, texts, images):
    with pytest.raises(ValueError, match="the model takes pictures"):
        load_saved(saved_folder).predict_proba(texts)
    with pytest.raises(ValueError, match="give a set or a list"):
        load_saved(saved_folder).predict_proba("one.png")


def test_each_damaged_file_is_named(copied):
    for name in sorted(files_in(copied) - {"model.json", "README.md"}):
        path = copied / name
        data = path.read_bytes()
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        with pytest.raises(CourseError, match=f"{path.name}.* is not the file that was saved"):
            load_saved(copied)
        path.unlink()
        with pytest.raises(CourseError, match="is incomplete"):
            load_saved(copied)
        path.write_bytes(data)
    load_saved(copied)


def rewrite(folder, **changes):
    path = folder / "model.json"
    card = json.loads(path.read_text()) | changes
    path.write_text(json.dumps(card))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"format": 2}, "is of format 2"),
        ({"class_names": ["green", "red", "blue"]}, "do not belong together: class_names"),
        ({"class_names": ["red", "green"]}, "do not belong together: class_names"),
        ({"class_names": ["red", "red", "blue"]}, "'class_names' is not as it was written"),
        ({"kind": "texts"}, "do not belong together: kind"),
        ({"form": "words"}, "do not belong together: form"),
        ({"form": "sorcery"}, "'form' is not as it was written"),
        ({"files": {"../model.safetensors": ""}}, "'files' is not as it was written"),
        ({"network": None}, "cannot build the model"),
        ({"network": {"kind": "backbone", "name": "/etc", "transform": {}}}, "cannot build"),
        ({"picture_size": "64"}, "'picture_size' is not as it was written"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_card_that_does_not_fit_is_refused(copied, changes, told):
    rewrite(copied, **changes)
    with pytest.raises(CourseError, match=told):
        load_saved(copied)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, "\xff"], ids=range(5))
def test_card_that_is_no_card_is_refused(copied, text):
    (copied / "model.json").write_text(text, encoding="latin-1")
    with pytest.raises(CourseError, match=r"model\.json"):
        load_saved(copied)


def test_network_of_another_name_is_looked_for_nowhere(copied):
    """A name of the hub or a path in somebody's file leads to no download and no other file."""
    card = json.loads((copied / "model.json").read_text())
    for name in ("owner/name", "../other", str(copied), "~"):
        rewrite(copied, network=card["network"] | {"kind": "backbone", "name": name})
        with pytest.raises(CourseError, match="unknown backbone"):
            load_saved(copied)


def test_weights_of_other_shapes_are_refused(copied):
    path = copied / "model.safetensors"
    tensors = load_file(path)
    tensors["linear_head.bias"] = torch.zeros(4)
    card = json.loads((copied / "model.json").read_text())
    told = {key: json.dumps(card[key]) for key in ("format", "class_names", "kind", "form")}
    save_file(tensors, path, metadata=told)
    import hashlib

    card["files"]["model.safetensors"] = hashlib.sha256(path.read_bytes()).hexdigest()
    rewrite(copied, files=card["files"])
    with pytest.raises(CourseError, match="cannot build the model"):
        load_saved(copied)


def test_missing_folders(tmp_path):
    with pytest.raises(CourseError, match="there is no folder"):
        load_saved(tmp_path / "none")
    with pytest.raises(CourseError, match="it is no saved model"):
        load_saved(tmp_path)


# ---------------------------------------------------------------- the folder


def test_model_is_replaced_as_a_whole_and_nothing_else_is(images, texts, tmp_path):
    folder = tmp_path / "model"
    for data, strategy in ((images, "raw pixels"), (texts, "words"), (images, "raw pixels")):
        trained = (
            final_training.linear_head_on_pixels(data)
            if strategy == "raw pixels"
            else final_training.linear_head_on_words(data)
        )
        save_trained(trained, answered(data, strategy), folder)
        assert load_saved(folder).kind == answered(data, strategy).kind
        assert [path.name for path in tmp_path.iterdir()] == ["model"]
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(CourseError, match=r"also holds notes\.txt"):
        save_trained(trained, answered(images, "raw pixels"), folder)
    (folder / "notes.txt").unlink()
    (folder / "README.md").write_text("mine")
    with pytest.raises(CourseError, match="was changed by hand"):
        save_trained(trained, answered(images, "raw pixels"), folder)
    assert load_saved(folder).kind == "pictures"


def test_folder_with_something_else_is_refused(images, tmp_path):
    trained = final_training.majority(images)
    (tmp_path / "photo.jpg").write_text("x")
    with pytest.raises(CourseError, match="holds something else than a model"):
        save_trained(trained, answered(images, "majority"), tmp_path)
    with pytest.raises(CourseError, match="is no folder"):
        save_trained(trained, answered(images, "majority"), tmp_path / "photo.jpg")
    assert files_in(tmp_path) == {"photo.jpg"}


def test_what_fails_midway_leaves_the_old_model(images, tmp_path, monkeypatch):
    folder = tmp_path / "model"
    trained = final_training.majority(images)
    save_trained(trained, answered(images, "majority"), folder)
    before = (folder / "model.json").read_bytes()
    pixels = final_training.linear_head_on_pixels(images)
    monkeypatch.setattr(final_training.NeighbourHead, "__module__", "tests")
    monkeypatch.setattr("tlhelpers.own_data.best_model.APART", -1.0)
    with pytest.raises(CourseError, match="gives other probabilities"):
        save_trained(pixels, answered(images, "raw pixels"), folder)
    assert (folder / "model.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


# ---------------------------------------------------------------- the model card


def test_model_card_tells_what_a_reader_must_know(images, saved_folder):
    text = (saved_folder / "README.md").read_text(encoding="utf-8")
    head, body = text.removeprefix("---\n").split("---\n", 1)
    assert 'pipeline_tag: "image-classification"' in head
    assert 'license: "apache-2.0"' in head
    for part in ("Intended use", "Training data", "Evaluation", "not tested on", "Licence"):
        assert f"## {part}" in body or f"{part}\n" in body
    assert "60 items in 60 groups" in body
    assert "0.86, 95 % interval [0.82, 0.89]" in body
    # Red is the class of the first item, the one that was got wrong; there are two runs.
    assert "| red | 0.95 | 40 |" in body
    assert "| blue | 1.00 | 40 |" in body
    assert "32 × 32 px" in body


def test_names_are_shown_as_they_are(tmp_path):
    images = tiny_images(30)
    names = ["a|b\n# c", "<b>*x*", "--- d"]
    images = type(images)(images.pixels, images.labels, names, images.groups)
    folder = save_trained(
        final_training.majority(images), answered(images, "majority"), tmp_path / "model"
    )
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert r"| a\|b \# c | 10 |" in text
    assert r"\<b\>\*x\*" in text
    assert load_saved(folder).class_names == names
