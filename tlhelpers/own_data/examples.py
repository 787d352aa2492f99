"""A folder and a table as people have them, for those who have none at hand: faults included."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

from tlhelpers.data.images import ImageSet
from tlhelpers.data.texts import load_sentiment
from tlhelpers.data.wild import load_wild_emoji
from tlhelpers.setup import locks
from tlhelpers.setup.files import write_atomically
from tlhelpers.setup.paths import PARTIAL, derived_dir

CLASSES = ("fruit_vegetable", "prepared_food", "vehicle", "clothing", "electronics")
VIEWS, SIZE = 3, 128
WRONG = 12  # pictures that lie in the folder of another class
FOLDER, TRUTH = "things", "truth.csv"
PER_OPINION = 500
SPELLINGS = {
    "negative": ("negative", "Negative", "negative "),
    "positive": ("positive", "POSITIVE"),
}


def example_pictures() -> Path:
    """A folder of pictures as somebody may have it, made at the first call.

    Three views each of 194 things, drawings on crops of photographs, in one sub-folder per class,
    and beside these ``pictures.csv``, which tells each one's class and the thing that it shows.
    Twelve pictures lie in a wrong class, in the folder and in the table (`example_truth` tells
    which); one lies in two; four files cannot be read, and one was taken with the camera turned.

    Returns
    -------
    Path
    """
    return _made("pictures-1", _write_pictures) / FOLDER


def example_truth() -> dict[str, str]:
    """The right class of each picture of `example_pictures`, by its path below the folder."""
    rows = (example_pictures().parent / TRUTH).read_text(encoding="utf-8")
    return {row["path"]: row["class"] for row in csv.DictReader(io.StringIO(rows))}


def example_reviews() -> Path:
    """A table of sentences from product reviews as a spreadsheet saves it, made at the first call.

    Columns `review`, `sentence` and `opinion`, parted by semicolons and not in UTF-8; the opinions
    are spelt in several ways, some are missing, and some rows are empty.

    Returns
    -------
    Path
    """
    return _made("reviews-1", _write_reviews) / "reviews.csv"


def _made(name: str, write: Callable[[Path], None]) -> Path:
    """The folder of that name, which is written as a whole or not at all."""
    folder = derived_dir("examples") / name
    with locks.held(folder.with_suffix(".lock"), lambda: None):
        if not folder.exists():
            unfinished = folder.with_name(name + PARTIAL)
            shutil.rmtree(unfinished, ignore_errors=True)  # of somebody who was stopped
            unfinished.mkdir()
            write(unfinished)
            unfinished.rename(folder)
    return folder


# ---------------------------------------------------------------- pictures


def _write_pictures(made: Path) -> None:
    folder = made / FOLDER
    images = load_wild_emoji(
        "openmoji", CLASSES, SIZE, views=VIEWS, clutter=0.4, variation=0.5, seed=10
    )
    lies_in = _with_wrong_classes(images)
    names = [f"IMG_{1000 + number}.jpg" for number in _shuffled(len(images))]
    paths = [f"{CLASSES[label]}/{name}" for label, name in zip(lies_in, names, strict=True)]
    for name in CLASSES:
        (folder / name).mkdir(parents=True)
    for place, path in enumerate(paths):
        (folder / path).write_bytes(_jpeg(images.pixels[place], turned=place == 0))
    things = [list(dict.fromkeys(images.groups)).index(group) for group in images.groups]
    rows = zip(paths, [CLASSES[label] for label in lies_in], things, strict=True)
    in_order = sorted((path, name, f"thing {thing:03}") for path, name, thing in rows)
    _write_csv(folder / "pictures.csv", ["path", "class", "thing"], in_order)
    truth = sorted(zip(paths, [CLASSES[label] for label in images.labels], strict=True))
    _write_csv(made / TRUTH, ["path", "class"], truth)
    _add_faults(folder, paths)


def _with_wrong_classes(images: ImageSet) -> np.ndarray:
    """The labels, of which some were changed to another class, each on another thing."""
    rng = np.random.default_rng(10)
    labels = images.labels.copy()
    for group in rng.permutation(np.unique(images.groups))[:WRONG]:
        place = np.flatnonzero(images.groups == group)[0]
        labels[place] = (labels[place] + rng.integers(1, len(CLASSES))) % len(CLASSES)
    return labels


def _shuffled(n: int) -> np.ndarray:
    return np.random.default_rng(0).permutation(n)


def _jpeg(pixels: np.ndarray, turned: bool = False) -> bytes:
    """A picture as a camera writes it; turned, with the note by how much."""
    image, exif, file = Image.fromarray(pixels), Image.Exif(), io.BytesIO()
    if turned:
        image = image.transpose(Image.Transpose.ROTATE_90)
        exif[ExifTags.Base.Orientation] = 6
    image.save(file, "JPEG", quality=90, exif=exif)
    return file.getvalue()


def _add_faults(folder: Path, paths: list[str]) -> None:
    """What real folders hold: files that are no pictures, damaged ones, one in two classes."""
    whole_file = (folder / paths[1]).read_bytes()
    (folder / CLASSES[0] / "IMG_0001.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(64))
    (folder / CLASSES[1] / "IMG_0002.jpg").write_text("to do: find the charger\n", "utf-8")
    (folder / CLASSES[2] / "IMG_0003.jpg").write_bytes(whole_file[: len(whole_file) // 2])
    (folder / CLASSES[3] / "IMG_0004.png").write_bytes(b"")
    (folder / CLASSES[4] / "IMG_0005 copy.jpg").write_bytes(whole_file)
    (folder / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0")


# ---------------------------------------------------------------- texts


def _write_reviews(folder: Path) -> None:
    texts = load_sentiment("products")
    rng = np.random.default_rng(10)
    chosen = np.sort(np.concatenate([_first(texts.labels, label, rng) for label in (0, 1)]))
    rows: list[list[str]] = []
    for number, place in enumerate(chosen):
        spellings = SPELLINGS[texts.class_names[texts.labels[place]]]
        opinion = "" if number % 170 == 50 else spellings[number % 9 % len(spellings)]
        rows.append(
            [texts.groups[place].replace("products-", "review "), texts.texts[place], opinion]
        )
        if number % 300 == 200:
            rows.append(["", "", ""])
    _write_csv(folder / "reviews.csv", ["review", "sentence", "opinion"], rows, ";", "cp1252")


def _first(labels: np.ndarray, label: int, rng: np.random.Generator) -> np.ndarray:
    return rng.permutation(np.flatnonzero(labels == label))[:PER_OPINION]


def _write_csv(
    path: Path, heading: list[str], rows, delimiter: str = ",", encoding: str = "utf-8"
) -> None:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter).writerows([heading, *rows])
    write_atomically(path, file.getvalue().encode(encoding, "replace"))
