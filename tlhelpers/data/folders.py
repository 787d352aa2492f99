"""A folder of a learner's own pictures."""

from __future__ import annotations

import stat
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from tlhelpers.checks import whole
from tlhelpers.data.images import ImageSet
from tlhelpers.data.names import distinct_names
from tlhelpers.data.pictures import FORMATS, is_deep, peak, resized
from tlhelpers.data.walking import entries, existing_folder, files_below, name_below, readable
from tlhelpers.errors import CourseError

SHOWN = 10
UNKNOWN = "not recognised as pictures"
DAMAGED = "that cannot be read"
ADVICE = (
    f"{', '.join(FORMATS)} are read: save pictures of other kinds as JPEG or PNG, and remove or "
    "replace damaged ones"
)


def load_folder(path, size: int = 224) -> ImageSet:
    """A learner's own pictures: one sub-folder per class.

    What a file is, is told by its content and not by the ending of its name. Files that are not
    read are left out; a warning names them with the reason. Hidden files and those that a system
    puts beside others are passed over.

    Parameters
    ----------
    path : str or Path
        Holds sub-folders; each one's name is a class, the pictures in it and in the folders below
        it are its items. ``~`` is the home folder.
    size : int
        The shorter side is scaled to this many pixels and the middle square is kept.

    Returns
    -------
    ImageSet
        Classes in alphabetical order; every file is its own group. Names are in composed letters
        (NFC). The pictures with more than 8 bits per gray value are scaled alike, by the bits that
        the brightest of them uses.

    Raises
    ------
    CourseError
        If the folder is missing, has fewer than two classes, two classes have one name, or a class
        has fewer than two pictures that can be read; the message names the folder and the files.
    """
    whole("size", size)
    root = existing_folder(path)
    report = _Report(root)
    folders = _class_folders(root, report)
    files = [
        (file, label)
        for label, folder in enumerate(folders.values())
        for file in files_below(folder, report)
    ]
    pictures, brightest = _survey(files, report)
    pixels, read, labels = _read_all(pictures, size, brightest, report)
    _check_counts(root, folders, labels, report)
    report.tell()
    groups = [name_below(file, root) for file in read]
    return ImageSet(pixels, labels, list(folders), groups, name_below(root) or "unnamed")


@dataclass
class _Report:
    """What was left out of a folder and why, and what was read with a doubt."""

    root: Path
    left_out: dict[str, dict[Path, str]] = field(default_factory=dict)
    doubts: dict[Path, str] = field(default_factory=dict)

    def leave_out(self, file: Path, reason: str, detail: object = "") -> None:
        """Note that a file is not read; the `detail` is of this file, the reason of many."""
        self.left_out.setdefault(reason, {})[file] = readable(" ".join(str(detail).split()))

    def pass_over(self, file: Path) -> None:
        """Nothing is told of hidden files and those of a system."""

    def may_enter(self, place: Path, resolved: Path) -> bool:
        """Links are followed, wherever they lead."""
        return True

    def lines(self, below: Path | None = None) -> list[str]:
        """Count, reason and first names of what was left out, of all or `below` a folder."""
        lines, advice = [], []
        for reason, files in self.left_out.items():
            chosen = {f: d for f, d in files.items() if below is None or below in (f, *f.parents)}
            if chosen:
                lines.append(f"{len(chosen)} {reason}: {self._names(chosen)}")
                advice = [ADVICE] if reason in (UNKNOWN, DAMAGED) else advice
        return lines + advice

    def _names(self, files: dict[Path, str]) -> str:
        names = [
            name_below(file, self.root) + (f" ({detail})" if detail else "")
            for file, detail in files.items()
        ]
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        return ", ".join(names[:SHOWN]) + more

    def tell(self) -> None:
        """Warn, at the line that called `load_folder`."""
        out = {file for files in self.left_out.values() for file in files}
        title = f"left out of the folder {readable(self.root)}: {len(out)}"
        lines = ["\n- ".join([title, *self.lines()])] if out else []
        if doubts := {file: doubt for file, doubt in self.doubts.items() if file not in out}:
            lines.append(f"read with a doubt: {len(doubts)}\n- {self._names(doubts)}")
        if lines:
            warnings.warn("\n".join(lines), stacklevel=3)


# ---------------------------------------------------------------- classes


def _class_folders(root: Path, report: _Report) -> dict[str, Path]:
    folders = []
    for path, properties in entries(root, report):
        if stat.S_ISDIR(properties.st_mode):
            folders.append(path)
        else:
            report.leave_out(path, "in no sub-folder of a class")
    names = [readable(folder.name) for folder in folders]
    if len(names) < 2:
        found = f"only {names[0]!r}" if names else "none"
        raise CourseError(
            f"{readable(root)} needs at least two sub-folders, one per class; found {found}"
            + "".join(f"; {line}" for line in report.lines())
        )
    try:
        return dict(zip(distinct_names(names, case=False), folders, strict=True))
    except ValueError as error:
        raise CourseError(
            f"{readable(root)}: {error}; rename a sub-folder, or join two of one name"
        ) from error


# ---------------------------------------------------------------- pictures


def _tried(action: Callable, file: Path, report: _Report):
    """What `action` makes of the opened picture; where it fails, None and a line in the report."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            with Image.open(file, formats=FORMATS) as image:
                return action(image)
        except UnidentifiedImageError:
            report.leave_out(file, UNKNOWN)
        # A damaged picture brings Pillow to raise anything; and memory may not suffice for it.
        except Exception as error:
            report.leave_out(file, DAMAGED, str(error) or type(error).__name__)
        finally:
            for warning in told:
                if issubclass(warning.category, (UserWarning, RuntimeWarning)):
                    report.doubts[file] = readable(warning.message)


def _kind_and_peak(image: Image.Image) -> tuple[str, float]:
    """How gray values are stored, and the brightest where they have more than 8 bits."""
    return (image.mode[0], peak(image)) if is_deep(image) else ("", 0.0)


def _survey(files: list, report: _Report) -> tuple[list, dict[str, float]]:
    """The files that are pictures, and the brightest value per way to store gray values."""
    pictures, brightest = [], {}
    for file, label in files:
        if (met := _tried(_kind_and_peak, file, report)) is not None:
            pictures.append((file, label))
            brightest[met[0]] = max(met[1], brightest.get(met[0], 0.0))
    return pictures, brightest


def _resize(size: int, brightest: dict[str, float], image: Image.Image) -> np.ndarray:
    return resized(image, size, brightest.get(image.mode[0]))


def _read_all(pictures: list, size: int, brightest: dict, report: _Report):
    """Pixels, files and labels of the pictures that can be read."""
    pixels = np.empty((len(pictures), size, size, 3), np.uint8)
    read = []
    for file, label in pictures:
        square = _tried(partial(_resize, size, brightest), file, report)
        if square is not None:
            pixels[len(read)] = square
            read.append((file, label))
    pixels.flags.writeable = False
    return pixels[: len(read)], [file for file, _ in read], [label for _, label in read]


def _check_counts(root: Path, folders: dict[str, Path], labels: list[int], report: _Report) -> None:
    counts = np.bincount(labels, minlength=len(folders)).tolist()
    for (name, folder), count in zip(folders.items(), counts, strict=True):
        if count < 2:
            raise CourseError(
                f"class {name!r} in {readable(root)} has {count} picture(s) that can be read: at "
                "least two are needed, one to train on and one to test on"
                + "".join(f"; {line}" for line in report.lines(folder))
            )
