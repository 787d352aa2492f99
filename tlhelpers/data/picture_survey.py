"""All of somebody's pictures decoded once: which can be read, and which belong together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tlhelpers.checks import progress_bar
from tlhelpers.data.file_pixels import BATCH, FilePixels, KeptSquares
from tlhelpers.data.near_groups import places_by_number, tell_apart
from tlhelpers.data.near_pictures import LENGTH, NEARER, near_pictures, thumbnail
from tlhelpers.data.picture_decoding import ADVICE, Found, survey_pictures
from tlhelpers.data.picture_lists import Listed
from tlhelpers.data.reading import Reading, name_some
from tlhelpers.data.splittable import classes_of_groups

# What labels say against a nearness: this share of pictures in groups of other classes, where they
# are ten or more and where they are few, or this share of a class in one group.
MIXED = 0.05
MIXED_OF_FEW = 0.25
SWALLOWED = 0.5
SMALL_CLASS = 10


@dataclass
class Survey:
    """The pictures that can be read, their pixels, and what is doubtful about them."""

    listed: Listed
    pixels: FilePixels
    thumbnails: np.ndarray
    doubts: dict[int, str]

    def take(self, places: Sequence[int]) -> Survey:
        """The same of some of the pictures."""
        doubts = {new: self.doubts[old] for new, old in enumerate(places) if old in self.doubts}
        rows = self.thumbnails[places]
        return replace(
            self,
            listed=self.listed.take(places),
            pixels=self.pixels.take(places),
            thumbnails=rows,
            doubts=doubts,
        )


def survey(listed: Listed, size: int, reading: Reading, brightest: dict[str, float]) -> Survey:
    """Decode each file once; note in `reading` those that cannot be decoded."""
    kept, brightest, doubts = KeptSquares(), dict(brightest), {}
    places, digests = [], []
    thumbnails = np.empty((len(listed.files), LENGTH), np.uint8)
    starts = range(0, len(listed.files), BATCH)
    for start in progress_bar(starts, "pictures", "batch"):
        files = listed.files[start : start + BATCH]
        for place, found in enumerate(survey_pictures(files, size, thumbnail), start):
            if found.reason:
                reading.leave_out(listed.names[place], found.reason, found.detail)
                continue
            if found.doubt:
                doubts[len(places)] = found.doubt
            thumbnails[len(places)] = found.thumbnail
            places.append(place)
            digests.append(found.digest)
            _keep(found, kept, brightest)
    reading.notes += [advice for reason, advice in ADVICE.items() if reason in reading.left_out]
    chosen = listed.take(places)
    pixels = FilePixels(chosen.files, digests, size, brightest, kept)
    return Survey(chosen, pixels, thumbnails[: len(places)], doubts)


def _keep(found: Found, kept: KeptSquares, brightest: dict[str, float]) -> None:
    if found.gray:  # how it is scaled depends on all others
        brightest[found.gray] = max(found.peak, brightest.get(found.gray, 0.0))
    else:
        kept.keep(found.digest, found.square, push=False)


# ---------------------------------------------------------------- what belongs together


def choose_groups(found: Survey, reading: Reading) -> tuple[np.ndarray, np.ndarray]:
    """Names of groups, str (n,), and numbers of near ones, int64 (n,), of the pictures.

    Where the labels say that pictures which look alike are different things, only those count that
    are nearer, or equal; `reading` tells.
    """
    labels = np.unique(found.listed.labels, return_inverse=True)[1]
    equal = near_pictures(found.thumbnails, found.pixels.digests, None)
    if found.listed.groups is not None:
        near = near_pictures(found.thumbnails, found.pixels.digests)
        return np.array(found.listed.groups, dtype=str), near
    near = near_pictures(found.thumbnails, found.pixels.digests)
    if fault := _fault(near, equal, labels, found.listed.labels):
        near = near_pictures(found.thumbnails, found.pixels.digests, NEARER)
        what = "are nearer than usual"
        if _fault(near, equal, labels, found.listed.labels):
            near, what = equal, "are equal"
        reading.notes.append(
            f"Many pictures look alike: {fault}. So only those count as belonging together that "
            f"{what}. If others belong together, as those of one film or one thing do, give a "
            "table with a column that says so: figures are too good if they fall apart."
        )
    return _names_of_groups(near, found.pixels.digests), near


def _fault(near: np.ndarray, equal: np.ndarray, labels: np.ndarray, names: Sequence[str]) -> str:
    """What the labels say against these groups; an empty text if nothing."""
    mixed = _share_mixed(near, labels) - _share_mixed(equal, labels)
    if mixed > (MIXED if mixed * len(labels) >= SMALL_CLASS else MIXED_OF_FEW):
        return f"{mixed:.0%} of them would be in a group of another class"
    for label in range(labels.max(initial=-1) + 1):
        members = labels == label
        if members.sum() >= SMALL_CLASS:
            share = np.bincount(near[members]).max() / members.sum()
            if share > max(SWALLOWED, np.bincount(equal[members]).max() / members.sum()):
                name = names[np.flatnonzero(members)[0]]
                return f"{share:.0%} of class {name!r} would be one group"
    return ""


def _share_mixed(groups: np.ndarray, labels: np.ndarray) -> float:
    """The share of items that are not of the class that is most common in their group."""
    return float(np.mean(labels != classes_of_groups(groups, labels)[groups])) if len(groups) else 0


def _names_of_groups(numbers: np.ndarray, digests: Sequence[bytes]) -> np.ndarray:
    """By content: a set that is moved or gets more pictures keeps the names of its groups."""
    least: dict[int, bytes] = {}
    for number, digest in zip(numbers.tolist(), digests, strict=True):
        least[number] = min(digest, least.get(number, digest))
    return np.array([least[number].hex()[:16] for number in numbers.tolist()], dtype=str)


def tell_unsplittable(listed: Listed, left: np.ndarray, reading: Reading) -> None:
    """Note what is left out, the classes of which nothing is left, and those with few pictures."""
    for place in np.flatnonzero(~left):
        reading.leave_out(
            listed.names[place],
            "of classes with fewer than two groups of pictures, which cannot be split",
            f"of class {listed.labels[place]!r}",
        )
    counts = Counter(np.array(listed.labels, dtype=object)[left].tolist())
    if gone := {
        name: f"{listed.labels.count(name)}" for name in listed.classes if name not in counts
    }:
        reading.notes.append(
            f"Left out with all their pictures that could be read: {name_some(gone.items())}. A "
            "class needs pictures in two groups, one to train on and one to test on."
        )
    few = {name: f"{counts[name]}" for name in listed.classes if 0 < counts[name] < SMALL_CLASS}
    if few:
        reading.notes.append(
            f"Classes with few pictures: {name_some(few.items())}. What is said of them rests on "
            "little."
        )


def tell_duplicates(found: Survey, groups: np.ndarray, near: np.ndarray, reading: Reading) -> None:
    """Note groups of pictures that are equal or nearly so, and those of several classes."""
    names, labels, apart = found.listed.names, found.listed.labels, []
    for places in places_by_number(near):
        alike = [names[place] for place in places]
        if len({groups[place] for place in places}) > 1:
            apart.append(alike)
            continue
        reading.duplicates.append(alike)
        if len({labels[place] for place in places}) > 1:
            reading.conflicts.append(alike)
    tell_apart("pictures", apart, reading)
