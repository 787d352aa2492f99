"""Word vectors: loaded, trained, averaged, and as the first layer of a network."""

import copy
import re
import subprocess
import sys
import unicodedata
import warnings
from collections import Counter
from itertools import chain, pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from tlhelpers.data.texts import Newsgroups, TextSet, load_sentiment
from tlhelpers.errors import CourseError, repo_root
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
from tlhelpers.models.vector_files import keyed_vectors, load_vectors
from tlhelpers.models.word2vec import train_word2vec
from tlhelpers.models.words import coverage, document_vectors, tokens
from tlhelpers.training.fitting import fit
from tlhelpers.training.freezing import freeze, frozen_hashes, unfreeze

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def glove():
    return load_vectors("glove-50d")


@pytest.fixture(scope="module")
def five():
    """Five words with two numbers each."""
    rows = np.array([[1, 0], [0, 2], [-1, 4], [3, 3], [8, -8]], dtype=np.float32)
    return keyed_vectors(["good", "bad", "film", "!", "'s"], rows)


# ---------------------------------------------------------------- GloVe


def test_glove_has_its_words_and_sizes(glove):
    assert glove.vectors.shape == (400_000, 50) and glove.vectors.dtype == np.float32
    assert glove.index_to_key[:3] == ["the", ",", "."] and len(set(glove.index_to_key)) == 400_000
    assert np.isfinite(glove.vectors).all()
    assert "<unk>" not in glove and "King" not in glove
    # The first line of glove.6B.50d.txt as Stanford publishes it.
    np.testing.assert_allclose(glove["the"][:4], [0.418, 0.24968, -0.41242, 0.1217], rtol=1e-6)


def test_king_without_man_and_with_woman_is_queen(glove):
    def unit(word):
        return glove[word].astype(float) / np.linalg.norm(glove[word].astype(float))

    wanted = unit("king") - unit("man") + unit("woman")
    (word, cosine), *_ = glove.most_similar(positive=["king", "woman"], negative=["man"])
    assert word == "queen"
    assert cosine == pytest.approx(unit("queen") @ wanted / np.linalg.norm(wanted), abs=1e-6)
    assert glove.similarity("king", "queen") == pytest.approx(unit("king") @ unit("queen"))


def test_a_limit_takes_the_most_frequent_words(glove):
    few = load_vectors("glove-50d", limit=7)
    assert few.index_to_key == glove.index_to_key[:7]
    np.testing.assert_array_equal(few.vectors, glove.vectors[:7])


def test_what_is_done_to_loaded_vectors_does_not_reach_those_loaded_next():
    one = load_vectors(limit=3)
    before = one.vectors.copy()
    one.vectors[:] = 0
    one.index_to_key[0] = "changed"
    again = load_vectors(limit=3)
    np.testing.assert_array_equal(again.vectors, before)
    assert again.index_to_key == ["the", ",", "."]


@pytest.mark.parametrize("limit", [0, -1, 2.0, "3", True])
def test_a_limit_that_is_none_is_refused(limit):
    with pytest.raises(ValueError, match="limit must be a whole number from 1 on"):
        load_vectors(limit=limit)


# ---------------------------------------------------------------- tokens


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("I don't :)", "i do n't :)"),
        ("Can't, WON'T; isn’t!", "ca n't , wo n't ; is n't !"),
        ("it's they've we're she'll I'd I'm", "it 's they 've we 're she 'll i 'd i 'm"),
        ("the don'ts", "the don ' ts"),
        ("the dogs' bowl", "the dogs ' bowl"),
        ("“Well”, he said: ‘no’...", "\" well \" , he said : ' no ' ..."),
        ("the 'red' 'mill'", "the ' red ' ' mill '"),
        ("3.5 of 1,000 at 10:30 on 2024", "3.5 of 1,000 at 10:30 on 2024"),
        ("ends with 5.", "ends with 5 ."),
        ("well-known (yes)", "well - known ( yes )"),
        (":-) ;) =( :D :'( :o) :P :/", ":-) ;) =( :d :'( :o) :p :/"),
        ("fine:) but :( and:", "fine : ) but :( and :"),
        ("see http://a.b/c https://d", "see http : / / a . b / c https : / / d"),
        ("@anna #ok 50% $5", "@ anna # ok 50 % $ 5"),
        ("snake_case __x__", "snake case x"),
        ("Ça va, Ñandú?", "ça va , ñandú ?"),
        ("שלום, עולם! :)", "שלום , עולם ! :)"),
        ("مرحبا بالعالم ١٢٣", "مرحبا بالعالم ١٢٣"),
        ("good👍🏽 day 😀😀", "good 👍 🏽 day 😀 😀"),
        ("👩\u200d👧", "👩 \u200d 👧"),
        ("寿司 スシ", "寿司 スシ"),
        ("", ""),
        (" \t\n\xa0", ""),
    ],
)
def test_texts_are_cut_as_the_texts_of_glove_were(text, wanted):
    assert tokens(text) == wanted.split(" ") * bool(wanted)


