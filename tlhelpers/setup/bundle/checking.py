"""Compare a bundle, a folder or a zip, with its list: what is damaged, missing, extra or a link."""

from __future__ import annotations

import hashlib
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from tlhelpers.errors import CourseError
from tlhelpers.setup.bundle import manifest
from tlhelpers.setup.bundle.manifest import ARCHIVES, COURSE, NAME, POINTER, Entry, Manifest
from tlhelpers.setup.files import is_link, sha256_of

Echo = Callable[[str], object]

AGAIN = "copy it again from where it came from"
# What systems leave on a disk that they show; pip and Python take nothing of such a name.
_LITTER = ("Thumbs.db", "desktop.ini", "System Volume Information", "$RECYCLE.BIN")
_CODE = (".py", ".pyc", ".pyw", ".so", ".pyd", ".dll", ".dylib", ".pth")
# Where a course in use keeps what is its learner's or was made there.
_IN_USE = ("work", "build", "data/cache")


def report(path: Path, echo: Echo = print) -> int:
    """Print what is wrong with a bundle, and the hash of its list; return 1 if something is."""
    is_zip = path.is_file()
    listing, hashed = _listing_of_zip(path) if is_zip else _listing_of_folder(path)
    found = list(faults_of_zip(path, listing) if is_zip else faults(path, listing))
    for name, fault in found:
        echo(f"{fault}: {name}")
    echo(f"The SHA-256 of its list ({NAME}) is {hashed}")
    if found or listing.state != manifest.COMPLETE:
        unfinished = "it was never finished; " if listing.state != manifest.COMPLETE else ""
        echo(
            f"This bundle is not to be used: {unfinished}{len(found)} of {len(listing.files)} "
            f"files are not as they were when it was made. {AGAIN.capitalize()}."
        )
        return 1
    echo(
        f"All {len(listing.files)} files are as they were when it was made. Whoever can change "
        "the list can change all: compare its hash with the one that its maker tells you."
    )
    return 0


def faults(
    folder: Path, listing: Manifest, course: Path | None = None, archives: bool = True
) -> Iterator[tuple[str, str]]:
    """Each file of a bundle that is not as listed, with a word for what is wrong.

    `course` is where its course lies, if not in the bundle; without `archives`, those of data and
    weights are left to whoever opens them.
    """
    in_place = course is None or course.resolve() == (folder / COURSE).resolve()
    course = course or folder / COURSE
    wanted = {
        name: one
        for name, one in listing.files.items()
        if (archives or not name.startswith(f"{ARCHIVES}/")) and (in_place or name != POINTER)
    }
    for name, one in wanted.items():
        fault = _fault(_place(folder, course, name), one)
        if fault:
            yield name, fault
    yield from ((name, "extra") for name in _extra(folder, course, listing))


def _place(folder: Path, course: Path, name: str) -> Path:
    inside = name.removeprefix(f"{COURSE}/")
    return folder / name if inside == name else course / inside


def _fault(path: Path, one: Entry) -> str:
    if not os.path.lexists(path):
        return "missing"
    if is_link(path) or not path.is_file():
        return "a link or no file"
    if path.stat().st_size != one.size or sha256_of(path) != one.sha256:
        return "damaged"
    return ""


def _extra(folder: Path, course: Path, listing: Manifest) -> Iterator[str]:
    for path in _walk(folder):
        name = path.relative_to(folder).as_posix()
        if name not in listing.files and name != NAME and not name.startswith(f"{COURSE}/"):
            yield name
    for path in _walk(course):
        inside = path.relative_to(course).as_posix()
        mine = any(inside.startswith(f"{place}/") for place in _IN_USE)
        # A learner's own text or picture does no harm; code may be imported in another's place.
        if path.suffix in _CODE and not mine and f"{COURSE}/{inside}" not in listing.files:
            yield f"{COURSE}/{inside}"


def _walk(top: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(top):
        here = Path(folder)
        linked = [name for name in folders if is_link(here / name) and not is_litter(name)]
        yield from (here / name for name in linked)
        folders[:] = sorted(n for n in folders if n not in linked and not is_litter(n))
        yield from (here / name for name in sorted(files) if not is_litter(name))


def is_litter(name: str) -> bool:
    """Whether a file or folder of this name was left by a system, or is hidden."""
    return name.startswith(".") or name in (*_LITTER, "__pycache__")


def _listing_of_folder(folder: Path) -> tuple[Manifest, str]:
    return manifest.read(folder), sha256_of(folder / NAME)


def _listing_of_zip(path: Path) -> tuple[Manifest, str]:
    try:
        with zipfile.ZipFile(path) as archive:
            top = top_of(archive)
            with archive.open(top + NAME) as member:
                data = member.read(manifest.LARGEST)
    except (zipfile.BadZipFile, KeyError, zlib.error, OSError, EOFError, RuntimeError) as error:
        raise CourseError(f"{path} is no bundle, or damaged ({error}): {AGAIN}") from None
    return manifest.parse(data, f"{path}, {NAME}"), hashlib.sha256(data).hexdigest()


def top_of(archive: zipfile.ZipFile) -> str:
    """The folder that a zip of a bundle holds, with its ``/``."""
    return archive.namelist()[0].partition("/")[0] + "/" if archive.namelist() else ""


def faults_of_zip(path: Path, listing: Manifest) -> Iterator[tuple[str, str]]:
    """As `faults`, for a zip."""
    with zipfile.ZipFile(path) as archive:
        top = top_of(archive)
        names = [name.removeprefix(top) for name in archive.namelist() if not name.endswith("/")]
        for name, one in listing.files.items():
            if name not in names:
                yield name, "missing"
            elif not _is_as_listed(archive, top + name, one):
                yield name, "damaged"
        for name in sorted(set(names) - set(listing.files) - {NAME}):
            yield name, "extra"
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield name, "twice in it"


def _is_as_listed(archive: zipfile.ZipFile, name: str, one: Entry) -> bool:
    try:
        if archive.getinfo(name).file_size != one.size:
            return False
        with archive.open(name) as member:
            return _hash_of(member, one.size) == one.sha256
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError):
        return False


def _hash_of(stream: BinaryIO, size: int) -> str:
    # Never more than its size: a zip may unfold to anything.
    digest, left = hashlib.sha256(), size
    while left and (part := stream.read(min(left, 2**20))):
        digest.update(part)
        left -= len(part)
    return digest.hexdigest()
