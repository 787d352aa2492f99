"""Topics of posts: no post on both sides, vectors of the rest, and a comparison on made posts."""

from collections import Counter
from functools import cache

import numpy as np
import pytest
from tiny_encoders import checkpoint

from tlhelpers.data.texts import Newsgroups
from tlhelpers.evaluation.repeated import repeat
from tlhelpers.evaluation.trials import Trial
from tlhelpers.experiments import registry, text_topics
from tlhelpers.experiments.registry import SWEEPS
from tlhelpers.experiments.running import run_task
from tlhelpers.experiments.staleness import import_closure
from tlhelpers.experiments.text_topics import (
    PER_TOPIC,
    ROWS,
    TOPICS,
    TRAINED,
    load_topics,
    rows_of_posts,
    unlabelled_posts,
)
from tlhelpers.models.encoder_loading import load_encoder
from tlhelpers.models.vector_files import keyed_vectors
from tlhelpers.models.words import document_vectors

CACHES = ("_all_posts", "_topic_posts", "_kept_rows", "_unlabelled_key")


def forget():
    for name in CACHES:
        getattr(text_topics, name).cache_clear()


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    yield
    forget()


# ---------------------------------------------------------------- the real posts


def test_the_posts_with_labels_and_the_others_are_all_posts_and_none_is_both():
    [(name, posts)] = load_topics().items()
    assert (name, posts.class_names) == ("newsgroups", list(TOPICS))
    assert set(posts.counts().values()) == {PER_TOPIC}
    assert min(len(text.split()) for text in posts.texts) >= 20
    whole = [(group, " ".join(text.split())) for group, text in Newsgroups().posts]
    places = {text: [group for group, other in whole if other == text] for text in posts.texts[::9]}
    for text, label in zip(posts.texts[::9], posts.labels[::9], strict=True):
        assert places[text] == [TOPICS[label]]
    others = [" ".join(words) for words in unlabelled_posts()]
    assert not set(others) & set(posts.texts) and len(posts) == len(set(posts.texts))
    assert Counter([*others, *posts.texts]) == Counter(text for _, text in whole)
    kept = set(others)
    assert {group for group, text in whole if text in kept} > set(TOPICS)


def test_copies_of_a_post_are_one_group():
    posts = load_topics()["newsgroups"]
    assert 1900 < len(set(posts.groups)) < len(posts)


# ---------------------------------------------------------------- made posts

OWN = {topic: [f"{topic.replace('.', '')}{sign * 3}" for sign in "abcdef"] for topic in TOPICS}
COMMON = ["the", "river", "was", "near", "a", "film", "of"]


