"""A folder of a learner's own pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tlhelpers.data.images import ImageSet, resized
from tlhelpers.errors import CourseError

IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp")


def load_folder(path, size: int = 224) -> ImageSet:
    """A learner's own pictures: one sub-folder per class.

    Parameters
    ----------
    path : str or Path
        Holds sub-folders; each one's name is a class, the pictures in it are its items.
    size : int
        The shorter side is scaled to this many pixels and the middle square is kept.

    Returns
    -------
    ImageSet
        Classes in alphabetical order; every file is its own group.

    Raises
    ------
    CourseError
        If the folder is missing, has fewer than two classes, a class has fewer than two
        pictures, or a picture cannot be read; the message names the folder or file.
    """
    path = Path(path).expanduser().resolve()
    if not path.is_dir():
        raise CourseError(f"{path} is not a folder: give one that holds a sub-folder per class")
    files = {
        d.name: _pictures(d)
        for d in sorted(path.iterdir())
        if d.is_dir() and not d.name.startswith(".")
    }
    _check_folder(path, files)
    pairs = [(file, label) for label, name in enumerate(files) for file in files[name]]
    pixels = np.stack([_read_picture(file, size) for file, _ in pairs])
    groups = np.array([file.relative_to(path).as_posix() for file, _ in pairs])
    return ImageSet(pixels, [label for _, label in pairs], list(files), groups, path.name)


def _pictures(folder: Path) -> list[Path]:
    # A Mac puts a hidden file "._x.jpg" beside x.jpg on foreign disks and in archives.
    return sorted(
        f
        for f in folder.iterdir()
        if f.suffix.lower() in IMAGE_ENDINGS and not f.name.startswith(".") and f.is_file()
    )


def _check_folder(path: Path, files: dict[str, list[Path]]) -> None:
    if len(files) < 2:
        names = f"only {next(iter(files))!r}" if files else "none"
        raise CourseError(f"{path} needs at least two sub-folders, one per class; found {names}")
    for name, pictures in files.items():
        if len(pictures) < 2:
            raise CourseError(
                f"class {name!r} in {path} has {len(pictures)} picture(s) "
                f"({', '.join(IMAGE_ENDINGS)}): at least two are needed, "
                "one to train on and one to test on"
            )


def _read_picture(file: Path, size: int) -> np.ndarray:
    try:
        with Image.open(file) as image:
            return resized(image, size)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise CourseError(
            f"cannot read the picture {file} ({error}): remove or replace it"
        ) from error
