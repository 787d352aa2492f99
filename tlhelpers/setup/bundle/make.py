"""Make a bundle: wheels, archives and the course in one folder or zip, with their hashes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from tlhelpers import __version__
from tlhelpers.errors import CourseError, repo_root
from tlhelpers.setup import environment, fetching, locks, torch_build
from tlhelpers.setup.bundle import beside, checking, course_files, manifest, read_me, zipped
from tlhelpers.setup.bundle.copying import refuse_small
from tlhelpers.setup.bundle.manifest import (
    COMPLETE,
    COURSE,
    POINTER,
    READ_ME,
    WHEELS,
    Manifest,
    entry_of,
)
from tlhelpers.setup.bundle.target import Target
from tlhelpers.setup.bundle.wheels import PARTIAL, Collector
from tlhelpers.setup.files import remove, sha256_of
from tlhelpers.setup.paths import venv_dir

Echo = Callable[[str], object]

_LOCK = ".lock"
_OURS = {manifest.NAME, READ_ME, COURSE, WHEELS, PARTIAL}
# Bytes of a bundle and of what is under way, as measured: the build of torch decides.
_LARGE, _SMALL = 5e9, 2e9


def make(
    out: Path, target: Target, torch: str | None = None, packed: bool = False, echo: Echo = print
) -> int:
    """Make a bundle in a folder, or go on with one that was interrupted; return 0.

    `torch` is the build for Linux; without a wish, the one that is installed here. `packed` makes
    a zip of it. A CourseError says what hinders.
    """
    out = out.absolute()
    out = out.with_name(out.name.removesuffix(".zip")) if packed else out
    wish = _wish(target, torch)
    _refuse_others(out, wish, packed)
    if not (out / manifest.NAME).exists():
        refuse_small(out, _LARGE if wish.torch == "default" else _SMALL, "a bundle")
    python = environment.ensure(echo)
    fetching.fetch(python, echo, deep=True)
    with locks.held(out / _LOCK, lambda: echo("Another start makes this bundle; waiting.")):
        listing = _claim(out, wish, packed)
        if listing.state != COMPLETE:
            listing = _fill(out, echo)
    hashed = sha256_of(out / manifest.NAME)
    place = _pack(out, listing, echo) if packed else out
    _tell(place, listing, hashed, echo)
    return 0


def _wish(target: Target, torch: str | None) -> Manifest:
    root = repo_root()
    if beside.is_bundled(root):
        raise CourseError("this copy of the course came from a bundle: copy that one as it is")
    if torch and target.system != "linux":
        raise CourseError(f"--torch is for Linux: leave it out with --platform {target.system}")
    build = ""
    if target.system == "linux":
        build = torch or torch_build.installed(venv_dir(root)) or "default"
    return Manifest(
        *(target.system, target.machine, target.python, build),
        requirements=environment.fingerprint(root),
        course=__version__,
    )


def _refuse_others(out: Path, wish: Manifest, packed: bool) -> None:
    if packed and zipped.zip_of(out).exists():
        raise CourseError(f"{zipped.zip_of(out)} is there already: remove it, or name another one")
    there = [path.name for path in out.iterdir()] if out.is_dir() else []
    there = [name for name in there if not checking.is_litter(name)]
    if not there and (out.is_dir() or not out.exists()):
        return
    strange = [name for name in there if name not in _OURS]
    if not (out / manifest.NAME).is_file() or strange:
        what = f" ({strange[0]}, say)" if strange else ""
        raise CourseError(f"{out} holds something else than a bundle{what}: name a new folder")
    if manifest.read(out).wish != wish.wish:
        raise CourseError(
            f"{out} holds a bundle for other machines, another build of torch or another version "
            "of the course: name a new folder, or remove that one"
        )


def _claim(out: Path, wish: Manifest, packed: bool) -> Manifest:
    # Once more, for what another start has done while this one waited.
    if (out / manifest.NAME).is_file():
        _refuse_others(out, wish, packed)
        listing = manifest.read(out)
        if listing.state == COMPLETE:
            _refuse_changed(out, listing)
        return listing
    manifest.write(out, wish)
    return wish


def _refuse_changed(out: Path, listing: Manifest) -> None:
    root, inside = repo_root(), f"{COURSE}/"
    now = {f"{inside}{name}": entry_of(root / name) for name in course_files.course_files(root)}
    known = {name: one for name, one in listing.files.items() if name.startswith(inside)}
    if any(known.get(name) != one for name, one in now.items()):
        raise CourseError(
            f"{out} holds a bundle of another state of the course: name a new folder, or remove it"
        )
    for name, fault in checking.faults(out, listing):
        raise CourseError(
            f"{out} holds a finished bundle that is not as it was made ({name} is {fault}): name a "
            "new folder, or remove that one"
        )


def _fill(out: Path, echo: Echo) -> Manifest:
    root = repo_root()
    listing = Collector(root, venv_dir(root), out, echo).collect()
    echo("Copying the course and its data.")
    remove(out / COURSE)
    files = {**listing.files, **course_files.copy_course(root, out)}
    files |= course_files.take_archives(out)
    beside.write_pointer(out / COURSE, "..")
    files[POINTER] = entry_of(out / POINTER)
    listing = dataclasses.replace(listing, files=dict(sorted(files.items())))
    (out / READ_ME).write_text(read_me.text(listing), encoding="utf-8", newline="\r\n")
    files = {READ_ME: entry_of(out / READ_ME), **listing.files}
    listing = dataclasses.replace(listing, files=files, state=COMPLETE)
    manifest.write(out, listing)
    return listing


def _pack(out: Path, listing: Manifest, echo: Echo) -> Path:
    refuse_small(out, listing.size, "the zip beside its folder")
    echo("Packing it into one zip.")
    return zipped.pack(out, listing)


def _tell(place: Path, listing: Manifest, hashed: str, echo: Echo) -> None:
    wheels = listing.wheels
    target = Target(listing.system, listing.machine, listing.python)
    size = sum(one.size for one in wheels.values()) / 1e9
    least = f", {listing.least} or newer" if listing.least else ""
    echo(f"The bundle is in {place}, for {target}{least}.")
    echo(
        f"It holds {len(wheels)} wheels, {size:.2f} GB, and {len(listing.files) - len(wheels)} "
        f"other files, {listing.size / 1e9 - size:.2f} GB."
    )
    echo(f"Tell this number to whoever gets it, over another way: {hashed}")
    echo(
        "It is the SHA-256 of its list; "
        f"`{beside.python_command()} -m tlhelpers bundle --check {place.name}` prints it there."
    )
