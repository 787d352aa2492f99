"""What a bundle says of itself: for which machines it is, and size and hash of each of its files.

A bundle is a folder with ``bundle.json`` (this list), ``READ-ME-FIRST.txt``, ``course/`` (the
repository, with the archives in ``data/cache``) and ``wheels/``. The hash of the list itself stands
nowhere in it: whoever makes a bundle and whoever gets it compare it over another way.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tlhelpers.errors import CourseError
from tlhelpers.setup.files import is_link, sha256_of, write_json

FORMAT = 1
NAME = "bundle.json"
READ_ME = "READ-ME-FIRST.txt"
COURSE, WHEELS = "course", "wheels"
POINTER = f"{COURSE}/bundle.txt"  # says where the bundle lies; another one in a copy
ARCHIVES = f"{COURSE}/data/cache"
COMPLETE, UNFINISHED = "complete", "unfinished"

LARGEST = 2**25  # bytes; the list of the whole course takes a quarter of a megabyte
_HASH = re.compile(r"[0-9a-f]{64}")
_AGAIN = "copy the whole bundle again from where it came from"


@dataclass(frozen=True)
class Entry:
    """Size and hash of one file."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """For which machines a bundle is, and its files, by their names with ``/`` between folders.

    `torch` is the build, `requirements` the fingerprint of both files of requirements, `least`
    the oldest system that its wheels take, as ``"glibc 2.28"``, and `oldest_python` the first
    release of that Python which they take; both are empty if they take any.
    """

    system: str
    machine: str
    python: str
    torch: str
    requirements: str
    course: str
    state: str = UNFINISHED
    least: str = ""
    oldest_python: str = ""
    files: dict[str, Entry] = field(default_factory=dict)

    @property
    def wheels(self) -> dict[str, Entry]:
        """Those of its files that are wheels."""
        return {name: one for name, one in self.files.items() if name.startswith(f"{WHEELS}/")}

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(one.size for one in self.files.values())

    @property
    def wish(self) -> tuple[str, ...]:
        """What was asked for: two bundles of one wish hold the same wheels."""
        return (self.system, self.machine, self.python, self.torch, self.requirements)


def entry_of(path: Path) -> Entry:
    """Size and hash of a file, as they are now."""
    return Entry(path.stat().st_size, sha256_of(path))


def write(folder: Path, manifest: Manifest) -> None:
    """Write the list of a bundle, whole or not at all."""
    write_json(folder / NAME, {"format": FORMAT, **asdict(manifest)})


def read(folder: Path) -> Manifest:
    """Read the list of a bundle; a CourseError says that it is missing or cannot be believed."""
    path = folder / NAME
    if is_link(path) or not path.is_file():
        raise CourseError(f"{folder} is no bundle, or has lost its {NAME}: {_AGAIN}")
    if path.stat().st_size > LARGEST:
        raise CourseError(f"{path} is much too large for the list of a bundle: {_AGAIN}")
    return parse(path.read_bytes(), str(path))


def parse(data: bytes, where: str) -> Manifest:
    """The same from the bytes of a list; `where` names it in a CourseError."""
    try:
        said = json.loads(data.decode("utf-8"))
        number = said.pop("format")
    except (ValueError, RecursionError, AttributeError, KeyError, TypeError):
        raise CourseError(f"{where} is damaged, so nothing here is used: {_AGAIN}") from None
    if number != FORMAT:
        raise CourseError(
            f"{where} is a bundle of format {number}, and this version of the course reads format "
            f"{FORMAT}: use the course that lies in the bundle"
        )
    try:
        files = {_name(name): _entry(one) for name, one in said.pop("files").items()}
        if not all(isinstance(value, str) for value in said.values()):
            raise ValueError("a text is wanted")
        return Manifest(files=files, **said)
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        raise CourseError(
            f"{where} is damaged ({error}), so nothing here is used: {_AGAIN}"
        ) from None


def _name(name: str) -> str:
    parts = name.split("/")
    odd = "\\" in name or ":" in name or "\0" in name
    if odd or name == NAME or any(part in ("", ".", "..") for part in parts):
        raise ValueError(f"{name!r} is no name of a file in it")
    return name


def _entry(one: dict) -> Entry:
    size, sha256 = one["size"], one["sha256"]
    if type(size) is not int or size < 0 or not _HASH.fullmatch(sha256):
        raise ValueError("a size and a hash are wanted")
    return Entry(size, sha256)
