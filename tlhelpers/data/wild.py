"""Drawings in the wild: emoji moved, turned and lit at random, on crops of photographs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

from tlhelpers.checks import is_number, known, whole
from tlhelpers.data.images import (
    BOTH,
    STYLES,
    ImageSet,
    choose_emoji,
    pool_sets,
    render_cut_out,
    share_while_held,
)
from tlhelpers.data.photographs import PHOTOGRAPHS, load_photograph

# How far a view goes where the dial stands at 1.
SMALLEST, LARGEST = 0.4, 0.9  # the drawing's side as a share of the picture's
TURN = 45  # degrees to either side
CONTRAST, BRIGHTNESS, COLOUR = 1.6, 1.5, 1.2  # each between a division and a multiplication by it
# A crop of a photograph is a square of this share of its height, at most all of it.
SMALLEST_CROP = 0.25
NUMBERS_OF_A_VIEW = 14  # a view draws all of them, whatever uses them: no dial changes another's
MIDDLE_GRAY = 128


def load_wild_emoji(
    style: str = "twemoji",
    classes: Sequence[str] | None = None,
    size: int = 96,
    selection: str = "large",
    *,
    views: int = 4,
    clutter: float = 1.0,
    variation: float | None = None,
    photographs: str | Sequence[str] = PHOTOGRAPHS,
    seed: int = 0,
) -> ImageSet:
    """Several random views of each drawing, on crops of scikit-learn's photographs.

    A made domain whose difficulty can be turned up and down. A view depends only on the seed, the
    emoji and the view's number: fewer views, fewer classes or another selection give some of the
    same pictures, both styles are seen in the same ways, and turning a dial changes every view
    gradually.

    Parameters
    ----------
    style : {"twemoji", "openmoji", "both"}
        The drawing style. With both, first all views of the one, then all of the other.
    classes : list of str, optional
        Names of classes of the selection; all when left out.
    size : int
        Height and width in pixels.
    selection : {"large", "small"}
        As for `load_emoji`.
    views : int
        Pictures per drawing.
    clutter : float
        How much of the photograph shows behind the drawing, from 0 (white) to 1 (all of it).
    variation : float, optional
        How far scale, turn, place and light vary, from 0 (not at all) to 1; as much as `clutter`
        when left out. With both at 0, every view is the plain drawing up to rounding.
    photographs : {"china", "flower"} or a list of them
        What the crops are taken from: train on the one and test on the other for backgrounds that
        are really new.
    seed : int
        Another seed, other views of the same drawings.

    Returns
    -------
    ImageSet
        The views of one drawing follow one another; `groups` holds the emoji's short name, so that
        `split_by_group` keeps them together and splits as it does for `load_emoji`.

    Raises
    ------
    ValueError
        If a name is unknown, fewer than two classes are asked for, a dial lies outside 0 to 1, or
        a number is not whole.

    Notes
    -----
    All backgrounds come from two photographs, also those of the test drawings. They are drawn
    without regard to the class and so tell nothing about it, but a model that trains on them learns
    to see past these two, and a test on the same two flatters it: `photographs` keeps them apart.
    Views of one drawing are not independent of each other: the number of drawings says how sure a
    result is.
    """
    whole("size", size)
    whole("views", views)
    whole("seed", seed, least=0)
    known("emoji style", style, [*STYLES, BOTH])
    clutter = _dial("clutter", clutter)
    variation = clutter if variation is None else _dial("variation", variation)
    photographs = _names_of(photographs)
    class_names, names, labels = choose_emoji(classes, selection)
    parts = [
        _with_labels(
            _all_views(each, names, size, views, clutter, variation, photographs, seed),
            (class_names, names, labels),
            each,
        )
        for each in (STYLES if style == BOTH else [style])
    ]
    return pool_sets(parts) if len(parts) > 1 else parts[0]


def label_wild_emoji(style: str = "twemoji", selection: str = "large", views: int = 4) -> ImageSet:
    """The labels and groups of `load_wild_emoji`, each with one white pixel for its picture.

    At once, where the pictures themselves are not looked at: to read a stored table, say.
    """
    known("emoji style", style, STYLES)
    whole("views", views)
    chosen = choose_emoji(None, selection)
    blank = np.full((len(chosen[1]) * views, 1, 1, 3), 255, dtype=np.uint8)
    return _with_labels(blank, chosen, style)


def _with_labels(pixels: np.ndarray, chosen: tuple, style: str) -> ImageSet:
    """The views of what `choose_emoji` gave, the same number of each drawing."""
    class_names, names, labels = chosen
    views = len(pixels) // len(names)
    groups = np.repeat(np.array(names), views)
    return ImageSet(pixels, labels.repeat(views), class_names, groups, f"{style} in the wild")


def _dial(name: str, value) -> float:
    if not is_number(value) or not 0 <= value <= 1:
        raise ValueError(f"{name} must be a number from 0 to 1, got {value!r}")
    return float(value)


def _names_of(photographs: str | Iterable[str]) -> tuple[str, ...]:
    several = isinstance(photographs, Iterable) and not isinstance(photographs, str)
    names = tuple(photographs) if several else (photographs,)
    if not names:
        raise ValueError(f"photographs are empty: name at least one of {', '.join(PHOTOGRAPHS)}")
    for name in names:
        known("photograph", name, PHOTOGRAPHS)
    return names


@share_while_held
def _all_views(
    style: str,
    names: tuple[str, ...],
    size: int,
    views: int,
    clutter: float,
    variation: float,
    photographs: tuple[str, ...],
    seed: int,
) -> np.ndarray:
    """All views of all drawings, uint8 (n, size, size, 3).

    Views are made side by side, since the library that changes the pictures lets other threads run.
    """
    scenes = [load_photograph(name) for name in photographs]
    pixels = np.empty((len(names) * views, size, size, 3), dtype=np.uint8)

    def fill(name: str, own: np.ndarray) -> None:
        cut_out = render_cut_out(name, style, size)
        for view in range(views):
            own[view] = _view(cut_out, scenes, clutter, variation, _chances(seed, name, view))

    with ThreadPoolExecutor() as pool:
        list(pool.map(fill, names, pixels.reshape(-1, views, size, size, 3)))
    return pixels


def _chances(seed: int, name: str, view: int) -> np.ndarray:
    """The random numbers of one view, from 0 to 1; a hash, so that no two views share a stream."""
    digest = hashlib.sha256(f"{seed}/{name}/{view}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big")).random(NUMBERS_OF_A_VIEW)


def _view(
    cut_out: np.ndarray,
    scenes: list[Image.Image],
    clutter: float,
    variation: float,
    chance: np.ndarray,
) -> np.ndarray:
    """One view of one drawing, uint8 (size, size, 3)."""
    image = _background(scenes, len(cut_out), clutter, chance[:5])
    _put_on(image, Image.fromarray(cut_out), variation, chance[5:9])
    return np.asarray(_lit(image, variation, chance[9:]))


def _background(
    scenes: list[Image.Image], size: int, clutter: float, chance: np.ndarray
) -> Image.Image:
    """A crop of one photograph, mirrored or not, mixed with white."""
    which, how_large, across, down, mirror = chance
    scene = scenes[int(which * len(scenes))]
    side = (SMALLEST_CROP + (1 - SMALLEST_CROP) * how_large) * scene.height
    left, top = across * (scene.width - side), down * (scene.height - side)
    box = (left, top, left + side, top + side)
    crop = scene.resize((size, size), Image.Resampling.BILINEAR, box=box, reducing_gap=2)
    if mirror < 1 / 2:
        crop = crop.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return Image.blend(Image.new("RGB", crop.size, "white"), crop, clutter)


def _put_on(
    behind: Image.Image, drawing: Image.Image, variation: float, chance: np.ndarray
) -> None:
    """Paste the drawing onto the background, smaller, turned and off the middle."""
    share = SMALLEST + (LARGEST - SMALLEST) * chance[0]
    turn, right, down = 2 * chance[1:] - 1
    side = max(1, round(drawing.width * (1 - variation * (1 - share))))
    if side != drawing.width:
        drawing = drawing.resize((side, side), Image.Resampling.BICUBIC)
    drawing = drawing.rotate(variation * TURN * turn, Image.Resampling.BICUBIC, expand=True)
    free = (behind.width - side) / 2
    middle = [behind.width / 2 + variation * shift * free for shift in (right, down)]
    corner = tuple(
        round(centre - edge / 2) for centre, edge in zip(middle, drawing.size, strict=True)
    )
    behind.paste(drawing, corner, mask=drawing)


def _lit(image: Image.Image, variation: float, chance: np.ndarray) -> Image.Image:
    """The picture in another light: contrast, brightness, and each colour by itself."""
    contrast, brightness, *colours = (2 * chance - 1) * variation
    levels = MIDDLE_GRAY + (np.arange(256) - MIDDLE_GRAY) * CONTRAST**contrast
    levels = levels * BRIGHTNESS**brightness
    tables = [np.clip(np.round(levels * COLOUR**colour), 0, 255) for colour in colours]
    return image.point(np.concatenate(tables).astype(int).tolist())
