"""A few real photographs that come with libraries, cut into crops."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tlhelpers.checks import known, whole
from tlhelpers.data.images import ImageSet

PHOTOGRAPHS = ("china", "flower")


def load_photograph(name: str) -> Image.Image:
    """Open one of the two photographs that scikit-learn ships; others bring a ValueError."""
    from sklearn.datasets import load_sample_image

    known("photograph", name, PHOTOGRAPHS)
    return Image.fromarray(load_sample_image(f"{name}.jpg"))


def photograph_crops(each: int = 60, size: int = 224, seed: int = 0) -> ImageSet:
    """Square crops of the two photographs that scikit-learn ships.

    They show a Chinese temple and a flower; what matters is that they are photographs, as the
    pictures of ImageNet are.

    Parameters
    ----------
    each : int
        Crops per photograph.
    size : int
        Height and width in pixels they are scaled to. A crop takes 40 to 100 % of the
        photograph's height.
    seed : int
        Draws the crops.

    Returns
    -------
    ImageSet
        `labels` tell the photograph, `groups` the crop.

    Raises
    ------
    ValueError
        If `each` or `size` is no whole number from 1 on.
    """
    whole("each", each)
    whole("size", size)
    rng = np.random.default_rng(seed)
    pixels, labels = [], []
    for label, name in enumerate(PHOTOGRAPHS):
        photograph = load_photograph(name)
        for _ in range(each):
            side = int(rng.uniform(0.4, 1.0) * photograph.height)
            left, top = (int(rng.integers(0, edge - side + 1)) for edge in photograph.size)
            crop = photograph.crop((left, top, left + side, top + side))
            pixels.append(np.asarray(crop.resize((size, size), Image.Resampling.BICUBIC)))
            labels.append(label)
    groups = np.array([f"crop-{i}" for i in range(len(labels))])
    return ImageSet(np.stack(pixels), labels, list(PHOTOGRAPHS), groups, "photographs")