def test_the_parts_of_contractions_are_words_of_glove(glove):
    text = "I can't, won't and didn't; it's what they've said, we're sure he'll go, I'd go, I'm in"
    assert all(word in glove for word in tokens(text))
    assert not any(word in glove for word in ("can't", "didn't", "they've", "we're"))


def test_capitals_are_kept_if_asked_for():
    assert tokens("I DON'T Like NASA’s :D", lower=False) == [
        *("I", "DO", "N'T", "Like", "NASA", "'s", ":D")
    ]


@pytest.mark.parametrize("text", ["http://x", "ftp://x (https://y)", "HTTP://X", "é://x"])
def test_no_emoticon_lies_in_an_address(text):
    assert not any(re.fullmatch(r"[:;=].*[/)]", token) for token in tokens(text))


any_text = st.one_of(
    st.text(),
    st.text(alphabet=st.sampled_from("aA n'tT’`:;=-)(/.3,8 _\"“dpİßΣς\n")),
    st.text(alphabet=st.characters(blacklist_categories=[])),  # half surrogates too
)


def without_gaps(text):
    """What must be there again: quotes folded, small letters, no spaces and underscores."""
    for sign, plain in {"’": "'", "‘": "'", "“": '"', "”": '"'}.items():
        text = text.replace(sign, plain)
    return re.sub(r"[\s_]", "", text.lower())


@settings(max_examples=300, deadline=None)
@given(any_text)
def test_no_sign_of_any_text_is_lost_or_moved(text):
    found = tokens(text)
    assert "".join(found) == without_gaps(text)
    assert all(token and not re.search(r"\s", token) for token in found)


@settings(max_examples=300, deadline=None)
@given(any_text)
def test_keeping_capitals_changes_letters_only(text):
    small, kept = tokens(text), tokens(text, lower=False)
    assert len(kept) == len(small)
    # Σ has two small letters, by its place in the word.
    assert [w.lower().replace("ς", "σ") for w in kept] == [w.replace("ς", "σ") for w in small]
    # İ is the one letter with a longer small form; a text that holds it comes in small letters.
    if "İ" not in text:
        shown = text.translate(str.maketrans("’‘“”", "''\"\""))
        assert "".join(kept) == re.sub(r"[\s_]", "", shown)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(st.characters(categories=["Ll"]), min_size=1), max_size=6))
def test_words_with_spaces_between_are_those_words(words):
    words = [unicodedata.normalize("NFC", word) for word in words]
    assert tokens(" ".join(words)) == words


# ---------------------------------------------------------------- coverage


def test_coverage_equals_a_count_by_hand(five):
    found = coverage(five, ["Good good film!", "awful awful plot", "", "It's bad, bad plot"])
    # good good film ! | awful awful plot | - | it 's bad , bad plot
    assert (found.tokens, found.known) == (13, 7)
    assert found.unknown == {"awful": 2, "plot": 2, "it": 1, ",": 1}
    assert found.without.tolist() == [1, 2]
    assert found.share == 7 / 13
    assert str(found) == (
        "7 of 13 words known (53.8%), 2 texts without any; unknown: awful ×2, plot ×2, it ×1, , ×1"
    )


