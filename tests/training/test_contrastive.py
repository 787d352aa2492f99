"""Contrastive tuning: pairs as promised, classes apart, and the given encoder as it was."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_encoders import CALM, checkpoint, opinions, random_states, state_of

from tlhelpers.evaluation.repeated import repeat
from tlhelpers.models.encoder_loading import load_encoder
from tlhelpers.models.text_features import encode
from tlhelpers.training.contrastive import contrastive_head, draw_pairs, tune_contrastively
from tlhelpers.training.freezing import freeze

QUIET = {"progress": False}


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    pass


@pytest.fixture
def small(tmp_path):
    return load_encoder(checkpoint(tmp_path / "small"))


@pytest.fixture
def calm(tmp_path):
    """Without dropout."""
    return load_encoder(checkpoint(tmp_path / "calm", **CALM))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=3, max_size=12), st.integers(1, 40), st.integers(0, 99))
def test_pairs_are_of_different_items_and_as_labelled(labels, count, seed):
    labels = np.array([0, 0, 1, *labels])
    first, second, same = draw_pairs(labels, count, seed)
    assert len(first) == len(second) == len(same) == count
    assert (first != second).all()
    np.testing.assert_array_equal(labels[first] == labels[second], same)
    assert same.sum() == (count + 1) // 2
    for a, b in zip((first, second, same), draw_pairs(labels, count, seed), strict=True):
        np.testing.assert_array_equal(a, b)


def test_every_pair_comes_up():
    first, second, _ = draw_pairs([0, 0, 1, 1], 400)
    assert {frozenset(pair) for pair in zip(first.tolist(), second.tolist(), strict=True)} == {
        frozenset((i, j)) for i in range(4) for j in range(i)
    }


@pytest.mark.parametrize(
    ("labels", "message"),
    [([0, 0], "two classes"), ([0, 1, 2], "two texts of one class"), ([], "labels are empty")],
    ids=["one class", "one each", "none"],
)
def test_labels_that_make_no_pairs_are_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        draw_pairs(labels, 4)


def cosines(encoder, texts):
    """Mean cosine within a class, and between the two."""
    rows = encode(encoder, texts, cache=False)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    alike = texts.labels[:, None] == texts.labels
    cosine, off = rows @ rows.T, ~np.eye(len(rows), dtype=bool)
    return cosine[alike & off].mean(), cosine[~alike].mean()


def test_classes_come_apart_also_on_other_texts_and_the_given_encoder_stays(calm):
    texts = opinions()
    part, rest = texts.subset(np.arange(16)), texts.subset(np.arange(16, 40))
    before, states = state_of(calm), random_states()
    tuned = tune_contrastively(calm, part.texts, part.labels, lr=3e-3, **QUIET)
    assert state_of(calm) == before and random_states() == states
    own, other = cosines(tuned, rest)
    assert own - other > 0.5 > 2 * -np.subtract(*cosines(calm, rest)[::-1])
    assert not any(module.training for module in tuned.modules())


def test_the_first_step_follows_the_loss_of_sentence_transformers(calm):
    """Squared distance of the cosine from 1 or 0: CosineSimilarityLoss, without dropout."""
    texts = opinions(6)
    tuned = tune_contrastively(calm, texts.texts, texts.labels, steps=1, lr=1e-3, **QUIET)
    first, second, same = draw_pairs(texts.labels, 16, 0)
    a, b = (calm(**calm.transform(texts.texts[i])) for i in (first, second))
    loss = (torch.cosine_similarity(a, b) - torch.tensor(same, dtype=torch.float)).square().mean()
    weight = calm.model.encoder.layer[-1].output.dense.weight
    [gradient] = torch.autograd.grad(loss, weight)
    clear, rate = (
        gradient.abs() > 1e-4,
        5 / 9 * 1e-3,
    )  # the middle of the only step: see the schedule
    moved = tuned.model.encoder.layer[-1].output.dense.weight - weight * (1 - 1e-2 * rate)
    assert clear.float().mean() > 0.5
    torch.testing.assert_close(moved[clear], -rate * gradient.sign()[clear], rtol=2e-2, atol=1e-6)


def test_the_seed_decides_all(small):
    texts = opinions(8)
    runs = [
        tune_contrastively(small, texts.texts, texts.labels, steps=2, seed=seed, **QUIET)
        for seed in (1, 1, 2)
    ]
    prints = [run.fingerprint() for run in runs]
    assert prints[0] == prints[1] != prints[2]


def test_as_a_strategy_it_beats_nothing_learned_and_leaves_the_encoder(calm):
    before = state_of(calm)
    strategy = contrastive_head(calm, lr=3e-3, steps=60)
    found = repeat({"setfit": strategy}, opinions(60), seeds=2, labels=[4])
    assert found.accuracy.mean() > 0.9 and len(found) == 2
    assert state_of(calm) == before


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"labels": [0, 1]}, "4 texts, but 2 labels"),
        ({"lr": -1}, "lr must be a positive number"),
        ({"steps": 0}, "steps must be a whole number from 1"),
        ({"batch_size": 1}, "batch_size must be a whole number from 2"),
        ({"precision": "half"}, "unknown precision"),
        ({"texts": ["a", "", "b", "c"]}, "text 1 is ''"),
    ],
    ids=["labels", "rate", "steps", "batch", "precision", "empty text"],
)
def test_arguments_that_do_not_fit_are_refused(small, wrong, message):
    usual = {"texts": ["good", "bad", "fine", "poor"], "labels": [1, 0, 1, 0]}
    with pytest.raises(ValueError, match=message):
        tune_contrastively(small, **(usual | QUIET | wrong))


def test_with_everything_frozen_there_is_nothing_to_tune(small):
    freeze(small)
    with pytest.raises(ValueError, match="every weight is frozen"):
        tune_contrastively(small, ["good", "bad", "fine"], [1, 0, 1], **QUIET)


def test_the_real_encoder_takes_a_few_steps():
    encoder, texts = load_encoder(), opinions(16)
    before = encoder.fingerprint()
    tuned = tune_contrastively(encoder, texts.texts, texts.labels, steps=4, **QUIET)
    assert encoder.fingerprint() == before
    gap = [np.subtract(*cosines(one, texts)) for one in (encoder, tuned)]
    assert gap[1] > gap[0] + 0.05
