"""Word vectors as the first layer of a network."""

import copy
import unicodedata

import numpy as np
import pytest
import torch
from gensim.models import KeyedVectors
from torch import nn

from tlhelpers.data.texts import TextSet, load_sentiment
from tlhelpers.errors import CourseError
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.embedding import (
    PADDING,
    RANDOM_SPREAD,
    UNKNOWN,
    MeanOfWords,
    WordIds,
    embedding_layer,
)
from tlhelpers.models.layers import layer_groups
from tlhelpers.models.vector_files import keyed_vectors
from tlhelpers.models.words import document_vectors, tokens
from tlhelpers.training.fitting import fit
from tlhelpers.training.freezing import freeze, frozen_hashes, unfreeze

pytestmark = pytest.mark.usefixtures("one_thread")


# ---------------------------------------------------------------- numbers of words


def test_words_are_numbered_from_two_and_rows_are_filled_up_with_zeros():
    ids = WordIds(["good", "film", "'s"])
    assert (PADDING, UNKNOWN, len(ids)) == (0, 1, 5)
    found = ids(["Film good film", "it's", ""])
    assert found.tolist() == [[3, 2, 3], [1, 4, 0], [0, 0, 0]] and found.dtype == torch.int64
    assert ids.numbers(["Film it", ""]) == [[3, 1], []]


@pytest.mark.parametrize(("texts", "shape"), [([], (0, 1)), ([""], (1, 1)), (["", " "], (2, 1))])
def test_empty_texts_and_no_texts_have_a_shape_and_a_type(texts, shape):
    found = WordIds(["a"])(texts)
    assert found.shape == shape and found.dtype == torch.int64 and not found.any()


def test_words_of_texts_are_counted_and_the_frequent_come_first():
    texts = ["a b c", "A b", "b"]
    assert WordIds.of(texts).words == ["b", "a", "c"]
    assert WordIds.of(texts, min_count=2).words == ["b", "a"]
    assert WordIds.of(texts, min_count=4).words == [] and len(WordIds.of([])) == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("good", "give a list of words"),
        (["a", None], "list of words"),
        (["a", "b", "a"], "'a' comes"),
    ],
)
def test_words_that_are_no_list_of_different_ones_are_refused(words, message):
    with pytest.raises(ValueError, match=message):
        WordIds(words)


def test_a_card_tells_words_and_their_order_apart():
    cards = [
        WordIds(words).card()["words"] for words in (["a", "b"], ["b", "a"], ["a"], ["a", "b"])
    ]
    assert cards[0] == cards[3] and len(set(cards)) == 3


def test_words_are_the_same_in_each_form_of_their_signs():
    apart = [unicodedata.normalize("NFD", word) for word in ("été", "bad")]
    ids = WordIds(apart)
    assert ids.words == ["été", "bad"] and ids.card() == WordIds(["été", "bad"]).card()
    assert ids(["Été", apart[0]]).tolist() == [[2], [2]]
    with pytest.raises(ValueError, match="'été' comes twice"):
        WordIds(["été", apart[0]])
    vectors = KeyedVectors(2)  # as gensim reads a file
    vectors.add_vectors([apart[0]], np.float32([[1, 2]]))
    assert embedding_layer(vectors, ids).weight[2].tolist() == [1, 2]


# ---------------------------------------------------------------- the layer


def test_the_layer_holds_the_vectors_in_the_order_of_the_words(five):
    layer = embedding_layer(five, WordIds(["film", "else", "good"]))
    np.testing.assert_array_equal(layer.weight[2], five["film"])
    np.testing.assert_array_equal(layer.weight[4], five["good"])
    assert layer.weight.shape == (5, 2) and layer.weight.dtype == torch.float32
    assert not layer.weight[PADDING].any() and layer.padding_idx == PADDING


@pytest.mark.parametrize("frozen", [True, False])
def test_frozen_or_tuned(five, frozen):
    for vectors in (five, 7):
        assert embedding_layer(vectors, WordIds(["good"]), frozen).weight.requires_grad != frozen


def test_unknown_words_have_the_mean_and_the_spread_of_the_known_ones(glove):
    known = glove.index_to_key[:2000]
    words = WordIds([*known, *(f"unknown{i}" for i in range(4000))])
    weight = embedding_layer(glove, words).weight.detach().numpy()
    np.testing.assert_array_equal(weight[2:2002], glove[known])
    drawn, wanted = weight[2002:], glove[known]
    spread = wanted.std(axis=0)
    # 50 numbers: the largest of so many errors is some 2.5 standard errors, never 5
    assert (np.abs(drawn.mean(axis=0) - wanted.mean(axis=0)) < 5 * spread / np.sqrt(4000)).all()
    assert (np.abs(drawn.std(axis=0) / spread - 1) < 5 / np.sqrt(8000)).all()
    assert weight[UNKNOWN].any() and not weight[PADDING].any()
    assert np.unique(drawn, axis=0).shape == drawn.shape


