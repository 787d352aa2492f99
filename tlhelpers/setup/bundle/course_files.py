"""The course's own files and the archives of its data, and how they come into a bundle."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tlhelpers.errors import CourseError
from tlhelpers.setup import fetching
from tlhelpers.setup.bundle.manifest import ARCHIVES, COURSE, Entry, entry_of
from tlhelpers.setup.files import is_link

# What lies in the course's folder, where no git can be asked: all else there is the learner's own.
TOP = (
    *(".binder", ".ci", ".devcontainer", ".dockerignore", ".github", ".gitignore", "CHANGELOG.md"),
    *("CITATION.cff", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "Dockerfile", "LICENSE"),
    *("LICENSE-CC-BY-4.0", "README.md", "benchmarks", "constraints.txt", "data", "docs"),
    *("notebooks", "pyproject.toml", "requirements.txt", "teaching", "tests", "tlhelpers"),
)
_NEVER = ("__pycache__", ".ipynb_checkpoints", ".pytest_cache", ".ruff_cache", ".hypothesis")


def course_files(root: Path) -> list[str]:
    """The names of the course's own files, sorted: what git tracks, or what is known to be there.

    A CourseError says that one of them is a link.
    """
    tracked = _tracked(root)
    names = sorted(tracked if tracked is not None else _walked(root))
    for name in names:
        if is_link(root / name):
            raise CourseError(f"{root / name} is a link, which no bundle holds: remove it")
    return names


def _tracked(root: Path) -> list[str] | None:
    if not (root / ".git").exists() or shutil.which("git") is None:
        return None
    done = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True)
    if done.returncode:
        return None
    names = filter(None, done.stdout.decode("utf-8").split("\0"))
    return [name for name in names if (root / name).is_file()]


def _walked(root: Path) -> Iterator[str]:
    for top in TOP:
        if (root / top).is_file():
            yield top
        for folder, folders, files in os.walk(root / top):
            folders[:] = [name for name in folders if not _is_left_out(root, Path(folder) / name)]
            paths = (Path(folder) / name for name in files if not name.endswith((".pyc", ".lock")))
            yield from (path.relative_to(root).as_posix() for path in paths)


def _is_left_out(root: Path, folder: Path) -> bool:
    return folder.name in _NEVER or folder == root / "data" / "cache"


def copy_course(root: Path, out: Path) -> dict[str, Entry]:
    """Copy the course's own files into a bundle; return their entries."""
    copied = {}
    for name in course_files(root):
        target = out / COURSE / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, target)
        copied[f"{COURSE}/{name}"] = entry_of(target)
    return copied


def take_archives(out: Path) -> dict[str, Entry]:
    """Put the archives of data and weights into a bundle; return their entries.

    They are never written to where they lie, so a second name for the same file does.
    """
    taken = {}
    (out / ARCHIVES).mkdir(parents=True, exist_ok=True)
    for package, (state, path) in fetching.check_archives(deep=False).items():
        if state != "ok":
            raise CourseError(f"the archive of {package.name} is {state}: run the same again")
        target = out / ARCHIVES / path.name
        link_or_copy(path, target)
        taken[f"{ARCHIVES}/{path.name}"] = entry_of(target)
    return taken


def link_or_copy(path: Path, target: Path) -> None:
    """Give a file a second name; where the disk knows none or it is another disk, copy it."""
    try:
        target.hardlink_to(path.resolve())
    except FileExistsError:
        raise
    except OSError:
        shutil.copyfile(path, target)