def test_coverage_of_nothing_is_zero_and_of_all_is_one(five):
    none = coverage(five, [])
    assert (none.tokens, none.known, none.share, none.unknown) == (0, 0, 0.0, {})
    assert none.without.shape == (0,)
    every = coverage(five, ["good bad"])
    assert every.share == 1 and str(every).endswith("0 texts without any; unknown: none")


def test_the_most_frequent_unknown_words_come_first_and_eight_are_shown(five):
    found = coverage(five, [" ".join(f"{chr(97 + i)}x " * (i + 1) for i in range(10))])
    assert list(found.unknown)[:2] == ["jx", "ix"]
    assert str(found).count("×") == 8 and "jx ×10" in str(found)


def test_coverage_takes_another_way_to_cut(five):
    assert coverage(five, ["good-bad"], lambda text: text.split("-")).known == 2


def test_capitals_cost_coverage(glove):
    texts = load_sentiment("tweets").texts[:200]
    small = coverage(glove, texts)
    raw = coverage(glove, texts, lambda text: tokens(text, lower=False))
    assert small.tokens == raw.tokens and raw.share < small.share - 0.05 and small.share > 0.95


# ---------------------------------------------------------------- means


def test_a_mean_equals_a_closed_form(five):
    found = document_vectors(five, ["good bad", "Film film!", "the good"])
    # (1,0)+(0,2) over 2; twice (-1,4) and (3,3) over 3; the unknown word does not count
    np.testing.assert_allclose(found, [[0.5, 1], [1 / 3, 11 / 3], [1, 0]], rtol=1e-6)
    assert found.dtype == np.float32


def test_a_weighted_mean_equals_a_closed_form(five):
    weights = {"good": 3, "film": 0, "absent": 5}
    found = document_vectors(five, ["good bad", "film bad", "bad !"], weights=weights)
    np.testing.assert_allclose(found, [[3 / 4, 2 / 4], [0, 2], [1.5, 2.5]], rtol=1e-6)


def test_texts_without_a_known_word_get_zeros_and_one_warning(five):
    with pytest.warns(UserWarning, match="2 of 3 texts hold no known word, the first is text 0"):
        found = document_vectors(five, ["", "good", "what else"])
    np.testing.assert_array_equal(found, [[0, 0], [1, 0], [0, 0]])


def test_a_text_whose_words_all_weigh_nothing_counts_as_empty(five):
    with pytest.warns(UserWarning, match="1 of 2 texts hold no known word"):
        found = document_vectors(five, ["good", "bad"], weights={"good": 0.0})
    np.testing.assert_array_equal(found, [[0, 0], [0, 2]])


@pytest.mark.parametrize("weight", [-1, float("nan"), float("inf")])
def test_a_weight_that_is_none_is_refused(five, weight):
    with pytest.raises(ValueError, match="the weight of 'bad' must be 0 or more"):
        document_vectors(five, ["good bad"], weights={"bad": weight})


def test_no_texts_give_no_rows_and_no_warning(five):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert document_vectors(five, []).shape == (0, 2)
        assert document_vectors(five, ["good"]).shape == (1, 2)


@pytest.mark.parametrize(
    "use",
    [
        coverage,
        document_vectors,
        lambda _, texts: WordIds.of(texts),
        lambda _, t: WordIds(["a"])(t),
    ],
    ids=["coverage", "means", "words", "ids"],
)
def test_what_is_no_list_of_texts_is_refused(five, use):
    for texts, message in [
        (["good", None], "text 1 is None: leave missing texts out"),
        ([float("nan")], "text 0 is nan"),
        ([b"good"], "text 0 is b'good'"),
        ("good bad", "give a list of texts, not one text"),
    ]:
        with pytest.raises(ValueError, match=message):
            use(five, texts)


def test_texts_that_can_be_gone_through_only_once_are_not_lost(five):
    texts = ["good film", "bad"]
    assert coverage(five, iter(texts)).known == 3
    assert WordIds.of(iter(texts)).words == ["good", "film", "bad"]
    assert WordIds(iter(["x", "y"])).words == ["x", "y"]
    np.testing.assert_array_equal(
        document_vectors(five, iter(texts)), document_vectors(five, np.array(texts))
    )


