"""Folders of small JPEG files that their number alone decides, and pictures that stay there."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from PIL import Image

from tlhelpers.data.file_pixels import FilePixels
from tlhelpers.data.picture_files import PictureFiles


def write_pictures(folder: Path, count: int, size: int = 48) -> list[Path]:
    """Coloured slopes, two classes: the red ones and the blue ones."""
    folder.mkdir(parents=True, exist_ok=True)
    slope = np.linspace(0, 120, size)[None, :, None]
    files = []
    for number in range(count):
        rng = np.random.default_rng(number)
        pixels = rng.uniform(0, 100, (1, 1, 3)) + slope * rng.uniform(0.3, 1, (1, 1, 3))
        pixels[..., 2 * (number % 2)] += 60
        files.append(folder / f"{number:06}.jpg")
        rows = np.broadcast_to(pixels, (size, size, 3))
        Image.fromarray(rows.clip(0, 255).astype(np.uint8)).save(files[-1], quality=80)
    return files


def pictures_of(files: list[Path], size: int) -> PictureFiles:
    """They stay on disk; nothing is surveyed."""
    digests = [hashlib.sha256(path.read_bytes()).digest() for path in files]
    pixels = FilePixels([str(path) for path in files], digests, size, {})
    labels = np.arange(len(files)) % 2
    groups = [str(number) for number in range(len(files))]
    return PictureFiles(pixels, labels, ["red", "blue"], groups, "slopes")
