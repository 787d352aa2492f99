"""The text that lies on top of a bundle, for whoever is handed the stick."""

from __future__ import annotations

import textwrap

from tlhelpers.setup.bundle.manifest import COURSE, NAME, WHEELS, Manifest
from tlhelpers.setup.bundle.target import Target

_TEXT = """\
TRANSFER LEARNING, MEASURED: the whole course, to start without a network
=========================================================================

{about}

1. Copy this whole folder to a disk of your own. (Is the space short? See below.)
2. Open a terminal in the folder "{course}" of your copy and type

       {command} -m tlhelpers lab

   The first start compares every file with the list that was made with this folder,
   installs the packages in a few minutes, and opens the course in a browser. Later
   starts take seconds. Nothing is asked of a network.

3. `{command} -m tlhelpers doctor` says whether all is well.

If a file is named as damaged, missing or extra
    Nothing was installed. Copy it again from where you got this folder, move away what
    is extra, and type the same again.

If you would rather leave the packages on the stick, or if nothing can be written here
    Type this in the folder "{course}" of the stick:

       {command} -m tlhelpers bundle --copy-to FOLDER

    It copies the course alone to a new FOLDER of your disk and says how to go on there.
    The stick must stay in until the first start is done.

Is this the folder that your teacher made?
    Type `{command} -m tlhelpers bundle --check ..` in the folder "{course}". Better do it
    in a copy of the course that you trust, with this folder's path in place of the dots.
    It prints a number, the SHA-256 of {name}. Compare it with the one that your
    teacher tells you: if the two are the same, so is every file.

Licences, sources and citations stand in {course}/README.md and {course}/data/README.md.
"""


def _python(listing: Manifest) -> str:
    oldest = listing.oldest_python
    # The first release is no news.
    later = f" ({oldest} or a later one)" if oldest and not oldest.endswith(".0") else ""
    return listing.python + later


def text(listing: Manifest) -> str:
    """The text for a bundle whose other files are listed."""
    windows = listing.system == "windows"
    return _TEXT.format(
        about=textwrap.fill(_about(listing), 88),
        course=COURSE,
        name=NAME,
        command=f"py -{listing.python}" if windows else f"python{listing.python}",
    )


def _about(listing: Manifest) -> str:
    large = listing.system == "linux" and listing.torch != "cpu"
    least = f", {listing.least} or newer" if listing.least else ""
    build = "with torch for NVIDIA graphics cards" if large else "with torch for processors"
    return (
        f"This folder is for {Target(listing.system, listing.machine, listing.python)}{least}. It "
        f"holds the course with its data ({COURSE}), and the packages that it needs ({WHEELS}): "
        f"{listing.size / 1e9:.1f} GB, {build}. Python itself is not in it: install Python "
        f"{_python(listing)} first, and keep about {12 if large else 4} GB free."
    )
