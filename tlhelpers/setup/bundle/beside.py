"""A course that came in a bundle: where the wheels beside it lie, and what pip is told of them.

``bundle.txt`` in the course's folder names the bundle's: ``..`` where the course lies in it. Only
that file counts, so a stranger's folder that lies near is never taken for one.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tlhelpers.errors import CourseError
from tlhelpers.setup import installer
from tlhelpers.setup.bundle import checking, manifest
from tlhelpers.setup.bundle.manifest import ARCHIVES, COURSE, Manifest
from tlhelpers.setup.bundle.target import Target, here, is_older, is_older_python
from tlhelpers.setup.files import refusal

Echo = Callable[[str], object]

POINTER = manifest.POINTER.rpartition("/")[2]
COPY = "python3 -m tlhelpers bundle --copy-to FOLDER"


@dataclass(frozen=True)
class Bundle:
    """A bundle, the list of its files, and where the course that uses it lies."""

    folder: Path
    listing: Manifest
    course: Path

    def is_in_place(self) -> bool:
        """Whether the course that uses it is the one that lies in it."""
        return (self.folder / COURSE).resolve() == self.course.resolve()

    def __str__(self) -> str:
        listing = self.listing
        made_for = Target(listing.system, listing.machine, listing.python)
        least = f", {listing.least} or newer" if listing.least else ""
        return f"the bundle in {self.folder}, made for {made_for}{least}"


def is_bundled(course: Path) -> bool:
    """Whether a copy of the course came from a bundle, which need not be there any more."""
    return (course / POINTER).is_file()


def find(course: Path) -> Bundle | None:
    """The bundle that a copy of the course came from; None if it did not come from one.

    A CourseError says that the bundle is not there, or that its list cannot be believed.
    """
    if not is_bundled(course):
        return None
    said = (course / POINTER).read_text(encoding="utf-8", errors="replace").strip()
    folder = Path(os.path.normpath(course / said))
    if not (folder / manifest.NAME).is_file():
        raise CourseError(
            f"this copy of the course takes its packages from a bundle, which is not in {folder}: "
            f"put it there (the stick, say), or copy the whole bundle again, or run `{COPY}` in "
            f"its folder {COURSE}; with a network, remove {course / POINTER} and go on without it"
        )
    return Bundle(folder, manifest.read(folder), course)


def write_pointer(course: Path, folder: str) -> None:
    """Let a copy of the course take its packages from the bundle in a folder."""
    (course / POINTER).write_text(f"{folder}\n", encoding="utf-8")


def refuse_unfit(bundle: Bundle, torch: str | None, environment: Path) -> None:
    """A CourseError if a bundle is not for this machine, or its course cannot be set up there."""
    listing = bundle.listing
    made_for = Target(listing.system, listing.machine, listing.python)
    if made_for != here():
        raise CourseError(
            f"this is {here()}, and this is {bundle}: {_better(made_for)}, or take a bundle that "
            "was made for it"
        )
    if is_older_python(listing.oldest_python):
        raise CourseError(
            f"this is Python {platform.python_version()}, and this is {bundle}; its packages need "
            f"Python {listing.oldest_python} or a later {listing.python}: install that one"
        )
    older = listing.least and is_older(listing.least)
    if older:
        raise CourseError(
            f"this machine has {older}, and this is {bundle}: a newer system is needed"
        )
    if torch and listing.torch and torch != listing.torch:
        raise CourseError(
            f"this bundle holds the {listing.torch} build of torch: leave --torch {torch} out, or "
            "take a bundle that was made with it"
        )
    reason = _why_no_environment(environment.parent)
    if reason:
        raise CourseError(
            f"no environment can be made in {environment.parent} ({reason}): run `{COPY}`, which "
            "copies the course to a folder of your own disk, and go on there"
        )


def _better(made_for: Target) -> str:
    own = here()
    if (made_for.system, made_for.machine) != (own.system, own.machine):
        return "start it on such a machine"
    if own.system == "windows":
        return f"write `py -{made_for.python}` in place of your Python"
    return f"write `python{made_for.python}` in place of your Python"


def _why_no_environment(folder: Path) -> str:
    reason = refusal(folder)
    if reason or os.name == "nt" or not folder.is_dir():
        return reason
    probe = folder / f".tlhelpers-link-{os.getpid()}"
    try:
        probe.symlink_to("nowhere")
        probe.unlink()
    except OSError as error:
        return f"its disk knows no links: {error.strerror}"
    return ""


def check(bundle: Bundle, echo: Echo = print) -> None:
    """Hash all that is about to be installed, and the course; a CourseError names what is wrong."""
    listing = bundle.listing
    if listing.state != manifest.COMPLETE:
        raise CourseError(f"{bundle} was never finished: take a finished one")
    size = sum(one.size for one in listing.wheels.values()) / 1e9
    echo(f"Checking the bundle in {bundle.folder}: {len(listing.wheels)} wheels, {size:.1f} GB.")
    found = list(checking.faults(bundle.folder, listing, bundle.course, archives=False))
    if not found:
        return
    named = "; ".join(f"{name} is {fault}" for name, fault in found[:3])
    more = f"; and {len(found) - 3} more" if len(found) > 3 else ""
    mend = "Copy each again from where the bundle came from"
    if any(fault == "extra" for _, fault in found):
        mend += ", and move away what is extra"
    raise CourseError(
        f"the bundle in {bundle.folder} is not as it was made, so nothing was installed from it: "
        f"{named}{more}. {mend}, and run the same command again"
    )


def pip_arguments(bundle: Bundle, temporary: Path) -> list[str]:
    """What to tell pip: these very files, each with its hash, and to look nowhere else.

    pip hashes each file once more when it opens it.
    """
    wish = temporary / "bundle.txt"
    lines = []
    for name, one in bundle.listing.wheels.items():
        package, version = name.rpartition("/")[2].split("-")[:2]
        lines.append(f"{package}=={version} --hash=sha256:{one.sha256}\n")
    wish.write_text("".join(lines), encoding="utf-8")
    places = ["--no-index", "--find-links", str(bundle.folder / manifest.WHEELS)]
    rules = ["--no-deps", "--require-hashes", "--only-binary", ":all:"]
    return ["install", *places, *rules, "-r", str(wish)]


def pip_settings(settings: dict[str, str]) -> dict[str, str]:
    """Settings of pip without what leads to another place."""
    nowhere = dict.fromkeys(("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"), "")
    return {**settings, **nowhere, "PIP_NO_CACHE_DIR": "1"}


def explain(output: str, bundle: Bundle) -> str:
    """As `installer.explain`, for a bundle."""
    if installer.offers_none(output):
        return f"a wheel does not fit this machine; this is {bundle}"
    return installer.explain(output)


def archives(bundle: Bundle) -> Path:
    """The folder of its archives of data and weights."""
    return bundle.folder / ARCHIVES


def python_command() -> str:
    """How Python is called on this system, for texts."""
    return "py" if sys.platform == "win32" else "python3"
