"""Words and pairs: strategies that see training items alone, and learn where there is something."""

from dataclasses import replace

import numpy as np
import pytest
from tiny_encoders import CALM, checkpoint

from tlhelpers.data.cased_words import CasedWords
from tlhelpers.data.sentence_pairs import BETWEEN
from tlhelpers.data.texts import TextSet
from tlhelpers.evaluation.repeated import repeat
from tlhelpers.evaluation.trials import Trial
from tlhelpers.experiments import text_pairs, text_strategies, text_words
from tlhelpers.experiments.registry import SWEEPS
from tlhelpers.models.encoder_loading import load_encoder
from tlhelpers.models.word_features import encode_words

THINGS = ("bank", "river", "money", "film", "plot")


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    pass


@pytest.fixture
def small(tmp_path, monkeypatch):
    encoder = load_encoder(checkpoint(tmp_path / "small", num_hidden_layers=6, **CALM))
    for module in (text_words, text_pairs, text_strategies):
        monkeypatch.setattr(module, "shared_encoder", lambda *_: encoder)
    return encoder


def words_of(n: int = 40) -> CasedWords:
    """Of seven words that are asked for, three always have a capital."""
    sentences, cases = [], []
    for i in range(n):
        name = ("rob", "good")[i % 2]
        sentences.append([THINGS[i % 5], name, "was", "near", "the", THINGS[i // 5 % 5]])
        cases.append(np.array([-100, int(name == "rob"), *[-100] * 3, int(i // 5 % 5 < 2)]))
    return CasedWords(sentences, cases, np.array([str(i) for i in range(n)]))


def pairs_of(n: int = 48) -> TextSet:
    """Two sentences with one word in common, or with none."""
    texts = []
    for i in range(n):
        other = THINGS[(i if i % 3 else i + 2) % 5]
        texts.append(f"the {THINGS[i % 5]} of rob{BETWEEN}a {other} was near")
    labels = np.array([int(i % 3 > 0) for i in range(n)])
    groups = np.array([str(i) for i in range(n)])
    return TextSet(texts, labels, list("ab"), groups, np.full(n, np.nan), "pairs")


def test_rows_of_some_words_are_those_of_all_sentences(small):
    words = words_of(9)
    every = encode_words(small, words.sentences, [2])[2][words.place]
    for items in (np.array([7, 0, 3, 15]), np.arange(len(words))):
        rows = text_words.rows_of_words(small, words, items, 2)
        np.testing.assert_allclose(rows, every[items], atol=2e-6)


def test_the_commonest_case_is_that_of_the_training_items_alone(small):
    words = words_of(20)
    train, test = np.arange(0, 40), np.arange(40, len(words))
    told = text_words.commonest_case(Trial(words, train, test, 0))
    for item, said in zip(test, told, strict=True):
        seen = words.labels[train][words.words[train] == words.words[item]]
        assert said == (len(seen) > 0 and seen.mean() > 0.5)


def test_each_strategy_for_words_learns_and_gives_the_same_again(small, monkeypatch):
    monkeypatch.setattr(text_words, "RATE", 3e-3)
    strategies = text_words._strategies()
    runs = repeat(strategies, words_of(), [8, None], seeds=2, progress=False)
    accuracy = runs.groupby(["strategy", "labels"]).accuracy.mean()
    assert set(runs.strategy) == set(strategies)
    assert accuracy["layer 0, frozen", runs.whole] > 0.85
    assert accuracy["fine-tuned", runs.whole] > 0.85
    again = repeat(strategies, words_of(), [8], seeds=[1], progress=False)
    before = runs[(runs["labels"] == 8) & (runs.seed == 1)]
    for one, other in zip(before.predicted, again.predicted, strict=True):
        np.testing.assert_array_equal(one, other)


def test_pairs_are_taken_apart_as_they_were_joined():
    first, second = text_pairs.halves(pairs_of(3))
    assert first[1] == "the river of rob" and second[1] == "a river was near"


def test_each_strategy_for_pairs_runs_and_gives_the_same_again(small, monkeypatch):
    def glove(texts):
        return lambda given: np.array([[one.count(thing) for thing in THINGS] for one in given])

    monkeypatch.setattr(text_pairs, "mean_of_glove", glove)
    strategies = text_pairs._strategies() | {"counted": text_pairs.compare_vectors(glove)}
    del strategies["GloVe, cosine"]  # its table of 400,000 words has tests of its own
    runs = repeat(strategies, pairs_of(), [8, None], seeds=2, progress=False)
    accuracy = runs.groupby(["strategy", "labels"]).accuracy.mean()
    assert (accuracy["counted"] == 1).all(), "one number decides here"
    assert accuracy["TF-IDF, cosine", runs.whole] == 1
    again = repeat(strategies, pairs_of(), [8], seeds=[0], progress=False)
    before = runs[(runs["labels"] == 8) & (runs.seed == 0)]
    for one, other in zip(before.predicted, again.predicted, strict=True):
        np.testing.assert_array_equal(one, other)


def test_tuned_vectors_bring_pairs_of_one_kind_together(small, monkeypatch):
    monkeypatch.setattr(text_pairs, "RATE", 1e-3)
    before, texts = small.fingerprint(), pairs_of()
    tuned = text_pairs.tune_vectors(texts, seed=0)
    assert small.fingerprint() == before != tuned.fingerprint()
    same = text_pairs.tune_vectors(texts, seed=0)
    assert same.fingerprint() == tuned.fingerprint()

    def gap(encoder):
        sides = [text_pairs.encode(encoder, side, cache=False, progress=False)
                 for side in text_pairs.halves(texts)]  # fmt: skip
        cosine = text_pairs.row_cosine(*sides)
        return cosine[texts.labels == 1].mean() - cosine[texts.labels == 0].mean()

    assert gap(tuned) > gap(small) + 0.05


def test_both_sweeps_are_there_and_whole():
    for module, seeds in ((text_words, 10), (text_pairs, 5)):
        [sweep] = module.SWEEPS
        assert SWEEPS[sweep.name] is sweep and sweep.module == module.__name__
        assert sweep.seeds == seeds and sweep.labels == (32, None)
        assert len(sweep.tasks()) == seeds * 2 * len(sweep.strategies())
        assert replace(sweep, seeds=1).tasks()[0][1] == 32
