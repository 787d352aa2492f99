"""Skip-gram by hand: against autograd, gensim, and what it converges to."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tlhelpers.errors import repo_root
from tlhelpers.models.skip_gram import (
    neighbour_pairs,
    noise_share,
    skip_gram_step,
    train_skip_gram,
)

pytestmark = pytest.mark.usefixtures("one_thread")

TOY = [
    ["the", "film", "was", "good", "today"],
    ["the", "film", "was", "bad", "today"],
    ["the", "plot", "was", "good", "again"],
    ["the", "plot", "was", "bad", "again"],
    ["my", "dog", "ate", "bread"],
    ["my", "cat", "ate", "bread"],
]


def two_matrices(n=6, size=4, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    return tuple(rng.normal(0, 0.7, (n, size)).astype(dtype) for _ in range(2))


# ---------------------------------------------------------------- pairs


def test_the_pairs_are_each_word_with_its_neighbours_on_both_sides():
    assert neighbour_pairs([["a", "b", "c"], ["d"]], window=1) == [
        ("a", "b"), ("b", "a"), ("b", "c"), ("c", "b"),
    ]  # fmt: skip
    assert neighbour_pairs([["a", "b", "c"]], window=5) == [
        ("a", "b"), ("a", "c"), ("b", "a"), ("b", "c"), ("c", "a"), ("c", "b"),
    ]  # fmt: skip
    assert neighbour_pairs([["a", "a"]], 1) == [("a", "a")] * 2 and neighbour_pairs([]) == []


@settings(deadline=None, max_examples=25)
@given(st.lists(st.lists(st.sampled_from("abcd"), max_size=7), max_size=4), st.integers(1, 9))
def test_pairs_come_in_both_directions_and_never_across_sentences(sentences, window):
    found = neighbour_pairs(sentences, window)
    assert sorted(found) == sorted((b, a) for a, b in found)
    sizes = [sum(min(window, i) for i in range(len(words))) for words in sentences]
    assert len(found) == 2 * sum(sizes)


# ---------------------------------------------------------------- one step

NOISE = {"none": [], "one": [4], "two": [4, 0], "twice the same": [4, 4, 1], "the word": [2, 5]}


@pytest.mark.parametrize("noise", NOISE.values(), ids=NOISE)
@pytest.mark.parametrize(("word", "neighbour"), [(2, 3), (2, 2)], ids=["two words", "one word"])
def test_a_step_is_the_gradient_of_the_written_out_loss(word, neighbour, noise):
    words, contexts = two_matrices()
    v, u = (torch.tensor(part, requires_grad=True) for part in (words, contexts))
    loss = -torch.nn.functional.logsigmoid(v[word] @ u[neighbour])
    for other in noise:
        loss = loss - torch.nn.functional.logsigmoid(-(v[word] @ u[other]))
    loss.backward()
    new_words, new_contexts = words.copy(), contexts.copy()
    found = skip_gram_step(new_words, new_contexts, word, neighbour, noise, rate=0.5)
    assert found == pytest.approx(loss.item(), abs=1e-12)
    np.testing.assert_allclose(new_words, words - 0.5 * v.grad.numpy(), atol=1e-12)
    np.testing.assert_allclose(new_contexts, contexts - 0.5 * u.grad.numpy(), atol=1e-12)


def test_a_step_lowers_the_loss_and_leaves_all_other_rows():
    words, contexts = two_matrices()
    old = words.copy(), contexts.copy()
    first = skip_gram_step(words, contexts, 2, 3, [4, 0], rate=0.1)
    for now, then, moved in zip((words, contexts), old, ([2], [0, 3, 4]), strict=True):
        changed = np.flatnonzero((now != then).any(axis=1))
        assert changed.tolist() == moved
    assert skip_gram_step(words, contexts, 2, 3, [4, 0]) < first


def test_scores_beyond_all_bounds_give_a_finite_loss():
    words, contexts = np.full((2, 1), 1e3), np.full((2, 1), 1e3)
    assert skip_gram_step(words, contexts, 0, 1, [0]) == pytest.approx(1e6)
    assert np.isfinite(words).all() and np.isfinite(contexts).all()


# ---------------------------------------------------------------- gensim


def gensim_model(sentences, negative=1, noise="noise", size=8, rate=1e-3):
    """A model of gensim before training, whose only noise word is the one given."""
    from gensim.models import Word2Vec

    model = Word2Vec(
        vector_size=size, sg=1, negative=negative, window=2, shrink_windows=False, min_count=1,
        sample=0, workers=1, seed=1, alpha=rate, min_alpha=rate,
    )  # fmt: skip
    model.build_vocab([*sentences, [noise]])
    rng = np.random.default_rng(0)
    model.wv.vectors[:] = rng.normal(0, 0.5, model.wv.vectors.shape)
    model.syn1neg[:] = rng.normal(0, 0.5, model.syn1neg.shape)
    model.cum_table[:] = 0
    model.cum_table[model.wv.key_to_index[noise] :] = 2**31 - 1
    return model


def cosine(a, b) -> float:
    return float((a * b).sum() / np.linalg.norm(a) / np.linalg.norm(b))


@pytest.mark.parametrize(
    ("sentences", "negative"),
    [([["red", "green"]], 1), ([["red", "green"]], 3), (TOY, 2)],
    ids=["one pair", "one pair, three noise words", "a text"],
)
def test_gensim_moves_both_matrices_in_the_same_direction(sentences, negative):
    model = gensim_model(sentences, negative)
    rows = model.wv.key_to_index
    words, contexts = model.wv.vectors.astype(float), model.syn1neg.astype(float)
    old = words.copy(), contexts.copy()
    model.train(sentences, total_examples=len(sentences), epochs=1)
    for word, neighbour in neighbour_pairs(sentences, window=2):
        # gensim's pair is turned round: the vector of the neighbour guesses the word.
        noise = [rows["noise"]] * negative
        skip_gram_step(words, contexts, rows[neighbour], rows[word], noise, rate=1e-3)
    found = (model.wv.vectors, model.syn1neg)
    for ours, theirs, start in zip((words, contexts), found, old, strict=True):
        moved = theirs - start
        assert cosine(ours - start, moved) > 0.999
        # gensim looks σ up in a table of 1,000 steps.
        assert np.linalg.norm(ours - start) == pytest.approx(np.linalg.norm(moved), rel=0.03)


def test_noise_is_drawn_as_often_as_gensim_draws_it():
    from gensim.models import Word2Vec

    model = Word2Vec(TOY, vector_size=2, min_count=1, sg=1, negative=2, workers=1, seed=0)
    counts = [model.wv.get_vecattr(word, "count") for word in model.wv.index_to_key]
    shares = np.diff(model.cum_table.astype(float), prepend=0) / (2**31 - 1)
    np.testing.assert_allclose(noise_share(counts), shares, atol=1e-6)


# ---------------------------------------------------------------- a toy text


def test_where_all_steps_cancel_scores_tell_how_much_oftener_than_chance_words_meet():
    """Levy and Goldberg 2014: v · u = log of (pairs / pairs by chance) − log k."""
    pairs = neighbour_pairs([["a", "b", "c", "a", "c"], ["b", "a", "b", "c"]], window=4)
    rows = [("abc".index(a), "abc".index(b)) for a, b in pairs]
    together = np.zeros((3, 3))
    np.add.at(together, tuple(np.transpose(rows)), 1)
    assert together.min() > 0
    share, k = noise_share([3, 2, 4]), 2
    by_chance = together.sum(axis=1, keepdims=True) * share
    best = np.log(together / by_chance) - np.log(k)

    def mean_step(contexts):
        """Of all pairs, with each noise word as often as it is to be expected."""
        moved = np.zeros_like(contexts)
        for word, neighbour in rows:
            for noise, weight in [([], 1 - k), *(([m], k * share[m]) for m in range(3))]:
                now = contexts.copy()
                skip_gram_step(np.eye(3), now, word, neighbour, noise, rate=1.0)
                moved += weight * (now - contexts)
        return np.abs(moved).max()

    assert mean_step(best.T) < 1e-12
    assert mean_step(best.T + 0.1) > 0.1


@pytest.fixture(scope="module")
def learned():
    return train_skip_gram(TOY, epochs=150, seed=0)


def test_words_with_the_same_neighbours_come_out_alike_though_they_never_meet(learned):
    """So good and bad are near each other: both matrices are needed to see why."""
    row = {word: place for place, word in enumerate(learned.vocabulary)}
    near = {
        other: cosine(learned.words[row["good"]], learned.words[row[other]])
        for other in row
        if other != "good"
    }
    assert max(near, key=near.get) == "bad" and near["bad"] > 0.9
    as_neighbours = learned.words @ learned.contexts.T
    assert as_neighbours[row["good"], row["bad"]] < as_neighbours[row["good"], row["was"]]
    assert as_neighbours[row["good"], row["bad"]] < -2  # they never stand side by side


def test_the_loss_falls_from_what_vectors_without_a_direction_have(learned):
    # Contexts begin at 0: each of 1 + 5 guesses is even, but for noise that is the neighbour.
    assert 5 * np.log(2) < learned.losses[0] < 6 * np.log(2)
    assert learned.losses[-5:].mean() < 0.75 * learned.losses[0]
    assert len(learned.losses) == 150


def test_rows_are_the_words_by_their_count():
    found = train_skip_gram(TOY, size=3, epochs=1)
    counts = {word: sum(words.count(word) for words in TOY) for word in found.vocabulary}
    assert list(counts.values()) == sorted(counts.values(), reverse=True)
    assert found.vocabulary[:3] == ["the", "was", "again"] and len(counts) == 13
    assert found.words.shape == found.contexts.shape == (13, 3)


CODE = (
    "from tlhelpers.models.skip_gram import train_skip_gram\n"
    f"found = train_skip_gram({TOY!r}, size=3, epochs=2, seed=4)\n"
    "print(found.vocabulary, found.words.tobytes().hex(), found.losses.tolist())"
)


def test_it_gives_the_same_again_also_in_another_process():
    one, other = (train_skip_gram(iter(TOY), size=3, epochs=2, seed=s) for s in (4, 5))
    assert not np.allclose(one.words, other.words, atol=1e-3)
    command = [sys.executable, "-c", CODE]
    done = subprocess.run(command, cwd=repo_root(), capture_output=True, text=True, check=True)
    told = f"{one.vocabulary} {one.words.tobytes().hex()} {one.losses.tolist()}"
    assert done.stdout.strip() == told


def test_words_are_taken_in_one_form_of_their_signs():
    assert train_skip_gram([["u\u0308ben", "üben", "oft"]], epochs=1).vocabulary == ["üben", "oft"]


@pytest.mark.parametrize("sentences", [[], [[]], [["a"], ["b"]], [["a", "a"]]], ids=str)
def test_a_text_without_two_words_side_by_side_is_refused(sentences):
    with pytest.raises(ValueError, match="no two different words side by side"):
        train_skip_gram(sentences)


@pytest.mark.parametrize("name", ["size", "window", "negative", "epochs"])
@pytest.mark.parametrize("number", [0, 1.5])
def test_a_number_below_one_is_refused(name, number):
    with pytest.raises(ValueError, match=f"{name} must be a whole number from 1 on"):
        train_skip_gram(TOY, **{name: number})


def test_a_text_that_was_not_cut_and_a_negative_rate_are_refused():
    with pytest.raises(ValueError, match=r"list of words: cut texts with tokens\(\)"):
        train_skip_gram(["a red cat"])
    with pytest.raises(ValueError, match="rate must be"):
        train_skip_gram(TOY, rate=-1.0)
