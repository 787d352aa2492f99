"""A Python kernel that has limits, a module to start with ``python -P -m``.

What it is allowed comes in variables, since the arguments are Jupyter's."""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from pathlib import Path

from tlhelpers.course.grading import fences

MEGABYTES, FENCE = "TLHELPERS_CAP_MB", "TLHELPERS_FENCE"  # the second: "no" leaves files open


def main() -> None:
    """Put up the limits, then become the kernel."""
    fences.limit_memory(int(os.environ[MEGABYTES]))
    if os.environ.get(FENCE) != "no":
        connection_file = Path(sys.argv[sys.argv.index("-f") + 1])
        readable = [*fences.readable_folders(), connection_file]
        # The judge is reached by a socket, which needs no right of its own.
        fences.fence_files(
            readable, [Path.cwd(), Path(tempfile.gettempdir()), *map(Path, fences.DEVICES)]
        )
    # What the checks need is loaded before the first cell, whose time it would take.
    from ipykernel import kernelapp

    importlib.import_module("tlhelpers.course.grading.checking")
    kernelapp.launch_new_instance()


if __name__ == "__main__":
    main()
