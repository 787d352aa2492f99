"""Comparisons with the course's own weights, on small sets of pictures and texts."""

from itertools import count

import numpy as np
import pytest

from tlhelpers.data.images import ImageSet, load_emoji
from tlhelpers.data.reading import Reading
from tlhelpers.data.texts import TextSet, load_sentiment
from tlhelpers.errors import CourseError
from tlhelpers.models.backbones import load_backbone
from tlhelpers.models.features import extract_features
from tlhelpers.own_data import running, strategies
from tlhelpers.own_data.comparing import compare_own
from tlhelpers.own_data.strategies import LINEAR, LORA, MAJORITY, SCRATCH, TUNING, WORDS

# A clock that stands still, so late that nothing is trained: the same on any machine.
NO_TRAINING = {"clock": lambda: 0.0, "already_seconds": 50}
GLANCE = 1 / 128  # seconds between two looks at a clock that no busy machine slows down


def compared(data, out, minutes, told=None, **options):
    reading = Reading("made", [str(i) for i in range(len(data))])
    tell = (lambda line: None) if told is None else told.append
    return compare_own(data, reading, minutes=minutes, out=out, tell=tell, **options)


@pytest.fixture(autouse=True)
def short_work(monkeypatch):
    monkeypatch.setattr(running, "MANY_SEEDS", 3)
    monkeypatch.setattr(strategies, "epochs_of", lambda name, kind, items: 2)


def steady() -> dict:
    """A clock on which each look is a glance after the last one, however long it took."""
    looks = count()
    return {"clock": lambda: GLANCE * next(looks)}


def drawings(items: int, classes: int = 2) -> ImageSet:
    images = load_emoji("twemoji", size=32)
    chosen = np.concatenate([np.flatnonzero(images.labels == k)[:items] for k in range(classes)])
    return images.subset(chosen)


def test_twenty_pictures_are_enough_and_each_strategy_runs(tmp_path):
    data = drawings(10)
    found = compared(data, tmp_path, 60, **steady())
    names = set(found.runs["strategy"])
    assert {MAJORITY, LINEAR, SCRATCH, LORA, TUNING} <= names and not found.not_run
    assert found.kind == "pictures" and found.model_name == "efficientnet_lite0"
    assert found.probabilities.shape == (20, 10)
    assert np.isfinite(found.probabilities[:, :2]).all()
    assert found.features.shape == (20, 1280) and np.array_equal(found.used, np.arange(20))
    assert "the intervals are wide" in found.answer.sentence
    assert {"pass", "minutes", "minutes for 1,000 items"} <= set(found.costs)
    steps = [found.costs[f"step of {name}"] for name in (SCRATCH, LORA, TUNING)]
    assert steps == pytest.approx([2 * GLANCE] * 3)  # looked at twice: is it time, how late is it
    assert {"python", "torch", "processor", "tlhelpers"} <= set(found.versions)
    for (_, labels, seed), own in found.runs.groupby(["size", "labels", "seed"]):
        assert len({tuple(items) for items in own["items"]}) == 1, (labels, seed)


def test_tweets_are_told_apart_better_with_frozen_features(tmp_path):
    texts = load_sentiment("tweets").subset(np.arange(0, 1200, 6))
    found = compared(texts, tmp_path, 1, **NO_TRAINING)
    means = found.runs[found.runs["all_labels"]].groupby("strategy")["accuracy"].mean()
    assert means[LINEAR] > means[WORDS] > 0.45 and means[LINEAR] > 0.7
    assert found.answer.strategy in (WORDS, LINEAR)  # three splits may not resolve it
    assert set(found.not_run) == {LORA, TUNING}
    assert found.settings["size"] == 256 and found.settings["folds"] == 5
    own = found.probabilities.argmax(1) == texts.labels
    assert own.mean() == pytest.approx(means[LINEAR], abs=0.08)


def test_fifty_classes_of_three_items_each_work(tmp_path):
    names = [f"{word} {i}" for i in range(25) for word in ("green", "red")]
    said = [f"{name}, {more}" for name in names for more in ("once", "again", "for ever")]
    labels = np.repeat(np.arange(50), 3)
    texts = TextSet(said, labels, names, [str(i) for i in range(150)], np.full(150, np.nan))
    found = compared(texts, tmp_path, 1, **NO_TRAINING)
    assert found.probabilities.shape == (150, 50)
    assert found.answer.strategy != MAJORITY
    assert sorted(set(found.runs["labels"])) == found.settings["labels"] == [1, 2]


def test_data_that_cannot_be_split_are_refused_before_anything_is_written(tmp_path):
    texts = load_sentiment("tweets").subset(np.arange(30))
    one = TextSet(texts.texts, np.zeros(30, int), texts.class_names, texts.groups, texts.scores)
    with pytest.raises(CourseError, match="one class"):
        compared(one, tmp_path / "out", 1)
    assert not (tmp_path / "out").exists()
    with pytest.raises(ValueError, match="minutes"):
        compared(texts, tmp_path / "out", 0)


def test_reading_counts_and_what_no_time_is_left_for_is_said(tmp_path):
    texts = load_sentiment("tweets").subset(np.arange(0, 1200, 20))
    told = []
    found = compared(texts, tmp_path, 1, told, already_seconds=59)
    assert set(found.not_run) == {LORA, TUNING}
    unfit = [line for line in told if "does not fit" in line]
    assert len(unfit) == 2 and all("try --minutes 5" in line for line in unfit)
    assert found.answer.sentence and found.costs["minutes"] > 59 / 60


def test_features_that_are_at_hand_give_the_same_and_spare_the_pass(tmp_path):
    data = drawings(12)
    network = load_backbone("efficientnet_lite0", size=32)
    rows = extract_features(network, data, cache=False, progress=False)
    plain = compared(data, tmp_path / "a", 1, **NO_TRAINING)
    given = compared(data, tmp_path / "b", 1, features=rows, **NO_TRAINING)
    assert np.array_equal(given.used, np.arange(len(data))) and len(plain.used) == len(data)
    assert given.runs["strategy"].tolist() == plain.runs["strategy"].tolist()
    assert given.runs["accuracy"].tolist() == plain.runs["accuracy"].tolist()
    assert np.allclose(given.features, plain.features, atol=1e-4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows[1:], "24 items, but features of shape"),
        (lambda rows: rows[0], "24 items, but features of shape"),
        (lambda rows: rows[:, 1:], "not those of efficientnet_lite0 at 32 px"),
        (lambda rows: rows[::-1], "not those of efficientnet_lite0 at 32 px"),
    ],
)
def test_features_of_other_items_are_refused(change, message, tmp_path):
    data = drawings(12)
    rows = extract_features(load_backbone("efficientnet_lite0", size=32), data, progress=False)
    with pytest.raises(ValueError, match=message):
        compared(data, tmp_path, 1, features=change(rows), **NO_TRAINING)


def test_with_features_at_hand_everything_else_still_runs(tmp_path):
    data = drawings(10)
    rows = extract_features(load_backbone("efficientnet_lite0", size=32), data, progress=False)
    found = compared(data, tmp_path, 60, features=rows, **steady())
    assert {MAJORITY, LINEAR, SCRATCH, LORA, TUNING} <= set(found.runs["strategy"])
    assert not found.not_run and found.costs["pass"] > 0