class MadePosts:
    """Posts of all topics, whose own words stand among common ones, and of one group more."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.posts = []
        for _ in range(30):
            for topic in (*TOPICS, "another"):
                own = rng.choice(OWN.get(topic, COMMON), 10)
                words = rng.permutation([*own, *rng.choice(COMMON, 20)])
                self.posts.append((topic, " ".join(words)))
        self.posts.append((TOPICS[0], "too short to count"))
        twice = " ".join(OWN[TOPICS[0]] * 4)  # posted to two groups
        self.posts[:0] = [(TOPICS[0], twice), (TOPICS[1], twice)]


@pytest.fixture
def made(monkeypatch, tmp_path):
    """Small posts, vectors and encoder; what is kept lies in a folder of its own."""
    forget()
    folder = checkpoint(tmp_path / "encoder")
    encoder = cache(lambda: load_encoder(folder))
    rng = np.random.default_rng(1)
    vectors = keyed_vectors(COMMON, rng.normal(size=(len(COMMON), 5)))
    patches = {
        "Newsgroups": MadePosts, "PER_TOPIC": 12, "shared_encoder": encoder,
        "shared_vectors": lambda: vectors,
        "TRAINING": {"size": 12, "epochs": 4, "seed": 0},
    }  # fmt: skip
    for name, value in patches.items():
        monkeypatch.setattr(text_topics, name, value)
    monkeypatch.setenv("TLHELPERS_CACHE", str(tmp_path / "cache"))
    return load_topics()["newsgroups"]


def test_made_posts_are_told_apart_by_labels_and_the_rest_is_unlabelled(made):
    assert set(made.counts().values()) == {12} and "too short to count" not in made.texts
    assert MadePosts().posts[0][1] not in made.texts  # it has no one topic
    assert len(unlabelled_posts()) == len(MadePosts().posts) - len(made)


def test_posts_that_are_equal_but_for_spaces_and_case_are_one(made, monkeypatch):
    """Else one of them could be learned from, and the other be predicted."""
    posts, copied = MadePosts(), made.texts[3]
    posts.posts.append(("another", f" {copied.upper()}  "))
    monkeypatch.setattr(text_topics, "Newsgroups", lambda: posts)
    forget()
    assert copied not in load_topics()["newsgroups"].texts
    assert unlabelled_posts().count(copied.split()) == 2


def test_rows_are_means_of_vectors_that_no_post_of_the_set_was_trained_on(made, monkeypatch):
    seen = []
    true = text_topics.train_word2vec

    def spy(sentences, **options):
        seen.append(sentences)
        return true(sentences, **options)

    monkeypatch.setattr(text_topics, "train_word2vec", spy)
    found = rows_of_posts(0, "Word2Vec mean")(made)
    wanted = document_vectors(true(unlabelled_posts(), **text_topics.TRAINING), made.texts)
    np.testing.assert_array_equal(found, wanted)
    [sentences] = seen
    assert not {" ".join(words) for words in sentences} & set(made.texts)
    some = made.subset([5, 2])
    np.testing.assert_array_equal(rows_of_posts(7, "Word2Vec mean")(some), wanted[[5, 2]])


def test_vectors_are_trained_once_and_their_rows_kept_on_disk(made, monkeypatch):
    kept = {kind: rows_of_posts(0, kind)(made) for kind in TRAINED}
    text_topics._kept_rows.cache_clear()
    for name in ("train_word2vec", "train_fasttext"):
        monkeypatch.setattr(text_topics, name, None)  # whoever calls it fails
    for kind in TRAINED:
        np.testing.assert_array_equal(rows_of_posts(0, kind)(made), kept[kind])
    posts = MadePosts()
    posts.posts[-1] = ("another", "new words that change what is trained")
    monkeypatch.setattr(text_topics, "Newsgroups", lambda: posts)
    forget()
    with pytest.raises(TypeError):
        rows_of_posts(0, "Word2Vec mean")


def test_the_whole_comparison_runs_and_vectors_of_the_posts_beat_a_guess(made):
    strategies = text_topics._strategies()
    assert list(strategies) == ["TF-IDF", *ROWS]
    runs = repeat(strategies, made, [2, None], seeds=2, progress=False)
    accuracy = runs.groupby(["strategy", "labels"])["accuracy"].mean()
    assert len(runs) == 2 * 2 * 6
    assert accuracy["Word2Vec mean", 2] > 0.5 and accuracy["TF-IDF", 2] > 0.5
    # These vectors do not know the words that tell.
    assert accuracy["GloVe mean", 2] < 0.35


def test_a_slice_without_trained_vectors_trains_none_and_loads_no_encoder(made, monkeypatch):
    """A lesson runs such a slice again, and cannot wait for minutes."""
    for name in ("train_word2vec", "train_fasttext", "shared_encoder"):
        monkeypatch.setattr(text_topics, name, None)  # whoever calls it fails
    known = registry.sets_of, registry.warm_up
    for function in known:
        function.cache_clear()
    try:
        for strategy in ("TF-IDF", "random vectors", "GloVe mean"):
            predicted = run_task("text-topics", 0, 2, strategy)["predicted"]["newsgroups"]
            assert len(predicted) > 0.2 * len(made), strategy
        with pytest.raises(TypeError):
            run_task("text-topics", 0, 2, "Word2Vec mean")
    finally:
        for function in known:
            function.cache_clear()


def test_each_strategy_gives_the_same_again(made):
    items = np.arange(len(made))
    trial = Trial(made, items[::2], items[1::2], 0, {}, "newsgroups")
    for name, strategy in text_topics._strategies().items():
        one, other = (strategy(trial).predicted["newsgroups"] for _ in range(2))
        assert np.array_equal(one, other), name


# ---------------------------------------------------------------- the sweep


def test_the_sweep_is_whole_and_can_be_stored():
    [sweep] = text_topics.SWEEPS
    assert sweep.name == "text-topics" and SWEEPS[sweep.name] is sweep
    assert sweep.module == text_topics.__name__ and sweep.seeds == 10
    assert sweep.tasks()[:2] == [(0, 2, "TF-IDF"), (0, 2, "random vectors")]
    assert len(sweep.tasks()) == 10 * 4 * 6
    assert "tlhelpers.models.word2vec" in import_closure(sweep.module)
    assert len(TOPICS) <= 36  # one sign per prediction
