"""Single words in their sentence: vectors, subwords, attention."""

from __future__ import annotations

import copy
import unicodedata

import pytest
import torch
from tiny_encoders import WORDS, checkpoint, its_own, random_states, state_of, unpacked

from tlhelpers.models.contextual import attention_weights, split_words, word_vector
from tlhelpers.models.encoder_loading import load_encoder


def test_split_words_leaves_the_marks_out(small, minilm):
    assert split_words(small, "The banks, walking!") == ["the", "bank", "##s", ",", "walk",
                                                         "##ing", "!"]  # fmt: skip
    assert split_words(minilm, "embeddings") == ["em", "##bed", "##ding", "##s"]
    with pytest.raises(ValueError, match="empty"):
        split_words(minilm, "")


def test_a_words_vector_is_the_mean_over_its_subwords(minilm):
    text = "Their embeddings, in short: embeddings."
    pieces = minilm.tokenizer.tokenize(text)
    first = 1 + pieces.index("em")  # 1 for the mark of the start
    with torch.no_grad():
        given = minilm.tokenizer(text, return_tensors="pt")
        states = its_own(unpacked())(**given, output_hidden_states=True).hidden_states
    for layer in (0, 1, 5, 6, -1, -3, -7):
        wanted = states[layer][0, first : first + 4].mean(0)
        found = word_vector(minilm, text, "embeddings", layer)
        assert found.shape == (384,) and found.dtype == torch.float32
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)
    assert torch.equal(word_vector(minilm, text, "embeddings"),
                       word_vector(minilm, text, "embeddings", 6))  # fmt: skip


def test_a_word_means_something_else_elsewhere(minilm):
    money = [word_vector(minilm, f"{who} put the cash into the bank.", "bank") for who in
             ("She", "Nobody")]  # fmt: skip
    river = word_vector(minilm, "They sat on the grassy bank of the river.", "bank")
    near, far = (torch.cosine_similarity(money[0], other, 0) for other in (money[1], river))
    assert near > far + 0.1


def test_before_any_context_only_the_place_counts(small):
    # Both stand at place 2; in the third text the same word stands at place 3.
    texts = ("the bank was good", "a bank near the river", "the river bank")
    first, second, third = (word_vector(small, text, "bank", 0) for text in texts)
    assert torch.equal(first, second)
    table = small.model.embeddings
    number = WORDS.index("bank")
    for found, place in ((first, 2), (third, 3)):
        summed = (
            table.word_embeddings.weight[number]
            + table.position_embeddings.weight[place]
            + table.token_type_embeddings.weight[0]
        )
        torch.testing.assert_close(found, table.LayerNorm(summed).detach())
    deep = [word_vector(small, text, "bank") for text in texts[:2]]
    assert not torch.allclose(*deep, atol=1e-3)


def test_the_first_occurrence_counts(small):
    text = "bank of the bank"
    with torch.no_grad():
        hidden = small.hidden_states(**small.transform([text]))[-1][0]
    torch.testing.assert_close(word_vector(small, text, "bank"), hidden[1])
    assert not torch.allclose(hidden[1], hidden[4], atol=1e-3)


def test_a_word_within_another_is_passed_over(small):
    text = "banks near the bank"
    with torch.no_grad():
        hidden = small.hidden_states(**small.transform([text]))[-1][0]
    torch.testing.assert_close(word_vector(small, text, "bank"), hidden[5])
    torch.testing.assert_close(word_vector(small, text, "banks"), hidden[1:3].mean(0))


@pytest.mark.parametrize(
    ("text", "word", "places"),
    [
        ("a c++ film", "c++", [2, 3, 4]),
        ("a film (good)", "(good)", [3, 4, 5]),
        ("the plot . good", ".", [3]),
        ("the bank of a river", "bank of a", [2, 3, 4]),
        ("The Bank", "Bank", [2]),
        ("ä bank", "bank", [2]),
    ],
)
def test_signs_that_mean_something_in_a_pattern_are_signs(small, text, word, places):
    with torch.no_grad():
        hidden = small.hidden_states(**small.transform([text]))[-1][0]
    torch.testing.assert_close(word_vector(small, text, word), hidden[places].mean(0))


def test_a_word_is_found_in_each_form_of_its_signs(minilm):
    text, word = "She was in a café with rue.", "café"
    wanted = word_vector(minilm, text, word)
    for form in ("NFC", "NFD"):
        for other in ("NFC", "NFD"):
            given = unicodedata.normalize(form, text), unicodedata.normalize(other, word)
            assert torch.equal(word_vector(minilm, *given), wanted)


