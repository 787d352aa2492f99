"""Word vectors trained on one's own texts."""

import subprocess
import sys
import warnings
from collections import Counter
from itertools import chain, pairwise

import numpy as np
import pytest

from tlhelpers.data.texts import Newsgroups
from tlhelpers.errors import CourseError, repo_root
from tlhelpers.models.word2vec import train_fasttext, train_word2vec
from tlhelpers.models.words import document_vectors

pytestmark = pytest.mark.usefixtures("one_thread")


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

    other = {"epochs": 4, "window": 2, "negative": 7, "seed": 5}
    one = Word2Vec(TOY, vector_size=6, min_count=1, sg=1, workers=1, **other)
    np.testing.assert_array_equal(toy(**other).vectors, one.wv.vectors)
    cbow = Word2Vec(TOY, vector_size=6, min_count=1, sg=0, workers=1, **other)
    np.testing.assert_array_equal(toy(skip_gram=False, **other).vectors, cbow.wv.vectors)


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


def test_words_are_learned_in_one_form_of_their_signs():
    mixed = [["U\u0308bung", "Übung", "red"] * 4, ["red", "cat", "dog"] * 4] * 5
    one = [["Übung" if word.endswith("bung") else word for word in words] for words in mixed]
    found, wanted = (train_word2vec(sentences, **SMALL) for sentences in (mixed, one))
    assert found.index_to_key == wanted.index_to_key
    np.testing.assert_array_equal(found.vectors, wanted.vectors)


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
@pytest.mark.parametrize("number", [0, 1.5])
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


# ---------------------------------------------------------------- words and their parts

INFLECTED = [
    ["walking", "talking", "jumping", "the", "a"] * 2,
    ["walked", "talked", "a", "the"] * 3,
]
PARTS = {"size": 8, "min_count": 1, "buckets": 500, "epochs": 2}


def parted(**options):
    return train_fasttext(INFLECTED * 8, **(PARTS | options))


def test_fasttext_is_gensims_own_and_the_same_again():
    from gensim.models import FastText

    numbers = {"epochs": 2, "window": 2, "negative": 7, "seed": 5}
    own = {"vector_size": 8, "min_count": 1, "sg": 1, "workers": 1, "bucket": 500}
    one = FastText(INFLECTED * 8, min_n=2, max_n=4, **own, **numbers)
    found, again = (parted(parts=(2, 4), **numbers) for _ in range(2))
    np.testing.assert_array_equal(found.vectors, one.wv.vectors)
    np.testing.assert_array_equal(found.vectors_ngrams, one.wv.vectors_ngrams)
    np.testing.assert_array_equal(found.vectors_ngrams, again.vectors_ngrams)
    assert not np.allclose(parted(seed=6).vectors, parted(seed=5).vectors, atol=1e-3)


def test_a_word_never_seen_gets_the_mean_of_its_parts_and_serves_for_documents():
    vectors = parted()
    assert "stalking" not in vectors.key_to_index and "stalking" in vectors
    parts = {"<stalking>"[i : i + n] for n in range(3, 7) for i in range(len("<stalking>") - n + 1)}
    from gensim.models.fasttext import ft_ngram_hashes

    rows = ft_ngram_hashes("stalking", 3, 6, 500)
    assert len(rows) == len(parts)
    wanted = vectors.vectors_ngrams[rows].mean(axis=0)
    np.testing.assert_allclose(vectors["stalking"], wanted, rtol=1e-5, atol=1e-7)
    found = document_vectors(vectors, ["stalking", "stalking the"])
    np.testing.assert_allclose(found[0], vectors["stalking"])
    np.testing.assert_allclose(found[1], (vectors["stalking"] + vectors["the"]) / 2, rtol=1e-6)


def test_what_word2vec_refuses_fasttext_refuses_too():
    with pytest.raises(ValueError, match="several times: give a list"):
        train_fasttext(iter(TOY))
    with pytest.raises(ValueError, match="a list of words: cut"):
        train_fasttext(["a red cat"])
    with pytest.raises(ValueError, match=r"^no word occurs 1000 times in the sentences$"):
        parted(min_count=1000)
    with pytest.warns(UserWarning, match="several workers") as caught:
        parted(workers=2)
    assert caught[0].filename == __file__
    for name in ("size", "epochs", "window", "min_count", "negative", "workers", "buckets"):
        with pytest.raises(ValueError, match=f"^{name} must be a whole number from 1 on"):
            parted(**{name: 0})


@pytest.mark.parametrize("parts", [3, (3,), (0, 3), (4, 3), (3, 6.0)], ids=str)
def test_parts_that_are_no_two_lengths_are_refused(parts):
    with pytest.raises(ValueError, match="part"):
        parted(parts=parts)


def test_after_each_epoch_words_have_the_vectors_of_their_parts_as_they_are_then():
    """gensim joins them when all is done: until then, a word has its first vector."""
    told = []
    found = parted(after_epoch=lambda n, now: told.append((n, now["walking"].copy())))
    assert [n for n, _ in told] == [1, 2] and not np.array_equal(told[0][1], told[1][1])
    np.testing.assert_array_equal(told[1][1], found["walking"])
    np.testing.assert_array_equal(found.vectors, parted().vectors)
