"""The report of what was read: short lines, whatever the names are."""

import pytest

from tlhelpers.data.reading import LONGEST, SHOWN, Reading, name_some


@pytest.mark.parametrize("length", [1, LONGEST, LONGEST + 1, 5000])
def test_a_name_that_would_fill_the_screen_is_shortened(length):
    name = "a" * (length - 1) + "z"
    told = name_some([(name, ""), ("b", name)])
    assert (name in told) == (length <= LONGEST)
    assert told.startswith(name[:50]) and told.endswith("z)")
    assert len(told) < 3 * LONGEST


@pytest.mark.parametrize("count", [1, SHOWN, SHOWN + 1, 1000])
def test_some_names_stand_for_many(count):
    told = name_some((f"n{i}", "") for i in range(count))
    assert told.count("n") == min(count, SHOWN) + ("and" in told)
    assert (f"and {count - SHOWN} more" in told) == (count > SHOWN)


@pytest.mark.parametrize(("count", "wanted"), [
    (2, "n0 = n1"), (5, "n0 = n1 = n2 = n3 = n4"), (6, "n0 = n1 = n2 = n3 = 2 more"),
    (100, "n0 = n1 = n2 = n3 = 96 more"),
])  # fmt: skip
def test_a_large_group_is_told_by_its_first(count, wanted):
    group = [f"n{i}" for i in range(count)]
    reading = Reading("here", names=group, duplicates=[group], conflicts=[group])
    assert f"1 group of two classes or more: {wanted}" in reading.lines()
    assert reading.conflicts == [group]
