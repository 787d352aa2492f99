"""Splits by group and draws of labels: their properties, on made-up groups and real digits."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlhelpers.data.images import load_digits_pair
from tlhelpers.data.splits import (
    Split,
    chance,
    draw_labels,
    duplicates_across,
    majority,
    split_by_group,
)

# Other work on the machine must not fail a test: no deadline.
calm = settings(deadline=None, max_examples=60)


def as_data(labels, groups=None, class_names=None):
    groups = [f"g{i}" for i in range(len(labels))] if groups is None else groups
    data = SimpleNamespace(labels=labels, groups=groups)
    if class_names:
        data.class_names = class_names
    return data


@pytest.fixture(scope="module")
def digits():
    """180 real digits, 8 × 8 px."""
    return load_digits_pair("digits", size=8).subset(np.arange(180))


@st.composite
def grouped(draw):
    """Labels and groups in which every class has at least two groups of its own."""
    sizes = draw(
        st.lists(st.lists(st.integers(1, 6), min_size=2, max_size=8), min_size=2, max_size=5)
    )
    labels, groups = [], []
    for label, of_class in enumerate(sizes):
        for number, size in enumerate(of_class):
            labels += [label] * size
            groups += [f"{label}-{number}"] * size
    return np.array(labels), np.array(groups)


@calm
@given(grouped(), st.floats(0.05, 0.95), st.integers(0, 99))
def test_split_is_disjoint_by_group_and_fills_each_class_to_its_share(parts, share, seed):
    labels, groups = parts
    split = split_by_group(as_data(labels, groups), share, seed)
    assert sorted([*split.train, *split.test]) == list(range(len(labels)))
    assert split.train.dtype == split.test.dtype == np.int64
    assert not set(groups[split.train]) & set(groups[split.test])
    for label in np.unique(labels):
        in_test = groups[split.test][labels[split.test] == label]
        in_train = groups[split.train][labels[split.train] == label]
        assert len(in_test) and len(in_train)
        wanted = share * (labels == label).sum()
        assert len(in_test) >= wanted - 1e-6 or len(set(in_train)) == 1
        smallest_last = max(np.unique(in_test, return_counts=True)[1])
        assert len(in_test) - smallest_last < wanted or len(set(in_test)) == 1


@calm
@given(grouped(), st.integers(0, 99), st.randoms(use_true_random=False))
def test_split_depends_on_groups_not_on_the_order_of_items(parts, seed, random):
    labels, groups = parts
    order = np.array(random.sample(range(len(labels)), len(labels)))
    plain = split_by_group(as_data(labels, groups), 0.3, seed)
    mixed = split_by_group(as_data(labels[order], groups[order]), 0.3, seed)
    assert set(groups[plain.test]) == set(groups[order][mixed.test])


def test_split_moves_a_mixed_group_with_its_most_common_class():
    labels = np.array([0, 0, 1, 1, 1, 0, 0, 1, 1])
    groups = np.array(["a", "a", "a", "b", "b", "c", "c", "d", "d"])
    for seed in range(20):
        split = split_by_group(as_data(labels, groups), 0.4, seed)
        test_groups = set(groups[split.test])
        assert len(test_groups & {"a", "c"}) == 1 and len(test_groups & {"b", "d"}) == 1


def test_split_of_real_digits_is_stratified_and_changes_with_the_seed(digits):
    split = split_by_group(digits, 0.3, 0)
    counts, whole = (
        np.bincount(labels, minlength=10) for labels in (digits.labels[split.test], digits.labels)
    )
    np.testing.assert_array_equal(counts, np.ceil(0.3 * whole - 1e-9))
    again, other = split_by_group(digits, 0.3, 0), split_by_group(digits, 0.3, 1)
    np.testing.assert_array_equal(split.test, again.test)
    assert not np.array_equal(split.test, other.test)


def test_split_does_not_round_a_share_up_by_a_hair():
    assert 0.07 * 100 > 7
    assert len(split_by_group(as_data([0] * 100 + [1] * 100), 0.07).test) == 14


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (as_data([1, 1, 1], class_names=["cat", "dog"]), "all items are of one class \\('dog'\\)"),
        (as_data([0, 0, 1], class_names=["cat", "dog"]), "class 'dog' has 1 item"),
        (as_data([0, 0, 1, 1], ["a", "b", "c", "c"]), "class 1 has 2 item.s. in 1 group"),
        (as_data([0, 0, 1], ["a", "b"]), "there are 3 items and 2 groups"),
        (as_data([0.0, np.nan, 1.0]), "labels hold 1 NaN"),
        (as_data([0, 0.5, 1]), "labels must be whole numbers"),
        (as_data(["cat", "dog"]), "labels must be whole numbers"),
        (as_data([[0, 1], [0, 1]]), "one dimension"),
        (as_data([]), "labels are empty"),
        (
            as_data([0, 0, 1, 1], ["a", None, "c", float("nan")]),
            "2 item.s. have no group, .* item 1 ",
        ),
        (as_data([0, 0, 1, 1], [1.0, 2.0, 3.0, 4.0]), "group of item 0 is 1.0: a decimal"),
    ],
)
def test_split_refuses_bad_data_with_one_clear_error(data, message):
    with pytest.raises(ValueError, match=message):
        split_by_group(data)


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5, float("nan")])
def test_split_refuses_a_share_outside_0_and_1(share):
    with pytest.raises(ValueError, match="between 0 and 1"):
        split_by_group(as_data([0, 0, 1, 1]), share)


def test_split_sides_must_not_overlap_and_must_not_be_empty():
    with pytest.raises(ValueError, match=r"1 items stand in train and test, e.g. 2"):
        Split([1, 2], [2, 3])
    with pytest.raises(ValueError, match="test indices are empty"):
        Split([1, 2], [])


@calm
@given(
    st.lists(st.integers(5, 12), min_size=2, max_size=6),
    st.integers(0, 99),
    st.integers(1, 5),
    st.integers(1, 5),
)
def test_draws_are_balanced_and_nested(sizes, seed, few, many):
    few, many = sorted((few, many))
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    small, large = (draw_labels(labels, k, seed) for k in (few, many))
    assert set(small) <= set(large) and len(set(large)) == len(large)
    np.testing.assert_array_equal(np.bincount(labels[large]), [many] * len(sizes))
    np.testing.assert_array_equal(draw_labels(labels, None, seed), np.arange(len(labels)))


def test_draws_differ_by_seed_and_reach_every_item():
    labels = np.repeat([0, 1], 10)
    drawn = {tuple(draw_labels(labels, 2, seed)) for seed in range(60)}
    assert len(drawn) > 50
    assert set(np.concatenate([*map(np.array, drawn)])) == set(range(20))


def test_draw_names_the_class_that_is_too_small():
    with pytest.raises(ValueError, match=r"class 'dog' has 2 item.s. to draw from, not 3"):
        draw_labels([0, 0, 0, 1, 1], 3, 0, ["cat", "dog"])


@pytest.mark.parametrize("count", [0, 1.5, "all"])
def test_draw_refuses_a_count_that_is_none(count):
    with pytest.raises(ValueError, match="from 1 on"):
        draw_labels([0, 1], count, 0)


def test_duplicates_across_finds_real_copies_and_only_those(digits):
    split = split_by_group(digits, 0.3, 0)
    clean = len(duplicates_across(digits, split))
    train, test = split.train[3], split.test[5]
    order = np.arange(len(digits))
    order[test] = train
    found = duplicates_across(digits.subset(order), split)
    assert clean == 0 and found == [(train, test)]


def test_duplicates_across_refuses_the_split_of_other_data(digits):
    with pytest.raises(ValueError, match="the split names item 179, the data have 20"):
        duplicates_across(digits.subset(np.arange(20)), split_by_group(digits))


def test_chance_and_majority(digits):
    assert chance(digits.labels) == 0.1
    assert majority([0, 1, 1], [1, 1, 0, 2]) == 0.5
