"""Decoded pictures that are kept: in few blocks, as copies, never more than they may take."""

import numpy as np
import pytest

from tlhelpers.data import file_pixels
from tlhelpers.data.file_pixels import KeptSquares

SIZE = 8
BYTES = SIZE * SIZE * 3


def square(value: int) -> np.ndarray:
    return np.full((SIZE, SIZE, 3), value, np.uint8)


def kept_of(values, push=True) -> KeptSquares:
    kept = KeptSquares()
    for value in values:
        kept.keep(bytes([value]), square(value), push)
    return kept


def found(kept: KeptSquares, values) -> list[int]:
    """Of these, what is kept; each must be whole."""
    squares = {value: kept.find(bytes([value])) for value in values}
    for value, one in squares.items():
        assert one is None or (one == value).all()
    return [value for value, one in squares.items() if one is not None]


@pytest.mark.parametrize("block", [1, 3 * BYTES, 1000 * BYTES])
@pytest.mark.parametrize(("push", "stay"), [(True, [7, 8, 9, 10, 11]), (False, [0, 1, 2, 3, 4])])
def test_no_more_is_kept_than_may_be_and_the_last_push_out_the_first(
    monkeypatch, block, push, stay
):
    monkeypatch.setattr(file_pixels, "KEPT_BYTES", 5 * BYTES + 1)
    monkeypatch.setattr(file_pixels, "BLOCK_BYTES", block)
    assert found(kept_of(range(12), push), range(12)) == stay


def test_what_was_asked_for_last_stays(monkeypatch):
    monkeypatch.setattr(file_pixels, "KEPT_BYTES", 3 * BYTES)
    kept = kept_of([1, 2, 3])
    assert found(kept, [1]) == [1]
    kept.keep(bytes([4]), square(4))
    assert found(kept, range(5)) == [1, 3, 4]


def test_too_large_a_picture_is_not_kept(monkeypatch):
    monkeypatch.setattr(file_pixels, "KEPT_BYTES", BYTES - 1)
    assert found(kept_of([1]), [1]) == []


def test_pictures_lie_together_and_what_is_handed_out_is_a_copy():
    kept = kept_of(range(20))
    assert len({id(one.base) for one in kept._squares.values()}) == 1
    first = kept.find(bytes([3]))
    first[:] = 99
    assert found(kept, [3]) == [3]