def test_random_vectors_have_the_spread_that_is_told_and_those_of_glove_another(glove):
    weight = embedding_layer(50, WordIds(glove.index_to_key[:4000])).weight.numpy()
    assert weight.shape == (4002, 50) and not weight[PADDING].any()
    assert weight[1:].mean() == pytest.approx(0, abs=0.005)
    assert weight[1:].std() == pytest.approx(RANDOM_SPREAD, rel=0.01) and RANDOM_SPREAD == 0.4
    assert glove.vectors.std() == pytest.approx(0.64, abs=0.005)


def test_the_seed_draws_what_is_unknown(five):
    words = WordIds(["good", "bad", "else"])
    for vectors in (five, 3):
        first, again, other = (embedding_layer(vectors, words, seed=s).weight for s in (0, 0, 1))
        assert torch.equal(first, again) and not torch.equal(first[4], other[4])


def test_vectors_that_know_no_word_or_hold_no_number_are_refused(five):
    for words in (["GOOD", "Bad"], []):
        with pytest.raises(ValueError, match="none of the words has a vector"):
            embedding_layer(five, WordIds(words))
    for size in (0, -3):
        with pytest.raises(ValueError, match="one number at least"):
            embedding_layer(size, WordIds(["a"]))


def test_changing_the_layer_leaves_the_vectors_as_they_were(five):
    before = five.vectors.copy()
    with torch.no_grad():
        embedding_layer(five, WordIds(["good"]), frozen=False).weight.fill_(9)
    np.testing.assert_array_equal(five.vectors, before)


# ---------------------------------------------------------------- the mean as a network


def backbone_of(vectors, words, **options):
    return MeanOfWords(embedding_layer(vectors, words, **options), words)


def test_the_network_gives_the_means_of_the_texts_where_all_words_are_known(glove):
    texts = load_sentiment("tweets").texts[:80]
    texts = [text for text in texts if all(word in glove for word in tokens(text))]
    assert len(texts) > 40
    words = WordIds.of(texts)
    mean = backbone_of(glove, words)
    wanted = document_vectors(glove, texts)
    np.testing.assert_allclose(mean(words(texts)), wanted, rtol=1e-4, atol=1e-6)
    one_by_one = torch.cat([mean(words([text])) for text in texts])
    np.testing.assert_allclose(one_by_one, wanted, rtol=1e-4, atol=1e-6)


def test_padding_does_not_count_even_if_its_row_did_hold_something(five):
    words = WordIds(["good", "bad"])
    mean = backbone_of(five, words, frozen=False)
    with torch.no_grad():
        mean.embedding.weight[PADDING] = 100
    ids = torch.tensor([[2, 3, 0, 0, 0], [2, 2, 2, 2, 3]])
    np.testing.assert_allclose(mean(ids).detach(), [[0.5, 1], [0.8, 0.4]], rtol=1e-6)
    longer = nn.functional.pad(ids, (0, 7))
    np.testing.assert_allclose(mean(longer).detach(), mean(ids).detach(), rtol=1e-6)


def test_an_unknown_word_counts_with_its_own_row_and_an_empty_text_gives_zeros(five):
    words = WordIds(["good"])
    mean = backbone_of(five, words)
    found = mean(words(["good else", "", "else"]))
    row = mean.embedding.weight[UNKNOWN]
    torch.testing.assert_close(found, torch.stack([(row + torch.tensor([1, 0])) / 2, 0 * row, row]))


def test_the_groups_cover_all_weights_and_freeze_as_others_do(five):
    words = WordIds(["good", "bad"])
    mean = backbone_of(five, words, frozen=False)
    assert [[type(m) for m in group] for group in layer_groups(mean)] == [[nn.Embedding]]
    assert mean.feature_size == 2 and mean.transform is words
    model = Classifier(mean, 2)
    assert len(layer_groups(model)) == 2
    freeze(model)
    assert list(frozen_hashes(model)) == ["backbone.embedding.weight"]
    unfreeze(model)
    assert frozen_hashes(model) == {}


def test_a_layer_made_for_other_words_is_refused(five):
    layer = embedding_layer(five, WordIds(["good"]))
    with pytest.raises(ValueError, match=r"has 3 rows, but .* need 4"):
        MeanOfWords(layer, WordIds(["good", "bad"]))


# ---------------------------------------------------------------- trained

FINE, POOR = ("good", "great", "fun"), ("bad", "dull", "poor")


@pytest.fixture(scope="module")
def reviews():
    """Sixty short texts of two classes; their lengths differ, so that batches are filled up."""
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 2
    texts = [
        " ".join([*rng.choice((POOR, FINE)[label], 2), "film", *rng.choice(["the", "a"], i % 7)])
        for i, label in enumerate(labels)
    ]
    groups = [str(i) for i in range(60)]
    return TextSet(texts, labels, ["no", "yes"], groups, np.full(60, np.nan))


@pytest.fixture(scope="module")
def some():
    """Random vectors of the words of the reviews, but one."""
    words = [*FINE, *POOR, "film", "the"]
    return keyed_vectors(words, np.random.default_rng(1).normal(0, 0.4, (8, 10)).astype(np.float32))


