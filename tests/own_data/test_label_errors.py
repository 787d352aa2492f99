"""Likely label errors: planted ones are found, and nothing odd stops the search."""

import numpy as np
import pytest
from sklearn.model_selection import StratifiedGroupKFold

from tlhelpers.data.images import load_emoji
from tlhelpers.models.backbones import load_backbone
from tlhelpers.models.features import extract_features
from tlhelpers.models.heads import new_linear_head
from tlhelpers.own_data.label_errors import COLUMNS, find_label_errors

NAMES = ["cat", "dog", "bird"]


def sure(labels, k=3, confidence=0.9):
    found = np.full((len(labels), k), (1 - confidence) / (k - 1))
    found[np.arange(len(labels)), labels] = confidence
    return found


@pytest.fixture(scope="module")
def emoji():
    data = load_emoji("twemoji", size=96)
    return extract_features(load_backbone(size=96), data, progress=False), data


def flags_of(features, data, seed):
    """What is flagged when one label in twenty is set wrong, and which labels are."""
    rng = np.random.default_rng(seed)
    labels, k = data.labels.copy(), len(data.class_names)
    wrong = rng.choice(len(labels), round(len(labels) / 20), replace=False)
    labels[wrong] = (labels[wrong] + rng.integers(1, k, len(wrong))) % k
    probabilities = np.zeros((len(labels), k))
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    for learn, ask in folds.split(features, labels, data.groups):
        head = new_linear_head().fit(features[learn], labels[learn])
        probabilities[np.ix_(ask, head.classes_)] = head.predict_proba(features[ask])
    flagged = find_label_errors(labels, probabilities, data.class_names)["item"].to_numpy()
    return np.isin(flagged, wrong), len(wrong)


def test_most_planted_errors_are_flagged_and_the_first_flags_are_right_more_often(emoji):
    """The report says so: a quarter to a half of all flagged, and more of the first ten."""
    found = [flags_of(*emoji, seed) for seed in range(3)]
    assert np.mean([hits.sum() / planted for hits, planted in found]) > 0.7
    of_all = np.mean([hits.mean() for hits, _ in found])
    assert 0.22 < of_all < 0.52
    assert np.mean([hits[:10].mean() for hits, _ in found]) > of_all + 0.15


def test_a_contradicted_label_is_flagged_with_both_classes_and_their_probabilities():
    labels = np.arange(30) % 3
    probabilities = sure(labels)
    probabilities[4] = [0.01, 0.04, 0.95]  # given as a dog
    (row,) = find_label_errors(labels, probabilities, NAMES).to_dict("records")
    assert row == {
        "item": 4,
        "given": "dog",
        "likely": "bird",
        "confidence": 0.95,
        "of_given": 0.04,
    }


def test_the_least_plausible_label_comes_first():
    labels = np.arange(60) % 3
    probabilities = sure(labels)
    for item, rest in ((7, 0.02), (20, 0.001), (33, 0.01)):
        probabilities[item] = rest
        probabilities[item, (labels[item] + 1) % 3] = 1 - 2 * rest
    assert list(find_label_errors(labels, probabilities, NAMES)["item"]) == [20, 33, 7]


def test_items_without_probabilities_are_passed_over_and_keep_the_others_places():
    labels = np.arange(30) % 3
    probabilities = sure(labels)
    probabilities[[0, 1]] = np.nan
    probabilities[4] = [0.01, 0.04, 0.95]
    assert list(find_label_errors(labels, probabilities, NAMES)["item"]) == [4]


@pytest.mark.parametrize(
    ("labels", "probabilities"),
    [
        (np.arange(30) % 3, np.full((30, 3), np.nan)),
        (np.zeros(30, dtype=int), sure(np.zeros(30, dtype=int))),
        (np.array([1]), sure(np.array([2]))),
        (np.arange(30) % 3, sure(np.arange(30) % 3)),
    ],
    ids=["no probabilities", "one class", "one item", "nothing wrong"],
)
def test_where_nothing_can_be_told_the_table_is_empty_and_has_its_columns(labels, probabilities):
    table = find_label_errors(labels, probabilities, NAMES)
    assert len(table) == 0
    assert tuple(table.columns) == COLUMNS


def test_a_class_without_items_does_no_harm():
    labels = np.tile([0, 2], 20)
    probabilities = sure(labels)
    probabilities[3] = [0.9, 0.05, 0.05]
    assert list(find_label_errors(labels, probabilities, NAMES)["item"]) == [3]
