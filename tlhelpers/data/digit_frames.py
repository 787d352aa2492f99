"""Digits of one set put into the frame of another: as high, and with the same margins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from tlhelpers.checks import is_number, whole
from tlhelpers.data.images import ImageSet

INK = 0.25


@dataclass(frozen=True)
class Frame:
    """Where a digit lies in its picture, as shares of height and width from above and from left.

    Attributes
    ----------
    top, bottom, left, right : float
        From 0 to 1; 0, 1, 0, 1 touches the picture's edge on all sides.
    """

    top: float
    bottom: float
    left: float
    right: float

    def __post_init__(self):
        for first, last in (("top", "bottom"), ("left", "right")):
            ends = getattr(self, first), getattr(self, last)
            if not all(map(is_number, ends)) or not 0 <= ends[0] < ends[1] <= 1:
                raise ValueError(
                    f"a frame must have 0 ≤ {first} < {last} ≤ 1, got {ends[0]!r} and {ends[1]!r}"
                )


def digit_boxes(images: ImageSet, ink: float = INK) -> np.ndarray:
    """The smallest box around each digit.

    Parameters
    ----------
    images : ImageSet
        Light digits on a dark ground.
    ink : float
        What belongs to a digit: at least this share of the picture's brightest value.

    Returns
    -------
    int64 array, shape (n, 4)
        First row, row after the last, first column, column after the last.

    Raises
    ------
    ValueError
        If there is no picture, `ink` is not between 0 and 1, the ground is light, or a picture has
        one brightness throughout, so that no digit is in it; the message tells its place.
    """
    if not (is_number(ink) and 0 < ink < 1):
        raise ValueError(f"ink must lie between 0 and 1, got {ink!r}")
    gray = _gray(images)
    empty = np.flatnonzero(gray.min(axis=(1, 2)) == gray.max(axis=(1, 2)))
    if len(empty):
        raise ValueError(
            f"{len(empty)} picture(s) have one brightness throughout, the first is {empty[0]}: "
            "leave them out with subset()"
        )
    is_ink = gray >= ink * gray.max(axis=(1, 2), keepdims=True)
    ends = [_first_and_last(is_ink.any(axis=axis)) for axis in (2, 1)]
    return np.concatenate(ends, axis=1)


def _gray(images: ImageSet) -> np.ndarray:
    if not len(images):
        raise ValueError("there is no picture in the set")
    gray = images.pixels.mean(axis=3)
    if np.median(gray[:, [0, 0, -1, -1], [0, -1, 0, -1]]) > 255 / 2:
        raise ValueError("digits must be light on a dark ground: take 255 − pixels")
    return gray


def _first_and_last(has_ink: np.ndarray) -> np.ndarray:
    """Of bool (n, length) the first place and the one after the last, int64 (n, 2)."""
    first, last = has_ink.argmax(axis=1), has_ink.shape[1] - has_ink[:, ::-1].argmax(axis=1)
    return np.stack([first, last], axis=1)


def median_frame(images: ImageSet, ink: float = INK) -> Frame:
    """Where most digits of a set lie: the median of each side of their boxes.

    No label is used: a target may be looked at in this way.

    Parameters
    ----------
    images : ImageSet
    ink : float
        As for `digit_boxes`.

    Returns
    -------
    Frame

    Raises
    ------
    ValueError
        As for `digit_boxes`.
    """
    height, width = images.pixels.shape[1:3]
    sides = np.median(digit_boxes(images, ink), axis=0) / [height, height, width, width]
    return Frame(*sides.tolist())


def put_in_frame(
    images: ImageSet,
    frame: Frame | ImageSet,
    size: int | None = None,
    stretch: bool = False,
    ink: float = INK,
) -> ImageSet:
    """Cut each digit out and put it where digits of another set lie.

    Give pictures as large as they are at first: each is scaled once. A digit becomes as high as
    the frame, and its middle that of the frame; one that would be wider than the picture
    becomes as wide as the picture. What is beyond the edge of the old picture is black.

    Parameters
    ----------
    images : ImageSet
        Light digits on a dark ground.
    frame : Frame or ImageSet
        Of a set its `median_frame`.
    size : int, optional
        Height and width of the new pictures in pixels; as before when left out.
    stretch : bool
        Make each digit as wide as the frame too; otherwise it keeps its shape.
    ink : float
        As for `digit_boxes`.

    Returns
    -------
    ImageSet
        The same labels, groups and domain.

    Raises
    ------
    ValueError
        As for `digit_boxes`, or if the size is no whole number from 1 on.
    """
    if size is not None:
        whole("size", size)
    frame = median_frame(frame, ink) if isinstance(frame, ImageSet) else frame
    shape = images.pixels.shape[1:3] if size is None else (size, size)
    pixels = [
        _resampled(picture, _region(box, frame, shape, stretch), shape)
        for picture, box in zip(images.pixels, digit_boxes(images, ink), strict=True)
    ]
    parts = (images.labels, images.class_names, images.groups, images.domain)
    return ImageSet(np.stack(pixels), *parts)


def _region(box: np.ndarray, frame: Frame, shape: tuple[int, int], stretch: bool) -> np.ndarray:
    """What of the old picture, and beyond it, the new one shows: left, top, right, bottom."""
    top, bottom, left, right = box
    high = (bottom - top) / (frame.bottom - frame.top)
    if stretch:
        wide = (right - left) / (frame.right - frame.left)
    else:
        high = max(high, (right - left) * shape[0] / shape[1])
        wide = high * shape[1] / shape[0]
    x = (left + right) / 2 - wide * (frame.left + frame.right) / 2
    y = (top + bottom) / 2 - high * (frame.top + frame.bottom) / 2
    return np.array([x, y, x + wide, y + high])


def _resampled(picture: np.ndarray, region: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The region (left, top, right, bottom) in a picture of this height and width."""
    height, width = picture.shape[:2]
    beyond = [-region[1], region[3] - height, -region[0], region[2] - width]
    above, below, before, after = (max(0, int(np.ceil(pixels))) for pixels in beyond)
    wider = np.pad(picture, ((above, below), (before, after), (0, 0)))
    moved = region + np.array([before, above, before, above])
    # Rounding may put the region a hair beyond the picture, which Pillow refuses.
    box = np.clip(moved, 0, [wider.shape[1], wider.shape[0]] * 2)
    image = Image.fromarray(wider).resize(shape[::-1], Image.Resampling.BICUBIC, box=tuple(box))
    return np.asarray(image)
