"""The chosen strategy trained on all items: as the comparison trains it, and then saved."""

from __future__ import annotations

import numpy as np
import pytest
from made_answers import answered
from tiny_encoders import checkpoint, opinions
from tiny_nets import tiny_images

from tlhelpers.models.features import extract_features
from tlhelpers.own_data import final_training, strategies
from tlhelpers.own_data.best_model import save_best
from tlhelpers.own_data.chosen_runs import chosen_size, own_name
from tlhelpers.own_data.final_training import expected_seconds, train_chosen
from tlhelpers.own_data.material import material_of
from tlhelpers.own_data.saved_model import load_saved
from tlhelpers.training.predicting import predict_proba

NET = "test_resnet"
EVERY = [name for tier in strategies.TIERS for name in tier]


@pytest.fixture
def few_steps(monkeypatch):
    monkeypatch.setattr(strategies, "epochs_of", lambda name, kind, items: 1)
    monkeypatch.setitem(strategies.HEAD, "epochs", 1)


@pytest.fixture(scope="module")
def encoder_folder(tmp_path_factory):
    return checkpoint(tmp_path_factory.mktemp("encoders") / "small")


@pytest.fixture
def random_weights(monkeypatch):
    """timm has no file of its smallest network here: it is built with drawn weights."""
    honest = final_training.material_of.__globals__["load_backbone"]
    monkeypatch.setattr(
        "tlhelpers.own_data.material.load_backbone",
        lambda name, size=None: honest(name, pretrained=False, size=size),
    )


def pictures_and_texts(folder, name):
    if name in (strategies.WORDS,):
        return [(opinions(), "")]
    if name in (strategies.PIXELS, strategies.SCRATCH):
        return [(tiny_images(45), NET)]
    return [(tiny_images(45), NET), (opinions(), str(folder))]


@pytest.mark.parametrize("name", EVERY)
def test_every_strategy_is_trained_and_saved(
    name, encoder_folder, few_steps, random_weights, tmp_path
):
    for data, source in pictures_and_texts(encoder_folder, name):
        comparison = answered(data, name, source)
        wanted = train_chosen(comparison)
        folder = save_best(comparison, tmp_path / "model")
        saved = load_saved(folder)
        given = saved.predict_proba(data)
        np.testing.assert_allclose(
            given, saved.with_model(wanted.model).predict_proba(data), atol=1e-5
        )
        assert saved.card["strategy"] == name
        assert given.shape == (len(data), len(data.class_names))


def test_strategies_that_say_something_are_right_about_what_they_saw(random_weights):
    images = tiny_images(60, noise=20)
    for name in (strategies.LINEAR, strategies.NEIGHBOURS):
        trained = train_chosen(answered(images, name, NET))
        accuracy = (predict_proba(trained.model, images).argmax(1) == images.labels).mean()
        assert accuracy > 0.8, name


def test_size_of_a_strategy_is_that_of_the_network(random_weights):
    images = tiny_images(30)
    trained = train_chosen(answered(images, f"{strategies.LINEAR}, 96 px", NET))
    assert trained.model.transform.size == 96
    network = material_of(images, NET).network(96)
    features = extract_features(network, images, cache=False)
    head = final_training.linear_classifier(
        network,
        strategies.new_linear_head(strategies.C).fit(features, images.labels),
        images.class_names,
    )
    np.testing.assert_allclose(
        predict_proba(trained.model, images), predict_proba(head, images), atol=1e-4
    )


@pytest.mark.parametrize(
    ("strategy", "name", "size"),
    [
        ("LoRA", "LoRA", 224),
        ("fine-tuning, head first, 160 px", "fine-tuning, head first", 160),
        ("LoRA, 48 tokens", "LoRA", 48),
        ("frozen features, linear head", "frozen features, linear head", 224),
    ],
    ids=["as it is", "pixels", "tokens", "a comma"],
)
def test_size_in_a_name(strategy, name, size):
    assert own_name(strategy) == name
    assert chosen_size(answered(tiny_images(30), strategy, settings={"size": 224})) == size


@pytest.mark.parametrize("sizes", [(96, 224), (96, 96)], ids=["both", "the small one"])
def test_size_is_the_networks_own_where_it_ran_at_that(sizes):
    comparison = answered(tiny_images(30), "LoRA", settings={"size": 224})
    names = [f"LoRA, {size} px" if size < 224 else "LoRA" for size in sizes]
    comparison.runs["strategy"] = [names[0], "majority", names[1], "majority"]
    comparison.runs["size"] = [sizes[0], 224, sizes[1], 224]
    assert chosen_size(comparison) == max(sizes)


def test_sample_that_was_compared_on_is_trained_on(random_weights, tmp_path):
    images = tiny_images(60)
    used = np.arange(0, 60, 2)
    comparison = answered(images, strategies.LINEAR, NET)
    material = material_of(images, NET)
    network = material.network(material.full)
    comparison.used = used
    comparison.features = extract_features(network, images.subset(used), cache=False)
    trained = train_chosen(comparison)
    head = strategies.new_linear_head(strategies.C).fit(comparison.features, images.labels[used])
    wanted = head.predict_proba(comparison.features)
    given = predict_proba(trained.model, images.subset(used))
    np.testing.assert_allclose(given, wanted, rtol=1e-3, atol=1e-4)
    folder = save_best(comparison, tmp_path / "model")
    assert "a sample of 30" in (folder / "README.md").read_text(encoding="utf-8")


def test_what_training_takes_grows_with_its_steps():
    images = tiny_images(60)
    comparison = answered(images, strategies.TUNING, NET)
    comparison.runs["seconds"] = 10.0
    steps = [strategies.steps_of(strategies.TUNING, "pictures", count) for count in (60, 15)]
    assert expected_seconds(comparison) == pytest.approx(10 * steps[0] / steps[1])
    assert expected_seconds(answered(images, strategies.LINEAR, NET)) is None


def test_unknown_strategy_is_named(random_weights):
    with pytest.raises(ValueError, match="'sorcery'"):
        train_chosen(answered(tiny_images(30), "sorcery", NET))
