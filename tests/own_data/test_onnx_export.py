"""Saved models as ONNX: onnxruntime says the same on real items, or nothing is kept."""

from __future__ import annotations

import onnxruntime
import pytest
import torch
from made_answers import answered
from tiny_encoders import checkpoint, opinions
from tiny_nets import CLASSES, tiny_images

from tlhelpers.errors import CourseError
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.encoder_loading import load_encoder
from tlhelpers.models.small import SmallCNN
from tlhelpers.models.text_features import encode
from tlhelpers.own_data import final_training, onnx_export
from tlhelpers.own_data.best_model import save_trained
from tlhelpers.own_data.forms import neighbour_classifier
from tlhelpers.own_data.onnx_export import add_onnx
from tlhelpers.own_data.saved_model import load_saved


def network(kind):
    images, backbone = tiny_images(30), SmallCNN(16)
    if kind == "neighbours":
        with torch.inference_mode():
            rows = backbone.eval()(backbone.transform(images.pixels)).numpy()
        return images, neighbour_classifier(backbone, rows, images.labels, CLASSES, 5)
    return images, Classifier(backbone, 3, CLASSES).eval()


@pytest.mark.parametrize("kind", ["network", "neighbours"])
def test_pictures(tmp_path, kind):
    images, model = network(kind)
    trained = final_training.Trained(model)
    folder = save_trained(trained, answered(images, kind), tmp_path / "model", onnx=True)
    saved = load_saved(folder)
    session = onnxruntime.InferenceSession((folder / "model.onnx").read_bytes())
    (told,) = session.get_inputs()
    assert told.name == "pixels"
    for count in (1, 7):
        inputs = saved.transform(images.pixels[:count]).numpy()
        (given,) = session.run(None, {"pixels": inputs})
        wanted = saved.predict_proba(images.subset(range(count)))
        assert abs(given - wanted).max() < 1e-4
    assert given.sum(1) == pytest.approx(1, abs=1e-5)


def test_texts_of_any_length(tmp_path, one_thread):
    texts = opinions()
    encoder = load_encoder(checkpoint(tmp_path / "small"))
    rows = encode(encoder, texts, cache=False)
    model = final_training.linear_head_on_features(texts, encoder, rows)
    trained = final_training.Trained(model, encoder.name)
    folder = save_trained(trained, answered(texts, "frozen"), tmp_path / "model", onnx=True)
    saved = load_saved(folder)
    session = onnxruntime.InferenceSession((folder / "model.onnx").read_bytes())
    for some in (["good"], ["bad film", "the plot of the river was fine , good and poor ."] * 3):
        inputs = {name: rows.numpy() for name, rows in saved.transform(some).items()}
        (given,) = session.run(None, inputs)
        assert abs(given - saved.predict_proba(some)).max() < 1e-4


def test_what_is_off_is_removed(tmp_path, monkeypatch):
    images, model = network("network")
    folder = save_trained(final_training.Trained(model), answered(images, "x"), tmp_path / "model")
    other = Classifier(SmallCNN(16, seed=3), 3, CLASSES, 3).eval()
    honest = onnx_export.trace
    monkeypatch.setattr(
        onnx_export,
        "trace",
        lambda network, *rest: honest(onnx_export.Probabilities(other), *rest),
    )
    with pytest.raises(CourseError, match="gives other probabilities"):
        add_onnx(folder, images)
    assert not (folder / "model.onnx").exists()
    load_saved(folder)


def test_without_a_network_there_is_nothing_to_write(tmp_path):
    texts = opinions()
    trained = final_training.linear_head_on_words(texts)
    with pytest.raises(CourseError, match="has no network that could be written as ONNX"):
        save_trained(trained, answered(texts, "counted words"), tmp_path / "model", onnx=True)
    assert not (tmp_path / "model").exists()
