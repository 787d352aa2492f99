"""One word missing: windows that share no run, gaps that hold their label, guessers that learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_encoders import CALM, checkpoint

from tlhelpers.evaluation.trials import Trial
from tlhelpers.experiments import text_masked
from tlhelpers.models.encoder_loading import load_encoder

NAMES = ["the", "of", "a"]
FOLLOWS = {"the": "river", "of": "money", "a": "film"}  # what a word stands before tells it


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    pass


@pytest.fixture
def small(tmp_path, monkeypatch):
    encoder = load_encoder(checkpoint(tmp_path / "small", **CALM))
    monkeypatch.setattr(text_masked, "shared_encoder", lambda: encoder)
    return encoder


def gaps(n: int = 60):
    windows = [["was", name := NAMES[i % 3], FOLLOWS[name], "near"] for i in range(n)]
    return text_masked.cut_gaps(windows, NAMES)


def trial_of(texts):
    items, cut = np.arange(len(texts)), len(texts) * 2 // 3
    return Trial(texts, items[:cut], items[cut:], 0, {}, "gaps")


posts = st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=120), max_size=12)


@given(posts)
def test_windows_are_whole_and_share_no_run_of_six_words(given_posts):
    windows = text_masked.windows_of(given_posts)
    runs = [{tuple(window[i : i + 6]) for i in range(25)} for window in windows]
    assert all(len(window) == 30 for window in windows)
    for i, one in enumerate(runs):
        assert not any(one & other for other in runs[:i])
    long_enough = [post for post in given_posts if len(post) >= 90]
    assert all(window in [post[60:90] for post in long_enough] for window in windows)
    if long_enough:
        assert windows[0] == long_enough[0][60:90]


def test_a_window_that_quotes_one_which_was_left_out_is_left_out_too():
    words = [f"w{i}" for i in range(300)]
    first = [*words[:60], *words[100:130]]
    second = [*words[:60], *words[124:154]]  # shares six words with the first
    third = [*words[:60], *words[148:178]]  # and six with the second alone
    fourth = [*words[:60], *words[149 + 24 : 149 + 54]]  # five with the third
    assert text_masked.windows_of([first, second, third]) == [first[60:90]]
    assert len(text_masked.windows_of([first, fourth])) == 2


@given(st.lists(st.lists(st.sampled_from("abcd"), min_size=1, max_size=8), min_size=1), st.data())
def test_the_commonest_words_stand_in_most_windows(windows, data):
    held = {word: sum(word in window for window in windows) for word in "abcd"}
    count = data.draw(st.integers(1, 4))
    chosen = text_masked.commonest_words(windows, count)
    assert len(chosen) == min(count, sum(n > 0 for n in held.values()))
    assert [held[word] for word in chosen] == sorted(held.values(), reverse=True)[: len(chosen)]


@given(st.lists(st.lists(st.sampled_from("abcxyz"), min_size=3, max_size=9), min_size=1))
def test_a_filled_gap_gives_the_window_back(windows):
    windows = [*windows, ["x", "a", "x"]]
    texts = text_masked.cut_gaps(windows, list("abc"))
    usable = [" ".join(one) for one in windows if set("abc") & set(one[1:-1])]
    assert text_masked.fill_gaps(texts) == usable
    for text in texts.texts:
        place = text.split().index(text_masked.MASK)
        assert 0 < place < len(text.split()) - 1 and text.count(text_masked.MASK) == 1


def test_counts_fill_gaps_by_what_stood_beside_them(small):
    texts = gaps()
    trial = trial_of(texts)
    right = texts.labels[trial.test]
    strategies = text_masked._guessers()
    assert (strategies["counts of both neighbours"](trial) == right).all()
    assert len(set(strategies["commonest word"](trial))) == 1


def test_more_steps_of_training_fill_more_gaps(small, monkeypatch):
    learning = {"lr": 5e-3, "head_lr": 1e-2, "longest": 32, "share": 0.4}
    monkeypatch.setattr(text_masked, "TRAINING", learning)
    monkeypatch.setattr(text_masked, "STEPS", (1, 400))
    trial = trial_of(gaps())
    strategies = text_masked._guessers()
    few, many = (strategies[name](trial) for name in ("1 steps", "400 steps"))
    right = trial.source.labels[trial.test]
    assert (many == right).mean() > max(0.9, (few == right).mean())


def test_no_guesser_sees_the_missing_word_of_the_test_side(small, monkeypatch):
    texts = gaps()
    trial = trial_of(texts)
    seen = []
    monkeypatch.setattr(
        text_masked, "count_neighbours", lambda given, seed: seen.extend(given) or None
    )
    monkeypatch.setattr(text_masked, "guess_among", lambda guesser, given: seen.append(given.texts))
    text_masked.guess_after(text_masked.count_neighbours)(trial)
    *learned, asked = seen
    assert learned == text_masked.fill_gaps(texts.subset(trial.train))
    assert list(asked) == list(texts.texts[trial.test])
    assert all(text_masked.MASK in text for text in asked)


def test_a_guess_is_one_of_the_names_also_where_another_word_is_likelier(small):
    texts = gaps(9)
    counts = text_masked.count_neighbours(["was near river near"] * 9, 0)
    guessed = text_masked.guess_among(counts, texts)
    assert set(guessed) <= {0, 1, 2} and len(guessed) == 9


def test_the_real_gaps_are_unlike_each_other_and_each_word_is_there():
    texts = text_masked.load_gaps()["newsgroups"]
    assert len(texts) > 6000 and len(texts.class_names) == 20 == len(set(texts.labels))
    assert "the" in texts.class_names and len(set(texts.groups)) == len(texts)
    longest = [len(text.split()) for text in texts.texts]
    assert set(longest) == {30}
