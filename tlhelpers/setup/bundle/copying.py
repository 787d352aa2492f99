"""Copy the course out of a bundle, which stays where it is and gives the packages."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from tlhelpers.errors import CourseError, repo_root
from tlhelpers.setup.bundle import beside
from tlhelpers.setup.bundle.manifest import COURSE, POINTER, entry_of
from tlhelpers.setup.files import remove

Echo = Callable[[str], object]

_PARTIAL = ".copying"


def copy_to(folder: Path, echo: Echo = print) -> int:
    """Copy the course and its data to a folder, each file checked, and say how to go on there."""
    bundle = beside.find(repo_root())
    if bundle is None:
        raise CourseError("this copy of the course did not come in a bundle: copy it as it is")
    folder = folder.absolute()
    bundle_folder = bundle.folder.resolve()
    if folder.resolve().is_relative_to(bundle_folder):
        raise CourseError(f"{folder} lies in the bundle: name a folder of your own disk")
    _refuse_others(folder, bundle_folder)
    files = bundle.listing.files
    names = [name for name in files if name.startswith(f"{COURSE}/") and name != POINTER]
    size = sum(files[name].size for name in names)
    refuse_small(folder, size)
    folder.mkdir(parents=True, exist_ok=True)
    beside.write_pointer(folder, str(bundle_folder))
    echo(f"Copying the course to {folder}: {len(names)} files, {size / 1e9:.2f} GB.")
    for name in names:
        _copy(bundle, name, folder)
    remove(folder / _PARTIAL)
    echo(
        f"The course is in {folder}. Open a terminal there and type\n"
        f"    {beside.python_command()} -m tlhelpers lab\n"
        f"Until that start is done, the bundle must stay in {bundle_folder}."
    )
    return 0


def _refuse_others(folder: Path, bundle: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        return
    pointer = folder / beside.POINTER
    if folder.exists() and not (
        pointer.is_file() and pointer.read_text("utf-8").strip() == str(bundle)
    ):
        raise CourseError(
            f"{folder} is there already, with something else in it: name a new folder"
        )


def refuse_small(folder: Path, size: float, what: str = "the course") -> None:
    """A CourseError if a folder that need not be there yet has no space for so many bytes."""
    there = folder
    while not there.exists():
        there = there.parent
    free = shutil.disk_usage(there).free
    if free < size:
        raise CourseError(
            f"only {free / 1e9:.1f} GB are free in {there}, and {what} takes {size / 1e9:.1f} GB: "
            "free some space, or name a folder of another disk, and run the same command again"
        )


def _copy(bundle: beside.Bundle, name: str, folder: Path) -> None:
    one, target = bundle.listing.files[name], folder / name.removeprefix(f"{COURSE}/")
    if target.exists():
        if entry_of(target) == one:
            return  # of a start that was interrupted
        raise CourseError(f"{target} is there with other content: name a new folder")
    source, partial = bundle.folder / name, folder / _PARTIAL
    if not source.is_file() or source.is_symlink():
        raise CourseError(f"{source} is missing: copy the bundle again from where it came from")
    shutil.copyfile(source, partial)
    if entry_of(partial) != one:
        partial.unlink()
        raise CourseError(
            f"{source} is damaged: copy it again from where the bundle came from, and run the "
            "same command again"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    partial.replace(target)