shares = st.floats(0.1, 10)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["good", "bad", "film", "!", "'s", "else"])),
    st.fixed_dictionaries({"good": shares, "bad": shares, "else": shares}, optional={"!": shares}),
)
def test_means_equal_those_of_numpy(five, words, weights):
    text = " ".join(["good", *words])
    known = [word for word in ["good", *words] if word != "else"]
    rows = np.array([five[word] for word in known], dtype=float)
    np.testing.assert_allclose(document_vectors(five, [text])[0], rows.mean(axis=0), atol=1e-5)
    each = np.array([[weights.get(word, 1)] for word in known])
    found = document_vectors(five, [text], weights=weights)[0]
    np.testing.assert_allclose(found, (rows * each).sum(axis=0) / each.sum(), atol=1e-5)


# ---------------------------------------------------------------- training

TOY = [["red", "green", "blue", "cat", "dog", "cow"] * 2, ["green", "cat", "red", "dog"] * 3] * 10
SMALL = {"size": 6, "min_count": 1}


def toy(**options):
    return train_word2vec(TOY, **(SMALL | options))


def test_training_gives_the_same_vectors_again_with_one_worker_and_a_seed():
    first, again, other = toy(seed=3), toy(seed=3), toy(seed=4)
    np.testing.assert_array_equal(first.vectors, again.vectors)
    assert first.index_to_key == again.index_to_key
    assert not np.allclose(first.vectors, other.vectors, atol=1e-3)


def test_training_is_gensims_own():
    from gensim.models import Word2Vec

    theirs = Word2Vec(TOY, vector_size=6, epochs=4, window=2, min_count=1, negative=7, sg=1, seed=5)
    other = {"epochs": 4, "window": 2, "negative": 7, "seed": 5}
    one = Word2Vec(TOY, vector_size=6, min_count=1, sg=1, workers=1, **other)
    assert theirs.wv.index_to_key == one.wv.index_to_key
    np.testing.assert_array_equal(toy(**other).vectors, one.wv.vectors)
    cbow = Word2Vec(TOY, vector_size=6, min_count=1, sg=0, workers=1, **other)
    np.testing.assert_array_equal(toy(skip_gram=False, **other).vectors, cbow.wv.vectors)
    assert not np.array_equal(cbow.wv.vectors, one.wv.vectors)


def test_another_process_with_other_hashes_gives_the_same_vectors():
    code = (
        "from tlhelpers.models.word2vec import train_word2vec\n"
        f"found = train_word2vec({TOY!r}, size=6, min_count=1)\n"
        "print(found.index_to_key, found.vectors.tobytes().hex())"
    )
    here = toy()
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=repo_root(), capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == f"{here.index_to_key} {here.vectors.tobytes().hex()}"


