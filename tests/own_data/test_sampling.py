"""Samples, splits and draws: by group, stratified, nested, the same for every strategy."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tlhelpers.errors import CourseError
from tlhelpers.own_data.held_out import held_out_probabilities
from tlhelpers.own_data.sampling import (
    check_splittable,
    counts_of,
    plan_sides,
    stratified_order,
    whole_groups,
)


def made(counts, group_size=1):
    labels = np.repeat(np.arange(len(counts)), counts)
    groups = [f"{label}-{place // group_size}" for place, label in enumerate(labels)]
    names = [f"class {i}" for i in range(len(counts))]
    return SimpleNamespace(labels=labels, groups=np.array(groups), class_names=names)


sets = some.builds(made, some.lists(some.integers(8, 60), min_size=2, max_size=6),
                   some.integers(1, 3))  # fmt: skip


@given(data=sets, share=some.floats(0.05, 1), seed=some.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_each_beginning_of_the_order_is_stratified_and_ends_with_a_group(data, share, seed):
    order = stratified_order(data.labels, data.groups, seed)
    assert np.array_equal(np.sort(order), np.arange(len(data.labels)))
    count = whole_groups(order, data.groups, int(share * len(order)), data.labels)
    inside, rest = order[:count], order[count:]
    assert not set(data.groups[inside]) & set(data.groups[rest])
    own = np.bincount(data.labels[inside], minlength=len(data.class_names))
    assert (own >= 2).all()
    wanted = np.bincount(data.labels) * count / len(order)
    assert (abs(own - wanted) <= 3 * 3 + 2).all()
    used = np.sort(inside)
    check_splittable(SimpleNamespace(labels=data.labels[used], groups=data.groups[used]))


@given(data=sets, seed=some.integers(0, 9))
@settings(max_examples=25, deadline=None)
def test_draws_are_nested_and_hold_every_class(data, seed):
    (side,) = plan_sides(data, [seed])
    draws = [set(items.tolist()) for _, items in sorted(side.draws.items())]
    assert all(small <= large for small, large in pairwise(draws))
    assert all(len(set(data.labels[list(draw)])) == len(data.class_names) for draw in draws)
    assert not set(data.groups[list(draws[-1])]) & set(data.groups[side.test])
    counts = counts_of([side], len(data.class_names))
    assert len(set(counts.values())) == len(counts) and 1.0 in counts


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (made([5]), "one class"),
        (made([5, 1]), "'class 1' has 1 item"),
        (made([6, 6], group_size=20), "group"),
    ],
    ids=["one class", "one item", "one group each"],
)
def test_data_that_cannot_be_split_get_one_clear_error(data, told):
    with pytest.raises(CourseError, match=told):
        check_splittable(data)


@pytest.mark.parametrize("counts", [[2, 2], [20, 3, 3], [3] * 12])
def test_every_item_gets_probabilities_by_heads_that_did_not_see_its_group(counts):
    data = made(counts)
    rng = np.random.default_rng(0)
    rows = np.eye(len(counts))[data.labels] + 0.1 * rng.random((len(data.labels), len(counts)))
    found = held_out_probabilities(rows, data.labels, data.groups, len(counts) + 1, 0)
    known = np.isfinite(found).all(1)
    assert known.mean() > 0.4 and np.allclose(found[known].sum(1), 1)
    assert not found[known, -1].any(), "a class without items has no probability"


def test_what_an_item_is_itself_does_not_tell_its_probabilities():
    """Groups of two equal items with labels of chance: who peeks would know them all."""
    rng = np.random.default_rng(1)
    rows, labels = (
        np.repeat(rng.normal(size=(100, 20)), 2, 0),
        np.repeat(rng.integers(2, size=100), 2),
    )
    groups = np.repeat(np.arange(100), 2).astype(str)
    found = held_out_probabilities(rows, labels, groups, 2, 0)
    assert abs((found.argmax(1) == labels).mean() - 0.5) < 0.2
