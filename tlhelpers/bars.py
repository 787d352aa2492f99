"""The one progress bar: only where one waits, gone when it is done, never as an error."""

from __future__ import annotations

import sys

from tqdm import tqdm


def progress_bar(items, name: str, unit: str, shown: bool = True, total: int | None = None):
    """Go through `items` and show how far it is, from the fifth second on.

    Parameters
    ----------
    items : iterable
    name, unit : str
        What is counted, e.g. ``"features"`` and ``"batch"``.
    shown : bool
    total : int, optional
        How many there are, where `items` has no length.

    Returns
    -------
    iterable
        Over the same items. It writes to standard output: notebooks paint errors red.
    """
    return tqdm(
        items, desc=name, unit=unit, total=total, leave=False, mininterval=1, delay=5,
        file=sys.stdout, disable=not shown,
    )  # fmt: skip
