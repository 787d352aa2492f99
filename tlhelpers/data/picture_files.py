"""Somebody's own pictures, from a folder or a table of paths; they stay on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from tlhelpers.checks import whole
from tlhelpers.data.file_pixels import FilePixels
from tlhelpers.data.images import ImageSet
from tlhelpers.data.picture_lists import list_pictures, list_unlabelled
from tlhelpers.data.picture_survey import (
    Survey,
    choose_groups,
    survey,
    tell_duplicates,
    tell_unsplittable,
)
from tlhelpers.data.reading import Reading, name_some
from tlhelpers.data.splittable import splittable
from tlhelpers.data.walking import readable
from tlhelpers.errors import CourseError

UNKNOWN_CLASSES = ("?", "??")


class PictureFiles(ImageSet):
    """An `ImageSet` whose pictures stay on disk: `pixels` are `FilePixels`.

    What takes an `ImageSet` takes it; memory holds of each picture its path, label, group and
    hash. `fingerprint` and `fingerprints` are of the files' content, wherever they lie.
    """

    pixels: FilePixels

    def __post_init__(self):
        # An ImageSet checks the other parts; for that, pictures of one pixel will do.
        blank = np.zeros((len(self.pixels), 1, 1, 3), np.uint8)
        checked = ImageSet(blank, self.labels, self.class_names, self.groups, self.domain)
        for name in ("labels", "class_names", "groups", "domain"):
            object.__setattr__(self, name, getattr(checked, name))

    def __setstate__(self, state):
        self.__dict__.update(state)

    @property
    def files(self) -> list[Path]:
        """The paths, in the order of the pictures."""
        return [Path(file) for file in self.pixels.files]

    def subset(self, index) -> PictureFiles:
        """The pictures at `index` (ints or booleans, shape (m,)), with all class names."""
        index = np.asarray(index)
        index = index if index.size else index.astype(np.int64)
        return PictureFiles(
            self.pixels.take(index),
            self.labels[index],
            self.class_names,
            self.groups[index],
            self.domain,
        )

    @property
    def fingerprints(self) -> np.ndarray:
        """SHA-256 of the content of each file (str array, shape (n,))."""
        return np.array([digest.hex() for digest in self.pixels.digests])

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the content of all files, in order, and of how they are decoded."""
        return hashlib.sha256(repr(self.pixels.card()).encode()).hexdigest()


def open_pictures(
    path,
    size: int = 224,
    *,
    picture: str | None = None,
    label: str | None = None,
    group: str | None = None,
) -> tuple[PictureFiles, Reading]:
    """Somebody's own pictures: a folder with a sub-folder per class, or a table of paths.

    All are decoded once, to find those that cannot be and those that are nearly equal; after that
    they are read from disk as they are asked for.

    Parameters
    ----------
    path : str or Path
        A folder whose sub-folders are the classes, or whose sub-folders train, val and test hold
        the same classes; or a table with a column of paths, which count from where the table lies,
        and a column of labels.
    size : int
        The shorter side is scaled to this many pixels and the middle square is kept.
    picture, label, group : str, optional
        Names of the table's columns. Those of paths and labels are guessed when left out. `group`
        says what belongs together, e.g. the person or the day; when left out, pictures that are
        nearly equal do.

    Returns
    -------
    PictureFiles
    Reading
        What was left out and why, what was guessed, what is equal or nearly so.

    Raises
    ------
    CourseError
        If there is no such folder or table, a column is missing, or fewer than two classes have
        pictures in two groups.
    """
    whole("size", size)
    reading = Reading(readable(path))
    listed = list_pictures(path, reading, {"picture": picture, "label": label, "group": group})
    found = survey(listed, size, reading, {})
    groups, near = choose_groups(found, reading)
    left = splittable(found.listed.labels, groups)
    tell_unsplittable(found.listed, left, reading)
    places = np.flatnonzero(left)
    found, groups, near = found.take(places.tolist()), groups[places], near[places]
    remaining = set(found.listed.labels)
    classes = [name for name in listed.classes if name in remaining]
    if len(classes) < 2:
        raise CourseError(
            f"{reading.source} needs two classes with pictures in two groups each, one to train on "
            f"and one to test on; it has {len(classes)}{_told(reading)}"
        )
    _note_kept(found, reading)
    tell_duplicates(found, groups, near, reading)
    place_of = {name: place for place, name in enumerate(classes)}
    labels = [place_of[name] for name in found.listed.labels]
    return PictureFiles(found.pixels, labels, classes, groups, listed.title), reading


def open_unlabelled(
    paths,
    size: int = 224,
    *,
    picture: str | None = None,
    brightest: dict[str, float] | None = None,
) -> tuple[PictureFiles, Reading]:
    """Pictures without labels, e.g. to predict them.

    Parameters
    ----------
    paths : str, Path or list of them
        Pictures, folders with pictures at any depth, or tables with a column of paths.
    size : int
        As in `open_pictures`.
    picture : str, optional
        Name of the column of paths.
    brightest : dict of str to float, optional
        ``pixels.brightest`` of the set that a model has learned from: pictures with more than 8
        bits per gray value are then scaled as those were.

    Returns
    -------
    PictureFiles
        With the classes ``"?"`` and ``"??"``, all labels 0 and a group per picture.
    Reading

    Raises
    ------
    CourseError
        If no picture can be read.
    """
    whole("size", size)
    paths = [paths] if isinstance(paths, (str, Path)) else list(paths)
    reading = Reading(name_some((readable(one), "") for one in paths) or "an empty list")
    found = survey(list_unlabelled(paths, reading, picture), size, reading, brightest or {})
    count = len(found.pixels)
    if not count:
        raise CourseError(f"no picture can be read from {reading.source}{_told(reading)}")
    _note_kept(found, reading)
    groups: Sequence[str] = [str(place) for place in range(count)]
    labels, title = [0] * count, found.listed.title
    return PictureFiles(found.pixels, labels, list(UNKNOWN_CLASSES), groups, title), reading


def _note_kept(found: Survey, reading: Reading) -> None:
    reading.names = list(found.listed.names)
    reading.doubts.update({reading.names[place]: doubt for place, doubt in found.doubts.items()})


def _told(reading: Reading) -> str:
    """All that was noted, behind an error's first sentence."""
    return "".join(f"; {line.rstrip('.')}" for line in reading.lines()[1:])
