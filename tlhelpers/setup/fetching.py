"""Bring the pinned archives into the cache, and check their hashes."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from tlhelpers.errors import CourseError, repo_root
from tlhelpers.setup import installer, locks
from tlhelpers.setup.bundle import beside
from tlhelpers.setup.cache import FETCH, archives_of, read_stamp, write_stamp
from tlhelpers.setup.files import is_link, sha256_of
from tlhelpers.setup.paths import PARTIAL, cache_dir, offline
from tlhelpers.setup.pins import Package, packages, pin_options

_WISH, _ARRIVED, _TEMPORARY = "packages.txt", "arrived", "temporary"  # in a download's folder


def fetch(python: Path, echo: Callable[[str], object] = print, deep: bool = False) -> None:
    """Bring each missing or damaged archive into the cache, with the pip of `python`.

    `deep` is as in `check_archives`. A CourseError says why a download failed.
    """
    wanted = _wanted(deep)
    if not wanted:
        return
    bundle = beside.find(repo_root())
    if offline() and not bundle:
        names = ", ".join(package.name for package in wanted)
        raise CourseError(
            f"TLHELPERS_OFFLINE is set, but these archives are missing or damaged: {names}; "
            f"unset it and run `{FETCH}`"
        )
    waiting = "Another fetch is running; waiting until it is done."
    with locks.held(cache_dir() / "fetch.lock", lambda: echo(waiting)) as lock:
        _clear_dead_downloads()
        wanted = _wanted(deep)
        settings = installer.pip_settings(python, "download") if wanted and not bundle else {}
        for number, package in enumerate(wanted, 1):
            echo(f"Fetching {package.name} {package.version} ({number} of {len(wanted)})")
            if bundle:
                _copy(bundle, package, echo)
            else:
                _download(python, package, lock, settings, echo)
        if wanted:
            check_archives(deep=False)
            echo(f"All {len(packages())} archives of data and weights are in {cache_dir()}.")


def check_archives(deep: bool = True) -> dict[Package, tuple[str, Path | None]]:
    """Each package's state, ``"ok"``, ``"missing"`` or ``"damaged"``, and its archive or None.

    Unless `deep`, a file whose size and time are as when it was last hashed is trusted.
    """
    old = {} if deep else read_stamp()
    new: dict[str, dict] = {}
    states = {package: _state(package, old, new) for package in packages()}
    if new != read_stamp():
        write_stamp(new)
    return states


def _wanted(deep: bool) -> list[Package]:
    return [package for package, (state, _) in check_archives(deep).items() if state != "ok"]


def _state(package: Package, old: dict, new: dict) -> tuple[str, Path | None]:
    paths = archives_of(package)
    for path in paths:
        entry = new[path.name] = _entry(path, old.get(path.name))
        if entry["sha256"] == package.sha256:
            return "ok", path
    return ("damaged", paths[0]) if paths else ("missing", None)


def _entry(path: Path, known: dict | None) -> dict:
    status = path.stat()
    seen = {"size": status.st_size, "mtime_ns": status.st_mtime_ns}
    if known and {key: known.get(key) for key in seen} == seen and "sha256" in known:
        return known
    return {**seen, "sha256": sha256_of(path)}


def _clear_dead_downloads() -> None:
    # Whoever holds the lock is the only one who downloads, so these belong to nobody.
    for folder in cache_dir().glob(f"{PARTIAL}*"):
        if _is_download(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _is_download(folder: Path) -> bool:
    # The cache may be a folder where the learner keeps other things too.
    if is_link(folder) or not folder.is_dir():
        return False
    return {path.name for path in folder.iterdir()} <= {_WISH, _ARRIVED, _TEMPORARY}


def _download(
    python: Path,
    package: Package,
    lock: int,
    settings: dict[str, str],
    echo: Callable[[str], object],
) -> None:
    partial = Path(tempfile.mkdtemp(prefix=PARTIAL, dir=cache_dir()))
    try:
        arrived = _pip_download(python, package, partial, lock, settings)
        if sha256_of(arrived) != package.sha256:
            raise CourseError(f"{package.name}: the download does not have the pinned hash")
        _put_into_cache(arrived, echo)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _copy(bundle: beside.Bundle, package: Package, echo: Callable[[str], object]) -> None:
    """Take an archive from the bundle that this course came in."""
    folder = beside.archives(bundle)
    found = archives_of(package, folder) if folder.is_dir() else []
    if not found or sha256_of(found[0]) != package.sha256:
        what = f"{found[0]} is damaged" if found else f"{folder} has no archive of {package.name}"
        raise CourseError(
            f"{what}: copy it again from where the bundle came from, and run the same command again"
        )
    partial = Path(tempfile.mkdtemp(prefix=PARTIAL, dir=cache_dir()))
    try:
        (partial / _ARRIVED).mkdir()
        arrived = partial / _ARRIVED / found[0].name
        shutil.copyfile(found[0], arrived)
        if sha256_of(arrived) != package.sha256:
            raise CourseError(f"{found[0]} changed while it was copied: run the same command again")
        _put_into_cache(arrived, echo)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _put_into_cache(arrived: Path, echo: Callable[[str], object]) -> None:
    target = cache_dir() / arrived.name
    if os.path.lexists(target):
        aside = _set_aside(target)
        echo(f"{target.name} did not have its pinned hash; the old file is now {aside.name}")
    arrived.replace(target)


def _pip_download(
    python: Path, package: Package, partial: Path, lock: int, settings: dict[str, str]
) -> Path:
    pin = f"{package.name}=={package.version} --hash=sha256:{package.sha256}"
    wish = partial / _WISH
    wish.write_text("\n".join([*pin_options(), pin, ""]), encoding="utf-8")
    arrived, temporary = partial / _ARRIVED, partial / _TEMPORARY
    temporary.mkdir()
    arguments = ["download", "--no-deps", "--require-hashes", "-r", str(wish), "-d", str(arrived)]
    status, output = installer.run_pip(
        python, arguments, temporary, settings, lock=lock, cwd=repo_root()
    )
    if status:
        raise CourseError(f"{package.name} could not be fetched: {installer.explain(output)}")
    paths = archives_of(package, arrived)
    if not paths:
        raise CourseError(f"{package.name} could not be fetched: pip brought no archive of it")
    return paths[0]


def _set_aside(path: Path) -> Path:
    aside, number = path.with_name(f"{path.name}.damaged"), 1
    while os.path.lexists(aside):
        number += 1
        aside = path.with_name(f"{path.name}.damaged-{number}")
    return path.replace(aside)
