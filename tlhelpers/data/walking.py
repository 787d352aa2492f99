"""What lies in a folder of somebody's own: files, folders, and their names."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from tlhelpers.data.groups import composed
from tlhelpers.errors import CourseError

# What systems put beside a user's files, in lower case. A Mac's "._x.jpg" starts with a dot.
SYSTEM_FILES = (
    "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "@eadir", "$recycle.bin",
    "system volume information", "lost+found",
)  # fmt: skip
Entry = tuple[Path, os.stat_result]


class Listener(Protocol):
    """What is told of all that a walk meets and does not give."""

    def leave_out(self, file: Path, reason: str, detail: object = "") -> None:
        """Note that a file or folder is not read."""

    def pass_over(self, file: Path) -> None:
        """Note a file or folder that is hidden or belongs to a system."""

    def may_enter(self, place: Path, resolved: Path) -> bool:
        """Tell whether to go into a folder or read a file; who says no notes it."""


def readable(text) -> str:
    """A path or message in which what is no character is written out: it can be printed."""
    return str(text).encode("utf-8", "backslashreplace").decode("utf-8")


def name_below(path: Path, root: Path | None = None) -> str:
    """The path below `root`, or its last part, in composed letters."""
    return composed(readable(path.name if root is None else path.relative_to(root).as_posix()))


def existing_folder(path) -> Path:
    """The resolved path of a folder; a CourseError says that there is none."""
    try:
        root = Path(path).expanduser().resolve()
        is_folder = root.is_dir()
    except (OSError, RuntimeError, ValueError) as error:
        raise CourseError(readable(f"cannot open the folder {path} ({error})")) from error
    if not is_folder:
        raise CourseError(
            f"{readable(root)} is not a folder: give one that holds a sub-folder per class"
        )
    return root


def entries(folder: Path, listener: Listener) -> list[Entry]:
    """What lies in a folder and is a user's own, by name, with its properties."""
    found = []
    try:
        paths = sorted(folder.iterdir(), key=lambda path: (name_below(path), path.name))
    except OSError as error:
        listener.leave_out(folder, "that cannot be opened", error.strerror)
        return []
    for path in paths:
        if not _is_users_own(path):
            listener.pass_over(path)
            continue
        try:
            found.append((path, path.stat()))
        except OSError as error:  # a link that leads nowhere or round in a circle
            listener.leave_out(path, "that cannot be opened", error.strerror)
    for path, _ in filter(_is_hidden, found):
        listener.pass_over(path)
    return [entry for entry in found if not _is_hidden(entry)]


def _is_users_own(path: Path) -> bool:
    return not path.name.startswith(".") and path.name.lower() not in SYSTEM_FILES


def _is_hidden(entry: Entry) -> bool:
    return bool(getattr(entry[1], "st_file_attributes", 0) & stat.FILE_ATTRIBUTE_HIDDEN)


def files_below(folder: Path, listener: Listener) -> Iterator[Path]:
    """All ordinary files of a folder and below that hold something, by name."""
    # No recursion: folders may lie deeper in each other than Python's calls can.
    above = [folder.resolve()]
    waiting = [iter(entries(folder, listener))]
    while waiting:
        path, properties = next(waiting[-1], (None, None))
        if path is None:
            waiting.pop(), above.pop()
        elif stat.S_ISDIR(properties.st_mode):
            resolved = _resolved(path, above[-1])
            if resolved in above:
                listener.leave_out(path, "that lead back to a folder above")
            elif listener.may_enter(path, resolved):
                above.append(resolved)
                waiting.append(iter(entries(path, listener)))
        elif is_readable_file(path, properties, listener):
            yield path


def _resolved(path: Path, parent: Path) -> Path:
    """As `path.resolve()`, which takes long for folders that lie deep in each other."""
    may_lead_elsewhere = os.name == "nt" or path.is_symlink()  # Windows has several kinds of links
    return path.resolve() if may_lead_elsewhere else parent / path.name


def is_readable_file(path: Path, properties: os.stat_result, listener: Listener) -> bool:
    """Tell whether this is an ordinary file that holds something; the listener is told why not."""
    if not stat.S_ISREG(properties.st_mode):  # to open a pipe would wait for ever
        listener.leave_out(path, "that are no ordinary files")
    elif not properties.st_size:
        listener.leave_out(path, "that are empty")
    else:
        return not path.is_symlink() or listener.may_enter(path, path.resolve())
    return False
