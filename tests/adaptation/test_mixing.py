"""How well features mix two domains, against neighbours found by hand."""

import numpy as np
import pytest
from made_figures import two_domains

from tlhelpers.adaptation.mixing import neighbours_shared


def neighbours_by_hand(rows, domains, classes):
    rows = (rows - rows.mean(0)) / rows.std(0)
    apart = np.linalg.norm(rows[:, None] - rows[None], axis=2)
    target = domains == "drawings"
    across = apart[np.ix_(target, ~target)].argmin(1)
    np.fill_diagonal(apart, np.inf)
    other = np.mean(target[apart.argmin(1)] != target)
    return other, np.mean(classes[~target][across] == classes[target])


@pytest.mark.parametrize("gap", [0.0, 0.7, 8.0])
def test_neighbours_are_those_found_by_hand(gap):
    rows, domains, classes = two_domains(gap=gap, columns=4)
    wanted = neighbours_by_hand(rows, domains, classes)
    assert neighbours_shared(rows, domains, classes) == pytest.approx(wanted)


def test_neighbours_of_domains_far_apart_and_of_copies():
    rows, domains, classes = two_domains(gap=100.0)
    assert neighbours_shared(rows, domains, classes)[0] == 0
    twice = np.concatenate([rows[:60], rows[:60] + 1e-9])
    assert neighbours_shared(twice, domains, np.tile(classes[:60], 2)) == (1, 1)
    assert neighbours_shared(twice * [1, 1, 1, 1, 1, 1e6], domains, classes)[0] == 1
    constant = np.column_stack([twice, np.ones(120)])
    assert neighbours_shared(constant, domains, classes)[0] == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"features": np.ones((30, 1))}, r"two columns at least, got \(30, 1\)"),
        ({"features": np.full((30, 2), np.nan)}, "NaN or infinite"),
        ({"domains": ["a", "b"]}, "30 rows, but 2 domains and 30 classes"),
        ({"domains": ["a", "b", "c"] * 10}, "items of two domains, got a, b, c"),
        ({"classes": [0.5] * 30}, "classes"),
    ],
)
def test_what_is_not_two_domains_is_refused(change, message):
    rows, domains, classes = two_domains(n=15)
    given = {"features": rows, "domains": domains, "classes": classes}
    with pytest.raises(ValueError, match=message):
        neighbours_shared(**(given | change))
