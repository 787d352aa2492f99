"""Vectors of words: each is that of its first piece, whatever stands beside its sentence."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_encoders import WORDS, checkpoint, its_own, state_of

from tlhelpers.models.contextual import word_layers
from tlhelpers.models.encoder_loading import load_encoder
from tlhelpers.models.word_features import cut_words, encode_words

PLAIN = [word for word in WORDS if word.isalpha()]
SENTENCES = [["the", "walking", "bank"], ["a"], ["rob", "walks", "near", "the", "river", "!"]]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return load_encoder(checkpoint(tmp_path_factory.mktemp("words") / "small"))


def test_a_word_begins_at_its_first_piece(small):
    numbers, firsts = cut_words(small, SENTENCES)
    pieces = [small.tokenizer.convert_ids_to_tokens(row) for row in numbers]
    assert pieces[0] == ["[CLS]", "the", "walk", "##ing", "bank", "[SEP]"]
    assert [first.tolist() for first in firsts] == [[1, 2, 4], [1], [1, 2, 4, 5, 6, 7]]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from([*PLAIN, "walking", "walked", "qqq"]), min_size=1, max_size=8),
        min_size=1, max_size=6,
    ),
    st.integers(1, 4),
)  # fmt: skip
def test_rows_are_those_of_transformers_whatever_the_batch(small, sentences, batch_size):
    found = encode_words(small, sentences, batch_size=batch_size)
    assert list(found) == small.layers
    expected = []
    for words in sentences:
        given_words = small.tokenizer([words], is_split_into_words=True, return_tensors="pt")
        with torch.no_grad():
            states = small.model(**given_words, output_hidden_states=True).hidden_states
        word_ids = given_words.word_ids(0)
        expected += [[state[0, word_ids.index(i)].numpy() for state in states]
                     for i in range(len(words))]  # fmt: skip
    for layer, rows in found.items():
        assert rows.dtype == np.float32 and rows.shape == (sum(map(len, sentences)), 16)
        np.testing.assert_allclose(rows, [row[layer] for row in expected], atol=2e-6)


def test_a_word_of_one_piece_has_the_vector_that_lesson_06_looks_at(small):
    rows = encode_words(small, [["the", "bank", "of", "rob"]], [0, -1])
    for layer, own in rows.items():
        seen = word_layers(small, "the bank of rob", "bank")[layer]
        np.testing.assert_allclose(own[1], seen, atol=2e-6)


def test_its_own_network_gives_the_same(small, tmp_path):
    folder = checkpoint(tmp_path / "again")
    network = its_own(folder)
    numbers, firsts = cut_words(small, [SENTENCES[0]])
    with torch.no_grad():
        last = network(torch.tensor(numbers)).last_hidden_state[0]
    found = encode_words(load_encoder(folder), [SENTENCES[0]], [3])[3]
    np.testing.assert_allclose(found, last[firsts[0]].numpy(), atol=2e-6)


def test_the_encoder_is_left_as_it_was(small):
    small.model.encoder.layer[1].train()
    before = state_of(small)
    encode_words(small, SENTENCES)
    assert str(state_of(small)) == str(before)
    small.eval()


@pytest.mark.parametrize(
    ("sentences", "told"),
    [
        ([], "at least one word"), ([["the"], []], "at least one word"),
        (["the bank"], "sentence 0 is a text"), ("the bank", "is a text"),
        ([["a"], ["the", None]], "sentence 1 holds None"), ([["a", 3]], "holds 3"),
        ([["the", " "]], "leaves ' ' of sentence 0 out"),
        ([["a"], ["the", "\u200b", "bank"]], "of sentence 1 out"),
        ([["bank"] * 39], "has 41 tokens, the encoder takes 40"),
    ],
    ids=["none", "empty", "text", "one text", "None", "number", "space", "no sign", "long"],
)  # fmt: skip
def test_what_cannot_be_cut_is_one_error(small, sentences, told):
    with pytest.raises(ValueError, match=told):
        encode_words(small, sentences)


def test_the_longest_that_fits_is_taken(small):
    assert encode_words(small, [["bank"] * 38], [1])[1].shape == (38, 16)


@pytest.mark.parametrize("layers", [[4], [-5], ["last"]])
def test_a_layer_that_is_not_there_is_told(small, layers):
    with pytest.raises(ValueError, match="layer must lie between"):
        encode_words(small, SENTENCES, layers)
