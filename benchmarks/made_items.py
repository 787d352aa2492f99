"""Folders of pictures and tables of texts of any size, made from the course's own."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from tlhelpers.data.texts import TextSet, load_sentiment
from tlhelpers.data.wild import load_wild_emoji

CLASSES = ("fruit_vegetable", "prepared_food", "vehicle", "clothing", "electronics")
SOURCES = ("movies", "products", "tweets")
SMALLEST, LARGEST = 200, 400  # pixels of a side
CROPS, LEAST_SHARE = 5, 0.5  # of each view; a crop's longer side as a share of the view's
TEXTS_EACH = 20  # of one author, on average
NEW_WORD = 0.02  # the share of words that no other text has: names, slips of the pen


def write_pictures(folder: Path, count: int) -> Path:
    """JPEG files in a folder per class, and a table of them with the thing that each shows.

    Each round shows every thing in a way of its own and takes some crops of that, as a burst of a
    camera does; sides have 200 to 400 pixels.
    """
    for name in CLASSES:
        (folder / name).mkdir(parents=True)
    rows: list[tuple[str, str, str]] = []
    for seed in range(count):
        images = load_wild_emoji("twemoji", CLASSES, LARGEST, views=1, clutter=0.7, seed=seed)
        rng = np.random.default_rng(seed)
        # In any order: the first hundred are of all classes.
        for place in np.tile(rng.permutation(len(images)), CROPS):
            if len(rows) == count:
                return _write_table(folder / "pictures.csv", ("path", "class", "thing"), rows)
            name = images.class_names[images.labels[place]]
            path = f"{name}/IMG_{len(rows):06}.jpg"
            _crop(images.pixels[place], rng).save(folder / path, quality=90)
            rows.append((path, name, images.groups[place]))
    raise AssertionError("a round without pictures")


def _crop(pixels: np.ndarray, rng: np.random.Generator) -> Image.Image:
    """A part of a square, of other sides and perhaps mirrored."""
    width, height = rng.integers(SMALLEST, LARGEST + 1, 2).tolist()
    share, left, top = rng.uniform(LEAST_SHARE, 1), rng.random(), rng.random()
    wide, high = (share * side * LARGEST / max(width, height) for side in (width, height))
    left, top = left * (LARGEST - wide), top * (LARGEST - high)
    box = (left, top, left + wide, top + high)
    crop = Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR, box)
    return ImageOps.mirror(crop) if rng.random() < 0.5 else crop


def write_texts(folder: Path, count: int) -> Path:
    """A table of texts: the halves of two of the course's sentences each, with a few new words."""
    folder.mkdir(parents=True)
    halves = _halves()
    rng = np.random.default_rng(0)
    rows = []
    for place in range(count):
        label = int(rng.integers(len(halves)))
        beginnings, ends = halves[label]
        said = [*beginnings[rng.integers(len(beginnings))], *ends[rng.integers(len(ends))]]
        for word in np.flatnonzero(rng.random(len(said)) < NEW_WORD):
            said[word] = f"{said[word]}{place}"
        author = f"author {rng.integers(max(40, count // TEXTS_EACH))}"
        rows.append((" ".join(said), ("negative", "positive")[label], author))
    return _write_table(folder / "texts.csv", ("text", "opinion", "author"), rows)


def _halves() -> list[tuple[list[list[str]], list[list[str]]]]:
    """By label, the words of the first and of the second half of each sentence."""
    sets = [load_sentiment(name, threshold=0, balanced=False) for name in SOURCES]
    return [
        tuple([part(words) for words in _words(sets, label)] for part in (_first, _second))
        for label in (0, 1)
    ]


def _words(sets: list[TextSet], label: int) -> list[list[str]]:
    return [text.split() for one in sets for text in one.texts[one.labels == label]]


def _first(words: list[str]) -> list[str]:
    return words[: (len(words) + 1) // 2]


def _second(words: list[str]) -> list[str]:
    return words[(len(words) + 1) // 2 :]


def _write_table(path: Path, heading: tuple[str, ...], rows) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([heading, *rows])
    return path
