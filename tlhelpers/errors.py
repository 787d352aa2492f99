"""The one kind of error that is meant for the learner, and what its messages need."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path


class CourseError(RuntimeError):
    """An error meant for the learner: one line that says what to do."""


def repo_root() -> Path:
    """Return the folder that holds the course.

    Returns
    -------
    Path
        The parent of the ``tlhelpers`` folder.
    """
    return Path(__file__).resolve().parent.parent


def nearest(word: str, known: Iterable[str]) -> str:
    """A sentence part that lists the names near `word`, or all known ones."""
    known = list(known)
    near = difflib.get_close_matches(word.lower(), known, n=3, cutoff=0.5)
    if near:
        return f"did you mean {' or '.join(near)}?"
    more = f" and {len(known) - 20} more" if len(known) > 20 else ""
    return f"known: {', '.join(known[:20])}{more}"
