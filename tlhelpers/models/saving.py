"""Where a file is to be written: looked at before the work, not after it."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from tlhelpers.errors import CourseError


def user_path(path, what: str) -> Path:
    """A path of the user's, with ``~`` for their home; `what` names it in the messages."""
    if not isinstance(path, (str, os.PathLike)) or not os.fspath(path):
        raise TypeError(f"the {what} must be the path of a file, got {path!r}")
    try:
        return Path(path).expanduser()
    except RuntimeError as error:  # nobody's home
        raise CourseError(f"cannot tell where the {what} {path} lies ({error})") from error


def file_to_write(path, what: str) -> Path:
    """The path of a file, after a trial that its folder takes one of this name."""
    path = user_path(path, what)
    try:
        if path.is_dir():
            raise CourseError(f"the {what} {path} is a folder: give the name of a file in it")
        if not path.parent.is_dir():
            raise CourseError(
                f"cannot write the {what} {path}: there is no folder {path.parent}, make it first"
            )
        trial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        trial.open("xb").close()
        trial.unlink()
    except (OSError, ValueError) as error:
        raise CourseError(f"cannot write the {what} {path} ({error})") from error
    return path