def classifier(some, reviews, frozen=True):
    words = WordIds.of(reviews.texts)
    return Classifier(backbone_of(some, words, frozen=frozen), 2, reviews.class_names)


def trained(some, reviews, frozen=True):
    model = classifier(some, reviews, frozen)
    history = fit(model, reviews, epochs=12, lr=0.05, quiet=True)
    return model, history


def logits(model, texts):
    with torch.no_grad():
        return model(model.transform(texts))


@pytest.mark.parametrize("frozen", [True, False], ids=["frozen", "tuned"])
def test_it_learns_and_moves_its_words_only_if_they_are_tuned(some, reviews, frozen):
    before = classifier(some, reviews, frozen)
    model, history = trained(some, reviews, frozen)
    assert history.table["accuracy"].iloc[-1] > 0.95
    assert history.table["loss"].iloc[-1] < history.table["loss"].iloc[0] / 1.5
    old, new = before.backbone.embedding.weight, model.backbone.embedding.weight
    assert torch.equal(old, new) == frozen
    assert not torch.equal(before.linear_head.weight, model.linear_head.weight)
    assert not new[PADDING].any()
    if not frozen:
        numbers = model.transform.numbers(["good great fun bad dull poor film the a"])[0]
        assert (old[numbers] != new[numbers]).any(dim=1).all()


def test_the_padding_row_stays_zero_through_momentum_and_decay(some, reviews):
    model = classifier(some, reviews, frozen=False)
    sgd = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9, weight_decay=0.1)
    fit(model, reviews, epochs=3, optimizer=sgd, quiet=True)
    assert not model.backbone.embedding.weight[PADDING].any()


def test_the_given_backbone_is_left_as_it_was(some, reviews):
    words = WordIds.of(reviews.texts)
    mean = backbone_of(some, words, frozen=False)
    before = copy.deepcopy(mean.state_dict())
    fit(Classifier(mean, 2), reviews, epochs=1, lr=0.1, quiet=True)
    assert all(torch.equal(before[key], value) for key, value in mean.state_dict().items())


def test_training_does_not_depend_on_how_texts_are_filled_up(some, reviews):
    model, _ = trained(some, reviews, frozen=False)
    twin = classifier(some, reviews, frozen=False)
    ids = nn.functional.pad(twin.transform(reviews.texts), (0, 5))
    fit(twin, lambda indices: ids[indices], reviews.labels, epochs=12, lr=0.05, quiet=True)
    found, wanted = (logits(one, reviews.texts) for one in (twin, model))
    torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-4)


def test_what_was_saved_predicts_the_same(some, reviews, tmp_path):
    model, _ = trained(some, reviews, frozen=False)
    model.save(tmp_path / "m.safetensors")
    words = WordIds.of(reviews.texts)
    for empty in (backbone_of(some, words), backbone_of(10, words, seed=9)):
        again = Classifier.load(tmp_path / "m.safetensors", ["no", "yes"], backbone=empty)
        assert torch.equal(logits(again, reviews.texts), logits(model, reviews.texts))
        assert again.class_names == ["no", "yes"] and not again.training


def test_what_was_saved_is_refused_with_other_words_or_sizes(some, reviews, tmp_path):
    model, _ = trained(some, reviews)
    path = tmp_path / "m.safetensors"
    model.save(path)
    right = WordIds.of(reviews.texts).words
    for words in ([*right[1:], right[0]], [*right[:-1], "other"], right[:-1], [*right, "more"]):
        with pytest.raises(ValueError, match="was trained with the transform WordIds"):
            Classifier.load(path, backbone=backbone_of(10, WordIds(words)))
    with pytest.raises(CourseError, match="do not fit this backbone"):
        Classifier.load(path, backbone=backbone_of(11, WordIds(right)))
    with pytest.raises(ValueError, match="other classes"):
        Classifier.load(path, ["yes", "no"], backbone=backbone_of(10, WordIds(right)))


def test_without_its_backbone_what_was_saved_is_told(some, reviews, tmp_path):
    model = classifier(some, reviews)
    model.save(tmp_path / "m.safetensors")
    with pytest.raises((ValueError, CourseError), match="MeanOfWords"):
        Classifier.load(tmp_path / "m.safetensors")


def test_a_frozen_layer_of_glove_tells_sentiments_apart_better_than_guessing(glove):
    tweets = load_sentiment("tweets", 1.5)
    part = tweets.subset(np.arange(0, len(tweets), 3))
    rest = tweets.subset(np.arange(1, len(tweets), 3))
    model = Classifier(backbone_of(glove, WordIds.of(tweets.texts)), 2, tweets.class_names)
    fit(model, part, epochs=15, lr=0.02, batch_size=32, quiet=True)
    right = logits(model, rest.texts).argmax(1).numpy() == rest.labels
    assert right.mean() > 0.5 + 4 * np.sqrt(0.25 / len(rest))
