"""Digits cut out and put into another set's frame: boxes, places, sizes, real sets of digits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlhelpers.data.digit_frames import Frame, digit_boxes, median_frame, put_in_frame
from tlhelpers.data.images import ImageSet, load_digits_pair
from tlhelpers.figures.domains import mean_digits

WHOLE = Frame(0, 1, 0, 1)


def set_of(*grays, labels=None) -> ImageSet:
    """Gray pictures as a set."""
    pixels = np.repeat(np.stack(grays).astype(np.uint8)[..., None], 3, axis=3)
    n = len(pixels)
    labels = np.arange(n) % 2 if labels is None else labels
    return ImageSet(pixels, labels, ["no", "yes"], [f"g{i}" for i in range(n)], "made")


def block(box, height=20, width=20, value=200) -> np.ndarray:
    """A picture that is black but for one block: rows and columns from … to."""
    picture = np.zeros((height, width))
    picture[box[0] : box[1], box[2] : box[3]] = value
    return picture


def where(picture: np.ndarray) -> list[int]:
    """The box of what is at least half as bright as the brightest."""
    bright = picture >= picture.max() / 2
    sides = [np.flatnonzero(bright.any(axis=axis)) for axis in (1, 0)]
    return [side for found in sides for side in (found[0], found[-1] + 1)]


BOXES = st.tuples(st.integers(0, 12), st.integers(6, 8), st.integers(0, 12), st.integers(3, 8)).map(
    lambda b: (b[0], b[0] + b[1], b[2], b[2] + b[3])
)
FRAMES = st.sampled_from([WHOLE, Frame(0.2, 0.8, 0.2, 0.8), Frame(0.1, 0.7, 0.3, 0.9)])
FEW = settings(deadline=None, max_examples=25)


@FEW
@given(st.lists(BOXES, min_size=1, max_size=5), st.integers(40, 255))
def test_the_box_is_the_smallest_around_what_is_bright(boxes, value):
    images = set_of(*(block(box, value=value) for box in boxes))
    assert digit_boxes(images).tolist() == [list(box) for box in boxes]
    shares = np.median(boxes, axis=0) / 20
    frame = median_frame(images)
    assert [frame.top, frame.bottom, frame.left, frame.right] == pytest.approx(shares.tolist())


def test_what_is_dim_beside_the_digit_does_not_belong_to_it():
    picture = block((5, 15, 8, 12))
    picture[2, 3], picture[16, 4] = 40, 60
    assert digit_boxes(set_of(picture)).tolist() == [[5, 17, 4, 12]]
    assert digit_boxes(set_of(picture), ink=0.5).tolist() == [[5, 15, 8, 12]]
    assert digit_boxes(set_of(picture), ink=0.1).tolist() == [[2, 17, 3, 12]]


@FEW
@given(BOXES, FRAMES)
def test_a_digit_becomes_as_high_as_the_frame_and_keeps_its_shape(box, frame):
    size = 60
    moved = put_in_frame(set_of(block(box)), frame, size)
    assert moved.pixels.shape == (1, size, size, 3)
    height, width = box[1] - box[0], box[3] - box[2]
    scale = size * min((frame.bottom - frame.top) / height, 1 / width)
    middle = size * np.array([frame.top + frame.bottom, frame.left + frame.right]) / 2
    half = np.array([height, width]) * scale / 2
    wanted = np.clip(np.stack([middle - half, middle + half], axis=1), 0, size)
    np.testing.assert_allclose(where(moved.pixels[0, ..., 0]), wanted.ravel(), atol=1.01)


@FEW
@given(BOXES, FRAMES)
def test_stretched_it_fills_the_frame(box, frame):
    moved = put_in_frame(set_of(block(box)), frame, 60, stretch=True)
    wanted = 60 * np.array([frame.top, frame.bottom, frame.left, frame.right])
    np.testing.assert_allclose(where(moved.pixels[0, ..., 0]), wanted, atol=1.01)


@FEW
@given(BOXES, st.tuples(st.integers(-4, 4), st.integers(-4, 4)))
def test_where_a_digit_stood_does_not_matter(box, shift):
    there = np.clip(np.array(box) + np.repeat(shift, 2), 0, 20)
    if (there[1::2] - there[::2] != np.array(box)[1::2] - np.array(box)[::2]).any():
        return  # it would leave the picture
    frame = Frame(0.2, 0.8, 0.2, 0.8)
    moved = [put_in_frame(set_of(block(b)), frame, 16).pixels for b in (box, there)]
    np.testing.assert_allclose(*(pixels.astype(int) for pixels in moved), atol=1)


def test_a_digit_that_lies_in_the_frame_already_stays_as_it_is():
    images = set_of(block((4, 16, 6, 14)), block((4, 16, 5, 15)))
    moved = put_in_frame(images, Frame(0.2, 0.8, 0.25, 0.75))
    np.testing.assert_array_equal(moved.pixels, images.pixels)
    of_set = put_in_frame(images, images)
    np.testing.assert_array_equal(of_set.pixels, images.pixels)


def test_a_digit_wider_than_high_is_not_cut_off():
    flat = set_of(block((9, 12, 2, 18)))
    assert where(put_in_frame(flat, WHOLE, 40).pixels[0, ..., 0])[2:] == [0, 40]


def test_pictures_need_not_be_square_and_colours_stay():
    picture = np.zeros((1, 30, 20, 3), np.uint8)
    picture[0, 5:15, 5:10] = (200, 100, 50)
    images = ImageSet(picture, [0], ["no", "yes"], ["a"], "made")
    moved = put_in_frame(images, WHOLE)
    assert moved.pixels.shape == (1, 30, 20, 3)
    # 10 by 5 becomes 30 by 15, on the middle of 20.
    assert where(moved.pixels[0, ..., 0]) == pytest.approx([0, 30, 2.5, 17.5], abs=1)
    assert moved.pixels[0, 15, 10].tolist() == [200, 100, 50]


def test_all_but_the_pixels_stays():
    images = set_of(block((4, 16, 6, 14)), block((2, 9, 5, 15)), labels=[1, 0])
    before = images.pixels.copy()
    moved = put_in_frame(images, WHOLE, 8)
    assert moved.labels.tolist() == [1, 0] and moved.groups.tolist() == ["g0", "g1"]
    assert (moved.domain, moved.class_names) == ("made", ["no", "yes"])
    np.testing.assert_array_equal(images.pixels, before)


def some_of(name: str, size: int) -> ImageSet:
    """Digits of all classes: those of MNIST come sorted."""
    images = load_digits_pair(name, size)
    return images.subset(np.arange(0, len(images), len(images) // 250))


@pytest.fixture(scope="module")
def real():
    """Some of the two sets, as large as they are."""
    return {"mnist": some_of("mnist", 28), "digits": some_of("digits", 8)}


@pytest.mark.parametrize(("moved", "like"), [("mnist", "digits"), ("digits", "mnist")])
def test_real_digits_get_the_frame_of_the_other_set(real, moved, like):
    """Not a new place alone: their mean pictures become more alike."""
    wanted, before = median_frame(real[like]), median_frame(real[moved])
    found = put_in_frame(real[moved], real[like], 16)
    after = median_frame(found)
    for side in ("top", "bottom"):
        assert getattr(after, side) == pytest.approx(getattr(wanted, side), abs=1 / 16)
        assert abs(getattr(before, side) - getattr(wanted, side)) > 2 / 16
    shown = some_of(moved, 16), found, some_of(like, 16)
    means = [images.pixels.mean(axis=(0, 3)) for images in shown]
    distance = [np.abs(mean - means[2]).mean() for mean in means[:2]]
    assert distance[1] < 0.75 * distance[0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: digit_boxes(set_of(block((2, 9, 5, 9)), np.zeros((20, 20)))),
            "1 picture.s. have one",
        ),
        (
            lambda: digit_boxes(set_of(255 - block((5, 15, 5, 15)))),
            "must be light on a dark ground",
        ),
        (lambda: digit_boxes(set_of(block((2, 9, 5, 9))).subset([])), "no picture in the set"),
        (lambda: digit_boxes(set_of(block((2, 9, 5, 9))), ink=1), "ink must lie between 0 and 1"),
        (
            lambda: put_in_frame(set_of(block((2, 9, 5, 9))), WHOLE, 0),
            "size must be a whole number",
        ),
        (lambda: Frame(0.5, 0.5, 0, 1), "0 ≤ top < bottom ≤ 1, got 0.5 and 0.5"),
        (lambda: Frame(0, 1, -0.1, 1), "0 ≤ left < right ≤ 1"),
        (lambda: Frame(0, float("nan"), 0, 1), "0 ≤ top < bottom ≤ 1"),
        (lambda: mean_digits({}), "no set to draw"),
    ],
    ids=["empty", "dark", "none", "ink", "size", "no height", "outside", "NaN", "no figure"],
)
def test_what_is_no_digit_or_no_frame_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_first_picture_without_a_digit_is_named():
    pictures = [block((2, 9, 5, 9)), np.zeros((20, 20)), np.full((20, 20), 90)]
    with pytest.raises(
        ValueError, match=r"2 picture\(s\) have one brightness throughout, the first is 1"
    ):
        digit_boxes(set_of(*pictures))


def test_the_figure_shows_the_mean_and_the_frame_and_says_it():
    images = set_of(block((4, 16, 6, 14)), block((4, 16, 6, 14), value=100))
    shown = mean_digits({"a": images, "b": put_in_frame(images, WHOLE, 10)}, "before, after")
    first, second = shown.figure.axes
    assert [axes.get_title() for axes in (first, second)] == ["a", "b"]
    drawn = first.images[0].get_array()
    assert drawn[10, 10] == pytest.approx(150) and drawn[0, 0] == 0
    assert [image.get_clim() for axes in (first, second) for image in axes.images] == [(0, 255)] * 2
    [box] = first.patches
    assert (*box.get_xy(), box.get_width(), box.get_height()) == pytest.approx((0.3, 0.2, 0.4, 0.6))
    assert "a: from 20% to 80% of the height and from 30% to 70% of the width" in shown.alt
    assert "b: from 0% to 100% of the height" in shown.alt and "before, after" in shown.alt


def test_more_sets_than_columns_take_more_rows():
    images = set_of(block((4, 16, 6, 14)))
    shown = mean_digits({str(i): images for i in range(5)}, columns=2)
    assert [bool(axes.images) for axes in shown.figure.axes] == [True] * 5 + [False]
