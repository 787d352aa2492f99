"""Tuning on words: transformers' own loss, labels at first pieces, and a copy that is tuned."""

import numpy as np
import pytest
import torch
import transformers
from tiny_encoders import CALM, checkpoint, random_states, state_of

from tlhelpers.models.encoder_loading import load_encoder
from tlhelpers.models.word_features import cut_words
from tlhelpers.training.word_labels import WordClassifier, fit_words, label_tokens

NO = -100
PLACES, PEOPLE = ("bank", "river"), ("rob", "money")
QUIET = {"progress": False}


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    pass


@pytest.fixture
def small(tmp_path):
    return load_encoder(checkpoint(tmp_path / "small", **CALM))


def sentences_of(n: int):
    """One word of each sentence belongs to class 1 or 2; those before it are not asked for."""
    sentences, labels = [], []
    for i in range(n):
        kind = i % 2
        word = (PLACES, PEOPLE)[kind][i // 2 % 2]
        sentences.append([*["the", "walking", "a"][: 1 + i % 3], word, "was", "good"])
        labels.append(np.array([*[NO] * (1 + i % 3), 1 + kind, 0, 0]))
    return sentences, labels


def test_labels_stand_at_first_pieces(small):
    numbers, firsts = cut_words(small, [["the", "walking", "bank"], ["walked"]])
    rows = label_tokens(numbers, firsts, [np.array([0, 2, NO]), [1]])
    assert [row.tolist() for row in rows] == [[NO, 0, 2, NO, NO, NO], [NO, 1, NO, NO]]


def test_the_loss_is_that_of_transformers(small):
    sentences, labels = sentences_of(6)
    model = WordClassifier(small, 3, seed=4).eval()
    config = transformers.BertConfig.from_dict(small.model.config.to_dict() | {"num_labels": 3})
    plain = transformers.BertForTokenClassification(config).eval()
    plain.bert.load_state_dict(small.model.state_dict(), strict=False)
    plain.classifier.load_state_dict(model.head.state_dict())
    numbers, firsts = cut_words(small, sentences)
    given = small.transform.padded(numbers)
    asked = torch.full_like(given["input_ids"], NO)
    for row, own in zip(asked, label_tokens(numbers, firsts, labels), strict=True):
        row[: len(own)] = torch.from_numpy(own)
    with torch.no_grad():
        ours = torch.nn.functional.cross_entropy(model(**given).flatten(0, 1), asked.flatten())
        theirs = plain(**given, labels=asked)
        assert torch.allclose(theirs.logits, model(**given), atol=1e-5)
    assert torch.allclose(ours, theirs.loss, atol=1e-6)


def test_it_learns(small):
    sentences, labels = sentences_of(24)
    model = fit_words(small, sentences, labels, epochs=60, lr=1e-3, batch_size=8, **QUIET)
    for words, said, own in zip(sentences, model.predict(sentences, 5), labels, strict=True):
        assert len(words) == len(said)
        np.testing.assert_array_equal(said[own != NO], own[own != NO])


def test_the_given_encoder_and_the_random_state_are_left_as_they_were(small):
    before, state = str(state_of(small)), random_states()
    sentences, labels = sentences_of(8)
    model = fit_words(small, sentences, labels, epochs=2, **QUIET)
    assert str(state_of(small)) == before and random_states() == state
    assert model.encoder.fingerprint() != small.fingerprint()
    assert not model.training


def test_a_seed_decides(small):
    sentences, labels = sentences_of(8)
    one, same, other = (
        fit_words(small, sentences, labels, epochs=1, seed=seed, **QUIET) for seed in (1, 1, 2)
    )
    assert torch.equal(one.head.weight, same.head.weight)
    assert not torch.equal(one.head.weight, other.head.weight)


def test_predictions_do_not_depend_on_what_stands_beside(small):
    sentences, _ = sentences_of(9)
    model = WordClassifier(small, 3).train()
    together = model.predict(sentences, batch_size=4)
    assert model.training and model.encoder.training
    for words, said in zip(sentences, together, strict=True):
        np.testing.assert_array_equal(model.predict([words])[0], said)


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ([[0, 1]], "sentence 0 has 3 words and 2 labels"),
        ([[NO, NO, NO]], "no word has a label"),
        ([[0, 0, 0]], "classes"),
        ([[0, -1, 1]], "sentence 0 has the label -1"),
        ([[0, 0.5, 1]], "labels of sentence 0 must be whole numbers"),
        ([[0, float("nan"), 1]], "labels of sentence 0 hold 1 NaN"),
        ([["a", "b", "c"]], "labels of sentence 0 must be whole numbers"),
        ([[0, 1, 0], [1]], "1 sentences, but labels for 2"),
        ([], "1 sentences, but labels for 0"),
    ],
    ids=["short", "none", "one class", "negative", "half", "nan", "texts", "more", "no labels"],
)
def test_labels_that_do_not_fit_are_one_error(small, labels, told):
    with pytest.raises(ValueError, match=told):
        fit_words(small, [["the", "bank", "was"]], labels, epochs=1, **QUIET)


@pytest.mark.parametrize("options", [{"epochs": 0}, {"lr": -1.0}, {"batch_size": 0}], ids=str)
def test_bad_options_are_told_by_name(small, options):
    with pytest.raises(ValueError, match=next(iter(options))):
        fit_words(small, [["the", "bank"]], [[0, 1]], **{"epochs": 1} | options, **QUIET)
