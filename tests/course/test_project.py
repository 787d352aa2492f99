"""Lesson 12's sets and what the rubric says of two weak reports: each figure is measured again."""

import re
from dataclasses import replace

import numpy as np
import pytest

from tlhelpers.data import split_by_group
from tlhelpers.errors import repo_root
from tlhelpers.evaluation import compare, learning_curve, repeat, take_turns
from tlhelpers.models import (
    document_vectors,
    keyed_vectors,
    linear_head,
    load_vectors,
    new_tfidf_head,
)
from tlhelpers.own_data import project_set
from tlhelpers.own_data.project_sets import FACES, POSTS, WORDS


@pytest.fixture(scope="module")
def sets():
    return {name: project_set(name) for name in ("faces", "opinions", "newsgroups")}


@pytest.fixture(scope="module")
def glove():
    return load_vectors("glove-50d", limit=50_000)


@pytest.fixture(scope="module")
def rubric():
    text = (repo_root() / "teaching" / "project_rubric.md").read_text(encoding="utf-8")
    return re.sub(r"\s+", " ", text.replace("\n> ", " "))


def test_the_data_card_counts_them_right(sets):
    card = (repo_root() / "data" / "README.md").read_text(encoding="utf-8")
    for name, data in sets.items():
        counts = (len(data), len(data.class_names), len(set(data.groups)))
        assert f"| {name} | " + " | ".join(map(str, counts)) + " |" in card


def test_no_content_stands_in_two_groups_of_a_set(sets):
    for data in sets.values():
        own = {}
        for print_, group in zip(data.fingerprints, data.groups, strict=True):
            assert own.setdefault(print_, group) == group, (data, group)


def test_faces_are_drawn_in_two_styles_and_no_face_has_two_moods(sets):
    faces = sets["faces"]
    assert not set(FACES["pleased"]) & set(FACES["displeased"])
    names, counts = np.unique(faces.groups, return_counts=True)
    assert set(names) == {name for mood in FACES.values() for name in mood}
    assert set(counts) == {2}
    assert faces.counts() == {name: 2 * len(mood) for name, mood in FACES.items()}


def test_opinions_are_rated_so_and_balanced(sets):
    opinions = sets["opinions"]
    strength = np.abs(opinions.scores)
    assert strength[opinions.labels == 0].max() <= 0.3
    assert strength[opinions.labels == 1].min() >= 1
    assert len(set(opinions.counts().values())) == 1


def test_posts_carry_the_topic_of_their_newsgroup_and_are_short(sets):
    posts = sets["newsgroups"]
    for text, label, group in zip(posts.texts, posts.labels, posts.groups, strict=True):
        assert group.startswith(posts.class_names[label] + ".")
        assert 20 <= len(text.split()) <= WORDS
    assert set(np.unique(posts.groups, return_counts=True)[1]) == {POSTS}


def test_another_name_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r"unknown project set 'face'.*faces"):
        project_set("face")


# ---------------------------------------------------------------- the reports of the rubric


@pytest.fixture(scope="module")
def shuffled(glove):
    """The control of the example solution: each vector belongs to another word."""
    orders = [np.random.default_rng(seed).permutation(len(glove)) for seed in range(3)]
    return [keyed_vectors(glove.index_to_key, glove.vectors[order]) for order in orders]


def strategies_on(data, glove, shuffled):
    """Those of the example solution."""

    def on(vectors, C=1):
        return linear_head(document_vectors(vectors, data.texts, quiet=True), data.labels, C)

    def counted_words(trial):
        head = new_tfidf_head().fit(data.texts[trial.train], data.labels[trial.train])
        return head.predict(data.texts[trial.test])

    control = take_turns(map(on, shuffled))
    strategies = {"counted words": counted_words, "shuffled GloVe": control, "GloVe": on(glove)}
    return strategies | {f"C = {C}": on(glove, C) for C in (10, 100)}


def test_the_half_report_is_as_measured(sets, glove, shuffled, rubric):
    data = sets["opinions"]
    assert f"{len(data)} sentences of {len(set(data.groups))} reviews" in rubric
    strategies = strategies_on(data, glove, shuffled)
    runs = repeat(strategies, data, labels=[100], seeds=10, progress=False)
    of = runs.pivot(index="seed", columns="strategy", values="accuracy")
    assert of[["GloVe", "C = 10", "C = 100"]].mean().idxmax() == "GloVe", "C = 1 is the best"
    means = of[["counted words", "GloVe"]].mean()
    assert "their mean is {:.2f}, that of GloVe {:.2f}".format(*means) in rubric
    gap = of["GloVe"] - of["shuffled GloVe"]
    half = 1.96 * gap.std() / 10**0.5
    said = f"{gap.mean():.3f}, interval {gap.mean() - half:.3f} to {gap.mean() + half:.3f}"
    assert f"GloVe beats shuffled GloVe by {said} (mean" in rubric
    right = compare(runs, "GloVe", "shuffled GloVe")
    assert f"it goes from {right.low:.2f} to {right.high:.2f}, more than twice as wide" in rubric
    assert right.high - right.low > 2 * (2 * half)


def test_what_full_marks_are_given_for_is_the_example_solution(sets, glove, shuffled, rubric):
    data = sets["opinions"]
    needed = int(np.ceil(0.3 * (1.96 / 0.03) ** 2))
    groups = len(set(data.groups))
    assert f"{needed:,} groups would be needed for three, and there are {groups}" in rubric
    reporting = data.subset(split_by_group(data, 0.25, seed=100).train)
    chosen = list(strategies_on(reporting, glove, shuffled).items())[:3]
    runs = repeat(dict(chosen), reporting, labels=[100], seeds=10, progress=False)
    found = compare(runs, "GloVe", "shuffled GloVe")
    ends = found.measured.partition(", 10 seeds")[0]
    assert not found.resolved
    assert f"Not resolved: {ends}, ten splits, {found.items} reviews." in rubric
    beside = compare(runs, "counted words", "GloVe")
    points = [round(100 * value) for value in (beside.difference, beside.low, beside.high)]
    assert "+{} points on GloVe, interval {} to +{}".format(*points).replace("-", "−") in rubric


def test_the_report_without_marks_is_as_measured(sets, glove, rubric):
    posts = sets["newsgroups"]
    assert f"{len(posts)} posts of four topics" in rubric
    by_post = replace(posts, groups=[f"post {place}" for place in range(len(posts))])
    rows = document_vectors(glove, posts.texts, quiet=True)
    penalties = (0.01, 0.1, 1, 10, 100, 1000)
    tried = {f"{C:g}": linear_head(rows, posts.labels, C) for C in penalties}
    one = repeat(tried, by_post, labels=[None], seeds=1, progress=False)
    assert f"the best has an accuracy of {one.accuracy.max():.2f} on the test" in rubric
    assert f"gave from {one.accuracy.min():.2f} to {one.accuracy.max():.2f}" in rubric
    best = one.strategy[one.accuracy.idxmax()]
    honest = repeat({best: tried[best]}, posts, labels=[None], seeds=10, progress=False)
    point = learning_curve(honest).iloc[0]
    said = f"{point['mean']:.2f} on average, interval {point.low:.2f} to {point.high:.2f}"
    assert f"the same head has {said}" in rubric