@pytest.mark.parametrize(
    ("text", "part"),
    [("हिन्दी नहीं", "हिन्द"), ("हिन्दी", "दी"), ("x\u0323y", "y"), ("xy\u0323", "xy")],
)
def test_a_word_does_not_end_before_a_mark_of_its_letter(minilm, text, part):
    with pytest.raises(ValueError, match="does not stand in"):
        word_vector(minilm, text, part)


def test_words_of_a_tokenizer_that_marks_spaces(tmp_path):
    encoder = load_encoder(checkpoint(tmp_path / "r", "roberta"))
    with torch.no_grad():
        hidden = encoder.hidden_states(**encoder.transform(["good bank"]))[-1][0]
    torch.testing.assert_close(word_vector(encoder, "good bank", "bank"), hidden[6:10].mean(0))


@pytest.mark.parametrize(
    ("text", "word", "message"),
    [
        ("the river", "bank", "the word 'bank' does not stand in 'the river'"),
        ("the banks", "bank", "does not stand"),
        ("the bank", "ban", "does not stand"),
        ("the bank", "Bank", "does not stand"),
        ("the bank", "b.nk", "does not stand"),
        ("the bank", "", "does not stand"),
        ("a . ( b", " ", "does not stand"),
        ("the bank", None, "the word None does not stand"),
        ("", "bank", "text 0 is ''"),
        ("the \u200b bank", "\u200b", "the tokenizer leaves '.*' out"),
        ("good " * 60 + "bank", "bank", "the text has 63 tokens, the encoder takes 40: shorten"),
    ],
)
def test_words_that_do_not_stand_there_are_refused(small, text, word, message, capfd):
    with pytest.raises(ValueError, match=message):
        word_vector(small, text, word)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("layer", [4, -5, 1.0, True, None, "last"])
def test_a_layer_that_does_not_exist_is_refused(small, layer):
    with pytest.raises(ValueError, match="layer must lie between 0 and 3 or be negative, got"):
        word_vector(small, "the bank", "bank", layer)


def test_attention_is_that_of_transformers(minilm):
    text = "The bank raised its rates."
    tokens, found = attention_weights(minilm, text)
    assert tokens == ["[CLS]", "the", "bank", "raised", "its", "rates", ".", "[SEP]"]
    assert found.shape == (6, 12, 8, 8) and found.dtype == torch.float32
    torch.testing.assert_close(found.sum(-1), torch.ones(6, 12, 8))
    with torch.no_grad():
        given = minilm.tokenizer(text, return_tensors="pt")
        model = its_own(unpacked(), attn_implementation="eager")
        wanted = model(**given, output_attentions=True).attentions
    torch.testing.assert_close(found, torch.cat(wanted), rtol=1e-4, atol=1e-5)
    assert found[0].std() > 0.01


@pytest.mark.parametrize("kind", ["roberta", "distilbert"])
def test_attention_of_other_networks_has_its_shape_too(tmp_path, kind):
    tokens, found = attention_weights(load_encoder(checkpoint(tmp_path / kind, kind)), "good bank")
    assert found.shape == (3, 2, len(tokens), len(tokens))
    torch.testing.assert_close(found.sum(-1), torch.ones(found.shape[:-1]))


@pytest.mark.parametrize("training", [True, False])
def test_looking_at_words_leaves_the_encoder_as_it_was(small, training):
    encoder = copy.deepcopy(small).train(training)
    encoder.model.encoder.layer[0].train(not training)
    encoder.model.embeddings.requires_grad_(False)
    before, draws = state_of(encoder), random_states()
    still = copy.deepcopy(small)
    for way in (lambda e: word_vector(e, "the bank", "bank"),
                lambda e: attention_weights(e, "the bank")[1]):  # fmt: skip
        # Dropout would make both differ.
        assert torch.equal(way(encoder), way(still))
        assert not way(encoder).requires_grad
        assert state_of(encoder) == before and random_states() == draws


def test_vectors_of_words_can_be_computed_with(small):
    vector = word_vector(small, "the bank", "bank").requires_grad_()
    (vector**2).sum().backward()
    torch.testing.assert_close(vector.grad, 2 * vector.detach())
    attention_weights(small, "the bank")[1].mul_(2)