def test_several_workers_are_warned_of_and_one_is_not():
    with pytest.warns(UserWarning, match="several workers"):
        toy(workers=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        toy()


def test_sentences_that_can_be_gone_through_only_once_are_refused():
    for once in ((words for words in TOY), iter(TOY), map(list, TOY)):
        with pytest.raises(ValueError, match="several times: give a list"):
            train_word2vec(once, **SMALL)


def test_texts_that_were_not_cut_are_refused_lest_letters_be_trained():
    for texts in (["a red cat", "a dog"], "a red cat", np.array(["a red cat"])):
        with pytest.raises(ValueError, match=r"list of words: cut texts with tokens\(\)"):
            train_word2vec(texts, **SMALL)


@pytest.mark.parametrize("sentences", [TOY, [], [[]]], ids=["rare", "none", "empty"])
def test_words_that_are_all_too_rare_are_one_clear_error(sentences):
    with pytest.raises(ValueError, match=r"^no word occurs 1000 times in the sentences$"):
        train_word2vec(sentences, min_count=1000)


def test_words_that_are_too_rare_are_left_out():
    counts = Counter(word for words in TOY for word in words)
    found = toy(min_count=40)
    assert set(found.index_to_key) == {word for word, n in counts.items() if n >= 40}
    assert 0 < len(found) < len(counts)


# With some of these, gensim would wait for ever or train nothing at all.
@pytest.mark.parametrize("name", ["size", "epochs", "window", "min_count", "negative", "workers"])
@pytest.mark.parametrize("number", [0, -1, 1.5, None])
def test_a_number_below_one_is_refused(name, number):
    with pytest.raises(ValueError, match=f"{name} must be a whole number from 1 on"):
        toy(**{name: number})


def test_after_each_epoch_the_vectors_as_they_are_then_are_told():
    told = []
    found = toy(epochs=4, after_epoch=lambda n, now: told.append((n, now.vectors.copy())))
    assert [n for n, _ in told] == [1, 2, 3, 4]
    np.testing.assert_array_equal(told[-1][1], found.vectors)
    for (_, before), (_, after) in pairwise(told):
        assert not np.array_equal(before, after)
    np.testing.assert_array_equal(found.vectors, toy(epochs=4).vectors)


def test_neighbours_asked_for_after_an_epoch_are_those_of_its_vectors():
    """gensim keeps the lengths of the first epoch: its cosines went up to 3."""

    def look(_, now):
        unit = now.vectors / np.linalg.norm(now.vectors, axis=1, keepdims=True)
        wanted = sorted(unit[1:] @ unit[0], reverse=True)
        found = [cosine for _, cosine in now.most_similar(now.index_to_key[0])]
        np.testing.assert_allclose(found, wanted, atol=1e-5)
        np.testing.assert_allclose(now.get_vector("cat", norm=True), unit[now.key_to_index["cat"]])

    found = toy(epochs=5, after_epoch=look)
    look(0, found)


@pytest.mark.parametrize("error", [RuntimeError("mine"), CourseError("mine"), KeyError("mine")])
def test_an_error_of_ones_own_after_an_epoch_is_not_taken_for_another(error):
    def fail(*_):
        raise error

    with pytest.raises(type(error), match="mine"):
        toy(after_epoch=fail)


GROUPS = ("comp.graphics", "rec.sport.hockey", "sci.space", "talk.politics.mideast")


@pytest.fixture(scope="module")
def posts():
    """Up to 150 shorter posts of each of four groups that talk of different things."""
    found = []
    for group in GROUPS:
        of_one = [words.split() for name, words in Newsgroups().posts if name == group]
        found += [(group, words) for words in of_one if len(words) < 1000][:150]
    return found


def words_of_topics(posts, vectors, per=8):
    """For each group, words of five posts or more that are written there and hardly elsewhere."""
    whole, by_group = Counter(), {group: Counter() for group in GROUPS}
    for group, words in posts:
        whole.update(set(words))
        by_group[group].update(set(words))
    found = []
    for counts in by_group.values():
        often = [word for word, n in counts.items() if n >= 5 and word in vectors]
        often.sort(key=lambda word: (-counts[word] / whole[word], -counts[word], word))
        found.append(often[:per])
    return found


def test_words_of_one_topic_are_nearer_than_any_dealing_by_chance(posts):
    vectors = train_word2vec([words for _, words in posts], 30, epochs=5)
    topics = words_of_topics(posts, vectors)
    assert [len(words) for words in topics] == [8] * len(GROUPS)
    rows = vectors[list(chain(*topics))] - vectors.vectors.mean(axis=0)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    cosines, topic = rows @ rows.T, np.repeat(np.arange(len(GROUPS)), 8)
    others = ~np.eye(len(topic), dtype=bool)

    def gap(topic):
        same = topic[:, None] == topic
        return cosines[same & others].mean() - cosines[~same].mean()

    rng = np.random.default_rng(0)
    dealt = [gap(rng.permutation(topic)) for _ in range(500)]
    assert gap(topic) > 1.3 * max(dealt)


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


def test_a_quiet_call_gives_the_same_without_a_warning(recwarn):
    vectors = keyed_vectors(["good"], np.ones((1, 2), dtype=np.float32))
    found = document_vectors(vectors, ["good", "kayak"], quiet=True)
    assert found.tolist() == [[1, 1], [0, 0]] and not len(recwarn)
