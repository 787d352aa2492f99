"""Classes told by their names: nearest description by cosine, and no label is looked at."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_encoders import opinions

from tlhelpers.evaluation.repeated import repeat
from tlhelpers.evaluation.trials import Target, Trial
from tlhelpers.models import feature_cache, zero_shot
from tlhelpers.models.text_features import encode
from tlhelpers.models.zero_shot import nearest_description

pytestmark = pytest.mark.usefixtures("empty_features")
TOLD = {"no": ["the film was bad .", "the plot was poor ."], "yes": "the film was good ."}


@pytest.fixture
def empty_features(tmp_path, monkeypatch):
    """Features are kept in a folder of the test's own; the archives stay where they are."""
    monkeypatch.setattr(feature_cache, "derived_dir", lambda kind: tmp_path)


@pytest.fixture
def trial():
    texts = opinions()
    return Trial(texts, np.arange(0), np.arange(20, 40), seed=0, name="opinions")


def test_it_gives_the_class_with_the_largest_cosine(small, trial):
    said = encode(small, [*TOLD["no"], TOLD["yes"]])
    said /= np.linalg.norm(said, axis=1, keepdims=True)
    rows = encode(small, trial.source)[trial.test]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    no = (said[0] + said[1]) / np.linalg.norm(said[0] + said[1])
    found = nearest_description(small, TOLD)(trial)
    assert list(found) == ["opinions"] and len(set(found["opinions"])) == 2
    np.testing.assert_array_equal(found["opinions"], rows @ said[2] > rows @ no)


def test_labels_play_no_part_and_the_order_of_the_descriptions_neither(small, trial):
    found = nearest_description(small, TOLD)(trial)["opinions"]
    other = replace(trial.source, labels=1 - trial.source.labels)
    turned = dict(reversed(TOLD.items()))
    again = nearest_description(small, turned)(replace(trial, source=other))["opinions"]
    np.testing.assert_array_equal(found, again)


def test_other_sets_are_predicted_too(small, trial):
    others = opinions(12)
    target = {"more": Target(others, np.arange(0), np.arange(3, 12))}
    found = nearest_description(small, TOLD)(replace(trial, targets=target))
    alone = Trial(others, np.arange(0), np.arange(3, 12), 0, name="more")
    np.testing.assert_array_equal(found["more"], nearest_description(small, TOLD)(alone)["more"])


def test_descriptions_are_encoded_once_for_all_trials_and_anew_for_other_weights(
    small, trial, monkeypatch
):
    true, asked = zero_shot._class_vectors, []
    monkeypatch.setattr(
        zero_shot, "_class_vectors", lambda *given: asked.append(given) or true(*given)
    )
    encoder = copy.deepcopy(small)
    strategy = nearest_description(encoder, TOLD)
    first = strategy(trial)["opinions"]
    np.testing.assert_array_equal(strategy(replace(trial, seed=1))["opinions"], first)
    assert len(asked) == 1
    with torch.no_grad():
        for weight in encoder.parameters():
            weight.copy_(weight.flip(0))
    changed = strategy(trial)["opinions"]
    assert len(asked) == 2
    np.testing.assert_array_equal(changed, nearest_description(encoder, TOLD)(trial)["opinions"])


@pytest.mark.parametrize("told", [{"no": "bad"}, TOLD | {"maybe": "fine"}], ids=["few", "many"])
def test_each_class_needs_a_description(small, trial, told):
    with pytest.raises(ValueError, match=r"describe each of the classes \['no', 'yes'\]"):
        nearest_description(small, told)(trial)


@pytest.mark.parametrize("told", ["", [], [" "]], ids=["text", "list", "in a list"])
def test_an_empty_description_is_refused(small, told):
    with pytest.raises(ValueError, match=r"text 0 is|no texts"):
        nearest_description(small, {"no": told, "yes": "good"})


def test_the_real_encoder_tells_plain_opinions_apart(minilm):
    told = {"no": "a bad, poor thing", "yes": "a good, fine thing"}
    found = repeat({"names": nearest_description(minilm, told)}, opinions(), seeds=2, labels=[2])
    assert found.accuracy.mean() > 0.9
